/* Keys and values of groups and offsets, to a state log and back (group_log.h). */
#include "group_log.h"

#include <stdlib.h>

enum { KEY_SIZE_MAX = 256 << 10, VALUE_SIZE_MAX = 64 << 20 };

struct wr_group_log {
    wr_state_log *state;
    wr_buf key, value; /* scratch, freed by commit */
};

weir_err wr_group_log_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics, wr_group_log **ret_log)
{
    wr_group_log *log = calloc(1, sizeof *log);
    if (!log)
        return WEIR_E_MEMORY;
    weir_err err = wr_state_log_new(loop, trace, topics, WR_OFFSETS_TOPIC, &log->state);
    if (err != WEIR_OK) {
        free(log);
        return err;
    }
    *ret_log = log;
    return WEIR_OK;
}

void wr_group_log_free(wr_group_log *log)
{
    if (!log)
        return;
    wr_state_log_free(log->state);
    free(log);
}

const wr_state_log *wr_group_log_state(const wr_group_log *log)
{
    return log->state;
}

/* ---- writing */

void wr_group_log_begin(wr_group_log *log)
{
    wr_state_log_begin(log->state);
    wr_buf_init(&log->key, KEY_SIZE_MAX);
    wr_buf_init(&log->value, VALUE_SIZE_MAX);
}

/* The value is encoded already, unless there is none. */
static void put(wr_group_log *log, const wr_group_key *key, bool tombstone)
{
    wr_buf_clear(&log->key);
    weir_err err = wr_group_key_encode(key, &log->key);
    if (err != WEIR_OK)
        wr_state_log_fail(log->state, err);
    wr_state_log_put(log->state, wr_buf_view(&log->key), tombstone ? (weir_slice){0} : wr_buf_view(&log->value));
}

void wr_group_log_offset(wr_group_log *log, weir_slice group, weir_slice topic, int32_t partition,
                         const wr_offset_value *value)
{
    const wr_group_key key = {.kind = WR_GROUP_KEY_OFFSET, .group = group, .topic = topic, .partition = partition};
    wr_buf_clear(&log->value);
    weir_err err = value ? wr_offset_value_encode(value, &log->value) : WEIR_OK;
    if (err != WEIR_OK)
        wr_state_log_fail(log->state, err);
    put(log, &key, !value);
}

void wr_group_log_group(wr_group_log *log, weir_slice group, const wr_group_value *value)
{
    const wr_group_key key = {.kind = WR_GROUP_KEY_GROUP, .group = group};
    wr_buf_clear(&log->value);
    weir_err err = value ? wr_group_value_encode(value, &log->value) : WEIR_OK;
    if (err != WEIR_OK)
        wr_state_log_fail(log->state, err);
    put(log, &key, !value);
}

void wr_group_log_commit(wr_group_log *log, wr_state_op *op, void (*done)(wr_state_op *op, weir_err err))
{
    wr_buf_fini(&log->key);
    wr_buf_fini(&log->value);
    wr_state_log_commit(log->state, op, done);
}

/* ---- reading */

typedef struct reading {
    weir_err (*each)(void *user, const wr_group_key *key, weir_slice value);
    void *user;
    int64_t *skipped;
} reading;

static weir_err read_record(void *user, weir_slice key_bytes, weir_slice value)
{
    reading *to = user;
    wr_group_key key = {0};
    weir_err err = wr_group_key_decode(key_bytes, &key, NULL);
    if (err == WEIR_OK)
        err = to->each(to->user, &key, value);
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
    return wr_state_log_read(log->state, offset, size_max, read_record, &to, failure);
}
