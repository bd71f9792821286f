/* The HTTP server: its connections, its limits, and how it starts and stops.
 *
 *     listener → connection (connection.c) → exchange (exchange.c) → handle
 *                                                                     ├ answers at once, on the server's thread
 *                                                                     ├ wr_exchange_run: a worker answers (workers.c)
 *                                                                     └ keeps it: another thread answers
 *
 * One thread runs one event loop (io/loop.h), so that it also runs on the simulated one. Nothing on that thread waits:
 * health is answered within the round in which it was asked for, whatever the workers, the database or other services
 * are doing.
 *
 * Connections stand in one list a state, in the order in which they entered it. All of one state have the same time, so
 * the first of each list is the first to expire and one timer is enough; and the first is also the one to close when
 * there are too many, idle ones before those that are sending. A flood of slow clients therefore only takes connections
 * from slow clients. When every connection has a request that is worked on, HTTP_RESERVED_COUNT more are let in, on
 * which only urgent paths are answered.
 *
 * Why the server is not a library's: libevent's evhttp answers what it cannot read with HTML of its own, and with
 * another status from one patch level to the next; it has no deadline that counts from the first byte, does not tell an
 * idle connection from one with half a request, and cannot close the one that matters least. libmicrohttpd reads what a
 * proxy may read differently and takes 31 KB for an idle connection. */
#include "server_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOG_EVERY_MS = 10 * 1000 };

static const char *const limit_names[WR_HTTP_LIMIT_COUNT] = {
    [WR_HTTP_CONNECTIONS] = "http.connections.max", [WR_HTTP_REQUESTS] = "http.requests.max",
    [WR_HTTP_MEMORY] = "http.memory.max",           [WR_HTTP_HEAD_SIZE] = "http.head.max",
    [WR_HTTP_HEAD_TIMEOUT] = "http.head.timeout",   [WR_HTTP_BODY_SIZE] = "http.body.max",
    [WR_HTTP_BODY_TIMEOUT] = "http.body.timeout",   [WR_HTTP_ANSWER_TIMEOUT] = "http.answer.timeout",
};

const char *wr_http_limit_name(wr_http_limit limit)
{
    return limit_names[limit];
}

void wr_http_server_limit(wr_http_server *server, wr_http_limit limit)
{
    uint64_t left_out;
    atomic_fetch_add_explicit(&server->limits[limit], 1, memory_order_relaxed);
    if (!wr_trace_allows(&server->said[limit], wr_loop_now_us(server->loop), &left_out))
        return;
    wr_trace_log(server->options.trace, WR_WARN, "a limit of the HTTP server was reached",
                 WR_TEXT("limit", limit_names[limit]), WR_NUMBER("times", left_out + 1),
                 WR_NUMBER("connections", server->connection_count),
                 WR_NUMBER("requests", atomic_load(&server->requests)));
}

/* ---- states and deadlines */

static int64_t time_in_us(const wr_http_server *server, http_state state)
{
    const wr_http_options *options = &server->options;
    switch (state) {
    case HTTP_IDLE:
        return (int64_t)options->idle_timeout_ms * 1000;
    case HTTP_HEAD:
        return (int64_t)options->head_timeout_ms * 1000;
    case HTTP_BODY:
        return (int64_t)options->body_timeout_ms * 1000;
    case HTTP_WRITING:
        return (int64_t)options->answer_timeout_ms * 1000;
    case HTTP_LINGERING:
        return (int64_t)HTTP_LINGER_MS * 1000;
    case HTTP_RUNNING:
    case HTTP_STATE_COUNT:
        break;
    }
    return INT64_MAX;
}

static wr_http_connection *first_of(const wr_http_server *server, http_state state)
{
    wr_link *link = wr_list_first(&server->by_state[state]);
    return link ? WR_LIST_ITEM(link, wr_http_connection, link) : NULL;
}

static void on_timer(void *user);

static void start_timer(wr_http_server *server, int64_t deadline_us)
{
    if (deadline_us == INT64_MAX || (wr_timer_started(&server->timer) && server->timer.deadline_us <= deadline_us))
        return;
    if (wr_timer_start(server->loop, &server->timer, deadline_us, on_timer, server) != WEIR_OK)
        wr_trace_log(server->options.trace, WR_ERROR, "no memory for the HTTP server's timer");
}

static void on_timer(void *user)
{
    wr_http_server *server = user;
    int64_t now_us = wr_loop_now_us(server->loop), next_us = INT64_MAX;
    for (http_state state = 0; state < HTTP_STATE_COUNT; state++) {
        wr_http_connection *first;
        while ((first = first_of(server, state)) && first->deadline_us <= now_us)
            wr_http_connection_expire(first);
        if (first && first->deadline_us < next_us)
            next_us = first->deadline_us;
    }
    start_timer(server, next_us);
}

static void leave(wr_http_connection *connection)
{
    wr_link_remove(&connection->link);
    if (connection->state == HTTP_RUNNING)
        atomic_fetch_sub(&connection->server->requests, 1);
}

void wr_http_server_enter(wr_http_connection *connection, http_state state)
{
    wr_http_server *server = connection->server;
    int64_t time_us = time_in_us(server, state);
    leave(connection);
    connection->state = state;
    connection->deadline_us = time_us == INT64_MAX ? INT64_MAX : wr_loop_now_us(server->loop) + time_us;
    wr_list_append(&server->by_state[state], &connection->link);
    if (state == HTTP_RUNNING)
        atomic_fetch_add(&server->requests, 1);
    start_timer(server, connection->deadline_us);
}

static void stop_when_empty(wr_http_server *server)
{
    if (server->is_stopping && server->connection_count == 0 && server->owns_loop)
        wr_loop_stop(server->loop);
}

void wr_http_server_left(wr_http_connection *connection)
{
    wr_http_server *server = connection->server;
    leave(connection);
    server->connection_count--;
    server->reserved_count -= connection->is_reserved;
    atomic_store_explicit(&server->connections, server->connection_count, memory_order_relaxed);
    stop_when_empty(server);
}

/* ---- accepting, with a ceiling */

/* Closes the connection that matters least; false when every one has a request that is worked on. */
static bool make_room(wr_http_server *server)
{
    static const http_state order[] = {HTTP_LINGERING, HTTP_IDLE, HTTP_HEAD, HTTP_BODY, HTTP_WRITING};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        wr_http_connection *first = first_of(server, order[i]);
        if (first) {
            wr_http_connection_close(first);
            return true;
        }
    }
    return false;
}

static void on_accept(void *user, wr_stream *stream)
{
    wr_http_server *server = user;
    atomic_fetch_add_explicit(&server->accepted, 1, memory_order_relaxed);
    bool is_reserved = false;
    if (server->connection_count >= (size_t)server->options.connection_max) {
        wr_http_server_limit(server, WR_HTTP_CONNECTIONS);
        while (server->connection_count >= (size_t)server->options.connection_max && make_room(server))
            ; /* more than one when reserved ones are among them */
        is_reserved = server->connection_count >= (size_t)server->options.connection_max;
    }
    if (server->is_stopping || (is_reserved && server->reserved_count >= HTTP_RESERVED_COUNT)) {
        wr_stream_close(stream);
        return;
    }
    if (!wr_http_connection_accept(server, stream, is_reserved)) {
        wr_stream_close(stream); /* out of memory */
        return;
    }
    server->connection_count++;
    server->reserved_count += is_reserved;
    atomic_store_explicit(&server->connections, server->connection_count, memory_order_relaxed);
}

/* ---- starting */

/* Whose calls are the loop's from now on. Nobody's between the end of the loop's thread and who stops the server: a
 * thread's handle means another thread once it has ended. */
static void own_loop(wr_http_server *server, bool is_owned)
{
    pthread_mutex_lock(&server->lock);
    server->has_loop_thread = is_owned;
    server->loop_thread = pthread_self();
    pthread_mutex_unlock(&server->lock);
}

static void *run(void *user)
{
    wr_http_server *server = user;
    own_loop(server, true);
    if (wr_loop_run(server->loop) != WEIR_OK)
        wr_trace_log(server->options.trace, WR_ERROR, "the HTTP server's loop has failed: nothing is served any more");
    own_loop(server, false);
    return NULL;
}

static void fill_defaults(wr_http_options *options)
{
    options->host = options->host ? options->host : "127.0.0.1";
    options->connection_max = options->connection_max ? options->connection_max : 10000;
    options->request_max = options->request_max ? options->request_max : 1000;
    options->memory_max = options->memory_max ? options->memory_max : (size_t)256 * 1024 * 1024;
    options->head_size_max = options->head_size_max ? options->head_size_max : 16 * 1024;
    options->body_size_max = options->body_size_max ? options->body_size_max : 1024 * 1024;
    options->head_timeout_ms = options->head_timeout_ms ? options->head_timeout_ms : 10000;
    options->body_timeout_ms = options->body_timeout_ms ? options->body_timeout_ms : 30000;
    options->answer_timeout_ms = options->answer_timeout_ms ? options->answer_timeout_ms : 30000;
    options->idle_timeout_ms = options->idle_timeout_ms ? options->idle_timeout_ms : 60000;
}

static weir_err open_loop(wr_http_server *server)
{
    const wr_http_options *options = &server->options;
    weir_err err = WEIR_OK;
    server->loop = options->loop;
    server->io = options->loop ? wr_loop_io(options->loop) : options->io;
    if (!server->io) {
        err = wr_io_real_new(&server->io);
        server->owns_io = err == WEIR_OK;
    }
    if (err == WEIR_OK && !server->loop) {
        err = wr_loop_new(server->io, &server->loop);
        server->owns_loop = err == WEIR_OK;
    }
    return err;
}

weir_err wr_http_server_start(const wr_http_options *options, wr_http_server **ret_server, weir_failure *failure)
{
    wr_http_server *server = calloc(1, sizeof *server);
    if (!server)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the HTTP server");
    server->options = *options;
    fill_defaults(&server->options);
    atomic_init(&server->refs, 1);
    pthread_mutex_init(&server->lock, NULL);
    wr_list_init(&server->answered);
    for (int i = 0; i < HTTP_STATE_COUNT; i++)
        wr_list_init(&server->by_state[i]);
    for (int i = 0; i < WR_HTTP_LIMIT_COUNT; i++)
        server->said[i] = (wr_trace_limit){.window_ms = LOG_EVERY_MS, .line_max = 1};
    own_loop(server, true);
    weir_err err = weir_fail(failure, WEIR_E_MEMORY, "no memory for the HTTP server");
    server->scratch = malloc(HTTP_SCRATCH_SIZE);
    if (!server->scratch || open_loop(server) != WEIR_OK)
        goto fail;
    server->has_workers = true;
    if (wr_http_workers_start(&server->workers, options->thread_count) != WEIR_OK)
        goto fail;
    err = wr_listen(server->loop, server->options.host, options->port, on_accept, server, &server->listener, failure);
    if (err != WEIR_OK)
        goto fail;
    server->port = wr_listener_port(server->listener);
    if (server->owns_loop && pthread_create(&server->thread, NULL, run, server) != 0) {
        err = weir_fail(failure, WEIR_E_MEMORY, "no thread for the HTTP server");
        goto fail;
    }
    server->has_thread = server->owns_loop;
    *ret_server = server;
    return WEIR_OK;
fail:
    wr_http_server_stop(server);
    return err;
}

/* ---- stopping */

static void stop_listening(wr_http_server *server)
{
    server->is_stopping = true;
    wr_listener_close(server->listener);
    server->listener = NULL;
}

static void on_stop_timer(void *user)
{
    wr_http_server *server = user;
    wr_loop_stop(server->loop);
}

/* Idle connections go, those that send too; what is kept is answered 503; answers under way get a moment. */
static void on_stop(void *user)
{
    wr_http_server *server = user;
    static const http_state closed[] = {HTTP_IDLE, HTTP_HEAD, HTTP_BODY, HTTP_LINGERING};
    stop_listening(server);
    wr_http_connection *first;
    for (size_t i = 0; i < sizeof closed / sizeof *closed; i++)
        while ((first = first_of(server, closed[i])))
            wr_http_connection_close(first);
    while ((first = first_of(server, HTTP_RUNNING)))
        wr_http_connection_refuse(first, 503, "the server is stopping");
    stop_when_empty(server);
    wr_timer_stop(server->loop, &server->timer);
    int64_t deadline_us = wr_loop_now_us(server->loop) + (int64_t)HTTP_STOP_MS * 1000;
    if (server->owns_loop &&
        wr_timer_start(server->loop, &server->timer, deadline_us, on_stop_timer, server) != WEIR_OK)
        wr_loop_stop(server->loop);
}

static void close_all(wr_http_server *server)
{
    wr_http_connection *first;
    for (http_state state = 0; state < HTTP_STATE_COUNT; state++)
        while ((first = first_of(server, state)))
            wr_http_connection_close(first);
    wr_list answered;
    wr_list_init(&answered);
    pthread_mutex_lock(&server->lock);
    server->is_closed = true;
    bool is_posted = server->is_posted && server->owns_loop; /* and never run: the loop ends */
    for (wr_link *link; (link = wr_list_pop(&server->answered));)
        wr_list_append(&answered, link);
    pthread_mutex_unlock(&server->lock);
    for (wr_link *link; (link = wr_list_pop(&answered));)
        wr_exchange_free(WR_LIST_ITEM(link, wr_exchange, link));
    if (is_posted)
        wr_http_server_unref(server);
}

void wr_http_server_unref(wr_http_server *server)
{
    if (atomic_fetch_sub(&server->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&server->lock);
    if (server->has_workers)
        wr_http_workers_fini(&server->workers);
    free(server->scratch);
    free(server);
}

void wr_http_server_stop(wr_http_server *server)
{
    if (!server)
        return;
    if (server->has_workers)
        wr_http_workers_stop(&server->workers);
    if (server->has_thread) {
        if (wr_loop_post(server->loop, on_stop, server) != WEIR_OK)
            wr_loop_stop(server->loop);
        pthread_join(server->thread, NULL);
        own_loop(server, true);
    } else if (server->listener) {
        on_stop(server);
    }
    if (server->loop) {
        wr_listener_close(server->listener);
        server->listener = NULL;
        close_all(server);
        wr_timer_stop(server->loop, &server->timer);
    }
    own_loop(server, false);
    if (server->owns_loop)
        wr_loop_free(server->loop);
    server->loop = NULL;
    if (server->owns_io)
        wr_io_free(server->io);
    wr_http_server_unref(server);
}

/* ---- for others */

bool wr_http_server_on_loop(wr_http_server *server)
{
    pthread_mutex_lock(&server->lock);
    bool is_on_loop = server->has_loop_thread && pthread_equal(pthread_self(), server->loop_thread);
    pthread_mutex_unlock(&server->lock);
    return is_on_loop;
}

int wr_http_server_port(const wr_http_server *server)
{
    return server->port;
}

void wr_http_server_numbers(const wr_http_server *server, wr_http_numbers *ret_numbers)
{
    *ret_numbers = (wr_http_numbers){
        .connections = atomic_load(&server->connections),
        .requests = atomic_load(&server->requests),
        .memory_size = atomic_load(&server->memory_size),
        .connection_max = (uint64_t)server->options.connection_max,
        .request_max = (uint64_t)server->options.request_max,
        .memory_max = server->options.memory_max,
        .accepted = atomic_load(&server->accepted),
    };
    for (size_t i = 0; i < sizeof ret_numbers->answered / sizeof *ret_numbers->answered; i++)
        ret_numbers->answered[i] = atomic_load(&server->answered_by_status[i]);
    for (int i = 0; i < WR_HTTP_LIMIT_COUNT; i++)
        ret_numbers->limits[i] = atomic_load(&server->limits[i]);
}
