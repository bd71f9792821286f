#include <topics/topics.h>
#include <wire/delete_records.h>

#include "api.h"

static int16_t trim(wr_request *request, wr_topic *topic, wr_partition *partition, int64_t offset)
{
    if (wr_partition_closed(partition))
        return WR_KAFKA_KAFKA_STORAGE_ERROR;
    const wr_topic_key *policy_key = wr_topic_key_find(WEIR_SLICE("cleanup.policy"));
    char room[32];
    const char *policy =
        wr_topic_config_effective(topic->config, policy_key, &wr_api_broker(request)->config.topics, room);
    if (topic->internal || !strstr(policy, "delete"))
        return WR_KAFKA_POLICY_VIOLATION;
    int64_t high_watermark = wr_partition_high_watermark(partition);
    if (offset == -1)
        offset = high_watermark;
    if (offset < 0 || offset > high_watermark)
        return WR_KAFKA_OFFSET_OUT_OF_RANGE;
    if (offset <= wr_partition_start_offset(partition))
        return WR_KAFKA_NONE;

    /* Without flush=acks the high watermark runs ahead of the disk; a start beyond the end of the log must never be
     * there. A log has one sync at a time: while the flusher's is under way, the client asks again. */
    weir_err err = wr_partition_sync(partition, offset);
    if (err == WEIR_E_AGAIN)
        return WR_KAFKA_REQUEST_TIMED_OUT;
    if (err == WEIR_OK)
        err = wr_partition_trim(partition, offset);
    return err == WEIR_E_RANGE ? WR_KAFKA_OFFSET_OUT_OF_RANGE : wr_api_storage_error(err);
}

static void delete_one(wr_request *request, weir_slice name, const wr_delete_records_request_partition *asked,
                       wr_delete_records_response_partition *out)
{
    out->partition_index = asked->partition_index;
    out->low_watermark = -1;
    wr_topic *topic = wr_topics_find(wr_api_broker(request)->topics, name);
    wr_partition *partition = topic ? wr_topic_partition(topic, asked->partition_index) : NULL;
    out->error_code = WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    if (partition)
        out->error_code = trim(request, topic, partition, asked->offset);
    if (out->error_code == WR_KAFKA_NONE)
        out->low_watermark = wr_partition_start_offset(partition);
}

weir_err wr_api_delete_records(wr_request *request)
{
    const wr_delete_records_request *in = request->message;
    wr_delete_records_response *out = request->response;
    out->topics = WR_API_ITEMS(request, wr_delete_records_response_topic, in->topic_count);
    if (!out->topics)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++) {
        wr_delete_records_response_topic *one = &out->topics[out->topic_count++];
        one->name = in->topics[i].name;
        one->partitions = WR_API_ITEMS(request, wr_delete_records_response_partition, in->topics[i].partition_count);
        if (!one->partitions)
            return WEIR_E_MEMORY;
        for (int32_t k = 0; k < in->topics[i].partition_count; k++)
            delete_one(request, one->name, &in->topics[i].partitions[k], &one->partitions[one->partition_count++]);
    }
    return WEIR_OK;
}
