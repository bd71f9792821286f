/* Consumer groups through a whole broker: what clients are answered, and what a stop, a kill and a power cut leave. The
 * state machine alone, with its clock and its disk in hand, is tested in group_test.c. */
#include "offsets_testing.h"

#include <group/groups.h>
#include <wire/heartbeat.h>
#include <wire/join_group.h>
#include <wire/leave_group.h>
#include <wire/sync_group.h>

#include <stdio.h>

enum { SESSION_MS = 10000, REBALANCE_MS = 30000, ID_SIZE = 80, ROUNDS = 6, WAIT_MS = 1000 };

static const char *const settings[] = {"group.initial.rebalance.delay.ms=0", NULL};

typedef struct member {
    wr_rig_client *client;
    const char *instance;
    char id[ID_SIZE];
    int32_t generation;
} member;

static weir_slice instance_of(const member *of)
{
    return weir_slice_of(of->instance);
}

static void send_join(const member *of)
{
    wr_join_group_request_protocol protocol = {WEIR_SLICE("range"), WEIR_SLICE("metadata")};
    wr_join_group_request in = {.group_id = WEIR_SLICE("g"),
                                .session_timeout_ms = SESSION_MS,
                                .rebalance_timeout_ms = REBALANCE_MS,
                                .member_id = weir_slice_of(of->id),
                                .group_instance_id = instance_of(of),
                                .protocol_type = WEIR_SLICE("consumer"),
                                .protocols = &protocol,
                                .protocol_count = 1};
    wr_rig_send(of->client, WR_API_JOIN_GROUP, 9, &in);
}

/* NULL: no answer came. */
static const wr_join_group_response *receive_join(member *of)
{
    const wr_join_group_response *out = wr_rig_receive(of->client, WR_API_JOIN_GROUP, 9, WAIT_MS);
    if (out && (out->error_code == WR_KAFKA_NONE || out->error_code == WR_KAFKA_MEMBER_ID_REQUIRED)) {
        CHECK(out->member_id.size < ID_SIZE);
        snprintf(of->id, ID_SIZE, "%.*s", (int)out->member_id.size, (const char *)out->member_id.data);
        of->generation = out->generation_id;
    }
    return out;
}

static const wr_join_group_response *join(member *of)
{
    send_join(of);
    const wr_join_group_response *out = receive_join(of);
    if (!out || out->error_code != WR_KAFKA_MEMBER_ID_REQUIRED)
        return out;
    send_join(of);
    return receive_join(of);
}

static void send_sync(const member *of, const wr_join_group_response *led)
{
    wr_sync_group_request_assignment assignments[4];
    int32_t count = led ? led->member_count : 0;
    CHECK(count <= 4);
    for (int32_t i = 0; i < count; i++) /* each its own id, so that it can tell */
        assignments[i] = (wr_sync_group_request_assignment){led->members[i].member_id, led->members[i].member_id};
    wr_sync_group_request in = {.group_id = WEIR_SLICE("g"),
                                .generation_id = of->generation,
                                .member_id = weir_slice_of(of->id),
                                .group_instance_id = instance_of(of),
                                .assignments = assignments,
                                .assignment_count = count};
    wr_rig_send(of->client, WR_API_SYNC_GROUP, 4, &in);
}

static const wr_sync_group_response *receive_sync(const member *of)
{
    return wr_rig_receive(of->client, WR_API_SYNC_GROUP, 4, WAIT_MS);
}

static int16_t beat(const member *of, int32_t generation)
{
    wr_heartbeat_request in = {.group_id = WEIR_SLICE("g"),
                               .generation_id = generation,
                               .member_id = weir_slice_of(of->id),
                               .group_instance_id = instance_of(of)};
    const wr_heartbeat_response *out = wr_rig_call(of->client, WR_API_HEARTBEAT, 4, &in);
    CHECK(out != NULL);
    return out->error_code;
}

static int16_t leave(const member *of)
{
    wr_leave_group_request_member who = {.member_id = weir_slice_of(of->id), .group_instance_id = instance_of(of)};
    wr_leave_group_request in = {.group_id = WEIR_SLICE("g"), .members = &who, .member_count = 1};
    const wr_leave_group_response *out = wr_rig_call(of->client, WR_API_LEAVE_GROUP, 5, &in);
    CHECK(out && out->member_count == 1);
    CHECK_EQ(out->error_code, WR_KAFKA_NONE);
    return out->members[0].error_code;
}

/* Two members in a stable generation, a leading, and offset 41 committed. */
static wr_rig *open_with_two(member *a, member *b)
{
    wr_rig *rig = wr_rig_new(5, settings);
    a->client = wr_rig_connect(rig);
    b->client = wr_rig_connect(rig);
    wr_rig_create(a->client, "orders", 1);
    CHECK_EQ(join(a)->error_code, WR_KAFKA_NONE);
    send_sync(a, NULL);
    CHECK_EQ(receive_sync(a)->error_code, WR_KAFKA_NONE);
    if (!b->instance) {
        send_join(b);
        CHECK_EQ(receive_join(b)->error_code, WR_KAFKA_MEMBER_ID_REQUIRED);
    }
    send_join(b);
    wr_rig_run_ms(rig, 10);
    CHECK_EQ(beat(a, a->generation), WR_KAFKA_REBALANCE_IN_PROGRESS);
    const wr_join_group_response *led = join(a);
    CHECK_EQ(receive_join(b)->error_code, WR_KAFKA_NONE);
    CHECK_EQ(led->member_count, 2);
    CHECK_EQ(a->generation, 2);
    CHECK_EQ(b->generation, 2);
    send_sync(b, NULL);
    send_sync(a, led);
    const wr_sync_group_response *given = receive_sync(a);
    CHECK(weir_slice_equal(given->assignment, weir_slice_of(a->id)));
    given = receive_sync(b);
    CHECK(weir_slice_equal(given->assignment, weir_slice_of(b->id)));
    CHECK_EQ(commit_as_member(a->client, a->id, 2, 41, WEIR_SLICE("note")), WR_KAFKA_NONE);
    return rig;
}

static void check_came_back(wr_rig *rig, member *a, member *b)
{
    a->client = start_again(rig);
    b->client = wr_rig_connect(rig);
    CHECK_EQ(committed(a->client, "g", "orders"), 41);
    CHECK_EQ(beat(a, 2), WR_KAFKA_NONE); /* nobody notices */
    send_sync(b, NULL);
    const wr_sync_group_response *given = receive_sync(b);
    CHECK_EQ(given->error_code, WR_KAFKA_NONE);
    CHECK(weir_slice_equal(given->assignment, weir_slice_of(b->id)));
    CHECK_EQ(commit_as_member(b->client, b->id, 2, 41, WEIR_SLICE("note")), WR_KAFKA_NONE);
}

TEST(a_group_its_members_and_its_offsets_outlive_a_stop_a_kill_and_a_power_cut)
{
    member a = {0}, b = {0};
    wr_rig *rig = open_with_two(&a, &b);
    CHECK_OK(wr_rig_stop(rig));
    check_came_back(rig, &a, &b);
    wr_rig_kill(rig);
    check_came_back(rig, &a, &b);
    wr_rig_cut(rig);
    check_came_back(rig, &a, &b);
    wr_rig_free(rig);
}

TEST(members_that_do_not_come_back_after_a_start_are_expired)
{
    member a = {0}, b = {0};
    wr_rig *rig = open_with_two(&a, &b);
    wr_rig_kill(rig);
    check_came_back(rig, &a, &b);
    wr_rig_run_ms(rig, SESSION_MS - 100);
    CHECK_EQ(beat(&a, 2), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 200);
    CHECK_EQ(beat(&a, 2), WR_KAFKA_REBALANCE_IN_PROGRESS);
    CHECK_EQ(beat(&b, 2), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(join(&a)->generation_id, 3);
    wr_rig_free(rig);
}

TEST(a_static_members_new_id_is_durable_before_it_is_told)
{
    member a = {0}, b = {.instance = "i"};
    wr_rig *rig = open_with_two(&a, &b);
    member again = {.client = b.client, .instance = "i"};
    const wr_join_group_response *out = join(&again);
    CHECK_EQ(out->error_code, WR_KAFKA_NONE);
    CHECK_EQ(out->generation_id, 2);
    wr_rig_cut(rig);
    a.client = b.client = again.client = start_again(rig);
    CHECK_EQ(beat(&again, 2), WR_KAFKA_NONE);
    CHECK_EQ(beat(&b, 2), WR_KAFKA_FENCED_INSTANCE_ID);
    CHECK_EQ(beat(&a, 2), WR_KAFKA_NONE);
    send_sync(&again, NULL);
    CHECK(weir_slice_equal(receive_sync(&again)->assignment, weir_slice_of(b.id))); /* what it had */
    wr_rig_free(rig);
}

TEST(commits_of_an_old_generation_and_of_strangers_change_nothing)
{
    member a = {0}, b = {0};
    wr_rig *rig = open_with_two(&a, &b);
    CHECK_EQ(commit_as_member(a.client, a.id, 1, 7, WEIR_SLICE("note")), WR_KAFKA_ILLEGAL_GENERATION);
    CHECK_EQ(commit_as_member(a.client, "nobody", 2, 7, WEIR_SLICE("note")), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(commit_as_member(a.client, "", -1, 7, WEIR_SLICE("note")), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(committed(a.client, "g", "orders"), 41);
    CHECK_EQ(leave(&a), WR_KAFKA_NONE);
    CHECK_EQ(leave(&b), WR_KAFKA_NONE);
    CHECK_EQ(leave(&b), WR_KAFKA_UNKNOWN_MEMBER_ID);
    CHECK_EQ(commit_as_member(a.client, "", -1, 42, WEIR_SLICE("note")), WR_KAFKA_NONE); /* nobody is there now */
    CHECK_EQ(committed(a.client, "g", "orders"), 42);
    wr_rig_free(rig);
}

TEST(a_closed_connection_takes_its_answer_along_and_not_its_member)
{
    member a = {0}, b = {0};
    wr_rig *rig = open_with_two(&a, &b);
    send_join(&a); /* the leader asks for a rebalance, and goes */
    wr_rig_run_ms(rig, 10);
    wr_rig_disconnect(a.client);
    wr_rig_run_ms(rig, 10);
    const wr_join_group_response *out = join(&b);
    CHECK_EQ(out->error_code, WR_KAFKA_NONE);
    CHECK(weir_slice_equal(out->leader, weir_slice_of(a.id)));
    send_sync(&b, NULL);
    a.client = wr_rig_connect(rig);
    out = join(&a); /* told the same again */
    CHECK_EQ(out->generation_id, 3);
    CHECK_EQ(out->member_count, 2);
    send_sync(&a, out);
    CHECK_EQ(receive_sync(&a)->error_code, WR_KAFKA_NONE);
    CHECK(weir_slice_equal(receive_sync(&b)->assignment, weir_slice_of(b.id)));
    send_join(&a); /* and the broker stops while somebody waits */
    wr_rig_run_ms(rig, 10);
    CHECK_OK(wr_rig_stop(rig));
    wr_rig_free(rig);
}

TEST(an_id_that_nobody_came_back_with_leaves_no_group)
{
    wr_rig *rig = wr_rig_new(6, settings);
    member a = {.client = wr_rig_connect(rig)};
    send_join(&a);
    CHECK_EQ(receive_join(&a)->error_code, WR_KAFKA_MEMBER_ID_REQUIRED);
    CHECK_EQ(wr_groups_count(rig->broker->groups), 1);
    wr_rig_run_ms(rig, SESSION_MS + 10);
    CHECK_EQ(wr_groups_count(rig->broker->groups), 0);
    send_join(&a);
    CHECK_EQ(receive_join(&a)->error_code, WR_KAFKA_UNKNOWN_MEMBER_ID);
    wr_rig_free(rig);
}

/* ---- power */

/* Generation after generation, until the lights go out. Answers the last one whose assignment was answered. */
static int32_t rebalance_until_dark(wr_rig *rig, member *a, int32_t *ret_asked)
{
    int32_t given = 0;
    for (int i = 0; i < ROUNDS && !wr_sim_dark(rig->sim); i++) {
        const wr_join_group_response *led = join(a);
        if (!led || led->error_code != WR_KAFKA_NONE)
            continue;
        *ret_asked = a->generation;
        send_sync(a, led);
        const wr_sync_group_response *out = receive_sync(a);
        if (out && out->error_code == WR_KAFKA_NONE)
            given = a->generation;
    }
    return given;
}

/* False: the story ended before write n. */
static bool run_story(uint64_t n, bool cut)
{
    wr_rig *rig = wr_rig_new(test_seed() + 900 + n, settings);
    member a = {.client = wr_rig_connect(rig)};
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    if (cut)
        wr_sim_cut_at(rig->sim, at);
    else
        wr_sim_kill_at(rig->sim, at);
    int32_t asked = 0, given = rebalance_until_dark(rig, &a, &asked);
    bool reached = wr_sim_dark(rig->sim);
    if (reached)
        wr_rig_drop(rig);
    else
        wr_rig_cut(rig);
    a.client = start_again(rig);
    int32_t kept = given;
    while (given > 0 && kept < asked && beat(&a, kept) == WR_KAFKA_ILLEGAL_GENERATION)
        kept++; /* one whose answer was not heard */
    if (given > 0)
        CHECK_EQ(beat(&a, kept), WR_KAFKA_NONE);
    const wr_join_group_response *led = join(&a);
    if (led->error_code == WR_KAFKA_UNKNOWN_MEMBER_ID) { /* it never was told an assignment */
        CHECK_EQ(given, 0);
        a.id[0] = '\0';
        led = join(&a);
    }
    CHECK_EQ(led->error_code, WR_KAFKA_NONE);
    CHECK(a.generation > given);
    send_sync(&a, led);
    CHECK_EQ(receive_sync(&a)->error_code, WR_KAFKA_NONE);
    wr_rig_free(rig);
    return reached;
}

TEST(a_generation_that_was_answered_survives_a_power_cut_at_any_write)
{
    uint64_t n = 0;
    while (run_story(n, true))
        n++;
    CHECK(n > ROUNDS);
}

TEST(a_generation_that_was_answered_survives_a_kill_at_any_write)
{
    uint64_t n = 0;
    while (run_story(n, false))
        n++;
    CHECK(n > ROUNDS);
}
