#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEST_COUNT_MAX = 512, DIRECTORY_COUNT_MAX = 64 };

static struct CMUnitTest tests[TEST_COUNT_MAX];
static size_t test_count;
static char *directories[DIRECTORY_COUNT_MAX];
static size_t directory_count;

void test_register(const char *name, CMUnitTestFunction run)
{
    if (test_count == TEST_COUNT_MAX)
        abort();
    tests[test_count++] = (struct CMUnitTest){.name = name, .test_func = run};
}

const char *test_directory(void)
{
    const char *base = getenv("TMPDIR");
    char *path = NULL;
    if (directory_count == DIRECTORY_COUNT_MAX || asprintf(&path, "%s/weir-test-XXXXXX", base ? base : "/tmp") < 0 ||
        !mkdtemp(path))
        abort();
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

    int failed = _cmocka_run_group_tests(argv[0], chosen, chosen_count, NULL, NULL);
    for (size_t i = 0; i < directory_count; i++) {
        if (failed == 0)
            nftw(directories[i], remove_entry, 16, FTW_DEPTH | FTW_PHYS);
        free(directories[i]);
    }
    return failed != 0 || chosen_count == 0;
}
