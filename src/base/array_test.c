#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

#include "allocation.h"
#include "test.h"

typedef struct numbers {
    int64_t *items;
    size_t count, capacity;
} numbers;

static weir_err add(numbers *to, int64_t number, size_t limit)
{
    weir_err err = WR_ARRAY_RESERVE(to->items, to->capacity, to->count + 1, limit);
    if (err == WEIR_OK)
        to->items[to->count++] = number;
    return err;
}

TEST(room_doubles_up_to_the_limit_and_no_further)
{
    enum { LIMIT = 1000 };
    numbers all = {0};
    int grown = 0;
    for (int64_t i = 0; i < LIMIT; i++) {
        size_t before = all.capacity;
        CHECK_EQ(add(&all, i * i, LIMIT), WEIR_OK);
        grown += all.capacity != before;
        CHECK(all.capacity <= LIMIT);
    }
    CHECK_EQ(grown, 11); /* 1, 2, 4, … 512, 1000 */
    CHECK_EQ(add(&all, 1, LIMIT), WEIR_E_LIMIT);
    CHECK_EQ(all.count, LIMIT);
    for (int64_t i = 0; i < LIMIT; i++)
        CHECK(all.items[i] == i * i);
    free(all.items);
}

TEST(many_items_at_once_have_room)
{
    numbers all = {0};
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, 7, 100), WEIR_OK);
    CHECK_EQ(all.capacity, 7);
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, 8, 100), WEIR_OK);
    CHECK_EQ(all.capacity, 14);
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, 60, 100), WEIR_OK);
    CHECK_EQ(all.capacity, 60);
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, 61, 100), WEIR_OK);
    CHECK_EQ(all.capacity, 100);
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, 3, 100), WEIR_OK);
    CHECK_EQ(all.capacity, 100);
    free(all.items);
}

TEST(a_size_beyond_memory_and_an_allocation_that_fails_leave_the_array_as_it_was)
{
    numbers all = {0};
    CHECK_EQ(add(&all, 42, SIZE_MAX), WEIR_OK);
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, SIZE_MAX / 8 + 1, SIZE_MAX), WEIR_E_MEMORY);
    CHECK_EQ(WR_ARRAY_RESERVE(all.items, all.capacity, SIZE_MAX, SIZE_MAX), WEIR_E_MEMORY);
    test_fail_allocation(1);
    CHECK_EQ(add(&all, 43, SIZE_MAX), WEIR_E_MEMORY);
    test_fail_allocation(0);
    CHECK_EQ(all.count, 1);
    CHECK_EQ(all.capacity, 1);
    CHECK(all.items[0] == 42);
    free(all.items);
}
