/* Events: facts in the past tense, as CloudEvents 1.0.2.
 *
 * Texts are NUL-terminated UTF-8 and borrowed: whoever made the event says how long they live. A NULL text is an
 * absent attribute. Zero an event that you fill (`weir_event event = {0}`): members may be added at its end. */
#ifndef WEIR_EVENT_H
#define WEIR_EVENT_H

#include <weir/bytes.h>

WEIR_BEGIN_C

/* This struct keeps its size for as long as the library keeps its SONAME. */
typedef struct weir_attribute {
    const char *name; /* a CloudEvents extension name: [a-z0-9]{1,20}; or, in headers, any Kafka header name */
    const char *value;
} weir_attribute;

typedef struct weir_event {
    const char *id;              /* required when received; derived by weir_emit when NULL */
    const char *source;          /* required when received; set by weir_emit when NULL */
    const char *type;            /* required, for example "order.placed" */
    const char *subject;         /* what the event is about, and by default the record key */
    const char *time;            /* RFC 3339, UTC; set by weir_emit when NULL */
    const char *datacontenttype; /* "application/json" when NULL and there is data */
    const char *dataschema;
    int version;               /* extension `dataversion`, the version of the type's data; 0 reads and writes as 1 */
    const char *correlationid; /* extension: the id of the event or request that began the conversation */
    const char *causationid;   /* extension: the id of the event that directly caused this one */
    const char *traceparent;   /* W3C Trace Context, level 1 */
    const char *tracestate;
    const char *key;                  /* record key when it is not the subject; not a CloudEvents attribute */
    const weir_attribute *extensions; /* all others */
    size_t extension_count;
    weir_slice data; /* data.data NULL is an event without data: a tombstone on a compacted topic */

    /* Where a received event was read; unused when emitting. */
    const char *topic;
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* the record's timestamp, Unix epoch */
} weir_event;

WEIR_END_C

#endif
