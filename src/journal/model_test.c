/* The log against a naive model in memory: random appends, reads, syncs, rolls, trims, retention, reopening. */
#include "model_testing.h"

#include <testing/io/sim.h>

#include <stdlib.h>

static void run(uint64_t seed, int steps)
{
    wr_sim *sim = wr_sim_new(seed);
    model *m = malloc(sizeof *m);
    model_init(m, seed, wr_sim_io(sim));
    CHECK_OK(model_open(m));
    for (int i = 0; i < steps; i++) {
        CHECK_OK(model_step(m));
        CHECK_EQ(wr_log_end_offset(m->log), model_end(m));
        if (i % 7 == 0)
            model_compare(m, 1 + model_random(m, 3000));
        if (i % 5 == 0) {
            int producer = (int)model_random(m, MODEL_NONE);
            model_send_again(m, producer, (int)model_random(m, 5));
            CHECK_OK(model_find_time(m, 1000 + (int64_t)model_random(m, 1100)));
        }
    }
    model_crash(m);
    model_check(m);
    CHECK_OK(wr_log_close(m->log));
    free(m);
    wr_sim_free(sim);
}

TEST(the_log_does_what_the_model_says)
{
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 40; seed++)
        run(seed, 250);
}
