/* How far a service is behind, per partition: in records, and as the age of the oldest record that is not handled yet.
 *
 * In records it is the end of the partition less the committed position. The age is now less
 *   - the timestamp of the oldest record of the batch under way, while there is one: it grows while a handler hangs;
 *   - else the later of the last handled record's timestamp and the moment when nothing was left to handle: what is
 *     left is no older than that, so a first record on a quiet topic is not as old as the one before it;
 *   - and is not shown when neither is known, as for a moment after a start.
 *
 * The core's thread stores a few numbers with each partition after each turn; any thread reads them, so a scrape neither
 * waits for the core nor goes stale while it is busy: the end is asked of the client at the scrape. */
#include "core_int.h"
#include "exposition.h"

#include <base/array.h>
#include <stdio.h>
#include <stdlib.h>

weir_err wr_lag_add(wr_core *core, position *position)
{
    inbox *inbox = &core->inbox;
    pthread_mutex_lock(&core->lock);
    weir_err err = WR_ARRAY_RESERVE(inbox->all, inbox->capacity, inbox->count + 1, POSITION_COUNT_MAX);
    if (err == WEIR_OK)
        inbox->all[inbox->count++] = position;
    pthread_mutex_unlock(&core->lock);
    return err;
}

void wr_lag_fini(wr_core *core)
{
    free(core->inbox.all);
}

void wr_lag_begin(position *position, int64_t timestamp_ms)
{
    atomic_store(&position->shown.pending_ms, timestamp_ms > 0 ? timestamp_ms : 0);
}

/* Behind the committed position; -1: not known. */
static int64_t records_behind(const wr_core *core, const position *position)
{
    int64_t next = atomic_load(&position->shown.next);
    int64_t end = wr_consumer_end(core->reader.consumer, position->topic, position->partition);
    if (end < 0)
        return -1;
    next = next > 0 ? next : 0; /* nothing read yet: reading begins at 0 */
    return end > next ? end - next : 0;
}

void wr_lag_update(wr_core *core)
{
    for (size_t i = 0; i < core->inbox.count; i++) { /* only this thread adds */
        position *position = core->inbox.all[i];
        shown_lag *shown = &position->shown;
        bool has_moved = atomic_load(&shown->next) != position->next;
        atomic_store(&shown->is_owned, position->is_owned);
        atomic_store(&shown->pending_ms, 0);
        if (!has_moved)
            continue;
        atomic_store(&shown->next, position->next);
        atomic_store(&shown->last_ms, position->last_ms);
        if (position->is_owned && records_behind(core, position) == 0)
            atomic_store(&shown->caught_up_ms, wr_now_ms(core->io));
    }
}

/* -1: not known. */
static int64_t age_ms(const shown_lag *shown, int64_t now_ms)
{
    int64_t since_ms = atomic_load(&shown->pending_ms);
    if (since_ms == 0) {
        int64_t last_ms = atomic_load(&shown->last_ms), caught_up_ms = atomic_load(&shown->caught_up_ms);
        since_ms = last_ms > caught_up_ms ? last_ms : caught_up_ms;
    }
    if (since_ms == 0)
        return -1;
    return now_ms > since_ms ? now_ms - since_ms : 0;
}

static void print(wr_core *core, position *const *all, size_t count, bool is_age, wr_buf *out)
{
    int64_t now_ms = wr_now_ms(core->io);
    for (size_t i = 0; i < count; i++) {
        position *position = all[i];
        if (!atomic_load(&position->shown.is_owned))
            continue;
        char partition[16];
        snprintf(partition, sizeof partition, "%d", position->partition);
        const weir_attribute labels[] = {
            {"service", core->name}, {"topic", position->topic}, {"partition", partition}, {0}};
        int64_t behind = records_behind(core, position);
        int64_t age = behind > 0 ? age_ms(&position->shown, now_ms) : behind;
        if (behind == 0)
            atomic_store(&position->shown.caught_up_ms, now_ms);
        if (is_age && age >= 0)
            wr_metric_value(out, "weir_inbox_lag_seconds", labels, (double)age / 1e3);
        else if (!is_age && behind >= 0)
            wr_metric_value(out, "weir_inbox_lag_records", labels, (double)behind);
    }
}

void wr_lag_metrics(wr_core *core, wr_buf *out)
{
    pthread_mutex_lock(&core->lock);
    size_t count = core->inbox.count;
    position **all = count ? malloc(count * sizeof *all) : NULL; /* they stay; only the array may move */
    if (all)
        memcpy(all, core->inbox.all, count * sizeof *all);
    pthread_mutex_unlock(&core->lock);
    wr_metric_head(out, "weir_inbox_lag_records", "gauge",
                   "Records behind the committed position, as of the last fetch of the partition.");
    if (all)
        print(core, all, count, false, out);
    wr_metric_head(out, "weir_inbox_lag_seconds", "gauge", "Age of the oldest record that is not handled yet.");
    if (all)
        print(core, all, count, true, out);
    free(all);
}
