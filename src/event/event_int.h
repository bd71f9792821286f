/* Context attributes as a list of names and texts, which every binding reads into and writes from. */
#ifndef WR_EVENT_INT_H
#define WR_EVENT_INT_H

#include <event/event.h>

enum {
    WR_ATTRIBUTE_LIST_MAX = WR_EVENT_EXTENSION_MAX + 13,
    WR_ATTRIBUTE_NAME_READ_MAX = 64,
    WR_VERSION_TEXT_SIZE = 12
};

/* All attributes that are set, specversion first, in a fixed order; data is not among them. */
typedef struct wr_attribute_list {
    weir_attribute items[WR_ATTRIBUTE_LIST_MAX];
    size_t count;
    char version[WR_VERSION_TEXT_SIZE];
} wr_attribute_list;

/* WEIR_E_LIMIT when there are too many extensions. */
WEIR_MUST_CHECK weir_err wr_attribute_list_fill(wr_attribute_list *list, const weir_event *event,
                                                weir_failure *failure);

/* An event while it is read. Zero it, set arena, set attributes as they come, finish. */
typedef struct wr_event_reader {
    weir_arena *arena;
    weir_event event;
    weir_attribute extensions[WR_EVENT_EXTENSION_MAX];
    size_t extension_count;
    bool versioned;      /* specversion was there */
    wr_event_loss *loss; /* NULL: nobody asks */
} wr_event_reader;

/* Whether a name may be an attribute's: [a-z0-9]{1,64}. */
bool wr_attribute_name_valid(weir_slice name);
/* Both texts are kept, not copied. Errors are those of the attributes that weir needs; others are left out, and counted
 * in the reader's loss. The first of several with one name counts. */
WEIR_MUST_CHECK weir_err wr_event_reader_set(wr_event_reader *reader, const char *name, const char *value,
                                             weir_failure *failure);
/* The same from bytes: copies both. A name that no attribute may have, and a value with a NUL inside, are left out. */
WEIR_MUST_CHECK weir_err wr_event_reader_set_bytes(wr_event_reader *reader, weir_slice name, weir_slice value,
                                                   weir_failure *failure);
/* Leave an attribute out. */
void wr_event_reader_drop(wr_event_reader *reader, const char *name, const char *problem);
/* wr_event_parse_json into a reader that exists. */
WEIR_MUST_CHECK weir_err wr_event_reader_parse_json(wr_event_reader *reader, weir_slice json, weir_failure *failure);
/* The context of the hop, which came beside the event: see kafka.h. NULL and invalid ones change nothing. */
void wr_event_reader_hop(wr_event_reader *reader, const char *traceparent, const char *tracestate);
/* Check the whole and hand it out. */
WEIR_MUST_CHECK weir_err wr_event_reader_finish(wr_event_reader *reader, weir_event *ret_event, weir_failure *failure);

/* Whether an attribute of the list is the hop's own context, which travels as a plain header and not as an attribute.
 */
bool wr_attribute_is_hop(const weir_event *event, const weir_attribute *attribute);

/* Which mode a content type announces. */
typedef enum wr_event_mode { WR_EVENT_BINARY, WR_EVENT_STRUCTURED_JSON, WR_EVENT_OTHER_MODE } wr_event_mode;
wr_event_mode wr_event_mode_of(const char *content_type);   /* NULL is binary */
const char *wr_event_content_type(const weir_event *event); /* to be written; NULL without data and type */

#endif
