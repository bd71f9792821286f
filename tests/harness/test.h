/* The test harness: cmocka, with tests that register themselves and read as sentences.
 *
 *     TEST(an_acknowledged_batch_survives_a_power_cut)
 *     {
 *         CHECK(batch_count == 3);
 *         CHECK_EQ(wr_log_end_offset(log), 100);
 *     }
 *
 * Each *_test.c file is a program of its own. An argument runs only the tests whose name contains it. */
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void test_register(const char *name, CMUnitTestFunction run);

#define TEST(name)                                                                                                     \
    static void name(void **test_state);                                                                               \
    __attribute__((constructor)) static void register_##name(void)                                                     \
    {                                                                                                                  \
        test_register(#name, name);                                                                                    \
    }                                                                                                                  \
    static void name(__attribute__((unused)) void **test_state)

#define CHECK(condition)                    assert_true(condition)
#define CHECK_EQ(actual, expected)          assert_int_equal((actual), (expected))
#define CHECK_STR(actual, expected)         assert_string_equal((actual), (expected))
#define CHECK_BYTES(actual, expected, size) assert_memory_equal((actual), (expected), (size))
#define CHECK_OK(call)                      assert_int_equal((call), 0)

/* Chance that every run repeats: the next of a splitmix64 sequence. */
uint64_t test_random(uint64_t *state);

/* What a test adds to its seeds: 0, or WEIR_TEST_SEED, so that the same tests walk other ways. A failure says it. */
uint64_t test_seed(void);

/* A new empty directory below the build's temporary folder; removed when the test program ends well. */
const char *test_directory(void);

#endif
