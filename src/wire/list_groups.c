#include <wire/list_groups.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_list_groups_request, member)
static const wr_field request_fields[] = {
    {AT(states_filter), WR_ARRAY, 4, .items = &wr_string_items},
    {AT(types_filter),  WR_ARRAY, 5, .items = &wr_string_items},
    {0},
};
#undef AT

const wr_message wr_list_groups_request_message = {
    .name = "ListGroupsRequest",
    .api_key = WR_API_LIST_GROUPS,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 3,
    .size = sizeof(wr_list_groups_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_list_groups_response_group, member)
static const wr_field response_group_fields[] = {
    {AT(group_id),      WR_STRING, 0},
    {AT(protocol_type), WR_STRING, 0},
    {AT(group_state),   WR_STRING, 4},
    {AT(group_type),    WR_STRING, 5},
    {0},
};
#undef AT
static const wr_items response_groups = ITEMS(wr_list_groups_response_group, response_group_fields);

#define AT(member) WR_AT(wr_list_groups_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(error_code),       WR_INT16, 0},
    {AT(groups),           WR_ARRAY, 0, .items = &response_groups},
    {0},
};
#undef AT

const wr_message wr_list_groups_response_message = {
    .name = "ListGroupsResponse",
    .api_key = WR_API_LIST_GROUPS,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 3,
    .size = sizeof(wr_list_groups_response),
    .fields = response_fields,
};
