/* An operator's wishes are states of rows (outbox_table.c), so that they need nobody who listens: a service looks at
 * them when it next tries refused rows again. */
#include "outbox_admin.h"

#include "core_int.h"

static const char *state_name(int64_t state)
{
    switch (state) {
    case OUTBOX_REFUSED:
        return "refused";
    case OUTBOX_BEHIND:
        return "behind";
    default:
        return "to be set aside";
    }
}

static weir_err check_version(wr_store *store, weir_failure *failure)
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
    return version >= 2 ? WEIR_OK
                        : weir_fail(failure, WEIR_E_UNSUPPORTED,
                                    "an older version of weir used this database last: start its service once");
}

static weir_err each_row(wr_store *store, wr_sql sql, bool is_aside,
                         void (*each)(void *user, const wr_outbox_item *item), void *user, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(store, sql, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK) {
        int64_t state = wr_statement_int(statement, 1);
        const char *aside = state ? "to be published" : "set aside";
        wr_outbox_item item = {.number = wr_statement_int(statement, 0),
                               .state = is_aside ? aside : state_name(state),
                               .topic = wr_statement_text(statement, 2),
                               .key = wr_statement_blob(statement, 3),
                               .reason = wr_statement_text(statement, 4),
                               .created_ms = wr_statement_int(statement, 5),
                               .size = wr_statement_int(statement, 6)};
        each(user, &item);
    }
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_outbox_each(wr_store *store, void (*each)(void *user, const wr_outbox_item *item), void *user,
                        weir_failure *failure)
{
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = each_row(store, WR_SQL_OUTBOX_LIST_REFUSED, false, each, user, failure);
    if (err == WEIR_OK)
        err = each_row(store, WR_SQL_ASIDE_LIST, true, each, user, failure);
    return err;
}

static weir_err change(wr_store *store, wr_sql sql, int64_t number, const char *what, weir_failure *failure)
{
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_begin(store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_store_run(store, sql, WEIR_VALUES(WEIR_INT(number)), failure);
    if (err == WEIR_OK && wr_store_changes(store) == 0)
        err = weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of %s", (long long)number, what);
    if (err == WEIR_OK)
        return wr_store_commit(store, failure);
    wr_store_rollback(store);
    return err;
}

weir_err wr_outbox_skip(wr_store *store, int64_t sequence, weir_failure *failure)
{
    return change(store, WR_SQL_OUTBOX_SKIP, sequence, "a refused event", failure);
}

weir_err wr_outbox_requeue(wr_store *store, int64_t number, weir_failure *failure)
{
    return change(store, WR_SQL_ASIDE_REQUEUE, number, "what is set aside", failure);
}

weir_err wr_outbox_remove(wr_store *store, int64_t number, weir_failure *failure)
{
    return change(store, WR_SQL_ASIDE_DELETE, number, "what is set aside", failure);
}

weir_err wr_outbox_value(wr_store *store, int64_t number, weir_arena *arena, weir_slice *ret_value,
                         weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = check_version(store, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, WR_SQL_ASIDE_VALUE, WEIR_VALUES(WEIR_INT(number)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_E_RANGE)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of what is set aside", (long long)number);
    weir_slice value = err == WEIR_OK ? wr_statement_blob(statement, 0) : (weir_slice){0};
    weir_slice copy = value.data ? weir_arena_dup(arena, value) : value;
    wr_statement_done(statement);
    if (err == WEIR_OK && value.data && !copy.data)
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory for %zu bytes", value.size);
    if (err == WEIR_OK)
        *ret_value = copy;
    return err;
}
