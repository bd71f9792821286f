/* One client's connection.
 *
 *            a byte        the head is whole     the body is whole          answered
 *     IDLE ─────────▶ HEAD ───────────────▶ BODY ────────────────▶ RUNNING ──────────▶ WRITING
 *      ▲                │                    │                                          ▲  │ all of it is taken
 *      │                └────────────────────┴────────────── refused ───────────────────┘  │
 *      ├───────────────────────────────────────────────────────────────────────────────────┤
 *      └ kept alive                                    it was the last answer: LINGERING ◀─┘
 *
 * IDLE, HEAD, BODY, WRITING and LINGERING each have a deadline that counts from entering the state: one byte now and
 * then does not move it. RUNNING has none: whoever has the exchange must answer. Requests that come behind one another
 * without waiting (pipelining) are taken one after the other: while one is worked on, nothing is read. A client that
 * has ended its side after a request still gets the answer.
 *
 * A request that cannot be read, or that is too large, is answered and the connection closed, as after an answer for
 * which client or server wanted that. Closing while the client still sends would reset the connection, and the reset
 * takes away what the client has not read yet. So the server ends its side only (RFC 9112, 9.6) and throws away what
 * still comes (LINGERING) until the client closes, HTTP_LINGER_MS have passed or HTTP_LINGER_SIZE_MAX bytes have come. An
 * idle connection holds no buffer. */
#include "server_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { READ_ROUNDS = 4 }; /* of one callback: others want their turn */

static void readable(void *user);
static void writable(void *user);
static const wr_stream_events events = {.readable = readable, .writable = writable};

/* ---- life */

bool wr_http_connection_accept(wr_http_server *server, wr_stream *stream, bool is_reserved)
{
    wr_http_connection *connection = calloc(1, sizeof *connection);
    if (!connection)
        return false;
    connection->server = server;
    connection->stream = stream;
    connection->is_reserved = is_reserved;
    wr_buf_init(&connection->in, server->options.head_size_max + HTTP_SCRATCH_SIZE);
    wr_buf_init(&connection->out, HTTP_ANSWER_SIZE_MAX + HTTP_ANSWER_HEAD_SIZE_MAX);
    wr_http_server_enter(connection, HTTP_IDLE);
    wr_stream_set(stream, &events, connection);
    wr_stream_want(stream, WR_WANT_READ);
    return true;
}

static void connection_free(wr_http_connection *connection)
{
    if (connection->exchange) {
        connection->exchange->connection = NULL;
        if (connection->state == HTTP_BODY) /* else somebody else has it */
            wr_exchange_free(connection->exchange);
    }
    wr_stream_close(connection->stream);
    wr_buf_fini(&connection->in);
    wr_buf_fini(&connection->out);
    wr_http_server_left(connection);
    free(connection);
}

void wr_http_connection_close(wr_http_connection *connection)
{
    if (connection->is_advancing)
        connection->is_over = true;
    else
        connection_free(connection);
}

/* ---- answering */

static void advance(wr_http_connection *connection);

void wr_http_connection_answer(wr_http_connection *connection, const wr_answer *answer)
{
    static const wr_answer unfit = {.status = 500,
                                    .body = {(const uint8_t *)"{\"error\":\"the answer cannot be sent\"}", 37}};
    wr_http_server *server = connection->server;
    int64_t now_ms = wr_now_ms(server->io);
    connection->exchange = NULL;
    connection->how.is_closed_after |= connection->is_reserved || server->is_stopping;
    if (wr_answer_fault(answer))
        answer = &unfit;
    if (!wr_http_answer_write(answer, connection->how, now_ms, &server->date, &connection->out)) {
        wr_http_connection_close(connection);
        return;
    }
    atomic_fetch_add_explicit(&server->answered_by_status[answer->status / 100], 1, memory_order_relaxed);
    wr_http_server_enter(connection, HTTP_WRITING);
    if (!connection->is_advancing)
        advance(connection);
}

static void answer_error(wr_http_connection *connection, int status, const char *why)
{
    char body[200];
    int size = snprintf(body, sizeof body, "{\"error\":\"%s\"}", why);
    wr_http_connection_answer(connection, &(wr_answer){.status = status,
                                                       .body = {(const uint8_t *)body, (size_t)size},
                                                       .retry_after = status == 503 ? "1" : NULL});
}

/* And close: nothing that comes behind can be trusted to be a request. */
void wr_http_connection_refuse(wr_http_connection *connection, int status, const char *why)
{
    wr_exchange *exchange = connection->exchange;
    if (connection->state == HTTP_RUNNING && exchange)
        exchange->connection = NULL; /* who has it only releases it */
    else if (exchange)
        wr_exchange_free(exchange);
    connection->how.is_closed_after = true;
    answer_error(connection, status, why);
}

/* Writes what is left; true when all is gone. */
static bool flush(wr_http_connection *connection)
{
    wr_buf *out = &connection->out;
    while (connection->out_at < out->size) {
        weir_slice rest = {out->data + connection->out_at, out->size - connection->out_at};
        size_t written;
        weir_err err = wr_stream_write(connection->stream, &rest, 1, &written);
        if (err == WEIR_E_AGAIN)
            return false;
        if (err != WEIR_OK) {
            connection->is_over = true;
            return false;
        }
        connection->out_at += written;
    }
    wr_buf_fini(out);
    wr_buf_init(out, HTTP_ANSWER_SIZE_MAX + HTTP_ANSWER_HEAD_SIZE_MAX);
    connection->out_at = 0;
    return true;
}

/* ---- a request arrives */

static size_t in_size(const wr_http_connection *connection)
{
    return connection->in.size - connection->in_at;
}

static void take(wr_http_connection *connection, size_t size)
{
    connection->in_at += size;
    if (connection->in_at < connection->in.size)
        return;
    size_t limit_size = connection->in.limit_size;
    wr_buf_fini(&connection->in);
    wr_buf_init(&connection->in, limit_size);
    connection->in_at = 0;
}

/* More bytes; what was taken makes room. */
static void put(wr_http_connection *connection, const uint8_t *bytes, size_t size)
{
    wr_buf *in = &connection->in;
    if (connection->in_at > 0) {
        in->size -= connection->in_at;
        memmove(in->data, in->data + connection->in_at, in->size);
        connection->in_at = 0;
    }
    wr_buf_append(in, bytes, size);
    connection->is_over = wr_buf_failed(in); /* out of memory */
}

static void run_exchange(wr_http_connection *connection)
{
    wr_http_server *server = connection->server;
    wr_exchange *exchange = connection->exchange;
    if (server->is_stopping) {
        wr_http_connection_refuse(connection, 503, "the server is stopping");
        return;
    }
    /* RUNNING are those that are not answered, of this one's kind: those that are urgent are answered at once. */
    if (!exchange->is_urgent && atomic_load(&server->requests) >= (uint64_t)server->options.request_max) {
        wr_http_server_limit(server, WR_HTTP_REQUESTS);
        wr_exchange_free(exchange);
        connection->exchange = NULL;
        answer_error(connection, 503, "too much is being worked on; try again");
        return;
    }
    wr_http_server_enter(connection, HTTP_RUNNING);
    server->options.handle(server->options.user, exchange);
}

/* The head is whole: is there room for what it announces? */
static bool admit(wr_http_connection *connection)
{
    wr_http_server *server = connection->server;
    const wr_exchange *exchange = connection->exchange;
    if (connection->is_reserved && !exchange->is_urgent) {
        wr_http_connection_refuse(connection, 503, "there are too many connections; try again");
        return false;
    }
    if (!exchange->is_urgent && atomic_load(&server->memory_size) > server->options.memory_max) {
        wr_http_server_limit(server, WR_HTTP_MEMORY);
        wr_http_connection_refuse(connection, 503, "too many bytes of requests are held; try again");
        return false;
    }
    if (server->head.length > server->options.body_size_max) {
        wr_http_server_limit(server, WR_HTTP_BODY_SIZE);
        wr_http_connection_refuse(connection, 413, "the body is too large");
        return false;
    }
    return true;
}

static void say_continue(wr_http_connection *connection)
{
    static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const weir_slice bytes = {(const uint8_t *)line, sizeof line - 1};
    size_t written;
    weir_err err = wr_stream_write(connection->stream, &bytes, 1, &written);
    if (err != WEIR_OK || written < bytes.size)
        connection->is_over = true; /* a client that has left no room for 25 bytes reads nothing */
}

static void take_head(wr_http_connection *connection)
{
    wr_http_server *server = connection->server;
    while (connection->line == 0 && in_size(connection) >= 2 &&
           memcmp(connection->in.data + connection->in_at, "\r\n", 2) == 0) {
        take(connection, 2);
        connection->seen = 0;
        if (++connection->empty_count > HTTP_EMPTY_COUNT_MAX) { /* each would move the deadline */
            wr_http_connection_refuse(connection, 400, "empty lines and no request");
            return;
        }
    }
    if (in_size(connection) == 0) {
        wr_http_server_enter(connection, HTTP_IDLE);
        return;
    }
    uint8_t *bytes = connection->in.data + connection->in_at;
    wr_http_fault fault = {0};
    size_t size = wr_http_head_find(bytes, in_size(connection), &connection->seen, &connection->line, &fault);
    size_t head_size = size ? size : in_size(connection);
    if (head_size > server->options.head_size_max) {
        wr_http_server_limit(server, WR_HTTP_HEAD_SIZE);
        bool is_target = !memchr(bytes, '\n', server->options.head_size_max);
        wr_http_connection_refuse(connection, is_target ? 414 : 431, "request line and headers are too large");
        return;
    }
    if (size && fault.status == 0)
        fault = wr_http_head_parse((char *)bytes, size, &server->head);
    const wr_http_head *head = &server->head;
    if (size && fault.status == 0)
        connection->exchange = wr_exchange_new(server, head, size, &fault);
    if (fault.status) {
        wr_http_connection_refuse(connection, fault.status, fault.why);
        return;
    }
    if (size == 0)
        return;

    connection->exchange->connection = connection;
    connection->how = (wr_http_answering){.is_head = strcmp(head->method, "HEAD") == 0,
                                          .is_closed_after = !head->is_kept_alive,
                                          .is_kept_alive_said = head->minor == 0};
    connection->seen = connection->line = connection->empty_count = 0;
    connection->is_chunked = head->is_chunked;
    connection->chunks = (wr_http_chunks){0};
    connection->body_left = head->length;
    take(connection, size);
    wr_http_server_enter(connection, HTTP_BODY);
    if (admit(connection) && head->expects_continue && in_size(connection) == 0 && (head->is_chunked || head->length))
        say_continue(connection);
}

static bool body_is_whole(const wr_http_connection *connection)
{
    return connection->is_chunked ? connection->chunks.is_over : connection->body_left == 0;
}

static void take_body(wr_http_connection *connection)
{
    wr_http_server *server = connection->server;
    wr_exchange *exchange = connection->exchange;
    if (!body_is_whole(connection)) {
        weir_slice bytes = {connection->in.data + connection->in_at, in_size(connection)};
        wr_http_fault fault = {0};
        size_t before = exchange->body.size;
        size_t taken = bytes.size < connection->body_left ? bytes.size : (size_t)connection->body_left;
        if (connection->is_chunked) {
            taken = wr_http_chunks_take(&connection->chunks, bytes, &exchange->body, &fault);
        } else if (taken > 0) {
            wr_buf_append(&exchange->body, bytes.data, taken);
            connection->body_left -= taken;
            if (wr_buf_failed(&exchange->body))
                fault = (wr_http_fault){503, "out of memory"};
        }
        take(connection, taken);
        wr_exchange_hold(exchange, exchange->body.size - before);
        if (fault.status == 413)
            wr_http_server_limit(server, WR_HTTP_BODY_SIZE);
        if (fault.status == 0 && !exchange->is_urgent &&
            atomic_load(&server->memory_size) > server->options.memory_max) {
            wr_http_server_limit(server, WR_HTTP_MEMORY);
            fault = (wr_http_fault){503, "too many bytes of requests are held; try again"};
        }
        if (fault.status) {
            wr_http_connection_refuse(connection, fault.status, fault.why);
            return;
        }
    }
    if (body_is_whole(connection))
        run_exchange(connection);
}

/* ---- states */

/* One step; false when nothing more happens before bytes come, go, or somebody answers. */
static bool step(wr_http_connection *connection)
{
    http_state before = connection->state;
    size_t left = in_size(connection);
    switch (before) {
    case HTTP_IDLE:
        if (left > 0)
            wr_http_server_enter(connection, HTTP_HEAD);
        break;
    case HTTP_HEAD:
        take_head(connection);
        break;
    case HTTP_BODY:
        take_body(connection);
        break;
    case HTTP_WRITING:
        if (!flush(connection))
            return false;
        if (connection->how.is_closed_after) {
            wr_stream_end(connection->stream);
            wr_http_server_enter(connection, HTTP_LINGERING);
        } else {
            connection->how = (wr_http_answering){0};
            wr_http_server_enter(connection, left ? HTTP_HEAD : HTTP_IDLE);
        }
        break;
    case HTTP_LINGERING:
        take(connection, left); /* and what is read from now on is not kept at all */
        return false;
    case HTTP_RUNNING:
    case HTTP_STATE_COUNT:
        return false;
    }
    return connection->state != before;
}

static unsigned wants(const wr_http_connection *connection)
{
    switch (connection->state) {
    case HTTP_WRITING:
        return WR_WANT_WRITE;
    case HTTP_RUNNING:
        return 0;
    default:
        return WR_WANT_READ;
    }
}

/* As far as it goes. May free the connection. */
static void advance(wr_http_connection *connection)
{
    assert(!connection->is_advancing);
    connection->is_advancing = true;
    while (!connection->is_over && step(connection))
        ;
    connection->is_advancing = false;
    if (connection->is_over)
        connection_free(connection);
    else
        wr_stream_want(connection->stream, wants(connection));
}

static bool is_reading(const wr_http_connection *connection)
{
    return wants(connection) == WR_WANT_READ;
}

static void readable(void *user)
{
    wr_http_connection *connection = user;
    wr_http_server *server = connection->server;
    connection->is_advancing = true;
    for (int round = 0; round < READ_ROUNDS && !connection->is_over && is_reading(connection); round++) {
        size_t size;
        weir_err err = wr_stream_read(connection->stream, server->scratch, HTTP_SCRATCH_SIZE, &size);
        if (err == WEIR_E_AGAIN)
            break;
        if (err != WEIR_OK)
            connection->is_over = true;
        else if (connection->state == HTTP_LINGERING)
            connection->is_over = (connection->linger_size += size) > HTTP_LINGER_SIZE_MAX;
        else
            put(connection, server->scratch, size);
        while (!connection->is_over && step(connection))
            ;
    }
    connection->is_advancing = false;
    advance(connection);
}

static void writable(void *user)
{
    advance(user);
}

void wr_http_connection_expire(wr_http_connection *connection)
{
    wr_http_server *server = connection->server;
    switch (connection->state) {
    case HTTP_HEAD:
        wr_http_server_limit(server, WR_HTTP_HEAD_TIMEOUT);
        wr_http_connection_refuse(connection, 408, "the request line and headers took too long");
        return;
    case HTTP_BODY:
        wr_http_server_limit(server, WR_HTTP_BODY_TIMEOUT);
        wr_http_connection_refuse(connection, 408, "the body took too long");
        return;
    case HTTP_WRITING:
        wr_http_server_limit(server, WR_HTTP_ANSWER_TIMEOUT);
        break;
    default:
        break;
    }
    connection_free(connection);
}
