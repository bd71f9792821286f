/* The server's own part: handlers by key, listeners, settling, draining. Connections are in connection.c. */
#include "server_int.h"

#include <assert.h>
#include <stdlib.h>

const wr_principal wr_principal_anonymous = {"User", "ANONYMOUS"};

/* ---- settling */

bool wr_server_short(const wr_server *server)
{
    return server->memory_size >= server->config.memory_max;
}

bool wr_server_unsettled(const wr_server *server)
{
    return !wr_list_empty(&server->ready) || (!wr_list_empty(&server->starved) && !wr_server_short(server));
}

void wr_server_settle(wr_server *server)
{
    for (wr_link *link; (link = wr_list_first(&server->ready));)
        wr_connection_settle(WR_LIST_ITEM(link, wr_connection, ready_link));
    if (!wr_server_short(server))
        for (wr_link *link; (link = wr_list_first(&server->starved));)
            wr_connection_feed(WR_LIST_ITEM(link, wr_connection, starved_link));
}

int64_t wr_server_memory_left(const wr_server *server)
{
    int64_t left = server->config.memory_max - server->memory_size;
    return left > 0 ? left : 0;
}

/* ---- starting */

static void index_handlers(wr_server *server)
{
    for (const wr_handler *handler = server->handlers; handler->run; handler++) {
        assert(handler->api_key >= 0 && handler->api_key < WR_API_KEY_MAX);
        assert(wr_api_find(handler->api_key)); /* a handler without tables could not be decoded for */
        assert(!server->handler_by_key[handler->api_key]);
        server->handler_by_key[handler->api_key] = handler;
    }
}

weir_err wr_server_new(wr_loop *loop, const wr_trace *trace, const wr_server_config *config, const wr_handler *handlers,
                       void *context, wr_server **ret_server)
{
    wr_server *server = calloc(1, sizeof *server);
    if (!server)
        return WEIR_E_MEMORY;
    server->scratch = malloc(WR_SCRATCH_SIZE);
    if (!server->scratch) {
        free(server);
        return WEIR_E_MEMORY;
    }
    server->loop = loop;
    server->trace = trace;
    server->config = *config;
    server->handlers = handlers;
    server->context = context;
    wr_list_init(&server->connections);
    wr_list_init(&server->ready);
    wr_list_init(&server->starved);
    wr_list_init(&server->detached);
    wr_complaints_init(server->complaints, server);
    index_handlers(server);
    *ret_server = server;
    return WEIR_OK;
}

static void accepted(void *user, wr_stream *stream)
{
    server_listener *listener = user;
    wr_connection_accept(listener->server, listener->index, stream);
}

weir_err wr_server_listen(wr_server *server, const char *host, int port, const wr_principal *principal,
                          weir_failure *failure)
{
    if (server->listener_count == WR_LISTENER_COUNT_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "more than %d addresses to listen on", WR_LISTENER_COUNT_MAX);
    server_listener *made = &server->listeners[server->listener_count];
    *made = (server_listener){.server = server, .index = server->listener_count, .principal = principal};
    weir_err err = wr_listen(server->loop, host, port, accepted, made, &made->listener, failure);
    if (err != WEIR_OK)
        return err;
    made->port = wr_listener_port(made->listener);
    server->listener_count++;
    return WEIR_OK;
}

int wr_server_port(const wr_server *server, int listener)
{
    assert(listener >= 0 && listener < server->listener_count);
    return server->listeners[listener].port;
}

const wr_handler *wr_server_handlers(const wr_server *server)
{
    return server->handlers;
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

static void close_listeners(wr_server *server)
{
    for (int i = 0; i < server->listener_count; i++) {
        wr_listener_close(server->listeners[i].listener);
        server->listeners[i].listener = NULL;
    }
}

void wr_server_drain(wr_server *server)
{
    close_listeners(server);
    for (wr_link *link = wr_list_first(&server->connections); link; link = wr_list_next(&server->connections, link))
        wr_connection_drain(WR_LIST_ITEM(link, wr_connection, link));
}

void wr_server_close_all(wr_server *server, const char *reason)
{
    for (wr_link *link = wr_list_first(&server->connections); link; link = wr_list_next(&server->connections, link))
        wr_connection_hang_up(WR_LIST_ITEM(link, wr_connection, link), reason);
}

bool wr_server_drained(const wr_server *server)
{
    return server->connection_count == 0 && wr_list_empty(&server->detached);
}

void wr_server_free(wr_server *server)
{
    if (!server)
        return;
    close_listeners(server);
    for (wr_link *link; (link = wr_list_first(&server->connections));)
        wr_connection_close(WR_LIST_ITEM(link, wr_connection, link));
    for (wr_link *link; (link = wr_list_pop(&server->detached));)
        wr_request_free(WR_LIST_ITEM(link, wr_request, link));
    wr_complaints_fini(server->complaints);
    while (server->spare_arena_count > 0)
        weir_arena_free(server->spare_arenas[--server->spare_arena_count]);
    free(server->scratch);
    free(server);
}
