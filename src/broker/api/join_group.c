/* JoinGroup: waits in the group (broker/group.h) for the next generation. When its connection closes the member stays,
 * only its answer goes nowhere. */
#include "api.h"

#include <group/groups.h>
#include <wire/join_group.h>

typedef struct join_wait {
    wr_group_waiter waiter;
    wr_request *request;
    wr_group *group;
} join_wait;

static weir_slice present(weir_slice text)
{
    return text.data ? text : WEIR_SLICE("");
}

/* From version 7 on there may be no protocol. */
static weir_slice protocol_name(const wr_request *request, weir_slice name)
{
    return request->header.api_version < 7 ? present(name) : name;
}

static weir_err refuse(wr_request *request, int16_t error)
{
    const wr_join_group_request *in = request->message;
    wr_join_group_response *out = request->response;
    out->error_code = error;
    out->generation_id = WR_NO_GENERATION;
    out->protocol_name = protocol_name(request, (weir_slice){0});
    out->leader = WEIR_SLICE("");
    out->member_id = in->member_id;
    return WEIR_OK;
}

static bool show_members(wr_request *request, const wr_group *group)
{
    wr_join_group_response *out = request->response;
    out->members = weir_arena_array(request->arena, wr_group_member_count(group), sizeof *out->members);
    if (!out->members)
        return false;
    wr_group_member_view view;
    for (const wr_group_member *m = NULL; (m = wr_group_member_next(group, m, &view));)
        out->members[out->member_count++] = (wr_join_group_response_member){
            .member_id = view.id, .group_instance_id = view.instance_id, .metadata = present(view.metadata)};
    return true;
}

static void joined(wr_group_waiter *waiter, const wr_group_joined *answer)
{
    wr_request *request = ((join_wait *)waiter)->request;
    wr_join_group_response *out = request->response;
    out->error_code = answer->error;
    out->generation_id = answer->generation;
    out->protocol_type = answer->protocol_type;
    out->protocol_name = protocol_name(request, answer->protocol_name);
    out->leader = present(answer->leader_id);
    out->member_id = present(answer->member_id);
    out->skip_assignment = answer->skip_assignment;
    if (answer->members_of && !show_members(request, answer->members_of))
        refuse(request, WR_KAFKA_UNKNOWN_SERVER_ERROR);
    wr_request_answer(request);
}

static void cancelled(wr_request *request)
{
    join_wait *wait = request->user;
    wr_group_forget(wait->group, &wait->waiter);
}

static bool read(wr_request *request, wr_group_join *ret_join)
{
    const wr_join_group_request *in = request->message;
    const char *host = wr_request_client_host(request);
    size_t count = (size_t)in->protocol_count;
    wr_group_protocol *protocols = weir_arena_array(request->arena, count + 1, sizeof *protocols);
    if (!protocols || !host)
        return false;
    for (size_t i = 0; i < count; i++)
        protocols[i] = (wr_group_protocol){in->protocols[i].name, in->protocols[i].metadata};
    int16_t version = request->header.api_version;
    *ret_join = (wr_group_join){
        .member_id = in->member_id,
        .instance_id = in->group_instance_id,
        .client_id = present(request->header.client_id),
        .client_host = weir_slice_of(weir_arena_printf(request->arena, "/%s", host)),
        .protocol_type = in->protocol_type,
        .protocols = protocols,
        .protocol_count = count,
        .session_timeout_ms = in->session_timeout_ms,
        .rebalance_timeout_ms = in->rebalance_timeout_ms < 0 ? in->session_timeout_ms : in->rebalance_timeout_ms,
        .need_known_id = version >= 4,
        .can_skip_assignment = version >= 9,
    };
    return ret_join->client_host.data != NULL;
}

weir_err wr_api_join_group(wr_request *request)
{
    const wr_join_group_request *in = request->message;
    wr_groups *groups = wr_api_broker(request)->groups;
    int16_t error = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (error == WR_KAFKA_NONE)
        error = wr_groups_ready(groups);
    wr_group_join join;
    if (error == WR_KAFKA_NONE && in->group_id.size == 0)
        error = WR_KAFKA_INVALID_GROUP_ID;
    if (error != WR_KAFKA_NONE)
        return refuse(request, error);
    join_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    if (!wait || !read(request, &join))
        return refuse(request, WR_KAFKA_UNKNOWN_SERVER_ERROR);

    error = WR_KAFKA_UNKNOWN_MEMBER_ID; /* of a group that is not there */
    wr_group *group =
        in->member_id.size > 0 ? wr_groups_find(groups, in->group_id) : wr_groups_obtain(groups, in->group_id, &error);
    if (!group)
        return refuse(request, error);
    *wait = (join_wait){.waiter = {.joined = joined}, .request = request, .group = group};
    request->user = wait;
    wr_request_keep(request, cancelled);
    wr_group_handle_join(group, &join, &wait->waiter, wr_groups_now_ms(groups));
    wr_groups_settle(groups, group);
    return WEIR_OK;
}
