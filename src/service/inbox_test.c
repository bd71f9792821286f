#include "core_testing.h"

TEST(the_group_is_told_of_all_partitions_however_many_there_are)
{
    enum { PARTITIONS = 600 };
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    CHECK_OK(wr_sim_topic_add(f.cluster, "many", PARTITIONS));
    service.consumes = "many";
    f.options.breaker_rejections = -1;
    fixture_restart(&f);
    fixture_turns(&f, 1);
    for (int i = 0; i < PARTITIONS; i++) {
        wr_client_record record = {.topic = "many", .partition = i, .value = WEIR_SLICE("no event")};
        CHECK_OK(wr_sim_append(f.cluster, &record));
    }
    for (int i = 0; i < 20; i++)
        CHECK_OK(wr_core_turn(f.core, 10, &f.failure));
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure));
    int told = 0;
    for (int i = 0; i < PARTITIONS; i++)
        told += wr_sim_committed(f.cluster, "tally", "many", i) == 1;
    CHECK_EQ(told, PARTITIONS);
    fixture_end(&f);
}
