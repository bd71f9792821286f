/* One request, from its frame to its answer.
 *
 *    decoded ──run──▶ WEIR_OK ─────────────────────────▶ encoded ──▶ written, freed
 *                │                                          ▲
 *                └─ wr_request_keep, WEIR_OK ──▶ kept ──────┘ wr_request_answer
 *                                                 └──▶ cancelled (the connection closed): on_cancel, freed
 *
 * Answers leave a connection in the order of its requests. A handler that is not marked `pipelined` holds back the next
 * request of its connection until it has answered.
 *
 * The handler fills `response` (already set to its defaults; items from the arena) and returns WEIR_OK. Any other
 * result is a failure of ours or a reason to hang up: the connection is closed and the reason traced. */
#ifndef WR_REQUEST_H
#define WR_REQUEST_H

#include <base/buf.h>
#include <base/list.h>
#include <server/server.h>
#include <wire/kafka.h>
#include <wire/message.h>

enum { WR_ARENA_SIZE_MAX = 64 << 20 }; /* what one request may decode into, and its answer be made of */

typedef struct wr_connection wr_connection;

struct wr_request {
    int listener;                  /* that it came by, as numbered by wr_server_listen */
    const wr_principal *principal; /* who asks; NULL: nobody has logged in, and the handler allows that */
    const wr_handler *handler;
    void *context;            /* as handed to the server */
    wr_request_header header; /* its api_version is the only version a handler may look at, and rarely should */
    const wr_api *api;
    const void *message; /* api->request's struct */
    void *response;      /* api->response's struct */
    weir_arena *arena;   /* lives until the answer is encoded */

    wr_buf payload; /* bytes that the response borrows, for handlers whose answers are large; freed once encoded */

    /* For the handler that keeps the request. */
    void *user;
    wr_link wait_link;

    /* ---- private to request.c and connection.c */
    wr_server *server;
    wr_connection *connection; /* NULL: closed meanwhile */
    void (*on_cancel)(wr_request *request);
    uint8_t state;
    bool pipelined;
    const char *client_host; /* once it was asked for */
    bool silent;             /* no answer is sent (acks=0) */
    bool unanswerable;       /* the connection is hung up on instead, and nothing behind this one is sent */
    size_t charged_size;
    wr_link link; /* in the connection */
    wr_buf frame; /* when the request owns it */
    wr_buf answer;
    size_t answer_sent;
};

/* Keep the request beyond the handler's return; wr_request_answer must follow, unless it is cancelled.
 * on_cancel is called (from the loop, never from inside one of your calls) when the connection closed: forget the
 * request, it is freed when you return. With on_cancel NULL the request stays alive until it is answered into the void:
 * for work that goes on whoever listens. */
void wr_request_keep(wr_request *request, void (*on_cancel)(wr_request *request));
/* The response is ready: encodes it and lets go of the request, which must not be touched any more. Writes nothing and
 * closes nothing before settling. */
void wr_request_answer(wr_request *request);
/* Instead of answering a kept request: hang up. */
void wr_request_hang_up(wr_request *request, const char *reason);
/* No answer will be sent for this one (Produce with acks=0). */
void wr_request_silence(wr_request *request);

/* The client's address without its port, "127.0.0.1"; and the address it reached. Borrow from the request's arena. */
const char *wr_request_client_host(wr_request *request);
const char *wr_request_local_host(wr_request *request);

#endif
