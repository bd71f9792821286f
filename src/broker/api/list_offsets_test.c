/* Offsets by time, of batches whose producers say the truth and of others. */
#include <testing/broker/rig.h>

#include <base/hash.h>
#include <wire/kafka.h>
#include <wire/list_offsets.h>
#include <wire/produce.h>

#include "test.h"

static int16_t produce(wr_rig_client *client, const char *topic, weir_slice batch, int64_t *ret_offset)
{
    return wr_rig_produce(client, topic, 0, WR_ACKS_ALL, batch, ret_offset);
}

static int64_t list(wr_rig_client *client, int64_t time)
{
    wr_list_offsets_request_partition one = {.current_leader_epoch = -1, .timestamp = time};
    wr_list_offsets_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_list_offsets_request in = {.replica_id = -1, .topics = &topic, .topic_count = 1};
    const wr_list_offsets_response *out = wr_rig_call(client, WR_API_LIST_OFFSETS, 9, &in);
    CHECK(out != NULL);
    CHECK_EQ(out->topics[0].partitions[0].error_code, WR_KAFKA_NONE);
    return out->topics[0].partitions[0].offset;
}

TEST(offsets_are_found_by_time_and_by_the_special_times)
{
    wr_rig *rig = wr_rig_new(13, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(list(client, WR_TIME_LATEST), 0);
    CHECK_EQ(list(client, WR_TIME_MAX), -1);
    int64_t times_ms[3];
    for (int i = 0; i < 3; i++) {
        wr_rig_run_ms(rig, 1000);
        times_ms[i] = wr_now_ms(wr_sim_io(rig->sim));
        CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 10, -1, 0, 0), NULL), WR_KAFKA_NONE);
    }
    CHECK_EQ(list(client, WR_TIME_EARLIEST), 0);
    CHECK_EQ(list(client, WR_TIME_EARLIEST_LOCAL), 0);
    CHECK_EQ(list(client, WR_TIME_LATEST), 30);
    CHECK_EQ(list(client, WR_TIME_LATEST_TIERED), -1);
    CHECK_EQ(list(client, times_ms[1]), 10);
    CHECK_EQ(list(client, times_ms[1] + 500), 20);
    CHECK_EQ(list(client, times_ms[2] + 5000), -1);
    CHECK_EQ(list(client, WR_TIME_MAX), 20);
    wr_rig_free(rig);
}

/* One record of that time in a batch that says something else. */
static weir_slice lying_batch(wr_rig *rig, int64_t time_ms, int64_t max_timestamp, int16_t attributes,
                              wr_compression compression)
{
    enum { AT_CRC = 17, AT_ATTRIBUTES = 21, AT_MAX_TIMESTAMP = 35 };
    wr_buf bytes;
    wr_batch_builder builder;
    wr_buf_init(&bytes, 4096);
    wr_batch_builder_init(&builder, 4096);
    wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = time_ms, .value = WEIR_SLICE("x")});
    CHECK_OK(wr_batch_builder_finish(&builder, 0, compression, &bytes));
    wr_put_i16(bytes.data + AT_ATTRIBUTES, (int16_t)(attributes | (int)compression));
    wr_put_i64(bytes.data + AT_MAX_TIMESTAMP, max_timestamp);
    wr_put_i32(bytes.data + AT_CRC, (int32_t)wr_crc32c(0, bytes.data + AT_ATTRIBUTES, bytes.size - AT_ATTRIBUTES));
    weir_slice made = weir_arena_dup(rig->arena, wr_buf_view(&bytes));
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&bytes);
    return made;
}

TEST(the_greatest_timestamp_of_a_batch_is_that_of_its_records_whatever_its_producer_says)
{
    static const int64_t lies_ms[] = {-1, 1800000, -1800000};
    for (int i = 0; i < 12; i++) {
        wr_rig *rig = wr_rig_new(13, NULL);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        int64_t time_ms = wr_now_ms(wr_sim_io(rig->sim)), lie_ms = lies_ms[i % 3];
        int16_t attributes = i % 2 ? WR_BATCH_LOG_APPEND_TIME : 0;
        wr_compression compression = i < 6 ? WR_COMPRESSION_NONE : WR_COMPRESSION_LZ4;
        weir_slice lie = lying_batch(rig, time_ms, lie_ms == -1 ? -1 : time_ms + lie_ms, attributes, compression);
        CHECK_EQ(produce(client, "orders", lie, NULL), WR_KAFKA_NONE);
        weir_slice later = lying_batch(rig, time_ms + 1000, time_ms + 1000, 0, compression);
        CHECK_EQ(produce(client, "orders", later, NULL), WR_KAFKA_NONE);
        CHECK_EQ(list(client, time_ms), 0);
        CHECK_EQ(list(client, time_ms + 1), 1);
        CHECK_EQ(list(client, WR_TIME_MAX), 1);
        weir_slice records;
        wr_batch batch;
        CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, NULL), WR_KAFKA_NONE);
        CHECK_OK(wr_batch_read(records, &batch, NULL));
        CHECK(batch.base_offset == 0 && wr_batch_crc_holds(&batch)); /* it is corrected, and whole all the same */
        CHECK(batch.bytes.size < records.size);
        CHECK_EQ(batch.max_timestamp, time_ms);
        CHECK_EQ(batch.attributes, (int)compression);
        wr_rig_free(rig);
    }
}

/* Eight megabytes of one letter, in a few kilobytes. */
static weir_slice large_batch(wr_rig *rig, int64_t time_ms)
{
    enum { VALUE_SIZE = 8 << 20 };
    wr_buf bytes;
    wr_batch_builder builder;
    uint8_t *value = weir_arena_alloc(rig->arena, VALUE_SIZE);
    CHECK(value != NULL);
    memset(value, 'x', VALUE_SIZE);
    wr_buf_init(&bytes, 2 * VALUE_SIZE);
    wr_batch_builder_init(&builder, 2 * VALUE_SIZE);
    wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = time_ms, .value = {value, VALUE_SIZE}});
    CHECK_OK(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_GZIP, &bytes));
    weir_slice made = weir_arena_dup(rig->arena, wr_buf_view(&bytes));
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&bytes);
    return made;
}

TEST(a_time_is_looked_up_in_many_partitions_of_large_batches_by_one_request)
{
    enum { COUNT = 12 };
    wr_rig *rig = wr_rig_new(14, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", COUNT);
    int64_t now_ms = wr_now_ms(wr_sim_io(rig->sim));
    weir_slice batch = large_batch(rig, now_ms);
    wr_list_offsets_request_partition all[COUNT];
    for (int32_t i = 0; i < COUNT; i++) {
        CHECK_EQ(wr_rig_produce(client, "orders", i, WR_ACKS_ALL, batch, NULL), WR_KAFKA_NONE);
        all[i] = (wr_list_offsets_request_partition){
            .partition_index = i, .current_leader_epoch = -1, .timestamp = i % 2 ? now_ms : WR_TIME_MAX};
    }
    wr_list_offsets_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = all, .partition_count = COUNT};
    wr_list_offsets_request in = {.replica_id = -1, .topics = &topic, .topic_count = 1};
    const wr_list_offsets_response *out = wr_rig_call(client, WR_API_LIST_OFFSETS, 9, &in);
    CHECK(out && out->topics[0].partition_count == COUNT);
    for (int32_t i = 0; i < COUNT; i++) {
        CHECK_EQ(out->topics[0].partitions[i].error_code, WR_KAFKA_NONE);
        CHECK_EQ(out->topics[0].partitions[i].offset, 0);
        CHECK_EQ(out->topics[0].partitions[i].timestamp, now_ms);
    }
    wr_rig_free(rig);
}
