/* Heartbeat: a sign of life. While groups are loaded it is taken without a look, or members would rejoin for nothing.
 */
#include "api.h"

#include <group/groups.h>
#include <wire/heartbeat.h>

static int16_t beat(wr_request *request, wr_groups *groups, const wr_heartbeat_request *in)
{
    int16_t error = wr_api_authorise(request, WR_ACL_GROUP, in->group_id);
    if (error != WR_KAFKA_NONE)
        return error;
    error = wr_groups_ready(groups);
    if (error == WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS)
        return WR_KAFKA_NONE;
    if (error != WR_KAFKA_NONE)
        return error;
    if (in->group_id.size == 0)
        return WR_KAFKA_INVALID_GROUP_ID;
    wr_group *group = wr_groups_find(groups, in->group_id);
    if (!group)
        return WR_KAFKA_UNKNOWN_MEMBER_ID;
    return wr_group_heartbeat(group, in->member_id, in->group_instance_id, in->generation_id, wr_groups_now_ms(groups));
}

weir_err wr_api_heartbeat(wr_request *request)
{
    wr_heartbeat_response *out = request->response;
    out->error_code = beat(request, wr_api_broker(request)->groups, request->message);
    return WEIR_OK; /* a refused member is an answer, not a failure of ours */
}
