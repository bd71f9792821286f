/* ListGroups: all groups of this broker, or those in the states (version 4) and of the types (version 5) asked for;
 * names of states and types are compared without case. */
#include "api.h"

#include <group/groups.h>
#include <wire/list_groups.h>

#include <strings.h>

static bool wanted(const weir_slice *filter, int32_t count, const char *name)
{
    for (int32_t i = 0; i < count; i++)
        if (filter[i].size == strlen(name) && strncasecmp((const char *)filter[i].data, name, filter[i].size) == 0)
            return true;
    return count <= 0;
}

weir_err wr_api_list_groups(wr_request *request)
{
    static const char type[] = "classic";
    const wr_list_groups_request *in = request->message;
    wr_list_groups_response *out = request->response;
    wr_groups *groups = wr_api_broker(request)->groups;
    out->error_code = wr_groups_ready(groups);
    if (out->error_code != WR_KAFKA_NONE || !wanted(in->types_filter, in->types_filter_count, type))
        return WEIR_OK;
    out->groups = weir_arena_array(request->arena, wr_groups_count(groups) + 1, sizeof *out->groups);
    if (!out->groups)
        return WEIR_E_MEMORY;
    bool all = wr_api_authorise_cluster(request) == WR_KAFKA_NONE;
    const wr_group *group;
    for (size_t at = 0; (group = wr_groups_next(groups, &at));) {
        const char *state = wr_group_state_name(wr_group_state_of(group));
        weir_slice protocol_type = wr_group_protocol_type(group);
        if (!all && wr_api_authorise(request, WR_ACL_GROUP, wr_group_id(group)) != WR_KAFKA_NONE)
            continue;
        if (!wanted(in->states_filter, in->states_filter_count, state))
            continue;
        out->groups[out->group_count++] = (wr_list_groups_response_group){
            .group_id = wr_group_id(group),
            .protocol_type = protocol_type.data ? protocol_type : WEIR_SLICE(""),
            .group_state = weir_slice_of(state),
            .group_type = weir_slice_of(type),
        };
    }
    return WEIR_OK;
}
