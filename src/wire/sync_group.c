#include <wire/message_int.h>
#include <wire/sync_group.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_sync_group_request_assignment, member)
static const wr_field request_assignment_fields[] = {
    {AT(member_id),  WR_STRING, 0},
    {AT(assignment), WR_BYTES,  0},
    {0},
};
#undef AT
static const wr_items request_assignments = ITEMS(wr_sync_group_request_assignment, request_assignment_fields);

#define AT(member) WR_AT(wr_sync_group_request, member)
static const wr_field request_fields[] = {
    {AT(group_id),          WR_STRING, 0},
    {AT(generation_id),     WR_INT32,  0},
    {AT(member_id),         WR_STRING, 0},
    {AT(group_instance_id), WR_STRING, 3, NULLABLE(3), NULL_DEFAULT},
    {AT(protocol_type),     WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {AT(protocol_name),     WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {AT(assignments),       WR_ARRAY,  0, .items = &request_assignments},
    {0},
};
#undef AT

const wr_message wr_sync_group_request_message = {
    .name = "SyncGroupRequest",
    .api_key = WR_API_SYNC_GROUP,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 4,
    .size = sizeof(wr_sync_group_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_sync_group_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32,  1},
    {AT(error_code),       WR_INT16,  0},
    {AT(protocol_type),    WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {AT(protocol_name),    WR_STRING, 5, NULLABLE(5), NULL_DEFAULT},
    {AT(assignment),       WR_BYTES,  0},
    {0},
};
#undef AT

const wr_message wr_sync_group_response_message = {
    .name = "SyncGroupResponse",
    .api_key = WR_API_SYNC_GROUP,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 4,
    .size = sizeof(wr_sync_group_response),
    .fields = response_fields,
};
