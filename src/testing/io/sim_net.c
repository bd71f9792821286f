/* The simulated network: listeners and streams in memory, with delays, partial reads and writes, and resets that the
 * seed chooses. As on Linux, closing with unread bytes resets the connection, and what had arrived before a reset can
 * still be read. */
#include "sim_loop_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static sim_stream *stream_of(const wr_stream *stream)
{
    return WR_LIST_ITEM(wr_unconst(stream), sim_stream, base);
}

static sim_listener *listener_of(const wr_listener *listener)
{
    return WR_LIST_ITEM(wr_unconst(listener), sim_listener, base);
}

/* ---- helpers */
static int64_t later(wr_sim *sim)
{
    return sim->mono_us + (int64_t)sim_below(&sim->net_chance, (uint64_t)sim->net.delay_us_max + 1);
}

/* The seed may move only a part of what could be moved. */
static size_t part_of(wr_sim *sim, size_t size)
{
    if (size > 1 && sim_percent(&sim->net_chance, (unsigned)sim->net.partial_percent))
        return 1 + sim_below(&sim->net_chance, size);
    return size;
}

static sim_stream *stream_new(sim_loop *loop, int local_port, int peer_port)
{
    sim_stream *stream = sim_alloc(sizeof *stream);
    stream->base.ops = &sim_loop_ops;
    stream->loop = loop;
    stream->due_us = SIM_NEVER;
    stream->local_port = local_port;
    stream->peer_port = peer_port;
    snprintf(stream->local, sizeof stream->local, "127.0.0.1:%d", local_port);
    snprintf(stream->remote, sizeof stream->remote, "127.0.0.1:%d", peer_port);
    return stream;
}

static void stream_break(sim_stream *stream, int os_error)
{
    if (stream->state == SIM_BROKEN)
        return;
    stream->state = SIM_BROKEN;
    stream->os_error = os_error;
    stream->in.size = stream->arrived; /* what was under way is lost */
    stream->due_us = SIM_NEVER;
    if (stream->peer) {
        sim_stream *peer = stream->peer;
        stream->peer = peer->peer = NULL;
        stream_break(peer, os_error);
    }
}

static void stream_free(sim_stream *stream)
{
    wr_link_remove(&stream->link);
    free(stream->in.data);
    free(stream);
}

/* ---- listening */
static sim_listener *listener_find(wr_sim *sim, int port)
{
    for (wr_link *i = wr_list_first(&sim->loops); i; i = wr_list_next(&sim->loops, i)) {
        sim_loop *loop = WR_LIST_ITEM(i, sim_loop, link);
        for (wr_link *j = wr_list_first(&loop->listeners); j; j = wr_list_next(&loop->listeners, j)) {
            sim_listener *listener = WR_LIST_ITEM(j, sim_listener, link);
            if (listener->port == port && !listener->dead)
                return listener;
        }
    }
    return NULL;
}

weir_err sim_listen(wr_loop *base, const char *host, int port, void (*accept)(void *user, wr_stream *stream),
                    void *user, wr_listener **ret_listener, weir_failure *failure)
{
    sim_loop *loop = sim_loop_of(base);
    if (port == 0)
        port = loop->sim->next_port++;
    if (listener_find(loop->sim, port)) {
        errno = EADDRINUSE;
        return weir_fail(failure, WEIR_E_EXISTS, "cannot listen on %s port %d: somebody else does", host, port);
    }
    sim_listener *listener = sim_alloc(sizeof *listener);
    *listener = (sim_listener){
        .base.ops = &sim_loop_ops,
        .loop = loop,
        .port = port,
        .accept = accept,
        .user = user,
    };
    wr_list_init(&listener->backlog);
    wr_list_append(&loop->listeners, &listener->link);
    *ret_listener = &listener->base;
    return WEIR_OK;
}

int sim_listener_port(const wr_listener *listener)
{
    return listener_of(listener)->port;
}

static void backlog_reset(sim_listener *listener)
{
    wr_link *first;
    while ((first = wr_list_first(&listener->backlog))) {
        sim_stream *stream = WR_LIST_ITEM(first, sim_stream, link);
        stream_break(stream, ECONNRESET);
        stream_free(stream);
    }
    listener->backlog_count = 0;
}

void sim_listener_close(wr_listener *base)
{
    sim_listener *listener = listener_of(base);
    backlog_reset(listener);
    wr_link_remove(&listener->link);
    free(listener);
}

void sim_listener_accept(sim_listener *listener)
{
    sim_stream *stream = WR_LIST_ITEM(wr_list_pop(&listener->backlog), sim_stream, link);
    listener->backlog_count--;
    wr_list_append(&listener->loop->streams, &stream->link);
    listener->accept(listener->user, &stream->base);
}

/* ---- connecting */
weir_err sim_connect(wr_loop *base, const char *host, int port, wr_stream **ret_stream)
{
    (void)host;
    sim_loop *loop = sim_loop_of(base);
    sim_stream *stream = stream_new(loop, loop->sim->next_port++, port);
    stream->state = SIM_CONNECTING;
    stream->due_us = later(loop->sim);
    wr_list_append(&loop->streams, &stream->link);
    *ret_stream = &stream->base;
    return WEIR_OK;
}

static void connection_arrives(sim_stream *stream)
{
    sim_listener *listener = listener_find(stream->loop->sim, stream->peer_port);
    if (!listener || listener->backlog_count == SIM_BACKLOG_MAX) {
        stream_break(stream, ECONNREFUSED);
        return;
    }
    sim_stream *other = stream_new(listener->loop, stream->peer_port, stream->local_port);
    other->state = stream->state = SIM_OPEN;
    other->peer = stream;
    stream->peer = other;
    wr_list_append(&listener->backlog, &other->link);
    listener->backlog_count++;
}

/* ---- bytes */
static void arrival_plan(sim_stream *stream)
{
    if (stream->due_us == SIM_NEVER && stream->state == SIM_OPEN &&
        (stream->arrived < stream->in.size || (stream->ending && !stream->ended)))
        stream->due_us = later(stream->loop->sim);
}

void sim_stream_arrive(sim_stream *stream)
{
    wr_sim *sim = stream->loop->sim;
    stream->due_us = SIM_NEVER;
    if (stream->state == SIM_CONNECTING) {
        connection_arrives(stream);
        return;
    }
    size_t under_way = stream->in.size - stream->arrived;
    if (under_way > 0)
        stream->arrived += part_of(sim, under_way);
    else
        stream->ended = stream->ending;
    arrival_plan(stream);
}

bool sim_stream_readable(const sim_stream *stream)
{
    return stream->base.events && stream->base.events->readable && (stream->base.want & WR_WANT_READ) &&
           (stream->arrived > 0 || stream->ended || stream->state == SIM_BROKEN);
}

bool sim_stream_writable(const sim_stream *stream)
{
    if (!stream->base.events || !stream->base.events->writable || !(stream->base.want & WR_WANT_WRITE))
        return false;
    if (stream->state == SIM_OPEN)
        return !stream->peer || stream->peer->in.size < stream->loop->sim->net.pipe_size;
    return stream->state == SIM_BROKEN;
}

void sim_stream_wants(wr_stream *stream)
{
    (void)stream; /* wr_sim_step looks */
}

weir_err sim_stream_read(wr_stream *base, void *ret_bytes, size_t size, size_t *ret_size)
{
    sim_stream *stream = stream_of(base);
    wr_sim *sim = stream->loop->sim;
    if (stream->arrived == 0) {
        if (stream->state == SIM_BROKEN) {
            errno = stream->os_error;
            return WEIR_E_CLOSED;
        }
        errno = 0;
        return stream->ended ? WEIR_E_CLOSED : WEIR_E_AGAIN;
    }
    size = part_of(sim, size < stream->arrived ? size : stream->arrived);
    memcpy(ret_bytes, stream->in.data, size);
    stream->arrived -= size;
    stream->in.size -= size;
    memmove(stream->in.data, stream->in.data + size, stream->in.size);
    sim_note(sim, "net read", (uint64_t)stream->local_port, (uint64_t)stream->peer_port, size);
    *ret_size = size;
    return WEIR_OK;
}

/* How much may be written now: WEIR_E_AGAIN, WEIR_E_CLOSED, or room for at least one byte. */
static weir_err room_for(sim_stream *stream, size_t size, size_t *ret_room)
{
    wr_sim *sim = stream->loop->sim;
    if (stream->state == SIM_OPEN && sim->net.reset_ppm > 0 &&
        sim_below(&sim->net_chance, 1000000) < (uint64_t)sim->net.reset_ppm)
        stream_break(stream, ECONNRESET);
    if (stream->state == SIM_CONNECTING)
        return WEIR_E_AGAIN;
    if (stream->state == SIM_BROKEN || !stream->peer || stream->peer->ending) {
        errno = stream->state == SIM_BROKEN ? stream->os_error : EPIPE;
        return WEIR_E_CLOSED;
    }
    size_t used = stream->peer->in.size, limit = sim->net.pipe_size;
    size_t room = used < limit ? limit - used : 0;
    if (room == 0)
        return WEIR_E_AGAIN;
    *ret_room = part_of(sim, size < room ? size : room);
    return WEIR_OK;
}

static void send_bytes(sim_stream *stream, const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return;
    sim_bytes *in = &stream->peer->in;
    in->data = sim_grow(in->data, &in->capacity, in->size + size, 1);
    memcpy(in->data + in->size, bytes, size);
    in->size += size;
}

weir_err sim_stream_write(wr_stream *base, const weir_slice *slices, size_t count, size_t *ret_size)
{
    sim_stream *stream = stream_of(base);
    size_t total = 0, room;
    for (size_t i = 0; i < count; i++)
        total += slices[i].size;
    weir_err err = room_for(stream, total, &room);
    if (err != WEIR_OK)
        return err;
    size_t left = room;
    for (size_t i = 0; i < count && left > 0; i++) {
        size_t size = slices[i].size < left ? slices[i].size : left;
        send_bytes(stream, slices[i].data, size);
        left -= size;
    }
    arrival_plan(stream->peer);
    sim_note(stream->loop->sim, "net write", (uint64_t)stream->local_port, (uint64_t)stream->peer_port, room);
    *ret_size = room;
    return WEIR_OK;
}

weir_err sim_stream_send_file(wr_stream *base, wr_file *file, int64_t at, size_t size, size_t *ret_size)
{
    sim_stream *stream = stream_of(base);
    size_t room;
    weir_err err = room_for(stream, size, &room);
    if (err != WEIR_OK)
        return err;
    uint8_t *bytes = sim_alloc(room);
    size_t got;
    err = wr_file_read(file, at, bytes, room, &got);
    if (err == WEIR_OK) {
        send_bytes(stream, bytes, got);
        arrival_plan(stream->peer);
        *ret_size = got;
    }
    free(bytes);
    return err;
}

const char *sim_stream_peer(const wr_stream *stream)
{
    return stream_of(stream)->remote;
}

const char *sim_stream_local(const wr_stream *stream)
{
    return stream_of(stream)->local;
}

void sim_stream_end(wr_stream *base)
{
    sim_stream *peer = stream_of(base)->peer;
    if (!peer)
        return;
    peer->ending = true;
    arrival_plan(peer);
}

void sim_stream_close(wr_stream *base)
{
    sim_stream *stream = stream_of(base);
    sim_stream *peer = stream->peer;
    if (peer && stream->in.size > 0) {
        stream_break(stream, ECONNRESET);
    } else if (peer) {
        peer->peer = NULL;
        peer->ending = true;
        arrival_plan(peer);
    }
    stream_free(stream);
}

/* ---- the end of a life */
void sim_net_reset_all(wr_sim *sim)
{
    for (wr_link *i = wr_list_first(&sim->loops); i; i = wr_list_next(&sim->loops, i)) {
        sim_loop *loop = WR_LIST_ITEM(i, sim_loop, link);
        for (wr_link *j = wr_list_first(&loop->streams); j; j = wr_list_next(&loop->streams, j))
            stream_break(WR_LIST_ITEM(j, sim_stream, link), ECONNRESET);
        for (wr_link *j = wr_list_first(&loop->listeners); j; j = wr_list_next(&loop->listeners, j)) {
            sim_listener *listener = WR_LIST_ITEM(j, sim_listener, link);
            backlog_reset(listener);
            listener->dead = true;
        }
        sim_works_lose(loop);
    }
}
