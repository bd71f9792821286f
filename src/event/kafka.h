/* Events as Kafka records: the CloudEvents Kafka protocol binding 1.0.2.
 *
 *     binary mode (written)                            structured mode (read only)
 *     key     event.key, else subject, else null       key     any
 *     header  ce_specversion 1.0                       header  content-type  application/cloudevents+json
 *     header  ce_id, ce_source, ce_type, …             value   the event as one JSON object
 *     header  content-type   datacontenttype
 *     header  traceparent, tracestate (plain)
 *     value   data, null when there is none
 *
 * Records are plain structures of this room, so that nothing here knows a Kafka client. */
#ifndef WR_EVENT_KAFKA_H
#define WR_EVENT_KAFKA_H

#include <event/event.h>

enum { WR_EVENT_HEADER_MAX = 64 };

typedef struct wr_event_header {
    const char *name; /* NUL-terminated */
    weir_slice value; /* bytes; data NULL is null */
} wr_event_header;

typedef struct wr_event_record {
    weir_slice key, value;
    const wr_event_header *headers;
    size_t header_count;
} wr_event_record;

/* Read a record in either mode. Texts are copied into the arena; data borrows from record->value (structured: where it
 * stands there as JSON). event.key is set when the record's key is text and not the subject. Plain `traceparent` and
 * `tracestate` headers are the event's context; without them the ce_ extension is, and with both the ce_ ones (the
 * trace that the event began with) stay in the extensions. Other headers are the record's, not the event's: see
 * wr_event_header_find. topic, partition, offset and timestamp_ms stay zero: they are the caller's to fill.
 * Errors: WEIR_E_FORMAT not a CloudEvent, or a bad one; WEIR_E_UNSUPPORTED specversion, batch mode, or a structured
 * format other than JSON; WEIR_E_LIMIT; WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_event_decode_kafka(const wr_event_record *record, weir_arena *arena, weir_event *ret_event,
                                               weir_failure *failure);
/* The same, telling what was left out. */
WEIR_MUST_CHECK weir_err wr_event_decode_kafka_loss(const wr_event_record *record, weir_arena *arena,
                                                    weir_event *ret_event, wr_event_loss *ret_loss,
                                                    weir_failure *failure);

/* Whether the event is in the record's value, and has to be parsed. */
bool wr_event_is_structured(const wr_event_record *record);

/* Write the event in binary mode, followed by `extra` headers as they are (weir-outbox-id and the like). ret_record
 * borrows from `event`, `extra` and `arena`.
 * Errors: those of wr_event_check; WEIR_E_LIMIT past 64 headers; WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_event_encode_kafka(const weir_event *event, const wr_event_header *extra,
                                               size_t extra_count, weir_arena *arena, wr_event_record *ret_record,
                                               weir_failure *failure);

/* What Kafka takes as the name of a topic. A NULL name is none. */
bool wr_topic_name_valid(const char *name);
#define WR_TOPIC_NAME_RULE "1 to 249 letters, digits, dots, dashes and underscores, and not . or .."

/* The first header with this name (Kafka's names mind case), or NULL. */
const wr_event_header *wr_event_header_find(const wr_event_header *headers, size_t count, const char *name);

#endif
