/* A core on a PostgreSQL server: who works, and what a server does that a file does not. */
#include "core_testing.h"

/* As fixture_begin, on a server whatever the environment says. */
static void begin_on_server(fixture *f, weir_service *service)
{
    CHECK(setenv("WEIR_TEST_DATABASE", "postgres", 1) == 0);
    fixture_begin(f, service);
}

TEST(one_of_two_cores_works_on_a_schema_and_the_other_takes_over)
{
    fixture f;
    weir_service service;
    begin_on_server(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    wr_core *second = NULL;
    weir_failure failure = {0};
    CHECK_EQ(wr_core_new(&f.options, &second, &failure), WEIR_E_AGAIN);
    CHECK(second == NULL && strstr(failure.sentence, "another process") && strstr(failure.sentence, "schema="));
    fixture_happen(&f, "a", 2);
    wr_core_free(f.core); /* as a crash */
    fixture_start(&f);
    fixture_turns(&f, 5);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects) AS d"), 2);
    fixture_end(&f);
}

TEST(a_server_that_is_killed_ends_the_core_and_the_next_one_has_every_effect_once)
{
    fixture f;
    weir_service service;
    begin_on_server(&f, &service);
    for (int round = 0; round < 2; round++) {
        for (int n = 0; n < 10; n++)
            fixture_happen(&f, n % 2 ? "a" : "b", round * 20 + n);
        fixture_turns(&f, 3);
        fixture_happen(&f, "a", round * 20 + 10);
        wr_postgres_server_kill(test_postgres());
        weir_err err = WEIR_OK;
        for (int i = 0; i < 3 && err == WEIR_OK; i++)
            err = wr_core_turn(f.core, 0, &f.failure);
        CHECK_EQ(err, WEIR_E_UNREACHABLE);
        CHECK_EQ(wr_core_turn(f.core, 0, &f.failure), WEIR_E_BROKEN);
        wr_core_settle(f.core, 0);
        wr_core_free(f.core);
        f.core = NULL;
        CHECK_EQ(wr_core_new(&f.options, &f.core, &f.failure), WEIR_E_UNREACHABLE);
        CHECK(wr_postgres_server_again(test_postgres()));
        fixture_start(&f);
        for (int i = 0; i < 6; i++)
            CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
        CHECK_EQ(COUNT(&f, "effects"), (round + 1) * 11);
        CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects) AS d"), (round + 1) * 11);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    }
    fixture_end(&f);
}

TEST(an_idle_core_notices_that_its_server_has_gone)
{
    fixture f;
    weir_service service;
    begin_on_server(&f, &service);
    f.options.ping_ms = 1000;
    fixture_restart(&f);
    fixture_turns(&f, 3);
    wr_postgres_server_kill(test_postgres());
    weir_err err = WEIR_OK;
    for (int i = 0; i < 3 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, -1, &f.failure);
    CHECK_EQ(err, WEIR_E_UNREACHABLE);
    fixture_end(&f);
    CHECK(wr_postgres_server_again(test_postgres()));
}

/* A writer of another program's holds the row for longer than a lock is waited for. */
static weir_status on_locked(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return weir_exec(tx, "INSERT INTO effects (at, id) VALUES (1, ?1)", WEIR_TEXT(event->id));
}

TEST(an_event_that_meets_a_lock_waits_with_its_key_and_the_batch_goes_on)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_locked}, {0}};
    fixture f;
    weir_service service;
    begin_on_server(&f, &service);
    service.handlers = handlers;
    strncat(f.database, "&options=-c%20lock_timeout%3D50ms", sizeof f.database - strlen(f.database) - 1);
    fixture_restart(&f);
    wr_store *other;
    CHECK_OK(wr_store_open(f.database, WR_STORE_NOT_DURABLE, &other, NULL));
    CHECK_OK(wr_store_begin(other, NULL));
    CHECK_OK(wr_store_exec(other, "INSERT INTO effects (at) VALUES (1)", NULL, NULL));
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_parked"), 1);
    wr_store_rollback(other);
    for (int i = 0; i < 5; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_parked"), 0);
    CHECK_EQ(COUNT(&f, "effects WHERE id = 'id-1'"), 1);
    wr_store_close(other);
    fixture_end(&f);
}
