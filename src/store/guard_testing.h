/* For the tests of the guards (sqlite_guard.c, postgres_guard.c): what no service may do and what each may, on whatever
 * database, and the promises that each guard keeps in the same words. A database's own statements stand in its own test. */
#ifndef WR_GUARD_TESTING_H
#define WR_GUARD_TESTING_H

#include <testing/store/urls_testing.h>

#include <store/store.h>

#include <stdio.h>

/* ---- statements; each list ends with NULL */

/* Refused of handlers and of migrations. Each is a statement that a database would run or that stands for its kind. */
static const char *const guard_refused[] = {
    /* transactions, in whatever way they are written */
    "COMMIT", "commit;", "END", "END TRANSACTION", "COMMIT TRANSACTION", "BEGIN", "ROLLBACK", "ROLLBACK TRANSACTION",
    "SAVEPOINT weir", "SAVEPOINT mine", "savepoint \"weir\"", "savepoint \"WEIR\"", "RELEASE weir",
    "RELEASE SAVEPOINT weir", "ROLLBACK TO weir", "ROLLBACK TO SAVEPOINT \"weir\"", "/* quietly */ COMMIT -- yes",
    "  \n\tCOMMIT", "EXPLAIN COMMIT", "VACUUM",
    /* weir's tables: rows */
    "DELETE FROM weir_outbox", "delete from WEIR_OUTBOX", "DELETE FROM \"weir_outbox\"",
    "DELETE FROM weir_outbox RETURNING sequence", "DELETE FROM t WHERE a IN (SELECT sequence FROM weir_outbox)",
    "UPDATE weir_outbox SET key = 'x'", "UPDATE t SET b = (SELECT key FROM weir_outbox)",
    "UPDATE t SET b = key FROM weir_outbox", "INSERT INTO weir_outbox VALUES (9, 'x')",
    "INSERT INTO weir_outbox VALUES (1, 'x') ON CONFLICT (sequence) DO UPDATE SET key = 'y'",
    "INSERT INTO weir_outbox SELECT a, b FROM t", "INSERT INTO t SELECT sequence, key FROM weir_outbox",
    "SELECT * FROM weir_outbox", "SELECT count(*) FROM weir_outbox",
    "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM weir_outbox)",
    "WITH w AS (SELECT * FROM weir_outbox) SELECT count(*) FROM w", "EXPLAIN SELECT * FROM weir_outbox",
    "SELECT x.* FROM t AS x, weir_outbox", "SELECT/**/*/**/FROM/**/weir_outbox", "SELECT * FROM t,weir_outbox",
    /* weir's tables: definitions */
    "DROP TABLE weir_outbox", "DROP TABLE IF EXISTS weir_outbox", "DROP INDEX weir_by_key",
    "ALTER TABLE weir_outbox RENAME TO mine", "ALTER TABLE weir_outbox RENAME COLUMN key TO k",
    "ALTER TABLE weir_outbox ADD COLUMN mine int", "ALTER TABLE weir_outbox DROP COLUMN key",
    "ALTER TABLE t RENAME TO weir_mine", "ALTER TABLE t RENAME TO \"WEIR_mine\"", "CREATE TABLE weir_mine (a int)",
    "CREATE TABLE IF NOT EXISTS weir_outbox (a int)", "CREATE TABLE weir_c AS SELECT 1",
    "CREATE TABLE c AS SELECT * FROM weir_outbox", "CREATE INDEX i ON weir_outbox (key)",
    "CREATE UNIQUE INDEX i ON weir_outbox (key)", "CREATE INDEX weir_i ON t (b)",
    "CREATE TABLE c (a bigint REFERENCES weir_outbox (sequence))",
    "CREATE TABLE c (a bigint REFERENCES \"weir_outbox\")",
    "ALTER TABLE t ADD COLUMN c bigint REFERENCES weir_outbox (sequence)", "CREATE VIEW v AS SELECT * FROM weir_outbox",
    "CREATE VIEW weir_v AS SELECT 1", "CREATE TEMP TABLE weir_outbox (a int)",
    "CREATE TEMP VIEW weir_outbox AS SELECT 1",
    /* more than one statement */
    "SELECT 1; COMMIT", "SELECT 1; nonsense", "INSERT INTO t VALUES (8, 'x'); DELETE FROM weir_outbox", "COMMIT; BEGIN",
    ";COMMIT", "SELECT 1;; COMMIT", "SELECT 1\n;\nCOMMIT", NULL};

/* Refused of handlers alone. */
static const char *const guard_for_migrations[] = {"ANALYZE t",
                                                   "CREATE TEMP TABLE x (a int)",
                                                   "CREATE TEMPORARY TABLE x AS SELECT 1",
                                                   "SELECT 1; SELECT 2",
                                                   "INSERT INTO t VALUES (8, 'x'); DELETE FROM t",
                                                   "",
                                                   "   ",
                                                   ";",
                                                   "-- nothing",
                                                   "/* never closed",
                                                   "/* nothing */",
                                                   NULL};

/* What a service may do, one after the other, for the lists above not to be right by refusing all. */
static const char *const guard_allowed[] = {
    "INSERT INTO t VALUES (100, 'a')",
    "INSERT INTO t VALUES (100, 'rollback') ON CONFLICT (a) DO UPDATE SET b = excluded.b",
    "INSERT INTO t VALUES (101, 'COMMIT; OR ROLLBACK weir_outbox')",
    "UPDATE t SET b = 'weir_outbox' WHERE a = 100",
    "DELETE FROM t WHERE b = 'weir_'",
    "SELECT 1; -- done",
    "SELECT 1 ;;  /* done */",
    "/* first */ SELECT 1",
    "VALUES (1), (2)",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n",
    "CREATE TABLE order_weir_x (a int)",
    "DROP TABLE order_weir_x",
    "CREATE TABLE u (a int, b text)",
    "CREATE INDEX u_a ON u (a)",
    "ALTER TABLE u ADD COLUMN c text",
    "ALTER TABLE u RENAME TO w",
    "CREATE VIEW v AS SELECT a FROM w",
    "SELECT * FROM v",
    "DROP VIEW v",
    "DROP TABLE w",
    "EXPLAIN SELECT 1",
    NULL};

/* What no reader may do, whatever a handler may. */
static const char *const guard_writes[] = {"INSERT INTO t VALUES (1, 'a')",
                                           "INSERT INTO t VALUES (1, 'a') RETURNING a",
                                           "DELETE FROM t",
                                           "UPDATE t SET a = 1",
                                           "CREATE TABLE u (a int)",
                                           "DROP TABLE t",
                                           NULL};

typedef struct guard_error {
    const char *sql;
    weir_err err;
} guard_error;

/* Of a database with u (a UNIQUE NOT NULL CHECK (a > 0), n PRIMARY KEY); the list ends with WEIR_OK. */
static const guard_error guard_errors[] = {{"INSERT INTO nonsense VALUES (1)", WEIR_E_FORMAT},
                                           {"SELECT b, nonsense FROM t", WEIR_E_FORMAT},
                                           {"SELECT FROM FROM", WEIR_E_FORMAT},
                                           {"SELECT ?1", WEIR_E_FORMAT},
                                           {"SELECT nonsense(1)", WEIR_E_FORMAT},
                                           {"INSERT INTO u VALUES (1, 2, 3)", WEIR_E_FORMAT},
                                           {"COMMIT", WEIR_E_DENIED},
                                           {NULL, WEIR_E_USAGE},
                                           {"INSERT INTO u VALUES (0, 1)", WEIR_E_EXISTS},
                                           {"INSERT INTO u VALUES (NULL, 1)", WEIR_E_EXISTS},
                                           {NULL, WEIR_OK}};

/* ---- a database with tables of weir's and of a service's */

/* What is a database's own. Statements end with NULL. */
typedef struct guard_kind {
    const char *(*url)(void); /* of a database that nobody has had yet */
    const char
        *weirs_tables;   /* weir_outbox (sequence, key) with (1, 'a') and (2, 'b'), its index weir_by_key, and more */
    const char *picture; /* one text of all that must stay as it is: t, weir_outbox and the rest between '|' */
    const char *const *refused, *const *for_migrations, *const *allowed;
    const guard_error *errors;
    bool goes_on_after_errors; /* a transaction takes more after an error, without going back to a savepoint */
} guard_kind;

typedef struct world {
    const guard_kind *kind;
    wr_store *store, *reader;
} world;

enum { GUARD_PICTURE_MAX = 6000 };

static const char *const guard_tables = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)";

static inline void world_begin(world *w, const guard_kind *kind)
{
    weir_failure failure = {0};
    const char *url = kind->url();
    w->kind = kind;
    CHECK_OK(wr_store_open(url, WR_STORE_NOT_DURABLE, &w->store, &failure));
    CHECK_OK(wr_store_migrate(w->store, "weir", (const char *const[]){kind->weirs_tables, NULL}, &failure));
    CHECK_OK(wr_store_migrate(w->store, "shop", (const char *const[]){guard_tables, NULL}, &failure));
    CHECK_OK(wr_store_open(url, WR_STORE_READ_ONLY, &w->reader, &failure));
}

static inline void world_end(world *w)
{
    wr_store_close(w->reader);
    wr_store_close(w->store);
}

static inline void take_picture(world *w, char ret_text[GUARD_PICTURE_MAX])
{
    wr_statement *row;
    CHECK_OK(wr_store_prepare(w->store, w->kind->picture, NULL, &row, NULL));
    CHECK_OK(wr_statement_next(row, NULL));
    CHECK(snprintf(ret_text, GUARD_PICTURE_MAX, "%s", wr_statement_text(row, 0)) < GUARD_PICTURE_MAX);
    wr_statement_done(row);
}

static inline void check_picture(world *w, const char *wanted)
{
    char text[GUARD_PICTURE_MAX];
    take_picture(w, text);
    CHECK_STR(text, wanted);
}

static inline weir_err try_exec(wr_store *store, const char *sql)
{
    weir_failure failure = {0};
    weir_err err = wr_store_service_exec(store, sql, NULL, &failure);
    CHECK(err == WEIR_OK || (failure.err == err && failure.sentence[0]));
    return err;
}

static inline weir_err try_query(wr_store *store, const char *sql)
{
    wr_statement *rows = NULL;
    weir_failure failure = {0};
    weir_err err = wr_store_service_query(store, sql, NULL, &rows, &failure);
    while (err == WEIR_OK)
        err = wr_statement_next(rows, &failure);
    wr_statement_done(rows);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

/* Of rows of `what`: a table, and which of its rows. */
static inline int64_t count_of(wr_store *store, const char *what)
{
    char sql[200];
    wr_statement *row;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", what);
    CHECK_OK(wr_store_prepare(store, sql, NULL, &row, NULL));
    CHECK_OK(wr_statement_next(row, NULL));
    int64_t count = wr_statement_int(row, 0);
    wr_statement_done(row);
    return count;
}

/* weir itself has used the text before: its statement lies prepared. */
static inline void prepare_as_weir(wr_store *store, const char *sql)
{
    wr_statement *statement = NULL;
    if (wr_store_prepare(store, sql, NULL, &statement, NULL) == WEIR_OK)
        wr_statement_done(statement);
}

/* ---- promises */

typedef void guard_look(world *w, const char *sql);

static inline void each_of(world *w, guard_look *look, const char *const *list)
{
    for (; list && *list; list++)
        look(w, *list);
}

/* All that is refused of a handler. */
static inline void each_refused(world *w, guard_look *look)
{
    each_of(w, look, guard_refused);
    each_of(w, look, w->kind->refused);
    each_of(w, look, guard_for_migrations);
    each_of(w, look, w->kind->for_migrations);
}

/* `sql` is refused behind another statement, which goes with it, and what was begun before both is still there. */
static inline void check_refused(world *w, const char *sql, int savepoints, bool is_query)
{
    char before[GUARD_PICTURE_MAX];
    take_picture(w, before);
    CHECK_OK(wr_store_begin(w->store, NULL));
    for (int i = 0; i < savepoints; i++)
        CHECK_OK(wr_store_savepoint(w->store, NULL));
    CHECK_OK(wr_store_service_exec(w->store, "INSERT INTO t VALUES (7, 'x')", NULL, NULL));
    for (int again = 0; again < (w->kind->goes_on_after_errors ? 2 : 1); again++) {
        weir_err err = is_query ? try_query(w->store, sql) : try_exec(w->store, sql);
        if (err != WEIR_E_DENIED && err != WEIR_E_FORMAT && err != WEIR_E_USAGE)
            fail_msg("%s: %s", sql, weir_err_name(err));
    }
    for (int i = 0; i < savepoints; i++)
        CHECK_OK(wr_store_undo(w->store, NULL)); /* the savepoints are still there, */
    if (savepoints)
        CHECK_OK(wr_store_commit(w->store, NULL)); /* and so is the transaction */
    else
        wr_store_rollback(w->store);
    check_picture(w, before);
}

static inline void look_refused(world *w, const char *sql)
{
    for (int savepoints = 0; savepoints < 3; savepoints++)
        for (int is_query = 0; is_query < 2; is_query++)
            check_refused(w, sql, savepoints, is_query);
}

static inline void look_refused_outside(world *w, const char *sql)
{
    if (try_exec(w->store, sql) == WEIR_OK || try_query(w->store, sql) == WEIR_OK ||
        try_query(w->reader, sql) == WEIR_OK || try_exec(w->reader, sql) == WEIR_OK)
        fail_msg("%s", sql);
}

static inline void look_not_written(world *w, const char *sql)
{
    if (try_query(w->reader, sql) == WEIR_OK)
        fail_msg("%s", sql);
    CHECK_EQ(try_exec(w->reader, sql), WEIR_E_DENIED);
}

static inline void look_not_migrated(world *w, const char *sql)
{
    char before[GUARD_PICTURE_MAX], script[400];
    take_picture(w, before);
    CHECK(snprintf(script, sizeof script, "INSERT INTO t VALUES (7, 'x'); %s", sql) < (int)sizeof script);
    if (wr_store_migrate(w->store, "shop", (const char *const[]){guard_tables, script, NULL}, NULL) == WEIR_OK)
        fail_msg("%s", sql);
    check_picture(w, before);
}

static inline void check_migrates(world *w, const char *script)
{
    weir_failure failure = {0};
    if (wr_store_migrate(w->store, "shop", (const char *const[]){guard_tables, script, NULL}, &failure) != WEIR_OK)
        fail_msg("%s", failure.sentence);
}

static inline void look_allowed(world *w, const char *sql)
{
    weir_failure failure = {0};
    if (wr_store_service_exec(w->store, sql, NULL, &failure) != WEIR_OK)
        fail_msg("%s: %s", sql, failure.sentence);
    prepare_as_weir(w->store, "SELECT count(*) FROM weir_outbox"); /* in between, after each change of schema */
}

static inline void check_allowed(world *w)
{
    for (int round = 0; round < 2; round++) {
        CHECK_OK(wr_store_begin(w->store, NULL));
        CHECK_OK(wr_store_savepoint(w->store, NULL));
        each_of(w, look_allowed, guard_allowed);
        each_of(w, look_allowed, w->kind->allowed);
        CHECK_OK(wr_store_exec(w->store, "DELETE FROM weir_outbox WHERE sequence > 100", NULL, NULL));
        CHECK_OK(wr_store_undo(w->store, NULL));
        CHECK_OK(wr_store_commit(w->store, NULL));
    }
}

/* `sql` leaves a constraint open: its handler hears of it at its end, and what it did can be undone. */
static inline void check_left_open(world *w, const char *sql)
{
    CHECK_OK(wr_store_savepoint(w->store, NULL));
    CHECK_OK(try_exec(w->store, sql));
    CHECK_EQ(wr_store_release(w->store, NULL), WEIR_E_EXISTS);
    CHECK_OK(wr_store_undo(w->store, NULL));
}

/* Of c, whose a is a foreign key into t and deferred: found at the end of each handler, where it can still be mended. */
static inline void check_foreign_key(world *w)
{
    CHECK_OK(wr_store_savepoint(w->store, NULL));
    CHECK_OK(try_exec(w->store, "INSERT INTO c (a) VALUES (5)"));
    CHECK_EQ(wr_store_release(w->store, NULL), WEIR_E_EXISTS);
    CHECK_OK(try_exec(w->store, "INSERT INTO t VALUES (5, 'e')"));
    CHECK_OK(wr_store_release(w->store, NULL));
    for (int i = 0; i < 2; i++) /* deferred again for the next one */
        check_left_open(w, "INSERT INTO c (a) VALUES (6)");
}

static inline void check_error(world *w, const guard_error *wanted)
{
    for (int again = 0; again < 4; again++) {
        bool in_transaction = again % 2;
        if (in_transaction) {
            CHECK_OK(wr_store_begin(w->store, NULL));
            CHECK_OK(wr_store_savepoint(w->store, NULL));
        }
        weir_err err = try_exec(w->store, wanted->sql);
        if (err != wanted->err)
            fail_msg("%s: %s", wanted->sql, weir_err_name(err));
        if (in_transaction) {
            CHECK_OK(wr_store_undo(w->store, NULL));
            CHECK_OK(wr_store_commit(w->store, NULL));
        }
    }
}

static inline void check_errors(world *w)
{
    for (const guard_error *of = guard_errors; of->err != WEIR_OK; of++)
        check_error(w, of);
    for (const guard_error *of = w->kind->errors; of->err != WEIR_OK; of++)
        check_error(w, of);
    /* A statement that was right until its table went is wrong, not unlucky. */
    CHECK_OK(try_exec(w->store, "SELECT count(*) FROM u"));
    CHECK_OK(try_exec(w->store, "DROP TABLE u"));
    CHECK_EQ(try_exec(w->store, "SELECT count(*) FROM u"), WEIR_E_FORMAT);
    CHECK_EQ(try_query(w->store, "DELETE FROM t"), WEIR_E_USAGE); /* no rows to read */
    CHECK_OK(try_query(w->store, "DELETE FROM t RETURNING a"));
}

#endif
