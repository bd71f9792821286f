/* LeaveGroup: one member, whose error is the answer's; from version 3 on several, each with its own. */
#include "api.h"

#include <group/groups.h>
#include <wire/leave_group.h>

weir_err wr_api_leave_group(wr_request *request)
{
    const wr_leave_group_request *in = request->message;
    wr_leave_group_response *out = request->response;
    wr_groups *groups = wr_api_broker(request)->groups;
    int64_t now_ms = wr_groups_now_ms(groups);
    out->error_code = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (out->error_code == WR_KAFKA_NONE)
        out->error_code = wr_groups_ready(groups);
    if (out->error_code == WR_KAFKA_NONE && in->group_id.size == 0)
        out->error_code = WR_KAFKA_INVALID_GROUP_ID;
    if (out->error_code != WR_KAFKA_NONE)
        return WEIR_OK;

    wr_group *group = wr_groups_find(groups, in->group_id);
    if (request->header.api_version < 3) {
        out->error_code =
            group ? wr_group_leave(group, in->member_id, (weir_slice){0}, now_ms) : WR_KAFKA_UNKNOWN_MEMBER_ID;
    } else {
        out->members = weir_arena_array(request->arena, (size_t)in->member_count + 1, sizeof *out->members);
        if (!out->members)
            return WEIR_E_MEMORY;
        for (out->member_count = 0; out->member_count < in->member_count; out->member_count++) {
            const wr_leave_group_request_member *from = &in->members[out->member_count];
            wr_leave_group_response_member *to = &out->members[out->member_count];
            to->member_id = from->member_id;
            to->group_instance_id = from->group_instance_id;
            to->error_code = group ? wr_group_leave(group, from->member_id, from->group_instance_id, now_ms)
                                   : WR_KAFKA_UNKNOWN_MEMBER_ID;
        }
    }
    if (group)
        wr_groups_settle(groups, group);
    return WEIR_OK;
}
