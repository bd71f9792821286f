/* What a service does at its limits: it stops reading and refuses commands, and goes on when there is room again. */
#include "core_testing.h"

typedef struct order {
    wr_core_command command; /* first */
    bool is_done;
    weir_status ended;
} order;

static weir_status run_order(wr_core_command *command, weir_tx *tx)
{
    (void)command;
    return weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = "c"});
}

static void order_done(wr_core_command *command, weir_status status, const char *reason)
{
    order *o = (order *)command;
    CHECK(status == WEIR_DONE || reason[0]);
    o->is_done = true;
    o->ended = status;
}

static order order_new(weir_arena *arena)
{
    return (order){.command = {.run = run_order, .done = order_done, .arena = arena}};
}

TEST(reading_stops_while_too_much_is_unpublished)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.outbox_max = 5;
    f.options.batch_max = 2;
    fixture_rejoin(&f);
    wr_sim_hold_acks(f.cluster, true);
    for (int i = 0; i < 20; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 20);
    CHECK(COUNT(&f, "effects") >= 5 && COUNT(&f, "effects") <= 7);
    fixture_check_health(&f, false, "events are not published: outbox.max is 5, ");
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns(&f, 40);
    CHECK_EQ(COUNT(&f, "effects"), 20);
    fixture_end(&f);
}

TEST(an_event_too_large_to_publish_is_rejected_when_emitted)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.message_size_max = 100;
    fixture_rejoin(&f);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    fixture_end(&f);
}

TEST(limits_of_one_let_one_through_at_a_time)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.outbox_max = 1;
    f.options.parked_max = 1;
    f.options.batch_max = 1;
    fixture_rejoin(&f);
    f.retries_left[1] = 1;
    for (int i = 0; i < 4; i++)
        fixture_happen(&f, i % 2 ? "a" : "b", i);
    fixture_turns_ms(&f, 60, 100);
    CHECK_EQ(COUNT(&f, "effects"), 4);
    fixture_end(&f);
}

/* A rebalance while reading is stopped, with less in the outbox than the limit and more than half of it. */
TEST(commands_are_taken_again_after_a_rebalance_while_reading_was_stopped)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.outbox_max = 10;
    fixture_rejoin(&f);
    wr_sim_hold_acks(f.cluster, true);
    for (int i = 0; i < 10; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 5);
    weir_arena *arena = weir_arena_new(1 << 20);
    order o = order_new(arena);
    CHECK_EQ(wr_core_submit(f.core, &o.command), WEIR_E_LIMIT);
    wr_sim_release_acks(f.cluster, 3);
    fixture_turns(&f, 1);
    CHECK_EQ(wr_core_outbox_count(f.core), 7);
    CHECK_EQ(wr_core_submit(f.core, &o.command), WEIR_E_LIMIT);
    wr_sim_rebalance(f.cluster, "tally");
    fixture_turns(&f, 2);
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns(&f, 3);
    CHECK_EQ(wr_core_outbox_count(f.core), 0);
    fixture_check_health(&f, true, "");
    CHECK_OK(wr_core_submit(f.core, &o.command));
    fixture_turns(&f, 2);
    CHECK(o.is_done && o.ended == WEIR_DONE);
    weir_arena_free(arena);
    fixture_end(&f);
}

/* The outbox of an earlier life is longer than the limit, and nobody takes it: nothing may be emitted before it. */
TEST(a_command_does_not_wait_for_an_outbox_that_cannot_be_read_to_its_end)
{
    if (fixture_is_on_server())
        return;
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_exec(f.database, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
                             " INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
                             " SELECT i, 'out', CAST('k' AS BLOB), x'7b7d', x'', 1 FROM n;"
                             "INSERT INTO weir_meta VALUES ('outbox.sequence', '2500')"
                             " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    f.options.outbox_max = 1000;
    service.consumes = NULL;
    service.handlers = NULL;
    wr_sim_down(f.cluster, true);
    fixture_restart(&f);
    weir_arena *arena = weir_arena_new(1 << 20);
    order early = order_new(arena), late = order_new(arena);
    CHECK_OK(wr_core_submit(f.core, &early.command));
    fixture_turns(&f, 2);
    CHECK(early.is_done && early.ended == WEIR_RETRY);
    CHECK_EQ(wr_core_submit(f.core, &late.command), WEIR_E_LIMIT);
    fixture_check_health(&f, false, "");

    wr_sim_down(f.cluster, false);
    fixture_turns_ms(&f, 10, 100);
    CHECK_OK(wr_core_submit(f.core, &late.command));
    fixture_turns(&f, 2);
    CHECK(late.is_done && late.ended == WEIR_DONE);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 2501);
    weir_arena_free(arena);
    fixture_end(&f);
}

/* Handlers are slow, and more keys come due than they can take. */
static weir_status on_slow(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    (void)event;
    wr_sim_advance_ms(f->machine, 50);
    return weir_retry(tx, "still not");
}

TEST(a_drain_ends_in_time_however_much_is_due)
{
    static const weir_handler slow[] = {
        {.type = "thing.happened", .run = on_slow, .retry = {.max = 1000, .base_ms = 100, .max_ms = 100}}, {0}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    service.handlers = slow;
    fixture_rejoin(&f);
    for (int i = 0; i < 40; i++)
        fixture_happen_apart(&f, i);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_parked"), 40);
    int64_t start_us = wr_mono_us(wr_sim_io(f.machine));
    CHECK_OK(wr_core_drain(f.core, 3000, &f.failure));
    int64_t took_ms = (wr_mono_us(wr_sim_io(f.machine)) - start_us) / 1000;
    printf("  drained in %lld ms\n", (long long)took_ms);
    CHECK(took_ms < 3000 + 40 * 50);
    fixture_end(&f);
}

static void count_renewals(void *user, const char *line, size_t size)
{
    static const char said[] = "the producer is made anew";
    (void)size;
    *(int *)user += strstr(line, said) != NULL;
}

/* As with a cluster on which we may not write idempotently. */
TEST(a_producer_that_breaks_again_and_again_is_made_anew_after_longer_and_longer_whiles)
{
    fixture f;
    weir_service service;
    int renewals = 0;
    fixture_begin(&f, &service);
    wr_trace trace = {.write = count_renewals, .sink = &renewals, .level = WR_WARN};
    f.options.trace = &trace;
    fixture_rejoin(&f);
    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 2);
    for (int i = 0; i < 1000; i++) {
        wr_sim_break_producers(f.cluster);
        CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
    }
    CHECK_EQ(renewals, 1); /* no time has passed */
    int64_t start_us = wr_mono_us(wr_sim_io(f.machine));
    while (wr_mono_us(wr_sim_io(f.machine)) - start_us < 60000000) {
        wr_sim_break_producers(f.cluster);
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    }
    printf("  %d in a minute\n", renewals);
    CHECK(renewals >= 5 && renewals <= 20);
    wr_sim_hold_appends(f.cluster, false);
    fixture_turns_ms(&f, 4, 20000);
    CHECK_EQ(wr_core_outbox_count(f.core), 0);
    CHECK_EQ(COUNT(&f, "effects"), 1);

    /* what was acknowledged meanwhile makes the next one new at once */
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 3);
    renewals = 0;
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 1);
    wr_sim_break_producers(f.cluster);
    fixture_turns(&f, 1);
    CHECK_EQ(renewals, 1);
    wr_sim_hold_acks(f.cluster, false);
    fixture_end(&f);
}
