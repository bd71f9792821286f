/* FindCoordinator, API key 10, versions 0 to 6: which broker coordinates a group; version 4 asks for several at once.
 */
#ifndef WR_FIND_COORDINATOR_H
#define WR_FIND_COORDINATOR_H

#include <wire/message.h>

typedef struct wr_find_coordinator_request {
    weir_slice key;               /* up to version 3 */
    int8_t key_type;              /* from version 1 */
    weir_slice *coordinator_keys; /* from version 4 */
    int32_t coordinator_key_count;
} wr_find_coordinator_request;

typedef struct wr_find_coordinator_response_coordinator {
    weir_slice key;
    int32_t node_id;
    weir_slice host;
    int32_t port;
    int16_t error_code;
    weir_slice error_message; /* may be null */
} wr_find_coordinator_response_coordinator;

typedef struct wr_find_coordinator_response {
    int32_t throttle_time_ms;                               /* from version 1 */
    int16_t error_code;                                     /* up to version 3 */
    weir_slice error_message;                               /* versions 1 to 3, may be null */
    int32_t node_id;                                        /* up to version 3 */
    weir_slice host;                                        /* up to version 3 */
    int32_t port;                                           /* up to version 3 */
    wr_find_coordinator_response_coordinator *coordinators; /* from version 4 */
    int32_t coordinator_count;
} wr_find_coordinator_response;

extern const wr_message wr_find_coordinator_request_message;
extern const wr_message wr_find_coordinator_response_message;

#endif
