/* DescribeCluster: the one broker, as a broker's listener is asked for it; controllers have listeners of their own, and
 * this is none. */
#include <wire/describe_cluster.h>

#include "api.h"

enum { BROKERS = 1, CONTROLLERS = 2 };

weir_err wr_api_describe_cluster(wr_request *request)
{
    const wr_describe_cluster_request *in = request->message;
    wr_describe_cluster_response *out = request->response;
    out->endpoint_type = BROKERS;
    if (in->endpoint_type != BROKERS) {
        bool known = in->endpoint_type == CONTROLLERS;
        out->error_code = known ? WR_KAFKA_MISMATCHED_ENDPOINT_TYPE : WR_KAFKA_UNSUPPORTED_ENDPOINT_TYPE;
        out->error_message = WEIR_SLICE("This is a broker's listener.");
        return WEIR_OK;
    }
    out->cluster_id = weir_slice_of(wr_api_broker(request)->cluster_id);
    out->brokers = WR_API_ITEMS(request, wr_describe_cluster_response_broker, 1);
    if (!out->brokers)
        return WEIR_E_MEMORY;
    out->broker_count = 1;
    out->brokers[0].broker_id = wr_api_broker(request)->config.node_id;
    wr_api_endpoint(request, &out->brokers[0].host, &out->brokers[0].port);
    out->controller_id = wr_api_broker(request)->config.node_id;
    if (in->include_cluster_authorized_operations)
        out->cluster_authorized_operations =
            wr_api_operations(request, WR_ACL_CLUSTER, WEIR_SLICE("kafka-cluster"), WR_CLUSTER_OPERATIONS);
    return WEIR_OK;
}
