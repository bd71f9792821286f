/* What has been handled already, in constant space.
 *
 * Per partition the offset to read next, written in the same transaction as the effects: redelivery after a crash or a
 * rebalance is seen without a row an event. Per sender's outbox and partition the numbers that were handled (senders.c):
 * a sender that crashed between publishing and deleting publishes again with the same numbers. Events from elsewhere carry no numbers; for them (source, id) is remembered for
 * seen.window, and that window is part of the promise. It counts the time in which the service runs (clock.c).
 *
 * A position counts in one topic, whose id stands beside it. A topic that was deleted and made anew has another id: it
 * is read from the start, however far it has grown since, and that is said and counted. Its id is asked for with every
 * assignment and once a second (remade.c). Where ids are not known (brokers before 2.8, TLS, SASL) there is one sign left: a
 * consumer is never given a record below the position that it asked for, unless the topic ends before it. Then the
 * position follows, too; it is the same when a broker has lost the end of a topic. Whether an event is known is told by
 * its number or its id in all these cases.
 *
 * Taking a partition raises its epoch in the database. A batch first asks whether the epochs are still ours, within its
 * transaction, so that one who lost the partition while it slept commits nothing for it. */
#include "core_int.h"

#include <base/text.h>
#include <stdio.h>
#include <stdlib.h>

enum { PRUNE_EVERY_MS = 1000, PRUNE_COUNT = 10000, NOTHING_READ = -1001 };

static weir_slice position_key(char *key, size_t size, const char *topic, int32_t partition)
{
    int used = snprintf(key, size, "%s/%d", topic, partition);
    return (weir_slice){(uint8_t *)key, (size_t)used};
}

position *wr_inbox_find(wr_core *core, const char *topic, int32_t partition)
{
    char key[TOPIC_SIZE_MAX + 16];
    return wr_map_find(core->inbox.positions, position_key(key, sizeof key, topic, partition));
}

static position *position_find(wr_core *core, const char *topic, int32_t partition)
{
    position *last = core->inbox.last;
    if (last && last->partition == partition && strcmp(last->topic, topic) == 0)
        return last;
    last = wr_inbox_find(core, topic, partition);
    if (last)
        core->inbox.last = last;
    return last;
}

weir_err wr_inbox_load(wr_core *core, weir_failure *failure)
{
    core->inbox.positions = wr_map_new(POSITION_COUNT_MAX, wr_random_u64(core->io));
    return core->inbox.positions ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for the inbox");
}

void wr_inbox_fini(wr_core *core)
{
    inbox *inbox = &core->inbox;
    void *value;
    for (size_t at = 0; inbox->positions && (value = wr_map_next(inbox->positions, &at, NULL));)
        wr_remade_forget(value), free(value);
    wr_map_free(inbox->positions);
    wr_lag_fini(core);
}

/* ---- partitions come and go */

static weir_err take(wr_core *core, wr_assignment *assignment, weir_failure *failure)
{
    inbox *inbox = &core->inbox;
    position *position = wr_inbox_find(core, assignment->topic, assignment->partition);
    if (!position) {
        position = calloc(1, sizeof *position);
        if (!position)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for a partition");
        snprintf(position->topic, sizeof position->topic, "%s", assignment->topic);
        position->partition = assignment->partition;
        char key[TOPIC_SIZE_MAX + 16];
        weir_err err = wr_map_add(inbox->positions,
                                  position_key(key, sizeof key, assignment->topic, assignment->partition), position);
        if (err != WEIR_OK) {
            free(position);
            return weir_fail(failure, err, "no room for a partition");
        }
        err = wr_lag_add(core, position);
        if (err != WEIR_OK)
            return weir_fail(failure, err, "no memory for a partition");
    }
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_INBOX_TAKE,
                                   WEIR_VALUES(WEIR_TEXT(assignment->topic), WEIR_INT(assignment->partition)),
                                   &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    wr_topic_id stored = {0};
    if (err == WEIR_OK) {
        position->epoch = wr_statement_int(statement, 0);
        position->next = wr_statement_int(statement, 1);
        weir_slice id = wr_statement_blob(statement, 2);
        if (id.size == sizeof stored.bytes)
            memcpy(stored.bytes, id.data, id.size);
        position->is_owned = true;
        position->is_changed = position->is_held = false;
    }
    wr_statement_done(statement);
    if (err == WEIR_OK)
        err = wr_remade_check(core, position, &stored, &assignment->topic_id, failure);
    /* Never read here: from the first record, whatever the group committed elsewhere, since the tables are empty too.
     * By number, because asking where the beginning is costs a first event half a second; where the log begins later,
     * the consumer is told so and goes there. */
    assignment->start_offset = position->next >= 0 ? position->next : 0;
    return err;
}

void wr_inbox_taken(wr_core *core, wr_assignment *assignments, size_t count)
{
    weir_failure *failure = &core->assign_failure;
    weir_err err = wr_store_begin(core->store, failure);
    for (size_t i = 0; i < count && err == WEIR_OK; i++)
        err = take(core, &assignments[i], failure);
    if (err == WEIR_OK)
        err = wr_store_commit(core->store, failure);
    else
        wr_store_rollback(core->store);
    core->assign_err = err;
    wr_inbox_committed(core);
    wr_inbox_pause(core);
    atomic_fetch_add(&core->numbers.partitions, (int64_t)count);
    atomic_store(&core->is_assigned, true);
    wr_core_wake(core); /* the poll this comes from need not wait for a record: whoever waits for readiness hears now */
}

void wr_inbox_given_up(wr_core *core, const wr_assignment *assignments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        position *position = wr_inbox_find(core, assignments[i].topic, assignments[i].partition);
        if (!position)
            continue;
        position->is_owned = false;
        wr_inbox_read_from(core, position, 0); /* what was read is not handled, also when it comes back to us */
    }
    atomic_fetch_sub(&core->numbers.partitions, (int64_t)count);
}

/* ---- within a transaction */

static weir_err check_epoch(wr_core *core, position *position, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err =
        wr_store_select(core->store, WR_SQL_INBOX_EPOCH,
                        WEIR_VALUES(WEIR_TEXT(position->topic), WEIR_INT(position->partition)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    bool is_ours = err == WEIR_OK && wr_statement_int(statement, 0) == position->epoch;
    wr_statement_done(statement);
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    position->is_checked = true;
    if (!is_ours) {
        position->is_owned = false;
        wr_trace_log(core->trace, WR_WARN, "partition belongs to somebody newer; its events are left to them",
                     WR_TEXT("topic", position->topic), WR_NUMBER("partition", position->partition),
                     WR_TEXT("group", core->group));
    }
    return WEIR_OK;
}

bool wr_inbox_is_ours(const chunk_item *item)
{
    const position *position = item->position;
    return position && position->is_owned && position->wanted.reading == item->reading;
}

weir_err wr_inbox_begin(wr_core *core, weir_failure *failure)
{
    inbox *inbox = &core->inbox;
    position *position;
    weir_err err = WEIR_OK;
    for (size_t at = 0; (position = wr_map_next(inbox->positions, &at, NULL));)
        position->is_checked = false;
    for (wr_link *link = wr_list_first(&core->batch); link; link = wr_list_next(&core->batch, link)) {
        const chunk *chunk = WR_LIST_ITEM(link, struct chunk, link);
        for (size_t i = 0; i < chunk->count && err == WEIR_OK; i++) {
            position = chunk->items[i].position;
            if (!wr_inbox_is_ours(&chunk->items[i]) || position->is_checked)
                continue;
            wr_lag_begin(position, chunk->records[i].timestamp_ms);
            err = check_epoch(core, position, failure);
        }
    }
    return err;
}

void wr_inbox_admit(wr_core *core, position *position, const wr_client_record *record)
{
    if (record->offset < position->next) {
        count_up(&core->numbers.below_position, 1);
        wr_trace_log(
            core->trace, WR_WARN,
            "the topic ends before what was read of it: it was made anew, or has lost its end; reading on from "
            "here, and skipping the events that are known",
            WR_TEXT("topic", record->topic), WR_NUMBER("partition", record->partition),
            WR_NUMBER("offset", record->offset), WR_NUMBER("position", position->next));
    }
    position->next = record->offset + 1;
    position->last_ms = record->timestamp_ms;
    position->is_changed = true;
}

/* ---- what is read, and from where: the reader does it */

static void want(wr_core *core, position *position, const position_wanted *wanted)
{
    pthread_mutex_lock(&core->lock);
    position->wanted = *wanted;
    core->handoff.has_wishes = true;
    pthread_mutex_unlock(&core->lock);
}

void wr_inbox_read_from(wr_core *core, position *position, int64_t offset)
{
    position_wanted wanted = position->wanted;
    wanted.reading++;
    wanted.from = offset;
    want(core, position, &wanted);
    wr_pipeline_wake_client(core);
}

void wr_inbox_pause(wr_core *core)
{
    bool is_change = false;
    for (size_t i = 0; i < core->inbox.count; i++) {
        position *position = core->inbox.all[i];
        position_wanted wanted = position->wanted;
        wanted.is_paused = core->is_paused || wr_breaker_holds(core, position->topic);
        if (wanted.is_paused == position->wanted.is_paused)
            continue;
        want(core, position, &wanted);
        is_change = true;
    }
    if (is_change)
        wr_pipeline_wake_client(core);
}

void wr_inbox_hold(wr_core *core, position *position, const wr_client_record *record)
{
    if (position->is_held)
        return;
    position->is_held = true;
    position->held_offset = record->offset;
    core->inbox.has_held = true;
}

void wr_inbox_give_back(wr_core *core)
{
    if (!core->inbox.has_held)
        return;
    core->inbox.has_held = false;
    wr_inbox_pause(core);
    for (size_t i = 0; i < core->inbox.count; i++) {
        position *position = core->inbox.all[i];
        if (position->is_held && position->is_owned)
            wr_inbox_read_from(core, position, position->held_offset);
        position->is_held = false;
    }
}

weir_err wr_inbox_see(wr_core *core, const char *source, const char *id, bool *ret_is_new, weir_failure *failure)
{
    weir_err err = wr_store_run(core->store, WR_SQL_SEEN_ADD,
                                WEIR_VALUES(WEIR_TEXT(source), WEIR_TEXT(id), WEIR_INT(wr_clock_ms(core))), failure);
    if (err == WEIR_OK)
        *ret_is_new = wr_store_changes(core->store) == 1;
    return err;
}

static bool text_of(const wr_client_header *header, char *ret_text, size_t size)
{
    if (!header || !header->value.data || header->value.size >= size)
        return false;
    memcpy(ret_text, header->value.data, header->value.size);
    ret_text[header->value.size] = 0;
    return strlen(ret_text) == header->value.size && ret_text[0];
}

static bool sequence_of(const wr_client_header *header, int64_t *ret_sequence)
{
    char text[24];
    return text_of(header, text, sizeof text) && wr_number_parse(text, 1, INT64_MAX - 1, ret_sequence) == WEIR_OK;
}

/* False: its sender numbers nothing. A floor that cannot be read counts as none. */
static bool outbox_number_of(const wr_client_record *record, outbox_number *ret_number)
{
    const wr_client_header *headers = record->headers;
    size_t count = record->header_count;
    if (!sequence_of(wr_event_header_find(headers, count, "weir-outbox-sequence"), &ret_number->sequence) ||
        !text_of(wr_event_header_find(headers, count, "weir-outbox-id"), ret_number->id, sizeof ret_number->id))
        return false;
    if (!sequence_of(wr_event_header_find(headers, count, "weir-outbox-floor"), &ret_number->floor))
        ret_number->floor = -1;
    return true;
}

weir_err wr_inbox_is_new(wr_core *core, const wr_client_record *record, const weir_event *event, bool *ret_is_new,
                         weir_failure *failure)
{
    outbox_number number;
    if (!outbox_number_of(record, &number)) {
        *ret_is_new = true;
        return event ? wr_inbox_see(core, event->source, event->id, ret_is_new, failure) : WEIR_OK;
    }
    bool was_read = wr_remade_was_read(core, position_find(core, record->topic, record->partition), record->offset,
                                       number.id, number.sequence);
    return wr_senders_is_new(core, &number, record, was_read, ret_is_new, failure);
}

static weir_err write_position(wr_core *core, position *position, weir_failure *failure)
{
    position->is_changed = false;
    return wr_store_run_later(core->store, WR_SQL_INBOX_MOVE,
                              WEIR_VALUES(WEIR_TEXT(position->topic), WEIR_INT(position->partition),
                                          WEIR_INT(position->next), WEIR_INT(position->epoch)),
                              true, failure);
}

/* A second's worth at most at a time, and at once again when there was more, so that the table keeps no more than its
 * window however fast it fills. */
static weir_err prune_seen(wr_core *core, weir_failure *failure)
{
    inbox *inbox = &core->inbox;
    int64_t now_ms = wr_clock_ms(core);
    if (now_ms - inbox->pruned_at_ms < PRUNE_EVERY_MS)
        return WEIR_OK;
    weir_err err =
        wr_store_run(core->store, WR_SQL_SEEN_PRUNE,
                     WEIR_VALUES(WEIR_INT(now_ms - core->options.seen_window_ms), WEIR_INT(PRUNE_COUNT)), failure);
    if (err == WEIR_OK && wr_store_changes(core->store) < PRUNE_COUNT)
        inbox->pruned_at_ms = now_ms;
    return err;
}

weir_err wr_inbox_write(wr_core *core, weir_failure *failure)
{
    inbox *inbox = &core->inbox;
    position *position;
    weir_err err = WEIR_OK;
    for (size_t at = 0; err == WEIR_OK && (position = wr_map_next(inbox->positions, &at, NULL));)
        if (position->is_changed)
            err = write_position(core, position, failure);
    if (err == WEIR_OK)
        err = wr_senders_write(core, failure);
    if (err == WEIR_OK)
        err = wr_clock_write(core, failure);
    return err == WEIR_OK ? prune_seen(core, failure) : err;
}

void wr_inbox_committed(wr_core *core)
{
    for (size_t i = 0; i < core->inbox.count; i++)
        atomic_store(&core->inbox.all[i]->committed, core->inbox.all[i]->next);
}
