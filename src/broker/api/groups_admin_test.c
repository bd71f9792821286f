/* What tools do to groups, and what happens to them by themselves: listed, described, deleted, expired, loaded piece by
 * piece. Each through a whole broker. */
#include "offsets_testing.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/delete_groups.h>
#include <wire/describe_groups.h>
#include <wire/heartbeat.h>
#include <wire/join_group.h>
#include <wire/list_groups.h>
#include <wire/offset_delete.h>
#include <wire/sync_group.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "allocation.h"

enum { MINUTE_MS = 60000, SESSION_MS = 10000, ID_SIZE = 80 };

static const char *const settings[] = {"offsets.retention.minutes=1", "offsets.retention.check.interval.ms=1s",
                                       "group.initial.rebalance.delay.ms=0", NULL};

static const char range_of_orders[] = "\0\1\0\0\0\1\0\6orders\0\0\0\0\0\0\0\0"; /* a subscription to one topic */

static int16_t delete_group(wr_rig_client *client, const char *group)
{
    weir_slice names[] = {weir_slice_of(group), weir_slice_of(group)};
    wr_delete_groups_request in = {.groups_names = names, .groups_name_count = 2};
    const wr_delete_groups_response *out = wr_rig_call(client, WR_API_DELETE_GROUPS, 2, &in);
    CHECK(out && out->result_count == 1); /* named twice, answered once */
    return out->results[0].error_code;
}

static int16_t delete_offset(wr_rig_client *client, const char *group, const char *topic, int16_t *ret_group_error)
{
    wr_offset_delete_request_partition one = {0};
    wr_offset_delete_request_topic named = {.name = weir_slice_of(topic), .partitions = &one, .partition_count = 1};
    wr_offset_delete_request in = {.group_id = weir_slice_of(group), .topics = &named, .topic_count = 1};
    const wr_offset_delete_response *out = wr_rig_call(client, WR_API_OFFSET_DELETE, 0, &in);
    CHECK(out != NULL);
    *ret_group_error = out->error_code;
    return out->topic_count == 1 ? out->topics[0].partitions[0].error_code : -2;
}

static int32_t list(wr_rig_client *client, const char *state, const char *type)
{
    weir_slice states = weir_slice_of(state), types = weir_slice_of(type);
    wr_list_groups_request in = {.states_filter = &states,
                                 .states_filter_count = state != NULL,
                                 .types_filter = &types,
                                 .types_filter_count = type != NULL};
    const wr_list_groups_response *out = wr_rig_call(client, WR_API_LIST_GROUPS, 5, &in);
    CHECK(out && out->error_code == WR_KAFKA_NONE);
    return out->group_count;
}

static const wr_describe_groups_response_group *describe(wr_rig_client *client, const char *group, int16_t version)
{
    weir_slice name = weir_slice_of(group);
    wr_describe_groups_request in = {.groups = &name, .group_count = 1};
    const wr_describe_groups_response *out = wr_rig_call(client, WR_API_DESCRIBE_GROUPS, version, &in);
    CHECK(out && out->group_count == 1);
    return &out->groups[0];
}

static int16_t beat(wr_rig_client *client, const char *id)
{
    wr_heartbeat_request in = {.group_id = WEIR_SLICE("g"), .generation_id = 1, .member_id = weir_slice_of(id)};
    const wr_heartbeat_response *out = wr_rig_call(client, WR_API_HEARTBEAT, 4, &in);
    CHECK(out != NULL);
    return out->error_code;
}

/* One member of "g", stable in generation 1, reading orders. */
static void enter_reading(wr_rig_client *client, weir_slice subscription, char ret_id[ID_SIZE])
{
    wr_join_group_request_protocol protocol = {WEIR_SLICE("range"), subscription};
    wr_join_group_request in = {.group_id = WEIR_SLICE("g"),
                                .session_timeout_ms = SESSION_MS,
                                .rebalance_timeout_ms = SESSION_MS,
                                .member_id = WEIR_SLICE(""),
                                .protocol_type = WEIR_SLICE("consumer"),
                                .protocols = &protocol,
                                .protocol_count = 1};
    const wr_join_group_response *joined = wr_rig_call(client, WR_API_JOIN_GROUP, 3, &in);
    CHECK(joined && joined->error_code == WR_KAFKA_NONE);
    snprintf(ret_id, ID_SIZE, "%.*s", (int)joined->member_id.size, (const char *)joined->member_id.data);
    wr_sync_group_request_assignment given = {weir_slice_of(ret_id), WEIR_SLICE("all of it")};
    wr_sync_group_request sync = {.group_id = WEIR_SLICE("g"),
                                  .generation_id = 1,
                                  .member_id = weir_slice_of(ret_id),
                                  .assignments = &given,
                                  .assignment_count = 1};
    const wr_sync_group_response *synced = wr_rig_call(client, WR_API_SYNC_GROUP, 3, &sync);
    CHECK(synced && synced->error_code == WR_KAFKA_NONE);
}

static void enter(wr_rig_client *client, char ret_id[ID_SIZE])
{
    enter_reading(client, WEIR_SLICE(range_of_orders), ret_id);
}

/* ---- looking */

TEST(groups_are_listed_by_state_and_type_and_described_with_what_members_were_given)
{
    wr_rig *rig = wr_rig_new(1, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    enter(client, id);
    CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);

    CHECK_EQ(list(client, NULL, NULL), 2);
    CHECK_EQ(list(client, "stable", NULL), 1); /* in any case */
    CHECK_EQ(list(client, "Empty", "Classic"), 1);
    CHECK_EQ(list(client, NULL, "consumer"), 0);
    CHECK_EQ(list(client, "Dead", NULL), 0);

    const wr_describe_groups_response_group *group = describe(client, "g", 6);
    CHECK_EQ(group->error_code, WR_KAFKA_NONE);
    CHECK(weir_slice_equal(group->group_state, WEIR_SLICE("Stable")));
    CHECK(weir_slice_equal(group->protocol_type, WEIR_SLICE("consumer")));
    CHECK(weir_slice_equal(group->protocol_data, WEIR_SLICE("range")));
    CHECK_EQ(group->authorized_operations, INT32_MIN);
    CHECK_EQ(group->member_count, 1);
    CHECK(weir_slice_equal(group->members[0].member_assignment, WEIR_SLICE("all of it")));
    CHECK(weir_slice_equal(group->members[0].member_metadata, WEIR_SLICE(range_of_orders)));
    CHECK(weir_slice_equal(group->members[0].client_host, WEIR_SLICE("/127.0.0.1")));

    group = describe(client, "nobody", 5);
    CHECK_EQ(group->error_code, WR_KAFKA_NONE);
    CHECK(weir_slice_equal(group->group_state, WEIR_SLICE("Dead")));
    group = describe(client, "nobody", 6);
    CHECK_EQ(group->error_code, WR_KAFKA_GROUP_ID_NOT_FOUND);
    CHECK(weir_slice_equal(group->error_message, WEIR_SLICE("Group nobody not found.")));
    CHECK_EQ(list(client, NULL, NULL), 2); /* asking makes nothing */
    wr_rig_free(rig);
}

TEST(offsets_are_fetched_for_several_groups_for_all_topics_and_by_topic_id)
{
    wr_rig *rig = wr_rig_new(2, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 2);
    wr_rig_create(client, "payments", 1);
    CHECK_EQ(commit(client, "a", "orders", 3), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "a", "payments", 4), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "b", "nowhere", 5), WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);

    wr_offset_fetch_request_group both[] = {{.group_id = WEIR_SLICE("a"), .member_epoch = -1, .topic_count = -1},
                                            {.group_id = WEIR_SLICE("b"), .member_epoch = -1, .topic_count = -1}};
    wr_offset_fetch_request all = {.groups = both, .group_count = 2};
    const wr_offset_fetch_response *out = wr_rig_call(client, WR_API_OFFSET_FETCH, 9, &all);
    CHECK(out && out->group_count == 2);
    CHECK_EQ(out->groups[0].topic_count, 2);
    CHECK_EQ(out->groups[1].topic_count, 0);

    wr_uuid known = wr_topics_find(rig->broker->topics, WEIR_SLICE("orders"))->id, unknown = {{1, 2, 3}};
    int32_t partitions[] = {0, 1};
    wr_offset_fetch_request_topic topics[] = {
        {.topic_id = known, .partition_indexes = partitions, .partition_index_count = 2},
        {.topic_id = unknown, .partition_indexes = partitions, .partition_index_count = 1}};
    both[0] = (wr_offset_fetch_request_group){
        .group_id = WEIR_SLICE("a"), .member_epoch = -1, .topics = topics, .topic_count = 2};
    wr_offset_fetch_request by_id = {.groups = both, .group_count = 1, .require_stable = true};
    out = wr_rig_call(client, WR_API_OFFSET_FETCH, 10, &by_id);
    CHECK(out && out->groups[0].topic_count == 2);
    CHECK_EQ(out->groups[0].topics[0].partitions[0].committed_offset, 3);
    CHECK_EQ(out->groups[0].topics[0].partitions[1].committed_offset, -1);
    CHECK_EQ(out->groups[0].topics[0].partitions[1].error_code, WR_KAFKA_NONE);
    CHECK_EQ(out->groups[0].topics[1].partitions[0].error_code, WR_KAFKA_UNKNOWN_TOPIC_ID);
    wr_rig_free(rig);
}

/* ---- deleting */

TEST(a_deleted_group_stays_deleted_through_a_power_cut_and_one_with_members_is_not_deleted)
{
    wr_rig *rig = wr_rig_new(3, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    enter(client, id);
    CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(delete_group(client, "g"), WR_KAFKA_NON_EMPTY_GROUP);
    CHECK_EQ(delete_group(client, "nobody"), WR_KAFKA_GROUP_ID_NOT_FOUND);
    CHECK_EQ(delete_group(client, "tool"), WR_KAFKA_NONE);
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    wr_rig_cut(rig);
    client = start_again(rig);
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    CHECK_EQ(list(client, NULL, NULL), 1);
    CHECK_EQ(beat(client, id), WR_KAFKA_NONE);
    wr_rig_free(rig);
}

TEST(an_offset_is_deleted_durably_unless_a_member_reads_its_topic)
{
    wr_rig *rig = wr_rig_new(4, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    int16_t error;
    wr_rig_create(client, "orders", 1);
    wr_rig_create(client, "payments", 1);
    CHECK_EQ(commit(client, "g", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "g", "payments", 8), WR_KAFKA_NONE);
    enter(client, id);
    CHECK_EQ(delete_offset(client, "g", "orders", &error), WR_KAFKA_GROUP_SUBSCRIBED_TO_TOPIC);
    CHECK_EQ(error, WR_KAFKA_NONE);
    CHECK_EQ(delete_offset(client, "g", "nowhere", &error), WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    CHECK_EQ(delete_offset(client, "g", "payments", &error), WR_KAFKA_NONE);
    CHECK_EQ(delete_offset(client, "nobody", "payments", &error), -2);
    CHECK_EQ(error, WR_KAFKA_GROUP_ID_NOT_FOUND);
    wr_rig_cut(rig);
    client = start_again(rig);
    CHECK_EQ(committed(client, "g", "payments"), -1);
    CHECK_EQ(committed(client, "g", "orders"), 7);
    wr_rig_free(rig);
}

/* ---- time */

TEST(offsets_expire_after_the_commit_of_a_tool_and_after_the_last_member_of_a_group)
{
    wr_rig *rig = wr_rig_new(6, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(commit(client, "g", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "tool", "orders", 8), WR_KAFKA_NONE);
    enter(client, id);
    for (int i = 0; i < 24; i++) { /* two minutes of signs of life */
        wr_rig_run_ms(rig, SESSION_MS / 2);
        CHECK_EQ(beat(client, id), WR_KAFKA_NONE);
    }
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    CHECK_EQ(committed(client, "g", "orders"), 7);
    CHECK_EQ(list(client, NULL, NULL), 1);

    wr_rig_run_ms(rig, 2 * SESSION_MS); /* silence: the group is empty, since less than a minute */
    CHECK_EQ(list(client, "Empty", NULL), 1);
    CHECK_EQ(committed(client, "g", "orders"), 7);
    wr_rig_kill(rig);
    client = start_again(rig);
    wr_rig_run_ms(rig, 5000); /* since when it is empty is remembered */
    CHECK_EQ(committed(client, "g", "orders"), 7);
    wr_rig_run_ms(rig, MINUTE_MS);
    CHECK_EQ(committed(client, "g", "orders"), -1);
    CHECK_EQ(list(client, NULL, NULL), 0);
    wr_rig_cut(rig);
    client = start_again(rig);
    CHECK_EQ(list(client, NULL, NULL), 0);
    wr_rig_free(rig);
}

TEST(offsets_of_a_topic_that_a_stable_group_no_longer_reads_expire_and_the_others_stay)
{
    wr_rig *rig = wr_rig_new(7, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    wr_rig_create(client, "payments", 1);
    CHECK_EQ(commit(client, "g", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "g", "payments", 8), WR_KAFKA_NONE);
    enter(client, id);
    for (int i = 0; i < 26; i++) {
        wr_rig_run_ms(rig, SESSION_MS / 2);
        CHECK_EQ(beat(client, id), WR_KAFKA_NONE);
    }
    CHECK_EQ(committed(client, "g", "orders"), 7);
    CHECK_EQ(committed(client, "g", "payments"), -1);
    wr_rig_free(rig);
}

TEST(a_broker_that_slept_does_not_take_its_own_silence_for_its_members)
{
    wr_rig *rig = wr_rig_new(8, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    enter(client, id);
    wr_sim_advance_ms(rig->sim, 10 * SESSION_MS);
    CHECK_EQ(beat(client, id), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 2 * SESSION_MS); /* but its members' silence it does hear */
    CHECK_EQ(beat(client, id), WR_KAFKA_UNKNOWN_MEMBER_ID);
    wr_rig_free(rig);
}

/* ---- loading */

TEST(a_large_log_is_loaded_in_pieces_between_which_others_are_served)
{
    static const uint8_t note[4000] = {'n'};
    enum { COMMITS = 600 };
    wr_rig *rig = wr_rig_new(9, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    enter(client, id);
    for (int64_t i = 0; i < COMMITS; i++)
        CHECK_EQ(commit_as_member(client, id, 1, i, (weir_slice){note, sizeof note}), WR_KAFKA_NONE);
    wr_rig_kill(rig);
    client = start_again(rig);
    int steps = 0;
    for (; wr_groups_ready(rig->broker->groups) == WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS; steps++)
        CHECK(wr_sim_step(rig->sim));
    CHECK(steps >= 2);
    CHECK_EQ(wr_groups_ready(rig->broker->groups), WR_KAFKA_NONE);
    CHECK_EQ(beat(client, id), WR_KAFKA_NONE);
    CHECK_EQ(committed(client, "g", "orders"), COMMITS - 1);
    wr_rig_free(rig);
}

TEST(the_log_of_groups_stays_small_whatever_the_flush_setting)
{
    static const char *const flushes[] = {"flush=acks", "flush=interval", "flush=none"};
    for (size_t f = 0; f < 3; f++) {
        wr_rig *rig = wr_rig_new(10 + f, (const char *const[]){flushes[f], "offsets.topic.segment.bytes=16384", NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        for (int64_t i = 0; i < 2000; i++)
            CHECK_EQ(commit(client, "tool", "orders", i), WR_KAFKA_NONE);
        const wr_topic *topic = wr_topics_find(rig->broker->topics, WEIR_SLICE(WR_OFFSETS_TOPIC));
        const wr_partition *partition = wr_topic_partition(topic, 0);
        CHECK(wr_partition_end_offset(partition) > 2000);
        CHECK(wr_partition_size(partition) < 2 * 16384);
        wr_rig_kill(rig);
        client = start_again(rig);
        CHECK_EQ(committed(client, "tool", "orders"), 1999);
        wr_rig_free(rig);
    }
}

/* Of `count` partitions of orders at once. */
static int16_t commit_many(wr_rig_client *client, const char *group, int32_t count, int64_t offset)
{
    wr_offset_commit_request_partition *all = calloc((size_t)count, sizeof *all);
    CHECK(all != NULL);
    for (int32_t i = 0; i < count; i++)
        all[i] = (wr_offset_commit_request_partition){
            .partition_index = i, .committed_offset = offset, .committed_leader_epoch = -1};
    wr_offset_commit_request_topic named = {.name = WEIR_SLICE("orders"), .partitions = all, .partition_count = count};
    wr_offset_commit_request in = commit_of_tool(group, &named);
    int16_t error = call_commit(client, &in);
    free(all);
    return error;
}

TEST(what_is_set_for_clients_records_does_not_hold_for_the_log_of_groups)
{
    enum { PARTITIONS = 400, ROUNDS = 30, HOUR_MS = 60 * MINUTE_MS };
    static const char *const sets[] = {"message.max.bytes=1000",
                                       "log.message.timestamp.before.max.ms=1m",
                                       "log.message.timestamp.after.max.ms=0",
                                       "log.index.size.max.bytes=4",
                                       "offsets.topic.segment.bytes=16384",
                                       "log.message.timestamp.type=LogAppendTime"};
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        wr_rig *rig = wr_rig_new(20 + i, (const char *const[]){"offsets.topic.segment.bytes=65536", sets[i], NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", PARTITIONS);
        CHECK_EQ(commit_many(client, "old", PARTITIONS, 7), WR_KAFKA_NONE);
        wr_rig_run_ms(rig, HOUR_MS);
        wr_sim_set_wall_ms(rig->sim, wr_now_ms(wr_sim_io(rig->sim)) - 2 * MINUTE_MS);
        client = wr_rig_connect(rig);
        for (int64_t round = 1; round <= ROUNDS; round++)
            CHECK_EQ(commit_many(client, "new", PARTITIONS, round), WR_KAFKA_NONE);
        const wr_topic *topic = wr_topics_find(rig->broker->topics, WEIR_SLICE(WR_OFFSETS_TOPIC));
        CHECK(wr_partition_size(wr_topic_partition(topic, 0)) < 400000);
        CHECK_EQ(wr_rig_told(rig, "cannot be rewritten"), 0);
        wr_rig_kill(rig);
        client = start_again(rig);
        CHECK_EQ(committed(client, "old", "orders"), 7);
        CHECK_EQ(committed(client, "new", "orders"), ROUNDS);
        wr_rig_free(rig);
    }
}

/* A second coordinator reads what the broker's has written; whichever allocation fails, it comes to have all of it. */
TEST(groups_are_loaded_whenever_memory_is_there_again)
{
    wr_rig *rig = wr_rig_new(9, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    enter(client, id);
    CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
    int failed_count = 0;
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        wr_groups *groups = NULL;
        test_fail_allocation(nth);
        weir_err err = wr_groups_new(rig->loop, &rig->trace, rig->broker->topics, &rig->broker->config.groups, &groups,
                                     &rig->failure);
        failed = test_allocation_failed();
        if (err != WEIR_OK) {
            CHECK_EQ(err, WEIR_E_MEMORY);
            continue;
        }
        int16_t ready = wr_groups_ready(groups);
        CHECK(ready == WR_KAFKA_NONE || ready == WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
        failed_count += ready != WR_KAFKA_NONE;
        wr_rig_run_ms(rig, 1100);
        CHECK_EQ(wr_groups_ready(groups), WR_KAFKA_NONE);
        const wr_group *entered = wr_groups_find(groups, WEIR_SLICE("g"));
        const wr_group *tool = wr_groups_find(groups, WEIR_SLICE("tool"));
        CHECK(entered && tool);
        CHECK_EQ(wr_group_state_of(entered), WR_GROUP_STABLE);
        CHECK_EQ(wr_group_member_count(entered), 1);
        CHECK_EQ(wr_groups_offsets(tool)->count, 1);
        wr_groups_free(groups);
        CHECK_EQ(beat(client, id), WR_KAFKA_NONE);
    }
    CHECK(failed_count > 10);
    CHECK_EQ(wr_rig_told(rig, "tried again every second"), failed_count);
    wr_rig_free(rig);
}

TEST(a_commit_that_finds_no_memory_leaves_no_group_behind)
{
    enum { COUNT = 600000 }; /* can be read within a request's memory, but not answered */
    wr_rig *rig = wr_rig_new(9, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_offset_commit_request_partition *each = weir_arena_array(rig->arena, COUNT, sizeof *each);
    CHECK(each != NULL);
    for (int32_t i = 0; i < COUNT; i++)
        each[i] = (wr_offset_commit_request_partition){.partition_index = i, .committed_leader_epoch = -1};
    wr_offset_commit_request_topic named = {.name = WEIR_SLICE("orders"), .partitions = each, .partition_count = COUNT};
    wr_offset_commit_request in = commit_of_tool("large", &named);
    CHECK(wr_rig_call(client, WR_API_OFFSET_COMMIT, 8, &in) == NULL);
    CHECK(!wr_rig_connected(client));
    CHECK_EQ(wr_rig_told(rig, "reason=memory"), 1);
    CHECK(wr_groups_find(rig->broker->groups, WEIR_SLICE("large")) == NULL);
    CHECK_EQ(wr_groups_count(rig->broker->groups), 0);
    wr_rig_free(rig);
}

/* A member's subscription to many topics, the last of which is orders. */
static weir_slice many_topics(wr_rig *rig, int32_t count)
{
    wr_buf bytes;
    wr_buf_init(&bytes, 1 << 24);
    wr_buf_i16(&bytes, 0);
    wr_buf_i32(&bytes, count);
    for (int32_t i = 0; i < count; i++) {
        wr_buf_i16(&bytes, 6);
        wr_buf_text(&bytes, i == count - 1 ? "orders" : "others");
    }
    wr_buf_i32(&bytes, -1);
    weir_slice made = weir_arena_dup(rig->arena, wr_buf_view(&bytes));
    wr_buf_fini(&bytes);
    return made;
}

/* When each partition looked through what is subscribed to, this took 17 seconds of processor time. */
TEST(what_members_read_is_looked_up_once_a_topic)
{
    enum { TOPICS = 20000, PARTITIONS = 20000 };
    wr_rig *rig = wr_rig_new(9, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    char id[ID_SIZE];
    wr_rig_create(client, "orders", 1);
    enter_reading(client, many_topics(rig, TOPICS), id);
    wr_offset_delete_request_partition *each = weir_arena_array(rig->arena, PARTITIONS, sizeof *each);
    CHECK(each != NULL);
    wr_offset_delete_request_topic named = {
        .name = WEIR_SLICE("orders"), .partitions = each, .partition_count = PARTITIONS};
    wr_offset_delete_request in = {.group_id = WEIR_SLICE("g"), .topics = &named, .topic_count = 1};
    clock_t before = clock();
    const wr_offset_delete_response *out = wr_rig_call(client, WR_API_OFFSET_DELETE, 0, &in);
    CHECK(clock() - before < 2 * CLOCKS_PER_SEC);
    CHECK(out && out->error_code == WR_KAFKA_NONE);
    for (int32_t i = 0; i < PARTITIONS; i++)
        CHECK_EQ(out->topics[0].partitions[i].error_code, WR_KAFKA_GROUP_SUBSCRIBED_TO_TOPIC);
    wr_rig_free(rig);
}
