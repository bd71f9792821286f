/* Words and numbers that people type. */
#ifndef WR_TEXT_H
#define WR_TEXT_H

#include <weir/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WR_EDIT_TEXT_SIZE = 256 }; /* the longest text that is compared, with its NUL */

/* A whole number from `min` to `max`: a minus sign if it is negative, then decimal digits, and nothing else.
 * Errors: WEIR_E_FORMAT, WEIR_E_RANGE; ret_number is as it was then. */
WEIR_MUST_CHECK weir_err wr_number_parse(const char *text, int64_t min, int64_t max, int64_t *ret_number);
/* Is the text one of the words of `choices`, which are separated by '|'? */
bool wr_text_is_choice(const char *text, const char *choices);
/* Decimal digits at the front of `text`, without a sign; *ret_rest is what follows them.
 * Errors: WEIR_E_FORMAT no digit stands there, WEIR_E_RANGE above INT64_MAX; both outputs are as they were then. */
WEIR_MUST_CHECK weir_err wr_digits_parse(const char *text, int64_t *ret_number, const char **ret_rest);
/* How many edits (a byte inserted, deleted or replaced, or two neighbours swapped) make `b` of `a`; SIZE_MAX if one of them is
 * too long to be compared. */
size_t wr_edit_distance(const char *a, const char *b);

#endif
