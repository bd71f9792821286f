/* OffsetDelete, API key 47, version 0: a group's positions to forget. */
#ifndef WR_OFFSET_DELETE_H
#define WR_OFFSET_DELETE_H

#include <wire/message.h>

typedef struct wr_offset_delete_request_partition {
    int32_t partition_index;
} wr_offset_delete_request_partition;

typedef struct wr_offset_delete_request_topic {
    weir_slice name;
    wr_offset_delete_request_partition *partitions;
    int32_t partition_count;
} wr_offset_delete_request_topic;

typedef struct wr_offset_delete_request {
    weir_slice group_id;
    wr_offset_delete_request_topic *topics;
    int32_t topic_count;
} wr_offset_delete_request;

typedef struct wr_offset_delete_response_partition {
    int32_t partition_index;
    int16_t error_code;
} wr_offset_delete_response_partition;

typedef struct wr_offset_delete_response_topic {
    weir_slice name;
    wr_offset_delete_response_partition *partitions;
    int32_t partition_count;
} wr_offset_delete_response_topic;

typedef struct wr_offset_delete_response {
    int16_t error_code;
    int32_t throttle_time_ms;
    wr_offset_delete_response_topic *topics;
    int32_t topic_count;
} wr_offset_delete_response;

extern const wr_message wr_offset_delete_request_message;
extern const wr_message wr_offset_delete_response_message;

#endif
