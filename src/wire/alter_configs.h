/* AlterConfigs, API key 33, versions 0 to 2: replace all settings of topics. */
#ifndef WR_ALTER_CONFIGS_H
#define WR_ALTER_CONFIGS_H

#include <wire/message.h>

typedef struct wr_alter_configs_request_config {
    weir_slice name;
    weir_slice value; /* may be null */
} wr_alter_configs_request_config;

typedef struct wr_alter_configs_request_resource {
    int8_t resource_type;
    weir_slice resource_name;
    wr_alter_configs_request_config *configs;
    int32_t config_count;
} wr_alter_configs_request_resource;

typedef struct wr_alter_configs_request {
    wr_alter_configs_request_resource *resources;
    int32_t resource_count;
    bool validate_only;
} wr_alter_configs_request;

typedef struct wr_alter_configs_response_resource {
    int16_t error_code;
    weir_slice error_message; /* may be null */
    int8_t resource_type;
    weir_slice resource_name;
} wr_alter_configs_response_resource;

typedef struct wr_alter_configs_response {
    int32_t throttle_time_ms;
    wr_alter_configs_response_resource *responses;
    int32_t response_count;
} wr_alter_configs_response;

extern const wr_message wr_alter_configs_request_message;
extern const wr_message wr_alter_configs_response_message;

#endif
