#include <wire/api_versions.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_api_versions_request, member)
static const wr_field request_fields[] = {
    {AT(client_software_name),    WR_STRING, 3},
    {AT(client_software_version), WR_STRING, 3},
    {0},
};
#undef AT

const wr_message wr_api_versions_request_message = {
    .name = "ApiVersionsRequest",
    .api_key = WR_API_API_VERSIONS,
    .min_version = 0,
    .max_version = 4,
    .flexible_version = 3,
    .size = sizeof(wr_api_versions_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_api_versions_response_api_key, member)
static const wr_field response_api_key_fields[] = {
    {AT(api_key),     WR_INT16, 0},
    {AT(min_version), WR_INT16, 0},
    {AT(max_version), WR_INT16, 0},
    {0},
};
#undef AT
static const wr_items response_api_keys = ITEMS(wr_api_versions_response_api_key, response_api_key_fields);

#define AT(member) WR_AT(wr_api_versions_response_supported_feature, member)
static const wr_field response_supported_feature_fields[] = {
    {AT(name),        WR_STRING, 3},
    {AT(min_version), WR_INT16,  3},
    {AT(max_version), WR_INT16,  3},
    {0},
};
#undef AT
static const wr_items response_supported_features =
    ITEMS(wr_api_versions_response_supported_feature, response_supported_feature_fields);

#define AT(member) WR_AT(wr_api_versions_response_finalized_feature, member)
static const wr_field response_finalized_feature_fields[] = {
    {AT(name),              WR_STRING, 3},
    {AT(max_version_level), WR_INT16,  3},
    {AT(min_version_level), WR_INT16,  3},
    {0},
};
#undef AT
static const wr_items response_finalized_features =
    ITEMS(wr_api_versions_response_finalized_feature, response_finalized_feature_fields);

#define AT(member) WR_AT(wr_api_versions_response, member)
static const wr_field response_fields[] = {
    {AT(error_code),               WR_INT16, 0},
    {AT(api_keys),                 WR_ARRAY, 0, .items = &response_api_keys},
    {AT(throttle_time_ms),         WR_INT32, 1},
    {AT(supported_features),       WR_ARRAY, 3, TAG(0), .items = &response_supported_features},
    {AT(finalized_features_epoch), WR_INT64, 3, TAG(1), DEFAULT(-1)},
    {AT(finalized_features),       WR_ARRAY, 3, TAG(2), .items = &response_finalized_features},
    {AT(zk_migration_ready),       WR_BOOL,  3, TAG(3)},
    {0},
};
#undef AT

const wr_message wr_api_versions_response_message = {
    .name = "ApiVersionsResponse",
    .api_key = WR_API_API_VERSIONS,
    .min_version = 0,
    .max_version = 4,
    .flexible_version = 3,
    .size = sizeof(wr_api_versions_response),
    .fields = response_fields,
};
