/* OffsetFetch: what is committed and durable; -1 where nothing is. Version 8 and up ask for several groups; before that
 * the one group's answer is the whole answer. require_stable changes nothing: a commit is shown once it is durable, and
 * there are no transactional ones that could still be taken back. */
#include "api.h"
#include "visit.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/offset_fetch.h>

/* The positions that are asked for, in the structs of a group, which are also those of a request about one. */
static const wr_api_shape shape = {
    .asked = WR_API_SIDE(wr_offset_fetch_request_group, topics, topic_count, wr_offset_fetch_request_topic, name,
                         offsetof(wr_offset_fetch_request_topic, topic_id), partition_indexes, partition_index_count,
                         int32_t, 0),
    .answer =
        WR_API_SIDE(wr_offset_fetch_response_group, topics, topic_count, wr_offset_fetch_response_topic, name,
                    offsetof(wr_offset_fetch_response_topic, topic_id), partitions, partition_count,
                    wr_offset_fetch_response_partition, offsetof(wr_offset_fetch_response_partition, partition_index)),
    .error = offsetof(wr_offset_fetch_response_partition, error_code),
    .by_id_version = 10,
    .any_topic = true,
};

static void set_position(wr_offset_fetch_response_partition *out, const wr_offset *offset)
{
    out->committed_offset = offset ? offset->offset : WR_NO_OFFSET;
    out->committed_leader_epoch = offset ? offset->leader_epoch : WR_NO_LEADER_EPOCH;
    out->metadata = offset && offset->metadata.data ? offset->metadata : WEIR_SLICE("");
}

static bool fetch_all(wr_request *request, const wr_group *group, wr_offset_fetch_response_group *out)
{
    const wr_offsets *offsets = group ? wr_groups_offsets(group) : NULL;
    size_t count = offsets ? wr_offsets_topic_count(offsets) : 0;
    out->topics = weir_arena_array(request->arena, count + 1, sizeof *out->topics);
    if (!out->topics)
        return false;
    const wr_offset_topic *from;
    for (size_t at = 0; offsets && (from = wr_offsets_next_topic(offsets, &at));) {
        wr_offset_fetch_response_topic *topic = &out->topics[out->topic_count++];
        if (wr_api_authorise(request, WR_ACL_TOPIC, from->name) != WR_KAFKA_NONE) {
            out->topic_count--; /* not shown at all */
            continue;
        }
        const wr_topic *known = wr_topics_find(wr_api_broker(request)->topics, from->name);
        topic->name = from->name;
        if (known)
            topic->topic_id = known->id;
        topic->partitions = weir_arena_array(request->arena, from->count, sizeof *topic->partitions);
        if (!topic->partitions)
            return false;
        topic->partition_count = (int32_t)from->count;
        for (size_t i = 0; i < from->count; i++) {
            topic->partitions[i].partition_index = from->items[i].partition;
            set_position(&topic->partitions[i], &from->items[i]);
        }
    }
    return true;
}

typedef struct asked_group {
    const wr_group *group; /* NULL: there is no such, and nothing is committed */
    int16_t error;
} asked_group;

static void fetch_one(wr_api_place *place, void *user)
{
    const asked_group *from = user;
    const wr_offset *offset = NULL;
    if (place->error == WR_KAFKA_NONE)
        place->error = from->error;
    if (place->error == WR_KAFKA_NONE && from->group && place->name.data)
        offset = wr_offsets_find(wr_groups_offsets(from->group), place->name, place->index);
    set_position(place->answer, offset);
}

static bool fetch_some(wr_request *request, const wr_group *group, const wr_offset_fetch_request_group *in,
                       int16_t error, wr_offset_fetch_response_group *out)
{
    asked_group from = {group, error};
    if (wr_api_lay_out(request, &shape, in, out, NULL) != WEIR_OK)
        return false;
    wr_api_visit(request, &shape, in, out, fetch_one, &from);
    return true;
}

static bool fetch_group(wr_request *request, const wr_offset_fetch_request_group *in,
                        wr_offset_fetch_response_group *out)
{
    wr_groups *groups = wr_api_broker(request)->groups;
    out->group_id = in->group_id;
    out->error_code = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (out->error_code == WR_KAFKA_NONE)
        out->error_code = wr_groups_ready(groups);
    const wr_group *group = out->error_code == WR_KAFKA_NONE ? wr_groups_find(groups, in->group_id) : NULL;
    if (request->header.api_version < 2) /* has no place for the group's error */
        return fetch_some(request, group, in, out->error_code, out);
    if (out->error_code != WR_KAFKA_NONE)
        return true;
    return in->topic_count < 0 ? fetch_all(request, group, out) : fetch_some(request, group, in, WR_KAFKA_NONE, out);
}

weir_err wr_api_offset_fetch(wr_request *request)
{
    const wr_offset_fetch_request *in = request->message;
    wr_offset_fetch_response *out = request->response;
    if (request->header.api_version < 8) {
        const wr_offset_fetch_request_group asked = {
            .group_id = in->group_id, .topics = in->topics, .topic_count = in->topic_count};
        wr_offset_fetch_response_group answer = {0};
        if (!fetch_group(request, &asked, &answer))
            return WEIR_E_MEMORY;
        out->topics = answer.topics;
        out->topic_count = answer.topic_count;
        out->error_code = answer.error_code;
        return WEIR_OK;
    }
    out->groups = weir_arena_array(request->arena, (size_t)in->group_count + 1, sizeof *out->groups);
    if (!out->groups)
        return WEIR_E_MEMORY;
    for (; out->group_count < in->group_count; out->group_count++)
        if (!fetch_group(request, &in->groups[out->group_count], &out->groups[out->group_count]))
            return WEIR_E_MEMORY;
    return WEIR_OK;
}
