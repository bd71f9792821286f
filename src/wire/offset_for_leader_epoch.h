/* OffsetForLeaderEpoch, API key 23, versions 2 to 4: where a leader's epoch ended. */
#ifndef WR_OFFSET_FOR_LEADER_EPOCH_H
#define WR_OFFSET_FOR_LEADER_EPOCH_H

#include <wire/message.h>

typedef struct wr_offset_for_leader_epoch_request_partition {
    int32_t partition;
    int32_t current_leader_epoch; /* default -1 */
    int32_t leader_epoch;
} wr_offset_for_leader_epoch_request_partition;

typedef struct wr_offset_for_leader_epoch_request_topic {
    weir_slice topic;
    wr_offset_for_leader_epoch_request_partition *partitions;
    int32_t partition_count;
} wr_offset_for_leader_epoch_request_topic;

typedef struct wr_offset_for_leader_epoch_request {
    int32_t replica_id; /* from version 3, default -2 */
    wr_offset_for_leader_epoch_request_topic *topics;
    int32_t topic_count;
} wr_offset_for_leader_epoch_request;

typedef struct wr_offset_for_leader_epoch_response_partition {
    int16_t error_code;
    int32_t partition;
    int32_t leader_epoch; /* default -1 */
    int64_t end_offset;   /* default -1 */
} wr_offset_for_leader_epoch_response_partition;

typedef struct wr_offset_for_leader_epoch_response_topic {
    weir_slice topic;
    wr_offset_for_leader_epoch_response_partition *partitions;
    int32_t partition_count;
} wr_offset_for_leader_epoch_response_topic;

typedef struct wr_offset_for_leader_epoch_response {
    int32_t throttle_time_ms;
    wr_offset_for_leader_epoch_response_topic *topics;
    int32_t topic_count;
} wr_offset_for_leader_epoch_response;

extern const wr_message wr_offset_for_leader_epoch_request_message;
extern const wr_message wr_offset_for_leader_epoch_response_message;

#endif
