/* Deleting old segments. A timer runs only while a log said that something will be due; an idle broker has none.
 *
 *    noted ──timer──▶ asked ──it said when──▶ noted, with the earliest time of all
 *                       ├──something is due now──▶ upkeep does it, and asks again
 *                       └──nothing will be due──▶ forgotten, until it is noted again
 *
 * Of many that are to be asked at once each round of the loop asks a few. */
#ifndef WR_RETENTION_H
#define WR_RETENTION_H

#include <base/trace.h>
#include <io/loop.h>
#include <topics/partition.h>

typedef struct wr_retention wr_retention;

/* check_ms: log.retention.check.interval.ms. */
WEIR_MUST_CHECK weir_err wr_retention_new(wr_loop *loop, const wr_trace *trace, int64_t check_ms,
                                          wr_retention **ret_retention);
/* Every partition must be gone or forgotten. Accepts NULL. */
void wr_retention_free(wr_retention *retention);
/* The log has grown, was shortened or configured anew: look again, at the latest after check_ms. */
void wr_retention_note(wr_retention *retention, wr_partition *partition);
/* Its log was kept up: ask it now when something will be due. */
void wr_retention_ask(wr_retention *retention, wr_partition *partition);
/* Its log could not be kept up: ask it some time later. */
void wr_retention_postpone(wr_retention *retention, wr_partition *partition);
void wr_retention_forget(wr_partition *partition); /* it will be freed */

#endif
