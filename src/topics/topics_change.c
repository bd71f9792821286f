/* Making, changing and deleting topics, in memory and on the disk. */
#include "topics_int.h"

#include <base/time.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- making */

/* Directories and logs of partitions from `first` on; none on failure. */
static weir_err make_logs(wr_topics *topics, wr_topic *topic, int32_t first)
{
    wr_log_config config;
    wr_topic_config_log(topic->config, &topics->config, &config);
    char path[WR_PATH_SIZE];
    weir_err err = WEIR_OK;
    int32_t made = topic->partition_count;
    while (made > first && err == WEIR_OK) {
        err = wr_topic_files_make(&topics->files, topic->name, &topic->id, made - 1);
        if (err == WEIR_E_EXISTS)
            break;
        made--;
        wr_topic_path(&topics->files, topic->name, made, path);
        weir_failure failure = {0};
        if (err == WEIR_OK)
            err = wr_log_open(topics->files.io, path, &config, true, &topic->partitions[made]->log, &failure);
    }
    if (err == WEIR_OK)
        err = wr_topic_files_sync(&topics->files);
    if (err == WEIR_OK)
        err = wr_topic_files_write(&topics->files, topic->name, &topic->id, topic->partition_count, topic->config);
    if (err == WEIR_OK)
        return WEIR_OK;

    for (int32_t i = made; i < topic->partition_count; i++) {
        if (topic->partitions[i]->log)
            wr_log_abandon(topic->partitions[i]->log);
        topic->partitions[i]->log = NULL;
        wr_topic_files_unmake(&topics->files, topic->name, i);
    }
    return err;
}

weir_err wr_topics_create(wr_topics *topics, weir_slice name, int32_t partition_count, wr_topic_config *config,
                          wr_topic **ret_topic)
{
    assert(partition_count > 0);
    if (!wr_topic_name_legal(name))
        return WEIR_E_FORMAT;
    if (wr_topics_find(topics, name))
        return WEIR_E_EXISTS;
    if (partition_count > topics->config.partition_count_max - topics->partition_count)
        return WEIR_E_LIMIT;

    char text[WR_TOPIC_NAME_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)name.size, (const char *)name.data);
    uint8_t random[16];
    wr_random(topics->files.io, random, sizeof random);
    wr_uuid id = wr_uuid_v4(random);
    wr_topic *topic = wr_topic_new(text, &id);
    if (!topic)
        return WEIR_E_MEMORY;
    topic->config = config;
    weir_err err = wr_topic_add_partitions(topics, topic, partition_count);
    if (err == WEIR_OK)
        err = make_logs(topics, topic, 0);
    if (err == WEIR_OK) {
        err = wr_topics_add(topics, topic);
        if (err != WEIR_OK)
            for (int32_t i = 0; i < partition_count; i++)
                wr_topic_files_unmake(&topics->files, topic->name, i);
    }
    if (err != WEIR_OK) {
        topic->config = NULL; /* still the caller's */
        wr_topic_drop_partitions(topic, 0);
        wr_topic_free(topic);
        return err;
    }
    wr_trace_log(topics->host.trace, WR_INFO, "topic created", WR_TEXT("topic", topic->name),
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
    snprintf(segment_size, sizeof segment_size, "%lld", (long long)topics->config.internal_segment_size);
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
    if (partition_count - before > topics->config.partition_count_max - topics->partition_count)
        return WEIR_E_LIMIT;
    weir_err err = wr_topic_add_partitions(topics, topic, partition_count);
    if (err == WEIR_OK)
        err = make_logs(topics, topic, before);
    if (err != WEIR_OK) {
        wr_topic_drop_partitions(topic, before);
        return err;
    }
    topics->partition_count += partition_count - before;
    return WEIR_OK;
}

weir_err wr_topics_configure(wr_topics *topics, wr_topic *topic, wr_topic_config *config)
{
    weir_err err = wr_topic_files_write(&topics->files, topic->name, &topic->id, topic->partition_count, config);
    if (err != WEIR_OK)
        return err;
    wr_topic_config_free(topic->config);
    topic->config = config;
    wr_log_config log_config;
    wr_topic_config_log(config, &topics->config, &log_config);
    for (int32_t i = 0; i < topic->partition_count; i++)
        if (topic->partitions[i]->log) {
            wr_log_configure(topic->partitions[i]->log, &log_config);
            wr_retention_note(topics->retention, topic->partitions[i]);
        }
    return WEIR_OK;
}

/* ---- deleting */

static void remove_due(void *user);

static void start_remove_timer(wr_topics *topics)
{
    wr_link *first = wr_list_first(&topics->deleted);
    if (!first)
        return;
    int64_t due_us = WR_LIST_ITEM(first, deleted_topic, link)->due_us;
    weir_err err = wr_timer_start(topics->host.loop, &topics->remove_timer, due_us, remove_due, topics);
    (void)err; /* without memory for a timer the next start removes it */
}

static void remove_due(void *user)
{
    wr_topics *topics = user;
    for (wr_link *link; (link = wr_list_first(&topics->deleted));) {
        deleted_topic *gone = WR_LIST_ITEM(link, deleted_topic, link);
        if (gone->due_us > wr_loop_now_us(topics->host.loop))
            break;
        wr_link_remove(link);
        weir_err err = wr_topic_files_remove(&topics->files, gone->name, &gone->id, gone->partition_count);
        if (err != WEIR_OK)
            wr_trace_log(topics->host.trace, WR_WARN,
                         "cannot remove a deleted topic's files; the next start tries again",
                         WR_TEXT("topic", gone->name), WR_TEXT("error", weir_err_name(err)));
        free(gone);
    }
    start_remove_timer(topics);
}

static void remove_later(wr_topics *topics, const wr_topic *topic)
{
    size_t size = strlen(topic->name) + 1;
    deleted_topic *made = calloc(1, sizeof *made + size);
    if (!made)
        return; /* the next start removes it */
    made->id = topic->id;
    made->partition_count = topic->partition_count;
    made->due_us = wr_time_after_ms(wr_loop_now_us(topics->host.loop), topics->config.log.file_delete_delay_ms);
    memcpy(made->name, topic->name, size);
    wr_list_append(&topics->deleted, &made->link);
    if (!wr_timer_started(&topics->remove_timer))
        start_remove_timer(topics);
}

weir_err wr_topics_delete(wr_topics *topics, wr_topic *topic)
{
    wr_topics_remove(topics, topic);
    weir_err err = wr_topic_files_rename(&topics->files, topic->name, &topic->id, topic->partition_count);
    wr_trace_log(topics->host.trace, err == WEIR_OK ? WR_INFO : WR_ERROR, "topic deleted",
                 WR_TEXT("topic", topic->name), WR_TEXT("error", weir_err_name(err)));
    if (err == WEIR_OK)
        remove_later(topics, topic);
    for (int32_t i = 0; i < topic->partition_count; i++)
        wr_partition_detach(topic->partitions[i]);
    topics->host.deleted(topics->host.user, weir_slice_of(topic->name));
    for (int32_t i = 0; i < topic->partition_count; i++) {
        wr_retention_forget(topic->partitions[i]);
        wr_flusher_take(topics->flusher, topic->partitions[i]);
        topic->partitions[i] = NULL;
    }
    wr_topic_free(topic);
    return err;
}
