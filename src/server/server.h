/* The server: listeners, connections, requests. It knows a table of handlers and what they are given as context, and
 * nothing of what they do.
 *
 *     wr_server_new ── wr_server_listen (each address) ──▶ serving ── wr_server_drain ──▶ draining ── wr_server_drained
 *
 * A connection's requests run from the loop's callbacks. What becomes ready meanwhile (answers, frames that waited) is
 * written and started by wr_server_settle, which its owner calls at the end of every round of the loop: so a handler
 * may answer at any point without any connection closing under its hands. */
#ifndef WR_SERVER_H
#define WR_SERVER_H

#include <base/trace.h>
#include <io/loop.h>

typedef struct wr_server wr_server;
typedef struct wr_request wr_request; /* request.h */

enum { WR_LISTENER_COUNT_MAX = 8 };

/* Who a connection acts for. */
typedef struct wr_principal {
    const char *type; /* "User" */
    const char *name;
} wr_principal;

extern const wr_principal wr_principal_anonymous; /* whoever comes by a listener that asks for no login */

/* A right that a request needs: Kafka's AclOperation on a Kafka ResourceType. The server only carries it. */
typedef struct wr_right {
    int8_t operation;
    int8_t resource; /* 0: no right */
} wr_right;

enum { WR_HANDLER_RIGHT_MAX = 2 };

/* What runs for an API. */
typedef struct wr_handler {
    int16_t api_key;
    bool before_login;                     /* also from a connection that has no principal yet */
    wr_right rights[WR_HANDLER_RIGHT_MAX]; /* that the handler asks for before it acts, one a kind of resource */
    /* The next request of the connection starts while this one still waits for its answer (Produce: so that one sync
     * covers many). Without it a connection's requests run one after another, as in Kafka. */
    bool pipelined;
    /* The handler does not look at texts and bytes of the message after it has returned, so the frame need not be
     * copied. It may write into the frame. */
    bool in_place;
    weir_err (*run)(wr_request *request);
} wr_handler;

typedef struct wr_server_config {
    int64_t request_size_max; /* of one frame, in bytes */
    int64_t answer_size_max;  /* of a large answer's payload, in bytes */
    int32_t connection_count_max;
    int64_t connection_idle_ms;    /* an idle connection is closed */
    int64_t frame_deadline_ms;     /* a frame that began must have arrived by then */
    int64_t memory_max;            /* frames and answers of all connections, in bytes: past it nothing is read */
    int64_t connection_memory_max; /* of one connection: past it, it is not read until answers have left */
} wr_server_config;

/* Nobody listens yet. `handlers` ends with run NULL, one row an API key; requests carry `context`. Everything handed in
 * must outlive the server; config is copied. */
WEIR_MUST_CHECK weir_err wr_server_new(wr_loop *loop, const wr_trace *trace, const wr_server_config *config,
                                       const wr_handler *handlers, void *context, wr_server **ret_server);
/* One more address, numbered from 0 in the order of the calls. `principal` is who everybody is that comes by it; NULL:
 * nobody yet, and until a login only handlers marked before_login run. Errors as wr_listen. */
WEIR_MUST_CHECK weir_err wr_server_listen(wr_server *server, const char *host, int port, const wr_principal *principal,
                                          weir_failure *failure);
/* Every connection is closed, as in a crash: kept requests are cancelled, those that cannot be are freed without their
 * answer, so whatever would answer them must be gone or be told nothing more. Accepts NULL. */
void wr_server_free(wr_server *server);

/* Write what is answered, start what waited behind it. Once is not always enough: see wr_server_unsettled. */
void wr_server_settle(wr_server *server);
bool wr_server_unsettled(const wr_server *server); /* something can be written or started at once */

/* Accept nothing more, read nothing more, and close every connection when its answers have left. */
void wr_server_drain(wr_server *server);
/* Close all connections at the next settling, whatever they wait for. */
void wr_server_close_all(wr_server *server, const char *reason);
bool wr_server_drained(const wr_server *server); /* no connection and no request is left */

int wr_server_port(const wr_server *server, int listener); /* listened on */
const wr_handler *wr_server_handlers(const wr_server *server);
int32_t wr_server_connection_count(const wr_server *server);
int64_t wr_server_memory_size(const wr_server *server); /* held by requests and answers, in bytes */
/* What requests and answers may still take of memory_max; a large answer should stay below. */
int64_t wr_server_memory_left(const wr_server *server);

#endif
