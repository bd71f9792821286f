#include <wire/message_int.h>
#include <wire/produce.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_produce_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(index),   WR_INT32,   0},
    {AT(records), WR_RECORDS, 0, NULLABLE(0)},
    {0},
};
#undef AT
static const wr_items request_partitions = ITEMS(wr_produce_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_produce_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),           WR_STRING, 0, 12},
    {AT(topic_id),       WR_UUID,   13},
    {AT(partition_data), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_produce_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_produce_request, member)
static const wr_field request_fields[] = {
    {AT(transactional_id), WR_STRING, 3, NULLABLE(3), NULL_DEFAULT},
    {AT(acks),             WR_INT16,  0},
    {AT(timeout_ms),       WR_INT32,  0},
    {AT(topic_data),       WR_ARRAY,  0, .items = &request_topics},
    {0},
};
#undef AT

const wr_message wr_produce_request_message = {
    .name = "ProduceRequest",
    .api_key = WR_API_PRODUCE,
    .min_version = 3,
    .max_version = 13,
    .flexible_version = 9,
    .size = sizeof(wr_produce_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_produce_response_record_error, member)
static const wr_field response_record_error_fields[] = {
    {AT(batch_index),               WR_INT32,  8},
    {AT(batch_index_error_message), WR_STRING, 8, NULLABLE(8), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items response_record_errors = ITEMS(wr_produce_response_record_error, response_record_error_fields);

#define AT(member) WR_AT(wr_produce_response_leader, member)
static const wr_field response_leader_fields[] = {
    {AT(leader_id),    WR_INT32, 10, DEFAULT(-1)},
    {AT(leader_epoch), WR_INT32, 10, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_leaders = ITEMS(wr_produce_response_leader, response_leader_fields);

#define AT(member) WR_AT(wr_produce_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(index),              WR_INT32,  0},
    {AT(error_code),         WR_INT16,  0},
    {AT(base_offset),        WR_INT64,  0},
    {AT(log_append_time_ms), WR_INT64,  2,  DEFAULT(-1)},
    {AT(log_start_offset),   WR_INT64,  5,  DEFAULT(-1)},
    {AT(record_errors),      WR_ARRAY,  8,  .items = &response_record_errors},
    {AT(error_message),      WR_STRING, 8,  NULLABLE(8), NULL_DEFAULT},
    {AT(current_leader),     WR_STRUCT, 10, TAG(0), .items = &response_leaders},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_produce_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_produce_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),                WR_STRING, 0, 12},
    {AT(topic_id),            WR_UUID,   13},
    {AT(partition_responses), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_produce_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_produce_response_node_endpoint, member)
static const wr_field response_node_endpoint_fields[] = {
    {AT(node_id), WR_INT32,  10},
    {AT(host),    WR_STRING, 10},
    {AT(port),    WR_INT32,  10},
    {AT(rack),    WR_STRING, 10, NULLABLE(10), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items response_node_endpoints = ITEMS(wr_produce_response_node_endpoint, response_node_endpoint_fields);

#define AT(member) WR_AT(wr_produce_response, member)
static const wr_field response_fields[] = {
    {AT(responses),        WR_ARRAY, 0,  .items = &response_topics},
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(node_endpoints),   WR_ARRAY, 10, TAG(0), .items = &response_node_endpoints},
    {0},
};
#undef AT

const wr_message wr_produce_response_message = {
    .name = "ProduceResponse",
    .api_key = WR_API_PRODUCE,
    .min_version = 3,
    .max_version = 13,
    .flexible_version = 9,
    .size = sizeof(wr_produce_response),
    .fields = response_fields,
};
