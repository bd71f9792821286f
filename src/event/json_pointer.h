/* Places in a JSON text, by JSON Pointer (RFC 6901): "" is the whole, "/lines/0/sku" a member of the first of its lines,
 * "~1" stands for a slash and "~0" for a tilde. Of members with one name the last counts. */
#ifndef WR_JSON_POINTER_H
#define WR_JSON_POINTER_H

#include <base/buf.h>

/* WEIR_E_FORMAT: no pointer. */
WEIR_MUST_CHECK weir_err wr_json_pointer_check(const char *pointer, weir_failure *failure);
/* The bytes of the value there, borrowed from `json`.
 * Errors: WEIR_E_NOT_FOUND; WEIR_E_FORMAT no pointer, or no JSON; WEIR_E_LIMIT nesting beyond 64; WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_json_pointer_get(weir_slice json, const char *pointer, weir_slice *ret_value,
                                             weir_failure *failure);
/* Append `json` with `value`, one JSON value, at that place. A member that its object does not have yet is added, and so
 * is an item at the end of an array, whose index is the next one or "-". All other bytes stay as they are.
 * Errors as above, WEIR_E_NOT_FOUND when there is nothing to put it into; `out` is then as it was. */
WEIR_MUST_CHECK weir_err wr_json_pointer_set(weir_slice json, const char *pointer, weir_slice value, wr_buf *out,
                                             weir_failure *failure);

typedef enum wr_json_kind {
    WR_JSON_NULL,
    WR_JSON_BOOL,
    WR_JSON_NUMBER,
    WR_JSON_TEXT,
    WR_JSON_OTHER, /* an object or an array */
} wr_json_kind;

typedef struct wr_json_scalar {
    wr_json_kind kind;
    const char *text; /* of a text, without its quotes and escapes; else the value's bytes. In the arena */
    double number;    /* of a number; 1 or 0 of true and false */
} wr_json_scalar;
/* What one JSON value is, as wr_json_pointer_get gives it. WEIR_E_FORMAT, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_json_scalar_read(weir_slice value, weir_arena *arena, wr_json_scalar *ret_scalar);

/* Calls each(user, pointer, before, after) for every place at which two JSON values differ, in the order of the first and
 * then of what was added; data NULL: not there. An object with more members than 1000, and what differs in kind, is
 * told as a whole. Errors: WEIR_E_FORMAT, WEIR_E_LIMIT, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_json_differences(weir_slice before, weir_slice after,
                                             void (*each)(void *user, const char *pointer, weir_slice before,
                                                          weir_slice after),
                                             void *user, weir_failure *failure);

#endif
