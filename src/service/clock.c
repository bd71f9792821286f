/* The service's own clock, by which everything waits: milliseconds that never jump.
 *
 * At the first start it is the wall clock; from then on it moves only by the monotonic clock, while the service runs.
 * Its reading is kept in weir_meta under `clock`, written at most once a second with a transaction that commits anyway,
 * and the next start goes on from there. So neither a wall clock that is set back or forth nor the time between two
 * runs moves it. What had passed since it was written last is waited for once more: at most the second that is not
 * written while transactions commit, but all of the time since the last one where none did. From a start on nothing
 * waits for longer than the longest delay of the service's policies (parked.c). A window (seen.window, the senders')
 * counts the time in which the service ran, which is never longer than the time that passed.
 *
 * What is stored with a time to wait for (weir_parked.due_ms, weir_seen.seen_ms, weir_senders.seen_ms) is in this
 * clock. Times that people read (created_ms, the events' own) are the wall clock's. */
#include "core_int.h"

#include <inttypes.h>
#include <stdio.h>

enum { WRITE_EVERY_MS = 1000 };

int64_t wr_clock_ms(const wr_core *core)
{
    return core->clock.base_ms + wr_mono_us(core->io) / 1000;
}

weir_err wr_clock_load(wr_core *core, weir_failure *failure)
{
    int64_t start_ms = 0;
    bool is_found = false;
    weir_err err = wr_meta_get_number(core, "clock", &start_ms, &is_found, failure);
    if (err != WEIR_OK)
        return err;
    if (!is_found)
        start_ms = wr_now_ms(core->io);
    core->clock.base_ms = start_ms - wr_mono_us(core->io) / 1000;
    core->clock.written_ms = is_found ? start_ms : 0;
    return WEIR_OK;
}

weir_err wr_clock_write(wr_core *core, weir_failure *failure)
{
    int64_t now_ms = wr_clock_ms(core);
    if (now_ms - core->clock.written_ms < WRITE_EVERY_MS)
        return WEIR_OK;
    core->clock.written_ms = now_ms;
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, now_ms);
    return wr_meta_set(core->store, "clock", text, failure);
}
