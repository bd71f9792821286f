#include "test.h"

#include <letters/ranges.h>
#include <stdlib.h>

static void set(wr_ranges *ranges, int64_t first, int64_t last, wr_letter_state state)
{
    CHECK_OK(wr_ranges_set(ranges, (wr_range){first, last, state, 0}));
}

TEST(what_was_never_said_is_open)
{
    wr_ranges ranges = {0};
    CHECK_EQ(wr_ranges_at(&ranges, 5).state, WR_LETTER_OPEN);
    set(&ranges, 5, 7, WR_LETTER_DROPPED);
    CHECK_EQ(wr_ranges_at(&ranges, 4).state, WR_LETTER_OPEN);
    CHECK_EQ(wr_ranges_at(&ranges, 5).state, WR_LETTER_DROPPED);
    CHECK_EQ(wr_ranges_at(&ranges, 7).state, WR_LETTER_DROPPED);
    CHECK_EQ(wr_ranges_at(&ranges, 8).state, WR_LETTER_OPEN);
    wr_ranges_fini(&ranges);
}

TEST(ranges_that_follow_each_other_become_one)
{
    wr_ranges ranges = {0};
    for (int64_t offset = 0; offset < 1000; offset++)
        set(&ranges, offset, offset, WR_LETTER_REDRIVEN);
    CHECK_EQ(ranges.count, 1);
    CHECK_EQ(ranges.items[0].last, 999);
    wr_ranges_fini(&ranges);
}

/* Compared with an array that has a state for each offset. */
TEST(what_is_set_last_is_what_holds)
{
    enum { OFFSETS = 60 };
    uint64_t state = 5 + test_seed();
    for (int round = 0; round < 200; round++) {
        wr_ranges ranges = {0};
        wr_range expected[OFFSETS] = {0};
        for (int i = 0; i < 40; i++) {
            int64_t first = (int64_t)(test_random(&state) % OFFSETS);
            int64_t last = first + (int64_t)(test_random(&state) % 12);
            wr_range range = {first, last < OFFSETS ? last : OFFSETS - 1, (wr_letter_state)(test_random(&state) % 4),
                              (uint32_t)(test_random(&state) % 2)};
            CHECK_OK(wr_ranges_set(&ranges, range));
            for (int64_t offset = range.first; offset <= range.last; offset++)
                expected[offset] = range;
            for (int64_t offset = 0; offset < OFFSETS; offset++) {
                wr_range found = wr_ranges_at(&ranges, offset);
                CHECK_EQ(found.state, expected[offset].state);
                if (found.state != WR_LETTER_OPEN)
                    CHECK_EQ(found.tag, expected[offset].tag);
            }
            for (size_t r = 1; r < ranges.count; r++)
                CHECK(ranges.items[r - 1].last < ranges.items[r].first);
        }
        wr_ranges_fini(&ranges);
    }
}

TEST(a_range_may_be_all_there_is)
{
    wr_ranges ranges = {0};
    set(&ranges, 3, 3, WR_LETTER_DROPPED);
    set(&ranges, 0, INT64_MAX - 1, WR_LETTER_REDRIVEN);
    CHECK_EQ(ranges.count, 1);
    CHECK_EQ(wr_ranges_at(&ranges, INT64_MAX - 1).state, WR_LETTER_REDRIVEN);
    set(&ranges, 5, 5, WR_LETTER_DROPPED);
    CHECK_EQ(ranges.count, 3);
    CHECK_EQ(wr_ranges_at(&ranges, 6).state, WR_LETTER_REDRIVEN);
    wr_ranges_fini(&ranges);
}
