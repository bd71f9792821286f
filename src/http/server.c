/* The server: one lane a thread, each an event loop of its own; all accept from the same socket.
 *
 *     socket → evhttp parses → checked here → wr_exchange → handle
 *                                                            ├ answers on the lane's thread: written at once
 *                                                            └ another thread answers: queued, the lane is woken
 *
 * An exchange owns copies of all that it hands out, so that any thread may read it, even after the client has gone or
 * the server has stopped. A lane lives until the last of its exchanges is answered.
 *
 * What the library lets pass and we refuse, because somebody in front of us may read it differently: a second
 * Content-Length or one that is not digits, a Transfer-Encoding other than chunked, two Hosts, a header name that is
 * not a token, a broken escape or an escaped NUL in the path. Such a connection is closed after the answer. */
#include "http_int.h"

#include <base/list.h>
#include <io/loop.h>
#include <weir/event.h>

#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <event2/thread.h>
#include <event2/util.h>

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

enum { EXCHANGE_HEADER_MAX = 100, STOP_TIMEOUT_MS = 1000, FULL_RETRY_MS = 50 };

typedef struct http_lane {
    wr_http_server *server;
    struct event_base *base;
    struct evhttp *http;
    struct evconnlistener *listener;
    struct event *wake, *retry_accept;
    pthread_t thread;
    bool is_running;
    bool is_full;       /* not accepting until connections have gone */
    size_t unsent;      /* answers that the library is still writing */
    bool is_closing;    /* the lane's thread has seen is_stopping and answered what was kept */
    atomic_size_t refs; /* the server's, and one an exchange */
    pthread_mutex_t lock;
    wr_list answered; /* under lock, as all below */
    wr_list kept;     /* exchanges without an answer yet */
    size_t kept_count;
    bool is_stopping;
} http_lane;

struct wr_http_server {
    wr_http_options options;
    int port;
    int lane_count;
    http_lane **lanes;
};

struct wr_exchange {
    wr_link link; /* in kept or in answered */
    http_lane *lane;
    struct evhttp_request *request; /* NULL: answered 503 by a stop; whoever keeps it only releases it */
    weir_arena *arena;
    const char *method, *target, *path;
    weir_attribute *headers, *queries;
    size_t header_count, query_count;
    weir_slice body;
    wr_answer answer;
};

static void lane_unref(http_lane *lane)
{
    if (atomic_fetch_sub(&lane->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&lane->lock);
    free(lane);
}

static void exchange_free(wr_exchange *exchange)
{
    http_lane *lane = exchange->lane;
    weir_arena_free(exchange->arena); /* the exchange stands in it */
    lane_unref(lane);
}

/* ---- answering */

static void on_sent(struct evhttp_request *request, void *user)
{
    (void)request;
    http_lane *lane = user;
    lane->unsent--;
    if (lane->is_closing && lane->unsent == 0)
        event_base_loopbreak(lane->base);
}

static void write_answer(http_lane *lane, struct evhttp_request *request, const wr_answer *answer)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(request);
    char length[32];
    evhttp_add_header(out, "Content-Type", answer->content_type ? answer->content_type : "application/json");
    if (answer->location)
        evhttp_add_header(out, "Location", answer->location);
    if (answer->retry_after)
        evhttp_add_header(out, "Retry-After", answer->retry_after);
    if (answer->allow)
        evhttp_add_header(out, "Allow", answer->allow);
    if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD) {
        snprintf(length, sizeof length, "%zu", answer->body.size);
        evhttp_add_header(out, "Content-Length", length);
    } else if (answer->body.size) {
        evbuffer_add(evhttp_request_get_output_buffer(request), answer->body.data, answer->body.size);
    }
    if (evhttp_request_get_connection(request)) { /* else the client has gone, and this only frees */
        lane->unsent++;
        evhttp_request_set_on_complete_cb(request, on_sent, lane);
    }
    evhttp_send_reply(request, answer->status, NULL, NULL);
}

static void refuse(http_lane *lane, struct evhttp_request *request, int status, const char *why, bool close)
{
    char body[200];
    int size = snprintf(body, sizeof body, "{\"error\":\"%s\"}", why);
    if (close)
        evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
    write_answer(lane, request, &(wr_answer){.status = status, .body = {(const uint8_t *)body, (size_t)size}});
}

static void on_wake(evutil_socket_t unused, short events, void *user)
{
    (void)unused, (void)events;
    http_lane *lane = user;
    wr_list answered;
    wr_list_init(&answered);
    pthread_mutex_lock(&lane->lock);
    for (wr_link *link; (link = wr_list_pop(&lane->answered));)
        wr_list_append(&answered, link);
    bool is_stopping = lane->is_stopping;
    pthread_mutex_unlock(&lane->lock);
    for (wr_link *link; (link = wr_list_pop(&answered));) {
        wr_exchange *exchange = WR_LIST_ITEM(link, wr_exchange, link);
        write_answer(lane, exchange->request, &exchange->answer);
        exchange_free(exchange);
    }
    if (!is_stopping)
        return;

    evconnlistener_disable(lane->listener);
    pthread_mutex_lock(&lane->lock);
    for (wr_link *link; (link = wr_list_pop(&lane->kept));) {
        wr_exchange *exchange = WR_LIST_ITEM(link, wr_exchange, link);
        refuse(lane, exchange->request, 503, "the server is stopping", true);
        exchange->request = NULL;
    }
    pthread_mutex_unlock(&lane->lock);
    lane->is_closing = true;
    if (lane->unsent == 0)
        event_base_loopbreak(lane->base);
    event_base_loopexit(lane->base, &(struct timeval){STOP_TIMEOUT_MS / 1000, STOP_TIMEOUT_MS % 1000 * 1000});
}

static bool keep_answer(wr_exchange *exchange, const wr_answer *answer)
{
    wr_answer *kept = &exchange->answer;
    *kept = *answer;
    kept->body = answer->body.size ? weir_arena_dup(exchange->arena, answer->body) : (weir_slice){0};
    const char **texts[] = {&kept->content_type, &kept->location, &kept->retry_after, &kept->allow};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (*texts[i] && !(*texts[i] = weir_arena_dup_text(exchange->arena, weir_slice_of(*texts[i]))))
            return false;
    return kept->body.data || !answer->body.size;
}

void wr_exchange_answer(wr_exchange *exchange, const wr_answer *answer)
{
    http_lane *lane = exchange->lane;
    bool on_lane = pthread_equal(pthread_self(), lane->thread);
    if (!on_lane && !keep_answer(exchange, answer))
        exchange->answer = (wr_answer){.status = 500};

    pthread_mutex_lock(&lane->lock);
    bool is_over = !exchange->request;
    bool wake = false;
    if (!is_over) {
        wr_link_remove(&exchange->link);
        lane->kept_count--;
        if (!on_lane) {
            wake = wr_list_empty(&lane->answered);
            wr_list_append(&lane->answered, &exchange->link);
            if (wake) /* under the lock: a stop waits for it before the event goes */
                event_active(lane->wake, 0, 0);
        }
    }
    pthread_mutex_unlock(&lane->lock);
    if (!is_over && on_lane)
        write_answer(lane, exchange->request, answer);
    if (is_over || on_lane)
        exchange_free(exchange);
}

/* ---- a request becomes an exchange */

static const char *fault_of_headers(struct evhttp_request *request, int *ret_status)
{
    int hosts = 0, lengths = 0, encodings = 0;
    *ret_status = 400;
    for (struct evkeyval *header = evhttp_request_get_input_headers(request)->tqh_first; header;
         header = header->next.tqe_next) {
        if (!wr_http_token_valid(header->key))
            return "a header name is not a token";
        hosts += strcasecmp(header->key, "Host") == 0;
        if (strcasecmp(header->key, "Content-Length") == 0) {
            lengths++;
            if (!*header->value || header->value[strspn(header->value, "0123456789")])
                return "Content-Length is not a number";
        } else if (strcasecmp(header->key, "Transfer-Encoding") == 0) {
            encodings++;
            if (strcasecmp(header->value, "chunked") != 0) {
                *ret_status = 501;
                return "only the transfer encoding chunked is known";
            }
        }
    }
    if (lengths + encodings > 1)
        return "more than one Content-Length or Transfer-Encoding";
    return hosts > 1 ? "more than one Host" : NULL;
}

static bool copy_headers(wr_exchange *exchange)
{
    struct evkeyvalq *headers = evhttp_request_get_input_headers(exchange->request);
    size_t count = 0;
    for (struct evkeyval *header = headers->tqh_first; header; header = header->next.tqe_next)
        count++;
    if (count > EXCHANGE_HEADER_MAX)
        return false;
    exchange->headers = weir_arena_array(exchange->arena, count + 1, sizeof *exchange->headers);
    if (!exchange->headers)
        return false;
    for (struct evkeyval *header = headers->tqh_first; header; header = header->next.tqe_next) {
        weir_attribute *to = &exchange->headers[exchange->header_count++];
        to->name = weir_arena_dup_text(exchange->arena, weir_slice_of(header->key));
        to->value = weir_arena_dup_text(exchange->arena, weir_slice_of(header->value));
        if (!to->name || !to->value)
            return false;
    }
    return true;
}

static bool parse_query(wr_exchange *exchange, const char *query)
{
    size_t count = 1;
    for (const char *at = query; *at; at++)
        count += *at == '&';
    exchange->queries = weir_arena_array(exchange->arena, count, sizeof *exchange->queries);
    if (!exchange->queries)
        return false;
    while (*query) {
        size_t size = strcspn(query, "&");
        const char *equals = memchr(query, '=', size);
        size_t name_size = equals ? (size_t)(equals - query) : size;
        weir_slice value = equals ? (weir_slice){(const uint8_t *)equals + 1, size - name_size - 1}
                                  : (weir_slice){(const uint8_t *)"", 0};
        weir_attribute *to = &exchange->queries[exchange->query_count];
        to->name = wr_http_unescape(exchange->arena, (weir_slice){(const uint8_t *)query, name_size}, true);
        to->value = wr_http_unescape(exchange->arena, value, true);
        if (!to->name || !to->value)
            return false;
        exchange->query_count += name_size > 0;
        query += size + (query[size] == '&');
    }
    return true;
}

static bool parse_target(wr_exchange *exchange)
{
    exchange->target = weir_arena_dup_text(exchange->arena, weir_slice_of(evhttp_request_get_uri(exchange->request)));
    if (!exchange->target)
        return false;
    const char *at = exchange->target;
    if (strncasecmp(at, "http://", 7) == 0) /* the absolute form, as a proxy would be asked */
        at += 7 + strcspn(at + 7, "/?");
    size_t size = strcspn(at, "?#");
    exchange->path = size ? wr_http_unescape(exchange->arena, (weir_slice){(const uint8_t *)at, size}, false) : "/";
    return exchange->path && exchange->path[0] == '/' && parse_query(exchange, at[size] == '?' ? at + size + 1 : "");
}

static void on_request(struct evhttp_request *request, void *user)
{
    http_lane *lane = user;
    int status;
    const char *fault = fault_of_headers(request, &status);
    if (fault) {
        refuse(lane, request, status, fault, true);
        return;
    }
    weir_arena *arena = weir_arena_new(lane->server->options.body_size_max + 16 * 1024 * 1024);
    wr_exchange *exchange = arena ? weir_arena_alloc(arena, sizeof *exchange) : NULL;
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t body_size = evbuffer_get_length(body);
    uint8_t *bytes = arena ? weir_arena_alloc(arena, body_size + 1) : NULL;
    if (!exchange || !bytes || evbuffer_remove(body, bytes, body_size) != (int)body_size) {
        weir_arena_free(arena);
        refuse(lane, request, 503, "out of memory", true);
        return;
    }
    *exchange = (wr_exchange){.lane = lane,
                              .request = request,
                              .arena = arena,
                              .method = wr_http_method_name(evhttp_request_get_command(request)),
                              .body = {bytes, body_size}};
    if (!copy_headers(exchange)) {
        weir_arena_free(arena);
        refuse(lane, request, 431, "more than 100 headers", true);
        return;
    }
    if (!parse_target(exchange)) {
        weir_arena_free(arena);
        refuse(lane, request, 400, "a broken escape in the path or the query", true);
        return;
    }
    atomic_fetch_add(&lane->refs, 1);
    pthread_mutex_lock(&lane->lock);
    wr_list_append(&lane->kept, &exchange->link);
    lane->kept_count++;
    pthread_mutex_unlock(&lane->lock);
    lane->server->options.handle(lane->server->options.user, exchange);
}

/* ---- accepting, with a ceiling
 * The library does not count its connections; each has one or two events in the loop, or an exchange that we keep. */

static bool is_room(http_lane *lane)
{
    size_t held = (size_t)event_base_get_num_events(lane->base, EVENT_BASE_COUNT_ADDED);
    pthread_mutex_lock(&lane->lock);
    held += lane->kept_count;
    pthread_mutex_unlock(&lane->lock);
    return held < (size_t)lane->server->options.connection_max / (size_t)lane->server->lane_count + 3;
}

static void accept_later(http_lane *lane)
{
    static const struct timeval delay = {0, FULL_RETRY_MS * 1000};
    evtimer_add(lane->retry_accept, &delay);
}

static void on_retry_accept(evutil_socket_t unused, short events, void *user)
{
    (void)unused, (void)events;
    http_lane *lane = user;
    if (is_room(lane)) {
        lane->is_full = false;
        evconnlistener_enable(lane->listener);
    } else {
        accept_later(lane);
    }
}

static struct bufferevent *on_accept(struct event_base *base, void *user)
{
    http_lane *lane = user;
    if (!lane->is_full && !is_room(lane)) {
        lane->is_full = true;
        evconnlistener_disable(lane->listener);
        accept_later(lane);
    }
    return bufferevent_socket_new(base, -1, 0);
}

static void on_accept_failed(struct evconnlistener *listener, void *user)
{
    http_lane *lane = user; /* out of descriptors, most likely: stop asking for a moment instead of spinning */
    lane->is_full = true;
    evconnlistener_disable(listener);
    accept_later(lane);
}

/* ---- starting and stopping */

static void *run(void *user)
{
    http_lane *lane = user;
    event_base_dispatch(lane->base);
    return NULL;
}

static void lane_close(http_lane *lane)
{
    if (!lane)
        return;
    if (lane->is_running) {
        pthread_mutex_lock(&lane->lock);
        lane->is_stopping = true;
        event_active(lane->wake, 0, 0);
        pthread_mutex_unlock(&lane->lock);
        pthread_join(lane->thread, NULL);
    }
    if (lane->http)
        evhttp_free(lane->http); /* and the listener with it */
    if (lane->wake)
        event_free(lane->wake);
    if (lane->retry_accept)
        event_free(lane->retry_accept);
    if (lane->base)
        event_base_free(lane->base);
    lane_unref(lane);
}

static weir_err lane_new(wr_http_server *server, http_lane **ret_lane)
{
    http_lane *lane = calloc(1, sizeof *lane);
    if (!lane)
        return WEIR_E_MEMORY;
    lane->server = server;
    atomic_init(&lane->refs, 1);
    pthread_mutex_init(&lane->lock, NULL);
    wr_list_init(&lane->answered);
    wr_list_init(&lane->kept);
    lane->base = event_base_new();
    lane->http = lane->base ? evhttp_new(lane->base) : NULL;
    lane->wake = lane->base ? event_new(lane->base, -1, EV_PERSIST, on_wake, lane) : NULL;
    lane->retry_accept = lane->base ? evtimer_new(lane->base, on_retry_accept, lane) : NULL;
    if (!lane->http || !lane->wake || !lane->retry_accept) {
        lane_close(lane);
        return WEIR_E_MEMORY;
    }
    const wr_http_options *options = &server->options;
    struct timeval timeout = {options->idle_timeout_ms / 1000, options->idle_timeout_ms % 1000 * 1000};
    evhttp_set_timeout_tv(lane->http, &timeout);
    evhttp_set_max_headers_size(lane->http, HEADERS_SIZE_MAX);
    evhttp_set_max_body_size(lane->http, (ev_ssize_t)options->body_size_max);
    evhttp_set_allowed_methods(lane->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD | EVHTTP_REQ_PUT |
                                               EVHTTP_REQ_DELETE | EVHTTP_REQ_PATCH | EVHTTP_REQ_OPTIONS);
    evhttp_set_bevcb(lane->http, on_accept, lane);
    evhttp_set_gencb(lane->http, on_request, lane);
    *ret_lane = lane;
    return WEIR_OK;
}

/* The first lane binds and owns the socket; the others listen on it too. */
static weir_err lane_listen(http_lane *lane, const struct evutil_addrinfo *address, struct evconnlistener *shared)
{
    if (shared)
        lane->listener =
            evconnlistener_new(lane->base, NULL, NULL, LEV_OPT_CLOSE_ON_EXEC, 0, evconnlistener_get_fd(shared));
    else
        lane->listener = evconnlistener_new_bind(lane->base, NULL, NULL,
                                                 LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
                                                 1024, address->ai_addr, (int)address->ai_addrlen);
    if (!lane->listener)
        return WEIR_E_IO;
    evconnlistener_set_error_cb(lane->listener, on_accept_failed);
    if (!evhttp_bind_listener(lane->http, lane->listener)) {
        evconnlistener_free(lane->listener);
        return WEIR_E_MEMORY;
    }
    return WEIR_OK;
}

static weir_err start_lanes(wr_http_server *server, weir_failure *failure)
{
    const wr_http_options *options = &server->options;
    struct evutil_addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *addresses = NULL;
    char port[16];
    snprintf(port, sizeof port, "%d", options->port);
    if (evutil_getaddrinfo(options->host, port, &hints, &addresses) != 0)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "%s is not an address to listen on", options->host);
    weir_err err = WEIR_OK;
    for (int i = 0; i < server->lane_count && err == WEIR_OK; i++) {
        err = lane_new(server, &server->lanes[i]);
        if (err == WEIR_OK)
            err = lane_listen(server->lanes[i], addresses, i ? server->lanes[0]->listener : NULL);
    }
    evutil_freeaddrinfo(addresses);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "cannot listen on %s:%d; is the port taken?", options->host, options->port);
    assert(server->lanes[0]);
    server->port = wr_socket_port(evconnlistener_get_fd(server->lanes[0]->listener));
    for (int i = 0; i < server->lane_count; i++) {
        http_lane *lane = server->lanes[i];
        if (pthread_create(&lane->thread, NULL, run, lane) != 0)
            return weir_fail(failure, WEIR_E_MEMORY, "no thread for the HTTP server");
        lane->is_running = true;
    }
    return WEIR_OK;
}

weir_err wr_http_server_start(const wr_http_options *options, wr_http_server **ret_server, weir_failure *failure)
{
    wr_http_server *server = calloc(1, sizeof *server);
    if (!server)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the HTTP server");
    server->options = *options;
    wr_http_options *own = &server->options;
    own->host = own->host ? own->host : "127.0.0.1";
    own->body_size_max = own->body_size_max ? own->body_size_max : 1024 * 1024;
    own->connection_max = own->connection_max ? own->connection_max : 1024;
    own->idle_timeout_ms = own->idle_timeout_ms ? own->idle_timeout_ms : 30000;
    server->lane_count = own->thread_count > 0 ? own->thread_count : 1;
    server->lanes = calloc((size_t)server->lane_count, sizeof *server->lanes);
    evthread_use_pthreads();
    weir_err err = server->lanes ? start_lanes(server, failure) : WEIR_E_MEMORY;
    if (err != WEIR_OK) {
        wr_http_server_stop(server);
        return err;
    }
    *ret_server = server;
    return WEIR_OK;
}

int wr_http_server_port(const wr_http_server *server)
{
    return server->port;
}

void wr_http_server_stop(wr_http_server *server)
{
    if (!server)
        return;
    for (int i = server->lane_count; server->lanes && i > 0; i--) /* the owner of the socket last */
        lane_close(server->lanes[i - 1]);
    free(server->lanes);
    free(server);
}

/* ---- reading an exchange */

const char *wr_exchange_method(const wr_exchange *exchange)
{
    return exchange->method;
}

const char *wr_exchange_path(const wr_exchange *exchange)
{
    return exchange->path;
}

const char *wr_exchange_target(const wr_exchange *exchange)
{
    return exchange->target;
}

const char *wr_exchange_query(const wr_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->query_count; i++)
        if (strcmp(exchange->queries[i].name, name) == 0)
            return exchange->queries[i].value;
    return NULL;
}

const char *wr_exchange_header(const wr_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (strcasecmp(exchange->headers[i].name, name) == 0)
            return exchange->headers[i].value;
    return NULL;
}

weir_slice wr_exchange_body(const wr_exchange *exchange)
{
    return exchange->body;
}

weir_arena *wr_exchange_arena(wr_exchange *exchange)
{
    return exchange->arena;
}
