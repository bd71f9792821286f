/* Loops and streams of the simulator: sim_loop.c decides what happens next, sim_net.c moves bytes. */
#ifndef WR_SIM_LOOP_INT_H
#define WR_SIM_LOOP_INT_H

#include "sim_int.h"

enum { SIM_SIGNAL_COUNT_MAX = 8, SIM_BACKLOG_MAX = 128, SIM_NEVER = -1 };

typedef struct sim_signal {
    int signal;
    bool pending;
    void (*run)(void *user, int signal);
    void *user;
} sim_signal;

typedef struct sim_loop {
    wr_loop base;
    wr_link link;
    wr_sim *sim;
    wr_posts posts;
    sim_signal signals[SIM_SIGNAL_COUNT_MAX];
    size_t signal_count;
    wr_list streams, listeners;
    wr_list works, lost_works; /* under way; of a process that died, kept until they are taken or the loop is freed */
    bool stopping;
} sim_loop;

typedef enum sim_stream_state { SIM_CONNECTING, SIM_OPEN, SIM_BROKEN } sim_stream_state;

/* One end of a connection. Bytes wait at their receiver: the first `arrived` of `in` can be read, the rest is under
 * way. */
typedef struct sim_stream {
    wr_stream base;
    wr_link link; /* loop.streams, or the listener's backlog */
    sim_loop *loop;
    struct sim_stream *peer; /* NULL: not yet, or gone */
    sim_stream_state state;
    int os_error; /* when broken */
    sim_bytes in;
    size_t arrived;
    bool ending;    /* the other side has closed */
    bool ended;     /* and this side has been told */
    int64_t due_us; /* when bytes, the end or the connection arrive; SIM_NEVER: nothing under way */
    int local_port, peer_port;
    char local[WR_ADDRESS_TEXT_SIZE], remote[WR_ADDRESS_TEXT_SIZE];
} sim_stream;

typedef struct sim_listener {
    wr_listener base;
    wr_link link;
    sim_loop *loop;
    int port;
    bool dead; /* its process has ended */
    wr_list backlog;
    size_t backlog_count;
    void (*accept)(void *user, wr_stream *stream);
    void *user;
} sim_listener;

static inline sim_loop *sim_loop_of(const wr_loop *loop)
{
    return WR_LIST_ITEM(wr_unconst(loop), sim_loop, base);
}

extern const wr_loop_ops sim_loop_ops;

/* ---- sim_work.c */
weir_err sim_work_start(wr_loop *loop, wr_work *work);
void sim_work_take(wr_loop *loop, wr_work *work);
void sim_work_await(wr_loop *loop, wr_work *work);
void sim_work_step(sim_loop *loop, wr_work *work); /* it is due: runs it, or tells that it is done */
void sim_works_lose(sim_loop *loop);               /* the process died */
void sim_works_fini(sim_loop *loop);

/* ---- sim_net.c */
void sim_stream_arrive(sim_stream *stream); /* what was due: bytes, the end, or the connection */
bool sim_stream_readable(const sim_stream *stream);
bool sim_stream_writable(const sim_stream *stream);
void sim_listener_accept(sim_listener *listener);

weir_err sim_listen(wr_loop *loop, const char *host, int port, void (*accept)(void *user, wr_stream *stream),
                    void *user, wr_listener **ret_listener, weir_failure *failure);
int sim_listener_port(const wr_listener *listener);
void sim_listener_close(wr_listener *listener);
weir_err sim_connect(wr_loop *loop, const char *host, int port, wr_stream **ret_stream);
void sim_stream_wants(wr_stream *stream);
weir_err sim_stream_read(wr_stream *stream, void *ret_bytes, size_t size, size_t *ret_size);
weir_err sim_stream_write(wr_stream *stream, const weir_slice *slices, size_t count, size_t *ret_size);
weir_err sim_stream_send_file(wr_stream *stream, wr_file *file, int64_t at, size_t size, size_t *ret_size);
void sim_stream_end(wr_stream *stream);
const char *sim_stream_peer(const wr_stream *stream);
const char *sim_stream_local(const wr_stream *stream);
void sim_stream_close(wr_stream *stream);

#endif
