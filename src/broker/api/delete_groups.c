/* DeleteGroups: empty groups go with all their offsets; the answer waits until that is durable. */
#include "api.h"

#include <group/groups.h>
#include <wire/delete_groups.h>

typedef struct deletion {
    wr_request *request;
    wr_group **groups;
    int16_t **errors;
    size_t count;
} deletion;

static void deleted(void *user, int16_t error)
{
    deletion *done = user;
    for (size_t i = 0; i < done->count; i++)
        *done->errors[i] = error;
    wr_request_answer(done->request);
}

weir_err wr_api_delete_groups(wr_request *request)
{
    const wr_delete_groups_request *in = request->message;
    wr_delete_groups_response *out = request->response;
    wr_groups *groups = wr_api_broker(request)->groups;
    size_t count = (size_t)in->groups_name_count + 1;
    deletion *to = weir_arena_alloc(request->arena, sizeof *to);
    out->results = weir_arena_array(request->arena, count, sizeof *out->results);
    if (!to || !out->results)
        return WEIR_E_MEMORY;
    to->request = request;
    to->groups = weir_arena_array(request->arena, count, sizeof *to->groups);
    to->errors = weir_arena_array(request->arena, count, sizeof *to->errors);
    const int32_t *times = wr_api_repeats(request, in->groups_names, in->groups_name_count);
    if (!to->groups || !to->errors || !times)
        return WEIR_E_MEMORY;

    int16_t ready = wr_groups_ready(groups);
    for (int32_t i = 0; i < in->groups_name_count; i++) {
        if (times[i] == 0)
            continue;
        wr_delete_groups_response_result *result = &out->results[out->result_count++];
        result->group_id = in->groups_names[i];
        int16_t error = wr_api_authorise(request, WR_ACL_GROUP, result->group_id);
        error = error != WR_KAFKA_NONE ? error : ready;
        wr_group *group = error == WR_KAFKA_NONE ? wr_groups_find(groups, result->group_id) : NULL;
        result->error_code = error != WR_KAFKA_NONE ? error : wr_groups_check_delete(groups, group);
        if (result->error_code != WR_KAFKA_NONE)
            continue;
        to->groups[to->count] = group;
        to->errors[to->count++] = &result->error_code;
    }
    if (to->count == 0)
        return WEIR_OK;
    wr_request_keep(request, NULL);
    wr_groups_delete(groups, to->groups, to->count, deleted, to);
    return WEIR_OK;
}
