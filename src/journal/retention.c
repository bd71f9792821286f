/* Deleting whole segments from the front: by age, by size, and up to the start offset.
 *
 * The start offset goes first, into the checkpoint and durably; from then on what lies below it is garbage that the
 * next open would remove. Then the files are renamed to <name>.deleted, so that no reader of the directory takes them
 * for part of the log, and removed when file_delete_delay_ms have passed. A rename or a removal that fails is tried
 * again WR_LOG_REMOVE_AGAIN_MS later; nothing of the log depends on it.
 *
 * The age of a segment is that of its largest timestamp, or where no record has one (Kafka: all are negative), the time
 * since it was written last. Timestamps are the clients': one in the future keeps its segment, and those behind it, for
 * as long as it lies ahead (message.timestamp.after.max.ms says how far that may be), unless size decides.
 *
 * Only what consumers may have seen is deleted: up to the synced offset, or to the end where nothing is promised. There
 * the first segment that stays exists durably all the same, since its name was synced when it was made. */
#include "log_int.h"

#include <base/time.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDLE_MS = 60 * 1000, HELD_MS = 1000, SUFFIX_SIZE = 32 };

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
        if (err != WEIR_OK)
            (void)wr_log_failed_at(log, err, "rename", base_offset, suffixes[i]);
    }
    return err;
}

/* Under both names: the rename may have failed. */
static weir_err remove_files(wr_log *log, int64_t base_offset)
{
    weir_err first = WEIR_OK;
    for (int i = 0; i < 2 * SUFFIX_COUNT; i++) {
        char path[WR_LOG_PATH_MAX], suffix[SUFFIX_SIZE];
        snprintf(suffix, sizeof suffix, "%s%s", suffixes[i / 2], i % 2 ? "" : ".deleted");
        weir_err err = wr_log_path(log, base_offset, suffix, path);
        if (err == WEIR_OK)
            err = wr_path_remove(log->io, path);
        if (err != WEIR_OK && err != WEIR_E_NOT_FOUND && first == WEIR_OK)
            first = wr_log_failed_at(log, err, "remove", base_offset, suffix);
    }
    return first;
}

static weir_err reserve_removals(wr_log *log, size_t count)
{
    if (log->removal_count + count <= log->removal_capacity)
        return WEIR_OK;
    size_t capacity = log->removal_count + count;
    wr_removal *removals = realloc(log->removals, capacity * sizeof *removals);
    if (!removals)
        return WEIR_E_MEMORY;
    log->removals = removals;
    log->removal_capacity = capacity;
    return WEIR_OK;
}

/* Takes the first `count` segments out of the log, which begins at start_offset from now on. */
static weir_err drop(wr_log *log, size_t count, int64_t start_offset)
{
    assert(count < log->segment_count);
    weir_err err = reserve_removals(log, count);
    if (err == WEIR_OK)
        err = wr_log_write_checkpoint(log, start_offset, count);
    if (err != WEIR_OK)
        return err;
    log->start_offset = start_offset;
    if (log->synced_offset < start_offset)
        log->synced_offset = start_offset; /* nothing promised: what would have to be synced is gone */
    int64_t due_us = wr_time_after_ms(wr_mono_us(log->io), log->config.file_delete_delay_ms);
    for (size_t i = 0; i < count; i++) {
        wr_segment *segment = log->segments[i];
        log->removals[log->removal_count++] = (wr_removal){segment->base_offset, due_us};
        log->size -= segment->size;
        weir_err renamed = rename_files(log, segment->base_offset);
        if (err == WEIR_OK)
            err = renamed;
        wr_segment_free(segment);
    }
    log->segment_count -= count;
    memmove(log->segments, log->segments + count, log->segment_count * sizeof(wr_segment *));
    if (err == WEIR_OK && count > 0)
        err = wr_dir_sync(log->io, log->directory); /* if not, the next open finds garbage below the start offset */
    return err;
}

static int64_t deletable_offset(const wr_log *log)
{
    return log->config.nothing_promised ? wr_log_end_offset(log) : log->synced_offset;
}

static bool can_go(const wr_log *log, const wr_segment *segment)
{
    return segment->end_offset <= deletable_offset(log) && !segment->in_ticket && !segment->index_in_ticket;
}

/* What its age is counted from; -1: it has none. */
static int64_t time_of(const wr_segment *segment)
{
    if (segment->size == 0)
        return -1;
    return segment->max_time >= 0 ? segment->max_time : segment->written_ms;
}

static bool has_expired(const wr_log *log, const wr_segment *segment, int64_t now_ms)
{
    int64_t time_ms = time_of(segment);
    return log->config.retention_ms >= 0 && time_ms >= 0 && time_ms < now_ms &&
           now_ms - time_ms > log->config.retention_ms;
}

/* Nobody has to keep the first segment any more, when the log holds `size` bytes. */
static bool is_over(const wr_log *log, const wr_segment *segment, int64_t size, int64_t now_ms)
{
    bool too_much = log->config.retention_size >= 0 && size - segment->size >= log->config.retention_size;
    return too_much || segment->end_offset <= log->start_offset || has_expired(log, segment, now_ms);
}

/* How many of the first segments can be deleted. *ret_held: the one behind them is over, but a sync is to come first. */
static size_t count_deletable(const wr_log *log, int64_t now_ms, bool *ret_held)
{
    int64_t left = log->size;
    size_t count = 0;
    *ret_held = false;
    while (count + 1 < log->segment_count && !*ret_held) {
        const wr_segment *segment = log->segments[count];
        if (!is_over(log, segment, left, now_ms))
            break;
        *ret_held = !can_go(log, segment);
        if (*ret_held)
            break;
        left -= segment->size;
        count++;
    }
    return count;
}

/* Those that could not be removed stay at the front, with a later time. */
static weir_err remove_due(wr_log *log)
{
    int64_t now_us = wr_mono_us(log->io), again_us = wr_time_after_ms(now_us, WR_LOG_REMOVE_AGAIN_MS);
    weir_err first = WEIR_OK;
    size_t kept = 0;
    bool removed = false;
    for (size_t i = 0; i < log->removal_count; i++) {
        wr_removal removal = log->removals[i];
        if (removal.due_us <= now_us) {
            weir_err err = remove_files(log, removal.base_offset);
            removed |= err == WEIR_OK;
            if (err == WEIR_OK)
                continue;
            first = first == WEIR_OK ? err : first;
            removal.due_us = again_us;
        }
        log->removals[kept++] = removal;
    }
    log->removal_count = kept;
    if (removed && first == WEIR_OK)
        first = wr_dir_sync(log->io, log->directory);
    return first;
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

static int64_t next_look_ms(const wr_log *log, int64_t now_ms, bool files_open, bool held)
{
    int64_t next_ms = -1, mono_us = wr_mono_us(log->io);
    if (files_open)
        sooner(&next_ms, wr_time_add_ms(now_ms, IDLE_MS));
    if (held)
        sooner(&next_ms, wr_time_add_ms(now_ms, HELD_MS));
    for (size_t i = 0; i < log->removal_count; i++) {
        int64_t left_us = log->removals[i].due_us - mono_us;
        sooner(&next_ms, wr_time_add_ms(now_ms, left_us > 0 ? left_us / 1000 + 1 : 0));
    }
    int64_t time_ms = time_of(log->segments[0]);
    if (log->config.retention_ms >= 0 && time_ms >= 0)
        sooner(&next_ms, wr_time_add_ms(wr_time_add_ms(time_ms, log->config.retention_ms), 1));
    return next_ms;
}

weir_err wr_log_retain(wr_log *log, int64_t now_ms, int64_t *ret_next_ms)
{
    if (wr_log_broken(log))
        return WEIR_E_BROKEN;
    weir_err err = WEIR_OK;
    wr_segment *active = wr_log_active(log);
    if (has_expired(log, active, now_ms) && can_go(log, active))
        err = wr_log_roll(log);
    bool held = false;
    size_t count = err == WEIR_OK ? count_deletable(log, now_ms, &held) : 0;
    if (count > 0) {
        int64_t begin = log->segments[count]->base_offset;
        err = drop(log, count, begin > log->start_offset ? begin : log->start_offset);
    }
    weir_err removed = remove_due(log);
    if (err == WEIR_OK)
        err = removed;
    if (err != WEIR_OK)
        return err;
    wr_producers_expire(log->producers, now_ms - log->config.producer_expiry_ms);
    *ret_next_ms = next_look_ms(log, now_ms, close_idle(log), held);
    return WEIR_OK;
}

weir_err wr_log_trim(wr_log *log, int64_t start_offset)
{
    if (wr_log_broken(log))
        return WEIR_E_BROKEN;
    if (start_offset > log->synced_offset)
        return WEIR_E_RANGE;
    if (start_offset <= log->start_offset)
        return WEIR_OK;
    size_t count = 0;
    while (count + 1 < log->segment_count && log->segments[count]->end_offset <= start_offset &&
           can_go(log, log->segments[count]))
        count++;
    weir_err err = drop(log, count, start_offset);
    return log->start_offset >= start_offset && !wr_log_broken(log) ? WEIR_OK : err; /* only files are left over */
}
