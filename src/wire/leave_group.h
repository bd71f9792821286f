/* LeaveGroup, API key 13, versions 0 to 5: members leave a classic group; version 3 takes several at once. */
#ifndef WR_LEAVE_GROUP_H
#define WR_LEAVE_GROUP_H

#include <wire/message.h>

typedef struct wr_leave_group_request_member {
    weir_slice member_id;
    weir_slice group_instance_id; /* may be null */
    weir_slice reason;            /* from version 5, may be null */
} wr_leave_group_request_member;

typedef struct wr_leave_group_request {
    weir_slice group_id;
    weir_slice member_id;                   /* up to version 2 */
    wr_leave_group_request_member *members; /* from version 3 */
    int32_t member_count;
} wr_leave_group_request;

typedef struct wr_leave_group_response_member {
    weir_slice member_id;
    weir_slice group_instance_id; /* may be null */
    int16_t error_code;
} wr_leave_group_response_member;

typedef struct wr_leave_group_response {
    int32_t throttle_time_ms; /* from version 1 */
    int16_t error_code;
    wr_leave_group_response_member *members; /* from version 3 */
    int32_t member_count;
} wr_leave_group_response;

extern const wr_message wr_leave_group_request_message;
extern const wr_message wr_leave_group_response_message;

#endif
