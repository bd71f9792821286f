/* A broker whose settings stand at their bounds, one after the other, and clients whose numbers do: it serves, it does not
 * spin, and nothing overflows (the sanitizer ends the test where something does). */
#include "offsets_testing.h"

#include <server/request.h>
#include <wire/create_topics.h>
#include <wire/metadata.h>
#include <wire/produce.h>

#include <stdio.h>

enum { HOUR_MS = 3600 * 1000, STEPS_MAX = 20000 };

static const char *const not_tried[] = {
    "num.partitions", /* 100,000 partitions: the size, not the bound, would be tried */
    "node.id",        /* another broker's directory */
    NULL,
};

static bool is_tried(const wr_config_key *row)
{
    for (int i = 0; not_tried[i]; i++)
        if (strcmp(not_tried[i], row->key) == 0)
            return false;
    return row->kind == WR_CONFIG_INT || row->kind == WR_CONFIG_DURATION || row->kind == WR_CONFIG_SIZE;
}

/* An idle hour. With a period of 1 ms there is one step a period. */
static void idle(wr_rig *rig, int64_t ms)
{
    CHECK(wr_sim_run_ms(rig->sim, ms, STEPS_MAX) < STEPS_MAX);
}

static void live(wr_rig *rig)
{
    wr_rig_client *client = wr_rig_connect(rig);
    wr_create_topics_request_topic topic = {.name = WEIR_SLICE("orders"), .num_partitions = 1, .replication_factor = 1};
    wr_create_topics_request create = {.topics = &topic, .topic_count = 1, .timeout_ms = INT32_MAX};
    (void)wr_rig_call(client, WR_API_CREATE_TOPICS, 5, &create);
    for (int i = 0; i < 3; i++)
        (void)wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "order", i, 5, 7, 0, i * 5), NULL);
    (void)wr_rig_fetch(client, "orders", 0, 0, NULL, NULL);
    idle(rig, 5000);
    wr_rig_disconnect(client);
}

static void try_bound(const wr_config_key *row, int64_t bound)
{
    char setting[128];
    snprintf(setting, sizeof setting, "%s=%lld", row->key, (long long)bound);
    wr_rig *rig = wr_rig_prepare(5, (const char *const[]){setting, NULL});
    if (wr_rig_start(rig) == WEIR_OK) {
        live(rig);
        CHECK_OK(wr_rig_stop(rig));
        CHECK_OK(wr_rig_start(rig));
        live(rig);
    } else {
        CHECK(rig->failure.sentence[0]); /* two settings that contradict each other */
    }
    wr_rig_free(rig);
}

TEST(a_broker_lives_with_every_setting_at_its_bounds)
{
    for (const wr_config_key *row = wr_broker_keys; row->key; row++)
        if (is_tried(row)) {
            try_bound(row, row->max);
            try_bound(row, row->min);
        }
}

/* ---- OffsetCommit names a time to keep the offset */

static void commit_for(wr_rig_client *client, int64_t retention_ms)
{
    wr_offset_commit_request_partition partition = {.committed_offset = 1, .committed_leader_epoch = -1};
    wr_offset_commit_request_topic topic = {
        .name = WEIR_SLICE("orders"), .partitions = &partition, .partition_count = 1};
    wr_offset_commit_request in = commit_of_tool("readers", &topic);
    in.retention_time_ms = retention_ms;
    CHECK_EQ(error_of_commit(wr_rig_call(client, WR_API_OFFSET_COMMIT, 2, &in)), WR_KAFKA_NONE);
}

static int64_t kept(wr_rig_client *client)
{
    int16_t error;
    return fetch_committed(client, 2, "readers", "orders", 0, &error);
}

TEST(an_offset_with_a_time_of_its_own_expires_then_also_after_a_restart)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        wr_rig *rig = wr_rig_new(4, NULL);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        commit_for(client, 2 * HOUR_MS);
        if (restarts) {
            wr_rig_kill(rig);
            CHECK_OK(wr_rig_start(rig));
        }
        idle(rig, HOUR_MS);
        client = wr_rig_connect(rig);
        CHECK_EQ(kept(client), 1);
        idle(rig, 2 * HOUR_MS);
        client = wr_rig_connect(rig);
        CHECK_EQ(kept(client), -1);
        wr_rig_free(rig);
    }
}

TEST(an_offset_to_be_kept_for_ever_is_kept_and_makes_nobody_spin_also_after_a_restart)
{
    static const int64_t times[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX / 1000 + 1, INT64_MAX - 1800000000000};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        wr_rig *rig = wr_rig_new(3, NULL);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        commit_for(client, times[i]);
        idle(rig, 24 * HOUR_MS);
        wr_rig_kill(rig);
        CHECK_OK(wr_rig_start(rig));
        client = wr_rig_connect(rig);
        idle(rig, 24 * HOUR_MS);
        client = wr_rig_connect(rig);
        CHECK_EQ(kept(client), 1);
        wr_rig_free(rig);
    }
}

/* ---- Metadata tells of all topics in one answer, which has to be made in a request's memory */

static int64_t largest(const char *key)
{
    const wr_config_key *row = wr_broker_keys;
    while (strcmp(row->key, key) != 0)
        row++;
    return row->max;
}

/* What metadata.c makes of topics that have one partition and a name as long as it may be. */
static void tell_of_all(weir_arena *arena, int32_t count, wr_metadata_response *out)
{
    static int32_t node = INT32_MAX;
    static uint8_t name[249];
    memset(name, 'x', sizeof name);
    out->topics = weir_arena_array(arena, (size_t)count, sizeof *out->topics);
    CHECK(out->topics != NULL);
    for (; out->topic_count < count; out->topic_count++) {
        wr_metadata_response_partition *partition = weir_arena_array(arena, 1, sizeof *partition);
        CHECK(partition != NULL);
        *partition = (wr_metadata_response_partition){.replica_nodes = &node,
                                                      .replica_node_count = 1,
                                                      .isr_nodes = &node,
                                                      .isr_node_count = 1,
                                                      .offline_replicas = &node,
                                                      .offline_replica_count = 1};
        out->topics[out->topic_count] =
            (wr_metadata_response_topic){.name = {name, sizeof name}, .partitions = partition, .partition_count = 1};
    }
}

TEST(metadata_can_tell_of_as_many_partitions_as_a_broker_may_have)
{
    weir_arena *arena = weir_arena_new(WR_ARENA_SIZE_MAX);
    const wr_api *api = wr_api_find(WR_API_METADATA);
    wr_metadata_response out;
    wr_message_init(api->response, &out);
    tell_of_all(arena, (int32_t)largest("max.partitions"), &out);
    for (int16_t version = api->request->min_version; version <= api->request->max_version; version++) {
        wr_buf answer;
        wr_buf_init(&answer, 1024 + (size_t)WR_ARENA_SIZE_MAX); /* with the least fetch.max.bytes */
        CHECK_OK(wr_response_encode(api, version, 1, &out, &answer));
        wr_buf_fini(&answer);
    }
    weir_arena_free(arena);
}
