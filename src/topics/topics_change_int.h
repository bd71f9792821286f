/* Inside the changes of topics: topics_change.c has the queues and the steps, topics_make.c creates and grows,
 * topics_delete.c configures and deletes, topics_reopen.c opens logs again. */
#ifndef WR_TOPICS_CHANGE_INT_H
#define WR_TOPICS_CHANGE_INT_H

#include "topics_int.h"

#include <stdatomic.h>

enum {
    WR_CHANGE_WORKER_COUNT = 4,   /* that make the partitions of one topic */
    WR_PARTITIONS_PER_WORKER = 8, /* fewer are not worth another worker */
};

typedef struct name_queue {
    wr_link startable_link;
    wr_list changes; /* the first is under way, unless the queue is startable */
    wr_work_order orders[WR_CHANGE_WORKER_COUNT];
    bool running;
    char name[];
} name_queue;

typedef struct topic_change {
    wr_link link;
    wr_topics *topics;
    name_queue *queue;
    const struct change_kind *kind;
    wr_topic_done *done;
    void *user;

    wr_topic *topic;           /* found, or being made */
    wr_topic_config *config;   /* to be set */
    int64_t based_on;          /* the topic's config_count that it was made from; -1: any */
    bool uncertain;            /* it failed, and which settings the disk has is not known */
    int32_t partition_count;   /* of the topic afterwards; of a deleted one */
    wr_partition **partitions; /* that are being made: from `first` on */
    int32_t first, made_count;
    bool *on_disk;     /* of each of them: it has a directory of ours */
    atomic_int next;   /* that no worker has taken */
    int working_count; /* workers */
    int held_count;    /* logs whose upkeep must return before anything runs */
    weir_err err;      /* of the first worker that failed */
    wr_timer again;    /* there was no memory to go on */
    wr_log_config log_config;
    struct wr_log_openings *openings; /* of logs that are opened again */
    wr_uuid id;                       /* of a deleted one */
} topic_change;

/* What a kind of change does in each step; an error of one step skips the next. */
typedef struct change_kind {
    weir_err (*begin)(topic_change *change);
    weir_err (*prepare)(topic_change *change); /* on several workers at once; NULL: nothing is prepared */
    weir_err (*run)(topic_change *change);     /* on a worker, also when preparing failed (change->err); NULL */
    void (*finish)(topic_change *change, weir_err err); /* after run, whatever came of it */
} change_kind;

/* ---- topics_change.c */
WEIR_MUST_CHECK weir_err wr_change_ask(wr_topics *topics, const change_kind *kind, weir_slice name,
                                       int32_t partition_count, wr_topic_config *config, wr_topic_done *done,
                                       void *user, topic_change **ret_change);
/* For `begin`'s held_count: one of them has returned. */
void wr_change_release(void *change);
/* For `finish`: the change is over, and told; the next one of its name can begin. Frees the change. */
void wr_change_end(topic_change *change, weir_err err, wr_topic *topic);

/* ---- topics_delete.c */
void wr_removals_fini(wr_topics *topics); /* waits for the one that runs */

#endif
