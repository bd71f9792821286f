/* How one record ends: parked and tried again, as a dead letter, rejected, or stopping the service. */
#include "core_testing.h"

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
    fixture_turns_ms(&f, 30, -1);
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
    fixture_turns_ms(&f, 30, -1);
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
    CHECK(fixture_turns_until_failure(&f) != WEIR_OK);
    CHECK(strstr(f.failure.sentence, "thing.happened"));
    CHECK_EQ(COUNT(&f, "effects"), 0);
    CHECK_EQ(wr_core_turn(f.core, 0, &f.failure), WEIR_E_BROKEN);
    f.fatal[1] = false;
    fixture_rejoin(&f);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 2);
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
        "CREATE TABLE children (id TEXT REFERENCES effects (id) DEFERRABLE INITIALLY DEFERRED);"
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
        CHECK_EQ(fixture_turns_until_failure(&f), WEIR_E_USAGE);
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
        return weir_exec(tx, fixture_is_on_server()
                                 ? "INSERT INTO effects (n) VALUES (('no json'::json->>'a')::bigint)"
                                 : "INSERT INTO effects (n) VALUES (json_extract('no json', '$.a'))");
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
