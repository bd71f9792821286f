#include <wire/delete_records.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_delete_records_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(offset),          WR_INT64, 0},
    {0},
};
#undef AT
static const wr_items request_partitions = ITEMS(wr_delete_records_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_delete_records_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_delete_records_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_delete_records_request, member)
static const wr_field request_fields[] = {
    {AT(topics),     WR_ARRAY, 0, .items = &request_topics},
    {AT(timeout_ms), WR_INT32, 0},
    {0},
};
#undef AT

const wr_message wr_delete_records_request_message = {
    .name = "DeleteRecordsRequest",
    .api_key = WR_API_DELETE_RECORDS,
    .min_version = 0,
    .max_version = 2,
    .flexible_version = 2,
    .size = sizeof(wr_delete_records_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_delete_records_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(low_watermark),   WR_INT64, 0},
    {AT(error_code),      WR_INT16, 0},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_delete_records_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_delete_records_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_delete_records_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_delete_records_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(topics),           WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_delete_records_response_message = {
    .name = "DeleteRecordsResponse",
    .api_key = WR_API_DELETE_RECORDS,
    .min_version = 0,
    .max_version = 2,
    .flexible_version = 2,
    .size = sizeof(wr_delete_records_response),
    .fields = response_fields,
};
