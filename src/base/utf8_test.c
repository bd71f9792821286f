#include "base/utf8.h"

#include "test.h"

TEST(utf8_is_judged_as_the_unicode_standard_says)
{
    static const char *const good[] = {
        "", "a", "\xc2\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",         "\xc1\xbf",         "\xe0\x9f\xbf",
                                      "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
                                      "\xc2",         "\xe1\x80",         "\xf8\x88\x80\x80\x80"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK(wr_utf8_valid(weir_slice_of(good[i])));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!wr_utf8_valid(weir_slice_of(bad[i])));
}

TEST(a_character_that_is_cut_off_is_none)
{
    const uint8_t *euro = (const uint8_t *)"\xe2\x82\xac!";
    CHECK_EQ(wr_utf8_size(euro, 4), 3);
    CHECK_EQ(wr_utf8_size(euro, 3), 3);
    CHECK_EQ(wr_utf8_size(euro, 2), 0);
    CHECK_EQ(wr_utf8_size(euro, 0), 0);
    CHECK_EQ(wr_utf8_size(euro + 1, 3), 0);
    CHECK_EQ(wr_utf8_size(euro + 3, 1), 1);
}

TEST(every_character_is_written_in_the_fewest_bytes_and_comes_back)
{
    for (uint32_t character = 0; character <= 0x10ffff; character++) {
        uint8_t bytes[WR_UTF8_SIZE_MAX];
        size_t size = wr_utf8_put(character, bytes);
        const uint8_t *at = bytes;
        bool surrogate = character >= 0xd800 && character <= 0xdfff;
        CHECK(wr_utf8_valid((weir_slice){bytes, size}) == !surrogate);
        CHECK_EQ(wr_utf8_next(&at), character);
        CHECK(at == bytes + size);
        for (size_t i = 0; i < size; i++)
            CHECK(wr_utf8_continues(bytes[i]) == (i > 0));
    }
}

TEST(characters_are_written_as_the_standard_has_them)
{
    static const struct {
        uint32_t character;
        const char *bytes;
    } cases[] = {{'a', "a"}, {0xe9, "\xc3\xa9"}, {0x20ac, "\xe2\x82\xac"}, {0x1f600, "\xf0\x9f\x98\x80"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char bytes[WR_UTF8_SIZE_MAX + 1] = "";
        CHECK_EQ(wr_utf8_put(cases[i].character, bytes), strlen(cases[i].bytes));
        CHECK_STR(bytes, cases[i].bytes);
    }
}
