/* Inside the topics: topics.c finds and opens them, topics_change.c and the files beside it make, change and delete them. */
#ifndef WR_TOPICS_INT_H
#define WR_TOPICS_INT_H

#include "flusher.h"
#include "partition_int.h"
#include "retention.h"
#include "topic_files.h"
#include "topics.h"
#include "upkeep.h"

#include <base/map.h>

struct wr_topics {
    wr_topics_host host;
    wr_topics_config config;
    wr_topic_files files;
    wr_partition_host partition_host;
    wr_flusher *flusher;
    wr_retention *retention;
    wr_upkeep *upkeep;
    wr_map *by_name;
    wr_map *by_id;
    wr_topic **sorted; /* by name */
    size_t count, capacity;
    int32_t partition_count;

    /* ---- topics_change.c */
    wr_map *queues;       /* by name: changes that are asked for or under way */
    wr_list startable;    /* queues whose first change can begin */
    int32_t coming_count; /* partitions that are being made */
    bool closing;         /* nobody is told any more */
    wr_list deleted;      /* topics whose files are still there, the oldest first */
    wr_timer remove_timer;
    wr_work_order remove_order;
    size_t removing_count;

    wr_timer reopen_timer; /* topics_reopen.c: some logs could not be opened */

    struct wr_topics_closing *all_closing; /* topics_close.c; NULL: not under way */
};

/* ---- topics.c */
WEIR_MUST_CHECK weir_err wr_topics_add(wr_topics *topics, wr_topic *topic);
void wr_topics_remove(wr_topics *topics, wr_topic *topic);
/* Without partitions, and with no configuration. NULL: memory. */
wr_topic *wr_topic_new(const char *name, const wr_uuid *id);
void wr_topic_free(wr_topic *topic); /* accepts NULL */
/* Grow the array of partitions; the new ones have no log. */
WEIR_MUST_CHECK weir_err wr_topic_add_partitions(wr_topics *topics, wr_topic *topic, int32_t partition_count);
/* Back to so many, without writing anything. */
void wr_topic_drop_partitions(wr_topic *topic, int32_t partition_count);
void wr_partition_drop(wr_partition *partition); /* frees it and its log, without writing anything */

/* Ends syncs, upkeep, changes and retention; waits for what runs. */
void wr_topics_stop_work(wr_topics *topics);

/* ---- topics_close.c */
void wr_topics_close_cancel(wr_topics *topics); /* waits for the logs that are being closed; nobody is told */

/* ---- topics_reopen.c */
void wr_logs_reopen_later(wr_topics *topics); /* those that may be opened by then */

/* ---- topics_change.c */
WEIR_MUST_CHECK weir_err wr_changes_init(wr_topics *topics);
void wr_changes_begin(wr_topics *topics); /* those whose turn it is */
bool wr_changes_idle(const wr_topics *topics);
void wr_changes_fini(wr_topics *topics); /* waits for those that run; tells nobody */

#endif
