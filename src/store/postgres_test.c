#include <testing/store/urls_testing.h>

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static wr_store *open_at(const char *url, unsigned flags)
{
    wr_store *store = NULL;
    weir_failure failure = {0};
    if (wr_store_open(url, flags, &store, &failure) != WEIR_OK)
        fail_msg("%s: %s", url, failure.sentence);
    return store;
}

static wr_statement *row_of(wr_store *store, const char *sql, const weir_value *values)
{
    wr_statement *rows;
    weir_failure failure = {0};
    weir_err err = wr_store_service_query(store, sql, values, &rows, &failure);
    if (err == WEIR_OK)
        err = wr_statement_next(rows, &failure);
    if (err != WEIR_OK)
        fail_msg("%s: %s %s", sql, weir_err_name(err), failure.sentence);
    return rows;
}

static int64_t number(wr_store *store, const char *sql)
{
    wr_statement *row = row_of(store, sql, NULL);
    int64_t n = wr_statement_int(row, 0);
    wr_statement_done(row);
    return n;
}

TEST(values_of_postgresqls_types_are_read_as_what_they_are)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    static const struct {
        const char *sql;
        weir_value_kind kind;
        int64_t integer;
        double real;
        const char *text;
    } table[] = {
        {"true", WEIR_VALUE_INT, 1, 1, "1"},
        {"false", WEIR_VALUE_INT, 0, 0, "0"},
        {"(-7)::smallint", WEIR_VALUE_INT, -7, -7, "-7"},
        {"9223372036854775807", WEIR_VALUE_INT, INT64_MAX, 9223372036854775807.0, "9223372036854775807"},
        {"(-9223372036854775808)::bigint", WEIR_VALUE_INT, INT64_MIN, -9223372036854775808.0, "-9223372036854775808"},
        {"0.1::double precision", WEIR_VALUE_REAL, 0, 0.1, "0.1"},
        {"1.5::real", WEIR_VALUE_REAL, 1, 1.5, "1.5"},
        {"1e300::float8", WEIR_VALUE_REAL, INT64_MAX, 1e300, "1e+300"},
        {"'-infinity'::float8", WEIR_VALUE_REAL, INT64_MIN, -INFINITY, "-Infinity"},
        {"sum(x) FROM (VALUES (1::bigint), (2)) v (x)", WEIR_VALUE_INT, 3, 3, "3"},
        {"12.50::numeric", WEIR_VALUE_REAL, 12, 12.5, "12.50"},
        {"99999999999999999999::numeric", WEIR_VALUE_REAL, INT64_MAX, 1e20, "99999999999999999999"},
        {"'häuser'", WEIR_VALUE_TEXT, 0, 0, "häuser"},
        {"'17 apples'::varchar", WEIR_VALUE_TEXT, 17, 17, "17 apples"},
        {"''", WEIR_VALUE_TEXT, 0, 0, ""},
        {"'{\"a\": [1]}'::jsonb", WEIR_VALUE_TEXT, 0, 0, "{\"a\": [1]}"},
        {"'2024-02-29'::date", WEIR_VALUE_TEXT, 2024, 2024, "2024-02-29"},
        {"'0a0b0c0d-0000-0000-0000-000000000001'::uuid", WEIR_VALUE_TEXT, 0, 0, "0a0b0c0d-0000-0000-0000-000000000001"},
        {"ARRAY[1,2]", WEIR_VALUE_TEXT, 0, 0, "{1,2}"},
        {"'12'::bytea", WEIR_VALUE_BLOB, 12, 12, "12"},
        {"NULL::int", WEIR_VALUE_NULL, 0, 0, NULL},
        {"NULL::bytea", WEIR_VALUE_NULL, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT %s", table[i].sql);
        wr_statement *row = row_of(store, sql, NULL);
        if (wr_statement_kind(row, 0) != table[i].kind || wr_statement_int(row, 0) != table[i].integer ||
            wr_statement_real(row, 0) != table[i].real)
            fail_msg("%s: kind %d, %lld, %g", sql, wr_statement_kind(row, 0), (long long)wr_statement_int(row, 0),
                     wr_statement_real(row, 0));
        weir_slice blob = wr_statement_blob(row, 0);
        if (table[i].text) {
            CHECK_STR(wr_statement_text(row, 0), table[i].text);
            CHECK(table[i].kind == WEIR_VALUE_INT || weir_slice_equal(blob, weir_slice_of(table[i].text)));
        } else {
            CHECK(wr_statement_text(row, 0) == NULL && blob.data == NULL);
        }
        CHECK_EQ(wr_statement_next(row, NULL), WEIR_E_RANGE);
        wr_statement_done(row);
    }
    wr_store_close(store);
}

TEST(every_byte_of_a_blob_comes_back_and_an_empty_one_is_not_null)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    uint8_t bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    wr_statement *row = row_of(store, "SELECT ?1::bytea, ?2::bytea, ?3::bytea",
                               WEIR_VALUES(WEIR_BLOB(((weir_slice){bytes, sizeof bytes})), WEIR_BLOB(WEIR_SLICE("")),
                                           WEIR_BLOB(((weir_slice){0}))));
    CHECK(weir_slice_equal(wr_statement_blob(row, 0), (weir_slice){bytes, sizeof bytes}));
    CHECK(wr_statement_blob(row, 1).data != NULL && wr_statement_blob(row, 1).size == 0);
    CHECK(wr_statement_kind(row, 1) == WEIR_VALUE_BLOB && wr_statement_kind(row, 2) == WEIR_VALUE_NULL);
    wr_statement_done(row);
    wr_store_close(store);
}

TEST(parameters_fit_the_types_that_the_statement_wants)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    CHECK_OK(
        wr_store_script(store,
                        "CREATE TABLE t (b boolean, i int, l bigint, f float8, n numeric, s text, v varchar(5), j json,"
                        "  k jsonb, d timestamptz, u uuid, y bytea)",
                        NULL));
    CHECK_OK(
        wr_store_service_exec(store, "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                              WEIR_VALUES(WEIR_INT(1), WEIR_INT(-3), WEIR_INT(INT64_MIN), WEIR_REAL(0.1),
                                          WEIR_TEXT("12.50"), WEIR_INT(42), WEIR_TEXT("abc"), WEIR_TEXT("{\"a\":1}"),
                                          WEIR_BLOB(WEIR_SLICE("[1]")), WEIR_TEXT("2024-02-29T12:00:00Z"),
                                          WEIR_TEXT("0a0b0c0d-0000-0000-0000-000000000001"), WEIR_TEXT("text")),
                              NULL));
    CHECK_EQ(number(store,
                    "SELECT count(*) FROM t WHERE b AND i = -3 AND l = -9223372036854775808 AND f = 0.1 AND n = 12.5 "
                    "AND s = '42' AND v = 'abc' AND j->>'a' = '1' AND k = '[1]' AND d = '2024-02-29 12:00+00' AND "
                    "y = 'text'::bytea"),
             1);
    static const struct {
        const char *sql;
        weir_value value;
    } misfits[] = {{"UPDATE t SET i = ?1", {.kind = WEIR_VALUE_INT, .integer = INT64_MAX}},
                   {"UPDATE t SET i = ?1", {.kind = WEIR_VALUE_REAL, .real = 0.5}},
                   {"UPDATE t SET i = ?1", {.kind = WEIR_VALUE_TEXT, .bytes = WEIR_SLICE("many")}},
                   {"UPDATE t SET v = ?1", {.kind = WEIR_VALUE_TEXT, .bytes = WEIR_SLICE("longer")}},
                   {"UPDATE t SET s = ?1", {.kind = WEIR_VALUE_TEXT, .bytes = WEIR_SLICE("a\0b")}},
                   {"UPDATE t SET k = ?1", {.kind = WEIR_VALUE_BLOB, .bytes = WEIR_SLICE("1\0")}},
                   {"UPDATE t SET s = ?1", {.kind = WEIR_VALUE_TEXT, .bytes = WEIR_SLICE("\xff")}},
                   {"UPDATE t SET j = ?1", {.kind = WEIR_VALUE_TEXT, .bytes = WEIR_SLICE("{")}},
                   {"UPDATE t SET d = ?1", {.kind = WEIR_VALUE_TEXT, .bytes = WEIR_SLICE("some day")}}};
    for (size_t i = 0; i < sizeof misfits / sizeof *misfits; i++) {
        weir_failure failure = {0};
        weir_err err =
            wr_store_service_exec(store, misfits[i].sql, (weir_value[]){misfits[i].value, WEIR_END}, &failure);
        if (err != WEIR_E_REFUSED)
            fail_msg("%zu %s: %s %s", i, misfits[i].sql, weir_err_name(err), failure.sentence);
    }
    wr_store_close(store);
}

TEST(changes_are_those_of_the_last_statement_that_changes_rows)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a int PRIMARY KEY)", NULL));
    CHECK_OK(wr_store_service_exec(store, "INSERT INTO t VALUES (1), (2), (3)", NULL, NULL));
    CHECK_EQ(wr_store_changes(store), 3);
    CHECK_OK(wr_store_service_exec(store, "SELECT a FROM t", NULL, NULL));
    CHECK_EQ(wr_store_changes(store), 3);
    CHECK_OK(wr_store_service_exec(store, "UPDATE t SET a = a RETURNING a", NULL, NULL));
    CHECK_EQ(wr_store_changes(store), 3);
    CHECK_OK(wr_store_service_exec(store, "DELETE FROM t WHERE a > 1", NULL, NULL));
    CHECK_EQ(wr_store_changes(store), 2);
    CHECK_OK(wr_store_service_exec(store, "INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", NULL, NULL));
    CHECK_EQ(wr_store_changes(store), 0);
    wr_store_close(store);
}

TEST(services_of_one_database_have_a_schema_each_and_find_what_is_public)
{
    char url[300], other_url[300];
    snprintf(url, sizeof url, "%s", test_url_postgres());
    snprintf(other_url, sizeof other_url, "%s&sslmode=disable", test_url_postgres());
    wr_store *store = open_at(url, 0), *other = open_at(other_url, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a int); INSERT INTO t VALUES (1)", NULL));
    CHECK_OK(wr_store_script(other, "CREATE TABLE t (a int); INSERT INTO t VALUES (2)", NULL));
    CHECK_OK(wr_store_script(other, "CREATE TABLE public.shared (a int); INSERT INTO public.shared VALUES (3)", NULL));
    CHECK_EQ(number(store, "SELECT a FROM t"), 1);
    CHECK_EQ(number(other, "SELECT a FROM t"), 2);
    CHECK_EQ(number(store, "SELECT a FROM shared"), 3);
    CHECK_OK(wr_store_script(other, "DROP TABLE public.shared", NULL));
    wr_store *none = NULL;
    char missing[300];
    weir_failure failure = {0};
    snprintf(missing, sizeof missing, "%s", test_url_postgres());
    CHECK_EQ(wr_store_open(missing, WR_STORE_READ_ONLY, &none, &failure), WEIR_E_NOT_FOUND);
    wr_store_close(store);
    wr_store_close(other);
}

TEST(a_url_is_shown_without_its_password)
{
    static const char *const table[][2] = {
        {"postgres://host/db", "postgres://host/db"},
        {"postgres://me@host:5432/db?schema=s&sslmode=require", "postgres://me@host:5432/db?schema=s"},
        {"postgresql://me:se:c@ret@host/db?sslmode=x&schema=s", "postgresql://me@host/db?schema=s"},
        {"postgres://host/db?password=secret", "postgres://host/db"},
        {"postgres://me:secret@/db?host=/tmp/a@b", "postgres://me@/db"},
        {"/var/lib/a@b.db", "/var/lib/a@b.db"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char text[200];
        wr_store_url_print(table[i][0], text, sizeof text);
        CHECK_STR(text, table[i][1]);
    }
    CHECK(wr_store_is_server("postgres://x") && wr_store_is_server("postgresql://x") && !wr_store_is_server("x.db") &&
          !wr_store_is_server("sqlite:x"));
}

TEST(what_cannot_be_opened_says_why_and_whether_to_wait)
{
    char url[300];
    wr_store *none = NULL;
    weir_failure failure = {0};
    CHECK_EQ(wr_store_open("postgres://weir@/postgres?host=/nowhere", 0, &none, &failure), WEIR_E_UNREACHABLE);
    CHECK(failure.retriable && strstr(failure.sentence, "/nowhere"));
    CHECK_EQ(wr_store_open("postgres://weir@127.0.0.1:1/x", 0, &none, &failure), WEIR_E_UNREACHABLE);
    CHECK_EQ(wr_store_open("postgres://weir@/x?nonsense=1", 0, &none, &failure), WEIR_E_USAGE);
    snprintf(url, sizeof url, "%s", test_url_postgres());
    *strstr(url, "weir@") = 'W'; /* a user whom the server does not know */
    CHECK_EQ(wr_store_open(url, 0, &none, &failure), WEIR_E_DENIED);
    CHECK(!failure.retriable);
    snprintf(url, sizeof url, "%s", test_url_postgres());
    memcpy(strstr(url, "postgres?"), "Postgres", 8);
    CHECK_EQ(wr_store_open(url, 0, &none, &failure), WEIR_E_NOT_FOUND);
    snprintf(url, sizeof url, "%s&options=-c%%20nonsense%%3D1", test_url_postgres());
    CHECK_EQ(wr_store_open(url, 0, &none, &failure), WEIR_E_USAGE);
    CHECK(none == NULL);
}

TEST(a_statement_whose_outcome_nobody_waits_for_breaks_the_transaction_when_it_fails)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    CHECK_OK(wr_store_migrate_own(store, 0, NULL));
    const weir_value *row = WEIR_VALUES(WEIR_INT(1), WEIR_TEXT("t"), WEIR_NULL, WEIR_NULL, WEIR_NULL, WEIR_INT(0));
    for (int seen_by = 0; seen_by < 4; seen_by++) {
        weir_failure failure = {0};
        CHECK_OK(wr_store_begin(store, NULL));
        CHECK_OK(wr_store_savepoint(store, NULL));
        CHECK_OK(wr_store_run_later(store, WR_SQL_OUTBOX_ADD, row, false, NULL));
        CHECK_OK(wr_store_run_later(store, WR_SQL_OUTBOX_ADD, row, false, NULL)); /* its number is taken */
        if (seen_by == 0)
            CHECK_EQ(wr_store_service_exec(store, "SELECT 1", NULL, &failure), WEIR_E_EXISTS);
        if (seen_by <= 1)
            CHECK_EQ(wr_store_undo(store, &failure),
                     WEIR_E_EXISTS); /* it is no handler's, to be undone and gone on from */
        if (seen_by <= 2)
            CHECK_EQ(wr_store_commit(store, &failure), WEIR_E_EXISTS);
        else
            wr_store_rollback(store);
        CHECK(seen_by == 3 || failure.sentence[0]);
        CHECK_EQ(number(store, "SELECT 1"), 1);
    }
    wr_store_close(store);
}

TEST(what_had_to_change_and_did_not_is_said_before_the_commit)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    CHECK_OK(wr_store_migrate_own(store, 0, NULL));
    wr_statement *rows;
    CHECK_OK(wr_store_select(store, WR_SQL_INBOX_TAKE, WEIR_VALUES(WEIR_TEXT("t"), WEIR_INT(0)), &rows, NULL));
    wr_statement_done(rows);
    for (int epoch = 1; epoch <= 2; epoch++) {
        CHECK_OK(wr_store_begin(store, NULL));
        CHECK_OK(wr_store_run_later(store, WR_SQL_INBOX_MOVE,
                                    WEIR_VALUES(WEIR_TEXT("t"), WEIR_INT(0), WEIR_INT(epoch * 10), WEIR_INT(epoch)),
                                    true, NULL));
        CHECK_EQ(wr_store_commit(store, NULL), epoch == 1 ? WEIR_OK : WEIR_E_FENCED);
    }
    CHECK_OK(wr_store_prepare(store, "SELECT next_offset FROM weir_inbox", NULL, &rows, NULL));
    CHECK_OK(wr_statement_next(rows, NULL));
    CHECK_EQ(wr_statement_int(rows, 0), 10);
    wr_statement_done(rows);
    wr_store_close(store);
}

TEST(thousands_that_nobody_waits_for_go_in_one_transaction)
{
    wr_store *store = open_at(test_url_postgres(), 0);
    CHECK_OK(wr_store_migrate_own(store, 0, NULL));
    CHECK_OK(wr_store_begin(store, NULL));
    static uint8_t bytes[4000];
    for (int i = 0; i < 3000; i++)
        CHECK_OK(wr_store_run_later(store, WR_SQL_OUTBOX_ADD,
                                    WEIR_VALUES(WEIR_INT(i), WEIR_TEXT("t"), WEIR_NULL,
                                                WEIR_BLOB(((weir_slice){bytes, sizeof bytes})), WEIR_NULL, WEIR_INT(0)),
                                    false, NULL));
    CHECK_OK(wr_store_commit(store, NULL));
    wr_statement *rows;
    CHECK_OK(wr_store_prepare(store, "SELECT count(*) FROM weir_outbox", NULL, &rows, NULL));
    CHECK_OK(wr_statement_next(rows, NULL));
    CHECK_EQ(wr_statement_int(rows, 0), 3000);
    wr_statement_done(rows);
    wr_store_close(store);
}

TEST(an_error_of_the_moment_is_one)
{
    char url[300];
    snprintf(url, sizeof url, "%s&options=-c%%20lock_timeout%%3D20ms%%20-c%%20statement_timeout%%3D300ms",
             test_url_postgres());
    wr_store *one = open_at(url, 0), *other = open_at(url, 0);
    weir_failure failure = {0};
    CHECK_OK(wr_store_script(one, "CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1), (2)", NULL));
    CHECK_OK(wr_store_begin(one, NULL));
    CHECK_OK(wr_store_service_exec(one, "UPDATE t SET a = a WHERE a = 1", NULL, NULL));
    CHECK_EQ(wr_store_service_exec(other, "UPDATE t SET a = a WHERE a = 1", NULL, &failure), WEIR_E_AGAIN);
    CHECK(failure.retriable);
    CHECK_EQ(wr_store_service_exec(other, "SELECT pg_sleep(10)", NULL, &failure), WEIR_E_AGAIN);
    CHECK_OK(wr_store_commit(one, NULL));

    /* A snapshot that is too old, where the user wants one: the handler's savepoint is undone, and the batch goes on. */
    CHECK_OK(wr_store_begin(other, NULL));
    CHECK_OK(wr_store_exec(other, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", NULL, NULL));
    CHECK_EQ(number(other, "SELECT count(*) FROM t"), 2);
    CHECK_OK(wr_store_service_exec(one, "UPDATE t SET a = 3 WHERE a = 1", NULL, NULL));
    CHECK_OK(wr_store_savepoint(other, NULL));
    CHECK_EQ(wr_store_service_exec(other, "UPDATE t SET a = 4 WHERE a = 1", NULL, &failure), WEIR_E_AGAIN);
    CHECK_OK(wr_store_undo(other, NULL));
    CHECK_OK(wr_store_service_exec(other, "UPDATE t SET a = 5 WHERE a = 2", NULL, NULL));
    CHECK_OK(wr_store_commit(other, NULL));
    CHECK_EQ(number(one, "SELECT sum(a) FROM t"), 8);
    wr_store_close(one);
    wr_store_close(other);
}

TEST(a_server_that_is_killed_takes_its_transactions_with_it_and_keeps_the_commits)
{
    const char *url = test_url_postgres();
    wr_store *store = open_at(url, 0), *reader = open_at(url, WR_STORE_READ_ONLY);
    weir_failure failure = {0};
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a int)", NULL));
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_service_exec(store, "INSERT INTO t VALUES (1)", NULL, NULL));
    CHECK_OK(wr_store_commit(store, NULL));
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_service_exec(store, "INSERT INTO t VALUES (2)", NULL, NULL));
    wr_statement *open = row_of(store, "SELECT 1 UNION SELECT 2", NULL);
    wr_postgres_server_kill(test_postgres());
    CHECK_EQ(wr_store_commit(store, &failure), WEIR_E_UNREACHABLE);
    CHECK(failure.retriable);
    CHECK_EQ(wr_statement_next(open, NULL), WEIR_E_UNREACHABLE);
    wr_statement_done(open);
    CHECK_EQ(wr_store_begin(store, NULL), WEIR_E_UNREACHABLE);
    CHECK_EQ(wr_store_service_exec(store, "SELECT 1", NULL, NULL), WEIR_E_UNREACHABLE);
    CHECK_EQ(wr_store_undo(store, NULL), WEIR_E_UNREACHABLE);
    wr_store_rollback(store);
    weir_err err = wr_store_begin(reader, &failure); /* its process may not have heard yet */
    CHECK_EQ(err == WEIR_OK ? wr_store_service_exec(reader, "SELECT 1", NULL, &failure) : err, WEIR_E_UNREACHABLE);
    wr_store_rollback(reader);

    CHECK(wr_postgres_server_again(test_postgres()));
    CHECK_EQ(wr_store_begin(store, NULL),
             WEIR_E_UNREACHABLE);               /* a writer has lost its locks, and is made anew by its owner */
    CHECK_OK(wr_store_begin(reader, &failure)); /* a reader comes back by itself */
    CHECK_EQ(number(reader, "SELECT sum(a) FROM t"), 1);
    wr_store_rollback(reader);
    wr_store_close(reader);
    wr_store_close(store);
}

TEST(a_server_that_answers_nothing_holds_nobody_for_longer_than_its_timeout)
{
    char url[300];
    snprintf(url, sizeof url, "%s&options=-c%%20statement_timeout%%3D100ms", test_url_postgres());
    wr_store *store = open_at(url, 0);
    weir_failure failure = {0};
    pid_t pid = (pid_t)number(store, "SELECT pg_backend_pid()");
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_service_exec(store, "SELECT 1", NULL, NULL));
    kill(pid, SIGSTOP);
    weir_err err = wr_store_commit(store, &failure);
    kill(pid, SIGCONT);
    CHECK_EQ(err, WEIR_E_UNREACHABLE);
    CHECK(strstr(failure.sentence, "does not answer"));
    wr_store_close(store);

    /* And one that takes connections only. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", test_directory());
    int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listening, (struct sockaddr *)&address, sizeof address) == 0 && listen(listening, 5) == 0);
    *strrchr(address.sun_path, '/') = 0;
    snprintf(url, sizeof url, "postgres://weir@/postgres?host=%s&connect_timeout=1", address.sun_path);
    CHECK_EQ(wr_store_open(url, 0, &store, &failure), WEIR_E_UNREACHABLE);
    CHECK(strstr(failure.sentence, "does not answer"));
    close(listening);
}

TEST(one_connection_at_a_time_has_the_lease_and_leaves_it_with_its_end)
{
    const char *url = test_url_postgres();
    wr_store *one = open_at(url, 0), *other = open_at(url, 0);
    bool has;
    CHECK_OK(wr_store_lease(one, &has, NULL));
    CHECK(has);
    CHECK_OK(wr_store_lease(other, &has, NULL));
    CHECK(!has);
    wr_store_close(one);
    CHECK_OK(wr_store_lease(other, &has, NULL));
    CHECK(has);
    wr_store_close(other);
}
