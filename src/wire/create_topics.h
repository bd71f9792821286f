/* CreateTopics, API key 19, versions 2 to 7: topics to create. */
#ifndef WR_CREATE_TOPICS_H
#define WR_CREATE_TOPICS_H

#include <wire/message.h>

typedef struct wr_create_topics_request_assignment {
    int32_t partition_index;
    int32_t *broker_ids;
    int32_t broker_id_count;
} wr_create_topics_request_assignment;

typedef struct wr_create_topics_request_config {
    weir_slice name;
    weir_slice value; /* may be null */
} wr_create_topics_request_config;

typedef struct wr_create_topics_request_topic {
    weir_slice name;
    int32_t num_partitions;
    int16_t replication_factor;
    wr_create_topics_request_assignment *assignments;
    int32_t assignment_count;
    wr_create_topics_request_config *configs;
    int32_t config_count;
} wr_create_topics_request_topic;

typedef struct wr_create_topics_request {
    wr_create_topics_request_topic *topics;
    int32_t topic_count;
    int32_t timeout_ms; /* default 60000 */
    bool validate_only;
} wr_create_topics_request;

typedef struct wr_create_topics_response_config {
    weir_slice name;
    weir_slice value; /* may be null */
    bool read_only;
    int8_t config_source; /* default -1 */
    bool is_sensitive;
} wr_create_topics_response_config;

typedef struct wr_create_topics_response_topic {
    weir_slice name;
    wr_uuid topic_id; /* from version 7 */
    int16_t error_code;
    weir_slice error_message;                  /* may be null */
    int16_t topic_config_error_code;           /* from version 5, tag 0 */
    int32_t num_partitions;                    /* from version 5, default -1 */
    int16_t replication_factor;                /* from version 5, default -1 */
    wr_create_topics_response_config *configs; /* from version 5, may be null */
    int32_t config_count;
} wr_create_topics_response_topic;

typedef struct wr_create_topics_response {
    int32_t throttle_time_ms;
    wr_create_topics_response_topic *topics;
    int32_t topic_count;
} wr_create_topics_response;

extern const wr_message wr_create_topics_request_message;
extern const wr_message wr_create_topics_response_message;

#endif
