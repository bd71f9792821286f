#include "sqlite_int.h"

#include <testing/store/urls_testing.h>

static wr_store *open_at(const char *path, unsigned flags)
{
    wr_store *store = NULL;
    weir_failure failure = {0};
    CHECK_OK(wr_store_open(path, flags, &store, &failure));
    return store;
}

static const char *fresh_path(void)
{
    static char path[300];
    snprintf(path, sizeof path, "%s/t.db", test_directory());
    return path;
}

static int64_t number(wr_store *store, const char *sql)
{
    wr_statement *statement;
    CHECK_OK(wr_store_prepare(store, sql, NULL, &statement, NULL));
    CHECK_OK(wr_statement_next(statement, NULL));
    int64_t n = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    return n;
}

static bool has_table(wr_store *store, const char *name)
{
    char sql[60];
    snprintf(sql, sizeof sql, "SELECT 1 FROM %s", name);
    wr_statement *rows = NULL;
    weir_err err = wr_store_prepare(store, sql, NULL, &rows, NULL);
    wr_statement_done(rows);
    return err == WEIR_OK;
}

TEST_BOTH(values_of_every_kind_come_back_as_they_were_stored)
{
    wr_store *store = open_at(url, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a BIGINT, b DOUBLE PRECISION, c TEXT, d BYTEA, e TEXT)", NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)",
                           WEIR_VALUES(WEIR_INT(INT64_MIN), WEIR_REAL(0.5), WEIR_TEXT("häuser"),
                                       WEIR_BLOB(WEIR_SLICE("\0x")), WEIR_TEXT(NULL)),
                           NULL));
    CHECK_EQ(wr_store_changes(store), 1);
    wr_statement *row;
    CHECK_OK(wr_store_prepare(store, "SELECT a, b, c, d, e FROM t", NULL, &row, NULL));
    CHECK_OK(wr_statement_next(row, NULL));
    CHECK(wr_statement_int(row, 0) == INT64_MIN);
    CHECK(wr_statement_real(row, 1) == 0.5);
    CHECK_STR(wr_statement_text(row, 2), "häuser");
    CHECK(weir_slice_equal(wr_statement_blob(row, 3), WEIR_SLICE("\0x")));
    CHECK(wr_statement_kind(row, 4) == WEIR_VALUE_NULL && wr_statement_text(row, 4) == NULL &&
          wr_statement_blob(row, 4).data == NULL);
    CHECK_EQ(wr_statement_columns(row), 5);
    CHECK_STR(wr_statement_name(row, 2), "c");
    CHECK_EQ(wr_statement_next(row, NULL), WEIR_E_RANGE);
    wr_statement_done(row);
    wr_store_close(store);
}

TEST_BOTH(a_commit_is_kept_and_a_rollback_is_not)
{
    wr_store *store = open_at(url, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a INTEGER)", NULL));
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (1)", NULL, NULL));
    CHECK_OK(wr_store_commit(store, NULL));
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (2)", NULL, NULL));
    wr_store_rollback(store);
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (4)", NULL, NULL));
    wr_store_close(store);
    store = open_at(url, 0);
    CHECK_EQ(number(store, "SELECT sum(a) FROM t"), 1);
    wr_store_close(store);
}

TEST_BOTH(savepoints_nest_and_an_undo_forgets_the_innermost_only)
{
    wr_store *store = open_at(url, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a INTEGER)", NULL));
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_savepoint(store, NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (1)", NULL, NULL));
    CHECK_OK(wr_store_savepoint(store, NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (2)", NULL, NULL));
    CHECK_OK(wr_store_undo(store, NULL));
    CHECK_OK(wr_store_release(store, NULL));
    CHECK_OK(wr_store_commit(store, NULL));
    CHECK_EQ(number(store, "SELECT sum(a) FROM t"), 1);
    wr_store_close(store);
}

TEST_BOTH(a_reader_sees_commits_only_and_cannot_write)
{
    wr_store *store = open_at(url, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1)", NULL));
    wr_store *reader = open_at(url, WR_STORE_READ_ONLY);
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_exec(store, "UPDATE t SET a = 2", NULL, NULL));
    CHECK_EQ(number(reader, "SELECT a FROM t"), 1);
    CHECK_OK(wr_store_commit(store, NULL));
    CHECK_EQ(number(reader, "SELECT a FROM t"), 2);
    CHECK_EQ(wr_store_exec(reader, "UPDATE t SET a = 3", NULL, NULL), WEIR_E_DENIED);
    wr_store_close(reader);
    wr_store_close(store);
}

TEST_BOTH(the_same_statement_nested_reads_on_where_it_was)
{
    wr_store *store = open_at(url, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2)", NULL));
    const char *sql = "SELECT a FROM t ORDER BY a";
    wr_statement *outer, *inner;
    CHECK_OK(wr_store_prepare(store, sql, NULL, &outer, NULL));
    CHECK_OK(wr_statement_next(outer, NULL));
    CHECK_OK(wr_store_prepare(store, sql, NULL, &inner, NULL));
    CHECK(inner != outer);
    CHECK_OK(wr_statement_next(inner, NULL));
    CHECK_EQ(wr_statement_int(inner, 0), 1);
    wr_statement_done(inner);
    CHECK_OK(wr_statement_next(outer, NULL));
    CHECK_EQ(wr_statement_int(outer, 0), 2);
    wr_statement_done(outer);
    wr_store_close(store);
}

TEST_BOTH(more_texts_than_the_cache_holds_all_work)
{
    wr_store *store = open_at(url, 0);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 600; i++) {
            char sql[40];
            snprintf(sql, sizeof sql, "SELECT %d", i);
            CHECK_EQ(number(store, sql), i);
        }
    wr_store_close(store);
}

TEST_BOTH(errors_say_what_kind_they_are)
{
    wr_store *store = open_at(url, 0);
    weir_failure failure = {0};
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a INTEGER UNIQUE); INSERT INTO t VALUES (1)", NULL));
    CHECK_EQ(wr_store_exec(store, "INSERT INTO t VALUES (1)", NULL, &failure), WEIR_E_EXISTS);
    CHECK(strcasestr(failure.sentence, "unique"));
    CHECK_EQ(wr_store_exec(store, "SELEC 1", NULL, &failure), WEIR_E_FORMAT);
    CHECK_EQ(wr_store_exec(store, "SELECT 1; SELECT 2", NULL, &failure), WEIR_E_FORMAT);
    CHECK_EQ(wr_store_exec(store, "SELECT ?1, ?2", WEIR_VALUES(WEIR_INT(1)), &failure), WEIR_E_FORMAT);
    CHECK_EQ(wr_store_exec(store, "SELECT 1", WEIR_VALUES(WEIR_INT(1)), &failure), WEIR_E_FORMAT);
    wr_store *none = NULL;
    CHECK_EQ(wr_store_open("mysql://x", 0, &none, &failure), WEIR_E_UNSUPPORTED);
    CHECK_EQ(wr_store_open("/nowhere/at/all.db", 0, &none, &failure), WEIR_E_IO);
    CHECK(none == NULL);
    wr_store_close(store);
}

TEST(a_full_disk_leaves_nothing_of_the_transaction)
{
    const char *path = fresh_path();
    wr_store *store = open_at(path, 0);
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a); INSERT INTO t VALUES ('x')", NULL));
    CHECK_OK(wr_store_limit_pages(store, 20));
    CHECK_OK(wr_store_begin(store, NULL));
    weir_err err = WEIR_OK;
    for (int i = 0; i < 100 && err == WEIR_OK; i++)
        err = wr_store_exec(store, "INSERT INTO t VALUES (zeroblob(4000))", NULL, NULL);
    CHECK_EQ(err, WEIR_E_FULL);
    wr_store_rollback(store);
    CHECK_EQ(number(store, "SELECT count(*) FROM t"), 1);
    CHECK_OK(wr_store_begin(store, NULL));
    CHECK_OK(wr_store_exec(store, "INSERT INTO t VALUES (1)", NULL, NULL));
    CHECK_OK(wr_store_commit(store, NULL));
    wr_store_close(store);
}

TEST_BOTH(migrations_run_once_each_and_a_failed_one_leaves_the_version_before_it)
{
    wr_store *store = open_at(url, 0);
    const char *const bad[] = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER); CREATE TABLE a (x INTEGER)",
                               NULL};
    const char *const good[] = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER)", NULL};
    weir_failure failure = {0};
    CHECK(wr_store_migrate(store, "shop", bad, &failure) != WEIR_OK);
    CHECK(strstr(failure.sentence, "from version 1"));
    CHECK(!has_table(store, "b"));
    CHECK_OK(wr_store_migrate(store, "shop", good, &failure));
    wr_store_close(store);
    store = open_at(url, 0);
    CHECK_OK(wr_store_migrate(store, "shop", good, &failure));
    CHECK_OK(wr_store_migrate(store, "weir", (const char *const[]){"CREATE TABLE c (x INTEGER)", NULL}, &failure));
    CHECK_EQ(number(store, "SELECT version FROM weir_migrations WHERE component = 'shop'"), 2);
    CHECK_EQ(wr_store_migrate(store, "shop", (const char *const[]){"CREATE TABLE a (x INTEGER)", NULL}, &failure),
             WEIR_E_UNSUPPORTED);
    const char *const committing[] = {"CREATE TABLE d (x INTEGER); COMMIT", NULL};
    CHECK(wr_store_migrate(store, "other", committing, &failure) != WEIR_OK);
    CHECK(!has_table(store, "d"));
    wr_store_close(store);
}

TEST_BOTH(a_migration_that_was_edited_after_it_ran_is_said)
{
    wr_store *store = open_at(url, 0);
    const char *const first[] = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER)", NULL};
    const char *const edited[] = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER, y INTEGER)",
                                  "CREATE TABLE c (x INTEGER)", NULL};
    const char *const longer[] = {"CREATE TABLE a (x INTEGER)", "CREATE TABLE b (x INTEGER)",
                                  "CREATE TABLE c (x INTEGER)", NULL};
    weir_failure failure = {0};
    CHECK_OK(wr_store_migrate(store, "shop", first, &failure));
    CHECK_EQ(wr_store_migrate(store, "shop", edited, &failure), WEIR_E_UNSUPPORTED);
    CHECK(strstr(failure.sentence, "migration 2 of shop"));
    CHECK(!has_table(store, "c"));
    CHECK_OK(wr_store_migrate(store, "shop", longer, &failure));

    /* As a weir left it that kept no sums: the scripts of now are taken for those of then, once. */
    CHECK_OK(wr_store_script(store, "DROP TABLE weir_migration_scripts", NULL));
    CHECK_OK(wr_store_migrate(store, "shop", edited, &failure));
    CHECK_EQ(wr_store_migrate(store, "shop", longer, &failure), WEIR_E_UNSUPPORTED);
    wr_store_close(store);
}

/* Every name has its words, and they fit weir's tables as they are today. */
TEST_BOTH(each_statement_by_name_can_be_prepared)
{
    wr_store *store = open_at(url, 0);
    weir_failure failure = {0};
    CHECK_OK(wr_store_migrate_own(store, 0, &failure));
    static const weir_value nulls[20] = {{.kind = WEIR_VALUE_NULL}};
    for (int sql = 0; sql < WR_SQL_COUNT; sql++) {
        weir_err err = WEIR_E_FORMAT;
        for (int count = 0; count < 16 && err == WEIR_E_FORMAT; count++) { /* as many parameters as it wants */
            weir_value values[20] = {nulls[0]};
            for (int i = 0; i < count; i++)
                values[i] = nulls[0];
            values[count] = WEIR_END;
            wr_statement *statement = NULL;
            err = wr_store_select(store, (wr_sql)sql, values, &statement, &failure);
            err = err == WEIR_E_EXISTS ? WEIR_OK : err; /* it was prepared, and has run already, with NULLs */
            wr_statement_done(statement);
        }
        if (err != WEIR_OK)
            fail_msg("statement %d: %s", sql, failure.sentence);
    }
    wr_store_close(store);
}

TEST(another_programs_database_is_not_touched)
{
    const char *path = fresh_path();
    FILE *file = fopen(path, "wb");
    CHECK(file &&
          fputs("this is no database, but long enough to be looked at by everybody who comes along ....\n", file) >= 0);
    for (int i = 0; i < 100; i++)
        fputs("0123456789abcdef0123456789abcdef", file);
    fclose(file);
    wr_store *store = NULL;
    weir_failure failure = {0};
    CHECK_EQ(wr_store_open(path, 0, &store, &failure), WEIR_E_CORRUPT);
    CHECK(strstr(failure.sentence, path) && strstr(failure.sentence, "choose another file"));
    CHECK_EQ(wr_store_open(path, WR_STORE_READ_ONLY, &store, &failure), WEIR_E_CORRUPT);
    CHECK(strstr(failure.sentence, path) && strstr(failure.sentence, "choose another file"));
}

/* As another program leaves its database: with the mark it has set, or none. */
static void make_foreign(const char *path, const char *sql)
{
    wr_store *store = open_at(path, 0);
    CHECK_OK(wr_store_script(store, sql, NULL));
    wr_store_close(store);
}

TEST(a_database_without_a_mark_is_taken_only_when_it_is_empty_or_has_weirs_tables)
{
    const char *path = fresh_path();
    const unsigned ways[] = {0, WR_STORE_READ_ONLY};
    make_foreign(path, "CREATE TABLE customers (name); PRAGMA application_id=0");
    for (size_t i = 0; i < 2; i++) {
        wr_store *store = NULL;
        weir_failure failure = {0};
        CHECK_EQ(wr_store_open(path, ways[i], &store, &failure), WEIR_E_FORMAT);
        CHECK(strstr(failure.sentence, path) && strstr(failure.sentence, "another program"));
    }
    path = fresh_path();
    wr_store *store = open_at(path, 0);
    CHECK_OK(wr_store_migrate_own(store, 1, NULL));
    CHECK_OK(wr_store_script(store, "CREATE TABLE customers (name); PRAGMA application_id=0", NULL));
    wr_store_close(store);
    wr_store_close(open_at(path, 0));
    path = fresh_path();
    fclose(fopen(path, "wb"));
    store = open_at(path, 0);
    CHECK_EQ(number(store, "PRAGMA application_id"), 0x77656972);
    wr_store_close(store);
}

TEST(an_error_that_somebody_has_to_act_upon_names_the_file)
{
    const char *path = fresh_path();
    wr_store *store = open_at(path, WR_STORE_NOT_DURABLE);
    weir_failure failure = {0};
    CHECK_OK(wr_store_script(store, "CREATE TABLE t (a)", NULL));
    CHECK_OK(wr_store_limit_pages(store, 4));
    CHECK_EQ(wr_store_exec(store, "INSERT INTO t VALUES (zeroblob(1000000))", NULL, &failure), WEIR_E_FULL);
    CHECK(strstr(failure.sentence, path));
    wr_store_close(store);
}

/* There may be millions of rows: whatever reads them goes by an index, and sorts no more than a batch. */
TEST(no_statement_on_timers_walks_over_all_of_them)
{
    static const wr_sql statements[] = {WR_SQL_TIMER_DROP,    WR_SQL_TIMER_NEXT,  WR_SQL_TIMER_DUE,
                                        WR_SQL_TIMER_ROW,     WR_SQL_TIMER_DELAY, WR_SQL_TIMER_DELETE,
                                        WR_SQL_SCHEDULE_LIST, WR_SQL_TIMER_LIST,  WR_SQL_TIMER_FIND};
    wr_store *store = open_at(fresh_path(), WR_STORE_NOT_DURABLE);
    CHECK_OK(wr_store_migrate_own(store, 0, NULL));
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        char sql[2000];
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", wr_sqlite_sql[statements[i]]);
        for (int parameter = 1; parameter <= 4; parameter++) /* their values do not matter for a plan */
            for (char *at, name[] = {'?', (char)('0' + parameter), 0}; (at = strstr(sql, name));)
                memcpy(at, " 1", 2);
        wr_statement *statement;
        bool is_indexed = false;
        CHECK_OK(wr_store_prepare(store, sql, NULL, &statement, NULL));
        while (wr_statement_next(statement, NULL) == WEIR_OK) {
            const char *step = wr_statement_text(statement, 3);
            CHECK(!strstr(step, "SCAN weir_timers"));
            is_indexed |= strstr(step, "SEARCH weir_timers USING") != NULL;
        }
        wr_statement_done(statement);
        CHECK(is_indexed);
    }
    wr_store_close(store);
}
