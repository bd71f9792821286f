/* Runs of `weir dlq redrive`, `drop` and `edit` over the topics of their operands. */
#ifndef WR_CLI_DLQ_RUN_H
#define WR_CLI_DLQ_RUN_H

#include <cli/dlq.h>
#include <cli/output.h>

typedef struct wr_dlq_run {
    wr_dlq *dlq;
    const char *reason;        /* of dropping; NULL: they are put back */
    wr_redrive_result *result; /* of the topic at hand */
    int64_t chosen, sent, found;
    bool leaves_some;
    bool is_planned; /* what is left has been said */
} wr_dlq_run;

int wr_dlq_run_begin(wr_dlq *dlq, wr_dlq_run *ret_run); /* an exit status */
/* As the command's options say, but for its rate and limit. */
wr_redrive_options wr_dlq_redrive_options(wr_dlq_run *self);
/* Over all topics; a row each into `out`, which may be NULL. Says on stderr what is left, and what is wrong; returns an
 * exit status. */
int wr_dlq_run_topics(wr_dlq_run *self, wr_redrive_options options, wr_output *out);

#endif
