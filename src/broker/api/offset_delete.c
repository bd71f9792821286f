/* OffsetDelete: forget a group's positions, but not those of topics that its members are reading. */
#include "api.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/offset_delete.h>

typedef struct deletion {
    wr_request *request;
    wr_group_commit *items;
    int16_t **errors;
    size_t count;
} deletion;

static void deleted(void *user, int16_t error)
{
    deletion *done = user;
    for (size_t i = 0; i < done->count; i++)
        *done->errors[i] = error;
    wr_request_answer(done->request);
}

static int16_t check_group(const wr_groups *groups, const wr_group *group)
{
    int16_t error = wr_groups_ready(groups);
    if (error != WR_KAFKA_NONE)
        return error;
    if (!group)
        return WR_KAFKA_GROUP_ID_NOT_FOUND;
    bool consumers = weir_slice_equal(wr_group_protocol_type(group), WEIR_SLICE("consumer"));
    return wr_group_state_of(group) == WR_GROUP_EMPTY || consumers ? WR_KAFKA_NONE : WR_KAFKA_NON_EMPTY_GROUP;
}

static int16_t check(const wr_request *request, const wr_group *group, weir_slice topic, int32_t partition)
{
    const wr_topic *known = wr_topics_find(wr_api_broker(request)->topics, topic);
    if (!known || !wr_topic_partition(known, partition))
        return WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    return wr_group_subscribes(group, topic) ? WR_KAFKA_GROUP_SUBSCRIBED_TO_TOPIC : WR_KAFKA_NONE;
}

static bool collect(deletion *to, const wr_group *group)
{
    wr_request *request = to->request;
    const wr_offset_delete_request *in = request->message;
    wr_offset_delete_response *out = request->response;
    size_t count = 0;
    for (int32_t i = 0; i < in->topic_count; i++)
        count += (size_t)in->topics[i].partition_count;
    out->topics = weir_arena_array(request->arena, (size_t)in->topic_count + 1, sizeof *out->topics);
    to->items = weir_arena_array(request->arena, count + 1, sizeof *to->items);
    to->errors = weir_arena_array(request->arena, count + 1, sizeof *to->errors);
    if (!out->topics || !to->items || !to->errors)
        return false;
    for (; out->topic_count < in->topic_count; out->topic_count++) {
        const wr_offset_delete_request_topic *from = &in->topics[out->topic_count];
        wr_offset_delete_response_topic *topic = &out->topics[out->topic_count];
        topic->name = from->name;
        topic->partitions =
            weir_arena_array(request->arena, (size_t)from->partition_count + 1, sizeof *topic->partitions);
        if (!topic->partitions)
            return false;
        for (int32_t i = 0; i < from->partition_count; i++, topic->partition_count++) {
            int32_t partition = from->partitions[i].partition_index;
            int16_t error = check(request, group, from->name, partition);
            topic->partitions[i].partition_index = partition;
            topic->partitions[i].error_code = error;
            if (error != WR_KAFKA_NONE)
                continue;
            to->items[to->count] = (wr_group_commit){.topic = from->name, .offset = {.partition = partition}};
            to->errors[to->count++] = &topic->partitions[i].error_code;
        }
    }
    return true;
}

weir_err wr_api_offset_delete(wr_request *request)
{
    const wr_offset_delete_request *in = request->message;
    wr_offset_delete_response *out = request->response;
    wr_groups *groups = wr_api_broker(request)->groups;
    wr_group *group = wr_groups_find(groups, in->group_id);
    out->error_code = check_group(groups, group);
    if (out->error_code != WR_KAFKA_NONE)
        return WEIR_OK;
    deletion *to = weir_arena_alloc(request->arena, sizeof *to);
    if (!to)
        return WEIR_E_MEMORY;
    to->request = request;
    if (!collect(to, group))
        return WEIR_E_MEMORY;
    if (to->count == 0)
        return WEIR_OK;
    wr_request_keep(request, NULL);
    wr_groups_delete_offsets(groups, group, to->items, to->count, deleted, to);
    return WEIR_OK;
}
