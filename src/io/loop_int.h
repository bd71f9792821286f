/* What the real and the simulated loop share: the table of operations, the head of each object, the timers' heap, the
 * list of posts, and works. */
#ifndef WR_LOOP_INT_H
#define WR_LOOP_INT_H

#include <base/list.h>
#include <io/loop.h>

enum { WR_LOOP_POST_COUNT_MAX = 1 << 20, WR_ADDRESS_TEXT_SIZE = 64 };

typedef struct wr_timers {
    wr_timer **items; /* binary heap, earliest first */
    size_t count, capacity;
} wr_timers;

typedef struct wr_post {
    void (*run)(void *user);
    void *user;
} wr_post;

typedef struct wr_posts {
    wr_post *items;
    size_t count, capacity;
} wr_posts;

typedef enum wr_work_state { WR_WORK_QUEUED, WR_WORK_RUNNING, WR_WORK_RETURNED } wr_work_state;

/* One work. The loop's thread owns it except while it is in the implementation's hands, between work_start and
 * wr_work_done or work_take. */
typedef struct wr_work {
    wr_link link; /* in a list of the implementation */
    wr_loop *loop;
    wr_work_order *order; /* may be NULL */
    struct wr_work *next; /* of those that wait in the order */
    weir_err (*run)(void *user);
    void (*done)(void *user, weir_err err);
    void *user;
    wr_work_state state;
    weir_err err;
    int os_error;
    int64_t due_us; /* simulated: when it runs, then when it is done */
} wr_work;

typedef struct wr_loop_ops {
    void (*free)(wr_loop *loop);
    weir_err (*run)(wr_loop *loop);
    void (*stop)(wr_loop *loop);
    weir_err (*post)(wr_loop *loop, void (*run)(void *user), void *user);
    int64_t (*now_us)(const wr_loop *loop);
    weir_err (*on_signal)(wr_loop *loop, int signal, void (*run)(void *user, int signal), void *user);
    weir_err (*listen)(wr_loop *loop, const char *host, int port, void (*accept)(void *user, wr_stream *stream),
                       void *user, wr_listener **ret_listener, weir_failure *failure);
    int (*listener_port)(const wr_listener *listener);
    void (*listener_close)(wr_listener *listener);
    weir_err (*connect)(wr_loop *loop, const char *host, int port, wr_stream **ret_stream);
    void (*stream_wants)(wr_stream *stream); /* `want` or `events` has changed */
    weir_err (*stream_read)(wr_stream *stream, void *ret_bytes, size_t size, size_t *ret_size);
    weir_err (*stream_write)(wr_stream *stream, const weir_slice *slices, size_t count, size_t *ret_size);
    weir_err (*stream_send_file)(wr_stream *stream, wr_file *file, int64_t at, size_t size, size_t *ret_size);
    void (*stream_end)(wr_stream *stream);
    const char *(*stream_peer)(const wr_stream *stream);
    const char *(*stream_local)(const wr_stream *stream);
    void (*stream_close)(wr_stream *stream);
    /* Run it some time, then call wr_work_done on the loop's thread. Cannot fail once one work was started. */
    weir_err (*work_start)(wr_loop *loop, wr_work *work);
    /* Take it back, waiting for the end of `run` if that has begun. The caller looks at its state. */
    void (*work_take)(wr_loop *loop, wr_work *work);
    /* The same, waiting until it has run. */
    void (*work_await)(wr_loop *loop, wr_work *work);
} wr_loop_ops;

struct wr_loop {
    const wr_loop_ops *ops;
    wr_io *io;
    wr_timers timers;
    wr_list round_ends;             /* wr_round_end */
    wr_link round_here, round_last; /* marks in round_ends while they run */
    size_t work_count;
};

struct wr_stream {
    const wr_loop_ops *ops;
    const wr_stream_events *events;
    void *user;
    unsigned want;
};

struct wr_listener {
    const wr_loop_ops *ops;
};

/* ---- timers */
void wr_timers_fini(wr_timers *timers);
int64_t wr_timers_next_us(const wr_timers *timers); /* INT64_MAX: none */
/* Runs the earliest timer if it is due; false if none is. */
bool wr_timers_run_one(wr_timers *timers, int64_t now_us);

/* ---- hooks */
void wr_round_ends_run(wr_loop *loop);

/* ---- works */
void wr_work_run(wr_work *work);    /* on any thread: `run`, and what came of it */
void wr_work_done(wr_work *work);   /* on the loop's thread: starts the next of its order, calls `done`, frees it */
void wr_work_forget(wr_work *work); /* frees it, and what waits behind it */

/* ---- posts; WEIR_E_LIMIT, WEIR_E_MEMORY */
weir_err wr_posts_add(wr_posts *posts, void (*run)(void *user), void *user);

#endif
