#include <wire/message_int.h>
#include <wire/metadata.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_metadata_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(topic_id), WR_UUID,   10},
    {AT(name),     WR_STRING, 0, NULLABLE(10)},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_metadata_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_metadata_request, member)
static const wr_field request_fields[] = {
    {AT(topics),                                WR_ARRAY, 0, NULLABLE(1), .items = &request_topics},
    {AT(allow_auto_topic_creation),             WR_BOOL,  4, DEFAULT(true)},
    {AT(include_cluster_authorized_operations), WR_BOOL,  8, 10},
    {AT(include_topic_authorized_operations),   WR_BOOL,  8},
    {0},
};
#undef AT

const wr_message wr_metadata_request_message = {
    .name = "MetadataRequest",
    .api_key = WR_API_METADATA,
    .min_version = 0,
    .max_version = 13,
    .flexible_version = 9,
    .size = sizeof(wr_metadata_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_metadata_response_broker, member)
static const wr_field response_broker_fields[] = {
    {AT(node_id), WR_INT32,  0},
    {AT(host),    WR_STRING, 0},
    {AT(port),    WR_INT32,  0},
    {AT(rack),    WR_STRING, 1, NULLABLE(1), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items response_brokers = ITEMS(wr_metadata_response_broker, response_broker_fields);

#define AT(member) WR_AT(wr_metadata_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(error_code),       WR_INT16, 0},
    {AT(partition_index),  WR_INT32, 0},
    {AT(leader_id),        WR_INT32, 0},
    {AT(leader_epoch),     WR_INT32, 7, DEFAULT(-1)},
    {AT(replica_nodes),    WR_ARRAY, 0, .items = &wr_int32_items},
    {AT(isr_nodes),        WR_ARRAY, 0, .items = &wr_int32_items},
    {AT(offline_replicas), WR_ARRAY, 5, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_metadata_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_metadata_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(error_code),                  WR_INT16,  0},
    {AT(name),                        WR_STRING, 0, NULLABLE(12)},
    {AT(topic_id),                    WR_UUID,   10},
    {AT(is_internal),                 WR_BOOL,   1},
    {AT(partitions),                  WR_ARRAY,  0, .items = &response_partitions},
    {AT(topic_authorized_operations), WR_INT32,  8, DEFAULT(INT32_MIN)},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_metadata_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_metadata_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms),              WR_INT32,  3},
    {AT(brokers),                       WR_ARRAY,  0,     .items = &response_brokers},
    {AT(cluster_id),                    WR_STRING, 2,     NULLABLE(2), NULL_DEFAULT},
    {AT(controller_id),                 WR_INT32,  1,     DEFAULT(-1)},
    {AT(topics),                        WR_ARRAY,  0,     .items = &response_topics},
    {AT(cluster_authorized_operations), WR_INT32,  8, 10, DEFAULT(INT32_MIN)},
    {AT(error_code),                    WR_INT16,  13},
    {0},
};
#undef AT

const wr_message wr_metadata_response_message = {
    .name = "MetadataResponse",
    .api_key = WR_API_METADATA,
    .min_version = 0,
    .max_version = 13,
    .flexible_version = 9,
    .size = sizeof(wr_metadata_response),
    .fields = response_fields,
};
