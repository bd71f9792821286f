#include <testing/broker/rig.h>

#include <base/hash.h>
#include <topics/topics.h>
#include <wire/delete_topics.h>
#include <wire/fetch.h>
#include <wire/init_producer_id.h>
#include <wire/kafka.h>
#include <wire/produce.h>

#include "test.h"

static int16_t produce(wr_rig_client *client, const char *topic, weir_slice batch, int64_t *ret_offset)
{
    return wr_rig_produce(client, topic, 0, WR_ACKS_ALL, batch, ret_offset);
}

/* Bytes that the test may change. */
static uint8_t *writable(weir_slice bytes)
{
    return (uint8_t *)(uintptr_t)bytes.data;
}

static int64_t count_records(weir_slice records, int64_t from)
{
    int64_t next = from;
    while (records.size > 0) {
        wr_batch batch;
        size_t needed;
        CHECK_OK(wr_batch_read(records, &batch, &needed));
        CHECK(wr_batch_crc_holds(&batch));
        CHECK_EQ(batch.base_offset, next);
        next = batch.base_offset + batch.last_offset_delta + 1;
        records.data += batch.bytes.size;
        records.size -= batch.bytes.size;
    }
    return next - from;
}

/* Sends a fetch of one partition that waits for min_bytes. */
static void send_fetch(wr_rig_client *client, const char *topic, int64_t offset, int32_t min_bytes, int32_t max_wait_ms)
{
    wr_fetch_request_partition one = {.current_leader_epoch = -1,
                                      .fetch_offset = offset,
                                      .last_fetched_epoch = -1,
                                      .log_start_offset = -1,
                                      .partition_max_bytes = 1 << 20};
    wr_fetch_request_topic in_topic = {.topic = weir_slice_of(topic), .partitions = &one, .partition_count = 1};
    wr_fetch_request in = {.replica_id = -1,
                           .max_wait_ms = max_wait_ms,
                           .min_bytes = min_bytes,
                           .max_bytes = 1 << 20,
                           .session_epoch = -1,
                           .rack_id = WEIR_SLICE(""),
                           .topics = &in_topic,
                           .topic_count = 1};
    wr_rig_send(client, WR_API_FETCH, 11, &in);
}

static int64_t receive_fetch(wr_rig_client *client, int64_t offset, int64_t wait_ms)
{
    const wr_fetch_response *out = wr_rig_receive(client, WR_API_FETCH, 11, wait_ms);
    if (!out)
        return -1;
    CHECK_EQ(out->responses[0].partitions[0].error_code, WR_KAFKA_NONE);
    return count_records(out->responses[0].partitions[0].records, offset);
}

TEST(what_was_produced_is_fetched_in_order)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    int64_t offset = -1, high_watermark = -1;
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "order", i * 10, 10, -1, 0, 0), &offset), WR_KAFKA_NONE);
        CHECK_EQ(offset, i * 10);
    }
    weir_slice records;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, &high_watermark), WR_KAFKA_NONE);
    CHECK_EQ(high_watermark, 50);
    CHECK_EQ(count_records(records, 0), 50);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 35, &records, NULL), WR_KAFKA_NONE);
    CHECK_EQ(count_records(records, 30), 20); /* from the batch that contains it */
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 51, &records, NULL), WR_KAFKA_OFFSET_OUT_OF_RANGE);
    CHECK_EQ(wr_rig_fetch(client, "orders", 1, 0, &records, NULL), WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    wr_rig_free(rig);
}

TEST(what_was_acknowledged_is_there_after_a_clean_restart)
{
    wr_rig *rig = wr_rig_new(2, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_LEADER, wr_rig_batch(rig, "order", 0, 7, -1, 0, 0), NULL), 0);
    CHECK_OK(wr_rig_stop(rig));
    CHECK(wr_path_exists(wr_sim_io(rig->sim), "/data/.kafka_cleanshutdown"));
    CHECK_OK(wr_rig_start(rig));
    CHECK(!wr_path_exists(wr_sim_io(rig->sim), "/data/.kafka_cleanshutdown"));
    client = wr_rig_connect(rig);
    weir_slice records;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, NULL), WR_KAFKA_NONE);
    CHECK_EQ(count_records(records, 0), 7);
    wr_rig_free(rig);
}

TEST(a_fetch_waits_for_data_and_wakes_when_it_is_durable)
{
    wr_rig *rig = wr_rig_new(3, NULL);
    wr_rig_client *consumer = wr_rig_connect(rig), *producer = wr_rig_connect(rig);
    wr_rig_create(producer, "orders", 1);
    send_fetch(consumer, "orders", 0, 1, 30000);
    CHECK_EQ(receive_fetch(consumer, 0, 1000), -1);
    CHECK_EQ(produce(producer, "orders", wr_rig_batch(rig, "order", 0, 3, -1, 0, 0), NULL), WR_KAFKA_NONE);
    CHECK_EQ(receive_fetch(consumer, 0, 100), 3);
    wr_rig_free(rig);
}

TEST(a_fetch_answers_with_nothing_when_its_time_is_over)
{
    wr_rig *rig = wr_rig_new(4, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    send_fetch(client, "orders", 0, 1, 500);
    CHECK_EQ(receive_fetch(client, 0, 400), -1);
    CHECK_EQ(receive_fetch(client, 0, 200), 0);
    wr_rig_free(rig);
}

TEST(a_fetch_waits_for_as_many_bytes_as_it_wants)
{
    wr_rig *rig = wr_rig_new(5, NULL);
    wr_rig_client *consumer = wr_rig_connect(rig), *producer = wr_rig_connect(rig);
    wr_rig_create(producer, "orders", 1);
    weir_slice batch = wr_rig_batch(rig, "order", 0, 10, -1, 0, 0);
    send_fetch(consumer, "orders", 0, (int32_t)batch.size * 3, 30000);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(receive_fetch(consumer, 0, 50), -1);
        CHECK_EQ(produce(producer, "orders", wr_rig_batch(rig, "order", 0, 10, -1, 0, 0), NULL), WR_KAFKA_NONE);
    }
    CHECK_EQ(receive_fetch(consumer, 0, 50), 30);
    wr_rig_free(rig);
}

TEST(a_fetch_that_waits_for_a_topic_that_is_deleted_and_made_anew_is_told_and_reads_nothing)
{
    wr_rig *rig = wr_rig_new(18, NULL);
    wr_rig_client *consumer = wr_rig_connect(rig), *producer = wr_rig_connect(rig);
    wr_rig_create(producer, "orders", 1);
    CHECK_EQ(produce(producer, "orders", wr_rig_batch(rig, "order", 0, 3, -1, 0, 0), NULL), WR_KAFKA_NONE);
    send_fetch(consumer, "orders", 3, 1, 30000);
    CHECK_EQ(receive_fetch(consumer, 3, 50), -1);
    weir_slice name = WEIR_SLICE("orders");
    wr_delete_topics_request gone = {.topic_names = &name, .topic_name_count = 1, .timeout_ms = 1000};
    CHECK(wr_rig_call(producer, WR_API_DELETE_TOPICS, 4, &gone) != NULL);
    wr_rig_create(producer, "orders", 1);
    CHECK_EQ(produce(producer, "orders", wr_rig_batch(rig, "order", 0, 5, -1, 0, 0), NULL), WR_KAFKA_NONE);
    const wr_fetch_response *out = wr_rig_receive(consumer, WR_API_FETCH, 11, 100);
    CHECK(out != NULL);
    CHECK_EQ(out->responses[0].partitions[0].error_code, WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    CHECK_EQ(out->responses[0].partitions[0].records.size, 0);
    wr_rig_free(rig);
}

TEST(the_first_batch_is_given_whatever_its_size_and_then_the_limit_holds)
{
    wr_rig *rig = wr_rig_new(6, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "a", 1);
    wr_rig_create(client, "b", 1);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(produce(client, "a", wr_rig_batch(rig, "x", 0, 100, -1, 0, 0), NULL), WR_KAFKA_NONE);
        CHECK_EQ(produce(client, "b", wr_rig_batch(rig, "x", 0, 100, -1, 0, 0), NULL), WR_KAFKA_NONE);
    }
    wr_fetch_request_partition one = {.current_leader_epoch = -1, .last_fetched_epoch = -1, .partition_max_bytes = 100};
    wr_fetch_request_topic topics[] = {{.topic = WEIR_SLICE("a"), .partitions = &one, .partition_count = 1},
                                       {.topic = WEIR_SLICE("b"), .partitions = &one, .partition_count = 1}};
    wr_fetch_request in = {.replica_id = -1,
                           .max_wait_ms = 100,
                           .min_bytes = 1,
                           .max_bytes = 100,
                           .session_epoch = -1,
                           .rack_id = WEIR_SLICE(""),
                           .topics = topics,
                           .topic_count = 2};
    const wr_fetch_response *out = wr_rig_call(client, WR_API_FETCH, 11, &in);
    CHECK(out != NULL);
    CHECK_EQ(count_records(out->responses[0].partitions[0].records, 0), 100);
    CHECK_EQ(out->responses[1].partitions[0].records.size, 0);
    CHECK_EQ(out->responses[1].partitions[0].error_code, WR_KAFKA_NONE);
    wr_rig_free(rig);
}

TEST(an_idempotent_producers_retry_is_answered_with_the_first_offset)
{
    wr_rig *rig = wr_rig_new(7, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_init_producer_id_request init = {.producer_id = -1, .producer_epoch = -1};
    const wr_init_producer_id_response *id = wr_rig_call(client, WR_API_INIT_PRODUCER_ID, 4, &init);
    CHECK(id && id->error_code == WR_KAFKA_NONE && id->producer_epoch == 0);
    int64_t first = -1, again = -1;
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 4, id->producer_id, 0, 0), &first), WR_KAFKA_NONE);
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 4, id->producer_id, 0, 0), &again), WR_KAFKA_NONE);
    CHECK_EQ(again, first);
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 4, id->producer_id, 0, 9), NULL),
             WR_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER);
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 4, id->producer_id, 0, 4), &again), WR_KAFKA_NONE);
    CHECK_EQ(again, first + 4);
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 1, id->producer_id, 1, 0), NULL), WR_KAFKA_NONE);
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 1, id->producer_id, 0, 8), NULL),
             WR_KAFKA_INVALID_PRODUCER_EPOCH);
    wr_rig_free(rig);
}

TEST(producer_ids_are_not_given_twice_even_after_a_power_cut)
{
    wr_rig *rig = wr_rig_new(8, NULL);
    int64_t last = -1;
    wr_init_producer_id_request init = {.producer_id = -1, .producer_epoch = -1};
    for (int i = 0; i < 5; i++) {
        wr_rig_client *client = wr_rig_connect(rig);
        for (int k = 0; k < 3; k++) {
            const wr_init_producer_id_response *id = wr_rig_call(client, WR_API_INIT_PRODUCER_ID, 4, &init);
            CHECK(id && id->producer_id > last);
            last = id->producer_id;
        }
        wr_rig_cut(rig);
        CHECK_OK(wr_rig_start(rig));
    }
    wr_rig_free(rig);
}

TEST(a_bad_batch_is_refused_with_its_reason_and_stores_nothing)
{
    wr_rig *rig = wr_rig_new(9, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    weir_slice batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
    writable(batch)[batch.size - 1] ^= 1;
    CHECK_EQ(produce(client, "orders", batch, NULL), WR_KAFKA_CORRUPT_MESSAGE);

    batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
    writable(batch)[16] = 1; /* magic */
    CHECK_EQ(produce(client, "orders", batch, NULL), WR_KAFKA_INVALID_RECORD);

    batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
    CHECK_EQ(produce(client, "orders", (weir_slice){batch.data, batch.size - 1}, NULL), WR_KAFKA_INVALID_RECORD);
    CHECK_EQ(produce(client, "orders", WEIR_SLICE(""), NULL), WR_KAFKA_INVALID_RECORD);
    CHECK_EQ(produce(client, "nowhere", wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL),
             WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, 2, wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL),
             WR_KAFKA_INVALID_REQUIRED_ACKS);

    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 3, 7, 0, -1), NULL), WR_KAFKA_INVALID_RECORD);
    CHECK_EQ(produce(client, "orders", wr_rig_batch(rig, "x", 0, 3, 7, -1, 0), NULL), WR_KAFKA_INVALID_RECORD);

    uint8_t two[4096];
    batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
    memcpy(two, batch.data, batch.size);
    memcpy(two + batch.size, batch.data, batch.size);
    CHECK_EQ(produce(client, "orders", (weir_slice){two, batch.size * 2}, NULL), WR_KAFKA_INVALID_RECORD);

    int64_t high_watermark = -1;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high_watermark), WR_KAFKA_NONE);
    CHECK_EQ(high_watermark, 0);
    wr_rig_free(rig);
}

TEST(a_batch_without_its_greatest_timestamp_is_stored_with_it_and_not_deleted_as_old)
{
    wr_rig *rig = wr_rig_new(30, (const char *const[]){"log.retention.check.interval.ms=1000", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    weir_slice batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
    wr_batch sent, stored;
    CHECK_OK(wr_batch_read(batch, &sent, NULL));
    CHECK(sent.max_timestamp > 0);
    wr_batch_patch_create_time(writable(batch), batch.size, 0);
    CHECK_EQ(produce(client, "orders", batch, NULL), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 5000);
    weir_slice records;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, NULL), WR_KAFKA_NONE);
    CHECK_OK(wr_batch_read(records, &stored, NULL));
    CHECK_EQ(stored.max_timestamp, sent.max_timestamp);
    CHECK(wr_batch_crc_holds(&stored));
    wr_rig_free(rig);
}

TEST(a_record_of_the_future_is_refused_also_when_the_header_of_its_batch_hides_it)
{
    wr_rig *rig = wr_rig_new(31, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_rig_run_ms(rig, 1000);
    weir_slice batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
    wr_put_i64(writable(batch) + 27, INT64_MAX - 1); /* the base of the records' times */
    wr_put_i64(writable(batch) + 35, 0);
    wr_batch_patch_create_time(writable(batch), batch.size, 1); /* and the CRC */
    CHECK_EQ(produce(client, "orders", batch, NULL), WR_KAFKA_INVALID_TIMESTAMP);
    wr_rig_free(rig);
}

/* CRC and counts are right, but what is inside the compression is not: every reader would stop there. */
TEST(a_compressed_batch_that_no_consumer_could_read_is_refused)
{
    wr_rig *rig = wr_rig_new(17, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    for (int compression = WR_COMPRESSION_GZIP; compression <= WR_COMPRESSION_ZSTD; compression++) {
        weir_slice batch = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0);
        writable(batch)[22] = (uint8_t)compression; /* the records are as they were */
        wr_put_i32(writable(batch) + 17, (int32_t)wr_crc32c(0, batch.data + 21, batch.size - 21));
        CHECK_EQ(produce(client, "orders", batch, NULL), WR_KAFKA_INVALID_RECORD);
    }
    int64_t high_watermark = -1;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high_watermark), WR_KAFKA_NONE);
    CHECK_EQ(high_watermark, 0);
    wr_rig_free(rig);
}

TEST(acks_0_has_no_answer_and_an_error_closes_the_connection)
{
    wr_rig *rig = wr_rig_new(10, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    size_t before = wr_rig_received_size(client);
    wr_produce_request_partition one = {.records = wr_rig_batch(rig, "x", 0, 3, -1, 0, 0)};
    wr_produce_request_topic topic = {.name = WEIR_SLICE("orders"), .partition_data = &one, .partition_data_count = 1};
    wr_produce_request in = {.topic_data = &topic, .topic_data_count = 1};
    wr_rig_send(client, WR_API_PRODUCE, 9, &in);
    wr_rig_run_ms(rig, 100);
    CHECK_EQ(wr_rig_received_size(client), before);
    int64_t high_watermark = -1;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high_watermark), WR_KAFKA_NONE);
    CHECK_EQ(high_watermark, 3);

    topic.name = WEIR_SLICE("nowhere");
    wr_rig_send(client, WR_API_PRODUCE, 9, &in);
    wr_rig_run_ms(rig, 100);
    CHECK(!wr_rig_connected(client));

    in.transactional_id = WEIR_SLICE("t");
    client = wr_rig_connect(rig);
    wr_rig_send(client, WR_API_PRODUCE, 9, &in);
    wr_rig_run_ms(rig, 100);
    CHECK_EQ(wr_rig_received_size(client), 0);
    CHECK(!wr_rig_connected(client));
    wr_rig_free(rig);
}

static void keep_result(void *user, weir_err err, wr_topic *topic)
{
    (void)topic;
    *(weir_err *)user = err;
}

TEST(a_compacted_topic_names_the_records_without_a_key)
{
    wr_rig *rig = wr_rig_new(11, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "table", 1);
    /* As an earlier version may have left it: no client can ask for it today. */
    wr_topic_config *config = wr_topic_config_new();
    CHECK_OK(wr_topic_config_set(config, WEIR_SLICE("cleanup.policy"), WEIR_SLICE("compact"), NULL));
    wr_topics *topics = rig->broker->topics;
    weir_err configured = WEIR_E_AGAIN;
    CHECK_OK(wr_topics_configure(topics, WEIR_SLICE("table"), config, -1, keep_result, &configured));
    wr_topics_settle(topics);
    wr_rig_run_ms(rig, 10);
    CHECK_OK(configured);
    CHECK_EQ(produce(client, "table", wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL), WR_KAFKA_NONE);

    wr_batch_builder builder;
    wr_buf out;
    wr_buf_init(&out, 1 << 20);
    wr_batch_builder_init(&builder, 1 << 20);
    builder.producer_id = -1;
    builder.producer_epoch = -1;
    builder.base_sequence = -1;
    int64_t now_ms = wr_now_ms(wr_sim_io(rig->sim));
    wr_batch_builder_add(&builder,
                         &(wr_record){.timestamp_ms = now_ms, .key = WEIR_SLICE("k"), .value = WEIR_SLICE("v")});
    wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = now_ms, .value = WEIR_SLICE("v")});
    CHECK_OK(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_LZ4, &out));
    wr_produce_request_partition one = {.records = wr_buf_view(&out)};
    wr_produce_request_topic topic = {.name = WEIR_SLICE("table"), .partition_data = &one, .partition_data_count = 1};
    wr_produce_request in = {.acks = -1, .topic_data = &topic, .topic_data_count = 1};
    const wr_produce_response *answer = wr_rig_call(client, WR_API_PRODUCE, 9, &in);
    CHECK(answer != NULL);
    const wr_produce_response_partition *refused = &answer->responses[0].partition_responses[0];
    CHECK_EQ(refused->error_code, WR_KAFKA_INVALID_RECORD);
    CHECK_EQ(refused->record_error_count, 1);
    CHECK_EQ(refused->record_errors[0].batch_index, 1);
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&out);
    wr_rig_free(rig);
}

TEST(acks_1_is_answered_before_the_sync_and_seen_after_it)
{
    wr_rig *rig = wr_rig_new(12, NULL);
    wr_rig_client *producer = wr_rig_connect(rig);
    wr_rig_create(producer, "orders", 1);
    CHECK_EQ(wr_rig_produce(producer, "orders", 0, WR_ACKS_LEADER, wr_rig_batch(rig, "x", 0, 5, -1, 0, 0), NULL), 0);
    wr_rig_run_ms(rig, 10);
    int64_t high_watermark = -1;
    CHECK_EQ(wr_rig_fetch(producer, "orders", 0, 0, NULL, &high_watermark), WR_KAFKA_NONE);
    CHECK_EQ(high_watermark, 5);
    wr_rig_free(rig);
}

/* A batch of a little more than half of the least segment.bytes: each one starts a segment. */
static weir_slice segment_batch(wr_rig *rig, int32_t sequence, int64_t producer_id)
{
    return wr_rig_batch(rig, "a text that makes the record as long as it is", sequence, 100, producer_id, 0, sequence);
}

static void send_produce(wr_rig_client *client, const char *name, int16_t acks, weir_slice batch)
{
    wr_produce_request_partition one = {.records = batch};
    wr_produce_request_topic topic = {.name = weir_slice_of(name), .partition_data = &one, .partition_data_count = 1};
    wr_produce_request in = {.acks = acks, .topic_data = &topic, .topic_data_count = 1};
    wr_rig_send(client, WR_API_PRODUCE, 9, &in);
}

/* One sync takes a few files only. What it could not take must not wait for the next append. */
TEST(many_batches_in_flight_are_all_answered_though_each_starts_a_segment)
{
    enum { COUNT = 40 };
    wr_rig *rig = wr_rig_new(14, (const char *const[]){"log.segment.bytes=16384", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    for (int i = 0; i < COUNT; i++)
        send_produce(client, "orders", WR_ACKS_ALL, segment_batch(rig, i * 100, 7));
    for (int i = 0; i < COUNT; i++) {
        const wr_produce_response *out = wr_rig_receive(client, WR_API_PRODUCE, 9, 1000);
        CHECK(out != NULL);
        CHECK_EQ(out->responses[0].partition_responses[0].error_code, WR_KAFKA_NONE);
        CHECK_EQ(out->responses[0].partition_responses[0].base_offset, i * 100);
    }
    wr_rig_free(rig);
}

TEST(a_retry_whose_first_time_is_not_synced_yet_waits_for_that_sync)
{
    wr_rig *rig = wr_rig_new(15, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    for (int i = 0; i < 50; i++) {
        weir_slice batch = wr_rig_batch(rig, "x", 0, 1, 7, 0, i);
        send_produce(client, "orders", WR_ACKS_LEADER, batch);
        send_produce(client, "orders", WR_ACKS_ALL, batch);
        const wr_produce_response *first = wr_rig_receive(client, WR_API_PRODUCE, 9, 1000);
        const wr_produce_response *again = wr_rig_receive(client, WR_API_PRODUCE, 9, 1000);
        CHECK(first && again);
        CHECK_EQ(again->responses[0].partition_responses[0].base_offset, i);
        wr_rig_cut(rig);
        CHECK_OK(wr_rig_start(rig));
        client = wr_rig_connect(rig);
        int64_t high_watermark = -1;
        CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high_watermark), WR_KAFKA_NONE);
        CHECK_EQ(high_watermark, i + 1);
    }
    wr_rig_free(rig);
}

TEST(a_produce_that_waited_behind_a_fetch_is_synced_without_anything_else_happening)
{
    wr_rig *rig = wr_rig_new(16, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    send_fetch(client, "orders", 0, 1, 500);
    send_produce(client, "orders", WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 1, -1, 0, 0));
    CHECK_EQ(receive_fetch(client, 0, 600), 0);
    CHECK(wr_rig_receive(client, WR_API_PRODUCE, 9, 100) != NULL);
    wr_rig_free(rig);
}
