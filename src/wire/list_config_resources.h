/* ListConfigResources, API key 74, versions 0 to 1: what DescribeConfigs can be asked about. */
#ifndef WR_LIST_CONFIG_RESOURCES_H
#define WR_LIST_CONFIG_RESOURCES_H

#include <wire/message.h>

typedef struct wr_list_config_resources_request {
    int8_t *resource_types; /* from version 1 */
    int32_t resource_type_count;
} wr_list_config_resources_request;

typedef struct wr_list_config_resources_response_config_resource {
    weir_slice resource_name;
    int8_t resource_type; /* from version 1, default 16 */
} wr_list_config_resources_response_config_resource;

typedef struct wr_list_config_resources_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    wr_list_config_resources_response_config_resource *config_resources;
    int32_t config_resource_count;
} wr_list_config_resources_response;

extern const wr_message wr_list_config_resources_request_message;
extern const wr_message wr_list_config_resources_response_message;

#endif
