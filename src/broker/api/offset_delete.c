/* OffsetDelete: forget a group's positions, but not those of topics that its members are reading. */
#include "api.h"
#include "visit.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/offset_delete.h>

typedef struct deletion {
    wr_request *request;
    const wr_group *group;
    wr_group_commit *items;
    int16_t **errors;
    size_t count;
    weir_slice topic; /* the last that was asked about */
    bool read;        /* by members that are there */
} deletion;

static void deleted(void *user, int16_t error)
{
    deletion *done = user;
    for (size_t i = 0; i < done->count; i++)
        *done->errors[i] = error;
    wr_request_answer(done->request);
}

static int16_t check_group(wr_groups *groups, weir_slice group_id, const wr_group *group)
{
    int16_t error = wr_groups_ready(groups);
    if (error != WR_KAFKA_NONE)
        return error;
    if (group_id.size == 0)
        return WR_KAFKA_INVALID_GROUP_ID;
    if (!group)
        return WR_KAFKA_GROUP_ID_NOT_FOUND;
    bool consumers = weir_slice_equal(wr_group_protocol_type(group), WEIR_SLICE("consumer"));
    return wr_group_state_of(group) == WR_GROUP_EMPTY || consumers ? WR_KAFKA_NONE : WR_KAFKA_NON_EMPTY_GROUP;
}

static const wr_api_shape shape = {
    .asked = WR_API_SIDE(wr_offset_delete_request, topics, topic_count, wr_offset_delete_request_topic, name,
                         WR_API_NO_ID, partitions, partition_count, wr_offset_delete_request_partition,
                         offsetof(wr_offset_delete_request_partition, partition_index)),
    .answer = WR_API_SIDE(wr_offset_delete_response, topics, topic_count, wr_offset_delete_response_topic, name,
                          WR_API_NO_ID, partitions, partition_count, wr_offset_delete_response_partition,
                          offsetof(wr_offset_delete_response_partition, partition_index)),
    .error = offsetof(wr_offset_delete_response_partition, error_code),
    .by_id_version = INT16_MAX,
};

static void collect_one(wr_api_place *place, void *user)
{
    deletion *to = user;
    wr_offset_delete_response_partition *out = place->answer;
    if (to->topic.data != place->name.data) { /* once a topic: it looks through all that members subscribe to */
        to->topic = place->name;
        to->read = wr_group_subscribes(to->group, place->name);
    }
    if (place->error == WR_KAFKA_NONE && to->read)
        place->error = WR_KAFKA_GROUP_SUBSCRIBED_TO_TOPIC;
    if (place->error != WR_KAFKA_NONE)
        return;
    to->items[to->count] = (wr_group_commit){.topic = place->name, .offset = {.partition = place->index}};
    to->errors[to->count++] = &out->error_code;
}

static bool collect(deletion *to)
{
    wr_request *request = to->request;
    int32_t count = 0;
    if (wr_api_lay_out(request, &shape, request->message, request->response, &count) != WEIR_OK)
        return false;
    to->items = weir_arena_array(request->arena, (size_t)count + 1, sizeof *to->items);
    to->errors = weir_arena_array(request->arena, (size_t)count + 1, sizeof *to->errors);
    if (!to->items || !to->errors)
        return false;
    wr_api_visit(request, &shape, request->message, request->response, collect_one, to);
    return true;
}

weir_err wr_api_offset_delete(wr_request *request)
{
    const wr_offset_delete_request *in = request->message;
    wr_offset_delete_response *out = request->response;
    wr_groups *groups = wr_api_broker(request)->groups;
    wr_group *group = wr_groups_find(groups, in->group_id);
    out->error_code = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (out->error_code == WR_KAFKA_NONE)
        out->error_code = check_group(groups, in->group_id, group);
    if (out->error_code != WR_KAFKA_NONE)
        return WEIR_OK;
    deletion *to = weir_arena_alloc(request->arena, sizeof *to);
    if (!to)
        return WEIR_E_MEMORY;
    to->request = request;
    to->group = group;
    if (!collect(to))
        return WEIR_E_MEMORY;
    if (to->count == 0)
        return WEIR_OK;
    wr_request_keep(request, NULL);
    wr_groups_delete_offsets(groups, group, to->items, to->count, deleted, to);
    return WEIR_OK;
}
