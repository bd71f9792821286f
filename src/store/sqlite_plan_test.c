/* How SQLite runs statements that meet long tables. */
#include "sqlite_int.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <test.h>

TEST(rows_behind_refused_ones_are_found_in_one_pass_of_the_outbox)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *plan = NULL;
    char sql[1000];
    CHECK_EQ(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (const char *const *script = wr_sqlite_tables; *script; script++)
        CHECK_EQ(sqlite3_exec(db, *script, NULL, NULL, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", wr_sqlite_sql[WR_SQL_OUTBOX_MARK_BEHIND]);
    CHECK_EQ(sqlite3_prepare_v2(db, sql, -1, &plan, NULL), SQLITE_OK);
    bool is_by_key = false;
    while (sqlite3_step(plan) == SQLITE_ROW) { /* not every row behind the first one, for each refused key */
        const char *step = (const char *)sqlite3_column_text(plan, 3);
        CHECK(strstr(step, "rowid>?") == NULL);
        is_by_key = is_by_key || strstr(step, "(topic=? AND key=?)") != NULL;
    }
    CHECK(is_by_key);
    sqlite3_finalize(plan);
    sqlite3_close(db);
}
