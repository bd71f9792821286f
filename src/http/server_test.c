#include "server_int.h"
#include "test.h"

#include <testing/io/sim.h>

#include <stdio.h>
#include <stdlib.h>

/* A server on the simulated network and clock, and clients that send bytes as they are. */
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

static void handle(void *user, wr_exchange *exchange)
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

static void begin(world *w, const wr_http_options *options)
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

static void client_close(client *c)
{
    wr_stream_close(c->stream);
    free(c->text);
    *c = (client){0};
}

static void end(world *w)
{
    for (size_t i = 0; i < w->kept_count; i++)
        wr_exchange_answer(w->kept[i], &(wr_answer){.status = 200});
    wr_http_server_stop(w->server);
    for (size_t i = 0; i < w->client_count; i++)
        client_close(&w->clients[i]);
    wr_loop_free(w->loop);
    wr_sim_free(w->sim);
}

static void on_readable(void *user)
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

static void settle(world *w)
{
    wr_sim_run(w->sim, STEP_COUNT_MAX);
}

static client *client_new(world *w)
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

static void send_bytes(world *w, client *c, const void *bytes, size_t size)
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

static void send_text(world *w, client *c, const char *text)
{
    send_bytes(w, c, text, strlen(text));
}

static int status_of(const client *c)
{
    return strncmp(c->text, "HTTP/1.1 ", 9) == 0 ? atoi(c->text + 9) : 0;
}

/* One request on a connection of its own. */
static client *ask(world *w, const char *request)
{
    client *c = client_new(w);
    send_text(w, c, request);
    return c;
}

static const char *body_of(const client *c)
{
    const char *at = strstr(c->text, "\r\n\r\n");
    return at ? at + 4 : "";
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\n\r\n"

TEST(what_can_be_read_in_two_ways_is_refused_in_json_and_the_connection_closed)
{
    static const struct {
        const char *request;
        int status;
    } bad[] = {
        {"GET / HTTP/1.1\nHost: x\n\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\n\r\n", 400},
        {"GET /\r\n\r\n", 400},
        {"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400},
        {"GET / http/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505},
        {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505},
        {"G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"get / HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 501},
        {"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\na", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\na", 413},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nExpect: tea\r\n\r\n", 417},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1 0\r\na\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1 x\r\na\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1111111111111111\r\n", 400},
        {"\r\n\r\n \r\n\r\n", 400},
        {"\x16\x03\x01\x02\n", 400},
    };
    world w;
    begin(&w, &(wr_http_options){0});
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        client *c = ask(&w, bad[i].request);
        if (status_of(c) != bad[i].status)
            printf("%zu: %s\n%s\n", i, bad[i].request, c->text);
        CHECK_EQ(status_of(c), bad[i].status);
        CHECK(strstr(c->text, "Connection: close\r\n") && strstr(c->text, "Content-Type: application/json\r\n"));
        CHECK(strncmp(body_of(c), "{\"error\":\"", 10) == 0);
        wr_sim_run_ms(w.sim, HTTP_LINGER_MS + 1, STEP_COUNT_MAX);
        CHECK(c->is_closed);
    }
    end(&w);
}

TEST(bodies_arrive_whole_however_they_are_cut)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *c = ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "3;a=\"b\"\r\nabc\r\n00a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"
                        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz" GET("/"));
    const char *first = strstr(c->text, "\r\n\r\nabc0123456789HTTP/1.1 200 OK\r\n");
    CHECK(first && strstr(first, "\r\n\r\nxyzHTTP/1.1 200 OK\r\n"));
    CHECK(!c->is_closed);
    c = client_new(&w);
    const char text[] = "\r\nPOST / HTTP/1.1\r\nhost:x\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    for (size_t i = 0; i < sizeof text - 1; i++)
        send_bytes(&w, c, text + i, 1);
    CHECK_STR(body_of(c), "hi");
    end(&w);
}

TEST(the_target_of_the_absolute_form_is_path_and_query)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *c = ask(&w, "GET http://x/target?a=%20 HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_STR(body_of(c), "/target?a=%20");
    c = ask(&w, "GET HTTP://x?a HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_EQ(status_of(c), 200);
    end(&w);
}

TEST(empty_lines_hold_no_connection)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *c = ask(&w, "\r\n\r\n" GET("/") "\r\n" GET("/"));
    CHECK(!c->is_closed && status_of(c) == 200);
    c = client_new(&w);
    for (int i = 0; i < HTTP_EMPTY_COUNT_MAX; i++)
        send_text(&w, c, "\r\n");
    CHECK_EQ(c->size, 0);
    send_text(&w, c, "\r\n");
    CHECK_EQ(status_of(c), 400);
    end(&w);
}

TEST(a_client_that_waits_for_100_continue_gets_it)
{
    world w;
    begin(&w, &(wr_http_options){.body_size_max = 10});
    client *c = ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK_STR(c->text, "HTTP/1.1 100 Continue\r\n\r\n");
    send_text(&w, c, "ab");
    CHECK(strstr(c->text, "200 OK") && strstr(c->text, "\r\n\r\nab"));
    c = ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
    CHECK_EQ(status_of(c), 413);
    end(&w);
}

TEST(heads_and_empty_answers_have_no_body_and_headers_of_the_answer_are_sent)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *c = ask(&w, "HEAD /big HTTP/1.1\r\nHost: x\r\n\r\n" GET("/headers"));
    CHECK(strstr(c->text, "Content-Length: 150000\r\n\r\nHTTP/1.1 204 No Content\r\n"));
    CHECK(strstr(c->text, "ETag: \"7\"\r\nX-Two: b\r\n") && strstr(c->text, "Date: "));
    CHECK_STR(c->text + c->size - 4, "\r\n\r\n");
    c = ask(&w, GET("/split"));
    CHECK_EQ(status_of(c), 500);
    CHECK(!strstr(c->text, "X-C") && strstr(body_of(c), "\"error\""));
    end(&w);
}

TEST(a_location_is_escaped_where_a_url_must_be)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *c = ask(&w, GET("/location"));
    CHECK_EQ(status_of(c), 201);
    CHECK(strstr(c->text, "\r\nLocation: /a%20b/%2F%0D%0AX-C:%20d%C3%A4?q=%221%22\r\n"));
    end(&w);
}

TEST(connections_are_kept_or_closed_as_the_client_asks)
{
    world w;
    begin(&w, &(wr_http_options){0});
    CHECK(!ask(&w, GET("/"))->is_closed);
    CHECK(ask(&w, "GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n")->is_closed);
    CHECK(ask(&w, "GET / HTTP/1.0\r\n\r\n")->is_closed);
    client *c = ask(&w, "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    CHECK(!c->is_closed && strstr(c->text, "Connection: keep-alive\r\n"));
    end(&w);
}

/* ---- limits, each at its edge and one past it */

static char *request_of(size_t size) /* so many bytes */
{
    char *text = malloc(size + 1);
    int start = sprintf(text, "GET / HTTP/1.1\r\nHost: x\r\nA: ");
    memset(text + start, 'a', size - (size_t)start);
    memcpy(text + size - 4, "\r\n\r\n", 5);
    return text;
}

TEST(a_head_may_have_its_largest_size_and_no_byte_more)
{
    world w;
    begin(&w, &(wr_http_options){.head_size_max = 1000});
    for (size_t size = 999; size <= 1001; size++) {
        char *text = request_of(size);
        client *c = ask(&w, text);
        CHECK_EQ(status_of(c), size <= 1000 ? 200 : 431);
        free(text);
    }
    char target[1200] = "GET /";
    memset(target + 5, 'a', 1100);
    CHECK_EQ(status_of(ask(&w, target)), 414); /* it is not waited for the end */
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_HEAD_SIZE]), 2);
    end(&w);
}

TEST(a_head_may_have_100_headers_and_no_more)
{
    world w;
    begin(&w, &(wr_http_options){0});
    for (int count = 100; count <= 101; count++) {
        char text[4000] = "GET / HTTP/1.1\r\nHost: x\r\n";
        for (int i = 1; i < count; i++)
            strcat(text, "A: b\r\n");
        strcat(text, "\r\n");
        CHECK_EQ(status_of(ask(&w, text)), count == 100 ? 200 : 431);
    }
    end(&w);
}

TEST(a_body_may_have_its_largest_size_and_no_byte_more)
{
    world w;
    begin(&w, &(wr_http_options){.body_size_max = 16});
    CHECK_EQ(status_of(ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n0123456789abcdef")), 200);
    CHECK_EQ(status_of(ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 17\r\n\r\n0123456789abcdefg")), 413);
    const char *head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n";
    client *c = ask(&w, head);
    send_text(&w, c, "8\r\n89abcdef\r\n0\r\n\r\n");
    CHECK_EQ(status_of(c), 200);
    c = ask(&w, head);
    send_text(&w, c, "9\r\n");
    CHECK_EQ(status_of(c), 413);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_BODY_SIZE]), 2);
    end(&w);
}

/* Sends a byte each 100 ms; when was it answered or closed, in ms? */
static int64_t drip(world *w, client *c, int64_t most_ms)
{
    int64_t waited_ms = 0;
    for (; waited_ms < most_ms && !c->size && !c->is_closed; waited_ms += 100) {
        send_text(w, c, "a");
        wr_sim_run_ms(w->sim, 100, STEP_COUNT_MAX);
    }
    return waited_ms;
}

TEST(deadlines_count_from_the_first_byte_and_not_from_the_last)
{
    world w;
    begin(&w, &(wr_http_options){.head_timeout_ms = 3000, .body_timeout_ms = 5000, .idle_timeout_ms = 8000});
    client *c = ask(&w, "GET /");
    int64_t waited_ms = drip(&w, c, 60000);
    CHECK(waited_ms >= 2800 && waited_ms <= 3100);
    CHECK_EQ(status_of(c), 408);
    c = ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
    waited_ms = drip(&w, c, 60000);
    CHECK(waited_ms >= 4800 && waited_ms <= 5100);
    CHECK_EQ(status_of(c), 408);
    c = ask(&w, GET("/"));
    wr_sim_run_ms(w.sim, 7900, STEP_COUNT_MAX);
    CHECK(!c->is_closed);
    wr_sim_run_ms(w.sim, 200, STEP_COUNT_MAX);
    CHECK(c->is_closed);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_HEAD_TIMEOUT]), 1);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_BODY_TIMEOUT]), 1);
    end(&w);
}

TEST(an_answer_that_is_not_taken_closes_the_connection)
{
    world w;
    begin(&w, &(wr_http_options){.answer_timeout_ms = 3000});
    client *c = client_new(&w);
    wr_stream_want(c->stream, 0); /* reads nothing */
    send_text(&w, c, GET("/big"));
    wr_sim_run_ms(w.sim, 2900, STEP_COUNT_MAX);
    CHECK_EQ(atomic_load(&w.server->connections), 1);
    wr_sim_run_ms(w.sim, 200, STEP_COUNT_MAX);
    CHECK_EQ(atomic_load(&w.server->connections), 0);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_ANSWER_TIMEOUT]), 1);
    end(&w);
}

TEST(requests_beyond_the_limit_are_503_and_health_is_answered_all_the_same)
{
    world w;
    begin(&w, &(wr_http_options){.request_max = 3});
    client *waiting[3];
    for (int i = 0; i < 3; i++)
        waiting[i] = ask(&w, GET("/later"));
    CHECK_EQ(w.kept_count, 3);
    client *c = ask(&w, GET("/"));
    CHECK_EQ(status_of(c), 503);
    CHECK(strstr(c->text, "Retry-After: 1\r\n") && !c->is_closed);
    CHECK_EQ(status_of(ask(&w, GET("/livez"))), 200);
    wr_exchange_answer(w.kept[--w.kept_count], &(wr_answer){.status = 200});
    settle(&w);
    CHECK_EQ(status_of(waiting[2]), 200);
    CHECK_EQ(status_of(ask(&w, GET("/"))), 200);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_REQUESTS]), 1);
    end(&w);
}

TEST(bytes_held_beyond_the_limit_are_503_and_are_given_back)
{
    world w;
    begin(&w, &(wr_http_options){.memory_max = 10000});
    static char body[9900];
    memset(body, 'b', sizeof body);
    client *big = ask(&w, "POST /later HTTP/1.1\r\nHost: x\r\nContent-Length: 9900\r\n\r\n");
    send_bytes(&w, big, body, sizeof body);
    CHECK_EQ(w.kept_count, 1);
    client *c = ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n");
    send_bytes(&w, c, body, 900);
    CHECK_EQ(status_of(c), 503);
    CHECK_EQ(status_of(ask(&w, GET("/livez"))), 200);
    wr_exchange_answer(w.kept[--w.kept_count], &(wr_answer){.status = 200});
    settle(&w);
    CHECK_EQ(status_of(ask(&w, GET("/"))), 200);
    CHECK_EQ(atomic_load(&w.server->memory_size), 0);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_MEMORY]), 1);
    end(&w);
}

TEST(one_connection_too_many_closes_the_longest_idle_one_then_the_longest_sending_one)
{
    world w;
    begin(&w, &(wr_http_options){.connection_max = 4});
    client *working = ask(&w, GET("/later")), *slow = ask(&w, "GET /"), *idle = ask(&w, GET("/")),
           *fresh = ask(&w, GET("/"));
    CHECK(!working->is_closed && !slow->is_closed && !idle->is_closed && !fresh->is_closed);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_CONNECTIONS]), 0);
    CHECK_EQ(status_of(ask(&w, GET("/"))), 200);
    CHECK(idle->is_closed && !fresh->is_closed && !slow->is_closed && !working->is_closed);
    ask(&w, "GET /a");
    CHECK(fresh->is_closed && !slow->is_closed);
    ask(&w, "GET /a");
    ask(&w, "GET /a");
    CHECK(slow->is_closed && !working->is_closed);
    CHECK_EQ(atomic_load(&w.server->connections), 4);
    CHECK_EQ(atomic_load(&w.server->limits[WR_HTTP_CONNECTIONS]), 4);
    end(&w);
}

TEST(slow_clients_without_number_never_keep_health_from_being_answered)
{
    world w;
    begin(&w, &(wr_http_options){.connection_max = 20});
    for (int i = 0; i < 300; i++) {
        ask(&w, i % 2 ? "POST /tear HTTP/1.1\r\nHost: x\r\nContent-Le"
                      : "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na");
        if (i % 10 == 0)
            CHECK_EQ(status_of(ask(&w, GET("/livez"))), 200);
    }
    CHECK_EQ(atomic_load(&w.server->connections), 20);
    end(&w);
}

TEST(when_all_connections_are_worked_on_only_urgent_paths_are_answered)
{
    world w;
    begin(&w, &(wr_http_options){.connection_max = 5});
    for (int i = 0; i < 5; i++)
        ask(&w, GET("/later"));
    CHECK_EQ(w.kept_count, 5);
    client *c = ask(&w, GET("/livez"));
    CHECK_EQ(status_of(c), 200);
    CHECK(c->is_closed);
    CHECK_EQ(status_of(ask(&w, GET("/"))), 503);
    wr_sim_run_ms(w.sim, HTTP_LINGER_MS + 1, STEP_COUNT_MAX);
    for (int i = 0; i < HTTP_RESERVED_COUNT; i++)
        client_new(&w);
    CHECK_EQ(atomic_load(&w.server->connections), 5 + 1); /* idle ones make room for each other */
    for (int i = 0; i < 5; i++)
        wr_exchange_answer(w.kept[--w.kept_count], &(wr_answer){.status = 200});
    settle(&w);
    CHECK_EQ(status_of(ask(&w, GET("/"))), 200);
    end(&w);
}

TEST(a_stop_answers_what_is_kept_and_a_late_answer_only_releases_it)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *c = ask(&w, GET("/later")), *slow = ask(&w, "GET /"), *idle = client_new(&w);
    wr_http_server_stop(w.server);
    w.server = NULL;
    settle(&w);
    CHECK_EQ(status_of(c), 503);
    CHECK(c->is_closed && slow->is_closed && idle->is_closed);
    CHECK_STR(wr_exchange_path(w.kept[0]), "/later");
    end(&w);
}

/* ---- the last answer of a connection */

#define LAST(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static uint64_t connection_count(const world *w)
{
    return atomic_load(&w->server->connections);
}

/* Sends so many bytes to nobody, or as many as are taken. */
static size_t send_more(world *w, client *c, size_t size)
{
    static const uint8_t more[4096];
    size_t sent = 0;
    while (sent < size && connection_count(w) > 0) {
        weir_slice bytes = {more, size - sent < sizeof more ? size - sent : sizeof more};
        size_t done = 0;
        weir_err err = wr_stream_write(c->stream, &bytes, 1, &done);
        if (err == WEIR_E_CLOSED)
            break;
        sent += done;
        wr_sim_step(w->sim);
    }
    return sent;
}

TEST(a_client_that_is_still_sending_gets_the_whole_of_the_last_answer)
{
    world w;
    begin(&w, &(wr_http_options){0});
    for (int i = 0; i < 20; i++) {
        client *c = client_new(&w);
        const char *request = LAST("/big");
        for (size_t size; *request; request += size) {
            weir_slice rest = weir_slice_of(request);
            CHECK_OK(wr_stream_write(c->stream, &rest, 1, &size));
        }
        for (int step = 0; step < STEP_COUNT_MAX && !c->is_closed; step++)
            send_more(&w, c, 1);
        CHECK_EQ(status_of(c), 200);
        CHECK_EQ(strlen(body_of(c)), 150000);
        client_close(c);
        w.client_count--;
        settle(&w);
        CHECK_EQ(connection_count(&w), 0);
    }
    end(&w);
}

TEST(after_the_last_answer_a_client_has_a_moment_and_a_number_of_bytes_to_close)
{
    world w;
    begin(&w, &(wr_http_options){0});
    client *silent = ask(&w, LAST("/"));
    CHECK(silent->is_closed); /* our side of it: the client knows that nothing more comes */
    wr_sim_run_ms(w.sim, HTTP_LINGER_MS - 10, STEP_COUNT_MAX);
    CHECK_EQ(connection_count(&w), 1);
    wr_sim_run_ms(w.sim, 20, STEP_COUNT_MAX);
    CHECK_EQ(connection_count(&w), 0);

    client *sending = ask(&w, LAST("/"));
    size_t sent = send_more(&w, sending, HTTP_LINGER_SIZE_MAX + (size_t)1024 * 1024);
    CHECK_EQ(connection_count(&w), 0);
    CHECK(sent >= HTTP_LINGER_SIZE_MAX && sent < HTTP_LINGER_SIZE_MAX + (size_t)512 * 1024);

    client *refused = ask(&w, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n");
    CHECK_EQ(status_of(refused), 413);
    CHECK_EQ(connection_count(&w), 1);
    sent = send_more(&w, refused, 1000000);
    CHECK_EQ(sent, 1000000);
    client_close(refused);
    settle(&w);
    CHECK_EQ(connection_count(&w), 0);
    end(&w);
}
