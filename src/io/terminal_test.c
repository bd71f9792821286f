/* Lines and writes, over pipes. */
#include <io/terminal.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

typedef struct pipe_ends {
    int read, write;
} pipe_ends;

static pipe_ends pipe_new(void)
{
    int fds[2];
    CHECK_OK(pipe2(fds, O_CLOEXEC));
    return (pipe_ends){fds[0], fds[1]};
}

static void check_next(wr_lines *lines, const char *text)
{
    weir_slice line;
    CHECK_OK(wr_lines_next(lines, 1000, &line));
    CHECK(weir_slice_equal(line, weir_slice_of(text)));
}

TEST(a_pipe_is_no_terminal_and_has_the_default_width)
{
    pipe_ends ends = pipe_new();
    CHECK(!wr_terminal_is(ends.read));
    CHECK_EQ(wr_terminal_width(ends.read), 80);
    wr_descriptor_close(ends.read);
    wr_descriptor_close(ends.write);
}

TEST(lines_are_given_one_by_one_and_the_last_needs_no_end)
{
    pipe_ends ends = pipe_new();
    wr_lines *lines;
    CHECK_OK(wr_lines_new(ends.read, 10, &lines));
    CHECK_OK(wr_descriptor_write(ends.write, "one\r\n\n12345", 11));
    check_next(lines, "one");
    check_next(lines, "");
    weir_slice line;
    CHECK_EQ(wr_lines_next(lines, 0, &line), WEIR_E_TIMEOUT);
    CHECK_OK(wr_descriptor_write(ends.write, "67890\r\nlast", 11));
    check_next(lines, "1234567890");
    wr_descriptor_close(ends.write);
    check_next(lines, "last");
    CHECK_EQ(wr_lines_next(lines, 0, &line), WEIR_E_CLOSED);
    CHECK_EQ(wr_lines_next(lines, -1, &line), WEIR_E_CLOSED);
    wr_lines_free(lines);
    wr_lines_free(NULL);
    wr_descriptor_close(ends.read);
}

TEST(a_line_that_is_too_long_is_told_once_and_skipped)
{
    for (size_t size = 11; size < 9000; size = size * 2 + 1) {
        pipe_ends ends = pipe_new();
        wr_lines *lines;
        CHECK_OK(wr_lines_new(ends.read, 10, &lines));
        char *bytes = malloc(size + 8);
        memset(bytes, 'x', size);
        memcpy(bytes + size, "\nnext\n", 6);
        CHECK_OK(wr_descriptor_write(ends.write, bytes, size + 6));
        free(bytes);
        weir_slice line;
        CHECK_EQ(wr_lines_next(lines, 1000, &line), WEIR_E_LIMIT);
        check_next(lines, "next");
        CHECK_EQ(wr_lines_next(lines, 0, &line), WEIR_E_TIMEOUT);
        wr_descriptor_close(ends.write);
        CHECK_EQ(wr_lines_next(lines, 0, &line), WEIR_E_CLOSED);
        wr_lines_free(lines);
        wr_descriptor_close(ends.read);
    }
}

static void *drain(void *user)
{
    size_t total = 0, got;
    char bytes[1000];
    while (wr_descriptor_read(*(int *)user, bytes, sizeof bytes, &got) == WEIR_OK)
        total += got;
    return (void *)total;
}

TEST(everything_is_written_even_to_a_full_or_non_blocking_pipe)
{
    for (int non_blocking = 0; non_blocking < 2; non_blocking++) {
        pipe_ends ends = pipe_new();
        if (non_blocking)
            CHECK_OK(fcntl(ends.write, F_SETFL, O_NONBLOCK));
        pthread_t thread;
        CHECK_OK(pthread_create(&thread, NULL, drain, &ends.read));
        size_t size = 500000;
        char *bytes = calloc(1, size);
        CHECK_OK(wr_descriptor_write(ends.write, bytes, size));
        CHECK_OK(wr_descriptor_write_line(ends.write, "ready"));
        free(bytes);
        wr_descriptor_close(ends.write);
        void *total;
        CHECK_OK(pthread_join(thread, &total));
        CHECK_EQ((size_t)total, size + 6);
        wr_descriptor_close(ends.read);
    }
}

TEST(a_descriptor_is_writable_when_it_is_open_for_writing)
{
    pipe_ends ends = pipe_new();
    CHECK(wr_descriptor_is_writable(ends.write));
    CHECK(!wr_descriptor_is_writable(ends.read));
    wr_descriptor_close(ends.write);
    CHECK(!wr_descriptor_is_writable(ends.write));
    CHECK(!wr_descriptor_is_writable(-1));
    wr_descriptor_close(ends.read);
    int path = open("/", O_PATH | O_CLOEXEC);
    CHECK(path >= 0 && !wr_descriptor_is_writable(path));
    wr_descriptor_close(path);
}

TEST(writing_to_nobody_is_an_answer_not_a_signal)
{
    pipe_ends ends = pipe_new();
    wr_descriptor_close(ends.read);
    CHECK_EQ(wr_descriptor_write(ends.write, "x", 1), WEIR_E_CLOSED);
    CHECK_EQ(wr_descriptor_write_line(ends.write, "x"), WEIR_E_CLOSED);
    wr_descriptor_close(ends.write);
}

TEST(a_wait_for_a_descriptor_says_what_is_left_of_its_time)
{
    pipe_ends ends = pipe_new();
    int left_ms = 20;
    CHECK_EQ(wr_descriptor_ready(ends.read, false, &left_ms), WEIR_E_TIMEOUT);
    CHECK_EQ(left_ms, 0);
    CHECK_EQ(wr_descriptor_ready(ends.read, false, &left_ms), WEIR_E_TIMEOUT);
    left_ms = 60000;
    CHECK_OK(wr_descriptor_ready(ends.write, true, &left_ms));
    CHECK(left_ms > 0 && left_ms <= 60000);
    CHECK_EQ(write(ends.write, "x", 1), 1);
    CHECK_OK(wr_descriptor_ready(ends.read, false, &left_ms));
    close(ends.read);
    close(ends.write);
}
