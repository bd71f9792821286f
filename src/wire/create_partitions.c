#include <wire/create_partitions.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_create_partitions_request_assignment, member)
static const wr_field request_assignment_fields[] = {
    {AT(broker_ids), WR_ARRAY, 0, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items request_assignments = ITEMS(wr_create_partitions_request_assignment, request_assignment_fields);

#define AT(member) WR_AT(wr_create_partitions_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),        WR_STRING, 0},
    {AT(count),       WR_INT32,  0},
    {AT(assignments), WR_ARRAY,  0, NULLABLE(0), .items = &request_assignments},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_create_partitions_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_create_partitions_request, member)
static const wr_field request_fields[] = {
    {AT(topics),        WR_ARRAY, 0, .items = &request_topics},
    {AT(timeout_ms),    WR_INT32, 0},
    {AT(validate_only), WR_BOOL,  0},
    {0},
};
#undef AT

const wr_message wr_create_partitions_request_message = {
    .name = "CreatePartitionsRequest",
    .api_key = WR_API_CREATE_PARTITIONS,
    .min_version = 0,
    .max_version = 3,
    .flexible_version = 2,
    .size = sizeof(wr_create_partitions_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_create_partitions_response_result, member)
static const wr_field response_result_fields[] = {
    {AT(name),          WR_STRING, 0},
    {AT(error_code),    WR_INT16,  0},
    {AT(error_message), WR_STRING, 0, NULLABLE(0), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items response_results = ITEMS(wr_create_partitions_response_result, response_result_fields);

#define AT(member) WR_AT(wr_create_partitions_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(results),          WR_ARRAY, 0, .items = &response_results},
    {0},
};
#undef AT

const wr_message wr_create_partitions_response_message = {
    .name = "CreatePartitionsResponse",
    .api_key = WR_API_CREATE_PARTITIONS,
    .min_version = 0,
    .max_version = 3,
    .flexible_version = 2,
    .size = sizeof(wr_create_partitions_response),
    .fields = response_fields,
};
