#include <wire/describe_log_dirs.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_describe_log_dirs_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(topic),      WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_describe_log_dirs_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_describe_log_dirs_request, member)
static const wr_field request_fields[] = {
    {AT(topics), WR_ARRAY, 0, NULLABLE(0), .items = &request_topics},
    {0},
};
#undef AT

const wr_message wr_describe_log_dirs_request_message = {
    .name = "DescribeLogDirsRequest",
    .api_key = WR_API_DESCRIBE_LOG_DIRS,
    .min_version = 1,
    .max_version = 4,
    .flexible_version = 2,
    .size = sizeof(wr_describe_log_dirs_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_describe_log_dirs_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(partition_size),  WR_INT64, 0},
    {AT(offset_lag),      WR_INT64, 0},
    {AT(is_future_key),   WR_BOOL,  0},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_describe_log_dirs_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_describe_log_dirs_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),       WR_STRING, 0},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_describe_log_dirs_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_describe_log_dirs_response_result, member)
static const wr_field response_result_fields[] = {
    {AT(error_code),   WR_INT16,  0},
    {AT(log_dir),      WR_STRING, 0},
    {AT(topics),       WR_ARRAY,  0, .items = &response_topics},
    {AT(total_bytes),  WR_INT64,  4, DEFAULT(-1)},
    {AT(usable_bytes), WR_INT64,  4, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_results = ITEMS(wr_describe_log_dirs_response_result, response_result_fields);

#define AT(member) WR_AT(wr_describe_log_dirs_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(error_code),       WR_INT16, 3},
    {AT(results),          WR_ARRAY, 0, .items = &response_results},
    {0},
};
#undef AT

const wr_message wr_describe_log_dirs_response_message = {
    .name = "DescribeLogDirsResponse",
    .api_key = WR_API_DESCRIBE_LOG_DIRS,
    .min_version = 1,
    .max_version = 4,
    .flexible_version = 2,
    .size = sizeof(wr_describe_log_dirs_response),
    .fields = response_fields,
};
