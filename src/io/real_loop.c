/* The real event loop: epoll, an eventfd for posts and works that returned, a signalfd once signals are asked for. The wait
 * ends at the earliest timer; without timers it has no end. */
#include "real_int.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_COUNT = 128 };

/* ---- watches */
weir_err real_watch_add(real_loop *loop, real_watch *watch, unsigned events)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = watch};
    return epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, watch->fd, &event) == 0 ? WEIR_OK : wr_err_of_errno(errno);
}

void real_watch_queue(real_loop *loop, real_watch *watch)
{
    if (!wr_link_linked(&watch->link))
        wr_list_append(&loop->ready, &watch->link);
}

void real_watch_close(real_loop *loop, real_watch *watch)
{
    assert(!watch->closed);
    watch->closed = true;
    wr_link_remove(&watch->link);
    /* Closing takes it out of epoll only when nobody else has the description; a child between fork and exec has. */
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    close(watch->fd);
    wr_list_append(&loop->dead, &watch->link);
    loop->open_count--;
}

static void watch_free(real_watch *watch)
{
    if (watch->kind == REAL_STREAM)
        free(WR_LIST_ITEM(watch, real_stream, watch));
    else
        free(WR_LIST_ITEM(watch, real_listener, watch));
}

static void free_closed(real_loop *loop)
{
    wr_link *link;
    while ((link = wr_list_pop(&loop->dead)))
        watch_free(WR_LIST_ITEM(link, real_watch, link));
}

/* ---- waking */
void real_wake_locked(real_loop *loop)
{
    if (loop->woken)
        return;
    loop->woken = true;
    const uint64_t one = 1;
    (void)!write(loop->wake.fd, &one, sizeof one); /* it can only fail when it is already signalled */
}

static void wake_taken(real_loop *loop)
{
    uint64_t count;
    (void)!read(loop->wake.fd, &count, sizeof count);
    pthread_mutex_lock(&loop->mutex);
    loop->woken = false;
    wr_posts posts = loop->posts; /* swap, so that both keep their memory */
    loop->posts = loop->taken;
    loop->taken = posts;
    pthread_mutex_unlock(&loop->mutex);

    real_workers_finish(loop);
    for (size_t i = 0; i < loop->taken.count; i++)
        loop->taken.items[i].run(loop->taken.items[i].user);
    loop->taken.count = 0;
}

static void signals_taken(real_loop *loop)
{
    struct signalfd_siginfo info;
    while (read(loop->signals_watch.fd, &info, sizeof info) == sizeof info)
        for (size_t i = 0; i < loop->signal_count; i++)
            if (loop->signals[i].signal == (int)info.ssi_signo)
                loop->signals[i].run(loop->signals[i].user, loop->signals[i].signal);
}

/* ---- one round */
static int64_t wait_us(const real_loop *loop)
{
    if (!wr_list_empty(&loop->ready) || atomic_load(&loop->stopping))
        return 0;
    int64_t next_us = wr_timers_next_us(&loop->base.timers);
    if (next_us == INT64_MAX)
        return -1;
    int64_t left_us = next_us - wr_mono_us(loop->base.io);
    return left_us > 0 ? left_us : 0;
}

static int wait_events(const real_loop *loop, struct epoll_event *events)
{
    int64_t left_us = wait_us(loop);
    if (left_us <= 0)
        return epoll_wait(loop->epoll_fd, events, EVENT_COUNT, (int)left_us);
    struct timespec left = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
    int count = epoll_pwait2(loop->epoll_fd, events, EVENT_COUNT, &left, NULL);
    if (count >= 0 || errno != ENOSYS)
        return count;
    int64_t left_ms = (left_us + 999) / 1000; /* before Linux 5.11 */
    return epoll_wait(loop->epoll_fd, events, EVENT_COUNT, left_ms < 60000 ? (int)left_ms : 60000);
}

static void stream_told(real_loop *loop, real_stream *stream, unsigned events)
{
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        stream->hung_up = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        stream->watch.ready |= WR_WANT_READ;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        stream->watch.ready |= WR_WANT_WRITE;
    if (real_stream_due(stream))
        real_watch_queue(loop, &stream->watch);
}

/* Returns whether the loop was woken: posts run after the sockets, so that a post sees what came before it. */
static void events_take(real_loop *loop, const struct epoll_event *events, int count, bool *ret_woken,
                        bool *ret_signalled)
{
    for (int i = 0; i < count; i++) {
        real_watch *watch = events[i].data.ptr;
        switch (watch->kind) {
        case REAL_WAKE:
            *ret_woken = true;
            break;
        case REAL_SIGNAL:
            *ret_signalled = true;
            break;
        case REAL_LISTENER:
            real_watch_queue(loop, watch);
            break;
        case REAL_STREAM:
            stream_told(loop, WR_LIST_ITEM(watch, real_stream, watch), events[i].events);
            break;
        }
    }
}

/* What becomes ready again meanwhile stands behind the marker and waits for the next round. */
static void ready_run(real_loop *loop)
{
    wr_link marker = {0}, *link;
    wr_list_append(&loop->ready, &marker);
    while ((link = wr_list_pop(&loop->ready)) != &marker) {
        real_watch *watch = WR_LIST_ITEM(link, real_watch, link);
        if (watch->kind == REAL_STREAM)
            real_stream_run(WR_LIST_ITEM(watch, real_stream, watch));
        else
            real_listener_run(WR_LIST_ITEM(watch, real_listener, watch));
    }
}

static void timers_run(real_loop *loop)
{
    for (size_t left = loop->base.timers.count; left > 0; left--)
        if (!wr_timers_run_one(&loop->base.timers, loop->now_us))
            break;
}

static weir_err round_run(real_loop *loop)
{
    struct epoll_event events[EVENT_COUNT];
    int count = wait_events(loop, events);
    if (count < 0 && errno != EINTR)
        return wr_err_of_errno(errno);
    loop->now_us = wr_mono_us(loop->base.io);
    bool woken = false, signalled = false;
    events_take(loop, events, count, &woken, &signalled);
    ready_run(loop);
    timers_run(loop);
    if (woken)
        wake_taken(loop);
    if (signalled)
        signals_taken(loop);
    wr_round_ends_run(&loop->base);
    free_closed(loop);
    return WEIR_OK;
}

/* sendfile has no MSG_NOSIGNAL: SIGPIPE is blocked in this thread while the loop runs, and one that came is taken. */
static weir_err loop_run(wr_loop *base)
{
    real_loop *loop = real_loop_of(base);
    sigset_t pipe_signal, before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);

    loop->running = true;
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && !atomic_load(&loop->stopping))
        err = round_run(loop);
    loop->running = false;
    atomic_store(&loop->stopping, false);

    const struct timespec now = {0};
    if (!sigismember(&before, SIGPIPE)) {
        while (sigtimedwait(&pipe_signal, NULL, &now) == SIGPIPE)
            ;
        pthread_sigmask(SIG_UNBLOCK, &pipe_signal, NULL);
    }
    return err;
}

/* ---- a loop's calls */
static void loop_stop(wr_loop *base)
{
    real_loop *loop = real_loop_of(base);
    atomic_store(&loop->stopping, true);
    pthread_mutex_lock(&loop->mutex);
    real_wake_locked(loop);
    pthread_mutex_unlock(&loop->mutex);
}

static weir_err loop_post(wr_loop *base, void (*run)(void *user), void *user)
{
    real_loop *loop = real_loop_of(base);
    pthread_mutex_lock(&loop->mutex);
    weir_err err = wr_posts_add(&loop->posts, run, user);
    if (err == WEIR_OK)
        real_wake_locked(loop);
    pthread_mutex_unlock(&loop->mutex);
    return err;
}

static int64_t loop_now_us(const wr_loop *base)
{
    const real_loop *loop = real_loop_of(base);
    return loop->running ? loop->now_us : wr_mono_us(base->io);
}

static weir_err loop_on_signal(wr_loop *base, int number, void (*run)(void *user, int signal), void *user)
{
    real_loop *loop = real_loop_of(base);
    if (loop->signal_count == REAL_SIGNAL_COUNT_MAX)
        return WEIR_E_LIMIT;
    sigset_t wanted = loop->caught, one, before;
    sigaddset(&wanted, number);
    sigemptyset(&one);
    sigaddset(&one, number);
    bool first = loop->signals_watch.fd < 0;
    int fd = signalfd(loop->signals_watch.fd, &wanted, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return wr_err_of_errno(errno);
    loop->signals_watch.fd = fd;
    weir_err err = first ? real_watch_add(loop, &loop->signals_watch, EPOLLIN) : WEIR_OK;
    if (err != WEIR_OK) {
        close(fd);
        loop->signals_watch.fd = -1;
        return err;
    }
    pthread_sigmask(SIG_BLOCK, &one, &before);
    if (!sigismember(&before, number))
        sigaddset(&loop->caught, number);
    loop->signals[loop->signal_count++] = (real_signal){number, run, user};
    return WEIR_OK;
}

static void loop_free(wr_loop *base)
{
    real_loop *loop = real_loop_of(base);
    assert(loop->open_count == 0 && !loop->running);
    real_workers_fini(loop);
    free_closed(loop);
    pthread_sigmask(SIG_UNBLOCK, &loop->caught, NULL);
    if (loop->signals_watch.fd >= 0)
        close(loop->signals_watch.fd);
    close(loop->wake.fd);
    close(loop->epoll_fd);
    wr_timers_fini(&loop->base.timers);
    free(loop->posts.items);
    free(loop->taken.items);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

weir_err wr_real_loop_new(wr_io *io, wr_loop **ret_loop)
{
    real_loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return WEIR_E_MEMORY;
    loop->base = (wr_loop){.ops = &real_loop_ops, .io = io};
    loop->signals_watch = (real_watch){.kind = REAL_SIGNAL, .fd = -1};
    loop->wake = (real_watch){.kind = REAL_WAKE, .fd = -1};
    wr_list_init(&loop->ready);
    wr_list_init(&loop->dead);
    sigemptyset(&loop->caught);

    weir_err err = WEIR_E_IO;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        goto fail;
    loop->wake.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (loop->wake.fd < 0)
        goto fail;
    err = real_watch_add(loop, &loop->wake, EPOLLIN);
    if (err != WEIR_OK)
        goto fail;
    err = real_workers_init(&loop->workers);
    if (err != WEIR_OK)
        goto fail;
    pthread_mutex_init(&loop->mutex, NULL); /* cannot fail with default attributes */
    *ret_loop = &loop->base;
    return WEIR_OK;
fail:
    if (loop->wake.fd >= 0)
        close(loop->wake.fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    free(loop);
    return err;
}

const wr_loop_ops real_loop_ops = {
    .free = loop_free,
    .run = loop_run,
    .stop = loop_stop,
    .post = loop_post,
    .now_us = loop_now_us,
    .on_signal = loop_on_signal,
    .listen = real_listen,
    .listener_port = real_listener_port,
    .listener_close = real_listener_close,
    .connect = real_connect,
    .stream_wants = real_stream_wants,
    .stream_read = real_stream_read,
    .stream_write = real_stream_write,
    .stream_send_file = real_stream_send_file,
    .stream_end = real_stream_end,
    .stream_peer = real_stream_peer,
    .stream_local = real_stream_local,
    .stream_close = real_stream_close,
    .work_start = real_work_start,
    .work_take = real_work_take,
    .work_await = real_work_await,
};
