/* OffsetCommit, API key 8, versions 2 to 10: a group's positions to keep. */
#ifndef WR_OFFSET_COMMIT_H
#define WR_OFFSET_COMMIT_H

#include <wire/message.h>

typedef struct wr_offset_commit_request_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch; /* from version 6, default -1 */
    weir_slice committed_metadata;  /* may be null */
} wr_offset_commit_request_partition;

typedef struct wr_offset_commit_request_topic {
    weir_slice name;  /* up to version 9 */
    wr_uuid topic_id; /* from version 10 */
    wr_offset_commit_request_partition *partitions;
    int32_t partition_count;
} wr_offset_commit_request_topic;

typedef struct wr_offset_commit_request {
    weir_slice group_id;
    int32_t generation_id_or_member_epoch; /* default -1 */
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 7, may be null */
    int64_t retention_time_ms;    /* up to version 4, default -1 */
    wr_offset_commit_request_topic *topics;
    int32_t topic_count;
} wr_offset_commit_request;

typedef struct wr_offset_commit_response_partition {
    int32_t partition_index;
    int16_t error_code;
} wr_offset_commit_response_partition;

typedef struct wr_offset_commit_response_topic {
    weir_slice name;  /* up to version 9 */
    wr_uuid topic_id; /* from version 10 */
    wr_offset_commit_response_partition *partitions;
    int32_t partition_count;
} wr_offset_commit_response_topic;

typedef struct wr_offset_commit_response {
    int32_t throttle_time_ms; /* from version 3 */
    wr_offset_commit_response_topic *topics;
    int32_t topic_count;
} wr_offset_commit_response;

extern const wr_message wr_offset_commit_request_message;
extern const wr_message wr_offset_commit_response_message;

#endif
