/* Dispatch to the real or the simulated loop; hooks, the timers' heap and the list of posts, which both use. */
#include "io_int.h"
#include "loop_int.h"

#include <base/array.h>
#include <base/time.h>

#include <assert.h>
#include <stdlib.h>

enum { TIMER_COUNT_MAX = 1 << 24 };

weir_err wr_loop_new(wr_io *io, wr_loop **ret_loop)
{
    wr_loop *loop;
    weir_err err = io->ops->loop_new(io, &loop);
    if (err != WEIR_OK)
        return err;
    wr_list_init(&loop->round_ends);
    *ret_loop = loop;
    return WEIR_OK;
}

void wr_loop_free(wr_loop *loop)
{
    if (loop)
        loop->ops->free(loop);
}

weir_err wr_loop_run(wr_loop *loop)
{
    return loop->ops->run(loop);
}

void wr_loop_stop(wr_loop *loop)
{
    loop->ops->stop(loop);
}

weir_err wr_loop_post(wr_loop *loop, void (*run)(void *user), void *user)
{
    return loop->ops->post(loop, run, user);
}

int64_t wr_loop_now_us(const wr_loop *loop)
{
    return loop->ops->now_us(loop);
}

wr_io *wr_loop_io(const wr_loop *loop)
{
    return loop->io;
}

weir_err wr_loop_on_signal(wr_loop *loop, int signal, void (*run)(void *user, int signal), void *user)
{
    return loop->ops->on_signal(loop, signal, run, user);
}

/* ---- streams */
weir_err wr_listen(wr_loop *loop, const char *host, int port, void (*accept)(void *user, wr_stream *stream), void *user,
                   wr_listener **ret_listener, weir_failure *failure)
{
    if (port < 0 || port > 65535)
        return weir_fail(failure, WEIR_E_USAGE, "cannot listen on port %d: ports are 0 to 65535", port);
    return loop->ops->listen(loop, host, port, accept, user, ret_listener, failure);
}

int wr_listener_port(const wr_listener *listener)
{
    return listener->ops->listener_port(listener);
}

void wr_listener_close(wr_listener *listener)
{
    if (listener)
        listener->ops->listener_close(listener);
}

weir_err wr_connect(wr_loop *loop, const char *host, int port, wr_stream **ret_stream)
{
    if (port <= 0 || port > 65535)
        return WEIR_E_USAGE;
    return loop->ops->connect(loop, host, port, ret_stream);
}

void wr_stream_set(wr_stream *stream, const wr_stream_events *events, void *user)
{
    stream->events = events;
    stream->user = user;
    stream->ops->stream_wants(stream);
}

void wr_stream_want(wr_stream *stream, unsigned want)
{
    if (stream->want == want)
        return;
    stream->want = want;
    stream->ops->stream_wants(stream);
}

weir_err wr_stream_read(wr_stream *stream, void *ret_bytes, size_t size, size_t *ret_size)
{
    assert(size > 0);
    return stream->ops->stream_read(stream, ret_bytes, size, ret_size);
}

weir_err wr_stream_write(wr_stream *stream, const weir_slice *slices, size_t count, size_t *ret_size)
{
    return stream->ops->stream_write(stream, slices, count, ret_size);
}

weir_err wr_stream_send_file(wr_stream *stream, wr_file *file, int64_t at, size_t size, size_t *ret_size)
{
    return stream->ops->stream_send_file(stream, file, at, size, ret_size);
}

void wr_stream_end(wr_stream *stream)
{
    stream->ops->stream_end(stream);
}

const char *wr_stream_peer(const wr_stream *stream)
{
    return stream->ops->stream_peer(stream);
}

const char *wr_stream_local(const wr_stream *stream)
{
    return stream->ops->stream_local(stream);
}

void wr_stream_close(wr_stream *stream)
{
    if (stream)
        stream->ops->stream_close(stream);
}

/* ---- the end of a round */
void wr_loop_at_round_end(wr_loop *loop, wr_round_end *hook, void (*run)(void *user), void *user)
{
    assert(!wr_link_linked(&hook->link));
    hook->run = run;
    hook->user = user;
    wr_list_append(&loop->round_ends, &hook->link);
}

void wr_round_end_remove(wr_round_end *hook)
{
    wr_link_remove(&hook->link);
}

/* `here` moves along the list, so that any hook may be removed meanwhile; what is added stands behind `last` and waits
 * for the next round. */
void wr_round_ends_run(wr_loop *loop)
{
    if (wr_list_empty(&loop->round_ends))
        return;
    wr_link *here = &loop->round_here, *last = &loop->round_last;
    wr_list_insert(&loop->round_ends.head, here);
    wr_list_append(&loop->round_ends, last);
    while (here->next != last) {
        wr_round_end *hook = WR_LIST_ITEM(here->next, wr_round_end, link);
        wr_link_remove(here);
        wr_list_insert(&hook->link, here);
        hook->run(hook->user);
    }
    wr_link_remove(here);
    wr_link_remove(last);
}

/* ---- timers */
static void heap_put(wr_timers *timers, size_t at, wr_timer *timer)
{
    timers->items[at] = timer;
    timer->heap_at = at + 1;
}

static void heap_up(wr_timers *timers, size_t at, wr_timer *timer)
{
    while (at > 0 && timer->deadline_us < timers->items[(at - 1) / 2]->deadline_us) {
        heap_put(timers, at, timers->items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_put(timers, at, timer);
}

static void heap_down(wr_timers *timers, size_t at, wr_timer *timer)
{
    for (size_t child; (child = 2 * at + 1) < timers->count; at = child) {
        if (child + 1 < timers->count && timers->items[child + 1]->deadline_us < timers->items[child]->deadline_us)
            child++;
        if (timers->items[child]->deadline_us >= timer->deadline_us)
            break;
        heap_put(timers, at, timers->items[child]);
    }
    heap_put(timers, at, timer);
}

weir_err wr_timer_start(wr_loop *loop, wr_timer *timer, int64_t deadline_us, void (*run)(void *user), void *user)
{
    wr_timers *timers = &loop->timers;
    wr_timer_stop(loop, timer);
    weir_err err = WR_ARRAY_RESERVE(timers->items, timers->capacity, timers->count + 1, TIMER_COUNT_MAX);
    if (err != WEIR_OK)
        return err;
    *timer = (wr_timer){.deadline_us = deadline_us, .run = run, .user = user};
    heap_up(timers, timers->count++, timer);
    return WEIR_OK;
}

weir_err wr_timer_after_ms(wr_loop *loop, wr_timer *timer, int64_t duration_ms, void (*run)(void *user), void *user)
{
    int64_t deadline_us = wr_time_after_ms(wr_loop_now_us(loop), duration_ms > 0 ? duration_ms : 0);
    return wr_timer_start(loop, timer, deadline_us, run, user);
}

void wr_timer_stop(wr_loop *loop, wr_timer *timer)
{
    wr_timers *timers = &loop->timers;
    if (timer->heap_at == 0)
        return;
    size_t at = timer->heap_at - 1;
    assert(at < timers->count && timers->items[at] == timer);
    timer->heap_at = 0;
    wr_timer *last = timers->items[--timers->count];
    if (last == timer)
        return;
    if (at > 0 && last->deadline_us < timers->items[(at - 1) / 2]->deadline_us)
        heap_up(timers, at, last);
    else
        heap_down(timers, at, last);
}

void wr_timers_fini(wr_timers *timers)
{
    for (size_t i = 0; i < timers->count; i++)
        timers->items[i]->heap_at = 0;
    free(timers->items);
    *timers = (wr_timers){0};
}

int64_t wr_timers_next_us(const wr_timers *timers)
{
    return timers->count ? timers->items[0]->deadline_us : INT64_MAX;
}

bool wr_timers_run_one(wr_timers *timers, int64_t now_us)
{
    if (wr_timers_next_us(timers) > now_us)
        return false;
    wr_timer *timer = timers->items[0];
    timer->heap_at = 0;
    wr_timer *last = timers->items[--timers->count];
    if (last != timer)
        heap_down(timers, 0, last);
    timer->run(timer->user);
    return true;
}

/* ---- posts */
weir_err wr_posts_add(wr_posts *posts, void (*run)(void *user), void *user)
{
    weir_err err = WR_ARRAY_RESERVE(posts->items, posts->capacity, posts->count + 1, WR_LOOP_POST_COUNT_MAX);
    if (err == WEIR_OK)
        posts->items[posts->count++] = (wr_post){run, user};
    return err;
}
