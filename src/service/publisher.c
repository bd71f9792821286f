/* The outbox's way to Kafka: committed rows in memory, and the producer. The Kafka side's alone.
 *
 *     given (committed) → waiting → sent to the producer → acknowledged → gone
 *                                                  ↘ refused → a mark for the next transaction; the row stays in the table
 *
 * Rows are published in order of their numbers through one idempotent producer. What the broker refuses makes the row's
 * key wait: what follows it is not sent, and gets a mark, too. Rows of the key that were under way when it was refused
 * keep their numbers: the broker may have them, and under a new number they would be other events. So the mark says how
 * far rows had been sent. When refused rows come back (outbox.c), they come behind all others with new numbers, and the
 * keys that were refused before that no longer wait: `handoff.forget_to` says which refusals those are, since others may
 * happen meanwhile.
 *
 * A refused row that the broker may have from an earlier attempt is held back with its number instead: held.c.
 *
 * After each round the other side is handed what the next transaction writes: marks, dead letters that were too large,
 * and the number below which nothing is under way any more. All of it at once, because a row that was refused must be
 * marked by the transaction that deletes around it, or before.
 *
 * Too large: a broker measures batches, so a row that fits may be refused for its neighbours. The first such refusal
 * makes a producer that sends every row in a batch of its own, until the process ends, and the row is tried again at
 * once. Refused then, a dead letter is set aside (dead_letter.c) and any other row waits as above. */
#include "held.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REFUSAL_LOG_MAX = 10, /* lines between two retries; the others are counted */
    RENEW_AFTER_MS = 100, /* a producer that broke before anything was acknowledged; then twice as long, and so on */
    RENEW_AFTER_MAX_MS = 10000,
};

typedef struct refused_key {
    int64_t sent_to; /* rows up to here had been handed to a producer when the first one was refused */
    int64_t refusal; /* number of the last refusal */
} refused_key;

static kept_record *row_of(wr_link *link)
{
    return WR_LIST_ITEM(link, kept_record, link);
}

static void on_deliveries(void *user)
{
    wr_core *core = user;
    wr_pipeline_wake_client(core);
    wr_consumer_wake(core->reader.consumer); /* whose poll is where a core without threads waits */
}

static weir_err producer_new(wr_core *core, weir_failure *failure)
{
    publisher *publisher = &core->publisher;
    wr_producer_options options = {
        .linger_ms = core->options.linger_ms,
        .compression = core->options.compression,
        .keyless_together = true,
        .size_max = core->send_size_max,
        .one_by_one = publisher->is_one_by_one,
    };
    weir_err err = wr_producer_new(core->options.client, &options, &publisher->producer, failure);
    if (err == WEIR_OK)
        wr_producer_on_ready(publisher->producer, on_deliveries, core);
    return err;
}

void wr_publisher_init(wr_core *core)
{
    publisher *publisher = &core->publisher;
    wr_list *lists[] = {&publisher->waiting, &publisher->sent, &publisher->held, &publisher->marks,
                        &publisher->too_large};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        wr_list_init(lists[i]);
    publisher->taken_to = -1;
}

weir_err wr_publisher_start(wr_core *core, weir_failure *failure)
{
    core->publisher.sent_to = core->outbox.first_own - 1; /* an earlier life may have handed over all that is left */
    core->publisher.refused_keys = wr_map_new(REFUSED_KEY_MAX, wr_random_u64(core->io));
    core->publisher.held_keys = wr_map_new(REFUSED_KEY_MAX, wr_random_u64(core->io));
    return core->publisher.refused_keys && core->publisher.held_keys
               ? producer_new(core, failure)
               : weir_fail(failure, WEIR_E_MEMORY, "no memory for the outbox");
}

static void forget_refused_keys(publisher *publisher, int64_t to_refusal)
{
    weir_slice name;
    refused_key *key;
    for (size_t at = 0; publisher->refused_keys && (key = wr_map_next(publisher->refused_keys, &at, &name));)
        if (key->refusal <= to_refusal) {
            wr_map_remove(publisher->refused_keys, name);
            free(key);
        }
    publisher->all_keys_wait = publisher->all_keys_wait && publisher->all_keys_refusal > to_refusal;
    publisher->refusals_logged = 0;
}

void wr_publisher_fini(wr_core *core)
{
    publisher *publisher = &core->publisher;
    wr_list *lists[] = {&publisher->waiting, &publisher->sent, &publisher->held, &publisher->too_large};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (wr_link *link; (link = wr_list_pop(lists[i]));)
            free(row_of(link));
    for (wr_link *link; (link = wr_list_pop(&publisher->marks));)
        free(WR_LIST_ITEM(link, outbox_mark, link));
    forget_refused_keys(publisher, INT64_MAX);
    wr_map_free(publisher->refused_keys);
    wr_map_free(publisher->held_keys);
}

/* ---- keys that wait behind a refused row */

weir_slice wr_publisher_key_name(const wr_client_record *record, wr_buf *name)
{
    wr_buf_text(name, record->topic);
    wr_buf_i8(name, 0);
    wr_buf_slice(name, record->key);
    return wr_buf_view(name);
}

/* Whether the row has to wait. One that was handed to a producer before goes again with its number: the broker may
 * have it. */
static bool must_wait(const publisher *publisher, const kept_record *row)
{
    if (!row->record.key.data)
        return false;
    if (publisher->all_keys_wait && row->sequence > publisher->all_keys_sent_to)
        return true;
    if (wr_map_count(publisher->refused_keys) == 0)
        return false;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    const refused_key *key = wr_map_find(publisher->refused_keys, wr_publisher_key_name(&row->record, &name));
    bool waits = wr_buf_failed(&name) || (key && row->sequence > key->sent_to);
    wr_buf_fini(&name);
    return waits;
}

/* How far rows of the key had been sent when it was refused first, which may be now. */
static int64_t refuse_key(publisher *publisher, const kept_record *row)
{
    if (!row->record.key.data)
        return 0;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    weir_slice bytes = wr_publisher_key_name(&row->record, &name);
    refused_key *key = wr_map_find(publisher->refused_keys, bytes);
    int64_t sent_to = key ? key->sent_to : publisher->sent_to;
    if (!key && (key = malloc(sizeof *key)) != NULL) {
        *key = (refused_key){.sent_to = sent_to};
        if (wr_buf_failed(&name) || wr_map_add(publisher->refused_keys, bytes, key) != WEIR_OK) {
            free(key);
            key = NULL;
        }
    }
    if (key) {
        key->refusal = publisher->refusals;
    } else { /* more than can be told apart: then everything with a key waits */
        publisher->all_keys_sent_to = publisher->all_keys_wait ? publisher->all_keys_sent_to : sent_to;
        publisher->all_keys_wait = true;
        publisher->all_keys_refusal = publisher->refusals;
    }
    wr_buf_fini(&name);
    return sent_to;
}

void wr_publisher_log_refusal(wr_core *core, const kept_record *row, const char *sentence, const char *reason)
{
    count_up(&core->numbers.refused, 1);
    if (++core->publisher.refusals_logged > REFUSAL_LOG_MAX)
        return;
    wr_trace_log(core->trace, WR_ERROR, sentence, WR_TEXT("topic", row->record.topic),
                 WR_NUMBER("sequence", row->sequence), WR_TEXT("error", reason),
                 WR_TEXT("database", core->database_shown));
}

bool wr_publisher_mark(publisher *publisher, const outbox_mark *given, const char *reason)
{
    outbox_mark *mark = malloc(sizeof *mark);
    if (!mark)
        return false;
    *mark = *given;
    mark->refusal = publisher->refusals;
    snprintf(mark->reason, sizeof mark->reason, "%s", reason);
    wr_list_append(&publisher->marks, &mark->link);
    return true;
}

void wr_publisher_refuse(wr_core *core, kept_record *row, outbox_state state, const char *reason)
{
    publisher *publisher = &core->publisher;
    publisher->refusals++;
    int64_t sent_to = state == OUTBOX_REFUSED ? refuse_key(publisher, row) : 0;
    outbox_mark mark = {.sequence = row->sequence, .state = state, .sent_to = sent_to};
    if (!wr_publisher_mark(publisher, &mark, *reason ? reason : "refused")) {
        publisher->is_out_of_memory = true; /* the row stays where it is; the round ends the core */
        wr_list_append(&publisher->waiting, &row->link);
        publisher->waiting_count++;
        return;
    }
    if (state == OUTBOX_REFUSED)
        wr_publisher_log_refusal(core, row,
                                 "the broker refuses an event: its key waits, and is tried again every minute; remove "
                                 "the cause, or set the event aside with: weir outbox skip DATABASE SEQUENCE",
                                 reason);
    atomic_fetch_sub(&core->numbers.outbox_rows, 1);
    wr_held_is_over(publisher, row);
    free(row);
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
    publisher *publisher = &core->publisher;
    if (err == WEIR_E_LIMIT && in_a_batch && !publisher->producer_is_one_by_one) {
        if (!publisher->is_one_by_one)
            wr_trace_log(core->trace, WR_WARN,
                         "the broker refuses a batch as too large; from here on every event is sent in a batch of its "
                         "own: raise max.message.bytes of the topic and restart the service",
                         WR_TEXT("topic", row->record.topic));
        publisher->is_one_by_one = true;
        publisher->is_broken = true; /* a producer with other settings is needed */
        publisher->retries_now = true;
        if (!wr_held_take_refused(core, row, reason))
            wr_publisher_refuse(core, row, OUTBOX_REFUSED, reason);
    } else if (err == WEIR_E_LIMIT && wr_dead_letter_may_be_set_aside(core, &row->record)) {
        wr_list_append(&publisher->too_large, &row->link);
        atomic_fetch_sub(&core->numbers.outbox_rows, 1);
        wr_held_is_over(publisher, row);
    } else if (!wr_held_take_refused(core, row, reason)) {
        wr_publisher_refuse(core, row, OUTBOX_REFUSED, reason);
    }
}

static void delivered(void *user, const wr_delivery *delivery)
{
    wr_core *core = user;
    publisher *publisher = &core->publisher;
    kept_record *row = delivery->cookie;
    if (delivery->err == WEIR_E_BROKEN) {
        publisher->is_broken = true; /* the row stays among the sent, and is sent again in its place */
        return;
    }
    wr_link_remove(&row->link);
    publisher->sent_count--;
    row->is_in_doubt = row->is_in_doubt || delivery->may_be_written;
    if (delivery->err != WEIR_OK) { /* later rows may be published by now: with its old number this one would pass for
                                       a repetition */
        refused(core, row, delivery->err, delivery->reason, true);
        return;
    }
    wr_held_is_over(publisher, row);
    free(row);
    publisher->renew_due_ms = publisher->renew_delay_ms = 0;
    publisher->acknowledged++;
    count_up(&core->numbers.acknowledged, 1);
    atomic_fetch_sub(&core->numbers.outbox_rows, 1);
}

/* What was sent and not acknowledged goes back to the front, in order, and a new producer sends it again. Consumers
 * know by the numbers what they have had. When the last producer broke before anything was acknowledged (it may not be
 * idempotent on this cluster, say) the next one is made after a while only. */
static weir_err renew_producer(wr_core *core, weir_failure *failure)
{
    publisher *publisher = &core->publisher;
    int64_t now_ms = wr_clock_ms(core);
    if (now_ms < publisher->renew_due_ms)
        return WEIR_OK;
    int64_t delay_ms = publisher->renew_delay_ms ? 2 * publisher->renew_delay_ms : RENEW_AFTER_MS;
    publisher->renew_delay_ms = delay_ms < RENEW_AFTER_MAX_MS ? delay_ms : RENEW_AFTER_MAX_MS;
    publisher->renew_due_ms = now_ms + publisher->renew_delay_ms;
    wr_trace_log(core->trace, WR_WARN, "the producer is made anew", WR_NUMBER("unacknowledged", publisher->sent_count));
    wr_producer_free(publisher->producer);
    publisher->producer = NULL;
    for (wr_link *link; (link = wr_list_pop_last(&publisher->sent));) {
        row_of(link)->is_in_doubt = true;
        wr_list_insert(&publisher->waiting.head, link);
    }
    publisher->waiting_count += publisher->sent_count;
    publisher->sent_count = 0;
    publisher->is_broken = false;
    publisher->producer_is_one_by_one = publisher->is_one_by_one;
    return producer_new(core, failure);
}

static bool send_first(wr_core *core)
{
    publisher *publisher = &core->publisher;
    kept_record *row = row_of(wr_list_first(&publisher->waiting));
    weir_err err = WEIR_OK;
    bool waits = must_wait(publisher, row);
    if (!waits && wr_held_is_key(publisher, row)) {
        wr_link_remove(&row->link);
        publisher->waiting_count--;
        wr_held_take_behind(core, row);
        return true;
    }
    if (!waits)
        err = wr_producer_send(publisher->producer, &row->record, row);
    if (err != WEIR_OK && !is_refusal(err)) {
        publisher->is_broken = err == WEIR_E_BROKEN;
        return false; /* WEIR_E_AGAIN: deliveries make room */
    }
    wr_link_remove(&row->link);
    publisher->waiting_count--;
    if (waits) {
        wr_publisher_refuse(core, row, OUTBOX_BEHIND, "behind another");
    } else if (err != WEIR_OK) {
        refused(core, row, err, weir_err_name(err), false);
    } else {
        wr_list_append(&publisher->sent, &row->link);
        publisher->sent_count++;
        publisher->sent_to = row->sequence > publisher->sent_to ? row->sequence : publisher->sent_to;
        count_up(&core->numbers.published, 1);
    }
    return true;
}

/* ---- what passes between the sides */

void wr_publisher_give(wr_core *core, wr_list *rows, size_t count)
{
    if (!count)
        return;
    atomic_fetch_add(&core->numbers.outbox_rows, (int64_t)count);
    pthread_mutex_lock(&core->lock);
    wr_list_move(&core->handoff.rows, rows);
    pthread_mutex_unlock(&core->lock);
    wr_pipeline_wake_client(core);
}

static void take_rows(wr_core *core)
{
    publisher *publisher = &core->publisher;
    handoff *handoff = &core->handoff;
    wr_list taken;
    wr_list_init(&taken);
    pthread_mutex_lock(&core->lock);
    int64_t forget_to = handoff->forget_to;
    handoff->forget_to = 0;
    int64_t *skipped = handoff->skipped;
    size_t skipped_count = handoff->skipped_count;
    handoff->skipped = NULL;
    handoff->skipped_count = 0;
    wr_list_move(&taken, &handoff->rows);
    size_t count = 0;
    for (wr_link *link = wr_list_first(&taken); link; link = wr_list_next(&taken, link))
        count++;
    publisher->waiting_count += count;
    handoff->waiting_count = publisher->waiting_count;
    pthread_mutex_unlock(&core->lock);
    if (forget_to)
        forget_refused_keys(publisher, forget_to);
    wr_held_skip(core, skipped, skipped_count);
    free(skipped);
    if (!count)
        return;
    wr_list_move(&publisher->waiting, &taken);
    int64_t last = row_of(publisher->waiting.head.prev)->sequence;
    publisher->taken_to = last > publisher->taken_to ? last : publisher->taken_to;
}

static int64_t done_below(const publisher *publisher)
{
    wr_link *first = wr_list_first(wr_list_empty(&publisher->sent) ? &publisher->waiting : &publisher->sent);
    int64_t below = first ? row_of(first)->sequence : publisher->taken_to + 1;
    return publisher->held_count && publisher->held_low < below ? publisher->held_low : below;
}

/* Of the rows that were not acknowledged; 0: there are none. */
static int64_t oldest_ms(const publisher *publisher)
{
    const wr_list *lists[] = {&publisher->sent, &publisher->waiting, &publisher->held};
    const kept_record *oldest = NULL;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        wr_link *first = wr_list_first(lists[i]);
        if (first && (!oldest || row_of(first)->sequence < oldest->sequence))
            oldest = row_of(first);
    }
    return oldest ? oldest->created_ms : 0;
}

static void hand_over(wr_core *core)
{
    publisher *publisher = &core->publisher;
    handoff *handoff = &core->handoff;
    bool has_marks = !wr_list_empty(&publisher->marks) || !wr_list_empty(&publisher->too_large);
    pthread_mutex_lock(&core->lock);
    bool is_first = publisher->acknowledged && !handoff->acknowledged;
    wr_list_move(&handoff->marks, &publisher->marks);
    wr_list_move(&handoff->too_large, &publisher->too_large);
    handoff->retries_now = handoff->retries_now || publisher->retries_now;
    handoff->acknowledged += publisher->acknowledged;
    if (!publisher->is_out_of_memory) /* else a refused row without a mark may be in front of what is in the lists */
        handoff->done_below = done_below(publisher);
    handoff->waiting_count = publisher->waiting_count;
    handoff->held_count = publisher->held_count;
    pthread_mutex_unlock(&core->lock);
    publisher->retries_now = false;
    publisher->acknowledged = 0;
    atomic_store(&core->numbers.outbox_oldest_ms, oldest_ms(publisher));
    if (has_marks || is_first)
        wr_pipeline_wake_main(core);
}

weir_err wr_publisher_run(wr_core *core, weir_failure *failure)
{
    publisher *publisher = &core->publisher;
    take_rows(core);
    wr_producer_poll(publisher->producer, 0, delivered, core);
    weir_err err = publisher->is_broken ? renew_producer(core, failure) : WEIR_OK;
    wr_held_look_after(core);
    while (err == WEIR_OK && !publisher->is_broken && !publisher->is_out_of_memory &&
           !wr_list_empty(&publisher->waiting) && send_first(core))
        ;
    if (err == WEIR_OK && publisher->sent_count)
        wr_producer_poll(publisher->producer, 0, delivered, core);
    if (err == WEIR_OK && publisher->is_broken)
        err = renew_producer(core, failure);
    hand_over(core);
    if (err == WEIR_OK && publisher->is_out_of_memory)
        err = weir_fail(failure, WEIR_E_MEMORY, "no memory to mark a refused event");
    return err;
}

int wr_publisher_wait_ms(wr_core *core, int timeout_ms)
{
    const publisher *publisher = &core->publisher;
    int64_t due_ms = publisher->is_broken ? publisher->renew_due_ms : INT64_MAX;
    if (!wr_list_empty(&publisher->held) && publisher->held_due_ms < due_ms)
        due_ms = publisher->held_due_ms;
    int64_t now_ms = wr_clock_ms(core), left_ms = due_ms > now_ms ? due_ms - now_ms : 0;
    return left_ms >= timeout_ms ? timeout_ms : (int)left_ms;
}

void wr_publisher_wait(wr_core *core, int timeout_ms)
{
    wr_producer_poll(core->publisher.producer, wr_publisher_wait_ms(core, timeout_ms), delivered, core);
    hand_over(core);
}
