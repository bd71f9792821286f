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

/* ---- rewriting
 *
 * Two walks from the start to the cut, a piece in each round of the loop, so that nobody waits for more than a piece: the
 * first notes each key's last record, the second copies those that are still the last. Writes go on meanwhile, behind the
 * cut. A key that they put needs no copy, and must have none: the copy would stand behind the newer record. So each put is
 * noted, too; and as such a record might come to nothing, a write that fails ends the rewrite. Copies that were written by
 * then harm nobody. */

static const char newer; /* its address: the key was put behind the cut */

static void *as_mark(const wr_record *record)
{
    return (void *)(uintptr_t)(record->offset + 1);
}

static weir_err note_last(void *user, const wr_record *record)
{
    const wr_state_log *log = user;
    if (!record->key.data || wr_map_find(log->last, record->key) == &newer)
        return WEIR_OK;
    wr_map_remove(log->last, record->key);
    return wr_map_add(log->last, record->key, as_mark(record));
}

static weir_err copy_if_last(void *user, const wr_record *record)
{
    wr_state_log *log = user;
    if (!record->key.data || !record->value.data || wr_map_find(log->last, record->key) != as_mark(record))
        return WEIR_OK;
    return wr_state_log_append_record(log, record->key, record->value, record->timestamp_ms);
}

void wr_state_log_note_put(wr_state_log *log, weir_slice key)
{
    if (!log->last)
        return;
    wr_map_remove(log->last, key);
    if (wr_map_add(log->last, key, (void *)(uintptr_t)&newer) != WEIR_OK)
        log->spoiled = true;
}

/* Not at once again: only when the log has grown to twice of what is alive in it. */
static void set_next(wr_state_log *log)
{
    int64_t twice = 2 * wr_partition_size(log->partition),
            least = wr_topics_config_of(log->topics)->internal_segment_size;
    log->rewrite_size = twice > least ? twice : least;
}

static void forget_keys(wr_state_log *log)
{
    wr_map_free(log->last);
    log->last = NULL;
}

void wr_state_log_stop_rewrite(wr_state_log *log)
{
    if (log->cut < 0)
        return;
    wr_timer_stop(log->loop, &log->next_piece);
    wr_state_op_cancel(&log->rewritten);
    wr_trim_wait_cancel(&log->trimming);
    forget_keys(log);
    log->cut = -1;
}

static void give_up(wr_state_log *log, weir_err err)
{
    wr_trace_log(log->trace, WR_WARN, "a state log cannot be rewritten now; it stays as long as it is",
                 WR_TEXT("topic", log->topic), WR_TEXT("error", weir_err_name(err)));
    forget_keys(log);
    log->cut = -1;
    set_next(log);
}

static void on_trimmed(void *user, weir_err err)
{
    wr_state_log *log = user;
    if (err != WEIR_OK) {
        give_up(log, err);
        return;
    }
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
    if (err == WEIR_OK)
        trim(log);
    else
        give_up(log, err);
}

/* The next piece of the walk; true when it came to the cut. */
static bool walk_piece(wr_state_log *log, weir_err *ret_err)
{
    if (log->copying)
        wr_state_log_begin(log);
    *ret_err =
        wr_state_log_walk(log, &log->walked, log->cut, STATE_PIECE_SIZE, log->copying ? copy_if_last : note_last, log);
    if (log->copying && *ret_err != WEIR_OK)
        wr_state_log_fail(log, *ret_err);
    if (log->copying)
        *ret_err = wr_state_log_end_write(log);
    return log->walked >= log->cut;
}

static void rewrite_piece(void *user);

/* What is due now might run again in this round. */
static weir_err next_round(wr_state_log *log)
{
    return wr_timer_start(log->loop, &log->next_piece, wr_loop_now_us(log->loop) + 1, rewrite_piece, log);
}

static void rewrite_piece(void *user)
{
    wr_state_log *log = user;
    weir_err err;
    bool ended = walk_piece(log, &err);
    if (err == WEIR_OK && log->spoiled)
        err = WEIR_E_AGAIN;
    if (err == WEIR_OK && ended && log->copying) {
        forget_keys(log);
        log->copied = wr_state_log_end(log);
        wr_state_log_await(log, &log->rewritten, on_rewritten);
        return;
    }
    if (err == WEIR_OK && ended) {
        log->copying = true;
        log->walked = wr_state_log_start(log);
    }
    if (err == WEIR_OK)
        err = next_round(log);
    if (err != WEIR_OK)
        give_up(log, err);
}

void wr_state_log_maybe_rewrite(wr_state_log *log)
{
    if (log->cut >= 0 || wr_partition_size(log->partition) < log->rewrite_size)
        return;
    log->last = wr_map_new(KEY_COUNT_MAX, wr_random_u64(wr_loop_io(log->loop)));
    weir_err err = log->last ? wr_partition_roll(log->partition) : WEIR_E_MEMORY;
    if (err == WEIR_E_AGAIN) { /* the next write tries again */
        forget_keys(log);
        return;
    }
    log->cut = wr_state_log_end(log);
    log->walked = wr_state_log_start(log);
    log->copying = log->spoiled = false;
    log->rewritten = (wr_state_op){0};
    if (err == WEIR_OK)
        err = next_round(log);
    if (err != WEIR_OK)
        give_up(log, err);
}
