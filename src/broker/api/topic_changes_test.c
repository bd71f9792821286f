/* Topics are made, changed and deleted beside the loop: nobody waits for them but who asked, and changes of one name keep
 * their order. In these tests a call that may block ends the program when a callback of the loop makes it. */
#include "offsets_testing.h"

#include <wire/create_partitions.h>
#include <wire/create_topics.h>
#include <wire/delete_topics.h>
#include <wire/incremental_alter_configs.h>
#include <wire/init_producer_id.h>
#include <wire/metadata.h>

#include <errno.h>
#include <stdio.h>

enum { SEEDS = 20 };

static wr_rig *rig_new(uint64_t seed)
{
    wr_rig *rig = wr_rig_new(seed, (const char *const[]){"log.segment.delete.delay.ms=50", NULL});
    return rig;
}

static void ask_create(wr_rig_client *client, const char *topic, int32_t partition_count)
{
    wr_create_topics_request_topic one = {
        .name = weir_slice_of(topic), .num_partitions = partition_count, .replication_factor = 1};
    wr_create_topics_request in = {.topics = &one, .topic_count = 1, .timeout_ms = 30000};
    wr_rig_send(client, WR_API_CREATE_TOPICS, 7, &in);
}

static const wr_create_topics_response_topic *created(wr_rig_client *client)
{
    const wr_create_topics_response *out = wr_rig_receive(client, WR_API_CREATE_TOPICS, 7, 60000);
    CHECK(out && out->topic_count == 1);
    return &out->topics[0];
}

static void ask_delete(wr_rig_client *client, const char *topic)
{
    weir_slice name = weir_slice_of(topic);
    wr_delete_topics_request in = {.topic_names = &name, .topic_name_count = 1, .timeout_ms = 30000};
    wr_rig_send(client, WR_API_DELETE_TOPICS, 5, &in);
}

static int16_t deleted(wr_rig_client *client)
{
    const wr_delete_topics_response *out = wr_rig_receive(client, WR_API_DELETE_TOPICS, 5, 60000);
    CHECK(out && out->response_count == 1);
    return out->responses[0].error_code;
}

static void ask_alter(wr_rig_client *client, const char *topic, const char *key, const char *value)
{
    wr_incremental_alter_configs_request_config set = {
        .name = weir_slice_of(key), .config_operation = WR_CONFIG_SET, .value = weir_slice_of(value)};
    wr_incremental_alter_configs_request_resource one = {
        .resource_type = WR_RESOURCE_TOPIC, .resource_name = weir_slice_of(topic), .configs = &set, .config_count = 1};
    wr_incremental_alter_configs_request in = {.resources = &one, .resource_count = 1};
    wr_rig_send(client, WR_API_INCREMENTAL_ALTER_CONFIGS, 1, &in);
}

static int16_t altered(wr_rig_client *client)
{
    const wr_incremental_alter_configs_response *out =
        wr_rig_receive(client, WR_API_INCREMENTAL_ALTER_CONFIGS, 1, 60000);
    CHECK(out && out->response_count == 1);
    return out->responses[0].error_code;
}

static int16_t grow(wr_rig_client *client, const char *topic, int32_t count)
{
    wr_create_partitions_request_topic one = {.name = weir_slice_of(topic), .count = count, .assignment_count = -1};
    wr_create_partitions_request in = {.topics = &one, .topic_count = 1, .timeout_ms = 30000};
    const wr_create_partitions_response *out = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 3, &in);
    CHECK(out && out->result_count == 1);
    return out->results[0].error_code;
}

static int16_t describe(wr_rig_client *client, const char *topic, int32_t *ret_partition_count)
{
    wr_metadata_request_topic named = {.name = weir_slice_of(topic)};
    wr_metadata_request in = {.topics = &named, .topic_count = 1, .allow_auto_topic_creation = true};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 9, &in);
    CHECK(out && out->topic_count == 1);
    *ret_partition_count = out->topics[0].partition_count;
    return out->topics[0].error_code;
}

TEST(the_life_of_a_topic_makes_no_call_on_the_loop_that_may_block)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = rig_new(seed);
        wr_rig_client *client = wr_rig_connect(rig);
        int64_t offset;
        int32_t count;
        wr_rig_create(client, "orders", 3);
        CHECK_EQ(wr_rig_produce(client, "orders", 0, -1, wr_rig_batch(rig, "a", 0, 2, -1, 0, 0), &offset), 0);
        CHECK_EQ(commit(client, "group", "orders", 1), WR_KAFKA_NONE); /* makes the internal topic */
        CHECK_EQ(grow(client, "orders", 5), WR_KAFKA_NONE);
        CHECK_EQ(grow(client, "orders", 5), WR_KAFKA_INVALID_PARTITIONS);
        ask_alter(client, "orders", "retention.ms", "1000000");
        CHECK_EQ(altered(client), WR_KAFKA_NONE);
        CHECK_EQ(describe(client, "made-by-asking", &count), WR_KAFKA_NONE);
        CHECK_EQ(count, 1);
        CHECK_EQ(wr_rig_produce(client, "orders", 4, -1, wr_rig_batch(rig, "a", 0, 2, -1, 0, 0), &offset), 0);
        ask_delete(client, "orders");
        CHECK_EQ(deleted(client), WR_KAFKA_NONE);
        wr_rig_run_ms(rig, 200); /* its files are removed */
        CHECK(!wr_path_exists(wr_sim_io(rig->sim), "/data/orders-0"));
        CHECK_EQ(wr_sim_blocking_count(rig->sim), 0);
        wr_rig_free(rig);
    }
}

/* Directory, partition.metadata (made, written, synced), weir.synced (made, written), the first segment, the directory
 * synced: what is made durable twice is waited for twice, by five thousand partitions. */
TEST(a_partition_costs_eight_calls_of_the_disk_of_which_two_wait_for_it)
{
    enum { FEW = 1, MANY = 101, CALLS = 8 };
    wr_rig *rig = rig_new(1);
    wr_rig_client *client = wr_rig_connect(rig);
    uint64_t begun = wr_sim_write_count(rig->sim);
    wr_rig_create(client, "few", FEW);
    uint64_t few = wr_sim_write_count(rig->sim) - begun;
    wr_rig_create(client, "many", MANY);
    uint64_t many = wr_sim_write_count(rig->sim) - begun - few;
    CHECK_EQ(many - few, (MANY - FEW) * CALLS);
    wr_rig_free(rig);
}

TEST(many_logs_are_looked_after_a_few_in_each_round)
{
    enum { PARTITIONS = 300, FEW = 64, FILES = 2 };
    wr_rig *rig = wr_rig_new(1, (const char *const[]){"log.retention.check.interval.ms=1000", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", PARTITIONS);
    size_t before = wr_sim_open_count(rig->sim);
    CHECK(before >= FILES * PARTITIONS);
    wr_sim_advance_ms(rig->sim, 1000); /* nobody uses their files */
    size_t last = before;
    for (int ms = 0; ms < 20; ms++, wr_sim_advance_ms(rig->sim, 1))
        while (wr_sim_step(rig->sim)) {
            size_t now = wr_sim_open_count(rig->sim);
            CHECK(last <= now + FILES * FEW);
            last = now;
        }
    CHECK(last <= before - PARTITIONS);
    wr_rig_free(rig);
}

TEST(producer_ids_are_given_once_each_and_their_blocks_are_taken_beside_the_loop)
{
    enum { CLIENTS = 8, ASKED = 400 };
    static bool seen[4 * CLIENTS * ASKED];
    wr_rig *rig = rig_new(1);
    wr_rig_client *clients[CLIENTS];
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = wr_rig_connect(rig);
    wr_init_producer_id_request in = {.transaction_timeout_ms = 1000, .producer_id = -1, .producer_epoch = -1};
    for (int round = 0; round < ASKED; round++) {
        for (int i = 0; i < CLIENTS; i++)
            wr_rig_send(clients[i], WR_API_INIT_PRODUCER_ID, 4, &in);
        for (int i = 0; i < CLIENTS; i++) {
            const wr_init_producer_id_response *out = wr_rig_receive(clients[i], WR_API_INIT_PRODUCER_ID, 4, 60000);
            CHECK(out && out->error_code == WR_KAFKA_NONE && out->producer_epoch == 0);
            CHECK(out->producer_id >= 0 && out->producer_id < (int64_t)sizeof seen && !seen[out->producer_id]);
            seen[out->producer_id] = true;
        }
    }
    CHECK(seen[CLIENTS * ASKED - 1]); /* and none was left out */
    CHECK_EQ(wr_sim_blocking_count(rig->sim), 0);
    wr_rig_free(rig);
}

TEST(of_two_creations_of_one_name_one_succeeds_and_the_other_finds_it_there)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = rig_new(seed);
        wr_rig_client *a = wr_rig_connect(rig), *b = wr_rig_connect(rig);
        ask_create(a, "orders", 2);
        ask_create(b, "orders", 3);
        int16_t first = created(a)->error_code, second = created(b)->error_code;
        CHECK_EQ(first + second, WR_KAFKA_TOPIC_ALREADY_EXISTS);
        CHECK(first == WR_KAFKA_NONE || second == WR_KAFKA_NONE);
        int32_t count;
        CHECK_EQ(describe(a, "orders", &count), WR_KAFKA_NONE);
        CHECK_EQ(count, first == WR_KAFKA_NONE ? 2 : 3);
        wr_rig_free(rig);
    }
}

TEST(names_that_collide_in_metrics_are_made_once_though_both_are_under_way)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = rig_new(seed);
        wr_rig_client *a = wr_rig_connect(rig), *b = wr_rig_connect(rig);
        ask_create(a, "all.orders", 1);
        ask_create(b, "all_orders", 1);
        int16_t first = created(a)->error_code, second = created(b)->error_code;
        CHECK((first == WR_KAFKA_NONE) != (second == WR_KAFKA_NONE));
        wr_rig_free(rig);
    }
}

TEST(a_topic_that_is_deleted_and_made_again_at_once_is_a_new_one)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = rig_new(seed);
        wr_rig_client *a = wr_rig_connect(rig), *b = wr_rig_connect(rig);
        ask_create(a, "orders", 1);
        wr_uuid before = created(a)->topic_id;
        CHECK_EQ(wr_rig_produce(a, "orders", 0, -1, wr_rig_batch(rig, "a", 0, 5, -1, 0, 0), NULL), 0);
        ask_delete(a, "orders");
        wr_rig_run_ms(rig, 1); /* it is on its way */
        ask_create(b, "orders", 1);
        CHECK_EQ(deleted(a), WR_KAFKA_NONE);
        const wr_create_topics_response_topic *again = created(b);
        if (again->error_code == WR_KAFKA_NONE) { /* else the deletion had not arrived yet */
            int64_t end = -1;
            CHECK(!wr_uuid_equal(&before, &again->topic_id));
            CHECK_EQ(wr_rig_fetch(a, "orders", 0, 0, NULL, &end), WR_KAFKA_NONE);
            CHECK_EQ(end, 0);
        } else {
            CHECK_EQ(again->error_code, WR_KAFKA_TOPIC_ALREADY_EXISTS);
        }
        wr_rig_free(rig);
    }
}

TEST(settings_changed_by_two_clients_at_once_are_both_in_force)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = rig_new(seed);
        wr_rig_client *a = wr_rig_connect(rig), *b = wr_rig_connect(rig);
        wr_rig_create(a, "orders", 1);
        ask_alter(a, "orders", "retention.ms", "1000");
        ask_alter(b, "orders", "retention.bytes", "2000");
        CHECK_EQ(altered(a), WR_KAFKA_NONE);
        CHECK_EQ(altered(b), WR_KAFKA_NONE);
        const wr_topic *topic = wr_topics_find(rig->broker->topics, WEIR_SLICE("orders"));
        CHECK_STR(wr_topic_config_get(topic->config, wr_topic_key_find(WEIR_SLICE("retention.ms"))), "1000");
        CHECK_STR(wr_topic_config_get(topic->config, wr_topic_key_find(WEIR_SLICE("retention.bytes"))), "2000");
        wr_rig_free(rig);
    }
}

TEST(a_stop_waits_for_the_topic_that_is_being_made_and_an_end_without_one_forgets_it)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = rig_new(seed);
        wr_rig_client *client = wr_rig_connect(rig);
        ask_create(client, "orders", 3);
        wr_rig_run_ms(rig, (int64_t)(seed % 4));
        CHECK_OK(wr_rig_stop(rig));
        CHECK_OK(wr_rig_start(rig));
        client = wr_rig_connect(rig);
        ask_create(client, "orders", 3);
        int16_t error = created(client)->error_code;
        CHECK(error == WR_KAFKA_NONE || error == WR_KAFKA_TOPIC_ALREADY_EXISTS); /* whole or not at all */
        ask_create(client, "payments", 3);
        wr_rig_run_ms(rig, (int64_t)(seed % 4));
        wr_rig_free(rig); /* as a second signal does */
    }
}

/* What the disk says of a setting; NULL: nothing was set. */
static const char *setting(wr_rig *rig, const char *topic, const char *key)
{
    const wr_topic *found = wr_topics_find(rig->broker->topics, weir_slice_of(topic));
    CHECK(found != NULL);
    return wr_topic_config_get(found->config, wr_topic_key_find(weir_slice_of(key)));
}

/* Whatever fails, and however the broker ends: settings that were refused are not in force after the next start. */
TEST(settings_whose_write_failed_are_not_in_force_after_a_restart)
{
    int refused = 0;
    bool failed = true;
    for (uint64_t n = 0; failed; n++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            wr_rig *rig = rig_new(500 + SEEDS * n + seed);
            wr_rig_client *client = wr_rig_connect(rig);
            wr_rig_create(client, "orders", 2);
            ask_alter(client, "orders", "retention.ms", "1000");
            CHECK_EQ(altered(client), WR_KAFKA_NONE);
            uint64_t at = wr_sim_write_count(rig->sim) + n;
            wr_sim_fail_at(rig->sim, at, EIO);
            ask_alter(client, "orders", "retention.ms", "2000");
            int16_t error = altered(client);
            failed = wr_sim_write_count(rig->sim) > at;
            wr_sim_fail_at(rig->sim, UINT64_MAX, EIO);
            const char *expected = error == WR_KAFKA_NONE ? "2000" : "1000";
            refused += error != WR_KAFKA_NONE;
            CHECK_STR(setting(rig, "orders", "retention.ms"), expected);
            if (seed % 2 == 0)
                wr_rig_kill(rig);
            else
                wr_rig_cut(rig);
            CHECK_OK(wr_rig_start(rig));
            CHECK_STR(setting(rig, "orders", "retention.ms"), expected);
            wr_rig_free(rig);
        }
    CHECK(refused >= 4 * SEEDS); /* making, writing, syncing, renaming, syncing the name */
}

static bool says(weir_slice message, const char *words)
{
    size_t size = strlen(words);
    for (size_t i = 0; i + size <= message.size; i++)
        if (memcmp(message.data + i, words, size) == 0)
            return true;
    return false;
}

TEST(a_topic_that_a_full_disk_refuses_is_said_with_its_cause_in_the_answer_and_in_the_log)
{
    wr_rig *rig = wr_rig_new(500, (const char *const[]){"auto.create.topics.enable=false", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_sim_set_capacity(rig->sim, 0);
    ask_create(client, "more", 2);
    const wr_create_topics_response_topic *out = created(client);
    CHECK_EQ(out->error_code, WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK(says(out->error_message, "cannot be made: the disk is full"));
    CHECK(wr_rig_told(rig, "topic cannot be made"));

    wr_create_partitions_request_topic grown = {.name = WEIR_SLICE("orders"), .count = 3, .assignment_count = -1};
    wr_create_partitions_request in = {.topics = &grown, .topic_count = 1, .timeout_ms = 30000};
    const wr_create_partitions_response *grow = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 3, &in);
    CHECK(grow && grow->result_count == 1);
    CHECK_EQ(grow->results[0].error_code, WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK(says(grow->results[0].error_message, "cannot be made: the disk is full"));
    CHECK(wr_rig_told(rig, "topic cannot be given more partitions"));

    wr_sim_set_capacity(rig->sim, -1);
    ask_create(client, "more", 2);
    CHECK_EQ(created(client)->error_code, WR_KAFKA_NONE);
    wr_rig_free(rig);
}

TEST(a_topic_whose_deletion_failed_is_said_and_comes_back_with_its_positions_or_not_at_all)
{
    bool failed = true;
    int back = 0;
    for (uint64_t n = 0; failed; n++) {
        wr_rig *rig = wr_rig_new(400 + n, (const char *const[]){"auto.create.topics.enable=false", NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 2);
        CHECK_EQ(commit(client, "group", "orders", 1), WR_KAFKA_NONE);
        uint64_t at = wr_sim_write_count(rig->sim) + n;
        wr_sim_fail_at(rig->sim, at, EIO);
        ask_delete(client, "orders");
        int16_t error = deleted(client);
        failed = wr_sim_write_count(rig->sim) > at;
        wr_sim_fail_at(rig->sim, UINT64_MAX, EIO);
        CHECK_EQ(wr_rig_told(rig, "topic cannot be deleted"), error != WR_KAFKA_NONE);
        wr_rig_run_ms(rig, 1000);
        wr_rig_kill(rig);
        CHECK_OK(wr_rig_start(rig));
        client = wr_rig_connect(rig);
        int32_t count;
        if (describe(client, "orders", &count) == WR_KAFKA_NONE) {
            CHECK(error != WR_KAFKA_NONE);
            CHECK_EQ(count, 2);
            CHECK_EQ(committed(client, "group", "orders"), 1);
            back++;
        }
        wr_rig_free(rig);
        failed = failed && error != WR_KAFKA_NONE; /* what fails later is the clearing away */
    }
    CHECK(back > 0);
}
