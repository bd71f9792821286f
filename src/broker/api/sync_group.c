/* SyncGroup: waits in the group until its leader's assignment is durable. */
#include "api.h"

#include <group/groups.h>
#include <wire/sync_group.h>

typedef struct sync_wait {
    wr_group_waiter waiter;
    wr_request *request;
    wr_group *group;
} sync_wait;

static weir_err refuse(wr_request *request, int16_t error)
{
    wr_sync_group_response *out = request->response;
    out->error_code = error;
    out->assignment = WEIR_SLICE("");
    return WEIR_OK;
}

static void synced(wr_group_waiter *waiter, const wr_group_synced *answer)
{
    wr_request *request = ((sync_wait *)waiter)->request;
    wr_sync_group_response *out = request->response;
    out->error_code = answer->error;
    out->protocol_type = answer->protocol_type;
    out->protocol_name = answer->protocol_name;
    out->assignment = answer->assignment.data ? answer->assignment : WEIR_SLICE("");
    wr_request_answer(request);
}

static void cancelled(wr_request *request)
{
    sync_wait *wait = request->user;
    wr_group_forget(wait->group, &wait->waiter);
}

weir_err wr_api_sync_group(wr_request *request)
{
    const wr_sync_group_request *in = request->message;
    wr_groups *groups = wr_api_broker(request)->groups;
    int16_t error = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (error == WR_KAFKA_NONE)
        error = wr_groups_ready(groups);
    if (error != WR_KAFKA_NONE)
        return refuse(request, error);
    /* From version 5 on a member says what it believes the protocol to be. */
    if (request->header.api_version >= 5 && (!in->protocol_type.data || !in->protocol_name.data))
        return refuse(request, WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    wr_group *group = wr_groups_find(groups, in->group_id);
    if (!group)
        return refuse(request, in->group_id.size > 0 ? WR_KAFKA_UNKNOWN_MEMBER_ID : WR_KAFKA_INVALID_GROUP_ID);

    size_t count = (size_t)in->assignment_count;
    wr_group_assignment *assignments = weir_arena_array(request->arena, count + 1, sizeof *assignments);
    sync_wait *wait = weir_arena_alloc(request->arena, sizeof *wait);
    if (!assignments || !wait)
        return refuse(request, WR_KAFKA_UNKNOWN_SERVER_ERROR);
    for (size_t i = 0; i < count; i++)
        assignments[i] = (wr_group_assignment){in->assignments[i].member_id, in->assignments[i].assignment};
    const wr_group_sync sync = {
        .member_id = in->member_id,
        .instance_id = in->group_instance_id,
        .protocol_type = in->protocol_type,
        .protocol_name = in->protocol_name,
        .generation = in->generation_id,
        .assignments = assignments,
        .assignment_count = count,
    };
    *wait = (sync_wait){.waiter = {.synced = synced}, .request = request, .group = group};
    request->user = wait;
    wr_request_keep(request, cancelled);
    wr_group_handle_sync(group, &sync, &wait->waiter, wr_groups_now_ms(groups));
    wr_groups_settle(groups, group);
    return WEIR_OK;
}
