/* DescribeGroups, API key 15, versions 0 to 6: state and members of classic groups. */
#ifndef WR_DESCRIBE_GROUPS_H
#define WR_DESCRIBE_GROUPS_H

#include <wire/message.h>

typedef struct wr_describe_groups_request {
    weir_slice *groups;
    int32_t group_count;
    bool include_authorized_operations; /* from version 3 */
} wr_describe_groups_request;

typedef struct wr_describe_groups_response_member {
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 4, may be null */
    weir_slice client_id;
    weir_slice client_host;
    weir_slice member_metadata;
    weir_slice member_assignment;
} wr_describe_groups_response_member;

typedef struct wr_describe_groups_response_group {
    int16_t error_code;
    weir_slice error_message; /* from version 6, may be null */
    weir_slice group_id;
    weir_slice group_state;
    weir_slice protocol_type;
    weir_slice protocol_data;
    wr_describe_groups_response_member *members;
    int32_t member_count;
    int32_t authorized_operations; /* from version 3, default INT32_MIN */
} wr_describe_groups_response_group;

typedef struct wr_describe_groups_response {
    int32_t throttle_time_ms; /* from version 1 */
    wr_describe_groups_response_group *groups;
    int32_t group_count;
} wr_describe_groups_response;

extern const wr_message wr_describe_groups_request_message;
extern const wr_message wr_describe_groups_response_message;

#endif
