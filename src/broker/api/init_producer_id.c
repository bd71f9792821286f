/* InitProducerId: a new id for an idempotent producer. */
#include <wire/init_producer_id.h>

#include "api.h"

static void answer(wr_request *request, weir_err err, int64_t id)
{
    wr_init_producer_id_response *out = request->response;
    out->error_code = wr_api_storage_error(err);
    if (err != WEIR_OK)
        return;
    out->producer_id = id;
    out->producer_epoch = 0;
}

static void given(void *user, weir_err err, int64_t id)
{
    wr_request *request = user;
    answer(request, err, id);
    wr_request_answer(request);
}

/* An idempotent producer always gets a new id: whatever it had before, its sequences start anew. Transactions are not
 * served. Of the codes that could say so, only TRANSACTIONAL_ID_AUTHORIZATION_FAILED ends a transactional client at
 * once; librdkafka retries UNSUPPORTED_VERSION until its timeout. */
weir_err wr_api_init_producer_id(wr_request *request)
{
    const wr_init_producer_id_request *in = request->message;
    wr_init_producer_id_response *out = request->response;
    out->producer_epoch = WR_NO_PRODUCER_EPOCH;
    if (in->transactional_id.data) {
        out->error_code = wr_api_authorise(request, WR_ACL_TRANSACTIONAL_ID, in->transactional_id);
        if (out->error_code != WR_KAFKA_NONE)
            return WEIR_OK;
        out->error_code =
            in->transactional_id.size == 0 ? WR_KAFKA_INVALID_REQUEST : WR_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
        return WEIR_OK;
    }
    out->error_code = wr_api_authorise_cluster(request);
    if (out->error_code != WR_KAFKA_NONE)
        return WEIR_OK;
    if ((in->producer_id == WR_NO_PRODUCER_ID) != (in->producer_epoch == WR_NO_PRODUCER_EPOCH)) {
        out->producer_id = WR_NO_PRODUCER_ID;
        out->error_code = WR_KAFKA_INVALID_REQUEST; /* one without the other */
        return WEIR_OK;
    }
    int64_t id = -1;
    wr_producer_id_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    if (!wait)
        return WEIR_E_MEMORY;
    weir_err err = wr_producer_ids_next(wr_api_broker(request)->producer_ids, &id, wait, given, request);
    if (err == WEIR_E_AGAIN)
        wr_request_keep(request, NULL);
    else
        answer(request, err, id);
    return WEIR_OK;
}
