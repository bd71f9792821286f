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
        return refuse(WR_KAFKA_INVALID_CONFIG, wr_api_copy(request, failure.sentence));
    return fine;
}

/* One topic's settings on their way to the disk. */
typedef struct alteration {
    wr_api_wait *wait;
    weir_slice name;
    int16_t *error; /* in the response */
    weir_slice *message;
    const wr_incremental_alter_configs_request_resource *changes; /* NULL: all settings were given */
} alteration;

static void altered(void *user, weir_err err, wr_topic *topic);

/* Puts the configuration in force, or (validate_only, a refusal) throws it away. */
static verdict conclude(alteration *one, const wr_topic *topic, wr_topic_config *config, bool validate_only,
                        verdict so_far)
{
    weir_failure failure = {0};
    if (so_far.error == WR_KAFKA_NONE && wr_topic_config_check(config, &failure) != WEIR_OK)
        so_far = refuse(WR_KAFKA_INVALID_CONFIG, wr_api_copy(one->wait->request, failure.sentence));
    if (so_far.error == WR_KAFKA_NONE && !validate_only) {
        int64_t based_on = one->changes ? topic->config_count : -1;
        weir_err err =
            wr_topics_configure(wr_api_broker(one->wait->request)->topics, one->name, config, based_on, altered, one);
        if (err == WEIR_OK) {
            one->wait->count++;
            return fine;
        }
        so_far = refuse(wr_api_storage_error(err), WEIR_SLICE("Out of memory."));
    }
    wr_topic_config_free(config);
    return so_far;
}

static void say(alteration *one, verdict result)
{
    *one->error = result.error;
    *one->message = result.message;
}

/* What names a resource, of the requests' structs. */
typedef struct resource_name {
    int8_t type;
    weir_slice name;
} resource_name;

/* How often each resource is there: one that is there twice, changed in whatever order, would be a guess. NULL: memory. */
static const int32_t *count_resources(wr_request *request, int32_t count,
                                      resource_name (*named)(const void *in, int32_t i))
{
    weir_slice *keys = WR_API_ITEMS(request, weir_slice, count);
    for (int32_t i = 0; keys && i < count; i++) {
        resource_name one = named(request->message, i);
        uint8_t *key = weir_arena_array(request->arena, one.name.size + 1, 1);
        if (!key)
            return NULL;
        key[0] = (uint8_t)one.type;
        memcpy(key + 1, one.name.data, one.name.size);
        keys[i] = (weir_slice){key, one.name.size + 1};
    }
    return keys ? wr_api_repeats(request, keys, count) : NULL;
}

static const verdict twice = {WR_KAFKA_INVALID_REQUEST, {(const uint8_t *)"The resource is there twice.", 28}};

/* ---- all settings at once */

static verdict replace(alteration *one, const wr_alter_configs_request_resource *asked, bool validate_only)
{
    wr_request *request = one->wait->request;
    wr_topic *topic = NULL;
    verdict result = find(request, asked->resource_type, asked->resource_name, &topic);
    if (result.error != WR_KAFKA_NONE)
        return result;
    wr_topic_config *config = wr_topic_config_new();
    if (!config)
        return refuse(WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
    for (int32_t i = 0; i < asked->config_count && result.error == WR_KAFKA_NONE; i++)
        result = asked->configs[i].value.data ? set(request, config, asked->configs[i].name, asked->configs[i].value)
                                              : refuse(WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("A value is missing."));
    return conclude(one, topic, config, validate_only, result);
}

static resource_name named_replaced(const void *message, int32_t at)
{
    const wr_alter_configs_request *in = message;
    return (resource_name){in->resources[at].resource_type, in->resources[at].resource_name};
}

weir_err wr_api_alter_configs(wr_request *request)
{
    const wr_alter_configs_request *in = request->message;
    wr_alter_configs_response *out = request->response;
    out->responses = WR_API_ITEMS(request, wr_alter_configs_response_resource, in->resource_count);
    wr_api_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    alteration *each = WR_API_ITEMS(request, alteration, in->resource_count);
    const int32_t *times = count_resources(request, in->resource_count, named_replaced);
    if (!wait || !each || !out->responses || !times)
        return WEIR_E_MEMORY;
    wait->request = request;
    for (int32_t i = 0; i < in->resource_count; i++) {
        wr_alter_configs_response_resource *to = &out->responses[out->response_count++];
        to->resource_type = in->resources[i].resource_type;
        to->resource_name = in->resources[i].resource_name;
        each[i] = (alteration){wait, to->resource_name, &to->error_code, &to->error_message, NULL};
        say(&each[i], times[i] != 1 ? twice : replace(&each[i], &in->resources[i], in->validate_only));
    }
    wr_api_wait_keep(wait);
    return WEIR_OK;
}

/* ---- one setting at a time */

enum { LIST_SIZE_MAX = 4096 }; /* no value of a setting is longer (topic_config.c) */

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
    if (value.size > LIST_SIZE_MAX) /* a look through the list for each item, before it is found to be too long */
        return refuse(WR_KAFKA_INVALID_CONFIG, WEIR_SLICE("The list is too long."));
    wr_buf text;
    wr_buf_init(&text, LIST_SIZE_MAX);
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

static const int32_t *key_repeats(wr_request *request, const wr_incremental_alter_configs_request_resource *asked)
{
    weir_slice *keys = WR_API_ITEMS(request, weir_slice, asked->config_count);
    for (int32_t i = 0; keys && i < asked->config_count; i++)
        keys[i] = asked->configs[i].name;
    return keys ? wr_api_repeats(request, keys, asked->config_count) : NULL;
}

static verdict change(alteration *one, const wr_incremental_alter_configs_request_resource *asked, bool validate_only)
{
    wr_request *request = one->wait->request;
    wr_topic *topic = NULL;
    verdict result = find(request, asked->resource_type, asked->resource_name, &topic);
    if (result.error != WR_KAFKA_NONE)
        return result;
    const int32_t *times = key_repeats(request, asked);
    if (!times)
        return refuse(WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
    for (int32_t i = 0; i < asked->config_count; i++)
        if (times[i] != 1)
            return refuse(WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("A key is there twice."));
    wr_topic_config *config = wr_topic_config_dup(topic->config);
    if (!config)
        return refuse(WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
    for (int32_t i = 0; i < asked->config_count && result.error == WR_KAFKA_NONE; i++)
        result = change_one(request, config, &asked->configs[i]);
    return conclude(one, topic, config, validate_only, result);
}

/* Another change of the topic came before: this one is made of the settings as they are now. */
static void altered(void *user, weir_err err, wr_topic *topic)
{
    (void)topic;
    alteration *one = user;
    if (err == WEIR_E_AGAIN)
        say(one, change(one, one->changes, false));
    else if (err == WEIR_E_NOT_FOUND)
        say(one, refuse(WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, WEIR_SLICE("There is no such topic.")));
    else if (err != WEIR_OK)
        say(one, refuse(wr_api_storage_error(err),
                        wr_api_text(one->wait->request, "The topic's settings cannot be written: %s.",
                                    wr_api_storage_reason(err))));
    wr_api_wait_end(one->wait);
}

static resource_name named_changed(const void *message, int32_t at)
{
    const wr_incremental_alter_configs_request *in = message;
    return (resource_name){in->resources[at].resource_type, in->resources[at].resource_name};
}

weir_err wr_api_incremental_alter_configs(wr_request *request)
{
    const wr_incremental_alter_configs_request *in = request->message;
    wr_incremental_alter_configs_response *out = request->response;
    out->responses = WR_API_ITEMS(request, wr_incremental_alter_configs_response_resource, in->resource_count);
    wr_api_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    alteration *each = WR_API_ITEMS(request, alteration, in->resource_count);
    const int32_t *times = count_resources(request, in->resource_count, named_changed);
    if (!wait || !each || !out->responses || !times)
        return WEIR_E_MEMORY;
    wait->request = request;
    for (int32_t i = 0; i < in->resource_count; i++) {
        wr_incremental_alter_configs_response_resource *to = &out->responses[out->response_count++];
        to->resource_type = in->resources[i].resource_type;
        to->resource_name = in->resources[i].resource_name;
        each[i] = (alteration){wait, to->resource_name, &to->error_code, &to->error_message, &in->resources[i]};
        say(&each[i], times[i] != 1 ? twice : change(&each[i], &in->resources[i], in->validate_only));
    }
    wr_api_wait_keep(wait);
    return WEIR_OK;
}
