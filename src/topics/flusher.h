/* The flusher: makes what was appended durable, off the loop's thread.
 *
 *    append ──mark──▶ dirty ──kick──▶ syncing ──done──▶ clean          (append while syncing: dirty again)
 *
 * Each dirty log has one sync under way at most, which covers everything appended to it before the sync began; whatever
 * is appended meanwhile goes with its next one (group commit). Logs are synced beside each other, by the loop's workers,
 * each with its own answer: a slow sync holds nobody else's, and a failed one breaks its log and no other. A sync that
 * cannot be started (no memory, no thread) says nothing about the disk: the log stays dirty, and it is tried again a
 * second later. */
#ifndef WR_FLUSHER_H
#define WR_FLUSHER_H

#include <base/trace.h>
#include <io/loop.h>
#include <topics/config.h>
#include <topics/partition.h>

typedef struct wr_flusher wr_flusher;

WEIR_MUST_CHECK weir_err wr_flusher_new(wr_loop *loop, const wr_trace *trace, const wr_topics_config *config,
                                        wr_flusher **ret_flusher);
void wr_flusher_free(wr_flusher *flusher); /* accepts NULL; waits for the syncs that run */
/* The partition's log has grown. Does nothing when the flush setting is none. */
void wr_flusher_mark(wr_flusher *flusher, wr_partition *partition);
/* Sync it with the next kick, whatever the flush setting is. While a sync of it is under way: nothing; ask again then. */
void wr_flusher_sync(wr_flusher *flusher, wr_partition *partition);
/* Start a sync for every dirty log that has none; with flush=interval, when the interval has passed. */
void wr_flusher_kick(wr_flusher *flusher);
/* From now on the interval is not waited for. */
void wr_flusher_drain(wr_flusher *flusher);
/* Take a partition whose topic was deleted: it is synced no more. The caller lets it leave (partition_int.h). */
void wr_flusher_take(wr_flusher *flusher, wr_partition *partition);
bool wr_flusher_idle(const wr_flusher *flusher); /* no sync is under way */

#endif
