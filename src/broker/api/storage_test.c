/* A broker whose disk has no room, whose process has no descriptors, and what clients and the log see of it. */
#include <topics/topics.h>
#include <wire/delete_topics.h>
#include <wire/describe_log_dirs.h>
#include <wire/init_producer_id.h>
#include <wire/kafka.h>
#include <wire/list_offsets.h>
#include <wire/metadata.h>
#include <wire/produce.h>

#include <errno.h>
#include <stdio.h>

#include "test.h"
#include <testing/broker/rig.h>

static int16_t put(wr_rig_client *client, wr_rig *rig, const char *topic, int first, int64_t *ret_offset)
{
    return wr_rig_produce(client, topic, 0, WR_ACKS_ALL, wr_rig_batch(rig, "order", first, 1, -1, 0, 0), ret_offset);
}

TEST(a_stop_on_a_full_disk_names_the_partition_and_loses_nothing_that_was_promised)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_NONE);
    wr_sim_set_capacity(rig->sim, 0);
    CHECK_EQ(wr_rig_stop(rig), WEIR_E_FULL);
    CHECK_EQ(wr_rig_told(rig, "partition cannot be closed in order"), 1);
    CHECK_EQ(wr_rig_told(rig, "orders-0"), 1);
    CHECK(wr_rig_told(rig, "error=\"No space left on device\"") >= 1);
    wr_sim_set_capacity(rig->sim, -1);
    CHECK_OK(wr_rig_start(rig));
    int64_t offset = -1;
    CHECK_EQ(put(wr_rig_connect(rig), rig, "orders", 1, &offset), WR_KAFKA_NONE);
    CHECK_EQ(offset, 1);
    wr_rig_free(rig);
}

TEST(a_partition_without_room_is_written_again_when_there_is_and_both_are_said_once)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_NONE);
    wr_sim_set_capacity(rig->sim, 10);
    for (int i = 0; i < 5; i++) {
        CHECK_EQ(put(client, rig, "orders", 1, NULL), WR_KAFKA_KAFKA_STORAGE_ERROR);
        wr_rig_run_ms(rig, 700);
    }
    CHECK_EQ(wr_rig_told(rig, "cannot be written now"), 1);
    CHECK_EQ(wr_rig_told(rig, "call=write error=\"No space left on device\""), 1);
    CHECK_EQ(wr_rig_told(rig, "can be written again"), 0);
    wr_sim_set_capacity(rig->sim, -1);
    wr_rig_run_ms(rig, 1100);
    int64_t offset = -1;
    CHECK_EQ(put(client, rig, "orders", 1, &offset), WR_KAFKA_NONE);
    CHECK_EQ(offset, 1);
    CHECK_EQ(wr_rig_told(rig, "can be written again"), 1);
    CHECK_EQ(wr_rig_told(rig, "cannot be written now"), 1);
    weir_slice records;
    int64_t high;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, &high), WR_KAFKA_NONE);
    CHECK_EQ(high, 2);
    wr_rig_free(rig);
}

/* Kept low here; no setting does that. */
static void limit_segments(wr_rig *rig, size_t count)
{
    wr_topics_config *config = (wr_topics_config *)(uintptr_t)wr_topics_config_of(rig->broker->topics);
    config->log.segment_count_max = count;
}

TEST(a_partition_that_may_have_no_more_segments_is_written_again_when_some_are_gone)
{
    wr_rig *rig = wr_rig_new(1, (const char *const[]){"log.segment.bytes=16384", "log.retention.check.interval.ms=2000",
                                                      "log.retention.ms=60000",
                                                      "log.message.timestamp.type=LogAppendTime", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    limit_segments(rig, 3);
    wr_rig_create(client, "orders", 1);
    int count = 0;
    int16_t error = WR_KAFKA_NONE;
    for (; error == WR_KAFKA_NONE && count < 1000; count++) {
        error = wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "order", count * 50, 50, -1, 0, 0),
                               NULL);
        wr_rig_forget(rig);
    }
    CHECK_EQ(error, WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(put(client, rig, "orders", 1, NULL), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(wr_rig_told(rig, "cannot be written now"), 1);
    CHECK_EQ(wr_rig_told(rig, "the log has as many segments as it may: raise segment.bytes"), 1);
    wr_rig_run_ms(rig, 70000); /* everything is too old now, the active segment too */
    int64_t offset = -1;
    CHECK_EQ(put(client, rig, "orders", 1, &offset), WR_KAFKA_NONE);
    CHECK_EQ(offset, (count - 1) * 50);
    CHECK_EQ(wr_rig_told(rig, "can be written again"), 1);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, NULL), WR_KAFKA_OFFSET_OUT_OF_RANGE);
    wr_rig_free(rig);
}

TEST(a_sync_that_fails_is_said_with_its_cause)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim) + 1, EIO);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(wr_rig_told(rig, "sync failed: the partition accepts nothing more until a restart"), 1);
    CHECK_EQ(wr_rig_told(rig, "call=sync error=\"Input/output error\""), 1);
    wr_rig_free(rig);
}

TEST(partitions_that_could_not_be_opened_are_opened_when_there_are_descriptors_again)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_NONE);
    wr_rig_kill(rig);
    uint64_t reads;
    CHECK_OK(wr_rig_start(rig));
    reads = wr_sim_read_count(rig->sim);
    int refused = 0;
    for (uint64_t n = 0; n < reads; n++) {
        wr_rig_kill(rig);
        wr_sim_fail_read_at(rig->sim, n, EMFILE);
        if (wr_rig_start(rig) != WEIR_OK) { /* not a partition's file: the broker itself says that it cannot start */
            CHECK(rig->failure.sentence[0]);
            wr_rig_kill(rig);
            CHECK_OK(wr_rig_start(rig));
            continue;
        }
        client = wr_rig_connect(rig);
        int64_t high;
        if (wr_rig_fetch(client, "orders", 0, 0, NULL, &high) != WR_KAFKA_NONE) {
            refused++;
            CHECK_EQ(wr_rig_told(rig, "cannot be opened now"), refused);
            wr_rig_run_ms(rig, 5100);
            CHECK_EQ(wr_rig_told(rig, "open again"), refused);
        }
        CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high), WR_KAFKA_NONE);
        CHECK_EQ(high, 1);
        wr_rig_forget(rig);
    }
    CHECK(refused > 0);
    wr_rig_free(rig);
}

/* Starts until some partition could not be opened. */
static void start_with_a_closed_partition(wr_rig *rig)
{
    for (uint64_t n = 0; !wr_rig_told(rig, "cannot be opened now"); n++) {
        wr_rig_kill(rig);
        wr_sim_fail_read_at(rig->sim, n, EMFILE);
        if (wr_rig_start(rig) == WEIR_OK)
            continue;
        wr_rig_kill(rig);
        CHECK_OK(wr_rig_start(rig));
    }
}

TEST(a_topic_that_is_deleted_while_its_partitions_are_opened_again_is_gone_and_can_be_made_anew)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        wr_rig *rig = wr_rig_new(seed, NULL);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 3);
        CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_NONE);
        start_with_a_closed_partition(rig);
        client = wr_rig_connect(rig);
        wr_rig_run_ms(rig, 4999 + (int64_t)(seed % 3));
        weir_slice name = WEIR_SLICE("orders");
        wr_delete_topics_request in = {.topic_names = &name, .topic_name_count = 1, .timeout_ms = 30000};
        const wr_delete_topics_response *out = wr_rig_call(client, WR_API_DELETE_TOPICS, 5, &in);
        CHECK(out && out->responses[0].error_code == WR_KAFKA_NONE);
        wr_rig_run_ms(rig, 6000);
        CHECK(!wr_path_exists(wr_sim_io(rig->sim), "/data/orders-0"));
        wr_rig_create(client, "orders", 3);
        wr_rig_free(rig);
    }
}

/* The same promise, without syncs. */
TEST(a_broker_that_promises_nothing_deletes_old_segments_and_keeps_no_descriptors)
{
    wr_rig *rig =
        wr_rig_new(1, (const char *const[]){"flush=none", "log.segment.bytes=16384", "log.retention.bytes=50000",
                                            "log.retention.check.interval.ms=1000", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    size_t open_before = wr_sim_open_count(rig->sim);
    for (int i = 0; i < 300; i++) {
        weir_slice batch = wr_rig_batch(rig, "order", i * 50, 50, -1, 0, 0);
        CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, batch, NULL), WR_KAFKA_NONE);
        wr_rig_forget(rig);
        CHECK(wr_sim_open_count(rig->sim) <= open_before + 4);
    }
    wr_rig_run_ms(rig, 1100);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, NULL), WR_KAFKA_OFFSET_OUT_OF_RANGE);
    CHECK_OK(wr_rig_stop(rig));
    wr_rig_free(rig);
}

static void flip(wr_rig *rig, const char *path, int64_t at)
{
    CHECK_OK(wr_sim_flip_bit(rig->sim, path, at, 3));
}

TEST(damaged_records_are_said_once_and_everything_around_them_is_served)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(put(client, rig, "orders", i, NULL), WR_KAFKA_NONE);
    weir_slice records;
    int64_t high;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, &high), WR_KAFKA_NONE);
    size_t one = records.size / 3;
    CHECK_OK(wr_rig_stop(rig));
    flip(rig, "/data/orders-0/00000000000000000000.log", (int64_t)one + 70);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, &records, &high), WR_KAFKA_NONE);
    CHECK_EQ(records.size, one);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(wr_rig_fetch(client, "orders", 0, 1, &records, &high), WR_KAFKA_CORRUPT_MESSAGE);
    CHECK_EQ(high, 3);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 2, &records, &high), WR_KAFKA_NONE);
    CHECK_EQ(records.size, one);
    CHECK_EQ(wr_rig_told(rig, "records are damaged"), 1);
    CHECK_EQ(wr_rig_told(rig, "file=00000000000000000000.log"), 1);
    CHECK_EQ(wr_rig_told(rig, "offset=1 next_offset=2"), 1);
    CHECK_EQ(put(client, rig, "orders", 3, NULL), WR_KAFKA_NONE);
    wr_rig_free(rig);
}

/* Damage that keeps the whole partition closed: it was promised, and not yet checkpointed. */
TEST(a_damaged_partition_is_shown_as_such_and_not_as_absent)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 2);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_NONE);
    wr_rig_kill(rig);
    flip(rig, "/data/orders-0/00000000000000000000.log", 70);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    CHECK_EQ(wr_rig_told(rig, "partition stays closed"), 1);
    wr_rig_run_ms(rig, 20000);
    CHECK_EQ(wr_rig_told(rig, "partition stays closed"), 1);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_KAFKA_STORAGE_ERROR);
    const wr_describe_log_dirs_response *dirs =
        wr_rig_call(client, WR_API_DESCRIBE_LOG_DIRS, 4, &(wr_describe_log_dirs_request){.topic_count = -1});
    CHECK(dirs != NULL);
    CHECK_EQ(dirs->results[0].topics[0].partition_count, 2);
    wr_metadata_request in = {.topic_count = -1};
    const wr_metadata_response *metadata = wr_rig_call(client, WR_API_METADATA, 12, &in);
    CHECK(metadata != NULL);
    CHECK_EQ(metadata->topics[0].partition_count, 2);
    CHECK_EQ(metadata->topics[0].partitions[0].error_code, WR_KAFKA_LEADER_NOT_AVAILABLE);
    CHECK_EQ(metadata->topics[0].partitions[0].offline_replica_count, 1);
    CHECK_EQ(metadata->topics[0].partitions[1].error_code, WR_KAFKA_NONE);
    wr_rig_free(rig);
}

/* ---- the end, while a sync is under way */

static int64_t list(wr_rig_client *client, int16_t version, int64_t time)
{
    wr_list_offsets_request_partition partition = {.current_leader_epoch = -1, .timestamp = time};
    wr_list_offsets_request_topic topic = {
        .name = WEIR_SLICE("orders"), .partitions = &partition, .partition_count = 1};
    wr_list_offsets_request in = {.replica_id = -1, .topics = &topic, .topic_count = 1};
    const wr_list_offsets_response *out = wr_rig_call(client, WR_API_LIST_OFFSETS, version, &in);
    CHECK(out != NULL);
    CHECK_EQ(out->topics[0].partitions[0].error_code, WR_KAFKA_NONE);
    CHECK(weir_slice_equal(out->topics[0].name, WEIR_SLICE("orders")));
    return out->topics[0].partitions[0].offset;
}

static int64_t latest(wr_rig_client *client)
{
    return list(client, 5, WR_TIME_LATEST);
}

TEST(the_latest_offset_counts_what_was_acknowledged_with_acks_one)
{
    for (uint64_t seed = 1; seed <= 30; seed++) {
        wr_rig *rig = wr_rig_new(seed, NULL);
        wr_rig_client *client = wr_rig_connect(rig), *other = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        for (int i = 0; i < 5; i++) {
            weir_slice batch = wr_rig_batch(rig, "order", i, 1, -1, 0, 0);
            CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_LEADER, batch, NULL), WR_KAFKA_NONE);
            CHECK_EQ(latest(i % 2 ? client : other), i + 1);
        }
        wr_rig_free(rig);
    }
}

TEST(the_greatest_time_is_looked_for_among_what_is_durable)
{
    wr_rig *rig = wr_rig_new(3, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    weir_slice batch = wr_rig_batch(rig, "order", 0, 1, -1, 0, 0);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, batch, NULL), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 10);
    wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim) + 1, EIO);
    batch = wr_rig_batch(rig, "order", 1, 1, -1, 0, 0);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_LEADER, batch, NULL), WR_KAFKA_NONE);
    CHECK_EQ(latest(client), 1);
    CHECK_EQ(list(client, 7, WR_TIME_MAX), 0); /* the second never reached the disk */
    wr_rig_free(rig);
}

TEST(the_latest_offset_is_answered_also_when_a_sync_fails)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        wr_rig *rig = wr_rig_new(seed, NULL);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim) + 1, EIO);
        weir_slice batch = wr_rig_batch(rig, "order", 0, 1, -1, 0, 0);
        CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_LEADER, batch, NULL), WR_KAFKA_NONE);
        CHECK_EQ(latest(client), 0);
        wr_rig_free(rig);
    }
}

/* ---- the small files */

static int64_t size_of(wr_rig *rig, const char *path)
{
    wr_file *file;
    int64_t size;
    CHECK_OK(wr_file_open(wr_sim_io(rig->sim), path, WR_FILE_READ, &file));
    CHECK_OK(wr_file_size(file, &size));
    wr_file_close(file);
    return size;
}

static void cut_file(wr_rig *rig, const char *path, int64_t size)
{
    wr_file *file;
    CHECK_OK(wr_file_open(wr_sim_io(rig->sim), path, WR_FILE_WRITE, &file));
    CHECK_OK(wr_file_truncate(file, size));
    CHECK_OK(wr_file_sync(file));
    wr_file_close(file);
}

/* Starts on the damaged file: either that is said, or everything is as it was. */
static bool is_refused(const char *path, int64_t at, bool cut)
{
    wr_rig *rig = wr_rig_new(7, (const char *const[]){"cluster.id=abcdefghijklmnopqrstuv", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 12);
    CHECK_EQ(put(client, rig, "orders", 0, NULL), WR_KAFKA_NONE);
    CHECK_OK(wr_rig_stop(rig));
    if (at >= size_of(rig, path)) {
        wr_rig_free(rig);
        return true;
    }
    if (cut)
        cut_file(rig, path, at);
    else
        flip(rig, path, at);
    bool refused = wr_rig_start(rig) != WEIR_OK;
    if (refused) {
        CHECK(rig->failure.sentence[0]);
    } else {
        client = wr_rig_connect(rig);
        wr_metadata_request in = {.topic_count = -1};
        const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 12, &in);
        CHECK(out && out->topic_count == 1 && out->topics[0].partition_count == 12);
        int64_t high = 0;
        CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high), WR_KAFKA_NONE);
        CHECK_EQ(high, 1);
    }
    wr_rig_free(rig);
    return refused;
}

TEST(a_cluster_id_of_any_length_that_is_taken_is_found_again)
{
    wr_rig *rig = wr_rig_new(7, (const char *const[]){"cluster.id=the-marketplace-in-production", NULL});
    CHECK_OK(wr_rig_stop(rig));
    CHECK_OK(wr_rig_start(rig));
    CHECK_STR(rig->broker->cluster_id, "the-marketplace-in-production");
    wr_rig_free(rig);
}

TEST(a_flipped_bit_or_a_cut_in_a_small_file_is_refused_or_harmless)
{
    static const char *const paths[] = {"/data/orders-0/topic.properties", "/data/meta.properties",
                                        "/data/orders-0/partition.metadata"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        int refused = 0;
        for (int64_t at = 0; at < 100; at++)
            refused += is_refused(paths[i], at, false) + is_refused(paths[i], at, true);
        CHECK(i == 2 || refused > 100);
    }
}

static int16_t ask_for_producer_id(wr_rig_client *client)
{
    wr_init_producer_id_request in = {.transaction_timeout_ms = 1000, .producer_id = -1, .producer_epoch = -1};
    const wr_init_producer_id_response *out = wr_rig_call(client, WR_API_INIT_PRODUCER_ID, 3, &in);
    CHECK(out != NULL);
    return out->error_code;
}

TEST(a_damaged_file_of_producer_ids_gives_none_and_is_said_once_with_its_name)
{
    wr_rig *rig = wr_rig_new(17, NULL);
    CHECK_EQ(ask_for_producer_id(wr_rig_connect(rig)), WR_KAFKA_NONE);
    CHECK_OK(wr_rig_stop(rig));
    int64_t size = size_of(rig, "/data/producer_ids.properties");
    flip(rig, "/data/producer_ids.properties", size - 2);
    CHECK_OK(wr_rig_start(rig));
    wr_rig_client *client = wr_rig_connect(rig);
    CHECK_EQ(ask_for_producer_id(client), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(ask_for_producer_id(client), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(wr_rig_told(rig, "producer_ids.properties is damaged"), 1);
    wr_rig_free(rig);
}

TEST(who_waits_for_the_name_of_a_segment_that_could_not_be_given_once_waits_a_second_and_no_longer)
{
    enum { BATCHES = 12, RECORDS = 120, LONGEST_MS = 4000 };
    int renamings = 0;
    for (uint64_t n = 0; n < 24; n++) {
        wr_rig *rig = wr_rig_new(n + 1, (const char *const[]){"log.segment.bytes=16384", NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim) + n, ENOSPC);
        for (int i = 0; i < BATCHES; i++) {
            int64_t began_us = wr_mono_us(wr_sim_io(rig->sim));
            int16_t answer = wr_rig_produce(client, "orders", 0, WR_ACKS_ALL,
                                            wr_rig_batch(rig, "order", i * RECORDS, RECORDS, -1, 0, 0), NULL);
            CHECK(answer == WR_KAFKA_NONE || answer == WR_KAFKA_KAFKA_STORAGE_ERROR);
            CHECK(wr_mono_us(wr_sim_io(rig->sim)) - began_us < LONGEST_MS * INT64_C(1000));
        }
        const char *failed = wr_sim_failed_call(rig->sim);
        renamings += failed && strcmp(failed, "rename") == 0;
        wr_rig_free(rig);
    }
    CHECK(renamings > 0);
}

typedef struct largest_log {
    wr_rig *rig;
    int64_t size;
} largest_log;

static weir_err look_at_log(void *user, const char *name, bool is_dir)
{
    largest_log *largest = user;
    char path[256];
    const char *dot = strchr(name, '.');
    snprintf(path, sizeof path, "/data/orders-0/%s", name);
    int64_t size = !is_dir && dot && strcmp(dot, ".log") == 0 ? size_of(largest->rig, path) : 0;
    largest->size = size > largest->size ? size : largest->size;
    return WEIR_OK;
}

TEST(a_roll_does_not_wait_for_the_minute_after_which_failed_upkeep_is_tried_again)
{
    enum { FIRST = 140, LAST = 170, BATCHES = 100, RECORDS = 15, SEGMENT_SIZE = 16384 };
    int told = 0;
    for (uint64_t n = FIRST; n < LAST; n++) { /* about the first roll, when there is no file for the next one yet */
        wr_rig *rig = wr_rig_new(1, (const char *const[]){"log.segment.bytes=16384", NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim) + n, ENOSPC);
        for (int i = 0; i < BATCHES; i++) {
            int16_t answer = wr_rig_produce(client, "orders", 0, WR_ACKS_LEADER,
                                            wr_rig_batch(rig, "order", i * RECORDS, RECORDS, -1, 0, 0), NULL);
            CHECK(answer == WR_KAFKA_NONE || answer == WR_KAFKA_KAFKA_STORAGE_ERROR);
            wr_rig_run_ms(rig, 100);
            wr_rig_forget(rig);
        }
        largest_log largest = {.rig = rig};
        CHECK_OK(wr_dir_list(wr_sim_io(rig->sim), "/data/orders-0", look_at_log, &largest));
        CHECK(largest.size < SEGMENT_SIZE + SEGMENT_SIZE / 2);
        told += wr_rig_told(rig, "cannot write a log's checkpoint");
        wr_rig_free(rig);
    }
    CHECK(told > 0);
}

TEST(index_files_that_cannot_be_written_are_said_once_and_so_is_that_they_can_be_again)
{
    enum { BATCHES = 40, RECORDS = 120 };
    static const char *const in_the_way = "/data/orders-0/00000000000000000000.index";
    wr_rig *rig = wr_rig_new(1, (const char *const[]){"log.segment.bytes=16384", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_sim_permit_blocking(rig->sim);
    CHECK_OK(wr_dir_create(wr_sim_io(rig->sim), in_the_way));
    for (int i = 0; i < BATCHES; i++) {
        CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL,
                                wr_rig_batch(rig, "order", i * RECORDS, RECORDS, -1, 0, 0), NULL),
                 WR_KAFKA_NONE);
        wr_rig_run_ms(rig, 300);
        wr_rig_forget(rig);
    }
    CHECK_EQ(wr_rig_told(rig, "index files cannot be written"), 1);
    CHECK_EQ(wr_rig_told(rig, "file=00000000000000000000.index call=open error=\"Is a directory\""), 1);
    CHECK_EQ(wr_rig_told(rig, "index files can be written again"), 0);
    CHECK_OK(wr_path_remove(wr_sim_io(rig->sim), in_the_way));
    wr_rig_run_ms(rig, 1500);
    CHECK_EQ(put(client, rig, "orders", BATCHES * RECORDS, NULL), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 1500);
    CHECK_EQ(wr_rig_told(rig, "index files can be written again"), 1);
    CHECK_EQ(wr_rig_told(rig, "index files cannot be written"), 1);
    wr_rig_free(rig);
}
