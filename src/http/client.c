/* The blocking client: one connection, one request at a time, its own little event loop that runs during a call. */
#include "http_int.h"

#include <stdlib.h>

struct wr_http_client {
    wr_http_target target;
    int timeout_ms;
    struct event_base *base;
    struct evhttp_connection *connection;
    struct event *deadline;
    struct evhttp_request *request; /* the one under way */
    wr_http_outcome outcome;
    wr_http_reply reply;
    weir_arena *arena; /* the last reply */
};

enum { ARENA_SIZE_MAX = REPLY_BODY_SIZE_MAX + 64 * 1024 };

static void on_deadline(evutil_socket_t unused, short events, void *user)
{
    (void)unused, (void)events;
    wr_http_client *client = user;
    client->outcome = (wr_http_outcome){WEIR_E_TIMEOUT, true};
    evhttp_cancel_request(client->request);
}

static void on_failed(enum evhttp_request_error error, void *user)
{
    wr_http_client *client = user;
    if (client->outcome.err == WEIR_OK)
        client->outcome.err = wr_http_request_error(error);
}

static void on_over(struct evhttp_request *request, void *user)
{
    wr_http_client *client = user;
    wr_http_reply reply;
    weir_err err = wr_http_request_end(request, client->outcome.err, &reply);
    if (err == WEIR_OK) {
        client->reply = reply;
        if (reply.content_type)
            client->reply.content_type = weir_arena_dup_text(client->arena, weir_slice_of(reply.content_type));
        client->reply.body = weir_arena_dup(client->arena, reply.body);
        if (!client->reply.body.data)
            err = WEIR_E_MEMORY;
    }
    client->outcome = (wr_http_outcome){err, true};
}

weir_err wr_http_client_new(const char *base_url, int timeout_ms, wr_http_client **ret_client, weir_failure *failure)
{
    wr_http_client *client = calloc(1, sizeof *client);
    if (!client)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for an HTTP client");
    client->timeout_ms = timeout_ms > 0 ? timeout_ms : 30000;
    weir_err err = wr_http_target_parse(base_url, &client->target, failure);
    if (err != WEIR_OK)
        goto fail;
    err = weir_fail(failure, WEIR_E_MEMORY, "no memory for an HTTP client");
    client->arena = weir_arena_new(ARENA_SIZE_MAX);
    client->base = event_base_new();
    if (!client->arena || !client->base)
        goto fail;
    client->connection = wr_http_connection_new(client->base, &client->target, client->timeout_ms);
    client->deadline = evtimer_new(client->base, on_deadline, client);
    if (!client->connection || !client->deadline)
        goto fail;
    *ret_client = client;
    return WEIR_OK;
fail:
    wr_http_client_free(client);
    return err;
}

void wr_http_client_free(wr_http_client *client)
{
    if (!client)
        return;
    if (client->deadline)
        event_free(client->deadline);
    if (client->connection)
        evhttp_connection_free(client->connection);
    if (client->base)
        event_base_free(client->base);
    weir_arena_free(client->arena);
    free(client);
}

weir_err wr_http_call(wr_http_client *client, const char *method, const char *path, const char *const *headers,
                      weir_slice body, wr_http_reply *ret_reply, weir_failure *failure)
{
    weir_arena_reset(client->arena);
    /* See first whether the server has closed the idle connection meanwhile: then this request gets a new one. */
    event_base_loop(client->base, EVLOOP_NONBLOCK);
    client->outcome = (wr_http_outcome){WEIR_OK, false};
    client->request = wr_http_request_new(&client->target, headers, body, on_over, on_failed, client);
    if (!client->request)
        return weir_fail(failure, WEIR_E_USAGE, "%s %s: a header without a name, or no memory", method, path);

    struct timeval timeout = {client->timeout_ms / 1000, client->timeout_ms % 1000 * 1000};
    evtimer_add(client->deadline, &timeout);
    weir_err err = wr_http_request_send(&client->target, client->connection, client->request, method, path);
    while (err == WEIR_OK && !client->outcome.is_over)
        if (event_base_loop(client->base, EVLOOP_ONCE) != 0)
            err = WEIR_E_IO;
    evtimer_del(client->deadline);
    client->request = NULL;
    if (err == WEIR_OK)
        err = client->outcome.err;
    if (err != WEIR_OK)
        return weir_fail(failure, err, "%s http://%s%s%s: %s", method, client->target.authority, client->target.prefix,
                         path, weir_err_name(err));
    *ret_reply = client->reply;
    return WEIR_OK;
}
