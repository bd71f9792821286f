/* Making things durable.
 *
 *   sync_begin   names the dirty files, oldest segment first, so that what a ticket covers has no holes
 *   (the caller syncs them, on any thread; appends go on)
 *   sync_end     synced_offset moves to the ticket; weir.synced says so; if index files were among them, the
 *                checkpoint is written anew
 *   sync_cancel  nobody could be found to sync them: they are dirty again, and go with the next ticket
 *
 * Index files and a snapshot join a ticket when a segment was sealed, and in the active segment whenever it has grown
 * by checkpoint_size since the last time. After a sync that failed the log is broken: a failed fsync may have dropped the
 * dirty pages, so a retry that succeeds would lie. Whatever else cannot be written is tried again with a later ticket. */
#include "log_int.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

enum { TICKET_FILES = sizeof((wr_log_ticket *)0)->files / sizeof(wr_file *), SNAPSHOT_SIZE_MAX = 16 << 20 };

/* ---- small files */

/* Segments with a mark, up to and with the first that is not wholly covered by it. */
static size_t marked_segments(const wr_log *log, size_t first_segment, wr_checkpoint_segment *lines)
{
    size_t count = 0;
    for (size_t i = first_segment; i < log->segment_count; i++) {
        const wr_segment *segment = log->segments[i];
        if (segment->mark.size > 0)
            lines[count++] = (wr_checkpoint_segment){segment->base_offset, segment->mark};
        if (segment->mark.size < segment->size)
            break;
    }
    return count;
}

/* For Kafka's tools; weir reads the checkpoint's epochs. */
static weir_err write_epochs(wr_log *log)
{
    if (log->filed_epoch == wr_epochs_last(&log->epochs))
        return WEIR_OK;
    char path[WR_LOG_PATH_MAX];
    wr_file *file = NULL;
    wr_buf buf;
    wr_buf_init(&buf, WR_CHECKPOINT_SIZE_MAX);
    wr_epochs_encode(&log->epochs, &buf);
    weir_err err = wr_buf_failed(&buf) ? WEIR_E_MEMORY : wr_log_path_named(log, WR_EPOCHS_NAME, path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file);
    if (err == WEIR_OK)
        err = wr_file_write(file, 0, buf.data, buf.size);
    if (err == WEIR_OK)
        err = wr_file_truncate(file, (int64_t)buf.size);
    if (err == WEIR_OK)
        log->filed_epoch = wr_epochs_last(&log->epochs);
    wr_file_close(file);
    wr_buf_fini(&buf);
    return err;
}

weir_err wr_log_write_checkpoint(wr_log *log, int64_t start_offset, size_t first_segment)
{
    char path[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path_named(log, WR_CHECKPOINT_NAME, path);
    wr_checkpoint checkpoint = {.start_offset = start_offset,
                                .producers_offset = log->producers_offset,
                                .producers_count = log->producers_count,
                                .segments = calloc(log->segment_count + 1, sizeof *checkpoint.segments)};
    wr_buf buf;
    wr_buf_init(&buf, WR_CHECKPOINT_SIZE_MAX);
    if (checkpoint.segments) {
        checkpoint.segment_count = marked_segments(log, first_segment, checkpoint.segments);
        wr_checkpoint_encode(&checkpoint, &log->epochs, &buf);
    }
    if (!checkpoint.segments || wr_buf_failed(&buf))
        err = WEIR_E_MEMORY;
    bool replaced = false;
    if (err == WEIR_OK)
        err = wr_path_replace(log->io, path, wr_buf_view(&buf), &replaced);
    if (err != WEIR_OK)
        (void)wr_log_failed(log, err, "replace", WR_CHECKPOINT_NAME);
    bool unknown = err != WEIR_OK && replaced && !wr_log_lacks_descriptors(err);
    wr_buf_fini(&buf);
    free(checkpoint.segments);
    log->checkpoint_owed = err != WEIR_OK;
    if (unknown)
        return wr_log_break(log, err);
    if (err == WEIR_OK) {
        weir_err ignored = write_epochs(log); /* the next checkpoint tries again */
        (void)ignored;
    }
    return err;
}

weir_err wr_log_write_synced(wr_log *log)
{
    char path[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path_named(log, WR_SYNCED_NAME, path);
    if (err == WEIR_OK && !log->synced_file)
        err = wr_file_open(log->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &log->synced_file);
    uint8_t bytes[WR_SYNCED_SIZE];
    wr_synced_encode(log->synced_offset, bytes);
    if (err == WEIR_OK)
        err = wr_file_write(log->synced_file, 0, bytes, sizeof bytes);
    log->synced_used = true;
    return err == WEIR_OK ? WEIR_OK : wr_log_failed(log, err, "write", WR_SYNCED_NAME);
}

static void remove_snapshot(wr_log *log, int64_t offset)
{
    char path[WR_LOG_PATH_MAX];
    weir_err ignored = wr_log_path(log, offset, ".snapshot", path); /* a file too many harms nobody; open removes it */
    if (ignored == WEIR_OK)
        ignored = wr_path_remove(log->io, path);
    (void)ignored;
}

static void forget_pending_snapshot(wr_log *log)
{
    wr_file_close(log->snapshot_file);
    log->snapshot_file = NULL;
    if (log->snapshot_pending && log->snapshot_count > 0)
        remove_snapshot(log, log->snapshot_offset);
    log->snapshot_pending = false;
}

static weir_err write_snapshot_file(wr_log *log, int64_t offset)
{
    char path[WR_LOG_PATH_MAX];
    wr_buf buf;
    wr_buf_init(&buf, SNAPSHOT_SIZE_MAX);
    wr_producers_encode(log->producers, &buf);
    weir_err err = wr_buf_failed(&buf) ? WEIR_E_MEMORY : wr_log_path(log, offset, ".snapshot", path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &log->snapshot_file);
    if (err == WEIR_OK)
        err = wr_file_write(log->snapshot_file, 0, buf.data, buf.size);
    if (err == WEIR_OK)
        err = wr_file_truncate(log->snapshot_file, (int64_t)buf.size);
    wr_buf_fini(&buf);
    return err;
}

void wr_log_write_snapshot(wr_log *log)
{
    int64_t offset = wr_log_end_offset(log);
    if (log->snapshot_in_ticket || log->producers_offset == offset)
        return; /* one at a time; an older one only means more to read at the next open */
    forget_pending_snapshot(log);
    size_t count = wr_producers_count(log->producers);
    weir_err err = count > 0 ? write_snapshot_file(log, offset) : WEIR_OK;
    log->snapshot_pending = true;
    log->snapshot_offset = offset;
    log->snapshot_count = (int64_t)count;
    if (err != WEIR_OK)
        forget_pending_snapshot(log);
    else if (log->config.nothing_promised) {
        wr_file_close(log->snapshot_file); /* nobody syncs it; the one at the close is */
        log->snapshot_file = NULL;
        forget_pending_snapshot(log);
    }
}

/* ---- tickets */

/* True if the files fitted into the ticket, or there were none. */
static bool add_segment(wr_segment *segment, size_t room, wr_log_ticket *ticket)
{
    size_t need = (segment->dirty ? 1 : 0) + (segment->index_dirty ? 2 : 0);
    if (ticket->file_count + need > room)
        return false;
    segment->log->ticket_err = wr_segment_open_dirty(segment);
    if (segment->log->ticket_err != WEIR_OK)
        return false;
    if (segment->dirty) {
        ticket->files[ticket->file_count++] = segment->file;
        segment->dirty = false;
        segment->in_ticket = true;
    }
    if (segment->index_dirty) {
        ticket->files[ticket->file_count++] = segment->index_file;
        ticket->files[ticket->file_count++] = segment->times_file;
        segment->index_dirty = false;
        segment->index_in_ticket = true;
        segment->ticket_mark = segment->next_mark;
    }
    if (segment->end_offset > ticket->offset)
        ticket->offset = segment->end_offset;
    return true;
}

static bool checkpoint_due(const wr_log *log)
{
    int64_t quarter = log->config.segment_size / 4;
    int64_t step = quarter < WR_LOG_CHECKPOINT_SIZE ? quarter : WR_LOG_CHECKPOINT_SIZE;
    const wr_segment *active = wr_log_active(log);
    return active->size > active->mark.size && active->size - active->mark.size >= step &&
           wr_mono_us(log->io) >= log->checkpoint_us;
}

/* What helps the next open. Without it there is only more to read then. */
static void prepare_checkpoint(wr_log *log)
{
    wr_segment *active = wr_log_active(log);
    weir_err err = wr_segment_index(active);
    if (err == WEIR_OK)
        err = wr_segment_store_index(active, false);
    if (err == WEIR_OK)
        wr_log_write_snapshot(log);
    else
        log->checkpoint_us = wr_mono_us(log->io) + (int64_t)WR_LOG_RETRY_MS * 1000;
}

void wr_log_sync_begin(wr_log *log, wr_log_ticket *ret_ticket)
{
    assert(!log->ticket_open);
    *ret_ticket = (wr_log_ticket){.offset = log->synced_offset};
    log->ticket_err = WEIR_OK;
    if (wr_log_broken(log))
        return;
    if (checkpoint_due(log))
        prepare_checkpoint(log);
    size_t first = wr_log_segment_at(log, log->synced_offset);
    while (first > 0 && (log->segments[first - 1]->dirty || log->segments[first - 1]->index_dirty))
        first--; /* ended where the sync ended, but its index files came later */
    size_t room = TICKET_FILES - (log->snapshot_file ? 1 : 0);
    for (size_t i = first; i < log->segment_count; i++)
        if (!add_segment(log->segments[i], room, ret_ticket))
            break;
    if (log->snapshot_pending && log->snapshot_offset <= ret_ticket->offset) {
        log->snapshot_in_ticket = true;
        if (log->snapshot_file)
            ret_ticket->files[ret_ticket->file_count++] = log->snapshot_file;
    }
    log->ticket_open = ret_ticket->file_count > 0;
    if (!log->ticket_open)
        log->snapshot_in_ticket = false;
}

/* The segment's part of a ticket has ended. True when its mark moved. */
static bool end_segment(wr_segment *segment, bool well)
{
    bool marked = segment->index_in_ticket && well;
    if (marked)
        segment->mark = segment->ticket_mark;
    segment->in_ticket = segment->index_in_ticket = false;
    if (!segment->index_dirty) {
        wr_file_close(segment->index_file);
        wr_file_close(segment->times_file);
        segment->index_file = segment->times_file = NULL;
    }
    if (segment != wr_log_active(segment->log))
        wr_segment_close(segment);
    return marked;
}

/* What the ticket made durable is written down. */
static void note_synced(wr_log *log, bool marked)
{
    int64_t old_offset = -1;
    if (log->snapshot_in_ticket) {
        if (log->producers_count > 0 && log->producers_offset != log->snapshot_offset)
            old_offset = log->producers_offset;
        log->producers_offset = log->snapshot_offset;
        log->producers_count = log->snapshot_count;
        log->snapshot_in_ticket = log->snapshot_pending = false;
        wr_file_close(log->snapshot_file);
        log->snapshot_file = NULL;
        marked = true;
    }
    if (wr_log_write_synced(log) != WEIR_OK) { /* it may be old, never too high: the next sync writes it again */
        wr_file_close(log->synced_file);
        log->synced_file = NULL;
    }
    if (!marked && !log->checkpoint_owed)
        return;
    weir_err err = wr_log_write_checkpoint(log, log->start_offset, 0);
    if (err == WEIR_OK && old_offset >= 0)
        remove_snapshot(log,
                        old_offset); /* else the old checkpoint names it; the next open removes what is left over */
}

void wr_log_sync_end(wr_log *log, const wr_log_ticket *ticket, weir_err err)
{
    if (!log->ticket_open)
        return;
    int os_error = errno;
    log->ticket_open = false;
    bool marked = false;
    for (size_t i = 0; i < log->segment_count; i++)
        if (log->segments[i]->in_ticket || log->segments[i]->index_in_ticket)
            marked |= end_segment(log->segments[i], err == WEIR_OK);
    if (err != WEIR_OK) {
        errno = os_error;
        (void)wr_log_failed_at(log, err, "sync", wr_log_active(log)->base_offset, ".log");
        (void)wr_log_break(log, err);
        return;
    }
    if (ticket->offset > log->synced_offset)
        log->synced_offset = ticket->offset;
    if (!wr_log_broken(log))
        note_synced(log, marked);
}

void wr_log_sync_cancel(wr_log *log)
{
    log->ticket_open = log->snapshot_in_ticket = false;
    for (size_t i = 0; i < log->segment_count; i++) {
        wr_segment *segment = log->segments[i];
        segment->dirty = segment->dirty || segment->in_ticket;
        segment->index_dirty = segment->index_dirty || segment->index_in_ticket;
        segment->in_ticket = segment->index_in_ticket = false;
    }
}

weir_err wr_log_sync(wr_log *log)
{
    for (;;) {
        if (wr_log_broken(log))
            return WEIR_E_BROKEN;
        wr_log_ticket ticket;
        wr_log_sync_begin(log, &ticket);
        if (ticket.file_count == 0)
            return log->ticket_err;
        weir_err err = WEIR_OK;
        for (size_t i = 0; i < ticket.file_count && err == WEIR_OK; i++)
            err = wr_file_sync(ticket.files[i]);
        wr_log_sync_end(log, &ticket, err);
        if (wr_log_broken(log))
            return log->cause.err;
    }
}
