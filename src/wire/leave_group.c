#include <wire/leave_group.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_leave_group_request_member, member)
static const wr_field request_member_fields[] = {
    {AT(member_id),         WR_STRING, 3},
    {AT(group_instance_id), WR_STRING, 3, NULLABLE(3), NULL_DEFAULT},
    {AT(reason),            WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items request_members = ITEMS(wr_leave_group_request_member, request_member_fields);

#define AT(member) WR_AT(wr_leave_group_request, member)
static const wr_field request_fields[] = {
    {AT(group_id),  WR_STRING, 0},
    {AT(member_id), WR_STRING, 0, 2},
    {AT(members),   WR_ARRAY,  3, .items = &request_members},
    {0},
};
#undef AT

const wr_message wr_leave_group_request_message = {
    .name = "LeaveGroupRequest",
    .api_key = WR_API_LEAVE_GROUP,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 4,
    .size = sizeof(wr_leave_group_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_leave_group_response_member, member)
static const wr_field response_member_fields[] = {
    {AT(member_id),         WR_STRING, 3},
    {AT(group_instance_id), WR_STRING, 3, NULLABLE(3)},
    {AT(error_code),        WR_INT16,  3},
    {0},
};
#undef AT
static const wr_items response_members = ITEMS(wr_leave_group_response_member, response_member_fields);

#define AT(member) WR_AT(wr_leave_group_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(error_code),       WR_INT16, 0},
    {AT(members),          WR_ARRAY, 3, .items = &response_members},
    {0},
};
#undef AT

const wr_message wr_leave_group_response_message = {
    .name = "LeaveGroupResponse",
    .api_key = WR_API_LEAVE_GROUP,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 4,
    .size = sizeof(wr_leave_group_response),
    .fields = response_fields,
};
