/* Starting and watching children by fork, exec and a pidfd.
 *
 *   parent                                child
 *   pipes (all close-on-exec) ── fork ──► dup onto 0, 1, 2, 3; signals to default; die with the parent; exec
 *   reads the errno pipe: empty = started ◄── exec closes it, or writes errno and exits
 *
 * Between fork and exec the child calls only what is safe after a fork of a program with threads: everything that needs
 * memory is made before. */
#include "process.h"
#include "io_int.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PIPE_COUNT = 3, ENVIRONMENT_COUNT_MAX = 4096, CHILD_FD_MIN = 10 };

struct wr_process {
    pid_t pid;
    int pidfd;
    int pipes[PIPE_COUNT]; /* by wr_process_pipe; -1 without */
    int stdin_fd;
    bool outlives, ended;
    wr_process_end end;
};

/* What the child will have as 0, 1, 2 and 3, and where it tells that exec failed. -1: leave as it is. */
typedef struct child_plan {
    const wr_process_options *options;
    char **environment;
    int fds[4];
    int tell_fd;
    pid_t parent;
} child_plan;

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- before the fork */

/* Above the numbers that the child will use, so that no dup2 overwrites a source. */
static int raised(int fd)
{
    if (fd < 0 || fd >= CHILD_FD_MIN)
        return fd;
    int high = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FD_MIN);
    int os_error = errno;
    close(fd);
    errno = os_error;
    return high;
}

static bool pipe_open(int *ret_ours, int *ret_theirs, bool we_write)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    *ret_ours = fds[we_write ? 1 : 0];
    *ret_theirs = raised(fds[we_write ? 0 : 1]);
    return *ret_theirs >= 0;
}

static int open_append(const char *path)
{
    return raised(open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
}

static bool plan_descriptors(child_plan *plan, wr_process *process)
{
    const wr_process_options *o = plan->options;
    if (o->terminal && !o->stdin_pipe)
        plan->fds[0] = -1;
    else if (o->stdin_pipe ? !pipe_open(&process->stdin_fd, &plan->fds[0], true)
                           : (plan->fds[0] = raised(open("/dev/null", O_RDONLY | O_CLOEXEC))) < 0)
        return false;
    if (o->stdout_pipe && !pipe_open(&process->pipes[WR_PROCESS_STDOUT], &plan->fds[1], false))
        return false;
    if (!o->stdout_pipe && o->stdout_path && (plan->fds[1] = open_append(o->stdout_path)) < 0)
        return false;
    if (o->stderr_pipe && !pipe_open(&process->pipes[WR_PROCESS_STDERR], &plan->fds[2], false))
        return false;
    if (!o->stderr_pipe && o->stderr_path) {
        bool same = !o->stdout_pipe && o->stdout_path && strcmp(o->stdout_path, o->stderr_path) == 0;
        plan->fds[2] = same ? fcntl(plan->fds[1], F_DUPFD_CLOEXEC, CHILD_FD_MIN) : open_append(o->stderr_path);
        if (plan->fds[2] < 0)
            return false;
    }
    return !o->ready || pipe_open(&process->pipes[WR_PROCESS_READY], &plan->fds[3], false);
}

static bool replaced(const char *variable, const char *const *by)
{
    size_t size = strcspn(variable, "=") + 1;
    for (; by && *by; by++)
        if (strncmp(variable, *by, size) == 0)
            return true;
    return false;
}

/* The parent's variables that are not replaced, then the new ones; the texts are borrowed. */
static weir_err plan_environment(child_plan *plan)
{
    const char *const *more = plan->options->environment;
    size_t count = 0, at = 0;
    for (char **own = environ; own && *own; own++)
        count++;
    for (const char *const *one = more; one && *one; one++)
        count++;
    if (count > ENVIRONMENT_COUNT_MAX)
        return WEIR_E_LIMIT;
    plan->environment = calloc(count + 1, sizeof(char *));
    if (!plan->environment)
        return WEIR_E_MEMORY;
    for (char **own = environ; own && *own; own++)
        if (!replaced(*own, more))
            plan->environment[at++] = *own;
    for (const char *const *one = more; one && *one; one++)
        plan->environment[at++] = wr_unconst(*one);
    return WEIR_OK;
}

/* ---- in the child: no memory, no stdio */
_Noreturn static void child_run(const child_plan *plan)
{
    struct sigaction plain = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++)
        (void)sigaction(signal, &plain, NULL); /* fails for those that cannot be changed */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    /* A process group of its own: Ctrl-C in the terminal is the parent's to pass on. */
    bool good = plan->options->terminal || setpgid(0, 0) == 0;
    good = good && (plan->options->outlives || (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == plan->parent));
    for (int fd = 0; good && fd < 4; fd++)
        good = plan->fds[fd] < 0 || dup2(plan->fds[fd], fd) >= 0;
    if (good)
        good = !plan->options->directory || chdir(plan->options->directory) == 0;
    /* Also what this process was given itself without O_CLOEXEC. */
    good = good && close_range(plan->fds[3] < 0 ? 3 : 4, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
    if (good)
        execvpe(plan->options->argv[0], wr_unconst(plan->options->argv), plan->environment);
    int os_error = errno;
    (void)!write(plan->tell_fd, &os_error, sizeof os_error);
    _exit(127);
}

/* ---- in the parent */

/* The errno of a child that could not become the program; 0 when it did. */
static int child_answer(int fd)
{
    int os_error = 0;
    ssize_t size;
    do
        size = read(fd, &os_error, sizeof os_error);
    while (size < 0 && errno == EINTR);
    return size == sizeof os_error ? (os_error ? os_error : ECHILD) : 0;
}

static weir_err child_fork(child_plan *plan, wr_process *process)
{
    int hear_fd = -1;
    weir_err err = WEIR_E_IO;
    if (!pipe_open(&hear_fd, &plan->tell_fd, false))
        goto fail;
    plan->parent = getpid();
    process->pid = fork();
    if (process->pid == 0)
        child_run(plan);
    if (process->pid < 0)
        goto fail;
    close_fd(&plan->tell_fd);
    process->ended = false;
    process->pidfd = pidfd_open(process->pid, 0);
    int os_error = process->pidfd < 0 ? errno : child_answer(hear_fd);
    if (os_error) {
        errno = os_error;
        err = wr_err_of_errno(os_error);
        goto fail;
    }
    err = WEIR_OK;
fail:
    if (hear_fd >= 0) {
        int saved = errno;
        close(hear_fd);
        errno = saved;
    }
    return err;
}

weir_err wr_process_start(const wr_process_options *options, wr_process **ret_process, weir_failure *failure)
{
    child_plan plan = {.options = options, .fds = {-1, -1, -1, -1}, .tell_fd = -1};
    wr_process *process = calloc(1, sizeof *process);
    if (!process)
        return weir_fail(failure, WEIR_E_MEMORY, "cannot start %s: out of memory", options->argv[0]);
    *process = (wr_process){.pidfd = -1, .pipes = {-1, -1, -1}, .stdin_fd = -1, .ended = true};
    process->outlives = options->outlives;

    weir_err err = plan_environment(&plan);
    if (err == WEIR_OK)
        err = plan_descriptors(&plan, process) ? child_fork(&plan, process) : wr_err_of_errno(errno);
    int os_error = errno;
    for (int i = 0; i < 4; i++)
        close_fd(&plan.fds[i]);
    close_fd(&plan.tell_fd);
    free(plan.environment);
    if (err == WEIR_OK) {
        *ret_process = process;
        return WEIR_OK;
    }
    process->outlives = false;
    wr_process_free(process);
    errno = os_error;
    return weir_fail(failure, err, "cannot start %s: %s", options->argv[0], strerrordesc_np(os_error));
}

int wr_process_id(const wr_process *process)
{
    return process->pid;
}

void wr_process_signal(wr_process *process, int signal)
{
    if (!process->ended)
        (void)pidfd_send_signal(process->pidfd, signal, NULL, 0); /* never another process that got its number */
}

/* ---- waiting */

/* Polls until the deadline, whatever signals come in between. Returns what poll does. */
static int poll_one(int fd, short events, int timeout_ms)
{
    int64_t end_ms = wr_mono_now_ms() + timeout_ms;
    for (int left_ms = timeout_ms;;) {
        struct pollfd watch = {.fd = fd, .events = events};
        int count = poll(&watch, 1, left_ms);
        if (count >= 0 || errno != EINTR)
            return count;
        int64_t left = end_ms - wr_mono_now_ms();
        left_ms = timeout_ms < 0 ? -1 : left > 0 ? (int)left : 0;
    }
}

weir_err wr_process_wait(wr_process *process, int timeout_ms, wr_process_end *ret_end)
{
    if (!process->ended) {
        int count = poll_one(process->pidfd, POLLIN, timeout_ms);
        if (count <= 0)
            return count == 0 ? WEIR_E_TIMEOUT : WEIR_E_IO;
        int status;
        pid_t pid;
        do
            pid = waitpid(process->pid, &status, 0);
        while (pid < 0 && errno == EINTR);
        if (pid < 0)
            return WEIR_E_IO;
        process->ended = true;
        process->end =
            WIFSIGNALED(status) ? (wr_process_end){-1, WTERMSIG(status)} : (wr_process_end){WEXITSTATUS(status), 0};
    }
    *ret_end = process->end;
    return WEIR_OK;
}

weir_err wr_process_run(const char *const *argv, wr_process_end *ret_end, weir_failure *failure)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction interrupt, quit;
    wr_process *process = NULL;
    (void)sigaction(SIGINT, &ignore, &interrupt);
    (void)sigaction(SIGQUIT, &ignore, &quit);
    weir_err err = wr_process_start(&(wr_process_options){.argv = argv, .terminal = true}, &process, failure);
    if (err == WEIR_OK) {
        err = wr_process_wait(process, -1, ret_end);
        if (err != WEIR_OK)
            err = weir_fail(failure, err, "%s cannot be waited for", argv[0]);
    }
    wr_process_free(process);
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGQUIT, &quit, NULL);
    return err;
}

void wr_process_free(wr_process *process)
{
    if (!process)
        return;
    if (!process->ended && !process->outlives) {
        kill(process->pid, SIGKILL); /* not reaped yet, so the number is still its own */
        while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    for (int i = 0; i < PIPE_COUNT; i++)
        close_fd(&process->pipes[i]);
    close_fd(&process->stdin_fd);
    close_fd(&process->pidfd);
    free(process);
}

/* ---- pipes */
weir_err wr_process_read(wr_process *process, wr_process_pipe pipe, int timeout_ms, void *ret_bytes, size_t size,
                         size_t *ret_size)
{
    int fd = process->pipes[pipe];
    if (fd < 0)
        return WEIR_E_USAGE;
    int count = poll_one(fd, POLLIN, timeout_ms);
    if (count <= 0)
        return count == 0 ? WEIR_E_TIMEOUT : WEIR_E_IO;
    ssize_t got;
    do
        got = read(fd, ret_bytes, size);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got == 0 ? WEIR_E_CLOSED : WEIR_E_IO;
    *ret_size = (size_t)got;
    return WEIR_OK;
}

/* Byte by byte, so that nothing behind the line is taken: ready lines are short. */
weir_err wr_process_read_line(wr_process *process, wr_process_pipe pipe, int timeout_ms, char *ret_text, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        size_t got;
        weir_err err = wr_process_read(process, pipe, timeout_ms, ret_text + at, 1, &got);
        if (err != WEIR_OK)
            return err;
        if (ret_text[at] == '\n') {
            ret_text[at] = '\0';
            return WEIR_OK;
        }
    }
    return WEIR_E_LIMIT;
}

weir_err wr_process_write(wr_process *process, const void *bytes, size_t size)
{
    if (process->stdin_fd < 0)
        return WEIR_E_USAGE;
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    weir_err err = WEIR_OK;
    for (size_t done = 0; done < size && err == WEIR_OK;) {
        ssize_t put = write(process->stdin_fd, (const char *)bytes + done, size - done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            err = errno == EPIPE ? WEIR_E_CLOSED : WEIR_E_IO;
    }
    if (!sigismember(&before, SIGPIPE)) {
        const struct timespec now = {0};
        while (err == WEIR_E_CLOSED && sigtimedwait(&pipe_signal, NULL, &now) == SIGPIPE)
            ;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    return err;
}

void wr_process_write_end(wr_process *process)
{
    close_fd(&process->stdin_fd);
}

/* ---- about processes */
int wr_self_id(void)
{
    return getpid();
}

void wr_self_end_with_parent(void)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    /* It may have ended in between. That process 1 is the parent from the start says nothing: an init may have started
     * us, as that of a container does. */
    if (getppid() != parent)
        raise(SIGTERM);
}

weir_err wr_self_path(char *ret_path, size_t size)
{
    char path[WR_PATH_SIZE_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    if (length < 0)
        return wr_err_of_errno(errno);
    if ((size_t)length >= size || (size_t)length == sizeof path)
        return WEIR_E_LIMIT;
    memcpy(ret_path, path, (size_t)length);
    ret_path[length] = '\0';
    return WEIR_OK;
}
