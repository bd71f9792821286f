/* Index files: written by upkeep, from copies of what they lack, so that nobody who appends, reads or syncs makes or writes
 * one.
 *
 *    indexes in memory ──begin: copied──▶ run: written, cut to their length, synced ──end──▶ filed
 *
 *   filed    the files hold this much of the segment, and are on the disk
 *   mark     the same, when the batches are on the disk, too: what the checkpoint says of the segment
 *
 * Due are those of a sealed segment, of the active one when it has grown by as much as a checkpoint waits for (unless
 * nothing is promised: nobody would write the checkpoint), and, when the log is closed, all. Those of a sealed segment stay
 * in memory until they are filed, also where a reader had to make them again because the files were lost or damaged. At
 * most WR_FILING_MAX segments are filed at once, which bounds the copies.
 *
 * After a failure nobody knows what the files hold: they are written from their beginning then. Until that is done the next
 * open finds that they are not what the checkpoint says, and reads the segment instead. Hence not even a failed sync of
 * them breaks the log; that they cannot be written is said all the same (wr_log_take_unfiled), since every sealed segment's
 * stay in memory, and no checkpoint knows of its batches. */
#include "log_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static bool marks_differ(const wr_mark *a, const wr_mark *b)
{
    return a->size != b->size || a->index_size != b->index_size || a->times_size != b->times_size ||
           a->index_crc != b->index_crc || a->times_crc != b->times_crc;
}

bool wr_filing_due(const wr_log *log)
{
    bool owed = log->filing_owed || wr_segment_owes_files(wr_log_active(log));
    return owed && (log->filing_us == 0 || wr_mono_us(log->io) >= log->filing_us);
}

/* ---- beginning */

static weir_err take(wr_filing_work *work, const wr_segment *segment)
{
    wr_index_rest index = {0}, times = {0};
    weir_err err = wr_index_take_rest(&segment->index, &index);
    if (err == WEIR_OK)
        err = wr_index_take_rest(&segment->times, &times);
    if (err != WEIR_OK) {
        wr_index_rest_fini(&index);
        return err;
    }
    work->items[work->count].base_offset = segment->base_offset;
    work->items[work->count].index = index;
    work->items[work->count].times = times;
    work->items[work->count++].mark = (wr_mark){
        .end_offset = segment->end_offset,
        .size = segment->size,
        .max_time = segment->max_time,
        .max_time_offset = segment->max_time_offset,
        .index_size = (int64_t)(segment->index.count * WR_INDEX_ENTRY),
        .times_size = (int64_t)(segment->times.count * WR_TIMES_ENTRY),
    };
    return WEIR_OK;
}

static void work_fini(wr_filing_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        wr_index_rest_fini(&work->items[i].index);
        wr_index_rest_fini(&work->items[i].times);
    }
    work->count = 0;
}

weir_err wr_filing_begin(wr_log *log, wr_filing_work *ret_work)
{
    *ret_work = (wr_filing_work){0};
    if (!wr_filing_due(log))
        return WEIR_OK;
    size_t first = log->filing_owed ? 0 : log->segment_count - 1;
    weir_err err = WEIR_OK;
    for (size_t i = first; i < log->segment_count && err == WEIR_OK && !ret_work->leaves; i++) {
        if (!wr_segment_owes_files(log->segments[i]))
            continue;
        ret_work->leaves = ret_work->count == WR_FILING_MAX;
        if (!ret_work->leaves)
            err = take(ret_work, log->segments[i]);
    }
    if (err != WEIR_OK) {
        work_fini(ret_work);
        return err;
    }
    log->filing_owed = ret_work->leaves;
    return WEIR_OK;
}

/* ---- running */

/* The first failure is kept. */
static weir_err failed(wr_filing_work *work, weir_err err, const char *call, int64_t base_offset, const char *suffix)
{
    if (work->failed.err != WEIR_OK)
        return err;
    work->failed = (wr_log_cause){.err = err, .os_error = errno, .call = call};
    snprintf(work->failed.file, sizeof work->failed.file, "%020" PRId64 "%s", base_offset, suffix);
    return err;
}

static weir_err write_file(const wr_log *log, wr_filing_work *work, int64_t base_offset, const char *suffix,
                           wr_index_rest *rest)
{
    char path[WR_LOG_PATH_MAX];
    wr_file *file = NULL;
    weir_err err = wr_log_path(log, base_offset, suffix, path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file);
    if (err != WEIR_OK)
        return failed(work, err, "open", base_offset, suffix);
    err = wr_index_rest_write(rest, file);
    if (err != WEIR_OK)
        (void)failed(work, err, "write", base_offset, suffix);
    wr_file_close(file);
    return err;
}

/* If their names are not durable, the next open makes the indexes again. */
void wr_filing_run(const wr_log *log, wr_filing_work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        int64_t base_offset = work->items[i].base_offset;
        weir_err err = write_file(log, work, base_offset, ".index", &work->items[i].index);
        if (err == WEIR_OK)
            err = write_file(log, work, base_offset, ".timeindex", &work->items[i].times);
        work->items[i].filed = err == WEIR_OK;
    }
}

/* ---- ending */

void wr_filing_end(wr_log *log, wr_filing_work *work)
{
    bool all = work->count > 0;
    for (size_t i = 0; i < work->count; i++) {
        all &= work->items[i].filed;
        wr_segment *segment = log->segments[wr_log_segment_at(log, work->items[i].base_offset)];
        bool filed = work->items[i].filed;
        wr_index_note_filed(&segment->index, &work->items[i].index, filed);
        wr_index_note_filed(&segment->times, &work->items[i].times, filed);
        if (!filed) {
            segment->filed = (wr_mark){.end_offset = segment->base_offset, .max_time = -1, .max_time_offset = -1};
            log->filing_owed = true;
            log->filing_us = wr_mono_us(log->io) + (int64_t)WR_LOG_RETRY_MS * 1000;
            continue;
        }
        segment->filed = work->items[i].mark;
        segment->filed.index_crc = work->items[i].index.crc;
        segment->filed.times_crc = work->items[i].times.crc;
        log->marks_owed = true;
        if (!segment->file)
            wr_segment_close(segment); /* whose indexes waited for this */
    }
    if (work->failed.err != WEIR_OK)
        log->failure = work->failed;
    if (work->failed.err != WEIR_OK || all)
        log->unfiled = work->failed;
    work_fini(work);
    wr_log_advance_marks(log);
}

void wr_log_advance_marks(wr_log *log)
{
    if (!log->marks_owed)
        return;
    log->marks_owed = false;
    for (size_t i = 0; i < log->segment_count; i++) {
        wr_segment *segment = log->segments[i];
        if (segment->filed.size == 0 || !marks_differ(&segment->filed, &segment->mark))
            continue;
        if (segment->filed.end_offset > log->durable_offset) {
            log->marks_owed = true;
            continue;
        }
        segment->mark = segment->filed;
        log->checkpoint_owed = true;
    }
}

bool wr_log_take_unfiled(wr_log *log)
{
    bool fails = log->unfiled.err != WEIR_OK, changed = fails != log->unfiled_told;
    log->unfiled_told = fails;
    return changed;
}

const wr_log_cause *wr_log_unfiled_of(const wr_log *log)
{
    return &log->unfiled;
}
