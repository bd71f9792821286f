#include <wire/message_int.h>
#include <wire/offset_delete.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_offset_delete_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {0},
};
#undef AT
static const wr_items request_partitions = ITEMS(wr_offset_delete_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_offset_delete_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_offset_delete_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_offset_delete_request, member)
static const wr_field request_fields[] = {
    {AT(group_id), WR_STRING, 0},
    {AT(topics),   WR_ARRAY,  0, .items = &request_topics},
    {0},
};
#undef AT

const wr_message wr_offset_delete_request_message = {
    .name = "OffsetDeleteRequest",
    .api_key = WR_API_OFFSET_DELETE,
    .min_version = 0,
    .max_version = 0,
    .flexible_version = WR_VERSION_NEVER,
    .size = sizeof(wr_offset_delete_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_offset_delete_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(error_code),      WR_INT16, 0},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_offset_delete_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_offset_delete_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_offset_delete_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_offset_delete_response, member)
static const wr_field response_fields[] = {
    {AT(error_code),       WR_INT16, 0},
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(topics),           WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_offset_delete_response_message = {
    .name = "OffsetDeleteResponse",
    .api_key = WR_API_OFFSET_DELETE,
    .min_version = 0,
    .max_version = 0,
    .flexible_version = WR_VERSION_NEVER,
    .size = sizeof(wr_offset_delete_response),
    .fields = response_fields,
};
