/* SyncGroup, API key 14, versions 0 to 5: the leader's assignment in, each member's own part out. */
#ifndef WR_SYNC_GROUP_H
#define WR_SYNC_GROUP_H

#include <wire/message.h>

typedef struct wr_sync_group_request_assignment {
    weir_slice member_id;
    weir_slice assignment;
} wr_sync_group_request_assignment;

typedef struct wr_sync_group_request {
    weir_slice group_id;
    int32_t generation_id;
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 3, may be null */
    weir_slice protocol_type;     /* from version 5, may be null */
    weir_slice protocol_name;     /* from version 5, may be null */
    wr_sync_group_request_assignment *assignments;
    int32_t assignment_count;
} wr_sync_group_request;

typedef struct wr_sync_group_response {
    int32_t throttle_time_ms; /* from version 1 */
    int16_t error_code;
    weir_slice protocol_type; /* from version 5, may be null */
    weir_slice protocol_name; /* from version 5, may be null */
    weir_slice assignment;
} wr_sync_group_response;

extern const wr_message wr_sync_group_request_message;
extern const wr_message wr_sync_group_response_message;

#endif
