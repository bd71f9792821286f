/* Walking a state log, and rewriting it (state_log.h says why and how). */
#include "state_log_int.h"

#include <stdlib.h>

enum { RECORDS_SIZE_MAX = 64 << 20, KEY_COUNT_MAX = 1 << 26 };

static weir_err walk_batch(const wr_batch *batch, weir_arena *arena,
                           weir_err (*each)(void *user, const wr_record *record), void *user)
{
    /* Offsets of a Kafka's transactions become true with a marker; weir has not written any. */
    if (batch->attributes & (WR_BATCH_CONTROL | WR_BATCH_TRANSACTIONAL))
        return WEIR_OK;
    wr_records records;
    weir_err err = wr_records_open(batch, arena, RECORDS_SIZE_MAX, &records);
    while (err == WEIR_OK) {
        wr_record record;
        err = wr_records_next(&records, &record);
        if (err == WEIR_OK)
            err = each(user, &record);
        else if (err == WEIR_E_RANGE)
            return WEIR_OK;
    }
    return err;
}

weir_err wr_state_log_walk(wr_state_log *log, int64_t *offset, int64_t limit, size_t size_max,
                           weir_err (*each)(void *user, const wr_record *record), void *user)
{
    wr_buf bytes;
    wr_buf_init(&bytes, RECORDS_SIZE_MAX);
    weir_arena *arena = weir_arena_new(2 * (size_t)RECORDS_SIZE_MAX);
    weir_err err = arena ? WEIR_OK : WEIR_E_MEMORY;
    if (err == WEIR_OK && *offset < limit)
        err = wr_partition_read(log->partition, *offset, limit, size_max, true, &bytes);
    if (err == WEIR_OK && wr_buf_failed(&bytes))
        err = WEIR_E_MEMORY;
    weir_slice left = wr_buf_view(&bytes);
    if (err == WEIR_OK && left.size == 0)
        *offset = limit; /* nothing is left before it */
    while (err == WEIR_OK && left.size > 0) {
        wr_batch batch;
        err = wr_batch_read(left, &batch, NULL);
        if (err == WEIR_E_AGAIN)
            err = WEIR_E_CORRUPT; /* reads give whole batches */
        if (err == WEIR_OK)
            err = walk_batch(&batch, arena, each, user);
        if (err == WEIR_OK) {
            *offset = batch.base_offset + batch.last_offset_delta + 1;
            left = (weir_slice){left.data + batch.bytes.size, left.size - batch.bytes.size};
            weir_arena_reset(arena);
        }
    }
    weir_arena_free(arena);
    wr_buf_fini(&bytes);
    return err;
}

/* ---- rewriting */

typedef struct rewrite {
    wr_state_log *log;
    wr_map *last; /* key -> offset + 1 of its last record, as a pointer */
} rewrite;

static weir_err note_last(void *user, const wr_record *record)
{
    rewrite *work = user;
    if (!record->key.data)
        return WEIR_OK;
    wr_map_remove(work->last, record->key);
    return wr_map_add(work->last, record->key, (void *)(uintptr_t)(record->offset + 1));
}

static weir_err copy_if_last(void *user, const wr_record *record)
{
    rewrite *work = user;
    if (!record->key.data || !record->value.data ||
        wr_map_find(work->last, record->key) != (void *)(uintptr_t)(record->offset + 1))
        return WEIR_OK;
    return wr_state_log_append_record(work->log, record->key, record->value, record->timestamp_ms);
}

static weir_err walk_all(rewrite *work, int64_t limit, weir_err (*each)(void *user, const wr_record *record))
{
    weir_err err = WEIR_OK;
    for (int64_t offset = wr_state_log_start(work->log); offset < limit && err == WEIR_OK;)
        err = wr_state_log_walk(work->log, &offset, limit, STATE_READ_SIZE, each, work);
    return err;
}

/* Not at once again: only when the log has grown to twice of what is alive in it. */
static void set_next(wr_state_log *log)
{
    int64_t twice = 2 * wr_partition_size(log->partition),
            least = wr_topics_config_of(log->topics)->internal_segment_size;
    log->rewrite_size = twice > least ? twice : least;
}

static void say_failed(wr_state_log *log, weir_err err)
{
    wr_trace_log(log->trace, WR_WARN, "a state log cannot be rewritten now; it stays as long as it is",
                 WR_TEXT("topic", log->topic), WR_TEXT("error", weir_err_name(err)));
}

static void on_trimmed(void *user, weir_err err)
{
    wr_state_log *log = user;
    if (err != WEIR_OK)
        say_failed(log, err);
    log->cut = -1;
    set_next(log);
}

/* Without flush=acks nobody promised that the copies are on the disk: it is seen to before what they copy goes. */
static void trim(wr_state_log *log)
{
    weir_err err = wr_partition_trim(log->partition, &log->trimming, log->cut, log->copied, on_trimmed, log);
    if (err != WEIR_E_AGAIN)
        on_trimmed(log, err);
}

static void on_rewritten(wr_state_op *op, weir_err err)
{
    wr_state_log *log = op->log;
    if (err == WEIR_OK) {
        trim(log);
        return;
    }
    log->cut = -1;
    say_failed(log, err);
    set_next(log);
}

void wr_state_log_maybe_rewrite(wr_state_log *log)
{
    if (log->cut >= 0 || wr_partition_size(log->partition) < log->rewrite_size)
        return;
    rewrite work = {.log = log, .last = wr_map_new(KEY_COUNT_MAX, wr_random_u64(wr_loop_io(log->loop)))};
    weir_err err = work.last ? wr_partition_roll(log->partition) : WEIR_E_MEMORY;
    int64_t cut = wr_state_log_end(log);
    if (err == WEIR_OK)
        err = walk_all(&work, cut, note_last);
    if (err == WEIR_OK) {
        log->cut = cut; /* also keeps commit from coming back here */
        wr_state_log_begin(log);
        err = walk_all(&work, cut, copy_if_last);
        if (err != WEIR_OK)
            log->err = err;
        wr_state_log_commit(log, &log->rewritten, on_rewritten);
        log->copied = wr_state_log_end(log);
    } else {
        say_failed(log, err);
        set_next(log);
    }
    wr_map_free(work.last);
}
