/* Fetch: whole batches from where each consumer stands, now or when there are enough.
 *
 *     read what there is ──enough, an error, or no time to wait──▶ answer
 *           ▲        └──too little──▶ parked: watching every partition asked for, with a timer for max_wait
 *           └── a partition changed, and by its growth there may be enough now ──┘      (timer: answer what there is)
 *
 * Limits (KIP-74): partition_max_bytes and max_bytes, the broker's fetch.max.bytes, and what memory is left; but the
 * first batch of the answer is given whatever its size, so that a consumer never stands before a batch it cannot pass.
 *
 * There are no fetch sessions: every answer has session id 0, and a client that asks within a session it invented is
 * told so, whereupon it sends its whole list (KIP-227). Nothing is transactional yet: the last stable offset is the
 * high watermark, whatever the isolation level. */
#include <topics/topics.h>
#include <wire/fetch.h>

#include "api.h"
#include "visit.h"

typedef struct parked_partition {
    wr_watcher watcher;
    struct parked_fetch *fetch;
    int64_t log_size; /* when it was read */
    size_t payload_at, payload_size;
} parked_partition;

typedef struct parked_fetch {
    wr_request *request;
    parked_partition *partitions; /* in the order of the request */
    int32_t partition_count;
    wr_timer timer;
    int64_t deadline_us;
    int64_t read_size; /* found by the last read */
    int64_t left;      /* what the answer may still hold, while it is read */
    bool failed;       /* a partition's error answers at once */
    bool kept;
} parked_fetch;

enum { LEAST_ANSWER_SIZE = 1 << 20 }; /* however short memory is */

/* ---- reading */

static const wr_api_shape shape = {
    .asked = WR_API_SIDE(wr_fetch_request, topics, topic_count, wr_fetch_request_topic, topic,
                         offsetof(wr_fetch_request_topic, topic_id), partitions, partition_count,
                         wr_fetch_request_partition, offsetof(wr_fetch_request_partition, partition)),
    .answer = WR_API_SIDE(wr_fetch_response, responses, response_count, wr_fetch_response_topic, topic,
                          offsetof(wr_fetch_response_topic, topic_id), partitions, partition_count,
                          wr_fetch_response_partition, offsetof(wr_fetch_response_partition, partition_index)),
    .error = offsetof(wr_fetch_response_partition, error_code),
    .by_id_version = 13,
    .data = true,
};

/* Appends to the payload; *left is what the whole answer may still hold. */
static int16_t read_partition(wr_request *request, wr_partition *partition, const wr_fetch_request_partition *asked,
                              int64_t *left, wr_fetch_response_partition *out)
{
    int16_t error = wr_api_check_epoch(asked->current_leader_epoch);
    if (error)
        return error;
    int64_t start_offset = wr_partition_start_offset(partition);
    if (asked->fetch_offset < start_offset || asked->fetch_offset > wr_partition_end_offset(partition))
        return WR_KAFKA_OFFSET_OUT_OF_RANGE;
    if (asked->last_fetched_epoch > WR_LEADER_EPOCH)
        return WR_KAFKA_OFFSET_OUT_OF_RANGE; /* an epoch that this log never had: it was not read here */
    out->high_watermark = out->last_stable_offset = wr_partition_high_watermark(partition);
    out->log_start_offset = start_offset;

    bool first = request->payload.size == 0;
    int64_t size = asked->partition_max_bytes < *left ? asked->partition_max_bytes : *left;
    if (asked->fetch_offset >= out->high_watermark || (size <= 0 && !first))
        return WR_KAFKA_NONE;
    size_t before = request->payload.size;
    weir_err err = wr_partition_read(partition, asked->fetch_offset, out->high_watermark, size > 0 ? (size_t)size : 0,
                                     first, &request->payload);
    if (err == WEIR_OK && wr_buf_failed(&request->payload))
        err = WEIR_E_MEMORY;
    if (err != WEIR_OK) {
        request->payload.size = before;
        request->payload.failed = false;
        return err == WEIR_E_RANGE ? WR_KAFKA_OFFSET_OUT_OF_RANGE
               : err == WEIR_E_CORRUPT
                   ? WR_KAFKA_CORRUPT_MESSAGE /* as Kafka, and unlike a storage error it reaches the user */
                   : WR_KAFKA_KAFKA_STORAGE_ERROR;
    }
    *left -= (int64_t)(request->payload.size - before);
    return WR_KAFKA_NONE;
}

static int64_t answer_size_max(const wr_request *request)
{
    const wr_fetch_request *in = request->message;
    const wr_broker *broker = wr_api_broker(request);
    int64_t size = in->max_bytes;
    if (size > broker->config.fetch_size_max)
        size = broker->config.fetch_size_max;
    int64_t memory = wr_server_memory_left(broker->server);
    if (memory < LEAST_ANSWER_SIZE)
        memory = LEAST_ANSWER_SIZE;
    return size > memory ? memory : size;
}

static void read_one(wr_api_place *place, void *user)
{
    parked_fetch *fetch = user;
    wr_request *request = place->request;
    const wr_fetch_request *in = request->message;
    parked_partition *parked = &fetch->partitions[place->position];
    wr_fetch_response_partition *out = place->answer;
    *out = (wr_fetch_response_partition){
        .partition_index = place->index,
        .high_watermark = -1,
        .last_stable_offset = -1,
        .log_start_offset = -1,
        .preferred_read_replica = -1,
        .aborted_transaction_count = in->isolation_level == WR_READ_COMMITTED ? 0 : -1,
    };
    parked->payload_at = request->payload.size;
    if (place->error == WR_KAFKA_NONE)
        place->error = read_partition(request, place->partition, place->asked, &fetch->left, out);
    else
        out->aborted_transaction_count = 0; /* as Kafka has it: null in all answers that were read, none in these */
    parked->payload_size = request->payload.size - parked->payload_at;
    parked->log_size = place->partition ? wr_partition_size(place->partition) : 0;
    fetch->failed = fetch->failed || place->error != WR_KAFKA_NONE;
}

/* Reads everything anew. The payload moves while it grows, so the answer's slices are set at the end. */
static void read_all(parked_fetch *fetch)
{
    wr_request *request = fetch->request;
    fetch->left = answer_size_max(request);
    fetch->failed = false;
    wr_buf_clear(&request->payload);
    wr_api_visit(request, &shape, request->message, request->response, read_one, fetch);
    fetch->read_size = (int64_t)request->payload.size;
}

static void answer(parked_fetch *fetch)
{
    wr_request *request = fetch->request;
    wr_fetch_response *out = request->response;
    const parked_partition *parked = fetch->partitions;
    for (int32_t i = 0; i < out->response_count; i++)
        for (int32_t k = 0; k < out->responses[i].partition_count; k++, parked++) {
            weir_slice records = WEIR_SLICE("");
            if (parked->payload_size > 0)
                records = (weir_slice){request->payload.data + parked->payload_at, parked->payload_size};
            out->responses[i].partitions[k].records = records;
        }
    if (fetch->kept)
        wr_request_answer(request);
}

/* ---- parking */

static void unpark(parked_fetch *fetch)
{
    wr_timer_stop(wr_api_broker(fetch->request)->loop, &fetch->timer);
    for (int32_t i = 0; i < fetch->partition_count; i++)
        wr_watcher_cancel(&fetch->partitions[i].watcher);
}

static void cancel(wr_request *request)
{
    unpark(request->user);
}

static bool enough(const parked_fetch *fetch)
{
    const wr_fetch_request *in = fetch->request->message;
    return fetch->failed || fetch->read_size >= in->min_bytes || fetch->partition_count == 0 ||
           wr_api_broker(fetch->request)->stopping;
}

static void changed(void *user);

typedef struct watching {
    parked_fetch *fetch;
    int64_t size; /* that a read may find */
    bool failed;  /* a read would answer an error */
} watching;

static void watch_one(wr_api_place *place, void *user)
{
    watching *all = user;
    const wr_fetch_request_partition *asked = place->asked;
    parked_partition *parked = &all->fetch->partitions[place->position];
    wr_partition *partition = place->partition;
    all->failed =
        all->failed || place->error != WR_KAFKA_NONE || asked->fetch_offset < wr_partition_start_offset(partition);
    if (!partition)
        return;
    int64_t log_size = wr_partition_size(partition);
    all->size += log_size > parked->log_size ? log_size - parked->log_size : 0;
    if (!wr_link_linked(&parked->watcher.link))
        wr_partition_watch(partition, &parked->watcher, changed, parked);
}

/* Watches those that are not watched; answers whether by their growth a read may find enough. */
static bool watch_all(parked_fetch *fetch)
{
    wr_request *request = fetch->request;
    const wr_fetch_request *in = request->message;
    watching all = {.fetch = fetch, .size = fetch->read_size};
    wr_api_visit(request, &shape, in, request->response, watch_one, &all);
    return all.failed || all.size >= in->min_bytes || wr_api_broker(request)->stopping;
}

static void changed(void *user)
{
    parked_fetch *fetch = ((parked_partition *)user)->fetch;
    if (!watch_all(fetch))
        return;
    read_all(fetch);
    if (!enough(fetch)) {
        wr_buf_fini(&fetch->request->payload);
        return;
    }
    unpark(fetch);
    answer(fetch);
}

static void waited(void *user)
{
    parked_fetch *fetch = user;
    unpark(fetch);
    read_all(fetch);
    answer(fetch);
}

/* ---- the request */

static weir_err prepare(wr_request *request, parked_fetch *fetch)
{
    if (wr_api_lay_out(request, &shape, request->message, request->response, &fetch->partition_count) != WEIR_OK)
        return WEIR_E_MEMORY;
    fetch->request = request;
    fetch->partitions = WR_API_ITEMS(request, parked_partition, fetch->partition_count);
    if (!fetch->partitions)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < fetch->partition_count; i++)
        fetch->partitions[i].fetch = fetch;
    return WEIR_OK;
}

weir_err wr_api_fetch(wr_request *request)
{
    const wr_fetch_request *in = request->message;
    wr_fetch_response *out = request->response;
    if (in->session_epoch > WR_FETCH_SESSION_INITIAL) {
        out->error_code = WR_KAFKA_FETCH_SESSION_ID_NOT_FOUND;
        return WEIR_OK;
    }
    parked_fetch *fetch = WR_API_ITEMS(request, parked_fetch, 1);
    weir_err err = fetch ? prepare(request, fetch) : WEIR_E_MEMORY;
    if (err != WEIR_OK)
        return err;
    request->user = fetch;
    read_all(fetch);
    if (enough(fetch) || in->max_wait_ms <= 0) {
        answer(fetch);
        return WEIR_OK;
    }
    wr_buf_fini(&request->payload);
    wr_loop *loop = wr_api_broker(request)->loop;
    err = wr_timer_after_ms(loop, &fetch->timer, in->max_wait_ms, waited, fetch);
    if (err != WEIR_OK)
        return err;
    fetch->kept = true;
    watch_all(fetch);
    wr_request_keep(request, cancel);
    return WEIR_OK;
}
