/* Opening logs, and saying what becomes of them (logs.h says when). */
#include "logs.h"

#include "topic.h"
#include "topics_int.h"

#include <base/array.h>

#include <stdlib.h>
#include <string.h>

enum { LOG_COUNT_MAX = 1 << 24 };

/* ---- opening */

void wr_log_openings_init(wr_log_openings *openings, const wr_topic_files *files, const wr_topics_config *config,
                          bool clean)
{
    *openings = (wr_log_openings){.files = files, .config = config, .clean = clean};
}

void wr_log_openings_fini(wr_log_openings *openings)
{
    for (size_t i = 0; i < openings->count; i++) {
        wr_log_abandon(openings->items[i].log);
        free(openings->items[i].cause);
    }
    free(openings->items);
    *openings = (wr_log_openings){0};
}

weir_err wr_log_openings_add(wr_log_openings *openings, wr_partition *partition)
{
    weir_err err = WR_ARRAY_RESERVE(openings->items, openings->capacity, openings->count + 1, LOG_COUNT_MAX);
    if (err == WEIR_OK)
        openings->items[openings->count++] = (wr_log_opening){.partition = partition};
    return err;
}

static void open_one(const wr_log_openings *openings, wr_log_opening *one)
{
    const wr_topic *topic = one->partition->topic;
    char path[WR_PATH_SIZE];
    wr_log_config config;
    weir_failure failure = {0};
    wr_topic_path(openings->files, topic->name, one->partition->index, path);
    wr_topic_config_log(topic->config, openings->config, topic->internal, &config);
    if (wr_path_exists(openings->files->io, path))
        one->err = wr_log_open(openings->files->io, path, &config, openings->clean, &one->log, &failure);
    else
        one->err = weir_fail(&failure, WEIR_E_NOT_FOUND, "the directory is gone");
    if (one->err != WEIR_OK)
        one->cause = strdup(failure.sentence);
}

void wr_log_openings_run(wr_log_openings *openings)
{
    for (size_t at; (at = atomic_fetch_add(&openings->next, 1)) < openings->count;)
        open_one(openings, &openings->items[at]);
}

static void give(wr_topics *topics, wr_log_opening *one)
{
    wr_partition *partition = one->partition;
    char path[WR_PATH_SIZE];
    wr_topic_path(&topics->files, partition->topic->name, partition->index, path);
    partition->log = one->log;
    partition->closed_for = one->err;
    one->log = NULL;
    if (one->err != WEIR_OK && !partition->told_closed)
        wr_trace_log(topics->host.trace, WR_ERROR,
                     wr_partition_waits(partition) ? "partition is closed: it cannot be opened now, and is tried again"
                                                   : "partition stays closed: it cannot be read",
                     WR_TEXT("directory", path), WR_TEXT("error", weir_err_name(one->err)),
                     WR_TEXT("cause", one->cause ? one->cause : "unknown"));
    if (one->err == WEIR_OK && partition->told_closed)
        wr_trace_log(topics->host.trace, WR_INFO, "partition is open again", WR_TEXT("directory", path));
    partition->told_closed = one->err != WEIR_OK;
}

void wr_log_openings_give(wr_log_openings *openings, wr_topics *topics)
{
    for (size_t i = 0; i < openings->count; i++) {
        wr_partition *partition = openings->items[i].partition;
        give(topics, &openings->items[i]);
        if (partition->log) {
            wr_retention_note(topics->retention, partition);
            wr_partition_changed(partition);
        } else if (wr_partition_waits(partition)) {
            wr_logs_reopen_later(topics);
        }
    }
}

/* ---- the start */

static weir_err run_openings(void *user)
{
    wr_log_openings_run(user);
    return WEIR_OK;
}

static void openings_ran(void *user, weir_err err)
{
    (void)user;
    (void)err; /* each log has its own answer */
}

void wr_logs_open_all(wr_topics *topics, wr_log_openings *openings)
{
    wr_work_order orders[WR_LOOP_WORKER_COUNT_MAX] = {0};
    size_t count = openings->count < WR_LOOP_WORKER_COUNT_MAX ? openings->count : WR_LOOP_WORKER_COUNT_MAX;
    bool helped = false;
    for (size_t i = 0; i < count; i++)
        helped |= wr_loop_work(topics->host.loop, &orders[i], run_openings, openings_ran, openings) == WEIR_OK;
    if (!helped)
        wr_log_openings_run(openings);
    for (size_t i = 0; i < count; i++)
        wr_loop_work_finish(topics->host.loop, &orders[i]);
    wr_log_openings_give(openings, topics);
}

/* ---- telling */

static void tell_damage(wr_topics *topics, const wr_partition *partition, const wr_log_damage *damage)
{
    wr_trace_log(
        topics->host.trace, WR_ERROR,
        "records are damaged: readers are told so, and can go on from next_offset. Restore the file from a copy, or "
        "delete the records up to next_offset if nobody needs them",
        WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index),
        WR_TEXT("directory", wr_log_directory(partition->log)), WR_TEXT("file", damage->file),
        WR_NUMBER("position", damage->position), WR_NUMBER("offset", damage->offset),
        WR_NUMBER("next_offset", damage->next_offset), WR_TEXT("reason", damage->reason));
}

static void tell_unfiled(wr_topics *topics, const wr_partition *partition)
{
    const wr_log_cause *cause = wr_log_unfiled_of(partition->log);
    if (cause->err == WEIR_OK) {
        wr_trace_log(topics->host.trace, WR_INFO, "index files can be written again",
                     WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index));
        return;
    }
    const char *why = cause->os_error ? strerrordesc_np(cause->os_error) : weir_err_name(cause->err);
    wr_trace_log(
        topics->host.trace, WR_WARN,
        "index files cannot be written: they stay in memory, and a start after a crash reads more; tried again",
        WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index),
        WR_TEXT("directory", wr_log_directory(partition->log)), WR_TEXT("file", cause->file),
        WR_TEXT("call", cause->call), WR_TEXT("error", why ? why : "unknown"));
}

void wr_logs_tell(wr_topics *topics, wr_partition *partition)
{
    if (!partition->log || !partition->topic)
        return;
    for (const wr_log_damage *damage; (damage = wr_log_take_damage(partition->log));)
        tell_damage(topics, partition, damage);
    if (wr_log_take_unfiled(partition->log))
        tell_unfiled(topics, partition);
    if (!wr_log_take_change(partition->log))
        return;
    wr_log_state state = wr_log_state_of(partition->log);
    const char *topic = partition->topic->name;
    if (state != WR_LOG_FULL && state != WR_LOG_BROKEN) {
        wr_trace_log(topics->host.trace, WR_INFO, "partition can be written again", WR_TEXT("topic", topic),
                     WR_NUMBER("partition", partition->index));
        return;
    }
    const wr_log_cause *cause = wr_log_cause_of(partition->log);
    const char *why = cause->os_error ? strerrordesc_np(cause->os_error) : weir_err_name(cause->err);
    if (cause->reason)
        why = cause->reason;
    wr_trace_log(topics->host.trace, WR_ERROR,
                 state == WR_LOG_FULL
                     ? "partition cannot be written now: appends are refused, and tried again every second"
                     : "sync failed: the partition accepts nothing more until a restart",
                 WR_TEXT("topic", topic), WR_NUMBER("partition", partition->index),
                 WR_TEXT("directory", wr_log_directory(partition->log)), WR_TEXT("file", cause->file),
                 WR_TEXT("call", cause->call), WR_TEXT("error", why ? why : "unknown"));
}
