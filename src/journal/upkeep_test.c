/* What a deletion writes down before anything goes: who produced what was deleted, also where nobody syncs, and on a disk
 * without room. */
#include "deletion_testing.h"

#include <errno.h>

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

static weir_err run_upkeep(wr_log *log)
{
    wr_log_upkeep *upkeep;
    CHECK(wr_log_upkeep_due(log));
    CHECK_OK(wr_log_upkeep_begin(log, &upkeep));
    return wr_log_upkeep_end(upkeep, wr_log_upkeep_run(upkeep));
}

/* The checkpoint has replaced the one before, but there was no descriptor for the sync of the directory: nobody knows which
 * of the two is found. What comes of the next try must not take away what either of them names. */
TEST(a_snapshot_that_a_checkpoint_may_name_stays_when_there_are_no_descriptors)
{
    int reached = 0;
    for (uint64_t n = 0; n < 20; n++)
        for (int again = 0; again < 2; again++) {
            table b = begin();
            put_of_producers(&b, 10, 20);
            CHECK_OK(wr_log_sync(b.log));
            roll_ok(b.log);
            CHECK_OK(wr_log_ask_start(b.log, 20));
            wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim) + n, EMFILE);
            weir_err err = run_upkeep(b.log);
            wr_sim_fail_at(b.sim, UINT64_MAX, EMFILE);
            if (err != WEIR_OK && !wr_log_broken(b.log)) {
                reached += strcmp(wr_sim_failed_call(b.sim), "dir sync") == 0;
                wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
                CHECK_OK(wr_log_ask_start(b.log, 20));
                if (again > 0)
                    wr_sim_set_open_max(b.sim, wr_sim_open_count(b.sim));
                err = run_upkeep(b.log);
                CHECK(again == 0 ? err == WEIR_OK : err != WEIR_OK);
                wr_sim_set_open_max(b.sim, SIZE_MAX);
            }
            kill_and_open(&b);
            check_all_known(&b);
            end(&b);
        }
    CHECK(reached > 0);
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
