#include <wire/list_config_resources.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_list_config_resources_request, member)
static const wr_field request_fields[] = {
    {AT(resource_types), WR_ARRAY, 1, .items = &wr_int8_items},
    {0},
};
#undef AT

const wr_message wr_list_config_resources_request_message = {
    .name = "ListConfigResourcesRequest",
    .api_key = WR_API_LIST_CONFIG_RESOURCES,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = 0,
    .size = sizeof(wr_list_config_resources_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_list_config_resources_response_config_resource, member)
static const wr_field response_config_resource_fields[] = {
    {AT(resource_name), WR_STRING, 0},
    {AT(resource_type), WR_INT8,   1, DEFAULT(16)},
    {0},
};
#undef AT
static const wr_items response_config_resources =
    ITEMS(wr_list_config_resources_response_config_resource, response_config_resource_fields);

#define AT(member) WR_AT(wr_list_config_resources_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(error_code),       WR_INT16, 0},
    {AT(config_resources), WR_ARRAY, 0, .items = &response_config_resources},
    {0},
};
#undef AT

const wr_message wr_list_config_resources_response_message = {
    .name = "ListConfigResourcesResponse",
    .api_key = WR_API_LIST_CONFIG_RESOURCES,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = 0,
    .size = sizeof(wr_list_config_resources_response),
    .fields = response_fields,
};
