/* Offsets that nobody needs any more.
 *
 *     the group is EMPTY and was managed    retention after it became empty, or after the commit if that was later
 *     it never had members                  retention after the commit
 *     it is STABLE, of consumers            retention after the commit, if no member subscribes to the topic
 *     the commit named a retention itself   at that time (OffsetCommit v2 to v4), unless members are there
 *
 * An empty group without offsets goes one check interval after it became empty, so that a person can still see it. One
 * timer, no earlier than a check interval from now, waits for whatever is due first. */
#include "groups_int.h"

#include <base/time.h>

int64_t wr_groups_expire_ms(int64_t now_ms, int64_t retention_ms)
{
    return wr_time_add_ms(now_ms, retention_ms);
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Whether members that are there read the topic. Looks through all that they subscribe to: once a topic, not once a
 * partition. */
static bool is_read(const entry *item, weir_slice topic)
{
    return wr_group_state_of(item->group) == WR_GROUP_STABLE && wr_group_subscribes(item->group, topic);
}

/* When an offset of a topic expires; INT64_MAX: not while things are as they are. */
static int64_t offset_due(const entry *item, bool read, const wr_offset *offset)
{
    int64_t retention_ms = item->groups->config.offsets_retention_ms;
    switch (wr_group_state_of(item->group)) {
    case WR_GROUP_EMPTY:
        if (offset->expire_ms >= 0)
            return offset->expire_ms;
        return wr_time_add_ms(later(offset->commit_ms, item->state_time_ms), retention_ms);
    case WR_GROUP_STABLE:
        if (read || !weir_slice_equal(wr_group_protocol_type(item->group), WEIR_SLICE("consumer")))
            return INT64_MAX;
        return wr_time_add_ms(offset->commit_ms, retention_ms);
    default:
        return INT64_MAX;
    }
}

int64_t wr_groups_due(const entry *item)
{
    const wr_groups_config *config = &item->groups->config;
    if (item->offsets.count == 0)
        return wr_group_state_of(item->group) == WR_GROUP_EMPTY
                   ? wr_time_add_ms(item->state_time_ms, config->offsets_check_ms)
                   : INT64_MAX;
    int64_t due_ms = INT64_MAX;
    const wr_offset_topic *topic;
    for (size_t at = 0; (topic = wr_offsets_next_topic(&item->offsets, &at));) {
        bool read = is_read(item, topic->name);
        for (size_t i = 0; i < topic->count; i++) {
            int64_t at_ms = offset_due(item, read, &topic->items[i]);
            due_ms = at_ms < due_ms ? at_ms : due_ms;
        }
    }
    return due_ms;
}

typedef struct expiry {
    int64_t now_ms;
    weir_slice topic; /* the last that was asked about */
    bool read;
} expiry;

static bool is_expired(void *user, const entry *item, weir_slice topic, const wr_offset *offset)
{
    expiry *at = user;
    if (at->topic.data != topic.data) {
        at->topic = topic;
        at->read = is_read(item, topic);
    }
    return offset_due(item, at->read, offset) <= at->now_ms;
}

/* Takes what is due from one group, and the group if nothing is left. False: it is gone. */
static bool sweep_entry(wr_groups *groups, entry *item, int64_t now_ms)
{
    if (item->commit_count > 0 || wr_groups_due(item) > now_ms)
        return true;
    wr_groups_prune(groups, item, is_expired, &(expiry){.now_ms = now_ms});
    if (item->offsets.count > 0 || !wr_list_empty(&item->gone) || wr_group_state_of(item->group) != WR_GROUP_EMPTY ||
        wr_group_pending_count(item->group) > 0)
        return true;
    work *removing = wr_groups_work(groups, NULL, wr_groups_nobody_waits);
    if (!removing)
        return true;
    wr_group_log_begin(groups->log);
    wr_groups_remove_records(groups, item);
    wr_groups_send(removing);
    wr_groups_remove_entry(groups, item);
    return false;
}

static void sweep(void *user)
{
    wr_groups *groups = user;
    wr_groups_write_tombstones(groups);
    int64_t now_ms = wall_ms(groups), next_ms = INT64_MAX;
    entry *item;
    for (size_t at = 0; (item = wr_map_next(groups->by_id, &at, NULL));) {
        if (!sweep_entry(groups, item, now_ms))
            continue;
        int64_t due_ms = wr_groups_due(item);
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    if (next_ms != INT64_MAX)
        wr_groups_sweep_by(groups, next_ms);
}

void wr_groups_sweep_by(wr_groups *groups, int64_t due_ms)
{
    wr_loop *loop = groups->loop;
    int64_t in_ms = later(wr_time_add_ms(due_ms, -wall_ms(groups)), groups->config.offsets_check_ms);
    int64_t deadline_us = wr_time_after_ms(wr_loop_now_us(loop), in_ms);
    if (wr_timer_started(&groups->sweep) && groups->sweep.deadline_us <= deadline_us)
        return;
    weir_err err = wr_timer_start(loop, &groups->sweep, deadline_us, sweep, groups);
    (void)err; /* only memory: the next commit tries again */
}

/* Nothing new is due before that; the sweep itself looks closely. */
void wr_groups_sweep_after(wr_groups *groups, const entry *item)
{
    const wr_groups_config *config = &groups->config;
    bool empty = wr_group_state_of(item->group) == WR_GROUP_EMPTY;
    if (item->offsets.count > 0)
        wr_groups_sweep_by(groups, wr_time_add_ms(wall_ms(groups), config->offsets_retention_ms));
    else if (empty && item->kept)
        wr_groups_sweep_by(groups, wr_time_add_ms(wall_ms(groups), config->offsets_check_ms));
}
