/* Memory ends while the publisher hears that a row is refused. */
#include "core_int.h"
#include "core_testing.h"

#include <allocation.h>

/* Rows 1 and 2 are under way, and 1 is refused. */
static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    fixture_turns(f, 2);
    wr_sim_hold_acks(f->cluster, true);
    wr_sim_refuse(f->cluster, "out", 1);
    fixture_happen(f, "a", 1);
    fixture_happen(f, "b", 2);
    fixture_turns(f, 1);
    CHECK_EQ(f->core->publisher.sent_count, 2);
    wr_sim_release_acks(f->cluster, 1);
}

TEST(a_row_that_is_refused_when_memory_ends_stays_in_the_outbox)
{
    bool has_failed = true;
    int failures = 0;
    for (size_t nth = 1; has_failed; nth++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        test_fail_allocation(nth);
        weir_err err = wr_publisher_run(f.core, &f.failure);
        has_failed = test_allocation_failed();
        failures += err == WEIR_E_MEMORY;
        CHECK_EQ(f.core->publisher.sent_count, 1);
        f.core->is_broken = true;
        wr_core_settle(f.core, 0);
        CHECK_EQ(COUNT(&f, "weir_outbox WHERE sequence = 1"), 1);
        fixture_end(&f);
    }
    CHECK(failures > 0);
}
