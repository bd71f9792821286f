/* Which logs are dirty, and one sync at a time for each of them (flusher.h says when). */
#include "flusher.h"

#include "partition_int.h"
#include "topic.h"

#include <assert.h>
#include <stdlib.h>

struct wr_flusher {
    wr_loop *loop;
    const wr_trace *trace;
    wr_flush flush;
    int64_t interval_ms;
    bool draining;
    wr_list dirty;
    wr_list detached; /* partitions of deleted topics that a sync still uses; linked by dirty_link */
    size_t syncing_count;
    wr_timer interval;
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
    wr_list_init(&flusher->detached);
    *ret_flusher = flusher;
    return WEIR_OK;
}

static void release(wr_partition *partition)
{
    if (partition->log)
        wr_log_abandon(partition->log);
    free(partition);
}

void wr_flusher_free(wr_flusher *flusher)
{
    if (!flusher)
        return;
    wr_timer_stop(flusher->loop, &flusher->interval);
    while (wr_list_pop(&flusher->dirty))
        ;
    for (wr_link *link; (link = wr_list_pop(&flusher->detached));)
        release(WR_LIST_ITEM(link, wr_partition, dirty_link));
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

static void finish(wr_flusher *flusher, wr_partition *partition, weir_err err)
{
    wr_log_sync_end(partition->log, &partition->ticket, err);
    partition->syncing = false;
    flusher->syncing_count--;
    if (partition->detached) {
        wr_link_remove(&partition->dirty_link);
        release(partition);
        return;
    }
    bool broken = wr_log_broken(partition->log);
    wr_partition_tell(partition);
    /* A ticket takes a few files only: after many rolls at once the rest goes with the next. */
    bool more = partition->dirty_again || wr_log_synced_offset(partition->log) < wr_log_end_offset(partition->log);
    if (more && !broken)
        wr_list_append(&flusher->dirty, &partition->dirty_link);
    partition->dirty_again = false;
    wr_partition_synced(partition);
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
    weir_err err = WEIR_OK;
    if (partition->ticket.file_count > 0) {
        err = wr_loop_sync(flusher->loop, partition->ticket.files, partition->ticket.file_count, sync_done, partition);
        if (err == WEIR_OK)
            return;
    }
    finish(flusher, partition, err);
}

static void begin_all(wr_flusher *flusher)
{
    /* Finishing at once may make a partition dirty again: take only those that are there now. */
    wr_list batch;
    wr_list_init(&batch);
    for (wr_link *link; (link = wr_list_pop(&flusher->dirty));)
        wr_list_append(&batch, link);
    for (wr_link *link; (link = wr_list_pop(&batch));)
        begin(flusher, WR_LIST_ITEM(link, wr_partition, dirty_link));
}

static void interval_passed(void *user)
{
    begin_all(user);
}

void wr_flusher_kick(wr_flusher *flusher)
{
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
    wr_link_remove(&partition->dirty_link);
    partition->detached = true;
    partition->topic = NULL;
    if (partition->syncing)
        wr_list_append(&flusher->detached, &partition->dirty_link);
    else
        release(partition);
}
