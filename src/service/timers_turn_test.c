/* Whose turn it is: many timers, events beside them, a full outbox, a stop. */
#include "timers_testing.h"

enum { SETS_ITSELF_FOR_THE_PAST = 20, BATCH = 10 };

static weir_status on_due(weir_tx *tx, const weir_event *event, void *user)
{
    thing it;
    if (weir_decode(tx, event, thing_fields, &it) != WEIR_DONE)
        return weir_tx_status(tx);
    if (it.n == SETS_ITSELF_FOR_THE_PAST) {
        weir_event again = {.type = "thing.due", .subject = event->subject, .data = event->data};
        weir_after(tx, &(weir_timer){.id = event->subject, .at_ms = 1, .event = &again});
    }
    return on_happened(tx, event, user);
}

static const weir_handler handlers[] = {
    {.type = "thing.happened", .run = on_due, .retry = {.max = 9, .base_ms = HOUR_MS, .max_ms = HOUR_MS}},
    {.type = "thing.due", .run = on_due},
    {0}};

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    service->handlers = handlers;
    f->options.batch_max = BATCH;
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

TEST(an_event_is_handled_while_more_timers_are_due_than_a_batch_takes)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int n = 0; n < 5 * BATCH; n++)
        CHECK_EQ(set_after(&f, NULL, MINUTE_MS, 30), WEIR_DONE);
    wr_sim_advance_ms(f.machine, 2 * MINUTE_MS);
    fixture_happen(&f, "k", 7);
    CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
    CHECK_EQ(COUNT(&f, "effects WHERE n = 7"), 1);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 30"), BATCH);
    fixture_turns(&f, 5);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 30"), 5 * BATCH);
    fixture_end(&f);
}

TEST(a_timer_that_sets_itself_for_a_time_that_has_passed_keeps_no_other_from_its_turn)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.batch_max = 1;
    fixture_rejoin(&f);
    CHECK_EQ(set_after(&f, "again", 0, SETS_ITSELF_FOR_THE_PAST), WEIR_DONE);
    CHECK_EQ(set_after(&f, "other", 1, 1), WEIR_DONE);
    wr_sim_advance_ms(f.machine, 10);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 1"), 1);
    CHECK_EQ(COUNT(&f, "weir_timers"), 1);
    fixture_end(&f);
}

TEST(a_timer_waits_behind_no_parked_event_of_its_key)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.retries_left[2] = 1;
    fixture_happen(&f, "k", 2);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "weir_parked"), 1);
    CHECK_EQ(set_after(&f, "k", MINUTE_MS, 3), WEIR_DONE);
    CHECK(wait_for_effects(&f, 1, HOUR_MS / 4) <= MINUTE_MS + 10);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 3"), 1);
    wait_for_effects(&f, 2, 2 * HOUR_MS);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 2"), 1);
    fixture_end(&f);
}

TEST(a_delayed_event_waits_behind_more_inserted_rows_than_one_transaction_takes)
{
    enum { ROWS = 10001 };
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.insert_poll_ms = 500;
    f.options.outbox_max = 1000000;
    fixture_rejoin(&f);
    CHECK_EQ(in_tx(&f, carry_out, &(plan){.timer = {.after_ms = MINUTE_MS}, .key = "a", .n = 9, .call = EMIT}),
             WEIR_DONE);
    wr_sim_advance_ms(f.machine, 2 * MINUTE_MS);
    fixture_exec(f.database, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)"
                             " INSERT INTO weir_outbox_inserts (aggregateid, type, payload)"
                             " SELECT 'a', 'thing.counted', '{\"n\":0}' FROM n");
    CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_timers"), 1);
    fixture_turns(&f, 4);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), ROWS + 1);
    int32_t p = wr_sim_end(f.cluster, "out", 0) ? 0 : 1;
    const wr_client_record *last = wr_sim_record(f.cluster, "out", p, wr_sim_end(f.cluster, "out", p) - 1);
    CHECK(weir_slice_equal(last->value, WEIR_SLICE("{\"n\":9}")));
    fixture_end(&f);
}

TEST(a_stop_leaves_what_is_due_for_the_next_start)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    CHECK_EQ(set_after(&f, "a", MINUTE_MS, 1), WEIR_DONE);
    wr_sim_advance_ms(f.machine, 2 * MINUTE_MS);
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_timers"), 1);
    fixture_restart(&f);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 1"), 1);
    fixture_end(&f);
}

TEST(a_delayed_event_that_has_become_too_large_is_set_aside_and_holds_nothing_up)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    char key[401] = "";
    memset(key, 'k', sizeof key - 1);
    CHECK_EQ(in_tx(&f, carry_out, &(plan){.timer = {.after_ms = MINUTE_MS}, .key = key, .n = 1, .call = EMIT}),
             WEIR_DONE);
    CHECK_EQ(set_after(&f, "a", 2 * MINUTE_MS, 2), WEIR_DONE);
    f.options.message_size_max = 1000;
    fixture_restart(&f);
    wr_sim_advance_ms(f.machine, 3 * MINUTE_MS);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "weir_timers"), 0);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 2"), 1);
    CHECK_EQ(COUNT(&f, "weir_set_aside WHERE topic = 'out'"), 1);
    CHECK_EQ((int)metric(&f, "weir_outbox_set_aside"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
    wr_sim_advance_ms(f.machine, 100); /* what was published is deleted */
    fixture_turns(&f, 2);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    fixture_exec(f.database, "UPDATE weir_set_aside SET again = 1"); /* weir outbox requeue */
    f.options.message_size_max = 0;
    fixture_restart(&f);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 2);
    fixture_end(&f);
}

TEST(timers_wait_while_the_outbox_is_above_its_limit_without_a_turn_that_does_nothing)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.outbox_max = 4;
    fixture_rejoin(&f);
    fixture_turns(&f, 2);
    wr_sim_hold_acks(f.cluster, true);
    for (int n = 1; n <= 5; n++)
        fixture_happen(&f, "a", n);
    CHECK_EQ(set_after(&f, "t", MINUTE_MS, 6), WEIR_DONE);
    wr_sim_advance_ms(f.machine, 2 * MINUTE_MS);
    for (int i = 0; i < 20; i++) {
        int64_t before_ms = wall_ms(&f);
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
        CHECK(i < 2 || wall_ms(&f) > before_ms); /* it waited */
    }
    CHECK_EQ(COUNT(&f, "effects WHERE n = 6"), 0);
    CHECK(metric(&f, "weir_timers_overdue_seconds") >= 60);
    wr_sim_hold_acks(f.cluster, false);
    wait_for_effects(&f, 6, MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 6"), 1);
    fixture_end(&f);
}

TEST(a_million_timers_fire_batch_by_batch_in_their_order)
{
    enum { COUNT_ALL = 1000000, BATCH = 100 };
    fixture f;
    weir_service service;
    if (fixture_is_on_server())
        return; /* the statements are the same; a million rows take it too long */
    begin(&f, &service);
    CHECK_EQ(set_after(&f, "a", HOUR_MS, 1), WEIR_DONE);
    f.options.batch_max = BATCH;
    wr_core_free(f.core);
    f.core = NULL;
    fixture_exec(
        f.database,
        "INSERT INTO weir_timers (kind, id, is_at, due_ms, wanted_ms, set_ms, key, value, headers) "
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
        "SELECT 0, 'n' || i, i % 2, due_ms + i, due_ms + i, set_ms, key, '{\"n\":' || (i + 100) || '}', headers "
        "FROM n, weir_timers WHERE id = 'a';"
        "UPDATE weir_meta SET value = '1000001' WHERE key = 'timers.count'");
    fixture_start(&f);
    wr_sim_rebalance(f.cluster, "tally");
    fixture_turns(&f, 2);
    CHECK_EQ((int)metric(&f, "weir_timers"), COUNT_ALL + 1);
    CHECK_EQ(COUNT(&f, "effects"), 0);
    wr_sim_advance_ms(f.machine, 2 * HOUR_MS);
    for (int i = 1; i <= 10; i++) {
        CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
        CHECK_EQ(COUNT(&f, "effects"), i * BATCH);
    }
    CHECK_EQ(COUNT(&f, "effects AS one WHERE n <> at + 99 AND at > 1"), 0);
    CHECK_EQ((int)metric(&f, "weir_timers"), COUNT_ALL + 1 - 10 * BATCH);
    fixture_end(&f);
}
