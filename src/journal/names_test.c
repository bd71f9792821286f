/* Which names are those of a log's files. */
#include "log_int.h"

#include "test.h"

TEST(twenty_digits_and_a_suffix_are_a_files_name_and_nothing_like_it_is)
{
    static const char *const wrong[] = {"",
                                        "0000000000000000004.log",   /* nineteen */
                                        "000000000000000000042.log", /* twenty-one */
                                        "0000000000000000004x.log",
                                        "00000000000000000042",
                                        "00000000000000000042x.log",
                                        "-0000000000000000042.log",
                                        "+0000000000000000042.log",
                                        " 0000000000000000042.log",
                                        "09223372036854775808.log", /* one too many for an offset */
                                        "99999999999999999999.log"};
    int64_t offset = -1;
    const char *suffix = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(!wr_log_name_read(wrong[i], &offset, &suffix));
    CHECK_EQ(offset, -1);
    CHECK(wr_log_name_read("00000000000000000042.index", &offset, &suffix));
    CHECK_EQ(offset, 42);
    CHECK_STR(suffix, ".index");
    CHECK(wr_log_name_read("09223372036854775807.log", &offset, &suffix));
    CHECK_EQ(offset, INT64_MAX);
}
