#include <wire/message_int.h>
#include <wire/sasl_handshake.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_sasl_handshake_request, member)
static const wr_field request_fields[] = {
    {AT(mechanism), WR_STRING, 0},
    {0},
};
#undef AT

const wr_message wr_sasl_handshake_request_message = {
    .name = "SaslHandshakeRequest",
    .api_key = WR_API_SASL_HANDSHAKE,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = WR_VERSION_NEVER,
    .size = sizeof(wr_sasl_handshake_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_sasl_handshake_response, member)
static const wr_field response_fields[] = {
    {AT(error_code), WR_INT16, 0},
    {AT(mechanisms), WR_ARRAY, 0, .items = &wr_string_items},
    {0},
};
#undef AT

const wr_message wr_sasl_handshake_response_message = {
    .name = "SaslHandshakeResponse",
    .api_key = WR_API_SASL_HANDSHAKE,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = WR_VERSION_NEVER,
    .size = sizeof(wr_sasl_handshake_response),
    .fields = response_fields,
};
