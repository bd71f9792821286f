/* Writing records of a state log, telling who waits for them, and reading them (state_log.h). */
#include "state_log_int.h"

#include <assert.h>
#include <stdlib.h>

weir_err wr_state_log_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics, const char *topic,
                          wr_state_log **ret_log)
{
    wr_state_log *log = calloc(1, sizeof *log);
    if (!log)
        return WEIR_E_MEMORY;
    log->loop = loop;
    log->trace = trace;
    log->topics = topics;
    log->topic = topic;
    log->cut = -1;
    log->rewrite_size = wr_topics_config_of(topics)->internal_segment_size;
    wr_list_init(&log->ready);
    wr_list_init(&log->held);
    wr_topic *found = wr_topics_find(topics, weir_slice_of(topic));
    log->partition = found ? wr_topic_partition(found, 0) : NULL;
    *ret_log = log;
    return WEIR_OK;
}

void wr_state_log_free(wr_state_log *log)
{
    if (!log)
        return;
    wr_timer_stop(log->loop, &log->tell);
    wr_state_log_stop_rewrite(log);
    assert(wr_list_empty(&log->held));
    free(log);
}

bool wr_state_log_exists(const wr_state_log *log)
{
    return log->partition != NULL;
}

bool wr_state_log_broken(const wr_state_log *log)
{
    return log->partition && wr_partition_broken(log->partition);
}

bool wr_state_log_waits(const wr_state_log *log)
{
    return log->partition && wr_partition_waits(log->partition);
}

int64_t wr_state_log_start(const wr_state_log *log)
{
    return log->partition ? wr_partition_start_offset(log->partition) : 0;
}

int64_t wr_state_log_end(const wr_state_log *log)
{
    return log->partition ? wr_partition_end_offset(log->partition) : 0;
}

/* ---- telling ops */

static void tell_ready(void *user)
{
    wr_state_log *log = user;
    wr_list batch;
    wr_list_init(&batch);
    for (wr_link *link; (link = wr_list_pop(&log->ready));)
        wr_list_append(&batch, link);
    for (wr_link *link; (link = wr_list_pop(&batch));) {
        wr_state_op *op = WR_LIST_ITEM(link, wr_state_op, link);
        op->done(op, op->err);
    }
}

static void tell_later(wr_state_op *op, weir_err err)
{
    wr_state_log *log = op->log;
    op->err = err;
    wr_list_append(&log->ready, &op->link);
    if (wr_timer_started(&log->tell))
        return;
    err = wr_timer_start(log->loop, &log->tell, wr_loop_now_us(log->loop), tell_ready, log);
    (void)err; /* only memory; then the next op that is told brings this one along */
}

static void on_durable(void *user, weir_err err)
{
    wr_state_op *op = user;
    if (op->log->appending)
        tell_later(op, err);
    else
        op->done(op, err);
}

void wr_state_op_cancel(wr_state_op *op)
{
    wr_durable_wait_cancel(&op->wait);
    wr_link_remove(&op->link);
    wr_buf_fini(&op->held);
}

/* ---- writing */

void wr_state_log_fail(wr_state_log *log, weir_err err)
{
    if (log->err == WEIR_OK)
        log->err = err;
}

static weir_err append(wr_state_log *log, uint8_t *bytes, size_t size)
{
    wr_partition_appended appended;
    log->appending = true;
    weir_err err = wr_partition_append(log->partition, bytes, size, &appended);
    log->appending = false;
    return err;
}

static void start_batch(wr_state_log *log)
{
    wr_batch_builder_init(&log->builder, STATE_WRITE_SIZE_MAX);
}

/* Everything put so far becomes one batch, in the log or behind those that are held. */
static void flush(wr_state_log *log)
{
    if (log->builder.record_count == 0 || log->err != WEIR_OK)
        return;
    if (log->partition)
        wr_buf_clear(&log->batch);
    wr_state_log_fail(log, wr_batch_builder_finish(&log->builder, 0, WR_COMPRESSION_NONE, &log->batch));
    if (log->err == WEIR_OK && log->partition)
        wr_state_log_fail(log, append(log, log->batch.data, log->batch.size));
    wr_batch_builder_fini(&log->builder);
    start_batch(log);
}

void wr_state_log_begin(wr_state_log *log)
{
    log->err = WEIR_OK;
    start_batch(log);
    wr_buf_init(&log->batch, STATE_WRITE_SIZE_MAX);
}

weir_err wr_state_log_append_record(wr_state_log *log, weir_slice key, weir_slice value, int64_t time_ms)
{
    if (log->err != WEIR_OK)
        return log->err;
    wr_batch_builder_add(&log->builder, &(wr_record){.timestamp_ms = time_ms, .key = key, .value = value});
    if (log->builder.body.size >= STATE_BATCH_SIZE)
        flush(log);
    return log->err;
}

void wr_state_log_put(wr_state_log *log, weir_slice key, weir_slice value)
{
    weir_err err = wr_state_log_append_record(log, key, value, wr_now_ms(wr_loop_io(log->loop)));
    (void)err; /* commit tells */
    wr_state_log_note_put(log, key);
}

weir_err wr_state_log_end_write(wr_state_log *log)
{
    flush(log);
    wr_batch_builder_fini(&log->builder);
    if (log->partition)
        wr_buf_fini(&log->batch);
    return log->err;
}

/* Nothing more is done for it here: when what it wrote is durable, it is told. */
static void await(wr_state_log *log, wr_state_op *op, weir_err err)
{
    if (err == WEIR_OK)
        err = wr_partition_await(log->partition, &op->wait, wr_state_log_end(log), on_durable, op);
    if (err != WEIR_E_AGAIN)
        tell_later(op, err);
}

void wr_state_log_await(wr_state_log *log, wr_state_op *op, void (*done)(wr_state_op *op, weir_err err))
{
    *op = (wr_state_op){.done = done, .log = log};
    wr_buf_init(&op->held, STATE_WRITE_SIZE_MAX);
    await(log, op, WEIR_OK);
}

/* ---- the first write: the topic is made, and what came meanwhile is appended */

static weir_err append_held(wr_state_log *log, wr_buf *held)
{
    weir_err err = WEIR_OK;
    for (size_t at = 0; err == WEIR_OK && at < held->size;) {
        wr_batch batch;
        err = wr_batch_read((weir_slice){held->data + at, held->size - at}, &batch, NULL);
        if (err != WEIR_OK)
            break;
        err = append(log, held->data + at, batch.bytes.size);
        at += batch.bytes.size;
    }
    return err;
}

static void created(void *user, weir_err err, wr_topic *topic)
{
    wr_state_log *log = user;
    log->creating = false;
    if (err == WEIR_E_EXISTS)
        topic = wr_topics_find(log->topics, weir_slice_of(log->topic)); /* somebody else asked for it before */
    if (topic) {
        log->partition = wr_topic_partition(topic, 0);
        err = WEIR_OK;
    }
    log->held_size = 0;
    wr_list batch;
    wr_list_init(&batch);
    for (wr_link *link; (link = wr_list_pop(&log->held));)
        wr_list_append(&batch, link);
    for (wr_link *link; (link = wr_list_pop(&batch));) {
        wr_state_op *op = WR_LIST_ITEM(link, wr_state_op, link);
        weir_err op_err = err == WEIR_OK ? append_held(log, &op->held) : err;
        wr_buf_fini(&op->held);
        await(log, op, op_err);
    }
}

static void hold(wr_state_log *log, wr_state_op *op)
{
    bool fits = log->held_size == 0 || log->held_size + log->batch.size <= STATE_HELD_SIZE_MAX;
    weir_err err = fits ? WEIR_OK : WEIR_E_AGAIN;
    if (err == WEIR_OK && !log->creating)
        err = wr_topics_create_internal(log->topics, log->topic, created, log);
    if (err != WEIR_OK) {
        tell_later(op, err);
        return;
    }
    log->creating = true;
    log->held_size += log->batch.size;
    op->held = log->batch;
    wr_buf_init(&log->batch, STATE_WRITE_SIZE_MAX);
    wr_list_append(&log->held, &op->link);
}

void wr_state_log_commit(wr_state_log *log, wr_state_op *op, void (*done)(wr_state_op *op, weir_err err))
{
    weir_err ignored = wr_state_log_end_write(log);
    (void)ignored; /* op is told */
    if (log->err != WEIR_OK)
        log->spoiled = true;
    *op = (wr_state_op){.done = done, .log = log};
    wr_buf_init(&op->held, STATE_WRITE_SIZE_MAX);
    if (log->partition || log->err != WEIR_OK)
        await(log, op, log->err);
    else
        hold(log, op);
    wr_buf_fini(&log->batch); /* what was held has gone with its op */
    if (log->err == WEIR_OK && log->partition)
        wr_state_log_maybe_rewrite(log);
}

/* ---- reading */

typedef struct reading {
    weir_err (*each)(void *user, weir_slice key, weir_slice value);
    void *user;
} reading;

static weir_err read_record(void *user, const wr_record *record)
{
    reading *to = user;
    return to->each(to->user, record->key, record->value);
}

weir_err wr_state_log_read(wr_state_log *log, int64_t *offset, size_t size_max,
                           weir_err (*each)(void *user, weir_slice key, weir_slice value), void *user,
                           weir_failure *failure)
{
    reading to = {each, user};
    weir_err err = wr_state_log_walk(log, offset, wr_state_log_end(log), size_max, read_record, &to);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "cannot read %s from offset %lld on", log->topic, (long long)*offset);
    return WEIR_OK;
}
