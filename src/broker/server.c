#include "server.h"

#include "flusher.h"
#include "partition_int.h"
#include "producer_ids.h"
#include "retention.h"
#include "server_int.h"
#include "topics.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- settling */

bool wr_server_short(const wr_server *server)
{
    return server->memory_size >= server->broker.config.memory_max;
}

bool wr_server_unsettled(const wr_server *server)
{
    return !wr_list_empty(&server->ready) || (!wr_list_empty(&server->starved) && !wr_server_short(server));
}

static void stop_when_drained(wr_server *server);

void wr_server_settle(wr_server *server)
{
    for (wr_link *link; (link = wr_list_first(&server->ready));)
        wr_connection_settle(WR_LIST_ITEM(link, wr_connection, ready_link));
    if (!wr_server_short(server))
        for (wr_link *link; (link = wr_list_pop(&server->starved));)
            wr_connection_ready(WR_LIST_ITEM(link, wr_connection, starved_link));
    if (server->broker.stopping)
        stop_when_drained(server);
}

int64_t wr_broker_memory_left(const wr_broker *broker)
{
    int64_t left = broker->config.memory_max - broker->server->memory_size;
    return left > 0 ? left : 0;
}

/* ---- starting */

static void accepted(void *user, wr_stream *stream)
{
    wr_server *server = user;
    wr_broker_enter(&server->broker);
    wr_connection_accept(server, stream);
    wr_broker_leave(&server->broker);
}

static void index_handlers(wr_server *server, const wr_handler *handlers)
{
    for (const wr_handler *handler = handlers; handler->run; handler++) {
        assert(handler->api_key >= 0 && handler->api_key < WR_API_KEY_MAX);
        assert(wr_api_find(handler->api_key)); /* a handler without tables could not be decoded for */
        assert(!server->handler_by_key[handler->api_key]);
        server->handler_by_key[handler->api_key] = handler;
    }
}

static weir_err open_all(wr_server *server, weir_failure *failure)
{
    wr_broker *broker = &server->broker;
    bool clean = false;
    weir_err err = wr_data_dir_open(broker, &server->data_dir, &clean, failure);
    if (err != WEIR_OK)
        return err;
    err = wr_flusher_new(broker, &broker->flusher);
    if (err == WEIR_OK)
        err = wr_retention_new(broker, &broker->retention);
    if (err == WEIR_OK)
        err = wr_producer_ids_new(broker, &broker->producer_ids);
    server->scratch = malloc(WR_SCRATCH_SIZE);
    if (err != WEIR_OK || !server->scratch)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");

    err = wr_topics_open(broker, clean, &broker->topics, failure);
    if (err == WEIR_OK)
        err = wr_groups_new(broker, &broker->groups, failure);
    if (err == WEIR_OK && wr_topics_partition_count(broker->topics) > 0)
        wr_retention_note(broker->retention);
    return err;
}

weir_err wr_server_start(wr_loop *loop, wr_io *io, const wr_config *config, const wr_trace *trace,
                         const wr_handler *handlers, wr_server **ret_server, weir_failure *failure)
{
    wr_server *server = calloc(1, sizeof *server);
    if (!server)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    wr_broker *broker = &server->broker;
    *broker = (wr_broker){.loop = loop, .io = io, .trace = trace, .handlers = handlers, .server = server};
    wr_list_init(&broker->stirred);
    wr_list_init(&server->connections);
    wr_list_init(&server->ready);
    wr_list_init(&server->starved);
    wr_list_init(&server->detached);
    index_handlers(server, handlers);

    weir_err err = wr_broker_config_read(config, &broker->config, failure);
    if (err == WEIR_OK)
        err = open_all(server, failure);
    if (err == WEIR_OK)
        err = wr_listen(loop, broker->config.host, broker->config.port, accepted, server, &server->listener, failure);
    if (err != WEIR_OK) {
        wr_server_free(server);
        return err;
    }
    broker->port = wr_listener_port(server->listener);
    wr_trace_log(trace, WR_INFO, "listening", WR_TEXT("host", broker->config.host), WR_NUMBER("port", broker->port),
                 WR_TEXT("data", broker->config.data_directory), WR_NUMBER("topics", wr_topics_count(broker->topics)),
                 WR_NUMBER("partitions", wr_topics_partition_count(broker->topics)));
    *ret_server = server;
    return WEIR_OK;
}

const char *wr_server_host(const wr_server *server)
{
    const char *host = server->broker.config.host;
    if (strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0)
        return "localhost";
    return host;
}

int wr_server_port(const wr_server *server)
{
    return server->broker.port;
}

wr_broker *wr_server_broker(wr_server *server)
{
    return &server->broker;
}

int32_t wr_server_connection_count(const wr_server *server)
{
    return server->connection_count;
}

int64_t wr_server_memory_size(const wr_server *server)
{
    return server->memory_size;
}

/* ---- stopping */

static void finish_stop(void *user)
{
    wr_server *server = user;
    wr_broker *broker = &server->broker;
    wr_groups_free(broker->groups);
    broker->groups = NULL;
    wr_retention_free(broker->retention);
    broker->retention = NULL;
    wr_flusher_free(broker->flusher);
    broker->flusher = NULL;
    weir_err err = WEIR_OK;
    if (broker->config.ephemeral)
        wr_topics_abandon(broker->topics);
    else
        err = wr_topics_close(broker->topics);
    broker->topics = NULL;
    weir_err closed = wr_data_dir_close(server->data_dir, err == WEIR_OK);
    server->data_dir = NULL;
    err = err == WEIR_OK ? closed : err;
    wr_trace_log(broker->trace, err == WEIR_OK ? WR_INFO : WR_ERROR, "stopped", WR_TEXT("result", weir_err_name(err)));
    if (server->stop_done)
        server->stop_done(server->stop_user, err);
}

/* Nothing is freed here: this may be far up the stack of what would be freed. */
static void stop_when_drained(wr_server *server)
{
    if (server->stopped || server->connection_count > 0 || !wr_list_empty(&server->detached) ||
        !wr_flusher_idle(server->broker.flusher))
        return;
    server->stopped = true;
    weir_err err = wr_timer_start(server->broker.loop, &server->stop_timer, wr_loop_now_us(server->broker.loop),
                                  finish_stop, server);
    assert(err == WEIR_OK); /* it was started before: its place in the loop is there */
}

static void drain_timed_out(void *user)
{
    wr_server *server = user;
    wr_broker_enter(&server->broker);
    for (wr_link *link = wr_list_first(&server->connections); link; link = wr_list_next(&server->connections, link))
        wr_connection_doom(WR_LIST_ITEM(link, wr_connection, link), "the broker stops");
    wr_broker_leave(&server->broker);
}

void wr_server_stop(wr_server *server, int64_t drain_ms, void (*done)(void *user, weir_err err), void *user)
{
    wr_broker *broker = &server->broker;
    assert(!broker->stopping);
    wr_broker_enter(broker);
    broker->stopping = true;
    server->stop_done = done;
    server->stop_user = user;
    wr_listener_close(server->listener);
    server->listener = NULL;
    weir_err err = wr_timer_start(broker->loop, &server->stop_timer, wr_loop_now_us(broker->loop) + drain_ms * 1000,
                                  drain_timed_out, server);
    for (wr_topic *topic = wr_topics_next(broker->topics, NULL); topic; topic = wr_topics_next(broker->topics, topic))
        for (int32_t i = 0; i < topic->partition_count; i++)
            wr_partition_stir(topic->partitions[i]);
    wr_groups_stop(broker->groups);
    for (wr_link *link = wr_list_first(&server->connections); link; link = wr_list_next(&server->connections, link)) {
        wr_connection *connection = WR_LIST_ITEM(link, wr_connection, link);
        if (err == WEIR_OK)
            wr_connection_ready(connection);
        else
            wr_connection_doom(connection, "the broker stops");
    }
    wr_broker_leave(broker);
}

void wr_server_free(wr_server *server)
{
    if (!server)
        return;
    wr_broker *broker = &server->broker;
    broker->stopping = true;
    wr_listener_close(server->listener);
    wr_timer_stop(broker->loop, &server->stop_timer);
    for (wr_link *link; (link = wr_list_first(&server->connections));)
        wr_connection_close(WR_LIST_ITEM(link, wr_connection, link));
    wr_groups_free(broker->groups);
    for (wr_link *link; (link = wr_list_pop(&server->detached));)
        wr_request_free(WR_LIST_ITEM(link, wr_request, link));
    while (wr_list_pop(&broker->stirred))
        ;
    wr_flusher_free(broker->flusher);
    wr_topics_abandon(broker->topics);
    wr_retention_free(broker->retention);
    wr_producer_ids_free(broker->producer_ids);
    weir_err err = wr_data_dir_close(server->data_dir, false);
    (void)err; /* writes nothing */
    wr_timer_stop(broker->loop, &broker->settle);
    while (server->spare_arena_count > 0)
        weir_arena_free(server->spare_arenas[--server->spare_arena_count]);
    free(server->scratch);
    free(server);
}
