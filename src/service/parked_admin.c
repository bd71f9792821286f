#include "parked_admin.h"

#include "core_int.h"

#include <base/text.h>

enum { VERSION_MIN = 9 }; /* of weir's tables: has all that is asked here */

static weir_err clock_of(wr_store *store, int64_t *ret_ms, weir_failure *failure)
{
    char text[32] = "";
    bool found = false;
    *ret_ms = 0;
    weir_err err = wr_meta_get(store, "clock", text, sizeof text, &found, failure);
    if (err == WEIR_OK && found && wr_number_parse(text, INT64_MIN, INT64_MAX, ret_ms) != WEIR_OK)
        err = weir_fail(failure, WEIR_E_CORRUPT, "clock in weir_meta is '%.30s' and no number", text);
    return err;
}

weir_err wr_parked_each(wr_store *store, bool each_event, void (*each)(void *user, const wr_parked_item *item),
                        void *user, weir_failure *failure)
{
    int64_t clock_ms;
    wr_statement *row;
    weir_err err = wr_meta_check_version(store, VERSION_MIN, failure);
    if (err == WEIR_OK)
        err = clock_of(store, &clock_ms, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, each_event ? WR_SQL_PARKED_LIST : WR_SQL_PARKED_KEYS, NULL, &row, failure);
    if (err != WEIR_OK)
        return err;
    while ((err = wr_statement_next(row, failure)) == WEIR_OK) {
        bool has_key = wr_statement_kind(row, 2) != WEIR_VALUE_NULL;
        int64_t due_ms = wr_statement_int(row, 5), left_ms = due_ms > clock_ms ? due_ms - clock_ms : 0;
        each(user, &(wr_parked_item){.number = wr_statement_int(row, 0),
                                     .topic = wr_statement_text(row, 1),
                                     .key = has_key ? wr_statement_blob(row, 2) : (weir_slice){0},
                                     .events = wr_statement_int(row, 3),
                                     .attempts = wr_statement_int(row, 4),
                                     .due_ms = due_ms < 0 ? due_ms : left_ms,
                                     .reason = wr_statement_text(row, 6),
                                     .parked_ms = wr_statement_int(row, 7),
                                     .partition = each_event ? (int32_t)wr_statement_int(row, 8) : -1,
                                     .offset = each_event ? wr_statement_int(row, 9) : -1});
    }
    wr_statement_done(row);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

/* ---- one event */

static weir_slice dup(weir_arena *arena, weir_slice bytes, bool *ret_failed)
{
    weir_slice copy = bytes.data ? weir_arena_dup(arena, bytes) : bytes;
    *ret_failed = *ret_failed || (bytes.data && !copy.data);
    return copy;
}

static weir_err read_whole(wr_statement *row, weir_arena *arena, wr_client_record *ret_record, const char **ret_reason)
{
    bool failed = false;
    const char *reason = wr_statement_text(row, 7);
    wr_client_header *headers = NULL;
    wr_client_record record = {.topic = weir_arena_dup_text(arena, weir_slice_of(wr_statement_text(row, 0))),
                               .partition = (int32_t)wr_statement_int(row, 1),
                               .offset = wr_statement_int(row, 2),
                               .timestamp_ms = wr_statement_int(row, 3),
                               .key = dup(arena, wr_statement_blob(row, 4), &failed),
                               .value = dup(arena, wr_statement_blob(row, 5), &failed)};
    weir_slice blob = dup(arena, wr_statement_blob(row, 6), &failed);
    *ret_reason = reason ? weir_arena_dup_text(arena, weir_slice_of(reason)) : NULL;
    if (failed || !record.topic || (reason && !*ret_reason))
        return WEIR_E_MEMORY;
    weir_err err = wr_headers_decode(blob, arena, &headers, &record.header_count);
    record.headers = headers;
    *ret_record = record;
    return err;
}

weir_err wr_parked_find(wr_store *store, int64_t number, weir_arena *arena, wr_client_record *ret_record,
                        const char **ret_reason, weir_failure *failure)
{
    wr_statement *row;
    weir_err err = wr_meta_check_version(store, VERSION_MIN, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, WR_SQL_PARKED_ROW, WEIR_VALUES(WEIR_INT(number)), &row, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(row, failure);
    if (err == WEIR_E_RANGE) {
        weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of an event that waits", (long long)number);
        err = WEIR_E_NOT_FOUND;
    } else if (err == WEIR_OK) {
        err = read_whole(row, arena, ret_record, ret_reason);
        if (err != WEIR_OK)
            weir_fail(failure, err, "the event %lld cannot be read", (long long)number);
    }
    wr_statement_done(row);
    return err;
}

/* ---- wishes */

static weir_err change(wr_store *store, wr_sql sql, const weir_value *values, int64_t *ret_count, weir_failure *failure)
{
    weir_err err = wr_meta_check_version(store, VERSION_MIN, failure);
    if (err == WEIR_OK)
        err = wr_store_begin(store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_store_run(store, sql, values, failure);
    *ret_count = wr_store_changes(store);
    if (err == WEIR_OK)
        return wr_store_commit(store, failure);
    wr_store_rollback(store);
    return err;
}

weir_err wr_parked_wish(wr_store *store, int64_t number, int wish, weir_failure *failure)
{
    int64_t count = 0;
    weir_err err = change(store, WR_SQL_PARKED_WISH, WEIR_VALUES(WEIR_INT(number), WEIR_INT(wish)), &count, failure);
    return err == WEIR_OK && count == 0
               ? weir_fail(failure, WEIR_E_NOT_FOUND, "%lld is not the number of the first event of a key that waits",
                           (long long)number)
               : err;
}

weir_err wr_parked_retry_all(wr_store *store, int64_t *ret_count, weir_failure *failure)
{
    return change(store, WR_SQL_PARKED_WISH_ALL, WEIR_VALUES(WEIR_INT(WR_PARKED_RETRY)), ret_count, failure);
}
