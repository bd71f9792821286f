/* What clients may do wrong, out of order, too slowly or too much. */
#include <testing/broker/rig.h>

#include <wire/api_versions.h>
#include <wire/fetch.h>
#include <wire/kafka.h>
#include <wire/metadata.h>
#include <wire/produce.h>

#include <stdio.h>

#include "test.h"

static const wr_api_versions_request who = {.client_software_name = WEIR_SLICE("rig"),
                                            .client_software_version = WEIR_SLICE("1.0")};

static void send_size(wr_rig_client *client, int32_t size)
{
    uint8_t bytes[4];
    wr_put_i32(bytes, size);
    wr_rig_send_bytes(client, bytes, sizeof bytes);
}

static bool alive(wr_rig *rig)
{
    wr_rig_client *client = wr_rig_connect(rig);
    const wr_api_versions_response *out = wr_rig_call(client, WR_API_API_VERSIONS, 3, &who);
    bool answered = out && out->error_code == WR_KAFKA_NONE;
    wr_rig_disconnect(client);
    return answered;
}

/* ---- negotiation */

TEST(api_versions_lists_what_librdkafka_looks_for)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    const wr_api_versions_response *out = wr_rig_call(client, WR_API_API_VERSIONS, 3, &who);
    CHECK(out && out->error_code == WR_KAFKA_NONE);
    bool produce = false, join = false;
    for (int32_t i = 0; i < out->api_key_count; i++) {
        const wr_api_versions_response_api_key *one = &out->api_keys[i];
        produce = produce || (one->api_key == WR_API_PRODUCE && one->min_version == 0 && one->max_version >= 9);
        join = join || (one->api_key == WR_API_JOIN_GROUP && one->min_version == 0);
        CHECK(i == 0 || out->api_keys[i - 1].api_key < one->api_key);
    }
    CHECK(produce && join);
    wr_rig_free(rig);
}

TEST(api_versions_of_the_future_is_answered_in_version_0)
{
    wr_rig *rig = wr_rig_new(2, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    const uint8_t frame[] = {0, 0, 0, 11, 0, WR_API_API_VERSIONS, 0, 99, 0, 0, 0, 77, 0xff, 0xff, 0};
    wr_rig_send_bytes(client, frame, sizeof frame);
    const wr_api_versions_response *out = wr_rig_receive(client, WR_API_API_VERSIONS, 0, 1000);
    CHECK(out != NULL);
    CHECK_EQ(wr_rig_correlation(client), 77);
    CHECK_EQ(out->error_code, WR_KAFKA_UNSUPPORTED_VERSION);
    CHECK_EQ(out->api_key_count, 1);
    CHECK_EQ(out->api_keys[0].api_key, WR_API_API_VERSIONS);
    CHECK(wr_rig_call(client, WR_API_API_VERSIONS, 3, &who) != NULL); /* the connection goes on */
    wr_rig_free(rig);
}

TEST(a_client_software_name_that_breaks_the_rules_is_an_invalid_request)
{
    wr_rig *rig = wr_rig_new(3, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_api_versions_request bad = {.client_software_name = WEIR_SLICE("-rig"),
                                   .client_software_version = WEIR_SLICE("1")};
    const wr_api_versions_response *out = wr_rig_call(client, WR_API_API_VERSIONS, 3, &bad);
    CHECK(out && out->error_code == WR_KAFKA_INVALID_REQUEST);
    wr_rig_free(rig);
}

/* ---- frames */

TEST(sizes_that_cannot_be_close_the_connection)
{
    static const int32_t sizes[] = {-1, INT32_MIN, INT32_MAX, 100 * 1024 * 1024 + 1, 0, 1, 7};
    wr_rig *rig = wr_rig_new(4, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        wr_rig_client *client = wr_rig_connect(rig);
        send_size(client, sizes[i]);
        const uint8_t zeros[7] = {0};
        if (sizes[i] > 0 && sizes[i] <= 7)
            wr_rig_send_bytes(client, zeros, (size_t)sizes[i]);
        wr_rig_run_ms(rig, 100);
        CHECK(!wr_rig_connected(client));
    }
    CHECK(alive(rig));
    wr_rig_free(rig);
}

TEST(a_claimed_size_takes_no_memory_and_silence_has_a_deadline)
{
    wr_rig *rig = wr_rig_new(5, NULL);
    wr_rig_client *clients[200];
    for (int i = 0; i < 200; i++) {
        clients[i] = wr_rig_connect(rig);
        send_size(clients[i], 1000 * 1000);
        wr_rig_send_bytes(clients[i], "\0\0", 2);
    }
    wr_rig_run_ms(rig, 1000);
    CHECK(wr_server_memory_size(rig->server) < 200 * 128);
    CHECK_EQ(wr_server_connection_count(rig->server), 200);
    wr_rig_run_ms(rig, 200 * 1000);
    for (int i = 0; i < 200; i++)
        CHECK(!wr_rig_connected(clients[i]));
    CHECK_EQ(wr_server_memory_size(rig->server), 0);
    wr_rig_free(rig);
}

TEST(an_unknown_api_or_version_or_garbage_closes_the_connection)
{
    static const uint8_t frames[][18] = {
        {0, 0, 0, 14, 0, 99, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0},                          /* api 99 */
        {0, 0, 0, 14, 0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0},                     /* api 32767 */
        {0, 0, 0, 14, 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0},                     /* api -1 */
        {0, 0, 0, 14, 0, WR_API_FETCH, 0, 99, 0, 0, 0, 1, 0xff, 0xff, 0, 0, 0, 0},               /* version 99 */
        {0, 0, 0, 14, 0, WR_API_METADATA, 0, 4, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}, /* an array bomb */
        {0, 0, 0, 14, 0, WR_API_METADATA, 0, 0, 0, 0, 0, 1, 0x7f, 0xff, 0, 0, 0, 0},             /* a long client id */
    };
    wr_rig *rig = wr_rig_new(6, NULL);
    for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_send_bytes(client, frames[i], sizeof frames[i]);
        wr_rig_run_ms(rig, 100);
        CHECK(!wr_rig_connected(client));
    }
    CHECK(alive(rig));
    wr_rig_free(rig);
}

TEST(a_frame_that_trickles_in_byte_by_byte_is_answered)
{
    wr_rig *rig = wr_rig_new(7, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    static const uint8_t frame[] = {0, 0, 0, 14, 0, WR_API_METADATA, 0, 1, 0, 0, 0, 5, 0xff, 0xff, 0, 0, 0, 0};
    for (size_t i = 0; i < sizeof frame; i++) {
        wr_rig_send_bytes(client, frame + i, 1);
        wr_rig_run_ms(rig, 100);
    }
    CHECK(wr_rig_receive(client, WR_API_METADATA, 1, 100) != NULL);
    CHECK_EQ(wr_rig_correlation(client), 5);
    wr_rig_free(rig);
}

/* ---- order */

static void send_parked_fetch(wr_rig_client *client, int32_t max_wait_ms)
{
    wr_fetch_request_partition one = {
        .current_leader_epoch = -1, .last_fetched_epoch = -1, .partition_max_bytes = 1 << 20};
    wr_fetch_request_topic topic = {.topic = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_fetch_request in = {.replica_id = -1,
                           .max_wait_ms = max_wait_ms,
                           .min_bytes = 1 << 20,
                           .max_bytes = 1 << 20,
                           .session_epoch = -1,
                           .rack_id = WEIR_SLICE(""),
                           .topics = &topic,
                           .topic_count = 1};
    wr_rig_send(client, WR_API_FETCH, 11, &in);
}

TEST(answers_leave_in_the_order_of_the_requests)
{
    wr_rig *rig = wr_rig_new(8, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    send_parked_fetch(client, 700);
    int32_t fetch_id = wr_rig_send(client, WR_API_API_VERSIONS, 3, &who) - 1;
    CHECK(wr_rig_receive(client, WR_API_FETCH, 11, 500) == NULL); /* and nothing overtook it */
    CHECK(wr_rig_receive(client, WR_API_FETCH, 11, 500) != NULL);
    CHECK_EQ(wr_rig_correlation(client), fetch_id);
    CHECK(wr_rig_receive(client, WR_API_API_VERSIONS, 3, 100) != NULL);
    CHECK_EQ(wr_rig_correlation(client), fetch_id + 1);
    wr_rig_free(rig);
}

TEST(many_pipelined_produce_requests_share_few_syncs)
{
    wr_rig *rig = wr_rig_new(9, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    uint64_t before = wr_sim_write_count(rig->sim);
    for (int i = 0; i < 200; i++) {
        wr_produce_request_partition one = {.records = wr_rig_batch(rig, "x", i, 1, -1, 0, 0)};
        wr_produce_request_topic topic = {
            .name = WEIR_SLICE("orders"), .partition_data = &one, .partition_data_count = 1};
        wr_produce_request in = {.acks = -1, .topic_data = &topic, .topic_data_count = 1};
        wr_rig_send(client, WR_API_PRODUCE, 9, &in);
    }
    for (int i = 0; i < 200; i++) {
        const wr_produce_response *out = wr_rig_receive(client, WR_API_PRODUCE, 9, 1000);
        CHECK(out && out->responses[0].partition_responses[0].error_code == WR_KAFKA_NONE);
        CHECK_EQ(out->responses[0].partition_responses[0].base_offset, i);
    }
    CHECK(wr_sim_write_count(rig->sim) - before < 300); /* 200 appends and their syncs */
    wr_rig_free(rig);
}

TEST(a_client_that_leaves_while_its_requests_wait_takes_them_along)
{
    wr_rig *rig = wr_rig_new(10, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    for (int i = 0; i < 20; i++) {
        wr_rig_client *leaver = wr_rig_connect(rig);
        send_parked_fetch(leaver, 60000);
        wr_rig_run_ms(rig, 20);
        wr_rig_disconnect(leaver);
    }
    wr_rig_run_ms(rig, 200);
    CHECK_EQ(wr_server_connection_count(rig->server), 1);
    CHECK_EQ(wr_server_memory_size(rig->server), 0);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 5, -1, 0, 0), NULL), 0);
    wr_rig_free(rig);
}

/* ---- too much */

TEST(a_reader_that_never_reads_is_not_served_without_end)
{
    wr_rig *rig = wr_rig_new(11, (const char *const[]){"connection.max.queued.bytes=262144", NULL});
    wr_rig_client *client = wr_rig_connect(rig), *slow = wr_rig_connect(rig);
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "topic-%d", i);
        wr_rig_create(client, name, 5);
    }
    wr_rig_listen(slow, false);
    wr_metadata_request all = {.topic_count = -1};
    for (int i = 0; i < 5000; i++)
        wr_rig_send(slow, WR_API_METADATA, 1, &all);
    wr_rig_run_ms(rig, 3000);
    int64_t held = wr_server_memory_size(rig->server);
    CHECK(held > 200 * 1024 && held < 1024 * 1024);
    CHECK(alive(rig));
    wr_rig_listen(slow, true); /* it takes up again where it was */
    for (int i = 0; i < 5000; i++)
        CHECK(wr_rig_receive(slow, WR_API_METADATA, 1, 1000) != NULL);
    wr_rig_run_ms(rig, 100);
    CHECK_EQ(wr_server_memory_size(rig->server), 0);
    wr_rig_free(rig);
}

TEST(a_reader_that_never_reads_is_closed_in_the_end)
{
    wr_rig *rig = wr_rig_new(12, NULL);
    wr_rig_client *client = wr_rig_connect(rig), *slow = wr_rig_connect(rig);
    for (int i = 0; i < 40; i++) {
        char name[32];
        snprintf(name, sizeof name, "topic-%d", i);
        wr_rig_create(client, name, 5);
    }
    wr_rig_listen(slow, false);
    wr_metadata_request all = {.topic_count = -1};
    for (int i = 0; i < 100; i++)
        wr_rig_send(slow, WR_API_METADATA, 1, &all);
    wr_rig_run_ms(rig, 120 * 1000);
    CHECK_EQ(wr_server_connection_count(rig->server), 1);
    CHECK_EQ(wr_server_memory_size(rig->server), 0);
    wr_rig_free(rig);
}

TEST(a_reader_that_only_sends_is_closed_in_the_end)
{
    wr_rig *rig = wr_rig_new(12, NULL);
    wr_rig_client *slow = wr_rig_connect(rig);
    wr_rig_listen(slow, false);
    wr_metadata_request none = {.topic_count = 0};
    for (int i = 0; i < 3000; i++) /* more answers than the network holds */
        wr_rig_send(slow, WR_API_METADATA, 1, &none);
    for (int i = 0; i < 12; i++) {
        wr_rig_run_ms(rig, 10 * 1000);
        wr_rig_send(slow, WR_API_METADATA, 1, &none);
    }
    CHECK_EQ(wr_server_connection_count(rig->server), 0);
    CHECK_EQ(wr_server_memory_size(rig->server), 0);
    wr_rig_free(rig);
}

TEST(memory_of_half_frames_is_bounded_over_all_connections)
{
    wr_rig *rig = wr_rig_new(13, (const char *const[]){"queued.max.request.bytes=1048576", NULL});
    static uint8_t half[400 * 1024];
    for (int i = 0; i < 10; i++) {
        wr_rig_client *client = wr_rig_connect(rig);
        send_size(client, 1000 * 1000);
        wr_rig_send_bytes(client, half, sizeof half);
    }
    wr_rig_run_ms(rig, 5000);
    CHECK(wr_server_memory_size(rig->server) < 3 * 1024 * 1024);
    wr_rig_run_ms(rig, 400 * 1000); /* their deadlines give the memory back */
    CHECK_EQ(wr_server_memory_size(rig->server), 0);
    CHECK(alive(rig));
    wr_rig_free(rig);
}

TEST(connections_above_the_limit_are_closed_and_idle_ones_in_time)
{
    wr_rig *rig = wr_rig_new(14, (const char *const[]){"max.connections=50", "connections.max.idle.ms=60000", NULL});
    for (int i = 0; i < 80; i++)
        wr_rig_connect(rig);
    wr_rig_run_ms(rig, 1000);
    CHECK_EQ(wr_server_connection_count(rig->server), 50);
    CHECK_EQ(wr_server_memory_size(rig->server), 0); /* idle connections hold no buffers */
    wr_rig_run_ms(rig, 61000);
    CHECK_EQ(wr_server_connection_count(rig->server), 0);
    CHECK(alive(rig));
    wr_rig_free(rig);
}

TEST(stopping_answers_what_waits_and_takes_nothing_new)
{
    wr_rig *rig = wr_rig_new(15, NULL);
    wr_rig_client *client = wr_rig_connect(rig), *waiting = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    send_parked_fetch(waiting, 60000);
    wr_rig_run_ms(rig, 100);
    wr_broker_stop(rig->broker, 5000, NULL, NULL);
    CHECK(wr_rig_receive(waiting, WR_API_FETCH, 11, 1000) != NULL);
    wr_rig_run_ms(rig, 100);
    CHECK(!wr_rig_connected(waiting) && !wr_rig_connected(client));
    CHECK(wr_path_exists(wr_sim_io(rig->sim), "/data/.kafka_cleanshutdown"));
    wr_rig_free(rig);
}

TEST(an_idle_broker_has_no_timer)
{
    wr_rig *rig = wr_rig_new(16, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_rig_disconnect(client);
    wr_rig_run_ms(rig, 20 * 60 * 1000);
    CHECK_EQ(wr_sim_next_timer_us(rig->sim), -1);
    wr_rig_free(rig);
}
