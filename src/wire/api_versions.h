/* ApiVersions, API key 18, versions 0 to 4: which requests in which versions. The answer always has response header 0.
 */
#ifndef WR_API_VERSIONS_H
#define WR_API_VERSIONS_H

#include <wire/message.h>

typedef struct wr_api_versions_request {
    weir_slice client_software_name;    /* from version 3 */
    weir_slice client_software_version; /* from version 3 */
} wr_api_versions_request;

typedef struct wr_api_versions_response_api_key {
    int16_t api_key;
    int16_t min_version;
    int16_t max_version;
} wr_api_versions_response_api_key;

typedef struct wr_api_versions_response_supported_feature {
    weir_slice name;
    int16_t min_version;
    int16_t max_version;
} wr_api_versions_response_supported_feature;

typedef struct wr_api_versions_response_finalized_feature {
    weir_slice name;
    int16_t max_version_level;
    int16_t min_version_level;
} wr_api_versions_response_finalized_feature;

typedef struct wr_api_versions_response {
    int16_t error_code;
    wr_api_versions_response_api_key *api_keys;
    int32_t api_key_count;
    int32_t throttle_time_ms;                                       /* from version 1 */
    wr_api_versions_response_supported_feature *supported_features; /* from version 3, tag 0 */
    int32_t supported_feature_count;
    int64_t finalized_features_epoch;                               /* from version 3, tag 1, default -1 */
    wr_api_versions_response_finalized_feature *finalized_features; /* from version 3, tag 2 */
    int32_t finalized_feature_count;
    bool zk_migration_ready; /* from version 3, tag 3 */
} wr_api_versions_response;

extern const wr_message wr_api_versions_request_message;
extern const wr_message wr_api_versions_response_message;

#endif
