/* Inside the coordinator: what its files share. groups.c has the groups and their timers, groups_work.c writes,
 * groups_load.c reads at the start, groups_expiry.c and groups_gone.c forget. */
#ifndef WR_GROUPS_INT_H
#define WR_GROUPS_INT_H

#include <base/list.h>
#include <base/map.h>
#include <group/group_log.h>
#include <group/groups.h>
#include <wire/kafka.h>

#include <assert.h>
#include <stdlib.h>

enum {
    OFFSETS_SIZE_MAX = 64 << 20, /* all committed offsets in memory, bytes */
    MEMBERS_SIZE_MAX = 64 << 20,
    LATE_MS = 1000, /* a group's timer that fires so late: the broker was asleep */
};

/* One group with what surrounds it. */
typedef struct entry {
    wr_groups *groups;
    wr_group *group;
    wr_offsets offsets;
    wr_list gone; /* wr_offset_topic: of deleted topics, and the log may not know that */
    wr_timer timer;
    int64_t state_time_ms; /* wall clock of the last change of state; -1: unknown */
    size_t work_count;     /* writes under way */
    size_t commit_count;   /* of which commits */
    bool kept;             /* has a record in the log */
    bool dead;             /* deleted; freed with its last work */
    uint8_t *image;        /* while loading: the last group record's value */
    size_t image_size;
} entry;

/* A write on its way to the disk. */
typedef struct work {
    wr_state_op op;
    wr_link link;
    wr_groups *groups;
    entry *of; /* NULL: of no group, or of several */
    void (*finish)(struct work *work, weir_err err);
    uint64_t ticket;
    wr_group_commit *commits;
    size_t count;
    bool has_taken_back; /* some of them */
    wr_groups_done done;
    void *user;
} work;

struct wr_groups {
    wr_loop *loop;
    const wr_trace *trace;
    wr_topics *topics;
    wr_groups_config config;
    bool stopping;
    wr_group_log *log;
    wr_group_host host;
    wr_map *by_id; /* entries */
    wr_list works;
    int64_t offsets_size;

    enum { LOADING, READY, FAILED } phase;
    int64_t load_offset;
    int64_t load_start_us;
    int64_t skipped; /* records of unknown kinds */
    wr_timer load;
    bool told_again; /* that loading is tried again */

    wr_timer sweep; /* the next offset that may expire */

    wr_timer gone_again; /* tombstones for what is gone could not be written */
    uint64_t tombstone_ticket;
    bool told_gone;
    wr_offsets deleted_meanwhile; /* topics that were deleted while groups are loaded: their names with partition 0 */
};

/* ---- groups.c */
static inline int64_t wall_ms(const wr_groups *groups)
{
    return wr_now_ms(wr_loop_io(groups->loop));
}
static inline entry *entry_of(const wr_group *group)
{
    return wr_group_owner(group);
}
entry *wr_groups_find_entry(const wr_groups *groups, weir_slice id);
weir_err wr_groups_add_entry(wr_groups *groups, weir_slice id, entry **ret_entry);
/* Gone from here; whoever still works for it keeps its memory. */
void wr_groups_remove_entry(wr_groups *groups, entry *item);
void wr_groups_free_entry(entry *item);
int16_t wr_groups_error(weir_err err);

/* ---- groups_work.c */
/* NULL: memory. Then wr_group_log_begin, records, wr_groups_send. */
work *wr_groups_work(wr_groups *groups, entry *of, void (*finish)(work *work, weir_err err));
void wr_groups_send(work *work);
void wr_groups_nobody_waits(work *done, weir_err err);
void wr_groups_drop_works(wr_groups *groups);
void wr_groups_store(void *user, wr_group *group, uint64_t ticket);
/* The topic was deleted: of commits to it that are under way the records go again, right behind them and before those of a
 * topic that takes the name, and nothing is kept when they are done. Not earlier than that: a topic whose deletion failed
 * comes back, and what was committed to it counts. */
void wr_groups_take_back(wr_groups *groups, weir_slice topic);
/* Whether the group has a commit to the topic under way, other than one that is taken back. */
bool wr_groups_is_committing(const wr_groups *groups, const entry *item, weir_slice topic);
/* Tombstones for everything the entry has in the log; adds to a write that has begun. */
void wr_groups_remove_records(wr_groups *groups, entry *item);

/* ---- groups_load.c */
void wr_groups_load(wr_groups *groups);
void wr_groups_load_later(wr_groups *groups, int64_t duration_ms); /* goes on, or tries again */

/* ---- groups_expiry.c */
/* When something of the entry expires (wall clock); INT64_MAX: nothing, as things are. */
int64_t wr_groups_due(const entry *item);
/* Something may expire at that time. */
void wr_groups_sweep_by(wr_groups *groups, int64_t due_ms);
void wr_groups_sweep_after(wr_groups *groups, const entry *item);
/* Remove the offsets for which `expired` holds, with tombstones that nobody waits for. Without memory for them they stay. */
void wr_groups_prune(wr_groups *groups, entry *item,
                     bool (*expired)(void *user, const entry *item, weir_slice topic, const wr_offset *offset),
                     void *user);

/* ---- groups_gone.c */
void wr_groups_take_gone(wr_groups *groups); /* groups are loaded: offsets of topics that are not there go */
void wr_groups_put_gone(entry *item, const wr_group_commit *commits, size_t count); /* those that were taken back */
void wr_groups_write_tombstones(wr_groups *groups); /* tries to write the tombstones that are missing */
void wr_groups_free_gone(entry *item);

#endif
