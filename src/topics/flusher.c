/* Which logs are dirty, and one sync at a time for each of them (flusher.h says when). */
#include "flusher.h"

#include "partition_int.h"
#include "topic.h"

#include <assert.h>
#include <stdlib.h>

enum { START_AGAIN_MS = 1000 };

struct wr_flusher {
    wr_loop *loop;
    const wr_trace *trace;
    wr_flush flush;
    int64_t interval_ms;
    bool draining;
    wr_list dirty;
    wr_list urgent; /* to be synced whatever the flush setting is; linked by dirty_link */
    bool closing;
    wr_list syncing; /* linked by dirty_link, too */
    size_t syncing_count;
    wr_timer interval;
    wr_timer start_again; /* some sync could not be started */
};

weir_err wr_flusher_new(wr_loop *loop, const wr_trace *trace, const wr_topics_config *config, wr_flusher **ret_flusher)
{
    wr_flusher *flusher = calloc(1, sizeof *flusher);
    if (!flusher)
        return WEIR_E_MEMORY;
    flusher->loop = loop;
    flusher->trace = trace;
    flusher->flush = config->flush;
    flusher->interval_ms = config->flush_interval_ms;
    wr_list_init(&flusher->dirty);
    wr_list_init(&flusher->urgent);
    wr_list_init(&flusher->syncing);
    *ret_flusher = flusher;
    return WEIR_OK;
}

void wr_flusher_free(wr_flusher *flusher)
{
    if (!flusher)
        return;
    wr_timer_stop(flusher->loop, &flusher->interval);
    wr_timer_stop(flusher->loop, &flusher->start_again);
    while (wr_list_pop(&flusher->dirty) || wr_list_pop(&flusher->urgent))
        ;
    flusher->closing = true;
    for (wr_link *link; (link = wr_list_first(&flusher->syncing));)
        wr_loop_work_cancel(flusher->loop, &WR_LIST_ITEM(link, wr_partition, dirty_link)->sync_order);
    free(flusher);
}

bool wr_flusher_idle(const wr_flusher *flusher)
{
    return flusher->syncing_count == 0;
}

void wr_flusher_mark(wr_flusher *flusher, wr_partition *partition)
{
    if (flusher->flush == WR_FLUSH_NONE || partition->detached)
        return;
    partition->flusher = flusher;
    if (partition->syncing)
        partition->dirty_again = true;
    else if (!wr_link_linked(&partition->dirty_link))
        wr_list_append(&flusher->dirty, &partition->dirty_link);
}

void wr_flusher_sync(wr_flusher *flusher, wr_partition *partition)
{
    partition->flusher = flusher;
    if (partition->syncing || partition->detached)
        return;
    wr_link_remove(&partition->dirty_link);
    wr_list_append(&flusher->urgent, &partition->dirty_link);
}

static void finish(wr_flusher *flusher, wr_partition *partition, weir_err err)
{
    partition->syncing = false;
    flusher->syncing_count--;
    wr_link_remove(&partition->dirty_link);
    if (partition->detached) {
        wr_partition_leave(partition); /* its directory may be another topic's by now: nothing is written there */
        return;
    }
    if (flusher->closing)
        return;
    wr_log_sync_end(partition->log, &partition->ticket, err);
    bool broken = wr_log_broken(partition->log);
    wr_partition_tell(partition);
    /* A ticket takes a few files only: after many rolls at once the rest goes with the next. */
    bool more = partition->dirty_again || wr_log_sync_due(partition->log);
    if (more && !broken && flusher->flush != WR_FLUSH_NONE)
        wr_list_append(&flusher->dirty, &partition->dirty_link);
    partition->dirty_again = false;
    wr_partition_synced(partition);
    wr_partition_keep_up(partition);
}

static void begin_all(wr_flusher *flusher);

static void start_again(void *user)
{
    begin_all(user);
}

static void start_later(wr_flusher *flusher, const wr_partition *partition, weir_err err)
{
    if (wr_timer_started(&flusher->start_again))
        return;
    wr_trace_log(flusher->trace, WR_WARN, "a sync cannot be started now, and is tried again",
                 WR_TEXT("topic", partition->topic->name), WR_NUMBER("partition", partition->index),
                 WR_TEXT("error", weir_err_name(err)));
    err = wr_timer_after_ms(flusher->loop, &flusher->start_again, START_AGAIN_MS, start_again, flusher);
    (void)err; /* only memory: the next round of the loop tries again */
}

/* Nobody has tried to sync: nothing is lost, and the log stays as dirty as it was. */
static void postpone(wr_flusher *flusher, wr_partition *partition, weir_err err)
{
    wr_log_sync_cancel(partition->log);
    partition->syncing = false;
    flusher->syncing_count--;
    wr_link_remove(&partition->dirty_link);
    wr_list_append(&flusher->dirty, &partition->dirty_link);
    start_later(flusher, partition, err);
}

static weir_err sync_ticket(void *user)
{
    wr_partition *partition = user;
    return wr_log_ticket_sync(&partition->ticket);
}

static void sync_done(void *user, weir_err err)
{
    wr_partition *partition = user;
    finish(partition->flusher, partition, err);
}

static void begin(wr_flusher *flusher, wr_partition *partition)
{
    if (wr_log_broken(partition->log))
        return;
    partition->syncing = true;
    flusher->syncing_count++;
    wr_log_sync_begin(partition->log, &partition->ticket);
    if (partition->ticket.file_count == 0) { /* all is synced, or its files cannot be opened */
        wr_partition_unsynced(partition, WEIR_E_IO);
        finish(flusher, partition, WEIR_OK);
        return;
    }
    wr_list_append(&flusher->syncing, &partition->dirty_link);
    weir_err err = wr_loop_work(flusher->loop, &partition->sync_order, sync_ticket, sync_done, partition);
    if (err != WEIR_OK)
        postpone(flusher, partition, err);
}

/* Finishing at once may put a partition on the list again: takes only those that are there now. */
static void begin_each(wr_flusher *flusher, wr_list *list)
{
    wr_list batch;
    wr_list_init(&batch);
    for (wr_link *link; (link = wr_list_pop(list));)
        wr_list_append(&batch, link);
    for (wr_link *link; (link = wr_list_pop(&batch));)
        begin(flusher, WR_LIST_ITEM(link, wr_partition, dirty_link));
}

static void begin_all(wr_flusher *flusher)
{
    begin_each(flusher, &flusher->dirty);
}

static void interval_passed(void *user)
{
    begin_all(user);
}

void wr_flusher_kick(wr_flusher *flusher)
{
    begin_each(flusher, &flusher->urgent);
    if (wr_list_empty(&flusher->dirty))
        return;
    if (flusher->flush == WR_FLUSH_INTERVAL && !flusher->draining) {
        if (wr_timer_started(&flusher->interval) ||
            wr_timer_after_ms(flusher->loop, &flusher->interval, flusher->interval_ms, interval_passed, flusher) ==
                WEIR_OK)
            return;
    }
    begin_all(flusher);
}

void wr_flusher_drain(wr_flusher *flusher)
{
    flusher->draining = true;
}

void wr_flusher_take(wr_flusher *flusher, wr_partition *partition)
{
    (void)flusher;
    partition->detached = true;
    partition->topic = NULL;
    if (!partition->syncing)
        wr_link_remove(&partition->dirty_link);
}
