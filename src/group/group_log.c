/* Writing records of groups, telling who waits for them, and reading them (group_log.h). */
#include "group_log_int.h"

#include <assert.h>
#include <stdlib.h>

weir_err wr_group_log_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics, wr_group_log **ret_log)
{
    wr_group_log *log = calloc(1, sizeof *log);
    if (!log)
        return WEIR_E_MEMORY;
    log->loop = loop;
    log->trace = trace;
    log->topics = topics;
    log->cut = -1;
    log->rewrite_size = wr_topics_config_of(topics)->internal_segment_size;
    wr_list_init(&log->ready);
    wr_topic *topic = wr_topics_find(topics, weir_slice_of(WR_OFFSETS_TOPIC));
    log->partition = topic ? wr_topic_partition(topic, 0) : NULL;
    *ret_log = log;
    return WEIR_OK;
}

void wr_group_log_free(wr_group_log *log)
{
    if (!log)
        return;
    wr_timer_stop(log->loop, &log->tell);
    if (log->cut >= 0)
        wr_group_op_cancel(&log->rewritten);
    free(log);
}

bool wr_group_log_exists(const wr_group_log *log)
{
    return log->partition != NULL;
}

bool wr_group_log_broken(const wr_group_log *log)
{
    return log->partition && wr_partition_broken(log->partition);
}

bool wr_group_log_waits(const wr_group_log *log)
{
    return log->partition && wr_partition_waits(log->partition);
}

int64_t wr_group_log_start(const wr_group_log *log)
{
    return log->partition ? wr_partition_start_offset(log->partition) : 0;
}

int64_t wr_group_log_end(const wr_group_log *log)
{
    return log->partition ? wr_partition_end_offset(log->partition) : 0;
}

/* ---- telling ops */

static void tell_ready(void *user)
{
    wr_group_log *log = user;
    wr_list batch;
    wr_list_init(&batch);
    for (wr_link *link; (link = wr_list_pop(&log->ready));)
        wr_list_append(&batch, link);
    for (wr_link *link; (link = wr_list_pop(&batch));) {
        wr_group_op *op = WR_LIST_ITEM(link, wr_group_op, link);
        op->done(op, op->err);
    }
}

static void tell_later(wr_group_op *op, weir_err err)
{
    wr_group_log *log = op->log;
    op->err = err;
    wr_list_append(&log->ready, &op->link);
    if (wr_timer_started(&log->tell))
        return;
    err = wr_timer_start(log->loop, &log->tell, wr_loop_now_us(log->loop), tell_ready, log);
    (void)err; /* only memory; then the next op that is told brings this one along */
}

static void on_durable(void *user, weir_err err)
{
    wr_group_op *op = user;
    if (op->log->appending)
        tell_later(op, err);
    else
        op->done(op, err);
}

void wr_group_op_cancel(wr_group_op *op)
{
    wr_durable_wait_cancel(&op->wait);
    wr_link_remove(&op->link);
}

/* ---- writing */

static void note(wr_group_log *log, weir_err err)
{
    if (log->err == WEIR_OK)
        log->err = err;
}

static void start_batch(wr_group_log *log)
{
    wr_batch_builder_init(&log->builder, 64u << 20);
}

/* Everything added so far goes into the log as one batch. */
static void flush(wr_group_log *log)
{
    if (log->builder.record_count == 0 || log->err != WEIR_OK)
        return;
    wr_buf_clear(&log->batch);
    note(log, wr_batch_builder_finish(&log->builder, 0, WR_COMPRESSION_NONE, &log->batch));
    if (log->err == WEIR_OK) {
        wr_partition_appended appended;
        log->appending = true;
        note(log, wr_partition_append(log->partition, log->batch.data, log->batch.size, &appended));
        log->appending = false;
    }
    wr_batch_builder_fini(&log->builder);
    start_batch(log);
}

void wr_group_log_begin(wr_group_log *log)
{
    wr_topic *topic = NULL;
    log->err = WEIR_OK;
    start_batch(log);
    wr_buf_init(&log->key, 256 << 10);
    wr_buf_init(&log->value, 64u << 20);
    wr_buf_init(&log->batch, 64u << 20);
    if (log->partition)
        return;
    note(log, wr_topics_internal(log->topics, WR_OFFSETS_TOPIC, &topic));
    if (log->err == WEIR_OK)
        log->partition = wr_topic_partition(topic, 0);
}

static void add(wr_group_log *log, weir_slice key, weir_slice value, int64_t time_ms)
{
    if (log->err != WEIR_OK)
        return;
    wr_batch_builder_add(&log->builder, &(wr_record){.timestamp_ms = time_ms, .key = key, .value = value});
    if (log->builder.body.size >= GROUP_BATCH_SIZE)
        flush(log);
}

weir_err wr_group_log_append_record(wr_group_log *log, weir_slice key, weir_slice value, int64_t time_ms)
{
    add(log, key, value, time_ms);
    return log->err;
}

void wr_group_log_offset(wr_group_log *log, weir_slice group, weir_slice topic, int32_t partition,
                         const wr_offset_value *value)
{
    const wr_group_key key = {.kind = WR_GROUP_KEY_OFFSET, .group = group, .topic = topic, .partition = partition};
    wr_buf_clear(&log->key);
    wr_buf_clear(&log->value);
    note(log, wr_group_key_encode(&key, &log->key));
    if (value)
        note(log, wr_offset_value_encode(value, &log->value));
    add(log, wr_buf_view(&log->key), value ? wr_buf_view(&log->value) : (weir_slice){0},
        wr_now_ms(wr_loop_io(log->loop)));
}

void wr_group_log_group(wr_group_log *log, weir_slice group, const wr_group_value *value)
{
    const wr_group_key key = {.kind = WR_GROUP_KEY_GROUP, .group = group};
    wr_buf_clear(&log->key);
    wr_buf_clear(&log->value);
    note(log, wr_group_key_encode(&key, &log->key));
    if (value)
        note(log, wr_group_value_encode(value, &log->value));
    add(log, wr_buf_view(&log->key), value ? wr_buf_view(&log->value) : (weir_slice){0},
        wr_now_ms(wr_loop_io(log->loop)));
}

void wr_group_log_commit(wr_group_log *log, wr_group_op *op, void (*done)(wr_group_op *op, weir_err err))
{
    flush(log);
    wr_batch_builder_fini(&log->builder);
    wr_buf_fini(&log->key);
    wr_buf_fini(&log->value);
    wr_buf_fini(&log->batch);
    *op = (wr_group_op){.done = done, .log = log};
    weir_err err = log->err;
    if (err == WEIR_OK)
        err = wr_partition_await(log->partition, &op->wait, wr_group_log_end(log), on_durable, op);
    if (err != WEIR_E_AGAIN)
        tell_later(op, err);
    if (log->err == WEIR_OK)
        wr_group_log_maybe_rewrite(log);
}

/* ---- reading */

typedef struct reading {
    weir_err (*each)(void *user, const wr_group_key *key, weir_slice value);
    void *user;
    int64_t *skipped;
} reading;

static weir_err read_record(void *user, const wr_record *record)
{
    reading *to = user;
    wr_group_key key = {0};
    weir_err err = wr_group_key_decode(record->key, &key, NULL);
    if (err == WEIR_OK)
        err = to->each(to->user, &key, record->value);
    if (err != WEIR_E_UNSUPPORTED && err != WEIR_E_FORMAT)
        return err;
    (*to->skipped)++;
    return WEIR_OK;
}

weir_err wr_group_log_read(wr_group_log *log, int64_t *offset, size_t size_max,
                           weir_err (*each)(void *user, const wr_group_key *key, weir_slice value), void *user,
                           int64_t *skipped, weir_failure *failure)
{
    reading to = {each, user, skipped};
    weir_err err = wr_group_log_walk(log, offset, wr_group_log_end(log), size_max, read_record, &to);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "cannot read %s from offset %lld on", WR_OFFSETS_TOPIC, (long long)*offset);
    return WEIR_OK;
}
