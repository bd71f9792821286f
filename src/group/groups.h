/* The group coordinator: all groups of this broker, their committed offsets, and their way to the disk and back.
 *
 *                     wr_groups_new                  every record read
 *        (nothing) ─────────────────▶ LOADING ───────────────────────────▶ READY
 *                                        └──────▶ FAILED  the log is damaged: COORDINATOR_NOT_AVAILABLE until repaired
 *
 * LOADING reads a piece per round of the loop, so that the broker serves everything else meanwhile; a small log is read
 * before wr_groups_new returns. What passes (a disk that does not read, no memory) is tried again every second.
 *
 * What is answered is durable: a generation's assignment, an offset commit, a deletion leave only when their records
 * are. Until then a committed offset is not shown either, so nobody reads what a power cut could take back.
 *
 * Heartbeats touch a member's deadline and nothing else. Every group has one timer, and only while it has members; it
 * is not moved by heartbeats: when it fires it looks at the deadlines and starts anew. One more timer waits for the
 * next offset to expire, and runs only while there is one. */
#ifndef WR_GROUPS_H
#define WR_GROUPS_H

#include <base/trace.h>
#include <group/group.h>
#include <group/offsets.h>
#include <io/loop.h>
#include <topics/topics.h>

typedef struct wr_groups wr_groups;

typedef struct wr_groups_config {
    int64_t session_min_ms, session_max_ms;
    int64_t initial_delay_ms; /* group.initial.rebalance.delay.ms */
    int32_t member_count_max; /* of one group */
    int32_t group_count_max;
    int64_t offsets_retention_ms;
    int64_t offsets_check_ms;
} wr_groups_config;

/* ---- life. The topics are open; all that is handed in must outlive the groups. new: reads __consumer_offsets if it
 * exists. stop: kept requests get their last answer, because the broker drains. free: answers nothing any more; called
 * when no request waits. topic_deleted: its committed offsets go. */
WEIR_MUST_CHECK weir_err wr_groups_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics,
                                       const wr_groups_config *config, wr_groups **ret_groups, weir_failure *failure);
void wr_groups_free(wr_groups *groups); /* accepts NULL */
void wr_groups_topic_deleted(wr_groups *groups, weir_slice topic);
void wr_groups_stop(wr_groups *groups);

/* NONE, or what every request about groups is answered: COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE. */
int16_t wr_groups_ready(wr_groups *groups);
int64_t wr_groups_now_ms(const wr_groups *groups); /* the clock of group.h */

/* ---- finding. Pointers are valid until the loop's next callback, or as long as somebody waits for the group. */
wr_group *wr_groups_find(const wr_groups *groups, weir_slice id);
/* Found or made. NULL: *ret_error says why not. */
wr_group *wr_groups_obtain(wr_groups *groups, weir_slice id, int16_t *ret_error);
/* In no order: for (size_t at = 0; (group = wr_groups_next(groups, &at));) */
wr_group *wr_groups_next(const wr_groups *groups, size_t *at);
size_t wr_groups_count(const wr_groups *groups);
const wr_offsets *wr_groups_offsets(const wr_group *group);
/* After requests that changed the group: its timer starts; a group that is nothing (any more) goes. */
void wr_groups_settle(wr_groups *groups, wr_group *group);

/* ---- what JoinGroup and SyncGroup wait with: their handlers embed this. */
typedef struct wr_group_waiter {
    void (*joined)(struct wr_group_waiter *waiter, const wr_group_joined *answer);
    void (*synced)(struct wr_group_waiter *waiter, const wr_group_synced *answer);
} wr_group_waiter;

/* ---- durable changes. Each calls done once, later, by the loop; `user` must live until then. Errors are Kafka's. */
typedef void (*wr_groups_done)(void *user, int16_t error);

typedef struct wr_group_commit {
    weir_slice topic;
    wr_offset offset;
    bool taken_back; /* begins false; the topic was deleted while the commit was under way */
} wr_group_commit;

/* `commits` borrowed, with the names of their topics, until done. Whether the member may is asked before (wr_group_check_commit). */
void wr_groups_commit(wr_groups *groups, wr_group *group, wr_group_commit *commits, size_t count, wr_groups_done done,
                      void *user);
/* Forget offsets: only topic and partition of each are looked at. */
void wr_groups_delete_offsets(wr_groups *groups, wr_group *group, wr_group_commit *commits, size_t count,
                              wr_groups_done done, void *user);
/* The groups' records and offsets: WR_KAFKA_NONE, and then it is gone from here at once, or why not. */
int16_t wr_groups_check_delete(const wr_groups *groups, const wr_group *group);
void wr_groups_delete(wr_groups *groups, wr_group *const *deleted, size_t count, wr_groups_done done, void *user);
/* May one more offset be kept? */
bool wr_groups_affords(const wr_groups *groups, const wr_group *group, const wr_group_commit *commit);

/* When an offset expires whose commit named a retention (OffsetCommit v2 to v4), however long. */
int64_t wr_groups_expire_ms(int64_t now_ms, int64_t retention_ms);

#endif
