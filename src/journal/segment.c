/* One segment: its files and its indexes. Reading it is in read.c. */
#include "log_int.h"

#include <assert.h>
#include <stdlib.h>

enum { REBUILD_BUFFER = 256 << 10 };

wr_segment *wr_segment_new(wr_log *log, int64_t base_offset)
{
    wr_segment *segment = calloc(1, sizeof *segment);
    if (!segment)
        return NULL;
    segment->log = log;
    segment->base_offset = segment->end_offset = base_offset;
    segment->first_time = segment->max_time = segment->max_time_offset = -1;
    segment->cursor_offset = -1;
    wr_index_init(&segment->index, WR_INDEX_ENTRY);
    wr_index_init(&segment->times, WR_TIMES_ENTRY);
    return segment;
}

static bool is_sealed(const wr_segment *segment)
{
    const wr_log *log = segment->log;
    return log->segment_count > 0 && segment != wr_log_active(log);
}

static void drop_indexes(wr_segment *segment)
{
    wr_index_fini(&segment->index);
    wr_index_fini(&segment->times);
    segment->indexed = false;
}

static void close_files(wr_segment *segment)
{
    wr_log *log = segment->log;
    for (size_t i = 0; i < WR_LOG_OPEN_SEALED_MAX; i++)
        if (log->open_sealed[i] == segment)
            log->open_sealed[i] = NULL;
    wr_file_close(segment->file);
    segment->file = NULL;
}

bool wr_segment_owes_files(const wr_segment *segment)
{
    const wr_log *log = segment->log;
    bool filed = segment->filed.size == segment->size && segment->times.filed_count == segment->times.count;
    if (!segment->indexed || filed) /* sealing adds a time, and nothing else */
        return false;
    if (is_sealed(segment) || log->finishing)
        return true;
    return !log->config.nothing_promised && segment->size - segment->filed.size >= wr_log_checkpoint_step(log);
}

void wr_segment_close(wr_segment *segment)
{
    bool needed = segment->in_ticket || (segment->dirty && !segment->log->config.nothing_promised);
    if (needed || wr_segment_is_unnamed(segment))
        return;
    close_files(segment);
    if (is_sealed(segment) && !wr_segment_owes_files(segment))
        drop_indexes(segment);
}

void wr_segment_free(wr_segment *segment)
{
    if (!segment)
        return;
    close_files(segment);
    drop_indexes(segment);
    free(segment);
}

weir_err wr_segment_open(wr_segment *segment, wr_file **ret_file)
{
    segment->used = true;
    if (!segment->file) {
        wr_log *log = segment->log;
        char path[WR_LOG_PATH_MAX];
        weir_err err = wr_log_path(log, segment->base_offset, ".log", path);
        if (err == WEIR_OK)
            err = wr_file_open(log->io, path, WR_FILE_READ | WR_FILE_WRITE, &segment->file);
        if (err != WEIR_OK)
            return wr_log_failed_at(log, err, "open", segment->base_offset, ".log");
        if (is_sealed(segment)) {
            wr_segment **slot = &log->open_sealed[log->open_sealed_next++ % WR_LOG_OPEN_SEALED_MAX];
            if (*slot)
                wr_segment_close(*slot);
            *slot = segment;
        }
    }
    *ret_file = segment->file;
    return WEIR_OK;
}

/* ---- indexes */

weir_err wr_segment_reserve(wr_segment *segment)
{
    weir_err err = wr_index_reserve(&segment->index);
    return err == WEIR_OK ? wr_index_reserve(&segment->times) : err;
}

static void add_time(wr_segment *segment)
{
    const wr_index *times = &segment->times;
    int64_t last_time = times->count ? wr_index_key(times, times->count - 1) : -1;
    if (segment->max_time > last_time)
        wr_index_add_time(&segment->times, segment->max_time,
                          (int32_t)(segment->max_time_offset - segment->base_offset));
}

void wr_segment_add(wr_segment *segment, const wr_head *head)
{
    assert(head->base_offset == segment->end_offset);
    if (segment->size == 0)
        segment->first_time = head->max_timestamp;
    if (head->max_timestamp > segment->max_time) {
        segment->max_time = head->max_timestamp;
        segment->max_time_offset = head->last_offset;
    }
    if (segment->unindexed_size > segment->log->config.index_interval_size) {
        wr_index_add_position(&segment->index, (int32_t)(head->last_offset - segment->base_offset),
                              (int32_t)segment->size);
        add_time(segment);
        segment->unindexed_size = 0;
    }
    segment->size += head->size;
    segment->unindexed_size += head->size;
    segment->end_offset = head->last_offset + 1;
}

static weir_err load_index(wr_segment *segment, wr_index *index, const char *suffix, int64_t size, uint32_t crc)
{
    if (size == 0)
        return WEIR_OK;
    char path[WR_LOG_PATH_MAX];
    wr_file *file;
    weir_err err = wr_log_path(segment->log, segment->base_offset, suffix, path);
    if (err == WEIR_OK)
        err = wr_file_open(segment->log->io, path, WR_FILE_READ, &file);
    if (err != WEIR_OK)
        return err == WEIR_E_NOT_FOUND ? WEIR_E_CORRUPT : err;
    err = wr_index_load(index, file, size, crc);
    wr_file_close(file);
    return err;
}

/* Reads every batch of the segment again, around damage. On failure its sizes are as before and it has no indexes. */
static weir_err walk_again(wr_segment *segment, uint8_t *buffer)
{
    const wr_segment before = *segment;
    wr_walk walk = {.segment = segment,
                    .end = before.size,
                    .offset = segment->base_offset,
                    .limit_offset = before.end_offset,
                    .check_crc = true,
                    .buffer = buffer,
                    .buffer_size = REBUILD_BUFFER};
    bool whole = true;
    segment->size = segment->unindexed_size = 0;
    segment->end_offset = segment->base_offset;
    segment->max_time = segment->max_time_offset = -1;
    wr_head head;
    weir_err err;
    for (;;) {
        err = wr_walk_next(&walk, &head);
        if (err == WEIR_E_CORRUPT) {
            err = wr_log_note_damage(segment, walk.position, segment->end_offset, walk.reason, &walk);
            whole = false;
            segment->size = walk.position;
            segment->end_offset = walk.offset;
            if (err == WEIR_OK)
                continue;
        }
        if (err == WEIR_OK)
            err = wr_segment_reserve(segment);
        if (err != WEIR_OK)
            break;
        wr_segment_add(segment, &head);
    }
    if (err == WEIR_E_RANGE)
        err = segment->end_offset == before.end_offset ? WEIR_OK : WEIR_E_CORRUPT;
    if (err == WEIR_OK && whole) {
        segment->verified_from = 0;
        segment->verified_to = segment->size;
    }
    if (err == WEIR_OK)
        return WEIR_OK;
    segment->size = before.size;
    segment->end_offset = before.end_offset;
    segment->max_time = before.max_time;
    segment->max_time_offset = before.max_time_offset;
    drop_indexes(segment);
    return err;
}

static weir_err rebuild(wr_segment *segment)
{
    drop_indexes(segment);
    uint8_t *buffer = malloc(REBUILD_BUFFER);
    if (!buffer)
        return WEIR_E_MEMORY;
    weir_err err = walk_again(segment, buffer);
    free(buffer);
    segment->indexed = err == WEIR_OK;
    return err;
}

static weir_err read_first_time(wr_segment *segment)
{
    uint8_t buffer[WR_BATCH_HEADER_SIZE];
    wr_walk walk = {
        .segment = segment, .end = segment->size, .offset = -1, .buffer = buffer, .buffer_size = sizeof buffer};
    wr_head head;
    weir_err err = wr_walk_next(&walk, &head);
    if (err == WEIR_OK)
        segment->first_time = head.max_timestamp;
    return err == WEIR_E_RANGE || err == WEIR_E_CORRUPT ? WEIR_OK : err; /* whoever reads it says so */
}

weir_err wr_segment_index(wr_segment *segment)
{
    if (segment->indexed)
        return WEIR_OK;
    const wr_mark *filed = &segment->filed;
    weir_err err = load_index(segment, &segment->index, ".index", filed->index_size, filed->index_crc);
    if (err == WEIR_OK)
        err = load_index(segment, &segment->times, ".timeindex", filed->times_size, filed->times_crc);
    if (err == WEIR_OK)
        err = read_first_time(segment);
    if (err == WEIR_OK) {
        segment->indexed = true;
        return WEIR_OK;
    }
    if (err != WEIR_E_CORRUPT) {
        drop_indexes(segment);
        return err;
    }
    err = rebuild(segment);
    if (err == WEIR_OK) { /* until upkeep has written it again it stays in memory */
        segment->filed = (wr_mark){.end_offset = segment->base_offset, .max_time = -1, .max_time_offset = -1};
        segment->log->filing_owed |= is_sealed(segment);
    }
    return err;
}

void wr_segment_seal(wr_segment *segment)
{
    assert(segment->indexed);
    add_time(segment);
    segment->log->filing_owed = true;
}
