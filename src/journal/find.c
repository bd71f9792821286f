/* Looking up offsets by time. The time index says where a segment's greatest timestamp so far is still below the time
 * asked for; from there the heads say which batch may hold the record, and the records themselves decide. */
#include "log_int.h"

enum { FIND_BUFFER = 4096 };

typedef struct time_search {
    int64_t time_ms;          /* the first record at or after this ... */
    int64_t from_offset;      /* ... not before this ... */
    int64_t limit_offset;     /* ... and below this */
    int64_t offset, found_ms; /* the answer; offset -1: none yet */
} time_search;

/* What is asked for may stand in the damaged batch: there is no answer, but the damage is known from now on. */
static weir_err damaged(wr_segment *segment, int64_t position, int64_t offset, const char *reason)
{
    uint8_t buffer[FIND_BUFFER];
    wr_walk walk = {.segment = segment, .end = segment->size, .buffer = buffer, .buffer_size = sizeof buffer};
    weir_err err = wr_log_note_damage(segment, position, offset, reason, &walk);
    return err == WEIR_OK ? WEIR_E_CORRUPT : err;
}

static weir_err search_records(time_search *search, const wr_batch *batch, weir_arena *arena)
{
    wr_records records;
    wr_record record;
    weir_err err = wr_records_open(batch, arena, WR_LOG_DECOMPRESSED_MAX, &records);
    while (err == WEIR_OK && (err = wr_records_next(&records, &record)) == WEIR_OK) {
        if (record.offset < search->from_offset || record.timestamp_ms < search->time_ms)
            continue;
        search->offset = record.offset;
        search->found_ms = record.timestamp_ms;
        return WEIR_OK;
    }
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

static weir_err search_bytes(time_search *search, wr_segment *segment, int64_t position, const wr_head *head,
                             weir_arena *arena)
{
    uint8_t *bytes = weir_arena_alloc(arena, (size_t)head->size);
    if (!bytes)
        return WEIR_E_MEMORY;
    wr_file *file;
    size_t got = 0;
    weir_err err = wr_segment_open(segment, &file);
    if (err == WEIR_OK)
        err = wr_file_read(file, position, bytes, (size_t)head->size, &got);
    if (err != WEIR_OK)
        return err;
    wr_batch batch;
    if (got != (size_t)head->size || wr_batch_read((weir_slice){bytes, got}, &batch, NULL) != WEIR_OK ||
        !wr_batch_crc_holds(&batch))
        return damaged(segment, position, head->base_offset, "the CRC does not hold");
    return search_records(search, &batch, arena);
}

/* In memory of its own: who looks in many logs at once needs that of one batch at a time. */
static weir_err search_batch(time_search *search, wr_segment *segment, int64_t position, const wr_head *head)
{
    weir_arena *arena = weir_arena_new((size_t)head->size + 2 * (size_t)WR_LOG_DECOMPRESSED_MAX);
    weir_err err = arena ? search_bytes(search, segment, position, head, arena) : WEIR_E_MEMORY;
    weir_arena_free(arena);
    return err;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* WEIR_E_RANGE: nothing here, go on with the next segment. */
static weir_err search_segment(time_search *search, wr_segment *segment)
{
    int64_t from = larger(search->from_offset, segment->base_offset), position, base_offset;
    weir_err err = wr_segment_index(segment);
    if (err != WEIR_OK)
        return err;
    size_t count = wr_index_count_to(&segment->times, search->time_ms);
    if (count > 0)
        from = larger(from, segment->base_offset + wr_index_value(&segment->times, count - 1));
    err = wr_segment_find(segment, from, &position, &base_offset);
    if (err != WEIR_OK)
        return err;
    uint8_t buffer[FIND_BUFFER];
    wr_walk walk = {.segment = segment,
                    .position = position,
                    .end = segment->size,
                    .offset = base_offset,
                    .buffer = buffer,
                    .buffer_size = sizeof buffer};
    wr_head head;
    while ((err = wr_walk_next(&walk, &head)) == WEIR_OK && head.base_offset < search->limit_offset) {
        if (head.max_timestamp < search->time_ms)
            continue;
        err = search_batch(search, segment, walk.position - head.size, &head);
        if (err != WEIR_OK || search->offset >= 0)
            return err;
    }
    return err == WEIR_E_CORRUPT ? damaged(segment, walk.position, walk.offset, walk.reason) : err;
}

weir_err wr_log_find_time(wr_log *log, int64_t time_ms, int64_t limit_offset, int64_t *ret_offset, int64_t *ret_time_ms)
{
    time_search search = {.time_ms = time_ms,
                          .from_offset = log->start_offset,
                          .limit_offset = limit_offset,
                          .offset = -1,
                          .found_ms = -1};
    for (size_t i = wr_log_segment_at(log, log->start_offset); i < log->segment_count && search.offset < 0; i++) {
        wr_segment *segment = log->segments[i];
        if (segment->base_offset >= limit_offset)
            break;
        if (segment->max_time < time_ms || segment->end_offset <= log->start_offset)
            continue;
        weir_err err = search_segment(&search, segment);
        if (err != WEIR_OK && err != WEIR_E_RANGE)
            return err;
    }
    bool found = search.offset >= 0 && search.offset < limit_offset;
    *ret_offset = found ? search.offset : -1;
    *ret_time_ms = found ? search.found_ms : -1;
    return WEIR_OK;
}

/* The last entry of the time index whose batch ends below the limit holds the greatest time up to there: the batches
 * that follow it may hold a greater one. */
static weir_err begin_below(wr_segment *segment, int64_t limit_offset, int64_t *from_offset, int64_t *ret_time_ms)
{
    *ret_time_ms = -1;
    weir_err err = wr_segment_index(segment);
    if (err != WEIR_OK || limit_offset >= segment->end_offset)
        return err;
    size_t count = wr_index_count_to_position(&segment->times, (int32_t)(limit_offset - 1 - segment->base_offset));
    if (count == 0 || segment->base_offset + wr_index_value(&segment->times, count - 1) < *from_offset)
        return WEIR_OK;
    *from_offset = segment->base_offset + wr_index_value(&segment->times, count - 1);
    *ret_time_ms = wr_index_key(&segment->times, count - 1);
    return WEIR_OK;
}

/* The greatest timestamp of the batches between the start offset and the limit. Only a segment that one of them cuts must
 * be walked, and only if its greatest lies outside. */
static weir_err greatest_time(const wr_log *log, wr_segment *segment, int64_t limit_offset, int64_t *ret_time_ms)
{
    bool inside = segment->max_time_offset >= log->start_offset && segment->max_time_offset < limit_offset;
    if (segment->max_time < 0 || inside) {
        *ret_time_ms = segment->max_time;
        return WEIR_OK;
    }
    int64_t from_offset = larger(log->start_offset, segment->base_offset), position, base_offset, time_ms;
    weir_err err = begin_below(segment, limit_offset, &from_offset, &time_ms);
    if (err == WEIR_OK)
        err = wr_segment_find(segment, from_offset, &position, &base_offset);
    if (err != WEIR_OK)
        return err;
    uint8_t buffer[FIND_BUFFER];
    wr_walk walk = {.segment = segment,
                    .position = position,
                    .end = segment->size,
                    .offset = base_offset,
                    .buffer = buffer,
                    .buffer_size = sizeof buffer};
    wr_head head;
    while ((err = wr_walk_next(&walk, &head)) == WEIR_OK && head.last_offset < limit_offset)
        time_ms = larger(time_ms, head.max_timestamp);
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    *ret_time_ms = time_ms;
    return WEIR_OK;
}

weir_err wr_log_find_max_time(wr_log *log, int64_t limit_offset, int64_t *ret_offset, int64_t *ret_time_ms)
{
    int64_t time_ms = -1;
    for (size_t i = wr_log_segment_at(log, log->start_offset); i < log->segment_count; i++) {
        int64_t greatest = -1;
        weir_err err = WEIR_OK;
        if (log->segments[i]->base_offset >= limit_offset)
            break;
        if (log->segments[i]->end_offset > log->start_offset)
            err = greatest_time(log, log->segments[i], limit_offset, &greatest);
        if (err != WEIR_OK)
            return err;
        time_ms = larger(time_ms, greatest);
    }
    if (time_ms < 0) {
        *ret_offset = *ret_time_ms = -1;
        return WEIR_OK;
    }
    return wr_log_find_time(log, time_ms, limit_offset, ret_offset, ret_time_ms);
}
