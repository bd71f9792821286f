/* What is remembered of other services' outboxes is bounded, and keeps what it promises. */
#include "core_testing.h"

static void append_from(fixture *f, int sender, int64_t sequence)
{
    char outbox[40];
    snprintf(outbox, sizeof outbox, "outbox-%d", sender);
    fixture_append_numbered(f, outbox, 0, sequence);
}

static void settle(fixture *f)
{
    fixture_turns(f, 6);
}

TEST(a_repetition_is_known_however_many_senders_came_between)
{
    enum { SENDERS = 50 };
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.senders_max = 8; /* in memory; the table is cut only once a minute */
    f.options.batch_max = 7;
    fixture_rejoin(&f);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < SENDERS; i++)
            append_from(&f, i, 5);
    fixture_turns(&f, 40);
    CHECK_EQ(COUNT(&f, "effects"), SENDERS);
    for (int i = 0; i < SENDERS; i++)
        append_from(&f, i, i % 2 ? 4 : 6);
    fixture_turns(&f, 40);
    CHECK_EQ(COUNT(&f, "effects"), SENDERS + SENDERS / 2);
    CHECK_EQ(COUNT(&f, "weir_senders WHERE highest = 6"), SENDERS / 2);
    fixture_end(&f);
}

TEST(a_batch_may_be_from_more_senders_than_memory_holds)
{
    enum { SENDERS = 30 };
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.senders_max = 8;
    f.options.batch_max = 100;
    fixture_rejoin(&f);
    append_from(&f, 0, 1);
    settle(&f); /* the table is cut with this batch, and not again for a minute */
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < SENDERS; i++)
            append_from(&f, i, 5);
    fixture_turns(&f, 10);
    CHECK_EQ(COUNT(&f, "effects"), 1 + SENDERS);
    CHECK_EQ(COUNT(&f, "weir_senders WHERE highest = 5"), SENDERS);
    for (int i = 0; i < SENDERS; i++)
        append_from(&f, i, 4 + i % 3); /* a third of them is new */
    fixture_turns(&f, 10);
    CHECK_EQ(COUNT(&f, "effects"), 1 + SENDERS + SENDERS / 3);
    fixture_end(&f);
}

TEST(senders_past_the_limit_go_silent_ones_first_and_a_start_succeeds)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 20; i++) {
        append_from(&f, i, 1);
        settle(&f);
        wr_sim_advance_ms(f.machine, 100);
    }
    append_from(&f, 0, 2); /* the first one is heard of again */
    settle(&f);
    CHECK_EQ(COUNT(&f, "weir_senders"), 20);
    f.options.senders_max = 8;
    fixture_rejoin(&f);
    wr_sim_advance_ms(f.machine, 61000);
    append_from(&f, 19, 2);
    settle(&f);
    CHECK_EQ(COUNT(&f, "weir_senders"), 8);
    CHECK_EQ(COUNT(&f, "weir_senders WHERE outbox_id IN ('outbox-0', 'outbox-19', 'outbox-18')"), 3);
    CHECK_EQ(COUNT(&f, "weir_senders WHERE outbox_id IN ('outbox-1', 'outbox-2')"), 0);
    fixture_end(&f);
}

TEST(a_sender_is_forgotten_after_the_time_in_which_the_service_ran_and_not_before)
{
    const int64_t day_ms = 86400000;
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    append_from(&f, 1, 1);
    settle(&f);
    /* A clock that is set forth by a year forgets nothing, nor does a year in which nothing ran. */
    wr_sim_set_wall_ms(f.machine, wr_now_ms(wr_sim_io(f.machine)) + 365 * day_ms);
    append_from(&f, 2, 1);
    settle(&f);
    wr_core_free(f.core);
    wr_sim_set_wall_ms(f.machine, wr_now_ms(wr_sim_io(f.machine)) + 365 * day_ms);
    fixture_start(&f);
    append_from(&f, 2, 2);
    append_from(&f, 1, 1);
    settle(&f);
    CHECK_EQ(COUNT(&f, "weir_senders"), 2);
    CHECK_EQ(COUNT(&f, "effects"), 3);
    wr_sim_advance_ms(f.machine, 29 * day_ms);
    append_from(&f, 2, 3);
    settle(&f);
    CHECK_EQ(COUNT(&f, "weir_senders"), 2);
    wr_sim_advance_ms(f.machine, 2 * day_ms);
    append_from(&f, 2, 4);
    settle(&f);
    CHECK_EQ(COUNT(&f, "weir_senders"), 1);
    fixture_end(&f);
}

TEST(ids_are_forgotten_as_fast_as_they_come)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_exec(f.database, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 45000)"
                             " INSERT INTO weir_seen (source, id, seen_ms) SELECT 's', i, 5 FROM n");
    for (int i = 0; i < 6; i++) {
        wr_sim_advance_ms(f.machine, 1000);
        fixture_happen(&f, "a", i);
        fixture_turns(&f, 2);
    }
    CHECK_EQ(COUNT(&f, "weir_seen"), 6);
    fixture_end(&f);
}
