/* Schedules: rows of weir_timers that are set again after each run, by a cron line.
 *
 *    start → compared with the service's table: a new one, and one whose line is another, is set; one that is not there any
 *            more goes; all others keep the time that they had
 *    due   → an event for the handler of its type; what it does, the deletion of the row and the row of the next run
 *            commit together (timers.c)
 *
 * The next run is the first time of the line after now and after the run that has ended. So runs that were missed, while the
 * service was stopped or because the clock was set forward, are one run, and a run that asks for a retry puts the
 * next one off until it has ended.
 *
 * A wall clock that is set back by CLOCK_BACK_MS or less makes nothing run twice: the next run stays. Set back by
 * more, the time before was wrong, and all are set anew from now on. */
#include "core_int.h"

#include <base/array.h>
#include <base/cron.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLOCK_BACK_MS = 3 * 3600 * 1000, STORED_MAX = 100000 };

struct schedule_state {
    wr_cron cron;
    bool is_set;
};

typedef struct stored { /* a row as an earlier start or run left it */
    int64_t number;
    const weir_schedule *schedule; /* NULL: it is not wanted as it stands */
} stored;

weir_err wr_core_schedules_init(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    const weir_schedule *schedules = core->service->schedules;
    size_t count = 0;
    while (schedules && schedules[count].name)
        count++;
    timers->schedule_count = count;
    timers->schedules = calloc(count + 1, sizeof *timers->schedules);
    if (!timers->schedules)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for schedules");
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < count && err == WEIR_OK; i++)
        err = wr_cron_parse(schedules[i].cron, &timers->schedules[i].cron, failure);
    return err;
}

const weir_schedule *wr_core_schedule_find(const wr_core *core, const char *name)
{
    const weir_schedule *schedule = core->service->schedules;
    for (; schedule && schedule->name; schedule++)
        if (strcmp(schedule->name, name) == 0)
            return schedule;
    return NULL;
}

static struct schedule_state *state_of(wr_core *core, const weir_schedule *schedule)
{
    return &core->timers.schedules[schedule - core->service->schedules];
}

weir_err wr_core_schedule_set(wr_core *core, const weir_schedule *schedule, int64_t ended_ms, weir_failure *failure)
{
    int64_t now_ms = wr_now_ms(core->io);
    bool is_ahead = ended_ms > now_ms && ended_ms - now_ms <= CLOCK_BACK_MS;
    int64_t next_ms = wr_cron_next(&state_of(core, schedule)->cron, is_ahead ? ended_ms : now_ms);
    timer_row row = {.kind = SCHEDULE,
                     .id = schedule->name,
                     .line = schedule->cron,
                     .is_at = true,
                     .due_ms = next_ms,
                     .wanted_ms = next_ms};
    if (now_ms > core->timers.scheduled_ms)
        core->timers.scheduled_ms = now_ms;
    return wr_core_timer_set(core, &row, failure);
}

/* The event of a run: the same whenever it is tried. */
weir_err wr_core_schedule_record(wr_core *core, const weir_schedule *schedule, int64_t wanted_ms, int64_t number,
                                 kept_record **ret_kept, weir_failure *failure)
{
    char origin[300], id[WR_UUID_TEXT_SIZE], time[WR_TIME_TEXT_SIZE];
    snprintf(origin, sizeof origin, "schedule/%.200s/%" PRId64, schedule->name, wanted_ms);
    wr_event_derive_id(core->name, origin, 0, id);
    wr_time_print(wanted_ms, time);
    weir_event event = {.id = id,
                        .source = core->name,
                        .type = schedule->type,
                        .version = schedule->version,
                        .subject = schedule->name,
                        .time = time};
    wr_event_record encoded;
    weir_err err = wr_event_encode_kafka(&event, NULL, 0, core->arena, &encoded, failure);
    if (err != WEIR_OK)
        return err;
    wr_client_record record = {.topic = core->timers.topic,
                               .partition = -1,
                               .offset = number,
                               .timestamp_ms = wanted_ms,
                               .key = encoded.key,
                               .headers = encoded.headers,
                               .header_count = encoded.header_count};
    kept_record *kept = wr_kept_record_new(&record, NULL, 0);
    if (!kept)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a schedule");
    *ret_kept = kept;
    return WEIR_OK;
}

/* Rows that stand as they are wanted are marked; a run that is tried again ends first, whatever the clock does. */
static weir_err read_stored(wr_core *core, stored **items, size_t *ret_count, weir_failure *failure)
{
    wr_statement *statement;
    size_t count = 0, capacity = 0;
    int64_t now_ms = wr_now_ms(core->io);
    weir_err err = wr_store_select(core->store, WR_SQL_SCHEDULE_LIST, NULL, &statement, failure);
    if (err != WEIR_OK)
        return err;
    core->timers.scheduled_ms = 0;
    while ((err = wr_statement_next(statement, failure)) == WEIR_OK) {
        err = WR_ARRAY_RESERVE(*items, capacity, count + 1, STORED_MAX);
        if (err != WEIR_OK) {
            weir_fail(failure, err, "more schedules are stored than this service can hold");
            break;
        }
        const weir_schedule *schedule = wr_core_schedule_find(core, wr_statement_text(statement, 1));
        const char *line = wr_statement_text(statement, 2);
        int64_t set_ms = wr_statement_int(statement, 3);
        bool is_tried_again = wr_statement_int(statement, 4) > 0, is_right = set_ms - CLOCK_BACK_MS <= now_ms;
        bool stays = schedule && (is_tried_again || (is_right && line && strcmp(line, schedule->cron) == 0));
        if (stays)
            state_of(core, schedule)->is_set = true;
        if (stays && is_right && set_ms > core->timers.scheduled_ms)
            core->timers.scheduled_ms = set_ms;
        (*items)[count++] = (stored){wr_statement_int(statement, 0), stays ? schedule : NULL};
    }
    wr_statement_done(statement);
    *ret_count = count;
    return err == WEIR_E_RANGE ? WEIR_OK : err;
}

weir_err wr_core_schedules_compare(wr_core *core, weir_failure *failure)
{
    timers *timers = &core->timers;
    stored *items = NULL;
    size_t count = 0;
    for (size_t i = 0; i < timers->schedule_count; i++)
        timers->schedules[i].is_set = false;
    weir_err err = read_stored(core, &items, &count, failure);
    for (size_t i = 0; i < count && err == WEIR_OK; i++)
        if (!items[i].schedule)
            err = wr_core_timer_delete(core, items[i].number, failure);
    free(items);
    for (size_t i = 0; i < timers->schedule_count && err == WEIR_OK; i++)
        if (!timers->schedules[i].is_set)
            err = wr_core_schedule_set(core, &core->service->schedules[i], INT64_MIN, failure);
    return err;
}

bool wr_core_schedules_are_wrong(const wr_core *core)
{
    return core->timers.schedule_count && core->timers.scheduled_ms - CLOCK_BACK_MS > wr_now_ms(core->io);
}
