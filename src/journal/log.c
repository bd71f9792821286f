/* The log as a whole: its states, making, reading, closing. Appending is in append.c, opening in recovery.c and listing.c,
 * syncing in flush.c, writing checkpoints and removing files in upkeep.c, what to delete in retention.c, looking up times
 * in find.c.
 *
 *                something must                              refused
 *    opening ────read again────▶ recovering         ┌───────────────────▶ full ◀─┐ refused again, WR_LOG_RETRY_MS later
 *       │                            │              │                      │ └───┘ at the earliest
 *       │ opened                     │ opened       │         wrote        │
 *       └──────────▶ open ◀──────────┘              ├──────────────────────┘
 *                     │  (flush=none: unpromised) ──┘
 *                     │
 *                     └── a sync failed (also from full, and while opening) ──▶ broken, until it is opened anew
 *
 *   refused   a call of an append failed that leaves the files known: a write (a prefix of it may stand behind the end, and is
 *             cut off by upkeep before anything else is written there), opening a file, or going on in the next segment,
 *             for lack of room (ENOSPC, EDQUOT, EFBIG), of descriptors (EMFILE, ENFILE) or because of the disk (EIO). What
 *             was to be written never counts: the end does not move, so it is as if nobody had asked. An append that
 *             succeeds later is as good as one that had succeeded at once
 *   sync      of data or of a directory: the kernel may have dropped the dirty pages and forgotten that it did, so that
 *             a second sync would say yes over bytes that are not on the disk. Nothing leads back but reading the disk
 *   neither   what is only a help for the next open (index files of a checkpoint, snapshots, weir.synced, the checkpoint
 *             itself): it is written again later, and the next open reads more until it is
 *
 * unpromised is open for a log that nobody syncs (flush=none): it may close files that were never synced, and delete
 * segments above the synced offset. What it lost in a power cut was promised to nobody. */
#include "log_int.h"

#include <assert.h>
#include <base/array.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

const wr_log_config wr_log_config_default = {
    .segment_size = 1 << 30,
    .segment_ms = INT64_C(7) * 24 * 3600 * 1000,
    .retention_size = -1,
    .retention_ms = INT64_C(7) * 24 * 3600 * 1000,
    .index_interval_size = 4096,
    .index_size_max = 10 << 20,
    .segment_count_max = WR_SEGMENTS_MAX,
    .segment_overrun_max = 1 << 30,
    .message_size_max = (1 << 20) + WR_BATCH_LENGTH_END,
    .file_delete_delay_ms = 60 * 1000,
    .timestamp_before_max_ms = INT64_MAX,
    .timestamp_after_max_ms = 3600 * 1000,
    .producer_expiry_ms = INT64_C(24) * 3600 * 1000,
};

wr_log *wr_log_new(wr_io *io, const char *directory, const wr_log_config *config)
{
    wr_log *log = calloc(1, sizeof *log);
    if (!log)
        return NULL;
    log->io = io;
    log->directory = strdup(directory);
    log->producers = wr_producers_new();
    log->producers_offset = log->kept_snapshot = log->filed_epoch = log->snapshot.offset = -1;
    log->removal_due_us = INT64_MAX;
    wr_log_configure(log, config);
    if (!log->directory || !log->producers) {
        wr_log_abandon(log);
        return NULL;
    }
    return log;
}

void wr_log_abandon(wr_log *log)
{
    if (!log)
        return;
    assert(!log->upkeep_open);
    while (log->segment_count > 0) {
        wr_segment_free(log->segments[log->segment_count - 1]);
        log->segment_count--;
    }
    wr_file_close(log->synced_file);
    wr_buf_fini(&log->snapshot.bytes);
    wr_producers_free(log->producers);
    wr_epochs_fini(&log->epochs);
    free(log->segments);
    free(log->removals);
    free(log->damages);
    free(log->directory);
    free(log);
}

/* ---- states */

wr_log_state wr_log_state_of(const wr_log *log)
{
    return log->state;
}

/* Rows: the state; columns: what happens. WR_LOG_OPEN stands for unpromised too, where the configuration says so. */
static const wr_log_state next_state[][WR_LOG_EVENT_COUNT] = {
    /*                      reads again        opened          refused            wrote              lost */
    [WR_LOG_OPENING] = {WR_LOG_RECOVERING, WR_LOG_OPEN, WR_LOG_OPENING, WR_LOG_OPENING, WR_LOG_BROKEN},
    [WR_LOG_RECOVERING] = {WR_LOG_RECOVERING, WR_LOG_OPEN, WR_LOG_RECOVERING, WR_LOG_RECOVERING, WR_LOG_BROKEN},
    [WR_LOG_OPEN] = {WR_LOG_OPEN, WR_LOG_OPEN, WR_LOG_FULL, WR_LOG_OPEN, WR_LOG_BROKEN},
    [WR_LOG_UNPROMISED] = {WR_LOG_OPEN, WR_LOG_OPEN, WR_LOG_FULL, WR_LOG_OPEN, WR_LOG_BROKEN},
    [WR_LOG_FULL] = {WR_LOG_FULL, WR_LOG_FULL, WR_LOG_FULL, WR_LOG_OPEN, WR_LOG_BROKEN},
    [WR_LOG_BROKEN] = {WR_LOG_BROKEN, WR_LOG_BROKEN, WR_LOG_BROKEN, WR_LOG_BROKEN, WR_LOG_BROKEN},
};

void wr_log_step(wr_log *log, wr_log_event event)
{
    wr_log_state before = log->state, after = next_state[before][event];
    if (after == WR_LOG_OPEN && log->config.nothing_promised)
        after = WR_LOG_UNPROMISED;
    if (event == WR_LOG_OPENED)
        log->told_state = after; /* nobody has to be told of that */
    log->state = after;
    if (after == WR_LOG_FULL || (after == WR_LOG_BROKEN && before != WR_LOG_BROKEN))
        log->cause = log->failure;
    if (after == WR_LOG_FULL)
        log->retry_us = wr_mono_us(log->io) + (int64_t)WR_LOG_RETRY_MS * 1000;
}

bool wr_log_take_change(wr_log *log)
{
    bool changed = log->state != log->told_state;
    log->told_state = log->state;
    return changed;
}

const wr_log_cause *wr_log_cause_of(const wr_log *log)
{
    return &log->cause;
}

static bool is_of_disk(weir_err err)
{
    return err == WEIR_E_IO || err == WEIR_E_FULL || err == WEIR_E_NOT_FOUND || err == WEIR_E_EXISTS;
}

weir_err wr_log_failed(wr_log *log, weir_err err, const char *call, const char *file)
{
    int os_error = errno;
    log->failure = (wr_log_cause){.err = err, .os_error = is_of_disk(err) ? os_error : 0, .call = call};
    snprintf(log->failure.file, sizeof log->failure.file, "%s", file);
    errno = os_error;
    return err;
}

weir_err wr_log_failed_at(wr_log *log, weir_err err, const char *call, int64_t base_offset, const char *suffix)
{
    int os_error = errno;
    char file[WR_LOG_CAUSE_FILE_SIZE];
    snprintf(file, sizeof file, "%020" PRId64 "%s", base_offset, suffix);
    errno = os_error;
    return wr_log_failed(log, err, call, file);
}

bool wr_log_lacks_descriptors(weir_err err)
{
    return err == WEIR_E_IO && (errno == EMFILE || errno == ENFILE);
}

weir_err wr_log_refuse(wr_log *log, weir_err err)
{
    if (!is_of_disk(err))
        return err;
    wr_log_step(log, WR_LOG_REFUSED);
    return err == WEIR_E_FULL ? err : WEIR_E_IO; /* that a file is missing, or there already, is nobody else's word */
}

weir_err wr_log_break(wr_log *log, weir_err err)
{
    wr_log_step(log, WR_LOG_LOST);
    return err;
}

/* ---- closing */

/* Everything to the disk: the rest of the indexes, a snapshot, a checkpoint that says so. What cannot be written is only
 * read again by the next open. */
static weir_err close_well(wr_log *log)
{
    assert(!log->ticket_open);
    wr_segment *active = wr_log_active(log);
    weir_err err = WEIR_OK;
    bool has_grown = active->size != active->mark.size;
    if (has_grown || active->indexed) {
        err = wr_segment_index(active);
        if (err == WEIR_OK)
            err = wr_segment_reserve(active);
        if (err != WEIR_OK)
            return err;
        wr_segment_seal(active);
    }
    if (has_grown) {
        log->snapshot.offset = -1; /* the newest is the one to keep */
        err = wr_log_take_snapshot(log);
    }
    log->finishing = true;
    log->filing_us = log->pressing_us = 0;
    if (err == WEIR_OK)
        err = wr_log_sync(log);
    if (err == WEIR_OK)
        err = wr_log_keep_up(log);
    bool whole = !log->checkpoint_owed && !log->marks_owed && !log->filing_owed && !active->torn;
    if (err == WEIR_OK && !whole)
        err = log->failure.err != WEIR_OK ? log->failure.err : WEIR_E_IO;
    return err;
}

weir_err wr_log_finish(wr_log *log)
{
    if (wr_log_broken(log))
        return WEIR_E_BROKEN; /* the cause is that of then */
    log->failure = (wr_log_cause){0};
    weir_err err = close_well(log);
    if (err != WEIR_OK)
        log->cause = log->failure.err == err ? log->failure : (wr_log_cause){.err = err, .call = "close", .file = "."};
    return err;
}

weir_err wr_log_close(wr_log *log)
{
    weir_err err = wr_log_finish(log);
    wr_log_abandon(log);
    return err;
}

weir_err wr_log_add_segment(wr_log *log, wr_segment *segment)
{
    weir_err err = WR_ARRAY_RESERVE(log->segments, log->segment_capacity, log->segment_count + 1, WR_SEGMENTS_MAX);
    if (err == WEIR_OK)
        log->segments[log->segment_count++] = segment;
    return err;
}

size_t wr_log_segment_at(const wr_log *log, int64_t offset)
{
    size_t low = 0, high = log->segment_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (log->segments[middle]->base_offset <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

weir_err wr_log_read(wr_log *log, int64_t offset, int64_t limit_offset, size_t max_size, bool min_one, wr_buf *out)
{
    int64_t end_offset = wr_log_end_offset(log);
    if (offset < log->start_offset || offset > end_offset)
        return WEIR_E_RANGE;
    if (limit_offset > end_offset)
        limit_offset = end_offset;
    if (offset >= limit_offset)
        return WEIR_OK;
    return wr_segment_read(log->segments[wr_log_segment_at(log, offset)], offset, limit_offset, max_size, min_one, out);
}

int64_t wr_log_start_offset(const wr_log *log)
{
    return log->start_offset;
}

int64_t wr_log_end_offset(const wr_log *log)
{
    return wr_log_active(log)->end_offset;
}

int64_t wr_log_synced_offset(const wr_log *log)
{
    return log->synced_offset;
}

int64_t wr_log_size(const wr_log *log)
{
    return log->size;
}

const char *wr_log_directory(const wr_log *log)
{
    return log->directory;
}

const wr_log_config *wr_log_config_of(const wr_log *log)
{
    return &log->config;
}

void wr_log_configure(wr_log *log, const wr_log_config *config)
{
    log->config = *config;
    if (log->config.segment_size > INT32_MAX) /* positions in an index are 32 bits */
        log->config.segment_size = INT32_MAX;
    if (log->config.index_size_max > INT32_MAX)
        log->config.index_size_max = INT32_MAX;
}
