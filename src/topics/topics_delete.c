/* Configuring and deleting topics: the steps of these changes (topics_change.c has their order), and the removal of what
 * deleted topics leave on the disk. */
#include "topics_change_int.h"

#include <base/time.h>

#include <assert.h>
#include <stdlib.h>

/* A deleted topic whose files are still there. */
typedef struct deleted_topic {
    wr_link link;
    wr_topics *topics;
    wr_uuid id;
    int32_t partition_count;
    int64_t due_us;
    char name[];
} deleted_topic;

/* ---- configuring */

static weir_err configure_begin(topic_change *change)
{
    change->topic = wr_topics_find(change->topics, weir_slice_of(change->queue->name));
    if (!change->topic)
        return WEIR_E_NOT_FOUND;
    return change->based_on < 0 || change->based_on == change->topic->config_count ? WEIR_OK : WEIR_E_AGAIN;
}

/* What was told to have failed must not be in force after the next start: the old file is written again, unless it was
 * never touched. */
static weir_err configure_run(topic_change *change)
{
    const wr_topic_files *files = &change->topics->files;
    const wr_topic *topic = change->topic;
    bool replaced, again;
    weir_err err =
        wr_topic_files_write(files, topic->name, &topic->id, topic->partition_count, change->config, &replaced);
    if (err != WEIR_OK && replaced)
        change->uncertain = wr_topic_files_write(files, topic->name, &topic->id, topic->partition_count, topic->config,
                                                 &again) != WEIR_OK;
    return err;
}

static void configure_finish(topic_change *change, weir_err err)
{
    wr_topics *topics = change->topics;
    wr_topic *topic = change->topic;
    if (err != WEIR_OK) {
        if (change->uncertain && !topics->closing)
            wr_trace_log(topics->host.trace, WR_ERROR,
                         "settings of a topic were refused, and may be in force after the next start all the same: the "
                         "disk failed while they were written and while they were taken back; set them again",
                         WR_TEXT("topic", topic->name), WR_TEXT("error", weir_err_name(err)));
        wr_change_end(change, err, NULL);
        return;
    }
    wr_topic_config_free(topic->config);
    topic->config = change->config;
    topic->config_count++;
    change->config = NULL;
    wr_log_config log_config;
    wr_topic_config_log(topic->config, &topics->config, topic->internal, &log_config);
    for (int32_t i = 0; i < topic->partition_count; i++)
        if (topic->partitions[i]->log) {
            wr_log_configure(topic->partitions[i]->log, &log_config);
            wr_retention_note(topics->retention, topic->partitions[i]);
        }
    wr_change_end(change, WEIR_OK, topic);
}

static const change_kind configure_kind = {configure_begin, NULL, configure_run, configure_finish};

weir_err wr_topics_configure(wr_topics *topics, weir_slice name, wr_topic_config *config, int64_t based_on,
                             wr_topic_done *done, void *user)
{
    topic_change *change;
    weir_err err = wr_change_ask(topics, &configure_kind, name, 0, config, done, user, &change);
    if (err == WEIR_OK)
        change->based_on = based_on;
    return err;
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

static weir_err remove_files(void *user)
{
    const deleted_topic *gone = user;
    return wr_topic_files_remove(&gone->topics->files, gone->name, &gone->id, gone->partition_count);
}

static void files_removed(void *user, weir_err err)
{
    deleted_topic *gone = user;
    wr_topics *topics = gone->topics;
    topics->removing_count--;
    if (err != WEIR_OK && !topics->closing)
        wr_trace_log(topics->host.trace, WR_WARN, "cannot remove a deleted topic's files; the next start tries again",
                     WR_TEXT("topic", gone->name), WR_TEXT("error", weir_err_name(err)));
    free(gone);
}

static void remove_due(void *user)
{
    wr_topics *topics = user;
    for (wr_link *link; (link = wr_list_first(&topics->deleted));) {
        deleted_topic *gone = WR_LIST_ITEM(link, deleted_topic, link);
        if (gone->due_us > wr_loop_now_us(topics->host.loop))
            break;
        wr_link_remove(link);
        topics->removing_count++;
        weir_err err = wr_loop_work(topics->host.loop, &topics->remove_order, remove_files, files_removed, gone);
        if (err != WEIR_OK)
            files_removed(gone, err);
    }
    start_remove_timer(topics);
}

static void remove_later(topic_change *change)
{
    wr_topics *topics = change->topics;
    assert(change->queue->name); /* the queue of a topic's changes has it from the first of them on */
    size_t size = strlen(change->queue->name) + 1;
    deleted_topic *made = calloc(1, sizeof *made + size);
    if (!made)
        return; /* the next start removes it */
    made->topics = topics;
    made->id = change->id;
    made->partition_count = change->partition_count;
    made->due_us = wr_time_after_ms(wr_loop_now_us(topics->host.loop), topics->config.log.file_delete_delay_ms);
    memcpy(made->name, change->queue->name, size);
    wr_list_append(&topics->deleted, &made->link);
    if (!wr_timer_started(&topics->remove_timer))
        start_remove_timer(topics);
}

/* From here on nobody finds it, and its logs are no longer written to. */
static weir_err delete_begin(topic_change *change)
{
    wr_topics *topics = change->topics;
    wr_topic *topic = wr_topics_find(topics, weir_slice_of(change->queue->name));
    if (!topic)
        return WEIR_E_NOT_FOUND;
    change->id = topic->id;
    change->partition_count = topic->partition_count;
    wr_topics_remove(topics, topic);
    for (int32_t i = 0; i < topic->partition_count; i++) {
        wr_partition *partition = topic->partitions[i];
        wr_partition_detach(partition);
        wr_retention_forget(partition);
        wr_flusher_take(topics->flusher, partition);
        if (partition->log_upkeep) { /* it finds files by name, so the directory cannot be renamed now */
            partition->left = wr_change_release;
            partition->left_user = change;
            change->held_count++;
        }
        wr_partition_leave(partition);
    }
    topic->partition_count = 0;
    wr_topic_free(topic);
    return WEIR_OK;
}

static weir_err delete_run(topic_change *change)
{
    return wr_topic_files_rename(&change->topics->files, change->queue->name, &change->id, change->partition_count);
}

static void delete_finish(topic_change *change, weir_err err)
{
    wr_topics *topics = change->topics;
    if (!topics->closing && err == WEIR_OK) {
        wr_trace_log(topics->host.trace, WR_INFO, "topic deleted", WR_TEXT("topic", change->queue->name));
        remove_later(change);
        topics->host.deleted(topics->host.user, weir_slice_of(change->queue->name));
    } else if (!topics->closing) {
        /* Its first directory has the new name or the old one: the disk knows. What others keep about it stays, since it
         * may come back. */
        wr_trace_log(
            topics->host.trace, WR_ERROR,
            "topic cannot be deleted: it is out of service until the broker starts anew, which finds it whole or "
            "deleted; mend the disk, then restart",
            WR_TEXT("topic", change->queue->name), WR_TEXT("error", weir_err_name(err)));
    }
    wr_change_end(change, err, NULL);
}

static const change_kind delete_kind = {delete_begin, NULL, delete_run, delete_finish};

weir_err wr_topics_delete(wr_topics *topics, weir_slice name, wr_topic_done *done, void *user)
{
    return wr_change_ask(topics, &delete_kind, name, 0, NULL, done, user, NULL);
}

void wr_removals_fini(wr_topics *topics)
{
    wr_timer_stop(topics->host.loop, &topics->remove_timer);
    wr_loop_work_cancel(topics->host.loop, &topics->remove_order);
    for (wr_link *link; (link = wr_list_pop(&topics->deleted));)
        free(WR_LIST_ITEM(link, deleted_topic, link));
}
