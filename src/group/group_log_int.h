#ifndef WR_GROUP_LOG_INT_H
#define WR_GROUP_LOG_INT_H

#include <base/map.h>
#include <group/group_log.h>

enum {
    GROUP_BATCH_SIZE = 256 << 10, /* a write is split into batches of about this size */
    GROUP_READ_SIZE = 1 << 20,
};

struct wr_group_log {
    wr_loop *loop;
    const wr_trace *trace;
    wr_topics *topics;
    wr_partition *partition; /* NULL: the topic does not exist yet */

    wr_batch_builder builder;
    wr_buf key, value, batch; /* scratch, freed by commit */
    weir_err err;             /* of the write under way */

    bool appending; /* ops that fail meanwhile are told later */
    wr_list ready;  /* ops to be told by the timer */
    wr_timer tell;

    int64_t rewrite_size; /* the log's size that starts a rewrite */
    int64_t cut;          /* -1: no rewrite is under way */
    int64_t copied;       /* behind the copies */
    bool trim_due;        /* the copies are written, a sync was in the way */
    wr_group_op rewritten;
};

weir_err wr_group_log_append_record(wr_group_log *log, weir_slice key, weir_slice value, int64_t time_ms);
/* ---- group_log_rewrite.c */
void wr_group_log_maybe_rewrite(wr_group_log *log);
/* Each record of the log from *offset, below `limit`. */
weir_err wr_group_log_walk(wr_group_log *log, int64_t *offset, int64_t limit, size_t size_max,
                           weir_err (*each)(void *user, const wr_record *record), void *user);

#endif
