#include "test.h"

#include "allocation.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEST_COUNT_MAX = 512, DIRECTORY_COUNT_MAX = 64 };

static struct CMUnitTest tests[TEST_COUNT_MAX];
static size_t test_count;
static char *directories[DIRECTORY_COUNT_MAX];
static size_t directory_count;

/* A limit of this harness, or of the machine, and no finding of a test. */
static _Noreturn void give_up(const char *why, const char *what)
{
    fprintf(stderr, "tests/harness/test.c: %s %s\n", why, what);
    abort();
}

void test_register(const char *name, CMUnitTestFunction run)
{
    if (test_count == TEST_COUNT_MAX)
        give_up("more tests than TEST_COUNT_MAX, in", name);
    tests[test_count++] = (struct CMUnitTest){.name = name, .test_func = run};
}

uint64_t test_random(uint64_t *state)
{
    uint64_t mixed = *state += 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return mixed ^ mixed >> 31;
}

uint64_t test_seed(void)
{
    const char *text = getenv("WEIR_TEST_SEED");
    return text ? strtoull(text, NULL, 10) : 0;
}

const char *test_directory(void)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (asprintf(&path, "%s/weir-test-XXXXXX", base ? base : "/tmp") < 0)
        abort();
    if (directory_count == DIRECTORY_COUNT_MAX)
        give_up("more directories of one test program than DIRECTORY_COUNT_MAX, for", path);
    if (!mkdtemp(path))
        give_up(strerror(errno), path);
    directories[directory_count++] = path;
    return path;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

int main(int argc, char **argv)
{
    struct CMUnitTest chosen[TEST_COUNT_MAX];
    size_t chosen_count = 0;
    for (size_t i = 0; i < test_count; i++)
        if (argc < 2 || strstr(tests[i].name, argv[1]))
            chosen[chosen_count++] = tests[i];

    test_fail_allocation(0); /* and keeps the linker from leaving allocation.c out */
    int failed = _cmocka_run_group_tests(argv[0], chosen, chosen_count, NULL, NULL);
    if (failed && test_seed())
        printf("WEIR_TEST_SEED=%llu %s\n", (unsigned long long)test_seed(), argv[0]);
    for (size_t i = 0; i < directory_count; i++) {
        if (failed == 0)
            nftw(directories[i], remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(directories[i]);
    }
    return failed != 0 || chosen_count == 0;
}
