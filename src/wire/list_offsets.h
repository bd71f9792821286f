/* ListOffsets, API key 2, versions 1 to 11: the first offset at or after a time, or one of the special times of
 * kafka.h. */
#ifndef WR_LIST_OFFSETS_H
#define WR_LIST_OFFSETS_H

#include <wire/message.h>

typedef struct wr_list_offsets_request_partition {
    int32_t partition_index;
    int32_t current_leader_epoch; /* from version 4, default -1 */
    int64_t timestamp;
} wr_list_offsets_request_partition;

typedef struct wr_list_offsets_request_topic {
    weir_slice name;
    wr_list_offsets_request_partition *partitions;
    int32_t partition_count;
} wr_list_offsets_request_topic;

typedef struct wr_list_offsets_request {
    int32_t replica_id;
    int8_t isolation_level; /* from version 2 */
    wr_list_offsets_request_topic *topics;
    int32_t topic_count;
    int32_t timeout_ms; /* from version 10 */
} wr_list_offsets_request;

typedef struct wr_list_offsets_response_partition {
    int32_t partition_index;
    int16_t error_code;
    int64_t timestamp;    /* default -1 */
    int64_t offset;       /* default -1 */
    int32_t leader_epoch; /* from version 4, default -1 */
} wr_list_offsets_response_partition;

typedef struct wr_list_offsets_response_topic {
    weir_slice name;
    wr_list_offsets_response_partition *partitions;
    int32_t partition_count;
} wr_list_offsets_response_topic;

typedef struct wr_list_offsets_response {
    int32_t throttle_time_ms; /* from version 2 */
    wr_list_offsets_response_topic *topics;
    int32_t topic_count;
} wr_list_offsets_response;

extern const wr_message wr_list_offsets_request_message;
extern const wr_message wr_list_offsets_response_message;

#endif
