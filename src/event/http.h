/* Events as HTTP messages: the CloudEvents HTTP protocol binding 1.0.2, as pure functions on names, values and bodies.
 *
 * Binary mode is written: each attribute is a `ce-` header whose value is percent-encoded (space, double quote, percent
 * and everything outside printable ASCII), datacontenttype is Content-Type, data is the body. Binary and structured
 * modes are read; header names ignore case. */
#ifndef WR_EVENT_HTTP_H
#define WR_EVENT_HTTP_H

#include <weir/event.h>

typedef struct wr_event_message {
    const weir_attribute *headers; /* Content-Type among them */
    size_t header_count;
    weir_slice body; /* data NULL: none */
} wr_event_message;

/* Errors as in kafka.h. */
WEIR_MUST_CHECK weir_err wr_event_decode_http(const wr_event_message *message, weir_arena *arena, weir_event *ret_event,
                                              weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_event_encode_http(const weir_event *event, weir_arena *arena, wr_event_message *ret_message,
                                              weir_failure *failure);

#endif
