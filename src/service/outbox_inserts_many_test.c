/* More rows were inserted than one transaction takes: what else a service does waits for those that were there before,
 * and for no others. */
#include "core_int.h"
#include "core_testing.h"

enum { TAKEN = 10000 /* rows of one transaction */ };

typedef struct ask {
    wr_core_command command; /* first */
    weir_status ended;
    bool is_done;
} ask;

static weir_status run_ask(wr_core_command *command, weir_tx *tx)
{
    (void)command;
    weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = "a", .data = WEIR_SLICE("{\"n\":2}")});
    return weir_tx_status(tx);
}

static void ask_done(wr_core_command *command, weir_status status, const char *reason)
{
    ask *a = (ask *)command;
    (void)reason;
    a->is_done = true;
    a->ended = status;
}

static ask ask_new(void)
{
    return (ask){.command = {.run = run_ask, .done = ask_done, .arena = weir_arena_new(1 << 20)}};
}

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    f->options.insert_poll_ms = 500;
    f->options.outbox_max = 1000000;
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

static void insert_many(fixture *f, int count)
{
    char sql[300];
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO weir_outbox_inserts (aggregateid, type, payload)"
             " SELECT 'a', 'thing.counted', '{\"n\":0}' FROM n",
             count);
    fixture_exec(f->database, sql);
}

/* Of the record of the key 'a' that lies `back` before the last one. */
static bool is_record(fixture *f, int64_t back, const char *value)
{
    int32_t p = wr_sim_end(f->cluster, "out", 0) ? 0 : 1;
    const wr_client_record *record = wr_sim_record(f->cluster, "out", p, wr_sim_end(f->cluster, "out", p) - 1 - back);
    return weir_slice_equal(record->value, weir_slice_of(value));
}

TEST(records_and_commands_that_come_with_them_are_handled_behind_them)
{
    enum { ROWS = 2 * TAKEN + 5000 };
    fixture f;
    weir_service service;
    begin(&f, &service);
    insert_many(&f, ROWS);
    fixture_happen(&f, "a", 1);
    ask a = ask_new();
    CHECK_OK(wr_core_submit(f.core, &a.command));
    fixture_turns(&f, 1);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), ROWS - TAKEN);
    CHECK(!a.is_done);
    CHECK_EQ(COUNT(&f, "effects"), 0);
    fixture_turns(&f, 2);
    CHECK(a.is_done);
    CHECK_EQ(a.ended, WEIR_DONE);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), ROWS + 2);
    /* The record waited in front of the command or behind it, for they are of two sides; both behind all rows. */
    CHECK(is_record(&f, 0, "{\"n\":1}") || is_record(&f, 0, "{\"n\":2}"));
    CHECK(is_record(&f, 1, "{\"n\":1}") || is_record(&f, 1, "{\"n\":2}"));
    CHECK(is_record(&f, 2, "{\"n\":0}"));
    CHECK_EQ(wr_core_drain(f.core, 100, &f.failure), WEIR_OK);
    weir_arena_free(a.command.arena);
    fixture_end(&f);
}

TEST(rows_that_keep_coming_make_nobody_wait_for_ever)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    insert_many(&f, TAKEN + 1);
    fixture_happen(&f, "a", 1);
    ask a = ask_new();
    CHECK_OK(wr_core_submit(f.core, &a.command));
    fixture_turns(&f, 1);
    insert_many(&f, 2 * TAKEN);
    fixture_happen(&f, "b", 2);
    ask later = ask_new();
    CHECK_OK(wr_core_submit(f.core, &later.command));
    fixture_turns(&f, 1);
    CHECK(a.is_done);
    CHECK(!later.is_done); /* more were inserted before it */
    CHECK_EQ(COUNT(&f, "effects"), 1);
    insert_many(&f, TAKEN);
    fixture_turns(&f, 1);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), TAKEN + 1);
    insert_many(&f, TAKEN);
    fixture_turns(&f, 2);
    CHECK(later.is_done);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK(COUNT(&f, "weir_outbox_inserts") > 0);
    weir_arena_free(later.command.arena);
    weir_arena_free(a.command.arena);
    fixture_end(&f);
}

TEST(a_command_that_was_let_in_before_a_stop_comes_behind_them)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    insert_many(&f, TAKEN + 1);
    ask a = ask_new();
    CHECK_OK(wr_core_submit(f.core, &a.command));
    CHECK_OK(wr_core_drain(f.core, 8000, &f.failure));
    CHECK(a.is_done);
    CHECK_EQ(a.ended, WEIR_DONE);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), TAKEN + 2);
    CHECK(is_record(&f, 0, "{\"n\":2}"));
    weir_arena_free(a.command.arena);
    fixture_end(&f);
}

TEST(without_room_in_the_outbox_commands_are_told_so_and_nobody_runs_in_circles)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.outbox_max = 50;
    fixture_rejoin(&f);
    fixture_turns(&f, 2);
    wr_sim_hold_appends(f.cluster, true);
    insert_many(&f, TAKEN + 1);
    fixture_happen(&f, "a", 1);
    ask a = ask_new();
    CHECK_OK(wr_core_submit(f.core, &a.command));
    fixture_turns(&f, 2);
    CHECK(a.is_done);
    CHECK_EQ(a.ended, WEIR_RETRY);
    CHECK_EQ(wr_core_submit(f.core, &a.command), WEIR_E_LIMIT);
    f.waited_ms = 0;
    for (int i = 0; i < 10; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    CHECK(f.waited_ms >= 100);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 1);
    wr_sim_hold_appends(f.cluster, false);
    fixture_turns(&f, 8);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 0);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK(is_record(&f, 0, "{\"n\":1}"));
    weir_arena_free(a.command.arena);
    fixture_end(&f);
}

TEST(as_many_as_one_transaction_takes_leave_nothing_to_wait_for)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    insert_many(&f, TAKEN);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 0);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    f.waited_ms = 0;
    for (int i = 0; i < 20; i++)
        CHECK_OK(wr_core_turn(f.core, 60000, &f.failure));
    CHECK(f.waited_ms > 100);
    fixture_end(&f);
}

/* SQLite has one writer: there is no such transaction. */
TEST(a_row_that_another_transaction_is_changing_waits_for_it_and_holds_nothing_up)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    if (fixture_is_on_server()) {
        wr_store *other;
        insert_many(&f, 2);
        CHECK_OK(wr_store_open(f.database, WR_STORE_NOT_DURABLE, &other, NULL));
        CHECK_OK(wr_store_begin(other, NULL));
        CHECK_OK(wr_store_exec(other, "UPDATE weir_outbox_inserts SET payload = '{}' WHERE number = 1", NULL, NULL));
        fixture_happen(&f, "b", 1);
        fixture_turns(&f, 2);
        CHECK_EQ(COUNT(&f, "effects"), 1);
        CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 1);
        CHECK_OK(wr_store_commit(other, NULL));
        for (int i = 0; i < 3; i++)
            CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
        CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 0);
        CHECK(is_record(&f, 0, "{}"));
        wr_store_close(other);
    }
    fixture_end(&f);
}

TEST(the_greatest_number_that_a_program_may_give_a_row_is_taken_like_others)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    fixture_exec(f.database, "INSERT INTO weir_outbox_inserts (number, aggregateid, type, payload)"
                             " VALUES (9223372036854775807, 'a', 'thing.counted', '{\"n\":1}')");
    for (int i = 0; i < 3; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    fixture_end(&f);
}
