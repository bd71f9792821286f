#include <topics/topics.h>
#include <wire/offset_for_leader_epoch.h>

#include "api.h"

/* There is one epoch, and it ends at the high watermark: a consumer that stands beyond it has read what was lost. */
static void find_end(wr_request *request, weir_slice name, const wr_offset_for_leader_epoch_request_partition *asked,
                     wr_offset_for_leader_epoch_response_partition *out)
{
    *out = (wr_offset_for_leader_epoch_response_partition){
        .partition = asked->partition, .leader_epoch = WR_NO_LEADER_EPOCH, .end_offset = WR_NO_OFFSET};
    wr_topic *topic = wr_topics_find(wr_api_broker(request)->topics, name);
    wr_partition *partition = topic ? wr_topic_partition(topic, asked->partition) : NULL;
    if (!partition)
        out->error_code = WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    else if (wr_partition_closed(partition))
        out->error_code = WR_KAFKA_KAFKA_STORAGE_ERROR;
    else
        out->error_code = wr_api_check_epoch(asked->current_leader_epoch);
    if (out->error_code == WR_KAFKA_NONE && asked->leader_epoch == WR_LEADER_EPOCH) {
        out->leader_epoch = WR_LEADER_EPOCH;
        out->end_offset = wr_partition_high_watermark(partition);
    }
}

weir_err wr_api_offset_for_leader_epoch(wr_request *request)
{
    const wr_offset_for_leader_epoch_request *in = request->message;
    wr_offset_for_leader_epoch_response *out = request->response;
    out->topics = WR_API_ITEMS(request, wr_offset_for_leader_epoch_response_topic, in->topic_count);
    if (!out->topics)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++) {
        wr_offset_for_leader_epoch_response_topic *one = &out->topics[out->topic_count++];
        one->topic = in->topics[i].topic;
        one->partitions =
            WR_API_ITEMS(request, wr_offset_for_leader_epoch_response_partition, in->topics[i].partition_count);
        if (!one->partitions)
            return WEIR_E_MEMORY;
        for (int32_t k = 0; k < in->topics[i].partition_count; k++)
            find_end(request, one->topic, &in->topics[i].partitions[k], &one->partitions[one->partition_count++]);
    }
    return WEIR_OK;
}
