/* SaslHandshake, API key 17, versions 0 to 1: which SASL mechanism will be used. */
#ifndef WR_SASL_HANDSHAKE_H
#define WR_SASL_HANDSHAKE_H

#include <wire/message.h>

typedef struct wr_sasl_handshake_request {
    weir_slice mechanism;
} wr_sasl_handshake_request;

typedef struct wr_sasl_handshake_response {
    int16_t error_code;
    weir_slice *mechanisms;
    int32_t mechanism_count;
} wr_sasl_handshake_response;

extern const wr_message wr_sasl_handshake_request_message;
extern const wr_message wr_sasl_handshake_response_message;

#endif
