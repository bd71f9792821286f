/* Making things durable.
 *
 *   sync_begin   names the dirty files, oldest segment first, so that what a ticket covers has no holes; and the directory,
 *                when a segment was made: what was appended to it is durable only with its name
 *   (the caller syncs them, on any thread; appends go on)
 *   sync_end     synced_offset moves to the ticket; weir.synced says so; if index files were among them, upkeep writes the
 *                checkpoint anew
 *   sync_cancel  nobody could be found to sync them: they are dirty again, and go with the next ticket
 *
 * Index files join a ticket, and a snapshot of the producers is taken, when a segment was sealed, and in the active
 * segment whenever it has grown by checkpoint_size since the last time. After a sync that failed the log is broken: a
 * failed fsync may have dropped the dirty pages, so a retry that succeeds would lie. Whatever else cannot be written is
 * tried again with a later ticket. */
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

/* ---- tickets */

/* True if the files fitted into the ticket, or there were none. */
static bool add_segment(wr_segment *segment, wr_log_ticket *ticket)
{
    size_t need = (segment->dirty ? 1 : 0) + (segment->index_dirty ? 2 : 0);
    if (ticket->file_count + need > TICKET_FILES)
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

int64_t wr_log_checkpoint_step(const wr_log *log)
{
    int64_t quarter = log->config.segment_size / 4;
    return quarter < WR_LOG_CHECKPOINT_SIZE ? quarter : WR_LOG_CHECKPOINT_SIZE;
}

static bool checkpoint_due(const wr_log *log)
{
    int64_t step = wr_log_checkpoint_step(log);
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
        err = wr_log_take_snapshot(log);
    if (err != WEIR_OK)
        log->checkpoint_us = wr_mono_us(log->io) + (int64_t)WR_LOG_RETRY_MS * 1000;
}

void wr_log_sync_begin(wr_log *log, wr_log_ticket *ret_ticket)
{
    assert(!log->ticket_open);
    *ret_ticket = (wr_log_ticket){.offset = log->synced_offset};
    log->ticket_err = WEIR_OK;
    if (wr_log_broken(log))
        return;
    if (checkpoint_due(log)) {
        prepare_checkpoint(log);
    } else if (wr_log_lacks_snapshot(log)) {
        weir_err ignored = wr_log_take_snapshot(log); /* the next sync tries again */
        (void)ignored;
    }
    size_t first = wr_log_segment_at(log, log->synced_offset);
    while (first > 0 && (log->segments[first - 1]->dirty || log->segments[first - 1]->index_dirty))
        first--; /* ended where the sync ended, but its index files came later */
    for (size_t i = first; i < log->segment_count; i++)
        if (!add_segment(log->segments[i], ret_ticket))
            break;
    log->ticket_open = ret_ticket->file_count > 0;
    if (log->ticket_open && log->names_dirty) {
        ret_ticket->names_of = log;
        log->names_dirty = false;
    }
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
    if (first == WEIR_OK && ticket->names_of) {
        first = wr_dir_sync(ticket->names_of->io, ticket->names_of->directory);
        os_error = errno;
        if (wr_log_lacks_descriptors(first))
            first = WEIR_E_AGAIN;
    }
    errno = os_error;
    return first;
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

/* Remembers which file could not be synced. */
static void note_failed(wr_log *log, const wr_log_ticket *ticket, weir_err err)
{
    for (size_t i = 0; ticket->failed && i < log->segment_count; i++) {
        const wr_segment *segment = log->segments[i];
        const char *suffix = ticket->failed == segment->file         ? ".log"
                             : ticket->failed == segment->index_file ? ".index"
                             : ticket->failed == segment->times_file ? ".timeindex"
                                                                     : NULL;
        if (suffix) {
            (void)wr_log_failed_at(log, err, "sync", segment->base_offset, suffix);
            return;
        }
    }
    (void)wr_log_failed(log, err, "sync", ".");
}

void wr_log_sync_end(wr_log *log, const wr_log_ticket *ticket, weir_err err)
{
    if (!log->ticket_open)
        return;
    int os_error = errno;
    log->ticket_open = false;
    bool marked = false;
    if (err != WEIR_OK)
        note_failed(log, ticket, err); /* while the files are open */
    for (size_t i = 0; i < log->segment_count; i++)
        if (log->segments[i]->in_ticket || log->segments[i]->index_in_ticket)
            marked |= end_segment(log->segments[i], err == WEIR_OK);
    if (err != WEIR_OK) {
        errno = os_error;
        (void)wr_log_break(log, err);
        return;
    }
    if (ticket->offset > log->synced_offset)
        log->synced_offset = ticket->offset;
    if (wr_log_broken(log))
        return;
    if (wr_log_write_synced(log) != WEIR_OK) { /* it may be old, never too high: the next sync writes it again */
        wr_file_close(log->synced_file);
        log->synced_file = NULL;
    }
    log->checkpoint_owed |= marked;
    wr_log_drop_segments(log); /* those that the sync held */
}

void wr_log_sync_cancel(wr_log *log, const wr_log_ticket *ticket)
{
    log->ticket_open = false;
    log->names_dirty = log->names_dirty || ticket->names_of;
    for (size_t i = 0; i < log->segment_count; i++) {
        wr_segment *segment = log->segments[i];
        segment->dirty = segment->dirty || segment->in_ticket;
        segment->index_dirty = segment->index_dirty || segment->index_in_ticket;
        segment->in_ticket = segment->index_in_ticket = false;
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
        weir_err err = wr_log_ticket_sync(&ticket);
        if (err == WEIR_E_AGAIN) {
            wr_log_sync_cancel(log, &ticket);
            return WEIR_E_IO;
        }
        wr_log_sync_end(log, &ticket, err);
        if (wr_log_broken(log))
            return log->cause.err;
    }
}

weir_err wr_log_sync(wr_log *log)
{
    weir_err err = sync_all(log);
    if (err != WEIR_OK)
        return err;
    weir_err ignored = wr_log_keep_up(log); /* unless it broke the log, the next sync tries again */
    (void)ignored;
    return wr_log_broken(log) ? log->cause.err : WEIR_OK;
}
