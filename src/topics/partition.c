/* Partitions: the calls that go through to the log, and who waits for what. Nobody is called back from inside a call:
 * a partition that changed is put on its host's list, and settling wakes whoever watches it. */
#include "partition_int.h"

#include <assert.h>
#include <stdlib.h>

void wr_partition_init(wr_partition *partition, wr_partition_host *host, wr_topic *topic, int32_t index, wr_log *log)
{
    *partition = (wr_partition){.topic = topic, .index = index, .log = log, .host = host};
    wr_list_init(&partition->durable_waits);
    wr_list_init(&partition->watchers);
    wr_list_init(&partition->trims);
}

int32_t wr_partition_index(const wr_partition *partition)
{
    return partition->index;
}

bool wr_partition_closed(const wr_partition *partition)
{
    return !partition->log;
}

bool wr_partition_broken(const wr_partition *partition)
{
    return !partition->log || wr_log_broken(partition->log);
}

bool wr_partition_waits(const wr_partition *partition)
{
    weir_err err = partition->closed_for;
    return !partition->log && (err == WEIR_E_IO || err == WEIR_E_FULL || err == WEIR_E_MEMORY);
}

int64_t wr_partition_start_offset(const wr_partition *partition)
{
    return partition->log ? wr_log_start_offset(partition->log) : 0;
}

int64_t wr_partition_high_watermark(const wr_partition *partition)
{
    if (!partition->log)
        return 0;
    if (partition->host->flush == WR_FLUSH_ACKS)
        return wr_log_synced_offset(partition->log);
    return wr_log_end_offset(partition->log);
}

int64_t wr_partition_end_offset(const wr_partition *partition)
{
    return partition->log ? wr_log_end_offset(partition->log) : 0;
}

int64_t wr_partition_size(const wr_partition *partition)
{
    return partition->log ? wr_log_size(partition->log) : 0;
}

bool wr_partition_needs_keys(const wr_partition *partition)
{
    return partition->log && wr_log_config_of(partition->log)->compact;
}

int64_t wr_partition_batch_size_max(const wr_partition *partition)
{
    return partition->log ? wr_log_config_of(partition->log)->message_size_max : 0;
}

/* ---- writing and reading */

static void settle_later(wr_partition *partition)
{
    if (!wr_link_linked(&partition->changed_link))
        wr_list_append(&partition->host->changed, &partition->changed_link);
}

void wr_partition_changed(wr_partition *partition)
{
    if (!wr_list_empty(&partition->watchers))
        settle_later(partition);
}

void wr_partition_tell(wr_partition *partition)
{
    partition->host->told(partition->host->user, partition);
}

weir_err wr_partition_append(wr_partition *partition, uint8_t *bytes, size_t size, wr_partition_appended *ret_appended)
{
    if (!partition->log)
        return WEIR_E_BROKEN;
    wr_appended appended;
    weir_err err = wr_log_append(partition->log, bytes, size, WR_LEADER_EPOCH, &appended);
    wr_partition_tell(partition);
    if (err != WEIR_OK) {
        if (wr_log_broken(partition->log))
            settle_later(partition);     /* nobody waits for a broken log */
        wr_partition_keep_up(partition); /* what was left of the batch is to be cut off */
        return err;
    }
    wr_partition_keep_up(partition);
    *ret_appended = (wr_partition_appended){appended.base_offset, appended.last_offset, appended.append_time_ms};
    if (appended.duplicate)
        return WEIR_OK;
    partition->host->appended(partition->host->user, partition);
    if (partition->host->flush != WR_FLUSH_ACKS)
        wr_partition_changed(partition); /* else at the end of the sync, which makes it visible */
    return WEIR_OK;
}

weir_err wr_partition_read(wr_partition *partition, int64_t offset, int64_t limit_offset, size_t size_max, bool min_one,
                           wr_buf *out)
{
    if (!partition->log)
        return WEIR_E_BROKEN;
    weir_err err = wr_log_read(partition->log, offset, limit_offset, size_max, min_one, out);
    if (err != WEIR_OK)
        wr_partition_tell(partition);
    wr_partition_keep_up(partition); /* an index that had to be made again is to be written */
    return err;
}

weir_err wr_partition_find_time(wr_partition *partition, int64_t time_ms, int64_t *ret_offset, int64_t *ret_time_ms)
{
    if (!partition->log)
        return WEIR_E_BROKEN;
    weir_err err =
        wr_log_find_time(partition->log, time_ms, wr_partition_high_watermark(partition), ret_offset, ret_time_ms);
    if (err != WEIR_OK)
        wr_partition_tell(partition);
    return err;
}

weir_err wr_partition_find_max_time(wr_partition *partition, int64_t *ret_offset, int64_t *ret_time_ms)
{
    if (!partition->log)
        return WEIR_E_BROKEN;
    weir_err err =
        wr_log_find_max_time(partition->log, wr_partition_high_watermark(partition), ret_offset, ret_time_ms);
    if (err != WEIR_OK)
        wr_partition_tell(partition);
    return err;
}

/* ---- shortening */

weir_err wr_partition_trim(wr_partition *partition, wr_trim_wait *wait, int64_t offset, int64_t durable_offset,
                           void (*done)(void *user, weir_err err), void *user)
{
    assert(!wr_link_linked(&wait->link) && durable_offset >= offset);
    if (wr_partition_broken(partition))
        return WEIR_E_BROKEN;
    if (durable_offset > wr_log_end_offset(partition->log))
        return WEIR_E_RANGE;
    if (offset <= wr_log_start_offset(partition->log))
        return WEIR_OK;
    *wait = (wr_trim_wait){.offset = offset, .durable_offset = durable_offset, .done = done, .user = user};
    wr_list_append(&partition->trims, &wait->link);
    partition->host->keep_up(partition->host->user, partition);
    return WEIR_E_AGAIN;
}

void wr_trim_wait_cancel(wr_trim_wait *wait)
{
    wr_link_remove(&wait->link);
}

/* Who is told may cancel others, or come with new ones: begins anew after each. */
static bool tell_one(wr_partition *partition, bool (*has_ended)(const wr_log *log, const wr_trim_wait *wait),
                     weir_err err)
{
    for (wr_link *at = wr_list_first(&partition->trims); at; at = wr_list_next(&partition->trims, at)) {
        wr_trim_wait *wait = WR_LIST_ITEM(at, wr_trim_wait, link);
        if (!has_ended(partition->log, wait))
            continue;
        wr_link_remove(at);
        wait->done(wait->user, err);
        return true;
    }
    return false;
}

static bool is_done(const wr_log *log, const wr_trim_wait *wait)
{
    return wr_log_start_offset(log) >= wait->offset;
}

static bool is_refused(const wr_log *log, const wr_trim_wait *wait)
{
    return wait->asked && wr_log_asked_start(log) < wait->offset;
}

static bool is_unsynced(const wr_log *log, const wr_trim_wait *wait)
{
    (void)wait;
    return wr_log_synced_offset(log) < wr_log_end_offset(log);
}

static bool is_any(const wr_log *log, const wr_trim_wait *wait)
{
    (void)log, (void)wait;
    return true;
}

void wr_partition_pursue_trims(wr_partition *partition)
{
    while (tell_one(partition, is_done, WEIR_OK))
        ;
    while (wr_log_broken(partition->log) && tell_one(partition, is_any, WEIR_E_BROKEN))
        ;
    for (wr_link *at = wr_list_first(&partition->trims); at; at = wr_list_next(&partition->trims, at)) {
        wr_trim_wait *wait = WR_LIST_ITEM(at, wr_trim_wait, link);
        if (wait->durable_offset <= wr_log_synced_offset(partition->log))
            wait->asked = wr_log_ask_start(partition->log, wait->offset) == WEIR_OK;
    }
}

void wr_partition_unsynced(wr_partition *partition, weir_err err)
{
    while (!partition->log_upkeep && tell_one(partition, is_unsynced, err))
        ;
}

void wr_partition_fail_trims(wr_partition *partition, weir_err err)
{
    while (tell_one(partition, is_done, WEIR_OK))
        ;
    while (tell_one(partition, is_refused, err))
        ;
}

void wr_partition_keep_up(wr_partition *partition)
{
    if (wr_log_upkeep_due(partition->log) || !wr_list_empty(&partition->trims))
        partition->host->keep_up(partition->host->user, partition);
}

weir_err wr_partition_roll(wr_partition *partition)
{
    if (!partition->log)
        return WEIR_E_BROKEN;
    weir_err err = wr_log_roll(partition->log);
    wr_partition_tell(partition);
    wr_partition_keep_up(partition);
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
    wr_list_insert(before, &wait->link);
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
    wr_partition_changed(partition);
    if (wr_log_broken(partition->log))
        settle_later(partition);
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

void wr_partition_detach(wr_partition *partition)
{
    release_waits(partition, INT64_MAX, WEIR_E_NOT_FOUND);
    while (tell_one(partition, is_any, WEIR_E_NOT_FOUND))
        ;
    wr_link_remove(&partition->changed_link);
    wr_partition_settle(partition);
}

void wr_partition_leave(wr_partition *partition)
{
    assert(partition->detached);
    if (partition->log_upkeep)
        return;
    wr_link_remove(&partition->upkeep_link);
    void (*left)(void *user) = partition->left;
    void *user = partition->left_user;
    partition->left = NULL;
    if (!partition->syncing) {
        if (partition->log)
            wr_log_abandon(partition->log);
        free(partition);
    }
    if (left)
        left(user);
}
