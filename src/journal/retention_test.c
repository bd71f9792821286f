#include "log_testing.h"

#include <testing/io/sim.h>

#include <errno.h>

typedef struct table {
    wr_sim *sim;
    wr_io *io;
    wr_log_config config;
    wr_log *log;
    int64_t used_size;
} table;

/* Ten segments of one batch each, offsets 0..9, times 1000, 2000, … */
static table begin(void)
{
    table made = {.sim = wr_sim_new(1), .config = small_config()};
    made.io = wr_sim_io(made.sim);
    made.config.segment_size = 150;
    made.config.file_delete_delay_ms = 5000;
    made.log = open_ok(made.io, "data/t-0", &made.config);
    for (int i = 0; i < 10; i++)
        put_ok(made.log, &(batch_plan){.value_size = 60, .time_ms = 1000 * (i + 1)});
    return made;
}

static void configure(table *b, int64_t retention_ms, int64_t retention_size)
{
    b->config.retention_ms = retention_ms;
    b->config.retention_size = retention_size;
    wr_log_configure(b->log, &b->config);
}

static void reopen(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_cut(b->sim);
    wr_sim_restart(b->sim);
    b->log = open_ok(b->io, "data/t-0", &b->config);
}

static void end(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_free(b->sim);
}

static bool exists(table *b, int offset, const char *suffix)
{
    char path[128];
    snprintf(path, sizeof path, "data/t-0/%020d%s", offset, suffix);
    return wr_path_exists(b->io, path);
}

static int64_t retain(table *b, int64_t now_ms)
{
    int64_t next_ms = -2;
    CHECK_OK(wr_log_retain(b->log, now_ms, &next_ms));
    return next_ms;
}

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

/* ---- producers whose batches were deleted */

/* Ten batches more, at offsets 10..19, of two producers in turn. No checkpoint is due at this segment size. */
static void put_of_producers(table *b, int from, int to)
{
    b->config.segment_size = 100000;
    configure(b, -1, -1);
    for (int i = from; i < to; i++)
        put_ok(b->log, &(batch_plan){.value_size = 60,
                                     .time_ms = 1000 * (i + 1),
                                     .producer = true,
                                     .producer_id = 5 + i % 2,
                                     .sequence = (i - 10) / 2});
}

static void kill_and_open(table *b)
{
    wr_log_abandon(b->log);
    b->log = open_ok(b->io, "data/t-0", &b->config);
}

/* Sends the batch at this offset again. */
static void check_known(table *b, int offset)
{
    wr_appended appended;
    int64_t end_offset = wr_log_end_offset(b->log);
    CHECK_OK(put(b->log,
                 &(batch_plan){.value_size = 60,
                               .time_ms = 1000 * (offset + 1),
                               .producer = true,
                               .producer_id = 5 + offset % 2,
                               .sequence = (offset - 10) / 2},
                 &appended));
    CHECK(appended.duplicate);
    CHECK_EQ(appended.base_offset, offset);
    CHECK_EQ(wr_log_end_offset(b->log), end_offset);
}

static void check_all_known(table *b)
{
    for (int i = 10; i < 20; i++)
        check_known(b, i);
}

TEST(a_batch_that_retention_deleted_is_known_when_it_is_sent_again_after_a_crash)
{
    table b = begin();
    put_of_producers(&b, 10, 15);
    CHECK_OK(wr_log_sync(b.log));
    roll_ok(b.log);
    put_of_producers(&b, 15, 20);
    configure(&b, 10000, -1);
    retain(&b, 25001); /* each producer has batches before and behind the start */
    CHECK_EQ(wr_log_start_offset(b.log), 15);
    check_all_known(&b);
    kill_and_open(&b);
    CHECK_EQ(wr_log_start_offset(b.log), 15);
    check_all_known(&b);
    end(&b);
}

TEST(when_all_batches_were_deleted_they_are_known_after_a_power_cut)
{
    table b = begin();
    put_of_producers(&b, 10, 20);
    CHECK_OK(wr_log_sync(b.log));
    configure(&b, 10000, -1);
    retain(&b, 1000000);
    CHECK_EQ(wr_log_start_offset(b.log), 20);
    CHECK_EQ(wr_log_size(b.log), 0);
    reopen(&b);
    CHECK_EQ(wr_log_start_offset(b.log), 20);
    check_all_known(&b);
    end(&b);
}

TEST(a_batch_below_the_start_offset_is_known_when_it_is_sent_again_after_a_crash)
{
    for (int rolled = 10; rolled <= 20; rolled++)
        for (int to = 10; to <= 20; to++) {
            table b = begin();
            put_of_producers(&b, 10, rolled);
            roll_ok(b.log);
            put_of_producers(&b, rolled, 20);
            CHECK_OK(wr_log_sync(b.log));
            roll_ok(b.log);
            put_ok(b.log, &(batch_plan){.value_size = 60}); /* not on the disk: a snapshot of now is of no use */
            CHECK_OK(wr_log_trim(b.log, to));
            CHECK_EQ(wr_log_start_offset(b.log), to);
            reopen(&b);
            CHECK_EQ(wr_log_start_offset(b.log), to);
            check_all_known(&b);
            end(&b);
        }
}

TEST(deleted_batches_stay_known_when_the_power_is_cut_at_any_write_of_the_deletion)
{
    bool cut = true;
    for (uint64_t n = 0; cut; n++)
        for (uint64_t seed = 1; seed <= 8; seed++) { /* what an unsynced name does is chance */
            table b = begin();
            put_of_producers(&b, 10, 17);
            CHECK_OK(wr_log_sync(b.log));
            wr_log_abandon(b.log);
            wr_sim *copy = wr_sim_fork(b.sim, test_seed() + 8 * n + seed);
            wr_sim_free(b.sim);
            b.sim = copy;
            b.io = wr_sim_io(copy);
            b.log = open_ok(b.io, "data/t-0", &b.config);
            roll_ok(b.log);
            put_of_producers(&b, 17, 20);
            CHECK_OK(wr_log_sync(b.log));
            roll_ok(b.log);
            put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 21000});
            configure(&b, 10000, -1);
            wr_sim_cut_at(b.sim, wr_sim_write_count(b.sim) + n);
            int64_t next_ms;
            weir_err err = wr_log_retain(b.log, 28001, &next_ms);
            if (err == WEIR_OK)
                err = wr_log_trim(b.log, 20);
            cut = wr_sim_dark(b.sim);
            CHECK(cut || err == WEIR_OK);
            reopen(&b);
            CHECK(cut || wr_log_start_offset(b.log) == 20);
            check_all_known(&b);
            end(&b);
        }
}

TEST(segments_stay_until_a_snapshot_of_their_producers_is_on_the_disk)
{
    table b = begin();
    put_of_producers(&b, 10, 20);
    CHECK_OK(wr_log_sync(b.log));
    roll_ok(b.log);
    wr_log_ticket ticket;
    put_ok(b.log, &(batch_plan){.value_size = 60});
    wr_log_sync_begin(b.log, &ticket);
    wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim), EIO); /* the making of the snapshot, or the checkpoint's */
    weir_err err = wr_log_trim(b.log, 20);
    CHECK(err == WEIR_E_IO || err == WEIR_E_AGAIN);
    CHECK_EQ(wr_log_start_offset(b.log), 0);
    CHECK(exists(&b, 0, ".log"));
    wr_sim_fail_at(b.sim, UINT64_MAX, EIO);
    CHECK_OK(wr_log_ticket_sync(&ticket));
    wr_log_sync_end(b.log, &ticket, WEIR_OK);
    CHECK_OK(wr_log_trim(b.log, 20));
    CHECK(!exists(&b, 0, ".log"));
    reopen(&b);
    check_all_known(&b);
    end(&b);
}

TEST(a_snapshot_that_was_taken_again_while_it_was_written_is_not_removed_as_the_one_before)
{
    table b = begin();
    put_of_producers(&b, 10, 20);
    CHECK_OK(wr_log_sync(b.log));
    roll_ok(b.log);
    CHECK_OK(wr_log_ask_start(b.log, 20));
    CHECK(wr_log_upkeep_due(b.log));
    wr_log_upkeep *upkeep;
    CHECK_OK(wr_log_upkeep_begin(b.log, &upkeep));
    wr_log_ticket ticket;
    wr_log_sync_begin(b.log, &ticket); /* takes one: that of the upkeep is not in force yet */
    CHECK_EQ(ticket.file_count, 0);
    CHECK_OK(wr_log_upkeep_end(upkeep, wr_log_upkeep_run(upkeep)));
    CHECK_OK(wr_log_sync(b.log));
    CHECK(exists(&b, 20, ".snapshot"));
    reopen(&b);
    CHECK_EQ(wr_log_start_offset(b.log), 20);
    check_all_known(&b);
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

/* ---- nothing promised */

static table begin_unpromised(void)
{
    table b = begin();
    CHECK_OK(wr_log_close(b.log));
    b.config.nothing_promised = true;
    b.log = open_ok(b.io, "data/t-0", &b.config);
    CHECK_EQ(wr_log_state_of(b.log), WR_LOG_UNPROMISED);
    return b;
}

TEST(what_nobody_syncs_is_deleted_all_the_same_and_holds_no_descriptors)
{
    table b = begin_unpromised();
    size_t open_before = wr_sim_open_count(b.sim);
    configure(&b, -1, 500);
    for (int i = 0; i < 200; i++) {
        put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 20000 + i});
        CHECK(wr_sim_open_count(b.sim) <= open_before + 3);
    }
    int64_t synced = wr_log_synced_offset(b.log);
    CHECK(synced <= 10);
    retain(&b, 30000);
    CHECK(wr_log_start_offset(b.log) > 200);
    CHECK(wr_log_size(b.log) < 800);
    read_ok(b.log, 1000);
    retain(&b, 30000);
    retain(&b, 30000);
    CHECK_EQ(wr_sim_open_count(b.sim), 0); /* nobody used any */
    put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 20300});
    int64_t end_offset = wr_log_end_offset(b.log);
    int count = read_ok(b.log, 300);
    CHECK_OK(wr_log_close(b.log));
    wr_sim_cut(b.sim); /* a clean stop syncs */
    wr_sim_restart(b.sim);
    b.log = open_ok(b.io, "data/t-0", &b.config);
    CHECK_EQ(wr_log_end_offset(b.log), end_offset);
    CHECK_EQ(read_ok(b.log, 1000), count);
    end(&b);
}

TEST(deleted_batches_that_nobody_synced_are_known_after_a_kill_and_never_confused_after_a_power_cut)
{
    for (int cut = 0; cut < 2; cut++) {
        table b = begin_unpromised();
        configure(&b, -1, 500);
        for (int i = 10; i < 20; i++)
            put_ok(b.log, &(batch_plan){.value_size = 60,
                                        .time_ms = 1000 * (i + 1),
                                        .producer = true,
                                        .producer_id = 5 + i % 2,
                                        .sequence = (i - 10) / 2});
        retain(&b, 30000);
        int64_t start = wr_log_start_offset(b.log);
        CHECK(start > 12 && start < 20);
        wr_log_abandon(b.log);
        if (cut)
            wr_sim_cut(b.sim);
        else
            wr_sim_kill(b.sim);
        wr_sim_restart(b.sim);
        b.log = open_ok(b.io, "data/t-0", &b.config);
        CHECK_EQ(wr_log_start_offset(b.log), start);
        if (!cut)
            check_all_known(&b);
        for (int i = 0; cut && i < 20; i++) { /* another producer takes the place of what was lost */
            put_ok(b.log, &(batch_plan){.value_size = 60, .producer = true, .producer_id = 9, .sequence = i});
            wr_log_abandon(b.log);
            b.log = open_ok(b.io, "data/t-0", &b.config);
            wr_appended appended;
            CHECK_OK(put(b.log, &(batch_plan){.value_size = 60, .producer = true, .producer_id = 9, .sequence = i},
                         &appended));
            CHECK(appended.duplicate);
        }
        end(&b);
    }
}

TEST(a_log_that_promised_nothing_opens_after_a_power_cut_whatever_was_lost)
{
    for (uint64_t seed = test_seed() + 1; seed < test_seed() + 60; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_log_config config = small_config();
        config.segment_size = 300;
        config.retention_size = 700;
        config.nothing_promised = true;
        wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", &config);
        for (int i = 0; i < 60; i++) {
            put_ok(log, &(batch_plan){.value_size = 60, .time_ms = i});
            int64_t next_ms;
            if (i % 7 == 0)
                CHECK_OK(wr_log_retain(log, 0, &next_ms));
        }
        int64_t start = wr_log_start_offset(log);
        CHECK(start > 30);
        wr_log_abandon(log);
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        log = open_ok(wr_sim_io(sim), "data/t-0", &config);
        CHECK(wr_log_start_offset(log) >= start);
        CHECK(wr_log_end_offset(log) >= start);
        read_ok(log, 1000);
        put_ok(log, &(batch_plan){.value_size = 60});
        wr_log_abandon(log);
        wr_sim_free(sim);
    }
}

/* ---- a disk without room */

static weir_err add_size(void *user, const char *name, bool is_dir)
{
    table *b = user;
    (void)is_dir;
    char path[128];
    snprintf(path, sizeof path, "data/t-0/%s", name);
    wr_file *file;
    int64_t size = 0;
    CHECK_OK(wr_file_open(b->io, path, WR_FILE_READ, &file));
    CHECK_OK(wr_file_size(file, &size));
    wr_file_close(file);
    b->used_size += size;
    return WEIR_OK;
}

/* Sixty batches in segments of about seven, which have indexes. */
static table begin_with_indexes(void)
{
    table b = {.sim = wr_sim_new(1), .config = small_config()};
    b.io = wr_sim_io(b.sim);
    b.config.file_delete_delay_ms = 5000;
    b.log = open_ok(b.io, "data/t-0", &b.config);
    for (int i = 0; i < 60; i++)
        put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 1000 * (i + 1)});
    CHECK_OK(wr_log_sync(b.log));
    return b;
}

/* The same on a disk that takes not a byte more. */
static table begin_on_full_disk(void)
{
    table b = begin_with_indexes();
    CHECK_OK(wr_dir_list(b.io, "data/t-0", add_size, &b));
    wr_sim_set_capacity(b.sim, b.used_size);
    return b;
}

static void expect_whole(table *b, int64_t start)
{
    CHECK_EQ(wr_log_start_offset(b->log), start);
    wr_sim_set_capacity(b->sim, -1);
    reopen(b);
    CHECK_EQ(wr_log_start_offset(b->log), start);
    CHECK_EQ(wr_log_end_offset(b->log), 60);
    CHECK_EQ(read_ok(b->log, 1000), 60 - start);
    put_ok(b->log, &(batch_plan){.value_size = 60});
    end(b);
}

TEST(old_segments_go_also_when_the_disk_has_no_room_left)
{
    table b = begin_on_full_disk();
    configure(&b, 10000, -1);
    retain(&b, 51001);
    int64_t start = wr_log_start_offset(b.log);
    CHECK(start > 30 && start <= 40);
    expect_whole(&b, start);
}

TEST(a_log_is_trimmed_also_when_the_disk_has_no_room_left)
{
    table b = begin_on_full_disk();
    CHECK_OK(wr_log_trim(b.log, 40));
    expect_whole(&b, 40);
}

TEST(an_active_segment_that_cannot_be_rolled_keeps_no_older_one)
{
    int refused = 0;
    for (uint64_t n = 0; n < 8; n++) {
        table b = begin_with_indexes();
        configure(&b, 1000, -1);
        wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim) + n, ENOSPC);
        int64_t next_ms;
        weir_err err = wr_log_retain(b.log, 1000000, &next_ms);
        CHECK(err == WEIR_OK || err == WEIR_E_FULL);
        if (err != WEIR_OK && !wr_log_broken(b.log)) { /* without the room for a name */
            wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
            wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim), ENOSPC);
            err = wr_log_retain(b.log, 1000000, &next_ms);
            CHECK(err == WEIR_OK || err == WEIR_E_FULL);
        }
        if (wr_log_state_of(b.log) == WR_LOG_BROKEN) { /* it was a sync */
            end(&b);
            continue;
        }
        refused += err == WEIR_E_FULL;
        CHECK(wr_log_start_offset(b.log) > 50);
        wr_sim_fail_at(b.sim, UINT64_MAX, ENOSPC);
        retain(&b, 1000000);
        CHECK_EQ(wr_log_start_offset(b.log), 60);
        end(&b);
    }
    CHECK(refused > 0);
}
