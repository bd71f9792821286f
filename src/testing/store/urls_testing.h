/* For test programs: a database of either kind that nobody has had yet. */
#ifndef WR_TESTING_URLS_H
#define WR_TESTING_URLS_H

#include "test.h"

#include <testing/store/server.h>

#include <stdio.h>

/* The program's own server, started when the first test wants it. */
static wr_postgres_server *test_server;

static inline wr_postgres_server *test_postgres(void)
{
    if (!test_server)
        test_server = wr_postgres_server_start();
    if (!test_server)
        fail_msg("no PostgreSQL server could be started");
    return test_server;
}

__attribute__((destructor)) static void test_postgres_end(void)
{
    wr_postgres_server_free(test_server);
}

static inline const char *test_url_sqlite(void)
{
    static char url[300];
    static const char *directory;
    static int count;
    if (!directory)
        directory = test_directory();
    snprintf(url, sizeof url, "%s/%d.db", directory, count++);
    return url;
}

static inline const char *test_url_postgres(void)
{
    static char url[200];
    wr_postgres_server_fresh(test_postgres(), url, sizeof url);
    return url;
}

/* A test on either, as two tests: its function gets the URL. */
#define TEST_BOTH(name)                                                                                                \
    static void name(const char *url);                                                                                 \
    TEST(name##_in_sqlite)                                                                                             \
    {                                                                                                                  \
        name(test_url_sqlite());                                                                                       \
    }                                                                                                                  \
    TEST(name##_in_postgres)                                                                                           \
    {                                                                                                                  \
        name(test_url_postgres());                                                                                     \
    }                                                                                                                  \
    static void name(const char *url)

#endif
