/* After a run that was killed: what it had put back (redrive.h). */
#include "redrive_int.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct doubtful {
    int32_t partition;
    wr_range range;
} doubtful;

typedef struct settling {
    run *run;
    doubtful *items; /* what is being sent, as the book has it */
    size_t count, capacity;
    int64_t newest_ms;
    target *target; /* that is looked at */
} settling;

static weir_err no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory for dead letters");
}

static weir_err gather_one(void *user, int32_t partition, wr_range range)
{
    settling *settling = user;
    const wr_note *note = wr_book_note(settling->run->book, range);
    if (settling->count == settling->capacity) {
        size_t capacity = settling->capacity ? 2 * settling->capacity : 64;
        doubtful *items = realloc(settling->items, capacity * sizeof *items);
        if (!items)
            return WEIR_E_MEMORY;
        settling->items = items;
        settling->capacity = capacity;
    }
    settling->items[settling->count++] = (doubtful){partition, range};
    if (note && note->at_ms > settling->newest_ms)
        settling->newest_ms = note->at_ms;
    return WEIR_OK;
}

static weir_err gather(settling *settling, weir_failure *failure)
{
    settling->count = 0;
    settling->newest_ms = -1;
    weir_err err = wr_book_each_sending(settling->run->book, gather_one, settling);
    return err == WEIR_OK ? err : no_memory(failure);
}

/* Until the run that is sending is over, or has said something. How long ago it spoke is told by its own clock, which may be
 * behind ours: only what is LONG_AGO_MS old is taken for over at once. */
static weir_err wait_until_quiet(settling *settling, weir_failure *failure)
{
    run *run = settling->run;
    const wr_redrive_options *options = run->options;
    int64_t newest_ms = settling->newest_ms, age_ms = wr_now_ms(options->scan.io) - newest_ms;
    if (settling->count == 0 || age_ms >= LONG_AGO_MS || options->dry_run)
        return WEIR_OK;
    char sentence[200];
    snprintf(sentence, sizeof sentence, "a run that put letters of %.100s back has not ended; waiting %lld s for it",
             wr_book_topic(run->book), (long long)(QUIET_MS / 1000));
    if (options->tell)
        options->tell(options->user, sentence);
    if (options->wait(options->user, QUIET_MS))
        return weir_fail(failure, WEIR_E_CLOSED, "stopped");
    char topic[WR_TOPIC_NAME_SIZE];
    snprintf(topic, sizeof topic, "%s", wr_book_topic(run->book));
    wr_book_close(run->book);
    run->book = NULL;
    weir_err err = wr_book_open(&options->scan, topic, &run->book, failure);
    if (err == WEIR_OK)
        err = gather(settling, failure);
    if (err == WEIR_OK && settling->count && settling->newest_ms > newest_ms)
        err = weir_fail(failure, WEIR_E_AGAIN, "another run puts letters of %.100s back; try again when it is over",
                        topic);
    return err;
}

/* ---- looking at a target */

static bool is_about(const settling *settling, const doubtful *item)
{
    const wr_note *note = wr_book_note(settling->run->book, item->range);
    return note && note->to && strcmp(note->to, settling->target->topic) == 0 &&
           strcmp(note->run, settling->target->run) == 0;
}

/* Where the partition ended when the first of them was announced; -1: not said, so from its start. */
static int64_t first_end(const settling *settling, int32_t partition)
{
    int64_t first = INT64_MAX;
    for (size_t i = 0; i < settling->count; i++) {
        const wr_note *note = wr_book_note(settling->run->book, settling->items[i].range);
        if (!is_about(settling, &settling->items[i]))
            continue;
        int64_t end = -1;
        for (size_t e = 0; e < note->end_count; e++)
            if (note->ends[e].partition == partition)
                end = note->ends[e].offset;
        first = end < first ? end : first;
    }
    return first;
}

static weir_err see_sent(void *user, const wr_client_record *record, weir_failure *failure)
{
    settling *settling = user;
    run *run = settling->run;
    const wr_client_header *header = wr_event_header_find(record->headers, record->header_count, "weir-redrive-id");
    wr_redrive_id id;
    if (!header || wr_redrive_id_parse(header->value, &id) != WEIR_OK ||
        strcmp(id.letter.topic, wr_book_topic(run->book)) != 0)
        return WEIR_OK;
    wr_range range = wr_book_at(run->book, id.letter.partition, id.letter.offset);
    const wr_note *note = wr_book_note(run->book, range);
    if (range.state != WR_LETTER_SENDING || !note || strcmp(note->run, id.run) != 0 ||
        strcmp(note->to, record->topic) != 0)
        return WEIR_OK;
    run->result->found++;
    if (wr_pending_add(&settling->target->redriven, id.letter.partition, id.letter.offset) != WEIR_OK)
        return no_memory(failure);
    return wr_book_set(run->book, id.letter.partition,
                       (wr_range){id.letter.offset, id.letter.offset, WR_LETTER_REDRIVEN, range.tag}, failure);
}

/* Whether all that was written behind those ends can still be read. */
static weir_err plan_scan(settling *settling, wr_scan_part *parts, bool *ret_is_whole, weir_failure *failure)
{
    const wr_scan *scan = &settling->run->options->scan;
    weir_arena *arena = weir_arena_new(64 << 20);
    wr_cluster_info info;
    weir_err err =
        arena ? wr_admin_describe(scan->client, settling->target->topic, true, scan->timeout_ms, arena, &info, failure)
              : no_memory(failure);
    *ret_is_whole = err == WEIR_OK && !settling->target->is_compacted &&
                    info.topics[0].partition_count == settling->target->end_count;
    for (size_t p = 0; err == WEIR_OK && p < settling->target->end_count && *ret_is_whole; p++) {
        const wr_partition_info *partition = &info.topics[0].partitions[p];
        int64_t from = first_end(settling, partition->partition);
        *ret_is_whole =
            from < 0 ? partition->start_offset == 0 : from >= partition->start_offset && from <= partition->end_offset;
        parts[p] = (wr_scan_part){settling->target->topic, partition->partition, from < 0 ? 0 : from, INT64_MAX};
    }
    weir_arena_free(arena);
    return err;
}

/* Those of one range that were not found; *ret_rest are theirs, to be marked. */
static weir_err reopen_range(settling *settling, const doubtful *item, wr_pending *rest, weir_failure *failure)
{
    wr_book *book = settling->run->book;
    weir_err err = WEIR_OK;
    for (int64_t offset = item->range.first; offset <= item->range.last && err == WEIR_OK;) {
        wr_range now = wr_book_at(book, item->partition, offset);
        int64_t last = now.last < item->range.last ? now.last : item->range.last;
        if (now.state == WR_LETTER_SENDING) {
            err = wr_book_set(book, item->partition, (wr_range){offset, last, WR_LETTER_OPEN, now.tag}, failure);
            for (int64_t at = offset; err == WEIR_OK && at <= last; at++)
                if (wr_pending_add(rest, item->partition, at) != WEIR_OK)
                    err = no_memory(failure);
        }
        offset = last + 1;
    }
    return err;
}

static weir_err reopen_rest(settling *settling, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    run *run = settling->run;
    wr_pending rest = {0};
    for (size_t i = 0; i < settling->count && err == WEIR_OK; i++) {
        const doubtful *item = &settling->items[i];
        if (!is_about(settling, item))
            continue;
        const wr_note *note = wr_book_note(run->book, item->range);
        const wr_mark reopened = {.kind = WR_MARK_REOPENED, .to = note->to, .run = note->run, .by = note->by};
        err = reopen_range(settling, item, &rest, failure);
        if (err == WEIR_OK && !run->options->dry_run)
            err = wr_writer_mark(run->writer, &reopened, wr_book_topic(run->book), &rest, failure);
        rest.count = 0;
    }
    wr_pending_fini(&rest);
    return err;
}

static weir_err look_at(settling *settling, weir_failure *failure)
{
    target *target = settling->target;
    if (!target->exists || target->is_looked_at) /* nobody can tell; or it is told */
        return WEIR_OK;
    target->is_looked_at = true;
    wr_scan_part *parts = calloc(target->end_count + 1, sizeof *parts);
    bool is_whole = false;
    wr_scan scan = settling->run->options->scan;
    scan.uncommitted = true; /* what we sent is in no transaction, and may lie behind one that is not over */
    weir_err err = parts ? plan_scan(settling, parts, &is_whole, failure) : no_memory(failure);
    if (err == WEIR_OK && is_whole)
        err = wr_scan_run(&scan, parts, target->end_count, see_sent, settling, failure);
    if (err == WEIR_OK && is_whole)
        err = reopen_rest(settling, failure);
    free(parts);
    return err;
}

weir_err wr_redrive_settle(run *run, weir_failure *failure)
{
    settling settling = {.run = run};
    weir_err err = gather(&settling, failure);
    if (err == WEIR_OK)
        err = wait_until_quiet(&settling, failure);
    for (size_t i = 0; i < settling.count && err == WEIR_OK; i++) {
        const wr_note *note = wr_book_note(run->book, settling.items[i].range);
        if (!note || !note->to)
            continue;
        err = wr_redrive_target_get(run, note->to, note->run, &settling.target, failure);
        if (err == WEIR_OK)
            err = look_at(&settling, failure);
    }
    if (err == WEIR_OK && !run->options->dry_run && settling.count)
        err = wr_redrive_finish(run, failure);
    free(settling.items);
    return err;
}
