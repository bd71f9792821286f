/* DescribeLogDirs: the one data directory, and how many bytes each partition has in it. */
#include <topics/topics.h>
#include <wire/describe_log_dirs.h>

#include "api.h"

typedef wr_describe_log_dirs_response_topic shown_topic;

/* Which of the topic's partitions are asked for, each looked at once. NULL: memory. */
static const bool *mark_asked(wr_request *request, const wr_topic *topic,
                              const wr_describe_log_dirs_request_topic *asked)
{
    bool *marks = WR_API_ITEMS(request, bool, topic->partition_count);
    for (int32_t i = 0; marks && i < asked->partition_count; i++)
        if (wr_topic_partition(topic, asked->partitions[i]))
            marks[asked->partitions[i]] = true;
    return marks;
}

/* asked NULL: every partition. */
static weir_err show_topic(wr_request *request, const wr_topic *topic, const wr_describe_log_dirs_request_topic *asked,
                           shown_topic *out)
{
    out->name = weir_slice_of(topic->name);
    out->partitions = WR_API_ITEMS(request, wr_describe_log_dirs_response_partition, topic->partition_count);
    const bool *marks = asked ? mark_asked(request, topic, asked) : NULL;
    if (!out->partitions || (asked && !marks))
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < topic->partition_count; i++) {
        const wr_partition *partition = topic->partitions[i];
        if (!asked || marks[i]) /* a closed one too, with what is known of it: its directory is there */
            out->partitions[out->partition_count++] = (wr_describe_log_dirs_response_partition){
                .partition_index = i, .partition_size = wr_partition_size(partition)};
    }
    return WEIR_OK;
}

weir_err wr_api_describe_log_dirs(wr_request *request)
{
    const wr_describe_log_dirs_request *in = request->message;
    wr_describe_log_dirs_response *out = request->response;
    wr_topics *topics = wr_api_broker(request)->topics;
    out->error_code = wr_api_authorise_cluster(request);
    if (out->error_code != WR_KAFKA_NONE)
        return WEIR_OK;
    out->results = WR_API_ITEMS(request, wr_describe_log_dirs_response_result, 1);
    if (!out->results)
        return WEIR_E_MEMORY;
    wr_describe_log_dirs_response_result *dir = &out->results[out->result_count++];
    dir->log_dir = weir_slice_of(wr_api_broker(request)->config.topics.data_directory);
    dir->total_bytes = dir->usable_bytes = -1; /* not known */
    bool all = in->topic_count < 0;
    dir->topics = WR_API_ITEMS(request, shown_topic, all ? (int64_t)wr_topics_count(topics) : in->topic_count);
    if (!dir->topics)
        return WEIR_E_MEMORY;

    weir_err err = WEIR_OK;
    for (wr_topic *topic = all ? wr_topics_next(topics, NULL) : NULL; topic && err == WEIR_OK;
         topic = wr_topics_next(topics, topic))
        err = show_topic(request, topic, NULL, &dir->topics[dir->topic_count++]);
    for (int32_t i = 0; i < in->topic_count && err == WEIR_OK; i++) {
        const wr_topic *topic = wr_topics_find(topics, in->topics[i].topic);
        shown_topic *shown = &dir->topics[dir->topic_count];
        if (topic)
            err = show_topic(request, topic, &in->topics[i], shown);
        dir->topic_count += shown->partition_count > 0;
    }
    return err;
}
