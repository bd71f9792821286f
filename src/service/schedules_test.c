/* Schedules over the lives of a service and the jumps of its clock. Times are the wall clock's, in UTC. */
#include "timers_testing.h"

#include <base/time.h>

static weir_status on_run(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    CHECK_STR(event->topic, "tally.timers");
    CHECK(event->data.data == NULL);
    weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES (?1, ?2, ?3)", WEIR_TEXT(event->id),
              WEIR_INT(event->timestamp_ms), WEIR_TEXT(event->time));
    weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = event->subject});
    if (f->retries_left[0] > 0) {
        f->retries_left[0]--;
        return weir_retry(tx, "not yet");
    }
    return weir_tx_status(tx);
}

static const weir_handler handlers[] = {{.type = "run.due", .run = on_run, .retry = {.max = 4, .base_ms = 1000}}, {0}};
static const weir_schedule hourly[] = {{.name = "every hour", .cron = "30 * * * *", .type = "run.due"}, {0}};
static const weir_schedule edited[] = {{.name = "every hour", .cron = "15 * * * *", .type = "run.due"}, {0}};
static const weir_schedule two[] = {{.name = "every hour", .cron = "30 * * * *", .type = "run.due"},
                                    {.name = "at ten", .cron = "0 10 * * *", .type = "run.due"},
                                    {0}};

static int64_t time_of(const char *text)
{
    int64_t ms;
    CHECK_OK(wr_time_parse(text, &ms));
    return ms;
}

static void begin(fixture *f, weir_service *service, const weir_schedule *schedules)
{
    fixture_begin(f, service);
    wr_sim_set_wall_ms(f->machine, time_of("2026-12-01T08:00:00Z"));
    fixture_database(f);
    service->handlers = handlers;
    service->schedules = schedules;
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

static void turn_for(fixture *f, int64_t ms)
{
    int64_t end_us = wr_mono_us(wr_sim_io(f->machine)) + ms * 1000;
    for (int64_t left_us; (left_us = end_us - wr_mono_us(wr_sim_io(f->machine))) > 0;)
        CHECK_OK(wr_core_turn(f->core, (int)(left_us / 1000 > 60000 ? 60000 : left_us / 1000 + 1), &f->failure));
    fixture_turns(f, 2);
}

static void check_next(fixture *f, const char *wanted)
{
    char text[WR_TIME_TEXT_SIZE];
    wr_time_print(fixture_number(f->database, "SELECT due_ms FROM weir_timers WHERE id = 'every hour'"), text);
    CHECK_STR(text, wanted);
}

#define RUNS_AT(f, time) COUNT(f, "effects WHERE key = '2026-12-01T" time ":00.000Z'")

TEST(a_schedule_runs_at_its_times_and_says_which)
{
    fixture f;
    weir_service service;
    begin(&f, &service, two);
    turn_for(&f, 3 * HOUR_MS);
    CHECK_EQ(COUNT(&f, "effects"), 4);
    CHECK_EQ(RUNS_AT(&f, "08:30"), 1);
    CHECK_EQ(RUNS_AT(&f, "09:30"), 1);
    CHECK_EQ(RUNS_AT(&f, "10:00"), 1);
    CHECK_EQ(RUNS_AT(&f, "10:30"), 1);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects) AS d"), 4);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 4);
    CHECK_EQ((int)metric(&f, "weir_timers"), 2);
    check_next(&f, "2026-12-01T11:30:00.000Z");
    fixture_end(&f);
}

TEST(runs_that_were_missed_are_one_and_the_next_one_is_on_time)
{
    fixture f;
    weir_service service;
    begin(&f, &service, hourly);
    wr_core_free(f.core);
    f.core = NULL;
    wr_sim_advance_ms(f.machine, 5 * HOUR_MS + 10 * MINUTE_MS);
    fixture_start(&f);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(RUNS_AT(&f, "08:30"), 1);
    check_next(&f, "2026-12-01T13:30:00.000Z");
    turn_for(&f, 30 * MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK_EQ(RUNS_AT(&f, "13:30"), 1);
    fixture_end(&f);
}

TEST(a_start_keeps_the_time_of_a_schedule_and_an_edited_line_is_set_anew)
{
    fixture f;
    weir_service service;
    begin(&f, &service, two);
    turn_for(&f, 29 * MINUTE_MS);
    fixture_rejoin(&f);
    check_next(&f, "2026-12-01T08:30:00.000Z");
    service.schedules = edited;
    fixture_rejoin(&f);
    check_next(&f, "2026-12-01T09:15:00.000Z");
    CHECK_EQ(COUNT(&f, "weir_timers"), 1);
    turn_for(&f, 50 * MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(RUNS_AT(&f, "09:15"), 1);
    service.schedules = NULL;
    fixture_rejoin(&f);
    CHECK_EQ(COUNT(&f, "weir_timers"), 0);
    CHECK_EQ((int)metric(&f, "weir_timers"), 0);
    fixture_end(&f);
}

TEST(a_run_that_is_tried_again_puts_off_the_next_and_is_the_same_run)
{
    fixture f;
    weir_service service;
    begin(&f, &service, hourly);
    f.retries_left[0] = 2;
    turn_for(&f, 31 * MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(RUNS_AT(&f, "08:30"), 1);
    check_next(&f, "2026-12-01T09:30:00.000Z");
    f.retries_left[0] = 9; /* more than there are attempts */
    turn_for(&f, HOUR_MS);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    check_next(&f, "2026-12-01T10:30:00.000Z");
    fixture_end(&f);
}

TEST(a_clock_that_is_set_back_a_little_makes_nothing_run_twice)
{
    fixture f;
    weir_service service;
    begin(&f, &service, hourly);
    turn_for(&f, 31 * MINUTE_MS);
    CHECK_EQ(RUNS_AT(&f, "08:30"), 1);
    jump(&f, -2 * HOUR_MS);
    turn_for(&f, 2 * HOUR_MS + 10 * MINUTE_MS); /* 08:41 */
    CHECK_EQ(COUNT(&f, "effects"), 1);
    turn_for(&f, HOUR_MS);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK_EQ(RUNS_AT(&f, "09:30"), 1);
    fixture_end(&f);
}

TEST(a_clock_that_was_a_year_ahead_stops_no_schedule)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        fixture f;
        weir_service service;
        begin(&f, &service, hourly);
        jump(&f, YEAR_MS);
        turn_for(&f, 2 * MINUTE_MS); /* what was missed runs once */
        CHECK_EQ(COUNT(&f, "effects"), 1);
        jump(&f, -YEAR_MS);
        if (restarts)
            fixture_rejoin(&f);
        turn_for(&f, 4 * HOUR_MS);
        CHECK_EQ(COUNT(&f, "effects"), 5);
        CHECK_EQ(RUNS_AT(&f, "09:30"), 1);
        CHECK_EQ(RUNS_AT(&f, "11:30"), 1);
        fixture_end(&f);
    }
}

TEST(a_run_that_is_tried_again_while_the_clock_is_set_back_a_year_is_not_lost_and_the_next_is_on_time)
{
    fixture f;
    weir_service service;
    begin(&f, &service, hourly);
    jump(&f, YEAR_MS);
    turn_for(&f, 2 * MINUTE_MS);
    f.retries_left[0] = 3;
    for (int i = 0; i < 60 && COUNT(&f, "weir_timers WHERE attempts = 1") == 0; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_timers WHERE attempts = 1"), 1);
    jump(&f, -YEAR_MS);
    turn_for(&f, 5 * MINUTE_MS);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    check_next(&f, "2026-12-01T09:30:00.000Z");
    fixture_end(&f);
}

TEST(a_line_that_is_none_stops_the_start)
{
    static const weir_schedule bad[] = {{.name = "never", .cron = "0 0 30 2 *", .type = "run.due"}, {0}};
    fixture f;
    weir_service service;
    begin(&f, &service, hourly);
    service.schedules = bad;
    wr_core_free(f.core);
    f.core = NULL;
    CHECK_EQ(wr_core_new(&f.options, &f.core, &f.failure), WEIR_E_USAGE);
    fixture_end(&f);
}

static int run_with_crash(int crash_at)
{
    fixture f;
    weir_service service;
    begin(&f, &service, two);
    int before = f.crash_calls;
    f.retries_left[0] = 1;
    f.crash_at = crash_at < 0 ? -1 : before + crash_at;
    for (int64_t end_ms = wall_ms(&f) + 3 * HOUR_MS; wall_ms(&f) < end_ms;)
        if (wr_core_turn(f.core, -1, &f.failure) != WEIR_OK)
            fixture_restart(&f);
    int calls = f.crash_calls - before;
    f.crash_at = -1;
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 4);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects) AS d"), 4);
    CHECK_EQ(COUNT(&f, "weir_timers"), 2);
    fixture_end(&f);
    return calls;
}

TEST(a_crash_at_any_step_neither_loses_nor_doubles_a_run)
{
    int calls = run_with_crash(-1);
    CHECK(calls > 8);
    for (int at = 0; at < calls; at++)
        run_with_crash(at);
}
