/* Single values that a service keeps in its database: weir_meta (store/sqlite_sql.c). */
#include "core_int.h"

#include <base/text.h>
#include <stdio.h>

#define META_NUMBER_MAX (INT64_MAX / 2) /* so that delays and rows may be added to it */

weir_err wr_meta_get(wr_store *store, const char *key, char *ret_text, size_t size, bool *ret_found,
                     weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(store, WR_SQL_META_GET, WEIR_VALUES(WEIR_TEXT(key)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        snprintf(ret_text, size, "%s", wr_statement_text(statement, 0));
    wr_statement_done(statement);
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    *ret_found = err == WEIR_OK;
    return WEIR_OK;
}

weir_err wr_meta_get_number(wr_core *core, const char *key, int64_t *ret_number, bool *ret_found, weir_failure *failure)
{
    char text[32]; /* what is cut here was too large anyway */
    weir_err err = wr_meta_get(core->store, key, text, sizeof text, ret_found, failure);
    if (err != WEIR_OK || !*ret_found)
        return err;
    if (wr_number_parse(text, 0, META_NUMBER_MAX, ret_number) == WEIR_OK)
        return WEIR_OK;
    return weir_fail(
        failure, WEIR_E_CORRUPT,
        "%s is damaged: %s in its table weir_meta is '%s' and no number; restore the database from a backup",
        core->database_shown, key, text);
}

weir_err wr_meta_set(wr_store *store, const char *key, const char *text, weir_failure *failure)
{
    return wr_store_run_later(store, WR_SQL_META_SET, WEIR_VALUES(WEIR_TEXT(key), WEIR_TEXT(text)), false, failure);
}

weir_err wr_meta_add(wr_store *store, const char *key, int64_t by, int64_t *ret_number, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err =
        wr_store_select(store, WR_SQL_META_ADD, WEIR_VALUES(WEIR_TEXT(key), WEIR_INT(by)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        *ret_number = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    return err;
}

weir_err wr_meta_check_version(wr_store *store, int version_min, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err =
        wr_store_select(store, WR_SQL_MIGRATION_VERSION, WEIR_VALUES(WEIR_TEXT("weir")), &statement, failure);
    if (err != WEIR_OK)
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "this is not the database of a service");
    err = wr_statement_next(statement, failure);
    int64_t version = err == WEIR_OK ? wr_statement_int(statement, 0) : 0;
    wr_statement_done(statement);
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    return version >= version_min
               ? WEIR_OK
               : weir_fail(failure, WEIR_E_UNSUPPORTED,
                           "an older version of weir used this database last: start its service once");
}
