/* The simulated cluster's insides. Memory is asserted to be there: this is a tool of tests. */
#ifndef WR_SIM_INT_H
#define WR_SIM_INT_H

#include "sim.h"
#include <client/client_int.h>

#include <base/list.h>

#include <pthread.h>
#include <stdatomic.h>

typedef struct sim_partition {
    wr_client_record **records; /* each with its bytes in one allocation */
    size_t count, capacity;
} sim_partition;

typedef struct sim_topic {
    wr_link link;
    char *name;
    wr_topic_id id;
    sim_partition *partitions;
    int32_t partition_count;
    char **configs; /* name, value, name, value, … */
    size_t config_count;
} sim_topic;

typedef struct sim_committed {
    wr_link link;
    char *topic;
    int32_t partition;
    int64_t offset;
} sim_committed;

/* A rebalance is a round. Everybody gives back for the round at a poll; when all have, each takes its share. */
typedef struct sim_group {
    wr_link link;
    char *name;
    uint64_t round;
    wr_list members; /* sim_consumer.member, as they joined */
    wr_list committed;
} sim_group;

struct wr_sim_cluster {
    wr_sim_options options;
    uint64_t random;
    uint64_t id_count; /* topics made */
    wr_list topics, groups, producers, consumers;
    pthread_mutex_t
        ends_lock; /* topics and counts of records are changed under it: wr_consumer_end reads them anywhere */
    pthread_mutex_t shared_lock, changes_lock; /* sim_shared.c */
    pthread_cond_t changed;
    unsigned changes;
    bool down, hold_appends, hold_acks, hold_looks;
    char *refuse_topic; /* NULL: any */
    size_t refuse_count;
    bool refuse_appended; /* the next that is refused is appended all the same */
};

typedef struct sim_client {
    wr_client door;
    wr_sim_cluster *cluster;
} sim_client;

typedef struct sim_owned {
    sim_topic *topic;
    int32_t partition;
    int64_t position, end_told;
    bool paused;
    wr_topic_id told_id;
} sim_owned;

typedef struct sim_consumer {
    wr_consumer door;
    wr_sim_cluster *cluster;
    wr_consumer_options options;
    sim_group *group; /* NULL: assigned by hand */
    wr_link link, member;
    char **topics;
    size_t topic_count;
    sim_owned *owned;
    size_t owned_count, turn;
    int64_t looks;
    uint64_t given_round, taken_round;
    bool expired, broken, told_down;
    atomic_bool woken;
    wr_client_record *out;
    size_t out_count, out_capacity;
} sim_consumer;

void *wr_sim_alloc(size_t size); /* zeroed; asserts */
char *wr_sim_dup(const char *text);
uint64_t wr_sim_random(wr_sim_cluster *cluster, uint64_t below); /* below > 0 */
int64_t wr_sim_now(const wr_sim_cluster *cluster);
void wr_sim_wait(wr_sim_cluster *cluster, int timeout_ms);

sim_topic *wr_sim_topic_find(const wr_sim_cluster *cluster, const char *name);
sim_topic *wr_sim_topic_make(wr_sim_cluster *cluster, const char *name, int32_t partition_count);
sim_topic *wr_sim_topic_auto(wr_sim_cluster *cluster, const char *name); /* NULL: unknown, and not to be made */
void wr_sim_topic_remove(wr_sim_cluster *cluster, sim_topic *topic);
/* record->partition must be one of the topic's; returns the offset. */
int64_t wr_sim_put(wr_sim_cluster *cluster, sim_topic *topic, const wr_client_record *record, int32_t partition);
wr_client_record *wr_sim_record_copy(const wr_client_record *record);

sim_group *wr_sim_group_find(const wr_sim_cluster *cluster, const char *name);
sim_group *wr_sim_group_get(wr_sim_cluster *cluster, const char *name);
void wr_sim_group_remove(sim_group *group); /* which has no members */
bool wr_sim_subscribed(const sim_consumer *consumer, const char *topic);
void wr_sim_producers_ready(wr_sim_cluster *cluster); /* something may move now */
void wr_sim_producers_release(wr_sim_cluster *cluster, size_t count);

weir_err wr_sim_reach(wr_client *, int, weir_failure *);
weir_err wr_sim_producer_new(wr_client *, const wr_producer_options *, wr_producer **, weir_failure *);
weir_err wr_sim_consumer_new(wr_client *, const wr_consumer_options *, wr_consumer **, weir_failure *);
weir_err wr_sim_describe(wr_client *, const char *, bool, int, weir_arena *, wr_cluster_info *, weir_failure *);
weir_err wr_sim_create_topic(wr_client *, const char *, int32_t, int16_t, const weir_attribute *, size_t, int,
                             weir_failure *);
weir_err wr_sim_delete_topic(wr_client *, const char *, int, weir_failure *);
weir_err wr_sim_topic_config(wr_client *, const char *, int, weir_arena *, const wr_config_info **, size_t *,
                             weir_failure *);
weir_err wr_sim_broker_config(wr_client *, int32_t, int, weir_arena *, const wr_config_info **, size_t *,
                              weir_failure *);
weir_err wr_sim_set_topic_config(wr_client *, const char *, const weir_attribute *, size_t, bool, int, weir_failure *);
weir_err wr_sim_add_partitions(wr_client *, const char *, int32_t, bool, int, weir_failure *);
weir_err wr_sim_set_group_offsets(wr_client *, const char *, const wr_assignment *, size_t, int, weir_failure *);
weir_err wr_sim_delete_group(wr_client *, const char *, int, weir_failure *);
weir_err wr_sim_offset_at(wr_client *, const char *, int32_t, int64_t, int, int64_t *, weir_failure *);
weir_err wr_sim_groups(wr_client *, int, weir_arena *, const wr_group_info **, size_t *, weir_failure *);
weir_err wr_sim_group(wr_client *, const char *, int, weir_arena *, wr_group_info *, weir_failure *);

#endif
