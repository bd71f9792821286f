/* HTTP/1.1 server and client. The client is libevent's and only this room includes it; the server is ours (server.c).
 *
 * Server: one thread does all input and output and calls `handle`, which must not wait: it answers at once, hands the
 * exchange to one of the server's workers, or keeps it and answers later from any thread. Client: one blocking exchange
 * at a time per wr_http_client (keep-alive), plus a pool for loads. */
#ifndef WR_HTTP_H
#define WR_HTTP_H

#include <base/trace.h>
#include <io/loop.h>
#include <weir/bytes.h>
#include <weir/event.h>

typedef struct wr_http_server wr_http_server;
typedef struct wr_exchange wr_exchange; /* one request and its answer */

/* What a server may run into. Each has a setting in wr_http_options, is counted, and is logged at most every 10 s. */
typedef enum wr_http_limit {
    WR_HTTP_CONNECTIONS,
    WR_HTTP_REQUESTS,
    WR_HTTP_MEMORY,
    WR_HTTP_HEAD_SIZE,
    WR_HTTP_HEAD_TIMEOUT,
    WR_HTTP_BODY_SIZE,
    WR_HTTP_BODY_TIMEOUT,
    WR_HTTP_ANSWER_TIMEOUT,
    WR_HTTP_LIMIT_COUNT
} wr_http_limit;

typedef struct wr_http_options {
    const char *host; /* NULL: 127.0.0.1 */
    int port;         /* 0: a free one */
    int thread_count; /* workers for wr_exchange_run; 0: it runs at once, where it is called */

    /* Connections at a time. One more closes the one that matters least: one that is about to close, else the one that
     * has been idle longest, else the one that has been sending a request longest. When all have a request that is
     * worked on, a few more are let in, on which only urgent paths are answered. 0: 10,000 */
    int connection_max;
    int request_max;      /* exchanges that are not answered yet; one more is answered 503. 0: 1,000 */
    size_t memory_max;    /* bytes of requests that are held, of all connections; past it 503. 0: 256 MiB */
    size_t head_size_max; /* bytes of a request line with its headers; past it 431 or 414. 0: 16 KiB */
    size_t body_size_max; /* bytes; past it 413. 0: 1 MiB */
    /* Deadlines count from the first byte of what they are for, however steadily more bytes come. */
    int head_timeout_ms;   /* for request line and headers; then 408. 0: 10,000 */
    int body_timeout_ms;   /* for the body; then 408. 0: 30,000 */
    int answer_timeout_ms; /* for the client to take an answer; then the connection is closed. 0: 30,000 */
    int idle_timeout_ms;   /* without a request; then the connection is closed. 0: 60,000 */

    const char *const
        *urgent_paths; /* answered also beyond connection_max, request_max and memory_max; NULL at the end */
    void (*handle)(void *user, wr_exchange *exchange);
    void *user;
    const wr_trace *trace; /* where limits that were hit are said; NULL: nowhere */
    wr_io *io;             /* NULL: the real one */
    /* NULL: a loop and a thread of its own. Else the server lives on this loop: whoever starts it runs the loop, and
     * starts and stops the server on the loop's thread. */
    wr_loop *loop;
} wr_http_options;

/* Borrows host, urgent_paths and trace for life. WEIR_E_EXISTS: the port is taken. */
WEIR_MUST_CHECK weir_err wr_http_server_start(const wr_http_options *options, wr_http_server **ret_server,
                                              weir_failure *failure);
int wr_http_server_port(const wr_http_server *server);
/* New requests are refused, kept exchanges are answered 503; frees. Whoever keeps an exchange must still answer it
 * once, before or after (after, that only releases it). Work that a worker has begun is waited for. Accepts NULL. */
void wr_http_server_stop(wr_http_server *server);

typedef struct wr_http_numbers {
    uint64_t connections, requests, memory_size; /* now */
    uint64_t connection_max, request_max, memory_max;
    uint64_t accepted;                    /* connections, ever */
    uint64_t answered[6];                 /* by the hundreds of their status, ever */
    uint64_t limits[WR_HTTP_LIMIT_COUNT]; /* how often each was reached */
} wr_http_numbers;
void wr_http_server_numbers(const wr_http_server *server, wr_http_numbers *ret_numbers); /* any thread */
const char *wr_http_limit_name(wr_http_limit limit); /* the key of its setting in a service: "http.body.max" */

/* Valid until answered. */
const wr_http_server *wr_exchange_server(const wr_exchange *exchange); /* must not be stopped yet */
const char *wr_exchange_method(const wr_exchange *exchange); /* GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS, TRACE */
const char *wr_exchange_path(const wr_exchange *exchange);   /* percent-decoded, without query; "*" with OPTIONS */
/* The next segment of the path, decoded by itself, so that an encoded slash is part of it; NULL: there is none. *at is 0
 * for the first. */
const char *wr_exchange_segment(const wr_exchange *exchange, size_t *at);
const char *wr_exchange_target(const wr_exchange *exchange);                   /* path and query as sent, encoded */
const char *wr_exchange_query(const wr_exchange *exchange, const char *name);  /* decoded; NULL absent */
const char *wr_exchange_header(const wr_exchange *exchange, const char *name); /* the first of that name; NULL absent */
const weir_attribute *wr_exchange_headers(const wr_exchange *exchange, size_t *ret_count); /* all, as they came */
weir_slice wr_exchange_body(const wr_exchange *exchange);
weir_arena *wr_exchange_arena(wr_exchange *exchange); /* freed with the exchange */
/* Let a worker call run(user), which then has to answer. Called when stopping, before a worker came to it, the exchange
 * is answered 503 and run is not called. */
void wr_exchange_run(wr_exchange *exchange, void (*run)(void *user), void *user);

typedef struct wr_answer {
    int status;
    const char *content_type; /* NULL: application/json */
    weir_slice body;          /* copied */
    const char *location;
    const char *retry_after;
    const char *allow;             /* methods, with 405 */
    const weir_attribute *headers; /* others, copied */
    size_t header_count;
} wr_answer;
/* Why an answer cannot be sent as it is: a status that is none, a body above 64 MiB, headers above 32 KiB, a header that
 * is no token, has a control character in its value, or is one that the server writes itself. NULL: it can. */
const char *wr_answer_fault(const wr_answer *answer);
/* Exactly once, any thread; consumes exchange. An answer with a fault is sent as a 500. */
void wr_exchange_answer(wr_exchange *exchange, const wr_answer *answer);

/* ---- client */
typedef struct wr_http_client wr_http_client; /* base URL and one kept-alive connection; one thread */
typedef struct wr_http_reply {
    int status;
    const char *content_type;
    weir_slice body;
} wr_http_reply; /* until the next call */

/* WEIR_E_USAGE: clients and pools would not take it. */
WEIR_MUST_CHECK weir_err wr_http_base_url_check(const char *base_url, weir_failure *failure);
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
    int timeout_ms;       /* for a whole exchange, once it has a connection; 0: 30,000 */
    /* Called on the pool's own thread, once for each request sent, in any order. err as of wr_http_call; reply is NULL
     * unless err is WEIR_OK, and is valid until the callback returns. The request no longer counts in
     * connection_count. It may call wr_http_pool_send. */
    void (*done)(void *user, void *cookie, weir_err err, const wr_http_reply *reply);
    void *user;
} wr_http_pool_options;

WEIR_MUST_CHECK weir_err wr_http_pool_new(const wr_http_pool_options *options, wr_http_pool **ret_pool,
                                          weir_failure *failure);
/* Any thread. Copies its arguments. Waits while connection_count requests are in flight (within `done` it does not wait
 * and queues instead). */
WEIR_MUST_CHECK weir_err wr_http_pool_send(wr_http_pool *pool, const char *method, const char *path,
                                           const char *const *headers, weir_slice body, void *cookie);
/* The same without waiting: WEIR_E_LIMIT when connection_count requests are in flight. */
WEIR_MUST_CHECK weir_err wr_http_pool_try(wr_http_pool *pool, const char *method, const char *path,
                                          const char *const *headers, weir_slice body, void *cookie);
void wr_http_pool_wait(wr_http_pool *pool); /* until nothing is in flight */
void wr_http_pool_free(wr_http_pool *pool); /* what is in flight ends with WEIR_E_CLOSED; accepts NULL */

#endif
