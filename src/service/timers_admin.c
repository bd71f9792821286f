/* Reading goes by the indexes that the service uses, so a look at a million timers costs what is shown. Cancelling deletes the
 * row and counts it in one transaction; a timer whose turn has come is locked by it (timers.c). */
#include "timers_admin.h"

#include "core_int.h"

enum { VERSION_MIN = 8, ARENA_SIZE = 64 << 20 };

#define NEVER_MS INT64_C(3000000000000000000) /* later is never: see TIMER_LIST */

/* How far the wall clock is ahead of the timers'. */
static weir_err begin(wr_store *store, int64_t *ret_ahead_ms, weir_failure *failure)
{
    int64_t clock_ms = 0, wall_ms = 0;
    bool is_found;
    weir_err err = wr_meta_check_version(store, VERSION_MIN, failure);
    if (err == WEIR_OK)
        err = wr_core_timers_clock_read(store, &clock_ms, &wall_ms, &is_found, failure);
    *ret_ahead_ms = wall_ms - clock_ms;
    return err;
}

static const char *dup_text(weir_arena *arena, const char *text, bool *failed)
{
    char *copy = text ? weir_arena_dup_text(arena, weir_slice_of(text)) : NULL;
    *failed |= text && !copy;
    return copy;
}

static weir_slice dup(weir_arena *arena, weir_slice bytes, bool *failed)
{
    weir_slice copy = bytes.data ? weir_arena_dup(arena, bytes) : bytes;
    *failed |= bytes.data && !copy.data;
    return copy;
}

/* A row of TIMER_LIST, or of TIMER_FIND, which is whole; in the arena. */
static weir_err read_item(wr_statement *row, bool is_whole, weir_arena *arena, wr_timer_item *ret_item)
{
    bool failed = false;
    int64_t due_ms = wr_statement_int(row, 3);
    const char *topic = wr_statement_text(row, 8);
    wr_timer_item item = {.number = wr_statement_int(row, 0),
                          .kind = wr_statement_int(row, 1) == SCHEDULE ? "schedule"
                                  : topic                              ? "event"
                                                                       : "timer",
                          .id = dup_text(arena, wr_statement_text(row, 2), &failed),
                          .due_ms = due_ms < NEVER_MS ? due_ms : INT64_MAX,
                          .set_ms = wr_statement_int(row, 4),
                          .attempts = (int)wr_statement_int(row, 5),
                          .reason = dup_text(arena, wr_statement_text(row, 6), &failed),
                          .line = dup_text(arena, wr_statement_text(row, 7), &failed)};
    item.record =
        (wr_client_record){.topic = dup_text(arena, topic, &failed),
                           .partition = -1,
                           .offset = item.number,
                           .timestamp_ms = item.set_ms,
                           .key = is_whole ? dup(arena, wr_statement_blob(row, 10), &failed) : (weir_slice){0},
                           .value = is_whole ? dup(arena, wr_statement_blob(row, 11), &failed) : (weir_slice){0}};
    weir_slice blob = dup(arena, wr_statement_blob(row, 9), &failed);
    wr_client_header *headers = NULL;
    weir_err err = failed ? WEIR_E_MEMORY : wr_headers_decode(blob, arena, &headers, &item.record.header_count);
    item.record.headers = headers;
    const wr_client_header *type =
        err == WEIR_OK ? wr_event_header_find(headers, item.record.header_count, "ce_type") : NULL;
    if (type)
        item.type = weir_arena_dup_text(arena, type->value);
    if (err == WEIR_OK && type && !item.type)
        err = WEIR_E_MEMORY;
    if (err == WEIR_OK)
        *ret_item = item;
    return err;
}

static weir_err each_row(wr_statement *rows, weir_arena *arena, void (*each)(void *user, const wr_timer_item *item),
                         void *user, weir_failure *failure)
{
    weir_err err;
    while ((err = wr_statement_next(rows, failure)) == WEIR_OK) {
        wr_timer_item item;
        weir_arena_reset(arena);
        err = read_item(rows, false, arena, &item);
        if (err != WEIR_OK)
            return weir_fail(failure, err, "timer %lld cannot be read", (long long)wr_statement_int(rows, 0));
        each(user, &item);
    }
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_timers_each(wr_store *store, int64_t count_max, void (*each)(void *user, const wr_timer_item *item),
                        void *user, weir_failure *failure)
{
    int64_t ahead_ms = 0;
    wr_statement *rows;
    weir_err err = begin(store, &ahead_ms, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, WR_SQL_TIMER_LIST, WEIR_VALUES(WEIR_INT(ahead_ms), WEIR_INT(count_max)), &rows,
                              failure);
    if (err != WEIR_OK)
        return err;
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    err =
        arena ? each_row(rows, arena, each, user, failure) : weir_fail(failure, WEIR_E_MEMORY, "no memory for timers");
    weir_arena_free(arena);
    wr_statement_done(rows);
    return err;
}

static weir_err not_found(const char *id, bool is_schedule, weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_NOT_FOUND, "there is no %s '%.100s'", is_schedule ? "schedule" : "timer", id);
}

weir_err wr_timers_find(wr_store *store, const char *id, bool is_schedule, weir_arena *arena, wr_timer_item *ret_item,
                        weir_failure *failure)
{
    int64_t ahead_ms = 0;
    wr_statement *row;
    weir_err err = begin(store, &ahead_ms, failure);
    if (err == WEIR_OK)
        err = wr_store_select(store, WR_SQL_TIMER_FIND,
                              WEIR_VALUES(WEIR_INT(is_schedule ? SCHEDULE : TIMER), WEIR_TEXT(id), WEIR_INT(ahead_ms)),
                              &row, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(row, failure);
    if (err == WEIR_E_RANGE)
        err = not_found(id, is_schedule, failure);
    else if (err == WEIR_OK && (err = read_item(row, true, arena, ret_item)) != WEIR_OK)
        weir_fail(failure, err, "timer '%.100s' cannot be read", id);
    wr_statement_done(row);
    return err;
}

weir_err wr_timers_cancel(wr_store *store, const char *id, weir_failure *failure)
{
    int64_t count;
    weir_err err = wr_meta_check_version(store, VERSION_MIN, failure);
    if (err == WEIR_OK)
        err = wr_store_begin(store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_store_run(store, WR_SQL_TIMER_DROP, WEIR_VALUES(WEIR_INT(TIMER), WEIR_TEXT(id)), failure);
    if (err == WEIR_OK && wr_store_changes(store) == 0)
        err = not_found(id, false, failure);
    if (err == WEIR_OK)
        err = wr_meta_add(store, WR_TIMERS_COUNT, -1, &count, failure);
    if (err == WEIR_OK)
        return wr_store_commit(store, failure);
    wr_store_rollback(store);
    return err;
}
