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
 * How bytes become requests is connection_read.c. A frame that began, and an answer that is not taken, have a deadline;
 * an idle connection has a longer one. */
#include "server_int.h"

#include <base/time.h>

#include <stdlib.h>

enum { WRITE_SLICES = 16 };

static void readable(void *user);
static void writable(void *user);
static void timer_fired(void *user);
static const wr_stream_events events = {.readable = readable, .writable = writable};

/* ---- life */

static bool is_closing(const wr_connection *connection)
{
    return connection->state == WR_CONNECTION_CLOSING;
}

void wr_connection_look_by(wr_connection *connection, int64_t deadline_us)
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
        bool is_full = server->connection_count >= server->config.connection_count_max;
        wr_complain(server, WR_COMPLAINT_REFUSED, stream, is_full ? "max.connections is reached" : "out of memory");
        wr_stream_close(stream);
        return;
    }
    connection->server = server;
    connection->stream = stream;
    connection->state = WR_CONNECTION_READING;
    connection->listener = listener;
    connection->principal = server->listeners[listener].principal;
    wr_list_init(&connection->requests);
    wr_buf_init(&connection->in, (size_t)server->config.request_size_max + WR_FRAME_PREFIX + WR_HELD_SIZE_MAX);
    wr_list_append(&server->connections, &connection->link);
    server->connection_count++;
    connection->active_us = wr_loop_now_us(server->loop);
    wr_connection_look_by(connection, wr_time_after_ms(connection->active_us, server->config.connection_idle_ms));
    wr_stream_set(stream, &events, connection);
    connection->want = WR_WANT_READ;
    wr_stream_want(stream, connection->want);
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
    wr_connection_count_in(connection);
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

void wr_connection_feed(wr_connection *connection)
{
    wr_connection_step(&connection->state, WR_CONNECTION_FEED);
    wr_link_remove(&connection->starved_link);
    wr_connection_ready(connection);
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
    if (wr_connection_may_read(connection))
        want |= WR_WANT_READ;
    if (first_answered(connection)) {
        want |= WR_WANT_WRITE;
        if (!(connection->want & WR_WANT_WRITE))
            connection->taken_us = wr_loop_now_us(connection->server->loop);
        wr_connection_look_by(connection, answers_due_us(connection));
    }
    if (want != connection->want)
        wr_stream_want(connection->stream, want);
    connection->want = want;
}

static void say_why(const wr_connection *connection)
{
    if (connection->failure.err != WEIR_OK) /* what came by it is to blame */
        wr_complain(connection->server, WR_COMPLAINT_CLOSED, connection->stream, connection->reason);
    else
        wr_trace_log(connection->server->trace, WR_DEBUG, "connection closed",
                     WR_TEXT("peer", wr_stream_peer(connection->stream)), WR_TEXT("reason", connection->reason));
}

void wr_connection_settle(wr_connection *connection)
{
    wr_link_remove(&connection->ready_link);
    weir_err err = write_answers(connection);
    if (err != WEIR_OK && err != WEIR_E_AGAIN)
        wr_connection_hang_up(connection, "closed by the client");
    wr_connection_start_kept(connection);
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
    wr_connection_read(connection);
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
        wr_connection_look_by(connection, idle_us < next_us ? idle_us : next_us);
}
