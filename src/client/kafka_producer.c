/* The producer on librdkafka.
 *
 * Idempotent with acks=all and no timeout: librdkafka sends a batch again until the broker has it, in order, across
 * restarts of the broker. A fatal error (the broker's idea of our sequence and ours no longer agree) cannot be mended
 * within one producer: everything pending is purged and comes back as WEIR_E_BROKEN. */
#include "kafka_int.h"

#include <base/list.h>

#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TOPIC_COUNT_MAX = 64,
    MESSAGE_SIZE_DEFAULT = 1000000,
    MESSAGE_SIZE_MAX = 1000000000, /* of librdkafka's message.max.bytes */
};

typedef struct kafka_producer {
    wr_producer door;
    wr_kafka_handle handle;
    rd_kafka_t *kafka;
    rd_kafka_queue_t *queue;                   /* librdkafka's main queue, where deliveries wait */
    rd_kafka_topic_t *topics[TOPIC_COUNT_MAX]; /* written to so far; further ones go by name */
    size_t topic_count;
    size_t pending;
    bool broken, purged;
    void (*done)(void *user, const wr_delivery *delivery); /* while polling */
    void *done_user;
    void (*ready)(void *user);
    void *ready_user;
    atomic_bool told; /* ready was called since the last poll */
} kafka_producer;

/* The owner's messages in librdkafka's queue are all the memory a producer may take. */
static const wr_kafka_setting role[] = {
    {"queue.buffering.max.kbytes", "65536"},
    {"queue.buffering.max.messages", "500000"},
    {"topic.metadata.propagation.max.ms", "30000"},
    {0},
};

static weir_err delivery_err(kafka_producer *producer, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return WEIR_OK;
    if (producer->broken || code == RD_KAFKA_RESP_ERR__PURGE_QUEUE || code == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return WEIR_E_BROKEN;
    return wr_kafka_err(code);
}

static void check_fatal(kafka_producer *producer)
{
    char text[160];
    if (!producer->broken && rd_kafka_fatal_error(producer->kafka, text, sizeof(text))) {
        producer->broken = true;
        wr_trace_log(producer->handle.trace, WR_WARN, "the producer broke and has to be made anew",
                     WR_TEXT("reason", text));
    }
}

static void on_delivery(rd_kafka_t *kafka, const rd_kafka_message_t *message, void *opaque)
{
    kafka_producer *producer = WR_LIST_ITEM(opaque, kafka_producer, handle);
    (void)kafka;
    producer->pending--;
    if (!producer->done)
        return; /* the producer is being freed */
    check_fatal(producer);
    wr_delivery delivery = {.cookie = message->_private,
                            .err = delivery_err(producer, message->err),
                            .may_be_written =
                                message->err && rd_kafka_message_status(message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
                            .partition = message->partition,
                            .offset = message->err ? -1 : message->offset};
    if (message->err)
        snprintf(delivery.reason, sizeof(delivery.reason), "%s", rd_kafka_err2str(message->err));
    producer->done(producer->done_user, &delivery);
}

static rd_kafka_headers_t *make_headers(const wr_client_record *record)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(record->header_count);
    for (size_t i = 0; headers && i < record->header_count; i++) {
        const wr_client_header *header = &record->headers[i];
        rd_kafka_header_add(headers, header->name, -1, header->value.data, (ssize_t)header->value.size);
    }
    return headers;
}

/* The topic's handle, NULL when there are too many. Making one asks for the topic's leader at once; a record sent by
 * name waits until librdkafka next refreshes what it knows, up to a second. */
static rd_kafka_topic_t *find_topic(kafka_producer *producer, const char *name)
{
    for (size_t i = 0; i < producer->topic_count; i++)
        if (strcmp(rd_kafka_topic_name(producer->topics[i]), name) == 0)
            return producer->topics[i];
    if (producer->topic_count == TOPIC_COUNT_MAX)
        return NULL;
    rd_kafka_topic_t *topic = rd_kafka_topic_new(producer->kafka, name, NULL);
    if (topic)
        producer->topics[producer->topic_count++] = topic;
    return topic;
}

static weir_err producer_send(wr_producer *door, const wr_client_record *record, void *cookie)
{
    kafka_producer *producer = (kafka_producer *)door;
    static const char empty[1];
    check_fatal(producer);
    if (producer->broken)
        return WEIR_E_BROKEN;
    /* librdkafka counts in its own way: a null pointer is null only with size 0, and the wire counts in int32. */
    if (record->key.size + record->value.size > INT32_MAX)
        return WEIR_E_LIMIT;
    rd_kafka_headers_t *headers = record->header_count ? make_headers(record) : NULL;
    if (record->header_count && !headers)
        return WEIR_E_MEMORY;

    const void *value = record->value.data && !record->value.size ? (const void *)empty : record->value.data;
    const void *key = record->key.data && !record->key.size ? (const void *)empty : record->key.data;
    rd_kafka_topic_t *topic = find_topic(producer, record->topic);
    rd_kafka_vu_t fields[8] = {
        topic ? (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic}
              : (rd_kafka_vu_t){.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = record->topic},
        {.vtype = RD_KAFKA_VTYPE_PARTITION, .u.i32 = record->partition},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value, record->value.size}},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key, record->key.size}},
        {.vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = record->timestamp_ms},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = cookie},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
    };
    rd_kafka_error_t *error = rd_kafka_produceva(producer->kafka, fields, headers ? 8 : 7);
    if (!error) {
        producer->pending++;
        return WEIR_OK;
    }
    weir_err err = rd_kafka_error_is_fatal(error) ? WEIR_E_BROKEN : wr_kafka_err(rd_kafka_error_code(error));
    rd_kafka_error_destroy(error);
    if (headers)
        rd_kafka_headers_destroy(headers); /* taken on success only */
    return err;
}

static void producer_poll(wr_producer *door, int timeout_ms, void (*done)(void *user, const wr_delivery *delivery),
                          void *user)
{
    kafka_producer *producer = (kafka_producer *)door;
    producer->done = done;
    producer->done_user = user;
    atomic_store(&producer->told, false);
    check_fatal(producer);
    if (producer->broken && !producer->purged) {
        rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        producer->purged = true;
    }
    rd_kafka_poll(producer->kafka, timeout_ms);
    producer->done = NULL;
}

static size_t producer_pending(const wr_producer *door)
{
    return ((const kafka_producer *)door)->pending;
}

static void on_event(rd_kafka_t *kafka, void *opaque)
{
    kafka_producer *producer = opaque;
    (void)kafka;
    if (!atomic_exchange(&producer->told, true))
        producer->ready(producer->ready_user);
}

static void producer_on_ready(wr_producer *door, void (*ready)(void *user), void *user)
{
    kafka_producer *producer = (kafka_producer *)door;
    rd_kafka_queue_cb_event_enable(producer->queue, NULL, NULL); /* waits for a call that is under way */
    producer->ready = ready;
    producer->ready_user = user;
    if (ready)
        rd_kafka_queue_cb_event_enable(producer->queue, on_event, producer);
}

static void producer_free(wr_producer *door)
{
    kafka_producer *producer = (kafka_producer *)door;
    rd_kafka_queue_cb_event_enable(producer->queue, NULL, NULL);
    rd_kafka_purge(producer->kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_queue_destroy(producer->queue);
    for (size_t i = 0; i < producer->topic_count; i++)
        rd_kafka_topic_destroy(producer->topics[i]);
    if (!wr_kafka_end(producer->kafka, 0))
        return; /* its threads still use it */
    wr_kafka_handle_fini(&producer->handle);
    free(producer);
}

rd_kafka_t *wr_kafka_of_producer(wr_producer *door)
{
    return ((kafka_producer *)door)->kafka;
}

static const wr_producer_ops ops = {
    .send = producer_send,
    .poll = producer_poll,
    .pending = producer_pending,
    .on_ready = producer_on_ready,
    .free = producer_free,
};

static weir_err make_conf(const wr_kafka_client *client, const wr_producer_options *options, kafka_producer *producer,
                          rd_kafka_conf_t **ret_conf, weir_failure *failure)
{
    char linger[16], acks[8], timeout[24], size[24];
    bool idempotent = !options->not_idempotent && (options->acks == 0 || options->acks == -1);
    int64_t timeout_ms = options->delivery_timeout_ms > INT_MAX ? INT_MAX : options->delivery_timeout_ms;
    snprintf(linger, sizeof(linger), "%d", options->linger_ms);
    snprintf(acks, sizeof(acks), "%d", options->acks ? options->acks : -1);
    snprintf(timeout, sizeof(timeout), "%lld", (long long)timeout_ms);
    size_t size_max = options->size_max > MESSAGE_SIZE_MAX ? MESSAGE_SIZE_MAX : options->size_max;
    snprintf(size, sizeof(size), "%zu", size_max ? size_max : MESSAGE_SIZE_DEFAULT);
    const wr_kafka_setting fixed[] = {
        {"message.max.bytes", size},
        {"batch.num.messages", options->one_by_one ? "1" : "100000"},
        {"linger.ms", linger},
        {"acks", acks},
        {"message.timeout.ms", timeout},
        {"compression.codec", options->compression ? options->compression : "lz4"},
        {"enable.idempotence", idempotent ? "true" : "false"},
        {"max.in.flight.requests.per.connection", "5"},
        {"partitioner", options->keyless_together ? "murmur2" : "murmur2_random"}, /* of no key: one, or any */
        {0},
    };
    /* What the caller says stands, but for settings that the user gave by name. */
    wr_kafka_setting both[sizeof(role) / sizeof(role[0]) + sizeof(fixed) / sizeof(fixed[0])] = {0};
    memcpy(both, role, sizeof(role) - sizeof(role[0]));
    memcpy(both + sizeof(role) / sizeof(role[0]) - 1, fixed, sizeof(fixed));
    return wr_kafka_conf_new(client, both, NULL, &producer->handle, ret_conf, failure);
}

weir_err wr_kafka_producer_check(wr_kafka_client *client, weir_failure *failure)
{
    kafka_producer producer = {0};
    rd_kafka_conf_t *conf;
    wr_kafka_handle_init(&producer.handle, client);
    weir_err err = make_conf(client, &(wr_producer_options){0}, &producer, &conf, failure);
    if (err == WEIR_OK)
        err = wr_kafka_try(RD_KAFKA_PRODUCER, conf, failure);
    wr_kafka_handle_fini(&producer.handle);
    return err;
}

weir_err wr_kafka_producer_new(wr_client *door, const wr_producer_options *options, wr_producer **ret_producer,
                               weir_failure *failure)
{
    static const wr_producer_options none;
    wr_kafka_client *client = (wr_kafka_client *)door;
    rd_kafka_conf_t *conf;
    kafka_producer *producer = calloc(1, sizeof(*producer));
    if (!producer)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a producer");
    producer->door.ops = &ops;
    wr_kafka_handle_init(&producer->handle, client);
    weir_err err = make_conf(client, options ? options : &none, producer, &conf, failure);
    if (err == WEIR_OK) {
        rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
        err = wr_kafka_start(RD_KAFKA_PRODUCER, conf, &producer->handle, &producer->kafka, failure);
    }
    if (err != WEIR_OK) {
        wr_kafka_handle_fini(&producer->handle);
        free(producer);
        return err;
    }
    producer->queue = rd_kafka_queue_get_main(producer->kafka);
    *ret_producer = &producer->door;
    return WEIR_OK;
}
