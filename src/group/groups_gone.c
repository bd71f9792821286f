/* Committed offsets of topics that were deleted.
 *
 *    offsets of the group ──the topic is deleted──▶ gone: nobody finds them ──tombstones are durable──▶ freed
 *                                                    └── again after WRITE_AGAIN_MS: no memory, or the log did not take them
 *
 * From the deletion on a topic that takes the name has no offsets. The log has them until it takes their tombstones; should
 * the broker crash before that, the next start finds offsets of a topic that is gone and removes them, or, if the name was
 * taken, gives them to the new topic. So whatever the log did not take is kept, in the memory that it has already, and tried
 * again. A tombstone that comes late must not stand behind what was committed to the new topic: where there is such an offset
 * it needs no tombstone, and while such a commit is under way the tombstone waits.
 *
 * Commits that are under way when their topic is deleted are taken back (groups_work.c): their tombstones are written at
 * once, right behind them, and once more from here when they are done, since nobody waits for the first. */
#include "groups_int.h"

enum { WRITE_AGAIN_MS = 1000 };

/* ---- writing tombstones */

static void try_again(void *user);

static void try_later(wr_groups *groups)
{
    if (wr_timer_started(&groups->gone_again))
        return;
    weir_err err = wr_timer_after_ms(groups->loop, &groups->gone_again, WRITE_AGAIN_MS, try_again, groups);
    (void)err; /* only memory: the sweep tries again, too */
}

static void tombstones_written(work *done, weir_err err)
{
    wr_groups *groups = done->groups;
    entry *of = done->of;
    for (wr_link *link = wr_list_first(&of->gone), *next; link; link = next) {
        wr_offset_topic *topic = WR_LIST_ITEM(link, wr_offset_topic, link);
        next = wr_list_next(&of->gone, link);
        if (topic->ticket != done->ticket)
            continue;
        topic->ticket = 0;
        if (err != WEIR_OK)
            continue;
        wr_link_remove(link);
        wr_offset_topic_free(topic);
    }
    if (err != WEIR_OK && !groups->told_gone)
        wr_trace_log(groups->trace, WR_WARN,
                     "cannot write down that offsets of a deleted topic are gone: tried again every second",
                     WR_TEXT("error", weir_err_name(err)));
    groups->told_gone = err != WEIR_OK;
    if (err != WEIR_OK && !of->dead)
        try_later(groups);
}

/* Leaves out partitions that were committed to again: that record is the newer one. */
static void drop_committed_again(const entry *item, wr_offset_topic *topic)
{
    for (size_t i = topic->count; i-- > 0;)
        if (wr_offsets_find(&item->offsets, topic->name, topic->items[i].partition))
            wr_offset_topic_drop(topic, i);
}

static void write_tombstones(wr_groups *groups, entry *item)
{
    work *writing = NULL;
    for (wr_link *link = wr_list_first(&item->gone), *next; link; link = next) {
        wr_offset_topic *topic = WR_LIST_ITEM(link, wr_offset_topic, link);
        next = wr_list_next(&item->gone, link);
        if (topic->ticket)
            continue;
        if (wr_groups_is_committing(groups, item, topic->name)) {
            try_later(groups);
            continue;
        }
        drop_committed_again(item, topic);
        if (topic->count == 0) {
            wr_link_remove(link);
            wr_offset_topic_free(topic);
            continue;
        }
        if (!writing) {
            writing = wr_groups_work(groups, item, tombstones_written);
            if (!writing) {
                try_later(groups);
                return;
            }
            writing->ticket = ++groups->tombstone_ticket;
            wr_group_log_begin(groups->log);
        }
        topic->ticket = writing->ticket;
        for (size_t i = 0; i < topic->count; i++)
            wr_group_log_offset(groups->log, wr_group_id(item->group), topic->name, topic->items[i].partition, NULL);
    }
    if (writing)
        wr_groups_send(writing);
}

void wr_groups_write_tombstones(wr_groups *groups)
{
    entry *item;
    for (size_t at = 0; groups->phase == READY && (item = wr_map_next(groups->by_id, &at, NULL));)
        if (!wr_list_empty(&item->gone)) {
            write_tombstones(groups, item);
            wr_groups_settle(groups, item->group);
        }
}

static void try_again(void *user)
{
    wr_groups_write_tombstones(user);
}

/* ---- what is gone */

static void take(entry *item, weir_slice name)
{
    int64_t before = (int64_t)item->offsets.memory_size;
    wr_offset_topic *topic = wr_offsets_take_topic(&item->offsets, name);
    if (topic)
        wr_list_append(&item->gone, &topic->link);
    item->groups->offsets_size += (int64_t)item->offsets.memory_size - before;
}

void wr_groups_put_gone(entry *item, const wr_group_commit *commits, size_t count)
{
    wr_offsets offsets = {0};
    weir_err err = WEIR_OK;
    const wr_offset_topic *topic;
    for (size_t i = 0; i < count && err == WEIR_OK; i++)
        if (commits[i].taken_back)
            err = wr_offsets_put(&offsets, commits[i].topic, &(wr_offset){.partition = commits[i].offset.partition});
    for (size_t at = 0; (topic = wr_offsets_next_topic(&offsets, &at));)
        wr_list_append(&item->gone, &wr_offsets_take_topic(&offsets, topic->name)->link);
    wr_offsets_fini(&offsets);
    write_tombstones(item->groups, item);
}

/* While groups are loaded their offsets are still to come; nothing is committed until then. */
static void note_name(wr_groups *groups, weir_slice topic)
{
    wr_offsets *names = &groups->deleted_meanwhile;
    weir_err err = wr_offsets_put(names, topic, &(wr_offset){0});
    if (err != WEIR_OK)
        wr_trace_log(groups->trace, WR_WARN,
                     "a topic was deleted while groups are loaded: one that takes its name may find its offsets",
                     WR_TEXT("error", weir_err_name(err)));
}

void wr_groups_topic_deleted(wr_groups *groups, weir_slice topic)
{
    if (groups->phase == LOADING)
        note_name(groups, topic);
    if (groups->phase != READY)
        return;
    wr_groups_take_back(groups, topic);
    entry *item;
    for (size_t at = 0; (item = wr_map_next(groups->by_id, &at, NULL));)
        take(item, topic);
    wr_groups_write_tombstones(groups);
}

void wr_groups_take_gone(wr_groups *groups)
{
    entry *item;
    for (size_t at = 0; (item = wr_map_next(groups->by_id, &at, NULL));) {
        const wr_offset_topic *topic;
        for (size_t k = 0; (topic = wr_offsets_next_topic(&item->offsets, &k));)
            if (!wr_topics_find(groups->topics, topic->name) ||
                wr_offsets_find(&groups->deleted_meanwhile, topic->name, 0))
                take(item, topic->name);
    }
    wr_offsets_fini(&groups->deleted_meanwhile);
    wr_groups_write_tombstones(groups);
}

void wr_groups_free_gone(entry *item)
{
    for (wr_link *link; (link = wr_list_pop(&item->gone));)
        wr_offset_topic_free(WR_LIST_ITEM(link, wr_offset_topic, link));
}
