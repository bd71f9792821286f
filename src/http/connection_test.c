/* How long and how many connections live, and how they end. */
#include "server_testing.h"

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
