/* Events on their way out: the database's side of the outbox.
 *
 *     emitted (row inserted) → fresh → commit → given to the publisher → acknowledged, or refused
 *                                                   publisher.c               │
 *     row deleted, or marked  ◀── the next transaction ◀──────────────────────┘
 *
 * Rows are numbered in commit order and published in that order; each record carries the outbox's id and its number
 * (headers weir-outbox-id and weir-outbox-sequence), by which consumers know a repetition (senders.c), and the floor
 * (weir-outbox-floor): the number below which this outbox sends nothing again, since all rows below it were deleted, or
 * marked as refused, by a transaction that was committed before the row was made. Rows go from
 * memory to the producer; only a start reads the table (outbox_table.c). All rows below the lowest that is not
 * acknowledged are deleted by one statement, together with the next commit or, when there is none for a moment, by a
 * transaction of its own.
 *
 * What is inserted can be published: names of topics and sizes are checked before. What the broker refuses all the
 * same (no permission, no such topic, a smaller limit) makes the row's key wait: it and what follows it stay in the
 * table, marked, and other keys flow. Once a minute, and at every start, refused rows are numbered anew, behind all
 * others and in their order, and tried again. A new number is needed because consumers have seen higher ones
 * meanwhile. */
#include "core_int.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DELETE_AFTER_MS = 50,
    RETRY_AFTER_MS = 60000,
    OUTBOX_HEADERS_SIZE = (14 + WR_UUID_TEXT_SIZE) + (20 + 20) + (17 + 20) + 3 * 10, /* names, values; Kafka's sizes */
};

static kept_record *row_of(wr_link *link)
{
    return WR_LIST_ITEM(link, kept_record, link);
}

void wr_outbox_init(wr_core *core)
{
    outbox *outbox = &core->outbox;
    wr_list *lists[] = {&outbox->fresh, &outbox->too_large, &outbox->marks, &outbox->written_too_large,
                        &outbox->written_marks};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        wr_list_init(lists[i]);
}

void wr_outbox_raise_floor(outbox *outbox, int64_t floor)
{
    if (floor <= outbox->floor)
        return;
    outbox->floor = floor;
    snprintf(outbox->floor_text, sizeof outbox->floor_text, "%" PRId64, floor);
}

static void free_marks(wr_list *marks)
{
    for (wr_link *link; (link = wr_list_pop(marks));)
        free(WR_LIST_ITEM(link, outbox_mark, link));
}

void wr_outbox_fini(wr_core *core)
{
    outbox *outbox = &core->outbox;
    handoff *handoff = &core->handoff;
    wr_list *lists[] = {&outbox->fresh, &outbox->too_large, &outbox->written_too_large, &handoff->rows,
                        &handoff->too_large};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (wr_link *link; (link = wr_list_pop(lists[i]));)
            free(row_of(link));
    free_marks(&outbox->marks);
    free_marks(&outbox->written_marks);
    free_marks(&handoff->marks);
    free(handoff->skipped);
}

/* ---- from the publisher */

void wr_outbox_take_results(wr_core *core)
{
    outbox *outbox = &core->outbox;
    handoff *handoff = &core->handoff;
    wr_list marks;
    wr_list_init(&marks);
    pthread_mutex_lock(&core->lock);
    wr_list_move(&marks, &handoff->marks);
    wr_list_move(&outbox->too_large, &handoff->too_large);
    outbox->done_below = handoff->done_below;
    outbox->held_count = handoff->held_count;
    outbox->others_wait = handoff->waiting_count > 0 || !wr_list_empty(&handoff->rows);
    bool has_acknowledged = handoff->acknowledged > 0, retries_now = handoff->retries_now;
    handoff->acknowledged = 0;
    handoff->retries_now = false;
    pthread_mutex_unlock(&core->lock);
    int64_t now_ms = wr_clock_ms(core);
    if (has_acknowledged && !outbox->delete_due_ms)
        outbox->delete_due_ms = now_ms + DELETE_AFTER_MS;
    for (wr_link *link; (link = wr_list_pop(&marks));) {
        outbox_state state = WR_LIST_ITEM(link, outbox_mark, link)->state;
        wr_list_append(&outbox->marks, link);
        outbox->refused_count += state == OUTBOX_REFUSED || state == OUTBOX_BEHIND;
        if (!outbox->retry_due_ms)
            outbox->retry_due_ms = now_ms + RETRY_AFTER_MS;
    }
    if (retries_now)
        outbox->retry_due_ms = now_ms;
    atomic_store(&core->numbers.outbox_refused, (int64_t)(outbox->refused_count + outbox->held_count));
    atomic_store(&core->numbers.outbox_aside, (int64_t)outbox->aside_count);
}

void wr_outbox_retry_later(wr_core *core)
{
    outbox *outbox = &core->outbox;
    bool is_needed = outbox->refused_count + outbox->aside_count + outbox->held_count > 0;
    outbox->retry_due_ms = is_needed ? wr_clock_ms(core) + RETRY_AFTER_MS : 0;
}

/* Those of the held rows that an operator wants set aside, for the publisher. */
static weir_err offer_skipped(wr_core *core, weir_failure *failure)
{
    int64_t *sequences = NULL;
    size_t count = 0;
    weir_err err = core->outbox.held_count ? wr_outbox_table_skipped(core, &sequences, &count, failure) : WEIR_OK;
    if (err != WEIR_OK || !count)
        return err;
    pthread_mutex_lock(&core->lock);
    free(core->handoff.skipped);
    core->handoff.skipped = sequences;
    core->handoff.skipped_count = count;
    pthread_mutex_unlock(&core->lock);
    wr_pipeline_wake_client(core);
    return WEIR_OK;
}

/* Refused rows come back behind all others, as rows of an earlier life do. Not while rows wait for the producer: some
 * of them may belong to the same keys. */
static weir_err retry_refused(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    if (!outbox->retry_due_ms || wr_clock_ms(core) < outbox->retry_due_ms || outbox->is_loading ||
        outbox->others_wait || wr_outbox_has_marks(core) || atomic_load(&core->is_draining))
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
    pthread_mutex_lock(&core->lock);
    core->handoff.forget_to = outbox->marked_to; /* the publisher may have refused others meanwhile */
    pthread_mutex_unlock(&core->lock);
    outbox->refused_count = 0;
    outbox->loaded_to = before - 1;
    outbox->is_loading = count > 0;
    wr_outbox_retry_later(core);
    return offer_skipped(core, failure);
}

/* Before a batch: what an earlier life has left, and what was refused, goes to the publisher. While it is loading
 * nothing may be emitted: it would overtake the rows that still lie in the table. */
weir_err wr_outbox_load_due(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_outbox_take_results(core);
    weir_err err = retry_refused(core, failure);
    while (err == WEIR_OK && outbox->is_loading && wr_core_outbox_count(core) < core->options.outbox_max)
        err = wr_outbox_table_load_more(core, failure);
    return err;
}

/* ---- within a transaction */

kept_record *wr_outbox_row_new(wr_core *core, int64_t sequence, const wr_client_record *record)
{
    char number[24];
    snprintf(number, sizeof number, "%" PRId64, sequence);
    const wr_client_header extra[] = {{"weir-outbox-id", weir_slice_of(core->outbox.id)},
                                      {"weir-outbox-sequence", weir_slice_of(number)},
                                      {"weir-outbox-floor", weir_slice_of(core->outbox.floor_text)}};
    kept_record *row = wr_kept_record_new(record, extra, sizeof extra / sizeof *extra);
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

static weir_err write_marks(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    weir_err err = WEIR_OK;
    for (wr_link *link; err == WEIR_OK && (link = wr_list_pop(&outbox->marks));) {
        outbox_mark *mark = WR_LIST_ITEM(link, outbox_mark, link);
        err = wr_outbox_table_mark(core, mark, failure);
        if (err == WEIR_OK && mark->state == OUTBOX_TO_SET_ASIDE)
            err = wr_outbox_table_set_aside(core, failure);
        outbox->marked_to = mark->refusal;
        wr_list_append(&outbox->written_marks, link);
    }
    for (wr_link *link; err == WEIR_OK && (link = wr_list_pop(&outbox->too_large));) {
        kept_record *row = row_of(link);
        err = wr_dead_letter_set_aside(core, &row->record, failure);
        if (err == WEIR_OK)
            err = wr_outbox_table_delete(core, row->sequence, row->sequence + 1, failure);
        wr_list_append(&outbox->written_too_large, link);
    }
    return err;
}

weir_err wr_outbox_write(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    outbox->is_in_doubt = true;
    wr_outbox_take_results(core); /* with all marks of the rows below done_below: those stay in the table */
    weir_err err = write_marks(core, failure);
    if (err == WEIR_OK && outbox->done_below > outbox->deleted_below) {
        err = wr_outbox_table_delete(core, outbox->deleted_below, outbox->done_below, failure);
        outbox->deleted_below = outbox->done_below;
    }
    outbox->delete_due_ms = 0;
    return err == WEIR_OK ? wr_outbox_table_number(core, failure) : err;
}

void wr_outbox_rolled_back(wr_core *core)
{
    outbox *outbox = &core->outbox;
    wr_list_move(&outbox->written_marks, &outbox->marks); /* in their order */
    wr_list_move(&outbox->marks, &outbox->written_marks);
    wr_list_move(&outbox->written_too_large, &outbox->too_large);
    wr_list_move(&outbox->too_large, &outbox->written_too_large);
    outbox->deleted_below = 0;
    outbox->stored_sequence = -1; /* as nobody knows: the next one is written */
    outbox->is_in_doubt = false;
}

weir_err wr_outbox_write_last(wr_core *core, weir_failure *failure)
{
    if (core->outbox.is_in_doubt) /* what was refused may be marked or not, and a dead letter set aside or not */
        return WEIR_OK;
    weir_err err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_outbox_write(core, failure);
    if (err == WEIR_OK)
        return wr_store_commit(core->store, failure);
    wr_store_rollback(core->store);
    return err;
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
    bool may_retry = outbox->retry_due_ms && !outbox->others_wait; /* else it would not, and nobody waits */
    return may_retry && outbox->retry_due_ms < due_ms ? outbox->retry_due_ms : due_ms;
}

void wr_outbox_committed(wr_core *core)
{
    outbox *outbox = &core->outbox;
    assert(!outbox->is_loading); /* what is emitted now would overtake the rows that still lie in the table */
    wr_publisher_give(core, &outbox->fresh, outbox->fresh_count);
    outbox->fresh_count = 0;
    outbox->is_in_doubt = false;
    wr_outbox_raise_floor(outbox, outbox->deleted_below);
    free_marks(&outbox->written_marks);
    for (wr_link *link; (link = wr_list_pop(&outbox->written_too_large));)
        free(row_of(link));
    outbox->loaded_to = outbox->next_sequence - 1;
}
