/* Growing arrays; array.h says how room grows. */
#include "base/array.h"

#include <stdlib.h>
#include <string.h>

weir_err wr_array_reserve(void *items, size_t *capacity, size_t item_size, size_t count, size_t limit)
{
    if (count > limit)
        return WEIR_E_LIMIT;
    if (count <= *capacity)
        return WEIR_OK;
    size_t wanted = *capacity > limit / 2 ? limit : *capacity * 2, size;
    if (wanted < count)
        wanted = count;
    if (__builtin_mul_overflow(wanted, item_size, &size))
        return WEIR_E_MEMORY;
    /* The caller's pointer has a type of its own, which only its bytes are read and written without. */
    void *now;
    memcpy(&now, items, sizeof now);
    void *grown = realloc(now, size);
    if (!grown)
        return WEIR_E_MEMORY;
    memcpy(items, &grown, sizeof grown);
    *capacity = wanted;
    return WEIR_OK;
}
