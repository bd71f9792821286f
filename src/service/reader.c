/* Reading: the consumer's polls, and what happens to its partitions. The Kafka side's alone, but for what it asks.
 *
 * What a poll brings is taken over as a chunk and waits, with others, for the database side, which takes all of it as
 * one batch. So the records of a batch are those that came while the last one was handled and committed, up to
 * batch.max, whatever pieces they came in; beyond that, or beyond READ_SIZE_MAX, nothing is polled.
 *
 * A partition is read in readings, which are numbered. Each record carries the number of the reading it came by, and
 * the database side handles those of the current one only: when partitions are given back, when a topic was made anew
 * and when records are held for a breaker, the number rises, and what is on its way between the two sides is dropped
 * there, to be read again from where the position stands. The database side says in position.wanted what it wants: a
 * reading from an offset, a pause; here it is carried out before the next poll, and tried again while a broker is away.
 *
 * Events whose attributes are headers are decoded here, since that is only copying. What has to be parsed (structured
 * mode), what is no event and what has lost an attribute is left to the handlers' side, which marks each record before it
 * touches it (attempt.c) and says what became of it; so is what goes beyond the chunk's arena.
 *
 * Taking partitions and giving them back is the database's business (epochs, positions) and is asked for: the other
 * side runs it between two batches, and the callback, and with it the group, waits. So what is being handled when a
 * partition is given back is committed first, and what was only read is not handled. The group is told committed
 * positions and nothing else. */
#include "core_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { TELL_EVERY_MS = 1000, TELL_COUNT = 256, DECODED_SIZE_MAX = 8 << 20 };

/* ---- partitions come and go */

typedef struct change {
    wr_assignment *assignments;
    const wr_assignment *given_up;
    size_t count;
    const char *topic;
    const wr_topic_id *id;
    int64_t looks;
} change;

static void run_taken(wr_core *core, void *what)
{
    change *change = what;
    wr_inbox_taken(core, change->assignments, change->count);
}

static void run_given_up(wr_core *core, void *what)
{
    change *change = what;
    wr_inbox_given_up(core, change->given_up, change->count);
}

static void run_identified(wr_core *core, void *what)
{
    change *change = what;
    core->looks = change->looks;
    wr_inbox_identified(core, change->topic, change->id);
}

void wr_reader_assigned(void *user, wr_assignment *assignments, size_t count)
{
    wr_core *core = user;
    change change = {.assignments = assignments, .count = count};
    if (!wr_pipeline_ask(core, run_taken, &change))
        return; /* the core is ending: what is read now is nobody's */
    pthread_mutex_lock(&core->lock);
    for (size_t i = 0; i < count; i++) {
        position *position = wr_inbox_find(core, assignments[i].topic, assignments[i].partition);
        if (position)
            position->reader = (position_reader){.reading = position->wanted.reading, .is_owned = true, .told = -1};
    }
    core->handoff.has_wishes = true; /* what is new may have to be paused */
    pthread_mutex_unlock(&core->lock);
    wr_trace_log(core->trace, WR_INFO, "partitions assigned", WR_TEXT("group", core->group), WR_NUMBER("count", count));
}

void wr_reader_revoked(void *user, const wr_assignment *assignments, size_t count, bool lost)
{
    wr_core *core = user;
    change change = {.given_up = assignments, .count = count};
    bool is_over = wr_pipeline_ask(core, run_given_up, &change);
    if (is_over && !lost)
        wr_reader_tell_group(core, true);
    for (size_t i = 0; i < count; i++) {
        position *position = wr_inbox_find(core, assignments[i].topic, assignments[i].partition);
        if (position)
            position->reader.is_owned = false;
    }
    wr_trace_log(core->trace, lost ? WR_WARN : WR_INFO, lost ? "partitions lost" : "partitions revoked",
                 WR_TEXT("group", core->group), WR_NUMBER("count", count));
}

static void wish_again(wr_core *core)
{
    pthread_mutex_lock(&core->lock);
    core->handoff.has_wishes = true;
    pthread_mutex_unlock(&core->lock);
}

void wr_reader_identified(void *user, const char *topic, const wr_topic_id *id)
{
    wr_core *core = user;
    change change = {.topic = topic, .id = id, .looks = core->reader.looks};
    weir_failure ignored = {0};
    if (!wr_pipeline_ask(core, run_identified, &change))
        return;
    /* Now, since this poll would read on where the old topic was; what fails is tried, and said, before the next. */
    if (wr_reader_apply(core, &ignored) != WEIR_OK)
        wish_again(core);
}

/* ---- what the database side wants */

/* A partition whose topic was deleted has nothing to pause; when it is assigned again it is not paused. */
static weir_err pause(wr_core *core, position *position, bool paused)
{
    weir_err err = wr_consumer_pause(core->reader.consumer, position->topic, position->partition, paused);
    if (err == WEIR_OK || err == WEIR_E_NOT_FOUND)
        position->reader.is_paused = paused;
    return err == WEIR_E_NOT_FOUND ? WEIR_OK : err;
}

static weir_err apply(wr_core *core, position *position)
{
    pthread_mutex_lock(&core->lock);
    position_wanted wanted = position->wanted;
    pthread_mutex_unlock(&core->lock);
    position_reader *reader = &position->reader;
    weir_err err = WEIR_OK;
    if (wanted.is_paused && !reader->is_paused)
        err = pause(core, position, true);
    if (err == WEIR_OK && wanted.reading != reader->reading) {
        err = wr_consumer_seek(core->reader.consumer, position->topic, position->partition, wanted.from);
        if (err == WEIR_OK)
            reader->reading = wanted.reading;
    }
    if (err == WEIR_OK && !wanted.is_paused && reader->is_paused)
        err = pause(core, position, false);
    return err;
}

weir_err wr_reader_apply(wr_core *core, weir_failure *failure)
{
    pthread_mutex_lock(&core->lock);
    bool has_wishes = core->handoff.has_wishes, is_undone = false;
    core->handoff.has_wishes = false;
    pthread_mutex_unlock(&core->lock);
    for (size_t i = 0; has_wishes && i < core->inbox.count; i++) { /* it grows only while this side waits */
        position *position = core->inbox.all[i];
        weir_err err = position->reader.is_owned ? apply(core, position) : WEIR_OK;
        if (err == WEIR_E_TIMEOUT || err == WEIR_E_UNREACHABLE || err == WEIR_E_AGAIN || err == WEIR_E_NOT_FOUND)
            is_undone = true; /* the broker is away, or the partition is; the next round tries again */
        else if (err != WEIR_OK)
            return weir_fail(failure, err, "partition %d of %s cannot be read from where it should be: %s",
                             position->partition, position->topic, weir_err_name(err));
    }
    if (is_undone)
        wish_again(core);
    return WEIR_OK;
}

/* ---- the group's offsets: for lag to be visible and for others to start from; ours stand in the database */

static bool is_untold(const position *position)
{
    int64_t committed = atomic_load(&position->committed);
    return position->reader.is_owned && committed >= 0 && committed != position->reader.told;
}

/* Up to TELL_COUNT, from *at on; false: they are told again with the next ones. */
static bool tell_some(wr_core *core, size_t *at)
{
    wr_assignment positions[TELL_COUNT];
    position *told[TELL_COUNT];
    size_t count = 0;
    for (; count < TELL_COUNT && *at < core->inbox.count; ++*at) {
        position *position = core->inbox.all[*at];
        if (!is_untold(position))
            continue;
        position->reader.told = atomic_load(&position->committed);
        told[count] = position;
        positions[count++] = (wr_assignment){position->topic, position->partition, position->reader.told};
    }
    bool is_told = count == 0 || wr_consumer_commit(core->reader.consumer, positions, count, false) == WEIR_OK;
    for (size_t i = 0; i < count && !is_told; i++)
        told[i]->reader.told = -1;
    return is_told;
}

void wr_reader_tell_group(wr_core *core, bool now)
{
    int64_t now_ms = wr_clock_ms(core);
    if (!now && now_ms - core->reader.told_at_ms < TELL_EVERY_MS)
        return;
    core->reader.told_at_ms = now_ms;
    for (size_t at = 0; at < core->inbox.count && tell_some(core, &at);)
        ;
}

int wr_reader_wait_ms(wr_core *core, int timeout_ms)
{
    for (size_t i = 0; timeout_ms > TELL_EVERY_MS && i < core->inbox.count; i++)
        if (is_untold(core->inbox.all[i]))
            timeout_ms = TELL_EVERY_MS;
    return timeout_ms;
}

/* ---- polls */

/* A poll ends when the cluster gets out of reach, and when it is reached again: both are told here, once. */
static void look_for_broker(wr_core *core)
{
    wr_reach reach;
    wr_consumer_reach(core->reader.consumer, &reach);
    bool was_unreachable = atomic_load(&core->is_unreachable);
    if (reach.is_unreachable && !was_unreachable) {
        core->reader.unreachable_since_us = wr_mono_us(core->io);
        pthread_mutex_lock(&core->lock);
        snprintf(core->unreachable_reason, sizeof core->unreachable_reason, "%s", reach.reason);
        pthread_mutex_unlock(&core->lock);
        wr_trace_log(core->trace, WR_WARN, "the broker cannot be reached; trying on", WR_TEXT("error", reach.reason));
    } else if (reach.is_reached && was_unreachable) {
        wr_trace_log(core->trace, WR_INFO, "the broker is reached again",
                     WR_NUMBER("after_ms", (wr_mono_us(core->io) - core->reader.unreachable_since_us) / 1000));
    }
    atomic_store(&core->is_unreachable, reach.is_unreachable || (was_unreachable && !reach.is_reached));
}

static position *find(wr_core *core, const wr_client_record *record)
{
    position *last = core->reader.last;
    if (!last || last->partition != record->partition || strcmp(last->topic, record->topic) != 0)
        last = core->reader.last = wr_inbox_find(core, record->topic, record->partition);
    return last;
}

static const weir_event *decode(const wr_client_record *record, weir_arena *arena)
{
    wr_event_record view = {record->key, record->value, record->headers, record->header_count};
    if (wr_event_is_structured(&view))
        return NULL;
    weir_failure ignored = {0};
    wr_event_loss loss = {0};
    weir_event *event = weir_arena_alloc(arena, sizeof *event);
    bool is_whole = event && wr_event_decode_kafka_loss(&view, arena, event, &loss, &ignored) == WEIR_OK && !loss.count;
    return is_whole ? event : NULL;
}

static void chunk_free(chunk *chunk)
{
    wr_polled_free(chunk->polled);
    weir_arena_free(chunk->arena);
    free(chunk);
}

static weir_err chunk_new(wr_core *core, size_t count, chunk **ret_chunk, weir_failure *failure)
{
    chunk *made = calloc(1, sizeof *made + count * sizeof made->items[0]);
    if (made) {
        made->arena = weir_arena_new(DECODED_SIZE_MAX);
        made->polled = made->arena ? wr_consumer_take(core->reader.consumer) : NULL;
    }
    if (!made || !made->polled) {
        if (made)
            chunk_free(made);
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for %zu records", count);
    }
    made->records = wr_polled_records(made->polled, &made->count);
    made->looks = core->reader.looks;
    for (size_t i = 0; i < made->count; i++) {
        const wr_client_record *record = &made->records[i];
        position *position = find(core, record);
        made->items[i] = (chunk_item){.position = position,
                                      .reading = position ? position->reader.reading : 0,
                                      .event = position ? decode(record, made->arena) : NULL};
        made->size += record->key.size + record->value.size;
    }
    *ret_chunk = made;
    return WEIR_OK;
}

void wr_reader_drop(wr_list *chunks)
{
    for (wr_link *link; (link = wr_list_pop(chunks));)
        chunk_free(WR_LIST_ITEM(link, chunk, link));
}

/* How many records there is room for. */
static size_t room(wr_core *core)
{
    const handoff *handoff = &core->handoff;
    wr_list spent;
    wr_list_init(&spent);
    pthread_mutex_lock(&core->lock);
    bool is_full =
        !handoff->may_read || handoff->read_size >= READ_SIZE_MAX || handoff->read_count >= core->options.batch_max;
    size_t room = is_full ? 0 : core->options.batch_max - handoff->read_count;
    wr_list_move(&spent, &core->handoff.spent);
    pthread_mutex_unlock(&core->lock);
    wr_reader_drop(&spent);
    return room;
}

static void hand_over(wr_core *core, chunk *chunk)
{
    handoff *handoff = &core->handoff;
    pthread_mutex_lock(&core->lock);
    bool is_first = wr_list_empty(&handoff->chunks);
    wr_list_append(&handoff->chunks, &chunk->link);
    handoff->read_count += chunk->count;
    handoff->read_size += chunk->size;
    pthread_mutex_unlock(&core->lock);
    if (is_first)
        wr_pipeline_wake_main(core);
}

weir_err wr_reader_poll(wr_core *core, int timeout_ms, bool *ret_did, weir_failure *failure)
{
    const wr_client_record *records;
    size_t count = 0, max = room(core);
    weir_failure own = {0};
    *ret_did = max > 0;
    if (max == 0)
        return WEIR_OK;
    core->reader.looks = wr_consumer_looks(core->reader.consumer);
    weir_err err = wr_consumer_poll(core->reader.consumer, max, timeout_ms, &records, &count, &own);
    look_for_broker(core);
    if (err == WEIR_E_UNREACHABLE)
        return WEIR_OK;
    if (err != WEIR_OK)
        return weir_fail(failure, err, "%s", own.sentence);
    chunk *chunk = NULL;
    err = count ? chunk_new(core, count, &chunk, failure) : WEIR_OK;
    if (err == WEIR_OK && count)
        hand_over(core, chunk);
    return err;
}
