/* CreatePartitions: checked at once, made beside the loop, answered when all are durable. */
#include <topics/topics.h>
#include <wire/create_partitions.h>

#include "api.h"

typedef wr_create_partitions_request_topic asked_topic;
typedef wr_create_partitions_response_result result;

static void refuse(result *out, int16_t error, weir_slice message)
{
    out->error_code = error;
    out->error_message = message;
}

static bool assignments_fit(const wr_request *request, const asked_topic *asked, int32_t added)
{
    const wr_broker_config *config = &wr_api_broker(request)->config;
    if (asked->assignment_count < 0)
        return true;
    if (asked->assignment_count != added)
        return false;
    for (int32_t i = 0; i < added; i++) {
        const wr_create_partitions_request_assignment *one = &asked->assignments[i];
        if (one->broker_id_count != 1 || one->broker_ids[0] != config->node_id)
            return false;
    }
    return true;
}

typedef struct growth {
    wr_api_wait *wait;
    result *out;
} growth;

static void grown(void *user, weir_err err, wr_topic *topic)
{
    (void)topic;
    growth *one = user;
    if (err == WEIR_E_NOT_FOUND)
        refuse(one->out, WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, WEIR_SLICE("There is no such topic."));
    else if (err == WEIR_E_RANGE)
        refuse(one->out, WR_KAFKA_INVALID_PARTITIONS, WEIR_SLICE("The topic has as many partitions already."));
    else if (err == WEIR_E_LIMIT)
        refuse(one->out, WR_KAFKA_INVALID_PARTITIONS,
               WEIR_SLICE("This broker has no room for so many (max.partitions)."));
    else if (err != WEIR_OK)
        refuse(
            one->out, wr_api_storage_error(err),
            wr_api_text(one->wait->request, "The partitions' files cannot be made: %s.", wr_api_storage_reason(err)));
    wr_api_wait_end(one->wait);
}

static weir_err begin(wr_api_wait *wait, const asked_topic *asked, result *out)
{
    growth *one = weir_arena_alloc(wait->request->arena, sizeof *one);
    if (!one)
        return WEIR_E_MEMORY;
    *one = (growth){wait, out};
    weir_err err = wr_topics_grow(wr_api_broker(wait->request)->topics, asked->name, asked->count, grown, one);
    if (err == WEIR_OK)
        wait->count++;
    return err;
}

static void grow(wr_api_wait *wait, const asked_topic *asked, result *out)
{
    wr_request *request = wait->request;
    const wr_create_partitions_request *in = request->message;
    wr_topics *topics = wr_api_broker(request)->topics;
    int16_t denied = wr_api_authorise(request, WR_ACL_TOPIC, asked->name);
    if (denied != WR_KAFKA_NONE) {
        refuse(out, denied, (weir_slice){0});
        return;
    }
    wr_topic *topic = wr_topics_find(topics, asked->name);
    if (!topic) {
        refuse(out, WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, WEIR_SLICE("There is no such topic."));
    } else if (topic->internal) {
        refuse(out, WR_KAFKA_INVALID_TOPIC_EXCEPTION, WEIR_SLICE("This topic belongs to the broker."));
    } else if (asked->count == topic->partition_count) {
        refuse(out, WR_KAFKA_INVALID_PARTITIONS,
               wr_api_text(request, "Topic already has %d partition(s).", topic->partition_count));
    } else if (asked->count < topic->partition_count) {
        refuse(out, WR_KAFKA_INVALID_PARTITIONS,
               wr_api_text(request, "The topic %s currently has %d partition(s); %d would not be an increase.",
                           topic->name, topic->partition_count, asked->count));
    } else if (!assignments_fit(request, asked, asked->count - topic->partition_count)) {
        refuse(out, WR_KAFKA_INVALID_REPLICA_ASSIGNMENT,
               wr_api_text(request, "Every new partition needs an assignment to the only broker, %d.",
                           wr_api_broker(request)->config.node_id));
    } else if (asked->count - topic->partition_count >
               wr_api_broker(request)->config.topics.partition_count_max - wr_topics_partition_count(topics)) {
        refuse(out, WR_KAFKA_INVALID_PARTITIONS, WEIR_SLICE("This broker has no room for so many (max.partitions)."));
    } else if (!in->validate_only) {
        weir_err err = begin(wait, asked, out);
        if (err != WEIR_OK)
            refuse(out, wr_api_storage_error(err), WEIR_SLICE("Out of memory."));
    }
}

weir_err wr_api_create_partitions(wr_request *request)
{
    const wr_create_partitions_request *in = request->message;
    wr_create_partitions_response *out = request->response;
    out->results = WR_API_ITEMS(request, result, in->topic_count);
    weir_slice *names = WR_API_ITEMS(request, weir_slice, in->topic_count);
    wr_api_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    if (!wait || !out->results || !names)
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
        result *one = &out->results[out->result_count++];
        one->name = in->topics[i].name;
        if (times[i] > 1)
            refuse(one, WR_KAFKA_INVALID_REQUEST, WEIR_SLICE("Duplicate topic name."));
        else
            grow(wait, &in->topics[i], one);
    }
    wr_api_wait_keep(wait);
    return WEIR_OK;
}
