#include <wire/create_topics.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_create_topics_request_assignment, member)
static const wr_field request_assignment_fields[] = {
    {AT(partition_index), WR_INT32, 0},
    {AT(broker_ids),      WR_ARRAY, 0, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items request_assignments = ITEMS(wr_create_topics_request_assignment, request_assignment_fields);

#define AT(member) WR_AT(wr_create_topics_request_config, member)
static const wr_field request_config_fields[] = {
    {AT(name),  WR_STRING, 0},
    {AT(value), WR_STRING, 0, NULLABLE(0)},
    {0},
};
#undef AT
static const wr_items request_configs = ITEMS(wr_create_topics_request_config, request_config_fields);

#define AT(member) WR_AT(wr_create_topics_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),               WR_STRING, 0},
    {AT(num_partitions),     WR_INT32,  0},
    {AT(replication_factor), WR_INT16,  0},
    {AT(assignments),        WR_ARRAY,  0, .items = &request_assignments},
    {AT(configs),            WR_ARRAY,  0, .items = &request_configs},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_create_topics_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_create_topics_request, member)
static const wr_field request_fields[] = {
    {AT(topics),        WR_ARRAY, 0, .items = &request_topics},
    {AT(timeout_ms),    WR_INT32, 0, DEFAULT(60000)},
    {AT(validate_only), WR_BOOL,  1},
    {0},
};
#undef AT

const wr_message wr_create_topics_request_message = {
    .name = "CreateTopicsRequest",
    .api_key = WR_API_CREATE_TOPICS,
    .min_version = 2,
    .max_version = 7,
    .flexible_version = 5,
    .size = sizeof(wr_create_topics_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_create_topics_response_config, member)
static const wr_field response_config_fields[] = {
    {AT(name),          WR_STRING, 5},
    {AT(value),         WR_STRING, 5, NULLABLE(5)},
    {AT(read_only),     WR_BOOL,   5},
    {AT(config_source), WR_INT8,   5, DEFAULT(-1)},
    {AT(is_sensitive),  WR_BOOL,   5},
    {0},
};
#undef AT
static const wr_items response_configs = ITEMS(wr_create_topics_response_config, response_config_fields);

#define AT(member) WR_AT(wr_create_topics_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),                    WR_STRING, 0},
    {AT(topic_id),                WR_UUID,   7},
    {AT(error_code),              WR_INT16,  0},
    {AT(error_message),           WR_STRING, 1, NULLABLE(1)},
    {AT(topic_config_error_code), WR_INT16,  5, TAG(0)},
    {AT(num_partitions),          WR_INT32,  5, DEFAULT(-1)},
    {AT(replication_factor),      WR_INT16,  5, DEFAULT(-1)},
    {AT(configs),                 WR_ARRAY,  5, NULLABLE(5), .items = &response_configs},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_create_topics_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_create_topics_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 2},
    {AT(topics),           WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_create_topics_response_message = {
    .name = "CreateTopicsResponse",
    .api_key = WR_API_CREATE_TOPICS,
    .min_version = 2,
    .max_version = 7,
    .flexible_version = 5,
    .size = sizeof(wr_create_topics_response),
    .fields = response_fields,
};
