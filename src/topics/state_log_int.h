/* Inside a state log: state_log.c writes and reads, state_log_rewrite.c rewrites. */
#ifndef WR_STATE_LOG_INT_H
#define WR_STATE_LOG_INT_H

#include <base/map.h>
#include <topics/state_log.h>
#include <wire/batch.h>

enum {
    STATE_BATCH_SIZE = 256 << 10, /* a write is split into batches of about this size */
    STATE_PIECE_SIZE = 256 << 10, /* a rewrite reads so much in one round of the loop */
    STATE_WRITE_SIZE_MAX = WR_INTERNAL_BATCH_SIZE_MAX,
    STATE_HELD_SIZE_MAX = 16 << 20, /* of all writes that wait for the topic, unless one alone is larger */
};

struct wr_state_log {
    wr_loop *loop;
    const wr_trace *trace;
    wr_topics *topics;
    const char *topic;
    wr_partition *partition; /* NULL: the topic does not exist yet */
    bool creating;
    wr_list held; /* ops that wait for the topic */
    size_t held_size;

    wr_batch_builder builder;
    wr_buf batch; /* scratch, freed by commit; without a partition: all batches of the write */
    weir_err err; /* of the write under way */

    bool appending; /* ops that fail meanwhile are told later */
    wr_list ready;  /* ops to be told by the timer */
    wr_timer tell;

    int64_t rewrite_size; /* the log's size that starts a rewrite */
    int64_t cut;          /* -1: no rewrite is under way */
    wr_map *last;         /* of each key; NULL: the copies are written */
    int64_t walked;       /* up to where its records were looked at, in this walk */
    bool copying;         /* the second walk */
    bool spoiled;         /* a write failed meanwhile: what the copies left out may be lost with it */
    wr_timer next_piece;
    int64_t copied;        /* behind the copies */
    wr_trim_wait trimming; /* the copies are written, what they copy goes */
    wr_state_op rewritten;
};

weir_err wr_state_log_append_record(wr_state_log *log, weir_slice key, weir_slice value, int64_t time_ms);
/* The end of a write that nobody waits for. */
weir_err wr_state_log_end_write(wr_state_log *log);
/* op is told when all that was written so far is durable. */
void wr_state_log_await(wr_state_log *log, wr_state_op *op, void (*done)(wr_state_op *op, weir_err err));

/* ---- state_log_rewrite.c */
void wr_state_log_maybe_rewrite(wr_state_log *log);
void wr_state_log_note_put(wr_state_log *log, weir_slice key); /* a rewrite that is under way needs no copy of it */
void wr_state_log_stop_rewrite(wr_state_log *log);             /* fine when none is under way */
/* Each record of the log from *offset, below `limit`. */
weir_err wr_state_log_walk(wr_state_log *log, int64_t *offset, int64_t limit, size_t size_max,
                           weir_err (*each)(void *user, const wr_record *record), void *user);

#endif
