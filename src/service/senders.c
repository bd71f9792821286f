/* Which events of other weir services have been handled: per sender's outbox and partition the highest number.
 *
 * weir_senders is what counts. Memory holds the rows that are in use, at most CACHED_MAX; a row that is not there is
 * read when an event of its sender comes.
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

enum { CACHED_MAX = 100000, PRUNE_EVERY_MS = 60000, PRUNE_COUNT = 10000 };

#define WINDOW_MIN_MS ((int64_t)30 * 24 * 3600 * 1000)

weir_err wr_senders_load(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    size_t rows_max = core->options.senders_max;
    senders->cached = wr_map_new(rows_max < CACHED_MAX ? rows_max : CACHED_MAX, wr_random_u64(core->io));
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
        free(sender);
    wr_map_free(senders->cached);
    free(senders->changed);
}

static weir_slice key_of(char *key, size_t size, const char *id, const char *topic, int32_t partition)
{
    int used = snprintf(key, size, "%s/%s/%d", id, topic, partition);
    return (weir_slice){(uint8_t *)key, (size_t)used};
}

static weir_err write_changed(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < senders->changed_count && err == WEIR_OK; i++) {
        sender *sender = senders->changed[i];
        sender->is_changed = false;
        err = wr_store_run(core->store, WR_SQL_SENDER_SET,
                           WEIR_VALUES(WEIR_TEXT(sender->id), WEIR_TEXT(sender->topic), WEIR_INT(sender->partition),
                                       WEIR_INT(sender->highest), WEIR_INT(wr_clock_ms(core))),
                           failure);
    }
    senders->changed_count = 0;
    return err;
}

/* Everything that is written already may be read again. A batch may be from more senders than memory holds: what it has
 * changed is written with its transaction, in front of the savepoint of the event that is looked at. */
static weir_err make_room(wr_core *core, weir_failure *failure)
{
    senders *senders = &core->senders;
    weir_slice key;
    sender *sender;
    senders->last = NULL;
    if (senders->changed_count == wr_map_count(senders->cached)) {
        weir_err err = write_changed(core, failure);
        if (err != WEIR_OK)
            return err;
    }
    for (size_t at = 0; (sender = wr_map_next(senders->cached, &at, &key));)
        if (!sender->is_changed) {
            wr_map_remove(senders->cached, key);
            free(sender);
        }
    return WEIR_OK;
}

static weir_err read_highest(wr_core *core, sender *sender, weir_failure *failure)
{
    wr_statement *statement;
    weir_err err = wr_store_select(
        core->store, WR_SQL_SENDER_HIGHEST,
        WEIR_VALUES(WEIR_TEXT(sender->id), WEIR_TEXT(sender->topic), WEIR_INT(sender->partition)), &statement, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_statement_next(statement, failure);
    if (err == WEIR_OK)
        sender->highest = sender->middle = sender->certain = wr_statement_int(statement, 0);
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
    weir_err err = read_highest(core, made, failure);
    if (err == WEIR_OK) {
        err = wr_map_add(senders->cached, key, made);
        if (err == WEIR_E_LIMIT) {
            err = make_room(core, failure);
            if (err == WEIR_OK)
                err = wr_map_add(senders->cached, key, made);
        }
        if (err == WEIR_E_MEMORY || err == WEIR_E_LIMIT)
            weir_fail(failure, err, "no memory for a sender");
    }
    if (err != WEIR_OK) {
        free(made);
        return err;
    }
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
    weir_err err =
        WR_ARRAY_RESERVE(senders->changed, senders->changed_capacity, senders->changed_count + 1, CACHED_MAX);
    if (err != WEIR_OK)
        return err;
    senders->changed[senders->changed_count++] = sender;
    sender->is_changed = true;
    return WEIR_OK;
}

/* What the numbers were when the topics were last known for certain. */
static void note_look(wr_core *core, sender *sender)
{
    if (sender->looks == core->looks)
        return;
    sender->certain = core->looks - sender->looks == 1 ? sender->middle : sender->highest;
    sender->middle = sender->highest;
    sender->looks = core->looks;
}

weir_err wr_senders_go_back(wr_core *core, const char *topic, int32_t partition, weir_failure *failure)
{
    sender *sender;
    for (size_t at = 0; (sender = wr_map_next(core->senders.cached, &at, NULL));) {
        if (sender->partition != partition || strcmp(sender->topic, topic) != 0)
            continue;
        note_look(core, sender);
        if (sender->highest == sender->certain)
            continue;
        if (remember(&core->senders, sender) != WEIR_OK)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for senders");
        sender->highest = sender->middle = sender->certain;
    }
    return WEIR_OK;
}

weir_err wr_senders_is_new(wr_core *core, const char *id, const wr_client_record *record, int64_t sequence,
                           bool was_read, bool *ret_is_new, weir_failure *failure)
{
    sender *sender;
    weir_err err = get(core, id, record->topic, record->partition, &sender, failure);
    if (err != WEIR_OK)
        return err;
    note_look(core, sender);
    *ret_is_new = sequence > sender->highest && !was_read;
    if (sequence <= sender->highest)
        return WEIR_OK;
    err = remember(&core->senders, sender);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "no memory for senders");
    sender->highest = sequence;
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
