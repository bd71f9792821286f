#include <wire/list_offsets.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_list_offsets_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(partition_index),      WR_INT32, 0},
    {AT(current_leader_epoch), WR_INT32, 4, DEFAULT(-1)},
    {AT(timestamp),            WR_INT64, 0},
    {0},
};
#undef AT
static const wr_items request_partitions = ITEMS(wr_list_offsets_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_list_offsets_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_list_offsets_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_list_offsets_request, member)
static const wr_field request_fields[] = {
    {AT(replica_id),      WR_INT32, 0},
    {AT(isolation_level), WR_INT8,  2},
    {AT(topics),          WR_ARRAY, 0, .items = &request_topics},
    {AT(timeout_ms),      WR_INT32, 10},
    {0},
};
#undef AT

const wr_message wr_list_offsets_request_message = {
    .name = "ListOffsetsRequest",
    .api_key = WR_API_LIST_OFFSETS,
    .min_version = 1,
    .max_version = 11,
    .flexible_version = 6,
    .size = sizeof(wr_list_offsets_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_list_offsets_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(error_code),      WR_INT16, 0},
    {AT(timestamp),       WR_INT64, 1, DEFAULT(-1)},
    {AT(offset),          WR_INT64, 1, DEFAULT(-1)},
    {AT(leader_epoch),    WR_INT32, 4, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_list_offsets_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_list_offsets_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_list_offsets_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_list_offsets_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 2},
    {AT(topics),           WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_list_offsets_response_message = {
    .name = "ListOffsetsResponse",
    .api_key = WR_API_LIST_OFFSETS,
    .min_version = 1,
    .max_version = 11,
    .flexible_version = 6,
    .size = sizeof(wr_list_offsets_response),
    .fields = response_fields,
};
