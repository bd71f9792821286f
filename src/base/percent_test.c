#include "base/percent.h"

#include <string.h>

#include "test.h"

TEST(every_byte_is_escaped_and_read_back_in_either_case)
{
    for (int byte = 0; byte < 256; byte++) {
        char escape[WR_PERCENT_SIZE], lower[WR_PERCENT_SIZE];
        wr_percent_print((uint8_t)byte, escape);
        for (int i = 0; i < WR_PERCENT_SIZE; i++)
            lower[i] = (char)(escape[i] >= 'A' ? escape[i] | 0x20 : escape[i]);
        CHECK_EQ(wr_percent_byte(escape, sizeof escape), byte);
        CHECK_EQ(wr_percent_byte(lower, sizeof lower), byte);
    }
    char escape[WR_PERCENT_SIZE];
    wr_percent_print(0xaf, escape);
    CHECK_BYTES(escape, "%AF", 3);
}

TEST(what_is_no_escape_is_said_and_nothing_behind_the_end_is_looked_at)
{
    static const char *const none[] = {"", "%", "%4", "a41", "%4g", "%g4", "%%4", "%+4", "% 4", "%-1", "%0x"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_EQ(wr_percent_byte(none[i], strlen(none[i])), -1);
    CHECK_EQ(wr_percent_byte("%41", 2), -1);
    CHECK_EQ(wr_percent_byte("%41", 3), 'A');
    CHECK_EQ(wr_percent_byte("%411", 4), 'A');
}
