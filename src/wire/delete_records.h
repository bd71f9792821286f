/* DeleteRecords, API key 21, versions 0 to 2: move the start of partitions forward. */
#ifndef WR_DELETE_RECORDS_H
#define WR_DELETE_RECORDS_H

#include <wire/message.h>

typedef struct wr_delete_records_request_partition {
    int32_t partition_index;
    int64_t offset;
} wr_delete_records_request_partition;

typedef struct wr_delete_records_request_topic {
    weir_slice name;
    wr_delete_records_request_partition *partitions;
    int32_t partition_count;
} wr_delete_records_request_topic;

typedef struct wr_delete_records_request {
    wr_delete_records_request_topic *topics;
    int32_t topic_count;
    int32_t timeout_ms;
} wr_delete_records_request;

typedef struct wr_delete_records_response_partition {
    int32_t partition_index;
    int64_t low_watermark;
    int16_t error_code;
} wr_delete_records_response_partition;

typedef struct wr_delete_records_response_topic {
    weir_slice name;
    wr_delete_records_response_partition *partitions;
    int32_t partition_count;
} wr_delete_records_response_topic;

typedef struct wr_delete_records_response {
    int32_t throttle_time_ms;
    wr_delete_records_response_topic *topics;
    int32_t topic_count;
} wr_delete_records_response;

extern const wr_message wr_delete_records_request_message;
extern const wr_message wr_delete_records_response_message;

#endif
