/* The logs of partitions: opening them, opening them again when that failed for a reason that passes, and saying what
 * becomes of them, once per change.
 *
 *    closed ──open──▶ open ──refused──▶ full ──written──▶ open         (journal/log.h has the whole machine)
 *      │ ▲                  └──sync failed──▶ broken
 *      │ └── REOPEN_MS later: no room, no descriptors, an error of the disk
 *      └── damaged: stays closed until somebody repairs the directory and starts the broker anew */
#ifndef WR_LOGS_H
#define WR_LOGS_H

#include "partition_int.h"
#include "topics.h"

/* Open the log of a partition; what keeps it closed is logged. */
void wr_logs_open(wr_topics *topics, wr_partition *partition, const wr_log_config *config);
/* Its log has become full, open again or broken, or damage was found: log it. Called when one of its calls has returned. */
void wr_logs_tell(wr_topics *topics, wr_partition *partition);

#endif
