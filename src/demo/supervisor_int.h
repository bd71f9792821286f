/* What supervisor.c, which runs processes, and supervisor_plan.c, which says which ones, share. */
#ifndef WR_SUPERVISOR_INT_H
#define WR_SUPERVISOR_INT_H

#include <demo/supervisor.h>
#include <io/process.h>

enum { WR_CHILD_COUNT_MAX = WR_SERVICE_COUNT + 1, WR_ARGUMENTS_MAX = 32 };

typedef struct wr_child {
    const char *name;
    const char *argv[WR_ARGUMENTS_MAX];
    const char *log_path;
    int port; /* HTTP port of a service, Kafka port of the broker */
    wr_process *process;
    bool killed; /* by us: the end that comes is no crash */
    int64_t kill_count, crash_count;
    bool tells; /* writes a line to descriptor 3 when it is ready */
} wr_child;

struct wr_supervisor {
    wr_supervisor_options options;
    weir_arena *arena;
    const char *bootstrap;
    wr_child children[WR_CHILD_COUNT_MAX];
    int child_count; /* services first, then the broker */
    int service_count;
    int64_t crash_count;
};

/* In the supervisor's arena; NULL when memory is out. */
const char *wr_supervisor_print(wr_supervisor *supervisor, const char *format, ...) WEIR_PRINTF(2, 3);
/* Chooses ports, tries those that were asked for, and writes every child's command line. Starts nothing, makes no file. */
WEIR_MUST_CHECK weir_err wr_supervisor_plan(wr_supervisor *supervisor, weir_failure *failure);

#endif
