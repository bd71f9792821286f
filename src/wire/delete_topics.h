/* DeleteTopics, API key 20, versions 1 to 6: topics to delete, by name or (version 6) by id. */
#ifndef WR_DELETE_TOPICS_H
#define WR_DELETE_TOPICS_H

#include <wire/message.h>

typedef struct wr_delete_topics_request_topic {
    weir_slice name; /* may be null */
    wr_uuid topic_id;
} wr_delete_topics_request_topic;

typedef struct wr_delete_topics_request {
    wr_delete_topics_request_topic *topics; /* from version 6 */
    int32_t topic_count;
    weir_slice *topic_names; /* up to version 5 */
    int32_t topic_name_count;
    int32_t timeout_ms;
} wr_delete_topics_request;

typedef struct wr_delete_topics_response_topic {
    weir_slice name;  /* may be null */
    wr_uuid topic_id; /* from version 6 */
    int16_t error_code;
    weir_slice error_message; /* from version 5, may be null */
} wr_delete_topics_response_topic;

typedef struct wr_delete_topics_response {
    int32_t throttle_time_ms;
    wr_delete_topics_response_topic *responses;
    int32_t response_count;
} wr_delete_topics_response;

extern const wr_message wr_delete_topics_request_message;
extern const wr_message wr_delete_topics_response_message;

#endif
