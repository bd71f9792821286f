/* ListGroups, API key 16, versions 0 to 5: all groups of this coordinator. */
#ifndef WR_LIST_GROUPS_H
#define WR_LIST_GROUPS_H

#include <wire/message.h>

typedef struct wr_list_groups_request {
    weir_slice *states_filter; /* from version 4 */
    int32_t states_filter_count;
    weir_slice *types_filter; /* from version 5 */
    int32_t types_filter_count;
} wr_list_groups_request;

typedef struct wr_list_groups_response_group {
    weir_slice group_id;
    weir_slice protocol_type;
    weir_slice group_state; /* from version 4 */
    weir_slice group_type;  /* from version 5 */
} wr_list_groups_response_group;

typedef struct wr_list_groups_response {
    int32_t throttle_time_ms; /* from version 1 */
    int16_t error_code;
    wr_list_groups_response_group *groups;
    int32_t group_count;
} wr_list_groups_response;

extern const wr_message wr_list_groups_request_message;
extern const wr_message wr_list_groups_response_message;

#endif
