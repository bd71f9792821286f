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
