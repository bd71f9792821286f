/* Deleting whole segments from the front: by age, by size, and up to the start offset.
 *
 * The start offset goes first, into the checkpoint and durably; from then on what lies below it is garbage that the
 * next open would remove. Then the files are renamed to <name>.deleted, so that no reader of the directory takes them
 * for part of the log, and removed when file_delete_delay_ms have passed. */
#include "log_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDLE_MS = 60 * 1000, SUFFIX_SIZE = 32 };

static const char *const suffixes[] = {".log", ".index", ".timeindex"};
enum { SUFFIX_COUNT = sizeof suffixes / sizeof suffixes[0] };

weir_err wr_log_remove_file(const wr_log *log, const char *name)
{
    char path[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path_named(log, name, path);
    if (err == WEIR_OK)
        err = wr_path_remove(log->io, path);
    return err == WEIR_E_NOT_FOUND ? WEIR_OK : err;
}

static weir_err rename_files(wr_log *log, int64_t base_offset)
{
    weir_err err = WEIR_OK;
    for (int i = 0; i < SUFFIX_COUNT && err == WEIR_OK; i++) {
        char from[WR_LOG_PATH_MAX], to[WR_LOG_PATH_MAX], suffix[SUFFIX_SIZE];
        snprintf(suffix, sizeof suffix, "%s.deleted", suffixes[i]);
        err = wr_log_path(log, base_offset, suffixes[i], from);
        if (err == WEIR_OK)
            err = wr_log_path(log, base_offset, suffix, to);
        if (err == WEIR_OK)
            err = wr_path_rename(log->io, from, to);
        if (err == WEIR_E_NOT_FOUND)
            err = WEIR_OK; /* an index without entries was never written */
    }
    return err;
}

static weir_err remove_files(wr_log *log, int64_t base_offset)
{
    weir_err err = WEIR_OK;
    for (int i = 0; i < SUFFIX_COUNT && err == WEIR_OK; i++) {
        char path[WR_LOG_PATH_MAX], suffix[SUFFIX_SIZE];
        snprintf(suffix, sizeof suffix, "%s.deleted", suffixes[i]);
        err = wr_log_path(log, base_offset, suffix, path);
        if (err == WEIR_OK)
            err = wr_path_remove(log->io, path);
        if (err == WEIR_E_NOT_FOUND)
            err = WEIR_OK;
    }
    return err;
}

static weir_err reserve_doomed(wr_log *log, size_t count)
{
    if (log->doomed_count + count <= log->doomed_capacity)
        return WEIR_OK;
    size_t capacity = log->doomed_count + count;
    wr_doomed *doomed = realloc(log->doomed, capacity * sizeof *doomed);
    if (!doomed)
        return WEIR_E_MEMORY;
    log->doomed = doomed;
    log->doomed_capacity = capacity;
    return WEIR_OK;
}

/* Takes the first `count` segments out of the log, which begins at start_offset from now on. */
static weir_err drop(wr_log *log, size_t count, int64_t start_offset, int64_t now_ms)
{
    assert(count < log->segment_count);
    weir_err err = reserve_doomed(log, count);
    if (err == WEIR_OK)
        err = wr_log_write_checkpoint(log, start_offset, count);
    if (err != WEIR_OK)
        return err;
    log->start_offset = start_offset;
    for (size_t i = 0; i < count; i++) {
        wr_segment *segment = log->segments[i];
        log->doomed[log->doomed_count++] = (wr_doomed){segment->base_offset, now_ms + log->config.file_delete_delay_ms};
        log->size -= segment->size;
        if (err == WEIR_OK)
            err = rename_files(log, segment->base_offset);
        wr_segment_free(segment);
    }
    log->segment_count -= count;
    memmove(log->segments, log->segments + count, log->segment_count * sizeof(wr_segment *));
    if (err == WEIR_OK && count > 0)
        err = wr_dir_sync(log->io, log->directory);
    return err == WEIR_OK ? WEIR_OK : wr_log_break(log, err);
}

static bool can_go(const wr_log *log, const wr_segment *segment)
{
    return segment->end_offset <= log->synced_offset && !segment->in_ticket && !segment->index_in_ticket;
}

static bool has_expired(const wr_log *log, const wr_segment *segment, int64_t now_ms)
{
    return log->config.retention_ms >= 0 && segment->max_time >= 0 && segment->max_time < now_ms &&
           now_ms - segment->max_time > log->config.retention_ms;
}

/* How many of the first segments nobody has to keep any more. */
static size_t count_deletable(const wr_log *log, int64_t now_ms)
{
    int64_t left = log->size;
    size_t count = 0;
    while (count + 1 < log->segment_count) {
        const wr_segment *segment = log->segments[count];
        bool too_much = log->config.retention_size >= 0 && left - segment->size >= log->config.retention_size;
        bool passed = segment->end_offset <= log->start_offset;
        if (!can_go(log, segment) || !(too_much || passed || has_expired(log, segment, now_ms)))
            break;
        left -= segment->size;
        count++;
    }
    return count;
}

static weir_err remove_due(wr_log *log, int64_t now_ms)
{
    size_t done = 0;
    weir_err err = WEIR_OK;
    while (done < log->doomed_count && log->doomed[done].due_ms <= now_ms && err == WEIR_OK) {
        err = remove_files(log, log->doomed[done].base_offset);
        done += err == WEIR_OK;
    }
    if (done > 0) {
        log->doomed_count -= done;
        memmove(log->doomed, log->doomed + done, log->doomed_count * sizeof *log->doomed);
        if (err == WEIR_OK)
            err = wr_dir_sync(log->io, log->directory);
    }
    return err == WEIR_OK ? WEIR_OK : wr_log_break(log, err);
}

/* Closes files that nobody used since the last call. True if some are still open. */
static bool close_idle(wr_log *log)
{
    bool open = false;
    for (size_t i = 0; i < log->segment_count; i++) {
        wr_segment *segment = log->segments[i];
        if (!segment->used && segment->file)
            wr_segment_close(segment);
        open |= segment->file != NULL;
        segment->used = false;
    }
    if (!log->synced_used) {
        wr_file_close(log->synced_file);
        log->synced_file = NULL;
    }
    log->synced_used = false;
    return open || log->synced_file;
}

static void sooner(int64_t *next_ms, int64_t at_ms)
{
    if (*next_ms < 0 || at_ms < *next_ms)
        *next_ms = at_ms;
}

weir_err wr_log_retain(wr_log *log, int64_t now_ms, int64_t *ret_next_ms)
{
    if (log->broken)
        return WEIR_E_BROKEN;
    weir_err err = WEIR_OK;
    wr_segment *active = wr_log_active(log);
    if (has_expired(log, active, now_ms) && can_go(log, active))
        err = wr_log_roll(log);
    size_t count = err == WEIR_OK ? count_deletable(log, now_ms) : 0;
    if (count > 0) {
        int64_t begin = log->segments[count]->base_offset;
        err = drop(log, count, begin > log->start_offset ? begin : log->start_offset, now_ms);
    }
    if (err == WEIR_OK)
        err = remove_due(log, now_ms);
    if (err != WEIR_OK)
        return err;
    wr_producers_expire(log->producers, now_ms - log->config.producer_expiry_ms);
    int64_t next_ms = -1;
    if (close_idle(log))
        sooner(&next_ms, now_ms + IDLE_MS);
    if (log->doomed_count > 0)
        sooner(&next_ms, log->doomed[0].due_ms);
    const wr_segment *first = log->segments[0];
    if (log->config.retention_ms >= 0 && first->max_time >= 0 &&
        first->max_time < INT64_MAX - 1 - log->config.retention_ms)
        sooner(&next_ms, first->max_time + log->config.retention_ms + 1);
    *ret_next_ms = next_ms;
    return WEIR_OK;
}

weir_err wr_log_trim(wr_log *log, int64_t start_offset)
{
    if (log->broken)
        return WEIR_E_BROKEN;
    if (start_offset > log->synced_offset)
        return WEIR_E_RANGE;
    if (start_offset <= log->start_offset)
        return WEIR_OK;
    size_t count = 0;
    while (count + 1 < log->segment_count && log->segments[count]->end_offset <= start_offset &&
           can_go(log, log->segments[count]))
        count++;
    return drop(log, count, start_offset, wr_now_ms(log->io));
}
