/* Pieces of JSON for those who write it by hand: the command line, the demo, bindings. By table: weir/json.h. */
#ifndef WR_JSON_TEXT_H
#define WR_JSON_TEXT_H

#include <base/buf.h>
#include <weir/event.h>

/* Append a quoted and escaped string. Not UTF-8: marks the buffer failed. */
void wr_json_text(wr_buf *out, weir_slice text);
/* Append a double in the fewest digits that read back as the same; NaN and infinities, which JSON lacks, as null. */
void wr_json_real(wr_buf *out, double value);
/* Append one JSON value with the whitespace between its tokens taken out, checking it wholly on the way.
 * Errors: WEIR_E_FORMAT with the position, WEIR_E_LIMIT for nesting beyond 64, WEIR_E_MEMORY when the buffer's limit is
 * reached. On failure `out` is as it was. */
WEIR_MUST_CHECK weir_err wr_json_compact(wr_buf *out, weir_slice json, weir_failure *failure);

/* The members of one JSON object whose values are texts, numbers and booleans, at most `limit`; null is left out. Numbers
 * as they stand there.
 * Errors: WEIR_E_FORMAT, WEIR_E_LIMIT, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_json_members(weir_slice json, size_t limit, weir_arena *arena, weir_attribute **ret_members,
                                         size_t *ret_count, weir_failure *failure);

#endif
