/* Timers and schedules between the files of this room; included by core_int.h. The walk is told in timers.c. */
#ifndef WR_TIMERS_INT_H
#define WR_TIMERS_INT_H

#include <client/client.h>
#include <store/store.h>
#include <weir/service.h>

#include <stdatomic.h>

struct kept_record;
struct wr_core;

typedef enum timer_kind { TIMER = 0, SCHEDULE = 1 } timer_kind; /* as stored */

enum { TIMERS_TOPIC_SIZE = 250 };
#define WR_TIMERS_COUNT "timers.count" /* in weir_meta: how many rows there are */

typedef struct timer_row {
    timer_kind kind;
    bool is_at;         /* due_ms is of the wall clock, else of the timers' */
    bool is_to_publish; /* else it is handled */
    int attempts;
    int64_t due_ms, wanted_ms;
    const char *id;                        /* set: one of each kind */
    const char *line;                      /* set: a schedule's */
    wr_client_record record;               /* set: with a topic it is published */
    struct kept_record *kept;              /* read */
    char name[WEIR_TIMER_ID_SIZE_MAX + 1]; /* read: its id */
} timer_row;

typedef struct timers {
    char topic[TIMERS_TOPIC_SIZE]; /* what handlers and dead letters are told */
    int64_t count;                 /* as the database has it */
    int64_t change;                /* of that, by the transaction under way */
    int64_t *due;                  /* numbers, of one batch */
    size_t due_count;
    int64_t base_ms;                      /* of their clock: clock.c */
    int64_t written_ms, written_ahead_ms; /* when it was written, and how far the wall clock was ahead of it */
    struct schedule_state *schedules;     /* as service->schedules */
    size_t schedule_count;
    int64_t scheduled_ms; /* the wall clock, when one of them was set last */
    /* The earliest due times; INT64_MAX: none. Any thread reads them. */
    atomic_int_fast64_t next_after_ms, next_at_ms;
} timers;

WEIR_MUST_CHECK weir_err wr_core_timers_load(struct wr_core *core, weir_failure *failure);
void wr_core_timers_fini(struct wr_core *core);
/* Within a transaction. One of the same kind and id is replaced. */
WEIR_MUST_CHECK weir_err wr_core_timer_set(struct wr_core *core, const timer_row *row, weir_failure *failure);
/* As a handler asks for it; `id` when it says none. Errors: WEIR_E_LIMIT for what cannot be. */
WEIR_MUST_CHECK weir_err wr_core_timer_set_for(struct wr_core *core, const weir_timer *timer,
                                               const wr_client_record *record, const char *id, weir_failure *failure);
bool wr_core_timer_id_valid(const char *id);
WEIR_MUST_CHECK weir_err wr_core_timer_drop(struct wr_core *core, timer_kind kind, const char *id, int64_t *ret_count,
                                            weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_core_timers_read_due(struct wr_core *core, weir_failure *failure); /* at its beginning */
WEIR_MUST_CHECK weir_err wr_core_timers_fire_due(struct wr_core *core, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_core_timers_write(struct wr_core *core, weir_failure *failure); /* before the commit */
void wr_core_timers_committed(struct wr_core *core);
bool wr_core_timers_want_write(const struct wr_core *core);    /* a transaction for them alone is worth it */
int64_t wr_core_timers_due_ms(const struct wr_core *core);     /* by wr_clock_ms; INT64_MAX: there are none */
int64_t wr_core_timers_overdue_ms(const struct wr_core *core); /* any thread */
WEIR_MUST_CHECK weir_err wr_core_timer_delete(struct wr_core *core, int64_t number, weir_failure *failure);
/* Schedules: schedules.c. The first before there is a store, the others within a transaction. */
WEIR_MUST_CHECK weir_err wr_core_schedules_init(struct wr_core *core, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_core_schedules_compare(struct wr_core *core, weir_failure *failure);
bool wr_core_schedules_are_wrong(const struct wr_core *core); /* the wall clock was set back too far for them */
const weir_schedule *wr_core_schedule_find(const struct wr_core *core, const char *name); /* NULL: none */
WEIR_MUST_CHECK weir_err wr_core_schedule_record(struct wr_core *core, const weir_schedule *schedule, int64_t wanted_ms,
                                                 int64_t number, struct kept_record **ret_kept, weir_failure *failure);
/* For the time after now, and after the run that has ended. */
WEIR_MUST_CHECK weir_err wr_core_schedule_set(struct wr_core *core, const weir_schedule *schedule, int64_t ended_ms,
                                              weir_failure *failure);
/* Their clock: clock.c */
int64_t wr_core_timers_clock_ms(const struct wr_core *core); /* any thread */
WEIR_MUST_CHECK weir_err wr_core_timers_clock_load(struct wr_core *core, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_core_timers_clock_write(struct wr_core *core, weir_failure *failure);
bool wr_core_timers_clock_was_set(const struct wr_core *core); /* the wall clock, since that was written */
/* What it was when it was written last, and the wall clock then. WEIR_E_CORRUPT: what stands there is no pair of times. */
WEIR_MUST_CHECK weir_err wr_core_timers_clock_read(wr_store *store, int64_t *ret_clock_ms, int64_t *ret_wall_ms,
                                                   bool *ret_is_found, weir_failure *failure);

#endif
