/* Members of a group: their memory, how they are found, what they support, how they are answered.
 *
 * A member's memory counts against the host's budget (config.memory_size_max), so that a flood of members with large
 * subscriptions ends in refusals and not in a dead broker. */
#include "group_int.h"

#include <base/time.h>

#include <string.h>

bool wr_group_slice_dup(weir_slice from, weir_slice *ret_slice)
{
    if (!from.data) {
        *ret_slice = (weir_slice){0};
        return true;
    }
    uint8_t *copy = malloc(from.size + 1);
    if (!copy)
        return false;
    memcpy(copy, from.data, from.size);
    *ret_slice = (weir_slice){copy, from.size};
    return true;
}

static weir_slice pack(uint8_t **at, weir_slice from)
{
    if (!from.data)
        return from;
    weir_slice copy = {*at, from.size};
    memcpy(*at, from.data, from.size);
    *at += from.size;
    return copy;
}

static size_t names_size(const wr_group_member *member)
{
    return member->id.size + member->instance_id.size + member->client_id.size + member->client_host.size + 1;
}

static bool afford(const wr_group *group, size_t more)
{
    return group->host->memory_size + (int64_t)more <= group->host->config.memory_size_max;
}

/* ---- finding */

wr_group_member *wr_group_member_find(const wr_group *group, weir_slice id)
{
    return group->by_id ? wr_map_find(group->by_id, id) : NULL;
}

wr_group_member *wr_group_member_find_static(const wr_group *group, weir_slice instance_id)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member->instance_id.data && weir_slice_equal(member->instance_id, instance_id))
            return member;
    }
    return NULL;
}

wr_group_member *wr_group_member_check(const wr_group *group, weir_slice id, weir_slice instance_id, int16_t *ret_error)
{
    wr_group_member *member = wr_group_member_find(group, id);
    if (member &&
        (!instance_id.data || (member->instance_id.data && weir_slice_equal(member->instance_id, instance_id))))
        return member;
    bool fenced = instance_id.data && wr_group_member_find_static(group, instance_id);
    *ret_error = fenced ? WR_KAFKA_FENCED_INSTANCE_ID : WR_KAFKA_UNKNOWN_MEMBER_ID;
    return NULL;
}

const wr_group_member *wr_group_member_next(const wr_group *group, const wr_group_member *after,
                                            wr_group_member_view *ret_member)
{
    wr_link *link = after ? wr_list_next(&group->members, &after->link) : wr_list_first(&group->members);
    if (!link)
        return NULL;
    const wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
    *ret_member = (wr_group_member_view){
        .id = member->id,
        .instance_id = member->instance_id,
        .client_id = member->client_id,
        .client_host = member->client_host,
        .metadata = wr_group_member_metadata(member, group->protocol_name),
        .assignment = member->assignment,
        .session_timeout_ms = member->session_timeout_ms,
        .rebalance_timeout_ms = member->rebalance_timeout_ms,
    };
    return member;
}

/* ---- coming and going */

weir_err wr_group_member_rename(wr_group *group, wr_group_member *member, weir_slice id, const wr_group_join *join)
{
    size_t size = id.size + join->instance_id.size + join->client_id.size + join->client_host.size + 1;
    if (!group->by_id) /* twice the limit: a joiner may stand beside those who are about to be dropped */
        group->by_id = wr_map_new(2 * (size_t)group->host->config.member_count_max + 2, (uintptr_t)group);
    uint8_t *block = group->by_id ? malloc(size) : NULL;
    if (!block)
        return WEIR_E_MEMORY;
    weir_err err = wr_map_add(group->by_id, id, member);
    if (err != WEIR_OK) {
        free(block);
        return err;
    }
    if (member->names_block) {
        wr_map_remove(group->by_id, member->id);
        group->host->memory_size -= (int64_t)names_size(member);
    }
    uint8_t *at = block;
    weir_slice new_id = pack(&at, id), instance_id = pack(&at, join->instance_id);
    member->client_id = pack(&at, join->client_id);
    member->client_host = pack(&at, join->client_host);
    member->id = new_id;
    member->instance_id = instance_id;
    free(member->names_block);
    member->names_block = block;
    group->host->memory_size += (int64_t)size;
    return WEIR_OK;
}

weir_err wr_group_member_subscribe(wr_group *group, wr_group_member *member, const wr_group_join *join)
{
    size_t size = join->protocol_count * sizeof *join->protocols;
    for (size_t i = 0; i < join->protocol_count; i++)
        size += join->protocols[i].name.size + join->protocols[i].metadata.size;
    if (!afford(group, size))
        return WEIR_E_LIMIT;
    wr_group_protocol *protocols = malloc(size + 1);
    if (!protocols)
        return WEIR_E_MEMORY;
    uint8_t *at = (uint8_t *)(protocols + join->protocol_count);
    for (size_t i = 0; i < join->protocol_count; i++) {
        protocols[i].name = pack(&at, join->protocols[i].name);
        protocols[i].metadata = pack(&at, join->protocols[i].metadata);
    }
    free(member->protocols);
    group->host->memory_size += (int64_t)size - (int64_t)member->protocols_size;
    member->protocols = protocols;
    member->protocol_count = join->protocol_count;
    member->protocols_size = size;
    member->session_timeout_ms = join->session_timeout_ms;
    member->rebalance_timeout_ms = join->rebalance_timeout_ms;
    return WEIR_OK;
}

weir_err wr_group_member_assign(wr_group *group, wr_group_member *member, weir_slice bytes)
{
    weir_slice copy = {0};
    if (bytes.size > member->assignment.size && !afford(group, bytes.size - member->assignment.size))
        return WEIR_E_LIMIT;
    if (bytes.size > 0 && !wr_group_slice_dup(bytes, &copy))
        return WEIR_E_MEMORY;
    group->host->memory_size += (int64_t)copy.size - (int64_t)member->assignment.size;
    wr_group_slice_free(member->assignment);
    member->assignment = copy;
    return WEIR_OK;
}

weir_err wr_group_member_add(wr_group *group, weir_slice id, const wr_group_join *join, wr_group_member **ret_member)
{
    wr_group_member *member = calloc(1, sizeof *member);
    if (!member)
        return WEIR_E_MEMORY;
    weir_err err = wr_group_member_subscribe(group, member, join);
    if (err != WEIR_OK)
        goto fail;
    if (group->member_count == 0) {
        weir_slice protocol_type;
        err = WEIR_E_MEMORY;
        if (!wr_group_slice_dup(join->protocol_type, &protocol_type))
            goto fail;
        wr_group_slice_free(group->protocol_type);
        group->protocol_type = protocol_type;
    }
    err = wr_group_member_rename(group, member, id, join);
    if (err != WEIR_OK)
        goto fail;
    wr_list_append(&group->members, &member->link);
    group->member_count++;
    group->host->memory_size += (int64_t)sizeof *member;
    *ret_member = member;
    return WEIR_OK;
fail:
    group->host->memory_size -= (int64_t)member->protocols_size;
    free(member->protocols);
    free(member);
    return err;
}

void wr_group_member_remove(wr_group *group, wr_group_member *member, int16_t error)
{
    wr_group_answer_join(group, member, &(wr_group_joined){.error = error, .generation = -1, .member_id = member->id});
    wr_group_answer_sync(group, member, error);
    wr_link_remove(&member->link);
    wr_map_remove(group->by_id, member->id);
    group->member_count--;
    if (group->leader == member)
        group->leader = NULL;
    group->host->memory_size -=
        (int64_t)(sizeof *member + names_size(member) + member->protocols_size + member->assignment.size);
    free(member->names_block);
    free(member->protocols);
    wr_group_slice_free(member->assignment);
    free(member);
}

pending *wr_group_pending_find(const wr_group *group, weir_slice id)
{
    for (wr_link *link = wr_list_first(&group->pendings); link; link = wr_list_next(&group->pendings, link)) {
        pending *item = WR_LIST_ITEM(link, pending, link);
        if (weir_slice_equal((weir_slice){item->id, item->id_size}, id))
            return item;
    }
    return NULL;
}

weir_err wr_group_pending_add(wr_group *group, weir_slice id, int64_t deadline_ms)
{
    size_t size = sizeof(pending) + id.size;
    if (!afford(group, size))
        return WEIR_E_LIMIT;
    pending *item = calloc(1, size);
    if (!item)
        return WEIR_E_MEMORY;
    memcpy(item->id, id.data, id.size);
    item->id_size = id.size;
    item->deadline_ms = deadline_ms;
    wr_list_append(&group->pendings, &item->link);
    group->pending_count++;
    group->host->memory_size += (int64_t)size;
    return WEIR_OK;
}

void wr_group_pending_remove(wr_group *group, pending *item)
{
    group->host->memory_size -= (int64_t)(sizeof *item + item->id_size);
    group->pending_count--;
    wr_link_remove(&item->link);
    free(item);
}

/* ---- sessions */

int64_t wr_group_member_deadline(const wr_group_member *member)
{
    bool waits = member->joining == JOINING_GENERATION || member->syncing;
    return waits && !member->is_new ? INT64_MAX : member->deadline_ms;
}

void wr_group_member_touch(wr_group_member *member, int64_t now_ms)
{
    member->deadline_ms = wr_time_add_ms(now_ms, member->session_timeout_ms);
}

/* ---- protocols */

static const wr_group_protocol *protocol_of(const wr_group_member *member, weir_slice name)
{
    for (size_t i = 0; i < member->protocol_count; i++)
        if (weir_slice_equal(member->protocols[i].name, name))
            return &member->protocols[i];
    return NULL;
}

weir_slice wr_group_member_metadata(const wr_group_member *member, weir_slice protocol_name)
{
    const wr_group_protocol *protocol = protocol_of(member, protocol_name);
    return protocol ? protocol->metadata : (weir_slice){0};
}

bool wr_group_member_matches(const wr_group_member *member, const wr_group_join *join)
{
    if (member->protocol_count != join->protocol_count)
        return false;
    for (size_t i = 0; i < join->protocol_count; i++)
        if (!weir_slice_equal(member->protocols[i].name, join->protocols[i].name) ||
            !weir_slice_equal(member->protocols[i].metadata, join->protocols[i].metadata))
            return false;
    return true;
}

static bool all_support(const wr_group *group, weir_slice name, const wr_group_member *except)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        const wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member != except && !protocol_of(member, name))
            return false;
    }
    return true;
}

bool wr_group_supports(const wr_group *group, const wr_group_join *join, const wr_group_member *except)
{
    if (join->protocol_type.size == 0 || join->protocol_count == 0)
        return false;
    if (group->member_count == 0)
        return true;
    if (!weir_slice_equal(group->protocol_type, join->protocol_type))
        return false;
    for (size_t i = 0; i < join->protocol_count; i++)
        if (all_support(group, join->protocols[i].name, except))
            return true;
    return false;
}

/* Everybody has one vote, for the first of its protocols that all can speak. Only what the first member speaks can be one
 * of those, so the work is members × protocols × protocols of one member: a group of 1,000 with 64 protocols each votes in
 * a few million comparisons. */
weir_slice wr_group_vote(const wr_group *group)
{
    wr_link *link = wr_list_first(&group->members);
    assert(link);
    const wr_group_member *first = WR_LIST_ITEM(link, wr_group_member, link);
    weir_slice common[WR_GROUP_PROTOCOL_COUNT_MAX];
    size_t votes[WR_GROUP_PROTOCOL_COUNT_MAX] = {0}, common_count = 0, best = 0;
    assert(first->protocol_count <= WR_GROUP_PROTOCOL_COUNT_MAX);
    for (size_t i = 0; i < first->protocol_count; i++)
        if (all_support(group, first->protocols[i].name, NULL))
            common[common_count++] = first->protocols[i].name;
    if (common_count == 0)
        return WEIR_SLICE("");
    for (; link; link = wr_list_next(&group->members, link)) {
        const wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        size_t choice = common_count;
        for (size_t i = 0; i < member->protocol_count && choice == common_count; i++)
            for (choice = 0; choice < common_count; choice++)
                if (weir_slice_equal(common[choice], member->protocols[i].name))
                    break;
        assert(choice < common_count); /* all of them are spoken by everybody */
        votes[choice]++;
    }
    for (size_t i = 1; i < common_count; i++)
        if (votes[i] > votes[best])
            best = i;
    return common[best];
}

bool wr_group_subscribes(const wr_group *group, weir_slice topic)
{
    if (!weir_slice_equal(group->protocol_type, WEIR_SLICE("consumer")))
        return false;
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        const wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        for (size_t i = 0; i < member->protocol_count; i++)
            if (wr_subscription_names(member->protocols[i].metadata, topic))
                return true;
    }
    return false;
}

/* ---- answers */

void wr_group_answer_join(wr_group *group, wr_group_member *member, const wr_group_joined *answer)
{
    void *waiter = member->join_waiter;
    member->joining = JOINING_NOT;
    member->join_waiter = NULL;
    if (waiter)
        group->host->joined(group->host->user, waiter, answer);
    wr_group_slice_free(member->told_leader);
    member->told_leader = (weir_slice){0};
}

void wr_group_answer_sync(wr_group *group, wr_group_member *member, int16_t error)
{
    void *waiter = member->sync_waiter;
    member->syncing = false;
    member->sync_waiter = NULL;
    if (!waiter)
        return;
    wr_group_synced answer = {.error = error};
    if (error == WR_KAFKA_NONE) {
        answer.protocol_type = group->protocol_type;
        answer.protocol_name = group->protocol_name;
        answer.assignment = member->assignment;
    }
    group->host->synced(group->host->user, waiter, &answer);
}

wr_group_joined wr_group_told(const wr_group *group, const wr_group_member *member)
{
    return (wr_group_joined){
        .generation = group->generation,
        .protocol_type = group->protocol_type,
        .protocol_name = group->protocol_name,
        .leader_id = group->leader ? group->leader->id : WEIR_SLICE(""),
        .member_id = member->id,
        .members_of = group->leader == member ? group : NULL,
    };
}

void wr_group_forget(wr_group *group, const void *waiter)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        if (member->join_waiter == waiter)
            member->join_waiter = NULL;
        if (member->sync_waiter == waiter)
            member->sync_waiter = NULL;
    }
}

void wr_group_release(wr_group *group, int16_t error)
{
    for (wr_link *link = wr_list_first(&group->members); link; link = wr_list_next(&group->members, link)) {
        wr_group_member *member = WR_LIST_ITEM(link, wr_group_member, link);
        wr_group_answer_join(group, member,
                             &(wr_group_joined){.error = error, .generation = -1, .member_id = member->id});
        wr_group_answer_sync(group, member, error);
    }
}
