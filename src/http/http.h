/* HTTP/1.1 server and client. The only room that includes the HTTP libraries.
 *
 * Server: requests arrive on the server's own threads; `handle` either answers at once or keeps the exchange and
 * answers later from any thread. Client: one blocking exchange at a time per wr_http_client (keep-alive), plus a pool
 * for loads. */
#ifndef WR_HTTP_H
#define WR_HTTP_H

#include <base/trace.h>
#include <weir/bytes.h>

typedef struct wr_http_server wr_http_server;
typedef struct wr_exchange wr_exchange; /* one request and its answer */

typedef struct wr_http_options {
    const char *host;     /* NULL: 127.0.0.1 */
    int port;             /* 0: a free one */
    int thread_count;     /* 0: 1 */
    size_t body_size_max; /* 0: 1 MiB; a larger one is answered 413 */
    int connection_max;   /* 0: 1024; one more is closed at once */
    int idle_timeout_ms;  /* 0: 30,000; also for a request that does not arrive, and an answer that is not read */
    void (*handle)(void *user, wr_exchange *exchange);
    void *user;
} wr_http_options;

WEIR_MUST_CHECK weir_err wr_http_server_start(const wr_http_options *options, wr_http_server **ret_server,
                                              weir_failure *failure);
int wr_http_server_port(const wr_http_server *server);
/* New requests are refused, kept exchanges are answered 503; frees. Whoever keeps an exchange must still answer it
 * once, before or after (after, that only releases it). Accepts NULL. */
void wr_http_server_stop(wr_http_server *server);

/* Valid until answered. */
const char *wr_exchange_method(const wr_exchange *exchange);
const char *wr_exchange_path(const wr_exchange *exchange);                    /* percent-decoded, without query */
const char *wr_exchange_target(const wr_exchange *exchange);                  /* as sent: path and query, encoded */
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
    const char *allow; /* methods, with 405 */
} wr_answer;
void wr_exchange_answer(wr_exchange *exchange,
                        const wr_answer *answer); /* exactly once, any thread; consumes exchange */

/* ---- client */
typedef struct wr_http_client wr_http_client; /* base URL and one kept-alive connection; one thread */
typedef struct wr_http_reply {
    int status;
    const char *content_type;
    weir_slice body;
} wr_http_reply; /* until the next call */

/* base_url "http://host:port" or "http://host:port/prefix". */
WEIR_MUST_CHECK weir_err wr_http_client_new(const char *base_url, int timeout_ms, wr_http_client **ret_client,
                                            weir_failure *failure);
void wr_http_client_free(wr_http_client *client);
/* headers: "name: value" lines, NULL at the end, or NULL. WEIR_E_UNREACHABLE (nothing was sent or the peer is not
 * there), WEIR_E_CLOSED (the outcome is unknown), WEIR_E_TIMEOUT. Any HTTP status is WEIR_OK. */
WEIR_MUST_CHECK weir_err wr_http_call(wr_http_client *client, const char *method, const char *path,
                                      const char *const *headers, weir_slice body, wr_http_reply *ret_reply,
                                      weir_failure *failure);

/* ---- a pool for loads: many requests in flight to one base URL, on connections that are kept alive */
typedef struct wr_http_pool wr_http_pool;

typedef struct wr_http_pool_options {
    const char *base_url;
    int connection_count; /* most requests in flight; 0: 16 */
    int timeout_ms;       /* 0: 30,000 */
    /* Called on the pool's own thread, once for each request sent, in any order. err as of wr_http_call; reply is NULL
     * unless err is WEIR_OK, and is valid until the callback returns. It may call wr_http_pool_send. */
    void (*done)(void *user, void *cookie, weir_err err, const wr_http_reply *reply);
    void *user;
} wr_http_pool_options;

WEIR_MUST_CHECK weir_err wr_http_pool_new(const wr_http_pool_options *options, wr_http_pool **ret_pool,
                                          weir_failure *failure);
/* Any thread. Copies its arguments. Waits while connection_count requests are in flight (within `done` it does not wait
 * and queues instead). */
WEIR_MUST_CHECK weir_err wr_http_pool_send(wr_http_pool *pool, const char *method, const char *path,
                                           const char *const *headers, weir_slice body, void *cookie);
void wr_http_pool_wait(wr_http_pool *pool); /* until nothing is in flight */
void wr_http_pool_free(wr_http_pool *pool); /* what is in flight ends with WEIR_E_CLOSED; accepts NULL */

#endif
