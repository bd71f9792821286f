/* The power is cut at every write-like call of a scenario; then again in what follows the restart. */
#include "model_testing.h"

#include <testing/io/sim.h>

#include <stdlib.h>

enum { STEPS = 90 };

/* False when the scenario ended before the cut. */
static bool cut_at(uint64_t seed, uint64_t n)
{
    wr_sim *sim = wr_sim_new(seed * 1000003 + n);
    model *m = malloc(sizeof *m);
    model_init(m, seed, wr_sim_io(sim));
    wr_sim_cut_at(sim, n);
    weir_err err = model_open(m);
    for (int i = 0; i < STEPS && err == WEIR_OK; i++)
        err = model_step(m);
    bool cut = wr_sim_dark(sim);
    CHECK(cut || err == WEIR_OK);
    model_crash(m);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    model_check(m);

    wr_sim_cut_at(sim, n % 23); /* soon after, perhaps while recovering once more */
    err = WEIR_OK;
    if (n % 2 == 0) {
        model_crash(m);
        err = model_open(m);
    }
    for (int i = 0; i < 10 && err == WEIR_OK; i++)
        err = model_step(m);
    model_crash(m);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    model_check(m);
    for (int i = 0; i < 5; i++)
        CHECK_OK(model_step(m));
    model_compare(m, 500);
    model_crash(m);
    free(m);
    wr_sim_free(sim);
    return cut;
}

TEST(nothing_promised_is_lost_when_the_power_is_cut_at_any_write)
{
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 6; seed++)
        for (uint64_t n = 0; cut_at(seed, n); n++)
            continue;
}
