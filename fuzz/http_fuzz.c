/* Requests as bytes, cut anywhere: the server on the simulated network must neither crash nor go on for ever, and must
 * answer in HTTP or not at all. The first byte seeds the network's delays and cuts. */
#include <http/http.h>
#include <testing/io/sim.h>

#include <assert.h>
#include <stdlib.h>

enum { STEP_COUNT_MAX = 100000, ANSWER_SIZE = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct client {
    wr_stream *stream;
    uint8_t *answer;
    size_t answer_size;
    bool is_closed;
} client;

static void on_readable(void *user)
{
    client *c = user;
    size_t got;
    weir_err err = wr_stream_read(c->stream, c->answer + c->answer_size, ANSWER_SIZE - c->answer_size, &got);
    if (err == WEIR_OK)
        c->answer_size += got;
    c->is_closed = c->is_closed || (err != WEIR_OK && err != WEIR_E_AGAIN);
    if (c->is_closed || c->answer_size == ANSWER_SIZE)
        wr_stream_want(c->stream, 0);
}

static void handle(void *user, wr_exchange *exchange)
{
    (void)user;
    const char *query = wr_exchange_query(exchange, "q");
    size_t count;
    wr_exchange_headers(exchange, &count);
    assert(count <= 100 && wr_exchange_body(exchange).size <= 1000);
    wr_exchange_answer(exchange, &(wr_answer){.status = 200,
                                              .body = wr_exchange_body(exchange),
                                              .content_type = "text/plain",
                                              .location = query && *query ? query : NULL});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const wr_stream_events events = {.readable = on_readable};
    if (size == 0)
        return 0;
    wr_sim *sim = wr_sim_new(data[0]);
    wr_loop *loop = NULL;
    wr_http_server *server = NULL;
    client c = {.answer = malloc(ANSWER_SIZE)};
    weir_err err = wr_loop_new(wr_sim_io(sim), &loop);
    assert(err == WEIR_OK);
    err = wr_http_server_start(
        &(wr_http_options){.loop = loop, .handle = handle, .body_size_max = 1000, .head_size_max = 2000}, &server,
        NULL);
    assert(err == WEIR_OK);
    err = wr_connect(loop, "127.0.0.1", wr_http_server_port(server), &c.stream);
    assert(err == WEIR_OK);
    wr_stream_set(c.stream, &events, &c);
    wr_stream_want(c.stream, WR_WANT_READ);
    wr_sim_run(sim, STEP_COUNT_MAX);
    for (size_t at = 1; at < size && !c.is_closed;) {
        weir_slice rest = {data + at, size - at};
        size_t sent = 0;
        err = wr_stream_write(c.stream, &rest, 1, &sent);
        if (err != WEIR_OK && err != WEIR_E_AGAIN)
            break;
        at += sent;
        size_t steps = wr_sim_run(sim, STEP_COUNT_MAX);
        assert(steps < STEP_COUNT_MAX);
    }
    wr_sim_run_ms(sim, 200000, STEP_COUNT_MAX); /* every deadline passes */
    assert(c.is_closed || c.answer_size == ANSWER_SIZE);
    assert(c.answer_size == 0 || (c.answer_size > 9 && memcmp(c.answer, "HTTP/1.1 ", 9) == 0));
    wr_http_server_stop(server);
    wr_stream_close(c.stream);
    wr_loop_free(loop);
    wr_sim_free(sim);
    free(c.answer);
    return 0;
}
