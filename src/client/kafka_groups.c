/* Admin calls about consumer groups: who is in them, what they have committed, how far behind they are. */
#include "kafka_int.h"

#include <stdlib.h>

static int by_group_name(const void *a, const void *b)
{
    return strcmp(((const wr_group_info *)a)->name, ((const wr_group_info *)b)->name);
}

static weir_err read_groups(const rd_kafka_ListConsumerGroups_result_t *result, weir_arena *arena,
                            const wr_group_info **ret_groups, size_t *ret_count, weir_failure *failure)
{
    size_t count = 0, error_count = 0;
    const rd_kafka_error_t **errors = rd_kafka_ListConsumerGroups_result_errors(result, &error_count);
    if (error_count > 0) /* of one of the brokers: its groups are not among the others */
        return wr_kafka_fail(failure, rd_kafka_error_code(errors[0]), "listing groups",
                             rd_kafka_error_string(errors[0]));
    const rd_kafka_ConsumerGroupListing_t **found = rd_kafka_ListConsumerGroups_result_valid(result, &count);
    wr_group_info *groups = weir_arena_array(arena, count + 1, sizeof(*groups));
    for (size_t i = 0; groups && i < count; i++) {
        groups[i].name = wr_kafka_dup(arena, rd_kafka_ConsumerGroupListing_group_id(found[i]));
        groups[i].state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(found[i]));
        groups[i].coordinator = -1;
        if (!groups[i].name)
            return wr_kafka_no_memory(failure);
    }
    if (!groups)
        return wr_kafka_no_memory(failure);
    qsort(groups, count, sizeof(*groups), by_group_name);
    *ret_groups = groups;
    *ret_count = count;
    return WEIR_OK;
}

weir_err wr_kafka_groups(wr_client *client, int timeout_ms, weir_arena *arena, const wr_group_info **ret_groups,
                         size_t *ret_count, weir_failure *failure)
{
    wr_kafka_request ask;
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_ListConsumerGroups(ask.kafka, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, "listing groups", failure);
    }
    if (err == WEIR_OK)
        err = read_groups(rd_kafka_event_ListConsumerGroups_result(ask.event), arena, ret_groups, ret_count, failure);
    wr_kafka_request_fini(&ask);
    return err;
}

static weir_err read_members(const rd_kafka_ConsumerGroupDescription_t *from, weir_arena *arena, wr_group_info *to,
                             weir_failure *failure)
{
    size_t count = rd_kafka_ConsumerGroupDescription_member_count(from);
    wr_group_member *members = weir_arena_array(arena, count + 1, sizeof(*members));
    if (!members)
        return wr_kafka_no_memory(failure);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_MemberDescription_t *member = rd_kafka_ConsumerGroupDescription_member(from, i);
        const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
        const rd_kafka_topic_partition_list_t *list =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        members[i] =
            (wr_group_member){.id = wr_kafka_dup(arena, rd_kafka_MemberDescription_consumer_id(member)),
                              .client_id = wr_kafka_dup(arena, rd_kafka_MemberDescription_client_id(member)),
                              .host = wr_kafka_dup(arena, rd_kafka_MemberDescription_host(member)),
                              .instance = wr_kafka_dup(arena, rd_kafka_MemberDescription_group_instance_id(member)),
                              .assignment_count = list ? (size_t)list->cnt : 0};
        if (!members[i].id)
            return wr_kafka_no_memory(failure);
    }
    to->members = members;
    to->member_count = count;
    return WEIR_OK;
}

static weir_err read_group(const rd_kafka_ConsumerGroupDescription_t *from, weir_arena *arena, wr_group_info *to,
                           weir_failure *failure)
{
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(from);
    if (error)
        return wr_kafka_fail(failure, rd_kafka_error_code(error), "describing the group", rd_kafka_error_string(error));
    const rd_kafka_Node_t *coordinator = rd_kafka_ConsumerGroupDescription_coordinator(from);
    *to = (wr_group_info){
        .name = wr_kafka_dup(arena, rd_kafka_ConsumerGroupDescription_group_id(from)),
        .state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(from)),
        .protocol = "consumer",
        .assignor = wr_kafka_dup(arena, rd_kafka_ConsumerGroupDescription_partition_assignor(from)),
        .coordinator = coordinator ? rd_kafka_Node_id(coordinator) : -1,
    };
    return to->name ? read_members(from, arena, to, failure) : wr_kafka_no_memory(failure);
}

static int compare(const rd_kafka_topic_partition_t *a, const rd_kafka_topic_partition_t *b)
{
    int topics = strcmp(a->topic, b->topic);
    return topics ? topics : (a->partition > b->partition) - (a->partition < b->partition);
}

static int by_place(const void *a, const void *b, void *unused)
{
    (void)unused;
    return compare(a, b);
}

/* All partitions that members hold, sorted, each with its member's id. The caller destroys the list. */
static rd_kafka_topic_partition_list_t *list_held(const rd_kafka_ConsumerGroupDescription_t *from,
                                                  const wr_group_info *group)
{
    rd_kafka_topic_partition_list_t *held = rd_kafka_topic_partition_list_new(64);
    for (size_t i = 0; i < group->member_count; i++) { /* group has the members in the same order */
        const rd_kafka_MemberAssignment_t *assignment =
            rd_kafka_MemberDescription_assignment(rd_kafka_ConsumerGroupDescription_member(from, i));
        const rd_kafka_topic_partition_list_t *own =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        for (int j = 0; own && j < own->cnt; j++)
            rd_kafka_topic_partition_list_add(held, own->elems[j].topic, own->elems[j].partition)->opaque =
                (void *)(uintptr_t)group->members[i].id;
    }
    rd_kafka_topic_partition_list_sort(held, by_place, NULL);
    return held;
}

/* Both are sorted: what is committed gets its member's id as opaque, and what is only held is added. */
static void join_held(rd_kafka_topic_partition_list_t *committed, const rd_kafka_topic_partition_list_t *held)
{
    int count = committed->cnt, at = 0;
    for (int i = 0; i < count; i++)
        committed->elems[i].opaque = NULL;
    for (int i = 0; i < held->cnt; i++) {
        const rd_kafka_topic_partition_t *own = &held->elems[i];
        if (i > 0 && compare(&held->elems[i - 1], own) == 0)
            continue; /* two members say so, one of which gives it back */
        while (at < count && compare(&committed->elems[at], own) < 0)
            at++;
        rd_kafka_topic_partition_t *to = at < count ? &committed->elems[at] : NULL;
        if (!to || compare(to, own) != 0) {
            to = rd_kafka_topic_partition_list_add(committed, own->topic, own->partition);
            to->offset = -1;
        }
        to->opaque = own->opaque;
    }
    rd_kafka_topic_partition_list_sort(committed, by_place, NULL);
}

/* What the group has committed, of all partitions. The caller destroys the list. */
static weir_err fetch_committed(wr_client *client, const char *group, int timeout_ms,
                                rd_kafka_topic_partition_list_t **ret_list, weir_failure *failure)
{
    wr_kafka_request ask;
    size_t count = 0;
    rd_kafka_ListConsumerGroupOffsets_t *wanted = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_ListConsumerGroupOffsets(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, "reading the group's offsets", failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_group_result_t **groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
            rd_kafka_event_ListConsumerGroupOffsets_result(ask.event), &count);
        const rd_kafka_error_t *error = count ? rd_kafka_group_result_error(groups[0]) : NULL;
        if (error)
            err = wr_kafka_fail(failure, rd_kafka_error_code(error), "reading the group's offsets",
                                rd_kafka_error_string(error));
        else if (count)
            *ret_list = rd_kafka_topic_partition_list_copy(rd_kafka_group_result_partitions(groups[0]));
        else
            *ret_list = rd_kafka_topic_partition_list_new(0);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
    return err;
}

static weir_err fill_offsets(wr_client *client, const rd_kafka_ConsumerGroupDescription_t *from,
                             rd_kafka_topic_partition_list_t *committed, int timeout_ms, weir_arena *arena,
                             wr_group_info *to, weir_failure *failure)
{
    rd_kafka_t *kafka = NULL;
    rd_kafka_topic_partition_list_t *held = list_held(from, to);
    rd_kafka_topic_partition_list_sort(committed, by_place, NULL);
    join_held(committed, held);
    rd_kafka_topic_partition_list_destroy(held);
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(committed);
    for (int i = 0; i < ends->cnt; i++)
        ends->elems[i].offset = WR_TIME_END;
    wr_group_offset *offsets = weir_arena_array(arena, (size_t)committed->cnt + 1, sizeof(*offsets));
    weir_err err = offsets ? wr_kafka_admin(client, &kafka, failure) : wr_kafka_no_memory(failure);
    if (err == WEIR_OK)
        err = wr_kafka_offsets(kafka, ends, timeout_ms, failure);
    for (int i = 0; offsets && err == WEIR_OK && i < committed->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &committed->elems[i];
        const rd_kafka_topic_partition_t *end = &ends->elems[i];
        wr_group_offset *offset = &offsets[to->offset_count++];
        offset->topic = wr_kafka_dup(arena, at->topic);
        offset->partition = at->partition;
        offset->offset = at->offset >= 0 ? at->offset : -1;
        offset->end_offset = !end->err ? end->offset : -1;
        offset->lag =
            offset->offset >= 0 && offset->end_offset >= offset->offset ? offset->end_offset - offset->offset : -1;
        offset->member = at->opaque;
        if (!offset->topic)
            err = wr_kafka_no_memory(failure);
    }
    to->offsets = offsets;
    rd_kafka_topic_partition_list_destroy(ends);
    return err;
}

weir_err wr_kafka_group(wr_client *client, const char *group, int timeout_ms, weir_arena *arena,
                        wr_group_info *ret_group, weir_failure *failure)
{
    wr_kafka_request ask;
    size_t count = 0;
    wr_group_info info = {0};
    rd_kafka_topic_partition_list_t *committed = NULL;
    const rd_kafka_ConsumerGroupDescription_t **found = NULL;
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_DescribeConsumerGroups(ask.kafka, &group, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, "describing the group", failure);
    }
    if (err == WEIR_OK) {
        found = rd_kafka_DescribeConsumerGroups_result_groups(rd_kafka_event_DescribeConsumerGroups_result(ask.event),
                                                              &count);
        err = count ? read_group(found[0], arena, &info, failure)
                    : weir_fail(failure, WEIR_E_NOT_FOUND, "group %s does not exist", group);
    }
    if (err == WEIR_OK)
        err = fetch_committed(client, group, timeout_ms, &committed, failure);
    if (err == WEIR_OK)
        err = fill_offsets(client, found[0], committed, timeout_ms, arena, &info, failure);
    /* Kafka describes a group that does not exist as a dead one */
    if (err == WEIR_OK && strcmp(info.state, "Dead") == 0 && !info.offset_count)
        err = weir_fail(failure, WEIR_E_NOT_FOUND, "group %s does not exist", group);
    if (err == WEIR_OK)
        *ret_group = info;
    if (committed)
        rd_kafka_topic_partition_list_destroy(committed);
    wr_kafka_request_fini(&ask);
    return err;
}
