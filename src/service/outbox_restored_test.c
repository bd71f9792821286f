/* A database that was restored from a copy: docs/concepts.md says what is to be done, and this is what comes of it. */
#include "core_int.h"
#include "core_testing.h"

TEST(an_outbox_whose_id_was_deleted_gets_another_one_and_keeps_counting)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    char before[WR_UUID_TEXT_SIZE];
    snprintf(before, sizeof before, "%s", wr_core_outbox_id(f.core));
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure)); /* nothing is left that may be published twice */
    wr_core_free(f.core);
    f.core = NULL;
    fixture_exec(f.database, "DELETE FROM weir_meta WHERE key = 'outbox.id'");
    fixture_start(&f);
    wr_sim_rebalance(f.cluster, "tally");
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 3);
    CHECK(strcmp(wr_core_outbox_id(f.core), before) != 0);
    int32_t p = wr_sim_end(f.cluster, "out", 0) ? 0 : 1;
    CHECK_EQ(wr_sim_end(f.cluster, "out", p), 2);
    CHECK_STR(fixture_header(&f, "out", p, 0, "weir-outbox-id"), before);
    CHECK_STR(fixture_header(&f, "out", p, 1, "weir-outbox-id"), wr_core_outbox_id(f.core));
    CHECK_STR(fixture_header(&f, "out", p, 1, "weir-outbox-sequence"), "2");
    fixture_end(&f);
}
