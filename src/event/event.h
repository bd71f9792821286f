/* What an event is, apart from how it travels: which attributes are legal, how an id is derived, and the event as one
 * JSON object (the CloudEvents JSON format 1.0.2, which is also the structured mode of every binding).
 *
 * How it travels: kafka.h, http.h. The trace that it carries: trace_context.h. */
#ifndef WR_EVENT_H
#define WR_EVENT_H

#include <base/buf.h>
#include <base/uuid.h>
#include <weir/event.h>

enum {
    WR_EVENT_EXTENSION_MAX = 48,        /* extensions of one event */
    WR_EVENT_NAME_MAX = 20,             /* bytes of an extension's name that we write; reading takes up to 64 */
    WR_EVENT_ATTRIBUTE_MAX = 32 * 1024, /* bytes of one attribute's value */
};

/* Whether the event may be written: id, source and type are there and not empty, texts are UTF-8 without control
 * characters or noncharacters, time is RFC 3339, names of extensions are [a-z0-9]{1,20} and neither doubled nor those
 * of the specification's own attributes. Errors: WEIR_E_FORMAT with the attribute's name in the sentence; WEIR_E_LIMIT.
 */
WEIR_MUST_CHECK weir_err wr_event_check(const weir_event *event, weir_failure *failure);

/* Whether a media type's data is JSON: application/json, text/json, anything with the suffix +json, and NULL. */
bool wr_event_is_json(const char *datacontenttype);

/* The id of the index-th event that `service` emits while it handles the event `incoming_id`: a version 8 UUID, the
 * same for the same three, so that a rerun emits the same ids. */
void wr_event_derive_id(const char *service, const char *incoming_id, uint32_t index, char ret_text[WR_UUID_TEXT_SIZE]);

/* Append the event as one JSON object without line breaks. JSON data is embedded as it is (whitespace taken out), other
 * UTF-8 data as a string, the rest as data_base64. An event that a reader must see even though it breaks a rule is
 * printed all the same; only text that is not UTF-8 fails. `key` is not an attribute and is not printed. */
WEIR_MUST_CHECK weir_err wr_event_print_json(const weir_event *event, wr_buf *out, weir_failure *failure);

/* What was dropped while an event was read. weir needs specversion, id, source, type and the data; any other attribute
 * that cannot be read (no text, empty, a time that is none, longer than the limit, there twice, one too many) is left
 * out, and the event is read all the same: other producers have their own ideas, and nobody's event is lost for them.
 */
typedef struct wr_event_loss {
    size_t count;
    char first[120]; /* a sentence about the first one */
} wr_event_loss;

/* Read one such object. Texts are copied into the arena; data borrows from `json` where it stands there as JSON.
 * Errors: WEIR_E_FORMAT, WEIR_E_UNSUPPORTED for a specversion that is not 1.0, WEIR_E_LIMIT, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_event_parse_json(weir_slice json, weir_arena *arena, weir_event *ret_event,
                                             weir_failure *failure);

#endif
