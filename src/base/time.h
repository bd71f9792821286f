/* Times as text: RFC 3339 in UTC with milliseconds, "2026-01-31T12:00:00.000Z"; durations as text; and sums of times and
 * durations that cannot overflow. No clock here; see io. */
#ifndef WR_TIME_H
#define WR_TIME_H

#include <weir/error.h>

#include <stdint.h>

enum { WR_TIME_TEXT_SIZE = 32 };

void wr_time_print(int64_t time_ms, char ret_text[WR_TIME_TEXT_SIZE]);
/* Any RFC 3339 time, with offset; fractions past milliseconds are cut. */
WEIR_MUST_CHECK weir_err wr_time_parse(const char *text, int64_t *ret_time_ms);
/* A time as people say it: RFC 3339, a date (its beginning), "now", or how long before now_ms: "-5m", "5m ago".
 * WEIR_E_FORMAT. */
WEIR_MUST_CHECK weir_err wr_when_parse(const char *text, int64_t now_ms, int64_t *ret_time_ms);
/* "250ms", "30s", "5m", "2h", "7d"; a bare number is milliseconds; "-1" is -1 (no limit). */
WEIR_MUST_CHECK weir_err wr_duration_parse(const char *text, int64_t *ret_ms);
/* "512", "64k", "16MiB", "1g": powers of 1024. */
WEIR_MUST_CHECK weir_err wr_size_parse(const char *text, int64_t *ret_size);

/* Days of the proleptic Gregorian calendar in UTC; day 0 is 1970-01-01. */
typedef struct wr_date {
    int64_t year;
    int month, day; /* from 1 */
} wr_date;

int64_t wr_date_days(wr_date of); /* a month of 1 to 12; a day beyond its month's end counts on into the next */
wr_date wr_date_of(int64_t days);

/* Sums that stop at INT64_MIN and INT64_MAX, which as a deadline is never. Every duration that somebody configured or sent
 * goes through one of them. */
static inline int64_t wr_time_add_ms(int64_t moment_ms, int64_t duration_ms)
{
    int64_t sum;
    if (__builtin_add_overflow(moment_ms, duration_ms, &sum))
        return duration_ms < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

/* The moment, in microseconds, that lies duration_ms after now_us. */
static inline int64_t wr_time_after_ms(int64_t now_us, int64_t duration_ms)
{
    int64_t duration_us, sum;
    if (__builtin_mul_overflow(duration_ms, 1000, &duration_us) || __builtin_add_overflow(now_us, duration_us, &sum))
        return duration_ms < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}

#endif
