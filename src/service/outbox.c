/* Events on their way out: the rows in memory, and the producer.
 *
 *     emitted (row inserted) → fresh → commit → waiting → sent to the producer → acknowledged → gone from memory,
 *                                                    ↘ refused                     and, later, from the table
 *
 * Rows are numbered in commit order and published in that order; each record carries the outbox's id and its number
 * (headers weir-outbox-id and weir-outbox-sequence), by which consumers know a repetition (inbox.c). Rows go from
 * memory to the producer; only a start reads the table (outbox_table.c). All rows below the lowest that is not
 * acknowledged are deleted by one statement, together with the next commit or, when there is none for a moment, by a
 * transaction of its own.
 *
 * What is inserted can be published: names of topics and sizes are checked before. What the broker refuses all the
 * same (no permission, no such topic, a smaller limit) makes the row's key wait: it and what follows it stay in the
 * table, marked, and other keys flow. Once a minute, and at every start, refused rows are numbered anew, behind all
 * others and in their order, and tried again. A new number is needed because consumers have seen higher ones
 * meanwhile. Rows of the key that were under way when it was refused keep theirs: the broker may have them, and under
 * a new number they would be other events. So the mark says how far rows had been sent.
 *
 * Too large: a broker measures batches, so a row that fits may be refused for its neighbours. The first such refusal
 * makes a producer that sends every row in a batch of its own, until the process ends, and the row is tried again at
 * once. Refused then, a dead letter is set aside (dead_letter.c) and any other row waits as above. */
#include "core_int.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DELETE_AFTER_MS = 50,
    RETRY_AFTER_MS = 60000,
    RENEW_AFTER_MS = 100, /* a producer that broke before anything was acknowledged; then twice as long, and so on */
    RENEW_AFTER_MAX_MS = 10000,
    REFUSAL_LOG_MAX = 10, /* lines between two retries; the others are counted */
    OUTBOX_HEADERS_SIZE = 14 + WR_UUID_TEXT_SIZE + 20 + 20 + 20,
};

typedef struct refused_key {
    int64_t sent_to; /* rows up to here had been handed to a producer when the first one was refused */
} refused_key;

static kept_record *row_of(wr_link *link)
{
    return WR_LIST_ITEM(link, kept_record, link);
}

void wr_outbox_init(wr_core *core)
{
    outbox *outbox = &core->outbox;
    wr_list *lists[] = {&outbox->fresh, &outbox->waiting, &outbox->sent, &outbox->too_large, &outbox->marks};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        wr_list_init(lists[i]);
}

static void forget_refused_keys(outbox *outbox)
{
    weir_slice name;
    void *key;
    for (size_t at = 0; outbox->refused_keys && (key = wr_map_next(outbox->refused_keys, &at, &name));) {
        wr_map_remove(outbox->refused_keys, name);
        free(key);
    }
    outbox->all_keys_wait = false;
}

void wr_outbox_fini(wr_core *core)
{
    outbox *outbox = &core->outbox;
    wr_list *lists[] = {&outbox->fresh, &outbox->waiting, &outbox->sent, &outbox->too_large};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (wr_link *link; (link = wr_list_pop(lists[i]));)
            free(row_of(link));
    for (wr_link *link; (link = wr_list_pop(&outbox->marks));)
        free(WR_LIST_ITEM(link, outbox_mark, link));
    forget_refused_keys(outbox);
    wr_map_free(outbox->refused_keys);
}

/* ---- keys that wait behind a refused row */

static weir_slice key_name(const wr_client_record *record, wr_buf *name)
{
    wr_buf_text(name, record->topic);
    wr_buf_i8(name, 0);
    wr_buf_slice(name, record->key);
    return wr_buf_view(name);
}

/* Whether the row has to wait. One that was handed to a producer before goes again with its number: the broker may
 * have it. */
static bool must_wait(wr_core *core, const kept_record *row)
{
    outbox *outbox = &core->outbox;
    if (!row->record.key.data)
        return false;
    if (outbox->all_keys_wait && row->sequence > outbox->all_keys_sent_to)
        return true;
    if (wr_map_count(outbox->refused_keys) == 0)
        return false;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    const refused_key *key = wr_map_find(outbox->refused_keys, key_name(&row->record, &name));
    bool waits = wr_buf_failed(&name) || (key && row->sequence > key->sent_to);
    wr_buf_fini(&name);
    return waits;
}

/* How far rows of the key had been sent when it was refused first, which may be now. */
static int64_t refuse_key(wr_core *core, const kept_record *row)
{
    outbox *outbox = &core->outbox;
    if (!row->record.key.data)
        return 0;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    weir_slice bytes = key_name(&row->record, &name);
    refused_key *key = wr_map_find(outbox->refused_keys, bytes);
    int64_t sent_to = key ? key->sent_to : outbox->sent_to;
    if (!key && (key = malloc(sizeof *key)) != NULL) {
        *key = (refused_key){sent_to};
        if (wr_buf_failed(&name) || wr_map_add(outbox->refused_keys, bytes, key) != WEIR_OK) {
            free(key);
            key = NULL;
        }
    }
    if (!key && !outbox->all_keys_wait) { /* more than can be told apart: then everything with a key waits */
        outbox->all_keys_wait = true;
        outbox->all_keys_sent_to = sent_to;
    }
    wr_buf_fini(&name);
    return sent_to;
}

static void log_refusal(wr_core *core, const kept_record *row, const char *reason)
{
    count_up(&core->numbers.refused, 1);
    if (++core->outbox.refusals_logged > REFUSAL_LOG_MAX)
        return;
    wr_trace_log(core->trace, WR_ERROR,
                 "the broker refuses an event: its key waits, and is tried again every minute; remove the cause, or "
                 "set the event aside with: weir outbox skip DATABASE SEQUENCE",
                 WR_TEXT("topic", row->record.topic), WR_NUMBER("sequence", row->sequence), WR_TEXT("error", reason),
                 WR_TEXT("database", core->options.database));
}

/* The row leaves memory and stays in the table; its mark is written with the next transaction. */
static void refuse(wr_core *core, kept_record *row, outbox_state state, const char *reason)
{
    outbox *outbox = &core->outbox;
    outbox_mark *mark = malloc(sizeof *mark);
    if (!mark) {
        outbox->is_out_of_memory = true; /* the row stays where it is; the next publishing ends the core */
        wr_list_append(&outbox->waiting, &row->link);
        return;
    }
    int64_t sent_to = state == OUTBOX_REFUSED ? refuse_key(core, row) : 0;
    *mark = (outbox_mark){.sequence = row->sequence, .state = state, .sent_to = sent_to};
    snprintf(mark->reason, sizeof mark->reason, "%s", *reason ? reason : "refused");
    wr_list_append(&outbox->marks, &mark->link);
    outbox->refused_count++;
    if (state == OUTBOX_REFUSED)
        log_refusal(core, row, reason);
    if (!outbox->retry_due_ms)
        outbox->retry_due_ms = wr_clock_ms(core) + RETRY_AFTER_MS;
    free(row);
}

void wr_outbox_retry_later(wr_core *core)
{
    outbox *outbox = &core->outbox;
    bool is_needed = outbox->refused_count + outbox->aside_count > 0;
    outbox->retry_due_ms = is_needed ? wr_clock_ms(core) + RETRY_AFTER_MS : 0;
    outbox->refusals_logged = 0;
}

/* Refused rows come back behind all others, as rows of an earlier life do. Not while rows wait for the producer: some
 * of them may belong to the same keys. */
static weir_err retry_refused(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    if (!outbox->retry_due_ms || wr_clock_ms(core) < outbox->retry_due_ms || outbox->is_loading ||
        !wr_list_empty(&outbox->waiting) || wr_outbox_has_marks(core) || atomic_load(&core->is_draining))
        return WEIR_OK;
    int64_t count = 0, before = outbox->next_sequence;
    weir_err err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err == WEIR_E_AGAIN ? WEIR_OK : err; /* somebody looks at the database: a little later then */
    err = wr_outbox_table_retry(core, &count, failure);
    if (err == WEIR_OK)
        err = wr_outbox_table_number(core, failure);
    if (err != WEIR_OK) {
        wr_store_rollback(core->store);
        return err;
    }
    err = wr_store_commit(core->store, failure);
    if (err != WEIR_OK)
        return err;
    forget_refused_keys(outbox);
    outbox->refused_count = 0;
    outbox->loaded_to = before - 1;
    outbox->is_loading = count > 0;
    wr_outbox_retry_later(core);
    return WEIR_OK;
}

/* ---- within a transaction */

kept_record *wr_outbox_row_new(wr_core *core, int64_t sequence, const wr_client_record *record)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, sequence);
    const wr_client_header extra[] = {{"weir-outbox-id", weir_slice_of(core->outbox.id)},
                                      {"weir-outbox-sequence", weir_slice_of(number)}};
    kept_record *row = wr_kept_record_new(record, extra, 2);
    if (row)
        row->sequence = sequence;
    return row;
}

size_t wr_outbox_size(const wr_client_record *record)
{
    return wr_record_size(record) + OUTBOX_HEADERS_SIZE;
}

weir_err wr_outbox_append(wr_core *core, const wr_client_record *record, size_t size_max, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_buf blob;
    size_t size = wr_outbox_size(record);
    if (!wr_topic_name_valid(record->topic))
        return weir_fail(failure, WEIR_E_USAGE, "'%.60s' is not the name of a topic: " WR_TOPIC_NAME_RULE,
                         record->topic);
    if (size > size_max)
        return weir_fail(failure, WEIR_E_LIMIT, "an event of %zu bytes for %s is beyond message.size.max, %zu", size,
                         record->topic, size_max);
    wr_buf_init(&blob, HEADER_BLOB_SIZE_MAX);
    weir_slice headers = wr_headers_encode(record->headers, record->header_count, &blob);
    kept_record *row = NULL;
    weir_err err = WEIR_OK;
    if (wr_buf_failed(&blob) || !(row = wr_outbox_row_new(core, outbox->next_sequence, record)))
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory to emit");
    if (err == WEIR_OK) {
        row->created_ms = wr_now_ms(core->io);
        err = wr_outbox_table_insert(core, row, record, headers, failure);
    }
    if (err == WEIR_OK) {
        outbox->next_sequence++;
        wr_list_append(&outbox->fresh, &row->link);
        outbox->fresh_count++;
        row = NULL;
    }
    free(row);
    wr_buf_fini(&blob);
    return err;
}

void wr_outbox_undo(wr_core *core, int64_t to_sequence)
{
    outbox *outbox = &core->outbox;
    while (outbox->next_sequence > to_sequence) {
        free(row_of(wr_list_pop_last(&outbox->fresh)));
        outbox->fresh_count--;
        outbox->next_sequence--;
    }
}

static int64_t lowest_held(const outbox *outbox)
{
    const wr_list *lists[] = {&outbox->waiting, &outbox->sent, &outbox->fresh};
    int64_t lowest = outbox->is_loading ? outbox->loaded_to + 1 : outbox->next_sequence;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        wr_link *first = wr_list_first(lists[i]);
        if (first && row_of(first)->sequence < lowest)
            lowest = row_of(first)->sequence;
    }
    return lowest;
}

static weir_err write_marks(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    weir_err err = WEIR_OK;
    for (wr_link *link; err == WEIR_OK && (link = wr_list_pop(&outbox->marks));) {
        outbox_mark *mark = WR_LIST_ITEM(link, outbox_mark, link);
        err = wr_outbox_table_mark(core, mark, failure);
        free(mark);
    }
    for (wr_link *link; err == WEIR_OK && (link = wr_list_pop(&outbox->too_large));) {
        kept_record *row = row_of(link);
        err = wr_dead_letter_set_aside(core, &row->record, failure);
        if (err == WEIR_OK)
            err = wr_outbox_table_delete(core, row->sequence, row->sequence + 1, failure);
        free(row);
    }
    return err;
}

weir_err wr_outbox_write(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    weir_err err = write_marks(core, failure);
    int64_t lowest = lowest_held(outbox);
    if (err == WEIR_OK && lowest > outbox->deleted_below) {
        err = wr_outbox_table_delete(core, outbox->deleted_below, lowest, failure);
        outbox->deleted_below = lowest;
    }
    outbox->delete_due_ms = 0;
    return err == WEIR_OK ? wr_outbox_table_number(core, failure) : err;
}

bool wr_outbox_has_marks(const wr_core *core)
{
    return !wr_list_empty(&core->outbox.marks) || !wr_list_empty(&core->outbox.too_large);
}

bool wr_outbox_wants_write(const wr_core *core, bool is_idle)
{
    const outbox *outbox = &core->outbox;
    if (wr_outbox_has_marks(core))
        return true;
    return outbox->delete_due_ms && (!is_idle || wr_clock_ms(core) >= outbox->delete_due_ms);
}

int64_t wr_outbox_due_ms(const wr_core *core)
{
    const outbox *outbox = &core->outbox;
    if (wr_outbox_has_marks(core))
        return 0;
    int64_t due_ms = outbox->delete_due_ms ? outbox->delete_due_ms : INT64_MAX;
    if (outbox->is_broken && outbox->renew_due_ms < due_ms)
        due_ms = outbox->renew_due_ms;
    bool may_retry = outbox->retry_due_ms && wr_list_empty(&outbox->waiting); /* else it would not, and nobody waits */
    return may_retry && outbox->retry_due_ms < due_ms ? outbox->retry_due_ms : due_ms;
}

void wr_outbox_committed(wr_core *core)
{
    outbox *outbox = &core->outbox;
    assert(!outbox->is_loading); /* what is emitted now would overtake the rows that still lie in the table */
    for (wr_link *link; (link = wr_list_pop(&outbox->fresh));)
        wr_list_append(&outbox->waiting, link);
    outbox->waiting_count += outbox->fresh_count;
    outbox->fresh_count = 0;
    outbox->loaded_to = outbox->next_sequence - 1;
}

/* ---- publishing */

static bool is_refusal(weir_err err)
{
    switch (err) {
    case WEIR_E_REFUSED:
    case WEIR_E_LIMIT:
    case WEIR_E_DENIED:
    case WEIR_E_USAGE:
    case WEIR_E_FORMAT:
    case WEIR_E_UNSUPPORTED:
    case WEIR_E_NOT_FOUND:
        return true;
    default:
        return false;
    }
}

/* The row has left its list. */
static void refused(wr_core *core, kept_record *row, weir_err err, const char *reason, bool in_a_batch)
{
    outbox *outbox = &core->outbox;
    if (err == WEIR_E_LIMIT && in_a_batch && !outbox->producer_is_one_by_one) {
        if (!outbox->is_one_by_one)
            wr_trace_log(core->trace, WR_WARN,
                         "the broker refuses a batch as too large; from here on every event is sent in a batch of its "
                         "own: raise max.message.bytes of the topic and restart the service",
                         WR_TEXT("topic", row->record.topic));
        outbox->is_one_by_one = true;
        outbox->is_broken = true; /* a producer with other settings is needed */
        refuse(core, row, OUTBOX_REFUSED, reason);
        outbox->retry_due_ms = wr_clock_ms(core);
    } else if (err == WEIR_E_LIMIT && wr_dead_letter_may_be_set_aside(core, &row->record)) {
        wr_list_append(&outbox->too_large, &row->link);
    } else {
        refuse(core, row, OUTBOX_REFUSED, reason);
    }
}

static void delivered(void *user, const wr_delivery *delivery)
{
    wr_core *core = user;
    outbox *outbox = &core->outbox;
    kept_record *row = delivery->cookie;
    if (delivery->err == WEIR_OK) {
        wr_link_remove(&row->link);
        free(row);
        outbox->sent_count--;
        outbox->renew_due_ms = outbox->renew_delay_ms = 0;
        count_up(&core->numbers.acknowledged, 1);
        if (!outbox->delete_due_ms)
            outbox->delete_due_ms = wr_clock_ms(core) + DELETE_AFTER_MS;
    } else if (delivery->err == WEIR_E_BROKEN) {
        outbox->is_broken = true; /* the row stays among the sent, and is sent again in its place */
    } else { /* later rows may be published by now: with its old number this one would pass for a repetition */
        wr_link_remove(&row->link);
        outbox->sent_count--;
        refused(core, row, delivery->err, delivery->reason, true);
    }
}

/* What was sent and not acknowledged goes back to the front, in order, and a new producer sends it again. Consumers
 * know by the numbers what they have had. When the last producer broke before anything was acknowledged (it may not be
 * idempotent on this cluster, say) the next one is made after a while only. */
static weir_err renew_producer(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    int64_t now_ms = wr_clock_ms(core);
    if (now_ms < outbox->renew_due_ms)
        return WEIR_OK;
    int64_t delay_ms = outbox->renew_delay_ms ? 2 * outbox->renew_delay_ms : RENEW_AFTER_MS;
    outbox->renew_delay_ms = delay_ms < RENEW_AFTER_MAX_MS ? delay_ms : RENEW_AFTER_MAX_MS;
    outbox->renew_due_ms = now_ms + outbox->renew_delay_ms;
    wr_trace_log(core->trace, WR_WARN, "the producer is made anew", WR_NUMBER("unacknowledged", outbox->sent_count));
    wr_producer_free(core->producer);
    core->producer = NULL;
    wr_list all;
    wr_list_init(&all);
    wr_list *lists[] = {&outbox->sent, &outbox->waiting};
    for (size_t i = 0; i < 2; i++)
        for (wr_link *link; (link = wr_list_pop(lists[i]));)
            wr_list_append(&all, link);
    for (wr_link *link; (link = wr_list_pop(&all));)
        wr_list_append(&outbox->waiting, link);
    outbox->waiting_count += outbox->sent_count;
    outbox->sent_count = 0;
    outbox->is_broken = false;
    outbox->producer_is_one_by_one = outbox->is_one_by_one;
    return wr_core_producer_new(core, failure);
}

static bool send_first(wr_core *core)
{
    outbox *outbox = &core->outbox;
    kept_record *row = row_of(wr_list_first(&outbox->waiting));
    weir_err err = WEIR_OK;
    bool waits = must_wait(core, row);
    if (!waits)
        err = wr_producer_send(core->producer, &row->record, row);
    if (err != WEIR_OK && !is_refusal(err)) {
        outbox->is_broken = err == WEIR_E_BROKEN;
        return false; /* WEIR_E_AGAIN: deliveries make room */
    }
    wr_link_remove(&row->link);
    outbox->waiting_count--;
    if (waits) {
        refuse(core, row, OUTBOX_BEHIND, "behind another");
    } else if (err != WEIR_OK) {
        refused(core, row, err, weir_err_name(err), false);
    } else {
        wr_list_append(&outbox->sent, &row->link);
        outbox->sent_count++;
        outbox->sent_to = row->sequence > outbox->sent_to ? row->sequence : outbox->sent_to;
        count_up(&core->numbers.published, 1);
    }
    return true;
}

static void show_numbers(wr_core *core)
{
    outbox *outbox = &core->outbox;
    wr_link *oldest = wr_list_first(wr_list_empty(&outbox->sent) ? &outbox->waiting : &outbox->sent);
    atomic_store(&core->numbers.outbox_rows, (int64_t)(outbox->waiting_count + outbox->sent_count));
    atomic_store(&core->numbers.outbox_refused, (int64_t)outbox->refused_count);
    atomic_store(&core->numbers.outbox_aside, (int64_t)outbox->aside_count);
    atomic_store(&core->numbers.outbox_oldest_ms, oldest ? row_of(oldest)->created_ms : 0);
}

weir_err wr_outbox_publish(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_producer_poll(core->producer, 0, delivered, core);
    weir_err err = outbox->is_broken ? renew_producer(core, failure) : WEIR_OK;
    if (err == WEIR_OK)
        err = retry_refused(core, failure);
    while (err == WEIR_OK && outbox->is_loading &&
           outbox->waiting_count + outbox->sent_count < core->options.outbox_max)
        err = wr_outbox_table_load_more(core, failure);
    while (err == WEIR_OK && !outbox->is_broken && !outbox->is_out_of_memory && !wr_list_empty(&outbox->waiting) &&
           send_first(core))
        ;
    if (err == WEIR_OK && outbox->sent_count)
        wr_producer_poll(core->producer, 0, delivered, core);
    if (err == WEIR_OK && outbox->is_broken)
        err = renew_producer(core, failure);
    show_numbers(core);
    if (err == WEIR_OK && outbox->is_out_of_memory)
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory to mark a refused event");
    return err;
}

void wr_outbox_wait(wr_core *core, int timeout_ms)
{
    int64_t left_ms = core->outbox.renew_due_ms - wr_clock_ms(core);
    if (core->outbox.is_broken && left_ms < timeout_ms)
        timeout_ms = left_ms > 0 ? (int)left_ms : 0;
    wr_producer_poll(core->producer, timeout_ms, delivered, core);
}
