/* A core that has failed and is not dead: what is under way is waited for, and what was acknowledged is deleted. */
#include "outbox_testing.h"

TEST(a_service_that_stops_at_the_same_event_again_and_again_publishes_what_came_before_once)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.fatal[1] = true;
    fixture_happen(&f, "a", 0);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 1); /* acknowledged, and not deleted yet */
    fixture_happen(&f, "a", 1);
    for (int life = 0; life < 4; life++) {
        CHECK(fixture_turns_until_failure(&f) != WEIR_OK);
        wr_core_settle(f.core, 8000);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
        fixture_rejoin(&f);
    }
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    f.fatal[1] = false;
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 2);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    fixture_end(&f);
}

TEST(what_is_not_acknowledged_when_a_service_gives_up_stays_in_its_outbox)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.fatal[1] = true;
    fixture_happen(&f, "b", 0);
    fixture_turns(&f, 2);
    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    CHECK(fixture_turns_until_failure(&f) != WEIR_OK);
    int64_t start_ms = fixture_now_ms(&f);
    wr_core_settle(f.core, 3000);
    CHECK(fixture_now_ms(&f) - start_ms >= 3000 && fixture_now_ms(&f) - start_ms <= 3100);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 1);
    wr_sim_hold_appends(f.cluster, false);
    f.fatal[1] = false;
    fixture_rejoin(&f);
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3);
    fixture_end(&f);
}

TEST(a_row_that_is_refused_while_a_service_gives_up_stays_in_its_outbox)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    f.fatal[1] = true;
    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "a", 0);
    fixture_happen(&f, "b", 2);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    CHECK(fixture_turns_until_failure(&f) != WEIR_OK);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_appends(f.cluster, false);
    wr_core_settle(f.core, 3000);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 1"), 1);
    fixture_end(&f);
}

/* The marks of refused rows go with a transaction that fails; to delete the rows around them would lose them. */
TEST(a_core_that_fails_at_any_step_and_settles_loses_no_row_whether_refused_or_not)
{
    int step = 0;
    for (bool has_failed = true; has_failed; step++) {
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        f.options.batch_max = 2;
        fixture_restart(&f);
        for (int i = 0; i < 8; i++)
            fixture_happen(&f, i % 3 ? "a" : "b", i);
        wr_sim_refuse(f.cluster, "out", 1);
        f.crash_at = step;
        has_failed = false;
        for (int i = 0; i < 20; i++)
            if (wr_core_turn(f.core, 50, &f.failure) != WEIR_OK) {
                has_failed = true;
                wr_core_settle(f.core, 3000);
                fixture_restart(&f);
            }
        f.crash_at = -1;
        fixture_turns_ms(&f, 8, 20000);
        CHECK_EQ(COUNT(&f, "effects"), 8);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
        CHECK_EQ(audited(&f), 8);
        fixture_end(&f);
    }
    CHECK(step > 8);
}
