#include <wire/init_producer_id.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_init_producer_id_request, member)
static const wr_field request_fields[] = {
    {AT(transactional_id),       WR_STRING, 0, NULLABLE(0)},
    {AT(transaction_timeout_ms), WR_INT32,  0},
    {AT(producer_id),            WR_INT64,  3, DEFAULT(-1)},
    {AT(producer_epoch),         WR_INT16,  3, DEFAULT(-1)},
    {0},
};
#undef AT

const wr_message wr_init_producer_id_request_message = {
    .name = "InitProducerIdRequest",
    .api_key = WR_API_INIT_PRODUCER_ID,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 2,
    .size = sizeof(wr_init_producer_id_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_init_producer_id_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 0},
    {AT(error_code),       WR_INT16, 0},
    {AT(producer_id),      WR_INT64, 0, DEFAULT(-1)},
    {AT(producer_epoch),   WR_INT16, 0},
    {0},
};
#undef AT

const wr_message wr_init_producer_id_response_message = {
    .name = "InitProducerIdResponse",
    .api_key = WR_API_INIT_PRODUCER_ID,
    .min_version = 0,
    .max_version = 5,
    .flexible_version = 2,
    .size = sizeof(wr_init_producer_id_response),
    .fields = response_fields,
};
