/* Timers and delayed events, on the simulated cluster and a virtual clock. */
#include "timers_testing.h"

static int64_t cancel(fixture *f, const char *id)
{
    plan p = {.timer = {.id = id}, .call = CANCEL, .changes = -1};
    CHECK_EQ(in_tx(f, carry_out, &p), WEIR_DONE);
    return p.changes;
}

/* What one timer or event does to others, by its number. */
enum { SETS_ITSELF = 20, CANCELS_B, REPLACES_B, SETS_AND_RETRIES, SETS_A, MOVES_A };

static weir_status on_due(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    thing it;
    if (weir_decode(tx, event, thing_fields, &it) != WEIR_DONE)
        return weir_tx_status(tx);
    weir_event again = {.type = "thing.due", .subject = event->subject, .data = event->data};
    weir_event other = {.type = "thing.due", .subject = "B", .data = WEIR_SLICE("{\"n\":9}")};
    if (it.n == SETS_ITSELF)
        weir_after(tx, &(weir_timer){.id = event->subject, .after_ms = MINUTE_MS, .event = &again});
    if (it.n == CANCELS_B)
        weir_cancel(tx, "B");
    if (it.n == REPLACES_B || it.n == SETS_AND_RETRIES)
        weir_after(tx, &(weir_timer){.id = "B", .after_ms = MINUTE_MS, .event = &other});
    if (it.n == SETS_A || it.n == MOVES_A)
        weir_after(tx, &(weir_timer){.id = "A", .after_ms = it.n == MOVES_A ? HOUR_MS : 0, .event = &other});
    return on_happened(tx, event, f);
}

static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_due, .retry = {.max = 4, .base_ms = 100}},
                                        {.type = "thing.due", .run = on_due, .retry = {.max = 3, .base_ms = 1000}},
                                        {0}};

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    service->handlers = handlers;
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

TEST(a_timer_comes_once_and_when_it_is_due_whatever_the_wall_clock_does)
{
    const int64_t jumps[] = {0, -HOUR_MS, HOUR_MS, -YEAR_MS, YEAR_MS};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        CHECK_EQ(set_after(&f, "a", 10 * MINUTE_MS + 7, 1), WEIR_DONE);
        int64_t set_ms = wall_ms(&f);
        jump(&f, jumps[i]);
        int64_t waited_ms = wait_for_effects(&f, 1, HOUR_MS);
        CHECK(waited_ms >= 10 * MINUTE_MS && waited_ms <= 10 * MINUTE_MS + 10);
        wait_for_effects(&f, 2, HOUR_MS);
        CHECK_EQ(COUNT(&f, "effects WHERE key = 'a' AND n = 1"), 1);
        CHECK_EQ(COUNT(&f, "weir_timers"), 0);
        CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
        CHECK(set_ms > 0);
        fixture_end(&f);
    }
}

TEST(a_timer_that_was_set_before_a_jump_and_a_restart_waits_as_long_as_without)
{
    const int64_t jumps[] = {-HOUR_MS, HOUR_MS, -YEAR_MS, YEAR_MS};
    for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        CHECK_EQ(set_after(&f, "a", 10 * MINUTE_MS, 1), WEIR_DONE);
        jump(&f, jumps[i]);
        fixture_turns(&f, 1); /* the core sees that the clock was set */
        fixture_restart(&f);
        int64_t waited_ms = wait_for_effects(&f, 1, HOUR_MS);
        CHECK(waited_ms >= 10 * MINUTE_MS - 1000 && waited_ms <= 10 * MINUTE_MS + 1000);
        fixture_end(&f);
    }
}

TEST(the_wall_clock_set_back_while_the_service_is_stopped_makes_no_timer_wait_longer_than_it_was_set_for)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    CHECK_EQ(set_after(&f, "a", 10 * MINUTE_MS, 1), WEIR_DONE);
    wr_core_free(f.core);
    f.core = NULL;
    jump(&f, -YEAR_MS);
    fixture_start(&f);
    CHECK(wait_for_effects(&f, 1, HOUR_MS) <= 10 * MINUTE_MS + 1000);
    fixture_end(&f);
}

TEST(a_timer_at_a_time_follows_the_wall_clock_within_a_minute)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    CHECK_EQ(set_at(&f, "a", wall_ms(&f) + 2 * HOUR_MS, 1), WEIR_DONE);
    jump(&f, HOUR_MS);
    int64_t waited_ms = wait_for_effects(&f, 1, 3 * HOUR_MS);
    CHECK(waited_ms >= HOUR_MS - 10 && waited_ms <= HOUR_MS + MINUTE_MS);
    CHECK_EQ(set_at(&f, "b", wall_ms(&f) + HOUR_MS, 2), WEIR_DONE);
    jump(&f, -HOUR_MS);
    waited_ms = wait_for_effects(&f, 2, 3 * HOUR_MS);
    CHECK(waited_ms >= 2 * HOUR_MS - 10 && waited_ms <= 2 * HOUR_MS + 10);
    CHECK_EQ(set_at(&f, "c", wall_ms(&f) + HOUR_MS, 3), WEIR_DONE);
    jump(&f, YEAR_MS);
    CHECK(wait_for_effects(&f, 3, 3 * HOUR_MS) <= MINUTE_MS);
    CHECK_EQ(set_at(&f, "d", 1, 4), WEIR_DONE); /* a time that has passed */
    CHECK(wait_for_effects(&f, 4, HOUR_MS) <= 10);
    fixture_end(&f);
}

TEST(what_came_due_while_the_service_was_stopped_is_handled_once_in_the_order_of_due_times)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.batch_max = 2;
    fixture_rejoin(&f);
    CHECK_EQ(set_after(&f, "c", 30 * MINUTE_MS, 3), WEIR_DONE);
    CHECK_EQ(set_at(&f, "b", wall_ms(&f) + 20 * MINUTE_MS, 2), WEIR_DONE);
    CHECK_EQ(set_after(&f, "e", 50 * MINUTE_MS, 5), WEIR_DONE);
    CHECK_EQ(set_after(&f, "a", 10 * MINUTE_MS, 1), WEIR_DONE);
    CHECK_EQ(set_at(&f, "d", wall_ms(&f) + 40 * MINUTE_MS, 4), WEIR_DONE);
    CHECK_EQ(set_after(&f, "f", 90 * MINUTE_MS, 6), WEIR_DONE);
    wr_core_free(f.core);
    f.core = NULL;
    wr_sim_advance_ms(f.machine, HOUR_MS);
    fixture_start(&f);
    CHECK(metric(&f, "weir_timers_overdue_seconds") >= 49 * 60);
    CHECK_EQ((int)metric(&f, "weir_timers"), 6);
    CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
    CHECK_EQ(COUNT(&f, "effects"), 2); /* as many as a batch takes */
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 5);
    CHECK_EQ(COUNT(&f, "effects AS one JOIN effects AS other ON one.at < other.at AND one.n > other.n"), 0);
    CHECK_EQ((int)metric(&f, "weir_timers"), 1);
    CHECK_EQ((int)metric(&f, "weir_timers_fired_total"), 5);
    CHECK(metric(&f, "weir_timers_overdue_seconds") == 0);
    fixture_end(&f);
}

TEST(a_timer_is_replaced_by_its_id_and_cancelled_once)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    CHECK_EQ(set_after(&f, "a", MINUTE_MS, 1), WEIR_DONE);
    CHECK_EQ(set_after(&f, "a", 5 * MINUTE_MS, 2), WEIR_DONE);
    CHECK_EQ(set_after(&f, "b", MINUTE_MS, 3), WEIR_DONE);
    CHECK_EQ(set_after(&f, NULL, 2 * MINUTE_MS, 4), WEIR_DONE);
    CHECK_EQ(set_after(&f, NULL, 2 * MINUTE_MS, 5), WEIR_DONE);
    CHECK_EQ((int)metric(&f, "weir_timers"), 4);
    CHECK_EQ(cancel(&f, "b"), 1);
    CHECK_EQ(cancel(&f, "b"), 0);
    CHECK_EQ(cancel(&f, "never"), 0);
    CHECK_EQ(cancel(&f, ""), 0);
    int64_t waited_ms = wait_for_effects(&f, 3, HOUR_MS);
    CHECK(waited_ms >= 5 * MINUTE_MS - 10);
    CHECK_EQ(COUNT(&f, "effects WHERE n IN (2, 4, 5)"), 3);
    CHECK_EQ(cancel(&f, "a"), 0); /* too late */
    CHECK_EQ((int)metric(&f, "weir_timers"), 0);
    fixture_end(&f);
}

TEST(a_timer_that_the_same_batch_cancels_or_replaces_before_its_turn_does_not_come)
{
    const int first[] = {CANCELS_B, REPLACES_B};
    for (int i = 0; i < 2; i++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        CHECK_EQ(set_after(&f, "A", MINUTE_MS, first[i]), WEIR_DONE);
        CHECK_EQ(set_after(&f, "B", MINUTE_MS, 2), WEIR_DONE);
        wr_sim_advance_ms(f.machine, 2 * MINUTE_MS);
        CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
        CHECK_EQ(COUNT(&f, "effects"), 1);
        wait_for_effects(&f, 3, 5 * MINUTE_MS);
        CHECK_EQ(COUNT(&f, "effects WHERE n = 2"), 0);
        CHECK_EQ(COUNT(&f, "effects WHERE n = 9"), i);
        fixture_end(&f);
    }
}

TEST(an_event_of_the_batch_in_which_a_timer_is_due_comes_before_it)
{
    const int numbers[] = {CANCELS_B, MOVES_A};
    for (int i = 0; i < 2; i++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        CHECK_EQ(set_after(&f, i ? "A" : "B", MINUTE_MS, 1), WEIR_DONE);
        wr_sim_advance_ms(f.machine, 2 * MINUTE_MS);
        fixture_happen(&f, "k", numbers[i]);
        fixture_turns(&f, 4);
        CHECK_EQ(COUNT(&f, "effects WHERE n = 1"), 0);
        CHECK_EQ(COUNT(&f, "weir_timers"), i);
        fixture_end(&f);
    }
}

TEST(a_handler_that_sets_its_own_timer_again_is_called_each_time)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    CHECK_EQ(set_after(&f, "a", MINUTE_MS, SETS_ITSELF), WEIR_DONE);
    int64_t waited_ms = wait_for_effects(&f, 10, HOUR_MS);
    CHECK(waited_ms >= 10 * MINUTE_MS - 10 && waited_ms <= 10 * MINUTE_MS + 100);
    CHECK_EQ(COUNT(&f, "weir_timers"), 1);
    CHECK_EQ((int)metric(&f, "weir_timers"), 1);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects) AS d"), 10);
    fixture_end(&f);
}

TEST(what_a_handler_set_is_undone_with_it)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.retries_left[SETS_AND_RETRIES] = 3;
    fixture_happen(&f, "k", SETS_AND_RETRIES);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "weir_parked"), 1);
    CHECK_EQ(COUNT(&f, "weir_timers"), 0);
    CHECK_EQ((int)metric(&f, "weir_timers"), 0);
    plan p = {.timer = {.id = "x", .after_ms = 1}, .then = WEIR_REJECT};
    CHECK_EQ(in_tx(&f, carry_out, &p), WEIR_REJECT);
    CHECK_EQ((int)metric(&f, "weir_timers"), 0);
    CHECK_EQ(set_after(&f, "y", HOUR_MS, 1), WEIR_DONE);
    p = (plan){.timer = {.id = "y"}, .call = CANCEL, .then = WEIR_RETRY};
    CHECK_EQ(in_tx(&f, carry_out, &p), WEIR_RETRY);
    CHECK_EQ(COUNT(&f, "weir_timers"), 1);
    CHECK_EQ((int)metric(&f, "weir_timers"), 1);
    wait_for_effects(&f, 2, 10 * MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 9"), 1);
    fixture_end(&f);
}

TEST(a_timer_that_asks_for_a_retry_comes_again_by_the_policy_and_holds_nothing_up)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.retries_left[1] = 2;
    CHECK_EQ(set_after(&f, "a", MINUTE_MS, 1), WEIR_DONE);
    CHECK_EQ(set_after(&f, "b", MINUTE_MS, 2), WEIR_DONE);
    int64_t waited_ms = wait_for_effects(&f, 1, HOUR_MS);
    CHECK(waited_ms <= MINUTE_MS + 10);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 2"), 1);
    CHECK_EQ(COUNT(&f, "weir_timers WHERE attempts = 1 AND reason = 'not yet'"), 1);
    fixture_restart(&f); /* attempts outlive the process */
    waited_ms = wait_for_effects(&f, 2, HOUR_MS);
    CHECK(waited_ms >= 500 + 1000 - 1000 && waited_ms <= 1000 + 2000 + 10);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 1"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
    f.retries_left[3] = 3; /* as many as there are attempts */
    CHECK_EQ(set_after(&f, "c", 0, 3), WEIR_DONE);
    wait_for_effects(&f, 3, 10 * MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 3"), 0);
    CHECK_EQ(COUNT(&f, "weir_timers"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    fixture_end(&f);
}

static void check_letter(fixture *f, int32_t partition, int64_t offset, void *user)
{
    const char *const *reason = user;
    CHECK_STR(fixture_header(f, "tally.dlq", partition, offset, "weir-dlq-reason"), *reason);
    CHECK_STR(fixture_header(f, "tally.dlq", partition, offset, "weir-dlq-original-topic"), "tally.timers");
    CHECK_STR(fixture_header(f, "tally.dlq", partition, offset, "ce_type"), "thing.due");
}

TEST(a_timer_that_is_rejected_or_has_lost_its_handler_is_a_dead_letter)
{
    static const weir_handler without[] = {{.type = "thing.happened", .run = on_happened}, {0}};
    static const weir_handler newer[] = {{.type = "thing.due", .version = 2, .run = on_happened}, {0}};
    static const struct {
        const char *reason;
        const weir_handler *handlers;
    } rows[] = {{"rejected", handlers}, {"unknown-type", without}, {"unknown-version", newer}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        f.rejects[1] = true;
        CHECK_EQ(set_after(&f, "a", MINUTE_MS, 1), WEIR_DONE);
        service.handlers = rows[i].handlers;
        fixture_rejoin(&f);
        for (int turn = 0; turn < 10; turn++)
            CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
        CHECK_EQ(COUNT(&f, "weir_timers"), 0);
        const char *reason = rows[i].reason;
        CHECK_EQ(fixture_each(&f, "tally.dlq", check_letter, &reason), 1);
        fixture_end(&f);
    }
}

TEST(a_timer_whose_handler_stops_the_service_is_there_at_the_next_start)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    CHECK_EQ(set_after(&f, "a", MINUTE_MS, 1), WEIR_DONE);
    f.fatal[1] = true;
    wr_sim_advance_ms(f.machine, MINUTE_MS);
    weir_err err = WEIR_OK;
    for (int i = 0; i < 3 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, 0, &f.failure);
    CHECK_EQ(err, WEIR_E_BROKEN);
    CHECK(strstr(f.failure.sentence, "tally.timers"));
    f.fatal[1] = false;
    fixture_restart(&f);
    wait_for_effects(&f, 1, HOUR_MS);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 1"), 1);
    fixture_end(&f);
}

TEST(delayed_events_are_published_when_they_are_due_and_in_that_order)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.topic_prefix = "p.";
    fixture_rejoin(&f);
    const int order[] = {3, 1, 4, 2};
    for (int i = 0; i < 4; i++) {
        plan p = {.timer = {.after_ms = order[i] * MINUTE_MS}, .key = "k", .n = order[i], .call = EMIT};
        CHECK_EQ(in_tx(&f, carry_out, &p), WEIR_DONE);
    }
    plan gone = {.timer = {.id = "gone", .after_ms = MINUTE_MS}, .key = "k", .call = EMIT};
    plan sent = {.timer = {.id = "sent", .at_ms = wall_ms(&f) + MINUTE_MS}, .key = "k", .n = 7, .call = SEND};
    CHECK_EQ(in_tx(&f, carry_out, &gone), WEIR_DONE);
    CHECK_EQ(in_tx(&f, carry_out, &sent), WEIR_DONE);
    CHECK_EQ(cancel(&f, "gone"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "p.out"), 0);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    f.options.topic_prefix = "";
    fixture_restart(&f);
    for (int minute = 0; minute <= 4; minute++) {
        CHECK_EQ(wr_sim_count(f.cluster, "p.out"), minute);
        CHECK_EQ(wr_sim_count(f.cluster, "p.elsewhere"), minute > 0);
        int64_t end_ms = wall_ms(&f) + MINUTE_MS;
        while (wall_ms(&f) < end_ms)
            CHECK_OK(wr_core_turn(f.core, (int)(end_ms - wall_ms(&f)), &f.failure));
        fixture_turns(&f, 2);
    }
    for (int32_t partition = 0; partition < 2; partition++)
        for (int64_t offset = 0; offset < wr_sim_end(f.cluster, "p.out", partition); offset++) {
            const wr_client_record *record = wr_sim_record(f.cluster, "p.out", partition, offset);
            CHECK_EQ(record->value.data[5], '1' + offset); /* {"n":1} */
        }
    fixture_end(&f);
}

TEST(mistakes_of_the_program_and_values_that_cannot_be_are_told_apart)
{
    static char long_id[257];
    memset(long_id, 'x', 256);
    const struct {
        plan plan;
        weir_status ends;
    } rows[] = {
        {{.timer = {.after_ms = 1, .at_ms = 1}}, WEIR_FATAL},
        {{.timer = {.after_ms = -1}}, WEIR_REJECT},
        {{.timer = {.at_ms = INT64_MIN}}, WEIR_REJECT},
        {{.timer = {.id = ""}}, WEIR_REJECT},
        {{.timer = {.id = long_id}}, WEIR_REJECT},
        {{.timer = {.id = "\xff"}}, WEIR_REJECT},
        {{.timer = {.id = long_id + 1, .after_ms = INT64_MAX}}, WEIR_DONE},
        {{.timer = {.id = "b", .at_ms = INT64_MAX}}, WEIR_DONE},
        {{.timer = {.id = "c", .at_ms = INT64_MAX - 1}}, WEIR_DONE},
        {{.timer = {.id = "d", .after_ms = INT64_MAX - 1}}, WEIR_DONE},
        {{.call = CANCEL}, WEIR_FATAL},
    };
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plan p = rows[i].plan;
        CHECK_EQ(in_tx(&f, carry_out, &p), rows[i].ends);
    }
    CHECK_EQ(COUNT(&f, "weir_timers"), 4);
    f.options.message_size_max = 50;
    service.handlers = tally_handlers; /* none of thing.due */
    service.produces = NULL;
    fixture_restart(&f);
    CHECK_EQ(set_after(&f, "c", 1, 1), WEIR_FATAL);
    CHECK_EQ(in_tx(&f, carry_out, &(plan){.call = EMIT}), WEIR_FATAL);
    CHECK_EQ(in_tx(&f, carry_out, &(plan){.call = SEND, .key = "k"}), WEIR_REJECT);
    service.handlers = handlers;
    fixture_restart(&f);
    CHECK_EQ(set_after(&f, "c", 1, 1), WEIR_REJECT);
    wait_for_effects(&f, 1, HOUR_MS);
    CHECK_EQ(COUNT(&f, "effects"), 0);
    CHECK_EQ(COUNT(&f, "weir_timers"), 4);
    fixture_end(&f);
}

static weir_status try_to_set(void *user, weir_tx *tx)
{
    return carry_out(tx, user);
}

TEST(a_query_neither_sets_nor_cancels)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    char reason[240];
    weir_arena *arena = weir_arena_new(1 << 20);
    for (int call = AFTER; call <= CANCEL; call++) {
        plan p = {.timer = {.id = "a", .after_ms = 1}, .key = "k", .call = call};
        CHECK_EQ(wr_core_query(f.core, "GET /", try_to_set, &p, arena, reason), WEIR_FATAL);
        CHECK(strstr(reason, "a query cannot"));
    }
    CHECK_EQ(COUNT(&f, "weir_timers"), 0);
    weir_arena_free(arena);
    fixture_end(&f);
}

/* ---- crashes */

/* Events that set timers, timers, and delayed events, crashing at the given call of the hook; how many calls there were. */
static int run_with_crash(int crash_at, bool hold_acks)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.batch_max = 3;
    fixture_rejoin(&f);
    for (int n = 1; n <= 4; n++)
        CHECK_EQ(set_after(&f, NULL, n * 40, n), WEIR_DONE);
    for (int n = 0; n < 2; n++) {
        plan p = {.timer = {.after_ms = 60 + n}, .key = "k", .n = n, .call = EMIT};
        CHECK_EQ(in_tx(&f, carry_out, &p), WEIR_DONE);
    }
    f.retries_left[2] = 1;
    fixture_happen(&f, "a", REPLACES_B);
    fixture_happen(&f, "a", SETS_A);
    int64_t before = f.crash_calls;
    f.crash_at = crash_at < 0 ? -1 : (int)before + crash_at;
    wr_sim_hold_acks(f.cluster, hold_acks);
    for (int i = 0; i < 60; i++)
        if (wr_core_turn(f.core, 50, &f.failure) != WEIR_OK) {
            f.retries_left[2] = 1;
            fixture_restart(&f);
            wr_sim_hold_acks(f.cluster, false);
        }
    wr_sim_hold_acks(f.cluster, false);
    int calls = f.crash_calls - (int)before;
    f.crash_at = -1;
    wait_for_effects(&f, 8, 2 * MINUTE_MS); /* four, two events, and the two that these set */
    fixture_turns(&f, 5);
    CHECK_EQ(COUNT(&f, "effects"), 8);
    CHECK_EQ(COUNT(&f, "effects WHERE n BETWEEN 1 AND 4"), 4);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 9"), 2);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects) AS d"), 8);
    CHECK_EQ(COUNT(&f, "weir_timers"), 0);
    CHECK_EQ((int)metric(&f, "weir_timers"), 0);

    /* A reader of `out` sees what they emitted, and what was delayed, exactly once. */
    static const weir_handler all[] = {
        {.type = "thing.counted", .run = on_counted}, {.type = "thing.due", .run = on_counted}, {0}};
    fixture audit = f;
    weir_service audit_service = {
        .name = "audit", .consumes = "out", .migrations = tally_migrations(), .handlers = all};
    fixture_database(&audit);
    audit.options.service = &audit_service;
    audit.options.database = audit.database;
    audit.options.crash = NULL;
    audit.core = NULL;
    fixture_start(&audit);
    fixture_turns(&audit, 20);
    CHECK_EQ(COUNT(&audit, "effects"), 10);
    CHECK_EQ(COUNT(&audit, "(SELECT DISTINCT id FROM effects) AS d"), 10);
    wr_core_free(audit.core);
    fixture_end(&f);
    return calls;
}

TEST(a_crash_at_any_step_neither_loses_nor_doubles_a_timer)
{
    int calls = run_with_crash(-1, false);
    CHECK(calls > 8);
    for (int at = 0; at < calls; at++)
        for (int hold = 0; hold < 2; hold++)
            run_with_crash(at, hold);
}
