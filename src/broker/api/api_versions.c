/* ApiVersions: which requests are served, in which versions. A client that asks in a version from the future is told in
 * version 0 which one to ask in (KIP-511). */
#include <wire/api_versions.h>

#include "api.h"

/* KIP-511: letters, digits, '.' and '-', and a letter or digit at both ends. */
static bool software_name_legal(weir_slice name)
{
    if (name.size == 0)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        bool inside = i > 0 && i + 1 < name.size;
        if (!plain && !(inside && (c == '.' || c == '-')))
            return false;
    }
    return true;
}

static weir_err list_apis(wr_request *request, wr_api_versions_response *out, int16_t only)
{
    int32_t count = 0;
    for (const wr_handler *handler = wr_server_handlers(wr_api_broker(request)->server); handler->run; handler++)
        count += only < 0 || handler->api_key == only;
    out->api_keys = WR_API_ITEMS(request, wr_api_versions_response_api_key, count);
    if (!out->api_keys)
        return WEIR_E_MEMORY;
    for (const wr_handler *handler = wr_server_handlers(wr_api_broker(request)->server); handler->run; handler++) {
        const wr_api *api = wr_api_find(handler->api_key);
        if (only < 0 || api->key == only)
            out->api_keys[out->api_key_count++] = (wr_api_versions_response_api_key){
                .api_key = api->key, .min_version = api->min_advertised, .max_version = api->request->max_version};
    }
    return WEIR_OK;
}

/* No features are finalized, so clients use neither transactions v2 nor the new group protocol. */
weir_err wr_api_api_versions(wr_request *request)
{
    const wr_api_versions_request *in = request->message;
    wr_api_versions_response *out = request->response;
    if (!in) { /* a version from the future: say in version 0 which one to ask in */
        out->error_code = WR_KAFKA_UNSUPPORTED_VERSION;
        return list_apis(request, out, WR_API_API_VERSIONS);
    }
    if (request->header.api_version >= 3 &&
        (!software_name_legal(in->client_software_name) || !software_name_legal(in->client_software_version))) {
        out->error_code = WR_KAFKA_INVALID_REQUEST;
        return WEIR_OK;
    }
    return list_apis(request, out, -1);
}
