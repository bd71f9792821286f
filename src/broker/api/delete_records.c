/* DeleteRecords: a partition starts later. What is to be deleted must be on the disk, and so is the new start before it
 * is answered. */
#include <topics/topics.h>
#include <wire/delete_records.h>

#include "api.h"
#include "visit.h"

static int16_t trim(wr_request *request, wr_topic *topic, wr_partition *partition, int64_t offset)
{
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

static const wr_api_shape shape = {
    .asked = WR_API_SIDE(wr_delete_records_request, topics, topic_count, wr_delete_records_request_topic, name,
                         WR_API_NO_ID, partitions, partition_count, wr_delete_records_request_partition,
                         offsetof(wr_delete_records_request_partition, partition_index)),
    .answer = WR_API_SIDE(wr_delete_records_response, topics, topic_count, wr_delete_records_response_topic, name,
                          WR_API_NO_ID, partitions, partition_count, wr_delete_records_response_partition,
                          offsetof(wr_delete_records_response_partition, partition_index)),
    .error = offsetof(wr_delete_records_response_partition, error_code),
    .by_id_version = INT16_MAX,
    .data = true,
};

static void delete_one(wr_api_place *place, void *user)
{
    (void)user;
    const wr_delete_records_request_partition *asked = place->asked;
    wr_delete_records_response_partition *out = place->answer;
    out->low_watermark = -1;
    if (place->error == WR_KAFKA_NONE)
        place->error = trim(place->request, place->topic, place->partition, asked->offset);
    if (place->error == WR_KAFKA_NONE)
        out->low_watermark = wr_partition_start_offset(place->partition);
}

weir_err wr_api_delete_records(wr_request *request)
{
    const int32_t *times;
    weir_err err = wr_api_merge(request, &shape, &times);
    return err == WEIR_OK ? wr_api_answer_each(request, &shape, delete_one, NULL) : err;
}
