#include <wire/describe_configs.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_describe_configs_request_resource, member)
static const wr_field request_resource_fields[] = {
    {AT(resource_type),      WR_INT8,   0},
    {AT(resource_name),      WR_STRING, 0},
    {AT(configuration_keys), WR_ARRAY,  0, NULLABLE(0), .items = &wr_string_items},
    {0},
};
#undef AT
static const wr_items request_resources = ITEMS(wr_describe_configs_request_resource, request_resource_fields);

#define AT(member) WR_AT(wr_describe_configs_request, member)
static const wr_field request_fields[] = {
    {AT(resources),             WR_ARRAY, 0, .items = &request_resources},
    {AT(include_synonyms),      WR_BOOL,  1},
    {AT(include_documentation), WR_BOOL,  3},
    {0},
};
#undef AT

const wr_message wr_describe_configs_request_message = {
    .name = "DescribeConfigsRequest",
    .api_key = WR_API_DESCRIBE_CONFIGS,
    .min_version = 1,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_describe_configs_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_describe_configs_response_synonym, member)
static const wr_field response_synonym_fields[] = {
    {AT(name),   WR_STRING, 1},
    {AT(value),  WR_STRING, 1, NULLABLE(1)},
    {AT(source), WR_INT8,   1},
    {0},
};
#undef AT
static const wr_items response_synonyms = ITEMS(wr_describe_configs_response_synonym, response_synonym_fields);

#define AT(member) WR_AT(wr_describe_configs_response_config, member)
static const wr_field response_config_fields[] = {
    {AT(name),          WR_STRING, 0},
    {AT(value),         WR_STRING, 0, NULLABLE(0)},
    {AT(read_only),     WR_BOOL,   0},
    {AT(config_source), WR_INT8,   1, DEFAULT(-1)},
    {AT(is_sensitive),  WR_BOOL,   0},
    {AT(synonyms),      WR_ARRAY,  1, .items = &response_synonyms},
    {AT(config_type),   WR_INT8,   3},
    {AT(documentation), WR_STRING, 3, NULLABLE(3)},
    {0},
};
#undef AT
static const wr_items response_configs = ITEMS(wr_describe_configs_response_config, response_config_fields);

#define AT(member) WR_AT(wr_describe_configs_response_result, member)
static const wr_field response_result_fields[] = {
    {AT(error_code),    WR_INT16,  0},
    {AT(error_message), WR_STRING, 0, NULLABLE(0)},
    {AT(resource_type), WR_INT8,   0},
    {AT(resource_name), WR_STRING, 0},
    {AT(configs),       WR_ARRAY,  0, .items = &response_configs},
    {0},
};
#undef AT
static const wr_items response_results = ITEMS(wr_describe_configs_response_result, response_result_fields);

#define AT(member) WR_AT(wr_describe_configs_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(results),          WR_ARRAY, 0, .items = &response_results},
    {0},
};
#undef AT

const wr_message wr_describe_configs_response_message = {
    .name = "DescribeConfigsResponse",
    .api_key = WR_API_DESCRIBE_CONFIGS,
    .min_version = 1,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_describe_configs_response),
    .fields = response_fields,
};
