#include "test.h"

#include <cli/place.h>

enum { NOW_MS = 1000000000 };

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
