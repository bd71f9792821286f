/* Upkeep of logs, beside the loop (journal/log.h says what it is), and deletions of records, which wait for it.
 *
 *    (none) ──note──▶ noted ──settling──▶ under way ──returned──▶ (none), or noted: more is due, or records are to go
 *                       └── nothing is due ──▶ (none)
 *
 * One upkeep of a log is under way at a time. The log stays the loop's meanwhile: everybody appends, reads and syncs, since
 * the work touches nothing but files, which it finds by name. So the directory must stay where it is: the deletion of a
 * topic waits for the upkeep of its logs before it renames anything, and closing a log waits too. Retention and deletions
 * of records that come meanwhile go with the next one.
 *
 * A deletion of records ends when the log begins where it was told to, durably; or with the error of the upkeep that was
 * to do it. If what is to be deleted, or to stand instead of it, is not on the disk yet, it is synced first, whatever the
 * flush setting is. */
#ifndef WR_UPKEEP_H
#define WR_UPKEEP_H

#include "flusher.h"
#include "retention.h"

#include <base/trace.h>
#include <io/loop.h>
#include <topics/partition.h>

typedef struct wr_upkeep wr_upkeep;

/* flusher and retention are borrowed. */
WEIR_MUST_CHECK weir_err wr_upkeep_new(wr_loop *loop, const wr_trace *trace, wr_flusher *flusher,
                                       wr_retention *retention, wr_upkeep **ret_upkeep);
/* Accepts NULL; waits for what is under way. Records that were to be deleted are not, and nobody is told. */
void wr_upkeep_free(wr_upkeep *upkeep);
/* Something may be due, or a deletion of records waits: look when settling. */
void wr_upkeep_note(wr_upkeep *upkeep, wr_partition *partition);
void wr_upkeep_kick(wr_upkeep *upkeep);            /* begins what is due */
bool wr_upkeep_unsettled(const wr_upkeep *upkeep); /* some are noted */
bool wr_upkeep_idle(const wr_upkeep *upkeep);      /* none is noted or under way */

#endif
