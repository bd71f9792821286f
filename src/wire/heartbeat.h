/* Heartbeat, API key 12, versions 0 to 4: a member of a classic group is alive. */
#ifndef WR_HEARTBEAT_H
#define WR_HEARTBEAT_H

#include <wire/message.h>

typedef struct wr_heartbeat_request {
    weir_slice group_id;
    int32_t generation_id;
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 3, may be null */
} wr_heartbeat_request;

typedef struct wr_heartbeat_response {
    int32_t throttle_time_ms; /* from version 1 */
    int16_t error_code;
} wr_heartbeat_response;

extern const wr_message wr_heartbeat_request_message;
extern const wr_message wr_heartbeat_response_message;

#endif
