/* Index files are upkeep's: what becomes of them when they cannot be written, or are lost. */
#include "log_testing.h"

#include <testing/io/sim.h>

#include <base/buf.h>

#include <errno.h>

static const char *const names[] = {"data/t-0/00000000000000000000.index", "data/t-0/00000000000000000000.timeindex"};

/* Some segments with indexes. */
static wr_log *begin(wr_sim *sim, const wr_log_config *config)
{
    wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", config);
    for (int i = 0; i < 30; i++)
        put_ok(log, &(batch_plan){.value_size = 60, .time_ms = 1000 + i});
    CHECK_OK(wr_log_sync(log));
    return log;
}

TEST(an_index_that_a_reader_had_to_make_again_is_written_by_upkeep)
{
    wr_sim *sim = wr_sim_new(1);
    wr_io *io = wr_sim_io(sim);
    wr_log_config config = small_config();
    CHECK_OK(wr_log_close(begin(sim, &config)));
    wr_log *log = open_ok(io, "data/t-0", &config);
    keep_up(log);
    for (int i = 0; i < 2; i++)
        CHECK_OK(wr_path_remove(io, names[i]));
    uint64_t before = wr_sim_write_count(sim);
    CHECK_EQ(read_ok(log, 100), 30);
    int64_t offset, time_ms;
    CHECK_OK(wr_log_find_time(log, 1003, INT64_MAX, &offset, &time_ms));
    CHECK_EQ(offset, 3);
    CHECK_EQ(wr_sim_write_count(sim), before);
    CHECK(wr_log_upkeep_due(log));
    keep_up(log);
    CHECK(!wr_log_upkeep_due(log));
    for (int i = 0; i < 2; i++)
        CHECK(wr_path_exists(io, names[i]));
    wr_log_abandon(log);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(read_ok(log, 100), 30);
    keep_up(log); /* makes the next segment's file */
    CHECK_OK(wr_log_find_time(log, 1003, INT64_MAX, &offset, &time_ms));
    CHECK(!wr_log_upkeep_due(log)); /* they are what the checkpoint says */
    wr_log_abandon(log);
    wr_sim_free(sim);
}

TEST(index_files_that_cannot_be_written_once_are_written_whole_later)
{
    for (int os_error = 0; os_error < 2; os_error++)
        for (uint64_t n = 0; n < 14; n++) {
            wr_sim *sim = wr_sim_new(n + 1);
            wr_io *io = wr_sim_io(sim);
            wr_log_config config = small_config();
            wr_log *log = begin(sim, &config);
            roll_ok(log);
            wr_log_ticket ticket;
            wr_log_sync_begin(log, &ticket);
            wr_log_sync_end(log, &ticket, wr_log_ticket_sync(&ticket));
            wr_sim_fail_at(sim, wr_sim_write_count(sim) + n, os_error ? ENOSPC : EIO);
            keep_up(log);
            wr_sim_fail_at(sim, UINT64_MAX, EIO);
            const char *failed = wr_sim_failed_call(sim);
            if (wr_log_broken(log)) {
                CHECK_STR(failed, "dir sync");
            } else {
                wr_sim_advance_ms(sim, WR_LOG_RETRY_MS);
                keep_up(log);
                CHECK_EQ(put_ok(log, &(batch_plan){.value_size = 60, .time_ms = 1030}), 30);
                CHECK_OK(wr_log_sync(log));
            }
            wr_log_abandon(log);
            wr_sim_cut(sim);
            wr_sim_restart(sim);
            log = open_ok(io, "data/t-0", &config);
            CHECK(wr_log_end_offset(log) >= 30);
            read_ok(log, 100);
            for (int i = 0; i < 30; i++) {
                int64_t offset, time_ms;
                CHECK_OK(wr_log_find_time(log, 1000 + i, INT64_MAX, &offset, &time_ms));
                CHECK_EQ(offset, i);
            }
            wr_log_abandon(log);
            wr_sim_free(sim);
        }
}

TEST(many_sealed_segments_are_filed_a_few_at_a_time)
{
    wr_sim *sim = wr_sim_new(1);
    wr_io *io = wr_sim_io(sim);
    wr_log_config config = small_config();
    config.segment_size = 300;
    wr_log *log = open_ok(io, "data/t-0", &config);
    for (int i = 0; i < 100; i++)
        put_ok(log, &(batch_plan){.value_size = 60, .time_ms = 1000 + i});
    wr_log_abandon(log); /* nothing was synced: all is read again */
    log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(wr_log_end_offset(log), 100);
    wr_log_abandon(log);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(read_ok(log, 100), 100);
    keep_up(log); /* makes the next segment's file */
    uint64_t before = wr_sim_write_count(sim);
    for (int i = 0; i < 100; i++) {
        int64_t offset, time_ms;
        CHECK_OK(wr_log_find_time(log, 1000 + i, INT64_MAX, &offset, &time_ms));
        CHECK_EQ(offset, i);
    }
    keep_up(log);
    CHECK_EQ(wr_sim_write_count(sim), before); /* every index is what the checkpoint says */
    wr_log_abandon(log);
    wr_sim_free(sim);
}

/* The greatest time that the first segment's time index ends with. */
static int64_t last_time(wr_io *io)
{
    weir_slice bytes;
    weir_arena *arena = weir_arena_new(1 << 20);
    CHECK(arena != NULL);
    CHECK_OK(wr_path_read(io, names[1], 1 << 16, arena, &bytes));
    CHECK(bytes.size >= 12);
    int64_t time_ms = wr_get_i64(bytes.data + bytes.size - 12);
    weir_arena_free(arena);
    return time_ms;
}

/* Whether the index was filed just before the roll or a while ago. */
TEST(the_time_index_of_a_sealed_segment_ends_with_the_segments_greatest_time)
{
    for (int count = 3; count < 8; count++) {
        wr_sim *sim = wr_sim_new(1);
        wr_io *io = wr_sim_io(sim);
        wr_log_config config = small_config();
        config.segment_size = 1100;
        config.index_interval_size = 200;
        wr_log *log = open_ok(io, "data/t-0", &config);
        for (int i = 0; i < count; i++)
            put_ok(log, &(batch_plan){.value_size = 60, .time_ms = 1000 + i});
        roll_ok(log);
        keep_up(log);
        CHECK_EQ(last_time(io), 1000 + count - 1);
        CHECK_OK(wr_log_close(log));
        CHECK_EQ(last_time(io), 1000 + count - 1);
        wr_sim_free(sim);
    }
}

TEST(the_time_index_of_a_log_that_is_closed_ends_with_the_segments_greatest_time)
{
    for (int count = 3; count < 8; count++) {
        wr_sim *sim = wr_sim_new(1);
        wr_io *io = wr_sim_io(sim);
        wr_log_config config = small_config();
        config.segment_size = 1100;
        config.index_interval_size = 200;
        wr_log *log = open_ok(io, "data/t-0", &config);
        for (int i = 0; i < count; i++)
            put_ok(log, &(batch_plan){.value_size = 60, .time_ms = 1000 + i});
        CHECK_OK(wr_log_sync(log));
        CHECK_OK(wr_log_close(log));
        CHECK_EQ(last_time(io), 1000 + count - 1);
        wr_sim_free(sim);
    }
}
