/* Appending one batch, and starting a new segment when the active one will not take it.
 *
 * Everything that can be refused, and every allocation, comes before the write; after the write nothing can fail. A
 * write that fails may have left half a batch behind the end: the end does not move, so nobody reads it, and upkeep (or the
 * next open) cuts it off before anything else is written.
 *
 * A roll goes on in a file that upkeep has made (next.c), and closes nothing and writes nothing. Where there is no such
 * file yet, it is put off, and the active segment takes what comes. */
#include "log_int.h"

#include <assert.h>
#include <errno.h>

static weir_err check_records(const wr_log *log, const wr_batch *batch, weir_arena *arena, int64_t now_ms)
{
    wr_records records;
    weir_err err = wr_records_open(batch, arena, WR_LOG_DECOMPRESSED_MAX, &records);
    if (err != WEIR_OK)
        return err;
    wr_record record;
    while ((err = wr_records_next(&records, &record)) == WEIR_OK) {
        bool old = !log->config.log_append_time && record.timestamp_ms >= 0 &&
                   now_ms - record.timestamp_ms > log->config.timestamp_before_max_ms;
        if (old || (log->config.compact && !record.key.data))
            return WEIR_E_FORMAT;
    }
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

/* Timestamps within what the topic allows, and keys where it is compacted. Looks inside the batch only where it must.
 */
static weir_err check_content(const wr_log *log, const uint8_t *bytes, const wr_head *head, int64_t now_ms)
{
    const wr_log_config *config = &log->config;
    if (!config->log_append_time && head->max_timestamp > now_ms &&
        head->max_timestamp - now_ms > config->timestamp_after_max_ms)
        return WEIR_E_FORMAT;
    bool control = head->attributes & WR_BATCH_CONTROL;
    bool ages = !config->log_append_time && config->timestamp_before_max_ms != INT64_MAX;
    if (control || (!ages && !config->compact))
        return WEIR_OK;
    wr_batch batch;
    weir_err err = wr_batch_read((weir_slice){bytes, (size_t)head->size}, &batch, NULL);
    if (err != WEIR_OK)
        return WEIR_E_FORMAT;
    weir_arena *arena = weir_arena_new(2 * (size_t)WR_LOG_DECOMPRESSED_MAX);
    err = arena ? check_records(log, &batch, arena, now_ms) : WEIR_E_MEMORY;
    weir_arena_free(arena);
    return err;
}

static bool must_roll(const wr_log *log, const wr_head *head, int64_t now_ms)
{
    const wr_log_config *config = &log->config;
    const wr_segment *active = wr_log_active(log);
    if (active->size == 0)
        return false;
    /* As in Kafka: by the timestamps of the records, or by the clock in a segment that begins without one. */
    bool stamped = active->first_time >= 0;
    int64_t from_ms = stamped ? active->first_time : active->started_ms;
    int64_t to_ms = stamped ? head->max_timestamp : now_ms;
    bool aged = to_ms >= 0 && from_ms >= 0 && to_ms - from_ms > config->segment_ms;
    size_t index_max = (size_t)config->index_size_max / WR_INDEX_ENTRY;
    size_t times_max = (size_t)config->index_size_max / WR_TIMES_ENTRY;
    bool full = active->index.count + 1 > index_max || active->times.count + 2 > times_max;
    return aged || full || active->size + head->size > config->segment_size ||
           head->last_offset - active->base_offset > INT32_MAX;
}

weir_err wr_log_start_segment(wr_log *log, wr_file *file)
{
    int64_t base_offset = log->segment_count ? wr_log_end_offset(log) : log->start_offset;
    wr_segment *segment = wr_segment_new(log, base_offset);
    if (!segment)
        return WEIR_E_MEMORY;
    segment->indexed = true;
    segment->mark = (wr_mark){.end_offset = base_offset, .max_time = -1, .max_time_offset = -1};
    segment->filed = segment->mark;
    segment->started_ms = wr_now_ms(log->io);
    weir_err err = wr_log_add_segment(log, segment);
    if (err != WEIR_OK) {
        wr_segment_free(segment);
        return err;
    }
    segment->file = file;
    return WEIR_OK;
}

bool wr_log_has_room(const wr_log *log)
{
    return log->segment_count < log->config.segment_count_max;
}

/* Passes when retention or DeleteRecords have taken segments away. */
static weir_err lacks_segments(wr_log *log)
{
    errno = 0;
    (void)wr_log_failed(log, WEIR_E_FULL, "roll", ".");
    log->failure.reason =
        "the log has as many segments as it may: raise segment.bytes or segment.ms, and let retention "
        "or DeleteRecords take old segments away";
    return WEIR_E_FULL;
}

static weir_err go_on_in(wr_log *log, wr_file *file)
{
    wr_segment *sealed = wr_log_active(log);
    weir_err ignored = log->config.nothing_promised ? WEIR_OK : wr_log_take_snapshot(log);
    (void)ignored;
    weir_err err = wr_log_start_segment(log, file);
    if (err != WEIR_OK)
        return err;
    log->next = WR_NEXT_UNNAMED;
    wr_segment_seal(sealed);
    if (log->config.nothing_promised)
        wr_segment_close(sealed);
    return WEIR_OK;
}

weir_err wr_log_try_roll(wr_log *log)
{
    if (wr_log_broken(log))
        return WEIR_E_BROKEN;
    wr_segment *active = wr_log_active(log);
    if (active->size == 0)
        return WEIR_OK;
    if (!wr_log_has_room(log))
        return lacks_segments(log);
    if (active->torn)
        return WEIR_E_AGAIN;
    wr_file *file = NULL;
    weir_err err = wr_segment_index(active);
    if (err == WEIR_OK)
        err = wr_segment_reserve(active);
    if (err == WEIR_OK)
        err = wr_next_open(log, &file);
    if (err == WEIR_OK)
        err = go_on_in(log, file);
    if (err != WEIR_OK)
        wr_file_close(file);
    return err;
}

weir_err wr_log_roll(wr_log *log)
{
    weir_err err = wr_log_try_roll(log);
    return err == WEIR_OK ? WEIR_OK : wr_log_refuse(log, err);
}

/* The active segment may take this batch although it should not: positions and offsets in an index are 32 bits. */
static bool may_outgrow(const wr_log *log, const wr_head *head)
{
    const wr_segment *active = wr_log_active(log);
    int64_t size_max = log->config.segment_size + log->config.segment_overrun_max;
    return active->size + head->size <= (size_max < INT32_MAX ? size_max : INT32_MAX) &&
           head->last_offset - active->base_offset <= INT32_MAX;
}

/* There is no file to go on in, and the active segment cannot grow any more. */
static weir_err lacks_next(wr_log *log)
{
    if (log->next_cause.err == WEIR_OK) {
        errno = 0;
        (void)wr_log_failed(log, WEIR_E_IO, "roll", WR_NEXT_NAME);
        log->failure.reason = "the disk is too slow: the file of the next segment is not ready yet";
        return WEIR_E_IO;
    }
    log->failure = log->next_cause;
    return log->failure.err;
}

static weir_err roll_for(wr_log *log, const wr_head *head)
{
    weir_err err = wr_log_try_roll(log);
    if (err != WEIR_E_AGAIN)
        return err;
    return may_outgrow(log, head) ? WEIR_OK : lacks_next(log);
}

/* A batch of a new leader epoch may be written only when the checkpoint knows the epoch. */
static weir_err enter_epoch(wr_log *log, int32_t leader_epoch)
{
    int32_t last = wr_epochs_last(&log->epochs);
    if (leader_epoch == last && !log->epoch_owed)
        return WEIR_OK;
    if (leader_epoch < last)
        return WEIR_E_USAGE;
    weir_err err = WEIR_OK;
    if (leader_epoch > last)
        err = wr_epochs_add(&log->epochs, leader_epoch, wr_log_end_offset(log));
    if (err != WEIR_OK)
        return err;
    log->epoch_owed = log->checkpoint_owed = true;
    return WEIR_E_AGAIN;
}

static weir_err prepare(wr_log *log, const wr_head *head, int32_t leader_epoch, int64_t now_ms)
{
    weir_err err = wr_segment_index(wr_log_active(log));
    if (err == WEIR_OK && must_roll(log, head, now_ms))
        err = roll_for(log, head);
    if (err == WEIR_OK)
        err = enter_epoch(log, leader_epoch);
    if (err == WEIR_OK)
        err = wr_segment_reserve(wr_log_active(log));
    if (err == WEIR_OK)
        err = wr_producers_reserve(log->producers, head->producer_id);
    return err;
}

static weir_err write_batch(wr_log *log, const uint8_t *bytes, const wr_head *head, int64_t now_ms)
{
    wr_segment *active = wr_log_active(log);
    wr_file *file;
    weir_err err = wr_segment_open(active, &file);
    if (err != WEIR_OK)
        return err;
    err = wr_file_write(file, active->size, bytes, (size_t)head->size);
    if (err != WEIR_OK) {
        active->torn = true;
        return wr_log_failed_at(log, err, "write", active->base_offset, ".log");
    }
    active->dirty = true;
    active->written_ms = now_ms;
    if (active->verified_to == active->size)
        active->verified_to += head->size;
    wr_segment_add(active, head);
    log->size += head->size;
    wr_producers_add(log->producers, head, now_ms);
    return WEIR_OK;
}

weir_err wr_log_append(wr_log *log, uint8_t *bytes, size_t size, int32_t leader_epoch, wr_appended *ret_appended)
{
    if (wr_log_broken(log))
        return WEIR_E_BROKEN;
    if (leader_epoch < 0)
        return WEIR_E_USAGE;
    if (size < WR_BATCH_HEADER_SIZE)
        return WEIR_E_FORMAT;
    wr_head head;
    wr_batch_patch_offset(bytes, wr_log_end_offset(log), leader_epoch);
    if (!wr_head_read(bytes, &head) || head.size != (int64_t)size)
        return WEIR_E_FORMAT;
    if ((int64_t)size > log->config.message_size_max || (int64_t)size > log->config.segment_size)
        return WEIR_E_LIMIT;

    int64_t now_ms = wr_now_ms(log->io), duplicate_offset = -1;
    weir_err err = wr_producers_check(log->producers, &head, &duplicate_offset);
    if (err == WEIR_OK && duplicate_offset >= 0) {
        *ret_appended = (wr_appended){.base_offset = duplicate_offset,
                                      .last_offset = duplicate_offset + head.last_offset_delta,
                                      .append_time_ms = log->config.log_append_time ? now_ms : -1,
                                      .duplicate = true};
        return WEIR_OK;
    }
    if (err == WEIR_OK)
        err = check_content(log, bytes, &head, now_ms);
    if (err != WEIR_OK)
        return err;
    if (log->config.log_append_time) {
        wr_batch_patch_append_time(bytes, size, now_ms);
        bool still = wr_head_read(bytes, &head);
        assert(still);
    }
    if (wr_log_active(log)->torn || (log->state == WR_LOG_FULL && wr_mono_us(log->io) < log->retry_us))
        return log->cause.err == WEIR_E_FULL ? WEIR_E_FULL : WEIR_E_IO;
    err = prepare(log, &head, leader_epoch, now_ms);
    if (err == WEIR_OK)
        err = write_batch(log, bytes, &head, now_ms);
    if (err != WEIR_OK)
        return wr_log_refuse(log, err);
    wr_log_step(log, WR_LOG_WROTE);
    *ret_appended = (wr_appended){.base_offset = head.base_offset,
                                  .last_offset = head.last_offset,
                                  .append_time_ms = log->config.log_append_time ? now_ms : -1};
    return WEIR_OK;
}
