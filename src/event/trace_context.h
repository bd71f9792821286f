/* W3C Trace Context, level 1: the traceparent and tracestate headers.
 *
 *     traceparent = version "-" trace-id "-" parent-id "-" flags
 * 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
 *
 * All in lower-case hex; version ff, an all-zero trace id and an all-zero parent id are invalid. A higher version than
 * 00 is read as 00 (more may follow its flags after a dash) and continued as 00. tracestate is passed through. */
#ifndef WR_TRACE_CONTEXT_H
#define WR_TRACE_CONTEXT_H

#include <weir/error.h>

#include <stdint.h>

enum { WR_TRACEPARENT_SIZE = 56 }; /* with the NUL */

typedef struct wr_trace_context {
    uint8_t trace_id[16];
    uint8_t span_id[8]; /* called parent-id in the header: the span that sent it */
    bool sampled;
} wr_trace_context;

/* WEIR_E_FORMAT for NULL and for anything that the specification calls invalid: start a new trace then. */
WEIR_MUST_CHECK weir_err wr_trace_context_parse(const char *traceparent, wr_trace_context *ret_context);
void wr_trace_context_print(const wr_trace_context *context, char ret_text[WR_TRACEPARENT_SIZE]);
/* A new trace, from 24 random bytes; a new span of the same trace, from 8. */
wr_trace_context wr_trace_context_root(const uint8_t random[24], bool sampled);
wr_trace_context wr_trace_context_child(const wr_trace_context *parent, const uint8_t random[8]);
/* Whether a tracestate may be passed on: 1 to 32 key=value members within 512 bytes. */
bool wr_tracestate_valid(const char *tracestate);

#endif
