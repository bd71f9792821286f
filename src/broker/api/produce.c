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

/* One acks=all request that waits, and one of its partitions. */
typedef struct wait_all {
    wr_request *request;
    int32_t waiting_count;
    int32_t count;
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
        refuse(out, WR_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT, WEIR_SLICE("Only record batches with magic 2 are taken"));
    else if (err != WEIR_OK)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Exactly one whole record batch must be sent to a partition"));
    else if (ret_batch->bytes.size != bytes.size)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Only one record batch may be sent to a partition"));
    else if (ret_batch->attributes & WR_BATCH_CONTROL)
        refuse(out, WR_KAFKA_INVALID_RECORD, WEIR_SLICE("Clients cannot write control batches"));
    else if (ret_batch->attributes & WR_BATCH_TRANSACTIONAL)
        refuse(out, WR_KAFKA_INVALID_TXN_STATE, WEIR_SLICE("This broker has no transactions"));
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

static wr_topic *find_topic(wr_request *request, const wr_produce_request_topic *asked, int16_t *ret_error)
{
    wr_topics *topics = wr_api_broker(request)->topics;
    bool by_id = request->header.api_version >= 13;
    wr_topic *topic = by_id ? wr_topics_find_id(topics, &asked->topic_id) : wr_topics_find(topics, asked->name);
    *ret_error = WR_KAFKA_NONE;
    if (!topic)
        *ret_error = by_id ? WR_KAFKA_UNKNOWN_TOPIC_ID : WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
    else if (topic->internal)
        *ret_error = WR_KAFKA_INVALID_TOPIC_EXCEPTION;
    return topic;
}

/* Answers the offset behind what was appended, for acks=all to wait for; -1: nothing was. */
static int64_t append(wr_request *request, wr_partition *partition, weir_slice bytes,
                      wr_produce_response_partition *out)
{
    wr_batch batch;
    if (wr_partition_closed(partition)) {
        refuse(out, WR_KAFKA_KAFKA_STORAGE_ERROR, WEIR_SLICE("The partition is damaged and closed"));
        return -1;
    }
    if (!check_batch(request, partition, bytes, &batch, out))
        return -1;
    wr_partition_appended appended;
    uint8_t *writable = (uint8_t *)(uintptr_t)bytes.data; /* the frame is ours to patch */
    weir_err err = wr_partition_append(partition, writable, bytes.size, &appended);
    if (err != WEIR_OK) {
        refuse_append(partition, bytes.size, err, out);
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

static weir_err append_all(wr_request *request, wait_all *all, bool *ret_failed)
{
    const wr_produce_request *in = request->message;
    wr_produce_response *out = request->response;
    out->responses = WR_API_ITEMS(request, wr_produce_response_topic, in->topic_data_count);
    if (!out->responses)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_data_count; i++) {
        const wr_produce_request_topic *asked = &in->topic_data[i];
        wr_produce_response_topic *answer = &out->responses[out->response_count++];
        int16_t error;
        wr_topic *topic = find_topic(request, asked, &error);
        answer->name = asked->name;
        answer->topic_id = asked->topic_id;
        answer->partition_responses = WR_API_ITEMS(request, wr_produce_response_partition, asked->partition_data_count);
        if (!answer->partition_responses)
            return WEIR_E_MEMORY;
        for (int32_t k = 0; k < asked->partition_data_count; k++) {
            wr_produce_response_partition *one = &answer->partition_responses[answer->partition_response_count++];
            *one = (wr_produce_response_partition){
                .index = asked->partition_data[k].index, .log_append_time_ms = -1, .log_start_offset = -1};
            wr_partition *partition = error ? NULL : wr_topic_partition(topic, one->index);
            int64_t offset = -1;
            if (partition)
                offset = append(request, partition, asked->partition_data[k].records, one);
            else
                refuse(one, error ? error : WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, (weir_slice){0});
            if (offset >= 0 && in->acks == WR_ACKS_ALL)
                await_one(all, partition, offset, one);
            *ret_failed = *ret_failed || one->error_code != WR_KAFKA_NONE;
        }
    }
    return WEIR_OK;
}

static weir_err refuse_all(wr_request *request, int16_t error)
{
    const wr_produce_request *in = request->message;
    wr_produce_response *out = request->response;
    out->responses = WR_API_ITEMS(request, wr_produce_response_topic, in->topic_data_count);
    if (!out->responses)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < in->topic_data_count; i++) {
        const wr_produce_request_topic *asked = &in->topic_data[i];
        wr_produce_response_topic *answer = &out->responses[out->response_count++];
        answer->name = asked->name;
        answer->topic_id = asked->topic_id;
        answer->partition_responses = WR_API_ITEMS(request, wr_produce_response_partition, asked->partition_data_count);
        if (!answer->partition_responses)
            return WEIR_E_MEMORY;
        for (int32_t k = 0; k < asked->partition_data_count; k++) {
            wr_produce_response_partition *one = &answer->partition_responses[answer->partition_response_count++];
            one->index = asked->partition_data[k].index;
            one->log_start_offset = -1;
            refuse(one, error, (weir_slice){0});
        }
    }
    return WEIR_OK;
}

static int64_t count_partitions(const wr_produce_request *in)
{
    int64_t count = 0;
    for (int32_t i = 0; i < in->topic_data_count; i++)
        count += in->topic_data[i].partition_data_count > 0 ? in->topic_data[i].partition_data_count : 0;
    return count;
}

/* From here on nothing may fail without having forgotten the waits that were begun. */
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

    wait_all *all = WR_API_ITEMS(request, wait_all, 1);
    if (!all)
        return WEIR_E_MEMORY;
    all->request = request;
    all->each = WR_API_ITEMS(request, wait_one, in->acks == WR_ACKS_ALL ? count_partitions(in) : 0);
    request->user = all;
    bool failed = false;
    weir_err err = all->each ? append_all(request, all, &failed) : WEIR_E_MEMORY;
    if (err == WEIR_OK && all->waiting_count > 0)
        err = keep_names(request, request->response);
    if (err != WEIR_OK) {
        if (all->each)
            cancel(request);
        return err;
    }
    if (in->acks == WR_ACKS_NONE && failed)
        wr_request_hang_up(request, "a batch with acks=0 was refused");
    else if (in->acks == WR_ACKS_NONE)
        wr_request_silence(request);
    else if (all->waiting_count > 0)
        wr_request_keep(request, cancel);
    return WEIR_OK;
}
