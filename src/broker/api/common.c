/* What handlers share: rights, waits, addresses, error codes, texts, repetitions, origins of settings (api.h). */
#include <topics/topics.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "api.h"

/* What was begun goes on whoever listens. */
void wr_api_wait_keep(wr_api_wait *wait)
{
    if (wait->count > 0)
        wr_request_keep(wait->request, NULL);
}

void wr_api_wait_end(wr_api_wait *wait)
{
    if (--wait->count == 0)
        wr_request_answer(wait->request);
}

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

static bool allows(wr_request *request, int8_t operation, int8_t resource, weir_slice name, int16_t *ret_error)
{
    const wr_authorizer *authorizer = wr_api_broker(request)->authorizer;
    *ret_error = WR_KAFKA_NONE;
    if (!authorizer)
        return true;
    const wr_action action = {.principal = request->principal,
                              .host = wr_request_client_host(request),
                              .operation = operation,
                              .resource = resource,
                              .name = name.data ? name : WEIR_SLICE("")};
    *ret_error = wr_authorise(authorizer, &action);
    return *ret_error == WR_KAFKA_NONE;
}

int16_t wr_api_authorise(wr_request *request, int8_t resource, weir_slice name)
{
    const wr_right *right = request->handler->rights;
    int16_t error;
    while (right->resource != resource) {
        right++;
        assert(right < request->handler->rights + WR_HANDLER_RIGHT_MAX); /* the table names what a handler asks for */
    }
    allows(request, right->operation, resource, name, &error);
    return error;
}

int16_t wr_api_authorise_cluster(wr_request *request)
{
    return wr_api_authorise(request, WR_ACL_CLUSTER, WEIR_SLICE("kafka-cluster"));
}

int32_t wr_api_operations(wr_request *request, int8_t resource, weir_slice name, int32_t mask)
{
    int32_t allowed = 0;
    for (int8_t operation = 0; operation < 31; operation++) {
        int16_t error;
        if (mask & 1 << operation && allows(request, operation, resource, name, &error))
            allowed |= 1 << operation;
    }
    return allowed;
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

const char *wr_api_storage_reason(weir_err err)
{
    return err == WEIR_E_FULL ? "the disk is full" : weir_err_name(err);
}

weir_slice wr_api_copy(wr_request *request, const char *text)
{
    weir_slice made = weir_arena_dup(request->arena, weir_slice_of(text));
    return made.data ? made : WEIR_SLICE("");
}

weir_slice wr_api_text(wr_request *request, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return wr_api_copy(request, text);
}

/* Null, which is no text at all, stands before all texts. */
static int compare_keys(weir_slice x, weir_slice y)
{
    if (!x.data || !y.data)
        return (x.data != NULL) - (y.data != NULL);
    size_t size = x.size < y.size ? x.size : y.size;
    int order = memcmp(x.data, y.data, size);
    return order ? order : (x.size > y.size) - (x.size < y.size);
}

static int by_key_then_place(const void *a, const void *b, void *user)
{
    const weir_slice *keys = user;
    int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
    int order = compare_keys(keys[left], keys[right]);
    return order ? order : (left > right) - (left < right);
}

const int32_t *wr_api_firsts(wr_request *request, const weir_slice *keys, int32_t count)
{
    int32_t *order = WR_API_ITEMS(request, int32_t, count), *firsts = WR_API_ITEMS(request, int32_t, count);
    if (!order || !firsts)
        return NULL;
    for (int32_t i = 0; i < count; i++)
        order[i] = i;
    if (count > 1)
        qsort_r(order, (size_t)count, sizeof *order, by_key_then_place, (void *)(uintptr_t)keys);
    for (int32_t i = 0, first = 0; i < count; i++) {
        if (compare_keys(keys[order[first]], keys[order[i]]) != 0)
            first = i;
        firsts[order[i]] = order[first];
    }
    return firsts;
}

const int32_t *wr_api_repeats(wr_request *request, const weir_slice *keys, int32_t count)
{
    const int32_t *firsts = wr_api_firsts(request, keys, count);
    int32_t *times = WR_API_ITEMS(request, int32_t, count);
    if (!firsts || !times)
        return NULL;
    for (int32_t i = 0; i < count; i++)
        times[firsts[i]]++;
    return times;
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
