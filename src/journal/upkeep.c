/* Upkeep: what a log's directory needs besides its batches, apart from everybody who appends, reads and syncs.
 *
 *   begin   decides what is to be done, and copies what will be written
 *   run     on any thread: files only, found by their names
 *   end     the log is what the disk is now
 *
 * One upkeep at a time does, in this order, as much as is due:
 *
 *   next         the active segment's file gets its name, or is cut behind its end; the file of the next one is made (next.c).
 *                Who appends or reads waits for the first two, so they come first
 *   index files  written from copies (filing.c)
 *   snapshot     of the producers: written, synced, and so is its name
 *   checkpoint   replaced. It names the snapshot, and may let the log begin later. From then on what lies below the start
 *                is garbage that the next open would remove; `end` takes these segments out of the log
 *   renaming     of the files of segments that an earlier upkeep took out, to <name>.deleted, so that no reader of the
 *                directory takes them for part of the log
 *   removing     of those whose file_delete_delay_ms have passed; what cannot be removed is tried again later
 *
 * A producer whose batch was deleted may send it again, also after a crash, and must hear the offset of the first time.
 * The next open knows the batch from the snapshot alone. Hence a checkpoint lets the log begin later only if the snapshot
 * that it names was taken at or behind the base of the first segment that will be left; and a snapshot is named only when
 * everything that it describes is on the disk, since the next open has no use for one of batches that a power cut took.
 * Where neither the one in force nor one that was taken meanwhile will do, the deletion waits for the next sync, which
 * takes a new one. A log that promised nothing takes it at its end and names it at once.
 *
 * Without a descriptor for the sync of the directory, a checkpoint that has replaced the one before may be found by the next
 * open or not: the upkeep has failed, and both snapshots that may be named are left as they are until another checkpoint is
 * durable.
 *
 * On a full disk there may be no room for the checkpoint that would let segments go. Then the indexes of these segments are
 * removed, and it is tried once more: an index is made again from its segment, should that stay all the same. */
#include "log_int.h"

#include <base/time.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SNAPSHOT_SIZE_MAX = 16 << 20, SUFFIX_SIZE = 32 };

static const char *const suffixes[] = {".log", ".index", ".timeindex"};
enum { SUFFIX_COUNT = sizeof suffixes / sizeof suffixes[0] };

struct wr_log_upkeep {
    wr_log *log; /* `run` reads its io and its directory, which never change */
    bool replaces;
    wr_buf checkpoint; /* if replaces */
    int64_t start_offset, producers_offset, producers_count;
    wr_snapshot snapshot;  /* that is written before */
    int64_t old_snapshot;  /* that is removed after; -1: none */
    int64_t kept_snapshot; /* the log's: is there, whole, and stays */
    wr_buf epochs;         /* leader-epoch-checkpoint, if it is to be written */
    int32_t filed_epoch;
    int64_t *going; /* bases of segments below start_offset, whose indexes are spared when there is no room */
    size_t going_count;
    int32_t last_epoch; /* that the checkpoint knows */
    wr_next_work next;
    bool relies_on_name; /* that `next` gives the active segment: the checkpoint lets the log begin in it */
    wr_filing_work filing;
    wr_removal *removals;
    size_t removal_count;

    /* what came of it */
    bool replaced, unknown;
    bool doubtful;       /* not replaced, but the next open may find the new checkpoint */
    wr_log_cause failed; /* the first failure */
};

/* ---- deciding */

/* Where the log may begin: as it was asked, but a disk that takes no name for the active segment, perhaps for lack of room,
 * keeps no segment before the last sealed one. */
static int64_t wanted_start(const wr_log *log)
{
    if (log->next != WR_NEXT_UNNAMED || log->pressing_us == 0 || log->segment_count < 2)
        return log->asked_start;
    int64_t last = log->segments[log->segment_count - 2]->base_offset;
    return log->asked_start < last ? log->asked_start : last;
}

static int64_t first_left(const wr_log *log, int64_t start_offset)
{
    return log->segments[wr_log_segment_at(log, start_offset)]->base_offset;
}

/* What the checkpoint names will do for a log that begins at wanted_start. */
static bool is_covered(const wr_log *log)
{
    int64_t base_offset = first_left(log, wanted_start(log));
    return base_offset == log->segments[0]->base_offset || log->producers_offset >= base_offset;
}

/* Whether the snapshot that was taken can be named now. */
static bool is_ready(const wr_log *log)
{
    return log->snapshot.offset >= 0 && (log->config.nothing_promised || log->snapshot.offset <= log->synced_offset);
}

static bool can_take_ready_one(const wr_log *log)
{
    return log->config.nothing_promised || log->synced_offset == wr_log_end_offset(log);
}

bool wr_log_lacks_snapshot(const wr_log *log)
{
    return wanted_start(log) > log->start_offset && !is_covered(log) &&
           log->snapshot.offset < first_left(log, wanted_start(log));
}

static bool can_begin_later(const wr_log *log)
{
    if (wanted_start(log) <= log->start_offset)
        return false;
    bool will_be = is_ready(log) && log->snapshot.offset >= first_left(log, wanted_start(log));
    return is_covered(log) || will_be || can_take_ready_one(log);
}

bool wr_log_upkeep_due(const wr_log *log)
{
    if (wr_log_broken(log) || log->upkeep_open)
        return false;
    return log->checkpoint_owed || is_ready(log) || can_begin_later(log) || wr_next_due(log) || wr_filing_due(log) ||
           (log->removal_due_us != INT64_MAX && log->removal_due_us <= wr_mono_us(log->io));
}

bool wr_log_upkeep_pressing(const wr_log *log)
{
    return !wr_log_broken(log) && wr_next_pressing(log);
}

bool wr_log_upkeep_presses_now(const wr_log *log)
{
    return !wr_log_broken(log) && wr_next_presses_now(log);
}

weir_err wr_log_take_snapshot(wr_log *log)
{
    int64_t offset = wr_log_end_offset(log);
    bool waits = log->snapshot.offset >= 0 && !is_ready(log); /* the sooner of two is named sooner */
    if (waits || log->producers_offset == offset || log->snapshot.offset == offset)
        return WEIR_OK;
    wr_buf bytes;
    wr_buf_init(&bytes, SNAPSHOT_SIZE_MAX);
    size_t count = wr_producers_count(log->producers);
    if (count > 0)
        wr_producers_encode(log->producers, &bytes);
    if (wr_buf_failed(&bytes)) {
        wr_buf_fini(&bytes);
        return WEIR_E_MEMORY;
    }
    wr_buf_fini(&log->snapshot.bytes);
    log->snapshot = (wr_snapshot){.offset = offset, .count = count, .bytes = bytes};
    return WEIR_OK;
}

/* ---- beginning */

/* Segments with a mark, up to and with the first that is not wholly covered by it. */
static size_t marked_segments(const wr_log *log, int64_t start_offset, wr_checkpoint_segment *lines)
{
    size_t count = 0;
    for (size_t i = wr_log_segment_at(log, start_offset); i < log->segment_count; i++) {
        const wr_segment *segment = log->segments[i];
        if (wr_segment_is_unnamed(segment))
            break;
        if (segment->mark.size > 0)
            lines[count++] = (wr_checkpoint_segment){segment->base_offset, segment->mark};
        bool cut_later = segment != wr_log_active(log) && (segment->dirty || segment->in_ticket);
        if (segment->mark.size < segment->size || cut_later) /* behind a line that is not the last nothing may stand */
            break;
    }
    return count;
}

static weir_err encode(wr_log_upkeep *upkeep)
{
    wr_log *log = upkeep->log;
    wr_checkpoint checkpoint = {.start_offset = upkeep->start_offset,
                                .producers_offset = upkeep->producers_offset,
                                .producers_count = upkeep->producers_count,
                                .segments = calloc(log->segment_count + 1, sizeof *checkpoint.segments)};
    if (!checkpoint.segments)
        return WEIR_E_MEMORY;
    checkpoint.segment_count = marked_segments(log, upkeep->start_offset, checkpoint.segments);
    wr_checkpoint_encode(&checkpoint, &log->epochs, &upkeep->checkpoint);
    free(checkpoint.segments);
    upkeep->filed_epoch = upkeep->last_epoch = wr_epochs_last(&log->epochs);
    if (log->filed_epoch != upkeep->filed_epoch)
        wr_epochs_encode(&log->epochs, &upkeep->epochs);
    return wr_buf_failed(&upkeep->checkpoint) || wr_buf_failed(&upkeep->epochs) ? WEIR_E_MEMORY : WEIR_OK;
}

/* Without memory there is only less to be spared. */
static void note_going(wr_log_upkeep *upkeep)
{
    const wr_log *log = upkeep->log;
    size_t count = wr_log_segment_at(log, upkeep->start_offset);
    upkeep->going = count ? calloc(count, sizeof *upkeep->going) : NULL;
    upkeep->going_count = upkeep->going ? count : 0;
    for (size_t i = 0; i < upkeep->going_count; i++)
        upkeep->going[i] = log->segments[i]->base_offset;
}

static weir_err prepare(wr_log_upkeep *upkeep)
{
    wr_log *log = upkeep->log;
    weir_err err = wr_filing_begin(log, &upkeep->filing);
    if (err != WEIR_OK)
        return err;
    if (upkeep->filing.count > 0 && !log->config.nothing_promised) {
        weir_err ignored =
            wr_log_take_snapshot(log); /* for the checkpoint that follows; the next open reads more without */
        (void)ignored;
    }
    if (can_begin_later(log)) {
        upkeep->start_offset = wanted_start(log);
        upkeep->relies_on_name =
            log->next == WR_NEXT_UNNAMED && wr_log_segment_at(log, upkeep->start_offset) == log->segment_count - 1;
        note_going(upkeep);
        if (wr_log_lacks_snapshot(log))
            err = wr_log_take_snapshot(log);
        if (err == WEIR_OK)
            err = wr_log_reserve_removals(log, wr_log_segment_at(log, upkeep->start_offset));
        if (err != WEIR_OK)
            return err;
    }
    bool renews = is_ready(log);
    bool owed = log->checkpoint_owed && upkeep->filing.count == 0; /* else the next one knows of these files, too */
    upkeep->replaces = owed || renews || upkeep->start_offset > log->start_offset;
    if (!upkeep->replaces)
        return WEIR_OK;
    if (renews) {
        upkeep->producers_offset = log->snapshot.offset;
        upkeep->producers_count = (int64_t)log->snapshot.count;
        assert(log->snapshot.offset != log->producers_offset); /* a file in force is not written again */
        if (log->producers_count > 0)
            upkeep->old_snapshot = log->producers_offset;
    }
    err = encode(upkeep);
    if (err == WEIR_OK && renews) {
        upkeep->snapshot = log->snapshot;
        log->snapshot = (wr_snapshot){.offset = -1};
    }
    return err;
}

static void upkeep_free(wr_log_upkeep *upkeep)
{
    wr_buf_fini(&upkeep->snapshot.bytes);
    wr_buf_fini(&upkeep->checkpoint);
    wr_buf_fini(&upkeep->epochs);
    free(upkeep->going);
    free(upkeep);
}

weir_err wr_log_upkeep_begin(wr_log *log, wr_log_upkeep **ret_upkeep)
{
    assert(wr_log_upkeep_due(log));
    wr_log_upkeep *upkeep = calloc(1, sizeof *upkeep);
    if (!upkeep)
        return WEIR_E_MEMORY;
    *upkeep = (wr_log_upkeep){.log = log,
                              .start_offset = log->start_offset,
                              .producers_offset = log->producers_offset,
                              .producers_count = log->producers_count,
                              .snapshot = {.offset = -1},
                              .old_snapshot = -1,
                              .kept_snapshot = log->kept_snapshot};
    wr_buf_init(&upkeep->checkpoint, WR_CHECKPOINT_SIZE_MAX);
    wr_buf_init(&upkeep->epochs, WR_CHECKPOINT_SIZE_MAX);
    weir_err err = prepare(upkeep);
    if (err != WEIR_OK) {
        wr_filing_end(log, &upkeep->filing); /* nothing of it was written */
        upkeep_free(upkeep);
        return err;
    }
    wr_next_begin(log, &upkeep->next);
    int64_t now_us = wr_mono_us(log->io);
    upkeep->removals = log->removals;
    upkeep->removal_count = log->removal_count;
    for (size_t i = 0; i < upkeep->removal_count; i++)
        upkeep->removals[i].due = upkeep->removals[i].due_us <= now_us;
    log->removals = NULL;
    log->checkpoint_owed = log->checkpoint_owed && !upkeep->replaces;
    log->upkeep_open = true;
    *ret_upkeep = upkeep;
    return WEIR_OK;
}

/* ---- running */

static weir_err failed(wr_log_upkeep *upkeep, weir_err err, const char *call, const char *file)
{
    if (err == WEIR_OK || upkeep->failed.err != WEIR_OK)
        return err;
    upkeep->failed = (wr_log_cause){.err = err, .os_error = errno, .call = call};
    snprintf(upkeep->failed.file, sizeof upkeep->failed.file, "%.*s", WR_LOG_CAUSE_FILE_SIZE - 1, file);
    return err;
}

/* A sync failed: that is what breaks the log, whatever failed before. */
static void lose(wr_log_upkeep *upkeep, weir_err err, const char *call, const char *file)
{
    upkeep->unknown = true;
    upkeep->failed = (wr_log_cause){0};
    (void)failed(upkeep, err, call, file);
}

static const char *name_of(const char path[WR_LOG_PATH_MAX])
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static weir_err write_whole(wr_log_upkeep *upkeep, const char path[WR_LOG_PATH_MAX], weir_slice bytes, bool sync)
{
    wr_file *file = NULL;
    weir_err err = wr_file_open(upkeep->log->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file);
    const char *call = "create";
    if (err == WEIR_OK) {
        call = "write";
        err = wr_file_write(file, 0, bytes.data, bytes.size);
    }
    if (err == WEIR_OK)
        err = wr_file_truncate(file, (int64_t)bytes.size);
    if (err == WEIR_OK && sync) {
        call = "sync";
        err = wr_file_sync(file);
    }
    (void)failed(upkeep, err, call, name_of(path));
    wr_file_close(file);
    return err;
}

static void remove_snapshot(wr_log_upkeep *upkeep, int64_t offset)
{
    char path[WR_LOG_PATH_MAX];
    weir_err ignored = wr_log_path(upkeep->log, offset, ".snapshot", path);
    if (ignored == WEIR_OK)
        ignored = wr_path_remove(upkeep->log->io, path);
    (void)ignored; /* a file too many harms nobody; the next open removes it */
}

/* Its name is durable before a checkpoint relies on it. */
static weir_err write_snapshot(wr_log_upkeep *upkeep)
{
    bool is_there = upkeep->snapshot.offset == upkeep->kept_snapshot;
    if (upkeep->snapshot.offset < 0 || upkeep->snapshot.count == 0 || is_there)
        return WEIR_OK;
    char path[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path(upkeep->log, upkeep->snapshot.offset, ".snapshot", path);
    if (err == WEIR_OK)
        err = write_whole(upkeep, path, wr_buf_view(&upkeep->snapshot.bytes), true);
    if (err == WEIR_OK) {
        err = failed(upkeep, wr_dir_sync(upkeep->log->io, upkeep->log->directory), "sync", ".");
        if (err != WEIR_OK && !wr_log_lacks_descriptors(err))
            lose(upkeep, err, "sync", ".");
    }
    if (err != WEIR_OK)
        remove_snapshot(upkeep, upkeep->snapshot.offset);
    return err;
}

static weir_err replace_checkpoint(wr_log_upkeep *upkeep)
{
    char path[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path_named(upkeep->log, WR_CHECKPOINT_NAME, path);
    bool replaced = false;
    if (err == WEIR_OK)
        err = wr_path_replace(upkeep->log->io, path, wr_buf_view(&upkeep->checkpoint), &replaced);
    (void)failed(upkeep, err, "replace", WR_CHECKPOINT_NAME);
    upkeep->replaced = err == WEIR_OK;
    upkeep->doubtful = err != WEIR_OK && replaced;
    if (upkeep->doubtful && !wr_log_lacks_descriptors(err))
        lose(upkeep, err, "replace", WR_CHECKPOINT_NAME);
    if (err != WEIR_OK)
        return err;
    if (upkeep->old_snapshot >= 0)
        remove_snapshot(upkeep, upkeep->old_snapshot);
    if (upkeep->epochs.size == 0)
        return WEIR_OK;
    wr_log_cause before = upkeep->failed;
    /* For Kafka's tools; weir reads the checkpoint's. The next checkpoint tries again. */
    if (wr_log_path_named(upkeep->log, WR_EPOCHS_NAME, path) != WEIR_OK ||
        write_whole(upkeep, path, wr_buf_view(&upkeep->epochs), false) != WEIR_OK) {
        upkeep->filed_epoch = -1;
        upkeep->failed = before;
    }
    return WEIR_OK;
}

static weir_err rename_files(wr_log_upkeep *upkeep, int64_t base_offset)
{
    weir_err err = WEIR_OK;
    for (int i = 0; i < SUFFIX_COUNT && err == WEIR_OK; i++) {
        char from[WR_LOG_PATH_MAX], to[WR_LOG_PATH_MAX], suffix[SUFFIX_SIZE];
        snprintf(suffix, sizeof suffix, "%s.deleted", suffixes[i]);
        err = wr_log_path(upkeep->log, base_offset, suffixes[i], from);
        if (err == WEIR_OK)
            err = wr_log_path(upkeep->log, base_offset, suffix, to);
        if (err == WEIR_OK)
            err = wr_path_rename(upkeep->log->io, from, to);
        if (err == WEIR_E_NOT_FOUND)
            err = WEIR_OK; /* an index without entries was never written */
        (void)failed(upkeep, err, "rename", name_of(from));
    }
    return err;
}

/* Under both names: the rename may have failed. */
static weir_err remove_files(wr_log_upkeep *upkeep, int64_t base_offset)
{
    weir_err first = WEIR_OK;
    for (int i = 0; i < 2 * SUFFIX_COUNT; i++) {
        char path[WR_LOG_PATH_MAX], suffix[SUFFIX_SIZE];
        snprintf(suffix, sizeof suffix, "%s%s", suffixes[i / 2], i % 2 ? "" : ".deleted");
        weir_err err = wr_log_path(upkeep->log, base_offset, suffix, path);
        if (err == WEIR_OK)
            err = wr_path_remove(upkeep->log->io, path);
        if (err != WEIR_OK && err != WEIR_E_NOT_FOUND && first == WEIR_OK)
            first = failed(upkeep, err, "remove", name_of(path));
    }
    return first;
}

/* If the names of what was tidied up are not durable, the next open finds garbage below the start offset. */
static weir_err tidy(wr_log_upkeep *upkeep)
{
    weir_err first = WEIR_OK;
    bool changed = false;
    for (size_t i = 0; i < upkeep->removal_count; i++) {
        wr_removal *removal = &upkeep->removals[i];
        weir_err err = WEIR_OK;
        if (removal->due) {
            err = remove_files(upkeep, removal->base_offset);
            removal->removed = err == WEIR_OK;
        } else if (!removal->renamed) {
            err = rename_files(upkeep, removal->base_offset);
        } else {
            continue;
        }
        removal->renamed = changed = true;
        first = first == WEIR_OK ? err : first;
    }
    if (changed && first == WEIR_OK)
        first = failed(upkeep, wr_dir_sync(upkeep->log->io, upkeep->log->directory), "sync", ".");
    return first;
}

static weir_err write_down(wr_log_upkeep *upkeep)
{
    weir_err err = write_snapshot(upkeep);
    return err == WEIR_OK ? replace_checkpoint(upkeep) : err;
}

/* True if something could be spared. */
static bool make_room(wr_log_upkeep *upkeep)
{
    bool removed = false;
    for (size_t i = 0; i < upkeep->going_count; i++)
        for (int k = 1; k < SUFFIX_COUNT; k++) {
            char path[WR_LOG_PATH_MAX];
            weir_err err = wr_log_path(upkeep->log, upkeep->going[i], suffixes[k], path);
            removed |= err == WEIR_OK && wr_path_remove(upkeep->log->io, path) == WEIR_OK;
        }
    return removed && wr_dir_sync(upkeep->log->io, upkeep->log->directory) == WEIR_OK; /* until then it may count */
}

weir_err wr_log_upkeep_run(wr_log_upkeep *upkeep)
{
    weir_err pressing = wr_next_run(upkeep->log, &upkeep->next);
    if (pressing != WEIR_OK)
        upkeep->failed = upkeep->next.failed;
    upkeep->unknown = upkeep->next.unknown;
    if (upkeep->unknown || (upkeep->relies_on_name && !upkeep->next.named))
        return pressing;
    wr_filing_run(upkeep->log, &upkeep->filing);
    weir_err err = upkeep->replaces ? write_down(upkeep) : WEIR_OK;
    if (err == WEIR_E_FULL && !upkeep->unknown && make_room(upkeep)) {
        upkeep->failed = pressing == WEIR_OK ? (wr_log_cause){0} : upkeep->next.failed;
        err = write_down(upkeep);
    }
    weir_err tidied = upkeep->unknown ? WEIR_OK : tidy(upkeep);
    if (pressing != WEIR_OK)
        return pressing;
    return err == WEIR_OK ? tidied : err;
}

/* ---- ending */

static void take_removals_back(wr_log_upkeep *upkeep)
{
    wr_log *log = upkeep->log;
    int64_t now_us = wr_mono_us(log->io);
    log->removals = upkeep->removals;
    log->removal_count = 0;
    log->removal_due_us = INT64_MAX;
    for (size_t i = 0; i < upkeep->removal_count; i++) {
        wr_removal removal = upkeep->removals[i];
        if (removal.removed)
            continue;
        if (removal.due)
            removal.due_us = wr_time_after_ms(now_us, WR_LOG_REMOVE_AGAIN_MS);
        int64_t due_us = removal.renamed ? removal.due_us : 0;
        log->removal_due_us = due_us < log->removal_due_us ? due_us : log->removal_due_us;
        log->removals[log->removal_count++] = removal;
    }
}

static void drop_snapshot(wr_log *log)
{
    wr_buf_fini(&log->snapshot.bytes);
    log->snapshot.offset = -1;
}

static void apply(wr_log_upkeep *upkeep)
{
    wr_log *log = upkeep->log;
    if (log->snapshot.offset <= upkeep->producers_offset)
        drop_snapshot(log); /* of the same moment: taken again meanwhile */
    log->producers_offset = upkeep->producers_offset;
    log->producers_count = upkeep->producers_count;
    log->kept_snapshot = -1;
    if (upkeep->filed_epoch >= 0)
        log->filed_epoch = upkeep->filed_epoch;
    if (wr_epochs_last(&log->epochs) == upkeep->last_epoch)
        log->epoch_owed = false;
    log->start_offset = upkeep->start_offset;
    if (log->durable_offset < log->start_offset)
        log->durable_offset = log->start_offset; /* nothing promised: what would have to be synced is gone */
    wr_log_drop_segments(log);
}

/* As before, and asked for again by the next sync or look. */
static void withdraw(wr_log_upkeep *upkeep)
{
    wr_log *log = upkeep->log;
    log->checkpoint_owed = true;
    log->asked_start = log->start_offset;
    if (upkeep->doubtful)
        log->kept_snapshot = upkeep->producers_offset;
    if (upkeep->snapshot.offset >= 0 && log->snapshot.offset < 0) {
        log->snapshot = upkeep->snapshot;
        upkeep->snapshot = (wr_snapshot){.offset = -1};
    }
}

weir_err wr_log_upkeep_end(wr_log_upkeep *upkeep, weir_err err)
{
    wr_log *log = upkeep->log;
    log->upkeep_open = false;
    take_removals_back(upkeep);
    if (upkeep->failed.err != WEIR_OK) {
        errno = upkeep->failed.os_error;
        (void)wr_log_failed(log, upkeep->failed.err, upkeep->failed.call, upkeep->failed.file);
    }
    if (upkeep->unknown)
        (void)wr_log_break(log, err);
    wr_next_end(log, &upkeep->next);
    wr_filing_end(log, &upkeep->filing);
    if (upkeep->replaced)
        apply(upkeep);
    else if (upkeep->replaces)
        withdraw(upkeep);
    wr_log_advance_synced(log);
    upkeep_free(upkeep);
    return err;
}

weir_err wr_log_keep_up(wr_log *log)
{
    while (wr_log_upkeep_due(log)) {
        wr_log_upkeep *upkeep;
        weir_err err = wr_log_upkeep_begin(log, &upkeep);
        if (err == WEIR_OK)
            err = wr_log_upkeep_end(upkeep, wr_log_upkeep_run(upkeep));
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}
