/* Metadata: brokers, topics and their partitions. A topic that is not there may be made because a client asks for it. */
#include <topics/topics.h>
#include <wire/metadata.h>

#include "api.h"

enum { FIRST_BY_ID_VERSION = 12 };

/* node: this broker's id, of which all lists of nodes consist. */
static void describe_partition(const wr_partition *partition, int32_t *node, wr_metadata_response_partition *out)
{
    *out = (wr_metadata_response_partition){
        .partition_index = wr_partition_index(partition),
        .leader_id = *node,
        .leader_epoch = WR_LEADER_EPOCH,
        .replica_nodes = node,
        .replica_node_count = 1,
        .isr_nodes = node,
        .isr_node_count = 1,
    };
    if (wr_partition_closed(partition)) { /* damaged */
        out->error_code = WR_KAFKA_LEADER_NOT_AVAILABLE;
        out->leader_id = -1;
        out->isr_node_count = 0;
        out->offline_replicas = node;
        out->offline_replica_count = 1;
    }
}

static weir_err describe_topic(wr_request *request, const wr_topic *topic, wr_metadata_response_topic *out)
{
    const wr_metadata_request *in = request->message;
    out->name = weir_slice_of(topic->name);
    out->topic_id = topic->id;
    out->is_internal = topic->internal;
    out->topic_authorized_operations = in->include_topic_authorized_operations
                                           ? wr_api_operations(request, WR_ACL_TOPIC, out->name, WR_TOPIC_OPERATIONS)
                                           : WR_OPERATIONS_OMITTED;
    out->partition_count = topic->partition_count;
    out->partitions = WR_API_ITEMS(request, wr_metadata_response_partition, topic->partition_count);
    if (!out->partitions)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < topic->partition_count; i++)
        describe_partition(topic->partitions[i], &wr_api_broker(request)->config.node_id, &out->partitions[i]);
    return WEIR_OK;
}

/* Finds what is asked for. *ret_make: it is not there, and asking for it is reason enough to make it. */
static int16_t find(wr_request *request, const wr_metadata_request_topic *asked, wr_topic **ret_topic, bool *ret_make)
{
    const wr_metadata_request *in = request->message;
    wr_broker *broker = wr_api_broker(request);
    *ret_make = false;
    if (request->header.api_version >= FIRST_BY_ID_VERSION && !wr_uuid_is_zero(&asked->topic_id)) {
        wr_topic *found = wr_topics_find_id(broker->topics, &asked->topic_id);
        if (!found)
            return WR_KAFKA_UNKNOWN_TOPIC_ID;
        int16_t denied = wr_api_authorise(request, WR_ACL_TOPIC, weir_slice_of(found->name));
        *ret_topic = denied == WR_KAFKA_NONE ? found : NULL;
        return denied;
    }
    if (!asked->name.data)
        return WR_KAFKA_INVALID_REQUEST;
    int16_t denied = wr_api_authorise(request, WR_ACL_TOPIC, asked->name);
    if (denied != WR_KAFKA_NONE)
        return denied;
    *ret_topic = wr_topics_find(broker->topics, asked->name);
    if (*ret_topic)
        return WR_KAFKA_NONE;
    if (!wr_topic_name_legal(asked->name))
        return WR_KAFKA_INVALID_TOPIC_EXCEPTION;
    if (!broker->config.auto_create_topics || !in->allow_auto_topic_creation || broker->stopping)
        return WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (wr_api_authorise_cluster(request) != WR_KAFKA_NONE)
        return WR_KAFKA_TOPIC_AUTHORIZATION_FAILED; /* of its making */
    *ret_make = true;
    return WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
}

/* What each topic is asked for by; each is described once. NULL: memory. */
static const int32_t *list_repeats(wr_request *request)
{
    const wr_metadata_request *in = request->message;
    weir_slice *keys = WR_API_ITEMS(request, weir_slice, in->topic_count);
    if (!keys)
        return NULL;
    for (int32_t i = 0; i < in->topic_count; i++) {
        const wr_metadata_request_topic *asked = &in->topics[i];
        bool by_id = !wr_uuid_is_zero(&asked->topic_id);
        keys[i] = by_id ? (weir_slice){asked->topic_id.bytes, sizeof asked->topic_id.bytes} : asked->name;
    }
    return wr_api_repeats(request, keys, in->topic_count);
}

/* made_errors: why topics that were to be made are not there. */
static weir_err describe_asked(wr_request *request, const int32_t *times, const int16_t *made_errors)
{
    const wr_metadata_request *in = request->message;
    wr_metadata_response *out = request->response;
    out->topics = WR_API_ITEMS(request, wr_metadata_response_topic, in->topic_count);
    if (!out->topics)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++) {
        if (times[i] == 0)
            continue;
        wr_metadata_response_topic *item = &out->topics[out->topic_count++];
        wr_topic *topic = NULL;
        bool make;
        item->error_code = find(request, &in->topics[i], &topic, &make);
        if (!topic && made_errors[i] != WR_KAFKA_NONE)
            item->error_code = made_errors[i];
        item->name = in->topics[i].name;
        item->topic_id = in->topics[i].topic_id;
        bool tells = in->include_topic_authorized_operations && item->error_code != WR_KAFKA_TOPIC_AUTHORIZATION_FAILED;
        item->topic_authorized_operations =
            tells ? wr_api_operations(request, WR_ACL_TOPIC, item->name, WR_TOPIC_OPERATIONS) : WR_OPERATIONS_OMITTED;
        weir_err err = topic ? describe_topic(request, topic, item) : WEIR_OK;
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

/* ---- topics that are made because somebody asks for them: described when all are there */

typedef struct making {
    wr_request *request;
    int32_t count; /* under way */
    const int32_t *times;
    int16_t *errors;
} making;

typedef struct made_topic {
    making *all;
    int32_t index;
} made_topic;

static void made(void *user, weir_err err, wr_topic *topic)
{
    (void)topic;
    made_topic *one = user;
    making *all = one->all;
    all->errors[one->index] = err == WEIR_E_LIMIT    ? WR_KAFKA_INVALID_PARTITIONS
                              : err == WEIR_E_EXISTS ? WR_KAFKA_INVALID_TOPIC_EXCEPTION /* unless it is found */
                                                     : wr_api_storage_error(err);
    if (--all->count > 0)
        return;
    if (describe_asked(all->request, all->times, all->errors) == WEIR_OK)
        wr_request_answer(all->request);
    else
        wr_request_hang_up(all->request, "out of memory");
}

static weir_err make_one(making *all, made_topic *one, weir_slice name)
{
    wr_broker *broker = wr_api_broker(all->request);
    weir_err err;
    if (weir_slice_equal(name, WEIR_SLICE(WR_OFFSETS_TOPIC)))
        err = wr_topics_create_internal(broker->topics, WR_OFFSETS_TOPIC, made, one);
    else
        err = wr_topics_create(broker->topics, name, broker->config.partition_count, NULL, made, one);
    if (err == WEIR_OK)
        all->count++;
    return err;
}

static weir_err make_and_describe(wr_request *request)
{
    const wr_metadata_request *in = request->message;
    making *all = WR_API_ITEMS(request, making, 1);
    made_topic *each = WR_API_ITEMS(request, made_topic, in->topic_count);
    int16_t *errors = WR_API_ITEMS(request, int16_t, in->topic_count);
    const int32_t *times = list_repeats(request);
    if (!all || !each || !errors || !times)
        return WEIR_E_MEMORY;
    *all = (making){.request = request, .times = times, .errors = errors};
    for (int32_t i = 0; i < in->topic_count; i++) {
        if (times[i] == 0)
            continue;
        wr_topic *topic = NULL;
        bool make;
        int16_t error = find(request, &in->topics[i], &topic, &make);
        each[i] = (made_topic){all, i};
        if (make && make_one(all, &each[i], in->topics[i].name) != WEIR_OK)
            errors[i] = error;
    }
    if (all->count == 0)
        return describe_asked(request, times, errors);
    wr_request_keep(request, NULL);
    return WEIR_OK;
}

static weir_err describe_all(wr_request *request, wr_metadata_response *out)
{
    const wr_topics *topics = wr_api_broker(request)->topics;
    out->topics = WR_API_ITEMS(request, wr_metadata_response_topic, wr_topics_count(topics));
    if (!out->topics)
        return WEIR_E_MEMORY;
    for (wr_topic *topic = wr_topics_next(topics, NULL); topic; topic = wr_topics_next(topics, topic)) {
        if (wr_api_authorise(request, WR_ACL_TOPIC, weir_slice_of(topic->name)) != WR_KAFKA_NONE)
            continue;
        weir_err err = describe_topic(request, topic, &out->topics[out->topic_count++]);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

/* Versions 10 and 11 have ids in their tables but are asked by name: with an id, or without a name, Kafka refuses all
 * that was asked for and says nothing of the cluster. */
static bool asks_too_early(const wr_request *request)
{
    const wr_metadata_request *in = request->message;
    bool wrong = false;
    for (int32_t i = 0; i < in->topic_count; i++)
        wrong = wrong || !in->topics[i].name.data || !wr_uuid_is_zero(&in->topics[i].topic_id);
    return wrong && request->header.api_version < FIRST_BY_ID_VERSION;
}

static weir_err refuse_all(wr_request *request, wr_metadata_response *out)
{
    const wr_metadata_request *in = request->message;
    out->controller_id = -1;
    out->topics = WR_API_ITEMS(request, wr_metadata_response_topic, in->topic_count);
    if (!out->topics)
        return WEIR_E_MEMORY;
    for (; out->topic_count < in->topic_count; out->topic_count++)
        out->topics[out->topic_count] = (wr_metadata_response_topic){
            .error_code = WR_KAFKA_INVALID_REQUEST,
            .name = in->topics[out->topic_count].name.data ? in->topics[out->topic_count].name : WEIR_SLICE(""),
            .topic_id = in->topics[out->topic_count].topic_id,
            .topic_authorized_operations = WR_OPERATIONS_OMITTED,
        };
    return WEIR_OK;
}

weir_err wr_api_metadata(wr_request *request)
{
    const wr_metadata_request *in = request->message;
    wr_metadata_response *out = request->response;
    if (asks_too_early(request))
        return refuse_all(request, out);
    out->brokers = WR_API_ITEMS(request, wr_metadata_response_broker, 1);
    if (!out->brokers)
        return WEIR_E_MEMORY;
    out->broker_count = 1;
    out->brokers[0].node_id = wr_api_broker(request)->config.node_id;
    wr_api_endpoint(request, &out->brokers[0].host, &out->brokers[0].port);
    out->cluster_id = weir_slice_of(wr_api_broker(request)->cluster_id);
    out->controller_id = wr_api_broker(request)->config.node_id;
    if (in->include_cluster_authorized_operations)
        out->cluster_authorized_operations =
            wr_api_operations(request, WR_ACL_CLUSTER, WEIR_SLICE("kafka-cluster"), WR_CLUSTER_OPERATIONS);

    /* All topics: null, and in version 0, which has no null, none named. */
    bool all = in->topic_count < 0 || (request->header.api_version == 0 && in->topic_count == 0);
    return all ? describe_all(request, out) : make_and_describe(request);
}
