/* OffsetForLeaderEpoch: where an epoch ends. There is one epoch, and it ends at the high watermark: a consumer that
 * stands beyond it has read what was lost. */
#include <topics/topics.h>
#include <wire/offset_for_leader_epoch.h>

#include "api.h"
#include "visit.h"

static const wr_api_shape shape = {
    .asked =
        WR_API_SIDE(wr_offset_for_leader_epoch_request, topics, topic_count, wr_offset_for_leader_epoch_request_topic,
                    topic, WR_API_NO_ID, partitions, partition_count, wr_offset_for_leader_epoch_request_partition,
                    offsetof(wr_offset_for_leader_epoch_request_partition, partition)),
    .answer =
        WR_API_SIDE(wr_offset_for_leader_epoch_response, topics, topic_count, wr_offset_for_leader_epoch_response_topic,
                    topic, WR_API_NO_ID, partitions, partition_count, wr_offset_for_leader_epoch_response_partition,
                    offsetof(wr_offset_for_leader_epoch_response_partition, partition)),
    .error = offsetof(wr_offset_for_leader_epoch_response_partition, error_code),
    .by_id_version = INT16_MAX,
    .data = true,
};

static void find_end(wr_api_place *place, void *user)
{
    (void)user;
    const wr_offset_for_leader_epoch_request_partition *asked = place->asked;
    wr_offset_for_leader_epoch_response_partition *out = place->answer;
    out->leader_epoch = WR_NO_LEADER_EPOCH;
    out->end_offset = WR_NO_OFFSET;
    if (place->error == WR_KAFKA_NONE)
        place->error = wr_api_check_epoch(asked->current_leader_epoch);
    if (place->error == WR_KAFKA_NONE && asked->leader_epoch == WR_LEADER_EPOCH) {
        out->leader_epoch = WR_LEADER_EPOCH;
        out->end_offset = wr_partition_high_watermark(place->partition);
    }
}

weir_err wr_api_offset_for_leader_epoch(wr_request *request)
{
    return wr_api_answer_each(request, &shape, find_end, NULL);
}
