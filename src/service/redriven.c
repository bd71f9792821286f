/* Events that were put back for this group (weir dlq redrive; event/letter.h has their headers).
 *
 * They come by a topic of the group's own, GROUP.redrive, so nobody else sees them, and in the order in which they were put
 * back. For handlers such an event stands where it stood first; it is parked with the key that it had there, behind what
 * waits of it. Whether it is known is told by weir-redrive-id, which is remembered as the ids of other programs' events are
 * (seen.window): not by the event's own id, since that was handled before, to its bad end.
 *
 * One that was put back to a topic that all read says for which group it is: other services of weir pass it over. */
#include "core_int.h"

weir_err wr_redriven_find(wr_core *core, const wr_client_record *record, bool *ret_is_one, wr_redriven *ret_redriven,
                          weir_failure *failure)
{
    weir_err err = WEIR_E_NOT_FOUND;
    if (wr_redriven_is(record->headers, record->header_count))
        err = wr_redriven_read(record->headers, record->header_count, core->arena, ret_redriven);
    if (err != WEIR_OK && err != WEIR_E_NOT_FOUND)
        return weir_fail(failure, err, "no memory for an event that was put back");
    *ret_is_one = err == WEIR_OK;
    return WEIR_OK;
}

bool wr_redriven_is_for_others(wr_core *core, const wr_redriven *redriven)
{
    if (!redriven->group.data || weir_slice_equal(redriven->group, weir_slice_of(core->group)))
        return false;
    count_up(&core->numbers.for_others, 1);
    return true;
}

weir_err wr_redriven_is_new(wr_core *core, const wr_redriven *redriven, bool *ret_is_new, weir_failure *failure)
{
    /* A source that no event has: it is no URI. */
    weir_err err = wr_inbox_see(core, "weir redrive", redriven->id, ret_is_new, failure);
    if (err == WEIR_OK && *ret_is_new)
        count_up(&core->numbers.redriven, 1);
    return err;
}

void wr_redriven_place(const wr_redriven *redriven, weir_event *event)
{
    if (redriven->partition >= 0 && redriven->partition <= INT32_MAX)
        event->partition = (int32_t)redriven->partition;
    if (redriven->offset >= 0)
        event->offset = redriven->offset;
    if (redriven->timestamp_ms >= 0)
        event->timestamp_ms = redriven->timestamp_ms;
}

weir_slice wr_redriven_home(const wr_client_record *record)
{
    weir_slice topic = {0};
    if (wr_redriven_is(record->headers, record->header_count))
        topic = wr_redriven_topic(record->headers, record->header_count);
    return topic.data ? topic : weir_slice_of(record->topic);
}
