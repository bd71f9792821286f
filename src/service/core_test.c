/* A service from an event to what it publishes, through crashes, starts and stops, on a simulated cluster. */
#include "outbox_testing.h"

TEST(an_event_changes_tables_and_emits_with_its_context)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects WHERE id = 'id-1' AND n = 1 AND key = 'a'"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    int32_t p = wr_sim_end(f.cluster, "out", 0) ? 0 : 1;
    char id[WR_UUID_TEXT_SIZE];
    wr_event_derive_id("tally", "id-1", 0, id);
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_id"), id);
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_type"), "thing.counted");
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_source"), "tally");
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_correlationid"), "id-1");
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_causationid"), "id-1");
    CHECK_STR(fixture_header(&f, "out", p, 0, "weir-outbox-id"), wr_core_outbox_id(f.core));
    CHECK_STR(fixture_header(&f, "out", p, 0, "weir-outbox-sequence"), "1");
    const char *trace = fixture_header(&f, "out", p, 0, "traceparent");
    CHECK(strncmp(trace, "00-4bf92f3577b34da6a3ce929d0e0e4736-", 36) == 0 && !strstr(trace, "00f067aa0ba902b7"));
    fixture_end(&f);
}

TEST(an_idle_service_waits_and_an_acknowledged_outbox_is_emptied)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns_ms(&f, 10, -1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 0) + wr_sim_committed(f.cluster, "tally", "in", 1), 1 - 1001);
    f.waited_ms = 0;
    CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(f.waited_ms, 60000);
    fixture_end(&f);
}

/* Run 12 events to the end, crashing at the given call of the hook; how many calls there were. */
static int run_with_crash(int crash_at, bool hold_acks, char ret_ids[12][WR_UUID_TEXT_SIZE])
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.batch_max = 3;
    fixture_restart(&f);
    for (int i = 0; i < 12; i++)
        fixture_happen(&f, i % 3 ? "a" : "b", i);
    f.crash_at = crash_at;
    wr_sim_hold_acks(f.cluster, hold_acks);
    for (int i = 0; i < 30; i++)
        if (wr_core_turn(f.core, 50, &f.failure) != WEIR_OK) {
            fixture_restart(&f);
            wr_sim_hold_acks(f.cluster, false);
        }
    wr_sim_hold_acks(f.cluster, false);
    f.crash_at = -1; /* a run with fewer calls may not have got there */
    fixture_turns(&f, 5);
    fixture_check_once(&f, 12);
    CHECK(wr_sim_count(f.cluster, "out") >= 12);

    /* A consumer of `out` sees each exactly once, however often it was published. */
    fixture audit;
    weir_service audit_service;
    audit_begin(&audit, &audit_service, &f);
    fixture_turns(&audit, 20);
    fixture_check_once(&audit, 12);
    for (int i = 0; i < 12; i++) {
        char source[16];
        snprintf(source, sizeof source, "id-%d", i);
        wr_event_derive_id("tally", source, 0, ret_ids[i]);
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM effects WHERE id = '%s'", ret_ids[i]);
        CHECK_EQ(fixture_number(audit.database, sql), 1);
    }
    audit_end(&audit);
    int calls = f.crash_calls;
    fixture_end(&f);
    return calls;
}

TEST(a_crash_at_any_step_neither_loses_nor_doubles_an_effect)
{
    char ids[12][WR_UUID_TEXT_SIZE];
    int calls = run_with_crash(-1, false, ids);
    CHECK(calls > 8);
    for (int at = 0; at < calls; at++)
        for (int hold = 0; hold < 2; hold++)
            run_with_crash(at, hold, ids);
}

/* Their numbers can tell a repetition only where they were published before. */
TEST(events_without_a_key_are_published_again_where_they_were)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 12; i++) {
        wr_sim_hold_acks(f.cluster, true);
        fixture_happen(&f, NULL, i);
        fixture_turns(&f, 5);
        fixture_restart(&f);
        wr_sim_hold_acks(f.cluster, false);
        fixture_turns(&f, 5);
    }
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 24);

    CHECK_EQ(audited(&f), 12);
    fixture_end(&f);
}

TEST(what_the_group_reads_again_is_known_already)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 6; i++)
        fixture_happen(&f, i % 2 ? "a" : "b", i);
    fixture_turns(&f, 4);
    for (int32_t p = 0; p < 2; p++)
        CHECK_OK(wr_sim_commit(f.cluster, "tally", "in", p, 0));
    wr_sim_rebalance(f.cluster, "tally");
    fixture_turns(&f, 4);
    fixture_happen(&f, "a", 6);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 7);
    fixture_end(&f);
}

TEST(the_same_event_twice_from_a_foreign_producer_counts_once_within_the_window)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    wr_sim_advance_ms(f.machine, (int64_t)8 * 24 * 3600 * 1000);
    fixture_happen(&f, "a", 2); /* its batch prunes */
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_seen"), 1);
    fixture_end(&f);
}

TEST(who_has_lost_a_partition_commits_nothing_for_it)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 3);
    fixture_exec(f.database, "UPDATE weir_inbox SET epoch = epoch + 1"); /* somebody newer took them */
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 0);
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE next_offset <> -1001"), 0);
    fixture_rejoin(&f);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    fixture_end(&f);
}

static void check_rising(fixture *f, int32_t p, int64_t o, void *user)
{
    int64_t *highest = user;
    int64_t sequence = strtoll(fixture_header(f, "out", p, o, "weir-outbox-sequence"), NULL, 10);
    if (sequence > highest[p])
        highest[p] = sequence;
}

TEST(a_broken_producer_is_made_anew_and_all_that_was_not_acknowledged_is_sent_again_in_order)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 6; i++)
        fixture_happen(&f, "a", i);
    wr_sim_hold_acks(f.cluster, true);
    fixture_turns(&f, 3);
    wr_sim_break_producers(f.cluster);
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns(&f, 4);
    CHECK_EQ(wr_core_outbox_count(f.core), 0);
    int64_t highest[2] = {0, 0};
    CHECK(fixture_each(&f, "out", check_rising, highest) >= 6);
    CHECK_EQ(highest[0] + highest[1], 6);
    fixture_end(&f);
}

TEST(a_drain_publishes_what_is_committed_and_tells_the_group)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 6; i++)
        fixture_happen(&f, "a", i);
    wr_sim_hold_appends(f.cluster, true);
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 0);
    wr_sim_hold_appends(f.cluster, false);
    CHECK_OK(wr_core_drain(f.core, 8000, &f.failure));
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 6);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 0) + wr_sim_committed(f.cluster, "tally", "in", 1), 6 - 1001);
    fixture_end(&f);
}

TEST(a_drain_without_a_broker_ends_in_time_and_the_next_start_publishes)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 1);
    wr_sim_down(f.cluster, true);
    fixture_turns(&f, 2);
    CHECK_OK(wr_core_drain(f.core, 3000, &f.failure));
    wr_sim_down(f.cluster, false);
    fixture_restart(&f);
    fixture_turns(&f, 4);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    fixture_end(&f);
}

TEST(health_knows_that_the_broker_went_away_and_that_it_is_back)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_buf health;
    wr_buf_init(&health, 4096);
    for (int away = 0; away < 4; away++) {
        wr_sim_down(f.cluster, away % 2);
        fixture_turns(&f, 1);
        wr_buf_clear(&health);
        CHECK(wr_core_health(f.core, &health)); /* ready all the same: there is room in the outbox */
        wr_buf_append(&health, "", 1);
        CHECK(strstr((const char *)health.data, away % 2 ? "\"unreachable\"" : "\"ok\"") != NULL);
        CHECK_EQ(strstr((const char *)health.data, "\"reasons\":[\"the broker cannot be reached: ") != NULL, away % 2);
    }
    wr_buf_fini(&health);
    fixture_end(&f);
}

TEST(a_topic_prefix_stands_before_topics_and_group_and_handlers_do_not_see_it)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.topic_prefix = "run1.";
    fixture_restart(&f);
    fixture_turns(&f, 3);
    CHECK(wr_sim_end(f.cluster, "run1.in", 0) == 0);
    fixture_end(&f);
}
