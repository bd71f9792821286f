#include <wire/find_coordinator.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_find_coordinator_request, member)
static const wr_field request_fields[] = {
    {AT(key),              WR_STRING, 0, 3},
    {AT(key_type),         WR_INT8,   1},
    {AT(coordinator_keys), WR_ARRAY,  4, .items = &wr_string_items},
    {0},
};
#undef AT

const wr_message wr_find_coordinator_request_message = {
    .name = "FindCoordinatorRequest",
    .api_key = WR_API_FIND_COORDINATOR,
    .min_version = 0,
    .max_version = 6,
    .flexible_version = 3,
    .size = sizeof(wr_find_coordinator_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_find_coordinator_response_coordinator, member)
static const wr_field response_coordinator_fields[] = {
    {AT(key),           WR_STRING, 4},
    {AT(node_id),       WR_INT32,  4},
    {AT(host),          WR_STRING, 4},
    {AT(port),          WR_INT32,  4},
    {AT(error_code),    WR_INT16,  4},
    {AT(error_message), WR_STRING, 4, NULLABLE(4)},
    {0},
};
#undef AT
static const wr_items response_coordinators =
    ITEMS(wr_find_coordinator_response_coordinator, response_coordinator_fields);

#define AT(member) WR_AT(wr_find_coordinator_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32,  1},
    {AT(error_code),       WR_INT16,  0, 3},
    {AT(error_message),    WR_STRING, 1, 3, NULLABLE(1)},
    {AT(node_id),          WR_INT32,  0, 3},
    {AT(host),             WR_STRING, 0, 3},
    {AT(port),             WR_INT32,  0, 3},
    {AT(coordinators),     WR_ARRAY,  4,    .items = &response_coordinators},
    {0},
};
#undef AT

const wr_message wr_find_coordinator_response_message = {
    .name = "FindCoordinatorResponse",
    .api_key = WR_API_FIND_COORDINATOR,
    .min_version = 0,
    .max_version = 6,
    .flexible_version = 3,
    .size = sizeof(wr_find_coordinator_response),
    .fields = response_fields,
};
