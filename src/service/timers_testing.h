/* For tests of timers and schedules: a tally that is also called when something is due, and transactions from outside. */
#ifndef WR_TIMERS_TESTING_H
#define WR_TIMERS_TESTING_H

#include "core_testing.h"

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };
#define YEAR_MS (INT64_C(8760) * HOUR_MS)

typedef struct act {
    wr_core_command command; /* first */
    weir_status (*run)(weir_tx *tx, void *what);
    void *what;
    weir_status ended;
    bool is_done;
} act;

static weir_status act_run(wr_core_command *command, weir_tx *tx)
{
    act *a = (act *)command;
    return a->run(tx, a->what);
}

static void act_done(wr_core_command *command, weir_status status, const char *reason)
{
    act *a = (act *)command;
    (void)reason;
    a->ended = status;
    a->is_done = true;
}

/* Run it in a transaction of the core; what it ended with. */
static inline weir_status in_tx(fixture *f, weir_status (*run)(weir_tx *tx, void *what), void *what)
{
    act a = {.command = {.run = act_run, .done = act_done, .arena = weir_arena_new(1 << 20)}, .run = run, .what = what};
    CHECK_OK(wr_core_submit(f->core, &a.command));
    for (int i = 0; i < 5 && !a.is_done; i++)
        CHECK_OK(wr_core_turn(f->core, 0, &f->failure));
    CHECK(a.is_done);
    weir_arena_free(a.command.arena);
    return a.ended;
}

typedef struct plan {
    weir_timer timer; /* its event is made of the two below */
    const char *key;
    int n;
    enum { AFTER, EMIT, SEND, CANCEL } call;
    weir_status then;
    int64_t changes;
} plan;

static inline weir_status carry_out(weir_tx *tx, void *what)
{
    plan *p = what;
    char data[32];
    snprintf(data, sizeof data, "{\"n\":%d}", p->n);
    weir_event event = {.type = "thing.due", .subject = p->key, .data = weir_slice_of(data)};
    p->timer.event = &event;
    if (p->call == AFTER)
        weir_after(tx, &p->timer);
    else if (p->call == EMIT)
        weir_emit_later(tx, &p->timer);
    else if (p->call == SEND)
        weir_send_later(tx, "elsewhere", &p->timer);
    else if (weir_cancel(tx, p->timer.id) == WEIR_DONE)
        p->changes = weir_changes(tx);
    return p->then != WEIR_DONE ? p->then : weir_tx_status(tx);
}

static inline weir_status set_after(fixture *f, const char *id, int64_t after_ms, int n)
{
    return in_tx(f, carry_out, &(plan){.timer = {.id = id, .after_ms = after_ms}, .key = id ? id : "none", .n = n});
}

static inline weir_status set_at(fixture *f, const char *id, int64_t at_ms, int n)
{
    return in_tx(f, carry_out, &(plan){.timer = {.id = id, .at_ms = at_ms}, .key = id, .n = n});
}

static inline void jump(fixture *f, int64_t ms)
{
    wr_sim_set_wall_ms(f->machine, wr_now_ms(wr_sim_io(f->machine)) + ms);
}

static inline int64_t wall_ms(fixture *f)
{
    return wr_now_ms(wr_sim_io(f->machine));
}

/* Turns that wait as long as the core says, until that many effects are there or the time is over; the time that passed. */
static inline int64_t wait_for_effects(fixture *f, int64_t count, int64_t max_ms)
{
    int64_t start_us = wr_mono_us(wr_sim_io(f->machine)), passed_ms = 0;
    while (COUNT(f, "effects") < count && passed_ms < max_ms) {
        CHECK_OK(wr_core_turn(f->core, -1, &f->failure));
        passed_ms = (wr_mono_us(wr_sim_io(f->machine)) - start_us) / 1000;
    }
    return passed_ms;
}

/* A line of /metrics; -1: it is not there. */
static inline double metric(fixture *f, const char *name)
{
    wr_buf text;
    char line[100];
    snprintf(line, sizeof line, "\n%s{service=\"tally\"} ", name);
    wr_buf_init(&text, 1 << 20);
    wr_core_metrics(f->core, &text);
    const char *at = strstr(wr_buf_cstr(&text), line);
    double value = at ? strtod(at + strlen(line), NULL) : -1;
    wr_buf_fini(&text);
    return value;
}

#endif
