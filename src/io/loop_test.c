/* The contract of loop.h but for streams and works: timers, posts and signals, on both implementations. */
#include "both_testing.h"

#include <pthread.h>
#include <signal.h>

static void stop(void *user)
{
    wr_loop_stop(((world *)user)->loop);
}

/* ---- timers */
typedef struct tick {
    wr_timer timer;
    struct ticks *all;
    int number;
} tick;

typedef struct ticks {
    world *w;
    tick each[64];
    int order[64];
    int count, expected;
} ticks;

static void ticked(void *user)
{
    tick *t = user;
    CHECK(!wr_timer_started(&t->timer));
    CHECK(wr_loop_now_us(t->all->w->loop) >= t->timer.deadline_us);
    t->all->order[t->all->count++] = t->number;
    if (t->all->count == t->all->expected)
        wr_loop_stop(t->all->w->loop);
}

TEST_BOTH(timers_run_in_the_order_of_their_deadlines)
{
    ticks t = {.w = w, .expected = 40};
    int64_t now_us = wr_loop_now_us(w->loop);
    for (int i = 0; i < 64; i++) {
        t.each[i].all = &t;
        t.each[i].number = i;
        CHECK_OK(wr_timer_start(w->loop, &t.each[i].timer, now_us + (i * 37 % 64) * 100, ticked, &t.each[i]));
    }
    for (int i = 0; i < 64; i++) /* move some, stop some */
        if (i * 37 % 64 >= 40)
            wr_timer_stop(w->loop, &t.each[i].timer);
        else if (i % 3 == 0)
            CHECK_OK(wr_timer_start(w->loop, &t.each[i].timer, now_us + (i * 37 % 64) * 100 + 1, ticked, &t.each[i]));
    wr_timer_stop(w->loop, &t.each[0].timer);
    wr_timer_stop(w->loop, &t.each[0].timer);
    t.expected--;
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(t.count, 39);
    for (int i = 0; i < t.count; i++)
        CHECK_EQ(t.order[i] * 37 % 64, i + 1);
}

typedef struct beat {
    world *w;
    wr_timer timer;
    int left;
} beat;

static void beat_again(void *user)
{
    beat *b = user;
    if (--b->left == 0)
        wr_loop_stop(b->w->loop);
    else
        CHECK_OK(wr_timer_start(b->w->loop, &b->timer, wr_loop_now_us(b->w->loop), beat_again, b));
}

TEST_BOTH(a_timer_may_start_itself_again_at_once)
{
    beat b = {.w = w, .left = 100};
    CHECK_OK(wr_timer_start(w->loop, &b.timer, 0, beat_again, &b));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(b.left, 0);
}

/* ---- the end of a round */
typedef struct rounds {
    world *w;
    wr_round_end first, second, late;
    wr_timer timer;
    int calls_left;
    int called, settled;
    char order[64];
    size_t order_size;
} rounds;

static void call_again(void *user)
{
    rounds *r = user;
    r->called++;
    if (--r->calls_left > 0)
        CHECK_OK(wr_timer_start(r->w->loop, &r->timer, wr_loop_now_us(r->w->loop) + 10, call_again, r));
}

static void write_late(void *user)
{
    rounds *r = user;
    if (r->order_size < sizeof r->order)
        r->order[r->order_size++] = 'c';
}

static void write_first(void *user)
{
    rounds *r = user;
    if (r->order_size < sizeof r->order)
        r->order[r->order_size++] = 'a';
    if (!wr_link_linked(&r->late.link))
        wr_loop_at_round_end(r->w->loop, &r->late, write_late, r);
}

static void settle(void *user)
{
    rounds *r = user;
    if (r->order_size > 0 && r->order_size < 4)
        r->order[r->order_size++] = 'b';
    r->settled++;
    CHECK(r->settled >= r->called); /* the kernel may end a wait early: then a round calls nobody */
    CHECK(!r->w->sim || r->settled == r->called);
    if (r->calls_left == 0)
        wr_loop_stop(r->w->loop);
}

TEST_BOTH(the_end_of_a_round_is_told_once_after_every_call)
{
    rounds r = {.w = w, .calls_left = 50};
    wr_loop_at_round_end(w->loop, &r.second, settle, &r);
    CHECK_OK(wr_timer_start(w->loop, &r.timer, wr_loop_now_us(w->loop) + 10, call_again, &r));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(r.called, 50);
    CHECK(r.settled >= 50);
    wr_round_end_remove(&r.second);
    wr_round_end_remove(&r.second);
}

TEST_BOTH(ends_of_rounds_are_told_in_order_and_one_added_meanwhile_waits_for_the_next)
{
    rounds r = {.w = w, .calls_left = 2};
    wr_loop_at_round_end(w->loop, &r.first, write_first, &r);
    wr_loop_at_round_end(w->loop, &r.second, settle, &r);
    CHECK_OK(wr_timer_start(w->loop, &r.timer, wr_loop_now_us(w->loop) + 10, call_again, &r));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK(r.settled >= 2);
    CHECK(r.order_size >= 5);
    CHECK_EQ(memcmp(r.order, "ababc", 5), 0);
}

static void count_up(void *user)
{
    ++*(int *)user;
}

static void stop_world(void *user)
{
    stop(user);
}

TEST_BOTH(a_duration_that_no_clock_reaches_never_ends_and_one_below_zero_has_ended)
{
    int forever = 0;
    wr_timer never = {0}, now = {0}, end = {0};
    CHECK_OK(wr_timer_after_ms(w->loop, &never, INT64_MAX, count_up, &forever));
    CHECK_OK(wr_timer_after_ms(w->loop, &now, INT64_MIN, count_up, &forever));
    CHECK_OK(wr_timer_after_ms(w->loop, &end, 20, stop_world, w));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(forever, 1);
    CHECK(wr_timer_started(&never));
    wr_timer_stop(w->loop, &never);
}

/* ---- posts */
typedef struct posted {
    world *w;
    int count, expected;
} posted;

static void count_post(void *user)
{
    posted *p = user;
    if (++p->count == p->expected)
        wr_loop_stop(p->w->loop);
}

TEST_BOTH(what_is_posted_runs_in_the_loop_even_when_posted_before_it_runs)
{
    posted p = {.w = w, .expected = 100};
    for (int i = 0; i < 100; i++)
        CHECK_OK(wr_loop_post(w->loop, count_post, &p));
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(p.count, 100);
}

static void *post_many(void *user)
{
    posted *p = user;
    for (int i = 0; i < 1000; i++)
        CHECK_OK(wr_loop_post(p->w->loop, count_post, p));
    return NULL;
}

TEST(posts_from_other_threads_all_run_on_the_real_one)
{
    world w = world_new(0);
    posted p = {.w = &w, .expected = 4000};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_OK(pthread_create(&threads[i], NULL, post_many, &p));
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_EQ(p.count, 4000);
    for (int i = 0; i < 4; i++)
        CHECK_OK(pthread_join(threads[i], NULL));
    world_free(&w);
}

static void *stop_from_afar(void *user)
{
    stop(user);
    return NULL;
}

TEST(another_thread_can_stop_an_idle_real_loop)
{
    world w = world_new(0);
    pthread_t thread;
    CHECK_OK(pthread_create(&thread, NULL, stop_from_afar, &w));
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_OK(pthread_join(thread, NULL));
    world_free(&w);
}

TEST_BOTH(a_stop_before_the_run_is_not_lost)
{
    wr_loop_stop(w->loop);
    CHECK_OK(wr_loop_run(w->loop));
}

/* ---- signals */
static void on_signal(void *user, int signal)
{
    CHECK_EQ(signal, SIGTERM);
    stop(user);
}

TEST_BOTH(a_signal_is_told_by_the_loop)
{
    CHECK_OK(wr_loop_on_signal(w->loop, SIGTERM, on_signal, w));
    if (w->sim)
        wr_sim_signal(w->sim, SIGTERM);
    else
        CHECK_OK(pthread_kill(pthread_self(), SIGTERM));
    CHECK_OK(wr_loop_run(w->loop));
}

/* ---- of the simulator alone */
static void count_tick(void *user)
{
    ++*(int *)user;
}

TEST(simulated_timers_wait_for_the_clock)
{
    world w = world_new(3);
    int count = 0;
    wr_timer timer = {0};
    CHECK_OK(wr_timer_start(w.loop, &timer, wr_loop_now_us(w.loop) + 5000, count_tick, &count));
    CHECK_EQ(wr_sim_run(w.sim, 100), 0);
    CHECK_EQ(wr_sim_next_timer_us(w.sim), wr_mono_us(w.io) + 5000);
    wr_sim_advance_ms(w.sim, 5);
    CHECK_EQ(wr_sim_run(w.sim, 100), 1);
    CHECK_EQ(count, 1);
    CHECK_EQ(wr_sim_next_timer_us(w.sim), -1);
    CHECK_OK(wr_timer_start(w.loop, &timer, wr_loop_now_us(w.loop) + 5000, count_tick, &count));
    CHECK_EQ(wr_sim_run_ms(w.sim, 4, 100), 0);
    CHECK_EQ(wr_sim_run_ms(w.sim, 1, 100), 1);
    CHECK_EQ(wr_loop_run(w.loop), WEIR_E_AGAIN); /* nothing will ever happen */
    world_free(&w);
}
