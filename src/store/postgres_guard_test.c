#include <testing/store/urls_testing.h>

/* What no service may do, each a statement that PostgreSQL itself would run or that stands for its kind. */
static const char *const refused[] = {
    /* transactions, in whatever way they are written */
    "COMMIT", "commit;", "END", "END TRANSACTION", "COMMIT AND CHAIN", "COMMIT WORK", "BEGIN",
    "BEGIN ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION", "ROLLBACK", "ROLLBACK AND CHAIN", "ABORT",
    "SAVEPOINT weir", "SAVEPOINT mine", "savepoint \"weir\"", "RELEASE weir", "RELEASE SAVEPOINT weir",
    "ROLLBACK TO weir", "ROLLBACK TO SAVEPOINT \"weir\"", "/* quietly */ COMMIT -- yes", "  \n\tCOMMIT",
    "-- a\n/* b /* c */ */ COMMIT", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'",
    "SET TRANSACTION READ ONLY", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET CONSTRAINTS ALL DEFERRED",
    "SET LOCAL search_path = x", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "EXPLAIN COMMIT",
    "DO $$ BEGIN COMMIT; END $$", "DO $$ BEGIN PERFORM 1; END $$", "DO LANGUAGE plpgsql 'BEGIN ROLLBACK; END'",
    /* prepared statements, cursors, copies, sessions */
    "PREPARE x AS SELECT 1", "EXECUTE w1", "EXECUTE commit", "EXPLAIN EXECUTE w1",
    "EXPLAIN (ANALYZE) EXECUTE \"rollback\"", "EXPLAIN ANALYZE EXECUTE commit", "CREATE TABLE x AS EXECUTE w1",
    "DEALLOCATE ALL", "DEALLOCATE w1", "DISCARD ALL", "DISCARD PLANS", "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "FETCH 1 FROM c", "MOVE 1 IN c", "CLOSE ALL", "COPY t TO STDOUT", "COPY t FROM STDIN", "COPY t TO '/tmp/x'",
    "COPY (SELECT 1) TO PROGRAM 'cat'", "LISTEN x", "NOTIFY x", "UNLISTEN *", "LOAD 'x'", "VACUUM", "CHECKPOINT",
    "RESET ALL", "SHOW ALL", "SET statement_timeout = 0", "SET ROLE nobody", "SET SESSION AUTHORIZATION DEFAULT",
    "SECURITY LABEL ON TABLE t IS 'x'", "REASSIGN OWNED BY weir TO weir",
    "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z", "ANALYZE t", "REINDEX TABLE t", "CLUSTER t",
    "COMMENT ON TABLE t IS 'x'", "GRANT SELECT ON t TO PUBLIC", "REVOKE SELECT ON t FROM PUBLIC",
    /* settings, locks and other sessions, by functions */
    "SELECT set_config('search_path', 'public', false)", "SELECT pg_catalog.set_config('role', 'x', true)",
    "SELECT \"set_config\" ('search_path', 'public', false)",
    "SELECT SET_CONFIG('transaction_read_only', 'off', false)", "SELECT pg_advisory_unlock_all()",
    "SELECT pg_advisory_unlock(1)", "SELECT pg_terminate_backend(pg_backend_pid())", "SELECT pg_cancel_backend(1)",
    "SELECT pg_reload_conf()", "SELECT pg_read_file('x')", "SELECT lo_import('x')",
    "SELECT query_to_xml('select * from weir' || '_outbox', true, true, '')", "SELECT database_to_xml(true, true, '')",
    "SELECT * FROM ts_stat('select 1')", "SELECT dblink_exec('', 'COMMIT')", "SELECT dblink('', 'x')",
    /* what belongs to the server or to all */
    "CREATE DATABASE x", "DROP DATABASE x", "CREATE SCHEMA x", "DROP SCHEMA public CASCADE",
    "ALTER SCHEMA public RENAME TO x", "CREATE ROLE x", "ALTER ROLE weir SET search_path = x", "DROP OWNED BY weir",
    "ALTER SYSTEM SET fsync = off", "ALTER DATABASE postgres SET search_path = x",
    "CREATE TABLESPACE x LOCATION '/tmp'", "CREATE PUBLICATION p", "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
    "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION f()", "CREATE SERVER s FOREIGN DATA WRAPPER w",
    "CREATE LANGUAGE x", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "CREATE EXTENSION dblink",
    "CREATE ACCESS METHOD a TYPE INDEX HANDLER h", "CREATE FOREIGN TABLE f (a int) SERVER s",
    /* temporary tables */
    "CREATE TEMP TABLE x (a int)", "CREATE TEMPORARY TABLE x AS SELECT 1", "CREATE LOCAL TEMP TABLE x (a int)",
    "CREATE TEMP VIEW x AS SELECT 1", "CREATE TABLE pg_temp.x (a int)", "SELECT 1 INTO TEMP x",
    "SELECT 1 AS a INTO TEMPORARY x", "CREATE TEMP TABLE weir_outbox (a int)", "CREATE TEMP SEQUENCE s",
    /* weir's tables: rows */
    "DELETE FROM weir_outbox", "delete from WEIR_OUTBOX", "DELETE FROM public.weir_outbox",
    "DELETE FROM \"weir_outbox\"", "DELETE FROM ONLY weir_outbox", "DELETE FROM U&\"w\\0065ir_outbox\"",
    "DELETE FROM u&\"!0077eir_outbox\" UESCAPE '!'", "DELETE FROM weir_outbox RETURNING sequence",
    "UPDATE weir_outbox SET key = 'x'", "UPDATE t SET b = (SELECT key FROM weir_outbox)",
    "UPDATE t SET b = key FROM weir_outbox", "INSERT INTO weir_outbox VALUES (9, 'x')",
    "INSERT INTO weir_outbox SELECT a, b FROM t", "INSERT INTO t SELECT sequence, key FROM weir_outbox",
    "SELECT * FROM weir_outbox", "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM weir_outbox)",
    "WITH w AS (SELECT * FROM weir_outbox) SELECT count(*) FROM w",
    "WITH w AS (DELETE FROM weir_outbox RETURNING *) SELECT * FROM w", "EXPLAIN SELECT * FROM weir_outbox",
    "EXPLAIN ANALYZE DELETE FROM weir_outbox", "TABLE weir_outbox", "(TABLE weir_outbox)", "TRUNCATE weir_outbox",
    "TRUNCATE t, weir_outbox", "LOCK TABLE weir_outbox", "SELECT a.* FROM t AS a, weir_outbox",
    "MERGE INTO weir_outbox USING t ON true WHEN MATCHED THEN DELETE", "SELECT/**/*/**/FROM/**/weir_outbox",
    "SELECT * FROM t,weir_outbox", "SELECT 1weir_outbox FROM t", "SELECT nextval('weir_outbox_sequence_seq')",
    "SELECT setval('weir_parked_id_seq', 1)", "SELECT 'weir_outbox'::regclass",
    "SELECT pg_get_serial_sequence('weir_outbox', 'sequence')", "SELECT nextval('\"weir_parked_id_seq\"')",
    "SELECT setval('public.weir_parked_id_seq', 1)",
    /* weir's tables: definitions */
    "DROP TABLE weir_outbox", "DROP TABLE IF EXISTS weir_outbox", "DROP TABLE t, weir_outbox", "DROP INDEX weir_by_key",
    "ALTER TABLE weir_outbox RENAME TO mine", "ALTER TABLE IF EXISTS ONLY weir_outbox ADD COLUMN a int",
    "ALTER TABLE t RENAME TO weir_mine", "ALTER TABLE t RENAME TO \"WEIR_mine\"", "CREATE TABLE weir_mine (a int)",
    "CREATE TABLE IF NOT EXISTS weir_outbox (a int)", "CREATE UNLOGGED TABLE weir_x (a int)",
    "CREATE TABLE c AS SELECT * FROM weir_outbox", "CREATE TABLE c (LIKE weir_outbox)",
    "CREATE TABLE c () INHERITS (weir_outbox)", "CREATE INDEX i ON weir_outbox (key)",
    "CREATE UNIQUE INDEX i ON weir_outbox (key)", "CREATE TABLE c (a bigint REFERENCES weir_outbox (sequence))",
    "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES weir_outbox", "CREATE VIEW v AS SELECT * FROM weir_outbox",
    "CREATE OR REPLACE VIEW v AS TABLE weir_outbox", "CREATE MATERIALIZED VIEW v AS TABLE weir_outbox",
    "CREATE TRIGGER r AFTER INSERT ON weir_outbox EXECUTE FUNCTION f()",
    "CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM weir_outbox",
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM weir_outbox'",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM weir_outbox; END $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN EXECUTE 'delete from weir_outbox'; END $x$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN PERFORM set_config('role', 'x', false); END $x$",
    "CREATE PROCEDURE p() LANGUAGE sql BEGIN ATOMIC DELETE FROM weir_outbox; END", "CREATE POLICY p ON weir_outbox",
    "ALTER SEQUENCE weir_parked_id_seq RESTART", "DROP SEQUENCE weir_parked_id_seq",
    /* no statement, or more than one */
    "", "   ", ";", "-- nothing", "/* nothing */", "/* never closed", "SELECT 1; COMMIT", "SELECT 1; SELECT 2",
    "SELECT 1; nonsense", "INSERT INTO t VALUES (8, 'x'); DELETE FROM t", "COMMIT; BEGIN", ";COMMIT",
    "SELECT 1;; COMMIT", "SELECT 1\n;\nCOMMIT AND CHAIN"};

/* What a service may do, for the list above not to be right by refusing all. */
static const char *const allowed[] = {
    "INSERT INTO t VALUES (100, 'a')",
    "INSERT INTO t VALUES (100, 'rollback') ON CONFLICT (a) DO UPDATE SET b = excluded.b",
    "INSERT INTO t VALUES (101, 'COMMIT; weir_outbox')",
    "UPDATE t SET b = 'weir_outbox' WHERE a = 100",
    "DELETE FROM t WHERE b = 'weir_'",
    "SELECT 1; -- done",
    "SELECT 1 ;;  /* done */",
    "/* first */ SELECT 1",
    "(SELECT 1)",
    "((SELECT 1) UNION SELECT 2)",
    "SELECT a AS commit FROM t",
    "SELECT a FROM t FOR UPDATE",
    "TABLE t",
    "VALUES (1), (2)",
    "WITH x AS (INSERT INTO t VALUES (104, 'w') RETURNING a) SELECT a FROM x",
    "MERGE INTO t USING (VALUES (105)) AS v (a) ON t.a = v.a WHEN NOT MATCHED THEN INSERT VALUES (v.a, 'm')",
    "CREATE TABLE order_weir_x (a int)",
    "DROP TABLE order_weir_x",
    "CREATE TABLE u (a int, b text)",
    "CREATE INDEX u_a ON u (a)",
    "ALTER TABLE u ADD COLUMN c text",
    "ALTER TABLE u RENAME TO w",
    "CREATE VIEW v AS SELECT a FROM w",
    "SELECT * FROM v",
    "CREATE FUNCTION copy_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO w VALUES (new.a); RETURN new; "
    "END $$",
    "CREATE TRIGGER r AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION copy_it()",
    "INSERT INTO t VALUES (103, 'c')",
    "DROP TRIGGER r ON t",
    "CREATE PROCEDURE say(n int) LANGUAGE sql AS 'INSERT INTO w VALUES (n)'",
    "CALL say(7)",
    "DROP PROCEDURE say",
    "DROP VIEW v",
    "DROP FUNCTION copy_it",
    "DROP TABLE w",
    "CREATE SEQUENCE numbers",
    "SELECT nextval('numbers')",
    "DROP SEQUENCE numbers",
    "TRUNCATE t",
    "LOCK TABLE t",
    "SELECT 'a' ~ 'b', '{\"a\":1}'::jsonb ? 'a', to_tsvector('a b') @@ 'a'",
    "SELECT $$weir_outbox$$",
    "EXPLAIN SELECT 1",
    "EXPLAIN (ANALYZE) INSERT INTO t VALUES (106, 'e')"};

typedef struct world {
    wr_store *store, *reader;
} world;

static const char *const books[] = {"CREATE TABLE weir_outbox (sequence BIGINT PRIMARY KEY, key TEXT);"
                                    "CREATE INDEX weir_by_key ON weir_outbox (key);"
                                    "CREATE TABLE weir_parked (id BIGSERIAL PRIMARY KEY);"
                                    "INSERT INTO weir_outbox VALUES (1, 'a'), (2, 'b')",
                                    NULL};
static const char *const tables[] = {"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", NULL};

static void world_begin(world *w)
{
    weir_failure failure = {0};
    const char *url = test_url_postgres();
    CHECK_OK(wr_store_open(url, WR_STORE_NOT_DURABLE, &w->store, &failure));
    CHECK_OK(wr_store_migrate(w->store, "weir", books, &failure));
    CHECK_OK(wr_store_migrate(w->store, "shop", tables, &failure));
    CHECK_OK(wr_store_open(url, WR_STORE_READ_ONLY, &w->reader, &failure));
}

static void world_end(world *w)
{
    wr_store_close(w->reader);
    wr_store_close(w->store);
}

/* Everything that must stay as it is, as one text: rows, definitions, settings and locks. */
static const char *picture(world *w)
{
    static char text[2][6000];
    static int turn;
    wr_statement *row;
    CHECK_OK(wr_store_prepare(
        w->store,
        "SELECT (SELECT string_agg(a || b, ',' ORDER BY a) FROM t), (SELECT string_agg(sequence || key, ',' ORDER BY "
        "sequence) "
        "FROM weir_outbox), (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace IN "
        "(current_schema()::regnamespace, pg_my_temp_schema())), (SELECT string_agg(name || setting, ',' ORDER BY "
        "name) FROM "
        "pg_settings WHERE name IN ('search_path', 'role', 'statement_timeout', 'default_transaction_isolation')), "
        "(SELECT count(*) FROM pg_prepared_xacts) || ' ' || (SELECT last_value FROM weir_parked_id_seq)",
        NULL, &row, NULL));
    CHECK_OK(wr_statement_next(row, NULL));
    char *to = text[turn++ % 2];
    snprintf(to, sizeof text[0], "%s|%s|%s|%s|%s", wr_statement_text(row, 0), wr_statement_text(row, 1),
             wr_statement_text(row, 2), wr_statement_text(row, 3), wr_statement_text(row, 4));
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

static void check_refused(world *w, const char *sql, int savepoints, bool is_query)
{
    static char before[6000];
    snprintf(before, sizeof before, "%s", picture(w));
    CHECK_OK(wr_store_begin(w->store, NULL));
    for (int i = 0; i < savepoints; i++)
        CHECK_OK(wr_store_savepoint(w->store, NULL));
    CHECK_OK(wr_store_service_exec(w->store, "INSERT INTO t VALUES (7, 'x')", NULL, NULL));
    weir_err err = is_query ? try_query(w->store, sql) : try_exec(w->store, sql);
    if (err != WEIR_E_DENIED && err != WEIR_E_FORMAT && err != WEIR_E_USAGE)
        fail_msg("%s: %s", sql, weir_err_name(err));
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

TEST(outside_of_a_transaction_they_are_refused_as_well)
{
    world w;
    world_begin(&w);
    static char before[6000];
    snprintf(before, sizeof before, "%s", picture(&w));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(try_exec(w.store, refused[i]) != WEIR_OK);
        CHECK(try_query(w.reader, refused[i]) != WEIR_OK);
        CHECK(try_exec(w.reader, refused[i]) != WEIR_OK);
    }
    CHECK_STR(picture(&w), before);
    world_end(&w);
}

TEST(a_query_on_a_read_only_connection_writes_nothing_at_all)
{
    world w;
    world_begin(&w);
    CHECK_OK(wr_store_script(
        w.store, "CREATE FUNCTION put() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1, ''a'') RETURNING a'",
        NULL));
    static char before[6000];
    snprintf(before, sizeof before, "%s", picture(&w));
    const char *const writes[] = {"INSERT INTO t VALUES (1, 'a')",
                                  "INSERT INTO t VALUES (1, 'a') RETURNING a",
                                  "WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x",
                                  "DELETE FROM t",
                                  "UPDATE t SET a = 1",
                                  "SELECT a INTO u FROM t",
                                  "CREATE TABLE u (a int)",
                                  "DROP TABLE t",
                                  "SELECT put()"};
    for (int in_transaction = 0; in_transaction < 2; in_transaction++)
        for (size_t i = 0; i < sizeof writes / sizeof *writes; i++) {
            if (in_transaction)
                CHECK_OK(wr_store_begin(w.reader, NULL));
            CHECK(try_query(w.reader, writes[i]) != WEIR_OK);
            if (in_transaction)
                wr_store_rollback(w.reader);
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
    static char before[6000];
    snprintf(before, sizeof before, "%s", picture(&w));
    static const char *const upkeep[] = {"ANALYZE",
                                         "REINDEX",
                                         "CLUSTER",
                                         "COMMENT",
                                         "GRANT",
                                         "REVOKE",
                                         "CREATE TEMP",
                                         "CREATE LOCAL TEMP",
                                         "pg_temp.x",
                                         "INTO TEMP",
                                         "DO ",
                                         "CREATE EXTENSION",
                                         "SELECT 1; SELECT 2",
                                         "DELETE FROM t"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const char *sql = refused[i];
        bool is_upkeep = strspn(sql, " ;") == strlen(sql) || strncmp(sql, "--", 2) == 0 || strncmp(sql, "/* n", 4) == 0;
        for (size_t j = 0; j < sizeof upkeep / sizeof *upkeep; j++)
            is_upkeep = is_upkeep || (strstr(sql, upkeep[j]) && !strstr(sql, "weir_") && !strstr(sql, "COMMIT"));
        if (is_upkeep && strncmp(sql, "-- a", 4) != 0)
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
        "CREATE TABLE u (a int UNIQUE); INSERT INTO u VALUES (1); COMMENT ON TABLE u IS ';';"
        "DO $$ BEGIN UPDATE u SET a = 2; END $$; -- the end\n ANALYZE u; GRANT SELECT ON u TO PUBLIC;",
        NULL};
    weir_failure failure = {0};
    if (wr_store_migrate(w.store, "shop", scripts, &failure) != WEIR_OK)
        fail_msg("%s", failure.sentence);
    CHECK_OK(try_query(w.reader, "SELECT 1 / (a - 1) FROM u"));
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
        }
        CHECK_OK(wr_store_exec(w.store, "DELETE FROM weir_outbox WHERE sequence > 100", NULL, NULL));
        CHECK_OK(wr_store_undo(w.store, NULL));
        CHECK_OK(wr_store_commit(w.store, NULL));
    }
    world_end(&w);
}

/* Made before the guard was there, or by somebody else. */
TEST(a_procedure_that_commits_is_an_error_and_tears_nothing)
{
    world w;
    world_begin(&w);
    CHECK_OK(wr_store_script(
        w.store,
        "CREATE PROCEDURE tear() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (8, 'y'); COMMIT; END $$;"
        "CREATE PROCEDURE undo() LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; END $$;"
        "CREATE FUNCTION tear_too() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN 1; END $$",
        NULL));
    static const char *const calls[] = {"CALL tear()", "CALL undo()", "SELECT tear_too()"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        for (int savepoints = 1; savepoints < 3; savepoints++)
            check_refused(&w, calls[i], savepoints, false);
    world_end(&w);
}

TEST(a_transaction_that_was_torn_all_the_same_takes_nothing_more)
{
    world w;
    world_begin(&w);
    for (int chained = 0; chained < 2; chained++) {
        CHECK_OK(wr_store_begin(w.store, NULL));
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        CHECK_OK(try_exec(w.store, "INSERT INTO t VALUES (1, 'a')"));
        /* As weir itself could: what a statement would do that the guard does not know. */
        CHECK_OK(wr_store_exec(w.store, chained ? "ROLLBACK AND CHAIN" : "ROLLBACK", NULL, NULL));
        weir_err err = try_exec(w.store, "INSERT INTO t VALUES (2, 'b')");
        if (!chained)
            CHECK_EQ(err, WEIR_E_BROKEN);
        err = wr_store_release(w.store, NULL);
        err = err == WEIR_OK ? wr_store_commit(w.store, NULL) : err;
        CHECK(err != WEIR_OK);
        wr_store_rollback(w.store);
    }
    CHECK_OK(wr_store_begin(w.store, NULL)); /* and the next is whole again */
    CHECK_OK(try_exec(w.store, "INSERT INTO t VALUES (3, 'c')"));
    CHECK_OK(wr_store_commit(w.store, NULL));
    CHECK(strstr(picture(&w), "3c|1a,2b|"));
    world_end(&w);
}

TEST(a_foreign_key_left_open_is_said_before_the_commit)
{
    world w;
    world_begin(&w);
    const char *const scripts[] = {tables[0],
                                   "CREATE TABLE c (a int REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED, b int UNIQUE "
                                   "DEFERRABLE INITIALLY DEFERRED)",
                                   NULL};
    CHECK_OK(wr_store_migrate(w.store, "shop", scripts, NULL));
    CHECK_OK(wr_store_begin(w.store, NULL));
    CHECK_OK(wr_store_savepoint(w.store, NULL));
    CHECK_OK(try_exec(w.store, "INSERT INTO c VALUES (5)"));
    CHECK_EQ(wr_store_release(w.store, NULL), WEIR_E_EXISTS);
    CHECK_OK(try_exec(w.store, "INSERT INTO t VALUES (5, 'e')"));
    CHECK_OK(wr_store_release(w.store, NULL));
    for (int i = 0; i < 2; i++) { /* deferred again for the next one */
        CHECK_OK(wr_store_savepoint(w.store, NULL));
        CHECK_OK(try_exec(w.store, "INSERT INTO c VALUES (6)"));
        CHECK_EQ(wr_store_release(w.store, NULL), WEIR_E_EXISTS);
        CHECK_OK(wr_store_undo(w.store, NULL));
    }
    CHECK_OK(wr_store_savepoint(w.store, NULL));
    CHECK_OK(try_exec(w.store, "INSERT INTO c VALUES (5, 1), (5, 1)"));
    CHECK_EQ(wr_store_release(w.store, NULL), WEIR_E_EXISTS);
    CHECK_OK(wr_store_undo(w.store, NULL));
    CHECK_OK(wr_store_commit(w.store, NULL));
    CHECK_OK(try_query(w.reader, "SELECT 1 / (CASE count(*) WHEN 1 THEN 1 ELSE 0 END) FROM c"));
    world_end(&w);
}

TEST(errors_are_the_programs_the_datas_or_the_moments)
{
    world w;
    world_begin(&w);
    CHECK_OK(
        wr_store_script(w.store,
                        "CREATE TABLE u (a int UNIQUE NOT NULL CHECK (a > 0), n int PRIMARY KEY);"
                        "CREATE FUNCTION no() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$",
                        NULL));
    static const struct {
        const char *sql;
        weir_err err;
    } table[] = {{"INSERT INTO nonsense VALUES (1)", WEIR_E_FORMAT},
                 {"SELECT b, nonsense FROM t", WEIR_E_FORMAT},
                 {"SELECT FROM FROM", WEIR_E_FORMAT},
                 {"SELECT ?1", WEIR_E_FORMAT},
                 {"SELECT ?2::int", WEIR_E_FORMAT},
                 {"SELECT nonsense(1)", WEIR_E_FORMAT},
                 {"INSERT INTO u VALUES (1, 2, 3)", WEIR_E_FORMAT},
                 {"SELECT 'a' + 1", WEIR_E_REFUSED}, /* PostgreSQL reads the text as a number */
                 {"COMMIT", WEIR_E_DENIED},
                 {NULL, WEIR_E_USAGE},
                 {"INSERT INTO u VALUES (0, 1)", WEIR_E_EXISTS},
                 {"INSERT INTO u VALUES (NULL, 1)", WEIR_E_EXISTS},
                 {"SELECT '[1,'::jsonb", WEIR_E_REFUSED},
                 {"SELECT 1 / (SELECT 0)", WEIR_E_REFUSED},
                 {"INSERT INTO u VALUES (99999999999, 1)", WEIR_E_REFUSED},
                 {"SELECT no()", WEIR_E_REFUSED}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (int again = 0; again < 2; again++) {
            CHECK_OK(wr_store_begin(w.store, NULL));
            CHECK_OK(wr_store_savepoint(w.store, NULL));
            weir_err err = try_exec(w.store, table[i].sql);
            if (err != table[i].err)
                fail_msg("%s: %s", table[i].sql, weir_err_name(err));
            CHECK_OK(wr_store_undo(w.store, NULL));
            CHECK_OK(wr_store_commit(w.store, NULL));
        }
    /* A statement that was right until its table went is wrong, not unlucky. */
    CHECK_OK(try_exec(w.store, "SELECT count(*) FROM u"));
    CHECK_OK(try_exec(w.store, "DROP TABLE u"));
    CHECK_EQ(try_exec(w.store, "SELECT count(*) FROM u"), WEIR_E_FORMAT);
    CHECK_EQ(try_query(w.store, "DELETE FROM t"), WEIR_E_USAGE); /* no rows to read */
    CHECK_OK(try_query(w.store, "DELETE FROM t RETURNING a"));
    world_end(&w);
}
