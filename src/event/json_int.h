/* A pull reader over JSON bytes (RFC 8259): no tree, no copies, every token checked, position known at each failure.
 *
 *     wr_json_open(&in, '{');
 *     while (wr_json_more(&in, '}')) { wr_json_name(&in, &name); … read or skip exactly one value … }
 *     if (wr_json_failed(&in)) …
 *
 * After a failure every call does nothing and loops end, so that a caller may check once. */
#ifndef WR_JSON_INT_H
#define WR_JSON_INT_H

#include <weir/json.h>

typedef enum wr_json_token {
    WR_JSON_BAD = 0, /* the end, or a byte that begins no value */
    WR_JSON_IS_OBJECT,
    WR_JSON_IS_ARRAY,
    WR_JSON_IS_STRING,
    WR_JSON_IS_NUMBER,
    WR_JSON_IS_TRUE,
    WR_JSON_IS_FALSE,
    WR_JSON_IS_NULL,
} wr_json_token;

typedef struct wr_json_reader {
    const uint8_t *start, *at, *end;
    int depth, depth_limit;
    bool first; /* no item of the innermost container was read yet */
    weir_err err;
    const char *problem; /* static text, NULL while all is well */
    const uint8_t *problem_at;
} wr_json_reader;

typedef struct wr_json_string {
    weir_slice raw; /* between the quotes */
    bool escaped;   /* raw holds at least one backslash */
} wr_json_string;

wr_json_reader wr_json_reader_of(weir_slice json, int depth_limit);
bool wr_json_failed(const wr_json_reader *in);
void wr_json_fail(wr_json_reader *in, weir_err err, const uint8_t *at, const char *problem); /* the first one stays */

wr_json_token wr_json_peek(wr_json_reader *in); /* what comes next; skips whitespace */
void wr_json_open(wr_json_reader *in, char bracket);
bool wr_json_more(wr_json_reader *in, char closing); /* false after the closing bracket is read, or on failure */
void wr_json_name(wr_json_reader *in, wr_json_string *ret_name);
void wr_json_string_read(wr_json_reader *in, wr_json_string *ret_string);
void wr_json_number_read(wr_json_reader *in, weir_slice *ret_number, bool *ret_whole);
void wr_json_literal_read(wr_json_reader *in); /* true, false or null */
weir_slice wr_json_skip(wr_json_reader *in);   /* one value of any kind, checked; its bytes */
void wr_json_end(wr_json_reader *in);          /* nothing but whitespace may follow */

/* Unescape into `to`, which has room for raw.size bytes; returns the size written. */
size_t wr_json_unescape(wr_json_string string, uint8_t *to);
bool wr_json_string_is(wr_json_string string, const char *text);
/* NUL-terminated copy; fails the reader for \u0000 and when memory is out. */
const char *wr_json_string_dup(wr_json_reader *in, wr_json_string string, weir_arena *arena);
/* A table whose rows are field_size bytes each, as today's rows: *fields stays when they are that already, else it becomes
 * a copy in the arena, with the tables that it points to. Errors: WEIR_E_UNSUPPORTED for rows longer than today's,
 * WEIR_E_MEMORY, WEIR_E_LIMIT past 64 tables. */
WEIR_MUST_CHECK weir_err wr_json_table(weir_arena *arena, const weir_json_field **fields, size_t field_size);
const char *wr_json_table_problem(weir_err err); /* in words */
/* "line 3, column 14" of the failure. */
void wr_json_position(const wr_json_reader *in, size_t *ret_line, size_t *ret_column);

#endif
