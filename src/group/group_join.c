/* JoinGroup: how members enter a group and its rebalances.
 *
 *   no member id    dynamic, before v4        added at once, a rebalance starts
 *                   dynamic, v4+              told its id (MEMBER_ID_REQUIRED); waited for as "pending"
 *                   static, instance new      added at once
 *                   static, instance known    takes its place back under a new id; the old id is fenced. No rebalance
 *                                             while STABLE if neither the chosen protocol nor its topics change
 *   a pending id                              added
 *   a member's id   PREPARING                 waits with the others
 *                   COMPLETING, unchanged     told the present generation again (the answer may have been lost)
 *                   STABLE, unchanged         the same for followers; the leader's JoinGroup asks for a rebalance
 *                   otherwise                 a rebalance starts
 *
 * A static leader that came back before JoinGroup v9 is told the leader is who it was before, so that it takes itself
 * for a follower and asks for its assignment instead of computing one for which nobody waits. From v9 on it is told to
 * skip the computation. */
#include "group_int.h"

#include <base/time.h>
#include <base/uuid.h>

#include <string.h>

enum { CLIENT_ID_PART_SIZE = 200, MEMBER_ID_SIZE = 256 + WR_UUID_TEXT_SIZE };

static void refuse(wr_group *group, void *waiter, int16_t error, weir_slice member_id)
{
    group->host->joined(group->host->user, waiter,
                        &(wr_group_joined){.error = error, .generation = -1, .member_id = member_id});
}

/* <client id or instance id>-<uuid>, as Kafka's tools expect to see it. */
static weir_slice make_member_id(const wr_group *group, const wr_group_join *join, uint8_t ret_id[MEMBER_ID_SIZE])
{
    weir_slice name = join->instance_id.data ? join->instance_id : join->client_id;
    size_t size = name.size < CLIENT_ID_PART_SIZE || join->instance_id.data ? name.size : CLIENT_ID_PART_SIZE;
    if (size > 0)
        memcpy(ret_id, name.data, size);
    ret_id[size++] = '-';
    uint8_t random[16];
    char text[WR_UUID_TEXT_SIZE];
    group->host->random(group->host->user, random, sizeof random);
    wr_uuid uuid = wr_uuid_v4(random);
    wr_uuid_print(&uuid, text);
    memcpy(ret_id + size, text, strlen(text));
    return (weir_slice){ret_id, size + strlen(text)};
}

/* ---- may it? */

static size_t waiting_count(const wr_group *group)
{
    size_t count = 0;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        count += WR_LIST_ITEM(link, wr_group_member, link)->joining == JOINING_GENERATION;
    return count;
}

/* While PREPARING those who do not come back leave room for others; then first come, first served. */
static bool has_room(const wr_group *group, const wr_group_member *member)
{
    size_t max = (size_t)group->host->config.member_count_max;
    if (group->pending_count > max)
        return false;
    if (group->state == WR_GROUP_PREPARING)
        return (member && member->joining == JOINING_GENERATION) || waiting_count(group) < max;
    return member || group->member_count < max;
}

static int16_t check(const wr_group *group, const wr_group_join *join)
{
    const wr_group_config *config = &group->host->config;
    size_t size = 0;
    for (size_t i = 0; i < join->protocol_count; i++)
        size += join->protocols[i].name.size + join->protocols[i].metadata.size;
    if (group->state == WR_GROUP_DEAD)
        return WR_KAFKA_COORDINATOR_NOT_AVAILABLE;
    if (join->session_timeout_ms < config->session_timeout_min_ms ||
        join->session_timeout_ms > config->session_timeout_max_ms)
        return WR_KAFKA_INVALID_SESSION_TIMEOUT;
    if (join->instance_id.data && (join->instance_id.size == 0 || join->instance_id.size > WR_GROUP_INSTANCE_SIZE_MAX))
        return WR_KAFKA_INVALID_REQUEST;
    if (join->protocol_count > WR_GROUP_PROTOCOL_COUNT_MAX || size > (size_t)config->subscription_size_max)
        return WR_KAFKA_INVALID_REQUEST;
    return WR_KAFKA_NONE;
}

/* ---- new members */

static void add(wr_group *group, weir_slice id, const wr_group_join *join, void *waiter, int64_t now_ms)
{
    wr_group_member *member;
    if (wr_group_member_add(group, id, join, &member) != WEIR_OK) {
        refuse(group, waiter, WR_KAFKA_COORDINATOR_NOT_AVAILABLE, join->member_id);
        return;
    }
    member->is_new = true;
    member->deadline_ms = wr_time_add_ms(now_ms, group->host->config.new_member_timeout_ms);
    member->joining = JOINING_GENERATION;
    member->join_waiter = waiter;
    if (group->state == WR_GROUP_PREPARING && group->initial)
        group->new_member_added = true;
    wr_group_rebalance(group, now_ms);
}

static bool change_is_seen(const wr_group *group, const wr_group_member *member, const wr_group_join *join)
{
    for (size_t i = 0; i < join->protocol_count; i++)
        if (weir_slice_equal(join->protocols[i].name, group->protocol_name))
            return !wr_subscription_same_topics(wr_group_member_metadata(member, group->protocol_name),
                                                join->protocols[i].metadata);
    return true;
}

static void come_back(wr_group *group, wr_group_member *member, const wr_group_join *join, void *waiter, int64_t now_ms)
{
    uint8_t bytes[MEMBER_ID_SIZE];
    weir_slice id = make_member_id(group, join, bytes), told_leader = {0};
    bool changed = change_is_seen(group, member, join);
    if (group->leader && !wr_group_slice_dup(group->leader->id, &told_leader))
        goto fail;
    if (wr_group_member_subscribe(group, member, join) != WEIR_OK)
        goto fail;
    const wr_group_joined fenced = {.error = WR_KAFKA_FENCED_INSTANCE_ID, .generation = -1, .member_id = member->id};
    wr_group_answer_join(group, member, &fenced);
    wr_group_answer_sync(group, member, WR_KAFKA_FENCED_INSTANCE_ID);
    if (wr_group_member_rename(group, member, id, join) != WEIR_OK)
        goto fail;
    if (member->is_new)
        member->deadline_ms = wr_time_add_ms(now_ms, group->host->config.new_member_timeout_ms);
    else
        wr_group_member_touch(member, now_ms);
    member->join_waiter = waiter;
    if (group->state == WR_GROUP_STABLE && !changed && weir_slice_equal(wr_group_vote(group), group->protocol_name)) {
        member->joining = JOINING_STORE;
        member->can_skip = join->can_skip_assignment;
        member->told_leader = told_leader;
        member->store_ticket = wr_group_ticket(group);
        group->host->store(group->host->user, group, member->store_ticket);
        return;
    }
    wr_group_slice_free(told_leader);
    member->joining = JOINING_GENERATION;
    wr_group_rebalance(group, now_ms);
    return;
fail:
    wr_group_slice_free(told_leader);
    refuse(group, waiter, WR_KAFKA_COORDINATOR_NOT_AVAILABLE, WEIR_SLICE(""));
}

static void join_without_id(wr_group *group, const wr_group_join *join, void *waiter, int64_t now_ms)
{
    wr_group_member *known = join->instance_id.data ? wr_group_member_find_static(group, join->instance_id) : NULL;
    if (!has_room(group, known)) {
        refuse(group, waiter, WR_KAFKA_GROUP_MAX_SIZE_REACHED, WEIR_SLICE(""));
        return;
    }
    if (!wr_group_supports(group, join, known)) {
        refuse(group, waiter, WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL, WEIR_SLICE(""));
        return;
    }
    if (known) {
        come_back(group, known, join, waiter, now_ms);
        return;
    }
    uint8_t bytes[MEMBER_ID_SIZE];
    weir_slice id = make_member_id(group, join, bytes);
    if (!join->need_known_id || join->instance_id.data) {
        add(group, id, join, waiter, now_ms);
        return;
    }
    if (wr_group_pending_add(group, id, wr_time_add_ms(now_ms, join->session_timeout_ms)) != WEIR_OK)
        refuse(group, waiter, WR_KAFKA_COORDINATOR_NOT_AVAILABLE, WEIR_SLICE(""));
    else
        refuse(group, waiter, WR_KAFKA_MEMBER_ID_REQUIRED, id);
}

/* ---- members */

static void join_pending(wr_group *group, pending *came, const wr_group_join *join, void *waiter, int64_t now_ms)
{
    int16_t error = WR_KAFKA_NONE;
    if (join->instance_id.data)
        error = WR_KAFKA_UNKNOWN_MEMBER_ID; /* ids of static members are never pending */
    else if (!has_room(group, NULL))
        error = WR_KAFKA_GROUP_MAX_SIZE_REACHED;
    else if (!wr_group_supports(group, join, NULL))
        error = WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL;
    if (error == WR_KAFKA_UNKNOWN_MEMBER_ID || error == WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL) {
        refuse(group, waiter, error, join->member_id);
        return;
    }
    wr_group_pending_remove(group, came);
    if (error == WR_KAFKA_NONE) {
        add(group, join->member_id, join, waiter, now_ms);
        return;
    }
    refuse(group, waiter, error, WEIR_SLICE(""));
    wr_group_shrunk(group, false, now_ms);
}

static bool needs_rebalance(const wr_group *group, const wr_group_member *member, const wr_group_join *join)
{
    if (group->state == WR_GROUP_PREPARING || !wr_group_member_matches(member, join))
        return true;
    return group->state == WR_GROUP_STABLE && member == group->leader;
}

static void rejoin(wr_group *group, wr_group_member *member, const wr_group_join *join, void *waiter, int64_t now_ms)
{
    if (!needs_rebalance(group, member, join)) {
        wr_group_member_touch(member, now_ms);
        wr_group_joined answer = wr_group_told(group, member);
        group->host->joined(group->host->user, waiter, &answer);
        return;
    }
    if (wr_group_member_subscribe(group, member, join) != WEIR_OK) {
        refuse(group, waiter, WR_KAFKA_COORDINATOR_NOT_AVAILABLE, join->member_id);
        return;
    }
    /* An earlier JoinGroup of the same member that still waits came over a connection it has given up. */
    const wr_group_joined again = {.error = WR_KAFKA_REBALANCE_IN_PROGRESS, .generation = -1, .member_id = member->id};
    wr_group_answer_join(group, member, &again);
    member->joining = JOINING_GENERATION;
    member->join_waiter = waiter;
    wr_group_rebalance(group, now_ms);
}

void wr_group_handle_join(wr_group *group, const wr_group_join *join, void *waiter, int64_t now_ms)
{
    int16_t error = check(group, join);
    if (error != WR_KAFKA_NONE) {
        refuse(group, waiter, error, join->member_id);
        return;
    }
    if (join->member_id.size == 0) {
        join_without_id(group, join, waiter, now_ms);
        return;
    }
    pending *came = wr_group_pending_find(group, join->member_id);
    if (came) {
        join_pending(group, came, join, waiter, now_ms);
        return;
    }
    wr_group_member *member = wr_group_member_check(group, join->member_id, join->instance_id, &error);
    if (!member) {
        refuse(group, waiter, error, join->member_id);
    } else if (!wr_group_supports(group, join, member)) {
        refuse(group, waiter, WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL, join->member_id);
    } else if (!has_room(group, member)) {
        wr_group_member_remove(group, member, WR_KAFKA_GROUP_MAX_SIZE_REACHED);
        refuse(group, waiter, WR_KAFKA_GROUP_MAX_SIZE_REACHED, WEIR_SLICE(""));
        wr_group_shrunk(group, true, now_ms);
    } else {
        rejoin(group, member, join, waiter, now_ms);
    }
}
