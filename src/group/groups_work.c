/* Writes of the coordinator: each is one `work` from its records to its answer. */
#include "groups_int.h"

#include <topics/topics.h>

/* ---- life of a work */

work *wr_groups_work(wr_groups *groups, entry *of, void (*finish)(work *work, weir_err err))
{
    work *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->groups = groups;
    made->of = of;
    made->finish = finish;
    wr_list_append(&groups->works, &made->link);
    if (of)
        of->work_count++;
    return made;
}

static void work_free(work *done)
{
    wr_link_remove(&done->link);
    free(done);
}

static void on_done(wr_state_op *op, weir_err err)
{
    work *done = WR_LIST_ITEM(op, work, op);
    wr_groups *groups = done->groups;
    entry *of = done->of;
    if (of)
        of->work_count--;
    done->finish(done, err);
    work_free(done);
    if (of && !of->dead) {
        wr_groups_settle(groups, of->group);
    } else if (of && of->work_count == 0) {
        wr_groups_free_entry(of);
    }
}

void wr_groups_send(work *ready)
{
    wr_group_log_commit(ready->groups->log, &ready->op, on_done);
}

/* The broker ends: nobody listens any more. */
void wr_groups_drop_works(wr_groups *groups)
{
    for (wr_link *link; (link = wr_list_first(&groups->works));) {
        work *dropped = WR_LIST_ITEM(link, work, link);
        wr_state_op_cancel(&dropped->op);
        entry *of = dropped->of;
        work_free(dropped);
        if (of && --of->work_count == 0 && of->dead)
            wr_groups_free_entry(of);
    }
}

void wr_groups_nobody_waits(work *done, weir_err err)
{
    if (err != WEIR_OK)
        wr_trace_log(done->groups->trace, WR_WARN, "cannot keep a change of groups",
                     WR_TEXT("error", weir_err_name(err)));
}

static void tell(work *done, weir_err err)
{
    done->done(done->user, wr_groups_error(err));
}

/* ---- a generation */

static void generation_kept(work *done, weir_err err)
{
    if (!done->of->dead)
        wr_group_stored(done->of->group, done->ticket, err, wr_groups_now_ms(done->groups));
}

static weir_slice present(weir_slice text)
{
    return text.data ? text : WEIR_SLICE("");
}

static weir_err image_value(const entry *of, weir_arena *arena, wr_group_value *ret_value)
{
    size_t count = wr_group_member_count(of->group);
    wr_group_image image = wr_group_image_of(of->group);
    wr_group_value_member *members = weir_arena_array(arena, count + 1, sizeof *members);
    if (!members)
        return WEIR_E_MEMORY;
    size_t at = 0;
    wr_group_member_view view;
    for (const wr_group_member *m = NULL; (m = wr_group_member_next(of->group, m, &view)); at++)
        members[at] = (wr_group_value_member){
            .member_id = view.id,
            .group_instance_id = view.instance_id,
            .client_id = present(view.client_id),
            .client_host = present(view.client_host),
            .rebalance_timeout = view.rebalance_timeout_ms,
            .session_timeout = view.session_timeout_ms,
            .subscription = present(view.metadata),
            .assignment = present(view.assignment),
        };
    *ret_value = (wr_group_value){
        .protocol_type = present(image.protocol_type),
        .generation = image.generation,
        .protocol = image.protocol_name,
        .leader = image.leader_id,
        .current_state_timestamp = of->state_time_ms,
        .members = members,
        .member_count = (int32_t)count,
    };
    return WEIR_OK;
}

void wr_groups_store(void *user, wr_group *group, uint64_t ticket)
{
    wr_groups *groups = user;
    entry *of = entry_of(group);
    wr_group_value value;
    weir_arena *arena = weir_arena_new(16 << 20);
    weir_err err = arena ? image_value(of, arena, &value) : WEIR_E_MEMORY;
    work *storing = err == WEIR_OK ? wr_groups_work(groups, of, generation_kept) : NULL;
    if (storing) {
        storing->ticket = ticket;
        wr_group_log_begin(groups->log);
        wr_group_log_group(groups->log, wr_group_id(group), &value);
        of->kept = true;
        wr_groups_send(storing);
    }
    weir_arena_free(arena);
    if (!storing)
        wr_group_stored(group, ticket, WEIR_E_MEMORY, wr_groups_now_ms(groups));
}

/* ---- offsets */

static void committed(work *done, weir_err err)
{
    wr_groups *groups = done->groups;
    entry *of = done->of;
    assert(!of->dead); /* nothing is deleted while it is being committed to */
    of->commit_count--;
    int64_t before = (int64_t)of->offsets.memory_size;
    for (size_t i = 0; i < done->count && err == WEIR_OK; i++)
        if (!done->commits[i].taken_back)
            err = wr_offsets_put(&of->offsets, done->commits[i].topic, &done->commits[i].offset);
    groups->offsets_size += (int64_t)of->offsets.memory_size - before;
    if (done->has_taken_back)
        wr_groups_put_gone(of, done->commits, done->count);
    tell(done, err);
}

bool wr_groups_is_committing(const wr_groups *groups, const entry *item, weir_slice topic)
{
    for (wr_link *link = wr_list_first(&groups->works); link; link = wr_list_next(&groups->works, link)) {
        const work *under_way = WR_LIST_ITEM(link, work, link);
        for (size_t i = 0; under_way->finish == committed && under_way->of == item && i < under_way->count; i++)
            if (!under_way->commits[i].taken_back && weir_slice_equal(under_way->commits[i].topic, topic))
                return true;
    }
    return false;
}

void wr_groups_take_back(wr_groups *groups, weir_slice topic)
{
    work *taking = NULL;
    bool tried = false;
    for (wr_link *link = wr_list_first(&groups->works); link; link = wr_list_next(&groups->works, link)) {
        work *under_way = WR_LIST_ITEM(link, work, link);
        for (size_t i = 0; under_way->finish == committed && i < under_way->count; i++) {
            wr_group_commit *commit = &under_way->commits[i];
            if (commit->taken_back || !weir_slice_equal(commit->topic, topic))
                continue;
            commit->taken_back = under_way->has_taken_back = true;
            if (!tried) {
                tried = true;
                taking = wr_groups_work(groups, NULL, wr_groups_nobody_waits); /* no memory: when they are done */
                if (taking)
                    wr_group_log_begin(groups->log);
            }
            if (taking)
                wr_group_log_offset(groups->log, wr_group_id(under_way->of->group), topic, commit->offset.partition,
                                    NULL);
        }
    }
    if (taking)
        wr_groups_send(taking);
}

static wr_offset_value value_of(const wr_offset *offset)
{
    return (wr_offset_value){
        .offset = offset->offset,
        .leader_epoch = offset->leader_epoch,
        .metadata = present(offset->metadata),
        .commit_timestamp = offset->commit_ms,
        .expire_timestamp = offset->expire_ms,
    };
}

static work *changing(wr_groups *groups, wr_group *group, wr_group_commit *commits, size_t count,
                      void (*finish)(work *work, weir_err err), wr_groups_done done, void *user)
{
    work *made = wr_groups_work(groups, group ? entry_of(group) : NULL, finish);
    if (!made) {
        done(user, WR_KAFKA_COORDINATOR_NOT_AVAILABLE);
        return NULL;
    }
    made->commits = commits;
    made->count = count;
    made->done = done;
    made->user = user;
    wr_group_log_begin(groups->log);
    return made;
}

void wr_groups_commit(wr_groups *groups, wr_group *group, wr_group_commit *commits, size_t count, wr_groups_done done,
                      void *user)
{
    work *committing = changing(groups, group, commits, count, committed, done, user);
    if (!committing)
        return;
    entry_of(group)->commit_count++;
    for (size_t i = 0; i < count; i++) {
        wr_offset_value value = value_of(&commits[i].offset);
        wr_group_log_offset(groups->log, wr_group_id(group), commits[i].topic, commits[i].offset.partition, &value);
        if (commits[i].offset.expire_ms >= 0)
            wr_groups_sweep_by(groups, commits[i].offset.expire_ms);
    }
    wr_groups_send(committing);
}

static void offsets_deleted(work *done, weir_err err)
{
    entry *of = done->of;
    int64_t before = (int64_t)of->offsets.memory_size;
    for (size_t i = 0; i < done->count && err == WEIR_OK; i++)
        wr_offsets_remove(&of->offsets, done->commits[i].topic, done->commits[i].offset.partition);
    done->groups->offsets_size += (int64_t)of->offsets.memory_size - before;
    tell(done, err);
}

void wr_groups_delete_offsets(wr_groups *groups, wr_group *group, wr_group_commit *commits, size_t count,
                              wr_groups_done done, void *user)
{
    work *deleting = changing(groups, group, commits, count, offsets_deleted, done, user);
    if (!deleting)
        return;
    for (size_t i = 0; i < count; i++)
        wr_group_log_offset(groups->log, wr_group_id(group), commits[i].topic, commits[i].offset.partition, NULL);
    wr_groups_send(deleting);
}

/* ---- groups that go */

int16_t wr_groups_check_delete(const wr_groups *groups, const wr_group *group)
{
    (void)groups;
    if (!group)
        return WR_KAFKA_GROUP_ID_NOT_FOUND;
    bool busy = wr_group_state_of(group) != WR_GROUP_EMPTY || entry_of(group)->commit_count > 0;
    return busy ? WR_KAFKA_NON_EMPTY_GROUP : WR_KAFKA_NONE;
}

void wr_groups_remove_records(wr_groups *groups, entry *item)
{
    weir_slice id = wr_group_id(item->group);
    const wr_offset_topic *topic;
    for (size_t at = 0; (topic = wr_offsets_next_topic(&item->offsets, &at));)
        for (size_t i = 0; i < topic->count; i++)
            wr_group_log_offset(groups->log, id, topic->name, topic->items[i].partition, NULL);
    for (wr_link *link = wr_list_first(&item->gone); link; link = wr_list_next(&item->gone, link)) {
        topic = WR_LIST_ITEM(link, wr_offset_topic, link);
        for (size_t i = 0; i < topic->count; i++)
            wr_group_log_offset(groups->log, id, topic->name, topic->items[i].partition, NULL);
    }
    if (item->kept)
        wr_group_log_group(groups->log, id, NULL);
}

void wr_groups_delete(wr_groups *groups, wr_group *const *deleted, size_t count, wr_groups_done done, void *user)
{
    work *deleting = changing(groups, NULL, NULL, 0, tell, done, user);
    if (!deleting)
        return;
    for (size_t i = 0; i < count; i++)
        wr_groups_remove_records(groups, entry_of(deleted[i]));
    for (size_t i = 0; i < count; i++)
        wr_groups_remove_entry(groups, entry_of(deleted[i]));
    wr_groups_send(deleting);
}

void wr_groups_prune(wr_groups *groups, entry *item,
                     bool (*expired)(void *user, const entry *item, weir_slice topic, const wr_offset *offset),
                     void *user)
{
    work *pruning = NULL;
    int64_t before = (int64_t)item->offsets.memory_size;
    const wr_offset_topic *topic;
    for (size_t at = 0; (topic = wr_offsets_next_topic(&item->offsets, &at));)
        for (size_t i = topic->count; i-- > 0;) {
            if (!expired(user, item, topic->name, &topic->items[i]))
                continue;
            if (!pruning) {
                pruning = wr_groups_work(groups, NULL, wr_groups_nobody_waits);
                if (!pruning)
                    return;
                wr_group_log_begin(groups->log);
            }
            int32_t partition = topic->items[i].partition;
            wr_group_log_offset(groups->log, wr_group_id(item->group), topic->name, partition, NULL);
            wr_offsets_remove(&item->offsets, topic->name, partition); /* the last one takes the topic along */
            if (i == 0)
                break;
        }
    groups->offsets_size += (int64_t)item->offsets.memory_size - before;
    if (pruning)
        wr_groups_send(pruning);
}
