/* All groups by id, the host of their machines, and their timers. */
#include "groups_int.h"

#include <base/time.h>

#include <string.h>

/* ---- the host of the state machines */

static void on_joined(void *user, void *waiter, const wr_group_joined *answer)
{
    (void)user;
    wr_group_waiter *to = waiter;
    to->joined(to, answer);
}

static void on_synced(void *user, void *waiter, const wr_group_synced *answer)
{
    (void)user;
    wr_group_waiter *to = waiter;
    to->synced(to, answer);
}

static void on_changed(void *user, const wr_group *group, wr_group_state from, const char *cause)
{
    wr_groups *groups = user;
    entry_of(group)->state_time_ms = wall_ms(groups);
    wr_group_state to = wr_group_state_of(group);
    wr_level level = to == WR_GROUP_STABLE || to == WR_GROUP_EMPTY ? WR_INFO : WR_DEBUG;
    if (from == WR_GROUP_EMPTY && to == WR_GROUP_STABLE)
        level = WR_DEBUG; /* loading sums up */
    char id[65];
    size_t size = wr_group_id(group).size < 64 ? wr_group_id(group).size : 64;
    memcpy(id, wr_group_id(group).data, size);
    id[size] = '\0';
    wr_trace_log(groups->trace, level, "group", WR_TEXT("group", id), WR_TEXT("state", wr_group_state_name(to)),
                 WR_TEXT("because", cause), WR_NUMBER("generation", wr_group_generation(group)),
                 WR_NUMBER("members", wr_group_member_count(group)));
}

static void on_random(void *user, void *ret_bytes, size_t size)
{
    wr_groups *groups = user;
    wr_random(wr_loop_io(groups->loop), ret_bytes, size);
}

/* ---- life */

static wr_group_config config_of(const wr_groups_config *from)
{
    wr_group_config config = wr_group_config_default;
    config.initial_delay_ms = from->initial_delay_ms;
    config.session_timeout_min_ms = (int32_t)(from->session_min_ms < INT32_MAX ? from->session_min_ms : INT32_MAX);
    config.session_timeout_max_ms = (int32_t)(from->session_max_ms < INT32_MAX ? from->session_max_ms : INT32_MAX);
    config.member_count_max = from->member_count_max;
    config.memory_size_max = MEMBERS_SIZE_MAX;
    return config;
}

weir_err wr_groups_new(wr_loop *loop, const wr_trace *trace, wr_topics *topics, const wr_groups_config *config,
                       wr_groups **ret_groups, weir_failure *failure)
{
    wr_groups *groups = calloc(1, sizeof *groups);
    if (!groups)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    groups->loop = loop;
    groups->trace = trace;
    groups->topics = topics;
    groups->config = *config;
    groups->host = (wr_group_host){
        .config = config_of(config),
        .store = wr_groups_store,
        .joined = on_joined,
        .synced = on_synced,
        .changed = on_changed,
        .random = on_random,
        .user = groups,
    };
    wr_list_init(&groups->works);
    groups->by_id = wr_map_new(SIZE_MAX, wr_random_u64(wr_loop_io(loop)));
    if (!groups->by_id || wr_group_log_new(loop, trace, topics, &groups->log) != WEIR_OK) {
        wr_groups_free(groups);
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    }
    wr_groups_load(groups);
    *ret_groups = groups;
    return WEIR_OK;
}

void wr_groups_free_entry(entry *item)
{
    wr_timer_stop(item->groups->loop, &item->timer);
    item->groups->offsets_size -= (int64_t)item->offsets.memory_size;
    wr_offsets_fini(&item->offsets);
    wr_groups_free_gone(item);
    wr_group_free(item->group);
    free(item->image);
    free(item);
}

void wr_groups_free(wr_groups *groups)
{
    if (!groups)
        return;
    wr_timer_stop(groups->loop, &groups->load);
    wr_timer_stop(groups->loop, &groups->sweep);
    wr_timer_stop(groups->loop, &groups->gone_again);
    wr_groups_drop_works(groups);
    entry *item;
    for (size_t at = 0; groups->by_id && (item = wr_map_next(groups->by_id, &at, NULL));)
        wr_groups_free_entry(item);
    wr_map_free(groups->by_id);
    wr_offsets_fini(&groups->deleted_meanwhile);
    wr_group_log_free(groups->log);
    free(groups);
}

void wr_groups_stop(wr_groups *groups)
{
    entry *item;
    groups->stopping = true;
    for (size_t at = 0; (item = wr_map_next(groups->by_id, &at, NULL));)
        wr_group_release(item->group, WR_KAFKA_COORDINATOR_NOT_AVAILABLE);
}

int16_t wr_groups_ready(wr_groups *groups)
{
    if (groups->phase == LOADING) {
        if (!wr_timer_started(&groups->load)) /* there was no memory for it */
            wr_groups_load_later(groups, 0);
        return WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS;
    }
    return groups->phase == FAILED || groups->stopping ? WR_KAFKA_COORDINATOR_NOT_AVAILABLE : WR_KAFKA_NONE;
}

int64_t wr_groups_now_ms(const wr_groups *groups)
{
    return wr_loop_now_us(groups->loop) / 1000;
}

int16_t wr_groups_error(weir_err err)
{
    if (err == WEIR_OK)
        return WR_KAFKA_NONE;
    return err == WEIR_E_LIMIT ? WR_KAFKA_INVALID_COMMIT_OFFSET_SIZE : WR_KAFKA_COORDINATOR_NOT_AVAILABLE;
}

/* ---- entries */

entry *wr_groups_find_entry(const wr_groups *groups, weir_slice id)
{
    return wr_map_find(groups->by_id, id);
}

weir_err wr_groups_add_entry(wr_groups *groups, weir_slice id, entry **ret_entry)
{
    entry *item = calloc(1, sizeof *item);
    if (!item)
        return WEIR_E_MEMORY;
    item->groups = groups;
    item->state_time_ms = -1;
    wr_list_init(&item->gone);
    item->group = wr_group_new(&groups->host, id, item);
    weir_err err = item->group ? wr_map_add(groups->by_id, id, item) : WEIR_E_MEMORY;
    if (err != WEIR_OK) {
        wr_groups_free_entry(item);
        return err;
    }
    *ret_entry = item;
    return WEIR_OK;
}

void wr_groups_remove_entry(wr_groups *groups, entry *item)
{
    assert(!item->dead);
    wr_group_kill(item->group);
    wr_timer_stop(groups->loop, &item->timer);
    wr_map_remove(groups->by_id, wr_group_id(item->group));
    item->dead = true;
    if (item->work_count == 0)
        wr_groups_free_entry(item);
}

wr_group *wr_groups_find(const wr_groups *groups, weir_slice id)
{
    entry *item = wr_groups_find_entry(groups, id);
    return item ? item->group : NULL;
}

wr_group *wr_groups_obtain(wr_groups *groups, weir_slice id, int16_t *ret_error)
{
    entry *item = wr_groups_find_entry(groups, id);
    if (item)
        return item->group;
    *ret_error = WR_KAFKA_COORDINATOR_NOT_AVAILABLE;
    if (id.size > WR_GROUP_ID_SIZE_MAX)
        *ret_error = WR_KAFKA_INVALID_GROUP_ID;
    else if (wr_map_count(groups->by_id) >= (size_t)groups->config.group_count_max)
        *ret_error = WR_KAFKA_GROUP_MAX_SIZE_REACHED;
    else if (wr_groups_add_entry(groups, id, &item) == WEIR_OK)
        return item->group;
    return NULL;
}

wr_group *wr_groups_next(const wr_groups *groups, size_t *at)
{
    entry *item = wr_map_next(groups->by_id, at, NULL);
    return item ? item->group : NULL;
}

size_t wr_groups_count(const wr_groups *groups)
{
    return wr_map_count(groups->by_id);
}

const wr_offsets *wr_groups_offsets(const wr_group *group)
{
    return &entry_of(group)->offsets;
}

bool wr_groups_affords(const wr_groups *groups, const wr_group *group, const wr_group_commit *commit)
{
    return groups->offsets_size < OFFSETS_SIZE_MAX ||
           wr_offsets_find(&entry_of(group)->offsets, commit->topic, commit->offset.partition);
}

/* ---- timers */

static void timer_fired(void *user)
{
    entry *item = user;
    wr_groups *groups = item->groups;
    int64_t now_ms = wr_groups_now_ms(groups), late_ms = now_ms - item->timer.deadline_us / 1000;
    /* A broker that was stopped, or whose machine slept, must not take its own silence for its members'. */
    if (late_ms > LATE_MS)
        wr_group_postpone(item->group, late_ms);
    wr_group_expire(item->group, now_ms);
    wr_groups_settle(groups, item->group);
}

static void start_timer(entry *item)
{
    int64_t deadline_ms = wr_group_deadline(item->group);
    if (deadline_ms == INT64_MAX)
        return;
    int64_t deadline_us = wr_time_after_ms(0, deadline_ms);
    if (wr_timer_started(&item->timer) && item->timer.deadline_us <= deadline_us)
        return; /* it will look again when it fires */
    weir_err err = wr_timer_start(item->groups->loop, &item->timer, deadline_us, timer_fired, item);
    (void)err; /* only memory: the next request of the group tries again */
}

void wr_groups_settle(wr_groups *groups, wr_group *group)
{
    entry *item = entry_of(group);
    if (item->dead)
        return;
    bool nothing = wr_group_state_of(group) == WR_GROUP_EMPTY && wr_group_pending_count(group) == 0 &&
                   item->offsets.count == 0 && wr_list_empty(&item->gone) && !item->kept && item->work_count == 0;
    if (nothing) {
        wr_groups_remove_entry(groups, item);
        return;
    }
    start_timer(item);
    wr_groups_sweep_after(groups, item);
}
