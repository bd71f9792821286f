/* Opening logs, and saying what becomes of them (logs.h says when). */
#include "logs.h"

#include "topic.h"
#include "topics_int.h"

#include <string.h>

enum { REOPEN_MS = 5000 };

static void open_log(wr_topics *topics, wr_partition *partition, const wr_log_config *config, bool clean)
{
    char path[WR_PATH_SIZE];
    wr_topic_path(&topics->files, partition->topic->name, partition->index, path);
    weir_failure failure = {0};
    weir_err err = WEIR_E_NOT_FOUND;
    if (wr_path_exists(topics->files.io, path))
        err = wr_log_open(topics->files.io, path, config, clean, &partition->log, &failure);
    else
        weir_fail(&failure, WEIR_E_NOT_FOUND, "the directory is gone");
    partition->closed_for = err;
    if (err != WEIR_OK && !partition->told_closed)
        wr_trace_log(topics->host.trace, WR_ERROR,
                     wr_partition_waits(partition) ? "partition is closed: it cannot be opened now, and is tried again"
                                                   : "partition stays closed: it cannot be read",
                     WR_TEXT("directory", path), WR_TEXT("error", weir_err_name(err)),
                     WR_TEXT("cause", failure.sentence));
    if (err == WEIR_OK && partition->told_closed)
        wr_trace_log(topics->host.trace, WR_INFO, "partition is open again", WR_TEXT("directory", path));
    partition->told_closed = err != WEIR_OK;
}

static void reopen(void *user);

static void reopen_later(wr_topics *topics)
{
    weir_err err = WEIR_OK;
    if (!wr_timer_started(&topics->reopen_timer))
        err = wr_timer_after_ms(topics->host.loop, &topics->reopen_timer, REOPEN_MS, reopen, topics);
    if (err != WEIR_OK)
        wr_trace_log(topics->host.trace, WR_ERROR, "closed partitions stay closed until a restart: out of memory");
}

void wr_logs_open(wr_topics *topics, wr_partition *partition, const wr_log_config *config)
{
    open_log(topics, partition, config, topics->clean);
    if (wr_partition_waits(partition))
        reopen_later(topics);
}

static void reopen(void *user)
{
    wr_topics *topics = user;
    bool left = false;
    for (wr_topic *topic = wr_topics_next(topics, NULL); topic; topic = wr_topics_next(topics, topic)) {
        wr_log_config config;
        wr_topic_config_log(topic->config, &topics->config, &config);
        for (int32_t i = 0; i < topic->partition_count; i++) {
            wr_partition *partition = topic->partitions[i];
            if (!wr_partition_waits(partition))
                continue;
            open_log(topics, partition, &config, false);
            left |= wr_partition_waits(partition);
            if (!partition->log)
                continue;
            wr_retention_note(topics->retention, partition);
            wr_partition_changed(partition);
        }
    }
    if (left)
        reopen_later(topics);
}

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

void wr_logs_tell(wr_topics *topics, wr_partition *partition)
{
    if (!partition->log || !partition->topic)
        return;
    for (const wr_log_damage *damage; (damage = wr_log_take_damage(partition->log));)
        tell_damage(topics, partition, damage);
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
    wr_trace_log(topics->host.trace, WR_ERROR,
                 state == WR_LOG_FULL
                     ? "partition cannot be written now: appends are refused, and tried again every second"
                     : "sync failed: the partition accepts nothing more until a restart",
                 WR_TEXT("topic", topic), WR_NUMBER("partition", partition->index),
                 WR_TEXT("directory", wr_log_directory(partition->log)), WR_TEXT("file", cause->file),
                 WR_TEXT("call", cause->call), WR_TEXT("error", why ? why : "unknown"));
}
