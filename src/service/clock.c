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
 * The timers' clock is another, since the time between two runs counts for them: it, too, moves by the monotonic clock
 * while the service runs, but a start moves it on by what passed on the wall clock since it was written, and never
 * back. It is kept in weir_meta under `timers.clock`, as milliseconds with the wall clock's reading beside them: written
 * like the other one while there are timers, and at once when the wall clock was set by more than a second.
 *
 * What is stored with a time to wait for (weir_parked.due_ms, weir_seen.seen_ms, weir_senders.seen_ms) is in this
 * clock. Times that people read (created_ms, the events' own) are the wall clock's. */
#include "core_int.h"

#include <base/text.h>

#include <inttypes.h>
#include <stdio.h>

enum { WRITE_EVERY_MS = 1000, WALL_SET_MS = 1000 };

static const char timers_key[] = "timers.clock";

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

/* ---- the timers' */

int64_t wr_core_timers_clock_ms(const wr_core *core)
{
    return core->timers.base_ms + wr_mono_us(core->io) / 1000;
}

static int64_t wall_is_ahead_ms(const wr_core *core)
{
    return wr_now_ms(core->io) - wr_core_timers_clock_ms(core);
}

weir_err wr_core_timers_clock_read(wr_store *store, int64_t *ret_clock_ms, int64_t *ret_wall_ms, bool *ret_is_found,
                                   weir_failure *failure)
{
    char text[64];
    int64_t clock_ms, wall_ms;
    weir_err err = wr_meta_get(store, timers_key, text, sizeof text, ret_is_found, failure);
    if (err != WEIR_OK || !*ret_is_found)
        return err;
    char *behind = strchr(text, ' ');
    if (behind)
        *behind++ = 0;
    if (!behind || wr_number_parse(text, 0, INT64_MAX / 4, &clock_ms) != WEIR_OK ||
        wr_number_parse(behind, 0, INT64_MAX / 4, &wall_ms) != WEIR_OK)
        return weir_fail(failure, WEIR_E_CORRUPT,
                         "the database is damaged: %s in its table weir_meta is no pair of times; restore it from a "
                         "backup",
                         timers_key);
    *ret_clock_ms = clock_ms;
    *ret_wall_ms = wall_ms;
    return WEIR_OK;
}

weir_err wr_core_timers_clock_load(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    int64_t wall_ms = wr_now_ms(core->io), clock_ms = wall_ms, written_wall_ms = wall_ms;
    bool is_found = false;
    weir_failure why = {0};
    weir_err err = wr_core_timers_clock_read(core->store, &clock_ms, &written_wall_ms, &is_found, &why);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "%.100s: %.130s", core->database_shown, why.sentence);
    timers->written_ahead_ms = written_wall_ms - clock_ms;
    clock_ms += wall_ms > written_wall_ms ? wall_ms - written_wall_ms : 0;
    timers->base_ms = clock_ms - wr_mono_us(core->io) / 1000;
    timers->written_ms = is_found ? clock_ms : 0;
    return WEIR_OK;
}

bool wr_core_timers_clock_was_set(const wr_core *core)
{
    int64_t by_ms = wall_is_ahead_ms(core) - core->timers.written_ahead_ms;
    return core->timers.count && (by_ms > WALL_SET_MS || by_ms < -WALL_SET_MS);
}

weir_err wr_core_timers_clock_write(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    int64_t now_ms = wr_core_timers_clock_ms(core);
    if (now_ms - timers->written_ms < WRITE_EVERY_MS && !wr_core_timers_clock_was_set(core))
        return WEIR_OK;
    timers->written_ms = now_ms;
    timers->written_ahead_ms = wall_is_ahead_ms(core);
    char text[64];
    snprintf(text, sizeof text, "%" PRId64 " %" PRId64, now_ms, now_ms + timers->written_ahead_ms);
    return wr_meta_set(core->store, timers_key, text, failure);
}
