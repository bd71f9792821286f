/* What command line tools need of the process they are: terminals, stopping on a signal, waiting.
 *
 * For programs that run a wr_loop, wr_loop_on_signal is the better way. */
#ifndef WR_TERMINAL_H
#define WR_TERMINAL_H

#include <weir/error.h>

bool wr_is_terminal(int descriptor);
int wr_terminal_width(int descriptor); /* columns; 80 when unknown */

/* SIGINT and SIGTERM as something to ask and to wait for. One at a time per process, made before any thread is started:
 * the signals are blocked from init to fini, in this thread and those it starts. A second signal while the first is
 * being seen to ends the process at once. */
typedef struct wr_stop {
    int descriptor;  /* signalfd */
    int signal;      /* the one that came; 0 none */
    char saved[128]; /* the signal mask before */
} wr_stop;

void wr_stop_init(wr_stop *stop);
void wr_stop_fini(wr_stop *stop);
bool wr_stop_asked(wr_stop *stop);                /* does not wait; cheap */
bool wr_stop_wait(wr_stop *stop, int timeout_ms); /* true as soon as asked, false after the time-out */

/* Write a line to a descriptor that the parent gave us (--ready-fd). Errors: WEIR_E_IO. */
WEIR_MUST_CHECK weir_err wr_descriptor_write(int descriptor, const char *text);

#endif
