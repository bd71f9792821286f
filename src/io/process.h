/* Processes: what a supervisor needs to start programs, watch them, stop them, and know what they use. Linux only,
 * without a simulated twin. Nothing here keeps process-wide state or needs a SIGCHLD handler. */
#ifndef WR_PROCESS_H
#define WR_PROCESS_H

#include <weir/bytes.h>

typedef struct wr_process wr_process;

enum { WR_PROCESS_READY_FD = 3 }; /* what a child writes its ready line to, when `ready` is asked for */

typedef enum wr_process_pipe { WR_PROCESS_STDOUT, WR_PROCESS_STDERR, WR_PROCESS_READY } wr_process_pipe;

typedef struct wr_process_options {
    const char *const *argv;        /* NULL at the end; argv[0] is searched in PATH when it has no slash */
    const char *const *environment; /* "NAME=value" added to or replacing the parent's; NULL at the end, or NULL */
    const char *directory;          /* working directory; NULL: the parent's */
    const char *stdout_path;        /* appended to, made when absent; NULL: inherited, or a pipe */
    const char *stderr_path;        /* the same path as stdout_path is opened once */
    bool stdout_pipe, stderr_pipe;  /* read with wr_process_read */
    bool stdin_pipe;                /* write with wr_process_write; otherwise stdin is /dev/null */
    bool ready;                     /* descriptor 3 of the child is a pipe to here: pass "--ready-fd=3" */
    bool terminal; /* it has our stdin and our process group: the terminal's, and Ctrl-C reaches both */
    bool outlives; /* false: the child gets SIGKILL when the thread that started it ends */
} wr_process_options;

typedef struct wr_process_end {
    int status; /* exit status; -1 when a signal ended it */
    int signal; /* 0 when it exited */
} wr_process_end;

typedef struct wr_process_usage {
    int64_t cpu_us;   /* user and system, all threads */
    int64_t rss_size; /* resident memory */
    int64_t virtual_size;
    int64_t thread_count;
    int64_t started_ms; /* Unix epoch, by today's clock */
} wr_process_usage;

/* Start a program. When it cannot be executed the call fails (WEIR_E_NOT_FOUND, WEIR_E_IO, …), not the child. The child
 * gets no descriptor but 0, 1, 2 and, if asked for, 3; no blocked signal; default handlers; and a process group of its
 * own, so that a terminal's Ctrl-C reaches only the parent. */
WEIR_MUST_CHECK weir_err wr_process_start(const wr_process_options *options, wr_process **ret_process,
                                          weir_failure *failure);
int wr_process_id(const wr_process *process);
/* Fine when it has ended. SIGTERM to stop it gracefully, SIGKILL at once, SIGSTOP and SIGCONT for tests. */
void wr_process_signal(wr_process *process, int signal);
/* Waits for its end: WEIR_E_TIMEOUT when it still runs. timeout_ms 0 only looks, -1 waits for ever. May be repeated. */
WEIR_MUST_CHECK weir_err wr_process_wait(wr_process *process, int timeout_ms, wr_process_end *ret_end);
/* Frees; kills and reaps a child that still runs, unless it outlives. Accepts NULL. */
void wr_process_free(wr_process *process);

/* Runs a program on our terminal, an editor say, until it ends. Ctrl-C is its business meanwhile: this process ignores
 * SIGINT and SIGQUIT until then, so it must not watch for them (io/stop.h) at that time. Errors of a start. */
WEIR_MUST_CHECK weir_err wr_process_run(const char *const *argv, wr_process_end *ret_end, weir_failure *failure);

/* Reads what is there, at least one byte. WEIR_E_TIMEOUT; WEIR_E_CLOSED at the end; WEIR_E_USAGE without such a pipe.
 */
WEIR_MUST_CHECK weir_err wr_process_read(wr_process *process, wr_process_pipe pipe, int timeout_ms, void *ret_bytes,
                                         size_t size, size_t *ret_size);
/* Reads one line of the pipe, without its end, NUL-terminated; WEIR_E_LIMIT when it does not fit, WEIR_E_CLOSED when
 * the pipe ends before the line does. */
WEIR_MUST_CHECK weir_err wr_process_read_line(wr_process *process, wr_process_pipe pipe, int timeout_ms, char *ret_text,
                                              size_t size);
/* Writes all to the child's stdin. WEIR_E_CLOSED when it does not read any more. */
WEIR_MUST_CHECK weir_err wr_process_write(wr_process *process, const void *bytes, size_t size);
void wr_process_write_end(wr_process *process); /* the child reads the end of its stdin */

/* ---- about this process, or any other by its id */
int wr_self_id(void);
/* From now on this process gets SIGTERM when its parent ends, however it ends. A parent that had ended before the call
 * is not known to have: whoever tells it something (a ready line, say) hears that nobody reads. */
void wr_self_end_with_parent(void);
/* The path of the running executable, NUL-terminated. WEIR_E_LIMIT when it does not fit. */
WEIR_MUST_CHECK weir_err wr_self_path(char *ret_path, size_t size);
WEIR_MUST_CHECK weir_err wr_usage_read(int process_id, wr_process_usage *ret_usage); /* WEIR_E_NOT_FOUND: no such */

/* How many descriptors (files, connections) this process may have open; INT64_MAX: any number. */
int64_t wr_self_descriptors_max(void);
/* Raises the soft limit to the hard one, as servers do (the soft one is low for the sake of programs that use select,
 * which we do not), and returns what wr_self_descriptors_max then is. Children inherit it. */
int64_t wr_self_descriptors_raise(void);
/* From now on a file that would grow past RLIMIT_FSIZE is an error of the write (WEIR_E_FULL) and does not end the process
 * (SIGXFSZ). Children inherit it. */
void wr_self_file_size_errors(void);
/* And a write to a pipe that nobody reads any more (EPIPE, WEIR_E_CLOSED) does not end the process (SIGPIPE). For programs
 * that print; a library leaves the signal to its program. */
void wr_self_pipe_errors(void);
/* How many are open now; -1 when that cannot be read. */
int64_t wr_self_descriptors_open(void);

#endif
