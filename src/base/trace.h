/* Diagnostics: leveled lines with fields, logfmt on a terminal, JSON lines otherwise. (The durable log is the journal.)
 *
 * A wr_trace is handed in, never global. The sink writes one finished line; it must be thread-safe. Lower floors return
 * errors and do not call this: who decides, logs, once. */
#ifndef WR_TRACE_H
#define WR_TRACE_H

#include <weir/bytes.h>

typedef enum wr_level { WR_DEBUG, WR_INFO, WR_WARN, WR_ERROR } wr_level;

typedef struct wr_trace_field {
    const char *name;
    const char *text; /* used when not NULL, else number */
    int64_t number;
} wr_trace_field;

static inline wr_trace_field wr_trace_text(const char *name, const char *text)
{
    return (wr_trace_field){.name = name, .text = text ? text : ""};
}

#define WR_TEXT(field_name, value)   wr_trace_text((field_name), (value))
#define WR_NUMBER(field_name, value) ((wr_trace_field){.name = (field_name), .number = (int64_t)(value)})

typedef struct wr_trace {
    wr_level level;
    bool json;
    void (*write)(void *sink, const char *line, size_t size); /* line ends with \n */
    int64_t (*now_ms)(void *clock);
    void *sink;
    void *clock;
    const char *component; /* "broker", "inventory": on every line */
} wr_trace;

/* wr_trace_log(trace, WR_INFO, "listening", WR_TEXT("address", a), WR_NUMBER("port", p)); a NULL trace is silent. */
#define wr_trace_log(trace, level, message, ...)                                                                       \
    wr_trace_fields((trace), (level), (message), (const wr_trace_field[]){__VA_ARGS__ __VA_OPT__(, ){.name = NULL}})
void wr_trace_fields(const wr_trace *trace, wr_level level, const char *message, const wr_trace_field *fields);

/* Lines that others can cause as often as they like: at most line_max of them in window_ms, and the others are counted.
 * All but these two is zero at first. One thread, or a lock of the owner's. */
typedef struct wr_trace_limit {
    int64_t window_ms;
    int line_max;
    int64_t until_us;
    int line_count;
    uint64_t left_out;
} wr_trace_limit;
/* Whether a line may be written now; then ret_left_out is how many were not since the last that was. */
bool wr_trace_allows(wr_trace_limit *limit, int64_t now_us, uint64_t *ret_left_out);

WEIR_MUST_CHECK weir_err wr_level_parse(const char *text, wr_level *ret_level);

#endif
