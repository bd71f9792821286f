#include "guard_testing.h"

/* What no service may do on PostgreSQL. */
static const char *const refused[] = {
    /* transactions, in whatever way they are written */
    "COMMIT AND CHAIN", "COMMIT WORK", "BEGIN ISOLATION LEVEL SERIALIZABLE", "START TRANSACTION", "ROLLBACK AND CHAIN",
    "ABORT", "-- a\n/* b /* c */ */ COMMIT", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'",
    "SET TRANSACTION READ ONLY", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET CONSTRAINTS ALL DEFERRED",
    "SET LOCAL search_path = x", "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "DO $$ BEGIN COMMIT; END $$",
    "DO LANGUAGE plpgsql 'BEGIN ROLLBACK; END'",
    /* prepared statements, cursors, copies, sessions */
    "PREPARE x AS SELECT 1", "EXECUTE w1", "EXECUTE commit", "EXPLAIN EXECUTE w1",
    "EXPLAIN (ANALYZE) EXECUTE \"rollback\"", "EXPLAIN ANALYZE EXECUTE commit", "CREATE TABLE x AS EXECUTE w1",
    "DEALLOCATE ALL", "DEALLOCATE w1", "DISCARD ALL", "DISCARD PLANS", "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
    "FETCH 1 FROM c", "MOVE 1 IN c", "CLOSE ALL", "COPY t TO STDOUT", "COPY t FROM STDIN", "COPY t TO '/tmp/x'",
    "COPY (SELECT 1) TO PROGRAM 'cat'", "LISTEN x", "NOTIFY x", "UNLISTEN *", "LOAD 'x'", "CHECKPOINT", "RESET ALL",
    "SHOW ALL", "SET statement_timeout = 0", "SET ROLE nobody", "SET SESSION AUTHORIZATION DEFAULT",
    "SECURITY LABEL ON TABLE t IS 'x'", "REASSIGN OWNED BY weir TO weir",
    "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z",
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
    "CREATE LANGUAGE x", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "CREATE ACCESS METHOD a TYPE INDEX HANDLER h", "CREATE FOREIGN TABLE f (a int) SERVER s",
    /* weir's tables: rows */
    "DELETE FROM public.weir_outbox", "DELETE FROM ONLY weir_outbox", "DELETE FROM U&\"w\\0065ir_outbox\"",
    "DELETE FROM u&\"!0077eir_outbox\" UESCAPE '!'", "WITH w AS (DELETE FROM weir_outbox RETURNING *) SELECT * FROM w",
    "EXPLAIN ANALYZE DELETE FROM weir_outbox", "TABLE weir_outbox", "(TABLE weir_outbox)", "TRUNCATE weir_outbox",
    "TRUNCATE t, weir_outbox", "LOCK TABLE weir_outbox",
    "MERGE INTO weir_outbox USING t ON true WHEN MATCHED THEN DELETE", "SELECT 1weir_outbox FROM t",
    "SELECT nextval('weir_outbox_sequence_seq')", "SELECT setval('weir_parked_id_seq', 1)",
    "SELECT 'weir_outbox'::regclass", "SELECT pg_get_serial_sequence('weir_outbox', 'sequence')",
    "SELECT nextval('\"weir_parked_id_seq\"')", "SELECT setval('public.weir_parked_id_seq', 1)",
    /* weir's tables: definitions */
    "DROP TABLE t, weir_outbox", "ALTER TABLE IF EXISTS ONLY weir_outbox ADD COLUMN a int",
    "CREATE UNLOGGED TABLE weir_x (a int)", "CREATE TABLE c (LIKE weir_outbox)",
    "CREATE TABLE c () INHERITS (weir_outbox)", "ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES weir_outbox",
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
    "SELECT 1\n;\nCOMMIT AND CHAIN", NULL};

static const char *const for_migrations[] = {"REINDEX TABLE t",
                                             "CLUSTER t",
                                             "COMMENT ON TABLE t IS 'x'",
                                             "GRANT SELECT ON t TO PUBLIC",
                                             "REVOKE SELECT ON t FROM PUBLIC",
                                             "CREATE LOCAL TEMP TABLE x (a int)",
                                             "CREATE TEMP VIEW x AS SELECT 1",
                                             "CREATE TABLE pg_temp.x (a int)",
                                             "SELECT 1 INTO TEMP x",
                                             "SELECT 1 AS a INTO TEMPORARY x",
                                             "CREATE TEMP SEQUENCE s",
                                             "DO $$ BEGIN PERFORM 1; END $$",
                                             "CREATE EXTENSION dblink",
                                             NULL};

static const char *const allowed[] = {
    "(SELECT 1)",
    "((SELECT 1) UNION SELECT 2)",
    "SELECT a AS commit FROM t",
    "SELECT a FROM t FOR UPDATE",
    "TABLE t",
    "WITH x AS (INSERT INTO t VALUES (104, 'w') RETURNING a) SELECT a FROM x",
    "MERGE INTO t USING (VALUES (105)) AS v (a) ON t.a = v.a WHEN NOT MATCHED THEN INSERT VALUES (v.a, 'm')",
    "CREATE TABLE w (a int)",
    "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO w VALUES (new.a); RETURN new; END "
    "$$",
    "CREATE TRIGGER r AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION keep()",
    "INSERT INTO t VALUES (103, 'c')",
    "DROP TRIGGER r ON t",
    "CREATE PROCEDURE say(n int) LANGUAGE sql AS 'INSERT INTO w VALUES (n)'",
    "CALL say(7)",
    "DROP PROCEDURE say",
    "DROP FUNCTION keep",
    "DROP TABLE w",
    "CREATE SEQUENCE numbers",
    "SELECT nextval('numbers')",
    "DROP SEQUENCE numbers",
    "TRUNCATE t",
    "LOCK TABLE t",
    "SELECT 'a' ~ 'b', '{\"a\":1}'::jsonb ? 'a', to_tsvector('a b') @@ 'a'",
    "SELECT $$weir_outbox$$",
    "EXPLAIN (ANALYZE) INSERT INTO t VALUES (106, 'e')",
    NULL};

static const char *const writes[] = {"WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x", "SELECT a INTO u FROM t",
                                     "SELECT put()", NULL};

static const guard_error errors[] = {{"SELECT ?2::int", WEIR_E_FORMAT},
                                     {"SELECT 'a' + 1", WEIR_E_REFUSED}, /* PostgreSQL reads the text as a number */
                                     {"SELECT '[1,'::jsonb", WEIR_E_REFUSED},
                                     {"SELECT 1 / (SELECT 0)", WEIR_E_REFUSED},
                                     {"INSERT INTO u VALUES (99999999999, 1)", WEIR_E_REFUSED},
                                     {"SELECT no()", WEIR_E_REFUSED},
                                     {NULL, WEIR_OK}};

/* The rest of the picture: names of tables, settings, transactions that are prepared, a sequence of weir's. */
static const guard_kind postgres = {
    .url = test_url_postgres,
    .weirs_tables = "CREATE TABLE weir_outbox (sequence BIGINT PRIMARY KEY, key TEXT);"
                    "CREATE INDEX weir_by_key ON weir_outbox (key);"
                    "CREATE TABLE weir_parked (id BIGSERIAL PRIMARY KEY);"
                    "INSERT INTO weir_outbox VALUES (1, 'a'), (2, 'b')",
    .picture = "SELECT format('%s|%s|%s|%s|%s %s', (SELECT string_agg(a || b, ',' ORDER BY a) FROM t),"
               " (SELECT string_agg(sequence || key, ',' ORDER BY sequence) FROM weir_outbox),"
               " (SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relnamespace IN"
               " (current_schema()::regnamespace, pg_my_temp_schema())),"
               " (SELECT string_agg(name || setting, ',' ORDER BY name) FROM pg_settings WHERE name IN"
               " ('search_path', 'role', 'statement_timeout', 'default_transaction_isolation')),"
               " (SELECT count(*) FROM pg_prepared_xacts), (SELECT last_value FROM weir_parked_id_seq))",
    .refused = refused,
    .for_migrations = for_migrations,
    .allowed = allowed,
    .errors = errors};

TEST(no_statement_of_a_service_tears_the_transaction_or_touches_weirs_tables)
{
    world w;
    world_begin(&w, &postgres);
    each_refused(&w, look_refused);
    world_end(&w);
}

TEST(outside_of_a_transaction_they_are_refused_as_well)
{
    world w;
    char before[GUARD_PICTURE_MAX];
    world_begin(&w, &postgres);
    take_picture(&w, before);
    each_refused(&w, look_refused_outside);
    check_picture(&w, before);
    world_end(&w);
}

static void look_not_written_in_transaction(world *w, const char *sql)
{
    CHECK_OK(wr_store_begin(w->reader, NULL));
    CHECK(try_query(w->reader, sql) != WEIR_OK);
    wr_store_rollback(w->reader);
    look_not_written(w, sql);
}

TEST(a_query_on_a_read_only_connection_writes_nothing_at_all)
{
    world w;
    char before[GUARD_PICTURE_MAX];
    world_begin(&w, &postgres);
    CHECK_OK(wr_store_script(
        w.store, "CREATE FUNCTION put() RETURNS int LANGUAGE sql AS 'INSERT INTO t VALUES (1, ''a'') RETURNING a'",
        NULL));
    take_picture(&w, before);
    each_of(&w, look_not_written_in_transaction, guard_writes);
    each_of(&w, look_not_written_in_transaction, writes);
    CHECK_OK(try_query(w.reader, "SELECT * FROM t"));
    check_picture(&w, before);
    world_end(&w);
}

TEST(migrations_of_a_service_keep_to_the_same_rules)
{
    world w;
    world_begin(&w, &postgres);
    each_of(&w, look_not_migrated, guard_refused);
    each_of(&w, look_not_migrated, refused);
    check_migrates(&w, "CREATE TABLE u (a int UNIQUE); INSERT INTO u VALUES (1); COMMENT ON TABLE u IS ';';"
                       "DO $$ BEGIN UPDATE u SET a = 2; END $$; -- the end\n ANALYZE u; GRANT SELECT ON u TO PUBLIC;");
    CHECK_EQ(count_of(w.reader, "u WHERE a = 2"), 1);
    world_end(&w);
}

TEST(a_service_may_do_with_its_own_tables_what_it_likes)
{
    world w;
    world_begin(&w, &postgres);
    check_allowed(&w);
    world_end(&w);
}

/* Made before the guard was there, or by somebody else. */
TEST(a_procedure_that_commits_is_an_error_and_tears_nothing)
{
    world w;
    world_begin(&w, &postgres);
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
    char after[GUARD_PICTURE_MAX];
    world_begin(&w, &postgres);
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
    take_picture(&w, after);
    CHECK(strncmp(after, "2b,3c|1a,2b|", 12) == 0); /* 2 ran alone: nobody looks after a statement of weir's own */
    world_end(&w);
}

TEST(a_foreign_key_left_open_is_said_before_the_commit)
{
    world w;
    world_begin(&w, &postgres);
    check_migrates(&w, "CREATE TABLE c (a int REFERENCES t (a) DEFERRABLE INITIALLY DEFERRED,"
                       " b int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    CHECK_OK(wr_store_begin(w.store, NULL));
    check_foreign_key(&w);
    check_left_open(&w, "INSERT INTO c VALUES (5, 1), (5, 1)");
    CHECK_OK(wr_store_commit(w.store, NULL));
    CHECK_EQ(count_of(w.reader, "c"), 1);
    world_end(&w);
}

TEST(errors_are_the_programs_the_datas_or_the_moments)
{
    world w;
    world_begin(&w, &postgres);
    CHECK_OK(
        wr_store_script(w.store,
                        "CREATE TABLE u (a int UNIQUE NOT NULL CHECK (a > 0), n int PRIMARY KEY);"
                        "CREATE FUNCTION no() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$",
                        NULL));
    check_errors(&w);
    world_end(&w);
}
