/* The data directory's own name, and those of the directories above it, after kills and power cuts. */
#include "data_dir.h"

#include <stdio.h>
#include <string.h>
#include <testing/io/sim.h>

#include "test.h"

enum { SEEDS = 20 };

/* Opens it and lets go of it as a process that is killed. */
static weir_err use(wr_sim *sim, const char *directory, char ret_cluster_id[WR_CLUSTER_ID_MAX + 1])
{
    wr_data_dir *dir;
    bool clean;
    weir_failure failure = {0};
    const wr_data_dir_config config = {.directory = directory};
    weir_err err = wr_data_dir_open(wr_sim_io(sim), &config, &dir, &clean, &failure);
    if (err != WEIR_OK)
        return err;
    snprintf(ret_cluster_id, WR_CLUSTER_ID_MAX + 1, "%s", wr_data_dir_cluster_id(dir));
    return wr_data_dir_close(dir, false);
}

static void check_a_kill_is_made_up_for(const char *directory, bool power)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        bool dark = true;
        for (uint64_t n = 0; dark; n++) {
            char first[WR_CLUSTER_ID_MAX + 1] = "", second[WR_CLUSTER_ID_MAX + 1] = "";
            wr_sim *sim = wr_sim_new(seed);
            if (power)
                wr_sim_cut_at(sim, n);
            else
                wr_sim_kill_at(sim, n);
            weir_err err = use(sim, directory, first);
            dark = wr_sim_dark(sim);
            CHECK(dark || err == WEIR_OK);
            wr_sim_restart(sim);
            CHECK_OK(use(sim, directory, first));
            wr_sim_cut(sim); /* whatever the second start was told is there has to stay */
            wr_sim_restart(sim);
            CHECK_OK(use(sim, directory, second));
            CHECK_STR(second, first);
            wr_sim_free(sim);
        }
    }
}

TEST(a_directory_that_was_made_before_a_kill_survives_the_power_cut_after_the_next_start)
{
    check_a_kill_is_made_up_for("/data", false);
    check_a_kill_is_made_up_for("/srv/weir/data", false);
    check_a_kill_is_made_up_for("/srv//weir/data/", false);
}

TEST(a_directory_that_was_made_before_a_power_cut_survives_the_one_after_the_next_start)
{
    check_a_kill_is_made_up_for("/data", true);
    check_a_kill_is_made_up_for("/srv/weir/data", true);
}
