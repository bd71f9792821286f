#include <errno.h>

#include <weir/error.h>
#include <weir/version.h>

#include <stdio.h>

#include "test.h"

TEST(every_error_has_a_name_of_its_own)
{
    for (int a = WEIR_OK; a <= WEIR_E_REFUSED; a++) {
        CHECK(strcmp(weir_err_name((weir_err)a), "unknown") != 0);
        for (int b = WEIR_OK; b < a; b++)
            CHECK(strcmp(weir_err_name((weir_err)a), weir_err_name((weir_err)b)) != 0);
    }
    CHECK_STR(weir_err_name((weir_err)1000), "unknown");
    CHECK_STR(weir_err_name((weir_err)-1), "unknown");
}

TEST(a_failure_carries_what_went_wrong)
{
    weir_failure failure = {0};
    errno = ENOENT;
    CHECK_EQ(weir_fail(&failure, WEIR_E_IO, "cannot open %s", "x"), WEIR_E_IO);
    CHECK_EQ(failure.err, WEIR_E_IO);
    CHECK_EQ(failure.os_error, ENOENT);
    CHECK_STR(failure.sentence, "cannot open x");
    CHECK(!failure.retriable && !failure.fatal);
    CHECK_EQ(weir_fail(&failure, WEIR_E_TIMEOUT, "late"), WEIR_E_TIMEOUT);
    CHECK(failure.retriable && failure.os_error == 0);
    CHECK_EQ(weir_fail(&failure, WEIR_E_FENCED, "%s", ""), WEIR_E_FENCED);
    CHECK(failure.fatal);
    CHECK_STR(failure.sentence, "fenced");
    CHECK_EQ(weir_fail(NULL, WEIR_E_FULL, "nobody asks"), WEIR_E_FULL);
}

TEST(a_sentence_that_is_too_long_is_cut_visibly_between_characters)
{
    weir_failure failure = {0};
    for (int shift = 0; shift < 4; shift++) {
        char text[600] = "xxx";
        text[shift] = 0;
        while (strlen(text) < 500)
            strcat(text, "ü");
        CHECK_EQ(weir_fail(&failure, WEIR_E_FORMAT, "%s", text), WEIR_E_FORMAT);
        size_t size = strlen(failure.sentence);
        CHECK(size >= sizeof failure.sentence - 5);
        CHECK_STR(failure.sentence + size - 3, "…");
        CHECK_EQ((size - 3 - (size_t)shift) % 2, 0);
    }
}

TEST(the_version_is_one_in_text_and_numbers)
{
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", WEIR_VERSION_MAJOR, WEIR_VERSION_MINOR, WEIR_VERSION_PATCH);
    CHECK_STR(WEIR_VERSION, text);
    CHECK_STR(weir_version(), text);
    CHECK_EQ(weir_version_number(), WEIR_VERSION_NUMBER);
}
