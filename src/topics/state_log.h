/* State on the disk as records with keys: of every key the last record counts, and one without a value (a tombstone) ends
 * it. One topic of the broker's own, with one partition: `__consumer_offsets` now, and whatever else must be remembered by
 * key later. The formats of keys and values are the owner's.
 *
 * A write is: begin, put records, commit. Its op's `done` is called once, later, by the loop, when the records are
 * durable, in the order of the commits as long as all goes well; never from inside a call made here. The topic is
 * created by the first write; writes that come meanwhile are held until it is there, so many that they take little memory:
 * the rest is told WEIR_E_AGAIN.
 *
 * Nothing of the past is needed but the last record of every key, and no compaction runs. So, past a size, the log is
 * rewritten by its owner:
 *
 *     start                    cut                                end
 *       | k1 k2 k1' k3 k2+ k1"  |  k3 k1" (copies)  new records …  |
 *       └─── trimmed when ──────┘        durable here
 *
 * roll a segment (cut); copy every record that is the last of its key, and no tombstone, to the end, a piece in each
 * round of the loop; when the copies are durable, trim to the cut. A crash at any point leaves the same last records. Copies are byte by byte: what a newer
 * version wrote survives, and so does a state that its owner has changed and not put yet. */
#ifndef WR_STATE_LOG_H
#define WR_STATE_LOG_H

#include <topics/topics.h>

typedef struct wr_state_log wr_state_log;

typedef struct wr_state_op {
    void (*done)(struct wr_state_op *op, weir_err err);

    /* ---- private */
    wr_durable_wait wait;
    wr_link link;
    wr_state_log *log;
    wr_buf held; /* batches, while the topic is being made */
    weir_err err;
} wr_state_op;

/* `topic` is borrowed; it need not exist. */
WEIR_MUST_CHECK weir_err wr_state_log_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics, const char *topic,
                                          wr_state_log **ret_log);
/* Every op must have been told or cancelled. Accepts NULL. */
void wr_state_log_free(wr_state_log *log);

/* ---- writing. begin … commit without anything else of this file in between. */
void wr_state_log_begin(wr_state_log *log);
void wr_state_log_put(wr_state_log *log, weir_slice key, weir_slice value); /* value.data NULL: a tombstone */
/* A record could not be made: the write fails with this error. */
void wr_state_log_fail(wr_state_log *log, weir_err err);
/* Caller's storage, until done. Errors given to done: WEIR_E_LIMIT a record is too large, WEIR_E_BROKEN, WEIR_E_IO, …
 * After an error some of the records may be in the log. */
void wr_state_log_commit(wr_state_log *log, wr_state_op *op, void (*done)(wr_state_op *op, weir_err err));
void wr_state_op_cancel(wr_state_op *op); /* the records stay; done is not called */

/* ---- reading at start. Calls `each` for the records of about size_max bytes from *offset on, and moves *offset; at
 * the end *offset is wr_state_log_end. value.data NULL: a tombstone. */
WEIR_MUST_CHECK weir_err wr_state_log_read(wr_state_log *log, int64_t *offset, size_t size_max,
                                           weir_err (*each)(void *user, weir_slice key, weir_slice value), void *user,
                                           weir_failure *failure);
bool wr_state_log_exists(const wr_state_log *log); /* is there anything to read? */
bool wr_state_log_broken(const wr_state_log *log); /* damaged or failed: nothing can be kept */
bool wr_state_log_waits(const wr_state_log *log);  /* could not be opened, and is tried again */
int64_t wr_state_log_start(const wr_state_log *log);
int64_t wr_state_log_end(const wr_state_log *log);

#endif
