/* Works beside the loop, on both implementations: their order, their answers, cancelling, and what a crash leaves. */
#include "both_testing.h"

#include <errno.h>
#include <pthread.h>

static void stop(void *user)
{
    wr_loop_stop(((world *)user)->loop);
}

enum { WORK_COUNT = 40 };

typedef struct works works;

typedef struct job {
    works *all;
    int number;
    weir_err answer;
    bool ran;
    int done_at; /* 0: not yet */
    weir_err told;
    int told_errno;
} job;

struct works {
    world *w;
    job each[WORK_COUNT];
    int run_order[WORK_COUNT]; /* of works that share an order, or of the simulator */
    int run_count, done_count, expected;
    pthread_barrier_t meeting; /* passed by works that all run at the same time */
};

static works works_of(world *w, int expected)
{
    works all = {.w = w, .expected = expected};
    for (int i = 0; i < WORK_COUNT; i++)
        all.each[i] = (job){.number = i};
    return all;
}

static weir_err work_run(void *user)
{
    job *j = user;
    j->ran = true;
    errno = j->answer == WEIR_OK ? 0 : ENOSPC;
    return j->answer;
}

static weir_err work_run_noting(void *user)
{
    job *j = user;
    j->all->run_order[j->all->run_count++] = j->number;
    return work_run(j);
}

static void work_done(void *user, weir_err err)
{
    job *j = user;
    j->told_errno = errno;
    j->told = err;
    CHECK_EQ(j->done_at, 0);
    j->done_at = ++j->all->done_count;
    if (j->all->done_count == j->all->expected)
        stop(j->all->w);
}

static void start(works *all, int number, wr_work_order *order, weir_err (*run)(void *user))
{
    all->each[number].all = all;
    CHECK_OK(wr_loop_work(all->w->loop, order, run, work_done, &all->each[number]));
}

TEST_BOTH(works_that_are_waited_for_have_run_and_were_told_in_their_order_though_no_loop_runs)
{
    works all = works_of(w, WORK_COUNT + 1); /* nobody stops the loop */
    wr_work_order order = {0}, other = {0};
    for (int i = 0; i < WORK_COUNT; i++) {
        all.each[i].answer = i % 2 ? WEIR_E_FULL : WEIR_OK;
        start(&all, i, i < WORK_COUNT / 2 ? &order : &other, work_run);
    }
    wr_loop_work_finish(w->loop, &order);
    for (int i = 0; i < WORK_COUNT / 2; i++) {
        CHECK_EQ(all.each[i].done_at, i + 1);
        CHECK_EQ(all.each[i].told, all.each[i].answer);
        CHECK(all.each[i].ran);
    }
    CHECK_EQ(all.done_count, WORK_COUNT / 2);
    wr_loop_work_finish(w->loop, &other);
    wr_loop_work_finish(w->loop, &other); /* nothing is left */
    CHECK_EQ(all.done_count, WORK_COUNT);
    CHECK_EQ(all.each[1].told_errno, ENOSPC);
}

TEST_BOTH(every_work_runs_and_its_answer_is_told_with_its_errno)
{
    works all = works_of(w, WORK_COUNT);
    for (int i = 0; i < WORK_COUNT; i++) {
        all.each[i].answer = i % 2 ? WEIR_E_FULL : WEIR_OK;
        start(&all, i, NULL, work_run);
    }
    CHECK_OK(wr_loop_run(w->loop));
    for (int i = 0; i < WORK_COUNT; i++) {
        CHECK(all.each[i].ran);
        CHECK_EQ(all.each[i].told, i % 2 ? WEIR_E_FULL : WEIR_OK);
        CHECK_EQ(all.each[i].told_errno, i % 2 ? ENOSPC : 0);
    }
}

TEST_BOTH(works_of_one_order_run_and_are_told_one_after_the_other)
{
    works all = works_of(w, WORK_COUNT);
    wr_work_order order = {0};
    for (int i = 0; i < WORK_COUNT; i++)
        start(&all, i, &order, work_run_noting);
    CHECK_OK(wr_loop_run(w->loop));
    for (int i = 0; i < WORK_COUNT; i++) {
        CHECK_EQ(all.run_order[i], i);
        CHECK_EQ(all.each[i].done_at, i + 1);
    }
    CHECK(!order.under_way && !order.waiting);
}

static weir_err work_meet(void *user)
{
    pthread_barrier_wait(&((job *)user)->all->meeting);
    return work_run(user);
}

TEST(a_work_that_waits_does_not_hold_others_on_the_real_one)
{
    world w = world_new(0);
    works all = works_of(&w, WR_LOOP_WORKER_COUNT_MAX);
    CHECK_OK(pthread_barrier_init(&all.meeting, NULL, WR_LOOP_WORKER_COUNT_MAX));
    for (int i = 0; i < WR_LOOP_WORKER_COUNT_MAX; i++)
        start(&all, i, NULL, work_meet);
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_EQ(all.done_count, WR_LOOP_WORKER_COUNT_MAX);
    pthread_barrier_destroy(&all.meeting);
    world_free(&w);
}

TEST_BOTH(cancelling_an_order_tells_each_of_its_works_once_and_leaves_others)
{
    works all = works_of(w, WORK_COUNT);
    wr_work_order order = {0};
    for (int i = 0; i < WORK_COUNT; i++)
        start(&all, i, i % 2 ? &order : NULL, work_run);
    wr_loop_work_cancel(w->loop, &order);
    int ran = 0;
    for (int i = 1; i < WORK_COUNT; i += 2) {
        job *j = &all.each[i];
        CHECK(j->done_at > 0);
        CHECK_EQ(j->told, j->ran ? WEIR_OK : WEIR_E_CLOSED);
        ran += j->ran;
    }
    CHECK(ran <= 1);
    CHECK(!order.under_way && !order.waiting);
    wr_loop_work_cancel(w->loop, &order); /* nothing is left */
    CHECK_OK(wr_loop_run(w->loop));
    CHECK_EQ(all.done_count, WORK_COUNT);
}

TEST_BOTH(a_loop_that_is_freed_forgets_its_works)
{
    works all = works_of(w, WORK_COUNT);
    wr_work_order order = {0};
    for (int i = 0; i < WORK_COUNT; i++)
        start(&all, i, i % 2 ? &order : NULL, work_run);
    wr_loop_free(w->loop);
    CHECK_EQ(all.done_count, 0);
    CHECK_OK(wr_loop_new(w->io, &w->loop));
}

/* ---- syncs */
typedef struct syncs {
    world *w;
    wr_file *files[3];
    int count;
} syncs;

static weir_err sync_files(void *user)
{
    syncs *s = user;
    weir_err err = WEIR_OK;
    for (int i = 0; i < 3 && err == WEIR_OK; i++)
        err = s->files[i] ? wr_file_sync(s->files[i]) : WEIR_OK;
    return err;
}

static void synced(void *user, weir_err err)
{
    syncs *s = user;
    CHECK_OK(err);
    if (++s->count == 3)
        stop(s->w);
}

TEST_BOTH(files_are_synced_beside_the_loop)
{
    syncs s = {.w = w};
    for (int i = 0; i < 3; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/f%d", w->root, i);
        CHECK_OK(wr_file_open(w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &s.files[i]));
        CHECK_OK(wr_file_write(s.files[i], 0, "x", 1));
    }
    for (int i = 0; i < 3; i++)
        CHECK_OK(wr_loop_work(w->loop, NULL, sync_files, synced, &s));
    CHECK_OK(wr_file_write(s.files[0], 1, "y", 1)); /* beside the sync */
    CHECK_OK(wr_loop_run(w->loop));
    for (int i = 0; i < 3; i++)
        wr_file_close(s.files[i]);
}

TEST_BOTH(a_loop_can_be_freed_while_a_sync_is_under_way)
{
    syncs s = {.w = w};
    char path[300];
    snprintf(path, sizeof path, "%s/f", w->root);
    CHECK_OK(wr_file_open(w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &s.files[0]));
    CHECK_OK(wr_loop_work(w->loop, NULL, sync_files, synced, &s));
    wr_loop_free(w->loop);
    wr_file_close(s.files[0]);
    CHECK_EQ(s.count, 0);
    CHECK_OK(wr_loop_new(w->io, &w->loop));
}

/* ---- of the simulator alone */
typedef struct one_sync {
    wr_file *file;
    int told;
} one_sync;

static weir_err sync_one(void *user)
{
    return wr_file_sync(((one_sync *)user)->file);
}

static void note_error(void *user, weir_err err)
{
    ((one_sync *)user)->told = err == WEIR_OK ? 1 : -1;
}

TEST(nothing_runs_and_nobody_is_told_while_the_power_is_off)
{
    world w = world_new(3);
    one_sync sync = {0};
    CHECK_OK(wr_file_open(w.io, "/f", WR_FILE_WRITE | WR_FILE_CREATE, &sync.file));
    wr_sim_cut_at(w.sim, wr_sim_write_count(w.sim));
    CHECK_OK(wr_loop_work(w.loop, NULL, sync_one, note_error, &sync));
    CHECK(wr_sim_step(w.sim)); /* the power goes during the sync */
    CHECK_OK(wr_loop_post(w.loop, stop, &w));
    CHECK(!wr_sim_step(w.sim));
    CHECK_EQ(sync.told, 0);
    CHECK_EQ(wr_loop_run(w.loop), WEIR_E_IO);
    wr_file_close(sync.file);
    world_free(&w);
}

TEST(independent_works_overtake_each_other_and_a_seed_always_gives_the_same_run)
{
    int overtaken = 0;
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 20; seed++) {
        uint64_t digests[2];
        for (int round = 0; round < 2; round++) {
            world w = world_new(seed);
            works all = works_of(&w, WORK_COUNT);
            for (int i = 0; i < WORK_COUNT; i++)
                start(&all, i, NULL, work_run_noting);
            CHECK_OK(wr_loop_run(w.loop));
            for (int i = 0; i < WORK_COUNT; i++)
                overtaken += all.run_order[i] != i;
            digests[round] = wr_sim_digest(w.sim);
            world_free(&w);
        }
        CHECK_EQ(digests[0], digests[1]);
    }
    CHECK(overtaken > 20 * WORK_COUNT);
}

static weir_err work_write(void *user)
{
    job *j = user;
    wr_file *file;
    char path[300];
    snprintf(path, sizeof path, "%s/%d", j->all->w->root, j->number);
    weir_err err = wr_file_open(j->all->w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file);
    if (err != WEIR_OK)
        return err;
    err = wr_file_write(file, 0, "x", 1);
    wr_file_close(file);
    j->ran = err == WEIR_OK;
    return err;
}

TEST(after_a_kill_nothing_runs_and_nobody_is_told_but_who_cancels)
{
    int ran_untold = 0;
    for (uint64_t n = 0; n < 2 * WORK_COUNT; n++) {
        world w = world_new(n + 1);
        works all = works_of(&w, WORK_COUNT + 1);
        wr_work_order order = {0};
        for (int i = 0; i < WORK_COUNT; i++)
            start(&all, i, i % 3 ? &order : NULL, work_write);
        wr_sim_kill_at(w.sim, wr_sim_write_count(w.sim) + n);
        CHECK_EQ(wr_loop_run(w.loop), WEIR_E_IO);
        int told = 0, ran = 0;
        for (int i = 0; i < WORK_COUNT; i++) {
            told += all.each[i].done_at > 0;
            ran += all.each[i].ran;
        }
        ran_untold += ran - told;
        CHECK_EQ(ran, (int)n / 2);
        CHECK_EQ(told, all.done_count);
        wr_loop_work_cancel(w.loop, &order);
        for (int i = 0; i < WORK_COUNT; i++)
            CHECK(i % 3 == 0 || all.each[i].done_at > 0);
        wr_sim_restart(w.sim);
        CHECK_EQ(wr_loop_run(w.loop), WEIR_E_AGAIN); /* its works were the dead process's */
        world_free(&w);
    }
    CHECK(ran_untold > WORK_COUNT);
}

static void block_in_a_callback(void *user)
{
    world *w = user;
    CHECK_OK(wr_dir_sync(w->io, w->root));
    stop(w);
}

static weir_err block_in_a_work(void *user)
{
    world *w = ((job *)user)->all->w;
    return wr_dir_sync(w->io, w->root);
}

TEST(a_call_that_may_block_is_noticed_in_a_callback_of_the_loop_and_nowhere_else)
{
    world w = world_new(1);
    CHECK_OK(wr_dir_sync(w.io, w.root));
    works all = works_of(&w, 1);
    wr_sim_forbid_blocking(w.sim, NULL);
    start(&all, 0, NULL, block_in_a_work);
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_EQ(wr_sim_blocking_count(w.sim), 0);
    wr_sim_permit_blocking(w.sim);
    CHECK_OK(wr_loop_post(w.loop, block_in_a_callback, &w));
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_EQ(wr_sim_blocking_count(w.sim), 1);
    static const wr_sim_call allowed[] = {{"dir sync", ""}, {NULL, NULL}};
    wr_sim_forbid_blocking(w.sim, allowed);
    CHECK_OK(wr_loop_post(w.loop, block_in_a_callback, &w));
    CHECK_OK(wr_loop_run(w.loop));
    CHECK_EQ(wr_sim_blocking_count(w.sim), 2);
    world_free(&w);
}
