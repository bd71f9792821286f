/* Processes: this one, and children that it supervises. */
#ifndef WR_PROCESS_H
#define WR_PROCESS_H

#include <io/io.h>

typedef struct wr_process wr_process;

typedef struct wr_process_options {
    const char *const *argv;        /* NULL at the end; argv[0] is the program's path */
    const char *const *environment; /* NAME=VALUE added to ours; NULL at the end, or NULL */
    const char *log_path;           /* stdout and stderr are appended to this file; NULL: inherited */
} wr_process_options;

/* Start a child. It gets SIGTERM when this process dies, however it dies, and its own process group, so that Ctrl-C in
 * the terminal reaches only us. Errors: WEIR_E_NOT_FOUND no such program, WEIR_E_IO. */
WEIR_MUST_CHECK weir_err wr_process_start(const wr_process_options *options, wr_process **ret_process,
                                          weir_failure *failure);
enum { WR_PROCESS_END = 15, WR_PROCESS_KILL = 9 }; /* SIGTERM, SIGKILL */
int wr_process_id(const wr_process *process);
/* Sends the signal; fine when it has ended. */
void wr_process_signal(wr_process *process, int signal);
/* Has it ended? Waits up to timeout_ms (0: looks). *ret_status: exit status, or 128 + the signal's number. */
bool wr_process_ended(wr_process *process, int timeout_ms, int *ret_status);
/* Ends it with SIGKILL if it still runs, reaps it, frees. Accepts NULL. */
void wr_process_free(wr_process *process);
/* Of a running process by id (0: this one); -1 when unknown. */
int64_t wr_process_memory(int id); /* resident bytes */
int64_t wr_process_cpu_us(int id); /* user and system time */

/* Full path of this program, into the arena; NULL when unknown. */
const char *wr_own_path(weir_arena *arena);
int wr_own_id(void);
/* From now on this process gets SIGTERM when its parent dies (at once if it already did). */
void wr_end_with_parent(void);
/* A TCP port of this host that is free now. Errors: WEIR_E_IO. */
WEIR_MUST_CHECK weir_err wr_free_port(int *ret_port);

#endif
