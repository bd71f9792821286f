/* What is read as a request, how large it may be, and how it is answered. */
#include "server_testing.h"

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
