/* CreatePartitions, API key 37, versions 0 to 3: more partitions for topics. */
#ifndef WR_CREATE_PARTITIONS_H
#define WR_CREATE_PARTITIONS_H

#include <wire/message.h>

typedef struct wr_create_partitions_request_assignment {
    int32_t *broker_ids;
    int32_t broker_id_count;
} wr_create_partitions_request_assignment;

typedef struct wr_create_partitions_request_topic {
    weir_slice name;
    int32_t count;
    wr_create_partitions_request_assignment *assignments; /* may be null */
    int32_t assignment_count;
} wr_create_partitions_request_topic;

typedef struct wr_create_partitions_request {
    wr_create_partitions_request_topic *topics;
    int32_t topic_count;
    int32_t timeout_ms;
    bool validate_only;
} wr_create_partitions_request;

typedef struct wr_create_partitions_response_result {
    weir_slice name;
    int16_t error_code;
    weir_slice error_message; /* may be null */
} wr_create_partitions_response_result;

typedef struct wr_create_partitions_response {
    int32_t throttle_time_ms;
    wr_create_partitions_response_result *results;
    int32_t result_count;
} wr_create_partitions_response;

extern const wr_message wr_create_partitions_request_message;
extern const wr_message wr_create_partitions_response_message;

#endif
