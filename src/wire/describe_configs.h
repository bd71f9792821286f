/* DescribeConfigs, API key 32, versions 1 to 4: settings of topics and brokers. */
#ifndef WR_DESCRIBE_CONFIGS_H
#define WR_DESCRIBE_CONFIGS_H

#include <wire/message.h>

typedef struct wr_describe_configs_request_resource {
    int8_t resource_type;
    weir_slice resource_name;
    weir_slice *configuration_keys; /* may be null */
    int32_t configuration_key_count;
} wr_describe_configs_request_resource;

typedef struct wr_describe_configs_request {
    wr_describe_configs_request_resource *resources;
    int32_t resource_count;
    bool include_synonyms;
    bool include_documentation; /* from version 3 */
} wr_describe_configs_request;

typedef struct wr_describe_configs_response_synonym {
    weir_slice name;
    weir_slice value; /* may be null */
    int8_t source;
} wr_describe_configs_response_synonym;

typedef struct wr_describe_configs_response_config {
    weir_slice name;
    weir_slice value; /* may be null */
    bool read_only;
    int8_t config_source; /* default -1 */
    bool is_sensitive;
    wr_describe_configs_response_synonym *synonyms;
    int32_t synonym_count;
    int8_t config_type;       /* from version 3 */
    weir_slice documentation; /* from version 3, may be null */
} wr_describe_configs_response_config;

typedef struct wr_describe_configs_response_result {
    int16_t error_code;
    weir_slice error_message; /* may be null */
    int8_t resource_type;
    weir_slice resource_name;
    wr_describe_configs_response_config *configs;
    int32_t config_count;
} wr_describe_configs_response_result;

typedef struct wr_describe_configs_response {
    int32_t throttle_time_ms;
    wr_describe_configs_response_result *results;
    int32_t result_count;
} wr_describe_configs_response;

extern const wr_message wr_describe_configs_request_message;
extern const wr_message wr_describe_configs_response_message;

#endif
