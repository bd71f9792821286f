/* Times, durations and sizes as text (time.h).
 *
 *     time       YYYY-MM-DD T hh:mm:ss [.digits] (Z | ±hh:mm), RFC 3339; printed in UTC with three digits
 *     duration   digits and a unit: ms, s, m, h or d; without one milliseconds; "-1" is no limit
 *     when       a time, YYYY-MM-DD, now, or a duration ago: -5m, 5m ago
 *     size       digits and a unit: b, k, m, g or t, also as kb and kib: powers of 1024; "-1" is no limit
 *
 * Nothing here asks for the locale or the time zone of the process. */
#include "base/time.h"

#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { DAY_MS = 24 * 60 * 60 * 1000, HOUR_MS = 60 * 60 * 1000, MINUTE_MS = 60 * 1000, SECOND_MS = 1000 };

/* Days and dates of the proleptic Gregorian calendar. Years are counted from March, so that the leap day is the last
 * day of its year; 400 years are one era of 146097 days; day 0 is 1970-01-01. */
enum { ERA_DAYS = 146097, EPOCH_DAYS = 719468 };

int64_t wr_date_days(wr_date of)
{
    int64_t year = of.month <= 2 ? of.year - 1 : of.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (of.month + (of.month > 2 ? -3 : 9)) + 2) / 5 + of.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

wr_date wr_date_of(int64_t days)
{
    days += EPOCH_DAYS;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t day_of_era = days - era * ERA_DAYS;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (int)((5 * day_of_year + 2) / 153);
    wr_date made = {
        .year = year_of_era + era * 400,
        .month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
    made.year += made.month <= 2;
    return made;
}

void wr_time_print(int64_t time_ms, char ret_text[WR_TIME_TEXT_SIZE])
{
    int64_t days = time_ms / DAY_MS;
    int rest = (int)(time_ms % DAY_MS);
    if (rest < 0) {
        rest += DAY_MS;
        days--;
    }
    wr_date on = wr_date_of(days);
    char text[64]; /* the compiler cannot know that every int64_t fits in WR_TIME_TEXT_SIZE; the test does */
    snprintf(text, sizeof text, "%s%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ", on.year < 0 ? "-" : "",
             (long long)(on.year < 0 ? -on.year : on.year), on.month, on.day, rest / HOUR_MS, rest / MINUTE_MS % 60,
             rest / SECOND_MS % 60, rest % SECOND_MS);
    memcpy(ret_text, text, WR_TIME_TEXT_SIZE);
    ret_text[WR_TIME_TEXT_SIZE - 1] = 0;
}

/* Reads exactly `count` digits; -1 if they are not there. */
static int digits(const char **at, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        char digit = **at;
        if (digit < '0' || digit > '9')
            return -1;
        value = value * 10 + (digit - '0');
        (*at)++;
    }
    return value;
}

static bool skip(const char **at, const char *one_of)
{
    if (!**at || !strchr(one_of, **at))
        return false;
    (*at)++;
    return true;
}

static bool parse_date(const char **at, int64_t *days)
{
    wr_date on = {.year = digits(at, 4)};
    if (on.year < 0 || !skip(at, "-") || (on.month = digits(at, 2)) < 1 || on.month > 12 || !skip(at, "-") ||
        (on.day = digits(at, 2)) < 1)
        return false;
    *days = wr_date_days(on);
    wr_date back = wr_date_of(*days); /* the 30th of February comes back as another day */
    return back.day == on.day && back.month == on.month;
}

static bool parse_clock(const char **at, int64_t *ms)
{
    int hour, minute, second;
    if ((hour = digits(at, 2)) < 0 || hour > 23 || !skip(at, ":") || (minute = digits(at, 2)) < 0 || minute > 59 ||
        !skip(at, ":") || (second = digits(at, 2)) < 0 || second > 60) /* 60: a leap second */
        return false;
    *ms = (int64_t)hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    if (!skip(at, "."))
        return true;
    int digit = digits(at, 1);
    if (digit < 0)
        return false;
    for (int unit = 100; digit >= 0; unit /= 10, digit = digits(at, 1))
        *ms += digit * unit;
    return true;
}

static bool parse_zone(const char **at, int64_t *ms)
{
    *ms = 0;
    if (skip(at, "Zz"))
        return true;
    int sign = **at == '-' ? -1 : 1;
    int hour, minute;
    if (!skip(at, "+-") || (hour = digits(at, 2)) < 0 || hour > 23 || !skip(at, ":") || (minute = digits(at, 2)) < 0 ||
        minute > 59)
        return false;
    *ms = sign * ((int64_t)hour * HOUR_MS + minute * MINUTE_MS);
    return true;
}

weir_err wr_time_parse(const char *text, int64_t *ret_time_ms)
{
    int64_t days, clock_ms, zone_ms;
    if (!parse_date(&text, &days) || !skip(&text, "Tt ") || !parse_clock(&text, &clock_ms) ||
        !parse_zone(&text, &zone_ms) || *text)
        return WEIR_E_FORMAT;
    *ret_time_ms = days * DAY_MS + clock_ms - zone_ms;
    return WEIR_OK;
}

typedef struct unit {
    const char *name;
    int64_t factor;
} unit;

/* A number and one of `units`, which end with a NULL name; "-1" is -1, no limit. */
static weir_err parse_quantity(const char *text, const unit *units, int64_t *ret_value)
{
    if (strcmp(text, "-1") == 0) {
        *ret_value = -1;
        return WEIR_OK;
    }
    int64_t value;
    const char *name;
    weir_err err = wr_digits_parse(text, &value, &name);
    if (err != WEIR_OK)
        return err;
    for (; units->name; units++)
        if (strcasecmp(name, units->name) == 0)
            return __builtin_mul_overflow(value, units->factor, ret_value) ? WEIR_E_RANGE : WEIR_OK;
    return WEIR_E_FORMAT;
}

weir_err wr_duration_parse(const char *text, int64_t *ret_ms)
{
    static const unit units[] = {
        {"", 1}, {"ms", 1}, {"s", SECOND_MS}, {"m", MINUTE_MS}, {"h", HOUR_MS}, {"d", DAY_MS}, {NULL, 0},
    };
    int64_t value;
    weir_err err = parse_quantity(text, units, &value);
    if (err == WEIR_OK)
        *ret_ms = value;
    return err;
}

weir_err wr_size_parse(const char *text, int64_t *ret_size)
{
    static const unit units[] = {
        {"", 1},          {"b", 1},         {"k", 1 << 10},    {"kb", 1 << 10},    {"kib", 1 << 10},
        {"m", 1 << 20},   {"mb", 1 << 20},  {"mib", 1 << 20},  {"g", 1 << 30},     {"gb", 1 << 30},
        {"gib", 1 << 30}, {"t", 1LL << 40}, {"tb", 1LL << 40}, {"tib", 1LL << 40}, {NULL, 0},
    };
    int64_t value;
    weir_err err = parse_quantity(text, units, &value);
    if (err == WEIR_OK)
        *ret_size = value;
    return err;
}

/* "-5m", "5m ago" */
static bool parse_ago(const char *text, int64_t *ret_ago_ms)
{
    char duration[32];
    size_t size = strlen(text);
    bool dashed = text[0] == '-', ago = size > 4 && strcmp(text + size - 4, " ago") == 0;
    if (dashed == ago)
        return false;
    text += dashed;
    size -= dashed + (ago ? 4 : 0);
    if (size == 0 || size >= sizeof duration || text[size - 1] < 'a' || text[size - 1] > 'z' || text[0] == '-')
        return false; /* a bare number is an offset */
    snprintf(duration, sizeof duration, "%.*s", (int)size, text);
    return wr_duration_parse(duration, ret_ago_ms) == WEIR_OK;
}

weir_err wr_when_parse(const char *text, int64_t now_ms, int64_t *ret_time_ms)
{
    char midnight[40];
    int64_t ago_ms;
    if (strcmp(text, "now") == 0) {
        *ret_time_ms = now_ms;
        return WEIR_OK;
    }
    if (parse_ago(text, &ago_ms)) {
        *ret_time_ms = now_ms - ago_ms;
        return WEIR_OK;
    }
    if (strlen(text) == 10) { /* 2026-01-31 */
        snprintf(midnight, sizeof midnight, "%sT00:00:00Z", text);
        if (wr_time_parse(midnight, ret_time_ms) == WEIR_OK)
            return WEIR_OK;
    }
    return wr_time_parse(text, ret_time_ms);
}
