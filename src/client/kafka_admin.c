/* Admin calls: each sends one request or a few and waits for the answers on a queue of its own. */
#include "kafka_int.h"

#include <stdio.h>
#include <stdlib.h>

enum { ANSWER_MARGIN_MS = 500 }; /* librdkafka answers a timeout itself; this is for the answer to reach us */

weir_err wr_kafka_admin(wr_client *door, rd_kafka_t **ret_kafka, weir_failure *failure)
{
    wr_kafka_client *client = (wr_kafka_client *)door;
    rd_kafka_conf_t *conf;
    if (!client->admin) {
        wr_kafka_handle *handle = calloc(1, sizeof(*handle));
        if (!handle)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for an admin client");
        handle->trace = client->trace;
        weir_err err = wr_kafka_conf_new(client, NULL, NULL, handle, &conf, failure);
        if (err == WEIR_OK)
            err = wr_kafka_start(RD_KAFKA_PRODUCER, conf, &client->admin, failure);
        if (err != WEIR_OK) {
            free(handle);
            return err;
        }
    }
    rd_kafka_poll(client->admin, 0); /* let the error callback's queue not grow */
    *ret_kafka = client->admin;
    return WEIR_OK;
}

static weir_err no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory for the answer");
}

static const char *dup(weir_arena *arena, const char *text)
{
    return text ? weir_arena_dup_text(arena, weir_slice_of(text)) : NULL;
}

/* ---- one request and its answer */

typedef struct request {
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *event;
    int timeout_ms;
} request;

static weir_err request_init(request *ask, wr_client *client, rd_kafka_admin_op_t kind, int timeout_ms,
                             weir_failure *failure)
{
    char text[160];
    *ask = (request){.timeout_ms = timeout_ms};
    weir_err err = wr_kafka_admin(client, &ask->kafka, failure);
    if (err != WEIR_OK)
        return err;
    ask->queue = rd_kafka_queue_new(ask->kafka);
    ask->options = rd_kafka_AdminOptions_new(ask->kafka, kind);
    rd_kafka_AdminOptions_set_request_timeout(ask->options, timeout_ms, text, sizeof(text));
    return WEIR_OK;
}

static weir_err request_wait(request *ask, const char *what, weir_failure *failure)
{
    ask->event = rd_kafka_queue_poll(ask->queue, ask->timeout_ms + ANSWER_MARGIN_MS);
    if (!ask->event)
        return wr_kafka_fail(failure, RD_KAFKA_RESP_ERR__TIMED_OUT, what, NULL);
    rd_kafka_resp_err_t code = rd_kafka_event_error(ask->event);
    return code ? wr_kafka_fail(failure, code, what, rd_kafka_event_error_string(ask->event)) : WEIR_OK;
}

static void request_fini(request *ask)
{
    if (ask->event)
        rd_kafka_event_destroy(ask->event);
    if (ask->options)
        rd_kafka_AdminOptions_destroy(ask->options);
    if (ask->queue)
        rd_kafka_queue_destroy(ask->queue);
}

static weir_err topic_result(const rd_kafka_topic_result_t *const *results, size_t count, const char *what,
                             weir_failure *failure)
{
    rd_kafka_resp_err_t code = count ? rd_kafka_topic_result_error(results[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
    return code ? wr_kafka_fail(failure, code, what, count ? rd_kafka_topic_result_error_string(results[0]) : NULL)
                : WEIR_OK;
}

weir_err wr_kafka_create_topic(wr_client *client, const char *topic, int32_t partition_count, int16_t replication,
                               const weir_attribute *configs, size_t config_count, int timeout_ms,
                               weir_failure *failure)
{
    request ask;
    char what[300], text[160];
    size_t count = 0;
    snprintf(what, sizeof(what), "creating topic %s", topic);
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, partition_count, replication, text, sizeof(text));
    if (!made)
        return weir_fail(failure, WEIR_E_USAGE, "%s: %s", what, text);
    for (size_t i = 0; i < config_count; i++)
        rd_kafka_NewTopic_set_config(made, configs[i].name, configs[i].value);
    weir_err err = request_init(&ask, client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms, failure);
    if (err == WEIR_OK) {
        /* without an operation timeout the controller answers before the topic is there */
        rd_kafka_AdminOptions_set_operation_timeout(ask.options, timeout_ms, text, sizeof(text));
        rd_kafka_CreateTopics(ask.kafka, &made, 1, ask.options, ask.queue);
        err = request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK)
        err = topic_result(rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ask.event), &count),
                           count, what, failure);
    request_fini(&ask);
    rd_kafka_NewTopic_destroy(made);
    return err;
}

weir_err wr_kafka_delete_topic(wr_client *client, const char *topic, int timeout_ms, weir_failure *failure)
{
    request ask;
    char what[300], text[160];
    size_t count = 0;
    snprintf(what, sizeof(what), "deleting topic %s", topic);
    rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);
    weir_err err = request_init(&ask, client, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_AdminOptions_set_operation_timeout(ask.options, timeout_ms, text, sizeof(text));
        rd_kafka_DeleteTopics(ask.kafka, &gone, 1, ask.options, ask.queue);
        err = request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK)
        err = topic_result(rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ask.event), &count),
                           count, what, failure);
    request_fini(&ask);
    rd_kafka_DeleteTopic_destroy(gone);
    return err;
}

static int by_config_name(const void *a, const void *b)
{
    return strcmp(((const wr_config_info *)a)->name, ((const wr_config_info *)b)->name);
}

static weir_err read_configs(const rd_kafka_ConfigResource_t *resource, weir_arena *arena,
                             const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    static const char *const sources[] = {"unknown", "topic", "dynamic broker", "dynamic default", "broker", "default"};
    size_t count = 0;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    wr_config_info *configs = weir_arena_array(arena, count + 1, sizeof(*configs));
    for (size_t i = 0; configs && i < count; i++) {
        unsigned source = rd_kafka_ConfigEntry_source(entries[i]);
        configs[i] = (wr_config_info){
            .name = dup(arena, rd_kafka_ConfigEntry_name(entries[i])),
            .value = dup(arena, rd_kafka_ConfigEntry_value(entries[i])),
            .source = sources[source < sizeof(sources) / sizeof(sources[0]) ? source : 0],
            .is_default = rd_kafka_ConfigEntry_is_default(entries[i]) > 0,
            .read_only = rd_kafka_ConfigEntry_is_read_only(entries[i]) > 0,
            .sensitive = rd_kafka_ConfigEntry_is_sensitive(entries[i]) > 0,
        };
        if (!configs[i].name)
            return no_memory(failure);
    }
    if (!configs)
        return no_memory(failure);
    qsort(configs, count, sizeof(*configs), by_config_name);
    *ret_configs = configs;
    *ret_count = count;
    return WEIR_OK;
}

weir_err wr_kafka_topic_config(wr_client *client, const char *topic, int timeout_ms, weir_arena *arena,
                               const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    request ask;
    char what[300];
    size_t count = 0;
    snprintf(what, sizeof(what), "reading the configuration of topic %s", topic);
    rd_kafka_ConfigResource_t *wanted = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    weir_err err = request_init(&ask, client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_DescribeConfigs(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_ConfigResource_t **found =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(ask.event), &count);
        rd_kafka_resp_err_t code = count ? rd_kafka_ConfigResource_error(found[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
        err = code ? wr_kafka_fail(failure, code, what, count ? rd_kafka_ConfigResource_error_string(found[0]) : NULL)
                   : read_configs(found[0], arena, ret_configs, ret_count, failure);
    }
    request_fini(&ask);
    rd_kafka_ConfigResource_destroy(wanted);
    return err;
}

/* ---- offsets */

weir_err wr_kafka_offsets(rd_kafka_t *kafka, rd_kafka_topic_partition_list_t *list, int timeout_ms,
                          weir_failure *failure)
{
    if (!list->cnt)
        return WEIR_OK;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(kafka, list, timeout_ms);
    return code ? wr_kafka_fail(failure, code, "reading offsets", NULL) : WEIR_OK;
}

weir_err wr_kafka_offset_at(wr_client *client, const char *topic, int32_t partition, int64_t time_ms, int timeout_ms,
                            int64_t *ret_offset, weir_failure *failure)
{
    rd_kafka_t *kafka;
    weir_err err = wr_kafka_admin(client, &kafka, failure);
    if (err != WEIR_OK)
        return err;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_t *asked = rd_kafka_topic_partition_list_add(list, topic, partition);
    asked->offset = time_ms;
    err = wr_kafka_offsets(kafka, list, timeout_ms, failure);
    if (err == WEIR_OK && !asked->err && asked->offset < 0 && time_ms != WR_TIME_END) {
        asked->offset = WR_TIME_END; /* nothing is that young */
        err = wr_kafka_offsets(kafka, list, timeout_ms, failure);
    }
    if (err == WEIR_OK && asked->err)
        err = wr_kafka_fail(failure, asked->err, topic, NULL);
    if (err == WEIR_OK)
        *ret_offset = asked->offset;
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

/* ---- the cluster */

static int by_partition(const void *a, const void *b)
{
    int32_t left = ((const wr_partition_info *)a)->partition, right = ((const wr_partition_info *)b)->partition;
    return (left > right) - (left < right);
}

static int by_topic_name(const void *a, const void *b)
{
    return strcmp(((const wr_topic_info *)a)->name, ((const wr_topic_info *)b)->name);
}

static int by_broker_id(const void *a, const void *b)
{
    int32_t left = ((const wr_broker_info *)a)->id, right = ((const wr_broker_info *)b)->id;
    return (left > right) - (left < right);
}

static bool read_topic(const rd_kafka_metadata_topic_t *from, weir_arena *arena, wr_topic_info *to)
{
    size_t count = (size_t)from->partition_cnt;
    wr_partition_info *partitions = weir_arena_array(arena, count + 1, sizeof(*partitions));
    to->name = dup(arena, from->topic);
    if (!partitions || !to->name)
        return false;
    to->internal = strncmp(from->topic, "__", 2) == 0;
    for (size_t i = 0; i < count; i++)
        partitions[i] = (wr_partition_info){.partition = from->partitions[i].id,
                                            .leader = from->partitions[i].leader,
                                            .replica_count = from->partitions[i].replica_cnt,
                                            .isr_count = from->partitions[i].isr_cnt,
                                            .start_offset = -1,
                                            .end_offset = -1};
    qsort(partitions, count, sizeof(*partitions), by_partition);
    to->partitions = partitions;
    to->partition_count = count;
    return true;
}

static weir_err read_cluster(const rd_kafka_metadata_t *from, const char *topic, weir_arena *arena, wr_cluster_info *to,
                             weir_failure *failure)
{
    wr_broker_info *brokers = weir_arena_array(arena, (size_t)from->broker_cnt + 1, sizeof(*brokers));
    wr_topic_info *topics = weir_arena_array(arena, (size_t)from->topic_cnt + 1, sizeof(*topics));
    if (!brokers || !topics)
        return no_memory(failure);
    for (int i = 0; i < from->broker_cnt; i++)
        brokers[to->broker_count++] =
            (wr_broker_info){from->brokers[i].id, dup(arena, from->brokers[i].host), from->brokers[i].port};
    for (int i = 0; i < from->topic_cnt; i++) {
        if ((topic && strcmp(topic, from->topics[i].topic) != 0) || from->topics[i].err)
            continue;
        if (!read_topic(&from->topics[i], arena, &topics[to->topic_count++]))
            return no_memory(failure);
    }
    if (topic && !to->topic_count)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "topic %s does not exist", topic);
    qsort(brokers, to->broker_count, sizeof(*brokers), by_broker_id);
    qsort(topics, to->topic_count, sizeof(*topics), by_topic_name);
    to->brokers = brokers;
    to->topics = topics;
    return WEIR_OK;
}

/* All partitions' offsets at one of the two ends, in the order in which the topics hold them. */
static weir_err read_ends(rd_kafka_t *kafka, wr_cluster_info *info, int64_t time, int timeout_ms, weir_failure *failure)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    for (size_t i = 0; i < info->topic_count; i++)
        for (size_t j = 0; j < info->topics[i].partition_count; j++)
            rd_kafka_topic_partition_list_add(list, info->topics[i].name, info->topics[i].partitions[j].partition)
                ->offset = time;
    weir_err err = wr_kafka_offsets(kafka, list, timeout_ms, failure);
    for (size_t i = 0; err == WEIR_OK && i < info->topic_count; i++)
        for (size_t j = 0; j < info->topics[i].partition_count; j++) {
            wr_partition_info *partition = (wr_partition_info *)(uintptr_t)&info->topics[i].partitions[j];
            const rd_kafka_topic_partition_t *found =
                rd_kafka_topic_partition_list_find(list, info->topics[i].name, partition->partition);
            int64_t offset = found && !found->err ? found->offset : -1;
            if (time == WR_TIME_END)
                partition->end_offset = offset;
            else
                partition->start_offset = offset;
        }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

weir_err wr_kafka_describe(wr_client *client, const char *topic, bool offsets, int timeout_ms, weir_arena *arena,
                           wr_cluster_info *ret_info, weir_failure *failure)
{
    const rd_kafka_metadata_t *metadata;
    rd_kafka_t *kafka;
    wr_cluster_info info = {.controller = -1};
    weir_err err = wr_kafka_admin(client, &kafka, failure);
    if (err != WEIR_OK)
        return err;
    /* All topics, also to find one: asking for one by name would make it. */
    rd_kafka_resp_err_t code = rd_kafka_metadata(kafka, 1, NULL, &metadata, timeout_ms);
    if (code)
        return wr_kafka_fail(failure, code, "asking the cluster for its topics", NULL);
    err = read_cluster(metadata, topic, arena, &info, failure);
    rd_kafka_metadata_destroy(metadata);
    if (err == WEIR_OK && offsets)
        err = read_ends(kafka, &info, WR_TIME_BEGINNING, timeout_ms, failure);
    if (err == WEIR_OK && offsets)
        err = read_ends(kafka, &info, WR_TIME_END, timeout_ms, failure);
    if (err != WEIR_OK)
        return err;
    char *id = rd_kafka_clusterid(kafka, timeout_ms);
    info.id = dup(arena, id);
    info.controller = rd_kafka_controllerid(kafka, timeout_ms);
    rd_kafka_mem_free(kafka, id);
    *ret_info = info;
    return WEIR_OK;
}

/* ---- groups */

static int by_group_name(const void *a, const void *b)
{
    return strcmp(((const wr_group_info *)a)->name, ((const wr_group_info *)b)->name);
}

static weir_err read_groups(const rd_kafka_ListConsumerGroups_result_t *result, weir_arena *arena,
                            const wr_group_info **ret_groups, size_t *ret_count, weir_failure *failure)
{
    size_t count = 0;
    const rd_kafka_ConsumerGroupListing_t **found = rd_kafka_ListConsumerGroups_result_valid(result, &count);
    wr_group_info *groups = weir_arena_array(arena, count + 1, sizeof(*groups));
    for (size_t i = 0; groups && i < count; i++) {
        groups[i].name = dup(arena, rd_kafka_ConsumerGroupListing_group_id(found[i]));
        groups[i].state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(found[i]));
        groups[i].coordinator = -1;
        if (!groups[i].name)
            return no_memory(failure);
    }
    if (!groups)
        return no_memory(failure);
    qsort(groups, count, sizeof(*groups), by_group_name);
    *ret_groups = groups;
    *ret_count = count;
    return WEIR_OK;
}

weir_err wr_kafka_groups(wr_client *client, int timeout_ms, weir_arena *arena, const wr_group_info **ret_groups,
                         size_t *ret_count, weir_failure *failure)
{
    request ask;
    weir_err err = request_init(&ask, client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_ListConsumerGroups(ask.kafka, ask.options, ask.queue);
        err = request_wait(&ask, "listing groups", failure);
    }
    if (err == WEIR_OK)
        err = read_groups(rd_kafka_event_ListConsumerGroups_result(ask.event), arena, ret_groups, ret_count, failure);
    request_fini(&ask);
    return err;
}

static weir_err read_members(const rd_kafka_ConsumerGroupDescription_t *from, weir_arena *arena, wr_group_info *to,
                             weir_failure *failure)
{
    size_t count = rd_kafka_ConsumerGroupDescription_member_count(from);
    wr_group_member *members = weir_arena_array(arena, count + 1, sizeof(*members));
    if (!members)
        return no_memory(failure);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_MemberDescription_t *member = rd_kafka_ConsumerGroupDescription_member(from, i);
        const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(member);
        const rd_kafka_topic_partition_list_t *list =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        members[i] = (wr_group_member){.id = dup(arena, rd_kafka_MemberDescription_consumer_id(member)),
                                       .client_id = dup(arena, rd_kafka_MemberDescription_client_id(member)),
                                       .host = dup(arena, rd_kafka_MemberDescription_host(member)),
                                       .instance = dup(arena, rd_kafka_MemberDescription_group_instance_id(member)),
                                       .assignment_count = list ? (size_t)list->cnt : 0};
        if (!members[i].id)
            return no_memory(failure);
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
        .name = dup(arena, rd_kafka_ConsumerGroupDescription_group_id(from)),
        .state = rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(from)),
        .protocol = "consumer",
        .assignor = dup(arena, rd_kafka_ConsumerGroupDescription_partition_assignor(from)),
        .coordinator = coordinator ? rd_kafka_Node_id(coordinator) : -1,
    };
    return to->name ? read_members(from, arena, to, failure) : no_memory(failure);
}

/* The member that holds a partition, or NULL. `to` has the members in the same order. */
static const char *owner(const rd_kafka_ConsumerGroupDescription_t *from, const wr_group_info *to, const char *topic,
                         int32_t partition)
{
    for (size_t i = 0; i < to->member_count; i++) {
        const rd_kafka_MemberAssignment_t *assignment =
            rd_kafka_MemberDescription_assignment(rd_kafka_ConsumerGroupDescription_member(from, i));
        const rd_kafka_topic_partition_list_t *list =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        for (int j = 0; list && j < list->cnt; j++)
            if (list->elems[j].partition == partition && strcmp(list->elems[j].topic, topic) == 0)
                return to->members[i].id;
    }
    return NULL;
}

static void add_assigned(const rd_kafka_ConsumerGroupDescription_t *from, rd_kafka_topic_partition_list_t *list)
{
    for (size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(from); i++) {
        const rd_kafka_MemberAssignment_t *assignment =
            rd_kafka_MemberDescription_assignment(rd_kafka_ConsumerGroupDescription_member(from, i));
        const rd_kafka_topic_partition_list_t *held =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;
        for (int j = 0; held && j < held->cnt; j++)
            if (!rd_kafka_topic_partition_list_find(list, held->elems[j].topic, held->elems[j].partition))
                rd_kafka_topic_partition_list_add(list, held->elems[j].topic, held->elems[j].partition)->offset = -1;
    }
}

/* What the group has committed, of all partitions. The caller destroys the list. */
static weir_err fetch_committed(wr_client *client, const char *group, int timeout_ms,
                                rd_kafka_topic_partition_list_t **ret_list, weir_failure *failure)
{
    request ask;
    size_t count = 0;
    rd_kafka_ListConsumerGroupOffsets_t *wanted = rd_kafka_ListConsumerGroupOffsets_new(group, NULL);
    weir_err err = request_init(&ask, client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_ListConsumerGroupOffsets(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = request_wait(&ask, "reading the group's offsets", failure);
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
    request_fini(&ask);
    rd_kafka_ListConsumerGroupOffsets_destroy(wanted);
    return err;
}

static weir_err fill_offsets(wr_client *client, const rd_kafka_ConsumerGroupDescription_t *from,
                             rd_kafka_topic_partition_list_t *committed, int timeout_ms, weir_arena *arena,
                             wr_group_info *to, weir_failure *failure)
{
    rd_kafka_t *kafka;
    add_assigned(from, committed);
    rd_kafka_topic_partition_list_sort(committed, NULL, NULL);
    rd_kafka_topic_partition_list_t *ends = rd_kafka_topic_partition_list_copy(committed);
    for (int i = 0; i < ends->cnt; i++)
        ends->elems[i].offset = WR_TIME_END;
    wr_group_offset *offsets = weir_arena_array(arena, (size_t)committed->cnt + 1, sizeof(*offsets));
    weir_err err = offsets ? wr_kafka_admin(client, &kafka, failure) : no_memory(failure);
    if (err == WEIR_OK)
        err = wr_kafka_offsets(kafka, ends, timeout_ms, failure);
    for (int i = 0; err == WEIR_OK && i < committed->cnt; i++) {
        const rd_kafka_topic_partition_t *at = &committed->elems[i];
        const rd_kafka_topic_partition_t *end = rd_kafka_topic_partition_list_find(ends, at->topic, at->partition);
        wr_group_offset *offset = &offsets[to->offset_count++];
        offset->topic = dup(arena, at->topic);
        offset->partition = at->partition;
        offset->offset = at->offset >= 0 ? at->offset : -1;
        offset->end_offset = end && !end->err ? end->offset : -1;
        offset->lag =
            offset->offset >= 0 && offset->end_offset >= offset->offset ? offset->end_offset - offset->offset : -1;
        offset->member = owner(from, to, at->topic, at->partition);
        if (!offset->topic)
            err = no_memory(failure);
    }
    to->offsets = offsets;
    rd_kafka_topic_partition_list_destroy(ends);
    return err;
}

weir_err wr_kafka_group(wr_client *client, const char *group, int timeout_ms, weir_arena *arena,
                        wr_group_info *ret_group, weir_failure *failure)
{
    request ask;
    size_t count = 0;
    wr_group_info info;
    rd_kafka_topic_partition_list_t *committed = NULL;
    const rd_kafka_ConsumerGroupDescription_t **found = NULL;
    weir_err err = request_init(&ask, client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_DescribeConsumerGroups(ask.kafka, &group, 1, ask.options, ask.queue);
        err = request_wait(&ask, "describing the group", failure);
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
    request_fini(&ask);
    return err;
}
