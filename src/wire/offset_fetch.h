/* OffsetFetch, API key 9, versions 1 to 10: a group's positions; version 8 asks for several groups at once. */
#ifndef WR_OFFSET_FETCH_H
#define WR_OFFSET_FETCH_H

#include <wire/message.h>

typedef struct wr_offset_fetch_request_topic {
    weir_slice name;  /* up to version 9 */
    wr_uuid topic_id; /* from version 10 */
    int32_t *partition_indexes;
    int32_t partition_index_count;
} wr_offset_fetch_request_topic;

typedef struct wr_offset_fetch_request_group {
    weir_slice group_id;
    weir_slice member_id;                  /* from version 9, may be null */
    int32_t member_epoch;                  /* from version 9, default -1 */
    wr_offset_fetch_request_topic *topics; /* may be null */
    int32_t topic_count;
} wr_offset_fetch_request_group;

typedef struct wr_offset_fetch_request {
    weir_slice group_id;                   /* up to version 7 */
    wr_offset_fetch_request_topic *topics; /* up to version 7, may be null */
    int32_t topic_count;
    wr_offset_fetch_request_group *groups; /* from version 8 */
    int32_t group_count;
    bool require_stable; /* from version 7 */
} wr_offset_fetch_request;

typedef struct wr_offset_fetch_response_partition {
    int32_t partition_index;
    int64_t committed_offset;
    int32_t committed_leader_epoch; /* from version 5, default -1 */
    weir_slice metadata;            /* may be null */
    int16_t error_code;
} wr_offset_fetch_response_partition;

typedef struct wr_offset_fetch_response_topic {
    weir_slice name;  /* up to version 9 */
    wr_uuid topic_id; /* from version 10 */
    wr_offset_fetch_response_partition *partitions;
    int32_t partition_count;
} wr_offset_fetch_response_topic;

typedef struct wr_offset_fetch_response_group {
    weir_slice group_id;
    wr_offset_fetch_response_topic *topics;
    int32_t topic_count;
    int16_t error_code;
} wr_offset_fetch_response_group;

typedef struct wr_offset_fetch_response {
    int32_t throttle_time_ms;               /* from version 3 */
    wr_offset_fetch_response_topic *topics; /* up to version 7 */
    int32_t topic_count;
    int16_t error_code;                     /* versions 2 to 7 */
    wr_offset_fetch_response_group *groups; /* from version 8 */
    int32_t group_count;
} wr_offset_fetch_response;

extern const wr_message wr_offset_fetch_request_message;
extern const wr_message wr_offset_fetch_response_message;

#endif
