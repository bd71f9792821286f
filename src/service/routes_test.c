/* From a request to its answer: paths, statuses, and no success without a commit. */
#include "routes_testing.h"

#include <io/loop.h>

#include <strings.h>

static weir_status post_thing(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    thing it;
    weir_failure failure = {0};
    if (weir_json_decode(weir_tx_arena(tx), thing_fields, request->body, &it, &failure) != WEIR_OK)
        return weir_reject(tx, "%s", failure.sentence);
    if (it.n == 503)
        return weir_retry(tx, "not now");
    const char *key = weir_request_path(request, "key");
    weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES (?1, ?2, ?3)",
              WEIR_TEXT(weir_request_header(request, "Idempotency-Key")), WEIR_INT(it.n), WEIR_TEXT(key));
    weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = key});
    response->status = 202;
    response->location = weir_arena_printf(weir_tx_arena(tx), "/things/%s", key);
    return weir_tx_status(tx);
}

static weir_status get_thing(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    weir_rows *rows =
        weir_query(tx, "SELECT n, id FROM effects WHERE key = ?1", WEIR_TEXT(weir_request_path(request, "key")));
    if (!weir_rows_next(rows))
        return WEIR_IGNORE;
    thing it = {weir_rows_int(rows, 0)};
    const char *extra = weir_request_query(request, "with");
    response->content_type = extra ? extra : NULL;
    response->body = weir_encode(tx, thing_fields, &it);
    return weir_tx_status(tx);
}

static weir_status get_list(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)tx, (void)request, (void)user;
    response->body = WEIR_SLICE("[]");
    return WEIR_DONE;
}

/* Answers with the request's own X- headers, in their order. */
static weir_status get_headers(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    size_t count;
    const weir_attribute *headers = weir_request_headers(request, &count);
    weir_attribute *own = weir_arena_array(weir_tx_arena(tx), count + 1, sizeof *own);
    for (size_t i = 0; i < count; i++)
        if (strncasecmp(headers[i].name, "X-", 2) == 0)
            own[response->header_count++] = headers[i];
    own[response->header_count++] = (weir_attribute){"ETag", "\"7\""};
    response->headers = own;
    response->body = weir_slice_of(weir_arena_printf(weir_tx_arena(tx), "%zu", response->header_count));
    return WEIR_DONE;
}

/* Each sets a success first, as is natural, and then does not succeed. */
static weir_status post_success(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    const char *how = weir_request_path(request, "how");
    response->status = 202;
    response->location = "/somewhere";
    response->body = WEIR_SLICE("{\"accepted\":true}");
    weir_exec(tx, "INSERT INTO effects (at) VALUES (5)");
    if (strcmp(how, "constraint") == 0)
        return weir_exec(tx, "INSERT INTO effects (at) VALUES (5)");
    if (strcmp(how, "large") == 0)
        return weir_emit(tx, &(weir_event){.type = "x.y", .data = {request->body.data, request->body.size}});
    if (strcmp(how, "reject") == 0)
        return weir_reject(tx, "not so");
    if (strcmp(how, "retry") == 0)
        return weir_retry(tx, "not now");
    if (strcmp(how, "ignore") == 0)
        return WEIR_IGNORE;
    if (strcmp(how, "untyped") == 0)
        return weir_emit(tx, &(weir_event){.subject = "an event without a type"});
    if (strcmp(how, "table") == 0)
        return weir_exec(tx, "INSERT INTO nonsense VALUES (1)");
    if (strcmp(how, "ignored-error") == 0) {
        weir_exec(tx, "INSERT INTO nonsense VALUES (1)");
        return WEIR_DONE;
    }
    if (strcmp(how, "commit") == 0)
        return weir_exec(tx, "COMMIT");
    if (strcmp(how, "drop") == 0)
        return weir_exec(tx, "DROP TABLE weir_outbox");
    if (strcmp(how, "header") == 0) {
        static const weir_attribute split[] = {{"X-A", "b\r\nX-C: d"}};
        response->headers = split;
        response->header_count = 1;
        return WEIR_DONE;
    }
    if (strcmp(how, "length") == 0) {
        static const weir_attribute own_length[] = {{"Content-Length", "1"}};
        response->headers = own_length;
        response->header_count = 1;
        return WEIR_DONE;
    }
    if (strcmp(how, "status") == 0) {
        response->status = 7;
        return WEIR_DONE;
    }
    if (strcmp(how, "own") == 0) {
        response->status = 409;
        response->body = WEIR_SLICE("{\"mine\":true}");
        return weir_reject(tx, "conflict");
    }
    if (strcmp(how, "redirect") == 0)
        response->status = 303;
    return strcmp(how, "redirect") == 0 ? weir_reject(tx, "no") : (weir_status)99;
}

static weir_status get_wrong(weir_tx *tx, const weir_http_request *request, weir_http_response *response, void *user)
{
    (void)user;
    const char *how = weir_request_path(request, "how");
    response->status = 200;
    response->body = WEIR_SLICE("[]");
    if (strcmp(how, "emit") == 0)
        weir_emit(tx, &(weir_event){.type = "x.y"});
    else if (strcmp(how, "write") == 0)
        weir_exec(tx, "INSERT INTO effects (at) VALUES (6)");
    else if (strcmp(how, "returning") == 0)
        weir_rows_next(weir_query(tx, "INSERT INTO effects (at) VALUES (6) RETURNING at"));
    else if (strcmp(how, "table") == 0)
        weir_rows_next(weir_query(tx, "SELECT * FROM nonsense"));
    else if (strcmp(how, "weirs") == 0)
        weir_rows_next(weir_query(tx, "SELECT * FROM weir_outbox"));
    return WEIR_DONE;
}

static const weir_route routes_table[] = {
    {"POST", "/success/{how}", post_success},
    {"GET", "/wrong/{how}", get_wrong, .read_only = true},
    {"POST", "/things/{key}", post_thing},
    {"GET", "/things/{key}", get_thing, .read_only = true},
    {"GET", "/things/all", get_list, .read_only = true},
    {"GET", "/headers", get_headers, .read_only = true},
    {"GET", "/elsewhere", .forward = "other.url"},
    {0},
};

static int call(front *w, const char *method, const char *path, const char *body)
{
    const char *const headers[] = {"Idempotency-Key: once",
                                   "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL};
    return front_call(w, method, path, headers, body);
}

TEST(a_command_is_answered_after_its_commit_and_a_query_sees_it)
{
    front w = {0};
    front_begin(&w, routes_table);
    wr_routes_set_core(w.routes, w.f.core);
    CHECK_EQ(call(&w, "POST", "/things/x%2Dy", "{\"n\":5}"), 202);
    CHECK_EQ(COUNT(&w.f, "effects WHERE key = 'x-y' AND id = 'once' AND n = 5"), 1);
    CHECK_EQ(call(&w, "GET", "/things/x-y?with=text/x", NULL), 200);
    CHECK_STR(w.body, "{\"n\":5}");
    CHECK_STR(w.content_type, "text/x");
    CHECK_EQ(call(&w, "HEAD", "/things/x-y", NULL), 200);
    CHECK_EQ(call(&w, "GET", "/things/all", NULL), 200); /* the more literal one */
    CHECK_STR(w.body, "[]");
    fixture_turns(&w.f, 3);
    CHECK_EQ(wr_sim_count(w.f.cluster, "out"), 1);
    int32_t p = wr_sim_end(w.f.cluster, "out", 0) ? 0 : 1;
    CHECK(strstr(fixture_header(&w.f, "out", p, 0, "traceparent"), "4bf92f3577b34da6a3ce929d0e0e4736"));
    front_end(&w);
}

TEST(an_encoded_slash_is_part_of_a_parameter_and_ends_no_segment)
{
    front w = {0};
    front_begin(&w, routes_table);
    wr_routes_set_core(w.routes, w.f.core);
    CHECK_EQ(call(&w, "POST", "/things/eu%2Fdesk%2f7", "{\"n\":5}"), 202);
    CHECK_EQ(COUNT(&w.f, "effects WHERE key = 'eu/desk/7'"), 1);
    CHECK_EQ(call(&w, "GET", "/things/eu%2Fdesk%2f7", NULL), 200);
    CHECK_EQ(call(&w, "GET", "/th%69ngs/%65u%2Fdesk%2f7", NULL), 200);
    CHECK_EQ(call(&w, "GET", "/things/eu/desk/7", NULL), 404);
    CHECK_EQ(call(&w, "GET", "/things%2Fall", NULL), 404);
    CHECK_EQ(call(&w, "GET", "/things//", NULL), 404);
    front_end(&w);
}

TEST(errors_are_json_with_the_right_status)
{
    front w = {0};
    front_begin(&w, routes_table);
    wr_routes_set_core(w.routes, w.f.core);
    CHECK_EQ(call(&w, "POST", "/things/a", "{\"n\":\"\\\"\"}"), 422);
    CHECK(strncmp(w.body, "{\"error\":\"", 10) == 0);
    CHECK_EQ(call(&w, "POST", "/things/a", "{\"n\":503}"), 503);
    CHECK_STR(w.body, "{\"error\":\"not now\"}");
    CHECK_EQ(call(&w, "DELETE", "/things/a", NULL), 405);
    CHECK_EQ(call(&w, "GET", "/things", NULL), 404);
    CHECK_EQ(call(&w, "GET", "/things/a/b", NULL), 404);
    CHECK_EQ(call(&w, "GET", "/things/", NULL), 404);
    CHECK_EQ(call(&w, "GET", "/things/nobody", NULL), 404);
    CHECK_EQ(call(&w, "GET", "/elsewhere", NULL), 503);
    char large[3000];
    memset(large, ' ', sizeof large);
    large[sizeof large - 1] = 0;
    CHECK_EQ(call(&w, "POST", "/things/a", large), 413);
    CHECK_EQ(COUNT(&w.f, "effects"), 0);
    front_end(&w);
}

static void keep_log(void *sink, const char *line, size_t size)
{
    char *log = sink;
    snprintf(log, 4000, "%.*s", (int)size, line);
}

TEST(no_success_leaves_without_a_commit)
{
    static const struct {
        const char *how;
        int status;
        const char *body; /* NULL: any error */
    } table[] = {{"constraint", 422, "{\"error\":\"what is stored does not allow this\"}"},
                 {"large", 422, NULL},
                 {"reject", 422, "{\"error\":\"not so\"}"},
                 {"retry", 503, "{\"error\":\"not now\"}"},
                 {"ignore", 404, "{\"error\":\"there is no such thing\"}"},
                 {"untyped", 500, NULL},
                 {"table", 500, NULL},
                 {"ignored-error", 500, NULL},
                 {"commit", 500, NULL},
                 {"drop", 500, NULL},
                 {"status", 500, NULL},
                 {"header", 500, NULL},
                 {"length", 500, NULL},
                 {"own", 409, "{\"mine\":true}"},
                 {"redirect", 422, "{\"error\":\"no\"}"},
                 {"returned", 500, NULL}};
    front w = {0};
    front_begin(&w, routes_table);
    char log[4000] = "";
    wr_trace trace = {.level = WR_ERROR, .write = keep_log, .now_ms = fixture_now_ms, .clock = &w.f, .sink = log};
    w.f.options.trace = &trace;
    w.f.options.message_size_max = 1000;
    fixture_restart(&w.f);
    wr_routes_set_core(w.routes, w.f.core);
    char large[1500];
    memset(large, '1', sizeof large);
    large[sizeof large - 1] = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char path[60];
        snprintf(path, sizeof path, "/success/%s", table[i].how);
        log[0] = 0;
        int status = call(&w, "POST", path, large);
        if (status != table[i].status)
            fail_msg("%s: %d %s", table[i].how, status, w.body);
        if (table[i].body)
            CHECK_STR(w.body, table[i].body);
        CHECK(strstr(w.body, table[i].status == 409 ? "mine" : "{\"error\":\""));
        CHECK(!strstr(w.body, "INSERT") && !strstr(w.body, "nonsense") && !strstr(w.body, "UNIQUE"));
        CHECK_EQ(strstr(log, "POST /success/{how}") != NULL, status == 500); /* what the answer hides is said there */
        CHECK_EQ(COUNT(&w.f, "effects"), 0);
    }
    CHECK_EQ(call(&w, "POST", "/things/a", "{\"n\":1}"), 202); /* nothing of it has stopped the service */
    front_end(&w);
}

typedef struct raw { /* a client that shows what was sent */
    wr_loop *loop;
    wr_stream *stream;
    char text[4000];
    size_t size;
} raw;

static void raw_readable(void *user)
{
    raw *r = user;
    size_t size;
    weir_err err = wr_stream_read(r->stream, r->text + r->size, sizeof r->text - 1 - r->size, &size);
    if (err == WEIR_OK)
        r->size += size;
    else if (err != WEIR_E_AGAIN)
        wr_loop_stop(r->loop);
}

/* What the server sends until it closes. */
static void raw_call(raw *r, const front *w, const char *request)
{
    static const wr_stream_events events = {.readable = raw_readable};
    wr_io *io;
    weir_slice rest = weir_slice_of(request);
    size_t written = 0;
    *r = (raw){0};
    CHECK_OK(wr_io_real_new(&io));
    CHECK_OK(wr_loop_new(io, &r->loop));
    CHECK_OK(wr_connect(r->loop, "127.0.0.1", wr_http_server_port(w->server), &r->stream));
    weir_err err = WEIR_E_AGAIN;
    while (err == WEIR_E_AGAIN)
        err = wr_stream_write(r->stream, &rest, 1, &written);
    CHECK_OK(err);
    CHECK_EQ(written, rest.size);
    wr_stream_set(r->stream, &events, r);
    wr_stream_want(r->stream, WR_WANT_READ);
    CHECK_OK(wr_loop_run(r->loop));
    wr_stream_close(r->stream);
    wr_loop_free(r->loop);
    wr_io_free(io);
}

TEST(a_route_sees_all_headers_and_sets_its_own)
{
    front w = {0};
    front_begin(&w, routes_table);
    wr_routes_set_core(w.routes, w.f.core);
    raw r;
    raw_call(&r, &w,
             "GET /headers HTTP/1.1\r\nHost: x\r\nX-One: 1\r\nx-two:  2 \r\nX-One: 3\r\nConnection: close\r\n\r\n");
    CHECK(strstr(r.text, "HTTP/1.1 200 OK\r\n"));
    CHECK(strstr(r.text, "\r\nX-One: 1\r\nx-two: 2\r\nX-One: 3\r\nETag: \"7\"\r\n"));
    CHECK_STR(strstr(r.text, "\r\n\r\n"), "\r\n\r\n4");
    front_end(&w);
}

TEST(a_query_that_writes_emits_or_errs_is_the_programs_fault)
{
    front w = {0};
    front_begin(&w, routes_table);
    char log[4000] = "";
    wr_trace trace = {.level = WR_ERROR, .write = keep_log, .now_ms = fixture_now_ms, .clock = &w.f, .sink = log};
    w.f.options.trace = &trace;
    fixture_restart(&w.f);
    wr_routes_set_core(w.routes, w.f.core);
    const char *const hows[] = {"emit", "write", "returning", "table", "weirs"};
    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++) {
        char path[60];
        snprintf(path, sizeof path, "/wrong/%s", hows[i]);
        log[0] = 0;
        CHECK_EQ(call(&w, "GET", path, NULL), 500);
        CHECK_STR(w.body, "{\"error\":\"the service has failed; its log says why\"}");
        CHECK(strstr(log, "GET /wrong/{how}"));
    }
    CHECK_EQ(call(&w, "GET", "/wrong/not", NULL), 200);
    CHECK_EQ(COUNT(&w.f, "effects"), 0);
    front_end(&w);
}

TEST(health_tells_starting_running_and_draining_apart)
{
    front w = {0};
    front_begin(&w, routes_table);
    CHECK_EQ(call(&w, "GET", "/livez", NULL), 200);
    CHECK_EQ(call(&w, "GET", "/readyz", NULL), 503);
    CHECK_STR(w.body, "{\"ready\":false,\"state\":\"starting\",\"reasons\":[\"the service is starting\"]}");
    wr_routes_say(w.routes, "waiting for Kafka at \"h\"");
    CHECK_EQ(call(&w, "GET", "/readyz", NULL), 503);
    CHECK(strstr(w.body, "[\"waiting for Kafka at \\\"h\\\"\"]"));
    CHECK_EQ(call(&w, "GET", "/things/a", NULL), 503);
    CHECK_STR(w.body, "{\"error\":\"the service is starting\"}");
    wr_routes_set_core(w.routes, w.f.core);
    fixture_turns(&w.f, 2);
    CHECK_EQ(call(&w, "GET", "/readyz", NULL), 200);
    CHECK(strstr(w.body, "\"state\":\"running\""));
    fixture_happen(&w.f, "a", 1);
    fixture_turns(&w.f, 2);
    CHECK_EQ(call(&w, "GET", "/metrics", NULL), 200);
    CHECK(strstr(w.body, "weir_inbox_events_total{service=\"tally\"} 1\n"));
    CHECK(strstr(w.body, "weir_handler_events_total{service=\"tally\",type=\"thing.happened\",version=\"1\","
                         "outcome=\"done\"} 1\n"));
    CHECK(strstr(w.body, "le=\"+Inf\"} 1\n"));
    CHECK_OK(wr_core_drain(w.f.core, 0, &w.f.failure));
    CHECK_EQ(call(&w, "GET", "/readyz", NULL), 503);
    CHECK(strstr(w.body, "\"state\":\"draining\""));
    CHECK_EQ(call(&w, "POST", "/things/a", "{\"n\":1}"), 503);
    front_end(&w);
}

TEST(health_has_room_for_all_topics_that_may_be_paused)
{
    enum { TOPICS = 32, NAME_SIZE = 240 };
    static char consumes[TOPICS * (NAME_SIZE + 1) + 1];
    front w = {0};
    front_begin(&w, routes_table);
    for (int i = 0; i < TOPICS; i++)
        snprintf(consumes + i * (NAME_SIZE + 1), NAME_SIZE + 2, "%0*d,", NAME_SIZE, i);
    w.service.consumes = consumes;
    w.f.options.breaker_rejections = 1;
    fixture_restart(&w.f);
    wr_routes_set_core(w.routes, w.f.core);
    for (int i = 0; i < TOPICS; i++) {
        char topic[NAME_SIZE + 1];
        snprintf(topic, sizeof topic, "%0*d", NAME_SIZE, i);
        wr_client_record record = {.topic = topic, .partition = 0, .value = WEIR_SLICE("no event")};
        CHECK_OK(wr_sim_append(w.f.cluster, &record));
    }
    fixture_turns(&w.f, 5);
    CHECK_EQ(call(&w, "GET", "/readyz", NULL), 200);
    CHECK(strstr(w.body, "\"paused\":[\"000"));
    CHECK(strstr(w.body, "31\"],\"reasons\":["));
    front_end(&w);
}

TEST(get_requests_are_passed_on_to_another_service)
{
    front w = {0}, other = {0};
    front_begin(&other, routes_table);
    wr_routes_set_core(other.routes, other.f.core);
    fixture_begin(&w.f, &w.service);
    w.service.routes = (const weir_route[]){{"GET", "/things/{x}", .forward = "other.url"}, {0}};
    static const wr_config_key keys[] = {{.key = "other.url", .kind = WR_CONFIG_TEXT}, {0}};
    static const wr_config_key *const tables[] = {keys, NULL};
    wr_config *config = wr_config_new(tables, "WEIR");
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d", wr_http_server_port(other.server));
    CHECK_OK(wr_config_set(config, "other.url", url, "test", NULL));
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    CHECK_OK(wr_routes_new(&w.service, config, io, &w.routes, NULL));
    wr_routes_set_core(w.routes, w.f.core);
    CHECK_OK(wr_http_server_start(&(wr_http_options){.handle = wr_routes_handle, .user = w.routes}, &w.server, NULL));
    snprintf(url, sizeof url, "http://127.0.0.1:%d", wr_http_server_port(w.server));
    CHECK_OK(wr_http_pool_new(&(wr_http_pool_options){.base_url = url, .done = on_reply, .user = &w}, &w.pool, NULL));
    CHECK_EQ(call(&w, "GET", "/things/all", NULL), 200);
    CHECK_STR(w.body, "[]");
    CHECK_EQ(call(&w, "GET", "/things/none?with=a", NULL), 404);
    wr_http_server_stop(other.server);
    other.server = NULL;
    CHECK_EQ(call(&w, "GET", "/things/all", NULL), 502);
    front_end(&w);
    front_end(&other);
    wr_config_free(config);
    wr_io_free(io);
}
