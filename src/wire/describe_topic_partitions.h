/* DescribeTopicPartitions, API key 75, version 0: topics and partitions page by page. */
#ifndef WR_DESCRIBE_TOPIC_PARTITIONS_H
#define WR_DESCRIBE_TOPIC_PARTITIONS_H

#include <wire/message.h>

typedef struct wr_describe_topic_partitions_request_topic {
    weir_slice name;
} wr_describe_topic_partitions_request_topic;

typedef struct wr_describe_topic_partitions_request_cursor {
    weir_slice topic_name;
    int32_t partition_index;
} wr_describe_topic_partitions_request_cursor;

typedef struct wr_describe_topic_partitions_request {
    wr_describe_topic_partitions_request_topic *topics;
    int32_t topic_count;
    int32_t response_partition_limit;                    /* default 2000 */
    wr_describe_topic_partitions_request_cursor *cursor; /* may be null */
} wr_describe_topic_partitions_request;

typedef struct wr_describe_topic_partitions_response_partition {
    int16_t error_code;
    int32_t partition_index;
    int32_t leader_id;
    int32_t leader_epoch; /* default -1 */
    int32_t *replica_nodes;
    int32_t replica_node_count;
    int32_t *isr_nodes;
    int32_t isr_node_count;
    int32_t *eligible_leader_replicas; /* may be null */
    int32_t eligible_leader_replica_count;
    int32_t *last_known_elr; /* may be null */
    int32_t last_known_elr_count;
    int32_t *offline_replicas;
    int32_t offline_replica_count;
} wr_describe_topic_partitions_response_partition;

typedef struct wr_describe_topic_partitions_response_topic {
    int16_t error_code;
    weir_slice name; /* may be null */
    wr_uuid topic_id;
    bool is_internal;
    wr_describe_topic_partitions_response_partition *partitions;
    int32_t partition_count;
    int32_t topic_authorized_operations; /* default INT32_MIN */
} wr_describe_topic_partitions_response_topic;

typedef struct wr_describe_topic_partitions_response_cursor {
    weir_slice topic_name;
    int32_t partition_index;
} wr_describe_topic_partitions_response_cursor;

typedef struct wr_describe_topic_partitions_response {
    int32_t throttle_time_ms;
    wr_describe_topic_partitions_response_topic *topics;
    int32_t topic_count;
    wr_describe_topic_partitions_response_cursor *next_cursor; /* may be null */
} wr_describe_topic_partitions_response;

extern const wr_message wr_describe_topic_partitions_request_message;
extern const wr_message wr_describe_topic_partitions_response_message;

#endif
