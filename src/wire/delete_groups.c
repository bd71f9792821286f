#include <wire/delete_groups.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_delete_groups_request, member)
static const wr_field request_fields[] = {
    {AT(groups_names), WR_ARRAY, 0, .items = &wr_string_items},
    {0},
};
#undef AT

const wr_message wr_delete_groups_request_message = {
    .name = "DeleteGroupsRequest",
    .api_key = WR_API_DELETE_GROUPS,
    .min_version = 0,
    .max_version = 2,
    .flexible_version = 2,
    .size = sizeof(wr_delete_groups_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_delete_groups_response_result, member)
static const wr_field response_result_fields[] = {
    {AT(group_id),   WR_STRING, 0},
    {AT(error_code), WR_INT16,  0},
    {0},
};
#undef AT
static const wr_items response_results = ITEMS(wr_delete_groups_response_result, response_result_fields);

#define AT(member) WR_AT(wr_delete_groups_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(results),          WR_ARRAY, 0, .items = &response_results},
    {0},
};
#undef AT

const wr_message wr_delete_groups_response_message = {
    .name = "DeleteGroupsResponse",
    .api_key = WR_API_DELETE_GROUPS,
    .min_version = 0,
    .max_version = 2,
    .flexible_version = 2,
    .size = sizeof(wr_delete_groups_response),
    .fields = response_fields,
};
