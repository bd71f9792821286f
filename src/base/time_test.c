#include "base/time.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include "test.h"

TEST(times_print_as_rfc_3339)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {1769860800123, "2026-01-31T12:00:00.123Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
        {INT64_MIN, "-292275055-05-16T16:47:04.192Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[WR_TIME_TEXT_SIZE];
        wr_time_print(cases[i].ms, text);
        CHECK_STR(text, cases[i].text);
    }
}

TEST(any_time_of_four_digit_years_agrees_with_the_c_library_and_comes_back)
{
    uint64_t chance = 6;
    for (int i = 0; i < 20000; i++) {
        /* years 0 to 9999 */
        int64_t ms = (int64_t)(test_random(&chance) % 315569433600000ULL) - 62167219200000;
        char text[WR_TIME_TEXT_SIZE], expected[64];
        wr_time_print(ms, text);
        time_t seconds = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                 (int)((ms % 1000 + 1000) % 1000));
        CHECK_STR(text, expected);
        int64_t back;
        CHECK_OK(wr_time_parse(text, &back));
        CHECK(back == ms);
    }
}

TEST(offsets_fractions_and_separators_of_rfc_3339_are_read)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01t01:30:00.5+01:30", 500},
        {"1969-12-31 22:00:00-02:00", 0},
        {"2026-01-31T12:00:00.123987654Z", 1769860800123},
        {"2016-12-31T23:59:60Z", 1483228800000}, /* a leap second is the next day's first */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -7;
        CHECK_OK(wr_time_parse(cases[i].text, &ms));
        CHECK(ms == cases[i].ms);
    }
}

TEST(what_is_not_a_time_is_refused_and_changes_nothing)
{
    static const char *const wrong[] = {
        "",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-02-30T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-00-01T12:00:00Z",
        "2026-01-00T12:00:00Z",
        "2100-02-29T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:61Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00Z ",
        "2026-01-31T12:00:00+1:00",
        "26-01-31T12:00:00Z",
        "2026-1-31T12:00:00Z",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t ms = 77;
        CHECK_EQ(wr_time_parse(wrong[i], &ms), WEIR_E_FORMAT);
        CHECK_EQ(ms, 77);
    }
}

typedef struct quantity {
    const char *text;
    weir_err err;
    int64_t value;
} quantity;

TEST(durations_have_units_and_bare_numbers_are_milliseconds)
{
    static const quantity cases[] = {
        {"0", WEIR_OK, 0},
        {"250", WEIR_OK, 250},
        {"250ms", WEIR_OK, 250},
        {"30s", WEIR_OK, 30000},
        {"5m", WEIR_OK, 300000},
        {"2h", WEIR_OK, 7200000},
        {"7d", WEIR_OK, 604800000},
        {"-1", WEIR_OK, -1},
        {"9223372036854775807", WEIR_OK, INT64_MAX},
        {"9223372036854775808", WEIR_E_RANGE, 0},
        {"9223372036854775807s", WEIR_E_RANGE, 0},
        {"", WEIR_E_FORMAT, 0},
        {"-2", WEIR_E_FORMAT, 0},
        {"s", WEIR_E_FORMAT, 0},
        {"1 s", WEIR_E_FORMAT, 0},
        {"1.5s", WEIR_E_FORMAT, 0},
        {"1y", WEIR_E_FORMAT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        CHECK_EQ(wr_duration_parse(cases[i].text, &value), cases[i].err);
        CHECK(value == cases[i].value);
    }
}

TEST(sizes_are_powers_of_1024)
{
    static const quantity cases[] = {
        {"512", WEIR_OK, 512},        {"512B", WEIR_OK, 512},
        {"64k", WEIR_OK, 65536},      {"64K", WEIR_OK, 65536},
        {"16MiB", WEIR_OK, 16 << 20}, {"16mb", WEIR_OK, 16 << 20},
        {"1g", WEIR_OK, 1 << 30},     {"2T", WEIR_OK, 1LL << 41},
        {"-1", WEIR_OK, -1},          {"9000000000g", WEIR_E_RANGE, 0},
        {"1x", WEIR_E_FORMAT, 0},     {"k", WEIR_E_FORMAT, 0},
        {"0x10", WEIR_E_FORMAT, 0},   {"+1", WEIR_E_FORMAT, 0},
        {" 1", WEIR_E_FORMAT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t value = 0;
        CHECK_EQ(wr_size_parse(cases[i].text, &value), cases[i].err);
        CHECK(value == cases[i].value);
    }
}

TEST(sums_of_times_and_durations_stop_at_the_ends)
{
    CHECK_EQ(wr_time_add_ms(5, 7), 12);
    CHECK(wr_time_add_ms(INT64_MAX - 1, 2) == INT64_MAX);
    CHECK(wr_time_add_ms(INT64_MAX, INT64_MAX) == INT64_MAX);
    CHECK(wr_time_add_ms(INT64_MIN, -1) == INT64_MIN);
    CHECK(wr_time_add_ms(INT64_MAX, -INT64_MAX) == 0);
    CHECK_EQ(wr_time_after_ms(5, 7), 7005);
    CHECK_EQ(wr_time_after_ms(5000, -2), 3000);
    CHECK(wr_time_after_ms(5, INT64_MAX) == INT64_MAX);
    CHECK(wr_time_after_ms(5, INT64_MAX / 1000 + 1) == INT64_MAX);
    CHECK(wr_time_after_ms(1000000, INT64_MAX / 1000) == INT64_MAX);
    CHECK(wr_time_after_ms(5, INT64_MIN) == INT64_MIN);
}

enum { NOW_MS = 1000000000 };

TEST(a_time_is_a_date_or_counts_back_from_now)
{
    static const struct {
        const char *text;
        int64_t time_ms;
    } times[] = {{"now", NOW_MS},
                 {"-5m", NOW_MS - 300000},
                 {"5m ago", NOW_MS - 300000},
                 {"-2h", NOW_MS - 7200000},
                 {"7d ago", NOW_MS - 604800000},
                 {"-250ms", NOW_MS - 250},
                 {"1970-01-01T00:00:03Z", 3000},
                 {"1970-01-01T01:00:03+01:00", 3000},
                 {"1970-01-02", 86400000}};
    int64_t time_ms;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        CHECK_OK(wr_when_parse(times[i].text, NOW_MS, &time_ms));
        CHECK_EQ(time_ms, times[i].time_ms);
    }
    static const char *const wrong[] = {"",     "5",        "-5", "5m",  "--5m",      "-5m ago",    "ago",
                                        " ago", "- 5m ago", "-m", "-1x", "yesterday", "1970-13-01", "-5 m"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (wr_when_parse(wrong[i], NOW_MS, &time_ms) == WEIR_OK)
            fail_msg("'%s' was taken for a time", wrong[i]);
}
