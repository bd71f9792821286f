/* Cron lines, and when they come due: pure, in UTC, without a clock.
 *
 *     minute  hour  day of the month  month  day of the week
 *     0-59    0-23  1-31              1-12   0-7, 0 and 7 are Sunday
 *
 *     field   items with commas between them
 *     item    a star, a value, or a range 10-20; a star and a range may have a step behind a slash: 10-20/5
 *
 * Months and days of the week may be named by the first three letters of their English names, in capitals or not; a range
 * of days may end with Sunday (fri-sun). A step begins at the first value of its range. When both days are restricted
 * (neither field begins with *) a day that either names is one, as cron has always had it; else both must hold.
 *
 *     @hourly 0 * * * *   @daily, @midnight 0 0 * * *   @weekly 0 0 * * 0   @monthly 0 0 1 * *   @yearly, @annually 0 0 1 1 *
 *
 * Times are UTC, which has no summer time: no run is skipped or doubled when clocks change somewhere. */
#ifndef WR_CRON_H
#define WR_CRON_H

#include <weir/error.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct wr_cron {
    uint64_t minutes;                       /* a bit each */
    uint32_t hours, days, months, weekdays; /* from bit 0, 1, 1 and 0 on */
    bool either_day;                        /* a day of the month or a day of the week; else both */
} wr_cron;

/* Errors: WEIR_E_USAGE with what is wrong: no such line, or one that never comes (30 February). */
WEIR_MUST_CHECK weir_err wr_cron_parse(const char *line, wr_cron *ret_cron, weir_failure *failure);
/* The first minute of the line that begins after this moment, in milliseconds of the Unix epoch. A moment past the year
 * 9999 has none: INT64_MAX. */
int64_t wr_cron_next(const wr_cron *cron, int64_t after_ms);

#endif
