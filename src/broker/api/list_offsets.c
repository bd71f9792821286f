/* ListOffsets: the first offset, the last one, or the one that a time leads to.
 *
 * The last one counts what was acknowledged. With acks=1 that may be more than what consumers see as yet (flush=acks: what
 * is on the disk), and a client that produced and then asks for the end would miss its own records. So the answer waits
 * for the syncs that cover what was appended before the question, at most WAIT_MAX_MS; what is still not durable then, or
 * never will be, is not counted. */
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

static weir_err find_offset(wr_partition *partition, int64_t time, wr_list_offsets_response_partition *out)
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
        return wr_partition_find_max_time(partition, &out->offset, &out->timestamp);
    case WR_TIME_LATEST_TIERED:
        return WEIR_OK; /* nothing is tiered: -1 */
    default:
        if (time < 0)
            return WEIR_E_UNSUPPORTED;
        return wr_partition_find_time(partition, time, &out->offset, &out->timestamp);
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

/* ---- waiting for the syncs under way */

enum { WAIT_MAX_MS = 1000 };

typedef struct latest_wait {
    wr_durable_wait wait;
    struct latest *all;
    wr_list_offsets_response_partition *out;
} latest_wait;

typedef struct latest {
    wr_request *request;
    const int32_t *times; /* how often each partition was asked for */
    wr_timer timer;
    int32_t waiting_count, count;
    latest_wait *each;
} latest;

static void cancel_waits(latest *all)
{
    wr_timer_stop(wr_api_broker(all->request)->loop, &all->timer);
    for (int32_t i = 0; i < all->count; i++)
        wr_durable_wait_cancel(&all->each[i].wait);
}

static void cancel(wr_request *request)
{
    cancel_waits(request->user);
}

static void waited_long_enough(void *user)
{
    latest *all = user;
    cancel_waits(all);
    wr_request_answer(all->request);
}

static void durable(void *user, weir_err err)
{
    latest_wait *one = user;
    latest *all = one->all;
    if (err == WEIR_OK)
        one->out->offset = one->wait.offset;
    else if (err == WEIR_E_NOT_FOUND)
        *one->out = (wr_list_offsets_response_partition){.partition_index = one->out->partition_index,
                                                         .error_code = WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
                                                         .timestamp = -1,
                                                         .offset = -1,
                                                         .leader_epoch = WR_NO_LEADER_EPOCH};
    if (--all->waiting_count > 0)
        return;
    wr_timer_stop(wr_api_broker(all->request)->loop, &all->timer);
    wr_request_answer(all->request);
}

static void await_end(latest *all, wr_partition *partition, wr_list_offsets_response_partition *out)
{
    int64_t end_offset = wr_partition_end_offset(partition);
    if (out->offset >= end_offset)
        return;
    latest_wait *one = &all->each[all->count++];
    one->all = all;
    one->out = out;
    if (wr_partition_await(partition, &one->wait, end_offset, durable, one) == WEIR_E_AGAIN)
        all->waiting_count++;
}

static weir_err keep(latest *all)
{
    weir_err err =
        wr_timer_after_ms(wr_api_broker(all->request)->loop, &all->timer, WAIT_MAX_MS, waited_long_enough, all);
    if (err == WEIR_OK)
        wr_request_keep(all->request, cancel);
    else
        cancel_waits(all);
    return err;
}

/* ---- the request */

static void list_one(wr_api_place *place, void *user)
{
    latest *all = user;
    const int32_t *times = all->times;
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
    weir_err err = find_offset(place->partition, asked->timestamp, out);
    if (err != WEIR_OK) {
        out->offset = out->timestamp = -1;
        place->error = err == WEIR_E_UNSUPPORTED ? WR_KAFKA_UNSUPPORTED_VERSION : wr_api_storage_error(err);
    } else if (out->offset >= 0) {
        out->leader_epoch = WR_LEADER_EPOCH;
        if (asked->timestamp == WR_TIME_LATEST)
            await_end(all, place->partition, out);
    }
}

weir_err wr_api_list_offsets(wr_request *request)
{
    const wr_list_offsets_request *in = request->message;
    latest *all = WR_API_ITEMS(request, latest, 1);
    if (!all)
        return WEIR_E_MEMORY;
    all->request = request;
    weir_err err = wr_api_merge(request, &shape, &all->times);
    int64_t count = 0;
    for (int32_t i = 0; i < in->topic_count; i++)
        count += in->topics[i].partition_count > 0 ? in->topics[i].partition_count : 0;
    if (err == WEIR_OK)
        all->each = WR_API_ITEMS(request, latest_wait, count);
    if (err == WEIR_OK && !all->each)
        err = WEIR_E_MEMORY;
    if (err != WEIR_OK)
        return err;
    request->user = all;
    err = wr_api_answer_each(request, &shape, list_one, all);
    return err == WEIR_OK && all->waiting_count > 0 ? keep(all) : err;
}
