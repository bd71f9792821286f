/* What members of a group see, sentence by sentence. */
#include "group_testing.h"

/* ---- joining */

TEST(two_members_join_and_each_gets_exactly_what_the_leader_gave_it)
{
    lab *lab = open_lab(DELAY_MS, 1);
    client a = consumer(), b = consumer();
    join(lab, &a);
    join(lab, &b);
    check_state(lab, "PreparingRebalance");
    pass(lab, DELAY_MS - 1);
    CHECK_EQ(a.joining->count, 0);
    pass(lab, DELAY_MS + 1); /* somebody new came, so once more */
    CHECK_EQ(a.joining->count, 1);
    CHECK_EQ(a.generation, 1);
    CHECK_EQ(b.generation, 1);
    CHECK_STR(a.joining->leader, a.id);
    CHECK_STR(b.joining->leader, a.id);
    CHECK(a.joining->shown && !b.joining->shown);
    CHECK_EQ(a.joining->member_count, 2);
    sync_with(lab, &b);
    CHECK_EQ(b.syncing->count, 0); /* waits for the leader */
    sync_with(lab, &a);
    CHECK_STR(a.syncing->assignment, "1/0");
    CHECK_STR(b.syncing->assignment, "1/1");
    CHECK_STR(b.syncing->protocol, "range");
    check_state(lab, "Stable");
    CHECK_STR(sync_with(lab, &b)->assignment, "1/1"); /* the answer may have been lost */
    close_lab(lab);
}

TEST(nobody_is_given_an_assignment_before_it_is_durable)
{
    lab *lab = open_lab(0, 1);
    client a = consumer();
    join(lab, &a);
    lab->slow = true;
    sync_with(lab, &a);
    CHECK_EQ(a.syncing->count, 0);
    check_state(lab, "CompletingRebalance");
    finish_store(lab, WEIR_OK);
    CHECK_STR(a.syncing->assignment, "1/0");

    /* Nor is who asks meanwhile, nor with what was stored for a generation before. */
    client b = consumer();
    join(lab, &b);
    join(lab, &a);
    sync_with(lab, &a); /* its ticket is on the way */
    join(lab, &a);
    a.metadata = "other";
    join(lab, &a);
    CHECK_EQ(a.joining->count, 0);
    join(lab, &b);
    CHECK_EQ(a.generation, 3);
    sync_with(lab, &a);
    sync_with(lab, &b);
    CHECK_EQ(lab->ticket_count, 2);
    finish_store(lab, WEIR_OK);
    CHECK_EQ(a.syncing->count + b.syncing->count, 0);
    finish_store(lab, WEIR_OK);
    CHECK_STR(a.syncing->assignment, "3/0");
    CHECK_STR(b.syncing->assignment, "3/1");
    leave(lab, &b);

    /* And none at all if it cannot be kept. */
    join(lab, &a);
    sync_with(lab, &a);
    finish_store(lab, WEIR_E_IO);
    CHECK_EQ(a.syncing->error, WR_KAFKA_COORDINATOR_NOT_AVAILABLE);
    CHECK_STR(a.syncing->assignment, "");
    check_state(lab, "PreparingRebalance");
    close_lab(lab);
}

TEST(a_new_member_is_told_its_id_and_that_id_expires_unless_it_comes_back)
{
    lab *lab = open_lab(0, 1);
    client a = consumer();
    a.v4 = true;
    CHECK_EQ(join(lab, &a)->error, WR_KAFKA_MEMBER_ID_REQUIRED);
    CHECK_EQ(strncmp(a.id, "c-", 2), 0);
    CHECK_EQ(wr_group_pending_count(lab->group), 1);
    CHECK_EQ(wr_group_member_count(lab->group), 0);
    pass(lab, SESSION_MS);
    CHECK_EQ(wr_group_pending_count(lab->group), 0);
    CHECK_EQ(join(lab, &a)->error, WR_KAFKA_UNKNOWN_MEMBER_ID);

    CHECK_EQ(join(lab, &a)->error, WR_KAFKA_MEMBER_ID_REQUIRED);
    CHECK_EQ(join(lab, &a)->error, WR_KAFKA_NONE);
    CHECK_EQ(wr_group_pending_count(lab->group), 0);
    CHECK_STR(a.joining->leader, a.id);
    close_lab(lab);
}

TEST(a_rebalance_waits_for_a_member_that_was_told_its_id_but_not_longer_than_its_session)
{
    client a = consumer(), b = consumer(), c = consumer();
    lab *lab = open_with_two(&a, &b);
    c.v4 = true;
    join(lab, &c);
    CHECK_EQ(beat(lab, &a), WR_KAFKA_NONE); /* nothing yet */
    join(lab, &a);                          /* the leader asks for a rebalance */
    join(lab, &b);
    CHECK_EQ(a.joining->count, 0);
    pass(lab, SESSION_MS);
    CHECK_EQ(a.joining->count, 1);
    CHECK_EQ(a.joining->member_count, 2);
    CHECK_EQ(b.generation, 2);
    close_lab(lab);
}

TEST(a_third_member_rebalances_the_group_and_the_generation_grows_by_one)
{
    client a = consumer(), b = consumer(), c = consumer();
    lab *lab = open_with_two(&a, &b);
    join(lab, &c);
    check_state(lab, "PreparingRebalance");
    CHECK_EQ(beat(lab, &a), WR_KAFKA_REBALANCE_IN_PROGRESS);
    CHECK_EQ(beat(lab, &b), WR_KAFKA_REBALANCE_IN_PROGRESS);
    CHECK_EQ(sync_with(lab, &b)->error, WR_KAFKA_REBALANCE_IN_PROGRESS);
    join(lab, &b);
    CHECK_EQ(c.joining->count, 0);
    join(lab, &a);
    CHECK_EQ(c.generation, 2);
    CHECK_STR(c.joining->leader, a.id); /* who led leads on */
    CHECK_EQ(a.joining->member_count, 3);
    close_lab(lab);
}

TEST(members_that_do_not_rejoin_in_time_are_left_behind)
{
    client a = consumer(), b = consumer(), c = consumer();
    b.session_ms = 4 * REBALANCE_MS;
    lab *lab = open_with_two(&a, &b);
    join(lab, &c);
    join(lab, &a);
    pass(lab, REBALANCE_MS - 1);
    CHECK_EQ(a.joining->count, 0);
    pass(lab, 1);
    CHECK_EQ(a.joining->member_count, 2);
    CHECK_EQ(beat(lab, &b), WR_KAFKA_UNKNOWN_MEMBER_ID);
    close_lab(lab);
}

TEST(a_member_that_speaks_no_common_protocol_is_refused)
{
    client a = consumer(), b = consumer(), c = consumer();
    a.second = b.second = "roundrobin";
    lab *lab = open_with_two(&a, &b);
    c.protocol = "sticky";
    CHECK_EQ(join(lab, &c)->error, WR_KAFKA_INCONSISTENT_GROUP_PROTOCOL);
    check_state(lab, "Stable");
    c.protocol = "roundrobin";
    join(lab, &c);
    join(lab, &a);
    join(lab, &b);
    CHECK_EQ(c.joining->error, WR_KAFKA_NONE);
    CHECK_STR(c.joining->protocol, "roundrobin"); /* all can it */
    c.session_ms = 1;
    CHECK_EQ(join(lab, &c)->error, WR_KAFKA_INVALID_SESSION_TIMEOUT);
    close_lab(lab);
}

TEST(a_full_group_takes_nobody_more)
{
    client a = consumer(), b = consumer(), c = consumer();
    lab *lab = open_with_two(&a, &b);
    lab->host.config.member_count_max = 2;
    CHECK_EQ(join(lab, &c)->error, WR_KAFKA_GROUP_MAX_SIZE_REACHED);
    check_state(lab, "Stable");
    leave(lab, &b);
    join(lab, &a);
    CHECK_EQ(a.joining->member_count, 1);
    join(lab, &c);
    join(lab, &a);
    CHECK_EQ(c.joining->error, WR_KAFKA_NONE);
    close_lab(lab);
}

TEST(a_follower_that_asks_again_is_told_the_same_generation_and_the_leader_gets_a_new_one)
{
    client a = consumer(), b = consumer();
    lab *lab = open_with_two(&a, &b);
    CHECK_EQ(join(lab, &b)->generation, 1);
    check_state(lab, "Stable");
    CHECK_EQ(join(lab, &a)->count, 0);
    check_state(lab, "PreparingRebalance");
    join(lab, &b);
    CHECK_EQ(a.generation, 2);
    b.metadata = "other"; /* a member that wants something else */
    join(lab, &b);
    check_state(lab, "PreparingRebalance");
    close_lab(lab);
}

/* ---- staying and going */

TEST(a_silent_member_is_removed_and_the_others_rebalance)
{
    client a = consumer(), b = consumer();
    lab *lab = open_with_two(&a, &b);
    pass(lab, SESSION_MS - 1);
    CHECK_EQ(beat(lab, &b), WR_KAFKA_NONE);
    pass(lab, 1); /* a has not been heard of */
    CHECK_EQ(beat(lab, &a), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(beat(lab, &b), WR_KAFKA_REBALANCE_IN_PROGRESS);
    join(lab, &b);
    CHECK_EQ(b.generation, 2);
    CHECK_STR(b.joining->leader, b.id);
    pass(lab, SESSION_MS);
    check_state(lab, "Empty");
    CHECK_EQ(wr_group_deadline(lab->group), INT64_MAX);
    close_lab(lab);
}

TEST(who_leaves_makes_the_others_rebalance_and_the_last_one_empties_the_group)
{
    client a = consumer(), b = consumer();
    lab *lab = open_with_two(&a, &b);
    CHECK_EQ(leave(lab, &a), WR_KAFKA_NONE);
    CHECK_EQ(leave(lab, &a), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(beat(lab, &b), WR_KAFKA_REBALANCE_IN_PROGRESS);
    join(lab, &b);
    CHECK_EQ(b.generation, 2);
    CHECK_EQ(leave(lab, &b), WR_KAFKA_NONE);
    check_state(lab, "Empty");
    CHECK_EQ(wr_group_generation(lab->group), 3);
    close_lab(lab);
}

TEST(a_heartbeat_of_another_generation_or_of_nobody_is_refused)
{
    client a = consumer(), b = consumer(), nobody = consumer();
    lab *lab = open_with_two(&a, &b);
    snprintf(nobody.id, TEXT, "nobody");
    CHECK_EQ(beat(lab, &a), WR_KAFKA_NONE);
    CHECK_EQ(beat(lab, &nobody), WR_KAFKA_UNKNOWN_MEMBER_ID);
    a.generation--;
    CHECK_EQ(beat(lab, &a), WR_KAFKA_ILLEGAL_GENERATION);
    CHECK_EQ(sync_with(lab, &a)->error, WR_KAFKA_ILLEGAL_GENERATION);
    close_lab(lab);
}

TEST(a_leader_that_never_assigns_is_dropped_and_who_waits_for_it_joins_anew)
{
    lab *lab = open_lab(DELAY_MS, 1);
    client a = consumer(), b = consumer();
    a.session_ms = b.session_ms = 4 * REBALANCE_MS;
    join(lab, &a);
    join(lab, &b);
    pass(lab, 2 * DELAY_MS);
    sync_with(lab, &b);
    pass(lab, REBALANCE_MS);
    CHECK_EQ(b.syncing->error, WR_KAFKA_REBALANCE_IN_PROGRESS);
    CHECK_EQ(beat(lab, &a), WR_KAFKA_UNKNOWN_MEMBER_ID);
    join(lab, &b);
    CHECK_STR(b.joining->leader, b.id);
    CHECK_EQ(b.generation, 2);
    close_lab(lab);
}

TEST(only_members_of_the_present_generation_commit_and_strangers_only_while_empty)
{
    client a = consumer(), b = consumer(), tool = consumer();
    lab *lab = open_lab(0, 1);
    CHECK_EQ(may_commit(lab, &tool, -1), WR_KAFKA_NONE);
    close_lab(lab);
    lab = open_with_two(&a, &b);
    CHECK_EQ(may_commit(lab, &tool, -1), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(may_commit(lab, &a, 1), WR_KAFKA_NONE);
    CHECK_EQ(may_commit(lab, &a, 0), WR_KAFKA_ILLEGAL_GENERATION);
    leave(lab, &b);
    CHECK_EQ(may_commit(lab, &b, 1), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(may_commit(lab, &a, 1), WR_KAFKA_NONE); /* a last word before it rejoins */
    join(lab, &a);
    CHECK_EQ(may_commit(lab, &a, 1), WR_KAFKA_ILLEGAL_GENERATION);
    CHECK_EQ(may_commit(lab, &a, 2), WR_KAFKA_REBALANCE_IN_PROGRESS);
    close_lab(lab);
}

TEST(a_member_that_the_leader_forgets_is_given_nothing_and_not_what_it_had)
{
    client a = consumer(), b = consumer();
    lab *lab = open_with_two(&a, &b);
    CHECK_STR(b.syncing->assignment, "1/1");
    join(lab, &a);
    join(lab, &b);
    sync_with(lab, &b);
    sync_some(lab, &a, 1);
    CHECK_STR(a.syncing->assignment, "2/0");
    CHECK_EQ(b.syncing->error, WR_KAFKA_NONE);
    CHECK_STR(b.syncing->assignment, "");
    close_lab(lab);
}

/* ---- static members */

TEST(a_static_member_that_rejoins_keeps_its_assignment_and_fences_its_former_self)
{
    client a = consumer(), b = static_consumer("i");
    lab *lab = open_with_two(&a, &b);
    client old = b, again = static_consumer("i");
    lab->slow = true;
    join(lab, &again);
    CHECK_EQ(again.joining->count, 0); /* until its new id is durable */
    finish_store(lab, WEIR_OK);
    CHECK_EQ(again.generation, 1);
    CHECK(strcmp(again.id, old.id) != 0);
    check_state(lab, "Stable");
    CHECK_EQ(beat(lab, &a), WR_KAFKA_NONE);
    CHECK_STR(sync_with(lab, &again)->assignment, "1/1");
    CHECK_EQ(beat(lab, &old), WR_KAFKA_FENCED_INSTANCE_ID);
    CHECK_EQ(may_commit(lab, &old, 1), WR_KAFKA_FENCED_INSTANCE_ID);
    CHECK_EQ(leave(lab, &old), WR_KAFKA_FENCED_INSTANCE_ID);
    CHECK_EQ(join(lab, &old)->error, WR_KAFKA_FENCED_INSTANCE_ID);
    close_lab(lab);
}

TEST(a_static_leader_that_rejoins_hangs_nobody)
{
    client a = static_consumer("i"), b = consumer();
    lab *lab = open_with_two(&a, &b);
    client second = static_consumer("i"), third = static_consumer("i");
    third.v9 = true;
    join(lab, &second);
    CHECK_STR(second.joining->leader, a.id); /* so that it takes itself for a follower */
    CHECK(!second.joining->shown);
    CHECK_STR(sync_with(lab, &second)->assignment, "1/0");
    join(lab, &third);
    CHECK_STR(third.joining->leader, third.id);
    CHECK(third.joining->shown && third.joining->skip);
    CHECK_STR(sync_with(lab, &b)->assignment, "1/1");
    check_state(lab, "Stable");
    close_lab(lab);
}

TEST(a_static_member_stays_through_a_rebalance_it_misses_until_its_session_ends)
{
    client a = consumer(), b = static_consumer("i"), c = consumer();
    b.session_ms = 3 * REBALANCE_MS;
    lab *lab = open_with_two(&a, &b);
    join(lab, &c);
    join(lab, &a);
    pass(lab, REBALANCE_MS);
    CHECK_EQ(a.joining->member_count, 3);
    sync_with(lab, &c);
    sync_with(lab, &a);
    for (int i = 0; i < 2 * REBALANCE_MS; i += SESSION_MS / 2) {
        CHECK_EQ(beat(lab, &a) + beat(lab, &c), WR_KAFKA_NONE);
        pass(lab, SESSION_MS / 2);
    }
    CHECK_EQ(beat(lab, &a), WR_KAFKA_REBALANCE_IN_PROGRESS);
    CHECK_EQ(wr_group_member_count(lab->group), 2);
    close_lab(lab);
}

TEST(a_static_leader_that_missed_a_rebalance_follows_who_led_meanwhile)
{
    client a = static_consumer("i"), b = consumer();
    a.session_ms = b.session_ms = 3 * REBALANCE_MS;
    lab *lab = open_with_two(&a, &b);
    b.metadata = "other";
    join(lab, &b);
    pass(lab, REBALANCE_MS);
    CHECK_STR(b.joining->leader, b.id);
    sync_with(lab, &b);
    join(lab, &a); /* told the present generation */
    CHECK_STR(a.joining->leader, b.id);
    join(lab, &b);
    join(lab, &a);
    CHECK_EQ(a.generation, 3);
    CHECK_STR(a.joining->leader, b.id);
    close_lab(lab);
}

TEST(a_new_static_member_that_asks_again_waits_as_long_as_any_new_member)
{
    client a = consumer(), b = consumer(), c = static_consumer("i");
    lab *lab = open_with_two(&a, &b);
    answer *first = join(lab, &c);
    join(lab, &c);
    CHECK_EQ(first->error, WR_KAFKA_FENCED_INSTANCE_ID);
    for (int i = 0; i < 4; i++) {
        beat(lab, &a), beat(lab, &b);
        pass(lab, SESSION_MS / 2);
    }
    CHECK_EQ(c.joining->count, 0);
    join(lab, &a);
    join(lab, &b);
    CHECK_EQ(c.joining->error, WR_KAFKA_NONE);
    CHECK_EQ(c.generation, 2);
    close_lab(lab);
}

TEST(a_group_of_absent_static_members_waits_without_spinning)
{
    client a = consumer(), b = static_consumer("i");
    a.rebalance_ms = b.rebalance_ms = 0; /* a client may say so */
    b.session_ms = 3 * REBALANCE_MS;
    lab *lab = open_lab(0, 1);
    join(lab, &b);
    sync_with(lab, &b);
    join(lab, &a);
    pass(lab, 0);
    CHECK_EQ(a.generation, 2);
    leave(lab, &a);
    check_state(lab, "PreparingRebalance");
    pass(lab, b.session_ms - 1); /* pass counts */
    check_state(lab, "PreparingRebalance");
    pass(lab, 2);
    check_state(lab, "Empty");
    close_lab(lab);
}
