/* Group state on the disk: records of a state log (topics/state_log.h) in __consumer_offsets-0, in Kafka's formats
 * (wire/group_records.h). One record for each committed offset and one for each group; a deleted one has no value. */
#ifndef WR_GROUP_LOG_H
#define WR_GROUP_LOG_H

#include <topics/state_log.h>
#include <wire/group_records.h>

typedef struct wr_group_log wr_group_log;

WEIR_MUST_CHECK weir_err wr_group_log_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics,
                                          wr_group_log **ret_log);
/* Every op must have been told or cancelled. Accepts NULL. */
void wr_group_log_free(wr_group_log *log);

/* ---- writing. begin … commit without anything else of this file in between. */
void wr_group_log_begin(wr_group_log *log);
void wr_group_log_offset(wr_group_log *log, weir_slice group, weir_slice topic, int32_t partition,
                         const wr_offset_value *value);                                    /* NULL: tombstone */
void wr_group_log_group(wr_group_log *log, weir_slice group, const wr_group_value *value); /* NULL: tombstone */
/* As wr_state_log_commit. */
void wr_group_log_commit(wr_group_log *log, wr_state_op *op, void (*done)(wr_state_op *op, weir_err err));

/* ---- reading at start, as wr_state_log_read. Records of kinds we do not know are counted in *skipped. */
WEIR_MUST_CHECK weir_err wr_group_log_read(wr_group_log *log, int64_t *offset, size_t size_max,
                                           weir_err (*each)(void *user, const wr_group_key *key, weir_slice value),
                                           void *user, int64_t *skipped, weir_failure *failure);
const wr_state_log *wr_group_log_state(const wr_group_log *log); /* what its door says of it */

#endif
