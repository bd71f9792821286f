/* The topics of the data directory: found by name or id, created and deleted so that a crash leaves all or nothing.
 *
 *    create: directories, logs, properties ──▶ live ──grow, configure──▶ live
 *    delete: live ──▶ not found any more, waits and watchers told ──▶ renamed on the disk ──▶ files removed later
 *
 * Nobody can find a topic before its creation is durable, nor once its deletion has begun; a log that a sync still uses
 * outlives it (flusher.h). What waits for the disk runs beside the loop, in the order of topics_change.c.
 *
 * Appends call nobody: what changed is noted, and wr_topics_settle, which the owner calls at the end of every round of
 * the loop, wakes watchers and hands dirty logs to the flusher. A deletion tells waits and watchers when its turn comes.
 *
 * Pointers to topics and partitions are valid until the loop's next callback; keep names or ids longer than that. (The
 * internal topic cannot be deleted by clients: its owner may keep it.) */
#ifndef WR_TOPICS_H
#define WR_TOPICS_H

#include <base/trace.h>
#include <io/loop.h>
#include <topics/config.h>
#include <topics/topic.h>
#include <wire/kafka.h>

typedef struct wr_topics wr_topics;

/* ---- finding */
wr_topic *wr_topics_find(wr_topics *topics, weir_slice name);
wr_topic *wr_topics_find_id(wr_topics *topics, const wr_uuid *id);
/* In name order: for (wr_topic *t = wr_topics_next(topics, NULL); t; t = wr_topics_next(topics, t)) */
wr_topic *wr_topics_next(const wr_topics *topics, const wr_topic *after);
size_t wr_topics_count(const wr_topics *topics);
int32_t wr_topics_partition_count(const wr_topics *topics);
/* A topic whose name differs only in '.' against '_', or NULL. */
wr_topic *wr_topics_find_colliding(wr_topics *topics, weir_slice name);
const wr_topics_config *wr_topics_config_of(const wr_topics *topics);

/* ---- changing: beside the loop, since it waits for the disk.
 * Changes of one name happen one after another, in the order of the calls; those of different names beside each other.
 * With WEIR_OK `done` is called once, later, by the loop and never from inside a call, when the change is durable or has
 * failed: `topic` is the topic as it is then, valid during the call; NULL after an error or a deletion. It is not called
 * any more once the topics are closed. Any other result is WEIR_E_MEMORY, and done is not called.
 *
 * Errors told: WEIR_E_EXISTS there is such a topic, or one whose name differs only in '.' against '_'; WEIR_E_NOT_FOUND
 * there is none (any more); WEIR_E_REFUSED a directory of that name is in the way; WEIR_E_LIMIT past the partitions of
 * this broker; WEIR_E_RANGE it has as many partitions already; WEIR_E_FORMAT name; WEIR_E_IO/FULL/MEMORY. */
typedef void wr_topic_done(void *user, weir_err err, wr_topic *topic);

/* config may be NULL; it is taken with WEIR_OK. */
WEIR_MUST_CHECK weir_err wr_topics_create(wr_topics *topics, weir_slice name, int32_t partition_count,
                                          wr_topic_config *config, wr_topic_done *done, void *user);
/* A topic of the broker's own, with one partition that is never shortened. WEIR_E_EXISTS: it can be found. */
WEIR_MUST_CHECK weir_err wr_topics_create_internal(wr_topics *topics, const char *name, wr_topic_done *done,
                                                   void *user);
WEIR_MUST_CHECK weir_err wr_topics_grow(wr_topics *topics, weir_slice name, int32_t partition_count,
                                        wr_topic_done *done, void *user);
/* Writes config and applies it to the logs; it is taken with WEIR_OK. `based_on` is the topic's config_count that it was
 * made from: WEIR_E_AGAIN is told when another change came in between. -1: it replaces whatever there is. */
WEIR_MUST_CHECK weir_err wr_topics_configure(wr_topics *topics, weir_slice name, wr_topic_config *config,
                                             int64_t based_on, wr_topic_done *done, void *user);
/* The topic cannot be found any more when its turn comes, and who waits for its partitions is told then. */
WEIR_MUST_CHECK weir_err wr_topics_delete(wr_topics *topics, weir_slice name, wr_topic_done *done, void *user);

/* ---- life. The data directory is open (data_dir.h); `clean`: the last stop left it in order. The configuration is
 * copied. `deleted` is called for every topic that is deleted, when that is durable. */
typedef struct wr_topics_host {
    wr_loop *loop;
    const wr_trace *trace;
    void (*deleted)(void *user, weir_slice topic);
    void *user;
} wr_topics_host;

WEIR_MUST_CHECK weir_err wr_topics_open(const wr_topics_host *host, const wr_topics_config *config, bool clean,
                                        wr_topics **ret_topics, weir_failure *failure);
void wr_topics_settle(wr_topics *topics);
bool wr_topics_unsettled(const wr_topics *topics); /* a partition changed since, or a change can begin */
/* The broker stops: watchers are woken, and no sync waits for its interval. */
void wr_topics_drain(wr_topics *topics);
bool wr_topics_idle(const wr_topics *topics); /* no sync and no change is under way */
/* False: some partition is closed, and what is in its directory was not read by this process, nor made durable. */
bool wr_topics_all_open(const wr_topics *topics);
/* Syncs and closes every log, beside the loop. WEIR_OK: the loop calls done when they are closed and the topics are freed,
 * with the first error. Any other result: nothing was closed, the topics are freed as by abandon, and done is not called.
 * Meanwhile only wr_topics_abandon may be called. */
WEIR_MUST_CHECK weir_err wr_topics_close(wr_topics *topics, void (*done)(void *user, weir_err err), void *user);
void wr_topics_abandon(wr_topics *topics); /* frees without writing more: as in a crash; accepts NULL */

#endif
