/* DeleteGroups, API key 42, versions 0 to 2: empty groups to forget. */
#ifndef WR_DELETE_GROUPS_H
#define WR_DELETE_GROUPS_H

#include <wire/message.h>

typedef struct wr_delete_groups_request {
    weir_slice *groups_names;
    int32_t groups_name_count;
} wr_delete_groups_request;

typedef struct wr_delete_groups_response_result {
    weir_slice group_id;
    int16_t error_code;
} wr_delete_groups_response_result;

typedef struct wr_delete_groups_response {
    int32_t throttle_time_ms;
    wr_delete_groups_response_result *results;
    int32_t result_count;
} wr_delete_groups_response;

extern const wr_message wr_delete_groups_request_message;
extern const wr_message wr_delete_groups_response_message;

#endif
