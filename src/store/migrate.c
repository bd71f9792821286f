/* Versions of tables, counted per component in the table weir_migrations. */
#include "store_int.h"

#include <stdio.h>

static weir_err version_of(wr_store *store, const char *component, int64_t *ret_version, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_prepare(store, "SELECT version FROM weir_migrations WHERE component = ?1",
                                    WEIR_VALUES(WEIR_TEXT(component)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    int64_t version = err == WEIR_OK ? wr_statement_int(statement, 0) : 0;
    wr_statement_done(statement);
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    *ret_version = version;
    return WEIR_OK;
}

static weir_err step(wr_store *store, const char *component, int64_t version, const char *script, weir_failure *failure)
{
    weir_err err = wr_store_begin(store, failure);
    if (err != WEIR_OK)
        return err;
    weir_failure inner = {0};
    wr_sql_owner owner = strcmp(component, "weir") == 0 ? WR_OWNER_WEIR : WR_OWNER_MIGRATION;
    err = wr_store_run_script(store, owner, script, "script", &inner);
    if (err == WEIR_OK)
        err = wr_store_exec(store,
                            "INSERT INTO weir_migrations (component, version) VALUES (?1, ?2) "
                            "ON CONFLICT (component) DO UPDATE SET version = excluded.version",
                            WEIR_VALUES(WEIR_TEXT(component), WEIR_INT(version + 1)), &inner);
    if (err == WEIR_OK)
        return wr_store_commit(store, failure);
    wr_store_rollback(store);
    return weir_fail(failure, err, "migration of %s from version %lld: %.160s", component, (long long)version,
                     inner.sentence);
}

weir_err wr_store_migrate(wr_store *store, const char *component, const char *const *scripts, weir_failure *failure)
{
    weir_err err = wr_store_script(store,
                                   "CREATE TABLE IF NOT EXISTS weir_migrations ("
                                   "component TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID",
                                   failure);
    int64_t version = 0, count = 0;
    static const char *const none[] = {NULL};
    if (!scripts)
        scripts = none;
    if (err == WEIR_OK)
        err = version_of(store, component, &version, failure);
    if (err != WEIR_OK)
        return err;
    while (scripts[count])
        count++;
    if (version > count)
        return weir_fail(failure, WEIR_E_UNSUPPORTED,
                         "the database has version %lld of %s's tables, this program knows %lld: run a newer program",
                         (long long)version, component, (long long)count);
    for (; version < count && err == WEIR_OK; version++)
        err = step(store, component, version, scripts[version], failure);
    return err;
}
