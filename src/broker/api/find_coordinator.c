/* FindCoordinator: the one broker coordinates every group and every transaction; from version 4 several are asked for
 * at once. Share groups (key type 2) are not kept here. */
#include "api.h"

#include <group/groups.h>
#include <wire/find_coordinator.h>

enum { KEY_GROUP = 0, KEY_TRANSACTION = 1, FIRST_BATCHED_VERSION = 4 };

/* Clients of Java print it even where all is well. */
static weir_slice message(int16_t version, int16_t error)
{
    if (error == WR_KAFKA_GROUP_AUTHORIZATION_FAILED || error == WR_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
        return (weir_slice){0};
    if (error == WR_KAFKA_NONE)
        return version < FIRST_BATCHED_VERSION ? WEIR_SLICE("NONE") : WEIR_SLICE("");
    return error == WR_KAFKA_INVALID_REQUEST ? WEIR_SLICE("this kind of coordinator is not kept here")
                                             : WEIR_SLICE("the groups are being loaded; ask again");
}

/* Any name will do, also the empty one: kafka-python asks with it to learn what the broker is. */
static int16_t judge(wr_request *request, int8_t key_type, weir_slice key)
{
    if (key_type == KEY_TRANSACTION)
        return wr_api_authorise(request, WR_ACL_TRANSACTIONAL_ID, key);
    if (key_type != KEY_GROUP)
        return WR_KAFKA_INVALID_REQUEST;
    int16_t error = wr_api_authorise(request, WR_ACL_GROUP, key);
    return error != WR_KAFKA_NONE ? error : wr_groups_ready(wr_api_broker(request)->groups);
}

weir_err wr_api_find_coordinator(wr_request *request)
{
    const wr_find_coordinator_request *in = request->message;
    wr_find_coordinator_response *out = request->response;
    weir_slice host;
    int32_t port, node_id = wr_api_broker(request)->config.node_id;
    wr_api_endpoint(request, &host, &port);

    if (request->header.api_version < FIRST_BATCHED_VERSION) {
        out->error_code = judge(request, in->key_type, in->key);
        out->error_message = message(request->header.api_version, out->error_code);
        bool found = out->error_code == WR_KAFKA_NONE;
        out->node_id = found ? node_id : -1;
        out->host = found ? host : WEIR_SLICE("");
        out->port = found ? port : -1;
        return WEIR_OK;
    }
    out->coordinators = WR_API_ITEMS(request, wr_find_coordinator_response_coordinator, in->coordinator_key_count);
    if (!out->coordinators && in->coordinator_key_count > 0)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->coordinator_key_count; i++) {
        int16_t error = judge(request, in->key_type, in->coordinator_keys[i]);
        bool found = error == WR_KAFKA_NONE;
        out->coordinators[out->coordinator_count++] = (wr_find_coordinator_response_coordinator){
            .key = in->coordinator_keys[i],
            .node_id = found ? node_id : -1,
            .host = found ? host : WEIR_SLICE(""),
            .port = found ? port : -1,
            .error_code = error,
            .error_message = message(request->header.api_version, error),
        };
    }
    return WEIR_OK;
}
