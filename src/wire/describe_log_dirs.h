/* DescribeLogDirs, API key 35, versions 1 to 4: sizes of the partitions in the data directory. */
#ifndef WR_DESCRIBE_LOG_DIRS_H
#define WR_DESCRIBE_LOG_DIRS_H

#include <wire/message.h>

typedef struct wr_describe_log_dirs_request_topic {
    weir_slice topic;
    int32_t *partitions;
    int32_t partition_count;
} wr_describe_log_dirs_request_topic;

typedef struct wr_describe_log_dirs_request {
    wr_describe_log_dirs_request_topic *topics; /* may be null */
    int32_t topic_count;
} wr_describe_log_dirs_request;

typedef struct wr_describe_log_dirs_response_partition {
    int32_t partition_index;
    int64_t partition_size;
    int64_t offset_lag;
    bool is_future_key;
} wr_describe_log_dirs_response_partition;

typedef struct wr_describe_log_dirs_response_topic {
    weir_slice name;
    wr_describe_log_dirs_response_partition *partitions;
    int32_t partition_count;
} wr_describe_log_dirs_response_topic;

typedef struct wr_describe_log_dirs_response_result {
    int16_t error_code;
    weir_slice log_dir;
    wr_describe_log_dirs_response_topic *topics;
    int32_t topic_count;
    int64_t total_bytes;  /* from version 4, default -1 */
    int64_t usable_bytes; /* from version 4, default -1 */
} wr_describe_log_dirs_response_result;

typedef struct wr_describe_log_dirs_response {
    int32_t throttle_time_ms;
    int16_t error_code; /* from version 3 */
    wr_describe_log_dirs_response_result *results;
    int32_t result_count;
} wr_describe_log_dirs_response;

extern const wr_message wr_describe_log_dirs_request_message;
extern const wr_message wr_describe_log_dirs_response_message;

#endif
