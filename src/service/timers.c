/* Timers: what is to happen later, as rows of weir_timers.
 *
 *    set (weir_after, weir_emit_later, weir_send_later, a schedule) → row, in the caller's transaction
 *      ├─ set again with the same id, or cancelled → the row is gone, whatever was read of it
 *      └─ due → a batch: the handler of its type is called, or its record goes to the outbox; the row is deleted
 *                 done, ignored, dead letter, set aside → all in one transaction
 *                 retry → undone; the row gets another due time by the handler's policy
 *
 * Each setting gives a new number, which is never given twice. A batch reads the numbers of what is due, in order, and
 * then each row just before its turn; so what was replaced or cancelled meanwhile, be it by the timer before it in the same
 * batch, is not there any more. The transaction that has a timer's effects deletes its row: they happen once,
 * wherever the process dies. On a server one process has the lease of the schema (wr_store_lease), so one fires.
 *
 * A batch looks for what is due at its beginning, and comes to it last, after the events and the commands that were read
 * for it: what cancels a timer and was read when it came due, wins. What the batch itself sets has its turn in a later
 * one: a handler that kills the process is known by the number of its timer (attempt.c), which must be committed for
 * that. Timers fire in the order in which they came due, then of their numbers, batch.max in a batch. A timer that waits
 * for a retry holds up nothing but itself.
 *
 * Two clocks. "After" counts in the timers' clock (clock.c), which no change of the wall clock moves; "at", and
 * schedules, mean the wall clock, and follow it when it is set; a time that has passed is now, by the timers' clock, so that
 * whoever sets such timers again and again is not always the first. is_at says which one due_ms is of. wanted_ms is the wall
 * clock's time for which the timer was set, and stays when it is tried again.
 *
 * Nothing is kept in memory for a timer: there may be millions. What is: how many there are, which each transaction that
 * changes it writes to weir_meta (`timers.count`), and the earliest due time by each clock, by which a turn knows how
 * long to wait. The wall clock is looked at once a minute at least.
 *
 * Somebody else may cancel a timer (`weir timers cancel`, timers_admin.c): a row whose turn has come is locked, so it is
 * either handled or cancelled; and the number in weir_meta is added to, never set. */
#include "core_int.h"

#include <base/text.h>
#include <base/utf8.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PAUSED_LOOK_MS = 100 };

static void note_due(wr_core *core, bool is_at, int64_t due_ms)
{
    atomic_int_fast64_t *next_ms = is_at ? &core->timers.next_at_ms : &core->timers.next_after_ms;
    if (due_ms < atomic_load(next_ms))
        atomic_store(next_ms, due_ms);
}

/* ---- setting */

weir_err wr_core_timer_drop(wr_core *core, timer_kind kind, const char *id, int64_t *ret_count, weir_failure *failure)
{
    weir_err err = wr_store_run(core->store, WR_SQL_TIMER_DROP, WEIR_VALUES(WEIR_INT(kind), WEIR_TEXT(id)), failure);
    if (err != WEIR_OK)
        return err;
    *ret_count = wr_store_changes(core->store);
    core->timers.change -= *ret_count;
    return WEIR_OK;
}

weir_err wr_core_timer_set(wr_core *core, const timer_row *row, weir_failure *failure)
{
    const wr_client_record *record = &row->record;
    wr_buf blob;
    wr_buf_init(&blob, HEADER_BLOB_SIZE_MAX);
    weir_slice headers = wr_headers_encode(record->headers, record->header_count, &blob);
    int64_t dropped;
    weir_err err = WEIR_OK;
    if (wr_buf_failed(&blob))
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory for a timer");
    if (err == WEIR_OK)
        err = wr_core_timer_drop(core, row->kind, row->id, &dropped, failure);
    if (err == WEIR_OK)
        err = wr_store_run_later(
            core->store, WR_SQL_TIMER_ADD,
            WEIR_VALUES(WEIR_INT(row->kind), WEIR_TEXT(row->id), WEIR_INT(row->is_at), WEIR_INT(row->due_ms),
                        WEIR_INT(row->wanted_ms), WEIR_INT(wr_now_ms(core->io)), WEIR_TEXT(record->topic),
                        WEIR_BLOB(record->key), WEIR_BLOB(record->value), WEIR_BLOB(headers), WEIR_TEXT(row->line)),
            false, failure);
    wr_buf_fini(&blob);
    if (err != WEIR_OK)
        return err;
    core->timers.change++;
    note_due(core, row->is_at, row->due_ms);
    return WEIR_OK;
}

bool wr_core_timer_id_valid(const char *id)
{
    size_t size = strlen(id);
    return size > 0 && size <= WEIR_TIMER_ID_SIZE_MAX && wr_utf8_valid(weir_slice_of(id));
}

weir_err wr_core_timer_set_for(wr_core *core, const weir_timer *timer, const wr_client_record *record, const char *id,
                               weir_failure *failure)
{
    timer_row row = {.kind = TIMER, .id = timer->id ? timer->id : id, .record = *record};
    if (timer->after_ms < 0 || timer->at_ms < 0)
        return weir_fail(failure, WEIR_E_LIMIT, "a timer's time is below 0");
    if (!wr_core_timer_id_valid(row.id))
        return weir_fail(failure, WEIR_E_LIMIT, "a timer's id is UTF-8 of 1 to %d bytes", WEIR_TIMER_ID_SIZE_MAX);
    if (wr_outbox_size(record) > core->options.message_size_max)
        return weir_fail(failure, WEIR_E_LIMIT, "a timer of %zu bytes is beyond message.size.max, %zu",
                         wr_outbox_size(record), core->options.message_size_max);
    row.is_at = timer->at_ms > wr_now_ms(core->io);
    row.due_ms = row.is_at ? timer->at_ms : wr_time_add_ms(wr_core_timers_clock_ms(core), timer->after_ms);
    row.wanted_ms = timer->at_ms ? timer->at_ms : wr_time_add_ms(wr_now_ms(core->io), timer->after_ms);
    return wr_core_timer_set(core, &row, failure);
}

/* ---- firing */

static weir_err read_row(wr_core *core, int64_t number, timer_row *ret_row, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_TIMER_ROW, WEIR_VALUES(WEIR_INT(number)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    weir_arena_reset(core->arena);
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK) {
        wr_client_header *headers = NULL;
        const char *topic = wr_statement_text(statement, 3);
        timer_row row = {.kind = (timer_kind)wr_statement_int(statement, 0),
                         .wanted_ms = wr_statement_int(statement, 2),
                         .attempts = (int)wr_statement_int(statement, 7),
                         .is_to_publish = topic != NULL};
        snprintf(row.name, sizeof row.name, "%s", wr_statement_text(statement, 1));
        wr_client_record record = {.topic = topic ? topic : core->timers.topic,
                                   .partition = -1,
                                   .offset = number,
                                   .timestamp_ms = row.wanted_ms,
                                   .key = wr_statement_blob(statement, 4),
                                   .value = wr_statement_blob(statement, 5)};
        err = wr_headers_decode(wr_statement_blob(statement, 6), core->arena, &headers, &record.header_count);
        record.headers = headers;
        if (err == WEIR_OK)
            row.kept = wr_kept_record_new(&record, NULL, 0);
        if (err != WEIR_OK || !row.kept)
            err = weir_fail(failure, err == WEIR_OK ? WEIR_E_MEMORY : err,
                            "timer %.60s, number %" PRId64 " in weir_timers, cannot be read", row.name, number);
        else
            *ret_row = row;
    }
    wr_statement_done(statement);
    return err;
}

weir_err wr_core_timer_delete(wr_core *core, int64_t number, weir_failure *failure)
{
    weir_err err = wr_store_run(core->store, WR_SQL_TIMER_DELETE, WEIR_VALUES(WEIR_INT(number)), failure);
    if (err == WEIR_OK)
        core->timers.change -= wr_store_changes(core->store); /* 0: its handler has replaced it */
    return err;
}

/* A delayed event goes out behind all that was emitted before. It was checked when it was set, by the settings of then: what
 * is too large now is set aside as other records that cannot be published, since it failed in no handler. */
static weir_err publish(wr_core *core, const timer_row *row, weir_failure *failure)
{
    weir_failure why = {0};
    wr_client_record record = row->kept->record;
    record.offset = record.timestamp_ms = 0;
    weir_err err = wr_outbox_append(core, &record, core->options.message_size_max, &why);
    if (err != WEIR_E_LIMIT && err != WEIR_E_USAGE)
        return err == WEIR_OK ? err : weir_fail(failure, err, "%s", why.sentence);
    int64_t id;
    err = wr_outbox_set_aside(core, &record, why.sentence, &id, failure);
    if (err == WEIR_OK)
        wr_trace_log(core->trace, WR_WARN, "a delayed event cannot be published; it is set aside",
                     WR_TEXT("error", why.sentence), WR_TEXT("topic", record.topic), WR_TEXT("timer", row->name),
                     WR_NUMBER("set aside", id), WR_TEXT("group", core->group));
    return err;
}

/* *ret_is_over: its row may go. */
static weir_err handle(wr_core *core, const timer_row *row, int64_t number, bool *ret_is_over, weir_failure *failure)
{
    const wr_client_record *record = &row->kept->record;
    handling handling;
    wr_attempt_begin(core, record, 0);
    int attempts = row->attempts + wr_attempts_of(core, record);
    weir_err err = wr_handle(core, record, NULL, attempts, false, &handling, failure);
    if (err != WEIR_OK)
        return err;
    if (handling.outcome == OUTCOME_RETRY) {
        int64_t delay_ms = wr_retry_delay_ms(core, &handling.handler->retry, handling.attempts);
        int64_t due_ms = wr_time_add_ms(wr_core_timers_clock_ms(core), delay_ms);
        *ret_is_over = false;
        return wr_store_run_later(core->store, WR_SQL_TIMER_DELAY,
                                  WEIR_VALUES(WEIR_INT(number), WEIR_INT(handling.attempts - attempts + row->attempts),
                                              WEIR_INT(due_ms), WEIR_TEXT(handling.reason)),
                                  false, failure);
    }
    if (handling.is_unknown_type) /* the program that set it had a handler */
        return wr_dead_letter(core, record, "unknown-type", "the service has no handler of this timer's type", NULL,
                              attempts + 1, failure);
    return WEIR_OK;
}

static weir_err fire(wr_core *core, int64_t number, weir_failure *failure)
{
    timer_row row = {0};
    weir_err err = read_row(core, number, &row, failure);
    if (err != WEIR_OK)
        return err == WEIR_E_RANGE ? WEIR_OK : err; /* replaced or cancelled by what this batch did */
    bool is_over = true;
    const weir_schedule *schedule = row.kind == SCHEDULE ? wr_core_schedule_find(core, row.name) : NULL;
    if (schedule) {
        free(row.kept);
        row.kept = NULL;
        err = wr_core_schedule_record(core, schedule, row.wanted_ms, number, &row.kept, failure);
        if (err != WEIR_OK)
            return err;
    }
    if (row.is_to_publish)
        err = publish(core, &row, failure);
    else
        err = handle(core, &row, number, &is_over, failure);
    free(row.kept);
    if (err == WEIR_OK && is_over)
        err = wr_core_timer_delete(core, number, failure);
    if (err == WEIR_OK && is_over && schedule)
        err = wr_core_schedule_set(core, schedule, row.wanted_ms, failure);
    if (err == WEIR_OK && is_over)
        count_up(&core->numbers.timers_fired, 1);
    return err;
}

static weir_err look_for_next(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_TIMER_NEXT, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    for (int is_at = 0; err == WEIR_OK && is_at < 2; is_at++) {
        bool is_none = wr_statement_kind(statement, is_at) == WEIR_VALUE_NULL;
        atomic_store(is_at ? &timers->next_at_ms : &timers->next_after_ms,
                     is_none ? INT64_MAX : wr_statement_int(statement, is_at));
    }
    if (err == WEIR_OK)
        timers->count = wr_statement_int(statement, 2);
    wr_statement_done(statement);
    return err;
}

static bool is_due(const wr_core *core)
{
    return atomic_load(&core->timers.next_after_ms) <= wr_core_timers_clock_ms(core) ||
           atomic_load(&core->timers.next_at_ms) <= wr_now_ms(core->io);
}

/* What is due has time while reading stops (its effects would be outbox rows too), and when the service does. */
static bool may_fire(const wr_core *core)
{
    return !core->is_paused && !atomic_load(&core->is_draining);
}

bool wr_core_timers_want_write(const wr_core *core)
{
    return (may_fire(core) && is_due(core)) || wr_core_timers_clock_was_set(core) || wr_core_schedules_are_wrong(core);
}

static weir_err read_due(wr_core *core, weir_failure *failure)
{
    wr_statement *statement;
    size_t count = 0;
    weir_err err = wr_store_select(core->store, WR_SQL_TIMER_DUE,
                                   WEIR_VALUES(WEIR_INT(wr_core_timers_clock_ms(core)), WEIR_INT(wr_now_ms(core->io)),
                                               WEIR_INT((int64_t)core->options.batch_max)),
                                   &statement, failure);
    if (err != WEIR_OK)
        return err;
    while (count < core->options.batch_max && (err = wr_statement_next(statement, failure)) == WEIR_OK)
        core->timers.due[count++] = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    core->timers.due_count = count;
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_core_timers_read_due(wr_core *core, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    core->timers.due_count = 0;
    if (wr_core_schedules_are_wrong(core))
        err = wr_core_schedules_compare(core, failure);
    if (err == WEIR_OK && may_fire(core) && is_due(core))
        err = read_due(core, failure);
    return err;
}

weir_err wr_core_timers_fire_due(wr_core *core, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < core->timers.due_count && err == WEIR_OK; i++)
        err = fire(core, core->timers.due[i], failure);
    return err == WEIR_OK && (core->timers.due_count || is_due(core)) ? look_for_next(core, failure) : err;
}

int64_t wr_core_timers_due_ms(const wr_core *core)
{
    int64_t after_ms = atomic_load(&core->timers.next_after_ms), at_ms = atomic_load(&core->timers.next_at_ms);
    int64_t left_ms = after_ms == INT64_MAX ? INT64_MAX : after_ms - wr_core_timers_clock_ms(core);
    int64_t left_at_ms = at_ms == INT64_MAX ? INT64_MAX : at_ms - wr_now_ms(core->io);
    left_ms = left_at_ms < left_ms ? left_at_ms : left_ms;
    if (core->is_paused && left_ms < PAUSED_LOOK_MS)
        left_ms = PAUSED_LOOK_MS;
    return left_ms == INT64_MAX ? INT64_MAX : wr_time_add_ms(wr_clock_ms(core), left_ms > 0 ? left_ms : 0);
}

int64_t wr_core_timers_overdue_ms(const wr_core *core)
{
    int64_t after_ms = atomic_load(&core->timers.next_after_ms), at_ms = atomic_load(&core->timers.next_at_ms);
    int64_t late_ms = after_ms == INT64_MAX ? 0 : wr_core_timers_clock_ms(core) - after_ms;
    int64_t late_at_ms = at_ms == INT64_MAX ? 0 : wr_now_ms(core->io) - at_ms;
    late_ms = late_at_ms > late_ms ? late_at_ms : late_ms;
    return late_ms > 0 ? late_ms : 0;
}

/* ---- from one life to the next */

weir_err wr_core_timers_load(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    bool is_found;
    snprintf(timers->topic, sizeof timers->topic, "%s%s.timers", core->prefix, core->name);
    timers->due = calloc(core->options.batch_max, sizeof *timers->due);
    if (!timers->due)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for timers");
    weir_err err = wr_meta_get_number(core, WR_TIMERS_COUNT, &timers->count, &is_found, failure);
    atomic_store(&timers->next_after_ms, INT64_MAX);
    atomic_store(&timers->next_at_ms, INT64_MAX);
    if (err == WEIR_OK)
        err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_core_schedules_compare(core, failure);
    if (err == WEIR_OK)
        err = look_for_next(core, failure);
    if (err == WEIR_OK)
        err = wr_core_timers_write(core, failure);
    if (err == WEIR_OK)
        err = wr_store_commit(core->store, failure);
    else
        wr_store_rollback(core->store);
    wr_core_timers_committed(core);
    return err;
}

void wr_core_timers_fini(wr_core *core)
{
    free(core->timers.due);
    free(core->timers.schedules);
}

weir_err wr_core_timers_write(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    weir_err err = WEIR_OK;
    if (timers->change)
        err = wr_meta_add(core->store, WR_TIMERS_COUNT, timers->change, &timers->count, failure);
    if (err != WEIR_OK)
        return err;
    timers->change = 0;
    return timers->count ? wr_core_timers_clock_write(core, failure) : WEIR_OK;
}

void wr_core_timers_committed(wr_core *core)
{
    atomic_store(&core->numbers.timers, core->timers.count);
}
