/* What the tests of this room share: making batches, and reading a log back. */
#ifndef WR_LOG_TESTING_H
#define WR_LOG_TESTING_H

#include "log.h"

#include "test.h"

#include <stdio.h>

typedef struct batch_plan {
    int record_count;  /* 0 means 1 */
    size_t value_size; /* 0 means 10 */
    int64_t time_ms;   /* of the first record; the others follow by 1 ms */
    bool producer;     /* the next three hold */
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t sequence;
    wr_compression compression;
    bool without_key;
    uint8_t fill; /* what the values are made of */
} batch_plan;

static inline void make_batch(const batch_plan *plan, wr_buf *out)
{
    uint8_t value[4096];
    size_t value_size = plan->value_size ? plan->value_size : 10;
    assert_true(value_size <= sizeof value);
    memset(value, plan->fill ? plan->fill : 'v', value_size);
    wr_batch_builder builder;
    wr_batch_builder_init(&builder, 1 << 22);
    builder.producer_id = plan->producer ? plan->producer_id : -1;
    builder.producer_epoch = plan->producer ? plan->producer_epoch : -1;
    builder.base_sequence = plan->producer ? plan->sequence : -1;
    int count = plan->record_count ? plan->record_count : 1;
    for (int i = 0; i < count; i++)
        wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = plan->time_ms + i,
                                                    .key = plan->without_key ? (weir_slice){0} : WEIR_SLICE("k"),
                                                    .value = {value, value_size}});
    weir_err err = wr_batch_builder_finish(&builder, 0, plan->compression, out);
    wr_batch_builder_fini(&builder);
    assert_int_equal(err, WEIR_OK);
}

/* Upkeep as the broker does it: at once when it is due. What it could not do is due again later. */
static inline void keep_up(wr_log *log)
{
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && wr_log_upkeep_due(log)) {
        wr_log_upkeep *upkeep;
        err = wr_log_upkeep_begin(log, &upkeep);
        if (err == WEIR_OK)
            err = wr_log_upkeep_end(upkeep, wr_log_upkeep_run(upkeep));
    }
}

static inline void roll_ok(wr_log *log)
{
    weir_err err = wr_log_roll(log);
    if (err == WEIR_E_AGAIN) {
        keep_up(log);
        err = wr_log_roll(log);
    }
    CHECK_OK(err);
}

static inline weir_err put(wr_log *log, const batch_plan *plan, wr_appended *ret_appended)
{
    wr_buf buf;
    wr_buf_init(&buf, 1 << 22);
    make_batch(plan, &buf);
    weir_err err = wr_log_append(log, buf.data, buf.size, 0, ret_appended);
    wr_buf_fini(&buf);
    return err;
}

static inline int64_t put_ok(wr_log *log, const batch_plan *plan)
{
    wr_appended appended;
    CHECK_OK(put(log, plan, &appended));
    keep_up(log);
    return appended.base_offset;
}

/* Reads everything from `from` to the end in steps of step_size; checks that batches are whole, hold, and follow each
 * other. The number of batches, or -1 with *ret_err. */
static inline int read_all(wr_log *log, int64_t from, size_t step_size, weir_err *ret_err)
{
    int count = 0;
    int64_t at = from, end = wr_log_end_offset(log);
    while (at < end) {
        wr_buf buf;
        wr_buf_init(&buf, 1 << 24);
        *ret_err = wr_log_read(log, at, end, step_size, true, &buf);
        if (*ret_err != WEIR_OK) {
            wr_buf_fini(&buf);
            return -1;
        }
        CHECK(buf.size > 0);
        bool first = true;
        for (size_t done = 0; done < buf.size; count++) {
            wr_batch batch;
            CHECK_OK(wr_batch_read((weir_slice){buf.data + done, buf.size - done}, &batch, NULL));
            CHECK(wr_batch_crc_holds(&batch));
            CHECK_EQ(batch.leader_epoch, 0);
            CHECK(first ? batch.base_offset <= at : batch.base_offset == at);
            first = false;
            at = batch.base_offset + batch.last_offset_delta + 1;
            done += batch.bytes.size;
        }
        wr_buf_fini(&buf);
    }
    CHECK_EQ(at, end);
    *ret_err = WEIR_OK;
    return count;
}

static inline int read_ok(wr_log *log, size_t step_size)
{
    weir_err err;
    int count = read_all(log, wr_log_start_offset(log), step_size, &err);
    CHECK_OK(err);
    return count;
}

static inline wr_log *open_ok(wr_io *io, const char *directory, const wr_log_config *config)
{
    wr_log *log = NULL;
    weir_failure failure = {0};
    weir_err err = wr_log_open(io, directory, config, false, &log, &failure);
    if (err != WEIR_OK)
        print_message("%s\n", failure.sentence);
    CHECK_OK(err);
    return log;
}

/* Small segments, an index entry for nearly every batch, timestamps of any age. */
static inline wr_log_config small_config(void)
{
    wr_log_config config = wr_log_config_default;
    config.segment_size = 1000;
    config.index_interval_size = 100;
    config.timestamp_after_max_ms = INT64_MAX;
    config.retention_ms = -1;
    return config;
}

#endif
