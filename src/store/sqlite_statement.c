/* Prepared statements, kept by their owner and their text.
 *
 * A service's statements and weir's own lie in caches of their own: a text that weir has prepared is prepared again,
 * under the guard, when a handler comes with it. A statement is either busy (given out) or idle. Idle ones stand in a
 * list, least recently used first; when a cache is full the first of them makes room. A text that is in use and wanted
 * again gets a loose statement for the moment. */
#include "sqlite_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct sqlite_statement {
    wr_statement door; /* first */
    wr_sql_owner owner;
    sqlite3_stmt *stmt;
    wr_link idle; /* linked while nobody uses it */
    bool loose;   /* not in the map: a second one of a text that is in use; finalized when done */
    char text[];
} sqlite_statement;

static sqlite_store *store_of(const sqlite_statement *statement)
{
    return (sqlite_store *)statement->door.store;
}

static void drop(sqlite_statement *statement)
{
    wr_link_remove(&statement->idle);
    sqlite3_finalize(statement->stmt);
    free(statement);
}

weir_err wr_sqlite_statements_init(sqlite_store *store)
{
    bool has_all = true;
    for (int owner = 0; owner < WR_OWNER_COUNT; owner++) {
        wr_list_init(&store->statements[owner].idle);
        store->statements[owner].by_text = wr_map_new(STATEMENT_COUNT_MAX, 0);
        has_all &= store->statements[owner].by_text != NULL;
    }
    return has_all ? WEIR_OK : WEIR_E_MEMORY;
}

void wr_sqlite_statements_fini(sqlite_store *store)
{
    for (int owner = 0; owner < WR_OWNER_COUNT; owner++) {
        wr_map *map = store->statements[owner].by_text;
        sqlite_statement *statement;
        for (size_t at = 0; map && (statement = wr_map_next(map, &at, NULL));)
            drop(statement);
        wr_map_free(map);
    }
}

/* The first statement of `sql`; NULL when there is none before *ret_tail. */
static weir_err prepare(sqlite_store *store, wr_sql_owner owner, const char *sql, unsigned flags,
                        sqlite3_stmt **ret_stmt, const char **ret_tail, weir_failure *failure)
{
    sqlite3_stmt *stmt = NULL;
    wr_sqlite_guard_enter(store, owner);
    int code = sqlite3_prepare_v3(store->db, sql, -1, flags, &stmt, ret_tail);
    weir_err err = WEIR_OK;
    if (code != SQLITE_OK) {
        char doing[100];
        snprintf(doing, sizeof doing, "%.80s", sql);
        err = wr_sqlite_failed(store, code, false, doing, failure);
    } else if (stmt) {
        err = wr_sqlite_guard_check(store, sqlite3_sql(stmt), failure);
    }
    wr_sqlite_guard_leave(store);
    if (err != WEIR_OK)
        sqlite3_finalize(stmt);
    else
        *ret_stmt = stmt;
    return err;
}

/* Whether nothing but blanks and comments is left. */
static bool is_blank(sqlite_store *store, wr_sql_owner owner, const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    while (*sql && !stmt)
        if (prepare(store, owner, sql, 0, &stmt, &sql, NULL) != WEIR_OK)
            return false;
    sqlite3_finalize(stmt);
    return !stmt;
}

static weir_err compile(sqlite_statement *statement, weir_failure *failure)
{
    sqlite_store *store = store_of(statement);
    const char *tail = "";
    weir_err err =
        prepare(store, statement->owner, statement->text, SQLITE_PREPARE_PERSISTENT, &statement->stmt, &tail, failure);
    if (err == WEIR_OK && (!statement->stmt || !is_blank(store, statement->owner, tail)))
        return weir_fail(failure, WEIR_E_FORMAT, "one SQL statement is wanted: %.120s", statement->text);
    return err;
}

static weir_err keep(sqlite_statement *statement, weir_failure *failure)
{
    statements *of_owner = &store_of(statement)->statements[statement->owner];
    wr_link *oldest = wr_list_first(&of_owner->idle);
    if (wr_map_count(of_owner->by_text) == STATEMENT_COUNT_MAX && oldest) {
        sqlite_statement *unused = WR_LIST_ITEM(oldest, sqlite_statement, idle);
        wr_map_remove_text(of_owner->by_text, unused->text);
        drop(unused);
    }
    weir_err err = wr_map_add_text(of_owner->by_text, statement->text, statement);
    return err == WEIR_OK
               ? err
               : weir_fail(failure, err, "no room for a statement beside the %d in use", STATEMENT_COUNT_MAX);
}

static weir_err make(sqlite_store *store, wr_sql_owner owner, const char *sql, bool loose,
                     sqlite_statement **ret_statement, weir_failure *failure)
{
    size_t size = strlen(sql);
    if (size >= SQL_SIZE_MAX)
        return weir_fail(failure, WEIR_E_USAGE, "a SQL statement of %zu bytes; at most %d", size, SQL_SIZE_MAX);
    sqlite_statement *statement = calloc(1, sizeof *statement + size + 1);
    if (!statement)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a statement");
    statement->door.store = &store->door;
    statement->owner = owner;
    statement->loose = loose;
    memcpy(statement->text, sql, size + 1);
    weir_err err = compile(statement, failure);
    if (err == WEIR_OK && !loose)
        err = keep(statement, failure);
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

static weir_err bind(sqlite_statement *statement, const weir_value *values, sqlite3_destructor_type keep_bytes,
                     weir_failure *failure)
{
    int count = 0, code = SQLITE_OK;
    for (; values && values[count].kind != WEIR_VALUE_END && code == SQLITE_OK; count++)
        code = bind_one(statement->stmt, count + 1, &values[count], keep_bytes);
    if (code != SQLITE_OK && code != SQLITE_RANGE)
        return wr_sqlite_failed(store_of(statement), code, true, "binding", failure);
    int wanted = sqlite3_bind_parameter_count(statement->stmt);
    if (code != SQLITE_OK || count != wanted)
        return weir_fail(failure, WEIR_E_FORMAT, "%d parameters are wanted: %.120s", wanted, statement->text);
    return WEIR_OK;
}

static weir_err take(sqlite_store *store, wr_sql_owner owner, const char *sql, const weir_value *values,
                     sqlite3_destructor_type keep_bytes, sqlite_statement **ret_statement, weir_failure *failure)
{
    if (!sql)
        return weir_fail(failure, WEIR_E_USAGE, "a SQL statement is wanted, not NULL");
    weir_err err = wr_sqlite_check_transaction(store, failure);
    if (err != WEIR_OK)
        return err;
    sqlite_statement *statement = wr_map_find_text(store->statements[owner].by_text, sql);
    bool busy = statement && !wr_link_linked(&statement->idle);
    if (!statement || busy) {
        err = make(store, owner, sql, busy, &statement, failure);
        if (err != WEIR_OK)
            return err;
    }
    assert(statement && statement->owner == owner);
    wr_link_remove(&statement->idle);
    err = bind(statement, values, keep_bytes, failure);
    if (err != WEIR_OK)
        wr_sqlite_done(&statement->door);
    else
        *ret_statement = statement;
    return err;
}

static weir_err run(sqlite_statement *statement, weir_failure *failure)
{
    weir_err err;
    do
        err = wr_sqlite_next(&statement->door, failure);
    while (err == WEIR_OK);
    wr_sqlite_done(&statement->door);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err refuse_write(const sqlite_store *store, const sqlite_statement *statement, weir_failure *failure)
{
    return store->is_read_only && !sqlite3_stmt_readonly(statement->stmt)
               ? weir_fail(failure, WEIR_E_DENIED, "a query cannot write: %.120s", statement->text)
               : WEIR_OK;
}

weir_err wr_sqlite_exec(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                        weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    sqlite_statement *statement = NULL;
    weir_err err = take(store, owner, sql, values, SQLITE_STATIC, &statement, failure);
    if (err != WEIR_OK)
        return err;
    if (owner == WR_OWNER_SERVICE)
        err = refuse_write(store, statement, failure);
    if (err == WEIR_OK)
        return run(statement, failure);
    wr_sqlite_done(&statement->door);
    return err;
}

weir_err wr_sqlite_query(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                         wr_statement **ret_statement, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    sqlite_statement *statement = NULL;
    weir_err err = take(store, owner, sql, values, SQLITE_TRANSIENT, &statement, failure);
    if (err != WEIR_OK)
        return err;
    if (owner == WR_OWNER_SERVICE)
        err = refuse_write(store, statement, failure);
    if (owner == WR_OWNER_SERVICE && err == WEIR_OK && sqlite3_column_count(statement->stmt) == 0)
        err = weir_fail(failure, WEIR_E_USAGE, "this statement returns no rows to read: %.120s", sql);
    if (err != WEIR_OK)
        wr_sqlite_done(&statement->door);
    else
        *ret_statement = &statement->door;
    return err;
}

weir_err wr_sqlite_script(wr_store *door, wr_sql_owner owner, const char *sql, weir_failure *failure)
{
    sqlite_store *store = (sqlite_store *)door;
    weir_err err = wr_sqlite_check_transaction(store, failure);
    while (err == WEIR_OK && *sql) {
        sqlite3_stmt *stmt = NULL;
        err = prepare(store, owner, sql, 0, &stmt, &sql, failure);
        if (err != WEIR_OK || !stmt)
            continue;
        wr_sqlite_guard_enter(store, owner);
        int code;
        do
            code = sqlite3_step(stmt);
        while (code == SQLITE_ROW);
        wr_sqlite_guard_leave(store);
        if (code != SQLITE_DONE) {
            char doing[100];
            snprintf(doing, sizeof doing, "%.80s", sqlite3_sql(stmt));
            err = wr_sqlite_failed(store, code, true, doing, failure);
        }
        sqlite3_finalize(stmt);
        if (err == WEIR_OK)
            err = wr_sqlite_check_transaction(store, failure);
    }
    return err;
}

/* A statement that runs into an error may have become wrong since it was prepared, by a change of the schema. */
static bool is_still_right(sqlite_statement *statement)
{
    sqlite3_stmt *again = NULL;
    const char *tail;
    weir_err err = prepare(store_of(statement), statement->owner, statement->text, 0, &again, &tail, NULL);
    sqlite3_finalize(again);
    return err == WEIR_OK;
}

weir_err wr_sqlite_next(wr_statement *door, weir_failure *failure)
{
    sqlite_statement *statement = (sqlite_statement *)door;
    sqlite_store *store = store_of(statement);
    weir_err err = wr_sqlite_check_transaction(store, failure); /* for a query that was open before it was lost */
    if (err != WEIR_OK)
        return err;
    wr_sqlite_guard_enter(store, statement->owner);
    int code = sqlite3_step(statement->stmt);
    wr_sqlite_guard_leave(store);
    if (code == SQLITE_ROW)
        return WEIR_OK;
    if (code == SQLITE_DONE)
        return WEIR_E_RANGE;
    char doing[100];
    snprintf(doing, sizeof doing, "%.80s", statement->text);
    err = wr_sqlite_failed(store, code, true, doing, failure);
    if (err == WEIR_E_REFUSED && !is_still_right(statement)) {
        err = WEIR_E_FORMAT;
        if (failure)
            failure->err = err;
    }
    return err;
}

void wr_sqlite_done(wr_statement *door)
{
    sqlite_statement *statement = (sqlite_statement *)door;
    if (wr_link_linked(&statement->idle))
        return;
    if (statement->loose) {
        drop(statement);
        return;
    }
    sqlite3_reset(statement->stmt);
    sqlite3_clear_bindings(statement->stmt);
    wr_list_append(&store_of(statement)->statements[statement->owner].idle, &statement->idle);
}

/* ---- columns */

static sqlite3_stmt *stmt_of(const wr_statement *door)
{
    return ((const sqlite_statement *)door)->stmt;
}

int wr_sqlite_columns(const wr_statement *door)
{
    return sqlite3_column_count(stmt_of(door));
}

const char *wr_sqlite_name(const wr_statement *door, int column)
{
    return sqlite3_column_name(stmt_of(door), column);
}

weir_value_kind wr_sqlite_kind(const wr_statement *door, int column)
{
    switch (sqlite3_column_type(stmt_of(door), column)) {
    case SQLITE_INTEGER:
        return WEIR_VALUE_INT;
    case SQLITE_FLOAT:
        return WEIR_VALUE_REAL;
    case SQLITE_TEXT:
        return WEIR_VALUE_TEXT;
    case SQLITE_BLOB:
        return WEIR_VALUE_BLOB;
    default:
        return WEIR_VALUE_NULL;
    }
}

int64_t wr_sqlite_integer(const wr_statement *door, int column)
{
    return sqlite3_column_int64(stmt_of(door), column);
}

double wr_sqlite_real(const wr_statement *door, int column)
{
    return sqlite3_column_double(stmt_of(door), column);
}

const char *wr_sqlite_text(const wr_statement *door, int column)
{
    return (const char *)sqlite3_column_text(stmt_of(door), column);
}

weir_slice wr_sqlite_blob(const wr_statement *door, int column)
{
    if (wr_sqlite_kind(door, column) == WEIR_VALUE_NULL)
        return (weir_slice){0};
    const void *bytes = sqlite3_column_blob(stmt_of(door), column); /* NULL for an empty one */
    return (weir_slice){bytes ? bytes : "", (size_t)sqlite3_column_bytes(stmt_of(door), column)};
}
