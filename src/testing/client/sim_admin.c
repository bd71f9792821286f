/* Admin calls on the simulated cluster. */
#include "sim_int.h"

#include <stdlib.h>

static weir_err check_up(const wr_sim_cluster *cluster, weir_failure *failure)
{
    return cluster->down ? weir_fail(failure, WEIR_E_UNREACHABLE, "simulated: no broker answers") : WEIR_OK;
}

weir_err wr_sim_reach(wr_client *door, int timeout_ms, weir_failure *failure)
{
    (void)timeout_ms;
    return check_up(((sim_client *)door)->cluster, failure);
}

static size_t list_count(const wr_list *list)
{
    size_t count = 0;
    for (wr_link *link = wr_list_first(list); link; link = wr_list_next(list, link))
        count++;
    return count;
}

static weir_err no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory for the answer");
}

static int by_topic_name(const void *a, const void *b)
{
    return strcmp(((const wr_topic_info *)a)->name, ((const wr_topic_info *)b)->name);
}

static bool read_topic(const sim_topic *from, bool offsets, weir_arena *arena, wr_topic_info *to)
{
    wr_partition_info *partitions = weir_arena_array(arena, (size_t)from->partition_count, sizeof(*partitions));
    to->name = weir_arena_dup_text(arena, weir_slice_of(from->name));
    for (int32_t i = 0; partitions && i < from->partition_count; i++)
        partitions[i] = (wr_partition_info){.partition = i,
                                            .replica_count = 1,
                                            .isr_count = 1,
                                            .start_offset = offsets ? 0 : -1,
                                            .end_offset = offsets ? (int64_t)from->partitions[i].count : -1};
    to->partitions = partitions;
    to->partition_count = (size_t)from->partition_count;
    to->internal = strncmp(from->name, "__", 2) == 0;
    return partitions && to->name;
}

weir_err wr_sim_describe(wr_client *door, const char *topic, bool offsets, int timeout_ms, weir_arena *arena,
                         wr_cluster_info *ret_info, weir_failure *failure)
{
    static const wr_broker_info broker = {0, "simulated", 9092};
    const wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    wr_cluster_info info = {.id = "simulated", .brokers = &broker, .broker_count = 1};
    weir_err err = check_up(cluster, failure);
    (void)timeout_ms;
    if (err != WEIR_OK)
        return err;
    wr_topic_info *topics = weir_arena_array(arena, list_count(&cluster->topics) + 1, sizeof(*topics));
    if (!topics)
        return no_memory(failure);
    for (wr_link *link = wr_list_first(&cluster->topics); link; link = wr_list_next(&cluster->topics, link)) {
        const sim_topic *from = WR_LIST_ITEM(link, sim_topic, link);
        if (topic && strcmp(topic, from->name) != 0)
            continue;
        if (!read_topic(from, offsets, arena, &topics[info.topic_count++]))
            return no_memory(failure);
    }
    if (topic && !info.topic_count)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "topic %s does not exist", topic);
    qsort(topics, info.topic_count, sizeof(*topics), by_topic_name);
    info.topics = topics;
    *ret_info = info;
    return WEIR_OK;
}

weir_err wr_sim_create_topic(wr_client *door, const char *topic, int32_t partition_count, int16_t replication,
                             const weir_attribute *configs, size_t config_count, int timeout_ms, weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    weir_err err = check_up(cluster, failure);
    (void)timeout_ms, (void)replication;
    if (err == WEIR_OK)
        err = wr_sim_topic_add(cluster, topic, partition_count == -1 ? 1 : partition_count);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "creating topic %s: %s", topic, weir_err_name(err));
    sim_topic *made = wr_sim_topic_find(cluster, topic);
    made->configs = wr_sim_alloc(2 * config_count * sizeof(char *));
    for (; made->config_count < config_count; made->config_count++) {
        made->configs[2 * made->config_count] = wr_sim_dup(configs[made->config_count].name);
        made->configs[2 * made->config_count + 1] = wr_sim_dup(configs[made->config_count].value);
    }
    return WEIR_OK;
}

/* The topic, or NULL with *ret_err set. */
static sim_topic *topic_get(wr_sim_cluster *cluster, const char *name, weir_err *ret_err, weir_failure *failure)
{
    *ret_err = check_up(cluster, failure);
    sim_topic *topic = *ret_err == WEIR_OK ? wr_sim_topic_find(cluster, name) : NULL;
    if (*ret_err == WEIR_OK && !topic)
        *ret_err = weir_fail(failure, WEIR_E_NOT_FOUND, "topic %s does not exist", name);
    return topic;
}

weir_err wr_sim_delete_topic(wr_client *door, const char *name, int timeout_ms, weir_failure *failure)
{
    wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    weir_err err;
    sim_topic *topic = topic_get(cluster, name, &err, failure);
    (void)timeout_ms;
    if (topic)
        wr_sim_topic_remove(cluster, topic);
    return err;
}

static int by_config_name(const void *a, const void *b)
{
    return strcmp(((const wr_config_info *)a)->name, ((const wr_config_info *)b)->name);
}

weir_err wr_sim_topic_config(wr_client *door, const char *name, int timeout_ms, weir_arena *arena,
                             const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    weir_err err;
    sim_topic *topic = topic_get(((sim_client *)door)->cluster, name, &err, failure);
    (void)timeout_ms;
    if (!topic)
        return err;
    wr_config_info *configs = weir_arena_array(arena, topic->config_count + 1, sizeof(*configs));
    for (size_t i = 0; configs && i < topic->config_count; i++) {
        configs[i].name = weir_arena_dup_text(arena, weir_slice_of(topic->configs[2 * i]));
        configs[i].value = weir_arena_dup_text(arena, weir_slice_of(topic->configs[2 * i + 1]));
        configs[i].source = "topic";
        if (!configs[i].name || !configs[i].value)
            return no_memory(failure);
    }
    if (!configs)
        return no_memory(failure);
    qsort(configs, topic->config_count, sizeof(*configs), by_config_name);
    *ret_configs = configs;
    *ret_count = topic->config_count;
    return WEIR_OK;
}

weir_err wr_sim_offset_at(wr_client *door, const char *name, int32_t partition, int64_t time_ms, int timeout_ms,
                          int64_t *ret_offset, weir_failure *failure)
{
    weir_err err;
    const sim_topic *topic = topic_get(((sim_client *)door)->cluster, name, &err, failure);
    (void)timeout_ms;
    if (!topic)
        return err;
    if (partition < 0 || partition >= topic->partition_count)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "topic %s has no partition %d", name, partition);
    const sim_partition *from = &topic->partitions[partition];
    size_t offset = time_ms == WR_TIME_END ? from->count : 0;
    while (time_ms >= 0 && offset < from->count && from->records[offset]->timestamp_ms < time_ms)
        offset++;
    *ret_offset = (int64_t)offset;
    return WEIR_OK;
}

/* ---- groups */

static int by_group_name(const void *a, const void *b)
{
    return strcmp(((const wr_group_info *)a)->name, ((const wr_group_info *)b)->name);
}

static const char *state_of(const sim_group *group)
{
    if (wr_list_empty(&group->members))
        return "Empty";
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        if (WR_LIST_ITEM(link, sim_consumer, member)->taken_round != group->round)
            return "PreparingRebalance";
    return "Stable";
}

static bool read_group(const sim_group *from, weir_arena *arena, wr_group_info *to)
{
    *to = (wr_group_info){.name = weir_arena_dup_text(arena, weir_slice_of(from->name)),
                          .state = state_of(from),
                          .protocol = "consumer",
                          .assignor = "range"};
    return to->name != NULL;
}

weir_err wr_sim_groups(wr_client *door, int timeout_ms, weir_arena *arena, const wr_group_info **ret_groups,
                       size_t *ret_count, weir_failure *failure)
{
    const wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    size_t count = 0;
    weir_err err = check_up(cluster, failure);
    (void)timeout_ms;
    if (err != WEIR_OK)
        return err;
    wr_group_info *groups = weir_arena_array(arena, list_count(&cluster->groups) + 1, sizeof(*groups));
    if (!groups)
        return no_memory(failure);
    for (wr_link *link = wr_list_first(&cluster->groups); link; link = wr_list_next(&cluster->groups, link))
        if (!read_group(WR_LIST_ITEM(link, sim_group, link), arena, &groups[count++]))
            return no_memory(failure);
    qsort(groups, count, sizeof(*groups), by_group_name);
    *ret_groups = groups;
    *ret_count = count;
    return WEIR_OK;
}

static bool read_members(const sim_group *from, weir_arena *arena, wr_group_info *to)
{
    wr_group_member *members = weir_arena_array(arena, list_count(&from->members) + 1, sizeof(*members));
    for (wr_link *link = wr_list_first(&from->members); members && link; link = wr_list_next(&from->members, link)) {
        wr_group_member *member = &members[to->member_count++];
        member->id = weir_arena_printf(arena, "member-%zu", to->member_count);
        member->client_id = member->host = "simulated";
        member->assignment_count = WR_LIST_ITEM(link, sim_consumer, member)->owned_count;
        if (!member->id)
            return false;
    }
    to->members = members;
    return members != NULL;
}

static int by_topic_and_partition(const void *a, const void *b)
{
    const wr_group_offset *left = a, *right = b;
    int order = strcmp(left->topic, right->topic);
    return order ? order : (left->partition > right->partition) - (left->partition < right->partition);
}

static bool read_offsets(const wr_sim_cluster *cluster, const sim_group *from, weir_arena *arena, wr_group_info *to)
{
    wr_group_offset *offsets = weir_arena_array(arena, list_count(&from->committed) + 1, sizeof(*offsets));
    for (wr_link *link = wr_list_first(&from->committed); offsets && link;
         link = wr_list_next(&from->committed, link)) {
        const sim_committed *committed = WR_LIST_ITEM(link, sim_committed, link);
        wr_group_offset *offset = &offsets[to->offset_count++];
        offset->topic = weir_arena_dup_text(arena, weir_slice_of(committed->topic));
        offset->partition = committed->partition;
        offset->offset = committed->offset;
        offset->end_offset = wr_sim_end(cluster, committed->topic, committed->partition);
        offset->lag = offset->end_offset >= offset->offset ? offset->end_offset - offset->offset : -1;
        if (!offset->topic)
            return false;
    }
    if (offsets)
        qsort(offsets, to->offset_count, sizeof(*offsets), by_topic_and_partition);
    to->offsets = offsets;
    return offsets != NULL;
}

weir_err wr_sim_group(wr_client *door, const char *name, int timeout_ms, weir_arena *arena, wr_group_info *ret_group,
                      weir_failure *failure)
{
    const wr_sim_cluster *cluster = ((sim_client *)door)->cluster;
    wr_group_info info;
    weir_err err = check_up(cluster, failure);
    (void)timeout_ms;
    if (err != WEIR_OK)
        return err;
    const sim_group *group = wr_sim_group_find(cluster, name);
    if (!group)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "group %s does not exist", name);
    if (!read_group(group, arena, &info) || !read_members(group, arena, &info) ||
        !read_offsets(cluster, group, arena, &info))
        return no_memory(failure);
    *ret_group = info;
    return WEIR_OK;
}
