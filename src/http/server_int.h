/* Between the files of the server: head.c and chunks.c read, answer.c writes, exchange.c is one request, connection.c
 * one client, server.c all of them together with the limits, workers.c the threads that may wait. */
#ifndef WR_HTTP_SERVER_INT_H
#define WR_HTTP_SERVER_INT_H

#include <base/buf.h>
#include <base/list.h>
#include <http/http.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
    HTTP_FIELD_COUNT_MAX = 100,
    HTTP_EMPTY_COUNT_MAX = 8, /* lines before a request */
    HTTP_ANSWER_SIZE_MAX = 64 * 1024 * 1024,
    HTTP_ANSWER_HEAD_SIZE_MAX = 64 * 1024,
    HTTP_SCRATCH_SIZE = 64 * 1024,
    HTTP_RESERVED_COUNT = 64,                /* connections beyond the limit, for urgent paths */
    HTTP_LINGER_MS = 2000,                   /* how long a client may take to close after its last answer */
    HTTP_LINGER_SIZE_MAX = 16 * 1024 * 1024, /* and how much it may send meanwhile */
    HTTP_STOP_MS = 1000,                     /* how long a stop waits for answers to be taken */
};

/* ---- head.c and chunks.c: bytes become a request. status 0: nothing is wrong */
typedef struct wr_http_fault {
    int status;
    const char *why;
} wr_http_fault;

typedef struct wr_http_head {
    const char *method, *target;
    int minor; /* of the version: HTTP/1.minor */
    weir_attribute fields[HTTP_FIELD_COUNT_MAX];
    size_t field_count;
    uint64_t length; /* of the body; UINT64_MAX: more than any limit */
    bool is_chunked, is_kept_alive, expects_continue;
} wr_http_head;

/* Looks on from where it stopped: *at and *line are 0 before the first call. Returns the size of the head with its
 * empty line, or 0 when more must come. */
size_t wr_http_head_find(const uint8_t *bytes, size_t size, size_t *at, size_t *line, wr_http_fault *ret_fault);
/* A whole head, which is changed: its texts are ended in place and ret_head borrows them. */
wr_http_fault wr_http_head_parse(char *text, size_t size, wr_http_head *ret_head);

typedef struct wr_http_chunks {
    int state; /* zero: before the first chunk */
    uint64_t left;
    size_t digit_count, line_size, trailer_size;
    bool is_over;
} wr_http_chunks;
/* Takes bytes up to the end of the body and appends what they carry to out, whose limit is that of the body. Returns
 * how many were taken. */
size_t wr_http_chunks_take(wr_http_chunks *chunks, weir_slice bytes, wr_buf *out, wr_http_fault *ret_fault);

bool wr_http_token_valid(const char *text); /* RFC 9110 token; text.c */
/* Percent-decode into the arena; plus is a space in queries. NULL: a broken escape, or an escaped NUL. text.c */
const char *wr_http_unescape(weir_arena *arena, weir_slice text, bool is_query);
/* The same of the segments of a path that begins with a slash, each with a NUL behind it: an escaped slash is part of one. */
const char *wr_http_unescape_segments(weir_arena *arena, weir_slice path, size_t *ret_size);

/* ---- answer.c */
typedef struct wr_http_date { /* one for each second */
    int64_t second;
    char text[96]; /* 29 bytes; the compiler counts with larger numbers */
} wr_http_date;
typedef struct wr_http_answering {
    bool is_head, is_closed_after, is_kept_alive_said; /* the last: HTTP/1.0 that asked for it */
} wr_http_answering;
/* Head and body of an answer without fault, into an empty buffer. False: no memory; out is empty then. */
bool wr_http_answer_write(const wr_answer *answer, wr_http_answering how, int64_t now_ms, wr_http_date *date,
                          wr_buf *out);

/* ---- exchange.c */
struct wr_exchange {
    wr_link link;                          /* in server->answered or server->work */
    wr_http_server *server;                /* a reference */
    struct wr_http_connection *connection; /* the loop's thread only; NULL: gone */
    weir_arena *arena;                     /* the exchange stands in it */
    const char *method, *target, *path;
    const char *segments; /* of the path, each with its NUL; NULL for "*" */
    size_t segments_size;
    weir_attribute *headers, *queries;
    size_t header_count, query_count;
    wr_buf body;
    size_t held_size; /* counted in server->memory_size */
    bool is_urgent;
    void (*run)(void *user);
    void *run_user;
    wr_answer answer;
};
/* Copies the head. NULL: ret_fault says why. */
wr_exchange *wr_exchange_new(wr_http_server *server, const wr_http_head *head, size_t head_size,
                             wr_http_fault *ret_fault);
void wr_exchange_free(wr_exchange *exchange);
void wr_exchange_hold(wr_exchange *exchange, size_t size); /* count so many more bytes as held */

/* ---- connection.c */
typedef enum http_state {
    HTTP_IDLE,      /* no byte of a request has come */
    HTTP_HEAD,      /* some have */
    HTTP_BODY,      /* the head is whole */
    HTTP_RUNNING,   /* the exchange is with `handle`, or whoever has it from there */
    HTTP_WRITING,   /* the client has not taken all of the answer */
    HTTP_LINGERING, /* the last answer is taken: what still comes is thrown away until the client closes */
    HTTP_STATE_COUNT
} http_state;

typedef struct wr_http_connection {
    wr_link link; /* in server->by_state[state] */
    wr_http_server *server;
    wr_stream *stream;
    http_state state;
    bool is_reserved;  /* beyond the limit: urgent paths only, one answer */
    bool is_advancing; /* wr_http_connection_advance is at work */
    bool is_over;      /* to be freed at its end */
    wr_http_answering how;
    int64_t deadline_us;
    wr_buf in; /* bytes that are not taken yet, from in_at on */
    size_t in_at;
    size_t empty_count; /* lines before the head */
    size_t seen, line;  /* of the head, see wr_http_head_find */
    uint64_t body_left;
    bool is_chunked;
    wr_http_chunks chunks;
    wr_exchange *exchange;
    wr_buf out; /* of the answer, from out_at on */
    size_t out_at;
    size_t linger_size; /* thrown away */
} wr_http_connection;

/* Takes the stream, unless memory is out. It frees itself, or by wr_http_connection_close. */
bool wr_http_connection_accept(wr_http_server *server, wr_stream *stream, bool is_reserved);
void wr_http_connection_close(wr_http_connection *connection);
/* The answer of its exchange, which is the caller's to free. */
void wr_http_connection_answer(wr_http_connection *connection, const wr_answer *answer);
void wr_http_connection_refuse(wr_http_connection *connection, int status, const char *why);
void wr_http_connection_expire(wr_http_connection *connection); /* its deadline has passed */

/* ---- workers.c */
typedef struct wr_http_workers {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    pthread_t *threads;
    int count;
    wr_list work; /* of exchanges; under lock, as is_stopping */
    bool is_stopping;
} wr_http_workers;
WEIR_MUST_CHECK weir_err wr_http_workers_start(wr_http_workers *workers, int count);
void wr_http_workers_stop(wr_http_workers *workers); /* waits for what has begun, answers 503 what has not */
void wr_http_workers_fini(wr_http_workers *workers);

/* ---- server.c */
struct wr_http_server {
    wr_http_options options;
    atomic_size_t refs; /* the starter's, and one an exchange */
    wr_io *io;
    wr_loop *loop;
    bool owns_io, owns_loop, has_thread, has_workers;
    int port;
    pthread_t thread; /* has_thread: to be joined */
    wr_listener *listener;
    wr_list by_state[HTTP_STATE_COUNT]; /* connections, the one that entered it first in front */
    size_t connection_count, reserved_count;
    wr_timer timer; /* at or before the earliest deadline */
    bool is_stopping;
    uint8_t *scratch; /* what was read last */
    wr_http_head head;
    wr_http_date date;
    wr_http_workers workers;
    wr_trace_limit said[WR_HTTP_LIMIT_COUNT];

    pthread_mutex_t lock;
    wr_list answered; /* by other threads; under lock, as all below */
    bool is_posted, is_closed;
    bool has_loop_thread; /* somebody may run the loop now, who is: */
    pthread_t loop_thread;

    atomic_uint_fast64_t memory_size, connections, requests, accepted;
    atomic_uint_fast64_t answered_by_status[6], limits[WR_HTTP_LIMIT_COUNT];
};
void wr_http_server_unref(wr_http_server *server);
bool wr_http_server_on_loop(wr_http_server *server); /* whether the caller runs on the loop's thread */
void wr_http_server_limit(wr_http_server *server, wr_http_limit limit);
/* Moves a connection into a state; its deadline counts from now. */
void wr_http_server_enter(wr_http_connection *connection, http_state state);
void wr_http_server_left(wr_http_connection *connection); /* it goes: no longer counted, in no list */

#endif
