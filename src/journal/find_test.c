#include "log_testing.h"

#include <testing/io/sim.h>

typedef struct table {
    wr_sim *sim;
    wr_log_config config;
    wr_log *log;
} table;

static table begin(void)
{
    table made = {.sim = wr_sim_new(1), .config = small_config()};
    made.log = open_ok(wr_sim_io(made.sim), "data/t-0", &made.config);
    return made;
}

static void end(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_free(b->sim);
}

static int64_t find(table *b, int64_t time_ms, int64_t limit_offset)
{
    int64_t offset = -2, found_ms;
    CHECK_OK(wr_log_find_time(b->log, time_ms, limit_offset, &offset, &found_ms));
    return offset;
}

static int64_t find_max_below(table *b, int64_t limit_offset)
{
    int64_t offset = -2, found_ms;
    CHECK_OK(wr_log_find_max_time(b->log, limit_offset, &offset, &found_ms));
    return offset;
}

static int64_t find_max(table *b)
{
    return find_max_below(b, INT64_MAX);
}

TEST(an_empty_log_has_no_times)
{
    table b = begin();
    CHECK_EQ(find(&b, 0, INT64_MAX), -1);
    CHECK_EQ(find_max(&b), -1);
    end(&b);
}

TEST(the_first_record_at_or_after_a_time_is_found_within_compressed_batches)
{
    table b = begin();
    for (int i = 0; i < 50; i++)
        put_ok(b.log, &(batch_plan){.record_count = 10,
                                    .time_ms = 1000 + 20 * i,
                                    .compression = (wr_compression)(i % (WR_COMPRESSION_ZSTD + 1))});
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 50; i++) {
            CHECK_EQ(find(&b, 1000 + 20 * i, INT64_MAX), 10 * i);
            CHECK_EQ(find(&b, 1000 + 20 * i + 7, INT64_MAX), 10 * i + 7);
            CHECK_EQ(find(&b, 1000 + 20 * i + 10, INT64_MAX), i < 49 ? 10 * i + 10 : -1);
            CHECK_EQ(find(&b, 1000 + 20 * i + 7, 10 * i + 7), -1);
            CHECK_EQ(find(&b, 1000 + 20 * i + 7, 10 * i + 8), 10 * i + 7);
        }
        CHECK_EQ(find(&b, 0, INT64_MAX), 0);
        CHECK_EQ(find_max(&b), 499);
        CHECK_OK(wr_log_close(b.log));
        b.log = open_ok(wr_sim_io(b.sim), "data/t-0", &b.config);
    }
    end(&b);
}

TEST(times_out_of_order_give_the_first_offset_not_the_nearest_time)
{
    table b = begin();
    static const int64_t times[] = {500, 900, 100, 700, 900, 200, 800};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        put_ok(b.log, &(batch_plan){.time_ms = times[i], .value_size = 120});
    CHECK_EQ(find(&b, 0, INT64_MAX), 0);
    CHECK_EQ(find(&b, 600, INT64_MAX), 1);
    CHECK_EQ(find(&b, 900, INT64_MAX), 1);
    CHECK_EQ(find_max(&b), 1);
    CHECK_OK(wr_log_sync(b.log));
    CHECK_OK(wr_log_trim(b.log, 2));
    CHECK_EQ(find(&b, 600, INT64_MAX), 3);
    CHECK_EQ(find_max(&b), 4);
    CHECK_OK(wr_log_trim(b.log, 5)); /* the greatest of the segment is gone, the segment is not */
    CHECK_EQ(find_max(&b), 6);
    end(&b);
}

TEST(with_append_time_the_batch_has_one_time)
{
    table b = begin();
    b.config.log_append_time = true;
    wr_log_configure(b.log, &b.config);
    put_ok(b.log, &(batch_plan){.record_count = 3, .time_ms = 5});
    int64_t now_ms = wr_now_ms(wr_sim_io(b.sim));
    CHECK_EQ(find(&b, now_ms, INT64_MAX), 0);
    CHECK_EQ(find(&b, now_ms + 1, INT64_MAX), -1);
    CHECK_EQ(find_max(&b), 0);
    end(&b);
}

/* Times that rise, fall and repeat, in segments with many entries of the time index; the model is a loop. */
TEST(the_greatest_time_below_any_offset_is_found)
{
    enum { COUNT = 300 };
    static const int64_t rises[] = {40, -30, 0, 25, -60, 70};
    table b = begin();
    int64_t times_ms[COUNT], time_ms = 1000000;
    for (int i = 0; i < COUNT; i++) {
        time_ms += rises[i % 6] * (1 + i % 4);
        times_ms[i] = time_ms;
        CHECK_EQ(put_ok(b.log, &(batch_plan){.time_ms = time_ms, .value_size = 100}), i);
    }
    for (int64_t start = 0; start < COUNT; start += 37) {
        CHECK_OK(wr_log_sync(b.log));
        CHECK_OK(wr_log_trim(b.log, start));
        for (int64_t limit = 0; limit <= COUNT; limit++) {
            int64_t expected = -1;
            for (int64_t i = start; i < limit; i++)
                if (expected < 0 || times_ms[i] > times_ms[expected])
                    expected = i;
            CHECK_EQ(find_max_below(&b, limit), expected);
        }
    }
    end(&b);
}
