#include <wire/delete_topics.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_delete_topics_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(name),     WR_STRING, 6, NULLABLE(6), NULL_DEFAULT},
    {AT(topic_id), WR_UUID,   6},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_delete_topics_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_delete_topics_request, member)
static const wr_field request_fields[] = {
    {AT(topics),      WR_ARRAY, 6,    .items = &request_topics},
    {AT(topic_names), WR_ARRAY, 0, 5, .items = &wr_string_items},
    {AT(timeout_ms),  WR_INT32, 0},
    {0},
};
#undef AT

const wr_message wr_delete_topics_request_message = {
    .name = "DeleteTopicsRequest",
    .api_key = WR_API_DELETE_TOPICS,
    .min_version = 1,
    .max_version = 6,
    .flexible_version = 4,
    .size = sizeof(wr_delete_topics_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_delete_topics_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(name),          WR_STRING, 0, NULLABLE(6)},
    {AT(topic_id),      WR_UUID,   6},
    {AT(error_code),    WR_INT16,  0},
    {AT(error_message), WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_delete_topics_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_delete_topics_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(responses),        WR_ARRAY, 0, .items = &response_topics},
    {0},
};
#undef AT

const wr_message wr_delete_topics_response_message = {
    .name = "DeleteTopicsResponse",
    .api_key = WR_API_DELETE_TOPICS,
    .min_version = 1,
    .max_version = 6,
    .flexible_version = 4,
    .size = sizeof(wr_delete_topics_response),
    .fields = response_fields,
};
