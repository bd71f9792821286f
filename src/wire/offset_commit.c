#include <wire/message_int.h>
#include <wire/offset_commit.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_offset_commit_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(partition_index),        WR_INT32,  0},
    {AT(committed_offset),       WR_INT64,  0},
    {AT(committed_leader_epoch), WR_INT32,  6, DEFAULT(-1)},
    {AT(committed_metadata),     WR_STRING, 0, NULLABLE(0)},
    {0},
};
#undef AT
static const wr_items request_partitions = ITEMS(wr_offset_commit_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_offset_commit_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),       WR_STRING, 0, 9},
    {AT(topic_id),   WR_UUID,   10},
    {AT(partitions), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_offset_commit_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_offset_commit_request, member)
static const wr_field request_fields[] = {
    {AT(group_id),                      WR_STRING, 0},
    {AT(generation_id_or_member_epoch), WR_INT32,  1,    DEFAULT(-1)},
    {AT(member_id),                     WR_STRING, 1},
    {AT(group_instance_id),             WR_STRING, 7,    NULLABLE(7), NULL_DEFAULT},
    {AT(retention_time_ms),             WR_INT64,  2, 4, DEFAULT(-1)},
    {AT(topics),                        WR_ARRAY,  0,    .items = &request_topics},
    {0},
};
#undef AT

const wr_message wr_offset_commit_request_message = {
    .name = "OffsetCommitRequest",
    .api_key = WR_API_OFFSET_COMMIT,
    .min_version = 2,
    .max_version = 10,
    .flexible_version = 8,
    .size = sizeof(wr_offset_commit_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_offset_commit_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(error_code),      WR_INT16, 0},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_offset_commit_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_offset_commit_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),       WR_STRING, 0, 9},
    {AT(topic_id),   WR_UUID,   10},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_offset_commit_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_offset_commit_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 3},
    {AT(topics),           WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_offset_commit_response_message = {
    .name = "OffsetCommitResponse",
    .api_key = WR_API_OFFSET_COMMIT,
    .min_version = 2,
    .max_version = 10,
    .flexible_version = 8,
    .size = sizeof(wr_offset_commit_response),
    .fields = response_fields,
};
