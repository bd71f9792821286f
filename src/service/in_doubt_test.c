/* Rows that were sent and of which nobody heard: whatever becomes of them afterwards, their effects come once. */
#include "outbox_testing.h"

/* Events 1 and 2 of the key "a" were sent: 1 is refused, 2 is appended behind it, and neither is heard. */
static void begin_unheard(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    fixture_turns(f, 2);
    wr_sim_refuse(f->cluster, "out", 1);
    wr_sim_hold_acks(f->cluster, true);
    fixture_happen(f, "a", 1);
    fixture_happen(f, "a", 2);
    fixture_turns(f, 1);
}

TEST(what_was_published_behind_a_refused_row_is_not_published_under_another_number)
{
    fixture f;
    weir_service service;
    begin_unheard(&f, &service);
    wr_sim_release_acks(f.cluster, 1); /* the refusal is heard, the other's acknowledgement is not */
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 3); /* never sent: it waits behind the refused one */
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state <> 0"), 2);
    wr_sim_hold_acks(f.cluster, false);
    fixture_restart(&f);
    fixture_turns_ms(&f, 6, 100);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 3);
    fixture_end(&f);
}

TEST(a_row_that_was_under_way_behind_a_refused_one_keeps_its_number_when_the_producer_breaks)
{
    fixture f;
    weir_service service;
    begin_unheard(&f, &service);
    wr_sim_release_acks(f.cluster, 1); /* the refusal is heard; the other is appended, which nobody knows */
    fixture_turns(&f, 2);
    wr_sim_break_producers(f.cluster);
    fixture_turns(&f, 2);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns_ms(&f, 6, 100);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 2);
    fixture_end(&f);
}

TEST(a_refusal_of_which_nobody_heard_before_the_process_ended_loses_no_effect)
{
    fixture f;
    weir_service service;
    begin_unheard(&f, &service);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns_ms(&f, 6, 100);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3); /* 2, 1, 2 */
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 2);
    fixture_end(&f);
}

/* Two rows of one key are sent and not acknowledged, and the first is refused when it is sent again. */
static void refuse_again(bool are_appended, bool by_another_producer)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_hold_acks(f.cluster, true);
    wr_sim_hold_appends(f.cluster, !are_appended);
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 1);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), are_appended ? 2 : 0);
    if (by_another_producer)
        wr_sim_break_producers(f.cluster);
    else
        fixture_restart(&f);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_appends(f.cluster, false);
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns_ms(&f, 4, 100);
    fixture_happen(&f, "a", 3); /* waits behind it */
    fixture_happen(&f, "b", 4);
    fixture_turns_ms(&f, 4, 100);
    fixture_check_health(&f, true, "\"degraded\":true");
    fixture_check_health(&f, true, "\"refused\":2");
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE sequence = 1 AND state = 0"), 1);
    fixture_turns_ms(&f, 8, 20000);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_check_health(&f, true, "\"degraded\":false");
    char numbers[OUT_TEXT_SIZE];
    list_out(&f, numbers);
    CHECK(is_before(numbers, 1, 3));
    CHECK_EQ(audited(&f), 4);
    fixture_end(&f);
}

TEST(a_row_that_may_be_published_and_is_refused_in_a_second_life_is_neither_lost_nor_doubled)
{
    refuse_again(true, false);
    refuse_again(false, false);
}

TEST(a_row_that_may_be_published_and_is_refused_to_another_producer_is_neither_lost_nor_doubled)
{
    refuse_again(true, true);
    refuse_again(false, true);
}

/* As when the answer to the first attempt is lost, and somebody lowers max.message.bytes before the second. */
TEST(a_row_that_is_refused_after_an_attempt_that_nobody_answered_is_neither_lost_nor_doubled)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse_after_append(f.cluster, "out");
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    fixture_turns_ms(&f, 4, 100);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE sequence = 1 AND state = 0"), 1);
    fixture_turns_ms(&f, 8, 20000);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 2);
    fixture_end(&f);
}

/* Refusals, broken producers, lost acknowledgements and ends of the process, as chance has it. */
static void live_through(uint64_t seed)
{
    enum { STEPS = 120 };
    fixture f;
    weir_service service;
    wr_sim *dice = wr_sim_new(seed);
    int n = 0;
    fixture_begin(&f, &service);
    f.options.batch_max = 3;
    fixture_rejoin(&f);
    for (int step = 0; step < STEPS; step++) {
        uint64_t draw = wr_random_u64(wr_sim_io(dice));
        int more = (int)(draw >> 32) % 3;
        switch (draw % 12) {
        case 0:
            wr_sim_refuse(f.cluster, "out", 1 + (size_t)more);
            break;
        case 1:
            wr_sim_break_producers(f.cluster);
            break;
        case 2:
            wr_sim_hold_acks(f.cluster, more > 0);
            break;
        case 3:
            wr_sim_hold_appends(f.cluster, more > 1);
            break;
        case 4:
            fixture_rejoin(&f);
            break;
        case 5:
            wr_sim_release_acks(f.cluster, (size_t)more);
            break;
        case 6:
            wr_sim_advance_ms(f.machine, 30000);
            break;
        default:
            for (int i = 0; i <= more; i++, n++)
                fixture_happen(&f, (const char *[]){"a", "b", "c"}[(draw >> (40 + i)) % 3], n);
        }
        CHECK_OK(wr_core_turn(f.core, 50, &f.failure));
    }
    wr_sim_refuse(f.cluster, "out", 0);
    wr_sim_hold_acks(f.cluster, false);
    wr_sim_hold_appends(f.cluster, false);
    fixture_turns_ms(&f, 40, 20000);
    CHECK_EQ(COUNT(&f, "effects"), n);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    f.options.batch_max = 500;
    int64_t counted = audited(&f);
    if (counted != n)
        fail_msg("seed %llu: %lld effects of %d events", (unsigned long long)seed, (long long)counted, n);
    fixture_end(&f);
    wr_sim_free(dice);
}

TEST(no_effect_is_lost_or_doubled_by_refusals_and_ends_in_any_order)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        live_through(1000 * test_seed() + seed);
}

TEST(a_drain_does_not_wait_for_rows_that_are_held_back)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 1);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    wr_sim_refuse(f.cluster, "out", 1);
    fixture_turns_ms(&f, 4, 100);
    int64_t start_ms = fixture_now_ms(&f);
    CHECK_OK(wr_core_drain(f.core, 8000, &f.failure));
    CHECK(fixture_now_ms(&f) - start_ms < 1000);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 0"), 1);
    fixture_end(&f);
}

TEST(a_row_in_doubt_that_is_refused_for_longer_than_readers_remember_gets_a_new_number)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_exec(
        f.database,
        fixture_is_on_server()
            ? "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
              " SELECT n, 'out', 'a'::bytea, '{}'::bytea, ''::bytea, 1 FROM generate_series(1, 2) AS n"
            : "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms) VALUES"
              " (1, 'out', CAST('a' AS BLOB), x'7b7d', x'', 1), (2, 'out', CAST('a' AS BLOB), x'7b7d', x'', 1)");
    fixture_exec(f.database, "INSERT INTO weir_meta (key, value) VALUES ('outbox.sequence', '70000')"
                             " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    wr_sim_refuse(f.cluster, "out", 2);
    fixture_rejoin(&f);
    fixture_turns_ms(&f, 3, 100);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 0"), 2);
    fixture_happen(&f, "b", 1);
    fixture_turns_ms(&f, 3, 100);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state <> 0"), 2);
    fixture_turns_ms(&f, 8, 20000);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3);
    fixture_end(&f);
}

TEST(a_topic_that_grows_before_its_sender_ends_loses_no_effect)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 1); /* refused, which nobody hears */
    CHECK_OK(wr_admin_add_partitions(f.client, "out", 4, false, 100, &f.failure));
    for (int i = 2; i < 20; i++) /* some of them to the partition to which the first one goes now */
        fixture_happen_apart(&f, i);
    fixture_turns(&f, 2);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    fixture_turns_ms(&f, 6, 100);
    CHECK_EQ(audited(&f), 19);
    fixture_end(&f);
}
