#include "partition.h"

#include "flusher.h"
#include "partition_int.h"
#include "retention.h"

#include <assert.h>

void wr_partition_init(wr_partition *partition, wr_broker *broker, wr_topic *topic, int32_t index, wr_log *log)
{
    *partition = (wr_partition){.topic = topic, .index = index, .log = log, .broker = broker};
    wr_list_init(&partition->durable_waits);
    wr_list_init(&partition->watchers);
}

int64_t wr_partition_start_offset(const wr_partition *partition)
{
    return partition->log ? wr_log_start_offset(partition->log) : 0;
}

int64_t wr_partition_high_watermark(const wr_partition *partition)
{
    if (!partition->log)
        return 0;
    if (partition->broker->config.flush == WR_FLUSH_ACKS)
        return wr_log_synced_offset(partition->log);
    return wr_log_end_offset(partition->log);
}

int64_t wr_partition_end_offset(const wr_partition *partition)
{
    return partition->log ? wr_log_end_offset(partition->log) : 0;
}

static void stir(wr_partition *partition)
{
    if (!wr_link_linked(&partition->stirred_link))
        wr_list_append(&partition->broker->stirred, &partition->stirred_link);
    wr_broker_stir(partition->broker);
}

void wr_partition_stir(wr_partition *partition)
{
    if (!wr_list_empty(&partition->watchers))
        stir(partition);
}

weir_err wr_partition_append(wr_partition *partition, uint8_t *bytes, size_t size, wr_appended *ret_appended)
{
    if (!partition->log)
        return WEIR_E_BROKEN;
    weir_err err = wr_log_append(partition->log, bytes, size, WR_LEADER_EPOCH, ret_appended);
    if (err == WEIR_OK && !ret_appended->duplicate) {
        wr_flusher_mark(partition->broker->flusher, partition);
        wr_retention_note(partition->broker->retention);
        if (partition->broker->config.flush != WR_FLUSH_ACKS)
            wr_partition_stir(partition); /* else at the end of the sync, which makes it visible */
        wr_broker_stir(partition->broker);
    } else if (err != WEIR_OK && wr_log_broken(partition->log)) {
        stir(partition); /* nobody waits for a broken log */
    }
    return err;
}

/* ---- durable waits */

weir_err wr_partition_await(wr_partition *partition, wr_durable_wait *wait, int64_t offset,
                            void (*done)(void *user, weir_err err), void *user)
{
    assert(!wr_link_linked(&wait->link));
    if (!partition->log)
        return WEIR_E_BROKEN;
    if (offset <= wr_partition_high_watermark(partition))
        return WEIR_OK;
    if (wr_log_broken(partition->log))
        return WEIR_E_BROKEN;
    wait->offset = offset;
    wait->done = done;
    wait->user = user;

    /* Offsets mostly come in order: look from the end. (A duplicate of an unsynced batch comes late.) */
    wr_link *before = partition->durable_waits.head.prev;
    while (before != &partition->durable_waits.head && WR_LIST_ITEM(before, wr_durable_wait, link)->offset > offset)
        before = before->prev;
    wait->link.prev = before;
    wait->link.next = before->next;
    before->next->prev = &wait->link;
    before->next = &wait->link;
    return WEIR_E_AGAIN;
}

void wr_durable_wait_cancel(wr_durable_wait *wait)
{
    wr_link_remove(&wait->link);
}

static void release_waits(wr_partition *partition, int64_t below_offset, weir_err err)
{
    for (wr_link *link; (link = wr_list_first(&partition->durable_waits));) {
        wr_durable_wait *wait = WR_LIST_ITEM(link, wr_durable_wait, link);
        if (wait->offset > below_offset)
            break;
        wr_link_remove(link);
        wait->done(wait->user, err);
    }
}

void wr_partition_synced(wr_partition *partition)
{
    release_waits(partition, wr_partition_high_watermark(partition), WEIR_OK);
    wr_partition_stir(partition);
    if (wr_log_broken(partition->log))
        stir(partition);
}

/* ---- watchers */

void wr_partition_watch(wr_partition *partition, wr_watcher *watcher, void (*wake)(void *user), void *user)
{
    assert(!wr_link_linked(&watcher->link));
    watcher->wake = wake;
    watcher->user = user;
    wr_list_append(&partition->watchers, &watcher->link);
}

void wr_watcher_cancel(wr_watcher *watcher)
{
    wr_link_remove(&watcher->link);
}

/* Who is woken may watch again at once: only those who were here before are woken. */
void wr_partition_settle(wr_partition *partition)
{
    if (partition->log && wr_log_broken(partition->log))
        release_waits(partition, INT64_MAX, WEIR_E_BROKEN);
    wr_list woken;
    wr_list_init(&woken);
    for (wr_link *link; (link = wr_list_pop(&partition->watchers));)
        wr_list_append(&woken, link);
    for (wr_link *link; (link = wr_list_pop(&woken));) {
        wr_watcher *watcher = WR_LIST_ITEM(link, wr_watcher, link);
        watcher->wake(watcher->user);
    }
}

void wr_partition_orphan(wr_partition *partition)
{
    release_waits(partition, INT64_MAX, WEIR_E_NOT_FOUND);
    wr_link_remove(&partition->stirred_link);
    wr_partition_settle(partition);
}
