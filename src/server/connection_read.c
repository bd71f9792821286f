/* How what a connection sends becomes requests.
 *
 * Bytes arrive in a buffer that all connections share, and whole frames (four bytes of length, then so many bytes) are
 * run from there. Only what is left of a frame that has not arrived wholly is kept in the connection, in memory that
 * grows with what arrived and never by what its length claims. An idle connection holds no buffer at all. The head of
 * connection.c has the states in which something is read or started. */
#include "server_int.h"

#include <base/time.h>

enum {
    READ_ROUNDS = 16,          /* of one callback: others want their turn */
    ARRIVAL_BYTES_PER_MS = 16, /* a frame of n bytes has n / 16 ms on top of its deadline */
};

/* The buffer's memory counts against the budget of all connections. */
void wr_connection_count_in(wr_connection *connection)
{
    connection->server->memory_size += (int64_t)connection->in.capacity - (int64_t)connection->in_counted;
    connection->in_counted = connection->in.capacity;
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
    wr_connection_look_by(connection, connection->frame_deadline_us);
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
    wr_connection_count_in(connection);
    watch_arrival(connection);
}

void wr_connection_start_kept(wr_connection *connection)
{
    if (connection->in.size > 0 && may_start(connection))
        start_kept(connection);
}

/* ---- reading */

bool wr_connection_may_read(wr_connection *connection)
{
    if (may_start(connection))
        return connection->state == WR_CONNECTION_READING;
    return connection->state == WR_CONNECTION_HELD && connection->in.size < WR_HELD_SIZE_MAX;
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
    if (connection->state != WR_CONNECTION_CLOSING && used < size) {
        wr_buf_append(&connection->in, scratch + used, size - used);
        if (wr_buf_failed(&connection->in))
            return WEIR_E_MEMORY;
        wr_connection_count_in(connection);
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
        *ret_room = WR_HELD_SIZE_MAX - size; /* wr_connection_may_read has looked */
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

static void starve(wr_connection *connection)
{
    wr_connection_step(&connection->state, WR_CONNECTION_STARVE);
    wr_list_append(&connection->server->starved, &connection->starved_link);
}

void wr_connection_read(wr_connection *connection)
{
    bool more = true;
    for (int round = 0; round < READ_ROUNDS && more && wr_connection_may_read(connection); round++) {
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
