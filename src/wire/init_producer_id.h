/* InitProducerId, API key 22, versions 0 to 5: a producer id and epoch for an idempotent producer. */
#ifndef WR_INIT_PRODUCER_ID_H
#define WR_INIT_PRODUCER_ID_H

#include <wire/message.h>

typedef struct wr_init_producer_id_request {
    weir_slice transactional_id; /* may be null */
    int32_t transaction_timeout_ms;
    int64_t producer_id;    /* from version 3, default -1 */
    int16_t producer_epoch; /* from version 3, default -1 */
} wr_init_producer_id_request;

typedef struct wr_init_producer_id_response {
    int32_t throttle_time_ms;
    int16_t error_code;
    int64_t producer_id; /* default -1 */
    int16_t producer_epoch;
} wr_init_producer_id_response;

extern const wr_message wr_init_producer_id_request_message;
extern const wr_message wr_init_producer_id_response_message;

#endif
