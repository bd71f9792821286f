/* DescribeCluster, API key 60, versions 0 to 2: cluster id and brokers. */
#ifndef WR_DESCRIBE_CLUSTER_H
#define WR_DESCRIBE_CLUSTER_H

#include <wire/message.h>

typedef struct wr_describe_cluster_request {
    bool include_cluster_authorized_operations;
    int8_t endpoint_type;        /* from version 1, default 1 */
    bool include_fenced_brokers; /* from version 2 */
} wr_describe_cluster_request;

typedef struct wr_describe_cluster_response_broker {
    int32_t broker_id;
    weir_slice host;
    int32_t port;
    weir_slice rack; /* may be null */
    bool is_fenced;  /* from version 2 */
} wr_describe_cluster_response_broker;

typedef struct wr_describe_cluster_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    weir_slice error_message; /* may be null */
    int8_t endpoint_type;     /* from version 1, default 1 */
    weir_slice cluster_id;
    int32_t controller_id; /* default -1 */
    wr_describe_cluster_response_broker *brokers;
    int32_t broker_count;
    int32_t cluster_authorized_operations; /* default INT32_MIN */
} wr_describe_cluster_response;

extern const wr_message wr_describe_cluster_request_message;
extern const wr_message wr_describe_cluster_response_message;

#endif
