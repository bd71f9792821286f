/* Commands and queries: beside events in one transaction, and across the ends of a service's lives. */
#include "outbox_testing.h"

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

static void check_in_order(fixture *f, int32_t p, int64_t o, void *user)
{
    int64_t *highest = user;
    int64_t sequence = strtoll(fixture_header(f, "out", p, o, "weir-outbox-sequence"), NULL, 10);
    CHECK(sequence > highest[p]);
    highest[p] = sequence;
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
    fixture_each(&f, "out", check_in_order, highest);
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
    fill_outbox(&f, 7, 2500);
    f.options.outbox_max = 10;
    fixture_restart(&f); /* a thousand rows get into memory, the others do not */
    order o = {.command = {.run = run_order, .done = order_done, .arena = weir_arena_new(1 << 20)},
               .wanted = WEIR_DONE,
               .f = &f};
    CHECK_OK(wr_core_submit(f.core, &o.command));
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure));
    wr_sim_hold_appends(f.cluster, false);
    fixture_restart(&f);
    fixture_turns_ms(&f, 20, 100);
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
    if (fixture_is_on_server()) /* its trigger is SQLite's */
        return;
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
    CHECK(fixture_turns_until_failure(&f) != WEIR_OK);
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
