/* Inside the server: connections, requests and the budgets they share. */
#ifndef WR_SERVER_INT_H
#define WR_SERVER_INT_H

#include <base/list.h>
#include <server/request.h>
#include <server/server.h>

#include "connection_state.h"

enum {
    WR_SCRATCH_SIZE = 64 * 1024, /* what one read takes; shared by all connections */
    WR_API_KEY_MAX = 128,
    WR_SPARE_ARENA_MAX = 8,
    WR_REQUEST_COUNT_MAX = 1000, /* unanswered, of one connection */
    WR_FRAME_PREFIX = 4,
    WR_HELD_SIZE_MAX = 64 * 1024, /* read while held back: enough to notice that the client went away */
};

/* One address that is listened on. */
typedef struct server_listener {
    wr_server *server;
    wr_listener *listener; /* NULL: closed */
    int index;
    int port; /* listened on */
    const wr_principal *principal;
} server_listener;

/* ---- complaints.c: lines of the log that clients cause, so many in a while */
typedef enum wr_complaint { WR_COMPLAINT_CLOSED, WR_COMPLAINT_REFUSED, WR_COMPLAINT_COUNT } wr_complaint;

typedef struct wr_complaints { /* of one kind */
    wr_server *server;
    const char *message;
    wr_trace_limit limit;
    wr_timer timer; /* to tell what was left out */
} wr_complaints;

void wr_complaints_init(wr_complaints *complaints, wr_server *server); /* WR_COMPLAINT_COUNT of them */
void wr_complaints_fini(wr_complaints *complaints);
void wr_complain(wr_server *server, wr_complaint kind, const wr_stream *from, const char *reason);

struct wr_server {
    wr_loop *loop;
    const wr_trace *trace;
    wr_server_config config;
    const wr_handler *handlers;
    const wr_handler *handler_by_key[WR_API_KEY_MAX];
    void *context;
    server_listener listeners[WR_LISTENER_COUNT_MAX];
    int listener_count;

    wr_list connections;
    int32_t connection_count;
    wr_list ready;    /* connections with answers to write or frames to start */
    wr_list starved;  /* connections that are not read because memory is short */
    wr_list detached; /* kept requests that outlive their connection */
    int64_t memory_size;
    weir_arena *spare_arenas[WR_SPARE_ARENA_MAX];
    size_t spare_arena_count;
    uint8_t *scratch;
    wr_complaints complaints[WR_COMPLAINT_COUNT];
};

struct wr_connection {
    wr_server *server;
    wr_stream *stream;
    int listener;
    const wr_principal *principal; /* NULL: not logged in */
    wr_link link;
    wr_link ready_link;
    wr_link starved_link;
    wr_list requests; /* in the order of arrival */
    int32_t request_count;
    int32_t serial_count; /* kept requests that hold back what comes after them */
    int64_t request_memory_size;
    wr_buf in;         /* arrived, not yet a request; empty without memory when idle */
    size_t in_counted; /* its share of the server's memory */
    unsigned want;
    wr_connection_state state;
    const char *reason; /* why it closes; NULL: nothing went wrong */
    weir_failure failure;
    wr_timer timer;
    int64_t active_us;         /* something moved */
    int64_t taken_us;          /* some of the answers was taken, or the first of them became ready */
    int64_t frame_deadline_us; /* 0: no frame has begun */
};

_Static_assert(sizeof(struct wr_connection) < 1024, "idle connections come in thousands");

/* ---- connection.c */
void wr_connection_accept(wr_server *server, int listener, wr_stream *stream);
void wr_connection_close(wr_connection *connection);
/* Write what is answered, start what waited; may close. */
void wr_connection_settle(wr_connection *connection);
void wr_connection_ready(wr_connection *connection);
/* The server stops: it is closed when all that it asked is answered. */
void wr_connection_drain(wr_connection *connection);
/* There is memory again: reads on. */
void wr_connection_feed(wr_connection *connection);
/* Close it at the next settling; the first reason counts. */
void wr_connection_hang_up(wr_connection *connection, const char *reason);

/* Look at its deadlines by then, or before. */
void wr_connection_look_by(wr_connection *connection, int64_t deadline_us);

/* ---- connection_read.c */
bool wr_connection_may_read(wr_connection *connection);
/* Read what there is, as far as it is this connection's turn, and start what is whole. */
void wr_connection_read(wr_connection *connection);
/* Start what has arrived and may start now. */
void wr_connection_start_kept(wr_connection *connection);
/* Its buffer has grown or shrunk: that counts against the memory of all connections. */
void wr_connection_count_in(wr_connection *connection);

/* ---- other_protocol.c */
/* What a client speaks that begins a connection like this, when it is known and not Kafka's protocol; else NULL. */
const char *wr_other_protocol(weir_slice bytes);

/* ---- request.c */
/* Decode and run one frame (without its length). The bytes may be written to; they are valid during the call only,
 * unless `owned` (may be NULL) hands over the buffer that holds them: taken when not empty afterwards. */
WEIR_MUST_CHECK weir_err wr_request_start(wr_connection *connection, weir_slice frame, wr_buf *owned,
                                          weir_failure *failure);
/* The connection closes: cancels, detaches or frees. Already unlinked. */
void wr_request_drop(wr_request *request);
bool wr_request_answered(const wr_request *request);
void wr_request_written(wr_request *request); /* its answer has left: frees it */
void wr_request_free(wr_request *request);    /* in whatever state it is: as in a crash */

/* ---- server.c */
bool wr_server_short(const wr_server *server); /* of memory */

#endif
