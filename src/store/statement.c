/* Prepared statements, kept by their text.
 *
 * A statement is either busy (given out) or idle. Idle ones stand in a list, least recently used first; when the cache
 * is full the first of them makes room. A text that is in use and wanted again gets a loose statement for the moment.
 */
#include "store_int.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct wr_statement {
    wr_store *store;
    sqlite3_stmt *stmt;
    wr_link idle; /* linked while nobody uses it */
    bool loose;   /* not in the map: a second one of a text that is in use; finalized when done */
    char text[];
};

static void drop(wr_statement *statement)
{
    wr_link_remove(&statement->idle);
    sqlite3_finalize(statement->stmt);
    free(statement);
}

void wr_statements_fini(wr_store *store)
{
    wr_statement *statement;
    for (size_t at = 0; (statement = wr_map_next(store->statements, &at, NULL));)
        drop(statement);
    wr_map_free(store->statements);
}

static bool blank(const char *text)
{
    while (*text && (isspace((unsigned char)*text) || *text == ';'))
        text++;
    return *text == 0;
}

static weir_err compile(wr_statement *statement, weir_failure *failure)
{
    wr_store *store = statement->store;
    const char *tail = "";
    int code = sqlite3_prepare_v3(store->db, statement->text, -1, SQLITE_PREPARE_PERSISTENT, &statement->stmt, &tail);
    if (code != SQLITE_OK) {
        char doing[100];
        snprintf(doing, sizeof doing, "%.80s", statement->text);
        return wr_store_failed(store, code, doing, failure);
    }
    if (!statement->stmt || !blank(tail))
        return weir_fail(failure, WEIR_E_FORMAT, "one SQL statement is wanted: %.120s", statement->text);
    return WEIR_OK;
}

static weir_err make(wr_store *store, const char *sql, bool loose, wr_statement **ret_statement, weir_failure *failure)
{
    size_t size = strlen(sql);
    wr_statement *statement = calloc(1, sizeof *statement + size + 1);
    if (!statement)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a statement");
    statement->store = store;
    statement->loose = loose;
    memcpy(statement->text, sql, size + 1);

    weir_err err = compile(statement, failure);
    if (err == WEIR_OK && !loose) {
        wr_link *oldest = wr_list_first(&store->idle);
        if (wr_map_count(store->statements) == STATEMENT_COUNT_MAX && oldest) {
            wr_statement *victim = WR_LIST_ITEM(oldest, wr_statement, idle);
            wr_map_remove_text(store->statements, victim->text);
            drop(victim);
        }
        err = wr_map_add_text(store->statements, sql, statement);
        if (err != WEIR_OK)
            weir_fail(failure, err, "no room for a statement beside the %d in use", STATEMENT_COUNT_MAX);
    }
    if (err != WEIR_OK) {
        drop(statement);
        return err;
    }
    *ret_statement = statement;
    return WEIR_OK;
}

static int bind_one(sqlite3_stmt *stmt, int index, const weir_value *value, sqlite3_destructor_type keep)
{
    const char *bytes = value->bytes.data ? (const char *)value->bytes.data : "";
    switch (value->kind) {
    case WEIR_VALUE_INT:
        return sqlite3_bind_int64(stmt, index, value->integer);
    case WEIR_VALUE_REAL:
        return sqlite3_bind_double(stmt, index, value->real);
    case WEIR_VALUE_TEXT:
        return sqlite3_bind_text64(stmt, index, bytes, value->bytes.size, keep, SQLITE_UTF8);
    case WEIR_VALUE_BLOB:
        return value->bytes.data ? sqlite3_bind_blob64(stmt, index, bytes, value->bytes.size, keep)
                                 : sqlite3_bind_null(stmt, index);
    case WEIR_VALUE_NULL:
    case WEIR_VALUE_END:
        break;
    }
    return sqlite3_bind_null(stmt, index);
}

static weir_err take(wr_store *store, const char *sql, const weir_value *values, sqlite3_destructor_type keep,
                     wr_statement **ret_statement, weir_failure *failure)
{
    wr_statement *statement = wr_map_find_text(store->statements, sql);
    bool busy = statement && !wr_link_linked(&statement->idle);
    if (!statement || busy) {
        weir_err err = make(store, sql, busy, &statement, failure);
        if (err != WEIR_OK)
            return err;
    }
    assert(statement);
    wr_link_remove(&statement->idle);

    int count = 0, code = SQLITE_OK;
    for (; values && values[count].kind != WEIR_VALUE_END && code == SQLITE_OK; count++)
        code = bind_one(statement->stmt, count + 1, &values[count], keep);
    if (code != SQLITE_OK || count != sqlite3_bind_parameter_count(statement->stmt)) {
        weir_err err = code != SQLITE_OK && code != SQLITE_RANGE
                           ? wr_store_failed(store, code, "binding", failure)
                           : weir_fail(failure, WEIR_E_FORMAT, "%d parameters are wanted: %.120s",
                                       sqlite3_bind_parameter_count(statement->stmt), sql);
        wr_statement_done(statement);
        return err;
    }
    *ret_statement = statement;
    return WEIR_OK;
}

weir_err wr_store_prepare(wr_store *store, const char *sql, const weir_value *values, wr_statement **ret_statement,
                          weir_failure *failure)
{
    return take(store, sql, values, SQLITE_TRANSIENT, ret_statement, failure);
}

weir_err wr_store_exec(wr_store *store, const char *sql, const weir_value *values, weir_failure *failure)
{
    wr_statement *statement = NULL;
    weir_err err = take(store, sql, values, SQLITE_STATIC, &statement, failure);
    if (err != WEIR_OK)
        return err;
    assert(statement);
    do
        err = wr_statement_next(statement, failure);
    while (err == WEIR_OK);
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_statement_next(wr_statement *statement, weir_failure *failure)
{
    int code = sqlite3_step(statement->stmt);
    if (code == SQLITE_ROW)
        return WEIR_OK;
    if (code == SQLITE_DONE)
        return WEIR_E_RANGE;
    char doing[100];
    snprintf(doing, sizeof doing, "%.80s", statement->text);
    return wr_store_failed(statement->store, code, doing, failure);
}

void wr_statement_done(wr_statement *statement)
{
    if (!statement || wr_link_linked(&statement->idle))
        return;
    if (statement->loose) {
        drop(statement);
        return;
    }
    sqlite3_reset(statement->stmt);
    sqlite3_clear_bindings(statement->stmt);
    wr_list_append(&statement->store->idle, &statement->idle);
}

int wr_statement_columns(const wr_statement *statement)
{
    return sqlite3_column_count(statement->stmt);
}

const char *wr_statement_name(const wr_statement *statement, int column)
{
    return sqlite3_column_name(statement->stmt, column);
}

bool wr_statement_null(const wr_statement *statement, int column)
{
    return sqlite3_column_type(statement->stmt, column) == SQLITE_NULL;
}

int64_t wr_statement_int(const wr_statement *statement, int column)
{
    return sqlite3_column_int64(statement->stmt, column);
}

double wr_statement_real(const wr_statement *statement, int column)
{
    return sqlite3_column_double(statement->stmt, column);
}

const char *wr_statement_text(const wr_statement *statement, int column)
{
    return (const char *)sqlite3_column_text(statement->stmt, column);
}

weir_slice wr_statement_blob(const wr_statement *statement, int column)
{
    if (wr_statement_null(statement, column))
        return (weir_slice){0};
    const void *bytes = sqlite3_column_blob(statement->stmt, column); /* NULL for an empty one */
    return (weir_slice){bytes ? bytes : "", (size_t)sqlite3_column_bytes(statement->stmt, column)};
}
