/* The group's machine on a virtual clock, with a disk that is as slow or broken as a test wants it. */
#include "group.h"

#include <wire/kafka.h>

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

enum {
    SESSION_MS = 10000,
    REBALANCE_MS = 60000,
    DELAY_MS = 3000,
    ANSWERS = 6000,
    MEMBERS = 32,
    TEXT = 48,
    TICKETS = 64
};

struct client;

/* What came for one JoinGroup or SyncGroup. */
typedef struct answer {
    struct client *of;
    int count; /* exactly one in the end, unless its connection was closed */
    bool forgotten;
    int16_t error;
    int32_t generation;
    bool shown, skip; /* the members were shown; told to skip the assignment */
    size_t member_count;
    char members[MEMBERS][TEXT];
    char leader[TEXT], member[TEXT], protocol[TEXT], assignment[TEXT];
} answer;

/* One consumer, as it would behave. */
typedef struct client {
    const char *instance; /* NULL: dynamic */
    const char *protocol, *second, *metadata;
    int32_t session_ms, rebalance_ms;
    bool v4, v9;
    char id[TEXT];
    int32_t generation;
    answer *joining, *syncing; /* the last of each */
} client;

typedef struct lab {
    wr_group_host host;
    wr_group *group;
    int64_t now_ms;
    uint64_t chance;
    bool slow; /* the disk: tickets wait for finish_store */
    uint64_t tickets[TICKETS];
    size_t ticket_count;
    answer *answers;
    size_t answer_count;
} lab;

static void put(char ret_text[TEXT], weir_slice from)
{
    CHECK(from.size < TEXT);
    snprintf(ret_text, TEXT, "%.*s", (int)from.size, from.data ? (const char *)from.data : "");
}

static void on_joined(void *user, void *waiter, const wr_group_joined *told)
{
    (void)user;
    answer *to = waiter;
    to->count++;
    to->error = told->error;
    to->generation = told->generation;
    to->skip = told->skip_assignment;
    put(to->leader, told->leader_id);
    put(to->member, told->member_id);
    put(to->protocol, told->protocol_name);
    to->shown = told->members_of != NULL;
    wr_group_member_view view;
    for (const wr_group_member *m = NULL; told->members_of && (m = wr_group_member_next(told->members_of, m, &view));) {
        CHECK(to->member_count < MEMBERS);
        put(to->members[to->member_count++], view.id);
    }
    client *of = to->of;
    if (of->joining != to)
        return; /* it has asked again since */
    if (told->error == WR_KAFKA_NONE || told->error == WR_KAFKA_MEMBER_ID_REQUIRED) {
        memcpy(of->id, to->member, TEXT);
        of->generation = told->generation;
    } else if (told->error == WR_KAFKA_UNKNOWN_MEMBER_ID || told->error == WR_KAFKA_FENCED_INSTANCE_ID) {
        of->id[0] = '\0';
    }
}

static void on_synced(void *user, void *waiter, const wr_group_synced *told)
{
    (void)user;
    answer *to = waiter;
    to->count++;
    to->error = told->error;
    put(to->assignment, told->assignment);
    put(to->protocol, told->protocol_name);
}

static void on_store(void *user, wr_group *group, uint64_t ticket)
{
    lab *lab = user;
    if (!lab->slow) {
        wr_group_stored(group, ticket, WEIR_OK, lab->now_ms);
        return;
    }
    CHECK(lab->ticket_count < TICKETS);
    lab->tickets[lab->ticket_count++] = ticket;
}

static void on_changed(void *user, const wr_group *group, wr_group_state from, const char *cause)
{
    (void)user, (void)group, (void)from, (void)cause;
}

static void on_random(void *user, void *ret_bytes, size_t size)
{
    lab *lab = user;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)ret_bytes)[i] = (uint8_t)test_random(&lab->chance);
}

static lab *open_lab(int64_t delay_ms, uint64_t seed)
{
    lab *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->answers = calloc(ANSWERS, sizeof *made->answers);
    CHECK(made->answers != NULL);
    made->host = (wr_group_host){.config = wr_group_config_default,
                                 .store = on_store,
                                 .joined = on_joined,
                                 .synced = on_synced,
                                 .changed = on_changed,
                                 .random = on_random,
                                 .user = made};
    made->host.config.initial_delay_ms = delay_ms;
    made->chance = seed;
    made->now_ms = 1000000;
    made->group = wr_group_new(&made->host, WEIR_SLICE("g"), made);
    CHECK(made->group != NULL);
    return made;
}

/* Everybody was answered once, and no byte is still on the account. */
static void close_lab(lab *lab)
{
    wr_group_release(lab->group, WR_KAFKA_COORDINATOR_NOT_AVAILABLE);
    for (size_t i = 0; i < lab->answer_count; i++)
        CHECK_EQ(lab->answers[i].count, lab->answers[i].forgotten ? 0 : 1);
    wr_group_free(lab->group);
    CHECK_EQ(lab->host.memory_size, 0);
    free(lab->answers);
    free(lab);
}

static void finish_store(lab *lab, weir_err err)
{
    CHECK(lab->ticket_count > 0);
    uint64_t ticket = lab->tickets[0];
    memmove(lab->tickets, lab->tickets + 1, --lab->ticket_count * sizeof lab->tickets[0]);
    wr_group_stored(lab->group, ticket, err, lab->now_ms);
}

static void pass(lab *lab, int64_t ms)
{
    int64_t until_ms = lab->now_ms + ms;
    for (int i = 0; wr_group_deadline(lab->group) <= until_ms; i++) {
        CHECK(i < 10000); /* else time stands still */
        int64_t at_ms = wr_group_deadline(lab->group);
        lab->now_ms = at_ms > lab->now_ms ? at_ms : lab->now_ms;
        wr_group_expire(lab->group, lab->now_ms);
    }
    lab->now_ms = until_ms;
}

static client consumer(void)
{
    return (client){.protocol = "range", .metadata = "m", .session_ms = SESSION_MS, .rebalance_ms = REBALANCE_MS};
}

static client static_consumer(const char *instance)
{
    client made = consumer();
    made.instance = instance;
    return made;
}

static answer *ask(lab *lab, client *of)
{
    CHECK(lab->answer_count < ANSWERS);
    answer *made = &lab->answers[lab->answer_count++];
    made->of = of;
    return made;
}

static answer *join(lab *lab, client *of)
{
    wr_group_protocol protocols[] = {{weir_slice_of(of->protocol), weir_slice_of(of->metadata)},
                                     {weir_slice_of(of->second), weir_slice_of(of->metadata)}};
    wr_group_join in = {.member_id = weir_slice_of(of->id),
                        .instance_id = weir_slice_of(of->instance),
                        .client_id = WEIR_SLICE("c"),
                        .client_host = WEIR_SLICE("/h"),
                        .protocol_type = WEIR_SLICE("consumer"),
                        .protocols = protocols,
                        .protocol_count = of->second ? 2 : 1,
                        .session_timeout_ms = of->session_ms,
                        .rebalance_timeout_ms = of->rebalance_ms,
                        .need_known_id = of->v4,
                        .can_skip_assignment = of->v9};
    of->joining = ask(lab, of);
    answer *asked = of->joining;
    wr_group_handle_join(lab->group, &in, asked, lab->now_ms);
    return asked;
}

/* The leader gives the k-th of the members it was shown "<generation>/<k>". */
static answer *sync_with(lab *lab, client *of)
{
    const answer *seen = of->joining;
    wr_group_assignment assignments[MEMBERS];
    char texts[MEMBERS][TEXT];
    size_t count = seen && seen->count == 1 && seen->shown ? seen->member_count : 0;
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i], TEXT, "%d/%zu", (int)of->generation, i);
        assignments[i] = (wr_group_assignment){weir_slice_of(seen->members[i]), weir_slice_of(texts[i])};
    }
    wr_group_sync in = {.member_id = weir_slice_of(of->id),
                        .instance_id = weir_slice_of(of->instance),
                        .generation = of->generation,
                        .assignments = assignments,
                        .assignment_count = count};
    of->syncing = ask(lab, of);
    answer *asked = of->syncing;
    wr_group_handle_sync(lab->group, &in, asked, lab->now_ms);
    return asked;
}

static int16_t beat(lab *lab, const client *of)
{
    return wr_group_heartbeat(lab->group, weir_slice_of(of->id), weir_slice_of(of->instance), of->generation,
                              lab->now_ms);
}

static int16_t leave(lab *lab, const client *of)
{
    return wr_group_leave(lab->group, weir_slice_of(of->id), weir_slice_of(of->instance), lab->now_ms);
}

static int16_t may_commit(lab *lab, const client *of, int32_t generation)
{
    return wr_group_check_commit(lab->group, weir_slice_of(of->id), weir_slice_of(of->instance), generation,
                                 lab->now_ms);
}

static void check_state(const lab *lab, const char *state)
{
    CHECK_STR(wr_group_state_name(wr_group_state_of(lab->group)), state);
}

/* Two members in a stable generation 1, a leading. */
static lab *open_with_two(client *a, client *b)
{
    lab *made = open_lab(DELAY_MS, 7);
    join(made, a);
    join(made, b);
    pass(made, 2 * DELAY_MS);
    sync_with(made, b);
    sync_with(made, a);
    check_state(made, "Stable");
    CHECK_EQ(a->joining->error + b->joining->error + a->syncing->error + b->syncing->error, 0);
    return made;
}

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

/* ---- chance */

enum { CLIENTS = 7, STEPS = 2500, SEEDS = 40, GENERATIONS = STEPS + 2 };

typedef struct ledger {
    client clients[CLIENTS];
    const client *leaders[GENERATIONS];
    const client *holders[GENERATIONS][MEMBERS];
    size_t checked; /* answers before this one */
    int32_t generation;
} ledger;

static void check_answer(ledger *ledger, const answer *got)
{
    if (got->error != WR_KAFKA_NONE)
        return;
    if (got->shown && !got->skip) { /* the leader */
        CHECK(got->generation < GENERATIONS);
        const client **leader = &ledger->leaders[got->generation];
        CHECK(*leader == NULL || *leader == got->of);
        *leader = got->of;
    }
    if (got->assignment[0]) {
        int generation = -1, part = -1;
        CHECK_EQ(sscanf(got->assignment, "%d/%d", &generation, &part), 2);
        CHECK(generation <= ledger->generation && part >= 0 && part < MEMBERS);
        const client **holder = &ledger->holders[generation][part];
        CHECK(*holder == NULL || *holder == got->of);
        *holder = got->of;
    }
}

static void check_all(lab *lab, ledger *ledger)
{
    int32_t generation = wr_group_generation(lab->group);
    CHECK(generation >= ledger->generation);
    ledger->generation = generation;
    for (size_t i = ledger->checked; i < lab->answer_count; i++) {
        CHECK(lab->answers[i].count <= !lab->answers[i].forgotten);
        if (lab->answers[i].count == 1)
            check_answer(ledger, &lab->answers[i]);
    }
    while (ledger->checked < lab->answer_count &&
           (lab->answers[ledger->checked].count > 0 || lab->answers[ledger->checked].forgotten))
        ledger->checked++;
}

static void hang_up(lab *lab, answer *waits)
{
    if (!waits || waits->count > 0 || waits->forgotten)
        return;
    waits->forgotten = true;
    wr_group_forget(lab->group, waits);
}

static void step(lab *lab, client *of)
{
    uint64_t dice = test_random(&lab->chance) % 100;
    if (dice < 30) {
        join(lab, of);
    } else if (dice < 55) {
        sync_with(lab, of);
    } else if (dice < 70) {
        beat(lab, of);
    } else if (dice < 74) {
        leave(lab, of);
    } else if (dice < 77) {
        of->id[0] = '\0'; /* a new process */
    } else if (dice < 80) {
        hang_up(lab, of->joining);
        hang_up(lab, of->syncing);
    } else if (dice < 82) {
        of->metadata = of->metadata[0] == 'm' ? "n" : "m";
    } else if (dice < 92) {
        if (lab->ticket_count > 0)
            finish_store(lab, dice == 82 ? WEIR_E_IO : WEIR_OK);
    } else {
        pass(lab, (int64_t)(test_random(&lab->chance) % (dice == 99 ? REBALANCE_MS : SESSION_MS / 4)));
    }
}

static void run_chance(uint64_t seed)
{
    static const char *const instances[CLIENTS] = {"i0", "i1", "i2"};
    lab *lab = open_lab(seed % 2 ? DELAY_MS : 0, seed);
    ledger *story = calloc(1, sizeof *story);
    CHECK(story != NULL);
    lab->slow = true;
    lab->host.config.member_count_max = MEMBERS / 2 - 2; /* a joiner may stand beside those about to be dropped */
    for (int i = 0; i < CLIENTS; i++) {
        story->clients[i] = static_consumer(instances[i]);
        story->clients[i].v4 = i % 2;
        story->clients[i].v9 = i % 3 == 0;
    }
    for (int i = 0; i < STEPS; i++) {
        while (lab->ticket_count > TICKETS / 2)
            finish_store(lab, WEIR_OK);
        step(lab, &story->clients[test_random(&lab->chance) % CLIENTS]);
        check_all(lab, story);
    }
    CHECK(story->generation > 3);
    while (lab->ticket_count > 0)
        finish_store(lab, WEIR_OK);
    lab->slow = false;
    pass(lab, 60 * REBALANCE_MS); /* all are silent */
    check_all(lab, story);
    check_state(lab, "Empty");
    CHECK_EQ(wr_group_pending_count(lab->group), 0);
    CHECK_EQ(wr_group_deadline(lab->group), INT64_MAX);
    free(story);
    close_lab(lab);
}

TEST(whatever_members_do_one_leads_and_nothing_is_given_twice_in_a_generation)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        run_chance(seed);
}
