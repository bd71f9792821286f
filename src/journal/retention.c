/* Which segments go: from the front, by age, by size, and up to the start offset. What is decided here is only asked for;
 * upkeep.c writes it down and removes the files.
 *
 * The age of a segment is that of its largest timestamp, or where no record has one (Kafka: all are negative), the time
 * since it was written last. Timestamps are the clients': one in the future keeps its segment, and those behind it, for
 * as long as it lies ahead (message.timestamp.after.max.ms says how far that may be), unless size decides.
 *
 * Only what consumers may have seen is deleted: up to the synced offset, or to the end where nothing is promised. The first
 * segment that stays has a durable name before the checkpoint lets the log begin there: the upkeep that writes the
 * checkpoint gives it one. */
#include "log_int.h"

#include <base/array.h>
#include <base/time.h>

enum { IDLE_MS = 60 * 1000, HELD_MS = 1000, REMOVALS_MAX = 1 << 24 };

weir_err wr_log_remove_file(const wr_log *log, const char *name)
{
    char path[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path_named(log, name, path);
    if (err == WEIR_OK)
        err = wr_path_remove(log->io, path);
    return err == WEIR_E_NOT_FOUND ? WEIR_OK : err;
}

weir_err wr_log_reserve_removals(wr_log *log, size_t count)
{
    return WR_ARRAY_RESERVE(log->removals, log->removal_capacity, log->removal_count + count, REMOVALS_MAX);
}

void wr_log_drop_segments(wr_log *log)
{
    size_t count = 0;
    while (count + 1 < log->segment_count && log->segments[count]->end_offset <= log->start_offset &&
           !log->segments[count]->in_ticket)
        count++;
    if (count == 0 || log->upkeep_open || wr_log_reserve_removals(log, count) != WEIR_OK)
        return; /* another time: nobody reads them any more, and the next open removes them too */
    int64_t due_us = wr_time_after_ms(wr_mono_us(log->io), log->config.file_delete_delay_ms);
    for (size_t i = 0; i < count; i++) {
        log->removals[log->removal_count++] =
            (wr_removal){.base_offset = log->segments[i]->base_offset, .due_us = due_us};
        log->size -= log->segments[i]->size;
        wr_segment_free(log->segments[i]);
    }
    log->segment_count -= count;
    memmove(log->segments, log->segments + count, log->segment_count * sizeof(wr_segment *));
    log->removal_due_us = 0; /* they are to be renamed */
}

static int64_t deletable_offset(const wr_log *log)
{
    return log->config.nothing_promised ? wr_log_end_offset(log) : log->synced_offset;
}

static bool can_go(const wr_log *log, const wr_segment *segment)
{
    return segment->end_offset <= deletable_offset(log) && !segment->in_ticket;
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
    if (wr_next_pressing(log)) /* somebody may wait for what an upkeep could not do */
        sooner(&next_ms, wr_time_add_ms(now_ms, WR_LOG_RETRY_MS));
    if (log->removal_due_us != INT64_MAX) {
        int64_t left_us = log->removal_due_us - mono_us;
        sooner(&next_ms, wr_time_add_ms(now_ms, left_us > 0 ? left_us / 1000 + 1 : 0));
    }
    int64_t time_ms = time_of(log->segments[0]);
    if (log->config.retention_ms >= 0 && time_ms >= 0)
        sooner(&next_ms, wr_time_add_ms(wr_time_add_ms(time_ms, log->config.retention_ms), 1));
    return next_ms;
}

/* Says where the log is to begin; *ret_held: something is over, but a sync is to come first. */
static weir_err decide(wr_log *log, int64_t now_ms, bool *ret_held)
{
    *ret_held = false;
    if (wr_log_broken(log))
        return WEIR_E_BROKEN;
    wr_segment *active = wr_log_active(log);
    weir_err rolled = WEIR_OK; /* where that fails, those before it may go all the same */
    if (has_expired(log, active, now_ms) && can_go(log, active) && wr_log_has_room(log)) /* else at the next look */
        rolled = wr_log_try_roll(log);
    if (rolled == WEIR_E_AGAIN)
        rolled = WEIR_OK; /* upkeep makes it possible */
    size_t count = count_deletable(log, now_ms, ret_held);
    if (count > 0 && log->segments[count]->base_offset > log->asked_start)
        log->asked_start = log->segments[count]->base_offset;
    return rolled;
}

static int64_t rest(wr_log *log, int64_t now_ms, bool held)
{
    wr_producers_expire(log->producers, now_ms - log->config.producer_expiry_ms);
    wr_log_drop_segments(log);
    return next_look_ms(log, now_ms, close_idle(log), held || log->asked_start > log->start_offset);
}

weir_err wr_log_look(wr_log *log, int64_t now_ms, int64_t *ret_next_ms)
{
    bool held;
    weir_err err = decide(log, now_ms, &held);
    if (wr_log_broken(log))
        return err;
    int64_t next_ms = rest(log, now_ms, held);
    if (err == WEIR_OK)
        *ret_next_ms = next_ms;
    return err;
}

/* A deletion that waits for a sync gets one. */
static weir_err carry_out(wr_log *log)
{
    weir_err err = wr_log_keep_up(log);
    if (err != WEIR_OK || log->asked_start <= log->start_offset || log->ticket_open)
        return err;
    err = wr_log_sync(log);
    return err == WEIR_OK ? wr_log_keep_up(log) : err;
}

weir_err wr_log_retain(wr_log *log, int64_t now_ms, int64_t *ret_next_ms)
{
    bool held;
    weir_err err = decide(log, now_ms, &held);
    if (log->next_wanted && err == WEIR_OK && wr_log_keep_up(log) == WEIR_OK)
        err = decide(log, now_ms, &held); /* a roll can be made now */
    weir_err kept = wr_log_broken(log) ? WEIR_E_BROKEN : carry_out(log);
    if (err == WEIR_OK)
        err = kept;
    if (err == WEIR_OK)
        *ret_next_ms = rest(log, now_ms, held);
    return err;
}

weir_err wr_log_ask_start(wr_log *log, int64_t start_offset)
{
    if (wr_log_broken(log))
        return WEIR_E_BROKEN;
    if (start_offset > log->synced_offset)
        return WEIR_E_RANGE;
    if (start_offset > log->asked_start)
        log->asked_start = start_offset;
    return WEIR_OK;
}

int64_t wr_log_asked_start(const wr_log *log)
{
    return log->asked_start;
}

weir_err wr_log_trim(wr_log *log, int64_t start_offset)
{
    weir_err err = wr_log_ask_start(log, start_offset);
    if (err != WEIR_OK)
        return err;
    if (start_offset <= log->start_offset)
        return WEIR_OK;
    err = carry_out(log);
    if (log->start_offset >= start_offset && !wr_log_broken(log))
        return WEIR_OK; /* only files are left over */
    log->asked_start = log->start_offset;
    return err == WEIR_OK ? WEIR_E_AGAIN : err;
}
