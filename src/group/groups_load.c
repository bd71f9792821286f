/* Loading: the log's records, oldest first, leave of every key the last. Offsets are put and removed as they come; of a
 * group only its last record is kept, and made into members at the end. Then whatever a crash left behind is cleared:
 * offsets of topics that do not exist any more. */
#include "groups_int.h"

#include <topics/topics.h>

#include <string.h>

enum { LOAD_SIZE = 1 << 20, LOAD_AGAIN_MS = 1000 };

static weir_err take_offset(wr_groups *groups, const wr_group_key *key, weir_slice bytes)
{
    entry *item = wr_groups_find_entry(groups, key->group);
    if (!bytes.data) {
        if (item)
            wr_offsets_remove(&item->offsets, key->topic, key->partition);
        return WEIR_OK;
    }
    wr_offset_value value = {0};
    weir_err err = wr_offset_value_decode(bytes, &value, NULL);
    if (err == WEIR_OK && !item)
        err = wr_groups_add_entry(groups, key->group, &item);
    if (err != WEIR_OK)
        return err;
    return wr_offsets_put(&item->offsets, key->topic,
                          &(wr_offset){
                              .partition = key->partition,
                              .leader_epoch = value.leader_epoch,
                              .offset = value.offset,
                              .commit_ms = value.commit_timestamp,
                              .expire_ms = value.expire_timestamp,
                              .metadata = value.metadata,
                          });
}

static weir_err take_group(wr_groups *groups, const wr_group_key *key, weir_slice bytes)
{
    entry *item = wr_groups_find_entry(groups, key->group);
    if (!item && bytes.data) {
        weir_err err = wr_groups_add_entry(groups, key->group, &item);
        if (err != WEIR_OK)
            return err;
    }
    if (!item)
        return WEIR_OK;
    uint8_t *image = bytes.data ? malloc(bytes.size + 1) : NULL;
    if (bytes.data && !image)
        return WEIR_E_MEMORY;
    free(item->image);
    item->image = image;
    item->image_size = bytes.size;
    if (image)
        memcpy(image, bytes.data, bytes.size);
    return WEIR_OK;
}

static weir_err take(void *user, const wr_group_key *key, weir_slice value)
{
    return key->kind == WR_GROUP_KEY_OFFSET ? take_offset(user, key, value) : take_group(user, key, value);
}

/* ---- at the end */

static weir_err revive(entry *item, const wr_group_value *value, bool with_members, int64_t now_ms)
{
    for (int32_t i = 0; with_members && i < value->member_count; i++) {
        const wr_group_value_member *from = &value->members[i];
        wr_group_member_view member = {
            .id = from->member_id,
            .instance_id = from->group_instance_id,
            .client_id = from->client_id,
            .client_host = from->client_host,
            .metadata = from->subscription,
            .assignment = from->assignment,
            .session_timeout_ms = from->session_timeout,
            .rebalance_timeout_ms = from->rebalance_timeout,
        };
        weir_err err = wr_group_restore_member(item->group, &member, value->protocol_type, value->protocol);
        if (err != WEIR_OK)
            return err;
    }
    wr_group_image image = {
        .generation = value->generation,
        .protocol_type = value->protocol_type,
        .protocol_name = value->protocol,
        .leader_id = value->leader,
    };
    weir_err err = wr_group_restore(item->group, &image, now_ms);
    item->state_time_ms = value->current_state_timestamp;
    return err;
}

/* Begins with a new machine, for an earlier try may have left members in the entry's. */
static weir_err renew(wr_groups *groups, entry *item)
{
    wr_group *bare = wr_group_new(&groups->host, wr_group_id(item->group), item);
    if (!bare)
        return WEIR_E_MEMORY;
    wr_group_free(item->group);
    item->group = bare;
    return WEIR_OK;
}

/* A group whose members cannot be had (no room, a record that lies) comes back without them: they join anew. When memory
 * is out, the image stays and all of this is tried again. */
static weir_err restore(wr_groups *groups, entry *item, weir_arena *arena)
{
    wr_group_value value = {0};
    weir_slice image = {item->image, item->image_size};
    int64_t now_ms = wr_groups_now_ms(groups);
    weir_err err = wr_group_value_decode(image, arena, &value, NULL);
    if (err == WEIR_E_LIMIT)
        return WEIR_E_MEMORY; /* the arena has room for every record that there can be */
    if (err == WEIR_OK) {
        item->kept = true;
        err = wr_group_member_count(item->group) > 0 ? renew(groups, item) : WEIR_OK;
        if (err == WEIR_OK)
            err = revive(item, &value, true, now_ms);
        if (err != WEIR_OK && err != WEIR_E_MEMORY) {
            err = renew(groups, item);
            if (err == WEIR_OK)
                err = revive(item, &value, false, now_ms);
        }
    } else if (err == WEIR_E_FORMAT || err == WEIR_E_UNSUPPORTED) {
        groups->skipped++;
        err = WEIR_OK;
    }
    if (err == WEIR_E_MEMORY)
        return err;
    free(item->image);
    item->image = NULL;
    return err;
}

static weir_err finish(wr_groups *groups)
{
    weir_arena *arena = weir_arena_new(64 << 20);
    weir_err err = arena ? WEIR_OK : WEIR_E_MEMORY;
    entry *item;
    for (size_t at = 0; err == WEIR_OK && (item = wr_map_next(groups->by_id, &at, NULL));) {
        if (item->image)
            err = restore(groups, item, arena);
        weir_arena_reset(arena);
    }
    weir_arena_free(arena);
    if (err != WEIR_OK)
        return err;
    groups->phase = READY;
    for (size_t at = 0; (item = wr_map_next(groups->by_id, &at, NULL));)
        groups->offsets_size += (int64_t)item->offsets.memory_size;
    wr_groups_take_gone(groups);
    for (size_t at = 0; (item = wr_map_next(groups->by_id, &at, NULL));) {
        int64_t due_ms = wr_groups_due(item);
        if (due_ms != INT64_MAX)
            wr_groups_sweep_by(groups, due_ms);
        wr_groups_settle(groups, item->group);
    }
    return WEIR_OK;
}

static void load_more(void *user);

/* Loading failed for a reason that passes, or the log waits to be opened: requests answer that loading goes on. */
static bool again(wr_groups *groups, weir_err err)
{
    bool passes = err == WEIR_E_IO || err == WEIR_E_FULL || err == WEIR_E_MEMORY;
    if (!passes && !(err == WEIR_E_BROKEN && wr_state_log_waits(wr_group_log_state(groups->log))))
        return false;
    if (!groups->told_again)
        wr_trace_log(groups->trace, WR_WARN, "groups cannot be loaded now: tried again every second",
                     WR_TEXT("error", weir_err_name(err)));
    groups->told_again = true;
    wr_groups_load_later(groups, LOAD_AGAIN_MS);
    return true;
}

void wr_groups_load_later(wr_groups *groups, int64_t duration_ms)
{
    weir_err err = wr_timer_after_ms(groups->loop, &groups->load, duration_ms, load_more, groups);
    (void)err; /* only memory: the next request that asks for groups starts it */
}

static void step(wr_groups *groups)
{
    weir_failure failure = {0};
    weir_err err = WEIR_OK;
    if (groups->load_offset < wr_state_log_start(wr_group_log_state(groups->log)))
        groups->load_offset = wr_state_log_start(wr_group_log_state(groups->log));
    if (wr_state_log_broken(wr_group_log_state(groups->log)))
        err = weir_fail(&failure, WEIR_E_BROKEN, "the log of " WR_OFFSETS_TOPIC " could not be opened");
    else if (wr_state_log_exists(wr_group_log_state(groups->log)))
        err = wr_group_log_read(groups->log, &groups->load_offset, LOAD_SIZE, take, groups, &groups->skipped, &failure);
    if (err == WEIR_OK && groups->load_offset < wr_state_log_end(wr_group_log_state(groups->log))) {
        wr_groups_load_later(groups, 0);
        return;
    }
    if (err == WEIR_OK)
        err = finish(groups);
    if (err != WEIR_OK && again(groups, err))
        return;
    if (err != WEIR_OK) {
        groups->phase = FAILED;
        wr_trace_log(groups->trace, WR_ERROR, "groups cannot be loaded: consumer groups are not available",
                     WR_TEXT("error", weir_err_name(err)), WR_TEXT("why", failure.sentence));
    } else if (wr_state_log_exists(wr_group_log_state(groups->log))) {
        wr_trace_log(groups->trace, groups->skipped ? WR_WARN : WR_INFO, "groups loaded",
                     WR_NUMBER("groups", wr_map_count(groups->by_id)),
                     WR_NUMBER("records", wr_state_log_end(wr_group_log_state(groups->log)) -
                                              wr_state_log_start(wr_group_log_state(groups->log))),
                     WR_NUMBER("skipped", groups->skipped));
    }
}

static void load_more(void *user)
{
    wr_groups *groups = user;
    step(groups);
}

void wr_groups_load(wr_groups *groups)
{
    groups->load_offset = wr_state_log_start(wr_group_log_state(groups->log));
    step(groups);
}
