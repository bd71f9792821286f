/* For tests of the server: one on the simulated network and clock, and clients that send bytes as they are. */
#ifndef WR_HTTP_SERVER_TESTING_H
#define WR_HTTP_SERVER_TESTING_H

#include "server_int.h"
#include "test.h"

#include <testing/io/sim.h>

#include <stdio.h>
#include <stdlib.h>

enum { STEP_COUNT_MAX = 1000000, CLIENT_COUNT_MAX = 400, TEXT_SIZE = 200000 };

typedef struct client {
    wr_stream *stream;
    char *text; /* all that was received */
    size_t size;
    bool is_closed; /* by the server */
} client;

typedef struct world {
    wr_sim *sim;
    wr_loop *loop;
    wr_http_server *server;
    client clients[CLIENT_COUNT_MAX];
    size_t client_count;
    wr_exchange *kept[CLIENT_COUNT_MAX];
    size_t kept_count;
} world;

static inline void handle(void *user, wr_exchange *exchange)
{
    world *w = user;
    const char *path = wr_exchange_path(exchange);
    if (strcmp(path, "/later") == 0) {
        w->kept[w->kept_count++] = exchange;
        return;
    }
    static const weir_attribute headers[] = {{"ETag", "\"7\""}, {"X-Two", "b"}}, split[] = {{"X-A", "b\r\nX-C: d"}};
    wr_answer answer = {.status = 200, .content_type = "text/plain", .body = wr_exchange_body(exchange)};
    if (strcmp(path, "/big") == 0)
        answer.body = (weir_slice){memset(weir_arena_alloc(wr_exchange_arena(exchange), 150000), 'x', 150000), 150000};
    if (strcmp(path, "/headers") == 0)
        answer = (wr_answer){.status = 204, .headers = headers, .header_count = 2};
    if (strcmp(path, "/location") == 0)
        answer = (wr_answer){.status = 201, .location = "/a b/%2F\r\nX-C: d\xc3\xa4?q=\"1\""};
    if (strcmp(path, "/target") == 0)
        answer.body = weir_slice_of(wr_exchange_target(exchange));
    if (strcmp(path, "/split") == 0)
        answer = (wr_answer){.status = 200, .headers = split, .header_count = 1};
    wr_exchange_answer(exchange, &answer);
}

static inline void begin(world *w, const wr_http_options *options)
{
    static const char *const urgent[] = {"/livez", NULL};
    *w = (world){.sim = wr_sim_new(7)};
    CHECK_OK(wr_loop_new(wr_sim_io(w->sim), &w->loop));
    wr_http_options own = *options;
    own.loop = w->loop;
    own.handle = handle;
    own.user = w;
    own.urgent_paths = urgent;
    CHECK_OK(wr_http_server_start(&own, &w->server, NULL));
}

static inline void client_close(client *c)
{
    wr_stream_close(c->stream);
    free(c->text);
    *c = (client){0};
}

static inline void end(world *w)
{
    for (size_t i = 0; i < w->kept_count; i++)
        wr_exchange_answer(w->kept[i], &(wr_answer){.status = 200});
    wr_http_server_stop(w->server);
    for (size_t i = 0; i < w->client_count; i++)
        client_close(&w->clients[i]);
    wr_loop_free(w->loop);
    wr_sim_free(w->sim);
}

static inline void on_readable(void *user)
{
    client *c = user;
    size_t size;
    weir_err err = wr_stream_read(c->stream, c->text + c->size, TEXT_SIZE - 1 - c->size, &size);
    if (err == WEIR_OK)
        c->size += size;
    else if (err != WEIR_E_AGAIN) {
        c->is_closed = true;
        wr_stream_want(c->stream, 0);
    }
}

static inline void settle(world *w)
{
    wr_sim_run(w->sim, STEP_COUNT_MAX);
}

static inline client *client_new(world *w)
{
    static const wr_stream_events events = {.readable = on_readable};
    client *c = &w->clients[w->client_count++];
    assert_true(w->client_count <= CLIENT_COUNT_MAX);
    *c = (client){.text = calloc(1, TEXT_SIZE)};
    CHECK_OK(wr_connect(w->loop, "127.0.0.1", wr_http_server_port(w->server), &c->stream));
    wr_stream_set(c->stream, &events, c);
    wr_stream_want(c->stream, WR_WANT_READ);
    settle(w);
    return c;
}

static inline void send_bytes(world *w, client *c, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0 && !c->is_closed) {
        weir_slice rest = {at, size};
        size_t sent = 0;
        weir_err err = wr_stream_write(c->stream, &rest, 1, &sent);
        if (err != WEIR_OK && err != WEIR_E_AGAIN)
            break;
        at += sent;
        size -= sent;
        settle(w);
    }
    settle(w);
}

static inline void send_text(world *w, client *c, const char *text)
{
    send_bytes(w, c, text, strlen(text));
}

static inline int status_of(const client *c)
{
    return strncmp(c->text, "HTTP/1.1 ", 9) == 0 ? atoi(c->text + 9) : 0;
}

/* One request on a connection of its own. */
static inline client *ask(world *w, const char *request)
{
    client *c = client_new(w);
    send_text(w, c, request);
    return c;
}

static inline const char *body_of(const client *c)
{
    const char *at = strstr(c->text, "\r\n\r\n");
    return at ? at + 4 : "";
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

#endif
