/* Topics in memory: by name, by id and in order; opening them from their directories. */
#include "topics_int.h"

#include "logs.h"

#include <assert.h>
#include <base/array.h>
#include <stdlib.h>

enum { TOPIC_COUNT_MAX = 1000000 };

/* ---- finding */

wr_topic *wr_topics_find(wr_topics *topics, weir_slice name)
{
    return name.data ? wr_map_find(topics->by_name, name) : NULL;
}

static weir_slice id_key(const wr_uuid *id)
{
    return (weir_slice){id->bytes, sizeof id->bytes};
}

wr_topic *wr_topics_find_id(wr_topics *topics, const wr_uuid *id)
{
    return wr_map_find(topics->by_id, id_key(id));
}

/* Where the name is, or would be. */
static size_t position(const wr_topics *topics, const char *name, bool *ret_found)
{
    size_t low = 0, high = topics->count;
    *ret_found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(topics->sorted[middle]->name, name);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

wr_topic *wr_topics_next(const wr_topics *topics, const wr_topic *after)
{
    bool found = false;
    size_t at = after ? position(topics, after->name, &found) : 0;
    at += found;
    return at < topics->count ? topics->sorted[at] : NULL;
}

size_t wr_topics_count(const wr_topics *topics)
{
    return topics->count;
}

int32_t wr_topics_partition_count(const wr_topics *topics)
{
    return topics->partition_count;
}

wr_topic *wr_topics_find_colliding(wr_topics *topics, weir_slice name)
{
    if (!memchr(name.data, '.', name.size) && !memchr(name.data, '_', name.size))
        return NULL;
    for (size_t i = 0; i < topics->count; i++)
        if (wr_topic_names_collide(name, topics->sorted[i]->name))
            return topics->sorted[i];
    return NULL;
}

const wr_topics_config *wr_topics_config_of(const wr_topics *topics)
{
    return &topics->config;
}

/* ---- adding and removing */

void wr_topic_free(wr_topic *topic)
{
    if (!topic)
        return;
    for (int32_t i = 0; topic->partitions && i < topic->partition_count; i++)
        free(topic->partitions[i]);
    free(topic->partitions);
    wr_topic_config_free(topic->config);
    free(topic->name);
    free(topic);
}

wr_topic *wr_topic_new(const char *name, const wr_uuid *id)
{
    wr_topic *topic = calloc(1, sizeof *topic);
    if (!topic)
        return NULL;
    topic->name = strdup(name);
    topic->id = *id;
    topic->internal = strcmp(name, WR_OFFSETS_TOPIC) == 0;
    if (!topic->name) {
        free(topic);
        return NULL;
    }
    return topic;
}

weir_err wr_topic_add_partitions(wr_topics *topics, wr_topic *topic, int32_t partition_count)
{
    wr_partition **partitions = realloc(topic->partitions, (size_t)partition_count * sizeof *partitions);
    if (!partitions)
        return WEIR_E_MEMORY;
    topic->partitions = partitions;
    while (topic->partition_count < partition_count) {
        wr_partition *partition = malloc(sizeof *partition);
        if (!partition)
            return WEIR_E_MEMORY;
        wr_partition_init(partition, &topics->partition_host, topic, topic->partition_count, NULL);
        partitions[topic->partition_count++] = partition;
    }
    return WEIR_OK;
}

void wr_partition_drop(wr_partition *partition)
{
    wr_link_remove(&partition->changed_link);
    wr_link_remove(&partition->upkeep_link);
    wr_retention_forget(partition);
    if (partition->log)
        wr_log_abandon(partition->log);
    free(partition);
}

void wr_topic_drop_partitions(wr_topic *topic, int32_t partition_count)
{
    while (topic->partition_count > partition_count)
        wr_partition_drop(topic->partitions[--topic->partition_count]);
}

weir_err wr_topics_add(wr_topics *topics, wr_topic *topic)
{
    weir_err err = WR_ARRAY_RESERVE(topics->sorted, topics->capacity, topics->count + 1, TOPIC_COUNT_MAX);
    if (err != WEIR_OK)
        return err;
    err = wr_map_add_text(topics->by_name, topic->name, topic);
    if (err != WEIR_OK)
        return err;
    err = wr_map_add(topics->by_id, id_key(&topic->id), topic);
    if (err != WEIR_OK) {
        wr_map_remove_text(topics->by_name, topic->name);
        return err;
    }
    bool found;
    size_t at = position(topics, topic->name, &found);
    assert(!found);
    memmove(topics->sorted + at + 1, topics->sorted + at, (topics->count - at) * sizeof(wr_topic *));
    topics->sorted[at] = topic;
    topics->count++;
    topics->partition_count += topic->partition_count;
    return WEIR_OK;
}

void wr_topics_remove(wr_topics *topics, wr_topic *topic)
{
    bool found;
    size_t at = position(topics, topic->name, &found);
    assert(found);
    topics->count--;
    memmove(topics->sorted + at, topics->sorted + at + 1, (topics->count - at) * sizeof(wr_topic *));
    wr_map_remove_text(topics->by_name, topic->name);
    wr_map_remove(topics->by_id, id_key(&topic->id));
    topics->partition_count -= topic->partition_count;
}

/* ---- settling */

static void appended(void *user, wr_partition *partition)
{
    wr_topics *topics = user;
    wr_flusher_mark(topics->flusher, partition);
    wr_retention_note(topics->retention, partition);
}

static void keep_up(void *user, wr_partition *partition)
{
    wr_topics *topics = user;
    wr_upkeep_note(topics->upkeep, partition);
}

static void told(void *user, wr_partition *partition)
{
    wr_logs_tell(user, partition);
}

void wr_topics_settle(wr_topics *topics)
{
    for (wr_link *link; (link = wr_list_pop(&topics->partition_host.changed));)
        wr_partition_settle(WR_LIST_ITEM(link, wr_partition, changed_link));
    wr_changes_begin(topics);
    wr_upkeep_kick(topics->upkeep);
    wr_flusher_kick(topics->flusher);
}

bool wr_topics_unsettled(const wr_topics *topics)
{
    return !wr_list_empty(&topics->partition_host.changed) || !wr_list_empty(&topics->startable) ||
           wr_upkeep_unsettled(topics->upkeep);
}

void wr_topics_drain(wr_topics *topics)
{
    wr_flusher_drain(topics->flusher);
    for (size_t i = 0; i < topics->count; i++)
        for (int32_t k = 0; k < topics->sorted[i]->partition_count; k++)
            wr_partition_changed(topics->sorted[i]->partitions[k]);
}

bool wr_topics_idle(const wr_topics *topics)
{
    return wr_flusher_idle(topics->flusher) && wr_changes_idle(topics) && wr_upkeep_idle(topics->upkeep);
}

/* ---- opening and closing all */

static weir_err found_topic(void *user, const char *name, const wr_uuid *id, int32_t partition_count,
                            wr_topic_config *config)
{
    wr_topics *topics = user;
    wr_topic *topic = wr_topic_new(name, id);
    if (!topic)
        return WEIR_E_MEMORY;
    weir_err err = wr_topic_add_partitions(topics, topic, partition_count);
    if (err == WEIR_OK) {
        topic->config = config;
        err = wr_topics_add(topics, topic);
    }
    if (err != WEIR_OK) {
        topic->config = NULL;
        wr_topic_drop_partitions(topic, 0);
        wr_topic_free(topic);
    }
    return err;
}

static weir_err open_logs(wr_topics *topics, bool clean)
{
    wr_log_openings openings;
    wr_log_openings_init(&openings, &topics->files, &topics->config, clean);
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < topics->count; i++)
        for (int32_t k = 0; err == WEIR_OK && k < topics->sorted[i]->partition_count; k++)
            err = wr_log_openings_add(&openings, topics->sorted[i]->partitions[k]);
    if (err == WEIR_OK)
        wr_logs_open_all(topics, &openings);
    wr_log_openings_fini(&openings);
    return err;
}

static weir_err open_all(wr_topics *topics, bool clean, weir_failure *failure)
{
    wr_io *io = topics->files.io;
    weir_err err = wr_flusher_new(topics->host.loop, topics->host.trace, &topics->config, &topics->flusher);
    if (err == WEIR_OK)
        err = wr_retention_new(topics->host.loop, topics->host.trace, topics->config.retention_check_ms,
                               &topics->retention);
    if (err == WEIR_OK)
        err = wr_upkeep_new(topics->host.loop, topics->host.trace, topics->flusher, topics->retention, &topics->upkeep);
    topics->by_name = wr_map_new(TOPIC_COUNT_MAX, wr_random_u64(io));
    topics->by_id = wr_map_new(TOPIC_COUNT_MAX, wr_random_u64(io));
    if (err == WEIR_OK)
        err = wr_changes_init(topics);
    if (err != WEIR_OK || !topics->by_name || !topics->by_id)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    err = wr_topic_files_scan(&topics->files, found_topic, topics, failure);
    if (err != WEIR_OK)
        return err;
    err = open_logs(topics, clean);
    return err == WEIR_OK ? err : weir_fail(failure, err, "out of memory");
}

weir_err wr_topics_open(const wr_topics_host *host, const wr_topics_config *config, bool clean, wr_topics **ret_topics,
                        weir_failure *failure)
{
    wr_topics *topics = calloc(1, sizeof *topics);
    if (!topics)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    topics->host = *host;
    topics->config = *config;
    topics->files =
        (wr_topic_files){.io = wr_loop_io(host->loop), .trace = host->trace, .directory = config->data_directory};
    topics->partition_host = (wr_partition_host){
        .flush = config->flush, .appended = appended, .keep_up = keep_up, .told = told, .user = topics};
    wr_list_init(&topics->partition_host.changed);
    wr_list_init(&topics->deleted);
    wr_list_init(&topics->startable);
    weir_err err = open_all(topics, clean, failure);
    if (err != WEIR_OK) {
        wr_topics_abandon(topics);
        return err;
    }
    *ret_topics = topics;
    return WEIR_OK;
}

/* All of these have links in partitions. */
void wr_topics_stop_work(wr_topics *topics)
{
    topics->closing = true;
    wr_upkeep_free(topics->upkeep); /* first: a deletion may wait for it */
    topics->upkeep = NULL;
    wr_changes_fini(topics);
    wr_timer_stop(topics->host.loop, &topics->reopen_timer);
    wr_flusher_free(topics->flusher);
    topics->flusher = NULL;
    wr_retention_free(topics->retention);
    topics->retention = NULL;
}

static void topics_free(wr_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        wr_topic_free(topics->sorted[i]);
    free(topics->sorted);
    wr_map_free(topics->by_name);
    wr_map_free(topics->by_id);
    free(topics);
}

void wr_topics_abandon(wr_topics *topics)
{
    if (!topics)
        return;
    wr_topics_close_cancel(topics);
    wr_topics_stop_work(topics);
    for (size_t i = 0; i < topics->count; i++)
        wr_topic_drop_partitions(topics->sorted[i], 0);
    topics_free(topics);
}
