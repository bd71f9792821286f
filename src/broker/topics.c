/* Topics in memory, in step with their directories (topic_files.h).
 *
 *    create: directories, logs, properties ──▶ live ──grow, configure──▶ live
 *    delete: live ──▶ not found any more ──▶ grave on the disk ──▶ waits and watchers told ──▶ files removed later
 *
 * Nobody can find a topic whose deletion has begun; a log that a sync still uses outlives it (flusher.h). */
#include "topics.h"

#include "flusher.h"
#include "partition_int.h"
#include "retention.h"
#include "topic_files.h"

#include <base/map.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOPIC_COUNT_MAX = 1000000 };

/* A deleted topic whose files are still there. */
typedef struct topic_grave {
    wr_link link;
    wr_uuid id;
    int32_t partition_count;
    int64_t due_us;
    char topic[];
} topic_grave;

struct wr_topics {
    wr_broker *broker;
    wr_map *by_name;
    wr_map *by_id;
    wr_topic **sorted; /* by name */
    size_t count, capacity;
    int32_t partition_count;
    bool clean;     /* while opening */
    wr_list graves; /* the oldest first */
    wr_timer grave_timer;
};

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

wr_partition *wr_topic_partition(const wr_topic *topic, int32_t index)
{
    return index >= 0 && index < topic->partition_count ? topic->partitions[index] : NULL;
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

bool wr_topic_name_legal(weir_slice name)
{
    if (name.size == 0 || name.size > WR_TOPIC_NAME_MAX || weir_slice_equal(name, WEIR_SLICE(".")) ||
        weir_slice_equal(name, WEIR_SLICE("..")))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

wr_topic *wr_topics_find_colliding(wr_topics *topics, weir_slice name)
{
    if (!memchr(name.data, '.', name.size) && !memchr(name.data, '_', name.size))
        return NULL;
    for (size_t i = 0; i < topics->count; i++) {
        const char *other = topics->sorted[i]->name;
        size_t k = 0;
        bool differs = false;
        for (; k < name.size && other[k]; k++) {
            char a = (char)name.data[k], b = other[k];
            if ((a == '_' ? '.' : a) != (b == '_' ? '.' : b))
                break;
            differs = differs || a != b;
        }
        if (k == name.size && other[k] == '\0' && differs)
            return topics->sorted[i];
    }
    return NULL;
}

/* ---- making */

static void topic_free(wr_topic *topic)
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

/* Without partitions, and with no configuration. */
static wr_topic *topic_new(const char *name, const wr_uuid *id)
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

/* Grow the array of partitions; the new ones have no log. */
static weir_err add_partitions(wr_topics *topics, wr_topic *topic, int32_t partition_count)
{
    wr_partition **partitions = realloc(topic->partitions, (size_t)partition_count * sizeof *partitions);
    if (!partitions)
        return WEIR_E_MEMORY;
    topic->partitions = partitions;
    while (topic->partition_count < partition_count) {
        wr_partition *partition = malloc(sizeof *partition);
        if (!partition)
            return WEIR_E_MEMORY;
        wr_partition_init(partition, topics->broker, topic, topic->partition_count, NULL);
        partitions[topic->partition_count++] = partition;
    }
    return WEIR_OK;
}

static void drop_partitions(wr_topic *topic, int32_t partition_count)
{
    while (topic->partition_count > partition_count) {
        wr_partition *partition = topic->partitions[--topic->partition_count];
        if (partition->log)
            wr_log_abandon(partition->log);
        free(partition);
    }
}

static weir_err enlist(wr_topics *topics, wr_topic *topic)
{
    if (topics->count == topics->capacity) {
        size_t capacity = topics->capacity ? topics->capacity * 2 : 16;
        wr_topic **sorted = realloc(topics->sorted, capacity * sizeof(wr_topic *));
        if (!sorted)
            return WEIR_E_MEMORY;
        topics->sorted = sorted;
        topics->capacity = capacity;
    }
    weir_err err = wr_map_add_text(topics->by_name, topic->name, topic);
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

static void strike(wr_topics *topics, wr_topic *topic)
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

/* Directories and logs of partitions from `first` on; none on failure. */
static weir_err make_logs(wr_topics *topics, wr_topic *topic, int32_t first)
{
    wr_broker *broker = topics->broker;
    wr_log_config config;
    wr_topic_config_log(topic->config, &broker->config, &config);
    char path[WR_PATH_SIZE];
    weir_err err = WEIR_OK;
    int32_t made = topic->partition_count;
    while (made > first && err == WEIR_OK) {
        err = wr_topic_files_make(broker, topic->name, &topic->id, made - 1);
        if (err == WEIR_E_EXISTS)
            break;
        made--;
        wr_topic_path(broker, topic->name, made, path);
        weir_failure failure = {0};
        if (err == WEIR_OK)
            err = wr_log_open(broker->io, path, &config, true, &topic->partitions[made]->log, &failure);
    }
    if (err == WEIR_OK)
        err = wr_topic_files_sync(broker);
    if (err == WEIR_OK)
        err = wr_topic_files_write(broker, topic->name, &topic->id, topic->partition_count, topic->config);
    if (err == WEIR_OK)
        return WEIR_OK;

    for (int32_t i = made; i < topic->partition_count; i++) {
        if (topic->partitions[i]->log)
            wr_log_abandon(topic->partitions[i]->log);
        topic->partitions[i]->log = NULL;
        wr_topic_files_unmake(broker, topic->name, i);
    }
    return err;
}

weir_err wr_topics_create(wr_topics *topics, weir_slice name, int32_t partition_count, wr_topic_config *config,
                          wr_topic **ret_topic)
{
    wr_broker *broker = topics->broker;
    assert(partition_count > 0);
    if (!wr_topic_name_legal(name))
        return WEIR_E_FORMAT;
    if (wr_topics_find(topics, name))
        return WEIR_E_EXISTS;
    if (partition_count > broker->config.partition_count_max - topics->partition_count)
        return WEIR_E_LIMIT;

    char text[WR_TOPIC_NAME_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data);
    uint8_t random[16];
    wr_random(broker->io, random, sizeof random);
    wr_uuid id = wr_uuid_v4(random);
    wr_topic *topic = topic_new(text, &id);
    if (!topic)
        return WEIR_E_MEMORY;
    topic->config = config;
    weir_err err = add_partitions(topics, topic, partition_count);
    if (err == WEIR_OK)
        err = make_logs(topics, topic, 0);
    if (err == WEIR_OK) {
        err = enlist(topics, topic);
        if (err != WEIR_OK)
            for (int32_t i = 0; i < partition_count; i++)
                wr_topic_files_unmake(broker, topic->name, i);
    }
    if (err != WEIR_OK) {
        topic->config = NULL; /* still the caller's */
        drop_partitions(topic, 0);
        topic_free(topic);
        return err;
    }
    wr_trace_log(broker->trace, WR_INFO, "topic created", WR_TEXT("topic", topic->name),
                 WR_NUMBER("partitions", partition_count));
    *ret_topic = topic;
    return WEIR_OK;
}

weir_err wr_topics_internal(wr_topics *topics, const char *name, wr_topic **ret_topic)
{
    wr_topic *topic = wr_topics_find(topics, weir_slice_of(name));
    if (topic) {
        *ret_topic = topic;
        return WEIR_OK;
    }
    wr_topic_config *config = wr_topic_config_new();
    if (!config)
        return WEIR_E_MEMORY;
    char segment_size[32];
    snprintf(segment_size, sizeof segment_size, "%lld", (long long)topics->broker->config.offsets_segment_size);
    weir_err err = wr_topic_config_set(config, WEIR_SLICE("cleanup.policy"), WEIR_SLICE("compact"), NULL);
    if (err == WEIR_OK)
        err = wr_topic_config_set(config, WEIR_SLICE("segment.bytes"), weir_slice_of(segment_size), NULL);
    if (err == WEIR_OK)
        err = wr_topics_create(topics, weir_slice_of(name), 1, config, ret_topic);
    if (err != WEIR_OK)
        wr_topic_config_free(config);
    return err;
}

weir_err wr_topics_grow(wr_topics *topics, wr_topic *topic, int32_t partition_count)
{
    int32_t before = topic->partition_count;
    assert(partition_count > before);
    if (partition_count - before > topics->broker->config.partition_count_max - topics->partition_count)
        return WEIR_E_LIMIT;
    weir_err err = add_partitions(topics, topic, partition_count);
    if (err == WEIR_OK)
        err = make_logs(topics, topic, before);
    if (err != WEIR_OK) {
        drop_partitions(topic, before);
        return err;
    }
    topics->partition_count += partition_count - before;
    return WEIR_OK;
}

weir_err wr_topics_configure(wr_topics *topics, wr_topic *topic, wr_topic_config *config)
{
    wr_broker *broker = topics->broker;
    weir_err err = wr_topic_files_write(broker, topic->name, &topic->id, topic->partition_count, config);
    if (err != WEIR_OK)
        return err;
    wr_topic_config_free(topic->config);
    topic->config = config;
    wr_log_config log_config;
    wr_topic_config_log(config, &broker->config, &log_config);
    for (int32_t i = 0; i < topic->partition_count; i++)
        if (topic->partitions[i]->log)
            wr_log_configure(topic->partitions[i]->log, &log_config);
    wr_retention_note(broker->retention);
    return WEIR_OK;
}

/* ---- deleting */

static void remove_graves(void *user);

static void await_grave(wr_topics *topics)
{
    wr_link *first = wr_list_first(&topics->graves);
    if (!first)
        return;
    int64_t due_us = WR_LIST_ITEM(first, topic_grave, link)->due_us;
    weir_err err = wr_timer_start(topics->broker->loop, &topics->grave_timer, due_us, remove_graves, topics);
    (void)err; /* without memory for a timer the next start removes it */
}

static void remove_graves(void *user)
{
    wr_topics *topics = user;
    wr_broker *broker = topics->broker;
    wr_broker_enter(broker);
    for (wr_link *link; (link = wr_list_first(&topics->graves));) {
        topic_grave *grave = WR_LIST_ITEM(link, topic_grave, link);
        if (grave->due_us > wr_loop_now_us(broker->loop))
            break;
        wr_link_remove(link);
        weir_err err = wr_topic_files_remove(broker, grave->topic, &grave->id, grave->partition_count);
        if (err != WEIR_OK)
            wr_trace_log(broker->trace, WR_WARN, "cannot remove a deleted topic's files; the next start tries again",
                         WR_TEXT("topic", grave->topic), WR_TEXT("error", weir_err_name(err)));
        free(grave);
    }
    await_grave(topics);
    wr_broker_leave(broker);
}

static void dig(wr_topics *topics, const wr_topic *topic)
{
    size_t size = strlen(topic->name) + 1;
    topic_grave *made = calloc(1, sizeof *made + size);
    if (!made)
        return; /* the next start removes it */
    made->id = topic->id;
    made->partition_count = topic->partition_count;
    made->due_us = wr_loop_now_us(topics->broker->loop) + topics->broker->config.log.file_delete_delay_ms * 1000;
    memcpy(made->topic, topic->name, size);
    wr_list_append(&topics->graves, &made->link);
    if (!wr_timer_started(&topics->grave_timer))
        await_grave(topics);
}

weir_err wr_topics_delete(wr_topics *topics, wr_topic *topic)
{
    wr_broker *broker = topics->broker;
    strike(topics, topic);
    weir_err err = wr_topic_files_bury(broker, topic->name, &topic->id, topic->partition_count);
    wr_trace_log(broker->trace, err == WEIR_OK ? WR_INFO : WR_ERROR, "topic deleted", WR_TEXT("topic", topic->name),
                 WR_TEXT("error", weir_err_name(err)));
    if (err == WEIR_OK)
        dig(topics, topic);
    for (int32_t i = 0; i < topic->partition_count; i++)
        wr_partition_orphan(topic->partitions[i]);
    if (broker->groups)
        wr_groups_topic_deleted(broker->groups, weir_slice_of(topic->name));
    for (int32_t i = 0; i < topic->partition_count; i++) {
        wr_flusher_bury(broker->flusher, topic->partitions[i]);
        topic->partitions[i] = NULL;
    }
    topic_free(topic);
    return err;
}

/* ---- opening and closing all */

static void open_log(wr_topics *topics, wr_partition *partition, const wr_log_config *config)
{
    wr_broker *broker = topics->broker;
    char path[WR_PATH_SIZE];
    wr_topic_path(broker, partition->topic->name, partition->index, path);
    weir_failure failure = {0};
    weir_err err = WEIR_E_NOT_FOUND;
    if (wr_path_exists(broker->io, path))
        err = wr_log_open(broker->io, path, config, topics->clean, &partition->log, &failure);
    else
        weir_fail(&failure, WEIR_E_NOT_FOUND, "the directory is gone");
    if (err != WEIR_OK)
        wr_trace_log(broker->trace, WR_ERROR, "partition stays closed: it cannot be read", WR_TEXT("directory", path),
                     WR_TEXT("error", weir_err_name(err)), WR_TEXT("cause", failure.sentence));
}

static weir_err found_topic(void *user, const char *name, const wr_uuid *id, int32_t partition_count,
                            wr_topic_config *config)
{
    wr_topics *topics = user;
    wr_topic *topic = topic_new(name, id);
    if (!topic)
        return WEIR_E_MEMORY;
    weir_err err = add_partitions(topics, topic, partition_count);
    if (err == WEIR_OK) {
        topic->config = config;
        wr_log_config log_config;
        wr_topic_config_log(config, &topics->broker->config, &log_config);
        for (int32_t i = 0; i < partition_count; i++)
            open_log(topics, topic->partitions[i], &log_config);
        err = enlist(topics, topic);
    }
    if (err != WEIR_OK) {
        topic->config = NULL;
        drop_partitions(topic, 0);
        topic_free(topic);
    }
    return err;
}

weir_err wr_topics_open(wr_broker *broker, bool clean, wr_topics **ret_topics, weir_failure *failure)
{
    wr_topics *topics = calloc(1, sizeof *topics);
    if (!topics)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    topics->broker = broker;
    topics->clean = clean;
    wr_list_init(&topics->graves);
    weir_err err = WEIR_E_MEMORY;
    topics->by_name = wr_map_new(TOPIC_COUNT_MAX, wr_random_u64(broker->io));
    topics->by_id = wr_map_new(TOPIC_COUNT_MAX, wr_random_u64(broker->io));
    if (topics->by_name && topics->by_id)
        err = wr_topic_files_scan(broker, found_topic, topics, failure);
    else
        weir_fail(failure, err, "out of memory");
    if (err != WEIR_OK) {
        wr_topics_abandon(topics);
        return err;
    }
    *ret_topics = topics;
    return WEIR_OK;
}

static void topics_free(wr_topics *topics)
{
    wr_timer_stop(topics->broker->loop, &topics->grave_timer);
    for (wr_link *link; (link = wr_list_pop(&topics->graves));)
        free(WR_LIST_ITEM(link, topic_grave, link));
    for (size_t i = 0; i < topics->count; i++)
        topic_free(topics->sorted[i]);
    free(topics->sorted);
    wr_map_free(topics->by_name);
    wr_map_free(topics->by_id);
    free(topics);
}

weir_err wr_topics_close(wr_topics *topics)
{
    weir_err first = WEIR_OK;
    for (size_t i = 0; topics && i < topics->count; i++)
        for (int32_t k = 0; k < topics->sorted[i]->partition_count; k++) {
            wr_partition *partition = topics->sorted[i]->partitions[k];
            weir_err err = partition->log ? wr_log_close(partition->log) : WEIR_OK;
            partition->log = NULL;
            first = first == WEIR_OK ? err : first;
        }
    if (topics)
        topics_free(topics);
    return first;
}

void wr_topics_abandon(wr_topics *topics)
{
    if (!topics)
        return;
    for (size_t i = 0; i < topics->count; i++)
        drop_partitions(topics->sorted[i], 0);
    topics_free(topics);
}
