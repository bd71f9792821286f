/* Making batches durable.
 *
 *   sync_begin   names the dirty segment files, oldest first, so that what a ticket covers has no holes
 *   (the caller syncs them, on any thread; appends go on)
 *   sync_end     durable_offset moves to the ticket, and synced_offset with it, unless the active segment's file has no name
 *                of its own yet: then upkeep, which gives it one, moves it (next.c). weir.synced says so
 *   sync_cancel  nobody could be found to sync them: they are dirty again, and go with the next ticket
 *
 * Files of indexes and of producers are upkeep's, as is the checkpoint that names them. After a sync that failed the log is
 * broken: a failed fsync may have dropped the dirty pages, so a retry that succeeds would lie. Whatever else cannot be
 * written is tried again with a later ticket. */
#include "log_int.h"

#include <assert.h>
#include <errno.h>

enum { TICKET_FILES = sizeof((wr_log_ticket *)0)->files / sizeof(wr_file *) };

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

void wr_log_advance_synced(wr_log *log)
{
    int64_t offset = log->durable_offset, unnamed = wr_log_active(log)->base_offset;
    if (log->next == WR_NEXT_UNNAMED && offset > unnamed)
        offset = unnamed;
    if (offset > log->synced_offset)
        log->synced_offset = offset;
    else if (log->synced_file)
        return;
    if (wr_log_broken(log))
        return;
    if (wr_log_write_synced(log) != WEIR_OK) { /* it may be old, never too high: the next sync writes it again */
        wr_file_close(log->synced_file);
        log->synced_file = NULL;
    }
}

/* ---- tickets */

/* True if the file fitted into the ticket, or there was none. */
static bool add_segment(wr_segment *segment, wr_log_ticket *ticket)
{
    if (segment->dirty && ticket->file_count == TICKET_FILES)
        return false;
    if (segment->dirty) {
        wr_file *file;
        segment->log->ticket_err = wr_segment_open(segment, &file);
        if (segment->log->ticket_err != WEIR_OK)
            return false;
        ticket->files[ticket->file_count++] = file;
        segment->dirty = false;
        segment->in_ticket = true;
    }
    if (segment->end_offset > ticket->offset)
        ticket->offset = segment->end_offset;
    return true;
}

int64_t wr_log_checkpoint_step(const wr_log *log)
{
    int64_t quarter = log->config.segment_size / 4;
    return quarter < WR_LOG_CHECKPOINT_SIZE ? quarter : WR_LOG_CHECKPOINT_SIZE;
}

void wr_log_sync_begin(wr_log *log, wr_log_ticket *ret_ticket)
{
    assert(!log->ticket_open);
    *ret_ticket = (wr_log_ticket){.offset = log->durable_offset};
    log->ticket_err = WEIR_OK;
    if (wr_log_broken(log))
        return;
    if (wr_log_lacks_snapshot(log)) {
        weir_err ignored = wr_log_take_snapshot(log); /* the next sync tries again */
        (void)ignored;
    }
    size_t first = wr_log_segment_at(log, log->durable_offset);
    while (first > 0 && log->segments[first - 1]->dirty)
        first--; /* it ended where the sync ended, and was cut there later */
    for (size_t i = first; i < log->segment_count; i++)
        if (!add_segment(log->segments[i], ret_ticket))
            break;
    log->ticket_open = ret_ticket->file_count > 0;
}

weir_err wr_log_ticket_sync(wr_log_ticket *ticket)
{
    weir_err first = WEIR_OK;
    int os_error = 0;
    for (size_t i = 0; i < ticket->file_count; i++) { /* whatever happens to the first: the others may become durable */
        weir_err err = wr_file_sync(ticket->files[i]);
        if (err == WEIR_OK || first != WEIR_OK)
            continue;
        os_error = errno;
        first = err;
        ticket->failed = ticket->files[i];
    }
    errno = os_error;
    return first;
}

/* Remembers which file could not be synced. */
static void note_failed(wr_log *log, const wr_log_ticket *ticket, weir_err err)
{
    for (size_t i = 0; ticket->failed && i < log->segment_count; i++)
        if (log->segments[i]->in_ticket && ticket->failed == log->segments[i]->file) {
            (void)wr_log_failed_at(log, err, "sync", log->segments[i]->base_offset, ".log");
            return;
        }
    (void)wr_log_failed(log, err, "sync", ".");
}

/* Its files are free. */
static void release_segments(wr_log *log)
{
    for (size_t i = 0; i < log->segment_count; i++) {
        wr_segment *segment = log->segments[i];
        if (!segment->in_ticket)
            continue;
        segment->in_ticket = false;
        if (segment != wr_log_active(log))
            wr_segment_close(segment);
    }
}

void wr_log_sync_end(wr_log *log, const wr_log_ticket *ticket, weir_err err)
{
    if (!log->ticket_open)
        return;
    int os_error = errno;
    log->ticket_open = false;
    if (err != WEIR_OK)
        note_failed(log, ticket, err); /* while the files are open */
    release_segments(log);
    if (err != WEIR_OK) {
        errno = os_error;
        (void)wr_log_break(log, err);
        return;
    }
    if (ticket->offset > log->durable_offset)
        log->durable_offset = ticket->offset;
    wr_log_advance_synced(log);
    wr_log_advance_marks(log);
    if (!wr_log_broken(log))
        wr_log_drop_segments(log); /* those that the sync held */
}

bool wr_log_sync_due(const wr_log *log)
{
    return !wr_log_broken(log) && log->durable_offset < wr_log_end_offset(log);
}

void wr_log_sync_cancel(wr_log *log)
{
    log->ticket_open = false;
    for (size_t i = 0; i < log->segment_count; i++) {
        wr_segment *segment = log->segments[i];
        segment->dirty = segment->dirty || segment->in_ticket;
        segment->in_ticket = false;
    }
}

static weir_err sync_all(wr_log *log)
{
    for (;;) {
        if (wr_log_broken(log))
            return WEIR_E_BROKEN;
        wr_log_ticket ticket;
        wr_log_sync_begin(log, &ticket);
        if (ticket.file_count == 0)
            return log->ticket_err;
        wr_log_sync_end(log, &ticket, wr_log_ticket_sync(&ticket));
        if (wr_log_broken(log))
            return log->cause.err;
    }
}

weir_err wr_log_sync(wr_log *log)
{
    int64_t end_offset = wr_log_end_offset(log);
    weir_err err = sync_all(log);
    if (err != WEIR_OK)
        return err;
    log->pressing_us = 0;      /* a name that could not be given just now is tried again at once */
    err = wr_log_keep_up(log); /* unless a name is missing or it broke the log, the next sync tries again */
    if (!wr_log_broken(log) && log->synced_offset < end_offset)
        return err == WEIR_OK ? WEIR_E_AGAIN : err;
    return wr_log_broken(log) ? log->cause.err : WEIR_OK;
}
