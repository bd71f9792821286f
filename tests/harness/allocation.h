/* Makes the nth allocation of this thread fail: malloc, calloc, realloc, strdup, strndup, as called from weir's own
 * code (the linker's --wrap; libraries are not touched). A call is tested at each of its allocations like this:
 *
 *     for (size_t nth = 1; test_fail_allocation(nth); nth++) {
 *         weir_err err = the_call();
 *         if (!test_allocation_failed()) { … it went through: err must be WEIR_OK … break; }
 *         CHECK_EQ(err, WEIR_E_MEMORY); … nothing has changed, nothing leaks …
 *     }
 */
#ifndef WEIR_TEST_ALLOCATION_H
#define WEIR_TEST_ALLOCATION_H

#include <stdbool.h>
#include <stddef.h>

bool test_fail_allocation(size_t nth); /* counted from 1; 0 switches off. True, for the loop above. */
bool test_allocation_failed(void);     /* one has failed since; switches off */

#endif
