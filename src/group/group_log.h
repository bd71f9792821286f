/* Group state on the disk: record batches in __consumer_offsets-0.
 *
 * A write is: begin, add records, commit. Its op's `done` is called once, later, by the loop, when the records are
 * durable, in the order of the commits as long as all goes well; never from inside a call made here. The topic is
 * created by the first write.
 *
 * Nothing of the past is needed but the last record of every key, and no compaction runs. So, past a size, the log is
 * rewritten by its owner:
 *
 *     start                    cut                                end
 *       | k1 k2 k1' k3 k2+ k1"  |  k3 k1" (copies)  new records …  |
 *       └─── trimmed when ──────┘        durable here
 *
 * roll a segment (cut); copy every record that is the last of its key, and no tombstone, to the end; when the copies
 * are durable, trim to the cut. A crash at any point leaves the same last records. Copies are byte by byte: a group in
 * the middle of a rebalance keeps the generation that was stored, and what a newer version wrote survives. */
#ifndef WR_GROUP_LOG_H
#define WR_GROUP_LOG_H

#include <topics/topics.h>
#include <wire/group_records.h>

typedef struct wr_group_log wr_group_log;

typedef struct wr_group_op {
    void (*done)(struct wr_group_op *op, weir_err err);

    /* ---- private */
    wr_durable_wait wait;
    wr_link link;
    wr_group_log *log;
    weir_err err;
} wr_group_op;

WEIR_MUST_CHECK weir_err wr_group_log_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics,
                                          wr_group_log **ret_log);
/* Every op must have been told or cancelled. Accepts NULL. */
void wr_group_log_free(wr_group_log *log);

/* ---- writing. begin … commit without anything else of this file in between. */
void wr_group_log_begin(wr_group_log *log);
void wr_group_log_offset(wr_group_log *log, weir_slice group, weir_slice topic, int32_t partition,
                         const wr_offset_value *value);                                    /* NULL: tombstone */
void wr_group_log_group(wr_group_log *log, weir_slice group, const wr_group_value *value); /* NULL: tombstone */
/* Caller's storage, until done. Errors given to done: WEIR_E_LIMIT a record is too large, WEIR_E_BROKEN, WEIR_E_IO, …
 * After an error some of the records may be in the log. */
void wr_group_log_commit(wr_group_log *log, wr_group_op *op, void (*done)(wr_group_op *op, weir_err err));
void wr_group_op_cancel(wr_group_op *op); /* the records stay; done is not called */

/* ---- reading at start. Calls `each` for the records of about size_max bytes from *offset on, and moves *offset; at
 * the end *offset is wr_group_log_end. value.data NULL: a tombstone. Records of kinds we do not know are counted in
 * *skipped. */
WEIR_MUST_CHECK weir_err wr_group_log_read(wr_group_log *log, int64_t *offset, size_t size_max,
                                           weir_err (*each)(void *user, const wr_group_key *key, weir_slice value),
                                           void *user, int64_t *skipped, weir_failure *failure);
bool wr_group_log_exists(const wr_group_log *log); /* is there anything to read? */
bool wr_group_log_broken(const wr_group_log *log); /* damaged or failed: nothing can be kept */
bool wr_group_log_waits(const wr_group_log *log);  /* could not be opened, and is tried again */
int64_t wr_group_log_start(const wr_group_log *log);
int64_t wr_group_log_end(const wr_group_log *log);

#endif
