/* Inside a partition, and what the rest of the room does to it. */
#ifndef WR_PARTITION_INT_H
#define WR_PARTITION_INT_H

#include <io/loop.h>
#include <topics/config.h>
#include <topics/partition.h>

/* What the partitions of one broker have in common. */
typedef struct wr_partition_host {
    wr_flush flush;
    wr_list changed; /* partitions to be settled */
    void (*appended)(void *user, wr_partition *partition);
    void (*keep_up)(void *user, wr_partition *partition); /* its log may need upkeep, or records are to be deleted */
    void (*told)(void *user, wr_partition *partition);    /* its log may have changed its state */
    void *user;
} wr_partition_host;

struct wr_partition {
    wr_partition_host *host;
    wr_topic *topic; /* NULL: deleted */
    int32_t index;
    wr_log *log;           /* NULL: damaged or failed to open */
    weir_err closed_for;   /* why it failed to open */
    bool told_closed;      /* and that was logged */
    wr_list durable_waits; /* by offset */
    wr_list watchers;
    wr_link changed_link;

    /* ---- flusher.c */
    struct wr_flusher *flusher; /* that has it marked */
    wr_link dirty_link;         /* of the dirty ones, or of those that are synced */
    wr_work_order sync_order;
    wr_log_ticket ticket;
    bool syncing;
    bool dirty_again;
    bool detached; /* its topic was deleted */

    /* ---- retention.c */
    wr_link retained_link;
    int64_t retain_after_us; /* upkeep failed: not to be asked before, nor kept up */

    /* ---- upkeep.c */
    wr_list trims; /* deletions of records that have not ended */
    struct wr_upkeep *upkeep;
    wr_link upkeep_link; /* of those that are noted, or of those under way */
    wr_work_order upkeep_order;
    wr_log_upkeep *log_upkeep; /* under way */
    void (*left)(void *user);  /* called when it has ended and the partition is detached; NULL: nobody waits */
    void *left_user;
};

/* log may be NULL. The partition's memory is the caller's. */
void wr_partition_init(wr_partition *partition, wr_partition_host *host, wr_topic *topic, int32_t index, wr_log *log);
/* A call of its log has returned: say what became of it. */
void wr_partition_tell(wr_partition *partition);
/* What watchers wait for has changed: wake them at settling. */
void wr_partition_changed(wr_partition *partition);
/* Called by settling: wake every watcher. */
void wr_partition_settle(wr_partition *partition);
/* Called after a sync: release waits that are durable now, or all of them with the log's error. */
void wr_partition_synced(wr_partition *partition);
/* The log has changed, so that upkeep may be due. */
void wr_partition_keep_up(wr_partition *partition);
/* Tells the deletions of records that have ended, and asks the log for those that can begin. */
void wr_partition_pursue_trims(wr_partition *partition);
/* Upkeep has failed: tells those that the log was asked for, and does not do. */
void wr_partition_fail_trims(wr_partition *partition, weir_err err);
/* Nothing could be synced: tells those that wait for that. */
void wr_partition_unsynced(wr_partition *partition, weir_err err);
/* The topic is gone: release waits with WEIR_E_NOT_FOUND and wake watchers, now. */
void wr_partition_detach(wr_partition *partition);
/* A detached partition: abandons its log and frees it, unless a sync or upkeep is under way, which then calls this again. */
void wr_partition_leave(wr_partition *partition);

#endif
