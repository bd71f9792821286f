/* OffsetCommit: what may be kept is written in one go and answered when it is durable; what may not, and why, is known
 * at once. A commit under way is finished even if its connection closes. */
#include "api.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/offset_commit.h>

typedef struct commit {
    wr_request *request;
    wr_group_commit *items;
    int16_t **errors; /* of the items, in the response */
    size_t count;
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

static size_t partition_count(const wr_offset_commit_request *in)
{
    size_t count = 0;
    for (int32_t i = 0; i < in->topic_count; i++)
        count += (size_t)in->topics[i].partition_count;
    return count;
}

/* The topic by its name, or from version 10 on by its id. */
static const wr_topic *find_topic(const wr_request *request, const wr_offset_commit_request_topic *topic,
                                  int16_t *ret_error)
{
    bool by_id = request->header.api_version >= 10;
    const wr_topic *found = by_id ? wr_topics_find_id(wr_api_broker(request)->topics, &topic->topic_id)
                                  : wr_topics_find(wr_api_broker(request)->topics, topic->name);
    if (!found)
        *ret_error = by_id ? WR_KAFKA_UNKNOWN_TOPIC_ID : WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    return found;
}

static int16_t check(const wr_request *request, const wr_topic *topic,
                     const wr_offset_commit_request_partition *partition)
{
    if (!wr_topic_partition(topic, partition->partition_index))
        return WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (partition->committed_metadata.size > (size_t)wr_api_broker(request)->config.offset_metadata_max)
        return WR_KAFKA_OFFSET_METADATA_TOO_LARGE;
    return WR_KAFKA_NONE;
}

static wr_group_commit item_of(const wr_request *request, const wr_topic *topic,
                               const wr_offset_commit_request_partition *partition)
{
    const wr_offset_commit_request *in = request->message;
    int64_t now_ms = wr_broker_now_ms(wr_api_broker(request));
    return (wr_group_commit){
        .topic = weir_slice_of(topic->name),
        .offset =
            {
                .partition = partition->partition_index,
                .leader_epoch = partition->committed_leader_epoch,
                .offset = partition->committed_offset,
                .commit_ms = now_ms,
                .expire_ms = in->retention_time_ms >= 0 ? now_ms + in->retention_time_ms : -1,
                .metadata = partition->committed_metadata,
            },
    };
}

/* Lays out the answer, every partition with its error if it has one, and collects the others. */
static bool collect(commit *to, int16_t group_error)
{
    wr_request *request = to->request;
    const wr_offset_commit_request *in = request->message;
    wr_offset_commit_response *out = request->response;
    size_t count = partition_count(in);
    out->topics = weir_arena_array(request->arena, (size_t)in->topic_count + 1, sizeof *out->topics);
    to->items = weir_arena_array(request->arena, count + 1, sizeof *to->items);
    to->errors = weir_arena_array(request->arena, count + 1, sizeof *to->errors);
    if (!out->topics || !to->items || !to->errors)
        return false;
    for (out->topic_count = 0; out->topic_count < in->topic_count; out->topic_count++) {
        const wr_offset_commit_request_topic *from = &in->topics[out->topic_count];
        wr_offset_commit_response_topic *topic = &out->topics[out->topic_count];
        int16_t topic_error = WR_KAFKA_NONE;
        const wr_topic *found = find_topic(request, from, &topic_error);
        topic->name = from->name;
        topic->topic_id = from->topic_id;
        topic->partitions =
            weir_arena_array(request->arena, (size_t)from->partition_count + 1, sizeof *topic->partitions);
        if (!topic->partitions)
            return false;
        for (int32_t i = 0; i < from->partition_count; i++, topic->partition_count++) {
            int16_t error = found ? check(request, found, &from->partitions[i]) : topic_error;
            topic->partitions[i].partition_index = from->partitions[i].partition_index;
            topic->partitions[i].error_code = error != WR_KAFKA_NONE ? error : group_error;
            if (error != WR_KAFKA_NONE || group_error != WR_KAFKA_NONE)
                continue;
            to->items[to->count] = item_of(request, found, &from->partitions[i]);
            to->errors[to->count++] = &topic->partitions[i].error_code;
        }
    }
    return true;
}

static int16_t check_group(wr_request *request, wr_group **ret_group)
{
    const wr_offset_commit_request *in = request->message;
    wr_groups *groups = wr_api_broker(request)->groups;
    int16_t error = wr_groups_ready(groups);
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
    int16_t error = check_group(request, &group);
    if (!collect(to, error) || !keep_names(to))
        return WEIR_E_MEMORY;
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
