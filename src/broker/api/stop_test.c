/* A stop: what waits for the disk runs beside the loop, and whatever ends it early loses nothing. */
#include <testing/broker/rig.h>

#include "test.h"

#include <stdio.h>

enum { TOPICS = 3, PARTITIONS = 7, BATCHES = 2 };

static void fill(wr_rig *rig)
{
    wr_rig_client *client = wr_rig_connect(rig);
    for (int t = 0; t < TOPICS; t++) {
        char name[32];
        snprintf(name, sizeof name, "orders-%d", t);
        wr_rig_create(client, name, PARTITIONS);
        for (int i = 0; i < PARTITIONS * BATCHES; i++)
            CHECK_EQ(wr_rig_produce(client, name, i % PARTITIONS, i % 2 ? -1 : 1,
                                    wr_rig_batch(rig, name, i, 3, -1, 0, 0), NULL),
                     WR_KAFKA_NONE);
    }
    wr_rig_disconnect(client);
}

static void check_all(wr_rig *rig)
{
    wr_rig_client *client = wr_rig_connect(rig);
    for (int t = 0; t < TOPICS; t++)
        for (int i = 0; i < PARTITIONS; i++) {
            char name[32];
            int64_t high_watermark = -1;
            snprintf(name, sizeof name, "orders-%d", t);
            CHECK_EQ(wr_rig_fetch(client, name, i, 0, NULL, &high_watermark), WR_KAFKA_NONE);
            CHECK_EQ(high_watermark, 3 * BATCHES);
        }
    wr_rig_disconnect(client);
}

TEST(a_stop_makes_no_call_on_the_loop_that_may_block)
{
    for (int ephemeral = 0; ephemeral < 2; ephemeral++) {
        wr_rig *rig = wr_rig_new(3, (const char *const[]){ephemeral ? "ephemeral=true" : NULL, NULL});
        fill(rig);
        CHECK_OK(wr_rig_stop(rig));
        CHECK_EQ(wr_sim_blocking_count(rig->sim), 0);
        CHECK_EQ(wr_path_exists(wr_sim_io(rig->sim), "/data"), !ephemeral);
        CHECK_EQ(wr_path_exists(wr_sim_io(rig->sim), "/data/.kafka_cleanshutdown"), !ephemeral);
        if (!ephemeral) {
            CHECK_OK(wr_rig_start(rig));
            check_all(rig);
        }
        wr_rig_free(rig);
    }
}

TEST(a_stop_that_is_cut_short_at_any_write_loses_nothing)
{
    for (int how = 0; how < 3; how++) { /* the power, the process, or somebody who does not wait */
        bool early = true;
        for (uint64_t n = 0; early; n += 5) {
            wr_rig *rig = wr_rig_new(n + 1, NULL);
            fill(rig);
            wr_rig_run_ms(rig, 10000);
            uint64_t at = wr_sim_write_count(rig->sim) + n;
            if (how == 0)
                wr_sim_cut_at(rig->sim, at);
            else if (how == 1)
                wr_sim_kill_at(rig->sim, at);
            wr_broker_stop(rig->broker, 5000, NULL, NULL);
            for (int ms = 0; ms < 2000 && !wr_sim_dark(rig->sim) && (how < 2 || wr_sim_write_count(rig->sim) < at);
                 ms++)
                wr_rig_run_ms(rig, 1);
            early = how < 2 ? wr_sim_dark(rig->sim) : wr_sim_write_count(rig->sim) >= at;
            wr_rig_drop(rig);
            CHECK_OK(wr_rig_start(rig));
            check_all(rig);
            wr_rig_free(rig);
        }
    }
}

TEST(a_log_that_cannot_be_closed_is_said_and_the_next_start_reads_it)
{
    wr_rig *rig = wr_rig_new(5, NULL);
    fill(rig);
    wr_rig_run_ms(rig, 1000);
    wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim) + 3, 5 /* EIO */);
    weir_err err = wr_rig_stop(rig);
    CHECK_EQ(err, WEIR_E_IO);
    CHECK_EQ(wr_rig_told(rig, "partition cannot be closed in order"), 1);
    CHECK(!wr_path_exists(wr_sim_io(rig->sim), "/data/.kafka_cleanshutdown"));
    CHECK_OK(wr_rig_start(rig));
    check_all(rig);
    wr_rig_free(rig);
}
