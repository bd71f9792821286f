/* The event loop: streams, timers, signals, posts from other threads, and work that runs beside it.
 *
 * One thread runs a loop; every callback but the `run` of a work is called by it. Only wr_loop_post and wr_loop_stop may
 * be called by other threads. A callback may close the stream it was called for. Real: epoll, timerfd-free (the wait's
 * timeout), eventfd and a few worker threads. Simulated: wr_sim_step (testing/io/sim.h) delivers one event at a time in an order
 * the seed chooses; wr_loop_run steps until the stop, moves the clock to the next timer when nothing else is due, and is
 * WEIR_E_AGAIN when nothing will ever happen. No timer wakes an idle loop. */
#ifndef WR_LOOP_H
#define WR_LOOP_H

#include <base/list.h>
#include <io/io.h>

typedef struct wr_loop wr_loop;
typedef struct wr_stream wr_stream;
typedef struct wr_listener wr_listener;

WEIR_MUST_CHECK weir_err wr_loop_new(wr_io *io, wr_loop **ret_loop);
void wr_loop_free(wr_loop *loop);                    /* streams and listeners must be closed */
WEIR_MUST_CHECK weir_err wr_loop_run(wr_loop *loop); /* until wr_loop_stop, also one before it */
void wr_loop_stop(wr_loop *loop);
WEIR_MUST_CHECK weir_err wr_loop_post(wr_loop *loop, void (*run)(void *user), void *user);
int64_t wr_loop_now_us(const wr_loop *loop); /* monotonic, read once per round */
wr_io *wr_loop_io(const wr_loop *loop);
/* `run` is called by the loop when the process gets the signal (SIGTERM, SIGINT, SIGHUP). */
WEIR_MUST_CHECK weir_err wr_loop_on_signal(wr_loop *loop, int signal, void (*run)(void *user, int signal), void *user);

/* ---- the end of a round: caller's storage, zeroed before first use
 * `run` is called at the end of every round of the loop, after everybody was called, in the order of adding: the place
 * for what concerns all that happened (answers to write, logs to sync). It wakes nobody: a loop that has nothing to do
 * runs no rounds. The simulated loop's rounds are single calls. A hook may remove any hook. */
typedef struct wr_round_end {
    wr_link link;
    void (*run)(void *user);
    void *user;
} wr_round_end;

void wr_loop_at_round_end(wr_loop *loop, wr_round_end *hook, void (*run)(void *user), void *user);
void wr_round_end_remove(wr_round_end *hook); /* fine when not added */

/* ---- timers: caller's storage, zeroed before first use */
typedef struct wr_timer {
    int64_t deadline_us;
    void (*run)(void *user);
    void *user;
    size_t heap_at; /* position + 1 in the loop's heap; 0: not started */
} wr_timer;

/* Calls run once at the deadline (monotonic, microseconds). Starting a started timer moves it. */
WEIR_MUST_CHECK weir_err wr_timer_start(wr_loop *loop, wr_timer *timer, int64_t deadline_us, void (*run)(void *user),
                                        void *user);
/* The same, duration_ms from now (wr_loop_now_us): what the configuration and clients ask for. A duration whose end no clock
 * can reach never runs; one below 0 is 0. */
WEIR_MUST_CHECK weir_err wr_timer_after_ms(wr_loop *loop, wr_timer *timer, int64_t duration_ms, void (*run)(void *user),
                                           void *user);
void wr_timer_stop(wr_loop *loop, wr_timer *timer); /* fine when not started */
static inline bool wr_timer_started(const wr_timer *timer)
{
    return timer->heap_at != 0;
}

/* ---- streams */
enum { WR_WANT_READ = 1, WR_WANT_WRITE = 2 };

typedef struct wr_stream_events {
    /* Called again and again while wanted and possible, as if level-triggered; now and then there is nothing after all.
     */
    void (*readable)(void *user); /* also at the end of the stream and after an error: read tells */
    void (*writable)(void *user);
} wr_stream_events;

/* host "127.0.0.1", "::1", "0.0.0.0" or a name, of which the first address counts, IPv4 before IPv6; port 0 takes a
 * free one. `accept` owns the new stream. Out of descriptors, connections wait in the backlog until some are free.
 * Errors: WEIR_E_EXISTS the port is taken; WEIR_E_NOT_FOUND no such name; WEIR_E_DENIED; WEIR_E_USAGE no such port. */
WEIR_MUST_CHECK weir_err wr_listen(wr_loop *loop, const char *host, int port,
                                   void (*accept)(void *user, wr_stream *stream), void *user,
                                   wr_listener **ret_listener, weir_failure *failure);
int wr_listener_port(const wr_listener *listener);

/* The port of a socket that a library made, and that has one; no part of any loop. */
int wr_socket_port(int fd);
void wr_listener_close(wr_listener *listener); /* accepts NULL */

/* Connecting completes in the background: the first `writable` or a failing read tells. Names are looked up before it
 * returns, which may take long. WEIR_E_UNREACHABLE: no such name, or no way there. */
WEIR_MUST_CHECK weir_err wr_connect(wr_loop *loop, const char *host, int port, wr_stream **ret_stream);
void wr_stream_set(wr_stream *stream, const wr_stream_events *events, void *user); /* events borrowed for life */
void wr_stream_want(wr_stream *stream, unsigned want);
/* WEIR_E_AGAIN: nothing now. WEIR_E_CLOSED: the other side is gone (orderly or not). */
WEIR_MUST_CHECK weir_err wr_stream_read(wr_stream *stream, void *ret_bytes, size_t size, size_t *ret_size);
/* Writes a prefix of the slices; *ret_size may be less than their sum. */
WEIR_MUST_CHECK weir_err wr_stream_write(wr_stream *stream, const weir_slice *slices, size_t count, size_t *ret_size);
/* Sends up to size bytes of the file from `at` without copying them here where the system can. */
WEIR_MUST_CHECK weir_err wr_stream_send_file(wr_stream *stream, wr_file *file, int64_t at, size_t size,
                                             size_t *ret_size);
/* Nothing more is written: the other side reads what was written and then the end. Reading goes on. A write afterwards
 * fails with WEIR_E_CLOSED. */
void wr_stream_end(wr_stream *stream);
/* "address:port" of the other side and of this side; static within the stream. */
const char *wr_stream_peer(const wr_stream *stream);
const char *wr_stream_local(const wr_stream *stream);
void wr_stream_close(wr_stream *stream); /* accepts NULL; no callback comes after it */

/* ---- work beside the loop: what may wait for a disk
 *
 *              wr_loop_work           a worker is free              `run` returns              the loop's next round
 *    (none) ────────────────▶ queued ──────────────────▶ running ──────────────────▶ returned ─────────────────▶ done
 *
 * At most WR_LOOP_WORKER_COUNT_MAX works run at the same time; which of those that are queued runs or is done first is
 * not promised, unless they share an order. */
enum { WR_LOOP_WORKER_COUNT_MAX = 8, WR_LOOP_WORK_COUNT_MAX = 1 << 20 };

/* Works that share an order run one after the other, as they were given: `run` of the next is called after `run` of the
 * one before has returned, and so is `done`. Caller's storage, zeroed before first use; it must outlive its works. */
typedef struct wr_work_order {
    struct wr_work *under_way;              /* queued, running or returned */
    struct wr_work *waiting, *waiting_last; /* behind it */
} wr_work_order;

/* Call `run` on another thread, and then `done` on the loop's with what `run` answered; errno is that of `run`. `run`
 * has 256 KiB of stack and must not touch what the loop's thread uses meanwhile. `order` may be NULL. Only the loop's
 * thread, or whoever has not begun to run the loop, may call it.
 * Errors, after which neither is called: WEIR_E_MEMORY, WEIR_E_LIMIT too many works, WEIR_E_IO no thread can be made. */
WEIR_MUST_CHECK weir_err wr_loop_work(wr_loop *loop, wr_work_order *order, weir_err (*run)(void *user),
                                      void (*done)(void *user, weir_err err), void *user);
/* No work of the order runs any more when this returns, and `done` of each has been called: with the answer of `run`, or
 * with WEIR_E_CLOSED when it was never run. Waits for one work at most. Whatever `done` starts anew is not covered.
 *
 * wr_loop_free waits for works that run and forgets all, without a call of `done`. */
void wr_loop_work_cancel(wr_loop *loop, wr_work_order *order);
/* The same, but each work of the order is run, however long that takes: for who has not begun to run the loop. */
void wr_loop_work_finish(wr_loop *loop, wr_work_order *order);

#endif
