/* One test for both implementations: the real one, and the simulated one with several seeds. */
#ifndef WR_BOTH_TESTING_H
#define WR_BOTH_TESTING_H

#include <io/io.h>
#include <io/loop.h>
#include <testing/io/sim.h>

#include <stdio.h>

#include "test.h"

typedef struct world {
    wr_io *io;
    wr_sim *sim; /* NULL: the real one */
    wr_loop *loop;
    char root[256];
} world;

static inline world world_new(uint64_t seed)
{
    world w = {0};
    if (seed) {
        w.sim = wr_sim_new(seed);
        w.io = wr_sim_io(w.sim);
        snprintf(w.root, sizeof w.root, "/test");
        CHECK_OK(wr_dir_create(w.io, w.root));
    } else {
        CHECK_OK(wr_io_real_new(&w.io));
        snprintf(w.root, sizeof w.root, "%s", test_directory());
    }
    CHECK_OK(wr_loop_new(w.io, &w.loop));
    return w;
}

static inline void world_free(world *w)
{
    wr_loop_free(w->loop);
    wr_io_free(w->io);
    wr_sim_free(w->sim);
}

/* A test of the real loop and of the simulated one with several seeds: TEST_BOTH(name) { … w … } */
#define TEST_BOTH(name)                                                                                                \
    static void name##_in(world *w);                                                                                   \
    TEST(name##_on_the_real_one)                                                                                       \
    {                                                                                                                  \
        world w = world_new(0);                                                                                        \
        name##_in(&w);                                                                                                 \
        world_free(&w);                                                                                                \
    }                                                                                                                  \
    TEST(name##_on_the_simulated_one)                                                                                  \
    {                                                                                                                  \
        for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 20; seed++) {                                      \
            world w = world_new(seed);                                                                                 \
            name##_in(&w);                                                                                             \
            world_free(&w);                                                                                            \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_in(world *w)

#endif
