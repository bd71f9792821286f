#include <wire/describe_groups.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_describe_groups_request, member)
static const wr_field request_fields[] = {
    {AT(groups),                        WR_ARRAY, 0, .items = &wr_string_items},
    {AT(include_authorized_operations), WR_BOOL,  3},
    {0},
};
#undef AT

const wr_message wr_describe_groups_request_message = {
    .name = "DescribeGroupsRequest",
    .api_key = WR_API_DESCRIBE_GROUPS,
    .min_version = 0,
    .max_version = 6,
    .flexible_version = 5,
    .size = sizeof(wr_describe_groups_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_describe_groups_response_member, member)
static const wr_field response_member_fields[] = {
    {AT(member_id),         WR_STRING, 0},
    {AT(group_instance_id), WR_STRING, 4, NULLABLE(4), NULL_DEFAULT},
    {AT(client_id),         WR_STRING, 0},
    {AT(client_host),       WR_STRING, 0},
    {AT(member_metadata),   WR_BYTES,  0},
    {AT(member_assignment), WR_BYTES,  0},
    {0},
};
#undef AT
static const wr_items response_members = ITEMS(wr_describe_groups_response_member, response_member_fields);

#define AT(member) WR_AT(wr_describe_groups_response_group, member)
static const wr_field response_group_fields[] = {
    {AT(error_code),            WR_INT16,  0},
    {AT(error_message),         WR_STRING, 6, NULLABLE(6), NULL_DEFAULT},
    {AT(group_id),              WR_STRING, 0},
    {AT(group_state),           WR_STRING, 0},
    {AT(protocol_type),         WR_STRING, 0},
    {AT(protocol_data),         WR_STRING, 0},
    {AT(members),               WR_ARRAY,  0, .items = &response_members},
    {AT(authorized_operations), WR_INT32,  3, DEFAULT(INT32_MIN)},
    {0},
};
#undef AT
static const wr_items response_groups = ITEMS(wr_describe_groups_response_group, response_group_fields);

#define AT(member) WR_AT(wr_describe_groups_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(groups),           WR_ARRAY, 0, .items = &response_groups},
    {0},
};
#undef AT

const wr_message wr_describe_groups_response_message = {
    .name = "DescribeGroupsResponse",
    .api_key = WR_API_DESCRIBE_GROUPS,
    .min_version = 0,
    .max_version = 6,
    .flexible_version = 5,
    .size = sizeof(wr_describe_groups_response),
    .fields = response_fields,
};
