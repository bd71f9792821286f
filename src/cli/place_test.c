#include "test.h"

#include <cli/place.h>

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

TEST(a_place_is_a_word_an_offset_or_a_time)
{
    static const struct {
        const char *text;
        int kind;
        int64_t number;
    } places[] = {{"start", WR_PLACE_START, 0},
                  {"earliest", WR_PLACE_START, 0},
                  {"end", WR_PLACE_END, 0},
                  {"latest", WR_PLACE_END, 0},
                  {"17", WR_PLACE_OFFSET, 17},
                  {"0", WR_PLACE_OFFSET, 0},
                  {"-17", WR_PLACE_BACK, 17},
                  {"@17", WR_PLACE_TIME, 17},
                  {"@-5m", WR_PLACE_TIME, 999700000},
                  {"-5m", WR_PLACE_TIME, 999700000},
                  {"@5m ago", WR_PLACE_TIME, 999700000},
                  {"1970-01-02", WR_PLACE_TIME, 86400000}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        wr_place place;
        CHECK_OK(wr_place_parse(places[i].text, NOW_MS, &place));
        CHECK_EQ(place.kind, places[i].kind);
        CHECK_EQ(place.number, places[i].number);
    }
    static const char *const wrong[] = {"",  "-", "@", "soon", "1x", "99999999999999999999", "-9223372036854775808",
                                        "+5"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wr_place place = {.number = 42};
        CHECK_EQ(wr_place_parse(wrong[i], NOW_MS, &place), WEIR_E_FORMAT);
        CHECK_EQ(place.number, 42);
    }
}
