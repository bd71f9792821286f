#include "test.h"

#include <store/store.h>

#include <stdio.h>

/* What no service may do, each a statement that SQLite itself would run or that stands for its kind. */
static const char *const refused[] = {
    /* transactions, in whatever way they are written */
    "COMMIT", "commit;", "END", "END TRANSACTION", "COMMIT TRANSACTION", "BEGIN", "BEGIN IMMEDIATE", "ROLLBACK",
    "ROLLBACK TRANSACTION", "SAVEPOINT weir", "SAVEPOINT mine", "savepoint \"WEIR\"", "RELEASE weir",
    "RELEASE SAVEPOINT weir", "RELEASE [weir]", "RELEASE `Weir`", "RELEASE 'weir'", "ROLLBACK TO weir",
    "ROLLBACK TO SAVEPOINT \"weir\"", "/* quietly */ COMMIT -- yes", "  \n\tCOMMIT", "EXPLAIN COMMIT",
    /* the whole transaction rolled back by a conflict */
    "INSERT OR ROLLBACK INTO t VALUES (7, 'seven')", "insert or /* */ rollback into t values (7, 'x')",
    "UPDATE OR ROLLBACK t SET a = 7", "CREATE TABLE u (a UNIQUE ON CONFLICT ROLLBACK)",
    "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'x'); END",
    "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT raise ( rollback, 'x'); END",
    /* other files, settings, code */
    "ATTACH 'other.db' AS other", "ATTACH ':memory:' AS other", "DETACH main", "DETACH other", "VACUUM",
    "VACUUM INTO 'copy.db'", "PRAGMA synchronous = OFF", "PRAGMA page_size = 512", "PRAGMA synchronous",
    "PRAGMA foreign_keys = OFF", "PRAGMA writable_schema = ON", "PRAGMA wal_checkpoint(TRUNCATE)",
    "SELECT * FROM pragma_table_info('t')", "SELECT load_extension('x')", "SELECT LOAD_EXTENSION('x', 'y')",
    "SELECT fts3_tokenizer('simple')", "ANALYZE", "ANALYZE t", "REINDEX", "REINDEX t", "REINDEX weir_by_key",
    /* weir's tables: rows */
    "DELETE FROM weir_outbox", "delete from WEIR_OUTBOX", "DELETE FROM main.weir_outbox", "DELETE FROM \"weir_outbox\"",
    "DELETE FROM [Weir_Outbox]", "DELETE FROM weir_outbox RETURNING sequence", "UPDATE weir_outbox SET key = 'x'",
    "UPDATE t SET b = (SELECT key FROM weir_outbox)", "UPDATE t SET b = key FROM weir_outbox",
    "INSERT INTO weir_outbox VALUES (9, 'x')", "INSERT INTO weir_outbox SELECT a, b FROM t",
    "INSERT INTO t SELECT sequence, key FROM weir_outbox", "REPLACE INTO weir_outbox VALUES (1, 'x')",
    "INSERT INTO weir_outbox VALUES (1, 'x') ON CONFLICT DO UPDATE SET key = 'y'", "SELECT * FROM weir_outbox",
    "SELECT count(*) FROM weir_outbox", "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM weir_outbox)",
    "WITH w AS (SELECT * FROM weir_outbox) SELECT count(*) FROM w", "EXPLAIN SELECT * FROM weir_outbox",
    "EXPLAIN QUERY PLAN DELETE FROM weir_outbox", "DELETE FROM t WHERE a IN (SELECT sequence FROM weir_outbox)",
    /* weir's tables: definitions */
    "DROP TABLE weir_outbox", "DROP TABLE IF EXISTS weir_outbox", "DROP INDEX weir_by_key", "DROP INDEX by_key",
    "ALTER TABLE weir_outbox RENAME TO mine", "ALTER TABLE weir_outbox RENAME COLUMN key TO k",
    "ALTER TABLE weir_outbox ADD COLUMN mine", "ALTER TABLE weir_outbox DROP COLUMN key",
    "ALTER TABLE t RENAME TO weir_mine", "ALTER TABLE t RENAME TO 'weir_mine'", "ALTER TABLE t RENAME TO [WEIR_mine]",
    "CREATE TABLE weir_mine (a)", "CREATE TABLE IF NOT EXISTS weir_outbox (a)", "CREATE TABLE weir_c AS SELECT 1",
    "CREATE TABLE c AS SELECT * FROM weir_outbox", "CREATE INDEX i ON weir_outbox (key)",
    "CREATE UNIQUE INDEX i ON weir_outbox (key)", "CREATE INDEX weir_i ON t (b)",
    "CREATE TABLE c (a REFERENCES weir_outbox (sequence))", "CREATE TABLE c (a REFERENCES \"weir_outbox\")",
    "ALTER TABLE t ADD COLUMN c REFERENCES weir_outbox (sequence)", "CREATE VIEW v AS SELECT * FROM weir_outbox",
    "CREATE VIEW weir_v AS SELECT 1", "CREATE TRIGGER r AFTER INSERT ON weir_outbox BEGIN SELECT 1; END",
    "CREATE TRIGGER weir_r AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM weir_outbox; END",
    "CREATE TRIGGER r AFTER INSERT ON t WHEN EXISTS (SELECT 1 FROM weir_outbox) BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER r AFTER INSERT ON main.weir_outbox BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE TEMP TABLE weir_outbox (a, b)",
    "CREATE TEMP TABLE x (a)", "CREATE TEMPORARY TABLE x AS SELECT 1", "CREATE TEMP VIEW weir_outbox AS SELECT 1",
    "CREATE TEMP VIEW x AS SELECT 1", "CREATE TABLE temp.weir_outbox (a)", "CREATE VIRTUAL TABLE weir_f USING fts5 (a)",
    "CREATE VIRTUAL TABLE f USING fts5 (a, content='weir_outbox')",
    "CREATE VIRTUAL TABLE f USING fts5 (a, content=\"weir_outbox\")",
    /* SQLite's own tables */
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (a)')", "DELETE FROM sqlite_master",
    "UPDATE sqlite_schema SET sql = 'x'", "DROP TABLE sqlite_master",
    /* no statement, or more than one */
    "", "   ", ";", "-- nothing", "/* nothing */", "/* never closed", "SELECT 1; COMMIT", "SELECT 1; SELECT 2",
    "SELECT 1; nonsense", "INSERT INTO t VALUES (8, 'x'); DELETE FROM weir_outbox", "COMMIT; BEGIN",
    "SELECT 1;; COMMIT"};

/* What a service may do, for the list above not to be right by refusing all. */
static const char *const allowed[] = {
    "INSERT INTO t VALUES (100, 'a')",
    "INSERT OR IGNORE INTO t VALUES (100, 'a')",
    "INSERT OR REPLACE INTO t VALUES (100, 'rollback')",
    "INSERT INTO t VALUES (101, 'OR ROLLBACK weir_outbox')",
    "UPDATE OR FAIL t SET b = 'weir_outbox' WHERE a = 100",
    "DELETE FROM t WHERE b = 'weir_'",
    "INSERT INTO t (a) VALUES (102) ON CONFLICT (a) DO UPDATE SET a = a",
    "SELECT 1; -- done",
    "SELECT 1 ;;  /* done */",
    "/* first */ SELECT 1",
    "SELECT a AS rollback FROM t",
    "CREATE TABLE order_weir_x (a)",
    "DROP TABLE order_weir_x",
    "CREATE TABLE u (a, b)",
    "CREATE INDEX u_a ON u (a)",
    "ALTER TABLE u ADD COLUMN c",
    "ALTER TABLE u RENAME TO w",
    "CREATE VIEW v AS SELECT a FROM w",
    "SELECT * FROM v",
    "CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO w VALUES (new.a, 1, 2); END",
    "INSERT INTO t VALUES (103, 'c')",
    "DROP TRIGGER r",
    "DROP VIEW v",
    "DROP TABLE w",
    "CREATE VIRTUAL TABLE f USING fts5 (a)",
    "INSERT INTO f VALUES ('words')",
    "SELECT a FROM f WHERE f MATCH 'words'",
    "DROP TABLE f",
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n",
    "SELECT json_extract('{\"a\":1}', '$.a')",
    "EXPLAIN SELECT 1"};

typedef struct world {
    wr_store *store, *reader;
    char path[300];
} world;

static const char *const books[] = {"CREATE TABLE weir_outbox (sequence INTEGER PRIMARY KEY, key TEXT);"
                                    "CREATE INDEX weir_by_key ON weir_outbox (key);"
                                    "CREATE INDEX by_key ON weir_outbox (key, sequence);"
                                    "INSERT INTO weir_outbox VALUES (1, 'a'), (2, 'b')",
                                    NULL};
static const char *const tables[] = {"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", NULL};

static void world_begin(world *w)
{
    weir_failure failure = {0};
    snprintf(w->path, sizeof w->path, "%s/guard.db", test_directory());
    CHECK_OK(wr_store_open(w->path, WR_STORE_NOT_DURABLE, &w->store, &failure));
    CHECK_OK(wr_store_migrate(w->store, "weir", books, &failure));
    CHECK_OK(wr_store_migrate(w->store, "shop", tables, &failure));
    CHECK_OK(wr_store_open(w->path, WR_STORE_READ_ONLY, &w->reader, &failure));
}

static void world_end(world *w)
{
    wr_store_close(w->reader);
    wr_store_close(w->store);
}

/* Everything that must stay as it is, as one text. */
static const char *picture(world *w)
{
    static char text[2][4000];
    static int turn;
    wr_statement *row;
    CHECK_OK(wr_store_prepare(w->store,
                              "SELECT (SELECT group_concat(a || b) FROM t), (SELECT group_concat(sequence || key) FROM"
                              " weir_outbox), (SELECT group_concat(name || sql) FROM sqlite_master),"
                              " (SELECT count(*) FROM sqlite_temp_master)",
                              NULL, &row, NULL));
    CHECK_OK(wr_statement_next(row, NULL));
    char *to = text[turn++ % 2];
    snprintf(to, sizeof text[0], "%s|%s|%s|%s", wr_statement_text(row, 0), wr_statement_text(row, 1),
             wr_statement_text(row, 2), wr_statement_text(row, 3));
    wr_statement_done(row);
    return to;
}

static weir_err try_exec(wr_store *store, const char *sql)
{
    weir_failure failure = {0};
    weir_err err = wr_store_service_exec(store, sql, NULL, &failure);
    CHECK(err == WEIR_OK || (failure.err == err && failure.sentence[0]));
    return err;
}

static weir_err try_query(wr_store *store, const char *sql)
{
    wr_statement *rows = NULL;
    weir_failure failure = {0};
    weir_err err = wr_store_service_query(store, sql, NULL, &rows, &failure);
    while (err == WEIR_OK)
        err = wr_statement_next(rows, &failure);
    wr_statement_done(rows);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

/* weir itself has used the text before: its statement lies prepared. */
static void prepare_as_weir(wr_store *store, const char *sql)
{
    wr_statement *statement = NULL;
    if (wr_store_prepare(store, sql, NULL, &statement, NULL) == WEIR_OK)
        wr_statement_done(statement);
}

static void check_refused(world *w, const char *sql, int savepoints, bool is_query)
{
    static char before[4000];
    snprintf(before, sizeof before, "%s", picture(w));
    CHECK_OK(wr_store_begin(w->store, NULL));
    for (int i = 0; i < savepoints; i++)
        CHECK_OK(wr_store_savepoint(w->store, NULL));
    CHECK_OK(wr_store_service_exec(w->store, "INSERT INTO t VALUES (7, 'x')", NULL, NULL));
    for (int again = 0; again < 2; again++) {
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
    CHECK_STR(picture(w), before);
}

TEST(no_statement_of_a_service_tears_the_transaction_or_touches_weirs_tables)
{
    world w;
    world_begin(&w);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        for (int savepoints = 0; savepoints < 3; savepoints++)
            for (int is_query = 0; is_query < 2; is_query++)
                check_refused(&w, refused[i], savepoints, is_query);
    world_end(&w);
}

TEST(what_weir_has_prepared_itself_stays_refused)
{
    world w;
    world_begin(&w);
    for (int i = 0; i < 2; i++) { /* as a batch runs: all of weir's own statements are prepared now */
        CHECK_OK(wr_store_begin(w.store, NULL));
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        CHECK_OK(wr_store_undo(w.store, NULL));
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        CHECK_OK(wr_store_release(w.store, NULL));
        CHECK_OK(wr_store_commit(w.store, NULL));
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        prepare_as_weir(w.store, refused[i]);
        check_refused(&w, refused[i], 1, false);
        prepare_as_weir(w.store, refused[i]);
        check_refused(&w, refused[i], 1, true);
    }
    world_end(&w);
}

TEST(a_query_on_a_read_only_connection_writes_nothing_at_all)
{
    world w;
    world_begin(&w);
    static char before[4000];
    snprintf(before, sizeof before, "%s", picture(&w));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        prepare_as_weir(w.reader, refused[i]);
        CHECK(try_query(w.reader, refused[i]) != WEIR_OK);
        CHECK(try_exec(w.reader, refused[i]) != WEIR_OK);
    }
    const char *const writes[] = {"INSERT INTO t VALUES (1, 'a')",
                                  "INSERT INTO t VALUES (1, 'a') RETURNING a",
                                  "DELETE FROM t",
                                  "UPDATE t SET a = 1",
                                  "CREATE TABLE u (a)",
                                  "DROP TABLE t"};
    for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
        CHECK(try_query(w.reader, writes[i]) != WEIR_OK);
        CHECK_EQ(try_exec(w.reader, writes[i]), WEIR_E_DENIED);
    }
    CHECK_OK(try_query(w.reader, "SELECT * FROM t"));
    CHECK_STR(picture(&w), before);
    world_end(&w);
}

TEST(migrations_of_a_service_keep_to_the_same_rules)
{
    world w;
    world_begin(&w);
    static char before[4000];
    snprintf(before, sizeof before, "%s", picture(&w));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *sql = refused[i];
        bool is_upkeep = strstr(sql, "ANALYZE") || strstr(sql, "REINDEX") || strstr(sql, "TEMP TABLE x") ||
                         strstr(sql, "TEMPORARY TABLE x");
        bool is_empty = strspn(sql, " ;") == strlen(sql) || strncmp(sql, "--", 2) == 0 || strncmp(sql, "/* n", 4) == 0;
        if (is_upkeep || is_empty || strcmp(sql, "SELECT 1; SELECT 2") == 0)
            continue;
        char script[400];
        snprintf(script, sizeof script, "INSERT INTO t VALUES (7, 'x'); %s", sql);
        const char *const scripts[] = {tables[0], script, NULL};
        if (wr_store_migrate(w.store, "shop", scripts, NULL) == WEIR_OK)
            fail_msg("%s", sql);
        CHECK_STR(picture(&w), before);
    }
    const char *const scripts[] = {
        tables[0],
        "CREATE TABLE u (a UNIQUE); INSERT INTO u VALUES (1); CREATE TEMP TABLE x AS SELECT * FROM u;"
        "DROP TABLE x; -- the end\n ANALYZE; REINDEX u;",
        NULL};
    weir_failure failure = {0};
    weir_err err = wr_store_migrate(w.store, "shop", scripts, &failure);
    if (err != WEIR_OK)
        fail_msg("%s", failure.sentence);
    world_end(&w);
}

TEST(a_service_may_do_with_its_own_tables_what_it_likes)
{
    world w;
    world_begin(&w);
    for (int round = 0; round < 2; round++) {
        CHECK_OK(wr_store_begin(w.store, NULL));
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
            weir_failure failure = {0};
            if (wr_store_service_exec(w.store, allowed[i], NULL, &failure) != WEIR_OK)
                fail_msg("%s: %s", allowed[i], failure.sentence);
            prepare_as_weir(w.store, "SELECT count(*) FROM weir_outbox"); /* in between, after each change of schema */
        }
        CHECK_OK(wr_store_exec(w.store, "DELETE FROM weir_outbox WHERE sequence > 100", NULL, NULL));
        CHECK_OK(wr_store_undo(w.store, NULL));
        CHECK_OK(wr_store_commit(w.store, NULL));
    }
    world_end(&w);
}

TEST(a_view_or_trigger_of_before_the_guard_reaches_weirs_tables_no_more)
{
    world w;
    world_begin(&w);
    CHECK_OK(wr_store_script(w.store,
                             "CREATE VIEW v AS SELECT * FROM weir_outbox;"
                             "CREATE TRIGGER r AFTER DELETE ON t BEGIN DELETE FROM weir_outbox; END",
                             NULL));
    CHECK_EQ(try_query(w.store, "SELECT * FROM v"), WEIR_E_DENIED);
    CHECK_EQ(try_exec(w.store, "DELETE FROM t"), WEIR_E_DENIED);
    CHECK_OK(try_exec(w.store, "DROP TRIGGER r"));
    CHECK_OK(try_exec(w.store, "DELETE FROM t"));
    world_end(&w);
}

/* A constraint that says ON CONFLICT ROLLBACK may be older than the guard. */
TEST(a_transaction_that_was_rolled_back_within_takes_nothing_more)
{
    world w;
    world_begin(&w);
    CHECK_OK(
        wr_store_script(w.store, "CREATE TABLE u (a UNIQUE ON CONFLICT ROLLBACK); INSERT INTO u VALUES (1)", NULL));
    CHECK_OK(wr_store_begin(w.store, NULL));
    CHECK_OK(wr_store_savepoint(w.store, NULL));
    wr_statement *open;
    CHECK_OK(wr_store_prepare(w.store, "SELECT 1 UNION ALL SELECT 2", NULL, &open, NULL));
    CHECK(try_exec(w.store, "INSERT INTO u VALUES (1)") != WEIR_OK);
    CHECK_EQ(try_exec(w.store, "INSERT INTO t VALUES (1, 'alone')"), WEIR_E_BROKEN);
    CHECK_EQ(wr_store_exec(w.store, "DELETE FROM weir_outbox", NULL, NULL), WEIR_E_BROKEN);
    CHECK_EQ(wr_statement_next(open, NULL), WEIR_E_BROKEN);
    wr_statement_done(open);
    CHECK_EQ(wr_store_undo(w.store, NULL), WEIR_E_BROKEN);
    CHECK_EQ(wr_store_commit(w.store, NULL), WEIR_E_BROKEN);
    CHECK_OK(wr_store_begin(w.store, NULL)); /* and the next is whole again */
    CHECK_OK(try_exec(w.store, "INSERT INTO t VALUES (2, 'b')"));
    CHECK_OK(wr_store_commit(w.store, NULL));
    CHECK(strncmp(picture(&w), "2b|1a,2b|", 9) == 0);
    world_end(&w);
}

TEST(a_foreign_key_left_open_is_said_before_the_commit)
{
    world w;
    world_begin(&w);
    CHECK_OK(wr_store_script(w.store, "CREATE TABLE c (a REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)", NULL));
    CHECK_OK(wr_store_begin(w.store, NULL));
    CHECK_OK(wr_store_savepoint(w.store, NULL));
    CHECK_OK(try_exec(w.store, "INSERT INTO c VALUES (5)"));
    CHECK_EQ(wr_store_release(w.store, NULL), WEIR_E_EXISTS);
    CHECK_OK(try_exec(w.store, "INSERT INTO t VALUES (5, 'e')"));
    CHECK_OK(wr_store_release(w.store, NULL));
    CHECK_OK(wr_store_savepoint(w.store, NULL));
    CHECK_OK(try_exec(w.store, "INSERT INTO c VALUES (6)"));
    CHECK_EQ(wr_store_release(w.store, NULL), WEIR_E_EXISTS);
    CHECK_OK(wr_store_undo(w.store, NULL));
    CHECK_OK(wr_store_commit(w.store, NULL));
    world_end(&w);
}

TEST(errors_are_the_programs_the_datas_or_the_moments)
{
    world w;
    world_begin(&w);
    CHECK_OK(wr_store_script(w.store, "CREATE TABLE u (a UNIQUE NOT NULL CHECK (a > 0), n INTEGER PRIMARY KEY)", NULL));
    static const struct {
        const char *sql;
        weir_err err;
    } table[] = {{"INSERT INTO nonsense VALUES (1)", WEIR_E_FORMAT},
                 {"SELECT b, nonsense FROM t", WEIR_E_FORMAT},
                 {"SELEC 1", WEIR_E_FORMAT},
                 {"SELECT ?1", WEIR_E_FORMAT},
                 {"SELECT nonsense(1)", WEIR_E_FORMAT},
                 {"INSERT INTO u VALUES (1)", WEIR_E_FORMAT}, /* two columns */
                 {"COMMIT", WEIR_E_DENIED},
                 {NULL, WEIR_E_USAGE},
                 {"INSERT INTO u VALUES (0, 1)", WEIR_E_EXISTS},
                 {"INSERT INTO u VALUES (NULL, 1)", WEIR_E_EXISTS},
                 {"INSERT INTO u VALUES (1, 'no number')", WEIR_E_REFUSED},
                 {"SELECT json_extract('no json', '$.a')", WEIR_E_REFUSED},
                 {"SELECT abs(-9223372036854775808)", WEIR_E_REFUSED},
                 {"SELECT sum(a) FROM (SELECT 9223372036854775807 AS a UNION ALL SELECT 1)", WEIR_E_REFUSED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int again = 0; again < 2; again++)
            if (try_exec(w.store, table[i].sql) != table[i].err)
                fail_msg("%s: %s", table[i].sql, weir_err_name(try_exec(w.store, table[i].sql)));
    /* A statement that was right until its table went is wrong, not unlucky. */
    CHECK_OK(try_exec(w.store, "SELECT count(*) FROM u"));
    CHECK_OK(try_exec(w.store, "DROP TABLE u"));
    CHECK_EQ(try_exec(w.store, "SELECT count(*) FROM u"), WEIR_E_FORMAT);
    CHECK_EQ(try_query(w.store, "DELETE FROM t"), WEIR_E_USAGE); /* no rows to read */
    CHECK_OK(try_query(w.store, "DELETE FROM t RETURNING a"));
    world_end(&w);
}
