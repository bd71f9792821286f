/* See stop.h. `timeout` (coreutils) signals its child and then its own process group, which the child is in: one request
 * comes as two signals within microseconds. So a signal counts as the second request only again_ms after the first, and
 * what comes before is the same request.
 *
 * The thread waits on a signalfd and on an eventfd, which wr_stop_free and wr_stop_begin write. */
#include "stop.h"
#include "io_int.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { AGAIN_DEFAULT_MS = 100 };

struct wr_stop {
    wr_stop_options options;
    int signals_fd, wake_fd;
    sigset_t before;
    pthread_t thread;
    pthread_mutex_t lock; /* what follows */
    pthread_cond_t changed;
    bool is_asked, is_ending;
    int asked_by;        /* the first signal */
    int64_t asked_ms;    /* monotonic, of the first signal */
    int64_t deadline_ms; /* monotonic; 0: none yet */
};

static struct timespec mono_after(int timeout_ms)
{
    int64_t at_ms = wr_mono_now_ms() + (timeout_ms > 0 ? timeout_ms : 0);
    return (struct timespec){.tv_sec = at_ms / 1000, .tv_nsec = at_ms % 1000 * 1000000};
}

/* One that is waited for by mono_after's clock. */
static void condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* ---- ending */

void wr_self_exit(int status)
{
    fflush(NULL);
    _exit(status);
}

/* Not wr_self_exit: whoever holds the lock of a stdio stream may be what hangs. */
static _Noreturn void end_by_force(wr_stop *stop, const char *why, int status)
{
    if (stop->options.trace)
        wr_trace_log(stop->options.trace, WR_ERROR, why, WR_NUMBER("status", status));
    _exit(status);
}

/* ---- the thread of the signals */

static void first_signal(wr_stop *stop, int signal)
{
    pthread_mutex_lock(&stop->lock);
    stop->is_asked = true;
    stop->asked_by = signal;
    stop->asked_ms = wr_mono_now_ms();
    if (!stop->deadline_ms)
        stop->deadline_ms = wr_mono_now_ms() + stop->options.deadline_ms;
    pthread_cond_broadcast(&stop->changed);
    pthread_mutex_unlock(&stop->lock);
    if (stop->options.asked)
        stop->options.asked(stop->options.user);
}

static void take_signals(wr_stop *stop)
{
    struct signalfd_siginfo info;
    while (read(stop->signals_fd, &info, sizeof info) == sizeof info) {
        if (!wr_stop_asked(stop))
            first_signal(stop, (int)info.ssi_signo);
        else if (wr_mono_now_ms() - stop->asked_ms >= stop->options.again_ms) /* only this thread writes it */
            end_by_force(stop, "asked to stop twice: ending at once", WR_EXIT_SIGNAL + (int)info.ssi_signo);
    }
}

static void *watch(void *user)
{
    wr_stop *stop = user;
    for (;;) {
        pthread_mutex_lock(&stop->lock);
        int64_t deadline_ms = stop->deadline_ms, left_ms = deadline_ms ? deadline_ms - wr_mono_now_ms() : -1;
        bool is_ending = stop->is_ending;
        pthread_mutex_unlock(&stop->lock);
        if (is_ending) {
            take_signals(stop); /* what has come was for us, and must not hit when the signals are let through again */
            return NULL;
        }
        if (deadline_ms && left_ms <= 0)
            end_by_force(stop, "the stop took longer than it may: ending now", WR_EXIT_DEADLINE);
        struct pollfd watched[] = {{.fd = stop->signals_fd, .events = POLLIN}, {.fd = stop->wake_fd, .events = POLLIN}};
        (void)poll(watched, 2, (int)left_ms); /* an interrupted wait is repeated by the loop */
        uint64_t count;
        (void)!read(stop->wake_fd, &count, sizeof count);
        take_signals(stop);
    }
}

static void wake(wr_stop *stop)
{
    uint64_t one = 1;
    (void)!write(stop->wake_fd, &one, sizeof one); /* it can only fail when it is already signalled */
}

/* ---- life */

static void stop_fini(wr_stop *stop)
{
    if (stop->signals_fd >= 0)
        close(stop->signals_fd);
    if (stop->wake_fd >= 0)
        close(stop->wake_fd);
    pthread_cond_destroy(&stop->changed);
    pthread_mutex_destroy(&stop->lock);
    free(stop);
}

/* Who begins a program with SIGHUP ignored (nohup) wants it to outlive its terminal; while a signal is blocked the kernel
 * would keep it for us all the same. */
static bool is_ignored(int signal)
{
    struct sigaction now;
    return sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

weir_err wr_stop_new(const wr_stop_options *options, wr_stop **ret_stop)
{
    wr_stop *stop = calloc(1, sizeof *stop);
    if (!stop)
        return WEIR_E_MEMORY;
    stop->options = *options;
    if (stop->options.again_ms == 0)
        stop->options.again_ms = AGAIN_DEFAULT_MS;
    pthread_mutex_init(&stop->lock, NULL);
    condition_init(&stop->changed);
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    if (!is_ignored(SIGHUP))
        sigaddset(&wanted, SIGHUP);
    stop->signals_fd = signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    stop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (stop->signals_fd < 0 || stop->wake_fd < 0) {
        weir_err err = wr_err_of_errno(errno);
        stop_fini(stop);
        return err;
    }
    pthread_sigmask(SIG_BLOCK, &wanted, &stop->before);
    if (pthread_create(&stop->thread, NULL, watch, stop) != 0) {
        pthread_sigmask(SIG_SETMASK, &stop->before, NULL);
        stop_fini(stop);
        return WEIR_E_MEMORY;
    }
    *ret_stop = stop;
    return WEIR_OK;
}

void wr_stop_free(wr_stop *stop)
{
    if (!stop)
        return;
    pthread_mutex_lock(&stop->lock);
    stop->is_ending = true;
    pthread_mutex_unlock(&stop->lock);
    wake(stop);
    pthread_join(stop->thread, NULL);
    pthread_sigmask(SIG_SETMASK, &stop->before, NULL);
    stop_fini(stop);
}

bool wr_stop_asked(wr_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    bool is_asked = stop->is_asked;
    pthread_mutex_unlock(&stop->lock);
    return is_asked;
}

int wr_stop_signal(wr_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    int asked_by = stop->asked_by;
    pthread_mutex_unlock(&stop->lock);
    return asked_by;
}

bool wr_stop_wait(wr_stop *stop, int timeout_ms)
{
    struct timespec until = mono_after(timeout_ms);
    pthread_mutex_lock(&stop->lock);
    while (!stop->is_asked && pthread_cond_timedwait(&stop->changed, &stop->lock, &until) == 0)
        ;
    bool is_asked = stop->is_asked;
    pthread_mutex_unlock(&stop->lock);
    return is_asked;
}

void wr_stop_begin(wr_stop *stop)
{
    pthread_mutex_lock(&stop->lock);
    if (!stop->deadline_ms)
        stop->deadline_ms = wr_mono_now_ms() + stop->options.deadline_ms;
    pthread_mutex_unlock(&stop->lock);
    wake(stop);
}

/* ---- a function that may not return */

/* Owned by the thread and by who waits for it: the second of them to let go frees it. */
typedef struct bounded_call {
    void (*run)(void *user);
    void *user;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool has_ended, is_left;
} bounded_call;

static void call_free(bounded_call *call)
{
    pthread_cond_destroy(&call->ended);
    pthread_mutex_destroy(&call->lock);
    free(call);
}

static bounded_call *call_new(void (*run)(void *user), void *user)
{
    bounded_call *call = malloc(sizeof *call);
    if (!call)
        return NULL;
    *call = (bounded_call){.run = run, .user = user};
    pthread_mutex_init(&call->lock, NULL);
    condition_init(&call->ended);
    return call;
}

static void *run_call(void *user)
{
    bounded_call *call = user;
    call->run(call->user);
    pthread_mutex_lock(&call->lock);
    call->has_ended = true;
    bool is_left = call->is_left;
    pthread_cond_signal(&call->ended);
    pthread_mutex_unlock(&call->lock);
    if (is_left)
        call_free(call);
    return NULL;
}

bool wr_run_within(int timeout_ms, void (*run)(void *user), void *user)
{
    pthread_t thread;
    bounded_call *call = call_new(run, user);
    if (!call || pthread_create(&thread, NULL, run_call, call) != 0) {
        if (call)
            call_free(call);
        run(user);
        return true;
    }
    struct timespec until = mono_after(timeout_ms);
    pthread_mutex_lock(&call->lock);
    while (!call->has_ended && pthread_cond_timedwait(&call->ended, &call->lock, &until) == 0)
        ;
    bool has_ended = call->has_ended;
    call->is_left = !has_ended;
    pthread_mutex_unlock(&call->lock);
    if (!has_ended) {
        pthread_detach(thread);
        return false;
    }
    pthread_join(thread, NULL);
    call_free(call);
    return true;
}
