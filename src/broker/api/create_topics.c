#include <topics/topics.h>
#include <wire/create_topics.h>

#include "api.h"

typedef wr_create_topics_request_topic asked_topic;
typedef wr_create_topics_response_topic made_topic;

static bool refuse(made_topic *out, int16_t error, weir_slice message)
{
    out->error_code = error;
    out->error_message = message;
    return false;
}

/* A printable cut of a name that a client chose. */
#define NAME(slice)                                                                                                    \
    (int)((slice).size < WR_TOPIC_NAME_MAX ? (slice).size : WR_TOPIC_NAME_MAX), (const char *)(slice).data

static bool check_name(wr_request *request, const asked_topic *asked, int32_t times, made_topic *out)
{
    wr_topics *topics = wr_api_broker(request)->topics;
    if (times > 1)
        return refuse(out, WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("Duplicate topic name."));
    if (!wr_topic_name_legal(asked->name))
        return refuse(out, WR_KAFKA_INVALID_TOPIC_EXCEPTION,
                      WEIR_SLICE("A topic name has 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-', and is "
                                 "neither \".\" nor \"..\"."));
    if (wr_topics_find(topics, asked->name))
        return refuse(out, WR_KAFKA_TOPIC_ALREADY_EXISTS,
                      wr_api_text(request, "Topic '%.*s' already exists.", NAME(asked->name)));
    if (weir_slice_equal(asked->name, WEIR_SLICE(WR_OFFSETS_TOPIC)))
        return refuse(out, WR_KAFKA_INVALID_TOPIC_EXCEPTION, WEIR_SLICE("This topic is made by the broker itself."));
    const wr_topic *other = wr_topics_find_colliding(topics, asked->name);
    if (other)
        return refuse(
            out, WR_KAFKA_INVALID_TOPIC_EXCEPTION,
            wr_api_text(request, "Topic '%.*s' collides with existing topic: %s", NAME(asked->name), other->name));
    return true;
}

/* Assignments by hand: partitions 0 to n-1, each on this broker alone. */
static bool check_assignments(wr_request *request, const asked_topic *asked, int32_t *ret_count, made_topic *out)
{
    const wr_broker_config *config = &wr_api_broker(request)->config;
    if (asked->num_partitions != -1)
        return refuse(out, WR_KAFKA_INVALID_REQUEST,
                      WEIR_SLICE("A manual partition assignment was specified, but numPartitions was not set to -1."));
    if (asked->replication_factor != -1)
        return refuse(
            out, WR_KAFKA_INVALID_REQUEST,
            WEIR_SLICE("A manual partition assignment was specified, but replication factor was not set to -1."));
    int32_t count = asked->assignment_count;
    uint8_t *seen = WR_API_ITEMS(request, uint8_t, count);
    if (!seen)
        return refuse(out, WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
    for (int32_t i = 0; i < count; i++) {
        const wr_create_topics_request_assignment *one = &asked->assignments[i];
        bool in_range = one->partition_index >= 0 && one->partition_index < count;
        if (!in_range || seen[one->partition_index]++)
            return refuse(out, WR_KAFKA_INVALID_REPLICA_ASSIGNMENT,
                          WEIR_SLICE("Partitions should be a consecutive 0-based integer sequence."));
        if (one->broker_id_count != 1 || one->broker_ids[0] != config->node_id)
            return refuse(out, WR_KAFKA_INVALID_REPLICA_ASSIGNMENT,
                          wr_api_text(request, "The only broker has id %d.", config->node_id));
    }
    *ret_count = count;
    return true;
}

static bool check_size(wr_request *request, const asked_topic *asked, int32_t *ret_count, made_topic *out)
{
    const wr_broker_config *config = &wr_api_broker(request)->config;
    if (asked->assignment_count > 0)
        return check_assignments(request, asked, ret_count, out);
    if (asked->num_partitions < -1 || asked->num_partitions == 0)
        return refuse(out, WR_KAFKA_INVALID_PARTITIONS,
                      WEIR_SLICE("Number of partitions was set to an invalid non-positive value."));
    if (asked->replication_factor < -1 || asked->replication_factor == 0)
        return refuse(out, WR_KAFKA_INVALID_REPLICATION_FACTOR,
                      WEIR_SLICE("Replication factor must be larger than 0, or -1 to use the default value."));
    if (asked->replication_factor > 1 && !config->any_replication_factor)
        return refuse(out, WR_KAFKA_INVALID_REPLICATION_FACTOR,
                      wr_api_text(request,
                                  "Replication factor: %d larger than available brokers: 1. "
                                  "(accept.any.replication.factor makes the broker accept it.)",
                                  asked->replication_factor));
    *ret_count = asked->num_partitions == -1 ? config->partition_count : asked->num_partitions;
    return true;
}

static bool check_configs(wr_request *request, const asked_topic *asked, wr_topic_config *config, made_topic *out)
{
    for (int32_t i = 0; i < asked->config_count; i++) {
        weir_failure failure = {0};
        if (!asked->configs[i].value.data)
            return refuse(
                out, WR_KAFKA_INVALID_CONFIG,
                wr_api_text(request, "Null value not supported for topic configs: %.*s", NAME(asked->configs[i].name)));
        if (wr_topic_config_set(config, asked->configs[i].name, asked->configs[i].value, &failure) != WEIR_OK)
            return refuse(out, WR_KAFKA_INVALID_CONFIG, wr_api_text(request, "%s", failure.sentence));
    }
    weir_failure failure = {0};
    if (wr_topic_config_check(config, &failure) != WEIR_OK)
        return refuse(out, WR_KAFKA_INVALID_CONFIG, wr_api_text(request, "%s", failure.sentence));
    return true;
}

/* What KIP-525 shows of a topic that was just made. */
static weir_err show(wr_request *request, const wr_topic_config *config, int32_t partition_count, made_topic *out)
{
    int32_t count = 0;
    while (wr_topic_keys[count].name)
        count++;
    out->num_partitions = partition_count;
    out->replication_factor = 1;
    out->configs = WR_API_ITEMS(request, wr_create_topics_response_config, count);
    if (!out->configs)
        return WEIR_E_MEMORY;
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++) {
        char room[32];
        const char *value = wr_topic_config_effective(config, key, &wr_api_broker(request)->config.topics, room);
        out->configs[out->config_count++] = (wr_create_topics_response_config){
            .name = weir_slice_of(key->name),
            .value = wr_api_text(request, "%s", value),
            .config_source = wr_api_config_source(wr_api_broker(request), config, key)};
    }
    return WEIR_OK;
}

static bool make(wr_request *request, const asked_topic *asked, int32_t partition_count, wr_topic_config *config,
                 made_topic *out)
{
    wr_topics *topics = wr_api_broker(request)->topics;
    if (partition_count > wr_api_broker(request)->config.topics.partition_count_max - wr_topics_partition_count(topics))
        return refuse(out, WR_KAFKA_INVALID_PARTITIONS,
                      wr_api_text(request, "This broker has room for %d partitions (max.partitions).",
                                  wr_api_broker(request)->config.topics.partition_count_max));
    const wr_create_topics_request *in = request->message;
    if (in->validate_only)
        return false; /* no topic that would have to be shown with its id, and config stays the caller's */
    wr_topic *topic;
    weir_err err = wr_topics_create(topics, asked->name, partition_count, config, &topic);
    if (err != WEIR_OK)
        return refuse(out, wr_api_storage_error(err),
                      err == WEIR_E_EXISTS ? WEIR_SLICE("A directory of that name is in the way in the data directory.")
                                           : WEIR_SLICE("The topic's files cannot be made."));
    out->topic_id = topic->id;
    return true;
}

static weir_err create(wr_request *request, const asked_topic *asked, int32_t times, made_topic *out)
{
    int32_t partition_count;
    out->name = asked->name;
    out->num_partitions = -1;
    out->replication_factor = -1;
    if (wr_api_authorise_cluster(request) != WR_KAFKA_NONE) {
        out->error_code = wr_api_authorise(request, WR_ACL_TOPIC, asked->name);
        if (out->error_code != WR_KAFKA_NONE)
            return WEIR_OK;
    }
    if (!check_name(request, asked, times, out) || !check_size(request, asked, &partition_count, out))
        return WEIR_OK;
    wr_topic_config *config = wr_topic_config_new();
    if (!config)
        return WEIR_E_MEMORY;
    weir_err err = WEIR_OK;
    bool made = false;
    if (check_configs(request, asked, config, out)) {
        made = make(request, asked, partition_count, config, out);
        if (out->error_code == WR_KAFKA_NONE)
            err = show(request, config, partition_count, out);
    }
    if (!made)
        wr_topic_config_free(config);
    return err;
}

weir_err wr_api_create_topics(wr_request *request)
{
    const wr_create_topics_request *in = request->message;
    wr_create_topics_response *out = request->response;
    out->topics = WR_API_ITEMS(request, made_topic, in->topic_count);
    weir_slice *names = WR_API_ITEMS(request, weir_slice, in->topic_count);
    if (!out->topics || !names)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++)
        names[i] = in->topics[i].name;
    const int32_t *times = wr_api_repeats(request, names, in->topic_count);
    if (!times)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++) {
        if (times[i] == 0)
            continue;
        weir_err err = create(request, &in->topics[i], times[i], &out->topics[out->topic_count++]);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}
