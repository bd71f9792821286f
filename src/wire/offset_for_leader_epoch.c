#include <wire/message_int.h>
#include <wire/offset_for_leader_epoch.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_offset_for_leader_epoch_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(partition),            WR_INT32, 0},
    {AT(current_leader_epoch), WR_INT32, 2, DEFAULT(-1)},
    {AT(leader_epoch),         WR_INT32, 0},
    {0},
};
#undef AT
static const wr_items request_partitions =
    ITEMS(wr_offset_for_leader_epoch_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_offset_for_leader_epoch_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(topic),      WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_offset_for_leader_epoch_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_offset_for_leader_epoch_request, member)
static const wr_field request_fields[] = {
    {AT(replica_id), WR_INT32, 3, DEFAULT(-2)},
    {AT(topics),     WR_ARRAY, 0, .items = &request_topics},
    {0},
};
#undef AT

const wr_message wr_offset_for_leader_epoch_request_message = {
    .name = "OffsetForLeaderEpochRequest",
    .api_key = WR_API_OFFSET_FOR_LEADER_EPOCH,
    .min_version = 2,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_offset_for_leader_epoch_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_offset_for_leader_epoch_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(error_code),   WR_INT16, 0},
    {AT(partition),    WR_INT32, 0},
    {AT(leader_epoch), WR_INT32, 1, DEFAULT(-1)},
    {AT(end_offset),   WR_INT64, 0, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_partitions =
    ITEMS(wr_offset_for_leader_epoch_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_offset_for_leader_epoch_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(topic),      WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_offset_for_leader_epoch_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_offset_for_leader_epoch_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 2},
    {AT(topics),           WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_offset_for_leader_epoch_response_message = {
    .name = "OffsetForLeaderEpochResponse",
    .api_key = WR_API_OFFSET_FOR_LEADER_EPOCH,
    .min_version = 2,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_offset_for_leader_epoch_response),
    .fields = response_fields,
};
