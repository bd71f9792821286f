/* Closing all logs: by the loop's workers, several at a time, since each is synced and writes its checkpoint.
 *
 *    open ──wr_topics_close──▶ closing: each worker takes the next log that nobody has taken ──▶ closed: freed, and told
 *                                 └── wr_topics_abandon: what was not taken is left as a crash would leave it
 *
 * What could not be closed in order is said by the loop's thread, in the order of the names. The next start reads such a log
 * from its last checkpoint on: it takes longer, and what was promised is there. The same holds when a partition was closed all
 * the time: what an earlier process left of it unsynced is so still, and the stop leaves nothing in order (broker.c). */
#include "topics_int.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct closing_log {
    wr_partition *partition;
    weir_err err;
} closing_log;

struct wr_topics_closing {
    wr_topics *topics;
    closing_log *logs;
    size_t count;
    atomic_size_t next; /* that nobody has taken */
    wr_work_order orders[WR_LOOP_WORKER_COUNT_MAX];
    size_t worker_count;
    bool abandoned;
    void (*done)(void *user, weir_err err);
    void *user;
};

static weir_err close_some(void *user)
{
    struct wr_topics_closing *closing = user;
    for (size_t at; (at = atomic_fetch_add(&closing->next, 1)) < closing->count;)
        closing->logs[at].err = wr_log_finish(closing->logs[at].partition->log);
    return WEIR_OK;
}

static void tell(const wr_topics *topics, const wr_partition *partition)
{
    const wr_log_cause *cause = wr_log_cause_of(partition->log);
    const char *why = cause->os_error ? strerrordesc_np(cause->os_error) : weir_err_name(cause->err);
    wr_trace_log(topics->host.trace, WR_ERROR,
                 "partition cannot be closed in order: the next start recovers it as after a crash",
                 WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index),
                 WR_TEXT("directory", wr_log_directory(partition->log)), WR_TEXT("file", cause->file),
                 WR_TEXT("call", cause->call), WR_TEXT("error", why ? why : "unknown"));
}

static void all_closed(struct wr_topics_closing *closing)
{
    wr_topics *topics = closing->topics;
    void (*done)(void *user, weir_err err) = closing->done;
    void *user = closing->user;
    weir_err first = WEIR_OK;
    for (size_t i = 0; i < closing->count; i++) {
        if (closing->logs[i].err != WEIR_OK)
            tell(topics, closing->logs[i].partition);
        first = first == WEIR_OK ? closing->logs[i].err : first;
    }
    topics->all_closing = NULL;
    free(closing->logs);
    free(closing);
    wr_topics_abandon(topics); /* nothing is left to be written */
    done(user, first);
}

static void worker_returned(void *user, weir_err err)
{
    struct wr_topics_closing *closing = user;
    (void)err; /* each log has its own answer */
    if (--closing->worker_count == 0 && !closing->abandoned)
        all_closed(closing);
}

static void add_logs(struct wr_topics_closing *closing, const wr_topic *topic)
{
    for (int32_t i = 0; i < topic->partition_count; i++)
        if (topic->partitions[i]->log)
            closing->logs[closing->count++].partition = topic->partitions[i];
}

bool wr_topics_all_open(const wr_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        for (int32_t k = 0; k < topics->sorted[i]->partition_count; k++)
            if (wr_partition_closed(topics->sorted[i]->partitions[k]))
                return false;
    return true;
}

weir_err wr_topics_close(wr_topics *topics, void (*done)(void *user, weir_err err), void *user)
{
    wr_topics_stop_work(topics);
    struct wr_topics_closing *closing = calloc(1, sizeof *closing);
    closing_log *logs = calloc((size_t)topics->partition_count + 1, sizeof *logs);
    if (!closing || !logs) {
        free(closing);
        free(logs);
        wr_topics_abandon(topics);
        return WEIR_E_MEMORY;
    }
    closing->topics = topics;
    closing->logs = logs;
    closing->done = done;
    closing->user = user;
    for (size_t i = 0; i < topics->count; i++)
        add_logs(closing, topics->sorted[i]);
    topics->all_closing = closing;
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < WR_LOOP_WORKER_COUNT_MAX && (i == 0 || i < closing->count) && err == WEIR_OK; i++) {
        err = wr_loop_work(topics->host.loop, &closing->orders[i], close_some, worker_returned, closing);
        closing->worker_count += err == WEIR_OK;
    }
    if (closing->worker_count > 0)
        return WEIR_OK;
    wr_topics_abandon(topics); /* nobody is there to do it */
    return err;
}

void wr_topics_close_cancel(wr_topics *topics)
{
    struct wr_topics_closing *closing = topics->all_closing;
    if (!closing)
        return;
    closing->abandoned = true;
    atomic_store(&closing->next, closing->count);
    for (size_t i = 0; i < WR_LOOP_WORKER_COUNT_MAX; i++)
        wr_loop_work_cancel(topics->host.loop, &closing->orders[i]);
    topics->all_closing = NULL;
    free(closing->logs);
    free(closing);
}
