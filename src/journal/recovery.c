/* Opening a log: what is on the disk, what of it is promised, and what was torn.
 *
 *    <────────────── promised ──────────────>
 *    <── recovery point ──>                        the file ends
 *    |  trusted           |  read again           |  read again, torn?   |
 *
 * The recovery point is the end of the last segment line of weir.checkpoint. Below it nothing is read: sizes must be
 * those of the lines, indexes carry a CRC there, and batches are checked when somebody reads them for the first time.
 * From it on every batch is read and must hold. At the first one that does not:
 *
 *   below the promised offset   an fsync had succeeded over it. This is damage: WEIR_E_CORRUPT, the partition stays closed
 *   else                        it was never acknowledged as durable: the log ends before it, what follows is removed
 *
 * What is promised can be known only in part. An fsync leaves no trace on the disk, and a record of it that is itself
 * synced would double the cost of every acknowledgement. So it is recorded without a sync (weir.synced), after the
 * fact: the record may be missing or old, but never too high. The promised offset is the greatest of that record, the
 * start offset and the recovery point. Therefore
 *
 *   after kill -9        the record is exact: any damage to a synced batch is told from a torn write
 *   after a power cut    it is as old as the kernel's write-back (about 30 s, or the last checkpoint). Damage to a batch
 *                        synced since then looks like a torn write and is cut; that takes a disk that loses what it
 *                        reported as written, within that time. What an intact disk was told to keep is always kept
 *
 * A later batch that holds, behind one that does not, proves nothing: sectors reach the disk in any order.
 *
 * Base offset and leader epoch of a batch are not covered by its CRC; they are known from their neighbours and from the
 * checkpoint, and compared. A log without a checkpoint is a young one (leader epoch 0, nothing deleted), or, when
 * weir.synced is missing too, one that Kafka wrote: then epochs are taken from its batches.
 *
 * Whatever was read again is synced before the log is opened to anyone, so that nothing is shown that the next power
 * cut could take back. What the directory holds besides is listing.c's. The `clean` of wr_log_open is not needed for any of
 * this: after a clean stop the recovery point is the end of the file, and nothing is read. */
#include "listing_int.h"

#include <inttypes.h>
#include <stdlib.h>

enum { SCAN_BUFFER = 256 << 10, ARENA_MAX = 256 << 20, SNAPSHOT_MAX = 32 << 20 };

typedef struct recovery {
    wr_listing there; /* what the directory holds */
    uint8_t *buffer;
    bool restored;      /* the producers */
    bool renounced;     /* the snapshot of them that the checkpoint names */
    bool fresh;         /* it had no segment: nothing of it needs a checkpoint */
    bool scanned;       /* something was read again */
    bool sync_own_name; /* the directory's may not be on the disk */
} recovery;

static weir_err damaged(const recovery *r, const wr_segment *segment, int64_t position, const char *reason)
{
    return weir_fail(r->there.failure, WEIR_E_CORRUPT,
                     "%s/%020" PRId64 ".log at %" PRId64 ": %s, but up to offset %" PRId64
                     " the log had been synced; restore the partition, or remove it",
                     r->there.log->directory, segment->base_offset, position, reason, r->there.promised);
}

/* ---- producers */

static weir_err read_snapshot(recovery *r)
{
    wr_log *log = r->there.log;
    char path[WR_LOG_PATH_MAX];
    weir_slice bytes;
    weir_err err = wr_log_path(log, r->there.checkpoint.producers_offset, ".snapshot", path);
    if (err == WEIR_OK)
        err = wr_path_read(log->io, path, SNAPSHOT_MAX, r->there.arena, &bytes);
    if (err == WEIR_OK)
        err = wr_producers_decode(log->producers, bytes);
    bool lost = err == WEIR_E_NOT_FOUND || err == WEIR_E_CORRUPT || err == WEIR_E_LIMIT;
    if (!lost)
        return err;
    wr_producers_free(log->producers); /* the log itself knows the same, at the price of reading all of it */
    log->producers = wr_producers_new();
    r->there.checkpoint.producers_offset = -1;
    r->there.checkpoint.producers_count = 0;
    return log->producers ? WEIR_OK : WEIR_E_MEMORY;
}

static weir_err replay(recovery *r, wr_segment *segment, int64_t from_offset)
{
    wr_walk walk = {
        .segment = segment, .end = segment->size, .offset = -1, .buffer = r->buffer, .buffer_size = SCAN_BUFFER};
    if (from_offset >= segment->end_offset)
        return WEIR_OK;
    weir_err err = WEIR_OK;
    if (from_offset > segment->base_offset)
        err = wr_segment_find(segment, from_offset, &walk.position, &walk.offset);
    if (err != WEIR_OK)
        return err;
    wr_head head;
    while ((err = wr_walk_next(&walk, &head)) == WEIR_OK) {
        err = wr_producers_reserve(r->there.log->producers, head.producer_id);
        if (err != WEIR_OK)
            return err;
        wr_producers_add(r->there.log->producers, &head, wr_now_ms(r->there.log->io));
    }
    if (err == WEIR_E_CORRUPT)
        return damaged(r, segment, walk.position, walk.reason);
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

/* The state at the end of what was taken so far: the snapshot, and what was appended since. Two are of no use:
 *
 *   from before the first segment   it lacks what was deleted in between, and would take a producer's next batch for one
 *                                   out of order; without it, the producer is either in the segments or not known. Since
 *                                   a deletion waits for a later snapshot, only earlier versions left such a log
 *   from behind the end             of a log that promised nothing, and lost what it described. The checkpoint must not
 *                                   name it any more when other batches stand there */
static weir_err restore_producers(recovery *r)
{
    wr_log *log = r->there.log;
    wr_checkpoint *checkpoint = &r->there.checkpoint;
    r->restored = true;
    weir_err err = WEIR_OK;
    r->renounced = checkpoint->producers_offset > wr_log_end_offset(log);
    if (r->renounced || checkpoint->producers_offset < log->segments[0]->base_offset)
        checkpoint->producers_offset = -1;
    if (checkpoint->producers_offset >= 0 && checkpoint->producers_count > 0)
        err = read_snapshot(r);
    log->producers_offset = checkpoint->producers_offset;
    log->producers_count = checkpoint->producers_offset >= 0 ? checkpoint->producers_count : 0;
    for (size_t i = 0; i < log->segment_count && err == WEIR_OK; i++)
        err = replay(r, log->segments[i], checkpoint->producers_offset);
    return err;
}

/* ---- segments */

static weir_err add_batch(recovery *r, wr_segment *segment, const wr_head *head)
{
    weir_err err = wr_segment_reserve(segment);
    if (err == WEIR_OK && r->restored)
        err = wr_producers_reserve(r->there.log->producers, head->producer_id);
    if (err != WEIR_OK)
        return err;
    wr_segment_add(segment, head);
    if (r->restored)
        wr_producers_add(r->there.log->producers, head, wr_now_ms(r->there.log->io));
    return WEIR_OK;
}

/* Writes the bytes from `position` on over themselves. An earlier process may have seen a failed fsync, after which the
 * kernel shows bytes that are not on the disk and no longer dirty: syncing them again would do nothing and say yes. */
static weir_err rewrite(recovery *r, wr_segment *segment, int64_t position)
{
    wr_file *file;
    weir_err err = wr_segment_open(segment, &file);
    while (err == WEIR_OK && position < segment->size) {
        int64_t left = segment->size - position;
        size_t size = left < SCAN_BUFFER ? (size_t)left : SCAN_BUFFER, got = 0;
        err = wr_file_read(file, position, r->buffer, size, &got);
        if (err == WEIR_OK && got < size)
            err = WEIR_E_CORRUPT;
        if (err == WEIR_OK)
            err = wr_file_write(file, position, r->buffer, size);
        position += (int64_t)size;
    }
    return err;
}

/* Reads on from where the segment is known to hold. *ret_torn: it ended before its file did, and was cut there. A snapshot
 * of the producers that was taken behind that place is looked at when all is read. */
static weir_err scan(recovery *r, wr_segment *segment, int64_t file_size, bool *ret_torn)
{
    weir_err err = WEIR_OK;
    if (!r->restored && r->there.checkpoint.producers_offset <= segment->end_offset)
        err = restore_producers(r);
    if (err == WEIR_OK)
        err = wr_segment_index(segment);
    if (err != WEIR_OK)
        return err;
    wr_walk walk = {.segment = segment,
                    .position = segment->size,
                    .end = file_size,
                    .offset = segment->end_offset,
                    .check_crc = true,
                    .learn_epochs = !r->there.has_checkpoint && !r->there.has_synced,
                    .buffer = r->buffer,
                    .buffer_size = SCAN_BUFFER};
    int64_t from = segment->size, unpromised = segment->size;
    wr_head head;
    while ((err = wr_walk_next(&walk, &head)) == WEIR_OK) {
        weir_err added = add_batch(r, segment, &head);
        if (added != WEIR_OK)
            return added;
        if (head.last_offset < r->there.promised)
            unpromised = segment->size;
    }
    r->scanned = segment->dirty = true;
    wr_log_step(r->there.log, WR_LOG_READS_AGAIN);
    if (segment->size - from > segment->verified_to - segment->verified_from) {
        segment->verified_from = from;
        segment->verified_to = segment->size;
    }
    if (err == WEIR_E_CORRUPT) {
        if (segment->end_offset < r->there.promised)
            return damaged(r, segment, walk.position, walk.reason);
        *ret_torn = true;
        wr_file *file;
        err = wr_segment_open(segment, &file);
        if (err == WEIR_OK)
            err = wr_file_truncate(file, segment->size);
    }
    if (err != WEIR_OK && err != WEIR_E_RANGE)
        return err;
    return rewrite(r, segment, unpromised);
}

/* The next segment of the log, as far as it holds. */
static weir_err take_segment(recovery *r, int64_t base_offset, bool *ret_torn)
{
    wr_log *log = r->there.log;
    wr_segment *segment = wr_segment_new(log, base_offset);
    weir_err err = segment ? wr_log_add_segment(log, segment) : WEIR_E_MEMORY;
    if (err != WEIR_OK) {
        wr_segment_free(segment);
        return err;
    }
    segment->mark.end_offset = base_offset;
    segment->mark.max_time = segment->mark.max_time_offset = -1;
    segment->filed = segment->mark;
    wr_file *file;
    int64_t file_size = 0;
    err = wr_segment_open(segment, &file);
    if (err == WEIR_OK)
        err = wr_file_size(file, &file_size);
    if (err != WEIR_OK)
        return err;
    const wr_checkpoint_segment *line = wr_listing_line_of(&r->there, base_offset);
    if (line) {
        bool last = line == &r->there.checkpoint.segments[r->there.checkpoint.segment_count - 1];
        if (file_size < line->mark.size || (file_size > line->mark.size && !last))
            return damaged(r, segment, file_size, "the file has another size than it had");
        segment->mark = segment->filed = line->mark;
        segment->size = line->mark.size;
        segment->end_offset = line->mark.end_offset;
        segment->max_time = line->mark.max_time;
        segment->max_time_offset = line->mark.max_time_offset;
    }
    segment->started_ms = wr_now_ms(log->io);
    err = wr_file_written_ms(file, &segment->written_ms);
    if (err == WEIR_OK && file_size > segment->size)
        err = scan(r, segment, file_size, ret_torn);
    if (err == WEIR_OK && !segment->dirty)
        wr_segment_close(segment);
    return err;
}

/* A segment that another follows is sealed: if it was read again, its index files are to be written. It is synced here and
 * closed, since there may be more of them than descriptors. */
static weir_err seal(wr_segment *segment)
{
    if (!segment->dirty)
        return WEIR_OK;
    wr_file *file;
    weir_err err = wr_segment_reserve(segment);
    if (err == WEIR_OK)
        err = wr_segment_open(segment, &file);
    if (err == WEIR_OK)
        err = wr_file_sync(file);
    if (err != WEIR_OK)
        return err;
    wr_segment_seal(segment);
    segment->dirty = false;
    wr_segment_close(segment);
    return WEIR_OK;
}

static weir_err take_segments(recovery *r)
{
    wr_log *log = r->there.log;
    weir_err err = WEIR_OK;
    bool torn = false;
    for (size_t i = 0; i < r->there.base_count && err == WEIR_OK; i++) {
        bool follows = log->segment_count == 0 || wr_log_end_offset(log) == r->there.bases[i];
        if (!follows && wr_log_end_offset(log) < r->there.promised)
            return damaged(r, wr_log_active(log), wr_log_active(log)->size, "the next segment begins elsewhere");
        if (torn || !follows) { /* behind a hole: never acknowledged */
            torn = true;
            err = wr_listing_remove_segment(&r->there, r->there.bases[i]);
            continue;
        }
        if (log->segment_count > 0)
            err = seal(wr_log_active(log));
        if (err == WEIR_OK)
            err = take_segment(r, r->there.bases[i], &torn);
    }
    return err;
}

/* Everything that the checkpoint names, and all that was promised, must have been found. */
static weir_err check_promises(const recovery *r)
{
    const wr_log *log = r->there.log;
    const wr_checkpoint *checkpoint = &r->there.checkpoint;
    bool listed = true;
    for (size_t i = 0; i < checkpoint->segment_count; i++)
        listed &= checkpoint->segments[i].base_offset < r->there.bases[0] ||
                  wr_listing_has(&r->there, checkpoint->segments[i].base_offset);
    if (!listed || log->segments[0]->base_offset > checkpoint->start_offset)
        return weir_fail(r->there.failure, WEIR_E_CORRUPT, "%s: a segment file that the checkpoint names is missing",
                         log->directory);
    if (wr_log_end_offset(log) < r->there.promised)
        return damaged(r, wr_log_active(log), wr_log_active(log)->size, "the log ends here");
    return WEIR_OK;
}

/* ---- the whole */

static weir_err make_first(wr_log *log)
{
    char path[WR_LOG_PATH_MAX];
    wr_file *file = NULL;
    weir_err err = wr_log_path(log, log->start_offset, ".log", path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_WRITE | WR_FILE_CREATE | WR_FILE_EXCLUSIVE, &file);
    if (err == WEIR_OK)
        err = wr_log_start_segment(log, file);
    if (err != WEIR_OK)
        wr_file_close(file);
    return err;
}

static weir_err begin_fresh(recovery *r)
{
    wr_log *log = r->there.log;
    if (r->there.promised > 0)
        return weir_fail(r->there.failure, WEIR_E_CORRUPT, "%s: no segment file is left", log->directory);
    weir_err err = log->epochs.count == 0 ? wr_epochs_add(&log->epochs, 0, 0) : WEIR_OK;
    if (err == WEIR_OK)
        err = wr_log_write_synced(log);
    if (err == WEIR_OK)
        err = make_first(log);
    if (err == WEIR_OK)
        err = wr_dir_sync(log->io, log->directory);
    if (err != WEIR_OK || !r->sync_own_name)
        return err;
    const char *slash = strrchr(log->directory, '/');
    if (!slash || slash == log->directory)
        return WEIR_OK;
    char *parent = weir_arena_dup_text(r->there.arena,
                                       (weir_slice){(const uint8_t *)log->directory, (size_t)(slash - log->directory)});
    return parent ? wr_dir_sync(log->io, parent) : WEIR_E_MEMORY;
}

static weir_err recover_segments(recovery *r)
{
    wr_log *log = r->there.log;
    if (!r->there.has_checkpoint && r->there.has_synced) {
        weir_err err = wr_epochs_add(&log->epochs, 0, r->there.bases[0]);
        if (err != WEIR_OK)
            return err;
    }
    weir_err err = take_segments(r);
    if (err == WEIR_OK)
        err = check_promises(r);
    if (err == WEIR_OK && !r->restored)
        err = restore_producers(r);
    return err;
}

/* Up to here all is on the disk. */
static int64_t synced_end(const wr_log *log)
{
    int64_t offset = log->start_offset;
    for (size_t i = 0; i < log->segment_count && !log->segments[i]->dirty; i++)
        offset = log->segments[i]->end_offset;
    return offset > log->start_offset ? offset : log->start_offset;
}

/* What was read again becomes durable, and what was found out is written down. */
static weir_err settle(recovery *r)
{
    wr_log *log = r->there.log;
    for (size_t i = 0; i < log->segment_count; i++)
        log->size += log->segments[i]->size;
    wr_producers_expire(log->producers, wr_now_ms(log->io) - log->config.producer_expiry_ms);
    bool forgot = wr_epochs_truncate(&log->epochs, wr_log_end_offset(log));
    bool learned = !r->fresh && !r->there.has_checkpoint && !r->there.has_synced && log->epochs.count > 0;
    bool unsynced = !r->there.clean || r->there.changed;
    weir_err err = unsynced ? wr_dir_sync(log->io, log->directory) : WEIR_OK;
    bool first = log->epochs.count == 0; /* no batch is left to tell: who appends must not wait for a checkpoint */
    if (err == WEIR_OK && first)
        err = wr_epochs_add(&log->epochs, 0, wr_log_end_offset(log));
    log->checkpoint_owed |= forgot || learned || first || r->renounced;
    log->synced_offset = log->durable_offset = synced_end(log);
    if (err == WEIR_OK)
        err = wr_log_keep_up(log);
    return err == WEIR_OK && r->scanned ? wr_log_sync(log) : err;
}

static weir_err recover(recovery *r)
{
    wr_log *log = r->there.log;
    r->sync_own_name = !r->there.clean || !wr_path_exists(log->io, log->directory);
    weir_err err = wr_dir_create(log->io, log->directory);
    if (err == WEIR_OK)
        err = wr_listing_read(&r->there);
    if (err != WEIR_OK)
        return err;
    log->start_offset = log->asked_start = r->there.checkpoint.start_offset;
    r->fresh = r->there.base_count == 0;
    err = r->fresh ? begin_fresh(r) : recover_segments(r);
    return err == WEIR_OK ? settle(r) : err;
}

weir_err wr_log_open(wr_io *io, const char *directory, const wr_log_config *config, bool clean, wr_log **ret_log,
                     weir_failure *failure)
{
    weir_failure ignored = {0};
    wr_log *log = wr_log_new(io, directory, config);
    recovery r = {.there = {.log = log,
                            .failure = failure ? failure : &ignored,
                            .arena = weir_arena_new(ARENA_MAX),
                            .clean = clean},
                  .buffer = malloc(SCAN_BUFFER)};
    weir_err err = log && r.there.arena && r.buffer ? recover(&r) : WEIR_E_MEMORY;
    weir_arena_free(r.there.arena);
    free(r.buffer);
    if (err == WEIR_OK) {
        wr_log_step(log, WR_LOG_OPENED);
        *ret_log = log;
        return WEIR_OK;
    }
    if (r.there.failure->err != err)
        err = weir_fail(r.there.failure, err, "%s: the log cannot be opened (%s)", directory, weir_err_name(err));
    wr_log_abandon(log);
    return err;
}
