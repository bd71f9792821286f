#include <topics/topics.h>
#include <wire/list_offsets.h>

#include "api.h"

/* The first version in which a client may ask for a special time. */
static int16_t first_version(int64_t time)
{
    switch (time) {
    case WR_TIME_MAX:
        return 7;
    case WR_TIME_EARLIEST_LOCAL:
        return 8;
    case WR_TIME_LATEST_TIERED:
        return 9;
    default:
        return 0;
    }
}

static weir_err find_offset(wr_request *request, wr_partition *partition, int64_t time,
                            wr_list_offsets_response_partition *out)
{
    switch (time) {
    case WR_TIME_LATEST:
        out->offset = wr_partition_high_watermark(partition);
        return WEIR_OK;
    case WR_TIME_EARLIEST:
    case WR_TIME_EARLIEST_LOCAL:
        out->offset = wr_partition_start_offset(partition);
        return WEIR_OK;
    case WR_TIME_MAX:
        return wr_partition_find_max_time(partition, request->arena, &out->offset, &out->timestamp);
    case WR_TIME_LATEST_TIERED:
        return WEIR_OK; /* nothing is tiered: -1 */
    default:
        if (time < 0)
            return WEIR_E_UNSUPPORTED;
        return wr_partition_find_time(partition, time, request->arena, &out->offset, &out->timestamp);
    }
}

static void list_one(wr_request *request, weir_slice name, const wr_list_offsets_request_partition *asked,
                     wr_list_offsets_response_partition *out)
{
    *out = (wr_list_offsets_response_partition){
        .partition_index = asked->partition_index, .timestamp = -1, .offset = -1, .leader_epoch = WR_NO_LEADER_EPOCH};
    wr_topic *topic = wr_topics_find(wr_api_broker(request)->topics, name);
    wr_partition *partition = topic ? wr_topic_partition(topic, asked->partition_index) : NULL;
    if (!partition) {
        out->error_code = WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        return;
    }
    if (wr_partition_closed(partition)) {
        out->error_code = WR_KAFKA_KAFKA_STORAGE_ERROR;
        return;
    }
    out->error_code = wr_api_check_epoch(asked->current_leader_epoch);
    if (out->error_code != WR_KAFKA_NONE)
        return;
    if (request->header.api_version < first_version(asked->timestamp)) {
        out->error_code = WR_KAFKA_UNSUPPORTED_VERSION;
        return;
    }
    weir_err err = find_offset(request, partition, asked->timestamp, out);
    if (err != WEIR_OK) {
        out->offset = out->timestamp = -1;
        out->error_code = err == WEIR_E_UNSUPPORTED ? WR_KAFKA_UNSUPPORTED_VERSION : wr_api_storage_error(err);
    } else if (out->offset >= 0) {
        out->leader_epoch = WR_LEADER_EPOCH;
    }
}

weir_err wr_api_list_offsets(wr_request *request)
{
    const wr_list_offsets_request *in = request->message;
    wr_list_offsets_response *out = request->response;
    out->topics = WR_API_ITEMS(request, wr_list_offsets_response_topic, in->topic_count);
    if (!out->topics)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_count; i++) {
        wr_list_offsets_response_topic *one = &out->topics[out->topic_count++];
        one->name = in->topics[i].name;
        one->partitions = WR_API_ITEMS(request, wr_list_offsets_response_partition, in->topics[i].partition_count);
        if (!one->partitions)
            return WEIR_E_MEMORY;
        for (int32_t k = 0; k < in->topics[i].partition_count; k++)
            list_one(request, one->name, &in->topics[i].partitions[k], &one->partitions[one->partition_count++]);
    }
    return WEIR_OK;
}
