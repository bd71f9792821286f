/* ListConfigResources: whose settings can be asked for: the broker and all topics. */
#include <topics/topics.h>
#include <wire/list_config_resources.h>

#include "api.h"

static bool is_asked(const wr_list_config_resources_request *in, int8_t type)
{
    for (int32_t i = 0; i < in->resource_type_count; i++)
        if (in->resource_types[i] == type)
            return true;
    return in->resource_type_count <= 0;
}

static bool is_known(int8_t type)
{
    return type == WR_RESOURCE_TOPIC || type == WR_RESOURCE_BROKER || type == WR_RESOURCE_BROKER_LOGGER ||
           type == WR_RESOURCE_CLIENT_METRICS || type == WR_RESOURCE_GROUP;
}

/* Version 0 knows client metrics only, of which there are none. */
weir_err wr_api_list_config_resources(wr_request *request)
{
    const wr_list_config_resources_request *in = request->message;
    wr_list_config_resources_response *out = request->response;
    wr_topics *topics = wr_api_broker(request)->topics;
    out->error_code = wr_api_authorise_cluster(request);
    if (out->error_code != WR_KAFKA_NONE || request->header.api_version == 0)
        return WEIR_OK;
    for (int32_t i = 0; i < in->resource_type_count; i++)
        if (!is_known(in->resource_types[i])) {
            out->error_code = WR_KAFKA_UNSUPPORTED_VERSION;
            return WEIR_OK;
        }
    out->config_resources =
        WR_API_ITEMS(request, wr_list_config_resources_response_config_resource, wr_topics_count(topics) + 1);
    if (!out->config_resources)
        return WEIR_E_MEMORY;
    if (is_asked(in, WR_RESOURCE_BROKER))
        out->config_resources[out->config_resource_count++] = (wr_list_config_resources_response_config_resource){
            .resource_name = wr_api_text(request, "%d", wr_api_broker(request)->config.node_id),
            .resource_type = WR_RESOURCE_BROKER};
    wr_topic *topic = is_asked(in, WR_RESOURCE_TOPIC) ? wr_topics_next(topics, NULL) : NULL;
    for (; topic; topic = wr_topics_next(topics, topic))
        out->config_resources[out->config_resource_count++] = (wr_list_config_resources_response_config_resource){
            .resource_name = weir_slice_of(topic->name), .resource_type = WR_RESOURCE_TOPIC};
    return WEIR_OK;
}
