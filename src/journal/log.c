/* The log as a whole: making, reading, closing. Appending is in append.c, opening in recovery.c, syncing in flush.c,
 * deleting in retention.c, looking up times in find.c. */
#include "log_int.h"

#include <assert.h>
#include <stdlib.h>

const wr_log_config wr_log_config_default = {
    .segment_size = 1 << 30,
    .segment_ms = INT64_C(7) * 24 * 3600 * 1000,
    .retention_size = -1,
    .retention_ms = INT64_C(7) * 24 * 3600 * 1000,
    .index_interval_size = 4096,
    .index_size_max = 10 << 20,
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
    log->producers_offset = log->filed_epoch = -1;
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
    while (log->segment_count > 0) {
        wr_segment_free(log->segments[log->segment_count - 1]);
        log->segment_count--;
    }
    wr_file_close(log->synced_file);
    wr_file_close(log->snapshot_file);
    wr_producers_free(log->producers);
    wr_epochs_fini(&log->epochs);
    free(log->segments);
    free(log->doomed);
    free(log->directory);
    free(log);
}

/* Everything to the disk: the rest of the indexes, a snapshot, a checkpoint that says so. */
static weir_err close_well(wr_log *log)
{
    assert(!log->ticket_open);
    if (log->broken)
        return WEIR_E_BROKEN;
    wr_segment *active = wr_log_active(log);
    weir_err err = WEIR_OK;
    if (active->size != active->mark.size) {
        err = wr_segment_store_index(active, true);
        if (err == WEIR_OK)
            err = wr_log_write_snapshot(log);
    }
    return err == WEIR_OK ? wr_log_sync(log) : err;
}

weir_err wr_log_close(wr_log *log)
{
    weir_err err = close_well(log);
    wr_log_abandon(log);
    return err;
}

weir_err wr_log_break(wr_log *log, weir_err err)
{
    if (!log->broken)
        log->cause = err;
    log->broken = true;
    return err;
}

weir_err wr_log_add_segment(wr_log *log, wr_segment *segment)
{
    if (log->segment_count == WR_SEGMENTS_MAX)
        return WEIR_E_LIMIT;
    if (log->segment_count == log->segment_capacity) {
        size_t capacity = log->segment_capacity ? log->segment_capacity * 2 : 1;
        wr_segment **segments = realloc(log->segments, capacity * sizeof(wr_segment *));
        if (!segments)
            return WEIR_E_MEMORY;
        log->segments = segments;
        log->segment_capacity = capacity;
    }
    log->segments[log->segment_count++] = segment;
    return WEIR_OK;
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

bool wr_log_broken(const wr_log *log)
{
    return log->broken;
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
