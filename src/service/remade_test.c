/* Topics that are deleted and made anew, while a service runs and while it does not. */
#include "outbox_testing.h"

/* All keys are "a", so that one of the two partitions takes them. */
static void read_some(fixture *f, weir_service *service, int count)
{
    fixture_begin(f, service);
    for (int i = 0; i < count; i++)
        fixture_happen(f, "a", i);
    fixture_turns(f, 4);
    CHECK_EQ(COUNT(f, "effects"), count);
    CHECK_EQ(COUNT(f, "weir_inbox WHERE topic_id IS NOT NULL"), COUNT(f, "weir_inbox"));
}

/* `count` events more, of which a position of the old topic would skip some or all. */
static void check_all_read(fixture *f, int from, int count)
{
    fixture_check_once(f, from + count);
    CHECK_EQ(fixture_number(f->database, "SELECT max(next_offset) FROM weir_inbox"), count);
    fixture_check_metric(f, "weir_inbox_remade_partitions_total{service=\"tally\"} 2\n");
    fixture_check_metric(f, "weir_inbox_below_position_total{service=\"tally\"} 0\n");
}

TEST(a_topic_made_anew_while_the_service_is_away_is_read_from_the_start_however_far_it_has_grown)
{
    for (int grown = 1; grown <= 9; grown += 4) { /* shorter than the position, at it, beyond it */
        fixture f;
        weir_service service;
        read_some(&f, &service, 5);
        wr_core_free(f.core);
        f.core = NULL;
        CHECK_OK(wr_sim_topic_remake(f.cluster, "in"));
        for (int i = 0; i < grown; i++)
            fixture_happen(&f, "a", 100 + i);
        fixture_start(&f);
        fixture_turns(&f, 4);
        check_all_read(&f, 5, grown);
        fixture_end(&f);
    }
}

TEST(a_topic_made_anew_while_it_is_read_is_read_from_the_start_however_far_it_has_grown)
{
    for (int grown = 1; grown <= 9; grown += 4) {
        fixture f;
        weir_service service;
        read_some(&f, &service, 5);
        CHECK_OK(wr_sim_topic_remake(f.cluster, "in"));
        for (int i = 0; i < grown; i++)
            fixture_happen(&f, "a", 100 + i);
        fixture_turns(&f, 4);
        check_all_read(&f, 5, grown);
        fixture_restart(&f); /* the new id was kept */
        fixture_turns(&f, 4);
        CHECK_EQ(COUNT(&f, "effects"), 5 + grown);
        fixture_check_metric(&f, "weir_inbox_remade_partitions_total{service=\"tally\"} 0\n");
        fixture_end(&f);
    }
}

TEST(a_position_whose_topic_was_not_known_by_id_yet_stays)
{
    fixture f;
    weir_service service;
    read_some(&f, &service, 3);
    fixture_exec(f.database, "UPDATE weir_inbox SET topic_id = NULL"); /* as the first release has left it */
    fixture_restart(&f);
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 4);
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE topic_id IS NOT NULL"), COUNT(&f, "weir_inbox"));
    fixture_check_metric(&f, "weir_inbox_remade_partitions_total{service=\"tally\"} 0\n");
    fixture_end(&f);
}

TEST(what_is_counted_of_an_event_does_not_count_for_another_at_its_offset)
{
    fixture f;
    weir_service service;
    read_some(&f, &service, 1);
    fixture_exec(f.database, "INSERT INTO weir_attempts SELECT topic, partition, 7, 1 FROM weir_inbox");
    fixture_restart(&f);
    CHECK_OK(wr_sim_topic_remake(f.cluster, "in"));
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "weir_attempts"), 0);
    fixture_end(&f);
}

/* An event of another service's outbox. */
static void append_numbered(fixture *f, int64_t sequence)
{
    fixture_append_numbered(f, "outbox", 0, sequence);
}

TEST(what_was_certain_of_a_sender_is_remembered_however_many_others_come_before_the_next_look)
{
    enum { OTHERS = 12 };
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.senders_max = 8; /* in memory */
    fixture_rejoin(&f);
    for (int64_t i = 1; i <= 3; i++)
        append_numbered(&f, i);
    fixture_turns(&f, 6);
    wr_sim_hold_looks(f.cluster, true);
    CHECK_OK(wr_sim_topic_remake(f.cluster, "in"));
    for (int64_t i = 4; i <= 13; i++)
        append_numbered(&f, i);
    fixture_turns(&f, 4); /* 4 to 6 lie before where the old topic was read to */
    CHECK_EQ(COUNT(&f, "effects"), 3 + 7);
    for (int i = 0; i < OTHERS; i++) {
        char outbox[24];
        snprintf(outbox, sizeof outbox, "other-%d", i);
        fixture_append_numbered(&f, outbox, 1, 1);
    }
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 3 + 7 + OTHERS);
    wr_sim_hold_looks(f.cluster, false);
    fixture_turns(&f, 6);
    fixture_check_once(&f, 3 + 10 + OTHERS);
    fixture_end(&f);
}

TEST(what_was_handled_of_a_new_topic_before_it_was_known_to_be_one_is_not_handled_again_and_the_rest_is)
{
    for (int before = 0; before <= 4; before += 2) { /* events of the old topic in the same second */
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        int64_t sequence = 1;
        while (sequence <= 3)
            append_numbered(&f, sequence++);
        fixture_turns(&f, 6);
        wr_sim_hold_looks(f.cluster, true);
        for (int i = 0; i < before; i++)
            append_numbered(&f, sequence++);
        fixture_turns(&f, 4);
        CHECK_EQ(COUNT(&f, "effects"), 3 + before);
        CHECK_OK(wr_sim_topic_remake(f.cluster, "in"));
        for (int i = 0; i < 10; i++)
            append_numbered(&f, sequence++);
        fixture_turns(&f, 4); /* reads on where the old topic was: only what lies behind is seen */
        CHECK_EQ(COUNT(&f, "effects"), 10);
        wr_sim_hold_looks(f.cluster, false);
        fixture_turns(&f, 6);
        fixture_check_once(&f, sequence - 1);
        append_numbered(&f, sequence);
        append_numbered(&f, sequence); /* a repetition is one still */
        append_numbered(&f, 5);
        fixture_turns(&f, 4);
        CHECK_EQ(COUNT(&f, "effects"), sequence);
        fixture_end(&f);
    }
}

/* The database is ahead of the topic: somebody has deleted it and made it anew, or the broker has lost its end. */
static void make_position_too_high(fixture *f)
{
    fixture_exec(f->database, "UPDATE weir_inbox SET next_offset = 100");
    fixture_restart(f);
}

TEST(a_topic_that_ends_before_the_position_is_read_anew_and_known_events_are_told_by_their_ids)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 3; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 3);
    make_position_too_high(&f);
    for (int i = 3; i < 5; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 5);
    fixture_check_once(&f, 5);
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE next_offset = 5"), 1);
    fixture_check_metric(&f, "weir_inbox_below_position_total{service=\"tally\"} 1\n");
    fixture_end(&f);
}

TEST(a_topic_that_ends_before_the_position_is_read_anew_and_known_events_are_told_by_their_numbers)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    for (int i = 0; i < 3; i++)
        fixture_happen(&f, "a", i);
    fixture_turns(&f, 5);
    fixture audit;
    weir_service audit_service;
    audit_begin(&audit, &audit_service, &f);
    fixture_turns(&audit, 5);
    CHECK_EQ(COUNT(&audit, "effects"), 3);
    make_position_too_high(&audit);
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 5);
    fixture_turns(&audit, 5);
    fixture_check_once(&audit, 4);
    audit_end(&audit);
    fixture_end(&f);
}
