/* Simulated loops: what is due, and which of it the seed lets happen next. */
#include "sim_loop_int.h"

#include <assert.h>
#include <stdlib.h>

typedef enum sim_pick_kind {
    PICK_POST,
    PICK_TIMER,
    PICK_SIGNAL,
    PICK_WORK,
    PICK_ACCEPT,
    PICK_ARRIVE,
    PICK_READ,
    PICK_WRITE,
} sim_pick_kind;

typedef struct sim_pick {
    sim_pick_kind kind;
    void *object;
    sim_loop *loop; /* whose round it is */
} sim_pick;

/* ---- what is due */
typedef struct sim_picks {
    wr_sim *sim;
    sim_loop *loop; /* that is looked at */
    size_t count;
    int64_t next_us; /* the earliest thing under way that is not due yet; INT64_MAX: none */
} sim_picks;

static void pick_add(sim_picks *picks, sim_pick_kind kind, void *object)
{
    wr_sim *sim = picks->sim;
    sim->picks = sim_grow(sim->picks, &sim->pick_capacity, picks->count + 1, sizeof(sim_pick));
    sim->picks[picks->count++] = (sim_pick){kind, object, picks->loop};
}

static void pick_when_due(sim_picks *picks, sim_pick_kind kind, void *object, int64_t due_us)
{
    if (due_us <= picks->sim->mono_us)
        pick_add(picks, kind, object);
    else if (due_us < picks->next_us)
        picks->next_us = due_us;
}

static void stream_picks(sim_picks *picks, sim_stream *stream)
{
    if (stream->due_us != SIM_NEVER)
        pick_when_due(picks, PICK_ARRIVE, stream, stream->due_us);
    if (sim_stream_readable(stream))
        pick_add(picks, PICK_READ, stream);
    if (sim_stream_writable(stream))
        pick_add(picks, PICK_WRITE, stream);
}

static void list_picks(sim_picks *picks, const wr_list *streams)
{
    for (wr_link *at = wr_list_first(streams); at; at = wr_list_next(streams, at))
        stream_picks(picks, WR_LIST_ITEM(at, sim_stream, link));
}

static void loop_picks(sim_picks *picks, sim_loop *loop)
{
    picks->loop = loop;
    if (loop->posts.count > 0)
        pick_add(picks, PICK_POST, loop);
    if (wr_timers_next_us(&loop->base.timers) <= picks->sim->mono_us)
        pick_add(picks, PICK_TIMER, loop);
    for (size_t i = 0; i < loop->signal_count; i++)
        if (loop->signals[i].pending)
            pick_add(picks, PICK_SIGNAL, &loop->signals[i]);
    for (wr_link *at = wr_list_first(&loop->works); at; at = wr_list_next(&loop->works, at)) {
        wr_work *work = WR_LIST_ITEM(at, wr_work, link);
        pick_when_due(picks, PICK_WORK, work, work->due_us);
    }
    for (wr_link *at = wr_list_first(&loop->listeners); at; at = wr_list_next(&loop->listeners, at)) {
        sim_listener *listener = WR_LIST_ITEM(at, sim_listener, link);
        if (!wr_list_empty(&listener->backlog))
            pick_add(picks, PICK_ACCEPT, listener);
        list_picks(picks, &listener->backlog); /* bytes may arrive before the accept */
    }
    list_picks(picks, &loop->streams);
}

static sim_picks picks_find(wr_sim *sim)
{
    sim_picks picks = {.sim = sim, .next_us = INT64_MAX};
    for (wr_link *at = wr_list_first(&sim->loops); at; at = wr_list_next(&sim->loops, at))
        loop_picks(&picks, WR_LIST_ITEM(at, sim_loop, link));
    return picks;
}

/* ---- what happens */
static void run_post(sim_loop *loop)
{
    wr_post post = loop->posts.items[0];
    loop->posts.count--;
    memmove(loop->posts.items, loop->posts.items + 1, loop->posts.count * sizeof post);
    post.run(post.user);
}

static void pick_run(const sim_pick *pick)
{
    sim_stream *stream = pick->object;
    sim_signal *signal = pick->object;
    wr_work *work = pick->object;
    switch (pick->kind) {
    case PICK_POST:
        run_post(pick->object);
        break;
    case PICK_TIMER: {
        sim_loop *loop = pick->object;
        wr_timers_run_one(&loop->base.timers, loop->sim->mono_us);
        break;
    }
    case PICK_SIGNAL:
        signal->pending = false;
        signal->run(signal->user, signal->signal);
        break;
    case PICK_WORK:
        sim_work_step(sim_loop_of(work->loop), work);
        break;
    case PICK_ACCEPT:
        sim_listener_accept(pick->object);
        break;
    case PICK_ARRIVE:
        sim_stream_arrive(stream);
        break;
    case PICK_READ:
        stream->base.events->readable(stream->base.user);
        break;
    case PICK_WRITE:
        stream->base.events->writable(stream->base.user);
        break;
    }
}

/* Runs one thing that is due at the latest at until_us, moving the clock to it; timers move the clock only when asked.
 */
static bool step(wr_sim *sim, int64_t until_us, bool to_timers)
{
    if (sim->end != SIM_LIGHT)
        return false;
    sim_picks picks = picks_find(sim);
    if (picks.count == 0) {
        int64_t timer_us = wr_sim_next_timer_us(sim), next_us = picks.next_us;
        if (timer_us >= 0 && timer_us < next_us && (to_timers || next_us != INT64_MAX))
            next_us = timer_us;
        if (next_us == INT64_MAX || next_us > until_us)
            return false;
        sim->mono_us = next_us;
        picks = picks_find(sim);
    }
    assert(picks.count > 0);
    sim_pick pick = sim->picks[sim_below(&sim->order_chance, picks.count)];
    sim_note(sim, "step", (uint64_t)pick.kind, picks.count, 0);
    sim->caller = SIM_BY_LOOP;
    sim->step_read_size = 0;
    pick_run(&pick);
    if (sim->end == SIM_LIGHT && sim->caller == SIM_BY_LOOP) /* else nobody is left, or it was a worker */
        wr_round_ends_run(&pick.loop->base);
    sim->caller = SIM_BY_TEST;
    return true;
}

bool wr_sim_step(wr_sim *sim)
{
    return step(sim, INT64_MAX, false);
}

size_t wr_sim_run(wr_sim *sim, size_t max_steps)
{
    size_t steps = 0;
    while (steps < max_steps && wr_sim_step(sim))
        steps++;
    return steps;
}

size_t wr_sim_run_ms(wr_sim *sim, int64_t ms, size_t max_steps)
{
    int64_t until_us = sim->mono_us + ms * 1000;
    size_t steps = 0;
    while (steps < max_steps && step(sim, until_us, true))
        steps++;
    if (steps < max_steps && sim->mono_us < until_us)
        sim->mono_us = until_us;
    return steps;
}

int64_t wr_sim_next_timer_us(const wr_sim *sim)
{
    int64_t next_us = INT64_MAX;
    for (wr_link *at = wr_list_first(&sim->loops); at; at = wr_list_next(&sim->loops, at)) {
        int64_t loop_us = wr_timers_next_us(&WR_LIST_ITEM(at, sim_loop, link)->base.timers);
        if (loop_us < next_us)
            next_us = loop_us;
    }
    return next_us == INT64_MAX ? -1 : next_us;
}

void wr_sim_signal(wr_sim *sim, int signal)
{
    for (wr_link *at = wr_list_first(&sim->loops); at; at = wr_list_next(&sim->loops, at)) {
        sim_loop *loop = WR_LIST_ITEM(at, sim_loop, link);
        for (size_t i = 0; i < loop->signal_count; i++)
            if (loop->signals[i].signal == signal)
                loop->signals[i].pending = true;
    }
}

/* ---- a loop's calls */
weir_err sim_loop_new(wr_io *io, wr_loop **ret_loop)
{
    sim_loop *loop = sim_alloc(sizeof *loop);
    loop->base = (wr_loop){.ops = &sim_loop_ops, .io = io};
    loop->sim = sim_of(io);
    wr_list_init(&loop->streams);
    wr_list_init(&loop->listeners);
    wr_list_init(&loop->works);
    wr_list_init(&loop->lost_works);
    wr_list_append(&loop->sim->loops, &loop->link);
    *ret_loop = &loop->base;
    return WEIR_OK;
}

static void loop_free(wr_loop *base)
{
    sim_loop *loop = sim_loop_of(base);
    assert(wr_list_empty(&loop->streams) && wr_list_empty(&loop->listeners));
    sim_works_fini(loop);
    wr_timers_fini(&loop->base.timers);
    free(loop->posts.items);
    wr_link_remove(&loop->link);
    free(loop);
}

static weir_err loop_run(wr_loop *base)
{
    sim_loop *loop = sim_loop_of(base);
    while (!loop->stopping)
        if (!step(loop->sim, INT64_MAX, true))
            return loop->sim->end == SIM_LIGHT ? WEIR_E_AGAIN : sim_fail(EIO);
    loop->stopping = false;
    return WEIR_OK;
}

static void loop_stop(wr_loop *base)
{
    sim_loop_of(base)->stopping = true;
}

static weir_err loop_post(wr_loop *base, void (*run)(void *user), void *user)
{
    return wr_posts_add(&sim_loop_of(base)->posts, run, user);
}

static int64_t loop_now_us(const wr_loop *base)
{
    return sim_loop_of(base)->sim->mono_us;
}

static weir_err loop_on_signal(wr_loop *base, int number, void (*run)(void *user, int signal), void *user)
{
    sim_loop *loop = sim_loop_of(base);
    if (loop->signal_count == SIM_SIGNAL_COUNT_MAX)
        return WEIR_E_LIMIT;
    loop->signals[loop->signal_count++] = (sim_signal){.signal = number, .run = run, .user = user};
    return WEIR_OK;
}

const wr_loop_ops sim_loop_ops = {
    .free = loop_free,
    .run = loop_run,
    .stop = loop_stop,
    .post = loop_post,
    .now_us = loop_now_us,
    .on_signal = loop_on_signal,
    .listen = sim_listen,
    .listener_port = sim_listener_port,
    .listener_close = sim_listener_close,
    .connect = sim_connect,
    .stream_wants = sim_stream_wants,
    .stream_read = sim_stream_read,
    .stream_write = sim_stream_write,
    .stream_send_file = sim_stream_send_file,
    .stream_end = sim_stream_end,
    .stream_peer = sim_stream_peer,
    .stream_local = sim_stream_local,
    .stream_close = sim_stream_close,
    .work_start = sim_work_start,
    .work_take = sim_work_take,
    .work_await = sim_work_await,
};
