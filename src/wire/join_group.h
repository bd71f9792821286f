/* JoinGroup, API key 11, versions 0 to 9: a member enters a classic group or a rebalance. */
#ifndef WR_JOIN_GROUP_H
#define WR_JOIN_GROUP_H

#include <wire/message.h>

typedef struct wr_join_group_request_protocol {
    weir_slice name;
    weir_slice metadata;
} wr_join_group_request_protocol;

typedef struct wr_join_group_request {
    weir_slice group_id;
    int32_t session_timeout_ms;
    int32_t rebalance_timeout_ms; /* from version 1, default -1 */
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 5, may be null */
    weir_slice protocol_type;
    wr_join_group_request_protocol *protocols;
    int32_t protocol_count;
    weir_slice reason; /* from version 8, may be null */
} wr_join_group_request;

typedef struct wr_join_group_response_member {
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 5, may be null */
    weir_slice metadata;
} wr_join_group_response_member;

typedef struct wr_join_group_response {
    int32_t throttle_time_ms; /* from version 2 */
    int16_t error_code;
    int32_t generation_id;    /* default -1 */
    weir_slice protocol_type; /* from version 7, may be null */
    weir_slice protocol_name; /* may be null */
    weir_slice leader;
    bool skip_assignment; /* from version 9 */
    weir_slice member_id;
    wr_join_group_response_member *members;
    int32_t member_count;
} wr_join_group_response;

extern const wr_message wr_join_group_request_message;
extern const wr_message wr_join_group_response_message;

#endif
