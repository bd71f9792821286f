/* DescribeGroups: state and members of classic groups. A group that is not there is "Dead"; from version 6 on it is an
 * error instead. What members subscribe to and were given is shown while the group is stable. */
#include "api.h"

#include <group/groups.h>
#include <wire/describe_groups.h>

static weir_slice present(weir_slice text)
{
    return text.data ? text : WEIR_SLICE("");
}

static bool describe_members(wr_request *request, const wr_group *group, wr_describe_groups_response_group *out)
{
    bool stable = wr_group_state_of(group) == WR_GROUP_STABLE;
    out->members = weir_arena_array(request->arena, wr_group_member_count(group) + 1, sizeof *out->members);
    if (!out->members)
        return false;
    wr_group_member_view view;
    for (const wr_group_member *m = NULL; (m = wr_group_member_next(group, m, &view));)
        out->members[out->member_count++] = (wr_describe_groups_response_member){
            .member_id = view.id,
            .group_instance_id = view.instance_id,
            .client_id = present(view.client_id),
            .client_host = present(view.client_host),
            .member_metadata = stable ? present(view.metadata) : WEIR_SLICE(""),
            .member_assignment = stable ? present(view.assignment) : WEIR_SLICE(""),
        };
    return true;
}

static bool describe(wr_request *request, weir_slice id, wr_describe_groups_response_group *out)
{
    wr_groups *groups = wr_api_broker(request)->groups;
    *out = (wr_describe_groups_response_group){
        .error_code = wr_api_authorise(request, WR_ACL_GROUP, id),
        .group_id = id,
        .group_state = WEIR_SLICE(""),
        .protocol_type = WEIR_SLICE(""),
        .protocol_data = WEIR_SLICE(""),
        .authorized_operations = WR_OPERATIONS_OMITTED,
    };
    if (out->error_code == WR_KAFKA_NONE)
        out->error_code = wr_groups_ready(groups);
    if (out->error_code != WR_KAFKA_NONE)
        return true;
    const wr_describe_groups_request *in = request->message;
    const wr_group *group = wr_groups_find(groups, id);
    if (!group) {
        out->group_state = weir_slice_of(wr_group_state_name(WR_GROUP_DEAD));
        if (request->header.api_version < 6) {
            if (in->include_authorized_operations)
                out->authorized_operations = wr_api_operations(request, WR_ACL_GROUP, id, WR_GROUP_OPERATIONS);
            return true;
        }
        out->error_code = WR_KAFKA_GROUP_ID_NOT_FOUND;
        out->error_message = weir_slice_of(
            weir_arena_printf(request->arena, "Group %.*s not found.", (int)id.size, (const char *)id.data));
        return out->error_message.data != NULL;
    }
    if (in->include_authorized_operations)
        out->authorized_operations = wr_api_operations(request, WR_ACL_GROUP, id, WR_GROUP_OPERATIONS);
    out->group_state = weir_slice_of(wr_group_state_name(wr_group_state_of(group)));
    out->protocol_type = present(wr_group_protocol_type(group));
    if (wr_group_state_of(group) == WR_GROUP_STABLE)
        out->protocol_data = present(wr_group_protocol_name(group));
    return describe_members(request, group, out);
}

weir_err wr_api_describe_groups(wr_request *request)
{
    const wr_describe_groups_request *in = request->message;
    wr_describe_groups_response *out = request->response;
    out->groups = weir_arena_array(request->arena, (size_t)in->group_count + 1, sizeof *out->groups);
    if (!out->groups)
        return WEIR_E_MEMORY;
    for (; out->group_count < in->group_count; out->group_count++)
        if (!describe(request, in->groups[out->group_count], &out->groups[out->group_count]))
            return WEIR_E_MEMORY;
    return WEIR_OK;
}
