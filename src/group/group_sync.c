/* SyncGroup, Heartbeat, LeaveGroup, who may commit, and what happens when a generation has been stored.
 *
 *                     EMPTY            PREPARING              COMPLETING                    STABLE
 *     SyncGroup       unknown member   REBALANCE_IN_PROGRESS  waits; the leader's stores    the assignment
 *     Heartbeat       unknown member   REBALANCE_IN_PROGRESS  fine                          fine
 *     LeaveGroup      unknown member   see whether complete   a rebalance                   a rebalance
 *     OffsetCommit    from outside     members'               REBALANCE_IN_PROGRESS         members'
 *
 * All but LeaveGroup name a generation: another than the present one is ILLEGAL_GENERATION. */
#include "group_int.h"

/* ---- SyncGroup */

static void refuse(wr_group *group, void *waiter, int16_t error)
{
    group->host->synced(group->host->user, waiter, &(wr_group_synced){.error = error});
}

static int16_t check_sync(const wr_group *group, const wr_group_sync *sync)
{
    if (sync->generation != group->generation)
        return WR_KAFKA_ILLEGAL_GENERATION;
    if (sync->protocol_type.data && !weir_slice_equal(sync->protocol_type, group->protocol_type))
        return WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL;
    if (sync->protocol_name.data && !weir_slice_equal(sync->protocol_name, group->protocol_name))
        return WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL;
    for (size_t i = 0; i < sync->assignment_count; i++)
        if (sync->assignments[i].bytes.size > (size_t)group->host->config.assignment_size_max)
            return WR_KAFKA_INVALID_REQUEST;
    return group->state == WR_GROUP_PREPARING ? WR_KAFKA_REBALANCE_IN_PROGRESS : WR_KAFKA_NONE;
}

static void met_obligation(wr_group *group, wr_group_member *member)
{
    member->owes_sync = false;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        if (WR_LIST_ITEM(link, wr_group_member, link)->owes_sync)
            return;
    group->phase_deadline_ms = INT64_MAX;
}

/* Every member gets what the leader says, or nothing. Of two entries for one member the last counts. */
static weir_err assign(wr_group *group, const wr_group_sync *sync)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        weir_err err = wr_group_member_assign(group, WR_LIST_ITEM(link, wr_group_member, link), (weir_slice){0});
        assert(err == WEIR_OK);
    }
    for (size_t i = 0; i < sync->assignment_count; i++) {
        wr_group_member *member = wr_group_member_find(group, sync->assignments[i].member_id);
        weir_err err = member ? wr_group_member_assign(group, member, sync->assignments[i].bytes) : WEIR_OK;
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static void answer_syncs(wr_group *group, int16_t error, int64_t now_ms)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (!member->syncing)
            continue;
        wr_group_member_touch(member, now_ms);
        wr_group_answer_sync(group, member, error);
    }
}

static void generation_stored(wr_group *group, weir_err err, int64_t now_ms)
{
    group->sync_ticket = 0;
    if (err == WEIR_OK) {
        wr_group_move(group, WR_GROUP_CAUSE_ASSIGNED);
        answer_syncs(group, WR_KAFKA_NONE, now_ms);
        return;
    }
    /* Too large will be too large again; anything else is worth another try, at a coordinator that works. */
    bool hopeless = err == WEIR_E_LIMIT;
    answer_syncs(group, hopeless ? WR_KAFKA_UNKNOWN_SERVER_ERROR : WR_KAFKA_COORDINATOR_NOT_AVAILABLE, now_ms);
    wr_group_rebalance(group, now_ms);
}

void wr_group_handle_sync(wr_group *group, const wr_group_sync *sync, void *waiter, int64_t now_ms)
{
    int16_t error = WR_KAFKA_NONE;
    wr_group_member *member = wr_group_member_check(group, sync->member_id, sync->instance_id, &error);
    if (member)
        error = check_sync(group, sync);
    if (error != WR_KAFKA_NONE) {
        refuse(group, waiter, error);
        return;
    }
    assert(member && (group->state == WR_GROUP_STABLE || group->state == WR_GROUP_COMPLETING));
    wr_group_member_touch(member, now_ms);
    met_obligation(group, member);
    wr_group_answer_sync(group, member, WR_KAFKA_REBALANCE_IN_PROGRESS); /* an earlier one, from a lost connection */
    member->syncing = true;
    member->sync_waiter = waiter;
    if (group->state == WR_GROUP_STABLE) {
        wr_group_answer_sync(group, member, WR_KAFKA_NONE);
        return;
    }
    if (member != group->leader || group->sync_ticket != 0)
        return;
    uint64_t ticket = group->sync_ticket = wr_group_ticket(group);
    weir_err err = assign(group, sync);
    if (err != WEIR_OK)
        generation_stored(group, err, now_ms);
    else
        group->host->store(group->host->user, group, ticket);
}

/* ---- stored */

static void place_stored(wr_group *group, wr_group_member *member, weir_err err)
{
    wr_group_joined answer = wr_group_told(group, member);
    if (err != WEIR_OK) {
        answer =
            (wr_group_joined){.error = WR_KAFKA_COORDINATOR_NOT_AVAILABLE, .generation = -1, .member_id = member->id};
    } else if (member->can_skip) {
        answer.skip_assignment = member == group->leader;
    } else {
        answer.members_of = NULL;
        if (member->told_leader.data)
            answer.leader_id = member->told_leader;
    }
    wr_group_answer_join(group, member, &answer);
}

void wr_group_stored(wr_group *group, uint64_t ticket, weir_err err, int64_t now_ms)
{
    if (group->state == WR_GROUP_COMPLETING && group->sync_ticket == ticket) {
        generation_stored(group, err, now_ms);
        return;
    }
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member->joining == JOINING_STORE && member->store_ticket == ticket) {
            place_stored(group, member, err);
            return;
        }
    }
    /* An empty generation, or one that has been overtaken: nobody waits. */
}

/* ---- Heartbeat */

int16_t wr_group_heartbeat(wr_group *group, weir_slice member_id, weir_slice instance_id, int32_t generation,
                           int64_t now_ms)
{
    int16_t error = WR_KAFKA_NONE;
    wr_group_member *member = wr_group_member_check(group, member_id, instance_id, &error);
    if (!member)
        return error;
    if (generation != group->generation)
        return WR_KAFKA_ILLEGAL_GENERATION;
    if (!member->is_new)
        wr_group_member_touch(member, now_ms);
    return group->state == WR_GROUP_PREPARING ? WR_KAFKA_REBALANCE_IN_PROGRESS : WR_KAFKA_NONE;
}

/* ---- LeaveGroup */

int16_t wr_group_leave(wr_group *group, weir_slice member_id, weir_slice instance_id, int64_t now_ms)
{
    pending *gone = member_id.size > 0 ? wr_group_pending_find(group, member_id) : NULL;
    if (gone && !instance_id.data) {
        wr_group_pending_remove(group, gone);
        wr_group_shrunk(group, false, now_ms);
        return WR_KAFKA_NONE;
    }
    int16_t error = WR_KAFKA_UNKNOWN_MEMBER_ID;
    wr_group_member *member;
    if (member_id.size == 0 && instance_id.data)
        member = wr_group_member_find_static(group, instance_id);
    else
        member = wr_group_member_check(group, member_id, instance_id, &error);
    if (!member)
        return error;
    wr_group_member_remove(group, member, WR_KAFKA_UNKNOWN_MEMBER_ID);
    wr_group_shrunk(group, true, now_ms);
    return WR_KAFKA_NONE;
}

/* ---- OffsetCommit */

int16_t wr_group_check_commit(wr_group *group, weir_slice member_id, weir_slice instance_id, int32_t generation,
                              int64_t now_ms)
{
    if (group->state == WR_GROUP_DEAD)
        return WR_KAFKA_COORDINATOR_NOT_AVAILABLE;
    if (generation < 0 && group->state == WR_GROUP_EMPTY)
        return WR_KAFKA_NONE;
    int16_t error = WR_KAFKA_NONE;
    wr_group_member *member = wr_group_member_check(group, member_id, instance_id, &error);
    if (!member)
        return error;
    if (generation != group->generation)
        return WR_KAFKA_ILLEGAL_GENERATION;
    if (group->state == WR_GROUP_COMPLETING)
        return WR_KAFKA_REBALANCE_IN_PROGRESS;
    if (!member->is_new)
        wr_group_member_touch(member, now_ms);
    return WR_KAFKA_NONE;
}
