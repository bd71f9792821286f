/* Inside the topics: topics.c finds and opens them, topics_change.c makes, changes and deletes them. */
#ifndef WR_TOPICS_INT_H
#define WR_TOPICS_INT_H

#include "flusher.h"
#include "partition_int.h"
#include "retention.h"
#include "topic_files.h"
#include "topics.h"

#include <base/map.h>

/* A deleted topic whose files are still there. */
typedef struct deleted_topic {
    wr_link link;
    wr_uuid id;
    int32_t partition_count;
    int64_t due_us;
    char name[];
} deleted_topic;

struct wr_topics {
    wr_topics_host host;
    wr_topics_config config;
    wr_topic_files files;
    wr_partition_host partition_host;
    wr_flusher *flusher;
    wr_retention *retention;
    wr_map *by_name;
    wr_map *by_id;
    wr_topic **sorted; /* by name */
    size_t count, capacity;
    int32_t partition_count;
    bool clean;      /* while opening */
    wr_list deleted; /* the oldest first */
    wr_timer remove_timer;
    wr_timer reopen_timer; /* logs.c: some logs could not be opened */
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

#endif
