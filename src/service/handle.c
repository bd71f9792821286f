/* One record, from bytes to its end. Whatever ends is counted by its breaker (breaker.c); what stops the service says
 * which record it was, in the log and in the sentence that weir_main ends with.
 *
 *   put back for another group ─────────────────────────────→ passed over, counted
 *   known already ──────────────────────────────────────────→ skipped, counted
 *   its key is parked ──────────────────────────────────────→ parked behind it
 *   not a CloudEvent, or a known type in an unknown version ─→ dead letter, raw
 *   a type without handler ─────────────────────────────────→ ignored, counted
 *   handler: done → savepoint released      ignore, retry, reject → back to the savepoint; reject → dead letter
 *            fatal → the batch ends          retry → the caller parks, until the attempts are used up → dead letter */
#include "core_int.h"

#include <stdio.h>

enum { RETRY_MAX = 10, RETRY_BASE_MS = 100, RETRY_MAX_MS = 60000 };

static const int64_t bucket_us[BUCKET_COUNT] = {50,   100,   250,   500,    1000,   2500,
                                                5000, 10000, 50000, 100000, 500000, 1000000};

int64_t wr_bucket_us(int bucket)
{
    return bucket_us[bucket];
}

int wr_retry_max(const weir_retry_policy *policy)
{
    return policy->max > 0 ? policy->max : RETRY_MAX;
}

int64_t wr_retry_max_ms(const weir_retry_policy *policy)
{
    return policy->max_ms > 0 ? policy->max_ms : RETRY_MAX_MS;
}

/* Doubles with each attempt; between half and all of it, so that keys parked together do not come back together. */
int64_t wr_retry_delay_ms(wr_core *core, const weir_retry_policy *policy, int attempts)
{
    int64_t delay_ms = policy->base_ms > 0 ? policy->base_ms : RETRY_BASE_MS;
    int64_t max_ms = wr_retry_max_ms(policy);
    for (int i = 1; i < attempts && delay_ms < max_ms; i++)
        delay_ms *= 2;
    if (delay_ms > max_ms)
        delay_ms = max_ms;
    int64_t half_ms = delay_ms / 2;
    return delay_ms - half_ms + (int64_t)(wr_random_u64(core->io) % (uint64_t)(half_ms + 1));
}

const weir_handler *wr_handler_find(const wr_core *core, const weir_event *event, bool *ret_is_known)
{
    int version = event->version ? event->version : 1;
    *ret_is_known = false;
    for (const weir_handler *handler = core->service->handlers; handler && handler->type; handler++) {
        if (strcmp(handler->type, event->type) != 0)
            continue;
        *ret_is_known = true;
        if ((handler->version ? handler->version : 1) == version)
            return handler;
    }
    return NULL;
}

static weir_status run(wr_core *core, const weir_handler *handler, const wr_client_record *record,
                       const weir_event *event, weir_tx *tx)
{
    handler_numbers *numbers = &core->numbers.handlers[handler - core->service->handlers];
    wr_tx_init(tx, core, core->store, core->arena);
    wr_tx_trace(tx, event->traceparent);
    tx->tracestate = event->tracestate;
    tx->record = record;
    tx->event = event;
    tx->origin_id = event->id;
    tx->causationid = event->id;
    tx->correlationid = event->correlationid ? event->correlationid : event->id;

    int64_t start_us = wr_mono_us(core->io);
    weir_status status = handler->run(tx, event, core->service->user);
    int64_t took_us = wr_mono_us(core->io) - start_us;
    int bucket = 0;
    while (bucket < BUCKET_COUNT && took_us > bucket_us[bucket])
        bucket++;
    count_up(&numbers->buckets[bucket], 1);
    count_up(&numbers->total_us, (uint64_t)(took_us > 0 ? took_us : 0));

    status = wr_tx_settle(tx, status);
    counter *by_status[] = {[WEIR_DONE] = &numbers->done,
                            [WEIR_IGNORE] = &numbers->ignored,
                            [WEIR_RETRY] = &numbers->retried,
                            [WEIR_REJECT] = &numbers->rejected};
    if (status >= WEIR_DONE && status < WEIR_FATAL)
        count_up(by_status[status], 1);
    return status;
}

static void log_retry(wr_core *core, const wr_client_record *record, const weir_tx *tx, int attempts)
{
    const char *what = record->partition < 0 ? "timer is tried again later" : "event waits, and its key with it";
    wr_trace_log(core->trace, attempts == 0 ? WR_WARN : WR_INFO, what, WR_TEXT("error", tx->reason),
                 WR_NUMBER("attempts", attempts + 1), WR_TEXT("topic", record->topic),
                 WR_NUMBER("partition", record->partition), WR_NUMBER("offset", record->offset),
                 WR_TEXT("group", core->group), WR_TEXT("traceparent", tx->traceparent));
}

/* Nothing of the batch commits: the event that is to blame is named, by all that finds it again. */
static weir_err stop_at(wr_core *core, const wr_client_record *record, const weir_event *event,
                        const weir_handler *handler, const weir_tx *tx, weir_failure *failure)
{
    const char *reason = tx->reason[0] ? tx->reason : "gave up with WEIR_FATAL";
    int version = handler->version ? handler->version : 1;
    bool is_lost = tx->err == WEIR_E_UNREACHABLE; /* no fault of the event's */
    wr_trace_log(core->trace, is_lost ? WR_WARN : WR_ERROR,
                 is_lost        ? "the database is lost while an event is handled; it comes again"
                 : tx->is_wrong ? "the service stops: its program is wrong"
                                : "the service stops: a handler cannot go on",
                 WR_TEXT("error", reason), WR_TEXT("handler", handler->type), WR_NUMBER("version", version),
                 WR_TEXT("topic", record->topic), WR_NUMBER("partition", record->partition),
                 WR_NUMBER("offset", record->offset), WR_TEXT("event", event->id), WR_TEXT("group", core->group),
                 WR_TEXT("traceparent", tx->traceparent));
    return weir_fail(failure, tx->err != WEIR_OK ? tx->err : WEIR_E_BROKEN,
                     "handler of %.50s/%d at %.60s/%d offset %lld, event %.40s: %s", handler->type, version,
                     record->topic, record->partition, (long long)record->offset, event->id, reason);
}

static weir_err given_up(wr_core *core, const wr_client_record *record, const char *handler, int attempts,
                         weir_failure *failure)
{
    count_up(&core->numbers.parked_exhausted, 1);
    return wr_dead_letter(core, record, "exhausted", "the process died again and again while it handled this event",
                          handler, attempts, failure);
}

static weir_err call(wr_core *core, const wr_client_record *record, const weir_event *event, int attempts,
                     handling *handling, weir_failure *failure)
{
    const weir_handler *handler = handling->handler;
    undo_mark mark = wr_undo_mark(core);
    char name[200];
    snprintf(name, sizeof name, "%s/%d", handler->type, handler->version ? handler->version : 1);
    if (attempts >= wr_retry_max(&handler->retry)) /* the last ones ended with the process: attempt.c */
        return given_up(core, record, name, attempts, failure);
    weir_err err = wr_store_savepoint(core->store, failure);
    if (err != WEIR_OK)
        return err;
    weir_tx tx;
    weir_status status = run(core, handler, record, event, &tx);
    if (status == WEIR_DONE)
        err = wr_tx_keep(&tx, &status, failure);
    if (status != WEIR_RETRY && status != WEIR_FATAL)
        wr_breaker_count(core, record, handler, status == WEIR_REJECT);
    if (status == WEIR_DONE || err != WEIR_OK)
        return err;
    if (status == WEIR_FATAL)
        return stop_at(core, record, event, handler, &tx, failure);
    err = wr_undo_to(core, mark, failure);
    if (err != WEIR_OK || status == WEIR_IGNORE)
        return err;

    snprintf(handling->reason, sizeof handling->reason, "%s", tx.reason[0] ? tx.reason : "no reason given");
    if (status == WEIR_REJECT)
        return wr_dead_letter(core, record, "rejected", handling->reason, name, attempts + 1, failure);
    log_retry(core, record, &tx, attempts);
    if (attempts + 1 < wr_retry_max(&handler->retry)) {
        handling->attempts = attempts + 1;
        handling->outcome = OUTCOME_RETRY;
        return WEIR_OK;
    }
    count_up(&core->numbers.parked_exhausted, 1);
    wr_breaker_count(core, record, handler, true);
    return wr_dead_letter(core, record, "exhausted", handling->reason, name, attempts + 1, failure);
}

/* A topic as handlers know it. What was parked in an earlier life may have come by another prefix, or without one. */
static const char *topic_inside(const wr_core *core, const char *topic)
{
    size_t size = strlen(core->prefix);
    return strncmp(topic, core->prefix, size) == 0 ? topic + size : topic;
}

/* A record as the event room sees it: the same bytes and headers. */
static wr_event_record record_view(const wr_client_record *record)
{
    return (wr_event_record){record->key, record->value, record->headers, record->header_count};
}

/* A producer that writes one such event writes many: the lines get rarer, the counter has them all. */
static void note_loss(wr_core *core, const wr_client_record *record, const wr_event_loss *loss)
{
    uint64_t before = atomic_load(&core->numbers.dropped_attributes);
    count_up(&core->numbers.dropped_attributes, loss->count);
    uint64_t after = before + loss->count;
    if ((before ^ after) > before) /* a power of two lies between */
        wr_trace_log(core->trace, WR_WARN, "an event has attributes that cannot be read; they are left out",
                     WR_TEXT("error", loss->first), WR_NUMBER("attributes so far", (int64_t)after),
                     WR_TEXT("topic", record->topic), WR_NUMBER("partition", record->partition),
                     WR_NUMBER("offset", record->offset), WR_TEXT("group", core->group));
}

/* Unless the reader has done it. */
static weir_err decode(wr_core *core, const wr_client_record *record, const weir_event *ahead, weir_event *ret_event,
                       weir_failure *why)
{
    if (ahead) {
        *ret_event = *ahead;
        return WEIR_OK;
    }
    wr_event_record view = record_view(record);
    wr_event_loss loss = {0};
    weir_err err = wr_event_decode_kafka_loss(&view, core->arena, ret_event, &loss, why);
    if (err == WEIR_OK && loss.count)
        note_loss(core, record, &loss);
    return err;
}

weir_err wr_handle(wr_core *core, const wr_client_record *record, const weir_event *ahead, int attempts,
                   bool check_known, handling *ret_handling, weir_failure *failure)
{
    handling handling = {.outcome = OUTCOME_OVER};
    *ret_handling = handling;
    weir_failure why = {0};
    weir_event event = {0};
    weir_arena_reset(core->arena);
    if (attempts >= core->attempts_max) /* who knows whether it gets as far as a handler */
        return given_up(core, record, NULL, attempts, failure);
    wr_redriven redriven;
    bool is_redriven = false;
    weir_err err = wr_redriven_find(core, record, &is_redriven, &redriven, failure);
    if (err != WEIR_OK)
        return err;
    if (is_redriven && check_known && wr_redriven_is_for_others(core, &redriven))
        return WEIR_OK;
    weir_err decoded = decode(core, record, ahead, &event, &why);
    if (decoded == WEIR_E_MEMORY)
        return weir_fail(failure, decoded, "no memory for an event");

    bool is_new = true;
    if (check_known && is_redriven)
        err = wr_redriven_is_new(core, &redriven, &is_new, failure);
    else if (check_known)
        err = wr_inbox_is_new(core, record, decoded == WEIR_OK ? &event : NULL, &is_new, failure);
    if (err != WEIR_OK)
        return err;
    if (!is_new) {
        count_up(&core->numbers.duplicates, 1);
        return WEIR_OK;
    }
    if (check_known && wr_parked_holds(core, record))
        return wr_parked_add(core, record, attempts, 0, "behind another", failure);
    if (decoded != WEIR_OK) {
        count_up(&core->numbers.undecodable, 1);
        wr_breaker_count(core, record, NULL, true);
        return wr_dead_letter(core, record, "undecodable", why.sentence, NULL, attempts + 1, failure);
    }

    bool is_known;
    handling.handler = wr_handler_find(core, &event, &is_known);
    wr_breaker_count(core, record, NULL, !handling.handler && is_known);
    if (!handling.handler && !is_known) {
        count_up(&core->numbers.unknown_types, 1);
        ret_handling->is_unknown_type = true;
        return WEIR_OK;
    }
    if (!handling.handler) {
        char error[REASON_SIZE];
        snprintf(error, sizeof error, "%.150s has no handler for version %d", event.type,
                 event.version ? event.version : 1);
        return wr_dead_letter(core, record, "unknown-version", error, NULL, attempts + 1, failure);
    }
    event.topic = topic_inside(core, record->topic);
    event.partition = record->partition;
    event.offset = record->offset;
    event.timestamp_ms = record->timestamp_ms;
    if (is_redriven) {
        wr_redriven_place(&redriven, &event);
        event.topic = redriven.topic ? topic_inside(core, redriven.topic) : event.topic;
    }
    err = call(core, record, &event, attempts, &handling, failure);
    if (err == WEIR_OK)
        *ret_handling = handling;
    return err;
}
