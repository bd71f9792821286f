/* How a process ends, tried on children of this one. Waiting is for the child's end, never for a time. */
#include "stop.h"
#include "test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs in a child, whose exit status (or 1000 + signal) is returned. */
static int status_of(int (*run)(int ready_fd), int signal_count)
{
    int ready[2];
    CHECK_EQ(pipe(ready), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        close(ready[0]);
        _exit(run(ready[1]));
    }
    close(ready[1]);
    char byte;
    for (int i = 0; i < signal_count; i++) {
        CHECK_EQ(read(ready[0], &byte, 1), 1); /* it says when it wants the next one */
        kill(child, SIGTERM);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    close(ready[0]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void say_ready(int fd)
{
    CHECK_EQ(write(fd, "r", 1), 1);
}

static void count_call(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

static int end_in_order(int ready_fd)
{
    atomic_int calls = 0;
    wr_stop *stop;
    wr_stop_options options = {.deadline_ms = 60000, .asked = count_call, .user = &calls};
    if (wr_stop_new(&options, &stop) != WEIR_OK || wr_stop_asked(stop) || wr_stop_wait(stop, 1))
        return 1;
    say_ready(ready_fd);
    if (!wr_stop_wait(stop, 60000) || !wr_stop_asked(stop) || !wr_stop_wait(stop, 60000))
        return 2;
    wr_stop_free(stop);
    return atomic_load(&calls) == 1 ? 0 : 3;
}

TEST(the_first_signal_asks_and_the_process_ends_in_order)
{
    CHECK_EQ(status_of(end_in_order, 1), 0);
}

static int hang_when_asked(int ready_fd)
{
    wr_stop *stop;
    if (wr_stop_new(&(wr_stop_options){.again_ms = -1, .deadline_ms = 60000}, &stop) != WEIR_OK)
        return 1;
    say_ready(ready_fd);
    if (!wr_stop_wait(stop, 60000))
        return 2;
    say_ready(ready_fd);
    for (;;)
        pause(); /* this thread will do no more */
}

TEST(the_second_signal_ends_the_process_at_once)
{
    CHECK_EQ(status_of(hang_when_asked, 2), WR_EXIT_SIGNAL + SIGTERM);
}

static int hear_the_same_request_twice(int ready_fd)
{
    wr_stop *stop;
    if (wr_stop_new(&(wr_stop_options){.again_ms = 60000, .deadline_ms = 60000}, &stop) != WEIR_OK)
        return 1;
    say_ready(ready_fd);
    if (!wr_stop_wait(stop, 60000))
        return 2;
    kill(getpid(), SIGTERM);
    wr_stop_free(stop); /* what has come is taken before */
    return 0;
}

TEST(a_signal_right_behind_the_first_is_the_same_request)
{
    CHECK_EQ(status_of(hear_the_same_request_twice, 1), 0);
}

static int hang_past_the_deadline(int ready_fd)
{
    wr_stop *stop;
    if (wr_stop_new(&(wr_stop_options){.deadline_ms = 1}, &stop) != WEIR_OK)
        return 1;
    say_ready(ready_fd);
    for (;;)
        pause();
}

TEST(a_stop_that_takes_too_long_is_ended)
{
    CHECK_EQ(status_of(hang_past_the_deadline, 1), WR_EXIT_DEADLINE);
}

static int hang_without_being_asked(int ready_fd)
{
    wr_stop *stop;
    (void)ready_fd;
    if (wr_stop_new(&(wr_stop_options){.deadline_ms = 1}, &stop) != WEIR_OK)
        return 1;
    wr_stop_begin(stop);
    for (;;)
        pause();
}

TEST(a_process_that_ends_of_itself_has_the_same_deadline)
{
    CHECK_EQ(status_of(hang_without_being_asked, 0), WR_EXIT_DEADLINE);
}

static int never_asked(int ready_fd)
{
    wr_stop *stop;
    (void)ready_fd;
    if (wr_stop_new(&(wr_stop_options){.deadline_ms = 60000}, &stop) != WEIR_OK)
        return 1;
    bool asked = wr_stop_wait(stop, 1) || wr_stop_signal(stop) != 0;
    wr_stop_free(stop);
    wr_stop_free(NULL);
    return asked ? 2 : 0;
}

TEST(who_was_not_asked_goes_on)
{
    CHECK_EQ(status_of(never_asked, 0), 0);
}

static int lose_the_terminal(int ready_fd)
{
    wr_stop *stop;
    (void)ready_fd;
    signal(SIGHUP, SIG_DFL);
    if (wr_stop_new(&(wr_stop_options){.deadline_ms = 60000}, &stop) != WEIR_OK)
        return 1;
    kill(getpid(), SIGHUP);
    bool asked = wr_stop_wait(stop, 60000) && wr_stop_signal(stop) == SIGHUP;
    wr_stop_free(stop);
    return asked ? 0 : 2;
}

static int outlive_the_terminal(int ready_fd)
{
    wr_stop *stop;
    (void)ready_fd;
    signal(SIGHUP, SIG_IGN);
    if (wr_stop_new(&(wr_stop_options){.deadline_ms = 60000}, &stop) != WEIR_OK)
        return 1;
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGTERM); /* behind it, so that what was asked with the first is known */
    bool asked = wr_stop_wait(stop, 60000) && wr_stop_signal(stop) == SIGTERM;
    wr_stop_free(stop);
    return asked ? 0 : 2;
}

TEST(a_terminal_that_is_closed_asks_to_stop_unless_the_program_began_with_that_ignored)
{
    CHECK_EQ(status_of(lose_the_terminal, 0), 0);
    CHECK_EQ(status_of(outlive_the_terminal, 0), 0);
}

static void wait_for_good(void *user)
{
    (void)user;
    for (;;)
        pause();
}

static int leave_behind(int ready_fd)
{
    atomic_int calls = 0;
    (void)ready_fd;
    if (!wr_run_within(60000, count_call, &calls) || atomic_load(&calls) != 1)
        return 1;
    if (wr_run_within(1, wait_for_good, NULL))
        return 2;
    wr_self_exit(0);
}

TEST(a_call_that_does_not_return_is_left_behind)
{
    CHECK_EQ(status_of(leave_behind, 0), 0);
}
