/* DeleteTopics: a topic is gone for everybody when its deletion begins, and answered when that is durable. */
#include <topics/topics.h>
#include <wire/delete_topics.h>

#include "api.h"

enum { FIRST_WITH_IDS = 6 };

static int16_t find(wr_request *request, weir_slice name, const wr_uuid *id, wr_topic **ret_topic)
{
    wr_topics *topics = wr_api_broker(request)->topics;
    bool by_id = !wr_uuid_is_zero(id);
    if (by_id == (name.data != NULL))
        return WR_KAFKA_INVALID_REQUEST; /* both, or neither */
    int16_t denied = by_id ? WR_KAFKA_NONE : wr_api_authorise(request, WR_ACL_TOPIC, name);
    if (denied != WR_KAFKA_NONE)
        return denied;
    *ret_topic = by_id ? wr_topics_find_id(topics, id) : wr_topics_find(topics, name);
    if (!*ret_topic)
        return by_id ? WR_KAFKA_UNKNOWN_TOPIC_ID : WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    denied = by_id ? wr_api_authorise(request, WR_ACL_TOPIC, weir_slice_of((*ret_topic)->name)) : WR_KAFKA_NONE;
    if (denied != WR_KAFKA_NONE)
        return denied;
    return (*ret_topic)->internal ? WR_KAFKA_INVALID_TOPIC_EXCEPTION : WR_KAFKA_NONE;
}

static weir_slice refusal(int16_t error)
{
    switch (error) {
    case WR_KAFKA_INVALID_REQUEST:
        return WEIR_SLICE("A topic must be named by its name or by its id, by one of them.");
    case WR_KAFKA_INVALID_TOPIC_EXCEPTION:
        return WEIR_SLICE("This topic belongs to the broker.");
    case WR_KAFKA_UNKNOWN_TOPIC_ID:
        return WEIR_SLICE("There is no topic with this id.");
    default:
        return WEIR_SLICE("There is no such topic.");
    }
}

typedef struct deletion {
    wr_api_wait *wait;
    wr_delete_topics_response_topic *out;
} deletion;

static void deleted(void *user, weir_err err, wr_topic *topic)
{
    (void)topic;
    deletion *one = user;
    one->out->error_code = err == WEIR_E_NOT_FOUND ? WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION : wr_api_storage_error(err);
    if (err != WEIR_OK)
        one->out->error_message = err == WEIR_E_NOT_FOUND
                                      ? refusal(one->out->error_code)
                                      : wr_api_text(one->wait->request, "The topic's files cannot be deleted: %s.",
                                                    wr_api_storage_reason(err));
    wr_api_wait_end(one->wait);
}

static weir_err delete_one(wr_api_wait *wait, weir_slice name, const wr_uuid *id, wr_delete_topics_response_topic *out)
{
    wr_request *request = wait->request;
    wr_topic *topic = NULL;
    out->name = name;
    out->topic_id = *id;
    if (!wr_api_broker(request)->config.delete_topics) {
        out->error_code = request->header.api_version < 3 ? WR_KAFKA_INVALID_REQUEST : WR_KAFKA_TOPIC_DELETION_DISABLED;
        out->error_message = WEIR_SLICE("delete.topic.enable is off.");
        return WEIR_OK;
    }
    out->error_code = find(request, name, id, &topic);
    if (out->error_code != WR_KAFKA_NONE) {
        out->error_message = refusal(out->error_code);
        return WEIR_OK;
    }
    out->topic_id = topic->id;
    out->name = weir_arena_dup(request->arena, weir_slice_of(topic->name));
    deletion *one = weir_arena_alloc(request->arena, sizeof *one);
    if (!out->name.data || !one)
        return WEIR_E_MEMORY;
    *one = (deletion){wait, out};
    weir_err err = wr_topics_delete(wr_api_broker(request)->topics, out->name, deleted, one);
    if (err == WEIR_OK)
        wait->count++;
    return err;
}

/* Every topic that is asked for by its key: its name, also where its id was given, so that both are seen to be one. */
static const int32_t *list_repeats(wr_request *request, int32_t count)
{
    const wr_delete_topics_request *in = request->message;
    weir_slice *keys = WR_API_ITEMS(request, weir_slice, count);
    if (!keys)
        return NULL;
    for (int32_t i = 0; i < count; i++) {
        if (request->header.api_version < FIRST_WITH_IDS) {
            keys[i] = in->topic_names[i];
            continue;
        }
        const wr_uuid *id = &in->topics[i].topic_id;
        const wr_topic *topic = in->topics[i].name.data ? NULL : wr_topics_find_id(wr_api_broker(request)->topics, id);
        keys[i] = in->topics[i].name.data ? in->topics[i].name
                  : topic                 ? weir_slice_of(topic->name)
                                          : (weir_slice){id->bytes, sizeof id->bytes};
    }
    return wr_api_repeats(request, keys, count);
}

weir_err wr_api_delete_topics(wr_request *request)
{
    const wr_delete_topics_request *in = request->message;
    wr_delete_topics_response *out = request->response;
    bool with_ids = request->header.api_version >= FIRST_WITH_IDS;
    int32_t count = with_ids ? in->topic_count : in->topic_name_count;
    const int32_t *times = list_repeats(request, count);
    out->responses = WR_API_ITEMS(request, wr_delete_topics_response_topic, count);
    wr_api_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    if (!wait || !out->responses || !times)
        return WEIR_E_MEMORY;
    wait->request = request;
    for (int32_t i = 0; i < count; i++) {
        wr_uuid id = with_ids ? in->topics[i].topic_id : (wr_uuid){{0}};
        weir_slice name = with_ids ? in->topics[i].name : in->topic_names[i];
        if (times[i] == 0)
            continue;
        wr_delete_topics_response_topic *one = &out->responses[out->response_count++];
        if (times[i] > 1) {
            *one = (wr_delete_topics_response_topic){.name = name,
                                                     .topic_id = id,
                                                     .error_code = WR_KAFKA_INVALID_REQUEST,
                                                     .error_message = WEIR_SLICE("The topic is named twice.")};
            continue;
        }
        if (delete_one(wait, name, &id, one) != WEIR_OK)
            one->error_code = WR_KAFKA_UNKNOWN_SERVER_ERROR;
    }
    wr_api_wait_keep(wait);
    return WEIR_OK;
}
