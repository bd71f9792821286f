/* Cron lines: parsing, and the next time of one. What a line may say stands in cron.h. */
#include "base/cron.h"

#include <base/time.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define YEAR_9999_END_MS INT64_C(253402300800000)

enum { LINE_SIZE_MAX = 500, FIELD_COUNT = 5, MINUTE_MS = 60000, DAY_MINUTES = 24 * 60, NEVER_DAYS = 146097 };

typedef struct field_rule {
    const char *name;
    int first, last;
    const char *names; /* of three letters each, from the first value on; NULL: none */
} field_rule;

enum { MINUTE, HOUR, DAY, MONTH, WEEKDAY };
static const field_rule rules[FIELD_COUNT] = {
    [MINUTE] = {"minute", 0, 59, NULL},
    [HOUR] = {"hour", 0, 23, NULL},
    [DAY] = {"day of the month", 1, 31, NULL},
    [MONTH] = {"month", 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec"},
    [WEEKDAY] = {"day of the week", 0, 7, "sunmontuewedthufrisat"},
};

static const struct {
    const char *name, *line;
} nicknames[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
                 {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
                 {"@annually", "0 0 1 1 *"}};

/* ---- parsing: *at moves behind what was read */

static bool read_number(const char **at, int *ret_number)
{
    if (!isdigit((unsigned char)**at))
        return false;
    int number = 0;
    for (; isdigit((unsigned char)**at); (*at)++)
        number = number < 1000 ? number * 10 + (**at - '0') : number; /* too large is too large */
    *ret_number = number;
    return true;
}

static bool read_value(const field_rule *rule, const char **at, int *ret_value)
{
    if (read_number(at, ret_value))
        return *ret_value >= rule->first && *ret_value <= rule->last;
    for (int i = 0; rule->names && rule->names[i * 3]; i++)
        if (strncasecmp(*at, rule->names + (size_t)i * 3, 3) == 0) {
            *at += 3;
            *ret_value = rule->first + i;
            return true;
        }
    return false;
}

static bool read_item(const field_rule *rule, const char **at, uint64_t *bits)
{
    int from = rule->first, to = rule->last, step = 1;
    bool is_range = **at == '*';
    if (is_range) {
        (*at)++;
        to = rule->last == 7 ? 6 : rule->last; /* every day of the week is seven days */
    } else {
        if (!read_value(rule, at, &from))
            return false;
        to = from;
        is_range = **at == '-';
        if (is_range) {
            (*at)++;
            bool is_name = isalpha((unsigned char)**at);
            if (!read_value(rule, at, &to))
                return false;
            to = is_name && to == 0 && from > 0 && rule->last == 7 ? 7 : to; /* fri-sun */
        }
    }
    if (is_range && **at == '/') {
        (*at)++;
        if (!read_number(at, &step) || step < 1 || step > rule->last)
            return false;
    }
    if (from < 0 || from > to)
        return false;
    for (int value = from; value <= to; value += step)
        *bits |= UINT64_C(1) << value;
    return true;
}

static weir_err read_field(const field_rule *rule, const char **at, uint64_t *ret_bits, weir_failure *failure)
{
    const char *start = *at;
    *ret_bits = 0;
    bool is_read = read_item(rule, at, ret_bits);
    while (is_read && **at == ',') {
        (*at)++;
        is_read = read_item(rule, at, ret_bits);
    }
    if (is_read && (**at == 0 || isblank((unsigned char)**at)))
        return WEIR_OK;
    int size = (int)strcspn(start, " \t");
    if (size == 0)
        return weir_fail(failure, WEIR_E_USAGE, "a cron line has five fields, and the one for the %s is missing",
                         rule->name);
    return weir_fail(failure, WEIR_E_USAGE, "'%.*s' is no %s of a cron line: %d to %d", size < 40 ? size : 40, start,
                     rule->name, rule->first, rule->last);
}

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* What @daily and its like stand for. */
static const char *meant(const char *line)
{
    for (size_t i = 0; i < sizeof nicknames / sizeof *nicknames; i++)
        if (strcmp(line, nicknames[i].name) == 0)
            return nicknames[i].line;
    return line;
}

weir_err wr_cron_parse(const char *line, wr_cron *ret_cron, weir_failure *failure)
{
    uint64_t bits[FIELD_COUNT];
    bool is_star[FIELD_COUNT];
    if (!line || strlen(line) > LINE_SIZE_MAX)
        return weir_fail(failure, WEIR_E_USAGE, "a cron line has 1 to %d bytes", LINE_SIZE_MAX);
    const char *at = skip_blanks(meant(line));
    if (*at == '@')
        return weir_fail(failure, WEIR_E_USAGE, "'%.40s' is no name of a cron line", at);
    for (int i = 0; i < FIELD_COUNT; i++) {
        is_star[i] = *at == '*';
        weir_err err = read_field(&rules[i], &at, &bits[i], failure);
        if (err != WEIR_OK)
            return err;
        at = skip_blanks(at);
    }
    if (*at)
        return weir_fail(failure, WEIR_E_USAGE, "a cron line has five fields, and '%.40s' is behind them", at);
    bits[WEEKDAY] |= bits[WEEKDAY] >> 7 & 1; /* 7 is Sunday, too */
    wr_cron cron = {.minutes = bits[MINUTE],
                    .hours = (uint32_t)bits[HOUR],
                    .days = (uint32_t)bits[DAY],
                    .months = (uint32_t)bits[MONTH],
                    .weekdays = (uint32_t)(bits[WEEKDAY] & 0x7f),
                    .either_day = !is_star[DAY] && !is_star[WEEKDAY]};
    if (wr_cron_next(&cron, 0) == INT64_MAX)
        return weir_fail(failure, WEIR_E_USAGE, "'%.60s' names a day that never comes", line);
    *ret_cron = cron;
    return WEIR_OK;
}

/* ---- the next time */

static bool has(uint64_t bits, int64_t value)
{
    return bits >> value & 1;
}

static int64_t floor_div(int64_t of, int64_t by)
{
    return of / by - (of % by < 0);
}

static bool is_day(const wr_cron *cron, int64_t day, int day_of_month)
{
    bool by_month = has(cron->days, day_of_month);
    bool by_week = has(cron->weekdays, day + 4 - floor_div(day + 4, 7) * 7); /* 1970-01-01 was a Thursday */
    return cron->either_day ? by_month || by_week : by_month && by_week;
}

/* The first minute of the line in a day, from `minute` on; -1: none. */
static int64_t minute_of_day(const wr_cron *cron, int64_t minute)
{
    for (; minute < DAY_MINUTES; minute++) {
        if (!has(cron->hours, minute / 60))
            minute += 59 - minute % 60; /* to the end of the hour */
        else if (has(cron->minutes, minute % 60))
            return minute;
    }
    return -1;
}

/* The calendar comes again after 400 years, so a line that has no day in them has none. */
int64_t wr_cron_next(const wr_cron *cron, int64_t after_ms)
{
    if (after_ms >= YEAR_9999_END_MS)
        return INT64_MAX;
    int64_t minute = floor_div(after_ms, MINUTE_MS) + 1, first = floor_div(minute, DAY_MINUTES);
    for (int64_t day = first; day <= first + NEVER_DAYS;) {
        wr_date date = wr_date_of(day);
        if (!has(cron->months, date.month)) {
            day = wr_date_days((wr_date){date.year, date.month, 1}) + 28;
            while (wr_date_of(day).month == date.month)
                day++;
            continue;
        }
        if (is_day(cron, day, date.day)) {
            int64_t found = minute_of_day(cron, day == first ? minute - day * DAY_MINUTES : 0);
            if (found >= 0)
                return (day * DAY_MINUTES + found) * MINUTE_MS;
        }
        day++;
    }
    return INT64_MAX;
}
