/* Which segments go, and when their files do. */
#include "deletion_testing.h"

TEST(segments_older_than_the_retention_time_go_and_stay_gone)
{
    table b = begin();
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    retain(&b, 13001);
    CHECK_EQ(wr_log_start_offset(b.log), 3);
    CHECK(!exists(&b, 2, ".log"));
    CHECK(exists(&b, 3, ".log"));
    reopen(&b);
    CHECK_EQ(wr_log_start_offset(b.log), 3);
    CHECK_EQ(wr_log_end_offset(b.log), 10);
    CHECK_EQ(read_ok(b.log, 1000), 7);
    end(&b);
}

TEST(the_largest_timestamp_of_a_segment_decides)
{
    table b = begin();
    put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 1});
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    retain(&b, 11000); /* exactly 10 s: kept */
    CHECK_EQ(wr_log_start_offset(b.log), 0);
    retain(&b, 11001);
    CHECK_EQ(wr_log_start_offset(b.log), 1);
    end(&b);
}

TEST(an_expired_active_segment_is_rolled_and_then_deleted)
{
    table b = begin();
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    retain(&b, 1000000);
    CHECK_EQ(wr_log_start_offset(b.log), 10);
    CHECK_EQ(wr_log_end_offset(b.log), 10);
    CHECK_EQ(wr_log_size(b.log), 0);
    reopen(&b);
    CHECK_EQ(wr_log_start_offset(b.log), 10);
    CHECK_EQ(put_ok(b.log, &(batch_plan){0}), 10);
    end(&b);
}

TEST(size_retention_keeps_at_least_the_size)
{
    table b = begin();
    CHECK_OK(wr_log_sync(b.log));
    int64_t one = wr_log_size(b.log) / 10;
    configure(&b, -1, 4 * one);
    retain(&b, 0);
    CHECK_EQ(wr_log_size(b.log), 4 * one);
    CHECK_EQ(wr_log_start_offset(b.log), 6);
    configure(&b, -1, 0);
    retain(&b, 0);
    CHECK_EQ(wr_log_start_offset(b.log), 9); /* never the active one */
    end(&b);
}

TEST(nothing_above_the_synced_offset_is_deleted)
{
    table b = begin();
    configure(&b, 1, 0);
    CHECK_EQ(retain(&b, 1000000), 1002); /* since long */
    configure(&b, -1, 0);
    CHECK_EQ(retain(&b, 1000000), 1001000); /* but when it is synced, soon */
    CHECK_EQ(wr_log_start_offset(b.log), 0);
    CHECK_EQ(wr_log_trim(b.log, 1), WEIR_E_RANGE);
    end(&b);
}

TEST(files_are_renamed_first_and_removed_when_the_delay_has_passed)
{
    table b = begin();
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    CHECK_EQ(retain(&b, 11001), 12001); /* the next segment expires before the removal is due */
    CHECK(exists(&b, 0, ".log.deleted"));
    CHECK(!exists(&b, 0, ".log"));
    CHECK(!exists(&b, 0, ".timeindex"));
    configure(&b, -1, -1);
    wr_sim_advance_ms(b.sim, 1000);
    CHECK_EQ(retain(&b, 12000), 16001);
    CHECK(exists(&b, 0, ".log.deleted"));
    wr_sim_set_wall_ms(b.sim, 1); /* what is waited for does not hang on the wall clock */
    wr_sim_advance_ms(b.sim, 4001);
    retain(&b, 16001);
    CHECK(!exists(&b, 0, ".log.deleted"));
    CHECK(!exists(&b, 0, ".timeindex.deleted"));
    CHECK_EQ(retain(&b, 80000), -1); /* nothing left to do, and no file open */
    end(&b);
}

TEST(what_was_to_be_removed_is_removed_by_the_next_open)
{
    table b = begin();
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    retain(&b, 11001);
    CHECK(exists(&b, 0, ".log.deleted"));
    reopen(&b);
    CHECK(!exists(&b, 0, ".log.deleted"));
    end(&b);
}

TEST(a_trim_holds_after_a_power_cut_also_within_a_segment)
{
    table b = begin();
    put_ok(b.log, &(batch_plan){.record_count = 4});
    CHECK_OK(wr_log_sync(b.log));
    CHECK_OK(wr_log_trim(b.log, 12));
    CHECK_OK(wr_log_trim(b.log, 5)); /* never back */
    CHECK_EQ(wr_log_start_offset(b.log), 12);
    reopen(&b);
    CHECK_EQ(wr_log_start_offset(b.log), 12);
    CHECK_EQ(wr_log_end_offset(b.log), 14);
    wr_buf buf;
    wr_buf_init(&buf, 1000);
    CHECK_EQ(wr_log_read(b.log, 11, 14, 1000, true, &buf), WEIR_E_RANGE);
    CHECK_OK(wr_log_read(b.log, 12, 14, 1000, true, &buf)); /* the whole batch from 10 on */
    CHECK(buf.size > 0);
    wr_buf_fini(&buf);
    CHECK_EQ(wr_log_trim(b.log, 15), WEIR_E_RANGE);
    CHECK_OK(wr_log_trim(b.log, 14));
    end(&b);
}

TEST(everything_before_a_roll_can_be_trimmed_away)
{
    table b = begin();
    roll_ok(b.log);
    roll_ok(b.log); /* an empty segment is not rolled again */
    put_ok(b.log, &(batch_plan){0});
    CHECK_OK(wr_log_sync(b.log));
    CHECK_OK(wr_log_trim(b.log, 10));
    CHECK(!exists(&b, 9, ".log"));
    CHECK(exists(&b, 10, ".log"));
    reopen(&b);
    CHECK_EQ(read_ok(b.log, 1000), 1);
    end(&b);
}

TEST(producers_unheard_for_the_expiry_time_are_forgotten)
{
    table b = begin();
    batch_plan plan = {.producer = true, .producer_id = 5};
    put_ok(b.log, &plan);
    wr_appended appended;
    plan.sequence = 7;
    CHECK_EQ(put(b.log, &plan, &appended), WEIR_E_RANGE);
    retain(&b, wr_now_ms(b.io) + b.config.producer_expiry_ms + 1);
    CHECK_OK(put(b.log, &plan, &appended));
    end(&b);
}

/* ---- without timestamps */

TEST(segments_without_timestamps_are_as_old_as_their_last_write)
{
    table b = begin();
    int64_t now_ms = wr_now_ms(b.io);
    for (int i = 0; i < 5; i++) {
        put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = i % 2 ? -1 : -1000});
        wr_sim_advance_ms(b.sim, 1000);
    }
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    CHECK_EQ(retain(&b, now_ms + 10000), now_ms + 10001); /* the ten with timestamps are of 1970 */
    CHECK_EQ(wr_log_start_offset(b.log), 10);
    retain(&b, now_ms + 11001);
    CHECK_EQ(wr_log_start_offset(b.log), 12);
    reopen(&b);
    retain(&b, now_ms + 12001);
    CHECK_EQ(wr_log_start_offset(b.log), 13);
    retain(&b, wr_now_ms(b.io) + 10001);
    CHECK_EQ(wr_log_start_offset(b.log), 15);
    CHECK_EQ(wr_log_size(b.log), 0);
    CHECK_EQ(put_ok(b.log, &(batch_plan){0}), 15);
    end(&b);
}

TEST(an_empty_log_is_never_rolled_and_has_nothing_to_wait_for)
{
    wr_sim *sim = wr_sim_new(1);
    wr_log_config config = small_config();
    config.retention_ms = 0;
    wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", &config);
    uint64_t before = wr_sim_write_count(sim);
    for (int i = 0; i < 3; i++) {
        int64_t next_ms;
        CHECK_OK(wr_log_retain(log, INT64_MAX, &next_ms));
        CHECK(i == 0 || next_ms == -1);
    }
    CHECK_EQ(wr_sim_write_count(sim), before);
    wr_log_abandon(log);
    wr_sim_free(sim);
}

TEST(retention_of_zero_keeps_nothing_older_than_this_millisecond)
{
    table b = begin();
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 0, -1);
    retain(&b, 5000);
    CHECK_EQ(wr_log_start_offset(b.log), 4);
    retain(&b, 10001);
    CHECK_EQ(wr_log_start_offset(b.log), 10);
    end(&b);
}

TEST(the_largest_durations_and_timestamps_overflow_nowhere)
{
    table b = begin();
    b.config.file_delete_delay_ms = INT64_MAX;
    b.config.segment_ms = INT64_MAX;
    put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = INT64_MAX - 1});
    put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 5});
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, INT64_MAX, -1);
    CHECK(retain(&b, INT64_MAX) > 0);
    CHECK_EQ(wr_log_start_offset(b.log), 0);
    configure(&b, 1000, -1);
    CHECK(retain(&b, INT64_MAX) > 0);
    CHECK_EQ(wr_log_start_offset(b.log), 10);
    end(&b);
}

TEST(a_segment_that_begins_without_a_timestamp_is_rolled_by_the_clock)
{
    wr_sim *sim = wr_sim_new(1);
    wr_log_config config = small_config();
    config.segment_ms = 60000;
    wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", &config);
    put_ok(log, &(batch_plan){.time_ms = -1});
    wr_sim_advance_ms(sim, 60000);
    put_ok(log, &(batch_plan){.time_ms = -1});
    CHECK(!wr_path_exists(wr_sim_io(sim), "data/t-0/00000000000000000002.log"));
    wr_sim_advance_ms(sim, 1);
    put_ok(log, &(batch_plan){.time_ms = -1});
    CHECK(wr_path_exists(wr_sim_io(sim), "data/t-0/00000000000000000002.log"));
    wr_log_abandon(log);
    wr_sim_free(sim);
}
