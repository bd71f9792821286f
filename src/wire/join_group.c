#include <wire/join_group.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_join_group_request_protocol, member)
static const wr_field request_protocol_fields[] = {
    {AT(name),     WR_STRING, 0},
    {AT(metadata), WR_BYTES,  0},
    {0},
};
#undef AT
static const wr_items request_protocols = ITEMS(wr_join_group_request_protocol, request_protocol_fields);

#define AT(member) WR_AT(wr_join_group_request, member)
static const wr_field request_fields[] = {
    {AT(group_id),             WR_STRING, 0},
    {AT(session_timeout_ms),   WR_INT32,  0},
    {AT(rebalance_timeout_ms), WR_INT32,  1, DEFAULT(-1)},
    {AT(member_id),            WR_STRING, 0},
    {AT(group_instance_id),    WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {AT(protocol_type),        WR_STRING, 0},
    {AT(protocols),            WR_ARRAY,  0, .items = &request_protocols},
    {AT(reason),               WR_STRING, 8, NULLABLE(8), NULL_DEFAULT},
    {0},
};
#undef AT

const wr_message wr_join_group_request_message = {
    .name = "JoinGroupRequest",
    .api_key = WR_API_JOIN_GROUP,
    .min_version = 0,
    .max_version = 9,
    .flexible_version = 6,
    .size = sizeof(wr_join_group_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_join_group_response_member, member)
static const wr_field response_member_fields[] = {
    {AT(member_id),         WR_STRING, 0},
    {AT(group_instance_id), WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {AT(metadata),          WR_BYTES,  0},
    {0},
};
#undef AT
static const wr_items response_members = ITEMS(wr_join_group_response_member, response_member_fields);

#define AT(member) WR_AT(wr_join_group_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32,  2},
    {AT(error_code),       WR_INT16,  0},
    {AT(generation_id),    WR_INT32,  0, DEFAULT(-1)},
    {AT(protocol_type),    WR_STRING, 7, NULLABLE(7), NULL_DEFAULT},
    {AT(protocol_name),    WR_STRING, 0, NULLABLE(7)},
    {AT(leader),           WR_STRING, 0},
    {AT(skip_assignment),  WR_BOOL,   9},
    {AT(member_id),        WR_STRING, 0},
    {AT(members),          WR_ARRAY,  0, .items = &response_members},
    {0},
};
#undef AT

const wr_message wr_join_group_response_message = {
    .name = "JoinGroupResponse",
    .api_key = WR_API_JOIN_GROUP,
    .min_version = 0,
    .max_version = 9,
    .flexible_version = 6,
    .size = sizeof(wr_join_group_response),
    .fields = response_fields,
};
