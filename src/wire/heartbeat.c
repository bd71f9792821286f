#include <wire/heartbeat.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_heartbeat_request, member)
static const wr_field request_fields[] = {
    {AT(group_id),          WR_STRING, 0},
    {AT(generation_id),     WR_INT32,  0},
    {AT(member_id),         WR_STRING, 0},
    {AT(group_instance_id), WR_STRING, 3, NULLABLE(3), NULL_DEFAULT},
    {0},
};
#undef AT

const wr_message wr_heartbeat_request_message = {
    .name = "HeartbeatRequest",
    .api_key = WR_API_HEARTBEAT,
    .min_version = 0,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_heartbeat_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_heartbeat_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(error_code),       WR_INT16, 0},
    {0},
};
#undef AT

const wr_message wr_heartbeat_response_message = {
    .name = "HeartbeatResponse",
    .api_key = WR_API_HEARTBEAT,
    .min_version = 0,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_heartbeat_response),
    .fields = response_fields,
};
