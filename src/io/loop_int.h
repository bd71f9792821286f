/* What the real and the simulated loop share: the table of operations, the head of each object, and the timers' heap.
 */
#ifndef WR_LOOP_INT_H
#define WR_LOOP_INT_H

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
    const char *(*stream_peer)(const wr_stream *stream);
    const char *(*stream_local)(const wr_stream *stream);
    void (*stream_close)(wr_stream *stream);
    weir_err (*sync)(wr_loop *loop, wr_file *const *files, size_t count, void (*done)(void *user, weir_err err),
                     void *user);
} wr_loop_ops;

struct wr_loop {
    const wr_loop_ops *ops;
    wr_io *io;
    wr_timers timers;
    wr_list round_ends;             /* wr_round_end */
    wr_link round_here, round_last; /* marks in round_ends while they run */
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

/* ---- posts; WEIR_E_LIMIT, WEIR_E_MEMORY */
weir_err wr_posts_add(wr_posts *posts, void (*run)(void *user), void *user);

#endif
