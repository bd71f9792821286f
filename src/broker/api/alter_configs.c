/* AlterConfigs and IncrementalAlterConfigs: settings of topics. A broker's settings come from its configuration, and
 * change with a restart. */
#include <topics/topics.h>
#include <wire/alter_configs.h>
#include <wire/incremental_alter_configs.h>

#include "api.h"

typedef struct verdict {
    int16_t error;
    weir_slice message; /* data NULL: none */
} verdict;

static const verdict fine;

static verdict refuse(int16_t error, weir_slice message)
{
    return (verdict){error, message};
}

static verdict find(wr_request *request, int8_t type, weir_slice name, wr_topic **ret_topic)
{
    bool is_topic = type == WR_RESOURCE_TOPIC;
    int16_t denied = is_topic ? wr_api_authorise(request, WR_ACL_TOPIC, name) : wr_api_authorise_cluster(request);
    if (denied != WR_KAFKA_NONE)
        return refuse(denied, (weir_slice){0});
    if (!is_topic)
        return refuse(WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("Only topics can be changed while the broker runs."));
    *ret_topic = wr_topics_find(wr_api_broker(request)->topics, name);
    if (!*ret_topic)
        return refuse(WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, WEIR_SLICE("There is no such topic."));
    if ((*ret_topic)->internal)
        return refuse(WR_KAFKA_POLICY_VIOLATION, WEIR_SLICE("This topic belongs to the broker."));
    return fine;
}

static verdict set(wr_request *request, wr_topic_config *config, weir_slice name, weir_slice value)
{
    weir_failure failure = {0};
    if (wr_topic_config_set(config, name, value, &failure) != WEIR_OK)
        return refuse(WR_KAFKA_INVALID_CONFIG, wr_api_text(request, "%s", failure.sentence));
    return fine;
}

/* Puts the configuration in force, or (validate_only, a refusal) throws it away. */
static verdict conclude(wr_request *request, wr_topic *topic, wr_topic_config *config, bool validate_only,
                        verdict so_far)
{
    weir_err err = WEIR_OK;
    if (so_far.error == WR_KAFKA_NONE && !validate_only) {
        err = wr_topics_configure(wr_api_broker(request)->topics, topic, config);
        if (err == WEIR_OK)
            return fine;
        so_far = refuse(wr_api_storage_error(err), WEIR_SLICE("The topic's settings cannot be written."));
    }
    wr_topic_config_free(config);
    return so_far;
}

/* ---- all settings at once */

static verdict replace(wr_request *request, const wr_alter_configs_request_resource *asked, bool validate_only)
{
    wr_topic *topic = NULL;
    verdict result = find(request, asked->resource_type, asked->resource_name, &topic);
    if (result.error != WR_KAFKA_NONE)
        return result;
    wr_topic_config *config = wr_topic_config_new();
    if (!config)
        return refuse(WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
    for (int32_t i = 0; i < asked->config_count && result.error == WR_KAFKA_NONE; i++)
        result = set(request, config, asked->configs[i].name, asked->configs[i].value);
    return conclude(request, topic, config, validate_only, result);
}

weir_err wr_api_alter_configs(wr_request *request)
{
    const wr_alter_configs_request *in = request->message;
    wr_alter_configs_response *out = request->response;
    out->responses = WR_API_ITEMS(request, wr_alter_configs_response_resource, in->resource_count);
    if (!out->responses)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->resource_count; i++) {
        verdict result = replace(request, &in->resources[i], in->validate_only);
        out->responses[out->response_count++] =
            (wr_alter_configs_response_resource){.error_code = result.error,
                                                 .error_message = result.message,
                                                 .resource_type = in->resources[i].resource_type,
                                                 .resource_name = in->resources[i].resource_name};
    }
    return WEIR_OK;
}

/* ---- one setting at a time */

static bool list_has(weir_slice list, weir_slice item)
{
    for (size_t at = 0; at <= list.size;) {
        const uint8_t *comma = at < list.size ? memchr(list.data + at, ',', list.size - at) : NULL;
        size_t size = comma ? (size_t)(comma - list.data) - at : list.size - at;
        if (weir_slice_equal((weir_slice){list.data + at, size}, item))
            return true;
        at += size + 1;
    }
    return false;
}

/* The items of `from` that are not in `without`, behind `text`. */
static void add_items(wr_buf *text, weir_slice from, weir_slice without)
{
    for (size_t at = 0; at < from.size;) {
        const uint8_t *comma = memchr(from.data + at, ',', from.size - at);
        size_t size = comma ? (size_t)(comma - from.data) - at : from.size - at;
        weir_slice item = {from.data + at, size};
        at += size + 1;
        if (item.size == 0 || (without.data && list_has(without, item)) || list_has(wr_buf_view(text), item))
            continue;
        if (text->size > 0)
            wr_buf_text(text, ",");
        wr_buf_slice(text, item);
    }
}

static verdict change_list(wr_request *request, wr_topic_config *config, const wr_topic_key *key, int8_t operation,
                           weir_slice value)
{
    if (key->type != WR_CONFIG_TYPE_LIST)
        return refuse(WR_KAFKA_INVALID_CONFIG,
                      wr_api_text(request, "Can't append to or subtract from %s, which is not a list.", key->name));
    char room[32];
    weir_slice now =
        weir_slice_of(wr_topic_config_effective(config, key, &wr_api_broker(request)->config.topics, room));
    wr_buf text;
    wr_buf_init(&text, 64 * 1024);
    add_items(&text, now, operation == WR_CONFIG_SUBTRACT ? value : (weir_slice){0});
    if (operation == WR_CONFIG_APPEND)
        add_items(&text, value, (weir_slice){0});
    verdict result = fine;
    if (wr_buf_failed(&text))
        result = refuse(WR_KAFKA_INVALID_CONFIG, WEIR_SLICE("The list is too long."));
    else
        result = set(request, config, weir_slice_of(key->name), weir_slice_of(wr_buf_cstr(&text)));
    wr_buf_fini(&text);
    return result;
}

static verdict change_one(wr_request *request, wr_topic_config *config,
                          const wr_incremental_alter_configs_request_config *asked)
{
    const wr_topic_key *key = wr_topic_key_find(asked->name);
    if (asked->config_operation == WR_CONFIG_DELETE)
        return set(request, config, asked->name, (weir_slice){0});
    if (!asked->value.data)
        return refuse(WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("A value is missing."));
    if (asked->config_operation == WR_CONFIG_SET || !key)
        return set(request, config, asked->name, asked->value);
    if (asked->config_operation == WR_CONFIG_APPEND || asked->config_operation == WR_CONFIG_SUBTRACT)
        return change_list(request, config, key, asked->config_operation, asked->value);
    return refuse(WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("Unknown operation."));
}

static verdict change(wr_request *request, const wr_incremental_alter_configs_request_resource *asked,
                      bool validate_only)
{
    wr_topic *topic = NULL;
    verdict result = find(request, asked->resource_type, asked->resource_name, &topic);
    if (result.error != WR_KAFKA_NONE)
        return result;
    for (int32_t i = 0; i < asked->config_count; i++)
        for (int32_t k = 0; k < i; k++)
            if (weir_slice_equal(asked->configs[i].name, asked->configs[k].name))
                return refuse(WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("A key is there twice."));
    wr_topic_config *config = wr_topic_config_dup(topic->config);
    if (!config)
        return refuse(WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
    for (int32_t i = 0; i < asked->config_count && result.error == WR_KAFKA_NONE; i++)
        result = change_one(request, config, &asked->configs[i]);
    return conclude(request, topic, config, validate_only, result);
}

weir_err wr_api_incremental_alter_configs(wr_request *request)
{
    const wr_incremental_alter_configs_request *in = request->message;
    wr_incremental_alter_configs_response *out = request->response;
    out->responses = WR_API_ITEMS(request, wr_incremental_alter_configs_response_resource, in->resource_count);
    if (!out->responses)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->resource_count; i++) {
        verdict result = change(request, &in->resources[i], in->validate_only);
        out->responses[out->response_count++] =
            (wr_incremental_alter_configs_response_resource){.error_code = result.error,
                                                             .error_message = result.message,
                                                             .resource_type = in->resources[i].resource_type,
                                                             .resource_name = in->resources[i].resource_name};
    }
    return WEIR_OK;
}
