/* Metadata, API key 3, versions 0 to 13: brokers, topics and their partitions. */
#ifndef WR_METADATA_H
#define WR_METADATA_H

#include <wire/message.h>

typedef struct wr_metadata_request_topic {
    wr_uuid topic_id; /* from version 10 */
    weir_slice name;  /* may be null */
} wr_metadata_request_topic;

typedef struct wr_metadata_request {
    wr_metadata_request_topic *topics; /* may be null */
    int32_t topic_count;
    bool allow_auto_topic_creation;             /* from version 4, default true */
    bool include_cluster_authorized_operations; /* versions 8 to 10 */
    bool include_topic_authorized_operations;   /* from version 8 */
} wr_metadata_request;

typedef struct wr_metadata_response_broker {
    int32_t node_id;
    weir_slice host;
    int32_t port;
    weir_slice rack; /* from version 1, may be null */
} wr_metadata_response_broker;

typedef struct wr_metadata_response_partition {
    int16_t error_code;
    int32_t partition_index;
    int32_t leader_id;
    int32_t leader_epoch; /* from version 7, default -1 */
    int32_t *replica_nodes;
    int32_t replica_node_count;
    int32_t *isr_nodes;
    int32_t isr_node_count;
    int32_t *offline_replicas; /* from version 5 */
    int32_t offline_replica_count;
} wr_metadata_response_partition;

typedef struct wr_metadata_response_topic {
    int16_t error_code;
    weir_slice name;  /* may be null */
    wr_uuid topic_id; /* from version 10 */
    bool is_internal; /* from version 1 */
    wr_metadata_response_partition *partitions;
    int32_t partition_count;
    int32_t topic_authorized_operations; /* from version 8, default INT32_MIN */
} wr_metadata_response_topic;

typedef struct wr_metadata_response {
    int32_t throttle_time_ms; /* from version 3 */
    wr_metadata_response_broker *brokers;
    int32_t broker_count;
    weir_slice cluster_id; /* from version 2, may be null */
    int32_t controller_id; /* from version 1, default -1 */
    wr_metadata_response_topic *topics;
    int32_t topic_count;
    int32_t cluster_authorized_operations; /* versions 8 to 10, default INT32_MIN */
    int16_t error_code;                    /* from version 13 */
} wr_metadata_response;

extern const wr_message wr_metadata_request_message;
extern const wr_message wr_metadata_response_message;

#endif
