/* One client's connection.
 *
 *           ┌────── HOLD: a request must be answered first (Kafka's order), ──────┐
 *           │       too many wait, or they hold too much memory                   ▼
 *     ──▶ READING ◀────────────────── RESUME: no longer ────────────────────── HELD
 *          │    ▲                                                               │  ▲
 *          │    │ FEED: there is                  STARVE: the memory of all     │  │ FEED
 *   STARVE │    │ memory again                    connections is used up        │  │
 *          ▼    │                                                               ▼  │
 *         STARVED ─────────────────────────── HOLD ──────────────────────▶ HELD_STARVED
 *               ◀─────────────────────────── RESUME ──────────────────────
 *
 *     these four ──DRAIN: the server stops──▶ DRAINING
 *     these five ──HANG_UP: a bad frame, the end of the stream, a deadline; ──▶ CLOSING ──CLOSE, at settling:──▶ CLOSED
 *                  or draining, and all is answered                           answers that are ready leave
 *
 * READING: whole frames are started as requests, which are answered in order. HELD: none is started; what comes is read
 * only as far as it takes to notice that the client went away. STARVED: nothing is read, but frames that are there
 * already are started, since only their answers free memory. DRAINING: nothing is read or started. What may happen in
 * which state is a table in connection_state.c; whether the connection is held back is looked up before it matters.
 *
 * Bytes arrive in a buffer that all connections share, and whole frames are run from there. Only what is left of a
 * frame that has not arrived wholly is kept in the connection, in memory that grows with what arrived and never by what
 * its length claims. An idle connection holds no buffer at all. A frame that began, and an answer that is not taken,
 * have a deadline; an idle connection has a longer one. */
#include "server_int.h"

#include <base/time.h>

#include <assert.h>
#include <stdlib.h>

enum {
    READ_ROUNDS = 16,          /* of one callback: others want their turn */
    HELD_SIZE_MAX = 64 * 1024, /* read while held back: enough to notice that the client went away */
    ARRIVAL_BYTES_PER_MS = 16, /* a frame of n bytes has n / 16 ms on top of its deadline */
    WRITE_SLICES = 16,
};

static void readable(void *user);
static void writable(void *user);
static void timer_fired(void *user);
static const wr_stream_events events = {.readable = readable, .writable = writable};

/* ---- life */

static void start_timer(wr_connection *connection, int64_t deadline_us)
{
    if (wr_timer_started(&connection->timer) && connection->timer.deadline_us <= deadline_us)
        return;
    weir_err err = wr_timer_start(connection->server->loop, &connection->timer, deadline_us, timer_fired, connection);
    if (err != WEIR_OK)
        wr_connection_hang_up(connection, "no memory for a timer");
}

/* By then somebody must have taken an answer, or some of it, whatever else the client sends. */
static int64_t answers_due_us(const wr_connection *connection)
{
    int64_t deadline_ms = connection->server->config.frame_deadline_ms;
    return wr_time_after_ms(connection->taken_us, wr_time_add_ms(deadline_ms, deadline_ms));
}

void wr_connection_accept(wr_server *server, int listener, wr_stream *stream)
{
    wr_connection *connection = NULL;
    if (server->connection_count < server->config.connection_count_max)
        connection = calloc(1, sizeof *connection);
    if (!connection) {
        wr_trace_log(server->trace, WR_WARN, "connection refused: max.connections is reached",
                     WR_TEXT("peer", wr_stream_peer(stream)), WR_NUMBER("connections", server->connection_count));
        wr_stream_close(stream);
        return;
    }
    connection->server = server;
    connection->stream = stream;
    connection->state = WR_CONNECTION_READING;
    connection->listener = listener;
    connection->principal = server->listeners[listener].principal;
    wr_list_init(&connection->requests);
    wr_buf_init(&connection->in, (size_t)server->config.request_size_max + WR_FRAME_PREFIX + HELD_SIZE_MAX);
    wr_list_append(&server->connections, &connection->link);
    server->connection_count++;
    connection->active_us = wr_loop_now_us(server->loop);
    start_timer(connection, wr_time_after_ms(connection->active_us, server->config.connection_idle_ms));
    wr_stream_set(stream, &events, connection);
    connection->want = WR_WANT_READ;
    wr_stream_want(stream, connection->want);
}

/* The buffer's memory counts against the budget of all connections. */
static void count_in(wr_connection *connection)
{
    connection->server->memory_size += (int64_t)connection->in.capacity - (int64_t)connection->in_counted;
    connection->in_counted = connection->in.capacity;
}

void wr_connection_close(wr_connection *connection)
{
    wr_server *server = connection->server;
    wr_connection_step(&connection->state, WR_CONNECTION_HANG_UP); /* for requests that answer each other below */
    wr_timer_stop(server->loop, &connection->timer);
    wr_link_remove(&connection->ready_link);
    wr_link_remove(&connection->starved_link);
    wr_link_remove(&connection->link);
    server->connection_count--;
    for (wr_link *link; (link = wr_list_pop(&connection->requests));)
        wr_request_drop(WR_LIST_ITEM(link, wr_request, link));
    wr_link_remove(&connection->ready_link); /* a cancelled request may have answered another one */
    wr_buf_fini(&connection->in);
    count_in(connection);
    wr_stream_close(connection->stream);
    wr_connection_step(&connection->state, WR_CONNECTION_CLOSE);
    free(connection);
}

void wr_connection_ready(wr_connection *connection)
{
    if (!wr_link_linked(&connection->ready_link))
        wr_list_append(&connection->server->ready, &connection->ready_link);
}

void wr_connection_hang_up(wr_connection *connection, const char *reason)
{
    wr_connection_step(&connection->state, WR_CONNECTION_HANG_UP);
    wr_link_remove(&connection->starved_link);
    if (!connection->reason)
        connection->reason = reason;
    wr_connection_ready(connection);
}

void wr_connection_drain(wr_connection *connection)
{
    wr_connection_step(&connection->state, WR_CONNECTION_DRAIN);
    wr_link_remove(&connection->starved_link);
    wr_connection_ready(connection);
}

static void starve(wr_connection *connection)
{
    wr_connection_step(&connection->state, WR_CONNECTION_STARVE);
    wr_list_append(&connection->server->starved, &connection->starved_link);
}

void wr_connection_feed(wr_connection *connection)
{
    wr_connection_step(&connection->state, WR_CONNECTION_FEED);
    wr_link_remove(&connection->starved_link);
    wr_connection_ready(connection);
}

/* ---- starting requests */

/* Nothing more may start before answers have left. */
static bool is_full(const wr_connection *connection)
{
    return connection->serial_count > 0 || connection->request_count >= WR_REQUEST_COUNT_MAX ||
           connection->request_memory_size >= connection->server->config.connection_memory_max;
}

/* May requests be started now? Requests come and go by themselves, so the state follows here. */
static bool may_start(wr_connection *connection)
{
    switch (connection->state) {
    case WR_CONNECTION_READING:
    case WR_CONNECTION_STARVED:
        if (!is_full(connection))
            return true;
        wr_connection_step(&connection->state, WR_CONNECTION_HOLD);
        return false;
    case WR_CONNECTION_HELD:
    case WR_CONNECTION_HELD_STARVED:
        if (is_full(connection))
            return false;
        wr_connection_step(&connection->state, WR_CONNECTION_RESUME);
        return true;
    case WR_CONNECTION_IMPOSSIBLE:
    case WR_CONNECTION_DRAINING:
    case WR_CONNECTION_CLOSING:
    case WR_CONNECTION_CLOSED:
    case WR_CONNECTION_STATE_COUNT:
        break;
    }
    return false;
}

static bool is_closing(const wr_connection *connection)
{
    return connection->state == WR_CONNECTION_CLOSING;
}

/* The frame at the start of bytes: its size with the prefix, 0 when the prefix is not there yet. */
static weir_err frame_size(wr_connection *connection, weir_slice bytes, size_t *ret_size)
{
    *ret_size = 0;
    if (bytes.size < WR_FRAME_PREFIX)
        return WEIR_OK;
    int32_t size = wr_get_i32(bytes.data);
    if (size < 0 || size > connection->server->config.request_size_max) {
        const char *other = wr_other_protocol(bytes);
        if (other)
            return weir_fail(&connection->failure, WEIR_E_LIMIT, "the client speaks %s, not Kafka's protocol", other);
        return weir_fail(&connection->failure, WEIR_E_LIMIT, "a request of %d bytes; socket.request.max.bytes is %d",
                         size, (int)connection->server->config.request_size_max);
    }
    *ret_size = WR_FRAME_PREFIX + (size_t)size;
    return WEIR_OK;
}

/* Starts the whole frames of bytes, as far as they may start now; answers how many bytes that were. `whole` is the
 * buffer that holds nothing but these bytes: a frame that fills it may keep it. */
static size_t start_frames(wr_connection *connection, weir_slice bytes, wr_buf *whole)
{
    size_t at = 0;
    while (may_start(connection)) {
        weir_slice left = {bytes.data + at, bytes.size - at};
        size_t size;
        weir_err err = frame_size(connection, left, &size);
        if (err == WEIR_OK && (size == 0 || size > left.size))
            break;
        if (err == WEIR_OK) {
            weir_slice frame = {left.data + WR_FRAME_PREFIX, size - WR_FRAME_PREFIX};
            err = wr_request_start(connection, frame, size == bytes.size ? whole : NULL, &connection->failure);
        }
        if (err != WEIR_OK) {
            wr_connection_hang_up(connection, connection->failure.sentence);
            break;
        }
        at += size;
    }
    return at;
}

/* A frame has begun and its rest is the client's to send: it has a deadline. */
static void watch_arrival(wr_connection *connection)
{
    wr_server *server = connection->server;
    if (connection->in.size == 0 || !may_start(connection)) {
        connection->frame_deadline_us = 0;
        return;
    }
    if (connection->frame_deadline_us)
        return;
    size_t size = 0;
    if (frame_size(connection, wr_buf_view(&connection->in), &size) != WEIR_OK)
        return; /* start_frames has seen it */
    int64_t allowed_ms = wr_time_add_ms(server->config.frame_deadline_ms, (int64_t)size / ARRIVAL_BYTES_PER_MS);
    connection->frame_deadline_us = wr_time_after_ms(wr_loop_now_us(server->loop), allowed_ms);
    start_timer(connection, connection->frame_deadline_us);
}

/* Start what is in the connection's own buffer, and keep the rest. */
static void start_kept(wr_connection *connection)
{
    size_t before = connection->in.size;
    size_t used = start_frames(connection, wr_buf_view(&connection->in), &connection->in);
    if (used > 0) {
        connection->frame_deadline_us = 0; /* whatever is left is a new frame */
        if (connection->in.size == before) /* not handed over to a request */
            memmove(connection->in.data, connection->in.data + used, before - used);
        connection->in.size = connection->in.size == before ? before - used : 0;
        if (connection->in.size == 0)
            wr_buf_fini(&connection->in);
    }
    count_in(connection);
    watch_arrival(connection);
}

/* ---- reading */

static bool may_read(wr_connection *connection)
{
    if (may_start(connection))
        return connection->state == WR_CONNECTION_READING;
    return connection->state == WR_CONNECTION_HELD && connection->in.size < HELD_SIZE_MAX;
}

static weir_err read_shared(wr_connection *connection, bool *ret_more)
{
    uint8_t *scratch = connection->server->scratch;
    size_t size;
    weir_err err = wr_stream_read(connection->stream, scratch, WR_SCRATCH_SIZE, &size);
    if (err != WEIR_OK)
        return err;
    *ret_more = size == WR_SCRATCH_SIZE;
    size_t used = start_frames(connection, (weir_slice){scratch, size}, NULL);
    if (!is_closing(connection) && used < size) {
        wr_buf_append(&connection->in, scratch + used, size - used);
        if (wr_buf_failed(&connection->in))
            return WEIR_E_MEMORY;
        count_in(connection);
        connection->frame_deadline_us = 0;
        watch_arrival(connection);
    }
    return WEIR_OK;
}

/* How much to read behind what is kept: up to the end of its frame; held back, enough to notice an end. 0: its frame is
 * whole already. */
static weir_err kept_room(wr_connection *connection, size_t *ret_room)
{
    size_t size = connection->in.size, whole;
    if (!may_start(connection)) {
        *ret_room = HELD_SIZE_MAX - size; /* may_read has looked */
        return WEIR_OK;
    }
    if (frame_size(connection, wr_buf_view(&connection->in), &whole) != WEIR_OK)
        return WEIR_E_FORMAT;
    whole = whole ? whole : WR_FRAME_PREFIX;
    *ret_room = whole > size ? whole - size : 0;
    return WEIR_OK;
}

/* Few bytes go through the shared buffer, so that memory follows what arrived; behind many, as many again may follow at
 * once. */
static weir_err read_kept(wr_connection *connection, bool *ret_more)
{
    wr_buf *in = &connection->in;
    size_t room = 0, before = in->size, size = 0;
    weir_err err = kept_room(connection, &room);
    if (err == WEIR_OK && room > 0 && before < WR_SCRATCH_SIZE) {
        uint8_t *scratch = connection->server->scratch;
        room = room < WR_SCRATCH_SIZE ? room : WR_SCRATCH_SIZE;
        err = wr_stream_read(connection->stream, scratch, room, &size);
        if (err == WEIR_OK)
            wr_buf_append(in, scratch, size);
    } else if (err == WEIR_OK && room > 0) {
        room = room < before ? room : before;
        uint8_t *to = wr_buf_extend(in, room);
        err = to ? wr_stream_read(connection->stream, to, room, &size) : WEIR_E_MEMORY;
        in->size = before + (err == WEIR_OK ? size : 0);
    }
    if (err == WEIR_OK && wr_buf_failed(in))
        err = WEIR_E_MEMORY;
    if (err != WEIR_OK)
        return err;
    *ret_more = size == room;
    start_kept(connection);
    return WEIR_OK;
}

static void read_all(wr_connection *connection)
{
    bool more = true;
    for (int round = 0; round < READ_ROUNDS && more && may_read(connection); round++) {
        if (wr_server_short(connection->server)) {
            starve(connection);
            break;
        }
        weir_err err = connection->in.size == 0 ? read_shared(connection, &more) : read_kept(connection, &more);
        if (err == WEIR_E_AGAIN)
            break;
        if (err != WEIR_OK) {
            wr_connection_hang_up(connection, err == WEIR_E_CLOSED ? "closed by the client" : weir_err_name(err));
            break;
        }
        connection->active_us = wr_loop_now_us(connection->server->loop);
    }
}

/* ---- writing */

static wr_request *first_answered(const wr_connection *connection)
{
    wr_link *link = wr_list_first(&connection->requests);
    wr_request *first = link ? WR_LIST_ITEM(link, wr_request, link) : NULL;
    return first && wr_request_answered(first) ? first : NULL;
}

static void sent(wr_connection *connection, size_t size)
{
    for (wr_request *request; (request = first_answered(connection));) {
        size_t left = request->answer.size - request->answer_sent;
        if (left > size) {
            request->answer_sent += size;
            return;
        }
        size -= left;
        wr_link_remove(&request->link);
        connection->request_count--;
        wr_request_written(request);
    }
}

static weir_err write_answers(wr_connection *connection)
{
    for (;;) {
        sent(connection, 0); /* those without an answer */
        weir_slice slices[WRITE_SLICES];
        size_t count = 0;
        for (wr_link *link = wr_list_first(&connection->requests); link && count < WRITE_SLICES;
             link = wr_list_next(&connection->requests, link)) {
            wr_request *request = WR_LIST_ITEM(link, wr_request, link);
            if (!wr_request_answered(request))
                break;
            if (request->answer.size > request->answer_sent)
                slices[count++] = (weir_slice){request->answer.data + request->answer_sent,
                                               request->answer.size - request->answer_sent};
        }
        if (count == 0)
            return WEIR_OK;
        size_t size;
        weir_err err = wr_stream_write(connection->stream, slices, count, &size);
        if (err == WEIR_OK && size == 0)
            err = WEIR_E_AGAIN;
        if (err != WEIR_OK)
            return err;
        connection->active_us = connection->taken_us = wr_loop_now_us(connection->server->loop);
        sent(connection, size);
    }
}

/* ---- settling */

static void set_want(wr_connection *connection)
{
    unsigned want = 0;
    if (may_read(connection))
        want |= WR_WANT_READ;
    if (first_answered(connection)) {
        want |= WR_WANT_WRITE;
        if (!(connection->want & WR_WANT_WRITE))
            connection->taken_us = wr_loop_now_us(connection->server->loop);
        start_timer(connection, answers_due_us(connection));
    }
    if (want != connection->want)
        wr_stream_want(connection->stream, want);
    connection->want = want;
}

static void say_why(const wr_connection *connection)
{
    bool ours = connection->failure.err != WEIR_OK;
    wr_trace_log(connection->server->trace, ours ? WR_WARN : WR_DEBUG, "connection closed",
                 WR_TEXT("peer", wr_stream_peer(connection->stream)), WR_TEXT("reason", connection->reason));
}

void wr_connection_settle(wr_connection *connection)
{
    wr_link_remove(&connection->ready_link);
    weir_err err = write_answers(connection);
    if (err != WEIR_OK && err != WEIR_E_AGAIN)
        wr_connection_hang_up(connection, "closed by the client");
    if (connection->in.size > 0 && may_start(connection))
        start_kept(connection);
    if (wr_link_linked(&connection->ready_link) && !is_closing(connection))
        return; /* answered at once: settled again before the round ends */
    bool drained = connection->state == WR_CONNECTION_DRAINING && connection->request_count == 0;
    if (is_closing(connection) || drained) {
        if (is_closing(connection))
            say_why(connection);
        wr_connection_close(connection);
        return;
    }
    set_want(connection);
}

/* ---- the loop's calls */

static void readable(void *user)
{
    wr_connection *connection = user;
    read_all(connection);
    wr_connection_ready(connection);
}

static void writable(void *user)
{
    wr_connection_ready(user);
}

/* The timer fires at the earliest deadline there may be, which activity has mostly moved: look, and set it anew. */
static void timer_fired(void *user)
{
    wr_connection *connection = user;
    const wr_server *server = connection->server;
    int64_t now_us = wr_loop_now_us(server->loop), next_us = INT64_MAX;
    if (connection->frame_deadline_us) {
        next_us = connection->frame_deadline_us;
        if (next_us <= now_us)
            wr_connection_hang_up(connection, "a request did not arrive in time");
    }
    if (first_answered(connection)) {
        int64_t due_us = answers_due_us(connection);
        if (due_us <= now_us)
            wr_connection_hang_up(connection, "answers are not taken");
        next_us = due_us < next_us ? due_us : next_us;
    }
    int64_t idle_us = wr_time_after_ms(connection->active_us, server->config.connection_idle_ms);
    if (connection->request_count > 0)
        idle_us = wr_time_after_ms(now_us, server->config.connection_idle_ms);
    else if (idle_us <= now_us)
        wr_connection_hang_up(connection, "idle");
    if (!is_closing(connection))
        start_timer(connection, idle_us < next_us ? idle_us : next_us);
}
