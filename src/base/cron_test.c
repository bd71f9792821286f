#include "base/cron.h"

#include <base/time.h>

#include "test.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t at(const char *text)
{
    int64_t ms;
    CHECK_OK(wr_time_parse(text, &ms));
    return ms;
}

static void check_next(const char *line, const char *after, const char *wanted)
{
    wr_cron cron;
    char text[WR_TIME_TEXT_SIZE];
    CHECK_OK(wr_cron_parse(line, &cron, NULL));
    wr_time_print(wr_cron_next(&cron, at(after)), text);
    CHECK_STR(text, wanted);
}

TEST(the_next_run_is_the_first_minute_of_the_line_after_the_moment)
{
    static const char *const rows[][3] = {
        {"* * * * *", "2026-12-01T10:00:00Z", "2026-12-01T10:01:00.000Z"},
        {"* * * * *", "2026-12-01T10:00:59.999Z", "2026-12-01T10:01:00.000Z"},
        {"0 3 * * *", "2026-12-01T02:59:59.999Z", "2026-12-01T03:00:00.000Z"},
        {"0 3 * * *", "2026-12-01T03:00:00Z", "2026-12-02T03:00:00.000Z"},
        {"*/15 8-17/3 * * mon-FRI", "2026-12-04T17:45:00Z", "2026-12-07T08:00:00.000Z"},
        {"30 23 31 12 *", "2026-12-31T23:30:00Z", "2027-12-31T23:30:00.000Z"},
        {"0 0 29 feb *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00.000Z"},
        {"0 0 13 * 5", "2026-12-05T00:00:00Z", "2026-12-11T00:00:00.000Z"}, /* either: a Friday */
        {"0 0 13 * 5", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00.000Z"}, /* or the 13th */
        {"0 0 */13 * 5", "2026-12-05T00:00:00Z",
         "2027-01-01T00:00:00.000Z"}, /* both: the 1st, 14th or 27th, a Friday */
        {"0 0 * * 7", "2026-12-05T00:00:00Z", "2026-12-06T00:00:00.000Z"},
        {"0 0 * * fri-sun", "2026-12-05T00:00:00Z", "2026-12-06T00:00:00.000Z"},
        {"0 0 * * sun-sun", "2026-12-06T00:00:00Z", "2026-12-13T00:00:00.000Z"},
        {"@hourly", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00.000Z"},
        {"@daily", "2028-02-28T00:00:00Z", "2028-02-29T00:00:00.000Z"},
        {"@midnight", "2027-02-28T12:00:00Z", "2027-03-01T00:00:00.000Z"},
        {"@weekly", "2026-12-01T00:00:00Z", "2026-12-06T00:00:00.000Z"},
        {"@monthly", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00.000Z"},
        {"@yearly", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00.000Z"},
        {"@annually", "1969-06-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
        {" 5,10-12\t0,12 1 jan,Jul * ", "2026-12-01T00:00:00Z", "2027-01-01T00:05:00.000Z"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_next(rows[i][0], rows[i][1], rows[i][2]);
}

TEST(a_line_that_is_none_is_refused_with_what_is_wrong)
{
    static const char *const rows[][2] = {
        {"", "minute is missing"},
        {"* * * *", "day of the week is missing"},
        {"* * * * * *", "behind them"},
        {"60 * * * *", "'60' is no minute"},
        {"* 24 * * *", "no hour"},
        {"* * 0 * *", "no day of the month"},
        {"* * 32 * *", "no day of the month"},
        {"* * * 13 *", "no month"},
        {"* * * 0 *", "no month"},
        {"* * * foo *", "no month"},
        {"* * * * 8", "no day of the week"},
        {"* * * janu *", "no month"},
        {"mon * * * *", "no minute"},
        {"5-1 * * * *", "no minute"},
        {"*/0 * * * *", "no minute"},
        {"*/60 * * * *", "no minute"},
        {"5/10 * * * *", "no minute"},
        {"1, * * * *", "no minute"},
        {",1 * * * *", "no minute"},
        {"1- * * * *", "no minute"},
        {"-1 * * * *", "no minute"},
        {"99999999999999999999 * * * *", "no minute"},
        {"4294967296 * * * *", "no minute"},
        {"0 0 30 2 *", "never comes"},
        {"0 0 31 4,6,9,11 *", "never comes"},
        {"@reboot", "no name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wr_cron cron;
        weir_failure failure = {0};
        CHECK_EQ(wr_cron_parse(rows[i][0], &cron, &failure), WEIR_E_USAGE);
        CHECK(strstr(failure.sentence, rows[i][1]));
    }
    char long_line[600];
    memset(long_line, ' ', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = 0;
    wr_cron cron;
    CHECK_EQ(wr_cron_parse(long_line, &cron, NULL), WEIR_E_USAGE);
    CHECK_EQ(wr_cron_parse(NULL, &cron, NULL), WEIR_E_USAGE);
}

TEST(moments_at_the_ends_of_time_overflow_nothing)
{
    wr_cron cron;
    CHECK_OK(wr_cron_parse("* * * * *", &cron, NULL));
    CHECK_EQ(wr_cron_next(&cron, INT64_MAX), INT64_MAX);
    CHECK_EQ(wr_cron_next(&cron, at("9999-12-31T23:59:59.999Z") + 1), INT64_MAX);
    CHECK(wr_cron_next(&cron, INT64_MIN) <= INT64_MIN + 2 * 60000);
    CHECK(wr_cron_next(&cron, INT64_MIN) > INT64_MIN);
}

/* ---- against a walk, minute by minute, over the C library's calendar */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    return *state ^= *state << 17;
}

typedef struct drawn { /* a field, as text and as what it means */
    char text[64];
    bool values[64];
    bool is_star;
} drawn;

static drawn draw(uint64_t *state, int first, int last)
{
    drawn field = {0};
    size_t size = 0;
    int items = 1 + (int)(next_random(state) % 3);
    for (int i = 0; i < items; i++) {
        int span = last - first + 1, from = first + (int)(next_random(state) % (uint64_t)span), to = from, step = 1;
        const char *comma = i ? "," : "";
        char *out = field.text + size;
        switch (next_random(state) % 6) {
        case 0:
            from = first, to = last;
            size += (size_t)snprintf(out, 16, "%s*", comma);
            field.is_star |= i == 0;
            break;
        case 1:
            from = first, to = last, step = 1 + (int)(next_random(state) % (uint64_t)last);
            size += (size_t)snprintf(out, 16, "%s*/%d", comma, step);
            field.is_star |= i == 0;
            break;
        case 2:
            to = from + (int)(next_random(state) % (uint64_t)(last - from + 1));
            step = 1 + (int)(next_random(state) % (uint64_t)last);
            size += (size_t)snprintf(out, 16, "%s%d-%d/%d", comma, from, to, step);
            break;
        case 3:
            to = from + (int)(next_random(state) % (uint64_t)(last - from + 1));
            size += (size_t)snprintf(out, 16, "%s%d-%d", comma, from, to);
            break;
        default:
            size += (size_t)snprintf(out, 16, "%s%d", comma, from);
        }
        for (int value = from; value <= to; value += step)
            field.values[value] = true;
    }
    return field;
}

TEST(the_next_run_of_random_lines_is_what_a_walk_over_the_minutes_finds)
{
    enum { MINUTES_MAX = 2 * 366 * 24 * 60 };
    uint64_t state = 88172645463325252u;
    int found = 0;
    for (int round = 0; round < 300; round++) {
        drawn fields[5] = {draw(&state, 0, 59), draw(&state, 0, 23), draw(&state, 1, 31), draw(&state, 1, 12),
                           draw(&state, 0, 6)};
        char line[400];
        snprintf(line, sizeof line, "%s %s %s %s %s", fields[0].text, fields[1].text, fields[2].text, fields[3].text,
                 fields[4].text);
        wr_cron cron;
        weir_failure failure = {0};
        if (wr_cron_parse(line, &cron, &failure) != WEIR_OK) {
            CHECK(strstr(failure.sentence, "never comes"));
            continue;
        }
        int64_t after_ms = (int64_t)(next_random(&state) % 4102444800u) * 1000 + (int64_t)(next_random(&state) % 1000);
        int64_t next_ms = wr_cron_next(&cron, after_ms);
        CHECK(next_ms > after_ms && next_ms % 60000 == 0);
        time_t minute = (time_t)(after_ms / 60000 * 60);
        for (int i = 0; i < MINUTES_MAX; i++) {
            minute += 60;
            struct tm tm;
            CHECK(gmtime_r(&minute, &tm) != NULL);
            bool by_month = fields[2].values[tm.tm_mday], by_week = fields[4].values[tm.tm_wday];
            bool is_day = fields[2].is_star || fields[4].is_star ? by_month && by_week : by_month || by_week;
            bool is_run = fields[0].values[tm.tm_min] && fields[1].values[tm.tm_hour] &&
                          fields[3].values[tm.tm_mon + 1] && is_day;
            if (is_run != ((int64_t)minute * 1000 == next_ms))
                CHECK_STR(line, "a line whose next run is another");
            if (is_run) {
                found++;
                break;
            }
        }
    }
    CHECK(found > 250);
}
