/* What an operator sees of a service's timers and schedules, and may take back: `weir timers`. On the database of a service
 * that runs or has stopped. */
#ifndef WR_TIMERS_ADMIN_H
#define WR_TIMERS_ADMIN_H

#include <client/client.h>
#include <store/store.h>

typedef struct wr_timer_item {
    int64_t number;
    const char *kind; /* "timer": a handler is called; "event": it is published; "schedule" */
    const char *id;   /* of a schedule its name */
    int64_t due_ms;   /* wall clock, as it stands to the timers' own now; INT64_MAX: never */
    int64_t set_ms;   /* wall clock */
    int attempts;
    const char *reason;      /* of the last attempt; NULL: none was made */
    const char *type;        /* of the event; NULL: a schedule's, which its program knows */
    const char *line;        /* a schedule's cron line, else NULL */
    wr_client_record record; /* topic NULL: it is handled */
} wr_timer_item;

/* At most so many, those that are due first. Items live until `each` returns, and have no value.
 * WEIR_E_UNSUPPORTED: the database was last used by a version of weir that did not know of this. */
WEIR_MUST_CHECK weir_err wr_timers_each(wr_store *store, int64_t count_max,
                                        void (*each)(void *user, const wr_timer_item *item), void *user,
                                        weir_failure *failure);
/* One whole, in the arena. WEIR_E_NOT_FOUND. */
WEIR_MUST_CHECK weir_err wr_timers_find(wr_store *store, const char *id, bool is_schedule, weir_arena *arena,
                                        wr_timer_item *ret_item, weir_failure *failure);
/* No schedule: its program would set it again. WEIR_E_NOT_FOUND: there is none, or its turn has come. */
WEIR_MUST_CHECK weir_err wr_timers_cancel(wr_store *store, const char *id, weir_failure *failure);

#endif
