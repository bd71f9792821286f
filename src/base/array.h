/* Growing arrays: items, how many there are, and how many there is room for are members of whoever owns them.
 *
 *     weir_err err = WR_ARRAY_RESERVE(topics->sorted, topics->capacity, topics->count + 1, TOPIC_COUNT_MAX);
 *     if (err == WEIR_OK)
 *         topics->sorted[topics->count++] = topic;
 *
 * Both begin as NULL and 0; the items are freed with free(). */
#ifndef WR_ARRAY_H
#define WR_ARRAY_H

#include <weir/error.h>

#include <stddef.h>

/* Room for `count` items of the type that `items` points to, never for more than `limit`. Room at least doubles, so that
 * items added one by one are copied twice on average. Pointers into the array end. On an error all is as it was.
 * A value of type weir_err: WEIR_E_LIMIT, WEIR_E_MEMORY. */
#define WR_ARRAY_RESERVE(items, capacity, count, limit)                                                                \
    wr_array_reserve(&(items), &(capacity), sizeof *(items), (count), (limit))

/* As above; `items` is the address of the pointer to the items. */
WEIR_MUST_CHECK weir_err wr_array_reserve(void *items, size_t *capacity, size_t item_size, size_t count, size_t limit);

#endif
