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
    fixture_turns_ms(&f, 20, 10);
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure));
    int told = 0;
    for (int i = 0; i < PARTITIONS; i++)
        told += wr_sim_committed(f.cluster, "tally", "many", i) == 1;
    CHECK_EQ(told, PARTITIONS);
    fixture_end(&f);
}

TEST(a_group_whose_name_with_the_prefix_is_too_long_is_said_and_not_cut)
{
    fixture f;
    weir_service service;
    char group[251];
    fixture_begin(&f, &service);
    wr_core_free(f.core);
    f.core = NULL;
    memset(group, 'g', sizeof group - 1);
    for (int size = 248; size <= 250; size++) {
        group[size] = 0;
        f.options.group = group;
        f.options.topic_prefix = size == 250 ? "" : "p";
        weir_err err = wr_core_new(&f.options, &f.core, &f.failure);
        CHECK_EQ(err, size == 248 ? WEIR_OK : WEIR_E_USAGE);
        wr_core_free(f.core);
        f.core = NULL;
        group[size] = 'g';
    }
    CHECK(strstr(f.failure.sentence, "group"));
    fixture_end(&f);
}
