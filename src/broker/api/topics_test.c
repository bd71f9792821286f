/* Topics as administrators see them: creating, growing, configuring, trimming, deleting, describing. */
#include <testing/broker/rig.h>

#include <wire/alter_configs.h>
#include <wire/create_partitions.h>
#include <wire/create_topics.h>
#include <wire/delete_records.h>
#include <wire/delete_topics.h>
#include <wire/describe_cluster.h>
#include <wire/describe_configs.h>
#include <wire/describe_log_dirs.h>
#include <wire/describe_topic_partitions.h>
#include <wire/incremental_alter_configs.h>
#include <wire/kafka.h>
#include <wire/list_offsets.h>
#include <wire/metadata.h>

#include <stdlib.h>

#include "test.h"

static const wr_metadata_response *metadata(wr_rig_client *client, const char *topic, bool create)
{
    wr_metadata_request_topic one = {.name = weir_slice_of(topic)};
    wr_metadata_request in = {.topics = &one, .topic_count = 1, .allow_auto_topic_creation = create};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 12, &in);
    CHECK(out && out->topic_count == 1);
    return out;
}

static int16_t create(wr_rig_client *client, wr_create_topics_request_topic one, bool validate_only)
{
    wr_create_topics_request in = {.topics = &one, .topic_count = 1, .validate_only = validate_only};
    const wr_create_topics_response *out = wr_rig_call(client, WR_API_CREATE_TOPICS, 7, &in);
    CHECK(out && out->topic_count == 1);
    CHECK(out->topics[0].error_code == WR_KAFKA_NONE || out->topics[0].error_message.size > 0);
    return out->topics[0].error_code;
}

static wr_create_topics_request_topic named(const char *name)
{
    return (wr_create_topics_request_topic){
        .name = weir_slice_of(name), .num_partitions = -1, .replication_factor = -1};
}

TEST(metadata_creates_a_topic_when_it_may_and_shows_it_at_once)
{
    wr_rig *rig = wr_rig_new(1, (const char *const[]){"num.partitions=4", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    CHECK_EQ(metadata(client, "orders", false)->topics[0].error_code, WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    const wr_metadata_response *out = metadata(client, "orders", true);
    CHECK_EQ(out->topics[0].error_code, WR_KAFKA_NONE);
    CHECK_EQ(out->topics[0].partition_count, 4);
    CHECK(!wr_uuid_is_zero(&out->topics[0].topic_id));
    CHECK_EQ(out->broker_count, 1);
    CHECK(weir_slice_equal(out->brokers[0].host, WEIR_SLICE("127.0.0.1"))); /* the address it reached */
    CHECK_EQ(out->brokers[0].port, 9092);
    CHECK_EQ(out->topics[0].partitions[3].leader_id, out->brokers[0].node_id);
    CHECK_EQ(metadata(client, "no/slash", true)->topics[0].error_code, WR_KAFKA_INVALID_TOPIC_EXCEPTION);

    wr_metadata_request_topic by_id = {.topic_id = out->topics[0].topic_id};
    wr_metadata_request in = {.topics = &by_id, .topic_count = 1};
    const wr_metadata_response *found = wr_rig_call(client, WR_API_METADATA, 12, &in);
    CHECK(found && weir_slice_equal(found->topics[0].name, WEIR_SLICE("orders")));
    by_id.topic_id.bytes[0] ^= 1;
    found = wr_rig_call(client, WR_API_METADATA, 12, &in);
    CHECK(found && found->topics[0].error_code == WR_KAFKA_UNKNOWN_TOPIC_ID);
    wr_rig_free(rig);
}

TEST(what_is_asked_for_twice_is_answered_once)
{
    wr_rig *rig = wr_rig_new(20, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_metadata_request_topic names[] = {{.name = WEIR_SLICE("orders")}, {.name = WEIR_SLICE("orders")}};
    wr_metadata_request in = {.topics = names, .topic_count = 2};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 9, &in);
    CHECK(out && out->topic_count == 1);

    wr_create_topics_request_topic pair[] = {named("twice"), named("twice")};
    wr_create_topics_request making = {.topics = pair, .topic_count = 2, .timeout_ms = 1000};
    const wr_create_topics_response *made = wr_rig_call(client, WR_API_CREATE_TOPICS, 5, &making);
    CHECK(made && made->topic_count == 1);
    CHECK_EQ(made->topics[0].error_code, WR_KAFKA_INVALID_REQUEST);
    CHECK_EQ(made->topics[0].config_count, 0); /* an empty list, where null would end Kafka's own tools */

    wr_delete_topics_request_topic gone[] = {{.name = WEIR_SLICE("orders")}, {.name = WEIR_SLICE("orders")}};
    wr_delete_topics_request deleting = {.topics = gone, .topic_count = 2};
    const wr_delete_topics_response *deleted = wr_rig_call(client, WR_API_DELETE_TOPICS, 6, &deleting);
    CHECK(deleted && deleted->response_count == 1);
    CHECK_EQ(deleted->responses[0].error_code, WR_KAFKA_INVALID_REQUEST);
    CHECK(deleted->responses[0].error_message.size > 0);

    wr_list_offsets_request_partition rows[] = {{.timestamp = -1, .current_leader_epoch = -1},
                                                {.timestamp = -2, .current_leader_epoch = -1}};
    wr_list_offsets_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = rows, .partition_count = 2};
    wr_list_offsets_request listing = {.topics = &topic, .topic_count = 1, .replica_id = -1};
    const wr_list_offsets_response *listed = wr_rig_call(client, WR_API_LIST_OFFSETS, 5, &listing);
    CHECK(listed && listed->topics[0].partition_count == 1);
    CHECK_EQ(listed->topics[0].partitions[0].error_code, WR_KAFKA_INVALID_REQUEST);
    wr_rig_free(rig);
}

TEST(an_assignment_to_a_broker_that_does_not_exist_is_refused_in_every_profile)
{
    wr_rig *rig = wr_rig_new(21, (const char *const[]){"accept.any.replication.factor=true", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    int32_t nobody = 7;
    wr_create_topics_request_assignment assigned = {.broker_ids = &nobody, .broker_id_count = 1};
    wr_create_topics_request_topic one = named("orders");
    one.num_partitions = one.replication_factor = -1;
    one.assignments = &assigned;
    one.assignment_count = 1;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_REPLICA_ASSIGNMENT);
    nobody = 1;
    CHECK_EQ(create(client, one, false), WR_KAFKA_NONE);
    wr_rig_free(rig);
}

TEST(metadata_of_version_0_means_all_topics_by_an_empty_list)
{
    wr_rig *rig = wr_rig_new(2, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "b", 1);
    wr_rig_create(client, "a", 1);
    wr_metadata_request none = {.topic_count = 0}, all = {.topic_count = -1};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 0, &none);
    CHECK(out && out->topic_count == 2 && weir_slice_equal(out->topics[0].name, WEIR_SLICE("a")));
    out = wr_rig_call(client, WR_API_METADATA, 1, &none);
    CHECK(out && out->topic_count == 0);
    out = wr_rig_call(client, WR_API_METADATA, 1, &all);
    CHECK(out && out->topic_count == 2);
    wr_rig_free(rig);
}

TEST(create_topics_checks_everything)
{
    wr_rig *rig = wr_rig_new(3, (const char *const[]){"max.partitions=20", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_create_topics_request_topic one = named("a.b");
    CHECK_EQ(create(client, one, true), WR_KAFKA_NONE);
    CHECK_EQ(metadata(client, "a.b", false)->topics[0].error_code, WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    CHECK_EQ(create(client, one, false), WR_KAFKA_NONE);
    CHECK_EQ(create(client, one, false), WR_KAFKA_TOPIC_ALREADY_EXISTS);
    CHECK_EQ(create(client, named("a_b"), false), WR_KAFKA_INVALID_TOPIC_EXCEPTION);
    CHECK_EQ(create(client, named("."), false), WR_KAFKA_INVALID_TOPIC_EXCEPTION);
    CHECK_EQ(create(client, named("with space"), false), WR_KAFKA_INVALID_TOPIC_EXCEPTION);
    one = named("c");
    one.num_partitions = 0;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_PARTITIONS);
    one.num_partitions = 21;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_PARTITIONS);
    one.num_partitions = 1;
    one.replication_factor = 3;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_REPLICATION_FACTOR);

    wr_create_topics_request_config config = {.name = WEIR_SLICE("retention.ms"), .value = WEIR_SLICE("soon")};
    one = named("c");
    one.configs = &config;
    one.config_count = 1;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_CONFIG);
    config.name = WEIR_SLICE("no.such.key");
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_CONFIG);

    int32_t here = 1, elsewhere = 7;
    wr_create_topics_request_assignment assignments[] = {{0, &here, 1}, {1, &here, 1}};
    one = named("c");
    one.assignments = assignments;
    one.assignment_count = 2;
    assignments[1].broker_ids = &elsewhere;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_REPLICA_ASSIGNMENT);
    assignments[1].broker_ids = &here;
    assignments[1].partition_index = 2;
    CHECK_EQ(create(client, one, false), WR_KAFKA_INVALID_REPLICA_ASSIGNMENT);
    assignments[1].partition_index = 1;
    CHECK_EQ(create(client, one, false), WR_KAFKA_NONE);
    CHECK_EQ(metadata(client, "c", false)->topics[0].partition_count, 2);
    wr_rig_free(rig);
}

TEST(the_development_profile_takes_any_replication_factor)
{
    wr_rig *rig = wr_rig_new(4, (const char *const[]){"profile=development", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_create_topics_request_topic one = named("orders");
    one.replication_factor = 3;
    CHECK_EQ(create(client, one, false), WR_KAFKA_NONE);
    CHECK_EQ(metadata(client, "orders", false)->topics[0].partitions[0].replica_node_count, 1);
    wr_rig_free(rig);
}

TEST(a_topic_created_again_is_another_topic)
{
    wr_rig *rig = wr_rig_new(5, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 2);
    wr_uuid first = metadata(client, "orders", false)->topics[0].topic_id;
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL), 0);

    wr_delete_topics_request_topic one = {.topic_id = first};
    wr_delete_topics_request in = {.topics = &one, .topic_count = 1};
    const wr_delete_topics_response *out = wr_rig_call(client, WR_API_DELETE_TOPICS, 6, &in);
    CHECK(out && out->responses[0].error_code == WR_KAFKA_NONE);
    CHECK(weir_slice_equal(out->responses[0].name, WEIR_SLICE("orders")));
    out = wr_rig_call(client, WR_API_DELETE_TOPICS, 6, &in);
    CHECK(out && out->responses[0].error_code == WR_KAFKA_UNKNOWN_TOPIC_ID);

    wr_rig_create(client, "orders", 1);
    wr_uuid second = metadata(client, "orders", false)->topics[0].topic_id;
    CHECK(!wr_uuid_equal(&first, &second));
    int64_t high_watermark = -1;
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, &high_watermark), WR_KAFKA_NONE);
    CHECK_EQ(high_watermark, 0);
    wr_rig_free(rig);
}

TEST(partitions_can_be_added_and_never_taken_away)
{
    wr_rig *rig = wr_rig_new(6, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 2);
    wr_create_partitions_request_topic one = {.name = WEIR_SLICE("orders"), .count = 5, .assignment_count = -1};
    wr_create_partitions_request in = {.topics = &one, .topic_count = 1};
    const wr_create_partitions_response *out = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 3, &in);
    CHECK(out && out->results[0].error_code == WR_KAFKA_NONE);
    CHECK_EQ(metadata(client, "orders", false)->topics[0].partition_count, 5);
    CHECK_EQ(wr_rig_produce(client, "orders", 4, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL), 0);
    out = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 3, &in);
    CHECK(out && out->results[0].error_code == WR_KAFKA_INVALID_PARTITIONS);
    one.count = 3;
    out = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 3, &in);
    CHECK(out && out->results[0].error_code == WR_KAFKA_INVALID_PARTITIONS);
    wr_rig_free(rig);
}

TEST(deleted_records_stay_deleted)
{
    wr_rig *rig = wr_rig_new(7, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 10, -1, 0, 0), NULL), 0);
    wr_delete_records_request_partition one = {.offset = 4};
    wr_delete_records_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_delete_records_request in = {.topics = &topic, .topic_count = 1};
    const wr_delete_records_response *out = wr_rig_call(client, WR_API_DELETE_RECORDS, 2, &in);
    CHECK(out && out->topics[0].partitions[0].error_code == WR_KAFKA_NONE);
    CHECK_EQ(out->topics[0].partitions[0].low_watermark, 4);
    one.offset = 11;
    out = wr_rig_call(client, WR_API_DELETE_RECORDS, 2, &in);
    CHECK(out && out->topics[0].partitions[0].error_code == WR_KAFKA_OFFSET_OUT_OF_RANGE);
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 3, NULL, NULL), WR_KAFKA_OFFSET_OUT_OF_RANGE);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 4, NULL, NULL), WR_KAFKA_NONE);
    wr_rig_free(rig);
}

/* Without flush=acks there may be records that no sync has covered, and a sync of others under way. */
TEST(records_are_deleted_beside_a_sync_that_is_under_way)
{
    wr_rig *rig = wr_rig_new(8, (const char *const[]){"flush=interval", "log.flush.interval.ms=1", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_delete_records_request_partition one = {.offset = -1};
    wr_delete_records_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_delete_records_request in = {.topics = &topic, .topic_count = 1};
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_LEADER, wr_rig_batch(rig, "x", i, 1, -1, 0, 0), NULL), 0);
        const wr_delete_records_response *out = wr_rig_call(client, WR_API_DELETE_RECORDS, 2, &in);
        CHECK(out != NULL);
        int16_t error = out->topics[0].partitions[0].error_code;
        CHECK_EQ(error, WR_KAFKA_NONE);
        CHECK_EQ(out->topics[0].partitions[0].low_watermark, i + 1);
    }
    wr_rig_free(rig);
}

/* ---- settings */

static const wr_describe_configs_response_config *config_of(wr_rig_client *client, int8_t type, const char *resource,
                                                            const char *name)
{
    weir_slice key = weir_slice_of(name);
    wr_describe_configs_request_resource one = {.resource_type = type,
                                                .resource_name = weir_slice_of(resource),
                                                .configuration_keys = &key,
                                                .configuration_key_count = 1};
    wr_describe_configs_request in = {
        .resources = &one, .resource_count = 1, .include_synonyms = true, .include_documentation = true};
    const wr_describe_configs_response *out = wr_rig_call(client, WR_API_DESCRIBE_CONFIGS, 4, &in);
    CHECK(out && out->result_count == 1);
    CHECK_EQ(out->results[0].error_code, WR_KAFKA_NONE);
    CHECK_EQ(out->results[0].config_count, 1);
    return &out->results[0].configs[0];
}

static int16_t alter(wr_rig_client *client, const char *name, int8_t operation, const char *value)
{
    wr_incremental_alter_configs_request_config one = {
        .name = weir_slice_of(name), .config_operation = operation, .value = weir_slice_of(value)};
    wr_incremental_alter_configs_request_resource resource = {
        .resource_type = WR_RESOURCE_TOPIC, .resource_name = WEIR_SLICE("orders"), .configs = &one, .config_count = 1};
    wr_incremental_alter_configs_request in = {.resources = &resource, .resource_count = 1};
    const wr_incremental_alter_configs_response *out = wr_rig_call(client, WR_API_INCREMENTAL_ALTER_CONFIGS, 1, &in);
    CHECK(out && out->response_count == 1);
    return out->responses[0].error_code;
}

#define THROTTLED               "leader.replication.throttled.replicas"
#define CHECK_TEXT(slice, text) CHECK(weir_slice_equal((slice), weir_slice_of(text)))

TEST(a_topics_settings_are_changed_shown_with_their_origin_and_kept)
{
    wr_rig *rig = wr_rig_new(8, (const char *const[]){"log.retention.hours=24", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    const wr_describe_configs_response_config *shown = config_of(client, WR_RESOURCE_TOPIC, "orders", "retention.ms");
    CHECK_TEXT(shown->value, "86400000");
    CHECK_EQ(shown->config_source, WR_CONFIG_SOURCE_STATIC_BROKER);
    CHECK_EQ(alter(client, "retention.ms", WR_CONFIG_SET, "1000"), WR_KAFKA_NONE);
    CHECK_EQ(alter(client, "retention.ms", WR_CONFIG_SET, "-2"), WR_KAFKA_INVALID_CONFIG);
    CHECK_EQ(alter(client, "cleanup.policy", WR_CONFIG_APPEND, "compact"), WR_KAFKA_INVALID_CONFIG);
    CHECK_EQ(alter(client, "cleanup.policy", WR_CONFIG_SET, "compact"), WR_KAFKA_INVALID_CONFIG);
    CHECK_EQ(alter(client, THROTTLED, WR_CONFIG_APPEND, "0:1"), WR_KAFKA_NONE);
    CHECK_EQ(alter(client, THROTTLED, WR_CONFIG_APPEND, "1:1"), WR_KAFKA_NONE);
    CHECK_EQ(alter(client, "retention.ms", WR_CONFIG_APPEND, "1"), WR_KAFKA_INVALID_CONFIG);
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    shown = config_of(client, WR_RESOURCE_TOPIC, "orders", "retention.ms");
    CHECK_TEXT(shown->value, "1000");
    CHECK_EQ(shown->config_source, WR_CONFIG_SOURCE_TOPIC);
    CHECK_EQ(shown->config_type, WR_CONFIG_TYPE_LONG);
    CHECK_EQ(shown->synonym_count, 2);
    CHECK_EQ(shown->synonyms[0].source, WR_CONFIG_SOURCE_TOPIC);
    CHECK_TEXT(shown->synonyms[1].name, "log.retention.ms");
    CHECK(shown->documentation.size > 0);
    CHECK_TEXT(config_of(client, WR_RESOURCE_TOPIC, "orders", THROTTLED)->value, "0:1,1:1");
    CHECK_EQ(alter(client, THROTTLED, WR_CONFIG_SUBTRACT, "0:1"), WR_KAFKA_NONE);
    CHECK_TEXT(config_of(client, WR_RESOURCE_TOPIC, "orders", THROTTLED)->value, "1:1");
    CHECK_TEXT(config_of(client, WR_RESOURCE_TOPIC, "orders", "cleanup.policy")->value, "delete");
    CHECK_EQ(alter(client, "retention.ms", WR_CONFIG_DELETE, NULL), WR_KAFKA_NONE);
    CHECK_TEXT(config_of(client, WR_RESOURCE_TOPIC, "orders", "retention.ms")->value, "86400000");
    wr_rig_free(rig);
}

TEST(a_long_value_of_a_setting_is_shown_whole)
{
    wr_rig *rig = wr_rig_new(8, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    char value[4097];
    for (size_t i = 0; i < sizeof value - 1; i++)
        value[i] = i % 8 == 7 ? ',' : (char)('0' + i / 8 % 10);
    value[sizeof value - 1] = '\0';
    CHECK_EQ(alter(client, THROTTLED, WR_CONFIG_SET, value), WR_KAFKA_NONE);
    CHECK_TEXT(config_of(client, WR_RESOURCE_TOPIC, "orders", THROTTLED)->value, value);
    CHECK_EQ(alter(client, THROTTLED, WR_CONFIG_APPEND, value), WR_KAFKA_NONE); /* each item once */
    CHECK_EQ(alter(client, THROTTLED, WR_CONFIG_APPEND, "0:1"), WR_KAFKA_NONE);
    wr_rig_free(rig);
}

TEST(old_records_go_when_their_retention_is_over)
{
    wr_rig *rig = wr_rig_new(9, (const char *const[]){"log.segment.bytes=16384", "log.retention.ms=60000", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    for (int i = 0; i < 60; i++)
        CHECK_EQ(
            wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "order", i * 50, 50, -1, 0, 0), NULL),
            0);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, NULL), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 7 * 60 * 1000);
    CHECK_EQ(wr_rig_fetch(client, "orders", 0, 0, NULL, NULL), WR_KAFKA_OFFSET_OUT_OF_RANGE);
    wr_rig_free(rig);
}

TEST(a_brokers_settings_are_shown_as_kafka_shows_them)
{
    wr_rig *rig = wr_rig_new(10, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    CHECK_TEXT(config_of(client, WR_RESOURCE_BROKER, "1", "default.replication.factor")->value, "1");
    CHECK_TEXT(config_of(client, WR_RESOURCE_BROKER, "1", "message.max.bytes")->value, "1048588");
    CHECK_TEXT(config_of(client, WR_RESOURCE_BROKER, "1", "log.retention.check.interval.ms")->value, "300000");
    CHECK_TEXT(config_of(client, WR_RESOURCE_BROKER, "1", "auto.create.topics.enable")->value, "true");
    CHECK(config_of(client, WR_RESOURCE_BROKER, "1", "inter.broker.protocol.version")->value.size > 0);
    CHECK_EQ(config_of(client, WR_RESOURCE_BROKER, "1", "listeners")->config_source, WR_CONFIG_SOURCE_STATIC_BROKER);
    wr_rig_free(rig);
}

/* ---- describing */

TEST(topics_are_described_page_by_page)
{
    wr_rig *rig = wr_rig_new(11, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "b", 5);
    wr_rig_create(client, "a", 2);
    wr_describe_topic_partitions_request_cursor cursor = {0};
    wr_describe_topic_partitions_request in = {.response_partition_limit = 3};
    int32_t seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        const wr_describe_topic_partitions_response *out =
            wr_rig_call(client, WR_API_DESCRIBE_TOPIC_PARTITIONS, 0, &in);
        CHECK(out != NULL);
        for (int32_t i = 0; i < out->topic_count; i++)
            for (int32_t k = 0; k < out->topics[i].partition_count; k++, seen++) {
                CHECK_TEXT(out->topics[i].name, seen < 2 ? "a" : "b");
                CHECK_EQ(out->topics[i].partitions[k].partition_index, seen < 2 ? seen : seen - 2);
            }
        more = out->next_cursor != NULL;
        if (more)
            cursor = (wr_describe_topic_partitions_request_cursor){out->next_cursor->topic_name,
                                                                   out->next_cursor->partition_index};
        in.cursor = &cursor;
    }
    CHECK_EQ(seen, 7);
    CHECK_EQ(pages, 3);
    wr_rig_free(rig);
}

TEST(the_cluster_and_its_directory_are_described)
{
    wr_rig *rig = wr_rig_new(12, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 2);
    CHECK_EQ(wr_rig_produce(client, "orders", 1, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL), 0);
    wr_describe_cluster_request in = {.endpoint_type = 1};
    const wr_describe_cluster_response *cluster = wr_rig_call(client, WR_API_DESCRIBE_CLUSTER, 1, &in);
    CHECK(cluster && cluster->broker_count == 1 && cluster->cluster_id.size == 22);
    wr_describe_log_dirs_request all = {.topic_count = -1};
    const wr_describe_log_dirs_response *dirs = wr_rig_call(client, WR_API_DESCRIBE_LOG_DIRS, 4, &all);
    CHECK(dirs && dirs->result_count == 1 && dirs->results[0].topic_count == 1);
    CHECK(dirs->results[0].topics[0].partitions[0].partition_size == 0);
    CHECK(dirs->results[0].topics[0].partitions[1].partition_size > 0);
    wr_rig_free(rig);
}

/* When each partition that is there looked at all that were asked for, this took half a minute. */
TEST(directories_are_described_for_any_number_of_partitions_asked_for)
{
    enum { COUNT = 2000, ASKED = 4000000 };
    wr_rig *rig = wr_rig_new(12, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", COUNT);
    int32_t *asked = calloc(ASKED, sizeof *asked);
    CHECK(asked != NULL);
    for (int32_t i = 0; i < ASKED; i++)
        asked[i] = i == 0 ? COUNT - 1 : i == 1 ? 7 : COUNT + i;
    wr_describe_log_dirs_request_topic topic = {
        .topic = WEIR_SLICE("orders"), .partitions = asked, .partition_count = ASKED};
    wr_describe_log_dirs_request in = {.topics = &topic, .topic_count = 1};
    const wr_describe_log_dirs_response *out = wr_rig_call(client, WR_API_DESCRIBE_LOG_DIRS, 4, &in);
    CHECK(out && out->results[0].topics[0].partition_count == 2);
    CHECK_EQ(out->results[0].topics[0].partitions[0].partition_index, 7);
    CHECK_EQ(out->results[0].topics[0].partitions[1].partition_index, COUNT - 1);
    free(asked);
    wr_rig_free(rig);
}

TEST(a_directory_that_is_not_ours_is_left_alone)
{
    wr_rig *rig = wr_rig_prepare(13, NULL);
    wr_io *io = wr_sim_io(rig->sim);
    CHECK_OK(wr_dir_create(io, "/data/orders-0"));
    CHECK_OK(wr_dir_create(io, "/data/pictures-7"));
    CHECK_OK(wr_path_write(io, "/data/orders-0/00000000000000000000.log", WEIR_SLICE("somebody's records")));
    CHECK_OK(wr_path_write(io, "/data/pictures-7/cat.jpeg", WEIR_SLICE("")));
    CHECK_OK(wr_rig_start(rig));
    wr_rig_client *client = wr_rig_connect(rig);
    CHECK(metadata(client, "orders", true)->topics[0].error_code != WR_KAFKA_NONE);
    CHECK_OK(wr_rig_stop(rig));
    CHECK(wr_path_exists(io, "/data/orders-0/00000000000000000000.log"));
    CHECK(wr_path_exists(io, "/data/pictures-7/cat.jpeg"));
    wr_rig_free(rig);
}

TEST(an_ephemeral_directory_is_gone_in_the_end_and_never_one_that_held_something)
{
    wr_rig *rig = wr_rig_new(14, (const char *const[]){"ephemeral=true", NULL});
    wr_io *io = wr_sim_io(rig->sim);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 3, -1, 0, 0), NULL), 0);
    CHECK_OK(wr_rig_stop(rig));
    CHECK(!wr_path_exists(io, "/data"));
    CHECK_OK(wr_dir_create(io, "/data/precious"));
    CHECK_EQ(wr_rig_start(rig), WEIR_E_REFUSED);
    CHECK(wr_path_exists(io, "/data/precious"));
    wr_rig_free(rig);
}
