/* OffsetFetch: what is committed and durable; -1 where nothing is. Version 8 and up ask for several groups; before that
 * the one group's answer is the whole answer. require_stable changes nothing: a commit is shown once it is durable, and
 * there are no transactional ones that could still be taken back. */
#include "api.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/offset_fetch.h>

static wr_offset_fetch_response_partition position(const wr_offset *offset, int32_t partition, int16_t error)
{
    bool found = offset && error == WR_KAFKA_NONE;
    return (wr_offset_fetch_response_partition){
        .partition_index = partition,
        .committed_offset = found ? offset->offset : WR_NO_OFFSET,
        .committed_leader_epoch = found ? offset->leader_epoch : WR_NO_LEADER_EPOCH,
        .metadata = found && offset->metadata.data ? offset->metadata : WEIR_SLICE(""),
        .error_code = error,
    };
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
        const wr_topic *known = wr_topics_find(wr_api_broker(request)->topics, from->name);
        topic->name = from->name;
        if (known)
            topic->topic_id = known->id;
        topic->partitions = weir_arena_array(request->arena, from->count, sizeof *topic->partitions);
        if (!topic->partitions)
            return false;
        for (size_t i = 0; i < from->count; i++)
            topic->partitions[topic->partition_count++] =
                position(&from->items[i], from->items[i].partition, WR_KAFKA_NONE);
    }
    return true;
}

static bool fetch_some(wr_request *request, const wr_group *group, const wr_offset_fetch_request_group *in,
                       int16_t error, wr_offset_fetch_response_group *out)
{
    bool by_id = request->header.api_version >= 10;
    out->topics = weir_arena_array(request->arena, (size_t)in->topic_count + 1, sizeof *out->topics);
    if (!out->topics)
        return false;
    for (; out->topic_count < in->topic_count; out->topic_count++) {
        const wr_offset_fetch_request_topic *from = &in->topics[out->topic_count];
        wr_offset_fetch_response_topic *topic = &out->topics[out->topic_count];
        const wr_topic *known = by_id ? wr_topics_find_id(wr_api_broker(request)->topics, &from->topic_id) : NULL;
        weir_slice name = known ? weir_slice_of(known->name) : from->name;
        int16_t topic_error = by_id && !known ? WR_KAFKA_UNKNOWN_TOPIC_ID : error;
        topic->name = from->name;
        topic->topic_id = from->topic_id;
        topic->partitions =
            weir_arena_array(request->arena, (size_t)from->partition_index_count + 1, sizeof *topic->partitions);
        if (!topic->partitions)
            return false;
        for (int32_t i = 0; i < from->partition_index_count; i++) {
            int32_t partition = from->partition_indexes[i];
            const wr_offset *offset =
                group && name.data ? wr_offsets_find(wr_groups_offsets(group), name, partition) : NULL;
            topic->partitions[topic->partition_count++] = position(offset, partition, topic_error);
        }
    }
    return true;
}

static bool fetch_group(wr_request *request, const wr_offset_fetch_request_group *in,
                        wr_offset_fetch_response_group *out)
{
    const wr_groups *groups = wr_api_broker(request)->groups;
    out->group_id = in->group_id;
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
