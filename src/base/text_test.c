#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

TEST(whole_numbers_are_read_up_to_both_ends_of_64_bits)
{
    static const int64_t numbers[] = {0, 1, -1, 9, 10, -10, INT32_MAX, INT64_MAX, INT64_MIN, INT64_MAX - 1};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[32];
        int64_t number = 7;
        snprintf(text, sizeof text, "%" PRId64, numbers[i]);
        CHECK_EQ(wr_number_parse(text, INT64_MIN, INT64_MAX, &number), WEIR_OK);
        CHECK(number == numbers[i]);
    }
    int64_t number = 7;
    CHECK_EQ(wr_number_parse("007", 0, 9, &number), WEIR_OK);
    CHECK(number == 7);
}

TEST(what_is_no_number_and_what_is_out_of_bounds_are_told_apart)
{
    static const char *const no_numbers[] = {"", "-", "+1", " 1", "1 ", "1x", "--1", "1.0", "0x1", "\t1", "1\n"};
    static const char *const beyond[] = {"9223372036854775808", "-9223372036854775809", "99999999999999999999999"};
    int64_t number = 7;
    for (size_t i = 0; i < sizeof no_numbers / sizeof *no_numbers; i++)
        CHECK_EQ(wr_number_parse(no_numbers[i], INT64_MIN, INT64_MAX, &number), WEIR_E_FORMAT);
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        CHECK_EQ(wr_number_parse(beyond[i], INT64_MIN, INT64_MAX, &number), WEIR_E_RANGE);
    CHECK_EQ(wr_number_parse("99999999999999999999999x", INT64_MIN, INT64_MAX, &number), WEIR_E_FORMAT);
    CHECK_EQ(wr_number_parse("4", 5, 6, &number), WEIR_E_RANGE);
    CHECK_EQ(wr_number_parse("7", 5, 6, &number), WEIR_E_RANGE);
    CHECK(number == 7);
    CHECK_EQ(wr_number_parse("5", 5, 6, &number), WEIR_OK);
    CHECK_EQ(wr_number_parse("6", 5, 6, &number), WEIR_OK);
}

TEST(digits_at_the_front_are_read_and_what_follows_is_told)
{
    static const char *const no_digits[] = {"", "-1", "+1", " 1", "x1", "."};
    const char *text = "0123456.7", *rest = NULL;
    int64_t number = 7;
    CHECK_OK(wr_digits_parse(text, &number, &rest));
    CHECK_EQ(number, 123456);
    CHECK(rest == text + 7);
    CHECK_OK(wr_digits_parse("9223372036854775807", &number, &rest));
    CHECK(number == INT64_MAX && *rest == 0);
    for (size_t i = 0; i < sizeof no_digits / sizeof *no_digits; i++)
        CHECK_EQ(wr_digits_parse(no_digits[i], &number, &rest), WEIR_E_FORMAT);
    CHECK_EQ(wr_digits_parse("9223372036854775808", &number, &rest), WEIR_E_RANGE);
    CHECK_EQ(wr_digits_parse("99999999999999999999999", &number, &rest), WEIR_E_RANGE);
    CHECK(number == INT64_MAX && *rest == 0);
}

TEST(the_distance_counts_inserted_deleted_replaced_and_swapped_bytes)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"", "", 0},           {"", "abc", 3},           {"same", "same", 0},
                 {"topci", "topic", 1}, {"produc", "produce", 1}, {"xtopic", "topic", 1},
                 {"tobic", "topic", 1}, {"kitten", "sitting", 3}, {"ba", "ab", 1},
                 {"ca", "abc", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_EQ(wr_edit_distance(cases[i].a, cases[i].b), cases[i].distance);
        CHECK_EQ(wr_edit_distance(cases[i].b, cases[i].a), cases[i].distance);
    }
}

TEST(texts_that_are_too_long_are_not_compared)
{
    char text[WR_EDIT_TEXT_SIZE + 1] = "";
    memset(text, 'a', WR_EDIT_TEXT_SIZE - 1);
    CHECK_EQ(wr_edit_distance(text, text), 0);
    CHECK_EQ(wr_edit_distance(text, "a"), WR_EDIT_TEXT_SIZE - 2);
    text[WR_EDIT_TEXT_SIZE - 1] = 'a';
    CHECK(wr_edit_distance(text, "a") == SIZE_MAX);
    CHECK(wr_edit_distance("a", text) == SIZE_MAX);
}

TEST(a_choice_is_one_whole_word_of_those_between_the_bars)
{
    static const char choices[] = "delete|compact|compact,delete";
    CHECK(wr_text_is_choice("delete", choices));
    CHECK(wr_text_is_choice("compact", choices));
    CHECK(wr_text_is_choice("compact,delete", choices));
    static const char *const others[] = {"", "comp", "delete|compact", "|", "delete|", "compact,", "Delete"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(!wr_text_is_choice(others[i], choices));
}
