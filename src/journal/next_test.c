/* A roll, and what a failed write leaves: who appends makes, names and cuts no file; upkeep does, and nothing is promised
 * before it has. */
#include "log_testing.h"

#include <testing/io/sim.h>

#include <errno.h>

typedef struct table {
    wr_sim *sim;
    wr_io *io;
    wr_log_config config;
    wr_log *log;
} table;

static table begin(uint64_t seed)
{
    table made = {.sim = wr_sim_new(seed), .config = small_config()};
    made.io = wr_sim_io(made.sim);
    made.log = open_ok(made.io, "data/t-0", &made.config);
    return made;
}

static void end(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_free(b->sim);
}

static void reopen(table *b, bool cut)
{
    wr_log_abandon(b->log);
    if (cut)
        wr_sim_cut(b->sim);
    else
        wr_sim_kill(b->sim);
    wr_sim_restart(b->sim);
    b->log = open_ok(b->io, "data/t-0", &b->config);
}

static void sync_ticket(table *b)
{
    wr_log_ticket ticket;
    wr_log_sync_begin(b->log, &ticket);
    CHECK(ticket.file_count > 0);
    wr_log_sync_end(b->log, &ticket, wr_log_ticket_sync(&ticket));
}

/* Offset 0 is in a sealed segment, which is synced; offset 1, alone in the next, which has no name yet. */
static void roll_without_name(table *b)
{
    put_ok(b->log, &(batch_plan){.value_size = 60});
    sync_ticket(b);
    keep_up(b->log);
    CHECK_OK(wr_log_roll(b->log));
    wr_appended appended;
    CHECK_OK(put(b->log, &(batch_plan){.value_size = 60}, &appended));
    CHECK_EQ(appended.base_offset, 1);
}

static weir_err run_upkeep(wr_log *log)
{
    wr_log_upkeep *upkeep;
    CHECK(wr_log_upkeep_due(log));
    CHECK_OK(wr_log_upkeep_begin(log, &upkeep));
    return wr_log_upkeep_end(upkeep, wr_log_upkeep_run(upkeep));
}

TEST(a_roll_writes_nothing)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){.value_size = 60});
    CHECK(wr_path_exists(b.io, "data/t-0/weir.next"));
    uint64_t before = wr_sim_write_count(b.sim);
    CHECK_OK(wr_log_roll(b.log));
    CHECK_EQ(wr_sim_write_count(b.sim), before);
    wr_appended appended;
    CHECK_OK(put(b.log, &(batch_plan){.value_size = 60}, &appended));
    CHECK_EQ(wr_sim_write_count(b.sim), before + 1);
    CHECK_EQ(read_ok(b.log, 1000), 2);
    end(&b);
}

TEST(what_follows_a_roll_is_promised_when_it_is_synced_and_its_segment_has_its_name)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        table b = begin(seed);
        roll_without_name(&b);
        if (seed % 2 == 0) { /* in either order */
            sync_ticket(&b);
            CHECK_EQ(wr_log_synced_offset(b.log), 1);
            CHECK(wr_log_upkeep_pressing(b.log));
            CHECK_OK(run_upkeep(b.log));
        } else {
            CHECK_OK(run_upkeep(b.log));
            CHECK_EQ(wr_log_synced_offset(b.log), 1);
            sync_ticket(&b);
        }
        CHECK(!wr_log_upkeep_pressing(b.log));
        CHECK_EQ(wr_log_synced_offset(b.log), 2);
        CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000001.log"));
        reopen(&b, true);
        CHECK_EQ(wr_log_end_offset(b.log), 2);
        CHECK_EQ(read_ok(b.log, 1000), 2);
        end(&b);
    }
}

TEST(a_kill_before_a_segment_has_its_name_loses_nothing_and_a_power_cut_nothing_promised)
{
    int kept = 0, lost = 0;
    for (uint64_t seed = 1; seed <= 40; seed++)
        for (int synced = 0; synced < 2; synced++)
            for (int cut = 0; cut < 2; cut++) {
                table b = begin(seed);
                roll_without_name(&b);
                if (synced)
                    sync_ticket(&b);
                reopen(&b, cut);
                int64_t end_offset = wr_log_end_offset(b.log);
                CHECK(end_offset == 2 || (cut && end_offset == 1));
                kept += cut && end_offset == 2;
                lost += end_offset == 1;
                CHECK_EQ(wr_log_synced_offset(b.log), end_offset);
                CHECK(!wr_path_exists(b.io, "data/t-0/weir.next"));
                CHECK_EQ(read_ok(b.log, 1000), end_offset);
                reopen(&b, true); /* what is shown now stays */
                CHECK_EQ(wr_log_end_offset(b.log), end_offset);
                CHECK_EQ(put_ok(b.log, &(batch_plan){0}), end_offset);
                end(&b);
            }
    CHECK(kept > 0 && lost > 0);
}

/* A version from before weir.next does not see it, and goes on behind the segment before. */
TEST(a_next_segment_that_an_earlier_version_passed_over_does_not_take_the_place_of_what_that_wrote)
{
    for (int count = 0; count < 20; count++) /* none, some, and so many that the log rolled */
        for (int how = 0; how < 4; how++) {
            bool clean = how % 2, rolls = how / 2 && count;
            table b = begin(1);
            roll_without_name(&b);
            wr_log_abandon(b.log);
            CHECK_OK(wr_path_rename(b.io, "data/t-0/weir.next", "data/t-0/aside"));
            b.log = open_ok(b.io, "data/t-0", &b.config);
            if (rolls) /* at the same offset */
                roll_ok(b.log);
            for (int i = 0; i < count; i++)
                CHECK_EQ(put_ok(b.log, &(batch_plan){.value_size = 60, .time_ms = 7}), 1 + i);
            CHECK_EQ(wr_path_exists(b.io, "data/t-0/00000000000000000001.log"), rolls);
            CHECK_OK(wr_log_close(b.log));
            CHECK_OK(wr_path_rename(b.io, "data/t-0/aside", "data/t-0/weir.next"));
            CHECK_OK(wr_log_open(b.io, "data/t-0", &b.config, clean, &b.log, NULL));
            CHECK_EQ(wr_log_end_offset(b.log), count ? 1 + count : 2);
            CHECK_EQ(read_ok(b.log, 1000), count ? 1 + count : 2);
            int64_t offset = -1, time_ms;
            CHECK_OK(wr_log_find_time(b.log, 7, INT64_MAX, &offset, &time_ms));
            CHECK_EQ(offset, count ? 1 : -1);
            reopen(&b, true);
            CHECK_EQ(wr_log_end_offset(b.log), count ? 1 + count : 2);
            CHECK_EQ(read_ok(b.log, 1000), count ? 1 + count : 2);
            end(&b);
        }
}

TEST(a_file_for_the_next_segment_is_ready_after_a_clean_stop_and_else_removed)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){.value_size = 60});
    CHECK(wr_path_exists(b.io, "data/t-0/weir.next"));
    CHECK_OK(wr_log_close(b.log));
    b.log = open_ok(b.io, "data/t-0", &b.config);
    CHECK(!wr_path_exists(b.io, "data/t-0/weir.next"));
    keep_up(b.log);
    CHECK(wr_path_exists(b.io, "data/t-0/weir.next"));
    CHECK_OK(wr_log_close(b.log));
    uint64_t before = wr_sim_write_count(b.sim);
    CHECK_OK(wr_log_open(b.io, "data/t-0", &b.config, true, &b.log, NULL));
    CHECK_OK(wr_log_roll(b.log));
    CHECK_EQ(wr_sim_write_count(b.sim), before);
    CHECK_EQ(put_ok(b.log, &(batch_plan){0}), 1);
    CHECK_EQ(read_ok(b.log, 1000), 2);
    end(&b);
}

TEST(a_roll_that_is_put_off_presses_upkeep)
{
    table b = begin(1);
    wr_appended appended;
    while (wr_log_size(b.log) <= b.config.segment_size) {
        CHECK(!wr_log_upkeep_pressing(b.log));
        CHECK_OK(put(b.log, &(batch_plan){.value_size = 60}, &appended));
    }
    CHECK(wr_log_upkeep_pressing(b.log));
    wr_sim_set_open_max(b.sim, wr_sim_open_count(b.sim));
    keep_up(b.log);
    CHECK(wr_log_upkeep_pressing(b.log)); /* but it is not tried at every append */
    CHECK(!wr_log_upkeep_presses_now(b.log));
    wr_sim_set_open_max(b.sim, SIZE_MAX);
    wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
    CHECK(wr_log_upkeep_presses_now(b.log));
    CHECK_OK(run_upkeep(b.log));
    CHECK(!wr_log_upkeep_pressing(b.log));
    end(&b);
}

TEST(a_roll_that_finds_no_file_is_put_off_and_the_segment_grows_up_to_its_bound)
{
    table b = begin(1);
    b.config.segment_size = 300;
    b.config.segment_overrun_max = 1000;
    wr_log_configure(b.log, &b.config);
    wr_appended appended;
    weir_err err;
    while ((err = put(b.log, &(batch_plan){.value_size = 60}, &appended)) == WEIR_OK)
        continue;
    int64_t size = wr_log_size(b.log);
    CHECK_EQ(err, WEIR_E_IO);
    CHECK(size > 1100 && size <= 1300);
    CHECK_EQ(wr_log_state_of(b.log), WR_LOG_FULL);
    CHECK_STR(wr_log_cause_of(b.log)->file, "weir.next");
    CHECK(wr_log_cause_of(b.log)->reason != NULL);
    wr_sim_set_open_max(b.sim, wr_sim_open_count(b.sim)); /* and when it cannot be made, that is why */
    keep_up(b.log);
    wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
    CHECK_EQ(put(b.log, &(batch_plan){.value_size = 60}, &appended), WEIR_E_IO);
    CHECK_EQ(wr_log_cause_of(b.log)->os_error, EMFILE);
    CHECK_STR(wr_log_cause_of(b.log)->call, "create");
    wr_sim_set_open_max(b.sim, SIZE_MAX);
    wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
    keep_up(b.log);
    int64_t base_offset = put_ok(b.log, &(batch_plan){.value_size = 60});
    char path[64];
    snprintf(path, sizeof path, "data/t-0/%020d.log", (int)base_offset);
    CHECK(wr_path_exists(b.io, path));
    CHECK_EQ(wr_log_state_of(b.log), WR_LOG_OPEN);
    CHECK_EQ(read_ok(b.log, 1000), base_offset + 1);
    end(&b);
}

TEST(there_is_no_other_roll_before_a_segment_has_its_name)
{
    table b = begin(1);
    roll_without_name(&b);
    CHECK_EQ(wr_log_roll(b.log), WEIR_E_AGAIN);
    keep_up(b.log);
    CHECK_OK(wr_log_roll(b.log));
    CHECK_EQ(put_ok(b.log, &(batch_plan){0}), 2);
    CHECK_EQ(read_ok(b.log, 1000), 3);
    end(&b);
}

TEST(a_name_that_cannot_be_given_is_tried_again_and_one_that_cannot_be_synced_breaks_the_log)
{
    for (int syncing = 0; syncing < 2; syncing++) {
        table b = begin(1);
        roll_without_name(&b);
        sync_ticket(&b);
        wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim) + (uint64_t)syncing, EIO);
        CHECK_EQ(run_upkeep(b.log), WEIR_E_IO);
        CHECK_STR(wr_sim_failed_call(b.sim), syncing ? "dir sync" : "rename");
        CHECK_EQ(wr_log_broken(b.log), syncing);
        CHECK_EQ(wr_log_synced_offset(b.log), 1);
        if (!syncing) {
            wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
            keep_up(b.log);
            CHECK_EQ(wr_log_synced_offset(b.log), 2);
        }
        reopen(&b, true);
        CHECK(wr_log_end_offset(b.log) == 2 || syncing);
        end(&b);
    }
}

TEST(a_log_that_breaks_says_so_of_the_sync_although_a_name_could_not_be_given_just_before)
{
    int broken = 0;
    for (uint64_t n = 0; n < 30; n++) {
        table b = begin(1);
        roll_without_name(&b);
        sync_ticket(&b);
        CHECK_OK(wr_path_remove(b.io, "data/t-0/weir.next")); /* its name cannot be given any more */
        wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim) + n, EIO);
        for (int i = 0; i < 10 && wr_log_upkeep_due(b.log); i++) {
            weir_err err = run_upkeep(b.log);
            CHECK(err == WEIR_E_IO || err == WEIR_E_NOT_FOUND);
            wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
        }
        broken += wr_log_broken(b.log);
        CHECK(!wr_log_broken(b.log) || strcmp(wr_log_cause_of(b.log)->call, "rename") != 0);
        end(&b);
    }
    CHECK(broken > 0);
}

TEST(a_segment_without_its_name_keeps_no_older_one_on_a_full_disk)
{
    table b = begin(1);
    for (int i = 0; i < 30; i++)
        put_ok(b.log, &(batch_plan){.value_size = 60});
    CHECK_OK(wr_log_sync(b.log));
    keep_up(b.log);
    CHECK_OK(wr_log_roll(b.log));
    CHECK_OK(wr_log_ask_start(b.log, 30));
    for (int i = 0; i < 3; i++) { /* each renaming fails */
        wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim), ENOSPC);
        CHECK_EQ(run_upkeep(b.log), WEIR_E_FULL);
        wr_sim_fail_at(b.sim, UINT64_MAX, ENOSPC);
        wr_sim_advance_ms(b.sim, WR_LOG_RETRY_MS);
        CHECK_OK(wr_log_ask_start(b.log, 30));
    }
    CHECK(wr_log_start_offset(b.log) > 20 && wr_log_start_offset(b.log) < 30);
    keep_up(b.log);
    CHECK_EQ(wr_log_start_offset(b.log), 30);
    reopen(&b, true);
    CHECK_EQ(wr_log_start_offset(b.log), 30);
    CHECK_EQ(wr_log_end_offset(b.log), 30);
    end(&b);
}

TEST(half_a_batch_is_cut_off_by_upkeep_and_until_then_nothing_is_written)
{
    table b = begin(3);
    put_ok(b.log, &(batch_plan){.value_size = 60});
    CHECK_OK(wr_log_sync(b.log));
    wr_sim_set_capacity(b.sim, wr_log_size(b.log) + 60);
    wr_appended appended;
    CHECK_EQ(put(b.log, &(batch_plan){.value_size = 60}, &appended), WEIR_E_FULL);
    wr_sim_set_capacity(b.sim, -1);
    wr_sim_advance_ms(b.sim, 10 * WR_LOG_RETRY_MS);
    uint64_t before = wr_sim_write_count(b.sim);
    CHECK_EQ(put(b.log, &(batch_plan){.value_size = 60}, &appended), WEIR_E_FULL);
    CHECK_EQ(wr_log_roll(b.log), WEIR_E_AGAIN);
    CHECK_EQ(wr_sim_write_count(b.sim), before);
    CHECK(wr_log_upkeep_pressing(b.log));
    CHECK_OK(run_upkeep(b.log));
    CHECK(!wr_log_upkeep_pressing(b.log));
    CHECK_EQ(put_ok(b.log, &(batch_plan){.value_size = 60}), 1);
    CHECK_EQ(read_ok(b.log, 1000), 2);
    end(&b);
}
