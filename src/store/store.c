/* The door of the room: finds the database that a URL means, and calls through its table (dialect_int.h). */
#include "dialect_int.h"

#include <stdio.h>
#include <string.h>

/* By the scheme of a URL; a text without one is a path. */
static const struct {
    const char *scheme;
    const wr_dialect *dialect;
} dialects[] = {{"sqlite:", &wr_sqlite}, {"postgres:", &wr_postgres}, {"postgresql:", &wr_postgres}};

/* *ret_place: what stands behind the scheme. NULL: none of ours. */
static const wr_dialect *find_dialect(const char *url, const char **ret_place)
{
    *ret_place = url;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        size_t size = strlen(dialects[i].scheme);
        if (strncmp(url, dialects[i].scheme, size) != 0)
            continue;
        *ret_place = url + size;
        return dialects[i].dialect;
    }
    return strstr(url, "://") ? NULL : &wr_sqlite;
}

weir_err wr_store_open(const char *url, unsigned flags, wr_store **ret_store, weir_failure *failure)
{
    const char *place;
    const wr_dialect *dialect = find_dialect(url, &place);
    if (!dialect)
        return weir_fail(failure, WEIR_E_UNSUPPORTED,
                         "%.100s: state is kept in SQLite (a path) or in PostgreSQL (postgres://…)", url);
    return dialect->open(place, flags, ret_store, failure);
}

bool wr_store_is_server(const char *url)
{
    const char *place;
    return find_dialect(url, &place) == &wr_postgres;
}

/* user:password@ stands between the // and the last @ before the next slash; a password may also be a word of the query. */
void wr_store_url_print(const char *url, char *ret_text, size_t size)
{
    const char *host = strstr(url, "://");
    if (!host || !wr_store_is_server(url)) {
        snprintf(ret_text, size, "%s", url);
        return;
    }
    host += 3;
    size_t authority = strcspn(host, "/?");
    const char *at = memrchr(host, '@', authority), *colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
    const char *rest = colon ? at : host, *query = strchr(rest, '?');
    size_t shown = query ? (size_t)(query - rest) : strlen(rest), schema_size = 0;
    const char *schema = query ? strstr(query, "schema=") : NULL;
    if (schema)
        schema_size = strcspn(schema, "&");
    snprintf(ret_text, size, "%.*s%.*s%s%.*s", (int)((colon ? colon : host) - url), url, (int)shown, rest,
             schema ? "?" : "", (int)schema_size, schema ? schema : "");
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

weir_err wr_store_ping(wr_store *store, weir_failure *failure)
{
    return store->dialect->ping ? store->dialect->ping(store, failure) : WEIR_OK;
}

weir_err wr_store_lease(wr_store *store, bool *ret_has, weir_failure *failure)
{
    if (store->dialect->lease)
        return store->dialect->lease(store, ret_has, failure);
    *ret_has = true;
    return WEIR_OK;
}

const char *wr_store_inserts_sql(const char *scheme)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (strncmp(dialects[i].scheme, scheme, strlen(scheme)) == 0 && dialects[i].scheme[strlen(scheme)] == ':')
            return dialects[i].dialect->inserts;
    return NULL;
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

weir_err wr_store_run_later(wr_store *store, wr_sql sql, const weir_value *values, bool must_change,
                            weir_failure *failure)
{
    const char *text = store->dialect->sql[sql];
    if (store->dialect->later)
        return store->dialect->later(store, text, values, must_change, failure);
    weir_err err = store->dialect->exec(store, WR_OWNER_WEIR, text, values, failure);
    if (err == WEIR_OK && must_change && store->dialect->changes(store) != 1)
        return weir_fail(failure, WEIR_E_FENCED, "a partition of this batch belongs to somebody newer");
    return err;
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
