/* How a process ends: when it is asked to, in time, and at once when it is asked twice (signals within
 * again_ms of the first are one request: `timeout` sends two).
 *
 *     running ──first SIGTERM, SIGINT──► asked ──all is done────► wr_stop_free
 *        │                                   ├──second signal──────► the process ends at once
 *        └──wr_stop_begin────────────────────┴──deadline has passed─► the process ends, and says so
 *
 * SIGHUP, which a terminal sends when it is closed, asks as the others do, unless the program began with it ignored
 * (nohup).
 *
 * A thread of its own waits for the signals, so that all this holds whatever the other threads wait for. Linux only,
 * without a simulated twin. */
#ifndef WR_STOP_H
#define WR_STOP_H

#include <base/trace.h>

typedef struct wr_stop wr_stop;

typedef struct wr_stop_options {
    int again_ms;              /* signals so soon after the first are the same request; 0: 100, negative: none are */
    int deadline_ms;           /* from the first signal, or from wr_stop_begin, until the process is ended */
    const wr_trace *trace;     /* where the end by force is said; NULL: nowhere */
    void (*asked)(void *user); /* on the thread of the signals, at the first one; NULL: nobody is called */
    void *user;
} wr_stop_options;

enum {
    WR_EXIT_DEADLINE = 70, /* exit status of a process whose stop took too long */
    WR_EXIT_SIGNAL = 128,  /* and, plus the signal, of one that was asked twice: as a shell counts */
};

/* Make it before any other thread starts: SIGTERM, SIGINT and SIGHUP are blocked in this thread and in all that it
 * starts, and come only here. */
WEIR_MUST_CHECK weir_err wr_stop_new(const wr_stop_options *options, wr_stop **ret_stop);
/* The process goes on, and the signals do again what they did before. Accepts NULL. */
void wr_stop_free(wr_stop *stop);
bool wr_stop_asked(wr_stop *stop); /* any thread */
int wr_stop_signal(wr_stop *stop); /* the signal that asked first; 0: nobody has asked; any thread */
/* Waits up to timeout_ms to be asked; any thread. True when asked. */
bool wr_stop_wait(wr_stop *stop, int timeout_ms);
/* The process is about to end though nobody asked: the deadline counts from here. */
void wr_stop_begin(wr_stop *stop);

/* Run a function on a thread of its own and wait for it, at most timeout_ms. False: it still runs, for good as far as
 * anybody knows, and what it uses must stay; then end the process with wr_self_exit, which waits for nobody.
 * Without memory for a thread it runs on this one. */
bool wr_run_within(int timeout_ms, void (*run)(void *user), void *user);

/* Ends the process: what was written to stdio is flushed; nothing that was registered for the end is run, and other
 * threads are not waited for. */
_Noreturn void wr_self_exit(int status);

#endif
