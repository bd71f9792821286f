/* One request of ours to somebody's server: how it is written, and what its end means. */
#include "http_int.h"

#include <stdio.h>
#include <stdlib.h>

struct evhttp_connection *wr_http_connection_new(struct event_base *base, const wr_http_target *target, int timeout_ms)
{
    struct evhttp_connection *connection =
        evhttp_connection_base_new(base, NULL, target->host, (unsigned short)target->port);
    if (!connection)
        return NULL;
    struct timeval timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000};
    evhttp_connection_set_timeout_tv(connection, &timeout);
    evhttp_connection_set_max_headers_size(connection, HEADERS_SIZE_MAX);
    evhttp_connection_set_max_body_size(connection, REPLY_BODY_SIZE_MAX);
    return connection;
}

static bool add_header_line(struct evkeyvalq *to, const char *line)
{
    char name[128];
    const char *colon = strchr(line, ':');
    if (!colon || (size_t)(colon - line) >= sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(colon - line), line);
    for (colon++; *colon == ' '; colon++)
        ;
    return wr_http_token_valid(name) && evhttp_add_header(to, name, colon) == 0;
}

struct evhttp_request *wr_http_request_new(const wr_http_target *target, const char *const *headers, weir_slice body,
                                           void (*over)(struct evhttp_request *, void *),
                                           void (*failed)(enum evhttp_request_error, void *), void *user)
{
    struct evhttp_request *request = evhttp_request_new(over, user);
    if (!request)
        return NULL;
    evhttp_request_set_error_cb(request, failed);
    struct evkeyvalq *out = evhttp_request_get_output_headers(request);
    bool good = evhttp_add_header(out, "Host", target->authority) == 0;
    for (; good && headers && *headers; headers++)
        good = add_header_line(out, *headers);
    if (good && body.size)
        good = evbuffer_add(evhttp_request_get_output_buffer(request), body.data, body.size) == 0;
    if (!good) {
        evhttp_request_free(request);
        return NULL;
    }
    return request;
}

weir_err wr_http_request_send(const wr_http_target *target, struct evhttp_connection *connection,
                              struct evhttp_request *request, const char *method, const char *path)
{
    enum evhttp_cmd_type type;
    char *whole = NULL;
    if (!wr_http_method_find(method, &type) || *path != '/' || strpbrk(path, " \r\n")) {
        evhttp_request_free(request);
        return WEIR_E_USAGE;
    }
    if (*target->prefix && asprintf(&whole, "%s%s", target->prefix, path) < 0) {
        evhttp_request_free(request);
        return WEIR_E_MEMORY;
    }
    int failed = evhttp_make_request(connection, request, type, whole ? whole : path); /* owns request, always */
    free(whole);
    return failed ? WEIR_E_UNREACHABLE : WEIR_OK;
}

weir_err wr_http_request_error(enum evhttp_request_error error)
{
    switch (error) {
    case EVREQ_HTTP_TIMEOUT:
        return WEIR_E_TIMEOUT;
    case EVREQ_HTTP_INVALID_HEADER:
        return WEIR_E_FORMAT;
    case EVREQ_HTTP_DATA_TOO_LONG:
        return WEIR_E_LIMIT;
    case EVREQ_HTTP_EOF:
    case EVREQ_HTTP_BUFFER_ERROR:
    case EVREQ_HTTP_REQUEST_CANCEL:
        break;
    }
    return WEIR_E_CLOSED;
}

weir_err wr_http_request_end(struct evhttp_request *request, weir_err failed_with, wr_http_reply *ret_reply)
{
    if (failed_with != WEIR_OK)
        return failed_with;
    if (!request)
        return WEIR_E_CLOSED;
    int status = evhttp_request_get_response_code(request);
    if (status == 0)
        return WEIR_E_UNREACHABLE; /* the connection was never made */
    struct evbuffer *body = evhttp_request_get_input_buffer(request);
    size_t size = evbuffer_get_length(body);
    const uint8_t *bytes = size ? evbuffer_pullup(body, -1) : (const uint8_t *)"";
    if (!bytes)
        return WEIR_E_MEMORY;
    *ret_reply = (wr_http_reply){
        .status = status,
        .content_type = evhttp_find_header(evhttp_request_get_input_headers(request), "Content-Type"),
        .body = {bytes, size},
    };
    return WEIR_OK;
}
