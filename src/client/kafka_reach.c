/* Whether the cluster is within reach, as the connections of one handle of librdkafka tell.
 *
 * librdkafka calls an interceptor with every state of every broker's connection. Of these a table is kept:
 *
 *     INIT ──► TRY_CONNECT ──► CONNECT … AUTH … ──► UP ──► DOWN        it was up; nothing is known yet
 *                                  └──────────────► DOWN               an attempt has failed
 *
 * Reached: a connection is up. Unreachable: none is up, and every broker that was tried has failed since; before the
 * first connection that ever was up all of bootstrap.servers must have failed. So a connection that is lost and made
 * again at once is no news, and a broker that dies is known to be gone when the first attempt to connect anew fails,
 * within reconnect.backoff.max.ms, or within a second for a handle that has nothing to ask of it.
 *
 * The cause is what librdkafka logs of the failure, made shorter:
 *
 *     [thrd:h:9092/bootstrap]: h:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state …)
 *                              h:9092:                                         Connection refused
 */
#include "kafka_int.h"

#include <base/array.h>

#include <stdio.h>
#include <stdlib.h>

enum { CONNECTION_MAX = 10000 };

#define COORDINATOR "GroupCoordinator: " /* before the host, when it is that connection */

/* ---- the table */

/* The connection's row, made if need be; NULL when there is no room, or when it is librdkafka's internal one, which
 * leads nowhere. That to the group's coordinator has a name and no port. */
static wr_kafka_connection *connection_get(wr_kafka_reach *reach, const char *host, int port)
{
    if (!host || !host[0])
        return NULL;
    for (size_t i = 0; i < reach->count; i++)
        if (reach->connections[i].port == port && strcmp(reach->connections[i].host, host) == 0)
            return &reach->connections[i];
    if (strlen(host) >= sizeof(reach->connections[0].host) ||
        WR_ARRAY_RESERVE(reach->connections, reach->capacity, reach->count + 1, CONNECTION_MAX) != WEIR_OK)
        return NULL;
    wr_kafka_connection *made = &reach->connections[reach->count++];
    *made = (wr_kafka_connection){.port = port};
    snprintf(made->host, sizeof(made->host), "%s", host);
    return made;
}

/* Reads the table anew. True when that makes a difference. */
static bool look(wr_kafka_reach *reach)
{
    size_t up = 0, failed = 0, tried = 0, first = 0; /* first: of bootstrap.servers */
    for (size_t i = 0; i < reach->count; i++) {
        const wr_kafka_connection *connection = &reach->connections[i];
        first += connection->port != 0;
        up += connection->is_up;
        failed += connection->has_failed;
        tried += connection->is_tried;
    }
    bool is_up = up > 0;
    reach->was_up = reach->was_up || is_up;
    bool is_down = !is_up && failed > 0 && failed == (reach->was_up ? tried : first);
    bool is_news = is_up != reach->is_up || is_down != reach->is_down;
    reach->is_up = is_up;
    reach->is_down = is_down;
    return is_news;
}

static void take_state(wr_kafka_connection *connection, const char *state)
{
    if (strcmp(state, "UP") == 0 || strcmp(state, "UPDATE") == 0) {
        connection->is_up = connection->is_tried = true;
        connection->is_connecting = connection->has_failed = false;
        return;
    }
    /* An attempt that is only due may be put off once more. */
    bool is_idle = strcmp(state, "DOWN") == 0 || strcmp(state, "INIT") == 0 || strcmp(state, "TRY_CONNECT") == 0;
    if (is_idle && connection->is_connecting)
        connection->has_failed = true;
    connection->is_up = false;
    connection->is_connecting = !is_idle;
    connection->is_tried = connection->is_tried || !is_idle;
}

/* A connection that is made and closed before anything was said is the one failure that librdkafka does not log. */
static void say_closed(wr_kafka_reach *reach)
{
    for (size_t i = 0; i < reach->count; i++)
        if (reach->connections[i].port != 0 && reach->connections[i].is_tried)
            snprintf(reach->reason, sizeof(reach->reason), "%.150s:%d: the connection was closed",
                     reach->connections[i].host, reach->connections[i].port);
}

static rd_kafka_resp_err_t on_state(rd_kafka_t *kafka, int32_t id, const char *protocol, const char *host, int port,
                                    const char *state, void *opaque)
{
    wr_kafka_reach *reach = &((wr_kafka_handle *)opaque)->reach;
    (void)kafka, (void)id, (void)protocol;
    pthread_mutex_lock(&reach->lock);
    wr_kafka_connection *connection = connection_get(reach, host, port);
    if (connection)
        take_state(connection, state);
    bool is_news = connection && look(reach);
    if (is_news && reach->is_up)
        reach->reason[0] = '\0';
    if (is_news && reach->is_down && !reach->reason[0])
        say_closed(reach);
    if (is_news && reach->changed)
        reach->changed(reach->user);
    pthread_mutex_unlock(&reach->lock);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *kafka, const rd_kafka_conf_t *conf, void *opaque, char *text, size_t size)
{
    (void)conf, (void)text, (void)size;
    ((wr_kafka_handle *)opaque)->is_begun = true;
    return rd_kafka_interceptor_add_on_broker_state_change(kafka, "weir", on_state, opaque);
}

/* ---- for the handle's owner */

void wr_kafka_handle_init(wr_kafka_handle *handle, wr_kafka_client *client)
{
    atomic_init(&handle->trace, client->trace);
    handle->left_behind = &client->left_behind;
    pthread_mutex_init(&handle->reach.lock, NULL);
}

void wr_kafka_handle_fini(wr_kafka_handle *handle)
{
    pthread_mutex_destroy(&handle->reach.lock);
    free(handle->reach.connections);
}

bool wr_kafka_reach_watch(wr_kafka_handle *handle, rd_kafka_conf_t *conf)
{
    return rd_kafka_conf_interceptor_add_on_new(conf, "weir", on_new, handle) == RD_KAFKA_RESP_ERR_NO_ERROR;
}

void wr_kafka_reach_tell(wr_kafka_handle *handle, void (*changed)(void *user), void *user)
{
    pthread_mutex_lock(&handle->reach.lock);
    handle->reach.changed = changed;
    handle->reach.user = user;
    pthread_mutex_unlock(&handle->reach.lock);
}

void wr_kafka_reach_failed(wr_kafka_handle *handle, const char *text)
{
    char reason[sizeof(handle->reach.reason)];
    const char *at = strncmp(text, "[thrd:", 6) == 0 ? strstr(text, "]: ") : NULL;
    at = at ? at + 3 : text;
    at += strncmp(at, COORDINATOR, strlen(COORDINATOR)) == 0 ? strlen(COORDINATOR) : 0;
    const char *cause = strstr(at, ": "), *scheme = strstr(at, "://");
    at = scheme && cause && scheme < cause ? scheme + 3 : at; /* "ssl://host:port/id" */
    int host_size = cause ? (int)(cause - at) : 0;
    for (int i = 0; i < host_size; i++) /* "host:port/id" */
        host_size = at[i] == '/' ? i : host_size;
    cause = cause ? cause + 2 : at;
    const char *refusal = strncmp(cause, "Connect to ", 11) == 0 ? strstr(cause, " failed: ") : NULL;
    cause = refusal ? refusal + 9 : cause;
    const char *end = strstr(cause, " (after ");
    int cause_size = end ? (int)(end - cause) : (int)strlen(cause);
    snprintf(reason, sizeof(reason), "%.*s%s%.*s", host_size, at, host_size ? ": " : "", cause_size, cause);
    pthread_mutex_lock(&handle->reach.lock);
    memcpy(handle->reach.reason, reason, sizeof(reason));
    pthread_mutex_unlock(&handle->reach.lock);
}

void wr_kafka_reach_read(wr_kafka_handle *handle, wr_reach *ret_reach)
{
    wr_kafka_reach *reach = &handle->reach;
    pthread_mutex_lock(&reach->lock);
    *ret_reach = (wr_reach){.is_reached = reach->is_up, .is_unreachable = reach->is_down};
    memcpy(ret_reach->reason, reach->reason, sizeof(ret_reach->reason));
    pthread_mutex_unlock(&reach->lock);
}
