#include <topics/topics.h>

#include <stdarg.h>
#include <stdio.h>

#include "api.h"

/* With "auto" that is the address it reached: whoever came here that way can come again. */
void wr_api_endpoint(wr_request *request, weir_slice *ret_host, int32_t *ret_port)
{
    const wr_broker *broker = wr_api_broker(request);
    const wr_listener_config *listener = &broker->config.listeners[request->listener];
    bool automatic = strcmp(listener->advertised_host, "auto") == 0;
    *ret_host = weir_slice_of(automatic ? wr_request_local_host(request) : listener->advertised_host);
    *ret_port =
        listener->advertised_port ? listener->advertised_port : wr_server_port(broker->server, request->listener);
}

int16_t wr_api_storage_error(weir_err err)
{
    switch (err) {
    case WEIR_OK:
        return WR_KAFKA_NONE;
    case WEIR_E_IO:
    case WEIR_E_FULL:
    case WEIR_E_CORRUPT:
    case WEIR_E_BROKEN:
    case WEIR_E_MEMORY:
        return WR_KAFKA_KAFKA_STORAGE_ERROR;
    default:
        return WR_KAFKA_UNKNOWN_SERVER_ERROR;
    }
}

weir_slice wr_api_text(wr_request *request, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    weir_slice made = weir_arena_dup(request->arena, weir_slice_of(text));
    return made.data ? made : WEIR_SLICE("");
}

int16_t wr_api_check_epoch(int32_t epoch)
{
    if (epoch > WR_LEADER_EPOCH)
        return WR_KAFKA_UNKNOWN_LEADER_EPOCH;
    return WR_KAFKA_NONE;
}

bool wr_api_config_given(const wr_broker *broker, const char *key)
{
    const char *origin = wr_config_origin(broker->config.keys, key);
    return origin && strcmp(origin, "default") != 0;
}

/* Some of the broker's settings have several names; any of them sets what topics inherit. */
static bool is_given(const wr_broker *broker, const char *key)
{
    if (strcmp(key, "log.retention.ms") == 0)
        return wr_api_config_given(broker, key) || wr_api_config_given(broker, "log.retention.minutes") ||
               wr_api_config_given(broker, "log.retention.hours");
    if (strcmp(key, "log.roll.ms") == 0)
        return wr_api_config_given(broker, key) || wr_api_config_given(broker, "log.roll.hours");
    return wr_api_config_given(broker, key);
}

int8_t wr_api_config_source(const wr_broker *broker, const wr_topic_config *config, const wr_topic_key *key)
{
    if (wr_topic_config_get(config, key))
        return WR_CONFIG_SOURCE_TOPIC;
    bool given = key->broker_key && is_given(broker, key->broker_key);
    return given ? WR_CONFIG_SOURCE_STATIC_BROKER : WR_CONFIG_SOURCE_DEFAULT;
}
