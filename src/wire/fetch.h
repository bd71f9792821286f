/* Fetch, API key 1, versions 4 to 18: record batches to read, with long poll and sessions (KIP-227). */
#ifndef WR_FETCH_H
#define WR_FETCH_H

#include <wire/message.h>

typedef struct wr_fetch_request_replica_state {
    int32_t replica_id;    /* default -1 */
    int64_t replica_epoch; /* default -1 */
} wr_fetch_request_replica_state;

typedef struct wr_fetch_request_partition {
    int32_t partition;
    int32_t current_leader_epoch; /* from version 9, default -1 */
    int64_t fetch_offset;
    int32_t last_fetched_epoch; /* from version 12, default -1 */
    int64_t log_start_offset;   /* from version 5, default -1 */
    int32_t partition_max_bytes;
    wr_uuid replica_directory_id; /* from version 17, tag 0 */
    int64_t high_watermark;       /* from version 18, tag 1, default INT64_MAX */
} wr_fetch_request_partition;

typedef struct wr_fetch_request_topic {
    weir_slice topic; /* up to version 12 */
    wr_uuid topic_id; /* from version 13 */
    wr_fetch_request_partition *partitions;
    int32_t partition_count;
} wr_fetch_request_topic;

typedef struct wr_fetch_request_forgotten_topic {
    weir_slice topic; /* up to version 12 */
    wr_uuid topic_id; /* from version 13 */
    int32_t *partitions;
    int32_t partition_count;
} wr_fetch_request_forgotten_topic;

typedef struct wr_fetch_request {
    weir_slice cluster_id;                         /* from version 12, tag 0, NULL: absent */
    int32_t replica_id;                            /* up to version 14, default -1 */
    wr_fetch_request_replica_state *replica_state; /* from version 15, tag 1, NULL: absent */
    int32_t max_wait_ms;
    int32_t min_bytes;
    int32_t max_bytes; /* default INT32_MAX */
    int8_t isolation_level;
    int32_t session_id;    /* from version 7 */
    int32_t session_epoch; /* from version 7, default -1 */
    wr_fetch_request_topic *topics;
    int32_t topic_count;
    wr_fetch_request_forgotten_topic *forgotten_topics_data; /* from version 7 */
    int32_t forgotten_topics_data_count;
    weir_slice rack_id; /* from version 11 */
} wr_fetch_request;

typedef struct wr_fetch_response_epoch_end_offset {
    int32_t epoch;      /* default -1 */
    int64_t end_offset; /* default -1 */
} wr_fetch_response_epoch_end_offset;

typedef struct wr_fetch_response_leader {
    int32_t leader_id;    /* default -1 */
    int32_t leader_epoch; /* default -1 */
} wr_fetch_response_leader;

typedef struct wr_fetch_response_snapshot_id {
    int64_t end_offset; /* default -1 */
    int32_t epoch;      /* default -1 */
} wr_fetch_response_snapshot_id;

typedef struct wr_fetch_response_aborted_transaction {
    int64_t producer_id;
    int64_t first_offset;
} wr_fetch_response_aborted_transaction;

typedef struct wr_fetch_response_partition {
    int32_t partition_index;
    int16_t error_code;
    int64_t high_watermark;
    int64_t last_stable_offset;                                  /* default -1 */
    int64_t log_start_offset;                                    /* from version 5, default -1 */
    wr_fetch_response_epoch_end_offset *diverging_epoch;         /* from version 12, tag 0, NULL: absent */
    wr_fetch_response_leader *current_leader;                    /* from version 12, tag 1, NULL: absent */
    wr_fetch_response_snapshot_id *snapshot_id;                  /* from version 12, tag 2, NULL: absent */
    wr_fetch_response_aborted_transaction *aborted_transactions; /* may be null */
    int32_t aborted_transaction_count;
    int32_t preferred_read_replica; /* from version 11, default -1 */
    weir_slice records;             /* may be null */
} wr_fetch_response_partition;

typedef struct wr_fetch_response_topic {
    weir_slice topic; /* up to version 12 */
    wr_uuid topic_id; /* from version 13 */
    wr_fetch_response_partition *partitions;
    int32_t partition_count;
} wr_fetch_response_topic;

typedef struct wr_fetch_response_node_endpoint {
    int32_t node_id;
    weir_slice host;
    int32_t port;
    weir_slice rack; /* may be null */
} wr_fetch_response_node_endpoint;

typedef struct wr_fetch_response {
    int32_t throttle_time_ms;
    int16_t error_code; /* from version 7 */
    int32_t session_id; /* from version 7 */
    wr_fetch_response_topic *responses;
    int32_t response_count;
    wr_fetch_response_node_endpoint *node_endpoints; /* from version 16, tag 0 */
    int32_t node_endpoint_count;
} wr_fetch_response;

extern const wr_message wr_fetch_request_message;
extern const wr_message wr_fetch_response_message;

#endif
