/* Which events of other weir services have been handled: per sender's outbox and partition the numbers above a floor
 * (handled.c), which the sender says with each record. One that does not say it (an earlier weir) sends in rising
 * order: its floor is right above its highest number.
 *
 * weir_senders is what counts. Memory holds the rows that are in use, about CACHED_MAX of them and ITEMS_MAX numbers; a
 * row that is not there is read when an event of its sender comes. What has changed since the last look but one
 * (remade.c) stays in memory, since how it was before that is known there alone; only beyond twice the limit it goes,
 * too.
 *
 * A sender publishes again only what it had not heard of when it ended: with the same numbers, behind what it repeats,
 * right after it starts. So a row may be forgotten when nothing more can come to be repeated. Rows are kept for as long
 * as nothing came from their sender in that partition for the longer of seen.window and 30 days, in which the service
 * ran (clock.c); a sender that comes back after that with something it had published before is taken for new. Past
 * a million (senders_max) the rows that are silent for longest go first, whatever their age, which is said in the log: that many
 * outboxes mean that databases are made anew all the time. */
#include "core_int.h"

#include <base/array.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CACHED_MAX = 100000,
    ITEMS_MAX = 4 << 20,               /* 32 MiB */
    ABOVE_SIZE_MAX = 10 * HANDLED_MAX, /* bytes */
    PRUNE_EVERY_MS = 60000,
    PRUNE_COUNT = 10000
};

#define WINDOW_MIN_MS ((int64_t)30 * 24 * 3600 * 1000)

static size_t cached_max(const wr_core *core)
{
    return core->options.senders_max < CACHED_MAX ? core->options.senders_max : CACHED_MAX;
}

static void sender_free(senders *senders, sender *sender)
{
    senders->item_count -= sender->handled.capacity;
    wr_handled_fini(&sender->handled);
    free(sender);
}

weir_err wr_senders_load(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    senders->room_at = cached_max(core);
    senders->items_at = ITEMS_MAX;
    senders->cached = wr_map_new(2 * senders->room_at, wr_random_u64(core->io));
    wr_buf_init(&senders->above, ABOVE_SIZE_MAX);
    if (!senders->cached)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for senders");
    /* Rows of the first release have no time yet: their window begins now. */
    weir_err err = wr_store_begin(core->store, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_store_run(core->store, WR_SQL_SENDER_ADOPT, WEIR_VALUES(WEIR_INT(wr_clock_ms(core))), failure);
    if (err == WEIR_OK)
        return wr_store_commit(core->store, failure);
    wr_store_rollback(core->store);
    return err;
}

void wr_senders_fini(wr_core *core)
{
    senders *senders = &core->senders;
    void *sender;
    for (size_t at = 0; senders->cached && (sender = wr_map_next(senders->cached, &at, NULL));)
        sender_free(senders, sender);
    wr_map_free(senders->cached);
    wr_buf_fini(&senders->above);
    free(senders->changed);
}

static weir_slice key_of(char *key, size_t size, const char *id, const char *topic, int32_t partition)
{
    int used = snprintf(key, size, "%s/%s/%d", id, topic, partition);
    return (weir_slice){(uint8_t *)key, (size_t)used};
}

static weir_err write_one(wr_core *core, const sender *sender, weir_failure *failure)
{
    wr_buf *above = &core->senders.above;
    wr_buf_clear(above);
    wr_handled_encode(&sender->handled, above);
    if (wr_buf_failed(above))
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the numbers of a sender");
    return wr_store_run_later(core->store, WR_SQL_SENDER_SET,
                              WEIR_VALUES(WEIR_TEXT(sender->id), WEIR_TEXT(sender->topic), WEIR_INT(sender->partition),
                                          WEIR_INT(wr_handled_highest(&sender->handled)),
                                          WEIR_INT(sender->handled.floor), WEIR_BLOB(wr_buf_view(above)),
                                          WEIR_INT(wr_clock_ms(core))),
                              false, failure);
}

static weir_err write_changed(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < senders->changed_count && err == WEIR_OK; i++) {
        senders->changed[i]->is_changed = false;
        err = write_one(core, senders->changed[i], failure);
    }
    senders->changed_count = 0;
    return err;
}

/* What the numbers were when the topics were last known for certain. */
static void note_look(wr_core *core, sender *sender)
{
    int64_t highest = wr_handled_highest(&sender->handled);
    if (core->looks < 0) /* nobody looks */
        sender->certain = sender->middle = highest;
    if (sender->looks == core->looks)
        return;
    sender->certain = core->looks - sender->looks == 1 ? sender->middle : highest;
    sender->middle = highest;
    sender->looks = core->looks;
}

static void drop_written(wr_core *core, bool settled_only)
{
    senders *senders = &core->senders;
    weir_slice key;
    sender *sender;
    for (size_t at = 0; (sender = wr_map_next(senders->cached, &at, &key));) {
        note_look(core, sender);
        if (sender->is_changed || (settled_only && sender->certain != wr_handled_highest(&sender->handled)))
            continue;
        wr_map_remove(senders->cached, key);
        sender_free(senders, sender);
    }
}

/* Everything that is written already may be read again. A batch may be from more senders than memory holds: what it has
 * changed is written with its transaction, in front of the savepoint of the event that is looked at. */
static weir_err make_room(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    size_t max = cached_max(core);
    senders->last = NULL;
    drop_written(core, true);
    if (wr_map_count(senders->cached) >= 2 * max || senders->item_count >= 2 * (size_t)ITEMS_MAX) {
        weir_err err = write_changed(core, failure);
        if (err != WEIR_OK)
            return err;
        drop_written(core, false);
    }
    /* Not again for each one that comes now. */
    size_t left = wr_map_count(senders->cached), items = senders->item_count;
    size_t half_more = left + left / 2;
    senders->room_at = half_more < max ? max : half_more < 2 * max ? half_more : 2 * max;
    senders->items_at = items + items / 2 > ITEMS_MAX ? items + items / 2 : ITEMS_MAX;
    return WEIR_OK;
}

static weir_err read_handled(wr_core *core, sender *sender, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(
        core->store, WR_SQL_SENDER_HANDLED,
        WEIR_VALUES(WEIR_TEXT(sender->id), WEIR_TEXT(sender->topic), WEIR_INT(sender->partition)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK) {
        err = wr_handled_decode(wr_statement_blob(statement, 1), wr_statement_int(statement, 0), &sender->handled);
        if (err != WEIR_OK)
            weir_fail(failure, err, "weir_senders: the numbers of outbox %s in %s/%d cannot be read", sender->id,
                      sender->topic, sender->partition);
        sender->middle = sender->certain = wr_handled_highest(&sender->handled);
    }
    wr_statement_done(statement);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err add(wr_core *core, weir_slice key, const char *id, const char *topic, int32_t partition,
                    sender **ret_sender, weir_failure *failure)
{
    senders *senders = &core->senders;
    sender *made = calloc(1, sizeof *made);
    if (!made)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a sender");
    made->partition = partition;
    made->looks = core->looks;
    snprintf(made->id, sizeof made->id, "%s", id);
    snprintf(made->topic, sizeof made->topic, "%s", topic);
    weir_err err = WEIR_OK;
    if (wr_map_count(senders->cached) >= senders->room_at || senders->item_count >= senders->items_at)
        err = make_room(core, failure);
    if (err == WEIR_OK)
        err = read_handled(core, made, failure);
    if (err == WEIR_OK) {
        err = wr_map_add(senders->cached, key, made);
        if (err != WEIR_OK)
            weir_fail(failure, err, "no memory for a sender");
    }
    if (err != WEIR_OK) {
        wr_handled_fini(&made->handled);
        free(made);
        return err;
    }
    senders->item_count += made->handled.capacity;
    *ret_sender = made;
    return WEIR_OK;
}

static weir_err get(wr_core *core, const char *id, const char *topic, int32_t partition, sender **ret_sender,
                    weir_failure *failure)
{
    senders *senders = &core->senders;
    sender *last = senders->last; /* records come in runs of one sender */
    if (!last || last->partition != partition || strcmp(last->topic, topic) != 0 || strcmp(last->id, id) != 0) {
        char key[TOPIC_SIZE_MAX + WR_UUID_TEXT_SIZE + 16];
        weir_slice name = key_of(key, sizeof key, id, topic, partition);
        last = wr_map_find(senders->cached, name);
        weir_err err = last ? WEIR_OK : add(core, name, id, topic, partition, &last, failure);
        if (err != WEIR_OK)
            return err;
        senders->last = last;
    }
    *ret_sender = last;
    return WEIR_OK;
}

static weir_err remember(senders *senders, sender *sender)
{
    if (sender->is_changed)
        return WEIR_OK;
    weir_err err = WR_ARRAY_RESERVE(senders->changed, senders->changed_capacity, senders->changed_count + 1,
                                    (size_t)2 * CACHED_MAX);
    if (err != WEIR_OK)
        return err;
    senders->changed[senders->changed_count++] = sender;
    sender->is_changed = true;
    return WEIR_OK;
}

weir_err wr_senders_go_back(wr_core *core, const char *topic, int32_t partition, weir_failure *failure)
{
    sender *sender;
    for (size_t at = 0; (sender = wr_map_next(core->senders.cached, &at, NULL));) {
        if (sender->partition != partition || strcmp(sender->topic, topic) != 0)
            continue;
        note_look(core, sender);
        if (wr_handled_highest(&sender->handled) == sender->certain)
            continue;
        if (remember(&core->senders, sender) != WEIR_OK)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for senders");
        wr_handled_cut(&sender->handled, sender->certain);
        sender->middle = sender->certain;
    }
    return WEIR_OK;
}

weir_err wr_senders_is_new(wr_core *core, const outbox_number *number, const wr_client_record *record, bool was_read,
                           bool *ret_is_new, weir_failure *failure)
{
    sender *sender;
    weir_err err = get(core, number->id, record->topic, record->partition, &sender, failure);
    if (err != WEIR_OK)
        return err;
    handled *handled = &sender->handled;
    note_look(core, sender);
    bool is_known = wr_handled_has(handled, number->sequence);
    *ret_is_new = !is_known && !was_read;
    if (is_known)
        return WEIR_OK;
    size_t capacity = handled->capacity;
    err = remember(&core->senders, sender);
    if (err == WEIR_OK)
        err = wr_handled_add(handled, number->sequence);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "no memory for senders");
    core->senders.item_count += handled->capacity - capacity;
    bool has_floor = number->floor >= 0 && number->floor <= number->sequence;
    wr_handled_raise(handled, has_floor ? number->floor : number->sequence + 1);
    return WEIR_OK;
}

/* ---- within a transaction */

static weir_err count_rows(wr_core *core, int64_t *ret_count, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(core->store, WR_SQL_SENDER_COUNT, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    *ret_count = err == WEIR_OK ? wr_statement_int(statement, 0) : 0;
    wr_statement_done(statement);
    return err;
}

static weir_err delete_excess(wr_core *core, weir_failure *failure)
{
    int64_t count = 0;
    weir_err err = count_rows(core, &count, failure);
    int64_t excess = count - (int64_t)core->options.senders_max;
    if (err != WEIR_OK || excess <= 0)
        return err;
    wr_trace_log(core->trace, WR_WARN,
                 "more senders than can be remembered: those that are silent for longest are forgotten, and what they "
                 "may repeat counts as new",
                 WR_NUMBER("forgotten", excess), WR_TEXT("group", core->group));
    return wr_store_run(core->store, WR_SQL_SENDER_DELETE_OLDEST, WEIR_VALUES(WEIR_INT(excess)), failure);
}

static weir_err prune(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    int64_t now_ms = wr_clock_ms(core);
    int64_t window_ms = core->options.seen_window_ms > WINDOW_MIN_MS ? core->options.seen_window_ms : WINDOW_MIN_MS;
    if (now_ms - senders->pruned_at_ms < PRUNE_EVERY_MS)
        return WEIR_OK;
    senders->pruned_at_ms = now_ms;
    weir_err err = wr_store_run(core->store, WR_SQL_SENDER_PRUNE,
                                WEIR_VALUES(WEIR_INT(now_ms - window_ms), WEIR_INT(PRUNE_COUNT)), failure);
    return err == WEIR_OK ? delete_excess(core, failure) : err;
}

weir_err wr_senders_write(wr_core *core, weir_failure *failure)
{
    weir_err err = write_changed(core, failure);
    return err == WEIR_OK ? prune(core, failure) : err;
}
