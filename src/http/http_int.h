/* Between the files of the client: the only ones that know libevent. */
#ifndef WR_HTTP_INT_H
#define WR_HTTP_INT_H

#include <http/http.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>

enum { HEADERS_SIZE_MAX = 16 * 1024, REPLY_BODY_SIZE_MAX = 64 * 1024 * 1024 };

/* ---- target.c: names, numbers and escapes of HTTP, apart from any connection */
typedef struct wr_http_target {
    char host[256];
    int port;
    char prefix[256];    /* of paths, without a slash at its end */
    char authority[280]; /* for the Host header */
} wr_http_target;
WEIR_MUST_CHECK weir_err wr_http_target_parse(const char *base_url, wr_http_target *ret_target, weir_failure *failure);

bool wr_http_method_find(const char *name, enum evhttp_cmd_type *ret_method);
bool wr_http_token_valid(const char *text); /* RFC 9110 token; text.c */

/* ---- request.c: one request to a target, and how it ended; shared by client and pool */
typedef struct wr_http_outcome {
    weir_err err; /* what the error callback said, else WEIR_OK */
    bool is_over;
} wr_http_outcome;
/* `over` is called once with request NULL or half-made when it failed; see wr_http_request_end. */
struct evhttp_request *wr_http_request_new(const wr_http_target *target, const char *const *headers, weir_slice body,
                                           void (*over)(struct evhttp_request *, void *),
                                           void (*failed)(enum evhttp_request_error, void *), void *user);
WEIR_MUST_CHECK weir_err wr_http_request_send(const wr_http_target *target, struct evhttp_connection *connection,
                                              struct evhttp_request *request, const char *method, const char *path);
weir_err wr_http_request_error(enum evhttp_request_error error);
/* Read the outcome in `over`: fills ret_reply (borrowed from the request) when it is an answer. */
weir_err wr_http_request_end(struct evhttp_request *request, weir_err failed_with, wr_http_reply *ret_reply);
struct evhttp_connection *wr_http_connection_new(struct event_base *base, const wr_http_target *target, int timeout_ms);

#endif
