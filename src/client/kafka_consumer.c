/* The consumer on librdkafka: records, positions and its life; kafka_rebalance.c is which partitions it has. Offsets are
 * never stored or committed but by wr_consumer_commit.
 *
 * Records are taken one by one with rd_kafka_consumer_poll and not by rd_kafka_consume_batch_queue: a rebalance may
 * come between two of them, and what a batch has already collected of a partition that goes away must not reach the
 * caller after `revoked`. Here the rebalance callback runs in our hands, between records, and drops them. */
#include "kafka_consumer_int.h"

#include <base/list.h>

#include <stdlib.h>

enum {
    HEADERS_SIZE_MAX = 256 * 1024 * 1024,
    SEEK_TIMEOUT_MS = 5000,
    CLOSE_MS = 3000,
    CLOSE_UNREACHED_MS = 200,
    CLOSE_STEP_MS = 20
};

static const wr_kafka_setting role[] = {
    {"fetch.wait.max.ms", "500"}, /* a long poll: the broker answers at once when there is something */
    {"fetch.error.backoff.ms", "50"},
    {"queued.min.messages", "100000"},
    {"queued.max.messages.kbytes", "16384"},
    {"session.timeout.ms", "6000"},                 /* after a crash others take over within this */
    {"heartbeat.interval.ms", "500"},               /* and a rebalance is noticed within this */
    {"topic.metadata.refresh.interval.ms", "1000"}, /* a topic that appears later is found within this */
    {"partition.assignment.strategy", "range,roundrobin"},
    {0},
};

/* ---- records of the last poll */

static void drop_records(kafka_consumer *consumer)
{
    for (size_t i = 0; i < consumer->count; i++)
        rd_kafka_message_destroy(consumer->messages[i]);
    consumer->count = 0;
    weir_arena_reset(consumer->arena);
}

static bool reserve(kafka_consumer *consumer, size_t max)
{
    if (max <= consumer->capacity)
        return true;
    rd_kafka_message_t **messages = realloc(consumer->messages, max * sizeof(*messages));
    if (messages)
        consumer->messages = messages;
    wr_client_record *records = messages ? realloc(consumer->records, max * sizeof(*records)) : NULL;
    if (!records)
        return false;
    consumer->records = records;
    consumer->capacity = max;
    return true;
}

static bool read_headers(kafka_consumer *consumer, rd_kafka_message_t *message, wr_client_record *record)
{
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return true; /* there are none */
    size_t count = rd_kafka_header_cnt(headers), size;
    wr_client_header *list = weir_arena_array(consumer->arena, count ? count : 1, sizeof(*list));
    for (size_t i = 0; list && i < count; i++) {
        const void *value;
        if (rd_kafka_header_get_all(headers, i, &list[i].name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
            break;
        list[i].value = (weir_slice){value, size};
        record->header_count = i + 1;
    }
    record->headers = list;
    return list != NULL;
}

static void add_record(kafka_consumer *consumer, rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t kind;
    wr_client_record record = {
        .topic = rd_kafka_topic_name(message->rkt),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, &kind),
        .key = {message->key, message->key_len},
        .value = {message->payload, message->len},
    };
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        record.key = record.value = (weir_slice){0};
        record.header_count = (size_t)-1;
    } else if (!read_headers(consumer, message, &record)) {
        consumer->out_of_memory = true; /* a record that is taken but cannot be handed out: reopen, and read it again */
        rd_kafka_message_destroy(message);
        return;
    }
    consumer->messages[consumer->count] = message;
    consumer->records[consumer->count++] = record;
}

/* ---- poll */

static bool harmless(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC: /* subscribed before it is made */
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: /* revoked says `lost`; the next poll joins again */
        return true;
    default:
        return wr_kafka_err(code) == WEIR_E_UNREACHABLE || wr_kafka_err(code) == WEIR_E_AGAIN ||
               wr_kafka_err(code) == WEIR_E_TIMEOUT;
    }
}

/* Takes the message. */
static weir_err take_message(kafka_consumer *consumer, rd_kafka_message_t *message, weir_failure *failure)
{
    weir_err err = WEIR_OK;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        add_record(consumer, message);
        return err;
    }
    if (message->err == RD_KAFKA_RESP_ERR_INVALID_MSG && message->rkt)
        err = weir_fail(failure, WEIR_E_CORRUPT,
                        "%.100s-%d cannot be read at offset %lld: the broker's records are damaged there",
                        rd_kafka_topic_name(message->rkt), (int)message->partition, (long long)message->offset);
    else if (!harmless(message->err) && message->rkt && message->offset >= 0)
        err = weir_fail(failure, wr_kafka_err(message->err), "%.100s-%d cannot be read at offset %lld: %.200s",
                        rd_kafka_topic_name(message->rkt), (int)message->partition, (long long)message->offset,
                        rd_kafka_message_errstr(message));
    else if (!harmless(message->err))
        err = wr_kafka_fail(failure, message->err, "consuming", rd_kafka_message_errstr(message));
    rd_kafka_message_destroy(message);
    return err;
}

/* What has become of the consumer as a whole; said by a poll that has no records. */
static weir_err state_of(kafka_consumer *consumer, weir_failure *failure)
{
    char text[160];
    if (consumer->out_of_memory) {
        weir_fail(failure, WEIR_E_BROKEN, "the consumer ran out of memory and has to be made anew");
        return WEIR_E_BROKEN;
    }
    if (rd_kafka_fatal_error(consumer->kafka, text, sizeof(text)))
        return wr_kafka_fail(failure, RD_KAFKA_RESP_ERR__FATAL, "the consumer has to be made anew", text);
    wr_reach reach;
    wr_kafka_reach_read(&consumer->handle, &reach);
    if (!reach.is_unreachable || consumer->told_unreachable)
        return WEIR_OK;
    consumer->told_unreachable = true;
    return wr_kafka_fail(failure, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, "Kafka cannot be reached", reach.reason);
}

static weir_err take_held(kafka_consumer *consumer, weir_failure *failure)
{
    weir_failure held = consumer->held;
    consumer->held = (weir_failure){0};
    if (failure)
        *failure = held;
    return held.err;
}

static void note_reached(kafka_consumer *consumer)
{
    wr_reach reach;
    wr_kafka_reach_read(&consumer->handle, &reach);
    consumer->told_unreachable = consumer->told_unreachable && !reach.is_reached;
}

static weir_err consumer_poll(wr_consumer *door, size_t max, int timeout_ms, const wr_client_record **ret_records,
                              size_t *ret_count, weir_failure *failure)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    weir_err err = WEIR_OK;
    drop_records(consumer);
    if (consumer->held.err != WEIR_OK)
        return take_held(consumer, failure);
    if (!reserve(consumer, max))
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for %zu records", max);
    if (atomic_exchange(&consumer->woken, false))
        timeout_ms = 0;
    char topic[256];
    wr_topic_id id;
    while (wr_kafka_ids_next(consumer->ids, topic, sizeof(topic), &id))
        consumer->options.identified(consumer->options.user, topic, &id);
    while (err == WEIR_OK && consumer->count < max) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer->kafka, consumer->count ? 0 : timeout_ms);
        if (!message)
            break;
        err = take_message(consumer, message, &consumer->held);
        if (!consumer->count)
            timeout_ms = 0; /* something happened: what else is there, but no more waiting */
    }
    note_reached(consumer);
    if (consumer->out_of_memory) /* a record is missing among those that were read */
        return state_of(consumer, failure);
    if (consumer->count == 0)
        err = consumer->held.err != WEIR_OK ? take_held(consumer, failure) : state_of(consumer, failure);
    if (consumer->count == 0 && err != WEIR_OK)
        return err;
    *ret_records = consumer->records;
    *ret_count = consumer->count;
    return WEIR_OK;
}

/* ---- records that outlive their poll */

typedef struct kafka_polled {
    wr_polled door;
    weir_arena *arena;
    rd_kafka_message_t **messages; /* behind the records, in the same block */
    wr_client_record records[];
} kafka_polled;

static void polled_free(wr_polled *door)
{
    kafka_polled *polled = WR_LIST_ITEM(door, kafka_polled, door);
    for (size_t i = 0; i < polled->door.count; i++)
        rd_kafka_message_destroy(polled->messages[i]);
    weir_arena_free(polled->arena);
    free(polled);
}

static wr_polled *consumer_take(wr_consumer *door)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    size_t count = consumer->count;
    kafka_polled *polled = malloc(sizeof(*polled) + count * (sizeof(wr_client_record) + sizeof(rd_kafka_message_t *)));
    weir_arena *arena = polled ? weir_arena_new(HEADERS_SIZE_MAX) : NULL;
    if (!arena) {
        free(polled);
        return NULL;
    }
    polled->messages = (rd_kafka_message_t **)(void *)&polled->records[count];
    if (count) {
        memcpy(polled->records, consumer->records, count * sizeof(polled->records[0]));
        memcpy(polled->messages, consumer->messages, count * sizeof(rd_kafka_message_t *));
    }
    polled->arena = consumer->arena;
    consumer->arena = arena;
    consumer->count = 0;
    polled->door = (wr_polled){polled->records, count, polled_free};
    return &polled->door;
}

static void consumer_wake(wr_consumer *door)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    if (!atomic_exchange(&consumer->woken, true))
        rd_kafka_queue_yield(consumer->queue);
}

static void consumer_reach(wr_consumer *door, wr_reach *ret_reach)
{
    wr_kafka_reach_read(&((kafka_consumer *)door)->handle, ret_reach);
}

/* Whoever polls looks again. */
static void on_news(void *user)
{
    consumer_wake(user);
}

/* ---- what to read */

static weir_err consumer_subscribe(wr_consumer *door, const char *const *topics, size_t count, weir_failure *failure)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    if (!consumer->options.group)
        return weir_fail(failure, WEIR_E_USAGE, "subscribing needs a group");
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
        wr_kafka_ids_add(consumer->ids, topics[i]);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(consumer->kafka, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? wr_kafka_fail(failure, code, "subscribing", NULL) : WEIR_OK;
}

static rd_kafka_topic_partition_list_t *to_list(const wr_assignment *assignments, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, assignments[i].topic, assignments[i].partition)->offset =
            assignments[i].start_offset;
    return list;
}

static weir_err consumer_assign(wr_consumer *door, const wr_assignment *assignments, size_t count,
                                weir_failure *failure)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    rd_kafka_topic_partition_list_t *list = to_list(assignments, count);
    for (int i = 0; i < list->cnt; i++)
        if (!consumer->options.group && list->elems[i].offset == WR_OFFSET_COMMITTED)
            list->elems[i].offset = consumer->options.from_beginning ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
    for (size_t i = 0; i < count; i++)
        wr_kafka_ids_add(consumer->ids, assignments[i].topic);
    wr_kafka_ids_refresh(consumer->ids, WR_KAFKA_IDS_MS); /* what is read from now on is of these */
    rd_kafka_resp_err_t code = rd_kafka_assign(consumer->kafka, list);
    if (!code && !wr_kafka_queues_hold(&consumer->given, consumer->kafka, list))
        consumer->out_of_memory = true;
    rd_kafka_topic_partition_list_destroy(list);
    return code ? wr_kafka_fail(failure, code, "assigning", NULL) : WEIR_OK;
}

static int64_t consumer_looks(const wr_consumer *door)
{
    return wr_kafka_ids_looks(((const kafka_consumer *)door)->ids);
}

static int64_t consumer_end(const wr_consumer *door, const char *topic, int32_t partition)
{
    const kafka_consumer *consumer = (const kafka_consumer *)(const void *)door;
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(consumer->kafka, topic, partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return -1;
    return high >= 0 ? high : -1;
}

static weir_err consumer_pause(wr_consumer *door, const char *topic, int32_t partition, bool paused)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_resp_err_t code =
        paused ? rd_kafka_pause_partitions(consumer->kafka, list) : rd_kafka_resume_partitions(consumer->kafka, list);
    code = code ? code : list->elems[0].err;
    rd_kafka_topic_partition_list_destroy(list);
    return wr_kafka_err(code);
}

static weir_err consumer_seek(wr_consumer *door, const char *topic, int32_t partition, int64_t offset)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    rd_kafka_error_t *error = rd_kafka_seek_partitions(consumer->kafka, list, SEEK_TIMEOUT_MS);
    weir_err err = wr_kafka_err(error ? rd_kafka_error_code(error) : list->elems[0].err);
    if (error)
        rd_kafka_error_destroy(error);
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

static weir_err consumer_commit(wr_consumer *door, const wr_assignment *positions, size_t count, bool wait)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    if (!consumer->options.group)
        return WEIR_E_USAGE;
    if (!count)
        return WEIR_OK;
    /* librdkafka keeps a commit that it cannot send, for the time of a session, and ends not before. */
    wr_reach reach;
    wr_kafka_reach_read(&consumer->handle, &reach);
    if (!wait && !reach.is_reached)
        return WEIR_E_UNREACHABLE;
    rd_kafka_topic_partition_list_t *list = to_list(positions, count);
    rd_kafka_resp_err_t code = rd_kafka_commit(consumer->kafka, list, !wait);
    for (int i = 0; wait && !code && i < list->cnt; i++)
        code = list->elems[i].err;
    rd_kafka_topic_partition_list_destroy(list);
    return wr_kafka_err(code);
}

/* ---- life */

/* Leaves the group; runs wr_kafka_rebalance, on this thread, for what is still assigned. Returns the flags with which the
 * handle is destroyed. */
static int close_consumer(kafka_consumer *consumer)
{
    rd_kafka_queue_t *events = rd_kafka_queue_new(consumer->kafka);
    rd_kafka_error_t *error = rd_kafka_consumer_close_queue(consumer->kafka, events);
    wr_reach reach;
    wr_kafka_reach_read(&consumer->handle, &reach);
    int waited_ms = 0, timeout_ms = error ? 0 : reach.is_reached ? CLOSE_MS : CLOSE_UNREACHED_MS;
    if (error)
        rd_kafka_error_destroy(error);
    while (!rd_kafka_consumer_closed(consumer->kafka) && waited_ms < timeout_ms) {
        rd_kafka_message_t *message = rd_kafka_consume_queue(events, CLOSE_STEP_MS); /* a record: read by the next */
        if (message)
            rd_kafka_message_destroy(message);
        else
            waited_ms += CLOSE_STEP_MS;
    }
    rd_kafka_queue_destroy(events);
    return rd_kafka_consumer_closed(consumer->kafka) ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
}

static bool end_kafka(kafka_consumer *consumer)
{
    drop_records(consumer);
    wr_kafka_reach_tell(&consumer->handle, NULL, NULL);
    int flags = close_consumer(consumer);
    wr_kafka_queues_drop(&consumer->given);
    rd_kafka_queue_destroy(consumer->queue);
    return wr_kafka_end(consumer->kafka, flags);
}

static void consumer_free(wr_consumer *door)
{
    kafka_consumer *consumer = (kafka_consumer *)door;
    wr_kafka_ids_free(consumer->ids);
    consumer->ids = NULL;
    if (consumer->kafka && !end_kafka(consumer))
        return; /* its threads still use it */
    wr_kafka_handle_fini(&consumer->handle);
    weir_arena_free(consumer->arena);
    free(consumer->messages);
    free(consumer->records);
    free(consumer->group);
    free(consumer);
}

rd_kafka_t *wr_kafka_of_consumer(wr_consumer *door)
{
    return ((kafka_consumer *)door)->kafka;
}

static const wr_consumer_ops ops = {
    .subscribe = consumer_subscribe,
    .assign = consumer_assign,
    .poll = consumer_poll,
    .take = consumer_take,
    .wake = consumer_wake,
    .reach = consumer_reach,
    .pause = consumer_pause,
    .end = consumer_end,
    .looks = consumer_looks,
    .seek = consumer_seek,
    .commit = consumer_commit,
    .free = consumer_free,
};

static weir_err make_conf(kafka_consumer *consumer, const wr_kafka_client *client, rd_kafka_conf_t **ret_conf,
                          weir_failure *failure)
{
    const wr_consumer_options *options = &consumer->options;
    const wr_kafka_setting fixed[] = {
        {"group.id", options->group ? options->group : "weir-without-group"}, /* librdkafka wants one; never used */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", options->partition_end ? "true" : "false"},
        {"isolation.level", options->read_committed ? "read_committed" : "read_uncommitted"},
        {"auto.offset.reset", options->from_beginning ? "earliest" : "latest"},
        {0},
    };
    return wr_kafka_conf_new(client, role, fixed, &consumer->handle, ret_conf, failure);
}

weir_err wr_kafka_consumer_check(wr_kafka_client *client, const char *group, weir_failure *failure)
{
    kafka_consumer consumer = {.options = {.group = group}};
    rd_kafka_conf_t *conf;
    wr_kafka_handle_init(&consumer.handle, client);
    weir_err err = make_conf(&consumer, client, &conf, failure);
    if (err == WEIR_OK)
        err = wr_kafka_try(RD_KAFKA_CONSUMER, conf, failure);
    wr_kafka_handle_fini(&consumer.handle);
    return err;
}

static weir_err start(kafka_consumer *consumer, const wr_kafka_client *client, weir_failure *failure)
{
    const wr_consumer_options *options = &consumer->options;
    rd_kafka_conf_t *conf;
    weir_err err = make_conf(consumer, client, &conf, failure);
    if (err != WEIR_OK)
        return err;
    rd_kafka_conf_set_rebalance_cb(conf, wr_kafka_rebalance);
    err = wr_kafka_start(RD_KAFKA_CONSUMER, conf, &consumer->handle, &consumer->kafka, failure);
    if (err != WEIR_OK)
        return err;
    rd_kafka_poll_set_consumer(consumer->kafka); /* errors and records come by the same queue */
    consumer->queue = rd_kafka_queue_get_consumer(consumer->kafka);
    wr_kafka_reach_tell(&consumer->handle, on_news, consumer);
    const char *servers = options->identified ? wr_kafka_plain_servers(client) : NULL;
    if (servers && wr_kafka_ids_new(servers, on_news, consumer, &consumer->ids) != WEIR_OK)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a consumer");
    return WEIR_OK;
}

weir_err wr_kafka_consumer_new(wr_client *door, const wr_consumer_options *options, wr_consumer **ret_consumer,
                               weir_failure *failure)
{
    wr_kafka_client *client = (wr_kafka_client *)door;
    kafka_consumer *consumer = calloc(1, sizeof(*consumer));
    if (!consumer)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a consumer");
    consumer->door.ops = &ops;
    wr_kafka_handle_init(&consumer->handle, client);
    consumer->options = *options;
    consumer->group = options->group ? strdup(options->group) : NULL;
    consumer->options.group = consumer->group;
    consumer->arena = weir_arena_new(HEADERS_SIZE_MAX);
    weir_err err = consumer->arena && !options->group == !consumer->group
                       ? start(consumer, client, failure)
                       : weir_fail(failure, WEIR_E_MEMORY, "no memory for a consumer");
    if (err != WEIR_OK) {
        consumer_free(&consumer->door);
        return err;
    }
    *ret_consumer = &consumer->door;
    return WEIR_OK;
}
