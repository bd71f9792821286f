#include "core_testing.h"

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
    for (int i = 0; i < 10; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
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
    CHECK_EQ(COUNT(&f, "effects"), 12);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects)"), 12);
    CHECK(wr_sim_count(f.cluster, "out") >= 12);

    /* A consumer of `out` sees each exactly once, however often it was published. */
    fixture audit = f;
    weir_service audit_service = {
        .name = "audit", .consumes = "out", .migrations = tally_migrations, .handlers = audit_handlers};
    fixture_database(&audit);
    audit.options.service = &audit_service;
    audit.options.database = audit.database;
    audit.options.crash = NULL;
    audit.core = NULL;
    fixture_start(&audit);
    fixture_turns(&audit, 20);
    CHECK_EQ(COUNT(&audit, "effects"), 12);
    CHECK_EQ(COUNT(&audit, "(SELECT DISTINCT id FROM effects)"), 12);
    for (int i = 0; i < 12; i++) {
        char source[16];
        snprintf(source, sizeof source, "id-%d", i);
        wr_event_derive_id("tally", source, 0, ret_ids[i]);
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM effects WHERE id = '%s'", ret_ids[i]);
        CHECK_EQ(fixture_number(audit.database, sql), 1);
    }
    wr_core_free(audit.core);
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

    fixture audit = f;
    weir_service audit_service = {
        .name = "audit", .consumes = "out", .migrations = tally_migrations, .handlers = audit_handlers};
    fixture_database(&audit);
    audit.options.service = &audit_service;
    audit.options.database = audit.database;
    audit.core = NULL;
    fixture_start(&audit);
    fixture_turns(&audit, 20);
    CHECK_EQ(COUNT(&audit, "effects"), 12);
    CHECK_EQ(COUNT(&audit, "(SELECT DISTINCT id FROM effects)"), 12);
    wr_core_free(audit.core);
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

TEST(a_retry_parks_its_key_in_order_while_other_keys_flow)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.retries_left[0] = 3;
    for (int i = 0; i < 5; i++)
        fixture_happen(&f, "a", i);
    for (int i = 5; i < 8; i++)
        fixture_happen(&f, "b", i);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'b'"), 3);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'a'"), 0);
    CHECK_EQ(COUNT(&f, "weir_parked"), 5);
    fixture_happen(&f, "a", 8);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "weir_parked"), 6);
    fixture_restart(&f); /* parked keys are still parked */
    for (int i = 0; i < 30; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_parked"), 0);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'a'"), 6);
    CHECK_EQ(fixture_number(f.database, "SELECT count(*) FROM effects x JOIN effects y ON x.key = y.key AND x.at < y.at"
                                        " WHERE x.n > y.n"),
             0);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
    fixture_end(&f);
}

static void check_exhausted(fixture *f, int32_t p, int64_t o, void *user)
{
    (void)user;
    CHECK_STR(fixture_header(f, "tally.dlq", p, o, "weir-dlq-reason"), "exhausted");
    CHECK_STR(fixture_header(f, "tally.dlq", p, o, "weir-dlq-error"), "not yet");
    CHECK_STR(fixture_header(f, "tally.dlq", p, o, "weir-dlq-attempts"), "4");
    CHECK_STR(fixture_header(f, "tally.dlq", p, o, "ce_id"), "id-0");
}

TEST(attempts_used_up_end_as_a_dead_letter_and_the_key_goes_on)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.retries_left[0] = 100;
    fixture_happen(&f, "a", 0);
    fixture_happen(&f, "a", 1);
    for (int i = 0; i < 30; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(fixture_each(&f, "tally.dlq", check_exhausted, NULL), 1);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 1"), 1);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 0"), 0);
    CHECK_EQ(COUNT(&f, "weir_parked"), 0);
    fixture_end(&f);
}

static void find_reasons(fixture *f, int32_t p, int64_t o, void *user)
{
    char *reasons = user;
    strcat(strcat(reasons, fixture_header(f, "tally.dlq", p, o, "weir-dlq-reason")), " ");
    CHECK_STR(fixture_header(f, "tally.dlq", p, o, "weir-dlq-original-topic"), "in");
    CHECK_STR(fixture_header(f, "tally.dlq", p, o, "weir-dlq-group"), "tally");
    const wr_client_record *record = wr_sim_record(f->cluster, "tally.dlq", p, o);
    if (strcmp(fixture_header(f, "tally.dlq", p, o, "weir-dlq-reason"), "undecodable") == 0) {
        CHECK(weir_slice_equal(record->value, WEIR_SLICE("\xff\xfe junk")));
        CHECK(weir_slice_equal(record->key, WEIR_SLICE("k")));
        CHECK_STR(fixture_header(f, "tally.dlq", p, o, "x-mine"), "kept");
    }
}

TEST(poison_goes_to_the_dead_letter_topic_as_it_came)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    const wr_client_header mine = {"x-mine", WEIR_SLICE("kept")};
    CHECK_OK(wr_sim_append(f.cluster, &(wr_client_record){.topic = "in",
                                                          .partition = -1,
                                                          .key = WEIR_SLICE("k"),
                                                          .value = WEIR_SLICE("\xff\xfe junk"),
                                                          .headers = &mine,
                                                          .header_count = 1}));
    const wr_client_header tried[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                      {"ce_id", WEIR_SLICE("t")},
                                      {"ce_source", WEIR_SLICE("s")},
                                      {"ce_type", WEIR_SLICE("thing.tried")},
                                      {"ce_dataversion", WEIR_SLICE("9")}};
    CHECK_OK(wr_sim_append(f.cluster,
                           &(wr_client_record){.topic = "in", .partition = 0, .headers = tried, .header_count = 5}));
    const wr_client_header unknown[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                        {"ce_id", WEIR_SLICE("u")},
                                        {"ce_source", WEIR_SLICE("s")},
                                        {"ce_type", WEIR_SLICE("nobody.cares")}};
    CHECK_OK(wr_sim_append(f.cluster,
                           &(wr_client_record){.topic = "in", .partition = 0, .headers = unknown, .header_count = 4}));
    f.rejects[2] = true;
    fixture_happen(&f, "a", 2);
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 4);
    char reasons[300] = "";
    CHECK_EQ(fixture_each(&f, "tally.dlq", find_reasons, reasons), 3);
    CHECK(strstr(reasons, "undecodable") && strstr(reasons, "unknown-version") && strstr(reasons, "rejected"));
    CHECK_EQ(COUNT(&f, "effects"), 1); /* the rejected one left nothing */
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    fixture_end(&f);
}

TEST(a_fatal_handler_stops_before_anything_of_the_batch_commits)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.fatal[1] = true;
    fixture_happen(&f, "a", 0);
    fixture_happen(&f, "a", 1);
    weir_err err = WEIR_OK;
    for (int i = 0; i < 4 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, 0, &f.failure);
    CHECK(err != WEIR_OK);
    CHECK(strstr(f.failure.sentence, "thing.happened"));
    CHECK_EQ(COUNT(&f, "effects"), 0);
    CHECK_EQ(wr_core_turn(f.core, 0, &f.failure), WEIR_E_BROKEN);
    f.fatal[1] = false;
    fixture_rejoin(&f);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    fixture_end(&f);
}

static void list_numbers(fixture *f, int32_t p, int64_t o, void *user)
{
    (void)p;
    char *text = user;
    const wr_client_record *record = wr_sim_record(f->cluster, "out", p, o);
    snprintf(text + strlen(text), 300 - strlen(text), "%.*s", (int)record->value.size,
             (const char *)record->value.data);
}

TEST(a_refused_row_freezes_its_key_and_the_next_start_sends_it_in_order)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    fixture_happen(&f, "a", 2);
    fixture_happen(&f, "b", 3);
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1); /* b only */
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state <> 0"), 2);
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    CHECK(wr_core_health(f.core, &text));
    CHECK(strstr(wr_buf_cstr(&text), "\"refused\":2"));
    wr_buf_clear(&text);
    wr_core_metrics(f.core, &text);
    CHECK(strstr(wr_buf_cstr(&text), "weir_outbox_refused{service=\"tally\"} 2"));
    wr_buf_fini(&text);

    fixture_restart(&f);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    char numbers[300] = "";
    CHECK_EQ(fixture_each(&f, "out", list_numbers, numbers), 3);
    CHECK(strstr(numbers, "{\"n\":1}") < strstr(numbers, "{\"n\":2}"));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

TEST(what_was_published_behind_a_refused_row_is_not_published_under_another_number)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 1);
    wr_sim_release_acks(f.cluster, 1); /* the refusal is heard, the other's acknowledgement is not */
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 3); /* never sent: it waits behind the refused one */
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state <> 0"), 2);
    wr_sim_hold_acks(f.cluster, false);
    fixture_restart(&f);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);

    fixture audit = f;
    weir_service audit_service = {
        .name = "audit", .consumes = "out", .migrations = tally_migrations, .handlers = audit_handlers};
    fixture_database(&audit);
    audit.options.service = &audit_service;
    audit.options.database = audit.database;
    audit.core = NULL;
    fixture_start(&audit);
    fixture_turns(&audit, 20);
    CHECK_EQ(COUNT(&audit, "effects"), 3);
    CHECK_EQ(COUNT(&audit, "(SELECT DISTINCT id FROM effects)"), 3);
    wr_core_free(audit.core);
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
    wr_buf text;
    wr_buf_init(&text, 4096);
    CHECK(!wr_core_health(f.core, &text));
    CHECK(strstr(wr_buf_cstr(&text), "events are not published: outbox.max is 5, "));
    wr_buf_fini(&text);
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

/* ---- commands */
typedef struct order {
    wr_core_command command; /* first */
    weir_status wanted, ended;
    bool is_done;
    fixture *f;
    int64_t effects_when_done;
} order;

static weir_status run_order(wr_core_command *command, weir_tx *tx)
{
    order *o = (order *)command;
    weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES ('command', 99, 'c')");
    weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = "c"});
    return o->wanted == WEIR_DONE ? weir_tx_status(tx) : o->wanted;
}

static void order_done(wr_core_command *command, weir_status status, const char *reason)
{
    order *o = (order *)command;
    (void)reason;
    o->is_done = true;
    o->ended = status;
    o->effects_when_done = COUNT(o->f, "effects");
}

TEST(a_command_commits_beside_events_and_is_answered_after_the_commit)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    weir_arena *arena = weir_arena_new(1 << 20);
    order good = {.command = {.run = run_order, .done = order_done, .arena = arena, .id = "r-1"}, .f = &f};
    order bad = good;
    bad.wanted = WEIR_REJECT;
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    CHECK_OK(wr_core_submit(f.core, &good.command));
    CHECK_OK(wr_core_submit(f.core, &bad.command));
    fixture_turns(&f, 1);
    CHECK(good.is_done && bad.is_done);
    CHECK_EQ(good.ended, WEIR_DONE);
    CHECK_EQ(bad.ended, WEIR_REJECT);
    CHECK_EQ(good.effects_when_done, 2); /* visible to others: committed, with the event */
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 2);
    CHECK_OK(wr_core_drain(f.core, 100, &f.failure));
    CHECK_EQ(wr_core_submit(f.core, &good.command), WEIR_E_CLOSED);
    weir_arena_free(arena);
    fixture_end(&f);
}

TEST(a_drain_right_after_the_start_loses_nothing_of_an_earlier_life)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 6; i++)
        fixture_happen(&f, "a", i);
    wr_sim_hold_appends(f.cluster, true);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 6);
    fixture_restart(&f);
    order o = {.command = {.run = run_order, .done = order_done, .arena = weir_arena_new(1 << 20)},
               .wanted = WEIR_DONE,
               .f = &f};
    CHECK_OK(wr_core_submit(f.core, &o.command));
    wr_sim_hold_appends(f.cluster, false);
    CHECK_OK(wr_core_drain(f.core, 8000, &f.failure));
    CHECK(o.is_done && o.ended == WEIR_DONE);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 7);
    int64_t highest[2] = {0, 0};
    fixture_each(&f, "out", check_rising, highest);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    weir_arena_free(o.command.arena);
    fixture_end(&f);
}

TEST(a_drain_that_cannot_publish_what_an_earlier_life_has_left_keeps_it)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 6; i++)
        fixture_happen(&f, "a", i);
    wr_sim_hold_appends(f.cluster, true);
    fixture_turns(&f, 3);
    fixture_exec(f.database, "WITH RECURSIVE n (i) AS (SELECT 7 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
                             " INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
                             " SELECT i, topic, key, value, headers, created_ms FROM weir_outbox, n WHERE sequence = 1;"
                             "UPDATE weir_meta SET value = '2500' WHERE key = 'outbox.sequence'");
    f.options.outbox_max = 10;
    fixture_restart(&f); /* a thousand rows get into memory, the others do not */
    order o = {.command = {.run = run_order, .done = order_done, .arena = weir_arena_new(1 << 20)},
               .wanted = WEIR_DONE,
               .f = &f};
    CHECK_OK(wr_core_submit(f.core, &o.command));
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure));
    wr_sim_hold_appends(f.cluster, false);
    fixture_restart(&f);
    for (int i = 0; i < 20; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK(o.is_done);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), o.ended == WEIR_DONE ? 2501 : 2500);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    weir_arena_free(o.command.arena);
    fixture_end(&f);
}

TEST(a_command_of_a_batch_that_fails_is_told_that_nothing_was_done)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    weir_arena *arena = weir_arena_new(1 << 20);
    order good = {.command = {.run = run_order, .done = order_done, .arena = arena}, .f = &f};
    fixture_turns(&f, 2);
    f.fatal[1] = true;
    fixture_happen(&f, "a", 1);
    CHECK_OK(wr_core_submit(f.core, &good.command));
    CHECK(wr_core_turn(f.core, 0, &f.failure) != WEIR_OK);
    CHECK(good.is_done);
    CHECK_EQ(good.ended, WEIR_FATAL);
    CHECK(!good.command.in_doubt);
    CHECK_EQ(good.effects_when_done, 0);
    weir_arena_free(arena);
    fixture_end(&f);
}

TEST(a_command_whose_commit_fails_is_told_that_it_is_in_doubt)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_exec(f.database,
                 "CREATE TABLE children (parent INTEGER REFERENCES effects (at)"
                 " DEFERRABLE INITIALLY DEFERRED);"
                 "CREATE TRIGGER orphan AFTER INSERT ON weir_meta BEGIN INSERT INTO children VALUES (77); END");
    weir_arena *arena = weir_arena_new(1 << 20);
    order bad = {.command = {.run = run_order, .done = order_done, .arena = arena}, .f = &f};
    CHECK_OK(wr_core_submit(f.core, &bad.command));
    weir_err err = WEIR_OK;
    for (int i = 0; i < 2 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, 0, &f.failure);
    CHECK(err != WEIR_OK);
    CHECK(bad.is_done && bad.ended == WEIR_FATAL && bad.command.in_doubt);
    weir_arena_free(arena);
    fixture_end(&f);
}

static weir_status count_effects(void *user, weir_tx *tx)
{
    weir_rows *rows = weir_query(tx, "SELECT count(*) FROM effects");
    if (weir_rows_next(rows))
        *(int64_t *)user = weir_rows_int(rows, 0);
    return weir_emit(tx, &(weir_event){.type = "x", .subject = "y"});
}

TEST(a_query_reads_and_cannot_emit)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    weir_arena *arena = weir_arena_new(1 << 20);
    int64_t count = -1;
    char reason[240];
    CHECK_EQ(wr_core_query(f.core, "GET /x", count_effects, &count, arena, reason), WEIR_FATAL);
    CHECK_EQ(count, 1);
    CHECK(strstr(reason, "cannot emit"));
    weir_arena_free(arena);
    fixture_end(&f);
}

/* What is committed while a query runs, it does not see. */
typedef struct looker {
    fixture *f;
    int64_t before, after;
} looker;

static int64_t count_now(weir_tx *tx)
{
    weir_rows *rows = weir_query(tx, "SELECT count(*) FROM effects");
    int64_t count = weir_rows_next(rows) ? weir_rows_int(rows, 0) : -1;
    weir_rows_end(rows);
    return count;
}

static weir_status look_twice(void *user, weir_tx *tx)
{
    looker *looker = user;
    looker->before = count_now(tx);
    fixture_happen(looker->f, "a", 2);
    fixture_turns(looker->f, 2);
    CHECK_EQ(COUNT(looker->f, "effects"), 2);
    looker->after = count_now(tx);
    return weir_tx_status(tx);
}

TEST(a_query_sees_one_state_of_the_database_from_its_first_statement_on)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    weir_arena *arena = weir_arena_new(1 << 20);
    looker looker = {.f = &f};
    char reason[240];
    CHECK_EQ(wr_core_query(f.core, "GET /x", look_twice, &looker, arena, reason), WEIR_DONE);
    CHECK_EQ(looker.before, 1);
    CHECK_EQ(looker.after, 1);
    int64_t count = -1;
    CHECK_EQ(wr_core_query(f.core, "GET /x", count_effects, &count, arena, reason), WEIR_FATAL);
    CHECK_EQ(count, 2); /* and the next one sees what was committed before it */
    weir_arena_free(arena);
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

/* The database is ahead of the topic: somebody has deleted it and made it anew, or the broker has lost its end. */
static void make_position_too_high(fixture *f)
{
    fixture_exec(f->database, "UPDATE weir_inbox SET next_offset = 100");
    fixture_restart(f);
}

static void check_below(fixture *f, const char *line)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_core_metrics(f->core, &text);
    CHECK(strstr(wr_buf_cstr(&text), line));
    wr_buf_fini(&text);
}

TEST(a_topic_that_ends_before_the_position_is_read_anew_and_known_events_are_told_by_their_ids)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 3; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 3);
    make_position_too_high(&f);
    for (int i = 3; i < 5; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 5);
    CHECK_EQ(COUNT(&f, "effects"), 5);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects)"), 5);
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE next_offset = 5"), 1);
    check_below(&f, "weir_inbox_below_position_total{service=\"tally\"} 1\n");
    fixture_end(&f);
}

TEST(a_topic_that_ends_before_the_position_is_read_anew_and_known_events_are_told_by_their_numbers)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 3; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 5);
    fixture audit = f;
    weir_service audit_service = {
        .name = "audit", .consumes = "out", .migrations = tally_migrations, .handlers = audit_handlers};
    fixture_database(&audit);
    audit.options.service = &audit_service;
    audit.options.database = audit.database;
    audit.core = NULL;
    fixture_start(&audit);
    fixture_turns(&audit, 5);
    CHECK_EQ(COUNT(&audit, "effects"), 3);
    make_position_too_high(&audit);
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 5);
    fixture_turns(&audit, 5);
    CHECK_EQ(COUNT(&audit, "effects"), 4);
    CHECK_EQ(COUNT(&audit, "(SELECT DISTINCT id FROM effects)"), 4);
    wr_core_free(audit.core);
    fixture_end(&f);
}

static weir_status on_torn(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    static const char *const sql[] = {"COMMIT", "RELEASE weir", "ROLLBACK TO weir", "SAVEPOINT weir",
                                      "DELETE FROM weir_outbox"};
    weir_exec(tx, "INSERT INTO effects (id) VALUES (?1)", WEIR_TEXT(event->id));
    weir_exec_values(tx, sql[f->retries_left[0] % 5], WEIR_VALUES());
    return weir_reject(tx, "all of it must be undone");
}

TEST(a_handler_that_would_end_the_transaction_leaves_nothing)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_torn}, {0}};
    for (int which = 0; which < 5; which++) {
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        fixture_happen(&f, "a", 1); /* through weir's own statements once */
        fixture_turns(&f, 3);
        service.handlers = handlers;
        fixture_restart(&f);
        f.retries_left[0] = which;
        fixture_happen(&f, "a", 2);
        for (int i = 0; i < 3 && f.failure.err == WEIR_OK; i++)
            if (wr_core_turn(f.core, 0, &f.failure) != WEIR_OK)
                break;
        CHECK_EQ(COUNT(&f, "effects"), 1);
        fixture_end(&f);
    }
}

/* Checked at the commit only, by the database: without a look before it the whole batch would fail there. */
static weir_status on_child(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return weir_exec(tx, "INSERT INTO children VALUES (?1)", WEIR_TEXT(event->subject));
}

TEST(an_event_that_leaves_a_foreign_key_open_is_rejected_alone)
{
    static const char *const migrations[] = {
        "CREATE TABLE effects (id TEXT PRIMARY KEY);"
        "CREATE TABLE children (id REFERENCES effects (id) DEFERRABLE INITIALLY DEFERRED);"
        "INSERT INTO effects VALUES ('known')",
        NULL};
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_child}, {0}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    service.migrations = migrations;
    service.handlers = handlers;
    fixture_database(&f);
    fixture_restart(&f);
    fixture_happen(&f, "unknown", 1);
    fixture_happen(&f, "known", 2);
    fixture_turns(&f, 5);
    CHECK_EQ(COUNT(&f, "children"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    fixture_end(&f);
}

/* What a program does wrong is wrong for every event: none is a dead letter for it, and none is lost. */
static weir_status on_mistake(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    weir_exec(tx, "INSERT INTO effects (id) VALUES (?1)", WEIR_TEXT(event->id));
    switch (f->retries_left[0]) {
    case 0:
        return WEIR_DONE;
    case 1:
        return weir_exec(tx, "INSERT INTO nonsense VALUES (1)");
    case 2:
        weir_query(tx, "SELECT nonsense FROM effects");
        return WEIR_DONE;
    case 3:
        weir_exec(tx, "COMMIT");
        return weir_reject(tx, "too late: the first failure sticks");
    case 4:
        return weir_exec(tx, "INSERT INTO effects (id) VALUES (?1)");
    case 5:
        return weir_exec_values(tx, NULL, WEIR_VALUES());
    case 6:
        return weir_emit(tx, &(weir_event){.subject = "no type"});
    case 7:
        return weir_emit(tx, NULL);
    case 8:
        return weir_emit(tx, &(weir_event){.type = "a.b", .version = -1});
    case 9:
        return weir_emit(tx, &(weir_event){.type = "a.b",
                                           .extensions = (const weir_attribute[]){{"Not-One", "x"}},
                                           .extension_count = 1});
    case 10:
        return weir_send(tx, NULL, &(weir_event){.type = "do.it"});
    case 11:
        return weir_send(tx, "no topic's name", &(weir_event){.type = "do.it"});
    case 12: {
        weir_rows *rows = weir_query(tx, "SELECT 1");
        return weir_rows_next(rows) ? (weir_status)weir_rows_int(rows, 1) : WEIR_DONE;
    }
    default:
        return (weir_status)77;
    }
}

TEST(a_mistake_of_the_program_stops_the_service_with_the_events_coordinates)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_mistake}, {0}};
    for (int mistake = 1; mistake <= 13; mistake++) {
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        service.handlers = handlers;
        fixture_restart(&f);
        fixture_happen(&f, "a", 1);
        f.retries_left[0] = 0;
        fixture_turns(&f, 3);
        f.retries_left[0] = mistake;
        fixture_happen(&f, "a", 2);
        weir_err err = WEIR_OK;
        for (int i = 0; i < 3 && err == WEIR_OK; i++)
            err = wr_core_turn(f.core, 0, &f.failure);
        CHECK_EQ(err, WEIR_E_USAGE);
        const char *sentence = f.failure.sentence;
        if (!strstr(sentence, "thing.happened/1") || !strstr(sentence, " in/") || !strstr(sentence, "offset 1") ||
            !strstr(sentence, "event id-2"))
            fail_msg("%s", sentence);
        CHECK_EQ(COUNT(&f, "effects"), 1);
        CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
        f.retries_left[0] = 0; /* mended: the event is still there */
        fixture_rejoin(&f);
        fixture_turns(&f, 4);
        CHECK_EQ(COUNT(&f, "effects"), 2);
        fixture_end(&f);
    }
}

static weir_status on_unique(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    if (strcmp(event->subject, "json") == 0)
        return weir_exec(tx, "INSERT INTO effects (n) VALUES (json_extract('no json', '$.a'))");
    if (strcmp(event->subject, "text") == 0)
        return weir_exec(tx, "INSERT INTO effects (at) VALUES ('no number')");
    if (strcmp(event->subject, "control") == 0)
        return weir_emit(tx, &(weir_event){.type = "a.b", .subject = "from the data: \x01"});
    return weir_exec(tx, "INSERT INTO effects (at) VALUES (5)");
}

TEST(what_the_data_is_to_blame_for_is_rejected)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_unique}, {0}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    service.handlers = handlers;
    fixture_restart(&f);
    const char *const keys[] = {"first", "twice", "json", "text", "control"};
    for (int i = 0; i < 5; i++)
        fixture_happen(&f, keys[i], i);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 4);
    fixture_end(&f);
}
