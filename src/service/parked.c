/* Keys that wait.
 *
 * A handler that says WEIR_RETRY parks its event's key: the event, and every later one of the same topic and key, wait
 * in weir_parked in order; other keys flow. The head is tried again after a delay that doubles, with jitter; when it
 * succeeds or ends as a dead letter the queue behind it runs on. An event that was put back (redriven.c) waits with the key
 * of the topic where it stood first. An event without a key waits alone. While a breaker of the topic is open nothing of
 * its queues is tried (breaker.c).
 *
 * An operator's wish about a head stands in its row's due_ms (parked_admin.h): it is found within a second. */
#include "core_int.h"
#include "parked_admin.h"

#include <stdio.h>
#include <stdlib.h>

enum { LOOK_EVERY_MS = 1000 };

static weir_slice queue_name(const wr_client_record *record, wr_buf *name)
{
    if (record->key.data) {
        wr_buf_slice(name, wr_redriven_home(record));
        wr_buf_i8(name, 0);
        wr_buf_slice(name, record->key);
    } else {
        wr_buf_printf(name, "%s/%d/%lld", record->topic, record->partition, (long long)record->offset);
    }
    return wr_buf_view(name);
}

static weir_err queue_get(wr_core *core, weir_slice name, parked_queue **ret_queue)
{
    parked_queue *queue = wr_map_find(core->parked.queues, name);
    if (!queue) {
        queue = calloc(1, sizeof *queue + name.size);
        if (!queue)
            return WEIR_E_MEMORY;
        memcpy(queue->name, name.data, name.size);
        queue->size = name.size;
        weir_err err = wr_map_add(core->parked.queues, name, queue);
        if (err != WEIR_OK) {
            free(queue);
            return err;
        }
    }
    *ret_queue = queue;
    return WEIR_OK;
}

static void queue_free(wr_core *core, parked_queue *queue)
{
    wr_map_remove(core->parked.queues, (weir_slice){queue->name, queue->size});
    free(queue);
}

static void look_for_next_due(wr_core *core)
{
    parked *parked = &core->parked;
    parked_queue *queue;
    parked->next_due_ms = INT64_MAX;
    for (size_t at = 0; (queue = wr_map_next(parked->queues, &at, NULL));)
        if (queue->due_ms < parked->next_due_ms)
            parked->next_due_ms = queue->due_ms;
    atomic_store(&core->numbers.parked_events, parked->event_count);
    atomic_store(&core->numbers.parked_keys, (int64_t)wr_map_count(parked->queues));
}

/* The longest that any of the service's policies makes an event wait. */
static int64_t longest_delay_ms(const wr_core *core)
{
    int64_t longest_ms = wr_retry_max_ms(&(weir_retry_policy){0});
    for (size_t i = 0; i < core->numbers.handler_count; i++) {
        int64_t own_ms = wr_retry_max_ms(&core->service->handlers[i].retry);
        longest_ms = own_ms > longest_ms ? own_ms : longest_ms;
    }
    return longest_ms;
}

weir_err wr_parked_load(wr_core *core, weir_failure *failure)
{
    parked *parked = &core->parked;
    parked->queues = wr_map_new(QUEUE_COUNT_MAX, wr_random_u64(core->io));
    if (!parked->queues)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for parked keys");
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_PARKED_QUEUES, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    int64_t latest_ms = wr_clock_ms(core) + longest_delay_ms(core); /* what lies behind it, nobody can have meant */
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK) {
        parked_queue *queue;
        err = queue_get(core, wr_statement_blob(statement, 0), &queue);
        if (err != WEIR_OK) {
            weir_fail(failure, err, "more parked keys than this service can hold");
            break;
        }
        queue->count = wr_statement_int(statement, 1);
        queue->due_ms = wr_statement_int(statement, 2);
        queue->due_ms = queue->due_ms < latest_ms ? queue->due_ms : latest_ms;
        parked->event_count += queue->count;
    }
    wr_statement_done(statement);
    if (err != WEIR_E_RANGE)
        return err;
    look_for_next_due(core);
    return WEIR_OK;
}

void wr_parked_fini(wr_core *core)
{
    void *queue;
    for (size_t at = 0; core->parked.queues && (queue = wr_map_next(core->parked.queues, &at, NULL));)
        free(queue);
    wr_map_free(core->parked.queues);
}

int64_t wr_parked_due_ms(const wr_core *core)
{
    const parked *parked = &core->parked;
    int64_t look_ms = parked->event_count ? parked->look_due_ms : INT64_MAX;
    return parked->next_due_ms < look_ms ? parked->next_due_ms : look_ms;
}

weir_err wr_parked_look(wr_core *core, weir_failure *failure)
{
    parked *parked = &core->parked;
    int64_t now_ms = wr_clock_ms(core);
    if (!parked->event_count || now_ms < parked->look_due_ms)
        return WEIR_OK;
    parked->look_due_ms = now_ms + LOOK_EVERY_MS;
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_PARKED_WISHED, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err == WEIR_E_AGAIN ? WEIR_OK : err; /* somebody holds the database: a second later then */
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK) {
        parked_queue *queue = wr_map_find(parked->queues, wr_statement_blob(statement, 0));
        if (queue)
            queue->due_ms = parked->next_due_ms = 0;
    }
    wr_statement_done(statement);
    return err == WEIR_E_RANGE || err == WEIR_E_AGAIN ? WEIR_OK : err;
}

bool wr_parked_holds(wr_core *core, const wr_client_record *record)
{
    if (wr_map_count(core->parked.queues) == 0 || !record->key.data)
        return false;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    bool holds = wr_map_find(core->parked.queues, queue_name(record, &name)) != NULL;
    wr_buf_fini(&name);
    return holds;
}

weir_err wr_parked_add(wr_core *core, const wr_client_record *record, int attempts, int64_t due_ms, const char *reason,
                       weir_failure *failure)
{
    wr_buf name, blob;
    wr_buf_init(&name, core->options.message_size_max + HEADER_BLOB_SIZE_MAX);
    wr_buf_init(&blob, core->options.message_size_max + HEADER_BLOB_SIZE_MAX);
    weir_slice queue_bytes = queue_name(record, &name);
    weir_slice headers = wr_headers_encode(record->headers, record->header_count, &blob);
    parked_queue *queue = NULL;
    weir_err err = wr_buf_failed(&name) || wr_buf_failed(&blob) ? WEIR_E_MEMORY : queue_get(core, queue_bytes, &queue);
    if (err != WEIR_OK)
        weir_fail(failure, err, "no room to park an event");
    else
        err = wr_store_run_later(core->store, WR_SQL_PARKED_ADD,
                                 WEIR_VALUES(WEIR_BLOB(queue_bytes), WEIR_TEXT(record->topic),
                                             WEIR_INT(record->partition), WEIR_INT(record->offset),
                                             WEIR_INT(record->timestamp_ms), WEIR_BLOB(record->key),
                                             WEIR_BLOB(record->value), WEIR_BLOB(headers), WEIR_INT(attempts),
                                             WEIR_INT(due_ms), WEIR_TEXT(reason), WEIR_INT(wr_now_ms(core->io))),
                                 false, failure);
    wr_buf_fini(&name);
    wr_buf_fini(&blob);
    if (err != WEIR_OK)
        return err;
    if (queue->count++ == 0) {
        queue->due_ms = due_ms;
        if (due_ms < core->parked.next_due_ms)
            core->parked.next_due_ms = due_ms;
    }
    core->parked.event_count++;
    count_up(&core->numbers.parked_total, 1);
    return WEIR_OK;
}

typedef struct head {
    kept_record *kept;
    int64_t id;
    int64_t due_ms; /* or an operator's wish */
    int attempts;
} head;

static weir_err read_head(wr_core *core, const parked_queue *queue, head *ret_head, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err =
        wr_store_select(core->store, WR_SQL_PARKED_HEAD,
                        WEIR_VALUES(WEIR_BLOB(((weir_slice){queue->name, queue->size}))), &statement, failure);
    if (err != WEIR_OK)
        return err;
    weir_arena_reset(core->arena);
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK) {
        wr_client_header *headers = NULL;
        wr_client_record record = {.topic = wr_statement_text(statement, 2),
                                   .partition = (int32_t)wr_statement_int(statement, 3),
                                   .offset = wr_statement_int(statement, 4),
                                   .timestamp_ms = wr_statement_int(statement, 5),
                                   .key = wr_statement_blob(statement, 6),
                                   .value = wr_statement_blob(statement, 7)};
        head head = {.id = wr_statement_int(statement, 0),
                     .attempts = (int)wr_statement_int(statement, 1),
                     .due_ms = wr_statement_int(statement, 9)};
        err = wr_headers_decode(wr_statement_blob(statement, 8), core->arena, &headers, &record.header_count);
        record.headers = headers;
        if (err == WEIR_OK)
            head.kept = wr_kept_record_new(&record, NULL, 0);
        if (err != WEIR_OK || !head.kept)
            err = weir_fail(failure, err == WEIR_OK ? WEIR_E_MEMORY : err, "a parked event cannot be read");
        else
            *ret_head = head;
    }
    wr_statement_done(statement);
    return err;
}

/* *ret_goes_on: the head is done with, the one behind it may run. */
static weir_err run_head(wr_core *core, parked_queue *queue, bool *ret_goes_on, weir_failure *failure)
{
    head head = {0};
    weir_err err = read_head(core, queue, &head, failure);
    if (err != WEIR_OK)
        return err == WEIR_E_RANGE ? weir_fail(failure, WEIR_E_CORRUPT, "a parked key has lost its events") : err;
    if (wr_breaker_holds(core, head.kept->record.topic)) {
        free(head.kept);
        queue->due_ms = wr_breaker_due_ms(core);
        *ret_goes_on = false;
        return WEIR_OK;
    }
    handling handling = {.outcome = OUTCOME_OVER};
    if (head.due_ms == WR_PARKED_REJECT) {
        err = wr_dead_letter(core, &head.kept->record, "rejected", "an operator rejected it while it was parked", NULL,
                             head.attempts, failure);
    } else {
        wr_attempt_begin(core, &head.kept->record, head.id);
        err = wr_handle(core, &head.kept->record, NULL, head.attempts, false, &handling, failure);
    }
    free(head.kept);
    if (err != WEIR_OK)
        return err;
    if (handling.outcome == OUTCOME_RETRY) {
        queue->due_ms = wr_clock_ms(core) + wr_retry_delay_ms(core, &handling.handler->retry, handling.attempts);
        *ret_goes_on = false;
        return wr_store_run_later(core->store, WR_SQL_PARKED_DELAY,
                                  WEIR_VALUES(WEIR_INT(head.id), WEIR_INT(handling.attempts), WEIR_INT(queue->due_ms),
                                              WEIR_TEXT(handling.reason)),
                                  false, failure);
    }
    core->parked.event_count--;
    queue->count--;
    queue->due_ms = 0;
    *ret_goes_on = queue->count > 0;
    return wr_store_run_later(core->store, WR_SQL_PARKED_DELETE, WEIR_VALUES(WEIR_INT(head.id)), false, failure);
}

weir_err wr_parked_run_due(wr_core *core, weir_failure *failure)
{
    int64_t now_ms = wr_clock_ms(core);
    if (core->parked.next_due_ms > now_ms) {
        atomic_store(&core->numbers.parked_events, core->parked.event_count);
        atomic_store(&core->numbers.parked_keys, (int64_t)wr_map_count(core->parked.queues));
        return WEIR_OK;
    }
    size_t left = core->options.batch_max;
    parked_queue *queue;
    weir_err err = WEIR_OK;
    for (size_t at = 0; left > 0 && err == WEIR_OK && (queue = wr_map_next(core->parked.queues, &at, NULL));) {
        if (queue->due_ms > now_ms)
            continue;
        bool goes_on = true;
        for (; goes_on && left > 0 && err == WEIR_OK; left--)
            err = run_head(core, queue, &goes_on, failure);
        if (err == WEIR_OK && queue->count == 0)
            queue_free(core, queue);
    }
    look_for_next_due(core);
    return err;
}
