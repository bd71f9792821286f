/* HTTP/1.1 server and client. The only room that includes the HTTP libraries.
 *
 * Server: requests arrive on the server's own threads; `handle` either answers at once or keeps the exchange and answers
 * later from any thread. Client: one blocking exchange at a time per wr_http_client (keep-alive), plus a pool for loads. */
#ifndef WR_HTTP_H
#define WR_HTTP_H

#include <base/trace.h>
#include <weir/bytes.h>

typedef struct wr_http_server wr_http_server;
typedef struct wr_exchange wr_exchange; /* one request and its answer */

typedef struct wr_http_options {
    const char *host;        /* NULL: 127.0.0.1 */
    int port;                /* 0: a free one */
    int thread_count;        /* 0: 1 */
    size_t body_size_max;    /* 0: 1 MiB; a larger one is answered 413 */
    int connection_max;      /* 0: 1024 */
    int idle_timeout_ms;     /* 0: 30,000 */
    void (*handle)(void *user, wr_exchange *exchange);
    void *user;
} wr_http_options;

WEIR_MUST_CHECK weir_err wr_http_server_start(const wr_http_options *options, wr_http_server **ret_server, weir_failure *failure);
int wr_http_server_port(const wr_http_server *server);
void wr_http_server_stop(wr_http_server *server); /* new requests are refused, kept exchanges are answered 503; frees */

/* Valid until answered. */
const char *wr_exchange_method(const wr_exchange *exchange);
const char *wr_exchange_path(const wr_exchange *exchange); /* percent-decoded, without query */
const char *wr_exchange_query(const wr_exchange *exchange, const char *name); /* decoded; NULL absent */
const char *wr_exchange_header(const wr_exchange *exchange, const char *name);
weir_slice wr_exchange_body(const wr_exchange *exchange);
weir_arena *wr_exchange_arena(wr_exchange *exchange); /* freed with the exchange */

typedef struct wr_answer {
    int status;
    const char *content_type; /* NULL: application/json */
    weir_slice body;          /* copied */
    const char *location;
    const char *retry_after;
} wr_answer;
void wr_exchange_answer(wr_exchange *exchange, const wr_answer *answer); /* exactly once, any thread; consumes exchange */

/* ---- client */
typedef struct wr_http_client wr_http_client; /* base URL and one kept-alive connection; one thread */
typedef struct wr_http_reply {
    int status;
    const char *content_type;
    weir_slice body;
} wr_http_reply; /* until the next call */

WEIR_MUST_CHECK weir_err wr_http_client_new(const char *base_url, int timeout_ms, wr_http_client **ret_client, weir_failure *failure);
void wr_http_client_free(wr_http_client *client);
/* headers: "name: value" lines, NULL at the end, or NULL. WEIR_E_UNREACHABLE (nothing was sent or the peer is not there),
 * WEIR_E_CLOSED (the outcome is unknown), WEIR_E_TIMEOUT. Any HTTP status is WEIR_OK. */
WEIR_MUST_CHECK weir_err wr_http_call(wr_http_client *client, const char *method, const char *path, const char *const *headers,
                                      weir_slice body, wr_http_reply *ret_reply, weir_failure *failure);

#endif
