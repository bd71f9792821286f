/* Versions of tables, counted per component in the table weir_migrations, and what each script was when it ran.
 *
 *   weir_migrations         component → the number of scripts that have run
 *   weir_migration_scripts  component, number (from 1) → CRC-32C and size of the script's text, "8f3a0b11-142"
 *
 * A script that has run is history: a change of it reaches no database that has run it, so two databases of one version
 * would differ. Such a database is refused, with the number of the script. A database of a weir that kept no sums takes
 * the scripts as they are now for those that have run. */
#include "dialect_int.h"

#include <base/hash.h>

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define OWN_COMPONENT "weir"

enum { SUM_SIZE = 40, OWN_VERSION_MAX = 100 };

static void sum_of(const char *script, char ret_sum[SUM_SIZE])
{
    size_t size = strlen(script);
    snprintf(ret_sum, SUM_SIZE, "%08x-%zu", wr_crc32c(0, script, size), size);
}

static weir_err version_of(wr_store *store, const char *component, int64_t *ret_version, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err =
        wr_store_select(store, WR_SQL_MIGRATION_VERSION, WEIR_VALUES(WEIR_TEXT(component)), &statement, failure);
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

/* "" when none is known. */
static weir_err stored_sum(wr_store *store, const char *component, int64_t number, char ret_sum[SUM_SIZE],
                           weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(store, WR_SQL_SCRIPT_SUM, WEIR_VALUES(WEIR_TEXT(component), WEIR_INT(number)),
                                   &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    snprintf(ret_sum, SUM_SIZE, "%s", err == WEIR_OK ? wr_statement_text(statement, 0) : "");
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err store_sum(wr_store *store, const char *component, int64_t number, const char *script,
                          weir_failure *failure)
{
    char sum[SUM_SIZE];
    sum_of(script, sum);
    return wr_store_run(store, WR_SQL_SCRIPT_ADD, WEIR_VALUES(WEIR_TEXT(component), WEIR_INT(number), WEIR_TEXT(sum)),
                        failure);
}

static weir_err check_scripts(wr_store *store, const char *component, const char *const *scripts, int64_t version,
                              weir_failure *failure)
{
    weir_err err = WEIR_OK;
    for (int64_t number = 1; number <= version && err == WEIR_OK; number++) {
        char stored[SUM_SIZE], sum[SUM_SIZE];
        err = stored_sum(store, component, number, stored, failure);
        sum_of(scripts[number - 1], sum);
        if (err == WEIR_OK && !stored[0])
            err = store_sum(store, component, number, scripts[number - 1], failure);
        else if (err == WEIR_OK && strcmp(stored, sum) != 0)
            err = weir_fail(failure, WEIR_E_UNSUPPORTED,
                            "migration %lld of %s is no longer what it was when this database ran it: put its text "
                            "back, and add another migration for what is to change",
                            (long long)number, component);
    }
    return err;
}

static weir_err step(wr_store *store, const char *component, int64_t version, const char *script, weir_failure *failure)
{
    weir_err err = wr_store_begin(store, failure);
    if (err != WEIR_OK)
        return err;
    weir_failure inner = {0};
    wr_sql_owner owner = strcmp(component, OWN_COMPONENT) == 0 ? WR_OWNER_WEIR : WR_OWNER_MIGRATION;
    err = store->dialect->script(store, owner, script, &inner);
    if (err == WEIR_OK)
        err =
            wr_store_run(store, WR_SQL_MIGRATION_SET, WEIR_VALUES(WEIR_TEXT(component), WEIR_INT(version + 1)), &inner);
    if (err == WEIR_OK)
        err = store_sum(store, component, version + 1, script, &inner);
    if (err == WEIR_OK)
        return wr_store_commit(store, failure);
    wr_store_rollback(store);
    return weir_fail(failure, err, "migration of %s from version %lld: %.160s", component, (long long)version,
                     inner.sentence);
}

static weir_err migrate(wr_store *store, const char *component, const char *const *scripts, weir_failure *failure)
{
    weir_err err = wr_store_script(store, store->dialect->books, failure);
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
    err = check_scripts(store, component, scripts, version, failure);
    for (; version < count && err == WEIR_OK; version++)
        err = step(store, component, version, scripts[version], failure);
    return err;
}

/* Two instances that start together on one server come one after the other, and the second finds all done. */
weir_err wr_store_migrate(wr_store *store, const char *component, const char *const *scripts, weir_failure *failure)
{
    const wr_dialect *dialect = store->dialect;
    weir_err err = dialect->lock_migrations ? dialect->lock_migrations(store, failure) : WEIR_OK;
    if (err != WEIR_OK)
        return err;
    err = migrate(store, component, scripts, failure);
    weir_err unlocked =
        dialect->unlock_migrations ? dialect->unlock_migrations(store, err == WEIR_OK ? failure : NULL) : WEIR_OK;
    return err == WEIR_OK ? unlocked : err;
}

weir_err wr_store_migrate_own(wr_store *store, int version, weir_failure *failure)
{
    const char *scripts[OWN_VERSION_MAX + 1] = {NULL};
    for (int i = 0; store->dialect->tables[i] && (version == 0 || i < version); i++) {
        assert(i < OWN_VERSION_MAX);
        scripts[i] = store->dialect->tables[i];
    }
    return wr_store_migrate(store, OWN_COMPONENT, scripts, failure);
}
