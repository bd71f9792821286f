/* The door of the room: finds the database that a URL means, and calls through its table (dialect_int.h). */
#include "dialect_int.h"

#include <string.h>

static const wr_dialect *const dialects[] = {&wr_sqlite};

weir_err wr_store_open(const char *url, unsigned flags, wr_store **ret_store, weir_failure *failure)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        size_t size = strlen(dialects[i]->scheme);
        if (strncmp(url, dialects[i]->scheme, size) == 0 && url[size] == ':')
            return dialects[i]->open(url + size + 1, flags, ret_store, failure);
    }
    if (strstr(url, "://"))
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "%s: this build keeps its state in SQLite only; give a path",
                         url);
    return dialects[0]->open(url, flags, ret_store, failure);
}

void wr_store_close(wr_store *store)
{
    if (store)
        store->dialect->close(store);
}

weir_err wr_store_attach(wr_store *store, const char *path, const char *name, weir_failure *failure)
{
    return store->dialect->attach(store, path, name, failure);
}

weir_err wr_store_limit_pages(wr_store *store, int64_t page_count)
{
    return store->dialect->limit(store, page_count);
}

/* ---- transactions */

weir_err wr_store_begin(wr_store *store, weir_failure *failure)
{
    return store->dialect->begin(store, failure);
}

weir_err wr_store_commit(wr_store *store, weir_failure *failure)
{
    return store->dialect->commit(store, failure);
}

void wr_store_rollback(wr_store *store)
{
    store->dialect->rollback(store);
}

weir_err wr_store_savepoint(wr_store *store, weir_failure *failure)
{
    return store->dialect->savepoint(store, failure);
}

weir_err wr_store_release(wr_store *store, weir_failure *failure)
{
    return store->dialect->release(store, failure);
}

weir_err wr_store_undo(wr_store *store, weir_failure *failure)
{
    return store->dialect->undo(store, failure);
}

/* ---- statements */

weir_err wr_store_run(wr_store *store, wr_sql sql, const weir_value *values, weir_failure *failure)
{
    return store->dialect->exec(store, WR_OWNER_WEIR, store->dialect->sql[sql], values, failure);
}

weir_err wr_store_select(wr_store *store, wr_sql sql, const weir_value *values, wr_statement **ret_statement,
                         weir_failure *failure)
{
    return store->dialect->query(store, WR_OWNER_WEIR, store->dialect->sql[sql], values, ret_statement, failure);
}

weir_err wr_store_service_exec(wr_store *store, const char *sql, const weir_value *values, weir_failure *failure)
{
    return store->dialect->exec(store, WR_OWNER_SERVICE, sql, values, failure);
}

weir_err wr_store_service_query(wr_store *store, const char *sql, const weir_value *values,
                                wr_statement **ret_statement, weir_failure *failure)
{
    return store->dialect->query(store, WR_OWNER_SERVICE, sql, values, ret_statement, failure);
}

weir_err wr_store_script(wr_store *store, const char *sql, weir_failure *failure)
{
    return store->dialect->script(store, WR_OWNER_WEIR, sql, failure);
}

weir_err wr_store_exec(wr_store *store, const char *sql, const weir_value *values, weir_failure *failure)
{
    return store->dialect->exec(store, WR_OWNER_WEIR, sql, values, failure);
}

weir_err wr_store_prepare(wr_store *store, const char *sql, const weir_value *values, wr_statement **ret_statement,
                          weir_failure *failure)
{
    return store->dialect->query(store, WR_OWNER_WEIR, sql, values, ret_statement, failure);
}

int64_t wr_store_changes(const wr_store *store)
{
    return store->dialect->changes(store);
}

/* ---- rows */

weir_err wr_statement_next(wr_statement *statement, weir_failure *failure)
{
    return statement->store->dialect->next(statement, failure);
}

void wr_statement_done(wr_statement *statement)
{
    if (statement)
        statement->store->dialect->done(statement);
}

int wr_statement_columns(const wr_statement *statement)
{
    return statement->store->dialect->columns(statement);
}

const char *wr_statement_name(const wr_statement *statement, int column)
{
    return statement->store->dialect->name(statement, column);
}

weir_value_kind wr_statement_kind(const wr_statement *statement, int column)
{
    return statement->store->dialect->kind(statement, column);
}

int64_t wr_statement_int(const wr_statement *statement, int column)
{
    return statement->store->dialect->integer(statement, column);
}

double wr_statement_real(const wr_statement *statement, int column)
{
    return statement->store->dialect->real(statement, column);
}

const char *wr_statement_text(const wr_statement *statement, int column)
{
    return statement->store->dialect->text(statement, column);
}

weir_slice wr_statement_blob(const wr_statement *statement, int column)
{
    return statement->store->dialect->blob(statement, column);
}
