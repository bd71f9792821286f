/* ListOffsets: the first offset, the last one, or the one that a time leads to. */
#include <topics/topics.h>
#include <wire/list_offsets.h>

#include "api.h"
#include "visit.h"

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

static const wr_api_shape shape = {
    .asked = WR_API_SIDE(wr_list_offsets_request, topics, topic_count, wr_list_offsets_request_topic, name,
                         WR_API_NO_ID, partitions, partition_count, wr_list_offsets_request_partition,
                         offsetof(wr_list_offsets_request_partition, partition_index)),
    .answer = WR_API_SIDE(wr_list_offsets_response, topics, topic_count, wr_list_offsets_response_topic, name,
                          WR_API_NO_ID, partitions, partition_count, wr_list_offsets_response_partition,
                          offsetof(wr_list_offsets_response_partition, partition_index)),
    .error = offsetof(wr_list_offsets_response_partition, error_code),
    .by_id_version = INT16_MAX,
    .data = true,
};

static void list_one(wr_api_place *place, void *user)
{
    const int32_t *times = user;
    const wr_list_offsets_request_partition *asked = place->asked;
    wr_list_offsets_response_partition *out = place->answer;
    out->timestamp = out->offset = -1;
    out->leader_epoch = WR_NO_LEADER_EPOCH;
    if (times[place->position] > 1)
        place->error = WR_KAFKA_INVALID_REQUEST;
    if (place->error == WR_KAFKA_NONE)
        place->error = wr_api_check_epoch(asked->current_leader_epoch);
    if (place->error == WR_KAFKA_NONE && asked->current_leader_epoch < WR_NO_LEADER_EPOCH)
        place->error =
            WR_KAFKA_FENCED_LEADER_EPOCH; /* Fetch takes any number below 0 for none, this request does not */
    if (place->error == WR_KAFKA_NONE && place->request->header.api_version < first_version(asked->timestamp))
        place->error = WR_KAFKA_UNSUPPORTED_VERSION;
    if (place->error != WR_KAFKA_NONE)
        return;
    weir_err err = find_offset(place->request, place->partition, asked->timestamp, out);
    if (err != WEIR_OK) {
        out->offset = out->timestamp = -1;
        place->error = err == WEIR_E_UNSUPPORTED ? WR_KAFKA_UNSUPPORTED_VERSION : wr_api_storage_error(err);
    } else if (out->offset >= 0) {
        out->leader_epoch = WR_LEADER_EPOCH;
    }
}

weir_err wr_api_list_offsets(wr_request *request)
{
    const int32_t *times;
    weir_err err = wr_api_merge(request, &shape, &times);
    return err == WEIR_OK ? wr_api_answer_each(request, &shape, list_one, (void *)(uintptr_t)times) : err;
}
