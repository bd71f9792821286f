/* A request's life, from its frame to its answer.
 *
 *                 keep                 answer
 *     RUNNING ─────────────▶ KEPT ─────────────────▶ ANSWERED ──written, or cancel──▶ DONE
 *        │ │ answer           │ │                       ▲
 *        │ └──────────────────┼─┼───────────────────────┘
 *        │ fail               │ └─ detach ─▶ DETACHED ─────────── answer ───────────▶ DONE
 *        └──▶ DONE            └─── cancel ──────────────────────────────────────────▶ DONE
 *
 * RUNNING: its handler is on the stack. KEPT: the handler has returned and will answer later. DETACHED: so too, but its
 * connection has closed, and the answer goes nowhere. ANSWERED: the bytes wait for their turn in the connection. DONE:
 * freed. A closed connection cancels what it has, and detaches what was kept without an on_cancel. */
#include "request.h"

#include "server_int.h"

#include <assert.h>
#include <stdlib.h>

typedef enum request_state { IMPOSSIBLE, RUNNING, KEPT, DETACHED, ANSWERED, DONE, STATE_COUNT } request_state;

typedef enum request_event { KEEP, ANSWER, FAIL, DETACH, CANCEL, WRITTEN, EVENT_COUNT } request_event;

static const uint8_t transitions[STATE_COUNT][EVENT_COUNT] = {
    [RUNNING] = {[KEEP] = KEPT, [ANSWER] = ANSWERED, [FAIL] = DONE},
    [KEPT] = {[ANSWER] = ANSWERED, [DETACH] = DETACHED, [CANCEL] = DONE},
    [DETACHED] = {[ANSWER] = DONE},
    [ANSWERED] = {[CANCEL] = DONE, [WRITTEN] = DONE},
};

static void step(wr_request *request, request_event event)
{
    uint8_t next = transitions[request->state][event];
    assert(next != IMPOSSIBLE);
    request->state = next;
}

/* ---- memory */

static weir_arena *take_arena(wr_server *server)
{
    if (server->spare_arena_count > 0)
        return server->spare_arenas[--server->spare_arena_count];
    return weir_arena_new(WR_ARENA_SIZE_MAX);
}

static void give_arena(wr_server *server, weir_arena *arena)
{
    if (!arena)
        return;
    if (server->spare_arena_count == WR_SPARE_ARENA_MAX) {
        weir_arena_free(arena);
        return;
    }
    weir_arena_reset(arena);
    server->spare_arenas[server->spare_arena_count++] = arena;
}

/* What the request holds in memory now, for the budgets of its connection and of all. */
static void charge(wr_request *request, size_t size)
{
    int64_t change = (int64_t)size - (int64_t)request->charged_size;
    request->charged_size = size;
    request->server->memory_size += change;
    if (request->connection)
        request->connection->request_memory_size += change;
}

/* Everything but the answer. */
static void release(wr_request *request)
{
    give_arena(request->server, request->arena);
    request->arena = NULL;
    request->message = NULL;
    request->response = NULL;
    wr_buf_fini(&request->frame);
    wr_buf_fini(&request->payload);
}

void wr_request_free(wr_request *request)
{
    release(request);
    wr_buf_fini(&request->answer);
    charge(request, 0);
    free(request);
}

void wr_request_written(wr_request *request)
{
    step(request, WRITTEN);
    wr_request_free(request);
}

bool wr_request_answered(const wr_request *request)
{
    return request->state == ANSWERED && !request->unanswerable;
}

/* ---- starting */

/* Decodes header and body. On WEIR_OK message is NULL only for an ApiVersions of a version from the future: its sender
 * is told in version 0 which versions there are (KIP-511). */
static weir_err decode(wr_request *request, weir_slice frame, weir_failure *failure)
{
    weir_slice body;
    wr_request_header *header = &request->header;
    weir_err err = wr_request_header_decode(frame, header, &body);
    if (err == WEIR_E_UNSUPPORTED && header->api_key == WR_API_API_VERSIONS)
        header->api_version = 0;
    else if (err != WEIR_OK)
        return weir_fail(failure, err, "request header: %s (api key %d, version %d)", weir_err_name(err),
                         frame.size >= 2 ? wr_get_i16(frame.data) : -1,
                         frame.size >= 4 ? wr_get_i16(frame.data + 2) : -1);
    request->api = wr_api_find(header->api_key);
    assert(request->api); /* the caller found a handler, and handlers are checked against the APIs at the start */

    request->response = weir_arena_alloc(request->arena, request->api->response->size);
    void *message = weir_arena_alloc(request->arena, request->api->request->size);
    if (!request->response || !message)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    wr_message_init(request->api->response, request->response);
    if (err == WEIR_OK) {
        err = wr_message_decode(request->api->request, header->api_version, body, request->arena, message, failure);
        if (err != WEIR_OK)
            return err;
        request->message = message;
    }
    return WEIR_OK;
}

/* The frame, where the handler may look at it as long as the request lives. */
static weir_err settle_frame(wr_request *request, const wr_handler *handler, weir_slice *frame, wr_buf *owned)
{
    if (owned) {
        request->frame = *owned;
        wr_buf_init(owned, owned->limit_size);
    } else if (!handler->in_place) {
        *frame = weir_arena_dup(request->arena, *frame);
        if (!frame->data)
            return WEIR_E_MEMORY;
    }
    return WEIR_OK;
}

static const wr_handler *find_handler(const wr_server *server, weir_slice frame)
{
    if (frame.size < 2)
        return NULL;
    int16_t key = wr_get_i16(frame.data);
    return key >= 0 && key < WR_API_KEY_MAX ? server->handler_by_key[key] : NULL;
}

weir_err wr_request_start(wr_connection *connection, weir_slice frame, wr_buf *owned, weir_failure *failure)
{
    wr_server *server = connection->server;
    const wr_handler *handler = find_handler(server, frame);
    if (!handler)
        return weir_fail(failure, WEIR_E_UNSUPPORTED, "unknown api key %d",
                         frame.size >= 2 ? wr_get_i16(frame.data) : -1);
    if (!connection->principal && !handler->before_login)
        return weir_fail(failure, WEIR_E_DENIED, "api key %d before a login", handler->api_key);

    wr_request *request = calloc(1, sizeof *request);
    if (!request)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    request->server = server;
    request->context = server->context;
    request->listener = connection->listener;
    request->principal = connection->principal;
    request->handler = handler;
    request->state = RUNNING;
    request->pipelined = handler->pipelined;
    request->arena = take_arena(server);
    wr_buf_init(&request->answer, (size_t)server->config.answer_size_max + WR_ARENA_SIZE_MAX);
    wr_buf_init(&request->payload, (size_t)server->config.answer_size_max + WR_ARENA_SIZE_MAX);
    weir_err err = request->arena ? settle_frame(request, handler, &frame, owned) : WEIR_E_MEMORY;
    if (err != WEIR_OK)
        weir_fail(failure, err, "no memory for a request of %zu bytes", frame.size);
    else
        err = decode(request, frame, failure);
    if (err != WEIR_OK) {
        wr_request_free(request);
        return err;
    }

    request->connection = connection;
    wr_list_append(&connection->requests, &request->link);
    connection->request_count++;
    err = handler->run(request);
    if (err != WEIR_OK) {
        step(request, FAIL); /* a handler must not keep a request and fail it */
        wr_link_remove(&request->link);
        connection->request_count--;
        wr_request_free(request);
        return failure->err ? err : weir_fail(failure, err, "%s", weir_err_name(err));
    }
    if (request->state == RUNNING)
        wr_request_answer(request);
    return WEIR_OK;
}

/* ---- keeping and answering */

void wr_request_keep(wr_request *request, void (*on_cancel)(wr_request *request))
{
    step(request, KEEP);
    request->on_cancel = on_cancel;
    if (!request->pipelined)
        request->connection->serial_count++;
    charge(request, sizeof *request + request->frame.capacity + weir_arena_used(request->arena));
}

void wr_request_silence(wr_request *request)
{
    request->silent = true;
}

static void finish(wr_request *request)
{
    wr_connection *connection = request->connection;
    assert(connection); /* without one it was detached, and answered into the void */
    if (request->state == KEPT && !request->pipelined)
        connection->serial_count--;
    step(request, ANSWER);
    release(request);
    charge(request, sizeof *request + request->answer.capacity);
    wr_connection_ready(connection);
}

/* Its answer will never leave, so none behind it may: the client would take that for this one's. */
static void give_up(wr_request *request, const char *reason)
{
    request->unanswerable = true;
    wr_buf_fini(&request->answer);
    if (request->connection)
        wr_connection_hang_up(request->connection, reason);
}

void wr_request_answer(wr_request *request)
{
    wr_link_remove(&request->wait_link);
    if (request->state == DETACHED) { /* nobody listens any more */
        step(request, ANSWER);
        wr_link_remove(&request->link);
        wr_request_free(request);
        return;
    }
    if (!request->silent && !request->unanswerable) {
        weir_err err = wr_response_encode(request->api, request->header.api_version, request->header.correlation_id,
                                          request->response, &request->answer);
        if (err != WEIR_OK)
            give_up(request, "no memory for an answer");
    }
    finish(request);
}

void wr_request_hang_up(wr_request *request, const char *reason)
{
    give_up(request, reason);
    wr_request_answer(request);
}

void wr_request_drop(wr_request *request)
{
    bool kept = request->state == KEPT;
    step(request, kept && !request->on_cancel ? DETACH : CANCEL);
    if (request->state == DETACHED) {
        size_t charged_size = request->charged_size;
        charge(request, 0);
        request->connection = NULL;
        charge(request, charged_size);
        wr_list_append(&request->server->detached, &request->link);
        return;
    }
    if (kept)
        request->on_cancel(request);
    wr_link_remove(&request->wait_link);
    wr_request_free(request);
}

/* ---- who asks */

/* "127.0.0.1:4711", "[::1]:4711" */
static const char *host_of(wr_request *request, const char *address)
{
    const char *colon = strrchr(address, ':');
    weir_slice host = {(const uint8_t *)address, colon ? (size_t)(colon - address) : strlen(address)};
    if (host.size >= 2 && host.data[0] == '[' && host.data[host.size - 1] == ']') {
        host.data++;
        host.size -= 2;
    }
    const char *text = weir_arena_dup_text(request->arena, host);
    return text ? text : "";
}

const char *wr_request_client_host(wr_request *request)
{
    if (!request->client_host)
        request->client_host = request->connection ? host_of(request, wr_stream_peer(request->connection->stream)) : "";
    return request->client_host;
}

const char *wr_request_local_host(wr_request *request)
{
    return request->connection ? host_of(request, wr_stream_local(request->connection->stream)) : "";
}
