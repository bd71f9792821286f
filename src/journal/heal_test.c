/* What becomes of a log when a call fails that leaves the files known, and works again later. */
#include "model_testing.h"

#include <testing/io/sim.h>

#include <errno.h>
#include <stdlib.h>

enum { STEPS = 70 };

static bool is_sync(const wr_sim *sim)
{
    const char *call = wr_sim_failed_call(sim);
    return call && (strcmp(call, "sync") == 0 || strcmp(call, "dir sync") == 0);
}

/* What a client does: the same again, when some time has passed. */
static void heal(model *m, wr_sim *sim)
{
    wr_sim_advance_ms(sim, WR_LOG_RETRY_MS);
    if (!m->log) { /* closing or opening failed */
        CHECK_OK(model_open(m));
        CHECK(wr_log_end_offset(m->log) >= m->synced);
        model_forget(m);
        return;
    }
    for (int i = 0; i < 3; i++) {
        keep_up(m->log);
        CHECK_OK(model_append(m));
    }
    CHECK_EQ(wr_log_state_of(m->log), WR_LOG_OPEN);
}

/* False when the scenario ended before the nth call. */
static bool fail_once(uint64_t seed, uint64_t n, int os_error, bool reading)
{
    wr_sim *sim = wr_sim_new(seed * 1000003 + n);
    model *m = malloc(sizeof *m);
    model_init(m, seed, wr_sim_io(sim));
    m->heals = true;
    CHECK_OK(model_open(m));
    uint64_t base = reading ? wr_sim_read_count(sim) : wr_sim_write_count(sim);
    if (reading)
        wr_sim_fail_read_at(sim, base + n, os_error);
    else
        wr_sim_fail_at(sim, base + n, os_error);
    bool lost = false;
    for (int i = 0; i < STEPS && !lost; i++) {
        weir_err err = model_step(m);
        lost = m->log && wr_log_broken(m->log);
        CHECK(!lost || is_sync(sim)); /* nothing else breaks it */
        CHECK(!lost || os_error != EMFILE || strcmp(wr_sim_failed_call(sim), "sync") == 0);
        if (err != WEIR_OK && !lost)
            heal(m, sim);
    }
    uint64_t count = reading ? wr_sim_read_count(sim) : wr_sim_write_count(sim);
    wr_sim_fail_at(sim, UINT64_MAX, os_error);
    wr_sim_fail_read_at(sim, UINT64_MAX, os_error);
    if (!lost) {
        CHECK_EQ(wr_log_end_offset(m->log), model_end(m)); /* all that was acknowledged, and nothing else */
        model_compare(m, 700);
        CHECK_OK(wr_log_sync(m->log));
        model_look(m);
    }
    model_crash(m);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    model_check(m);
    model_compare(m, 700);
    model_crash(m);
    free(m);
    wr_sim_free(sim);
    return count > base + n;
}

static void fail_everywhere(int os_error, bool reading)
{
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 2; seed++)
        for (uint64_t n = 0; fail_once(seed, n, os_error, reading); n++)
            continue;
}

TEST(a_write_that_finds_no_room_once_loses_nothing_and_closes_nothing)
{
    fail_everywhere(ENOSPC, false);
}

TEST(a_write_that_the_disk_refuses_once_loses_nothing_and_closes_nothing)
{
    fail_everywhere(EIO, false);
}

TEST(a_lack_of_descriptors_once_loses_nothing_and_closes_nothing)
{
    fail_everywhere(EMFILE, false);
    fail_everywhere(EMFILE, true);
}

TEST(a_read_that_fails_once_loses_nothing_and_closes_nothing)
{
    fail_everywhere(EIO, true);
}

TEST(a_lack_of_descriptors_that_lasts_is_waited_for)
{
    int failed = 0;
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 60; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        model *m = malloc(sizeof *m);
        model_init(m, seed, wr_sim_io(sim));
        m->heals = true;
        CHECK_OK(model_open(m));
        for (int round = 0; round < 4; round++) {
            wr_sim_set_open_max(sim, wr_sim_open_count(sim) + seed % 3);
            for (int i = 0; i < 15; i++) {
                weir_err err = model_step(m);
                failed += err != WEIR_OK;
                if (!m->log)
                    wr_sim_set_open_max(sim, SIZE_MAX);
                if (err != WEIR_OK && !m->log)
                    heal(m, sim);
                CHECK(!wr_log_broken(m->log));
                wr_sim_advance_ms(sim, 300);
            }
            wr_sim_set_open_max(sim, SIZE_MAX);
            heal(m, sim);
        }
        CHECK_EQ(wr_log_end_offset(m->log), model_end(m));
        model_compare(m, 700);
        CHECK_OK(wr_log_close(m->log));
        m->log = NULL;
        model_check(m);
        model_crash(m);
        free(m);
        wr_sim_free(sim);
    }
    CHECK(failed > 0);
}

/* A sync makes the first bytes of a failed append durable with the file; cutting them off has to be made durable, too. */
TEST(what_is_cut_off_behind_a_failed_append_does_not_come_back_after_a_power_cut)
{
    wr_sim *sim = wr_sim_new(11);
    wr_io *io = wr_sim_io(sim);
    wr_log_config config = small_config();
    wr_log *log = open_ok(io, "data/t-0", &config);
    put_ok(log, &(batch_plan){.value_size = 60});
    wr_sim_set_capacity(sim, wr_log_size(log) + 100);
    wr_appended appended;
    while (put(log, &(batch_plan){.value_size = 60}, &appended) == WEIR_OK)
        continue;
    CHECK_OK(wr_log_sync(log));
    wr_sim_set_capacity(sim, -1);
    wr_sim_advance_ms(sim, WR_LOG_RETRY_MS);
    int64_t last = put_ok(log, &(batch_plan){.value_size = 900}); /* begins a segment */
    CHECK_OK(wr_log_sync(log));
    wr_log_abandon(log);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(wr_log_end_offset(log), last + 1);
    CHECK_OK(wr_log_close(log));
    wr_sim_free(sim);
}

/* ---- what is told */

TEST(a_full_log_says_why_once_tries_again_now_and_then_and_says_when_it_is_open_again)
{
    wr_sim *sim = wr_sim_new(7);
    wr_io *io = wr_sim_io(sim);
    wr_log_config config = small_config();
    wr_log *log = open_ok(io, "data/t-0", &config);
    CHECK(!wr_log_take_change(log));
    put_ok(log, &(batch_plan){.value_size = 60});
    wr_sim_set_capacity(sim, wr_log_size(log) + 100);
    wr_appended appended;
    CHECK_EQ(put(log, &(batch_plan){.value_size = 60}, &appended), WEIR_E_FULL);
    CHECK_EQ(wr_log_state_of(log), WR_LOG_FULL);
    CHECK(wr_log_take_change(log));
    CHECK(!wr_log_take_change(log));
    const wr_log_cause *cause = wr_log_cause_of(log);
    CHECK_EQ(cause->err, WEIR_E_FULL);
    CHECK_EQ(cause->os_error, ENOSPC);
    CHECK_STR(cause->call, "write");
    CHECK_STR(cause->file, "00000000000000000000.log");

    wr_sim_set_capacity(sim, -1);
    uint64_t writes = wr_sim_write_count(sim);
    CHECK_EQ(put(log, &(batch_plan){.value_size = 60}, &appended), WEIR_E_FULL); /* too soon to ask the disk */
    CHECK_EQ(wr_sim_write_count(sim), writes);
    CHECK_OK(wr_log_sync(log)); /* what it has can be made durable */
    CHECK_EQ(wr_log_synced_offset(log), 1);
    wr_sim_advance_ms(sim, WR_LOG_RETRY_MS);
    CHECK_EQ(put_ok(log, &(batch_plan){.value_size = 60}), 1);
    CHECK_EQ(wr_log_state_of(log), WR_LOG_OPEN);
    CHECK(wr_log_take_change(log));
    CHECK(!wr_log_take_change(log));
    CHECK_EQ(read_ok(log, 1000), 2);
    CHECK_OK(wr_log_close(log));
    wr_sim_free(sim);
}

TEST(a_retry_of_what_is_stored_is_answered_also_while_the_log_is_full)
{
    wr_sim *sim = wr_sim_new(7);
    wr_log_config config = small_config();
    wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", &config);
    batch_plan plan = {.producer = true, .producer_id = 5};
    put_ok(log, &plan);
    wr_sim_set_capacity(sim, wr_log_size(log));
    wr_appended appended;
    CHECK_EQ(put(log, &(batch_plan){0}, &appended), WEIR_E_FULL);
    CHECK_OK(put(log, &plan, &appended));
    CHECK(appended.duplicate);
    CHECK_EQ(wr_log_state_of(log), WR_LOG_FULL);
    wr_log_abandon(log);
    wr_sim_free(sim);
}

TEST(a_failed_sync_is_told_with_its_cause)
{
    wr_sim *sim = wr_sim_new(7);
    wr_log_config config = small_config();
    wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", &config);
    put_ok(log, &(batch_plan){0});
    wr_sim_fail_at(sim, wr_sim_write_count(sim), EIO);
    CHECK_EQ(wr_log_sync(log), WEIR_E_IO);
    CHECK_EQ(wr_log_state_of(log), WR_LOG_BROKEN);
    CHECK(wr_log_take_change(log));
    CHECK_EQ(wr_log_cause_of(log)->os_error, EIO);
    CHECK_STR(wr_log_cause_of(log)->call, "sync");
    wr_appended appended;
    CHECK_EQ(put(log, &(batch_plan){0}, &appended), WEIR_E_BROKEN);
    CHECK(!wr_log_take_change(log));
    CHECK_EQ(wr_log_close(log), WEIR_E_BROKEN);
    wr_sim_free(sim);
}

TEST(a_file_that_cannot_be_removed_is_removed_later)
{
    wr_sim *sim = wr_sim_new(7);
    wr_io *io = wr_sim_io(sim);
    wr_log_config config = small_config();
    config.segment_size = 150;
    config.retention_size = 300;
    config.file_delete_delay_ms = 0;
    wr_log *log = open_ok(io, "data/t-0", &config);
    for (int i = 0; i < 6; i++)
        put_ok(log, &(batch_plan){.value_size = 60});
    CHECK_OK(wr_log_sync(log));
    int64_t next_ms;
    for (uint64_t n = 0; n < 12; n++) {
        wr_sim_fail_at(sim, wr_sim_write_count(sim) + n, EIO);
        weir_err err = wr_log_retain(log, 0, &next_ms);
        wr_sim_fail_at(sim, UINT64_MAX, EIO);
        CHECK(err == WEIR_OK || !wr_log_broken(log) || is_sync(sim));
        if (wr_log_broken(log)) {
            wr_log_abandon(log);
            log = open_ok(io, "data/t-0", &config);
        }
        wr_sim_advance_ms(sim, 61000);
        put_ok(log, &(batch_plan){.value_size = 60});
        CHECK_OK(wr_log_sync(log));
    }
    CHECK_OK(wr_log_retain(log, 0, &next_ms));
    wr_sim_advance_ms(sim, 61000);
    CHECK_OK(wr_log_retain(log, 0, &next_ms));
    CHECK(!wr_path_exists(io, "data/t-0/00000000000000000000.log"));
    CHECK(!wr_path_exists(io, "data/t-0/00000000000000000000.log.deleted"));
    CHECK(!wr_path_exists(io, "data/t-0/00000000000000000003.log"));
    read_ok(log, 1000);
    wr_log_abandon(log);
    wr_sim_free(sim);
}
