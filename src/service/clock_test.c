/* Waiting follows the monotonic clock: the wall clock may jump both ways. */
#include "core_testing.h"

#include <limits.h>

enum { HOUR_MS = 3600000 };

static void jump(fixture *f, int64_t ms)
{
    wr_sim_set_wall_ms(f->machine, wr_now_ms(wr_sim_io(f->machine)) + ms);
}

/* Milliseconds of monotonic time until number 0, which is parked, is done; at most ten minutes. */
static int64_t wait_for_retry(fixture *f)
{
    int64_t start_us = wr_mono_us(wr_sim_io(f->machine));
    for (int i = 0; i < 600 && COUNT(f, "effects") == 0; i++)
        CHECK_OK(wr_core_turn(f->core, 1000, &f->failure));
    CHECK_EQ(COUNT(f, "effects"), 1);
    return (wr_mono_us(wr_sim_io(f->machine)) - start_us) / 1000;
}

static void park(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    f->retries_left[0] = 1;
    fixture_happen(f, "a", 0);
    fixture_turns(f, 2);
    CHECK_EQ(COUNT(f, "weir_parked"), 1);
}

TEST(a_retry_comes_when_it_is_due_whatever_the_wall_clock_does)
{
    const int64_t jumps[] = {0, -HOUR_MS, HOUR_MS, -24 * (int64_t)HOUR_MS * 365, 24 * (int64_t)HOUR_MS * 365};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        fixture f;
        weir_service service;
        park(&f, &service);
        jump(&f, jumps[i]);
        int64_t waited_ms = wait_for_retry(&f);
        CHECK(waited_ms >= 50 && waited_ms <= 1000);
        fixture_end(&f);
    }
}

TEST(a_retry_comes_when_it_is_due_after_a_restart_with_another_wall_clock)
{
    const int64_t jumps[] = {-HOUR_MS, HOUR_MS, -24 * (int64_t)HOUR_MS * 365};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        fixture f;
        weir_service service;
        park(&f, &service);
        jump(&f, jumps[i]);
        fixture_restart(&f);
        CHECK(wait_for_retry(&f) <= 2100);
        fixture_end(&f);
    }
}

TEST(a_due_time_that_no_policy_can_have_set_is_cut_to_the_longest_delay)
{
    fixture f;
    weir_service service;
    park(&f, &service);
    fixture_exec(f.database, "UPDATE weir_parked SET due_ms = 9223372036854775807");
    fixture_restart(&f);
    CHECK(wait_for_retry(&f) <= 61000); /* thing.tried has the default policy, a minute at most */
    fixture_end(&f);
}

TEST(a_policy_at_its_limits_overflows_nothing)
{
    static const weir_handler handlers[] = {
        {.type = "thing.happened", .run = on_happened, .retry = {INT_MAX, INT_MAX, INT_MAX}}, {0}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    service.handlers = handlers;
    fixture_rejoin(&f);
    f.retries_left[0] = 3;
    fixture_happen(&f, "a", 0);
    for (int i = 0; i < 3; i++) {
        fixture_turns(&f, 3);
        CHECK_EQ(COUNT(&f, "effects"), 0);
        CHECK_EQ(COUNT(&f, "weir_parked WHERE due_ms > 0"), 1);
        wr_sim_advance_ms(f.machine, INT_MAX);
    }
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    fixture_end(&f);
}

TEST(acknowledged_rows_are_deleted_and_the_group_is_told_while_the_wall_clock_stands_in_the_past)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 1);
    jump(&f, -HOUR_MS);
    fixture_turns_ms(&f, 8, 1000);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 0) + wr_sim_committed(f.cluster, "tally", "in", 1), 1 - 1001);
    fixture_end(&f);
}

TEST(the_window_of_seen_ids_counts_the_time_that_the_service_ran)
{
    const int64_t day_ms = 24 * HOUR_MS;
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    jump(&f, 365 * day_ms);
    wr_sim_advance_ms(f.machine, 6 * day_ms);
    fixture_happen(&f, "a", 2);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK_EQ(COUNT(&f, "weir_seen"), 2);
    jump(&f, -730 * day_ms);
    wr_sim_advance_ms(f.machine, 2 * day_ms);
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_seen"), 2); /* 1 is forgotten */
    fixture_end(&f);
}

TEST(a_damaged_number_in_weir_meta_is_said_with_its_file_and_never_taken_for_another)
{
    static const char *const keys[] = {"clock", "outbox.sequence"};
    static const char *const values[] = {"17x", "", "-5", "1e3", " 7", "99999999999999999999", "9223372036854775807"};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            fixture f;
            weir_service service;
            char sql[200];
            park(&f, &service);
            wr_core_free(f.core);
            f.core = NULL;
            snprintf(sql, sizeof sql,
                     "INSERT INTO weir_meta VALUES ('%s', '%s') ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                     keys[k], values[v]);
            fixture_exec(f.database, sql);
            CHECK_EQ(wr_core_new(&f.options, &f.core, &f.failure), WEIR_E_CORRUPT);
            char shown[200];
            wr_store_url_print(f.database, shown, sizeof shown);
            CHECK(strstr(f.failure.sentence, shown));
            CHECK(strstr(f.failure.sentence, keys[k]));
            CHECK(strstr(f.failure.sentence, "restore"));
            snprintf(sql, sizeof sql, "UPDATE weir_meta SET value = '70' WHERE key = '%s'", keys[k]);
            fixture_exec(f.database, sql);
            fixture_start(&f);
            fixture_end(&f);
        }
}
