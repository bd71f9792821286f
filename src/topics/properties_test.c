#include "properties.h"

#include "test.h"

TEST(lines_are_read_with_either_separator_and_comments_are_skipped)
{
    weir_slice text =
        WEIR_SLICE("# a comment\r\nversion: 0\ntopic_id:  abc \n\nno separator\npartitions=3\nempty=\nlast = x=y");
    char value[8];
    CHECK(wr_properties_get(text, "version", value, sizeof value));
    CHECK_STR(value, "0");
    CHECK(wr_properties_get(text, "topic_id", value, sizeof value));
    CHECK_STR(value, "abc");
    CHECK(wr_properties_get(text, "partitions", value, sizeof value));
    CHECK_STR(value, "3");
    CHECK(wr_properties_get(text, "empty", value, sizeof value));
    CHECK_STR(value, "");
    CHECK(wr_properties_get(text, "last", value, sizeof value));
    CHECK_STR(value, "x=y");
    CHECK(!wr_properties_get(text, "a comment", value, sizeof value));
    CHECK(!wr_properties_get(text, "no separator", value, sizeof value));
}

TEST(a_value_that_does_not_fit_is_not_cut)
{
    char value[4] = "old";
    CHECK(!wr_properties_get(WEIR_SLICE("key=12345"), "key", value, sizeof value));
    CHECK_STR(value, "old");
    CHECK(!wr_properties_get(WEIR_SLICE(""), "key", value, sizeof value));
}

TEST(a_guarded_text_holds_as_it_was_written_and_not_otherwise)
{
    weir_slice old = WEIR_SLICE("a=1\n"), empty = {0};
    CHECK(wr_properties_hold(old));
    CHECK(wr_properties_hold(empty));
    char text[] = "# crc32c=00000000\n";
    CHECK(wr_properties_hold(weir_slice_of(text))); /* the CRC of nothing */
    text[9] = '1';
    CHECK(!wr_properties_hold(weir_slice_of(text)));
    CHECK(!wr_properties_hold(WEIR_SLICE("# crc32c=0000")));
}
