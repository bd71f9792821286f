#include "rig.h"

#include <wire/create_topics.h>
#include <wire/fetch.h>
#include <wire/kafka.h>
#include <wire/produce.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <broker/api/api.h>

enum { PORT = 9092, ARENA_SIZE_MAX = 1 << 30, BUF_SIZE_MAX = 256 << 20, STEPS_MAX = 1 << 20, CALL_WAIT_MS = 60000 };

struct wr_rig_client {
    wr_rig *rig;
    wr_stream *stream;
    wr_link link;
    wr_buf in, out;
    size_t out_sent;
    size_t received_size;
    int32_t correlation_id, answered_id;
    bool closed, deaf;
};

/* ---- the broker */

static void check(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "rig: %s\n", what);
        abort();
    }
}

static void set_key(wr_rig *rig, const char *setting)
{
    const char *equals = strchr(setting, '=');
    char key[128];
    check(equals && equals - setting < (ptrdiff_t)sizeof key, setting);
    snprintf(key, sizeof key, "%.*s", (int)(equals - setting), setting);
    weir_failure failure = {0};
    check(wr_config_set(rig->config, key, equals + 1, "test", &failure) == WEIR_OK, failure.sentence);
}

static void keep_line(void *sink, const char *line, size_t size)
{
    wr_rig *rig = sink;
    wr_buf_append(&rig->told, line, size);
}

static int64_t no_time(void *clock)
{
    (void)clock;
    return 0;
}

int wr_rig_told(const wr_rig *rig, const char *text)
{
    int count = 0;
    const char *at = (const char *)rig->told.data, *end = at + rig->told.size;
    for (const char *stop; at < end; at = stop + 1) {
        stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        count += memmem(at, (size_t)(stop - at), text, strlen(text)) != NULL;
    }
    return count;
}

wr_rig *wr_rig_prepare(uint64_t seed, const char *const *settings)
{
    static const wr_config_key *const tables[] = {wr_broker_keys, NULL};
    wr_rig *rig = calloc(1, sizeof *rig);
    check(rig != NULL, "memory");
    wr_list_init(&rig->clients);
    rig->sim = wr_sim_new(seed);
    rig->arena = weir_arena_new(ARENA_SIZE_MAX);
    rig->config = wr_config_new(tables, "WEIR");
    check(rig->arena && rig->config, "memory");
    wr_buf_init(&rig->told, BUF_SIZE_MAX);
    rig->trace =
        (wr_trace){.level = WR_INFO, .write = keep_line, .now_ms = no_time, .sink = rig, .component = "broker"};
    set_key(rig, "listeners=127.0.0.1:9092");
    set_key(rig, "log.dirs=/data");
    for (; settings && *settings; settings++)
        set_key(rig, *settings);
    return rig;
}

weir_err wr_rig_start(wr_rig *rig)
{
    check(!rig->broker, "the broker runs already");
    check(wr_loop_new(wr_sim_io(rig->sim), &rig->loop) == WEIR_OK, "no loop");
    if (!rig->client_loop)
        check(wr_loop_new(wr_sim_io(rig->sim), &rig->client_loop) == WEIR_OK, "no loop");
    rig->failure = (weir_failure){0};
    weir_err err = wr_broker_start(rig->loop, wr_sim_io(rig->sim), rig->config, &rig->trace, wr_api_handlers(),
                                   &rig->broker, &rig->failure);
    if (err != WEIR_OK) {
        wr_loop_free(rig->loop);
        rig->loop = NULL;
        return err;
    }
    rig->server = rig->broker->server;
    wr_sim_forbid_blocking(rig->sim, NULL); /* whatever the broker does on its loop */
    return WEIR_OK;
}

wr_rig *wr_rig_new(uint64_t seed, const char *const *settings)
{
    wr_rig *rig = wr_rig_prepare(seed, settings);
    weir_err err = wr_rig_start(rig);
    check(err == WEIR_OK, rig->failure.sentence);
    return rig;
}

/* Everything that was in the process. */
static void clear(wr_rig *rig)
{
    for (wr_link *link; (link = wr_list_first(&rig->clients));)
        wr_rig_disconnect(WR_LIST_ITEM(link, wr_rig_client, link));
    wr_broker_free(rig->broker);
    rig->server = NULL;
    rig->broker = NULL;
    wr_loop_free(rig->loop);
    wr_loop_free(rig->client_loop);
    rig->loop = rig->client_loop = NULL;
}

void wr_rig_drop(wr_rig *rig)
{
    clear(rig);
    wr_sim_restart(rig->sim);
}

void wr_rig_kill(wr_rig *rig)
{
    wr_sim_kill(rig->sim);
    wr_rig_drop(rig);
}

void wr_rig_cut(wr_rig *rig)
{
    wr_sim_cut(rig->sim);
    wr_rig_drop(rig);
}

static void stop_done(void *user, weir_err err)
{
    wr_rig *rig = user;
    rig->stopped = true;
    rig->stop_err = err;
}

weir_err wr_rig_stop(wr_rig *rig)
{
    rig->stopped = false;
    wr_broker_stop(rig->broker, 5000, stop_done, rig);
    for (int i = 0; i < 10000 && !rig->stopped; i++)
        wr_sim_run_ms(rig->sim, 1, STEPS_MAX);
    check(rig->stopped, "the broker does not stop");
    clear(rig);
    return rig->stop_err;
}

void wr_rig_forget(wr_rig *rig)
{
    weir_arena_reset(rig->arena);
}

void wr_rig_free(wr_rig *rig)
{
    clear(rig);
    wr_config_free(rig->config);
    wr_sim_free(rig->sim);
    wr_buf_fini(&rig->told);
    weir_arena_free(rig->arena);
    free(rig);
}

void wr_rig_run_ms(wr_rig *rig, int64_t ms)
{
    wr_sim_run_ms(rig->sim, ms, STEPS_MAX);
}

/* ---- a client's bytes */

static void want(wr_rig_client *client)
{
    unsigned wanted = client->deaf ? 0 : WR_WANT_READ;
    if (client->out.size > client->out_sent)
        wanted |= WR_WANT_WRITE;
    wr_stream_want(client->stream, client->closed ? 0 : wanted);
}

static void readable(void *user)
{
    wr_rig_client *client = user;
    uint8_t bytes[16 * 1024];
    size_t size;
    weir_err err;
    while ((err = wr_stream_read(client->stream, bytes, sizeof bytes, &size)) == WEIR_OK) {
        wr_buf_append(&client->in, bytes, size);
        client->received_size += size;
    }
    client->closed = client->closed || err != WEIR_E_AGAIN;
    want(client);
}

static void writable(void *user)
{
    wr_rig_client *client = user;
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && client->out_sent < client->out.size) {
        weir_slice left = {client->out.data + client->out_sent, client->out.size - client->out_sent};
        size_t size = 0;
        err = wr_stream_write(client->stream, &left, 1, &size);
        client->out_sent += err == WEIR_OK ? size : 0;
    }
    if (client->out_sent == client->out.size) {
        wr_buf_clear(&client->out);
        client->out_sent = 0;
    }
    client->closed = client->closed || (err != WEIR_OK && err != WEIR_E_AGAIN);
    want(client);
}

static const wr_stream_events client_events = {.readable = readable, .writable = writable};

wr_rig_client *wr_rig_connect(wr_rig *rig)
{
    wr_rig_client *client = calloc(1, sizeof *client);
    check(client != NULL, "memory");
    client->rig = rig;
    wr_buf_init(&client->in, BUF_SIZE_MAX);
    wr_buf_init(&client->out, BUF_SIZE_MAX);
    wr_list_append(&rig->clients, &client->link);
    if (wr_connect(rig->client_loop, "127.0.0.1", PORT, &client->stream) != WEIR_OK) {
        client->closed = true;
        return client;
    }
    wr_stream_set(client->stream, &client_events, client);
    want(client);
    return client;
}

void wr_rig_disconnect(wr_rig_client *client)
{
    wr_link_remove(&client->link);
    wr_stream_close(client->stream);
    wr_buf_fini(&client->in);
    wr_buf_fini(&client->out);
    free(client);
}

bool wr_rig_connected(wr_rig_client *client)
{
    return !client->closed;
}

void wr_rig_listen(wr_rig_client *client, bool listen)
{
    client->deaf = !listen;
    want(client);
}

size_t wr_rig_received_size(const wr_rig_client *client)
{
    return client->received_size;
}

void wr_rig_send_bytes(wr_rig_client *client, const void *bytes, size_t size)
{
    wr_buf_append(&client->out, bytes, size);
    check(!wr_buf_failed(&client->out), "too many bytes to send");
    if (client->stream)
        want(client);
}

/* ---- requests and answers */

int32_t wr_rig_send(wr_rig_client *client, int16_t key, int16_t version, const void *request)
{
    const wr_api *api = wr_api_find(key);
    check(api != NULL, "no such api");
    weir_err err = wr_request_encode(api, version, ++client->correlation_id, "rig", request, &client->out);
    check(err == WEIR_OK, "a request that cannot be encoded");
    if (client->stream)
        want(client);
    return client->correlation_id;
}

int32_t wr_rig_correlation(const wr_rig_client *client)
{
    return client->answered_id;
}

/* Takes the first whole answer out of what arrived. */
static const void *take(wr_rig_client *client, const wr_api *api, int16_t version)
{
    if (client->in.size < 4)
        return NULL;
    size_t size = (size_t)wr_get_i32(client->in.data);
    if (client->in.size < 4 + size)
        return NULL;
    weir_slice frame = weir_arena_dup(client->rig->arena, (weir_slice){client->in.data + 4, size});
    client->in.size -= 4 + size;
    memmove(client->in.data, client->in.data + 4 + size, client->in.size);

    bool tags = version >= api->response->flexible_version && api->key != WR_API_API_VERSIONS;
    size_t header_size = tags ? 5 : 4;
    check(frame.data && frame.size >= header_size, "an answer without a header");
    client->answered_id = wr_get_i32(frame.data);
    void *message = weir_arena_alloc(client->rig->arena, api->response->size);
    weir_failure failure = {0};
    check(message != NULL, "memory");
    weir_err err =
        wr_message_decode(api->response, version, (weir_slice){frame.data + header_size, frame.size - header_size},
                          client->rig->arena, message, &failure);
    check(err == WEIR_OK, failure.sentence);
    return message;
}

const void *wr_rig_receive(wr_rig_client *client, int16_t key, int16_t version, int64_t wait_ms)
{
    const wr_api *api = wr_api_find(key);
    const void *message = NULL;
    check(api != NULL, "no such api");
    for (int64_t ms = 0; !(message = take(client, api, version)) && ms <= wait_ms && !client->closed; ms++) {
        wr_sim_run_ms(client->rig->sim, 1, STEPS_MAX);
        if (wr_sim_dark(client->rig->sim))
            break;
    }
    return message;
}

const void *wr_rig_call(wr_rig_client *client, int16_t key, int16_t version, const void *request)
{
    wr_rig_send(client, key, version, request);
    return wr_rig_receive(client, key, version, CALL_WAIT_MS);
}

/* ---- shorthands */

weir_slice wr_rig_batch(wr_rig *rig, const char *text, int32_t first, int32_t count, int64_t producer_id, int16_t epoch,
                        int32_t sequence)
{
    wr_batch_builder builder;
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE_MAX);
    wr_batch_builder_init(&builder, BUF_SIZE_MAX);
    builder.producer_id = producer_id;
    builder.producer_epoch = producer_id >= 0 ? epoch : -1;
    builder.base_sequence = producer_id >= 0 ? sequence : -1;
    for (int32_t i = 0; i < count; i++) {
        char value[128];
        snprintf(value, sizeof value, "%s %d", text, first + i);
        wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = wr_now_ms(wr_sim_io(rig->sim)),
                                                    .key = weir_slice_of(value),
                                                    .value = weir_slice_of(value)});
    }
    check(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &out) == WEIR_OK, "no batch");
    weir_slice batch = weir_arena_dup(rig->arena, wr_buf_view(&out));
    check(batch.data != NULL, "memory");
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&out);
    return batch;
}

int16_t wr_rig_produce(wr_rig_client *client, const char *topic, int32_t partition, int16_t acks, weir_slice batch,
                       int64_t *ret_offset)
{
    wr_produce_request_partition one = {.index = partition, .records = batch};
    wr_produce_request_topic in_topic = {
        .name = weir_slice_of(topic), .partition_data = &one, .partition_data_count = 1};
    wr_produce_request in = {.acks = acks, .timeout_ms = 30000, .topic_data = &in_topic, .topic_data_count = 1};
    const wr_produce_response *out = wr_rig_call(client, WR_API_PRODUCE, 9, &in);
    if (!out)
        return -2;
    check(out->response_count == 1 && out->responses[0].partition_response_count == 1, "an answer to something else");
    const wr_produce_response_partition *answer = &out->responses[0].partition_responses[0];
    if (ret_offset)
        *ret_offset = answer->base_offset;
    return answer->error_code;
}

int16_t wr_rig_fetch(wr_rig_client *client, const char *topic, int32_t partition, int64_t offset,
                     weir_slice *ret_records, int64_t *ret_high_watermark)
{
    wr_fetch_request_partition one = {.partition = partition,
                                      .current_leader_epoch = -1,
                                      .fetch_offset = offset,
                                      .last_fetched_epoch = -1,
                                      .log_start_offset = -1,
                                      .partition_max_bytes = 1 << 26};
    wr_fetch_request_topic in_topic = {.topic = weir_slice_of(topic), .partitions = &one, .partition_count = 1};
    wr_fetch_request in = {.replica_id = -1,
                           .max_bytes = 1 << 26,
                           .session_epoch = -1,
                           .rack_id = WEIR_SLICE(""),
                           .topics = &in_topic,
                           .topic_count = 1};
    const wr_fetch_response *out = wr_rig_call(client, WR_API_FETCH, 11, &in);
    if (!out)
        return -2;
    check(out->response_count == 1 && out->responses[0].partition_count == 1, "an answer to something else");
    const wr_fetch_response_partition *answer = &out->responses[0].partitions[0];
    if (ret_records)
        *ret_records = answer->records;
    if (ret_high_watermark)
        *ret_high_watermark = answer->high_watermark;
    return answer->error_code;
}

void wr_rig_create(wr_rig_client *client, const char *topic, int32_t partition_count)
{
    wr_create_topics_request_topic one = {
        .name = weir_slice_of(topic), .num_partitions = partition_count, .replication_factor = 1};
    wr_create_topics_request in = {.topics = &one, .topic_count = 1, .timeout_ms = 30000};
    const wr_create_topics_response *out = wr_rig_call(client, WR_API_CREATE_TOPICS, 5, &in);
    check(out && out->topic_count == 1, "no answer to CreateTopics");
    if (out->topics[0].error_code != WR_KAFKA_NONE) {
        fprintf(stderr, "rig: %s: %.*s\n", wr_kafka_error_name(out->topics[0].error_code),
                (int)out->topics[0].error_message.size, (const char *)out->topics[0].error_message.data);
        abort();
    }
}
