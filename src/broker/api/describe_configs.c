/* DescribeConfigs: topics from their own table (topic_config.h), the broker from its configuration table (config.h),
 * and a few names that tools look for and this broker has no setting for. */
#include <topics/topics.h>
#include <weir/version.h>
#include <wire/describe_configs.h>

#include <stdio.h>

#include "api.h"

typedef wr_describe_configs_request_resource asked_resource;
typedef wr_describe_configs_response_result result;
typedef wr_describe_configs_response_config shown;
typedef wr_describe_configs_response_synonym synonym;

/* What tools read: kafka-ui takes the version from here, Debezium and others the replication. */
static const struct {
    const char *name, *value;
    int8_t type;
} fixed[] = {
    {"weir.version", WEIR_VERSION, WR_CONFIG_TYPE_STRING}, /* how a client knows whose broker this is */
    {"inter.broker.protocol.version", "4.2", WR_CONFIG_TYPE_STRING},
    {"min.insync.replicas", "1", WR_CONFIG_TYPE_INT},
    {"offsets.topic.num.partitions", "1", WR_CONFIG_TYPE_INT},
    {"offsets.topic.replication.factor", "1", WR_CONFIG_TYPE_SHORT},
    {"compression.type", "producer", WR_CONFIG_TYPE_STRING},
    {"authorizer.class.name", "", WR_CONFIG_TYPE_STRING},
};
enum { FIXED_COUNT = sizeof fixed / sizeof fixed[0] };

static bool is_asked(const asked_resource *asked, const char *name)
{
    for (int32_t i = 0; i < asked->configuration_key_count; i++)
        if (weir_slice_equal(asked->configuration_keys[i], weir_slice_of(name)))
            return true;
    return asked->configuration_key_count <= 0; /* none named: all, as in Kafka */
}

static void refuse(result *out, int16_t error, weir_slice message)
{
    out->error_code = error;
    out->error_message = message;
}

/* ---- the broker */

/* What a topic inherits has one type in both places. */
static int8_t type_of(const wr_config_key *key)
{
    for (const wr_topic_key *topic_key = wr_topic_keys; topic_key->name; topic_key++)
        if (topic_key->broker_key && strcmp(topic_key->broker_key, key->key) == 0)
            return topic_key->type;
    switch (key->kind) {
    case WR_CONFIG_INT:
        return WR_CONFIG_TYPE_INT;
    case WR_CONFIG_BOOL:
        return WR_CONFIG_TYPE_BOOLEAN;
    case WR_CONFIG_DURATION:
    case WR_CONFIG_SIZE:
        return WR_CONFIG_TYPE_LONG;
    default:
        return WR_CONFIG_TYPE_STRING;
    }
}

/* As Kafka says it: numbers without units. Null when not set, and when secret. */
static weir_slice value_of(wr_request *request, const wr_config_key *key)
{
    const wr_config *keys = wr_api_broker(request)->config.keys;
    const char *text = wr_config_text(keys, key->key);
    if (!text || key->secret)
        return (weir_slice){0};
    if (key->kind == WR_CONFIG_BOOL)
        return weir_slice_of(wr_config_bool(keys, key->key) ? "true" : "false");
    if (key->kind == WR_CONFIG_TEXT || key->kind == WR_CONFIG_CHOICE)
        return weir_slice_of(text);
    return wr_api_text(request, "%lld", (long long)wr_config_int(keys, key->key));
}

/* Where the value came from; and, when asked, the chain of those it went before. */
static weir_err add_origin(wr_request *request, const wr_config_key *key, shown *one)
{
    const wr_describe_configs_request *in = request->message;
    bool is_default = !wr_api_config_given(wr_api_broker(request), key->key);
    one->config_source = is_default ? WR_CONFIG_SOURCE_DEFAULT : WR_CONFIG_SOURCE_STATIC_BROKER;
    if (!in->include_synonyms)
        return WEIR_OK;
    one->synonyms = WR_API_ITEMS(request, synonym, 2);
    if (!one->synonyms)
        return WEIR_E_MEMORY;
    if (!is_default)
        one->synonyms[one->synonym_count++] =
            (synonym){.name = one->name, .value = one->value, .source = WR_CONFIG_SOURCE_STATIC_BROKER};
    if (key->fallback)
        one->synonyms[one->synonym_count++] =
            (synonym){.name = one->name, .value = weir_slice_of(key->fallback), .source = WR_CONFIG_SOURCE_DEFAULT};
    return WEIR_OK;
}

static weir_err show_broker(wr_request *request, const asked_resource *asked, result *out)
{
    const wr_describe_configs_request *in = request->message;
    int32_t count = FIXED_COUNT;
    for (const wr_config_key *key = wr_broker_keys; key->key; key++)
        count++;
    out->configs = WR_API_ITEMS(request, shown, count);
    if (!out->configs)
        return WEIR_E_MEMORY;
    for (const wr_config_key *key = wr_broker_keys; key->key; key++) {
        if (!is_asked(asked, key->key))
            continue;
        shown *one = &out->configs[out->config_count++];
        *one = (shown){.name = weir_slice_of(key->key),
                       .value = value_of(request, key),
                       .read_only = true,
                       .is_sensitive = key->secret,
                       .config_type = type_of(key)};
        if (in->include_documentation)
            one->documentation = weir_slice_of(key->help);
        weir_err err = add_origin(request, key, one);
        if (err != WEIR_OK)
            return err;
    }
    for (int i = 0; i < FIXED_COUNT; i++)
        if (is_asked(asked, fixed[i].name))
            out->configs[out->config_count++] = (shown){.name = weir_slice_of(fixed[i].name),
                                                        .value = weir_slice_of(fixed[i].value),
                                                        .read_only = true,
                                                        .config_source = WR_CONFIG_SOURCE_DEFAULT,
                                                        .config_type = fixed[i].type};
    return WEIR_OK;
}

/* ---- topics */

/* As it is shown: without a unit. NULL: the broker has no such key, or it counts in other units. */
static const char *broker_fallback(const char *name)
{
    for (const wr_config_key *key = wr_broker_keys; key->key; key++)
        if (strcmp(key->key, name) == 0 && key->kind == WR_CONFIG_INT)
            return key->fallback;
    return NULL;
}

static weir_err add_synonyms(wr_request *request, const wr_topic *topic, const wr_topic_key *key, shown *one)
{
    one->synonyms = WR_API_ITEMS(request, synonym, 3);
    if (!one->synonyms)
        return WEIR_E_MEMORY;
    const char *own = wr_topic_config_get(topic->config, key);
    if (own)
        one->synonyms[one->synonym_count++] =
            (synonym){.name = one->name, .value = one->value, .source = WR_CONFIG_SOURCE_TOPIC};
    char room[32];
    if (key->broker_key && wr_api_config_source(wr_api_broker(request), NULL, key) == WR_CONFIG_SOURCE_STATIC_BROKER) {
        const char *value = wr_topic_config_effective(NULL, key, &wr_api_broker(request)->config.topics, room);
        one->synonyms[one->synonym_count++] = (synonym){.name = weir_slice_of(key->broker_key),
                                                        .value = wr_api_copy(request, value),
                                                        .source = WR_CONFIG_SOURCE_STATIC_BROKER};
    }
    const char *fallback = key->synonym ? broker_fallback(key->synonym) : NULL;
    if (key->synonym)
        one->synonyms[one->synonym_count++] = (synonym){.name = weir_slice_of(key->synonym),
                                                        .value = weir_slice_of(fallback ? fallback : key->fallback),
                                                        .source = WR_CONFIG_SOURCE_DEFAULT};
    return WEIR_OK;
}

static weir_err show_topic(wr_request *request, const asked_resource *asked, result *out)
{
    const wr_describe_configs_request *in = request->message;
    const wr_topic *topic = wr_topics_find(wr_api_broker(request)->topics, asked->resource_name);
    if (!topic) {
        bool legal = wr_topic_name_legal(asked->resource_name);
        refuse(out, legal ? WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION : WR_KAFKA_INVALID_TOPIC_EXCEPTION,
               WEIR_SLICE("There is no such topic."));
        return WEIR_OK;
    }
    int32_t count = 0;
    while (wr_topic_keys[count].name)
        count++;
    out->configs = WR_API_ITEMS(request, shown, count);
    if (!out->configs)
        return WEIR_E_MEMORY;
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++) {
        if (!is_asked(asked, key->name))
            continue;
        char room[32];
        const char *value = wr_topic_config_effective(topic->config, key, &wr_api_broker(request)->config.topics, room);
        shown *one = &out->configs[out->config_count++];
        *one = (shown){.name = weir_slice_of(key->name),
                       .value = wr_api_copy(request, value),
                       .config_source = wr_api_config_source(wr_api_broker(request), topic->config, key),
                       .config_type = key->type};
        if (in->include_documentation)
            one->documentation = weir_slice_of(key->help);
        weir_err err = in->include_synonyms ? add_synonyms(request, topic, key, one) : WEIR_OK;
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

/* ---- the request */

static weir_err show(wr_request *request, const asked_resource *asked, result *out)
{
    out->resource_type = asked->resource_type;
    out->resource_name = asked->resource_name;
    out->error_message = WEIR_SLICE("");
    char id[16];
    out->error_code = asked->resource_type == WR_RESOURCE_TOPIC
                          ? wr_api_authorise(request, WR_ACL_TOPIC, asked->resource_name)
                          : wr_api_authorise_cluster(request);
    if (out->error_code != WR_KAFKA_NONE)
        return WEIR_OK;
    switch (asked->resource_type) {
    case WR_RESOURCE_TOPIC:
        return show_topic(request, asked, out);
    case WR_RESOURCE_BROKER:
        snprintf(id, sizeof id, "%d", wr_api_broker(request)->config.node_id);
        if (asked->resource_name.size == 0)
            return WEIR_OK; /* the cluster's dynamic defaults: there are none */
        if (weir_slice_equal(asked->resource_name, weir_slice_of(id)))
            return show_broker(request, asked, out);
        refuse(out, WR_KAFKA_INVALID_REQUEST, wr_api_text(request, "The only broker has id %s.", id));
        return WEIR_OK;
    case WR_RESOURCE_BROKER_LOGGER:
    case WR_RESOURCE_CLIENT_METRICS:
    case WR_RESOURCE_GROUP:
        return WEIR_OK; /* nothing can be set there */
    default:
        refuse(out, WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("Unknown resource type."));
        return WEIR_OK;
    }
}

weir_err wr_api_describe_configs(wr_request *request)
{
    const wr_describe_configs_request *in = request->message;
    wr_describe_configs_response *out = request->response;
    out->results = WR_API_ITEMS(request, result, in->resource_count);
    if (!out->results)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->resource_count; i++) {
        weir_err err = show(request, &in->resources[i], &out->results[out->result_count++]);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}
