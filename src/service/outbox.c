/* Events on their way out.
 *
 *     emitted (row inserted) → fresh → commit → waiting → sent to the producer → acknowledged → gone from memory,
 *                                                    ↘ refused: frozen            and, later, from the table
 *
 * Rows are numbered in commit order and published in that order; each record carries the outbox's id and its number, by
 * which consumers know a repetition (inbox.c). Rows go from memory to the producer; only a start reads the table. All
 * rows below the lowest that is not acknowledged are deleted by one statement, together with the next commit or, when
 * there is none for a moment, by a transaction of its own.
 *
 * A row that the broker refuses for good freezes its lane (topic and key): it and what follows it stay in the table,
 * marked, and other lanes flow. The next start numbers frozen rows anew, behind all others and in their order, and
 * tries them again. A new number is needed because consumers have seen higher ones meanwhile. Rows of the lane that
 * were under way when it froze keep theirs: the broker may have them, and under a new number they would be other
 * events. So the mark says how far rows had been sent. */
#include "core_int.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { DELETE_AFTER_MS = 50, LOAD_COUNT = 1000, LANE_FROZEN_MAX = 100000 };

static kept_record *row_of(wr_link *link)
{
    return WR_LIST_ITEM(link, kept_record, link);
}

static weir_slice lane_name(const wr_client_record *record, wr_buf *name)
{
    wr_buf_clear(name);
    wr_buf_text(name, record->topic);
    wr_buf_i8(name, 0);
    wr_buf_slice(name, record->key);
    return wr_buf_view(name);
}

static bool lane_is_frozen(wr_core *core, const wr_client_record *record)
{
    if (wr_map_count(core->outbox.frozen) == 0 || !record->key.data)
        return false;
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    bool is_frozen = wr_map_find(core->outbox.frozen, lane_name(record, &name)) != NULL;
    wr_buf_fini(&name);
    return is_frozen;
}

/* The row stays in the table; its mark is written with the next transaction. */
static void freeze(wr_core *core, kept_record *row, const char *reason)
{
    outbox *outbox = &core->outbox;
    wr_link_remove(&row->link);
    wr_list_append(&outbox->to_freeze, &row->link);
    outbox->frozen_count++;
    if (lane_is_frozen(core, &row->record))
        return;
    count_up(&core->numbers.refused, 1);
    char *kept = strdup(*reason ? reason : "refused");
    wr_buf name;
    wr_buf_init(&name, HEADER_BLOB_SIZE_MAX);
    if (row->record.key.data && kept && wr_map_add(outbox->frozen, lane_name(&row->record, &name), kept) == WEIR_OK)
        kept = NULL;
    wr_buf_fini(&name);
    free(kept);
    wr_trace_log(core->trace, WR_ERROR,
                 "the broker refuses an event for good: its key waits; remove the cause and restart the service",
                 WR_TEXT("topic", row->record.topic), WR_NUMBER("sequence", row->sequence), WR_TEXT("error", reason));
}

/* ---- loading */

static weir_err number_frozen_anew(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    weir_err err = wr_store_exec(core->store,
                                 "UPDATE weir_outbox SET frozen = 'behind another' WHERE frozen IS NULL AND EXISTS"
                                 " (SELECT 1 FROM weir_outbox AS f WHERE f.frozen IS NOT NULL AND f.topic ="
                                 "  weir_outbox.topic AND f.key = weir_outbox.key AND f.sequence < weir_outbox.sequence"
                                 "  AND CAST(substr(f.frozen, 9) AS INTEGER) < weir_outbox.sequence)",
                                 NULL, failure);
    if (err != WEIR_OK)
        return err;
    int64_t count = 0;
    for (;; count++) {
        err = wr_store_exec(core->store,
                            "UPDATE weir_outbox SET sequence = ?1, frozen = NULL WHERE sequence ="
                            " (SELECT min(sequence) FROM weir_outbox WHERE frozen IS NOT NULL)",
                            WEIR_VALUES(WEIR_INT(outbox->next_sequence)), failure);
        if (err != WEIR_OK)
            return err;
        if (wr_store_changes(core->store) == 0)
            break;
        outbox->next_sequence++;
    }
    if (count)
        wr_trace_log(core->trace, WR_WARN, "events that the broker had refused are tried again",
                     WR_NUMBER("count", count));
    return WEIR_OK;
}

static weir_err load_meta(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    bool found;
    char text[32];
    weir_err err = wr_meta_get(core->store, "outbox.id", outbox->id, sizeof outbox->id, &found, failure);
    if (err == WEIR_OK && !found) {
        uint8_t random[16];
        wr_random(core->io, random, sizeof random);
        wr_uuid id = wr_uuid_v4(random);
        wr_uuid_print(&id, outbox->id);
        err = wr_meta_set(core->store, "outbox.id", outbox->id, failure);
    }
    if (err == WEIR_OK)
        err = wr_meta_get(core->store, "outbox.sequence", text, sizeof text, &found, failure);
    if (err != WEIR_OK)
        return err;
    outbox->stored_sequence = found ? strtoll(text, NULL, 10) : 0;
    outbox->next_sequence = outbox->stored_sequence + 1;
    return WEIR_OK;
}

static weir_err write_sequence(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    if (outbox->stored_sequence == outbox->next_sequence - 1)
        return WEIR_OK;
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, outbox->next_sequence - 1);
    weir_err err = wr_meta_set(core->store, "outbox.sequence", text, failure);
    if (err == WEIR_OK)
        outbox->stored_sequence = outbox->next_sequence - 1;
    return err;
}

weir_err wr_outbox_load(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    outbox->frozen = wr_map_new(LANE_FROZEN_MAX, wr_random_u64(core->io));
    if (!outbox->frozen)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the outbox");
    weir_err err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err;
    err = load_meta(core, failure);
    if (err == WEIR_OK)
        err = number_frozen_anew(core, failure);
    if (err == WEIR_OK)
        err = write_sequence(core, failure);
    if (err != WEIR_OK) {
        wr_store_rollback(core->store);
        return err;
    }
    outbox->is_loading = true;
    return wr_store_commit(core->store, failure);
}

static kept_record *row_new(wr_core *core, int64_t sequence, const wr_client_record *record)
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

/* Read the next rows of an earlier life. Nothing new is emitted until all of them are in memory: order. */
static weir_err load_more(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_statement *statement;
    weir_err err =
        wr_store_prepare(core->store,
                         "SELECT sequence, topic, key, value, headers, created_ms FROM weir_outbox"
                         " WHERE sequence > ?1 AND frozen IS NULL ORDER BY sequence LIMIT ?2",
                         WEIR_VALUES(WEIR_INT(outbox->loaded_to), WEIR_INT(LOAD_COUNT)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    int count = 0;
    for (; (err = wr_statement_next(statement, failure)) == WEIR_OK; count++) {
        weir_arena_reset(core->arena);
        wr_client_header *headers;
        wr_client_record record = {.topic = wr_statement_text(statement, 1),
                                   .partition = -1,
                                   .key = wr_statement_blob(statement, 2),
                                   .value = wr_statement_blob(statement, 3)};
        err = wr_headers_decode(wr_statement_blob(statement, 4), core->arena, &headers, &record.header_count);
        record.headers = headers;
        int64_t sequence = wr_statement_int(statement, 0);
        kept_record *row = err == WEIR_OK ? row_new(core, sequence, &record) : NULL;
        if (!row) {
            err = weir_fail(failure, err == WEIR_OK ? WEIR_E_MEMORY : err, "outbox row %" PRId64 " cannot be read",
                            sequence);
            break;
        }
        row->created_ms = wr_statement_int(statement, 5);
        wr_list_append(&outbox->waiting, &row->link);
        outbox->waiting_count++;
        outbox->loaded_to = sequence;
        count_up(&core->numbers.republished, 1);
    }
    wr_statement_done(statement);
    if (err != WEIR_E_RANGE)
        return err;
    outbox->is_loading = count == LOAD_COUNT;
    return WEIR_OK;
}

void wr_outbox_fini(wr_core *core)
{
    outbox *outbox = &core->outbox;
    wr_list *lists[] = {&outbox->fresh, &outbox->waiting, &outbox->sent, &outbox->to_freeze};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (wr_link *link; (link = wr_list_pop(lists[i]));)
            free(row_of(link));
    void *reason;
    for (size_t at = 0; outbox->frozen && (reason = wr_map_next(outbox->frozen, &at, NULL));)
        free(reason);
    wr_map_free(outbox->frozen);
}

/* ---- within a transaction */

weir_err wr_outbox_append(wr_core *core, const wr_client_record *record, size_t size_max, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_buf blob;
    wr_buf_init(&blob, HEADER_BLOB_SIZE_MAX);
    weir_slice headers = wr_headers_encode(record->headers, record->header_count, &blob);
    size_t size = record->key.size + record->value.size + headers.size;
    kept_record *row = NULL;
    weir_err err;
    if (wr_buf_failed(&blob) || size > size_max) {
        err = weir_fail(failure, WEIR_E_LIMIT, "an event of %zu bytes for %s is beyond message.size.max", size,
                        record->topic);
        goto out;
    }
    row = row_new(core, outbox->next_sequence, record);
    err = WEIR_E_MEMORY;
    if (!row)
        goto out;
    row->created_ms = wr_now_ms(core->io);
    err = wr_store_exec(core->store,
                        "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                        WEIR_VALUES(WEIR_INT(row->sequence), WEIR_TEXT(record->topic), WEIR_BLOB(record->key),
                                    WEIR_BLOB(record->value), WEIR_BLOB(headers), WEIR_INT(row->created_ms)),
                        failure);
    if (err != WEIR_OK)
        goto out;
    outbox->next_sequence++;
    wr_list_append(&outbox->fresh, &row->link);
    outbox->fresh_count++;
    row = NULL;
out:
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
    const wr_list *lists[] = {&outbox->waiting, &outbox->sent, &outbox->to_freeze, &outbox->fresh};
    int64_t lowest = outbox->is_loading ? outbox->loaded_to + 1 : outbox->next_sequence;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        wr_link *first = wr_list_first(lists[i]);
        if (first && row_of(first)->sequence < lowest)
            lowest = row_of(first)->sequence;
    }
    return lowest;
}

weir_err wr_outbox_write(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    weir_err err = WEIR_OK;
    for (wr_link *link; err == WEIR_OK && (link = wr_list_pop(&outbox->to_freeze));) {
        kept_record *row = row_of(link);
        err = wr_store_exec(core->store, "UPDATE weir_outbox SET frozen = 'sent to ' || ?2 WHERE sequence = ?1",
                            WEIR_VALUES(WEIR_INT(row->sequence), WEIR_INT(outbox->sent_to)), failure);
        free(row);
    }
    int64_t lowest = lowest_held(outbox);
    if (err == WEIR_OK && lowest > outbox->deleted_below) {
        err = wr_store_exec(core->store,
                            "DELETE FROM weir_outbox WHERE sequence >= ?1 AND sequence < ?2 AND frozen IS NULL",
                            WEIR_VALUES(WEIR_INT(outbox->deleted_below), WEIR_INT(lowest)), failure);
        outbox->deleted_below = lowest;
    }
    outbox->delete_due_ms = 0;
    return err == WEIR_OK ? write_sequence(core, failure) : err;
}

bool wr_outbox_wants_write(const wr_core *core, bool is_idle, int64_t now_ms)
{
    const outbox *outbox = &core->outbox;
    if (!wr_list_empty(&outbox->to_freeze))
        return true;
    return outbox->delete_due_ms && (!is_idle || now_ms >= outbox->delete_due_ms);
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

static void delivered(void *user, const wr_delivery *delivery)
{
    wr_core *core = user;
    outbox *outbox = &core->outbox;
    kept_record *row = delivery->cookie;
    if (delivery->err == WEIR_OK) {
        wr_link_remove(&row->link);
        free(row);
        outbox->sent_count--;
        count_up(&core->numbers.acknowledged, 1);
        if (!outbox->delete_due_ms)
            outbox->delete_due_ms = wr_now_ms(core->io) + DELETE_AFTER_MS;
    } else if (delivery->err == WEIR_E_BROKEN) {
        outbox->is_broken = true; /* the row stays among the sent, and is sent again in its place */
    } else { /* later rows may be published by now: with its old number this one would pass for a repetition */
        outbox->sent_count--;
        freeze(core, row, delivery->reason);
    }
}

/* What was sent and not acknowledged goes back to the front, in order, and a new producer sends it again. Consumers
 * know by the numbers what they have had. */
static weir_err mend(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
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
    return wr_core_producer_new(core, failure);
}

static bool send_first(wr_core *core)
{
    outbox *outbox = &core->outbox;
    kept_record *row = row_of(wr_list_first(&outbox->waiting));
    if (lane_is_frozen(core, &row->record)) {
        outbox->waiting_count--;
        freeze(core, row, "behind another");
        return true;
    }
    weir_err err = wr_producer_send(core->producer, &row->record, row);
    if (err == WEIR_OK) {
        wr_link_remove(&row->link);
        wr_list_append(&outbox->sent, &row->link);
        outbox->waiting_count--;
        outbox->sent_count++;
        outbox->sent_to = row->sequence > outbox->sent_to ? row->sequence : outbox->sent_to;
        count_up(&core->numbers.published, 1);
        return true;
    }
    if (is_refusal(err)) {
        outbox->waiting_count--;
        freeze(core, row, weir_err_name(err));
        return true;
    }
    outbox->is_broken = err == WEIR_E_BROKEN;
    return false; /* WEIR_E_AGAIN: deliveries make room */
}

weir_err wr_outbox_publish(wr_core *core, weir_failure *failure)
{
    outbox *outbox = &core->outbox;
    wr_producer_poll(core->producer, 0, delivered, core);
    weir_err err = outbox->is_broken ? mend(core, failure) : WEIR_OK;
    while (err == WEIR_OK && outbox->is_loading &&
           outbox->waiting_count + outbox->sent_count < core->options.outbox_max)
        err = load_more(core, failure);
    while (err == WEIR_OK && !wr_list_empty(&outbox->waiting) && send_first(core))
        ;
    if (err == WEIR_OK && outbox->sent_count)
        wr_producer_poll(core->producer, 0, delivered, core);
    if (err == WEIR_OK && outbox->is_broken)
        err = mend(core, failure);

    wr_link *oldest = wr_list_first(wr_list_empty(&outbox->sent) ? &outbox->waiting : &outbox->sent);
    atomic_store(&core->numbers.outbox_rows, (int64_t)(outbox->waiting_count + outbox->sent_count));
    atomic_store(&core->numbers.outbox_frozen, (int64_t)outbox->frozen_count);
    atomic_store(&core->numbers.outbox_oldest_ms, oldest ? row_of(oldest)->created_ms : 0);
    return err;
}

void wr_outbox_wait(wr_core *core, int timeout_ms)
{
    wr_producer_poll(core->producer, timeout_ms, delivered, core);
}
