/* Which numbers of an outbox were handled: compared with a plain list, and tried at their limit. */
#include "core_int.h"
#include "core_testing.h"

static void check_stored(const handled *it)
{
    wr_buf blob;
    wr_buf_init(&blob, 10 * HANDLED_MAX);
    wr_handled_encode(it, &blob);
    handled again;
    CHECK_OK(wr_handled_decode(wr_buf_view(&blob), it->floor, &again));
    CHECK_EQ(wr_handled_count(&again), wr_handled_count(it));
    CHECK_EQ(wr_handled_highest(&again), wr_handled_highest(it));
    for (size_t i = 0; i < wr_handled_count(it); i++)
        CHECK_EQ(again.items[again.first + i], it->items[it->first + i]);
    wr_handled_fini(&again);
    wr_buf_fini(&blob);
}

TEST(what_was_handled_is_known_and_nothing_else_is)
{
    enum { NUMBERS = 400, STEPS = 3000 };
    wr_sim *machine = wr_sim_new(test_seed());
    wr_io *io = wr_sim_io(machine);
    handled it = {0};
    bool known[NUMBERS] = {false};
    int64_t front = 1;
    for (int step = 0; step < STEPS; step++) {
        uint64_t draw = wr_random_u64(io);
        int64_t back = (int64_t)(draw >> 8) % 20;
        if (draw % 8 == 0 && front > 40) { /* an end is cut off, or begins anew */
            wr_handled_cut(&it, front - 10);
            for (int64_t n = front - 9; n < NUMBERS; n++)
                known[n] = false;
        } else if (draw % 8 < 3) {
            int64_t floor = front > back ? front - back : 0;
            wr_handled_raise(&it, floor);
            for (int64_t n = 0; n < floor; n++)
                known[n] = true;
        } else {
            int64_t number = draw % 2 && front > back ? front - back : (front += 1 + (int64_t)(draw >> 20) % 3);
            CHECK_OK(wr_handled_add(&it, number));
            known[number] = true;
        }
        for (int64_t n = 1; n < NUMBERS; n++)
            CHECK_EQ(wr_handled_has(&it, n), known[n]);
        check_stored(&it);
        if (front > NUMBERS - 10) {
            wr_handled_fini(&it);
            memset(known, 0, sizeof known);
            front = 1;
        }
    }
    wr_handled_fini(&it);
    wr_sim_free(machine);
}

TEST(past_their_limit_the_lowest_number_becomes_the_floor_and_memory_stays_bounded)
{
    handled it = {.floor = 1};
    for (int64_t i = 1; i <= 3 * (int64_t)HANDLED_MAX; i++) {
        CHECK_OK(wr_handled_add(&it, 2 * i));
        CHECK(it.capacity <= (size_t)2 * HANDLED_MAX);
    }
    CHECK_EQ(wr_handled_count(&it), HANDLED_MAX);
    CHECK_EQ(it.floor, 4 * (int64_t)HANDLED_MAX + 1);
    CHECK(wr_handled_has(&it, 4 * (int64_t)HANDLED_MAX - 1));
    CHECK(!wr_handled_has(&it, 4 * (int64_t)HANDLED_MAX + 1));
    CHECK_OK(wr_handled_add(&it, 4 * (int64_t)HANDLED_MAX + 1)); /* the very lowest, when there is no room */
    CHECK_EQ(wr_handled_count(&it), HANDLED_MAX - 1);
    check_stored(&it);
    wr_handled_fini(&it);
}

TEST(numbers_at_the_end_of_what_there_is_are_kept)
{
    handled it = {.floor = 1};
    CHECK_OK(wr_handled_add(&it, INT64_MAX - 1));
    CHECK_OK(wr_handled_add(&it, INT64_MAX - 2));
    CHECK(wr_handled_has(&it, INT64_MAX - 1) && !wr_handled_has(&it, INT64_MAX - 3));
    check_stored(&it);
    wr_handled_raise(&it, INT64_MAX - 2);
    CHECK_EQ(it.floor, INT64_MAX);
    CHECK_EQ(wr_handled_count(&it), 0);
    wr_handled_fini(&it);
}

TEST(what_is_stored_and_is_no_list_of_numbers_is_refused)
{
    static const char *const wrong[] = {"00", "ff", "ffffffffffffffffff7f", "ffffffffffffffffffffff01"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bytes[16];
        size_t size = strlen(wrong[i]) / 2;
        for (size_t b = 0; b < size; b++)
            bytes[b] = (uint8_t)strtoul((char[]){wrong[i][2 * b], wrong[i][2 * b + 1], 0}, NULL, 16);
        handled it = {0};
        CHECK_EQ(wr_handled_decode((weir_slice){bytes, size}, 5, &it), WEIR_E_CORRUPT);
        CHECK(!it.items);
    }
}
