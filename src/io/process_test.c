/* Children are started with what was asked for, and their ends are told as they were. */
#include <io/process.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "test.h"

#define SHELL(command) ((const char *const[]){"sh", "-c", (command), NULL})

static wr_process *start(const wr_process_options *options)
{
    wr_process *process = NULL;
    weir_failure failure = {0};
    CHECK_OK(wr_process_start(options, &process, &failure));
    return process;
}

static wr_process_end wait_end(wr_process *process)
{
    wr_process_end end = {.status = 99, .signal = 99};
    CHECK_OK(wr_process_wait(process, 30000, &end));
    return end;
}

TEST(an_exit_status_and_a_signal_are_told_apart)
{
    wr_process *process = start(&(wr_process_options){.argv = SHELL("exit 7")});
    wr_process_end end = wait_end(process);
    CHECK(end.status == 7 && end.signal == 0);
    end = wait_end(process); /* may be asked again */
    CHECK(end.status == 7 && end.signal == 0);
    wr_process_signal(process, SIGKILL); /* fine */
    wr_process_free(process);

    process = start(&(wr_process_options){.argv = SHELL("kill -TERM $$")});
    end = wait_end(process);
    CHECK(end.status == -1 && end.signal == SIGTERM);
    wr_process_free(process);
}

TEST(a_child_that_runs_times_out_and_can_be_stopped)
{
    wr_process *process = start(&(wr_process_options){.argv = SHELL("read forever"), .stdin_pipe = true});
    wr_process_end end;
    CHECK_EQ(wr_process_wait(process, 0, &end), WEIR_E_TIMEOUT);
    CHECK_EQ(wr_process_wait(process, 10, &end), WEIR_E_TIMEOUT);
    wr_process_signal(process, SIGKILL);
    CHECK_EQ(wait_end(process).signal, SIGKILL);
    wr_process_free(process);
    wr_process_free(NULL);
}

TEST(freeing_ends_a_child_that_still_runs)
{
    wr_process *process = start(&(wr_process_options){.argv = SHELL("read forever"), .stdin_pipe = true});
    int id = wr_process_id(process);
    wr_process_free(process);
    wr_process_usage usage;
    CHECK_EQ(wr_usage_read(id, &usage), WEIR_E_NOT_FOUND);
}

TEST(what_cannot_be_executed_is_told_by_the_start)
{
    wr_process *process = NULL;
    weir_failure failure = {0};
    const char *const argv[] = {"/no/such/program", NULL};
    CHECK_EQ(wr_process_start(&(wr_process_options){.argv = argv}, &process, &failure), WEIR_E_NOT_FOUND);
    CHECK(process == NULL && strstr(failure.sentence, "/no/such/program") != NULL);
    CHECK_EQ(wr_process_start(&(wr_process_options){.argv = SHELL("exit 0"), .directory = "/no/such"}, &process, NULL),
             WEIR_E_NOT_FOUND);
    CHECK_EQ(
        wr_process_start(&(wr_process_options){.argv = SHELL("exit 0"), .stdout_path = "/no/such/x"}, &process, NULL),
        WEIR_E_NOT_FOUND);
}

TEST(pipes_carry_input_and_outputs_and_the_ready_line)
{
    wr_process *process = start(&(wr_process_options){
        .argv = SHELL("echo ready 4711 >&3; exec 3>&-; while read line; do echo out $line; echo err $line >&2; done"),
        .stdin_pipe = true,
        .stdout_pipe = true,
        .stderr_pipe = true,
        .ready = true,
    });
    char line[64];
    CHECK_OK(wr_process_read_line(process, WR_PROCESS_READY, 30000, line, sizeof line));
    CHECK_STR(line, "ready 4711");
    CHECK_EQ(wr_process_read_line(process, WR_PROCESS_READY, 30000, line, sizeof line), WEIR_E_CLOSED);
    CHECK_EQ(wr_process_read_line(process, WR_PROCESS_STDOUT, 0, line, sizeof line), WEIR_E_TIMEOUT);
    CHECK_OK(wr_process_write(process, "one\ntwo\n", 8));
    CHECK_OK(wr_process_read_line(process, WR_PROCESS_STDOUT, 30000, line, sizeof line));
    CHECK_STR(line, "out one");
    CHECK_OK(wr_process_read_line(process, WR_PROCESS_STDERR, 30000, line, sizeof line));
    CHECK_STR(line, "err one");
    CHECK_EQ(wr_process_read_line(process, WR_PROCESS_STDOUT, 30000, line, 4), WEIR_E_LIMIT);
    wr_process_write_end(process);
    CHECK_EQ(wait_end(process).status, 0);
    CHECK_EQ(wr_process_write(process, "x", 1), WEIR_E_USAGE);
    wr_process_free(process);
}

TEST(writing_to_a_child_that_has_ended_is_an_answer_not_a_signal)
{
    wr_process *process = start(&(wr_process_options){.argv = SHELL("exit 0"), .stdin_pipe = true});
    (void)wait_end(process);
    CHECK_EQ(wr_process_write(process, "x", 1), WEIR_E_CLOSED);
    size_t got;
    char byte;
    CHECK_EQ(wr_process_read(process, WR_PROCESS_STDOUT, 0, &byte, 1, &got), WEIR_E_USAGE);
    wr_process_free(process);
}

TEST(environment_and_directory_are_the_childs_and_output_is_appended_to_its_file)
{
    const char *directory = test_directory();
    char path[300], text[200] = {0}, wanted[400];
    snprintf(path, sizeof path, "%s/log", directory);
    const char *const environment[] = {"WEIR_TEST_A=1", "HOME=/elsewhere", NULL};
    for (int i = 0; i < 2; i++) {
        wr_process *process = start(&(wr_process_options){
            .argv = SHELL("echo $WEIR_TEST_A $HOME; pwd >&2"),
            .environment = environment,
            .directory = directory,
            .stdout_path = path,
            .stderr_path = path,
        });
        CHECK_EQ(wait_end(process).status, 0);
        wr_process_free(process);
    }
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    snprintf(wanted, sizeof wanted, "1 /elsewhere\n%s\n1 /elsewhere\n%s\n", directory, directory);
    CHECK_STR(text, wanted);
    CHECK(getenv("WEIR_TEST_A") == NULL);
}

TEST(a_child_gets_no_descriptors_and_no_blocked_signals_of_its_parent)
{
    sigset_t blocked, before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    FILE *open_file = fopen("/dev/null", "r") /* without O_CLOEXEC */;
    wr_process *process = start(&(wr_process_options){
        .argv =
            SHELL("for f in /proc/$$/fd/*; do n=${f##*/}; [ $n -ge 3 ] && [ -e $f ] && [ $n -lt 10 ] && echo open $n; "
                  "done; kill -TERM $$"),
        .stdout_pipe = true,
    });
    char line[64];
    CHECK_EQ(wr_process_read_line(process, WR_PROCESS_STDOUT, 30000, line, sizeof line), WEIR_E_CLOSED);
    CHECK_EQ(wait_end(process).signal, SIGTERM);
    wr_process_free(process);
    fclose(open_file);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

TEST(a_child_on_the_terminal_is_in_our_process_group_and_others_are_not)
{
    for (int terminal = 0; terminal < 2; terminal++) {
        wr_process *process = start(&(wr_process_options){.argv = SHELL("kill -STOP $$"), .terminal = terminal});
        CHECK_EQ(getpgid(wr_process_id(process)) == getpgrp(), terminal);
        wr_process_free(process);
    }
}

static void on_signal(int signal)
{
    (void)signal;
}

TEST(an_interrupt_is_the_business_of_a_program_that_runs_on_the_terminal)
{
    struct sigaction own = {.sa_handler = on_signal}, before, after;
    CHECK_EQ(sigaction(SIGINT, &own, &before), 0);
    wr_process_end end;
    weir_failure failure = {0};
    char own_id[16];
    snprintf(own_id, sizeof own_id, "%d", wr_self_id());
    /* SIGINT is bit 1 of the mask, SIGQUIT bit 2. */
    static const char look[] = "mask=$(sed -n 's/^SigIgn:.*\\(..\\)$/\\1/p' /proc/$1/status); [ $((0x$mask & 6)) = 6 ]";
    CHECK_OK(wr_process_run((const char *const[]){"sh", "-c", look, "sh", own_id, NULL}, &end, &failure));
    CHECK_EQ(end.status, 0);
    CHECK_EQ(sigaction(SIGINT, &before, &after), 0);
    CHECK(after.sa_handler == on_signal);
    CHECK_EQ(wr_process_run((const char *const[]){"/nowhere/editor", NULL}, &end, &failure), WEIR_E_NOT_FOUND);
}

TEST(a_process_knows_itself)
{
    char path[1024];
    CHECK_OK(wr_self_path(path, sizeof path));
    CHECK(strstr(path, "process_test") != NULL);
    CHECK_EQ(wr_self_path(path, 4), WEIR_E_LIMIT);
    wr_process_usage usage = {0};
    CHECK_OK(wr_usage_read(wr_self_id(), &usage));
    CHECK(usage.rss_size > 100000 && usage.cpu_us >= 0);
    CHECK(usage.virtual_size >= usage.rss_size && usage.thread_count >= 1);
    CHECK(usage.started_ms > (int64_t)1700000000 * 1000);
}

TEST(the_soft_limit_of_descriptors_is_raised_to_the_hard_one)
{
    struct rlimit before, after;
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &before));
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, before.rlim_max}));
    CHECK_EQ(wr_self_descriptors_max(), 64);
    int64_t max = wr_self_descriptors_raise();
    CHECK_OK(getrlimit(RLIMIT_NOFILE, &after));
    CHECK(after.rlim_cur == before.rlim_max);
    CHECK_EQ(max, after.rlim_cur == RLIM_INFINITY ? INT64_MAX : (int64_t)after.rlim_cur);
    CHECK_OK(setrlimit(RLIMIT_NOFILE, &before));
}

TEST(open_descriptors_are_counted)
{
    int64_t before = wr_self_descriptors_open();
    CHECK(before >= 3);
    FILE *file = tmpfile();
    CHECK(file && wr_self_descriptors_open() == before + 1);
    CHECK_OK(fclose(file));
    CHECK_EQ(wr_self_descriptors_open(), before);
}
