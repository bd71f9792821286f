#include <wire/describe_topic_partitions.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_describe_topic_partitions_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name), WR_STRING, 0},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_describe_topic_partitions_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_describe_topic_partitions_request_cursor, member)
static const wr_field request_cursor_fields[] = {
    {AT(topic_name),      WR_STRING, 0},
    {AT(partition_index), WR_INT32,  0},
    {0},
};
#undef AT
static const wr_items request_cursors = ITEMS(wr_describe_topic_partitions_request_cursor, request_cursor_fields);

#define AT(member) WR_AT(wr_describe_topic_partitions_request, member)
static const wr_field request_fields[] = {
    {AT(topics),                   WR_ARRAY,  0, .items = &request_topics},
    {AT(response_partition_limit), WR_INT32,  0, DEFAULT(2000)},
    {AT(cursor),                   WR_STRUCT, 0, NULLABLE(0), .items = &request_cursors},
    {0},
};
#undef AT

const wr_message wr_describe_topic_partitions_request_message = {
    .name = "DescribeTopicPartitionsRequest",
    .api_key = WR_API_DESCRIBE_TOPIC_PARTITIONS,
    .min_version = 0,
    .max_version = 0,
    .flexible_version = 0,
    .size = sizeof(wr_describe_topic_partitions_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_describe_topic_partitions_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(error_code),               WR_INT16, 0},
    {AT(partition_index),          WR_INT32, 0},
    {AT(leader_id),                WR_INT32, 0},
    {AT(leader_epoch),             WR_INT32, 0, DEFAULT(-1)},
    {AT(replica_nodes),            WR_ARRAY, 0, .items = &wr_int32_items},
    {AT(isr_nodes),                WR_ARRAY, 0, .items = &wr_int32_items},
    {AT(eligible_leader_replicas), WR_ARRAY, 0, NULLABLE(0), .items = &wr_int32_items, NULL_DEFAULT},
    {AT(last_known_elr),           WR_ARRAY, 0, NULLABLE(0), .items = &wr_int32_items, NULL_DEFAULT},
    {AT(offline_replicas),         WR_ARRAY, 0, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items response_partitions =
    ITEMS(wr_describe_topic_partitions_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_describe_topic_partitions_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(error_code),                  WR_INT16,  0},
    {AT(name),                        WR_STRING, 0, NULLABLE(0)},
    {AT(topic_id),                    WR_UUID,   0},
    {AT(is_internal),                 WR_BOOL,   0},
    {AT(partitions),                  WR_ARRAY,  0, .items = &response_partitions},
    {AT(topic_authorized_operations), WR_INT32,  0, DEFAULT(INT32_MIN)},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_describe_topic_partitions_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_describe_topic_partitions_response_cursor, member)
static const wr_field response_cursor_fields[] = {
    {AT(topic_name),      WR_STRING, 0},
    {AT(partition_index), WR_INT32,  0},
    {0},
};
#undef AT
static const wr_items response_cursors = ITEMS(wr_describe_topic_partitions_response_cursor, response_cursor_fields);

#define AT(member) WR_AT(wr_describe_topic_partitions_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32,  0},
    {AT(topics),           WR_ARRAY,  0, .items = &response_topics},
    {AT(next_cursor),      WR_STRUCT, 0, NULLABLE(0), .items = &response_cursors},
    {0},
};
#undef AT

const wr_message wr_describe_topic_partitions_response_message = {
    .name = "DescribeTopicPartitionsResponse",
    .api_key = WR_API_DESCRIBE_TOPIC_PARTITIONS,
    .min_version = 0,
    .max_version = 0,
    .flexible_version = 0,
    .size = sizeof(wr_describe_topic_partitions_response),
    .fields = response_fields,
};
