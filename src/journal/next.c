/* The file of the next segment, and the tail of the active one: what a roll and a failed write leave to upkeep, so that who
 * appends makes, renames and cuts no file.
 *
 *            upkeep made weir.next           a roll goes on in it              upkeep renamed it, and synced its name
 *    none ─────────────────────────▶ ready ──────────────────────▶ unnamed ─────────────────────────────────────▶ none
 *
 *   none      it is made when the active segment holds half of what its first checkpoint waits for, or when a roll wants it.
 *             A roll that finds none is put off: the active segment grows past its size, by segment_overrun_max at most
 *   ready     weir.next is there and empty, and nobody holds it open. Its name need not be durable
 *   unnamed   the base offset is known now, but the file is called weir.next. It stays open. Batches in it are the log's,
 *             but are not promised: synced_offset does not pass its base. There is no other roll before it has its name
 *
 * After a kill or a power cut the next open finds a weir.next that is empty or holds no head of a batch, and removes it, or
 * one whose first batch says which base it was to have, and gives it its name (listing.c). It is not used again there: the
 * disk may know the same file by its new name, too. After a clean stop an empty one is ready.
 *
 * A write that failed may have left half a batch behind the end. Upkeep cuts it off, and appends are refused until it has,
 * so that nobody writes there meanwhile. */
#include "log_int.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* ---- deciding */

/* A name is to be given, or a tail to be cut off. */
static bool owes(const wr_log *log)
{
    return log->next == WR_NEXT_UNNAMED || wr_log_active(log)->torn;
}

/* A roll was put off: the active segment grows past its size meanwhile. */
static bool is_waited_for(const wr_log *log)
{
    return log->next == WR_NEXT_NONE && log->next_wanted;
}

bool wr_next_pressing(const wr_log *log)
{
    return owes(log) || is_waited_for(log);
}

static bool makes(const wr_log *log)
{
    const wr_segment *active = wr_log_active(log);
    bool soon = active->size > 0 && active->size >= wr_log_checkpoint_step(log) / 2;
    bool is_open =
        log->state != WR_LOG_OPENING && log->state != WR_LOG_RECOVERING; /* one that nobody uses needs none */
    return is_open && log->next == WR_NEXT_NONE && (soon || log->next_wanted) && wr_log_has_room(log) &&
           (log->next_us == 0 || wr_mono_us(log->io) >= log->next_us);
}

static bool owes_now(const wr_log *log)
{
    return owes(log) && (log->pressing_us == 0 || wr_mono_us(log->io) >= log->pressing_us);
}

bool wr_next_due(const wr_log *log)
{
    return makes(log) || owes_now(log);
}

bool wr_next_presses_now(const wr_log *log)
{
    return owes_now(log) || (is_waited_for(log) && makes(log));
}

void wr_next_begin(wr_log *log, wr_next_work *ret_work)
{
    const wr_segment *active = wr_log_active(log);
    *ret_work = (wr_next_work){.makes = makes(log), .names = -1, .mends = -1};
    if (log->next == WR_NEXT_UNNAMED) /* whoever writes a checkpoint may rely on the name */
        ret_work->names = active->base_offset;
    if (active->torn) {
        ret_work->mends = active->base_offset;
        ret_work->mended_size = active->size;
    }
}

/* ---- running */

static weir_err failed(wr_next_work *work, weir_err err, const char *call, const char *file)
{
    work->failed = (wr_log_cause){.err = err, .os_error = errno, .call = call};
    snprintf(work->failed.file, sizeof work->failed.file, "%s", file);
    return err;
}

static weir_err failed_at(wr_next_work *work, weir_err err, const char *call, int64_t base_offset)
{
    char file[WR_LOG_CAUSE_FILE_SIZE];
    int os_error = errno;
    snprintf(file, sizeof file, "%020" PRId64 ".log", base_offset);
    errno = os_error;
    return failed(work, err, call, file);
}

static weir_err name(const wr_log *log, wr_next_work *work)
{
    char from[WR_LOG_PATH_MAX], to[WR_LOG_PATH_MAX];
    weir_err err = wr_log_path_named(log, WR_NEXT_NAME, from);
    if (err == WEIR_OK)
        err = wr_log_path(log, work->names, ".log", to);
    if (err == WEIR_OK)
        err = wr_path_rename(log->io, from, to);
    if (err == WEIR_E_NOT_FOUND && wr_path_exists(log->io, to))
        err = WEIR_OK; /* it was renamed before, and its name could not be synced */
    if (err != WEIR_OK)
        return failed_at(work, err, "rename", work->names);
    err = wr_dir_sync(log->io, log->directory);
    work->named = err == WEIR_OK;
    work->unknown = err != WEIR_OK && !wr_log_lacks_descriptors(err);
    return err == WEIR_OK ? WEIR_OK : failed(work, err, "sync", ".");
}

/* Nobody appends to it before wr_next_end. */
static weir_err mend(const wr_log *log, wr_next_work *work)
{
    char path[WR_LOG_PATH_MAX];
    wr_file *file = NULL;
    weir_err err = wr_log_path(log, work->mends, ".log", path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_READ | WR_FILE_WRITE, &file);
    if (err != WEIR_OK)
        return failed_at(work, err, "open", work->mends);
    err = wr_file_truncate(file, work->mended_size);
    if (err != WEIR_OK)
        (void)failed_at(work, err, "truncate", work->mends);
    wr_file_close(file);
    work->mended = err == WEIR_OK;
    return err;
}

static void make(const wr_log *log, wr_next_work *work)
{
    char path[WR_LOG_PATH_MAX];
    wr_file *file = NULL;
    int64_t size = 0;
    weir_err err = wr_log_path_named(log, WR_NEXT_NAME, path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file);
    if (err == WEIR_OK)
        err = wr_file_size(file, &size);
    if (err == WEIR_OK && size > 0) /* of one that could not be made whole before */
        err = wr_file_truncate(file, 0);
    if (err != WEIR_OK)
        (void)failed(work, err, "create", WR_NEXT_NAME);
    wr_file_close(file);
    work->made = err == WEIR_OK;
}

weir_err wr_next_run(const wr_log *log, wr_next_work *work)
{
    weir_err err = work->names >= 0 ? name(log, work) : WEIR_OK;
    if (err == WEIR_OK && work->mends >= 0)
        err = mend(log, work);
    if (err == WEIR_OK && work->makes) /* what comes of it is told when a roll cannot wait any longer */
        make(log, work);
    return err;
}

/* ---- ending */

void wr_next_end(wr_log *log, const wr_next_work *work)
{
    int64_t again_us = wr_mono_us(log->io) + (int64_t)WR_LOG_RETRY_MS * 1000;
    wr_segment *active = wr_log_active(log);
    if (work->named) {
        assert(log->next == WR_NEXT_UNNAMED && active->base_offset == work->names);
        log->next = WR_NEXT_NONE;
    }
    if (work->mended) {
        assert(active->torn && active->base_offset == work->mends && active->size == work->mended_size);
        active->torn = false;
        active->dirty = true; /* a sync of before may have made the longer file durable */
    }
    bool pressed = work->names >= 0 || work->mends >= 0;
    if (pressed)
        log->pressing_us = owes(log) ? again_us : 0;
    if (!work->makes)
        return;
    log->next_us = work->made ? 0 : again_us;
    log->next_cause = work->made ? (wr_log_cause){0} : work->failed;
    if (work->made) {
        log->next = WR_NEXT_READY;
        log->next_wanted = false;
    }
}

/* ---- rolling */

weir_err wr_next_open(wr_log *log, wr_file **ret_file)
{
    char path[WR_LOG_PATH_MAX];
    if (log->next != WR_NEXT_READY) {
        log->next_wanted = log->next_wanted || log->next == WR_NEXT_NONE;
        return WEIR_E_AGAIN;
    }
    weir_err err = wr_log_path_named(log, WR_NEXT_NAME, path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_READ | WR_FILE_WRITE, ret_file);
    if (err == WEIR_E_NOT_FOUND) { /* somebody else took it away */
        log->next = WR_NEXT_NONE;
        log->next_wanted = true;
        return WEIR_E_AGAIN;
    }
    return err == WEIR_OK ? WEIR_OK : wr_log_failed(log, err, "open", WR_NEXT_NAME);
}
