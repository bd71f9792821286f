/* CreateTopics: checked at once, made beside the loop, answered when all are durable. */
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
            return refuse(out, WR_KAFKA_INVALID_CONFIG, wr_api_copy(request, failure.sentence));
    }
    weir_failure failure = {0};
    if (wr_topic_config_check(config, &failure) != WEIR_OK)
        return refuse(out, WR_KAFKA_INVALID_CONFIG, wr_api_copy(request, failure.sentence));
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
            .value = wr_api_copy(request, value),
            .config_source = wr_api_config_source(wr_api_broker(request), config, key)};
    }
    return WEIR_OK;
}

/* One topic on its way to the disk. */
typedef struct creation {
    wr_api_wait *wait;
    made_topic *out;
} creation;

static void created(void *user, weir_err err, wr_topic *topic)
{
    creation *one = user;
    made_topic *out = one->out;
    if (err == WEIR_OK) {
        out->topic_id = topic->id;
        wr_api_wait_end(one->wait);
        return;
    }
    out->num_partitions = -1;
    out->config_count = 0;
    out->replication_factor = -1;
    if (err == WEIR_E_EXISTS)
        refuse(out, WR_KAFKA_TOPIC_ALREADY_EXISTS,
               wr_api_text(one->wait->request, "Topic '%.*s' already exists.", NAME(out->name)));
    else if (err == WEIR_E_LIMIT)
        refuse(out, WR_KAFKA_INVALID_PARTITIONS, WEIR_SLICE("This broker has no room for so many (max.partitions)."));
    else if (err == WEIR_E_REFUSED)
        refuse(out, WR_KAFKA_UNKNOWN_SERVER_ERROR,
               WEIR_SLICE("A directory of that name is in the way in the data directory."));
    else
        refuse(out, wr_api_storage_error(err),
               wr_api_text(one->wait->request, "The topic's files cannot be made: %s.", wr_api_storage_reason(err)));
    wr_api_wait_end(one->wait);
}

/* Takes config when it is WEIR_OK and the topic is on its way. */
static weir_err make(wr_api_wait *wait, const asked_topic *asked, int32_t partition_count, wr_topic_config *config,
                     made_topic *out)
{
    creation *one = weir_arena_alloc(wait->request->arena, sizeof *one);
    if (!one)
        return WEIR_E_MEMORY;
    *one = (creation){wait, out};
    weir_err err =
        wr_topics_create(wr_api_broker(wait->request)->topics, asked->name, partition_count, config, created, one);
    if (err == WEIR_OK)
        wait->count++;
    return err;
}

static weir_err check_and_make(wr_api_wait *wait, const asked_topic *asked, int32_t partition_count,
                               wr_topic_config *config, made_topic *out, bool *ret_taken)
{
    wr_request *request = wait->request;
    const wr_create_topics_request *in = request->message;
    const wr_broker *broker = wr_api_broker(request);
    if (!check_configs(request, asked, config, out))
        return WEIR_OK;
    if (partition_count > broker->config.topics.partition_count_max - wr_topics_partition_count(broker->topics)) {
        refuse(out, WR_KAFKA_INVALID_PARTITIONS,
               wr_api_text(request, "This broker has room for %d partitions (max.partitions).",
                           broker->config.topics.partition_count_max));
        return WEIR_OK;
    }
    weir_err err = show(request, config, partition_count, out);
    if (err != WEIR_OK || in->validate_only)
        return err; /* no topic that would have to be shown with its id */
    err = make(wait, asked, partition_count, config, out);
    *ret_taken = err == WEIR_OK;
    return err;
}

static weir_err create(wr_api_wait *wait, const asked_topic *asked, int32_t times, made_topic *out)
{
    wr_request *request = wait->request;
    int32_t partition_count;
    if (wr_api_authorise_cluster(request) != WR_KAFKA_NONE) {
        out->error_code = wr_api_authorise(request, WR_ACL_TOPIC, asked->name);
        if (out->error_code != WR_KAFKA_NONE)
            return WEIR_OK;
    }
    if (!check_name(request, asked, times, out) || !check_size(request, asked, &partition_count, out))
        return WEIR_OK;
    wr_topic_config *config = wr_topic_config_new();
    bool taken = false;
    weir_err err = config ? check_and_make(wait, asked, partition_count, config, out, &taken) : WEIR_E_MEMORY;
    if (!taken)
        wr_topic_config_free(config);
    return err;
}

weir_err wr_api_create_topics(wr_request *request)
{
    const wr_create_topics_request *in = request->message;
    wr_create_topics_response *out = request->response;
    wr_api_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    out->topics = WR_API_ITEMS(request, made_topic, in->topic_count);
    weir_slice *names = WR_API_ITEMS(request, weir_slice, in->topic_count);
    if (!wait || !out->topics || !names)
        return WEIR_E_MEMORY;
    wait->request = request;
    for (int32_t i = 0; i < in->topic_count; i++)
        names[i] = in->topics[i].name;
    const int32_t *times = wr_api_repeats(request, names, in->topic_count);
    if (!times)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++) {
        if (times[i] == 0)
            continue;
        made_topic *one = &out->topics[out->topic_count++];
        *one = (made_topic){.name = in->topics[i].name, .num_partitions = -1, .replication_factor = -1};
        if (create(wait, &in->topics[i], times[i], one) != WEIR_OK) {
            one->num_partitions = -1;
            one->config_count = 0;
            one->replication_factor = -1;
            refuse(one, WR_KAFKA_UNKNOWN_SERVER_ERROR, WEIR_SLICE("Out of memory."));
        }
    }
    wr_api_wait_keep(wait);
    return WEIR_OK;
}
