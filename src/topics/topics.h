/* The topics of the data directory: found by name or id, created and deleted so that a crash leaves all or nothing.
 *
 *    create: directories, logs, properties ──▶ live ──grow, configure──▶ live
 *    delete: live ──▶ not found any more ──▶ renamed on the disk ──▶ waits and watchers told ──▶ files removed later
 *
 * Nobody can find a topic whose deletion has begun; a log that a sync still uses outlives it (flusher.h).
 *
 * Appends call nobody: what changed is noted, and wr_topics_settle, which the owner calls at the end of every round of
 * the loop, wakes watchers and hands dirty logs to the flusher. A deletion tells waits and watchers at once.
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

/* ---- changing. Durable when it returns. config may be NULL; else taken on success. Errors: WEIR_E_EXISTS;
 * WEIR_E_LIMIT past the partitions of this broker; WEIR_E_FORMAT name; WEIR_E_IO/FULL/MEMORY. */
WEIR_MUST_CHECK weir_err wr_topics_create(wr_topics *topics, weir_slice name, int32_t partition_count,
                                          wr_topic_config *config, wr_topic **ret_topic);
/* The internal topic: found, or created on first use. */
WEIR_MUST_CHECK weir_err wr_topics_internal(wr_topics *topics, const char *name, wr_topic **ret_topic);
WEIR_MUST_CHECK weir_err wr_topics_grow(wr_topics *topics, wr_topic *topic, int32_t partition_count);
WEIR_MUST_CHECK weir_err wr_topics_delete(wr_topics *topics, wr_topic *topic);
/* Takes config on success, writes it and applies it to the logs. */
WEIR_MUST_CHECK weir_err wr_topics_configure(wr_topics *topics, wr_topic *topic, wr_topic_config *config);

/* ---- life. The data directory is open (data_dir.h); `clean`: the last stop left it in order. The configuration is
 * copied. `deleted` is called for every topic that is deleted, when it cannot be found any more. */
typedef struct wr_topics_host {
    wr_loop *loop;
    const wr_trace *trace;
    void (*deleted)(void *user, weir_slice topic);
    void *user;
} wr_topics_host;

WEIR_MUST_CHECK weir_err wr_topics_open(const wr_topics_host *host, const wr_topics_config *config, bool clean,
                                        wr_topics **ret_topics, weir_failure *failure);
void wr_topics_settle(wr_topics *topics);
bool wr_topics_unsettled(const wr_topics *topics); /* a partition changed since */
/* The broker stops: watchers are woken, and no sync waits for its interval. */
void wr_topics_drain(wr_topics *topics);
bool wr_topics_idle(const wr_topics *topics); /* no sync is under way */
weir_err wr_topics_close(wr_topics *topics);  /* syncs and closes every log; accepts NULL */
void wr_topics_abandon(wr_topics *topics);    /* frees without writing: a power cut in tests */

#endif
