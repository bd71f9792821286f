/* Creating and growing topics: the steps of these changes (topics_change.c has their order). */
#include "topics_change_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- making partitions */

/* The partitions from change->first on, without logs: they are the change's. */
static weir_err reserve_partitions(topic_change *change)
{
    wr_topics *topics = change->topics;
    int32_t count = change->partition_count - change->first;
    if (count > topics->config.partition_count_max - topics->partition_count - topics->coming_count)
        return WEIR_E_LIMIT;
    change->partitions = calloc((size_t)count, sizeof *change->partitions);
    wr_partition **all =
        realloc(change->topic->partitions, (size_t)change->partition_count * sizeof *change->partitions);
    if (all)
        change->topic->partitions = all;
    change->on_disk = calloc((size_t)count, sizeof *change->on_disk);
    if (!change->partitions || !change->on_disk || !all)
        return WEIR_E_MEMORY;
    for (int32_t i = 0; i < count; i++) {
        wr_partition *made = malloc(sizeof *made);
        if (!made)
            return WEIR_E_MEMORY;
        wr_partition_init(made, &topics->partition_host, change->topic, change->first + i, NULL);
        change->partitions[change->made_count++] = made;
    }
    topics->coming_count += count;
    return WEIR_OK;
}

static void drop_made(topic_change *change)
{
    while (change->made_count > 0)
        wr_partition_drop(change->partitions[--change->made_count]);
}

/* Takes back what the new partitions have on the disk. */
static void unmake(const topic_change *change)
{
    for (int32_t i = 0; i < change->made_count; i++) {
        wr_partition *partition = change->partitions[i];
        if (!change->on_disk[i])
            continue;
        if (partition->log)
            wr_log_abandon(partition->log);
        partition->log = NULL;
        wr_topic_files_unmake(&change->topics->files, change->topic->name, partition->index);
    }
}

static weir_err make_one(topic_change *change, int32_t at)
{
    const wr_topic_files *files = &change->topics->files;
    const wr_topic *topic = change->topic;
    wr_partition *partition = change->partitions[at];
    char path[WR_PATH_SIZE];
    weir_failure failure = {0};
    weir_err err = wr_topic_files_make(files, topic->name, &topic->id, partition->index);
    if (err == WEIR_E_EXISTS)
        return WEIR_E_REFUSED; /* whatever it is, it is not ours */
    change->on_disk[at] = true;
    wr_topic_path(files, topic->name, partition->index, path);
    if (err == WEIR_OK)
        err = wr_log_open(files->io, path, &change->log_config, true, &partition->log, &failure);
    return err;
}

/* Directories and logs, the last partition first. */
static weir_err make_some(topic_change *change)
{
    weir_err err = WEIR_OK;
    for (int taken; err == WEIR_OK && (taken = atomic_fetch_add(&change->next, 1)) < change->made_count;)
        err = make_one(change, change->made_count - 1 - taken);
    if (err != WEIR_OK)
        atomic_store(&change->next, change->made_count); /* the others need not go on */
    return err;
}

/* A write of topic.properties that failed may have put the new count in force all the same: only when the old one is
 * written again may the new partitions go. Else they stay, empty: the next start finds the topic whole with either count,
 * and clears away what no topic claims. */
static bool takes_back(const topic_change *change)
{
    const wr_topic *topic = change->topic;
    bool replaced;
    if (change->first == 0)
        return true; /* a topic that was to be made: its file goes with its first directory */
    return wr_topic_files_write(&change->topics->files, topic->name, &topic->id, change->first, topic->config,
                                &replaced) == WEIR_OK;
}

/* What makes them a topic's; or, when something failed, nothing is left of them. */
static weir_err make_topic(topic_change *change)
{
    const wr_topic_files *files = &change->topics->files;
    const wr_topic *topic = change->topic;
    weir_err err = change->err;
    bool replaced = false;
    if (err == WEIR_OK)
        err = wr_topic_files_sync(files);
    if (err == WEIR_OK)
        err = wr_topic_files_write(files, topic->name, &topic->id, change->partition_count,
                                   change->config ? change->config : topic->config, &replaced);
    if (err != WEIR_OK && (!replaced || takes_back(change)))
        unmake(change);
    return err;
}

/* Now they are the topic's. */
static void give_partitions(topic_change *change)
{
    wr_topics *topics = change->topics;
    wr_topic *topic = change->topic;
    for (int32_t i = 0; i < change->made_count; i++) {
        assert(topic->partition_count == change->partitions[i]->index);
        topic->partitions[topic->partition_count++] = change->partitions[i];
        wr_retention_note(topics->retention, change->partitions[i]);
    }
    change->made_count = 0;
}

/* ---- creating */

/* Some other name that would be the same in the name of a metric, be it under way only. */
static bool collides(wr_topics *topics, const name_queue *own)
{
    weir_slice name = weir_slice_of(own->name);
    if (wr_topics_find_colliding(topics, name))
        return true;
    const name_queue *other;
    for (size_t at = 0; (other = wr_map_next(topics->queues, &at, NULL));) {
        const topic_change *first = WR_LIST_ITEM(wr_list_first(&other->changes), topic_change, link);
        if (other != own && other->running && first->topic && wr_topic_names_collide(name, other->name))
            return true;
    }
    return false;
}

static weir_err internal_begin(topic_change *change)
{
    wr_topics *topics = change->topics;
    const char *name = change->queue->name;
    if (wr_topics_find(topics, weir_slice_of(name)))
        return WEIR_E_EXISTS;
    uint8_t random[16];
    wr_random(topics->files.io, random, sizeof random);
    wr_uuid id = wr_uuid_v4(random);
    change->topic = wr_topic_new(name, &id);
    weir_err err = change->topic ? reserve_partitions(change) : WEIR_E_MEMORY;
    if (err == WEIR_OK) {
        wr_topic_config_log(change->config, &topics->config, change->topic->internal, &change->log_config);
        return WEIR_OK;
    }
    drop_made(change);
    wr_topic_free(change->topic);
    return err;
}

static weir_err create_begin(topic_change *change)
{
    if (!wr_topic_name_legal(weir_slice_of(change->queue->name)))
        return WEIR_E_FORMAT;
    return collides(change->topics, change->queue) ? WEIR_E_EXISTS : internal_begin(change);
}

static void drop_topic(topic_change *change, weir_err err)
{
    drop_made(change);
    wr_topic_free(change->topic);
    wr_change_end(change, err, NULL);
}

/* It is on the disk, and there was no memory to know of it. */
static weir_err unmake_run(void *user)
{
    const topic_change *change = user;
    unmake(change);
    return change->err;
}

/* What could not be taken back is found by the next start. */
static void unmade(void *user, weir_err err)
{
    topic_change *change = user;
    (void)err;
    drop_topic(change, change->err);
}

static void tell_refused(const topic_change *change, const char *what, weir_err err)
{
    bool is_storage = err == WEIR_E_IO || err == WEIR_E_FULL || err == WEIR_E_BROKEN || err == WEIR_E_MEMORY;
    if (is_storage && !change->topics->closing)
        wr_trace_log(change->topics->host.trace, WR_ERROR, what, WR_TEXT("topic", change->queue->name),
                     WR_NUMBER("partitions", change->partition_count), WR_TEXT("error", weir_err_name(err)));
}

static void create_finish(topic_change *change, weir_err err)
{
    wr_topics *topics = change->topics;
    wr_topic *topic = change->topic;
    topics->coming_count -= change->made_count;
    if (err != WEIR_OK || topics->closing) {
        tell_refused(change, "topic cannot be made", err);
        drop_topic(change, err);
        return;
    }
    topic->partition_count = change->made_count; /* counted with the topic */
    err = wr_topics_add(topics, topic);
    topic->partition_count = 0;
    if (err != WEIR_OK) {
        change->err = err;
        if (wr_loop_work(topics->host.loop, &change->queue->orders[0], unmake_run, unmade, change) != WEIR_OK)
            unmade(change, err);
        return;
    }
    topic->config = change->config;
    change->config = NULL;
    give_partitions(change);
    wr_trace_log(topics->host.trace, WR_INFO, "topic created", WR_TEXT("topic", topic->name),
                 WR_NUMBER("partitions", topic->partition_count));
    wr_change_end(change, WEIR_OK, topic);
}

static const change_kind create_kind = {create_begin, make_some, make_topic, create_finish};

weir_err wr_topics_create(wr_topics *topics, weir_slice name, int32_t partition_count, wr_topic_config *config,
                          wr_topic_done *done, void *user)
{
    assert(partition_count > 0);
    return wr_change_ask(topics, &create_kind, name, partition_count, config, done, user, NULL);
}

/* ---- growing */

static weir_err grow_begin(topic_change *change)
{
    wr_topics *topics = change->topics;
    change->topic = wr_topics_find(topics, weir_slice_of(change->queue->name));
    if (!change->topic)
        return WEIR_E_NOT_FOUND;
    change->first = change->topic->partition_count;
    if (change->partition_count <= change->first)
        return WEIR_E_RANGE;
    wr_topic_config_log(change->topic->config, &topics->config, change->topic->internal, &change->log_config);
    weir_err err = reserve_partitions(change);
    if (err != WEIR_OK)
        drop_made(change);
    return err;
}

static void grow_finish(topic_change *change, weir_err err)
{
    wr_topics *topics = change->topics;
    topics->coming_count -= change->made_count;
    if (err == WEIR_OK) {
        topics->partition_count += change->made_count;
        give_partitions(change);
    }
    tell_refused(change, "topic cannot be given more partitions", err);
    drop_made(change);
    wr_change_end(change, err, err == WEIR_OK ? change->topic : NULL);
}

static const change_kind grow_kind = {grow_begin, make_some, make_topic, grow_finish};

weir_err wr_topics_grow(wr_topics *topics, weir_slice name, int32_t partition_count, wr_topic_done *done, void *user)
{
    return wr_change_ask(topics, &grow_kind, name, partition_count, NULL, done, user, NULL);
}

/* ---- the internal topic */

/* A name of our own is not refused because of a client's. */
static const change_kind internal_kind = {internal_begin, make_some, make_topic, create_finish};

weir_err wr_topics_create_internal(wr_topics *topics, const char *name, wr_topic_done *done, void *user)
{
    wr_topic_config *config = wr_topic_config_new();
    if (!config)
        return WEIR_E_MEMORY;
    char segment_size[32];
    snprintf(segment_size, sizeof segment_size, "%lld", (long long)topics->config.internal_segment_size);
    weir_err err = wr_topic_config_set(config, WEIR_SLICE("cleanup.policy"), WEIR_SLICE("compact"), NULL);
    if (err == WEIR_OK)
        err = wr_topic_config_set(config, WEIR_SLICE("segment.bytes"), weir_slice_of(segment_size), NULL);
    if (err == WEIR_OK)
        err = wr_change_ask(topics, &internal_kind, weir_slice_of(name), 1, config, done, user, NULL);
    if (err != WEIR_OK)
        wr_topic_config_free(config);
    return err;
}
