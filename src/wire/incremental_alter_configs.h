/* IncrementalAlterConfigs, API key 44, versions 0 to 1: change single settings of topics. */
#ifndef WR_INCREMENTAL_ALTER_CONFIGS_H
#define WR_INCREMENTAL_ALTER_CONFIGS_H

#include <wire/message.h>

typedef struct wr_incremental_alter_configs_request_config {
    weir_slice name;
    int8_t config_operation;
    weir_slice value; /* may be null */
} wr_incremental_alter_configs_request_config;

typedef struct wr_incremental_alter_configs_request_resource {
    int8_t resource_type;
    weir_slice resource_name;
    wr_incremental_alter_configs_request_config *configs;
    int32_t config_count;
} wr_incremental_alter_configs_request_resource;

typedef struct wr_incremental_alter_configs_request {
    wr_incremental_alter_configs_request_resource *resources;
    int32_t resource_count;
    bool validate_only;
} wr_incremental_alter_configs_request;

typedef struct wr_incremental_alter_configs_response_resource {
    int16_t error_code;
    weir_slice error_message; /* may be null */
    int8_t resource_type;
    weir_slice resource_name;
} wr_incremental_alter_configs_response_resource;

typedef struct wr_incremental_alter_configs_response {
    int32_t throttle_time_ms;
    wr_incremental_alter_configs_response_resource *responses;
    int32_t response_count;
} wr_incremental_alter_configs_response;

extern const wr_message wr_incremental_alter_configs_request_message;
extern const wr_message wr_incremental_alter_configs_response_message;

#endif
