/* Produce, API key 0, versions 3 to 13: record batches to append. */
#ifndef WR_PRODUCE_H
#define WR_PRODUCE_H

#include <wire/message.h>

typedef struct wr_produce_request_partition {
    int32_t index;
    weir_slice records; /* may be null */
} wr_produce_request_partition;

typedef struct wr_produce_request_topic {
    weir_slice name;  /* up to version 12 */
    wr_uuid topic_id; /* from version 13 */
    wr_produce_request_partition *partition_data;
    int32_t partition_data_count;
} wr_produce_request_topic;

typedef struct wr_produce_request {
    weir_slice transactional_id; /* may be null */
    int16_t acks;
    int32_t timeout_ms;
    wr_produce_request_topic *topic_data;
    int32_t topic_data_count;
} wr_produce_request;

typedef struct wr_produce_response_record_error {
    int32_t batch_index;
    weir_slice batch_index_error_message; /* may be null */
} wr_produce_response_record_error;

typedef struct wr_produce_response_leader {
    int32_t leader_id;    /* default -1 */
    int32_t leader_epoch; /* default -1 */
} wr_produce_response_leader;

typedef struct wr_produce_response_partition {
    int32_t index;
    int16_t error_code;
    int64_t base_offset;
    int64_t log_append_time_ms;                      /* default -1 */
    int64_t log_start_offset;                        /* from version 5, default -1 */
    wr_produce_response_record_error *record_errors; /* from version 8 */
    int32_t record_error_count;
    weir_slice error_message;                   /* from version 8, may be null */
    wr_produce_response_leader *current_leader; /* from version 10, tag 0, NULL: absent */
} wr_produce_response_partition;

typedef struct wr_produce_response_topic {
    weir_slice name;  /* up to version 12 */
    wr_uuid topic_id; /* from version 13 */
    wr_produce_response_partition *partition_responses;
    int32_t partition_response_count;
} wr_produce_response_topic;

typedef struct wr_produce_response_node_endpoint {
    int32_t node_id;
    weir_slice host;
    int32_t port;
    weir_slice rack; /* may be null */
} wr_produce_response_node_endpoint;

typedef struct wr_produce_response {
    wr_produce_response_topic *responses;
    int32_t response_count;
    int32_t throttle_time_ms;
    wr_produce_response_node_endpoint *node_endpoints; /* from version 10, tag 0 */
    int32_t node_endpoint_count;
} wr_produce_response;

extern const wr_message wr_produce_request_message;
extern const wr_message wr_produce_response_message;

#endif
