/* Produce: check every batch, append it, and answer when the asked-for durability is reached.
 *
 *     acks=0   no answer; an error closes the connection, which is all a client can notice
 *     acks=1   answered as soon as the batches are in the page cache
 *     acks=-1  answered when every partition's sync has covered its batch; one sync covers all that wait
 */
#include <topics/topics.h>
#include <wire/batch.h>
#include <wire/produce.h>

#include "api.h"
#include "visit.h"

/* One acks=all request that waits, and one of its partitions. */
typedef struct wait_all {
    wr_request *request;
    int32_t waiting_count;
    int32_t count;
    bool failed; /* a partition has an error */
    struct wait_one *each;
} wait_all;

typedef struct wait_one {
    wr_durable_wait wait;
    wait_all *all;
    wr_produce_response_partition *out;
} wait_one;

/* Decompressed: of any batch (also the largest window of zstd), and of one whose keys must be looked at. */
enum { CHECKED_SIZE_MAX = 128 << 20, RECORDS_SIZE_MAX = 64 << 20 };

static void refuse(wr_produce_response_partition *out, int16_t error, weir_slice message)
{
    out->error_code = error;
    out->base_offset = -1;
    out->log_append_time_ms = -1;
    out->error_message = message;
}

/* ---- checks */

/* A compacted topic keeps the last record of every key: records without one are named one by one. */
static bool check_keys(wr_request *request, const wr_batch *batch, wr_produce_response_partition *out)
{
    wr_records records;
    wr_record record;
    weir_err err = wr_records_open(batch, request->arena, RECORDS_SIZE_MAX, &records);
    int32_t index = 0, found = 0, capacity = 0;
    for (; err == WEIR_OK && (err = wr_records_next(&records, &record)) == WEIR_OK; index++) {
        if (record.key.data)
            continue;
        if (found == capacity) {
            int32_t wider = capacity ? capacity * 2 : 16;
            wr_produce_response_record_error *errors = WR_API_ITEMS(request, wr_produce_response_record_error, wider);
            if (!errors)
                break;
            if (found)
                memcpy(errors, out->record_errors, (size_t)found * sizeof *errors);
            out->record_errors = errors;
            capacity = wider;
        }
        out->record_errors[found++] = (wr_produce_response_record_error){
            .batch_index = index,
            .batch_index_error_message = WEIR_SLICE("Compacted topic cannot accept message without key")};
    }
    out->record_error_count = found;
    if (err == WEIR_E_RANGE && found == 0)
        return true;
    refuse(out, WR_KAFKA_INVALID_RECORD,
           found ? WEIR_SLICE("One or more records have been rejected") : WEIR_SLICE("The records cannot be read"));
    return false;
}

static bool check_batch(wr_request *request, const wr_partition *partition, weir_slice bytes, wr_batch *ret_batch,
                        wr_produce_response_partition *out)
{
    size_t needed;
    weir_failure failure = {0};
    weir_err err = bytes.size ? wr_batch_read(bytes, ret_batch, &needed) : WEIR_E_FORMAT;
    if (err == WEIR_E_UNSUPPORTED)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Only record batches with magic 2 are taken"));
    else if (err != WEIR_OK)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Exactly one whole record batch must be sent to a partition"));
    else if (ret_batch->bytes.size != bytes.size)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Only one record batch may be sent to a partition"));
    else if (ret_batch->base_offset != 0)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("A producer's batch begins with offset 0"));
    else if (ret_batch->attributes & WR_BATCH_CONTROL)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Clients cannot write control batches"));
    else if (ret_batch->attributes & WR_BATCH_TRANSACTIONAL)
        refuse(out, WR_KAFKA_INVALID_TXN_STATE, WEIR_SLICE("This broker has no transactions"));
    else if (ret_batch->producer_id >= 0 && (ret_batch->producer_epoch < 0 || ret_batch->base_sequence < 0))
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("A batch with a producer id has an epoch and a sequence"));
    else if ((ret_batch->attributes & WR_BATCH_COMPRESSION) > WR_COMPRESSION_ZSTD)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Unknown compression"));
    else if ((ret_batch->attributes & WR_BATCH_COMPRESSION) == WR_COMPRESSION_ZSTD && request->header.api_version < 7)
        refuse(out, WR_KAFKA_UNSUPPORTED_COMPRESSION_TYPE, WEIR_SLICE("zstd needs Produce version 7"));
    else if ((err = wr_batch_check(ret_batch, CHECKED_SIZE_MAX, &failure)) != WEIR_OK)
        refuse(out,
               err == WEIR_E_CORRUPT  ? WR_KAFKA_CORRUPT_MESSAGE
               : err == WEIR_E_MEMORY ? wr_api_storage_error(err)
                                      : WR_KAFKA_INVALID_RECORD,
               wr_api_text(request, "%s", failure.sentence));
    else
        return !wr_partition_needs_keys(partition) || check_keys(request, ret_batch, out);
    return false;
}

static void refuse_append(const wr_partition *partition, size_t size, weir_err err, wr_produce_response_partition *out)
{
    switch (err) {
    case WEIR_E_LIMIT:
        if ((int64_t)size > wr_partition_batch_size_max(partition))
            refuse(out, WR_KAFKA_MESSAGE_TOO_LARGE, WEIR_SLICE("The batch is larger than max.message.bytes"));
        else
            refuse(out, WR_KAFKA_RECORD_LIST_TOO_LARGE, WEIR_SLICE("The batch is larger than segment.bytes"));
        return;
    case WEIR_E_RANGE:
        refuse(out, WR_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER, WEIR_SLICE("The producer's sequence has a gap"));
        return;
    case WEIR_E_FENCED:
        refuse(out, WR_KAFKA_INVALID_PRODUCER_EPOCH, WEIR_SLICE("A newer epoch of this producer has written"));
        return;
    case WEIR_E_FORMAT:
        refuse(out, WR_KAFKA_INVALID_TIMESTAMP, WEIR_SLICE("A timestamp is outside what the topic accepts"));
        return;
    default:
        refuse(out, wr_api_storage_error(err), WEIR_SLICE("The partition cannot be written"));
        return;
    }
}

/* ---- appending */

/* Answers the offset behind what was appended, for acks=all to wait for; -1: nothing was. */
static int64_t append(wr_request *request, wr_partition *partition, weir_slice bytes,
                      wr_produce_response_partition *out)
{
    wr_batch batch;
    if (!check_batch(request, partition, bytes, &batch, out))
        return -1;
    wr_partition_appended appended;
    uint8_t *writable = (uint8_t *)(uintptr_t)bytes.data; /* the frame is ours to patch */
    wr_batch_patch_create_time(writable, bytes.size, batch.max_timestamp);
    weir_err err = wr_partition_append(partition, writable, bytes.size, &appended);
    if (err != WEIR_OK) {
        refuse_append(partition, bytes.size, err, out);
        if (err == WEIR_E_RANGE || err == WEIR_E_FENCED || err == WEIR_E_FORMAT)
            out->log_start_offset = wr_partition_start_offset(partition); /* the log was looked at, as Kafka tells */
        return -1;
    }
    out->base_offset = appended.base_offset;
    out->log_append_time_ms = appended.append_time_ms;
    out->log_start_offset = wr_partition_start_offset(partition);
    return appended.last_offset + 1;
}

/* ---- waiting for the disk */

static void durable(void *user, weir_err err)
{
    wait_one *one = user;
    wait_all *all = one->all;
    if (err == WEIR_E_NOT_FOUND)
        refuse(one->out, WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, WEIR_SLICE("The topic was deleted"));
    else if (err != WEIR_OK)
        refuse(one->out, WR_KAFKA_KAFKA_STORAGE_ERROR, WEIR_SLICE("The partition cannot be made durable"));
    if (--all->waiting_count == 0)
        wr_request_answer(all->request);
}

static void cancel(wr_request *request)
{
    wait_all *all = request->user;
    for (int32_t i = 0; i < all->count; i++)
        wr_durable_wait_cancel(&all->each[i].wait);
}

static void await_one(wait_all *all, wr_partition *partition, int64_t offset, wr_produce_response_partition *out)
{
    wait_one *one = &all->each[all->count++];
    one->all = all;
    one->out = out;
    weir_err err = wr_partition_await(partition, &one->wait, offset, durable, one);
    if (err == WEIR_E_AGAIN)
        all->waiting_count++;
    else if (err != WEIR_OK)
        refuse(out, WR_KAFKA_KAFKA_STORAGE_ERROR, WEIR_SLICE("The partition cannot be made durable"));
}

/* The frame goes when the handler returns; the answer names the topics later. */
static weir_err keep_names(wr_request *request, wr_produce_response *out)
{
    for (int32_t i = 0; i < out->response_count; i++) {
        weir_slice name = out->responses[i].name;
        out->responses[i].name = weir_arena_dup(request->arena, name);
        if (name.data && !out->responses[i].name.data)
            return WEIR_E_MEMORY;
    }
    return WEIR_OK;
}

/* ---- the request */

static const wr_api_shape shape = {
    .asked = WR_API_SIDE(wr_produce_request, topic_data, topic_data_count, wr_produce_request_topic, name,
                         offsetof(wr_produce_request_topic, topic_id), partition_data, partition_data_count,
                         wr_produce_request_partition, offsetof(wr_produce_request_partition, index)),
    .answer = WR_API_SIDE(wr_produce_response, responses, response_count, wr_produce_response_topic, name,
                          offsetof(wr_produce_response_topic, topic_id), partition_responses, partition_response_count,
                          wr_produce_response_partition, offsetof(wr_produce_response_partition, index)),
    .error = offsetof(wr_produce_response_partition, error_code),
    .by_id_version = 13,
    .data = true,
};

static void append_one(wr_api_place *place, void *user)
{
    wait_all *all = user;
    const wr_produce_request *in = place->request->message;
    const wr_produce_request_partition *asked = place->asked;
    wr_produce_response_partition *out = place->answer;
    int64_t offset = -1;
    out->log_append_time_ms = out->log_start_offset = -1;
    if (place->topic && place->topic->internal)
        refuse(out, WR_KAFKA_INVALID_TOPIC_EXCEPTION, (weir_slice){0});
    else if (place->error == WR_KAFKA_KAFKA_STORAGE_ERROR)
        refuse(out, place->error, WEIR_SLICE("The partition is damaged and closed"));
    else if (place->error != WR_KAFKA_NONE)
        refuse(out, place->error, (weir_slice){0});
    else
        offset = append(place->request, place->partition, asked->records, out);
    if (offset >= 0 && in->acks == WR_ACKS_ALL)
        await_one(all, place->partition, offset, out);
    place->error = out->error_code;
    all->failed = all->failed || place->error != WR_KAFKA_NONE;
}

static void refuse_one(wr_api_place *place, void *user)
{
    wr_produce_response_partition *out = place->answer;
    place->error = *(const int16_t *)user;
    out->log_start_offset = -1;
    refuse(out, place->error, (weir_slice){0});
}

static weir_err refuse_all(wr_request *request, int16_t error)
{
    return wr_api_answer_each(request, &shape, refuse_one, &error);
}

/* Once appended, nothing may fail without having forgotten the waits that were begun. */
weir_err wr_api_produce(wr_request *request)
{
    const wr_produce_request *in = request->message;
    if (in->acks < WR_ACKS_ALL || in->acks > WR_ACKS_LEADER)
        return refuse_all(request, WR_KAFKA_INVALID_REQUIRED_ACKS);
    if (in->transactional_id.data && in->acks != WR_ACKS_NONE)
        return refuse_all(request, WR_KAFKA_INVALID_TXN_STATE);
    if (in->transactional_id.data) {
        wr_request_hang_up(request, "a transactional producer with acks=0");
        return WEIR_OK;
    }

    int32_t count = 0;
    weir_err err = wr_api_lay_out(request, &shape, in, request->response, &count);
    wait_all *all = WR_API_ITEMS(request, wait_all, 1);
    if (err != WEIR_OK || !all)
        return WEIR_E_MEMORY;
    all->request = request;
    all->each = WR_API_ITEMS(request, wait_one, in->acks == WR_ACKS_ALL ? count : 0);
    if (!all->each)
        return WEIR_E_MEMORY;
    request->user = all;
    wr_api_visit(request, &shape, in, request->response, append_one, all);
    if (all->waiting_count > 0 && keep_names(request, request->response) != WEIR_OK) {
        cancel(request);
        return WEIR_E_MEMORY;
    }
    if (in->acks == WR_ACKS_NONE && all->failed)
        wr_request_hang_up(request, "a batch with acks=0 was refused");
    else if (in->acks == WR_ACKS_NONE)
        wr_request_silence(request);
    else if (all->waiting_count > 0)
        wr_request_keep(request, cancel);
    return WEIR_OK;
}
