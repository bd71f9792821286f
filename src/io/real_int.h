/* The real loop's parts: real_loop.c (epoll, posts, signals), real_net.c (sockets), real_work.c (the
 * threads that work beside it).
 *
 * Sockets are registered once, edge-triggered. What epoll reported is kept in watch.ready until a call says EAGAIN; a
 * watch that is both ready and wanted stands in loop.ready and gets its callback once a round. So the callbacks behave
 * as if level-triggered, and changing what is wanted costs no system call. What a callback closes is freed when the
 * round ends, since epoll's answers of this round may still name it. */
#ifndef WR_REAL_INT_H
#define WR_REAL_INT_H

#include "io_int.h"
#include "loop_int.h"

#include <base/list.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

enum { REAL_SIGNAL_COUNT_MAX = 8 };

typedef enum real_kind { REAL_WAKE, REAL_SIGNAL, REAL_LISTENER, REAL_STREAM } real_kind;

typedef struct real_watch {
    wr_link link; /* in loop.ready; in loop.dead when closed */
    real_kind kind;
    int fd;
    unsigned ready; /* WR_WANT_… that epoll reported and no call has taken back */
    bool closed;
} real_watch;

typedef struct real_signal {
    int signal;
    void (*run)(void *user, int signal);
    void *user;
} real_signal;

/* The worker threads. All is guarded by the loop's mutex. */
typedef struct real_workers {
    pthread_t threads[WR_LOOP_WORKER_COUNT_MAX];
    size_t thread_count;
    size_t idle_count;         /* of them wait for work; one that was signalled counts until it has the mutex */
    pthread_cond_t work, back; /* something is queued; something has returned */
    bool stopping;
    wr_list queued, returned;
    size_t queued_count;
} real_workers;

typedef struct real_loop {
    wr_loop base;
    int epoll_fd;
    real_watch wake, signals_watch;
    wr_list ready, dead;
    size_t open_count; /* streams and listeners */
    int64_t now_us;
    bool running;
    atomic_bool stopping;

    pthread_mutex_t mutex; /* guards from here… */
    bool woken;
    wr_posts posts;
    real_workers workers; /* …to here */

    wr_posts taken; /* the posts of this round */
    real_signal signals[REAL_SIGNAL_COUNT_MAX];
    size_t signal_count;
    sigset_t caught;
} real_loop;

typedef struct real_stream {
    wr_stream base;
    real_watch watch;
    real_loop *loop;
    bool hung_up; /* the end or an error is near: a short read does not mean that nothing is left */
    char local[WR_ADDRESS_TEXT_SIZE], peer[WR_ADDRESS_TEXT_SIZE]; /* empty until asked for */
} real_stream;

typedef struct real_listener {
    wr_listener base;
    real_watch watch;
    real_loop *loop;
    wr_timer retry; /* out of descriptors or memory: try again in a while */
    void (*accept)(void *user, wr_stream *stream);
    void *user;
} real_listener;

static inline real_loop *real_loop_of(const wr_loop *loop)
{
    return WR_LIST_ITEM(wr_unconst(loop), real_loop, base);
}

/* ---- real_loop.c */
weir_err real_watch_add(real_loop *loop, real_watch *watch, unsigned events); /* EPOLL…; EPOLLET is added */
void real_watch_queue(real_loop *loop, real_watch *watch);                    /* into loop.ready, once */
void real_watch_close(real_loop *loop, real_watch *watch);                    /* closes fd, frees later */
void real_wake_locked(real_loop *loop);
extern const wr_loop_ops real_loop_ops;

/* ---- real_net.c */
void real_stream_run(real_stream *stream);
void real_listener_run(real_listener *listener);
bool real_stream_due(const real_stream *stream);
weir_err real_listen(wr_loop *loop, const char *host, int port, void (*accept)(void *user, wr_stream *stream),
                     void *user, wr_listener **ret_listener, weir_failure *failure);
int real_listener_port(const wr_listener *listener);
void real_listener_close(wr_listener *listener);
weir_err real_connect(wr_loop *loop, const char *host, int port, wr_stream **ret_stream);
void real_stream_wants(wr_stream *stream);
weir_err real_stream_read(wr_stream *stream, void *ret_bytes, size_t size, size_t *ret_size);
weir_err real_stream_write(wr_stream *stream, const weir_slice *slices, size_t count, size_t *ret_size);
weir_err real_stream_send_file(wr_stream *stream, wr_file *file, int64_t at, size_t size, size_t *ret_size);
void real_stream_end(wr_stream *stream);
const char *real_stream_peer(const wr_stream *stream);
const char *real_stream_local(const wr_stream *stream);
void real_stream_close(wr_stream *stream);

/* ---- real_work.c */
weir_err real_workers_init(real_workers *workers);
void real_workers_fini(real_loop *loop); /* finishes what they are at, forgets the rest */
weir_err real_work_start(wr_loop *loop, wr_work *work);
void real_work_take(wr_loop *loop, wr_work *work);
void real_work_await(wr_loop *loop, wr_work *work);
void real_workers_finish(real_loop *loop); /* calls `done` of what has returned */

#endif
