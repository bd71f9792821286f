/* SaslHandshake: refused, because there is nothing to log in to. */
#include <wire/sasl_handshake.h>

#include "api.h"

/* As Kafka on a listener without SASL: the client is told that it need not, and cannot, log in. */
weir_err wr_api_sasl_handshake(wr_request *request)
{
    wr_sasl_handshake_response *out = request->response;
    out->error_code = WR_KAFKA_ILLEGAL_SASL_STATE;
    return WEIR_OK;
}
