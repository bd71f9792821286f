/* The classic group's state machine.
 *
 *            JOIN: a first member                        JOINED: everybody is back, or time is up
 *     EMPTY ─────────────────────▶ PREPARING ───────────────────────────────▶ COMPLETING
 *      │ ▲                          │  ▲  ▲                                    │   │
 *      │ └──────────────────────────┘  │  └──── CHANGE: somebody joined, ──────┘   │ ASSIGNED: what the leader gave
 *      │     DESERTED: nobody is left  │        left, expired, changed its         │ is durable
 *      │                               │        mind; or storing failed            ▼
 *      │                               └────────────────────────────────────── STABLE ◀── LOADED (from EMPTY, at start)
 *      └──▶ DEAD   DELETED: by a client, or nothing was left to keep
 *
 * PREPARING lasts until every member has sent JoinGroup and no member that was told its id is still to come with it, at
 * most the largest rebalance timeout. Then dynamic members that did not come are dropped. (Static members stay until
 * their session ends; if nobody but absent static members is left, it goes on waiting.) Coming from EMPTY it lasts the
 * initial delay instead, again and again while newcomers arrive, at most the rebalance timeout.
 *
 * COMPLETING starts with every JoinGroup answered: a new generation, one leader, which alone sees the members.
 * SyncGroups wait. The leader's carries the assignment, which is stored; when it is durable all are answered and the
 * group is STABLE. A member that owes its SyncGroup when the rebalance timeout has passed is dropped and a new
 * generation starts.
 *
 * Sessions: a member lives until its session timeout after its last sign of life. It needs none while it waits for an
 * answer; but a member that never was in a generation may wait only new_member_timeout_ms, because a client that gave
 * up and came again would else leave a ghost with every try. A closed connection means nothing.
 *
 * What fails how. Storing a generation fails: every member's SyncGroup answers an error, and members join anew. No
 * memory for a member: its JoinGroup answers COORDINATOR_NOT_AVAILABLE and nothing has changed. */
#include "group_int.h"

#include <base/time.h>

enum { WAIT_AGAIN_MIN_MS = 1000 }; /* a rebalance to which nobody came: before the next look */

const wr_group_config wr_group_config_default = {
    .initial_delay_ms = 3000,
    .new_member_timeout_ms = 5 * 60 * 1000,
    .session_timeout_min_ms = 6000,
    .session_timeout_max_ms = 30 * 60 * 1000,
    .member_count_max = 1000,
    .subscription_size_max = 1 << 20,
    .assignment_size_max = 1 << 20,
    .memory_size_max = 64 << 20,
};

static const struct transition {
    wr_group_state from, to;
    wr_group_cause cause;
    const char *says;
} transitions[] = {
    {WR_GROUP_EMPTY, WR_GROUP_PREPARING, WR_GROUP_CAUSE_JOIN, "first member"},
    {WR_GROUP_PREPARING, WR_GROUP_COMPLETING, WR_GROUP_CAUSE_JOINED, "members joined"},
    {WR_GROUP_PREPARING, WR_GROUP_EMPTY, WR_GROUP_CAUSE_DESERTED, "no member left"},
    {WR_GROUP_COMPLETING, WR_GROUP_STABLE, WR_GROUP_CAUSE_ASSIGNED, "assigned"},
    {WR_GROUP_COMPLETING, WR_GROUP_PREPARING, WR_GROUP_CAUSE_CHANGE, "members changed"},
    {WR_GROUP_STABLE, WR_GROUP_PREPARING, WR_GROUP_CAUSE_CHANGE, "members changed"},
    {WR_GROUP_EMPTY, WR_GROUP_STABLE, WR_GROUP_CAUSE_LOADED, "loaded"},
    {WR_GROUP_EMPTY, WR_GROUP_DEAD, WR_GROUP_CAUSE_DELETED, "deleted"},
};

const char *wr_group_state_name(wr_group_state state)
{
    static const char *const names[WR_GROUP_STATE_COUNT] = {
        [WR_GROUP_EMPTY] = "Empty",
        [WR_GROUP_PREPARING] = "PreparingRebalance",
        [WR_GROUP_COMPLETING] = "CompletingRebalance",
        [WR_GROUP_STABLE] = "Stable",
        [WR_GROUP_DEAD] = "Dead",
    };
    assert((unsigned)state < WR_GROUP_STATE_COUNT);
    return names[state];
}

void wr_group_move(wr_group *group, wr_group_cause cause)
{
    const struct transition *row = NULL;
    for (size_t i = 0; i < sizeof transitions / sizeof transitions[0]; i++)
        if (transitions[i].from == group->state && transitions[i].cause == cause)
            row = &transitions[i];
    assert(row);
    group->state = row->to;
    group->host->changed(group->host->user, group, row->from, row->says);
}

/* ---- life */

wr_group *wr_group_new(wr_group_host *host, weir_slice id, void *owner)
{
    wr_group *group = calloc(1, sizeof *group);
    if (!group || !wr_group_slice_dup(id, &group->id)) {
        free(group);
        return NULL;
    }
    group->host = host;
    group->phase_deadline_ms = INT64_MAX;
    group->owner = owner;
    wr_list_init(&group->members);
    wr_list_init(&group->pendings);
    return group;
}

void wr_group_free(wr_group *group)
{
    if (!group)
        return;
    for (wr_link *link; (link = wr_list_first(&group->members));) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        assert(!member->join_waiter && !member->sync_waiter);
        wr_group_member_remove(group, member, WR_KAFKA_UNKNOWN_MEMBER_ID);
    }
    for (wr_link *link; (link = wr_list_first(&group->pendings));)
        wr_group_pending_remove(group, WR_LIST_ITEM(link, pending, link));
    wr_map_free(group->by_id);
    wr_group_slice_free(group->id);
    wr_group_slice_free(group->protocol_type);
    wr_group_slice_free(group->protocol_name);
    free(group);
}

void wr_group_kill(wr_group *group)
{
    wr_group_move(group, WR_GROUP_CAUSE_DELETED);
    for (wr_link *link; (link = wr_list_first(&group->pendings));)
        wr_group_pending_remove(group, WR_LIST_ITEM(link, pending, link));
}

weir_err wr_group_restore_member(wr_group *group, const wr_group_member_view *view, weir_slice protocol_type,
                                 weir_slice protocol_name)
{
    assert(group->state == WR_GROUP_EMPTY);
    const wr_group_protocol protocol = {.name = protocol_name, .metadata = view->metadata};
    wr_group_join join = {
        .member_id = view->id,
        .instance_id = view->instance_id,
        .client_id = view->client_id,
        .client_host = view->client_host,
        .protocol_type = protocol_type,
        .protocols = &protocol,
        .protocol_count = 1,
        .session_timeout_ms = view->session_timeout_ms,
        .rebalance_timeout_ms = view->rebalance_timeout_ms,
    };
    wr_group_member *member;
    weir_err err = wr_group_member_add(group, view->id, &join, &member);
    if (err != WEIR_OK)
        return err;
    err = wr_group_member_assign(group, member, view->assignment);
    if (err != WEIR_OK)
        wr_group_member_remove(group, member, WR_KAFKA_UNKNOWN_MEMBER_ID);
    return err;
}

weir_err wr_group_restore(wr_group *group, const wr_group_image *image, int64_t now_ms)
{
    assert(group->state == WR_GROUP_EMPTY);
    weir_slice protocol_type = {0}, protocol_name = {0};
    if (!wr_group_slice_dup(image->protocol_type, &protocol_type) ||
        !wr_group_slice_dup(image->protocol_name, &protocol_name)) {
        wr_group_slice_free(protocol_type);
        return WEIR_E_MEMORY;
    }
    wr_group_slice_free(group->protocol_type);
    wr_group_slice_free(group->protocol_name);
    group->protocol_type = protocol_type;
    group->protocol_name = protocol_name;
    group->generation = image->generation;
    group->leader = image->leader_id.data ? wr_group_member_find(group, image->leader_id) : NULL;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        wr_group_member_touch(WR_LIST_ITEM(link, wr_group_member, link), now_ms);
    if (group->member_count > 0)
        wr_group_move(group, WR_GROUP_CAUSE_LOADED);
    return WEIR_OK;
}

wr_group_image wr_group_image_of(const wr_group *group)
{
    return (wr_group_image){
        .generation = group->generation,
        .protocol_type = group->protocol_type,
        .protocol_name = group->protocol_name,
        .leader_id = group->leader ? group->leader->id : (weir_slice){0},
    };
}

uint64_t wr_group_ticket(wr_group *group)
{
    return ++group->last_ticket;
}

/* ---- rebalancing */

static int32_t rebalance_timeout_ms(const wr_group *group)
{
    int32_t most = 0;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        const wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        most = member->rebalance_timeout_ms > most ? member->rebalance_timeout_ms : most;
    }
    return most;
}

static bool all_joined(const wr_group *group)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        if (WR_LIST_ITEM(link, wr_group_member, link)->joining != JOINING_GENERATION)
            return false;
    return group->pending_count == 0;
}

static void drop_who_did_not_join(wr_group *group)
{
    wr_link *next;
    for (wr_link *link = wr_list_first(&group->members); link; link = next) {
        next = wr_list_next(&group->members, link);
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member->joining != JOINING_GENERATION && !member->instance_id.data)
            wr_group_member_remove(group, member, WR_KAFKA_UNKNOWN_MEMBER_ID);
    }
}

/* The leader leads on if it is here; else the first who is. False: nobody is. */
static bool elect_leader(wr_group *group)
{
    if (group->leader && group->leader->joining == JOINING_GENERATION)
        return true;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member->joining == JOINING_GENERATION) {
            group->leader = member;
            return true;
        }
    }
    return false;
}

static void desert(wr_group *group)
{
    wr_group_slice_free(group->protocol_name);
    group->protocol_name = (weir_slice){0};
    group->leader = NULL;
    group->phase_deadline_ms = INT64_MAX;
    wr_group_move(group, WR_GROUP_CAUSE_DESERTED);
    group->host->store(group->host->user, group, wr_group_ticket(group)); /* nobody waits for it */
}

static void announce(wr_group *group, int64_t now_ms)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member->joining != JOINING_GENERATION)
            continue; /* a static member that is away: its session goes on */
        member->is_new = false;
        member->owes_sync = true;
        wr_group_member_touch(member, now_ms);
        wr_group_joined answer = wr_group_told(group, member);
        wr_group_answer_join(group, member, &answer);
    }
}

static void complete_join(wr_group *group, int64_t now_ms)
{
    drop_who_did_not_join(group);
    weir_slice protocol_name = {0};
    if (group->member_count > 0 &&
        (!elect_leader(group) || !wr_group_slice_dup(wr_group_vote(group), &protocol_name))) {
        group->initial = false;
        int32_t timeout_ms = rebalance_timeout_ms(group); /* which may be 0: time must go on */
        group->phase_deadline_ms =
            wr_time_add_ms(now_ms, timeout_ms > WAIT_AGAIN_MIN_MS ? timeout_ms : WAIT_AGAIN_MIN_MS);
        return;
    }
    group->generation = group->generation == INT32_MAX ? 1 : group->generation + 1;
    group->initial = false;
    if (group->member_count == 0) {
        desert(group);
        return;
    }
    wr_group_slice_free(group->protocol_name);
    group->protocol_name = protocol_name;
    group->phase_deadline_ms = wr_time_add_ms(now_ms, rebalance_timeout_ms(group));
    wr_group_move(group, WR_GROUP_CAUSE_JOINED);
    announce(group, now_ms);
}

static void maybe_complete_join(wr_group *group, int64_t now_ms)
{
    if (group->state == WR_GROUP_PREPARING && !group->initial && all_joined(group))
        complete_join(group, now_ms);
}

/* An assignment of a generation that will not be: those who wait for it are told, nobody may see it. */
static void drop_assignments(wr_group *group)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        wr_group_answer_sync(group, member, WR_KAFKA_REBALANCE_IN_PROGRESS);
        weir_err err = wr_group_member_assign(group, member, (weir_slice){0});
        assert(err == WEIR_OK);
    }
    group->sync_ticket = 0;
}

static void prepare(wr_group *group, int64_t now_ms)
{
    if (group->state == WR_GROUP_COMPLETING)
        drop_assignments(group);
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        member->owes_sync = false;
        if (member->joining == JOINING_STORE) /* it is here anyway: it gets the new generation instead of the old */
            member->joining = JOINING_GENERATION;
    }
    int32_t timeout_ms = rebalance_timeout_ms(group);
    int64_t delay_ms = group->host->config.initial_delay_ms;
    group->initial = group->state == WR_GROUP_EMPTY;
    wr_group_move(group, group->initial ? WR_GROUP_CAUSE_JOIN : WR_GROUP_CAUSE_CHANGE);
    if (group->initial && delay_ms > 0) {
        group->new_member_added = false;
        group->initial_left_ms = timeout_ms > delay_ms ? timeout_ms - delay_ms : 0;
        group->phase_deadline_ms = wr_time_add_ms(now_ms, delay_ms);
        return;
    }
    group->phase_deadline_ms = wr_time_add_ms(now_ms, timeout_ms);
    if (group->initial || all_joined(group))
        complete_join(group, now_ms);
}

void wr_group_rebalance(wr_group *group, int64_t now_ms)
{
    if (group->state == WR_GROUP_PREPARING)
        maybe_complete_join(group, now_ms);
    else
        prepare(group, now_ms);
}

void wr_group_shrunk(wr_group *group, bool members_too, int64_t now_ms)
{
    if (group->state == WR_GROUP_PREPARING)
        maybe_complete_join(group, now_ms);
    else if (members_too && (group->state == WR_GROUP_STABLE || group->state == WR_GROUP_COMPLETING))
        prepare(group, now_ms);
}

/* ---- time */

int64_t wr_group_deadline(const wr_group *group)
{
    int64_t next_ms = group->phase_deadline_ms;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        int64_t at_ms = wr_group_member_deadline(WR_LIST_ITEM(link, wr_group_member, link));
        next_ms = at_ms < next_ms ? at_ms : next_ms;
    }
    for (wr_link *link = wr_list_first(&group->pendings); link; link = wr_list_next(&group->pendings, link)) {
        int64_t at_ms = WR_LIST_ITEM(link, pending, link)->deadline_ms;
        next_ms = at_ms < next_ms ? at_ms : next_ms;
    }
    return next_ms;
}

static void expire_pendings(wr_group *group, int64_t now_ms)
{
    bool went = false;
    wr_link *next;
    for (wr_link *link = wr_list_first(&group->pendings); link; link = next) {
        next = wr_list_next(&group->pendings, link);
        pending *late = WR_LIST_ITEM(link, pending, link);
        if (late->deadline_ms > now_ms)
            continue;
        wr_group_pending_remove(group, late);
        went = true;
    }
    if (went)
        wr_group_shrunk(group, false, now_ms);
}

/* Drop members whose session is over, or with `owing` those who owe a sync. */
static void expire_members(wr_group *group, bool owing, int64_t now_ms)
{
    bool went = false;
    wr_link *next;
    for (wr_link *link = wr_list_first(&group->members); link; link = next) {
        next = wr_list_next(&group->members, link);
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (owing ? !member->owes_sync : wr_group_member_deadline(member) > now_ms)
            continue;
        wr_group_member_remove(group, member, WR_KAFKA_UNKNOWN_MEMBER_ID);
        went = true;
    }
    if (went)
        wr_group_shrunk(group, true, now_ms);
}

static void expire_phase(wr_group *group, int64_t now_ms)
{
    if (group->state != WR_GROUP_PREPARING) {
        group->phase_deadline_ms = INT64_MAX;
        expire_members(group, true, now_ms);
    } else if (group->initial && group->new_member_added && group->initial_left_ms > 0) {
        int64_t delay_ms = group->host->config.initial_delay_ms;
        delay_ms = delay_ms < group->initial_left_ms ? delay_ms : group->initial_left_ms;
        group->new_member_added = false;
        group->initial_left_ms -= delay_ms;
        group->phase_deadline_ms = wr_time_add_ms(now_ms, delay_ms);
    } else {
        complete_join(group, now_ms);
    }
}

void wr_group_expire(wr_group *group, int64_t now_ms)
{
    expire_pendings(group, now_ms);
    expire_members(group, false, now_ms);
    if (group->phase_deadline_ms <= now_ms)
        expire_phase(group, now_ms);
}

void wr_group_postpone(wr_group *group, int64_t by_ms)
{
    if (group->phase_deadline_ms != INT64_MAX)
        group->phase_deadline_ms = wr_time_add_ms(group->phase_deadline_ms, by_ms);
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link))
        WR_LIST_ITEM(link, wr_group_member, link)->deadline_ms =
            wr_time_add_ms(WR_LIST_ITEM(link, wr_group_member, link)->deadline_ms, by_ms);
    for (wr_link *link = wr_list_first(&group->pendings); link; link = wr_list_next(&group->pendings, link))
        WR_LIST_ITEM(link, pending, link)->deadline_ms =
            wr_time_add_ms(WR_LIST_ITEM(link, pending, link)->deadline_ms, by_ms);
}

/* ---- views */

void *wr_group_owner(const wr_group *group)
{
    return group->owner;
}

weir_slice wr_group_id(const wr_group *group)
{
    return group->id;
}

wr_group_state wr_group_state_of(const wr_group *group)
{
    return group->state;
}

int32_t wr_group_generation(const wr_group *group)
{
    return group->generation;
}

weir_slice wr_group_protocol_type(const wr_group *group)
{
    return group->protocol_type;
}

weir_slice wr_group_protocol_name(const wr_group *group)
{
    return group->protocol_name;
}

size_t wr_group_member_count(const wr_group *group)
{
    return group->member_count;
}

size_t wr_group_pending_count(const wr_group *group)
{
    return group->pending_count;
}
