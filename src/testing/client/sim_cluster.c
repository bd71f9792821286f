/* The simulated cluster itself: topics, records, committed offsets, and the switches for faults that are its own. */
#include "sim_int.h"

#include <base/array.h>
#include <base/hash.h>

#include <assert.h>
#include <stdlib.h>

enum { STANDING_CLOCK_MS_HIGH = 1700000 }; /* × 1,000,000 */

void *wr_sim_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    assert(memory);
    return memory;
}

char *wr_sim_dup(const char *text)
{
    size_t size = strlen(text) + 1;
    return memcpy(wr_sim_alloc(size), text, size);
}

/* splitmix64 */
uint64_t wr_sim_random(wr_sim_cluster *cluster, uint64_t below)
{
    uint64_t mixed = cluster->random += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return (mixed ^ mixed >> 31) % below;
}

int64_t wr_sim_now(const wr_sim_cluster *cluster)
{
    return cluster->options.now_ms ? cluster->options.now_ms(cluster->options.clock)
                                   : (int64_t)STANDING_CLOCK_MS_HIGH * 1000000;
}

void wr_sim_wait(wr_sim_cluster *cluster, int timeout_ms)
{
    if (cluster->options.wait && timeout_ms != 0)
        cluster->options.wait(cluster->options.wait_user, timeout_ms);
}

/* ---- life */

wr_sim_cluster *wr_sim_cluster_new(const wr_sim_options *options)
{
    wr_sim_cluster *cluster = wr_sim_alloc(sizeof(*cluster));
    cluster->options = *options;
    cluster->random = options->seed;
    pthread_mutexattr_t recursive; /* a consumer's callbacks use the consumer */
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&cluster->shared_lock, &recursive);
    pthread_mutexattr_destroy(&recursive);
    pthread_mutex_init(&cluster->changes_lock, NULL);
    pthread_cond_init(&cluster->changed, NULL);
    pthread_mutex_init(&cluster->ends_lock, NULL);
    wr_list_init(&cluster->topics);
    wr_list_init(&cluster->groups);
    wr_list_init(&cluster->producers);
    wr_list_init(&cluster->consumers);
    return cluster;
}

static void group_free(sim_group *group)
{
    wr_link *link;
    assert(wr_list_empty(&group->members));
    while ((link = wr_list_pop(&group->committed))) {
        sim_committed *committed = WR_LIST_ITEM(link, sim_committed, link);
        free(committed->topic);
        free(committed);
    }
    free(group->name);
    free(group);
}

void wr_sim_group_remove(sim_group *group)
{
    wr_link_remove(&group->link);
    group_free(group);
}

void wr_sim_topic_remove(wr_sim_cluster *cluster, sim_topic *topic)
{
    pthread_mutex_lock(&cluster->ends_lock);
    wr_link_remove(&topic->link);
    pthread_mutex_unlock(&cluster->ends_lock);
    for (wr_link *link = wr_list_first(&cluster->consumers); link; link = wr_list_next(&cluster->consumers, link)) {
        sim_consumer *consumer = WR_LIST_ITEM(link, sim_consumer, link);
        for (size_t i = 0; i < consumer->owned_count;)
            if (consumer->owned[i].topic == topic)
                consumer->owned[i] = consumer->owned[--consumer->owned_count];
            else
                i++;
    }
    for (int32_t i = 0; i < topic->partition_count; i++) {
        for (size_t j = 0; j < topic->partitions[i].count; j++)
            free(topic->partitions[i].records[j]);
        free(topic->partitions[i].records);
    }
    for (size_t i = 0; i < 2 * topic->config_count; i++)
        free(topic->configs[i]);
    free(topic->configs);
    free(topic->partitions);
    free(topic->name);
    free(topic);
}

void wr_sim_cluster_free(wr_sim_cluster *cluster)
{
    wr_link *link;
    if (!cluster)
        return;
    assert(wr_list_empty(&cluster->producers) && wr_list_empty(&cluster->consumers));
    while ((link = wr_list_first(&cluster->topics)))
        wr_sim_topic_remove(cluster, WR_LIST_ITEM(link, sim_topic, link));
    while ((link = wr_list_pop(&cluster->groups)))
        group_free(WR_LIST_ITEM(link, sim_group, link));
    free(cluster->refuse_topic);
    pthread_mutex_destroy(&cluster->ends_lock);
    pthread_cond_destroy(&cluster->changed);
    pthread_mutex_destroy(&cluster->changes_lock);
    pthread_mutex_destroy(&cluster->shared_lock);
    free(cluster);
}

static bool client_free(wr_client *client)
{
    free(client);
    return true;
}

static const wr_client_ops ops = {
    .client_free = client_free,
    .reach = wr_sim_reach,
    .producer_new = wr_sim_producer_new,
    .consumer_new = wr_sim_consumer_new,
    .describe = wr_sim_describe,
    .create_topic = wr_sim_create_topic,
    .delete_topic = wr_sim_delete_topic,
    .topic_config = wr_sim_topic_config,
    .broker_config = wr_sim_broker_config,
    .set_topic_config = wr_sim_set_topic_config,
    .add_partitions = wr_sim_add_partitions,
    .set_group_offsets = wr_sim_set_group_offsets,
    .delete_group = wr_sim_delete_group,
    .offset_at = wr_sim_offset_at,
    .groups = wr_sim_groups,
    .group = wr_sim_group,
};

wr_client *wr_sim_client_new(wr_sim_cluster *cluster)
{
    sim_client *client = wr_sim_alloc(sizeof(*client));
    client->door.ops = &ops;
    client->cluster = cluster;
    return &client->door;
}

/* ---- topics and records */

sim_topic *wr_sim_topic_find(const wr_sim_cluster *cluster, const char *name)
{
    for (wr_link *link = wr_list_first(&cluster->topics); link; link = wr_list_next(&cluster->topics, link))
        if (strcmp(WR_LIST_ITEM(link, sim_topic, link)->name, name) == 0)
            return WR_LIST_ITEM(link, sim_topic, link);
    return NULL;
}

static void give_id(wr_sim_cluster *cluster, sim_topic *topic)
{
    cluster->id_count++;
    memcpy(topic->id.bytes, &cluster->id_count, sizeof(cluster->id_count));
}

sim_topic *wr_sim_topic_make(wr_sim_cluster *cluster, const char *name, int32_t partition_count)
{
    sim_topic *topic = wr_sim_alloc(sizeof(*topic));
    topic->name = wr_sim_dup(name);
    give_id(cluster, topic);
    topic->partition_count = partition_count;
    topic->partitions = wr_sim_alloc((size_t)partition_count * sizeof(*topic->partitions));
    pthread_mutex_lock(&cluster->ends_lock);
    wr_list_append(&cluster->topics, &topic->link);
    pthread_mutex_unlock(&cluster->ends_lock);
    /* who subscribed to it before it was there gets a share of it now */
    for (wr_link *link = wr_list_first(&cluster->consumers); link; link = wr_list_next(&cluster->consumers, link)) {
        sim_consumer *consumer = WR_LIST_ITEM(link, sim_consumer, link);
        if (consumer->group && wr_sim_subscribed(consumer, name))
            consumer->group->round++;
    }
    return topic;
}

sim_topic *wr_sim_topic_auto(wr_sim_cluster *cluster, const char *name)
{
    sim_topic *topic = wr_sim_topic_find(cluster, name);
    if (!topic && cluster->options.auto_create > 0)
        topic = wr_sim_topic_make(cluster, name, cluster->options.auto_create);
    return topic;
}

weir_err wr_sim_topic_add(wr_sim_cluster *cluster, const char *topic, int32_t partition_count)
{
    if (partition_count < 1)
        return WEIR_E_USAGE;
    if (wr_sim_topic_find(cluster, topic))
        return WEIR_E_EXISTS;
    wr_sim_topic_make(cluster, topic, partition_count);
    return WEIR_OK;
}

weir_err wr_sim_topic_remake(wr_sim_cluster *cluster, const char *name)
{
    sim_topic *topic = wr_sim_topic_find(cluster, name);
    if (!topic)
        return WEIR_E_NOT_FOUND;
    give_id(cluster, topic);
    for (int32_t i = 0; i < topic->partition_count; i++) {
        for (size_t j = 0; j < topic->partitions[i].count; j++)
            free(topic->partitions[i].records[j]);
        topic->partitions[i].count = 0;
    }
    return WEIR_OK;
}

static weir_slice copy_bytes(uint8_t **at, weir_slice bytes)
{
    weir_slice copy = {bytes.data ? *at : NULL, bytes.size};
    if (bytes.data && bytes.size)
        memcpy(*at, bytes.data, bytes.size);
    *at += bytes.size;
    return copy;
}

wr_client_record *wr_sim_record_copy(const wr_client_record *record)
{
    size_t size = record->key.size + record->value.size + strlen(record->topic) + 2;
    for (size_t i = 0; i < record->header_count; i++)
        size += strlen(record->headers[i].name) + 1 + record->headers[i].value.size;
    wr_client_record *copy = wr_sim_alloc(sizeof(*copy) + record->header_count * sizeof(wr_client_header) + size);
    wr_client_header *headers = (wr_client_header *)(copy + 1);
    uint8_t *at = (uint8_t *)(headers + record->header_count);
    *copy = *record;
    copy->headers = headers;
    copy->topic = (const char *)at;
    copy_bytes(&at, (weir_slice){(const uint8_t *)record->topic, strlen(record->topic) + 1});
    copy->key = copy_bytes(&at, record->key);
    copy->value = copy_bytes(&at, record->value);
    for (size_t i = 0; i < record->header_count; i++) {
        headers[i].name = (const char *)at;
        copy_bytes(&at, (weir_slice){(const uint8_t *)record->headers[i].name, strlen(record->headers[i].name) + 1});
        headers[i].value = copy_bytes(&at, record->headers[i].value);
    }
    return copy;
}

int64_t wr_sim_put(wr_sim_cluster *cluster, sim_topic *topic, const wr_client_record *record, int32_t partition)
{
    assert(partition >= 0 && partition < topic->partition_count);
    sim_partition *to = &topic->partitions[partition];
    weir_err err = WR_ARRAY_RESERVE(to->records, to->capacity, to->count + 1, SIZE_MAX);
    assert(err == WEIR_OK);
    wr_client_record *copy = wr_sim_record_copy(record);
    copy->partition = partition;
    copy->offset = (int64_t)to->count;
    copy->timestamp_ms = record->timestamp_ms ? record->timestamp_ms : wr_sim_now(cluster);
    pthread_mutex_lock(&cluster->ends_lock);
    to->records[to->count++] = copy;
    pthread_mutex_unlock(&cluster->ends_lock);
    return copy->offset;
}

weir_err wr_sim_append(wr_sim_cluster *cluster, const wr_client_record *record)
{
    sim_topic *topic = wr_sim_topic_auto(cluster, record->topic);
    if (!topic)
        return WEIR_E_NOT_FOUND;
    int32_t partition = record->partition;
    if (partition < 0)
        partition = record->key.data ? (int32_t)((wr_murmur2(record->key.data, record->key.size) & 0x7fffffff) %
                                                 (uint32_t)topic->partition_count)
                                     : 0;
    if (partition >= topic->partition_count)
        return WEIR_E_NOT_FOUND;
    wr_sim_put(cluster, topic, record, partition);
    return WEIR_OK;
}

static const sim_partition *partition_find(const wr_sim_cluster *cluster, const char *name, int32_t partition)
{
    const sim_topic *topic = wr_sim_topic_find(cluster, name);
    return topic && partition >= 0 && partition < topic->partition_count ? &topic->partitions[partition] : NULL;
}

int64_t wr_sim_end(const wr_sim_cluster *cluster, const char *topic, int32_t partition)
{
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&cluster->ends_lock;
    pthread_mutex_lock(lock);
    const sim_partition *found = partition_find(cluster, topic, partition);
    int64_t end = found ? (int64_t)found->count : -1;
    pthread_mutex_unlock(lock);
    return end;
}

const wr_client_record *wr_sim_record(const wr_sim_cluster *cluster, const char *topic, int32_t partition,
                                      int64_t offset)
{
    const sim_partition *found = partition_find(cluster, topic, partition);
    return found && offset >= 0 && offset < (int64_t)found->count ? found->records[offset] : NULL;
}

size_t wr_sim_count(const wr_sim_cluster *cluster, const char *name)
{
    const sim_topic *topic = wr_sim_topic_find(cluster, name);
    size_t count = 0;
    for (int32_t i = 0; topic && i < topic->partition_count; i++)
        count += topic->partitions[i].count;
    return count;
}

/* ---- groups' offsets */

sim_group *wr_sim_group_find(const wr_sim_cluster *cluster, const char *name)
{
    for (wr_link *link = wr_list_first(&cluster->groups); link; link = wr_list_next(&cluster->groups, link))
        if (strcmp(WR_LIST_ITEM(link, sim_group, link)->name, name) == 0)
            return WR_LIST_ITEM(link, sim_group, link);
    return NULL;
}

sim_group *wr_sim_group_get(wr_sim_cluster *cluster, const char *name)
{
    sim_group *group = wr_sim_group_find(cluster, name);
    if (group)
        return group;
    group = wr_sim_alloc(sizeof(*group));
    group->name = wr_sim_dup(name);
    wr_list_init(&group->members);
    wr_list_init(&group->committed);
    wr_list_append(&cluster->groups, &group->link);
    return group;
}

static sim_committed *committed_find(const sim_group *group, const char *topic, int32_t partition)
{
    for (wr_link *link = wr_list_first(&group->committed); link; link = wr_list_next(&group->committed, link)) {
        sim_committed *committed = WR_LIST_ITEM(link, sim_committed, link);
        if (committed->partition == partition && strcmp(committed->topic, topic) == 0)
            return committed;
    }
    return NULL;
}

int64_t wr_sim_committed(const wr_sim_cluster *cluster, const char *name, const char *topic, int32_t partition)
{
    const sim_group *group = wr_sim_group_find(cluster, name);
    const sim_committed *committed = group ? committed_find(group, topic, partition) : NULL;
    return committed ? committed->offset : WR_OFFSET_COMMITTED;
}

weir_err wr_sim_commit(wr_sim_cluster *cluster, const char *name, const char *topic, int32_t partition, int64_t offset)
{
    sim_group *group = wr_sim_group_get(cluster, name);
    sim_committed *committed = committed_find(group, topic, partition);
    if (offset < 0)
        return WEIR_E_RANGE;
    if (!committed) {
        committed = wr_sim_alloc(sizeof(*committed));
        committed->topic = wr_sim_dup(topic);
        committed->partition = partition;
        wr_list_append(&group->committed, &committed->link);
    }
    committed->offset = offset;
    return WEIR_OK;
}

/* ---- faults */

void wr_sim_down(wr_sim_cluster *cluster, bool down)
{
    cluster->down = down;
    wr_sim_producers_ready(cluster);
    for (wr_link *link = wr_list_first(&cluster->consumers); link; link = wr_list_next(&cluster->consumers, link))
        atomic_store(&WR_LIST_ITEM(link, sim_consumer, link)->woken, true);
}

void wr_sim_hold_looks(wr_sim_cluster *cluster, bool hold)
{
    cluster->hold_looks = hold;
}

void wr_sim_hold_appends(wr_sim_cluster *cluster, bool hold)
{
    cluster->hold_appends = hold;
    wr_sim_producers_ready(cluster);
}

void wr_sim_hold_acks(wr_sim_cluster *cluster, bool hold)
{
    cluster->hold_acks = hold;
    wr_sim_producers_ready(cluster);
}

void wr_sim_release_acks(wr_sim_cluster *cluster, size_t count)
{
    wr_sim_producers_release(cluster, count);
    wr_sim_producers_ready(cluster);
}

void wr_sim_refuse(wr_sim_cluster *cluster, const char *topic, size_t count)
{
    free(cluster->refuse_topic);
    cluster->refuse_topic = topic ? wr_sim_dup(topic) : NULL;
    cluster->refuse_count = count;
    cluster->refuse_appended = false;
}

void wr_sim_refuse_after_append(wr_sim_cluster *cluster, const char *topic)
{
    wr_sim_refuse(cluster, topic, 1);
    cluster->refuse_appended = true;
}

void wr_sim_break_consumers(wr_sim_cluster *cluster)
{
    for (wr_link *link = wr_list_first(&cluster->consumers); link; link = wr_list_next(&cluster->consumers, link))
        WR_LIST_ITEM(link, sim_consumer, link)->broken = true;
}

void wr_sim_rebalance(wr_sim_cluster *cluster, const char *group)
{
    wr_sim_group_get(cluster, group)->round++;
}

void wr_sim_expire(wr_sim_cluster *cluster, wr_consumer *door)
{
    sim_consumer *consumer = (sim_consumer *)door;
    (void)cluster;
    if (!consumer->group || consumer->expired)
        return;
    consumer->expired = true;
    wr_link_remove(&consumer->member);
    consumer->group->round++;
}
