#include "base/hex.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

TEST(every_byte_prints_as_two_lower_case_digits_and_comes_back)
{
    for (int byte = 0; byte < 256; byte++) {
        uint8_t in = (uint8_t)byte, out = 0;
        char digits[3] = "", upper[3] = "", expected[3];
        wr_hex_print(&in, 1, digits);
        snprintf(expected, sizeof expected, "%02x", (unsigned)byte);
        CHECK_STR(digits, expected);
        CHECK(wr_hex_parse(digits, 1, &out));
        CHECK_EQ(out, byte);
        for (int i = 0; i < 2; i++)
            upper[i] = (char)toupper((unsigned char)digits[i]);
        CHECK_EQ(wr_hex_byte(upper), byte);
    }
}

TEST(what_is_no_digit_has_no_value)
{
    for (int digit = -128; digit < 256; digit++)
        CHECK((wr_hex_value(digit) >= 0) == (digit > 0 && digit < 128 && isxdigit(digit)));
    CHECK_EQ(wr_hex_byte("g0"), -1);
    CHECK_EQ(wr_hex_byte("0g"), -1);
    CHECK_EQ(wr_hex_byte("0"), -1);
    CHECK_EQ(wr_hex_byte(""), -1);
}

TEST(parsing_ends_at_what_is_no_digit)
{
    uint8_t bytes[3] = {9, 9, 9};
    CHECK(!wr_hex_parse("12x4a5", 3, bytes));
    CHECK_EQ(bytes[0], 0x12);
    CHECK_EQ(bytes[1], 9);
}
