/* DeleteRecords: a partition starts later. What is to be deleted must be on the disk, since a start beyond the end of the
 * log must never be there, and so is the new start before it is answered. Both happen beside the loop, for all partitions
 * of the request at once. */
#include <topics/topics.h>
#include <wire/delete_records.h>

#include "api.h"
#include "visit.h"

typedef struct deletion {
    wr_trim_wait trim;
    wr_api_wait *wait;
    wr_partition *partition; /* valid when it went well */
    wr_delete_records_response_partition *out;
} deletion;

static void end(deletion *one, weir_err err)
{
    int16_t error = WR_KAFKA_NONE;
    if (err == WEIR_E_RANGE)
        error = WR_KAFKA_OFFSET_OUT_OF_RANGE;
    else if (err == WEIR_E_NOT_FOUND)
        error = WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    else if (err != WEIR_OK)
        error = wr_api_storage_error(err);
    one->out->error_code = error;
    one->out->low_watermark = error == WR_KAFKA_NONE ? wr_partition_start_offset(one->partition) : -1;
}

static void ended(void *user, weir_err err)
{
    deletion *one = user;
    end(one, err);
    wr_api_wait_end(one->wait);
}

static int16_t check(const wr_api_place *place, int64_t *offset)
{
    const wr_topic_key *policy_key = wr_topic_key_find(WEIR_SLICE("cleanup.policy"));
    char room[32];
    const char *policy = wr_topic_config_effective(place->topic->config, policy_key,
                                                   &wr_api_broker(place->request)->config.topics, room);
    if (place->topic->internal || !strstr(policy, "delete"))
        return WR_KAFKA_POLICY_VIOLATION;
    int64_t high_watermark = wr_partition_high_watermark(place->partition);
    if (*offset == -1)
        *offset = high_watermark;
    return *offset < 0 || *offset > high_watermark ? WR_KAFKA_OFFSET_OUT_OF_RANGE : WR_KAFKA_NONE;
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
    wr_api_wait *wait = user;
    const wr_delete_records_request_partition *asked = place->asked;
    wr_delete_records_response_partition *out = place->answer;
    int64_t offset = asked->offset;
    out->low_watermark = -1;
    if (place->error == WR_KAFKA_NONE)
        place->error = check(place, &offset);
    if (place->error != WR_KAFKA_NONE)
        return;
    deletion *one = weir_arena_alloc(place->request->arena, sizeof *one);
    if (!one) {
        place->error = wr_api_storage_error(WEIR_E_MEMORY);
        return;
    }
    *one = (deletion){.wait = wait, .partition = place->partition, .out = out};
    weir_err err = wr_partition_trim(place->partition, &one->trim, offset, offset, ended, one);
    if (err == WEIR_E_AGAIN) {
        wait->count++;
        return;
    }
    end(one, err);
    place->error = out->error_code;
}

weir_err wr_api_delete_records(wr_request *request)
{
    const int32_t *times;
    wr_api_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    weir_err err = wait ? wr_api_merge(request, &shape, &times) : WEIR_E_MEMORY;
    if (err != WEIR_OK)
        return err;
    wait->request = request;
    err = wr_api_answer_each(request, &shape, delete_one, wait);
    if (err == WEIR_OK)
        wr_api_wait_keep(wait);
    return err;
}
