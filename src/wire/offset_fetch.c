#include <wire/message_int.h>
#include <wire/offset_fetch.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_offset_fetch_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),              WR_STRING, 0, 9},
    {AT(topic_id),          WR_UUID,   10},
    {AT(partition_indexes), WR_ARRAY,  0, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_offset_fetch_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_offset_fetch_request_group, member)
static const wr_field request_group_fields[] = {
    {AT(group_id),     WR_STRING, 8},
    {AT(member_id),    WR_STRING, 9, NULLABLE(9), NULL_DEFAULT},
    {AT(member_epoch), WR_INT32,  9, DEFAULT(-1)},
    {AT(topics),       WR_ARRAY,  8, NULLABLE(8), .items = &request_topics},
    {0},
};
#undef AT
static const wr_items request_groups = ITEMS(wr_offset_fetch_request_group, request_group_fields);

#define AT(member) WR_AT(wr_offset_fetch_request, member)
static const wr_field request_fields[] = {
    {AT(group_id),       WR_STRING, 0, 7},
    {AT(topics),         WR_ARRAY,  0, 7, NULLABLE(2), .items = &request_topics},
    {AT(groups),         WR_ARRAY,  8,    .items = &request_groups},
    {AT(require_stable), WR_BOOL,   7},
    {0},
};
#undef AT

const wr_message wr_offset_fetch_request_message = {
    .name = "OffsetFetchRequest",
    .api_key = WR_API_OFFSET_FETCH,
    .min_version = 1,
    .max_version = 10,
    .flexible_version = 6,
    .size = sizeof(wr_offset_fetch_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_offset_fetch_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index),        WR_INT32,  0},
    {AT(committed_offset),       WR_INT64,  0},
    {AT(committed_leader_epoch), WR_INT32,  5, DEFAULT(-1)},
    {AT(metadata),               WR_STRING, 0, NULLABLE(0)},
    {AT(error_code),             WR_INT16,  0},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_offset_fetch_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_offset_fetch_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),       WR_STRING, 0, 9},
    {AT(topic_id),   WR_UUID,   10},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_offset_fetch_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_offset_fetch_response_group, member)
static const wr_field response_group_fields[] = {
    {AT(group_id),   WR_STRING, 8},
    {AT(topics),     WR_ARRAY,  8, .items = &response_topics},
    {AT(error_code), WR_INT16,  8},
    {0},
};
#undef AT
static const wr_items response_groups = ITEMS(wr_offset_fetch_response_group, response_group_fields);

#define AT(member) WR_AT(wr_offset_fetch_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 3},
    {AT(topics),           WR_ARRAY, 0, 7, .items = &response_topics},
    {AT(error_code),       WR_INT16, 2, 7},
    {AT(groups),           WR_ARRAY, 8,    .items = &response_groups},
    {0},
};
#undef AT

const wr_message wr_offset_fetch_response_message = {
    .name = "OffsetFetchResponse",
    .api_key = WR_API_OFFSET_FETCH,
    .min_version = 1,
    .max_version = 10,
    .flexible_version = 6,
    .size = sizeof(wr_offset_fetch_response),
    .fields = response_fields,
};
