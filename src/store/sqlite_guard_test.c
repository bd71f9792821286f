#include "guard_testing.h"

/* What no service may do on SQLite. */
static const char *const refused[] = {
    /* transactions, in whatever way they are written */
    "BEGIN IMMEDIATE", "RELEASE [weir]", "RELEASE `Weir`", "RELEASE 'weir'",
    /* the whole transaction rolled back by a conflict */
    "INSERT OR ROLLBACK INTO t VALUES (7, 'seven')", "insert or /* */ rollback into t values (7, 'x')",
    "UPDATE OR ROLLBACK t SET a = 7", "CREATE TABLE u (a UNIQUE ON CONFLICT ROLLBACK)",
    "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'x'); END",
    "CREATE TRIGGER r BEFORE INSERT ON t BEGIN SELECT raise ( rollback, 'x'); END",
    /* other files, settings, code */
    "ATTACH 'other.db' AS other", "ATTACH ':memory:' AS other", "DETACH main", "DETACH other", "VACUUM INTO 'copy.db'",
    "PRAGMA synchronous = OFF", "PRAGMA page_size = 512", "PRAGMA synchronous", "PRAGMA foreign_keys = OFF",
    "PRAGMA writable_schema = ON", "PRAGMA wal_checkpoint(TRUNCATE)", "SELECT * FROM pragma_table_info('t')",
    "SELECT load_extension('x')", "SELECT LOAD_EXTENSION('x', 'y')", "SELECT fts3_tokenizer('simple')",
    /* weir's tables: rows */
    "DELETE FROM main.weir_outbox", "DELETE FROM [Weir_Outbox]", "REPLACE INTO weir_outbox VALUES (1, 'x')",
    "INSERT INTO weir_outbox VALUES (1, 'x') ON CONFLICT DO UPDATE SET key = 'y'",
    "EXPLAIN QUERY PLAN DELETE FROM weir_outbox",
    /* weir's tables: definitions, whose columns need no types */
    "DROP INDEX by_key", "ALTER TABLE weir_outbox ADD COLUMN mine", "ALTER TABLE t RENAME TO 'weir_mine'",
    "ALTER TABLE t RENAME TO [WEIR_mine]", "CREATE TABLE weir_mine (a)", "CREATE TABLE IF NOT EXISTS weir_outbox (a)",
    "CREATE TABLE c (a REFERENCES weir_outbox (sequence))", "CREATE TABLE c (a REFERENCES \"weir_outbox\")",
    "ALTER TABLE t ADD COLUMN c REFERENCES weir_outbox (sequence)",
    "CREATE TRIGGER r AFTER INSERT ON weir_outbox BEGIN SELECT 1; END",
    "CREATE TRIGGER weir_r AFTER INSERT ON t BEGIN SELECT 1; END",
    "CREATE TRIGGER r AFTER INSERT ON t BEGIN DELETE FROM weir_outbox; END",
    "CREATE TRIGGER r AFTER INSERT ON t WHEN EXISTS (SELECT 1 FROM weir_outbox) BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER r AFTER INSERT ON main.weir_outbox BEGIN SELECT 1; END",
    "CREATE TEMP TRIGGER r AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE TEMP TABLE weir_outbox (a, b)",
    "CREATE TEMP VIEW x AS SELECT 1", "CREATE TABLE temp.weir_outbox (a)", "CREATE VIRTUAL TABLE weir_f USING fts5 (a)",
    "CREATE VIRTUAL TABLE f USING fts5 (a, content='weir_outbox')",
    "CREATE VIRTUAL TABLE f USING fts5 (a, content=\"weir_outbox\")",
    /* SQLite's own tables */
    "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (a)')", "DELETE FROM sqlite_master",
    "UPDATE sqlite_schema SET sql = 'x'", "DROP TABLE sqlite_master", NULL};

static const char *const for_migrations[] = {"ANALYZE", "REINDEX", "REINDEX t", "REINDEX weir_by_key", NULL};

static const char *const allowed[] = {
    "INSERT OR IGNORE INTO t VALUES (100, 'a')",
    "INSERT OR REPLACE INTO t VALUES (100, 'rollback')",
    "UPDATE OR FAIL t SET b = 'weir_outbox' WHERE a = 100",
    "INSERT INTO t (a) VALUES (102) ON CONFLICT (a) DO UPDATE SET a = a",
    "SELECT a AS rollback FROM t",
    "CREATE TABLE order_weir_x (a)",
    "DROP TABLE order_weir_x",
    "CREATE TABLE w (a, b)",
    "ALTER TABLE w ADD COLUMN c",
    "CREATE TRIGGER r AFTER INSERT ON t BEGIN INSERT INTO w VALUES (new.a, 1, 2); END",
    "INSERT INTO t VALUES (103, 'c')",
    "DROP TRIGGER r",
    "DROP TABLE w",
    "CREATE VIRTUAL TABLE f USING fts5 (a)",
    "INSERT INTO f VALUES ('words')",
    "SELECT a FROM f WHERE f MATCH 'words'",
    "DROP TABLE f",
    "SELECT json_extract('{\"a\":1}', '$.a')",
    NULL};

static const guard_error errors[] = {
    {"SELEC 1", WEIR_E_FORMAT},
    {"INSERT INTO u VALUES (1)", WEIR_E_FORMAT}, /* two columns */
    {"INSERT INTO u VALUES (1, 'no number')", WEIR_E_REFUSED},
    {"SELECT json_extract('no json', '$.a')", WEIR_E_REFUSED},
    {"SELECT abs(-9223372036854775808)", WEIR_E_REFUSED},
    {"SELECT sum(a) FROM (SELECT 9223372036854775807 AS a UNION ALL SELECT 1)", WEIR_E_REFUSED},
    {NULL, WEIR_OK}};

static const guard_kind sqlite = {
    .url = test_url_sqlite,
    .weirs_tables = "CREATE TABLE weir_outbox (sequence INTEGER PRIMARY KEY, key TEXT);"
                    "CREATE INDEX weir_by_key ON weir_outbox (key);"
                    "CREATE INDEX by_key ON weir_outbox (key, sequence);"
                    "INSERT INTO weir_outbox VALUES (1, 'a'), (2, 'b')",
    .picture = "SELECT printf('%s|%s|%s|%d', (SELECT group_concat(a || b) FROM t),"
               " (SELECT group_concat(sequence || key) FROM weir_outbox),"
               " (SELECT group_concat(name || sql) FROM sqlite_master), (SELECT count(*) FROM sqlite_temp_master))",
    .refused = refused,
    .for_migrations = for_migrations,
    .allowed = allowed,
    .errors = errors,
    .goes_on_after_errors = true};

TEST(no_statement_of_a_service_tears_the_transaction_or_touches_weirs_tables)
{
    world w;
    world_begin(&w, &sqlite);
    each_refused(&w, look_refused);
    world_end(&w);
}

TEST(outside_of_a_transaction_they_are_refused_as_well)
{
    world w;
    char before[GUARD_PICTURE_MAX];
    world_begin(&w, &sqlite);
    take_picture(&w, before);
    each_refused(&w, look_refused_outside);
    check_picture(&w, before);
    world_end(&w);
}

static void look_prepared(world *w, const char *sql)
{
    for (int is_query = 0; is_query < 2; is_query++) {
        prepare_as_weir(w->store, sql);
        check_refused(w, sql, 1, is_query);
    }
}

TEST(what_weir_has_prepared_itself_stays_refused)
{
    world w;
    world_begin(&w, &sqlite);
    for (int i = 0; i < 2; i++) { /* as a batch runs: all of weir's own statements are prepared now */
        CHECK_OK(wr_store_begin(w.store, NULL));
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        CHECK_OK(wr_store_undo(w.store, NULL));
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        CHECK_OK(wr_store_release(w.store, NULL));
        CHECK_OK(wr_store_commit(w.store, NULL));
    }
    each_refused(&w, look_prepared);
    world_end(&w);
}

static void look_prepared_and_read(world *w, const char *sql)
{
    prepare_as_weir(w->reader, sql);
    CHECK(try_query(w->reader, sql) != WEIR_OK);
    CHECK(try_exec(w->reader, sql) != WEIR_OK);
}

TEST(a_query_on_a_read_only_connection_writes_nothing_at_all)
{
    world w;
    char before[GUARD_PICTURE_MAX];
    world_begin(&w, &sqlite);
    take_picture(&w, before);
    each_refused(&w, look_prepared_and_read);
    each_of(&w, look_not_written, guard_writes);
    CHECK_OK(try_query(w.reader, "SELECT * FROM t"));
    check_picture(&w, before);
    world_end(&w);
}

TEST(migrations_of_a_service_keep_to_the_same_rules)
{
    world w;
    world_begin(&w, &sqlite);
    each_of(&w, look_not_migrated, guard_refused);
    each_of(&w, look_not_migrated, refused);
    check_migrates(&w, "CREATE TABLE u (a UNIQUE); INSERT INTO u VALUES (1); CREATE TEMP TABLE x AS SELECT * FROM u;"
                       "DROP TABLE x; -- the end\n ANALYZE; REINDEX u;");
    world_end(&w);
}

TEST(a_service_may_do_with_its_own_tables_what_it_likes)
{
    world w;
    world_begin(&w, &sqlite);
    check_allowed(&w);
    world_end(&w);
}

TEST(a_view_or_trigger_of_before_the_guard_reaches_weirs_tables_no_more)
{
    world w;
    world_begin(&w, &sqlite);
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
    char after[GUARD_PICTURE_MAX];
    world_begin(&w, &sqlite);
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
    take_picture(&w, after);
    CHECK(strncmp(after, "2b|1a,2b|", 9) == 0);
    world_end(&w);
}

TEST(a_foreign_key_left_open_is_said_before_the_commit)
{
    world w;
    world_begin(&w, &sqlite);
    check_migrates(&w, "CREATE TABLE c (a REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED)");
    CHECK_OK(wr_store_begin(w.store, NULL));
    check_foreign_key(&w);
    CHECK_OK(wr_store_commit(w.store, NULL));
    CHECK_EQ(count_of(w.reader, "c"), 1);
    world_end(&w);
}

TEST(errors_are_the_programs_the_datas_or_the_moments)
{
    world w;
    world_begin(&w, &sqlite);
    CHECK_OK(wr_store_script(w.store, "CREATE TABLE u (a UNIQUE NOT NULL CHECK (a > 0), n INTEGER PRIMARY KEY)", NULL));
    check_errors(&w);
    world_end(&w);
}
