/* OffsetCommit: what may be kept is written in one go and answered when it is durable; what may not, and why, is known
 * at once. A commit under way is finished even if its connection closes. */
#include "api.h"
#include "visit.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/offset_commit.h>

typedef struct commit {
    wr_request *request;
    wr_group_commit *items;
    int16_t **errors; /* of the items, in the response */
    size_t count;
    int16_t group_error; /* of all partitions that have none of their own */
} commit;

static void answer(commit *done, int16_t error)
{
    for (size_t i = 0; i < done->count; i++)
        *done->errors[i] = error;
    wr_request_answer(done->request);
}

static void committed(void *user, int16_t error)
{
    answer(user, error);
}

static const wr_api_shape shape = {
    .asked =
        WR_API_SIDE(wr_offset_commit_request, topics, topic_count, wr_offset_commit_request_topic, name,
                    offsetof(wr_offset_commit_request_topic, topic_id), partitions, partition_count,
                    wr_offset_commit_request_partition, offsetof(wr_offset_commit_request_partition, partition_index)),
    .answer = WR_API_SIDE(wr_offset_commit_response, topics, topic_count, wr_offset_commit_response_topic, name,
                          offsetof(wr_offset_commit_response_topic, topic_id), partitions, partition_count,
                          wr_offset_commit_response_partition,
                          offsetof(wr_offset_commit_response_partition, partition_index)),
    .error = offsetof(wr_offset_commit_response_partition, error_code),
    .by_id_version = 10,
};

static wr_group_commit item_of(const wr_api_place *place)
{
    const wr_offset_commit_request *in = place->request->message;
    const wr_offset_commit_request_partition *asked = place->asked;
    int64_t now_ms = wr_broker_now_ms(wr_api_broker(place->request));
    return (wr_group_commit){
        .topic = weir_slice_of(place->topic->name),
        .offset =
            {
                .partition = place->index,
                .leader_epoch = asked->committed_leader_epoch,
                .offset = asked->committed_offset,
                .commit_ms = now_ms,
                .expire_ms = in->retention_time_ms >= 0 ? wr_groups_expire_ms(now_ms, in->retention_time_ms) : -1,
                .metadata = asked->committed_metadata,
            },
    };
}

/* Every partition with its error, if it has one; the others are collected. */
static void collect_one(wr_api_place *place, void *user)
{
    commit *to = user;
    const wr_offset_commit_request_partition *asked = place->asked;
    wr_offset_commit_response_partition *out = place->answer;
    size_t metadata_max = (size_t)wr_api_broker(place->request)->config.offset_metadata_max;
    if (place->error == WR_KAFKA_NONE && asked->committed_metadata.size > metadata_max)
        place->error = WR_KAFKA_OFFSET_METADATA_TOO_LARGE;
    if (place->error == WR_KAFKA_NONE)
        place->error = to->group_error;
    if (place->error != WR_KAFKA_NONE)
        return;
    to->items[to->count] = item_of(place);
    to->errors[to->count++] = &out->error_code;
}

static bool collect(commit *to)
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

static int16_t check_group(wr_request *request, wr_group **ret_group)
{
    const wr_offset_commit_request *in = request->message;
    wr_groups *groups = wr_api_broker(request)->groups;
    int16_t error = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (error == WR_KAFKA_NONE)
        error = wr_groups_ready(groups);
    if (error != WR_KAFKA_NONE)
        return error;
    wr_group *group = wr_groups_find(groups, in->group_id);
    int32_t generation = in->generation_id_or_member_epoch;
    if (!group && generation >= 0)
        return request->header.api_version >= 9 ? WR_KAFKA_GROUP_ID_NOT_FOUND : WR_KAFKA_ILLEGAL_GENERATION;
    if (!group)
        group = wr_groups_obtain(groups, in->group_id, &error);
    if (!group)
        return error;
    *ret_group = group;
    return wr_group_check_commit(group, in->member_id, in->group_instance_id, generation, wr_groups_now_ms(groups));
}

/* Names borrow from topics, which may go before the commit is done. */
static bool keep_names(commit *to)
{
    weir_slice before = {0}, copy = {0};
    for (size_t i = 0; i < to->count; i++) {
        weir_slice *topic = &to->items[i].topic;
        if (topic->data != before.data) {
            before = *topic;
            copy = weir_arena_dup(to->request->arena, before);
        }
        if (!copy.data)
            return false;
        *topic = copy;
    }
    return true;
}

weir_err wr_api_offset_commit(wr_request *request)
{
    wr_groups *groups = wr_api_broker(request)->groups;
    wr_group *group = NULL;
    commit *to = weir_arena_alloc(request->arena, sizeof *to);
    if (!to)
        return WEIR_E_MEMORY;
    to->request = request;
    to->group_error = check_group(request, &group);
    if (!collect(to) || !keep_names(to)) {
        if (group)
            wr_groups_settle(groups, group); /* it may have been made for this request */
        return WEIR_E_MEMORY;
    }
    size_t count = 0; /* what there is room for */
    for (size_t i = 0; i < to->count; i++) {
        if (!wr_groups_affords(groups, group, &to->items[i])) {
            *to->errors[i] = WR_KAFKA_INVALID_COMMIT_OFFSET_SIZE;
            continue;
        }
        to->items[count] = to->items[i];
        to->errors[count++] = to->errors[i];
    }
    to->count = count;
    if (count > 0) {
        wr_request_keep(request, NULL);
        wr_groups_commit(groups, group, to->items, count, committed, to);
    }
    if (group)
        wr_groups_settle(groups, group);
    return WEIR_OK;
}
