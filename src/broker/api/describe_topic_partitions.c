/* DescribeTopicPartitions: topics in name order, page by page. A page ends inside a topic where its partitions fill it;
 * the cursor names the partition that comes next. */
#include <topics/topics.h>
#include <wire/describe_topic_partitions.h>

#include <stdlib.h>

#include "api.h"

enum { PAGE_PARTITIONS_MAX = 2000 };

typedef wr_describe_topic_partitions_response_topic shown_topic;
typedef wr_describe_topic_partitions_response_partition shown_partition;
typedef wr_describe_topic_partitions_response_cursor cursor;

static int by_name(const void *a, const void *b)
{
    const weir_slice *x = a, *y = b;
    size_t size = x->size < y->size ? x->size : y->size;
    int order = size ? memcmp(x->data, y->data, size) : 0;
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

/* The names asked for, or all; sorted, without repetitions. */
static weir_slice *list_names(wr_request *request, int32_t *ret_count)
{
    const wr_describe_topic_partitions_request *in = request->message;
    const wr_topics *topics = wr_api_broker(request)->topics;
    bool all = in->topic_count <= 0;
    size_t capacity = all ? wr_topics_count(topics) : (size_t)in->topic_count;
    weir_slice *names = WR_API_ITEMS(request, weir_slice, capacity);
    int32_t count = 0;
    if (!names)
        return NULL;
    for (wr_topic *topic = all ? wr_topics_next(topics, NULL) : NULL; topic; topic = wr_topics_next(topics, topic))
        if (wr_api_authorise(request, WR_ACL_TOPIC, weir_slice_of(topic->name)) == WR_KAFKA_NONE)
            names[count++] = weir_slice_of(topic->name);
    if (!all) {
        for (int32_t i = 0; i < in->topic_count; i++)
            names[i] = in->topics[i].name;
        qsort(names, capacity, sizeof *names, by_name);
        for (size_t i = 0; i < capacity; i++)
            if (i == 0 || !weir_slice_equal(names[i], names[i - 1]))
                names[count++] = names[i];
    }
    *ret_count = count;
    return names;
}

static weir_err show_partitions(wr_request *request, const wr_topic *topic, int32_t first, int32_t count,
                                shown_topic *out)
{
    int32_t *node = WR_API_ITEMS(request, int32_t, 1);
    out->partitions = WR_API_ITEMS(request, shown_partition, count);
    if (!out->partitions || !node)
        return WEIR_E_MEMORY;
    *node = wr_api_broker(request)->config.node_id;
    for (int32_t i = first; i < first + count; i++) {
        bool open = !wr_partition_closed(topic->partitions[i]);
        out->partitions[out->partition_count++] =
            (shown_partition){.error_code = open ? WR_KAFKA_NONE : WR_KAFKA_LEADER_NOT_AVAILABLE,
                              .partition_index = i,
                              .leader_id = open ? *node : -1,
                              .leader_epoch = WR_LEADER_EPOCH,
                              .replica_nodes = node,
                              .replica_node_count = 1,
                              .isr_nodes = node,
                              .isr_node_count = open ? 1 : 0,
                              .offline_replicas = node,
                              .offline_replica_count = open ? 0 : 1};
    }
    return WEIR_OK;
}

static weir_err end_page(wr_request *request, weir_slice topic, int32_t partition)
{
    wr_describe_topic_partitions_response *out = request->response;
    out->next_cursor = WR_API_ITEMS(request, cursor, 1);
    if (!out->next_cursor)
        return WEIR_E_MEMORY;
    *out->next_cursor = (cursor){.topic_name = topic, .partition_index = partition};
    return WEIR_OK;
}

weir_err wr_api_describe_topic_partitions(wr_request *request)
{
    const wr_describe_topic_partitions_request *in = request->message;
    wr_describe_topic_partitions_response *out = request->response;
    int32_t left = in->response_partition_limit;
    left = left < 1 ? 1 : left > PAGE_PARTITIONS_MAX ? PAGE_PARTITIONS_MAX : left;
    int32_t count = 0;
    weir_slice *names = list_names(request, &count);
    out->topics = WR_API_ITEMS(request, shown_topic, count);
    if (!names || !out->topics)
        return WEIR_E_MEMORY;

    for (int32_t i = 0; i < count; i++) {
        int32_t first = 0;
        if (in->cursor) {
            int order = by_name(&names[i], &in->cursor->topic_name);
            if (order < 0)
                continue;
            if (order == 0 && in->cursor->partition_index > 0)
                first = in->cursor->partition_index;
        }
        if (left == 0)
            return end_page(request, names[i], first);
        shown_topic *one = &out->topics[out->topic_count++];
        *one = (shown_topic){.name = names[i], .topic_authorized_operations = WR_OPERATIONS_OMITTED};
        one->error_code = wr_api_authorise(request, WR_ACL_TOPIC, names[i]);
        if (one->error_code != WR_KAFKA_NONE)
            continue;
        one->topic_authorized_operations = wr_api_operations(request, WR_ACL_TOPIC, names[i], WR_TOPIC_OPERATIONS);
        const wr_topic *topic = wr_topics_find(wr_api_broker(request)->topics, names[i]);
        if (!topic) {
            bool legal = wr_topic_name_legal(names[i]);
            one->error_code = legal ? WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION : WR_KAFKA_INVALID_TOPIC_EXCEPTION;
            continue;
        }
        one->topic_id = topic->id;
        one->is_internal = topic->internal;
        int32_t rest = topic->partition_count > first ? topic->partition_count - first : 0;
        int32_t shown = rest < left ? rest : left;
        weir_err err = show_partitions(request, topic, first, shown, one);
        if (err != WEIR_OK)
            return err;
        left -= shown;
        if (shown < rest)
            return end_page(request, names[i], first + shown);
    }
    return WEIR_OK;
}
