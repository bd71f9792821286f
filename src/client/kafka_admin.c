/* Admin calls: each sends one request or a few and waits for the answers on a queue of its own. */
#include "kafka_int.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    REACH_STEP_MS = 100,
    OFFSETS_AT_ONCE = 500,
    ANSWER_MARGIN_MS = 500 /* librdkafka answers a timeout itself; this is for the answer to reach us */
};

weir_err wr_kafka_admin(wr_client *door, rd_kafka_t **ret_kafka, weir_failure *failure)
{
    wr_kafka_client *client = (wr_kafka_client *)door;
    rd_kafka_conf_t *conf;
    if (!client->admin) {
        wr_kafka_handle *handle = calloc(1, sizeof(*handle));
        if (!handle)
            return weir_fail(failure, WEIR_E_MEMORY, "no memory for an admin client");
        wr_kafka_handle_init(handle, client);
        weir_err err = wr_kafka_conf_new(client, NULL, NULL, handle, &conf, failure);
        if (err == WEIR_OK)
            err = wr_kafka_start(RD_KAFKA_PRODUCER, conf, handle, &client->admin, failure);
        if (err != WEIR_OK) {
            wr_kafka_handle_fini(handle);
            free(handle);
            return err;
        }
    }
    rd_kafka_poll(client->admin, 0); /* let the error callback's queue not grow */
    *ret_kafka = client->admin;
    return WEIR_OK;
}

/* By asking for nothing in particular, again and again: each of these waits for a connection. */
weir_err wr_kafka_reach_cluster(wr_client *door, int timeout_ms, weir_failure *failure)
{
    wr_kafka_client *client = (wr_kafka_client *)door;
    rd_kafka_t *kafka = NULL;
    wr_reach reach;
    weir_err err = wr_kafka_admin(door, &kafka, failure);
    if (err != WEIR_OK)
        return err;
    for (int left_ms = timeout_ms; left_ms > 0; left_ms -= REACH_STEP_MS) {
        const struct rd_kafka_metadata *metadata;
        int step_ms = left_ms < REACH_STEP_MS ? left_ms : REACH_STEP_MS;
        if (rd_kafka_metadata(kafka, 0, NULL, &metadata, step_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            return WEIR_OK;
        }
    }
    wr_kafka_reach_read(rd_kafka_opaque(client->admin), &reach);
    if (reach.is_unreachable)
        return weir_fail(failure, WEIR_E_UNREACHABLE, "Kafka cannot be reached: %s", reach.reason);
    return weir_fail(failure, WEIR_E_TIMEOUT, "Kafka does not answer%s%s", reach.reason[0] ? ": " : "", reach.reason);
}

weir_err wr_kafka_no_memory(weir_failure *failure)
{
    return weir_fail(failure, WEIR_E_MEMORY, "no memory for the answer");
}

const char *wr_kafka_dup(weir_arena *arena, const char *text)
{
    return text ? weir_arena_dup_text(arena, weir_slice_of(text)) : NULL;
}

/* ---- one request and its answer */

weir_err wr_kafka_request_init(wr_kafka_request *ask, wr_client *client, rd_kafka_admin_op_t kind, int timeout_ms,
                               weir_failure *failure)
{
    char text[160];
    *ask = (wr_kafka_request){.timeout_ms = timeout_ms};
    weir_err err = wr_kafka_admin(client, &ask->kafka, failure);
    if (err != WEIR_OK)
        return err;
    ask->queue = rd_kafka_queue_new(ask->kafka);
    ask->options = rd_kafka_AdminOptions_new(ask->kafka, kind);
    rd_kafka_AdminOptions_set_request_timeout(ask->options, timeout_ms, text, sizeof(text));
    return WEIR_OK;
}

weir_err wr_kafka_request_wait(wr_kafka_request *ask, const char *what, weir_failure *failure)
{
    ask->event = rd_kafka_queue_poll(ask->queue, ask->timeout_ms + ANSWER_MARGIN_MS);
    if (!ask->event)
        return wr_kafka_fail(failure, RD_KAFKA_RESP_ERR__TIMED_OUT, what, NULL);
    rd_kafka_resp_err_t code = rd_kafka_event_error(ask->event);
    return code ? wr_kafka_fail(failure, code, what, rd_kafka_event_error_string(ask->event)) : WEIR_OK;
}

void wr_kafka_request_fini(wr_kafka_request *ask)
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
    wr_kafka_request ask;
    char what[300], text[160];
    size_t count = 0;
    snprintf(what, sizeof(what), "creating topic %s", topic);
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, partition_count, replication, text, sizeof(text));
    if (!made)
        return weir_fail(failure, WEIR_E_USAGE, "%s: %s", what, text);
    for (size_t i = 0; i < config_count; i++)
        rd_kafka_NewTopic_set_config(made, configs[i].name, configs[i].value);
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_CREATETOPICS, timeout_ms, failure);
    if (err == WEIR_OK) {
        /* without an operation timeout the controller answers before the topic is there */
        rd_kafka_AdminOptions_set_operation_timeout(ask.options, timeout_ms, text, sizeof(text));
        rd_kafka_CreateTopics(ask.kafka, &made, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(ask.event), &count);
        err = topic_result(results, count, what, failure);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_NewTopic_destroy(made);
    return err;
}

weir_err wr_kafka_delete_topic(wr_client *client, const char *topic, int timeout_ms, weir_failure *failure)
{
    wr_kafka_request ask;
    char what[300], text[160];
    size_t count = 0;
    snprintf(what, sizeof(what), "deleting topic %s", topic);
    rd_kafka_DeleteTopic_t *gone = rd_kafka_DeleteTopic_new(topic);
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_DELETETOPICS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_AdminOptions_set_operation_timeout(ask.options, timeout_ms, text, sizeof(text));
        rd_kafka_DeleteTopics(ask.kafka, &gone, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_topic_result_t **results =
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(ask.event), &count);
        err = topic_result(results, count, what, failure);
    }
    wr_kafka_request_fini(&ask);
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
            .name = wr_kafka_dup(arena, rd_kafka_ConfigEntry_name(entries[i])),
            .value = wr_kafka_dup(arena, rd_kafka_ConfigEntry_value(entries[i])),
            .source = sources[source < sizeof(sources) / sizeof(sources[0]) ? source : 0],
            .is_default = rd_kafka_ConfigEntry_is_default(entries[i]) > 0,
            .read_only = rd_kafka_ConfigEntry_is_read_only(entries[i]) > 0,
            .sensitive = rd_kafka_ConfigEntry_is_sensitive(entries[i]) > 0,
        };
        if (!configs[i].name)
            return wr_kafka_no_memory(failure);
    }
    if (!configs)
        return wr_kafka_no_memory(failure);
    qsort(configs, count, sizeof(*configs), by_config_name);
    *ret_configs = configs;
    *ret_count = count;
    return WEIR_OK;
}

/* Takes `wanted`; `what` says in a failure what was done. */
static weir_err describe_configs(wr_client *client, rd_kafka_ConfigResource_t *wanted, const char *what, int timeout_ms,
                                 weir_arena *arena, const wr_config_info **ret_configs, size_t *ret_count,
                                 weir_failure *failure)
{
    wr_kafka_request ask;
    size_t count = 0;
    weir_err err = wr_kafka_request_init(&ask, client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, timeout_ms, failure);
    if (err == WEIR_OK) {
        rd_kafka_DescribeConfigs(ask.kafka, &wanted, 1, ask.options, ask.queue);
        err = wr_kafka_request_wait(&ask, what, failure);
    }
    if (err == WEIR_OK) {
        const rd_kafka_ConfigResource_t **found =
            rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(ask.event), &count);
        rd_kafka_resp_err_t code = count ? rd_kafka_ConfigResource_error(found[0]) : RD_KAFKA_RESP_ERR__BAD_MSG;
        err = code ? wr_kafka_fail(failure, code, what, count ? rd_kafka_ConfigResource_error_string(found[0]) : NULL)
                   : read_configs(found[0], arena, ret_configs, ret_count, failure);
    }
    wr_kafka_request_fini(&ask);
    rd_kafka_ConfigResource_destroy(wanted);
    return err;
}

weir_err wr_kafka_topic_config(wr_client *client, const char *topic, int timeout_ms, weir_arena *arena,
                               const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    char what[300];
    snprintf(what, sizeof(what), "reading the configuration of topic %s", topic);
    return describe_configs(client, rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic), what, timeout_ms,
                            arena, ret_configs, ret_count, failure);
}

weir_err wr_kafka_broker_config(wr_client *client, int32_t broker, int timeout_ms, weir_arena *arena,
                                const wr_config_info **ret_configs, size_t *ret_count, weir_failure *failure)
{
    char what[80], name[16];
    snprintf(name, sizeof(name), "%d", broker);
    snprintf(what, sizeof(what), "reading the configuration of broker %s", name);
    return describe_configs(client, rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_BROKER, name), what, timeout_ms,
                            arena, ret_configs, ret_count, failure);
}

/* ---- offsets */

/* The partitions from `from` on, `count` of them. */
static rd_kafka_resp_err_t read_some_offsets(rd_kafka_t *kafka, rd_kafka_topic_partition_t *from, int count,
                                             int timeout_ms)
{
    rd_kafka_topic_partition_list_t *some = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(some, from[i].topic, from[i].partition)->offset = from[i].offset;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(kafka, some, timeout_ms);
    for (int i = 0; i < count && !code; i++) { /* the answers stand where the questions stood */
        from[i].offset = some->elems[i].offset;
        from[i].err = some->elems[i].err;
    }
    rd_kafka_topic_partition_list_destroy(some);
    return code;
}

/* librdkafka looks for the place of each answer from the first question on: of many partitions, some at a time. */
weir_err wr_kafka_offsets(rd_kafka_t *kafka, rd_kafka_topic_partition_list_t *list, int timeout_ms,
                          weir_failure *failure)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (int at = 0; at < list->cnt && !code; at += OFFSETS_AT_ONCE) {
        int left = list->cnt - at;
        code = read_some_offsets(kafka, &list->elems[at], left < OFFSETS_AT_ONCE ? left : OFFSETS_AT_ONCE, timeout_ms);
    }
    return code ? wr_kafka_fail(failure, code, "reading offsets", NULL) : WEIR_OK;
}

weir_err wr_kafka_offset_at(wr_client *client, const char *topic, int32_t partition, int64_t time_ms, int timeout_ms,
                            int64_t *ret_offset, weir_failure *failure)
{
    rd_kafka_t *kafka = NULL;
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
    to->name = wr_kafka_dup(arena, from->topic);
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
        return wr_kafka_no_memory(failure);
    for (int i = 0; i < from->broker_cnt; i++)
        brokers[to->broker_count++] =
            (wr_broker_info){from->brokers[i].id, wr_kafka_dup(arena, from->brokers[i].host), from->brokers[i].port};
    for (int i = 0; i < from->topic_cnt; i++) {
        if ((topic && strcmp(topic, from->topics[i].topic) != 0) || from->topics[i].err)
            continue;
        if (!read_topic(&from->topics[i], arena, &topics[to->topic_count++]))
            return wr_kafka_no_memory(failure);
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
            if (info->topics[i].partitions[j].leader >= 0) /* else nobody answers */
                rd_kafka_topic_partition_list_add(list, info->topics[i].name, info->topics[i].partitions[j].partition)
                    ->offset = time;
    weir_err err = wr_kafka_offsets(kafka, list, timeout_ms, failure);
    const rd_kafka_topic_partition_t *next = list->elems; /* the answers stand where the questions stood */
    for (size_t i = 0; err == WEIR_OK && i < info->topic_count; i++)
        for (size_t j = 0; j < info->topics[i].partition_count; j++) {
            wr_partition_info *partition = (wr_partition_info *)(uintptr_t)&info->topics[i].partitions[j];
            const rd_kafka_topic_partition_t *found = partition->leader >= 0 ? next++ : NULL;
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
    rd_kafka_t *kafka = NULL;
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
    info.id = wr_kafka_dup(arena, id);
    info.controller = rd_kafka_controllerid(kafka, timeout_ms);
    rd_kafka_mem_free(kafka, id);
    *ret_info = info;
    return WEIR_OK;
}
