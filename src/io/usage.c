/* What a process uses and may use: processor time, memory, threads, descriptors. From /proc, as proc(5) has it. */
#include "io_int.h"
#include "process.h"

#include <base/text.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* /proc/<pid>/stat: after the name in parentheses, which may hold anything, fields from 3 (state). */
enum { USER_TICKS = 14, SYSTEM_TICKS = 15, THREADS = 20, START_TICKS = 22, VIRTUAL_SIZE = 23, RSS_PAGES = 24 };

static int64_t clock_read_ms(clockid_t clock)
{
    struct timespec now = {0};
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

weir_err wr_usage_read(int process_id, wr_process_usage *ret_usage)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", process_id);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return wr_err_of_errno(errno);
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return WEIR_E_NOT_FOUND; /* it ended in between */
    text[size] = '\0';
    int64_t fields[RSS_PAGES + 1] = {0}; /* 0 for what is no number from 0, such as a state's letter */
    const char *at = strrchr(text, ')'), *rest;
    for (int field = 3; at && field <= RSS_PAGES; field++) {
        at = strchr(at + 1, ' ');
        if (at && wr_digits_parse(at + 1, &fields[field], &rest) != WEIR_OK)
            fields[field] = 0;
    }
    if (!at)
        return WEIR_E_FORMAT;
    int64_t ticks_per_second = sysconf(_SC_CLK_TCK);
    int64_t booted_ms = clock_read_ms(CLOCK_REALTIME) - clock_read_ms(CLOCK_BOOTTIME);
    *ret_usage = (wr_process_usage){
        .cpu_us = (fields[USER_TICKS] + fields[SYSTEM_TICKS]) * (1000000 / ticks_per_second),
        .rss_size = fields[RSS_PAGES] * sysconf(_SC_PAGESIZE),
        .virtual_size = fields[VIRTUAL_SIZE],
        .thread_count = fields[THREADS],
        .started_ms = booted_ms + fields[START_TICKS] * 1000 / ticks_per_second,
    };
    return WEIR_OK;
}

int64_t wr_self_descriptors_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return INT64_MAX;
    return (int64_t)limit.rlim_cur;
}

int64_t wr_self_descriptors_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &limit); /* then the soft one stays, which the answer tells */
    }
    return wr_self_descriptors_max();
}

static void ignore(int signal)
{
    struct sigaction ignoring = {.sa_handler = SIG_IGN};
    sigaction(signal, &ignoring, NULL);
}

void wr_self_file_size_errors(void)
{
    ignore(SIGXFSZ);
}

void wr_self_pipe_errors(void)
{
    ignore(SIGPIPE);
}

int64_t wr_self_descriptors_open(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return -1;
    int64_t count = -3; /* ".", ".." and the one that reads */
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}
