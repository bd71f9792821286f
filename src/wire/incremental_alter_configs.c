#include <wire/incremental_alter_configs.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_incremental_alter_configs_request_config, member)
static const wr_field request_config_fields[] = {
    {AT(name),             WR_STRING, 0},
    {AT(config_operation), WR_INT8,   0},
    {AT(value),            WR_STRING, 0, NULLABLE(0)},
    {0},
};
#undef AT
static const wr_items request_configs = ITEMS(wr_incremental_alter_configs_request_config, request_config_fields);

#define AT(member) WR_AT(wr_incremental_alter_configs_request_resource, member)
static const wr_field request_resource_fields[] = {
    {AT(resource_type), WR_INT8,   0},
    {AT(resource_name), WR_STRING, 0},
    {AT(configs),       WR_ARRAY,  0, .items = &request_configs},
    {0},
};
#undef AT
static const wr_items request_resources = ITEMS(wr_incremental_alter_configs_request_resource, request_resource_fields);

#define AT(member) WR_AT(wr_incremental_alter_configs_request, member)
static const wr_field request_fields[] = {
    {AT(resources),     WR_ARRAY, 0, .items = &request_resources},
    {AT(validate_only), WR_BOOL,  0},
    {0},
};
#undef AT

const wr_message wr_incremental_alter_configs_request_message = {
    .name = "IncrementalAlterConfigsRequest",
    .api_key = WR_API_INCREMENTAL_ALTER_CONFIGS,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = 1,
    .size = sizeof(wr_incremental_alter_configs_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_incremental_alter_configs_response_resource, member)
static const wr_field response_resource_fields[] = {
    {AT(error_code),    WR_INT16,  0},
    {AT(error_message), WR_STRING, 0, NULLABLE(0)},
    {AT(resource_type), WR_INT8,   0},
    {AT(resource_name), WR_STRING, 0},
    {0},
};
#undef AT
static const wr_items response_resources =
    ITEMS(wr_incremental_alter_configs_response_resource, response_resource_fields);

#define AT(member) WR_AT(wr_incremental_alter_configs_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(responses),        WR_ARRAY, 0, .items = &response_resources},
    {0},
};
#undef AT

const wr_message wr_incremental_alter_configs_response_message = {
    .name = "IncrementalAlterConfigsResponse",
    .api_key = WR_API_INCREMENTAL_ALTER_CONFIGS,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = 1,
    .size = sizeof(wr_incremental_alter_configs_response),
    .fields = response_fields,
};
