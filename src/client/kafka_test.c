/* The implementation on librdkafka, against librdkafka's own mock cluster. Waiting is by polling with a deadline. */
#include "allocation.h"
#include "kafka_int.h"
#include "test.h"

#include <io/stop.h>

#include <librdkafka/rdkafka_mock.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct fixture {
    rd_kafka_t *host;
    rd_kafka_mock_cluster_t *mock;
    wr_config *config;
    wr_client *client;
} fixture;

/* Clients begin with the first of the brokers. */
static fixture start_many(int broker_count)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    fixture f;
    char text[200];
    weir_failure failure = {0};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    snprintf(text, sizeof(text), "%d", broker_count);
    CHECK_EQ(rd_kafka_conf_set(conf, "test.mock.num.brokers", text, text, sizeof(text)), RD_KAFKA_CONF_OK);
    f.host = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    CHECK(f.host != NULL);
    f.mock = rd_kafka_handle_mock_cluster(f.host);
    f.config = wr_config_new(tables, "WEIR");
    const char *servers = rd_kafka_mock_cluster_bootstraps(f.mock);
    snprintf(text, sizeof(text), "%.*s", (int)strcspn(servers, ","), servers);
    CHECK_OK(wr_config_set(f.config, "bootstrap.servers", text, "test", &failure));
    CHECK_OK(wr_client_new(f.config, NULL, &f.client, &failure));
    return f;
}

static fixture start(void)
{
    return start_many(1);
}

static void stop(fixture *f)
{
    CHECK(wr_client_free(f->client)); /* nothing is left behind */
    wr_config_free(f->config);
    rd_kafka_destroy(f->host);
}

typedef struct delivery_tally {
    size_t count, good;
    intptr_t last;
    bool ordered;
} delivery_tally;

static void count_delivery(void *user, const wr_delivery *delivery)
{
    delivery_tally *tally = user;
    tally->count++;
    tally->good += delivery->err == WEIR_OK;
    tally->ordered = tally->ordered && (intptr_t)delivery->cookie > tally->last;
    tally->last = (intptr_t)delivery->cookie;
}

static void send_numbers(wr_producer *producer, const char *topic, intptr_t from, intptr_t to)
{
    for (intptr_t i = from; i < to; i++) {
        char text[24];
        snprintf(text, sizeof(text), "%d", (int)i);
        wr_client_header header = {"number", weir_slice_of(text)};
        CHECK_OK(wr_producer_send(producer,
                                  &(wr_client_record){.topic = topic,
                                                      .partition = 0,
                                                      .key = weir_slice_of("k"),
                                                      .value = weir_slice_of(text),
                                                      .headers = &header,
                                                      .header_count = 1},
                                  (void *)(i + 1)));
    }
}

static void await_deliveries(wr_producer *producer, delivery_tally *tally, size_t count)
{
    for (int tries = 0; tries < 300 && tally->count < count; tries++)
        wr_producer_poll(producer, 100, count_delivery, tally);
    CHECK_EQ(tally->count, count);
}

/* A cluster with so many numbers in a topic, and the producer that sent them. */
static wr_producer *start_sent(fixture *f, const char *topic, intptr_t count)
{
    wr_producer *producer;
    delivery_tally tally = {.ordered = true};
    *f = start();
    CHECK_OK(wr_producer_new(f->client, NULL, &producer, NULL));
    send_numbers(producer, topic, 0, count);
    CHECK_EQ(wr_producer_pending(producer), count);
    await_deliveries(producer, &tally, (size_t)count);
    CHECK_EQ(tally.good, count);
    CHECK(tally.ordered);
    CHECK_EQ(wr_producer_pending(producer), 0);
    return producer;
}

/* All that was made, and nothing is left behind. */
static void stop_all(fixture *f, wr_producer *producer, wr_consumer *consumer)
{
    if (consumer)
        wr_consumer_free(consumer);
    wr_producer_free(producer);
    stop(f);
}

typedef struct group_watcher {
    int assigned, revoked, lost;
    int64_t start; /* what assigned sets, when not 0 */
    size_t owned;
} group_watcher;

static void on_assigned(void *user, wr_assignment *assignments, size_t count)
{
    group_watcher *watcher = user;
    watcher->assigned++;
    watcher->owned = count;
    for (size_t i = 0; watcher->start && i < count; i++)
        assignments[i].start_offset = watcher->start;
}

static void on_revoked(void *user, const wr_assignment *assignments, size_t count, bool lost)
{
    group_watcher *watcher = user;
    (void)assignments, (void)count;
    watcher->revoked++;
    watcher->lost += lost;
    watcher->owned = 0;
}

static wr_consumer *consume(fixture *f, const char *group, const char *topic, group_watcher *watcher)
{
    wr_consumer *consumer;
    weir_failure failure = {0};
    wr_consumer_options options = {
        .group = group, .from_beginning = true, .assigned = on_assigned, .revoked = on_revoked, .user = watcher};
    CHECK_OK(wr_consumer_new(f->client, &options, &consumer, &failure));
    CHECK_OK(wr_consumer_subscribe(consumer, &topic, 1, &failure));
    return consumer;
}

/* Reads until `count` records came, which must be the numbers from `from` on, each once. */
static void expect_numbers(wr_consumer *consumer, int from, int count)
{
    int next = from;
    for (int tries = 0; tries < 300 && next < from + count; tries++) {
        const wr_client_record *records;
        size_t read;
        weir_failure failure = {0};
        weir_err err = wr_consumer_poll(consumer, 50, 100, &records, &read, &failure);
        if (err == WEIR_E_UNREACHABLE)
            continue;
        CHECK_OK(err);
        CHECK(read <= 50);
        for (size_t i = 0; i < read; i++, next++) {
            char text[24] = {0};
            CHECK(records[i].value.size < sizeof(text));
            memcpy(text, records[i].value.data, records[i].value.size);
            CHECK_EQ(atoi(text), next);
            CHECK_EQ(records[i].header_count, 1);
            CHECK_STR(records[i].headers[0].name, "number");
            CHECK(weir_slice_equal(records[i].headers[0].value, records[i].value));
        }
    }
    CHECK_EQ(next, from + count);
}

TEST(what_is_produced_is_consumed_in_order_with_headers)
{
    fixture f;
    group_watcher watcher = {0};
    wr_producer *producer = start_sent(&f, "orders", 200);
    wr_consumer *consumer = consume(&f, "g", "orders", &watcher);
    expect_numbers(consumer, 0, 200);
    CHECK_EQ(watcher.assigned, 1);
    wr_consumer_free(consumer);
    CHECK_EQ(watcher.revoked, 1);
    CHECK_EQ(watcher.lost, 0);
    stop_all(&f, producer, NULL);
}

TEST(records_that_are_taken_over_outlive_later_polls)
{
    fixture f;
    group_watcher watcher = {0};
    wr_producer *producer = start_sent(&f, "orders", 200);
    wr_consumer *consumer = consume(&f, "g", "orders", &watcher);
    const wr_client_record *records;
    size_t count = 0;
    for (int tries = 0; tries < 300 && count == 0; tries++)
        CHECK_OK(wr_consumer_poll(consumer, 50, 100, &records, &count, NULL));
    wr_polled *polled = wr_consumer_take(consumer);
    CHECK(polled != NULL);
    expect_numbers(consumer, (int)count, 200 - (int)count);
    records = wr_polled_records(polled, &count);
    CHECK(count > 0);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(records[i].offset, (int64_t)i);
        CHECK_STR(records[i].topic, "orders");
        CHECK_STR(records[i].headers[0].name, "number");
        CHECK(weir_slice_equal(records[i].headers[0].value, records[i].value));
    }
    wr_polled_free(polled);
    stop_all(&f, producer, consumer);
}

TEST(the_assigned_callback_says_where_reading_starts)
{
    fixture f;
    group_watcher watcher = {.start = 150};
    wr_producer *producer = start_sent(&f, "orders", 200);
    wr_consumer *consumer = consume(&f, "g", "orders", &watcher);
    expect_numbers(consumer, 150, 50);
    stop_all(&f, producer, consumer);
}

TEST(a_group_goes_on_where_it_committed)
{
    fixture f;
    group_watcher watcher = {0};
    wr_producer *producer = start_sent(&f, "orders", 100);
    wr_consumer *consumer = consume(&f, "g", "orders", &watcher);
    expect_numbers(consumer, 0, 100);
    CHECK_OK(wr_consumer_commit(consumer, &(wr_assignment){"orders", 0, 60}, 1, true));
    wr_consumer_free(consumer);

    consumer = consume(&f, "g", "orders", &watcher);
    expect_numbers(consumer, 60, 40);
    stop_all(&f, producer, consumer);
}

TEST(a_broker_that_goes_down_and_comes_back_loses_and_doubles_nothing)
{
    fixture f;
    delivery_tally tally = {.ordered = true};
    group_watcher watcher = {0};
    wr_producer *producer = start_sent(&f, "orders", 10);
    wr_consumer *consumer = consume(&f, "g", "orders", &watcher);
    expect_numbers(consumer, 0, 10);

    rd_kafka_mock_broker_set_down(f.mock, 1);
    send_numbers(producer, "orders", 10, 20);
    wr_producer_poll(producer, 300, count_delivery, &tally);
    CHECK_EQ(tally.count, 0);
    rd_kafka_mock_broker_set_up(f.mock, 1);
    await_deliveries(producer, &tally, 10);
    CHECK_EQ(tally.good, 10);
    CHECK(tally.ordered);
    expect_numbers(consumer, 10, 10);
    stop_all(&f, producer, consumer);
}

/* Waits, without taking from it, until so many things stand in the consumer's queue. */
static void await_queued(fixture *f, wr_consumer *consumer, size_t count)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(wr_kafka_of_consumer(consumer));
    for (int tries = 0; tries < 1000 && rd_kafka_queue_length(queue) < count; tries++)
        rd_kafka_poll(f->host, 10);
    CHECK(rd_kafka_queue_length(queue) >= count);
    rd_kafka_queue_destroy(queue);
}

TEST(without_memory_no_record_is_passed_over)
{
    fixture f;
    wr_producer *producer = start_sent(&f, "orders", 5);
    for (size_t nth = 1; nth <= 5; nth++) {
        wr_consumer *consumer;
        weir_failure failure = {0};
        const wr_client_record *records = NULL;
        size_t count = 0;
        CHECK_OK(wr_consumer_new(f.client, &(wr_consumer_options){.from_beginning = true}, &consumer, &failure));
        CHECK_OK(wr_consumer_assign(consumer, &(wr_assignment){.topic = "orders"}, 1, &failure));
        await_queued(&f, consumer, 5);
        test_fail_allocation(nth);
        weir_err err = wr_consumer_poll(consumer, 50, 100, &records, &count, &failure);
        bool has_failed = test_allocation_failed();
        CHECK(has_failed || err == WEIR_OK);
        CHECK(err == WEIR_OK || err == WEIR_E_MEMORY || err == WEIR_E_BROKEN);
        for (size_t i = 0; err == WEIR_OK && i < count; i++)
            CHECK_EQ(records[i].offset, i);
        wr_consumer_free(consumer);
    }
    stop_all(&f, producer, NULL);
}

TEST(two_members_share_the_partitions_and_one_gets_all_back)
{
    fixture f = start();
    group_watcher first = {0}, second = {0};
    const wr_client_record *records;
    size_t count;
    rd_kafka_mock_topic_create(f.mock, "shared", 4, 1);
    wr_consumer *a = consume(&f, "g", "shared", &first), *b = consume(&f, "g", "shared", &second);
    for (int tries = 0; tries < 300 && !(first.owned == 2 && second.owned == 2); tries++) {
        CHECK(wr_consumer_poll(a, 10, 50, &records, &count, NULL) != WEIR_E_BROKEN);
        CHECK(wr_consumer_poll(b, 10, 50, &records, &count, NULL) != WEIR_E_BROKEN);
    }
    CHECK_EQ(first.owned, 2);
    CHECK_EQ(second.owned, 2);
    wr_consumer_free(b);
    for (int tries = 0; tries < 300 && first.owned != 4; tries++)
        CHECK(wr_consumer_poll(a, 10, 50, &records, &count, NULL) != WEIR_E_BROKEN);
    CHECK_EQ(first.owned, 4);
    wr_consumer_free(a);
    stop(&f);
}

static void *wake_later(void *consumer)
{
    wr_consumer_wake(consumer);
    return NULL;
}

/* Polls until the watcher owns as many partitions as asked for. */
static void await_owned(wr_consumer *consumer, const group_watcher *watcher, size_t count)
{
    for (int tries = 0; tries < 200 && (watcher->owned != count || !watcher->assigned); tries++) {
        const wr_client_record *records;
        size_t read;
        weir_failure failure = {0};
        weir_err err = wr_consumer_poll(consumer, 50, 100, &records, &read, &failure);
        CHECK(err == WEIR_OK || err == WEIR_E_UNREACHABLE);
    }
    CHECK_EQ(watcher->owned, count);
}

TEST(a_consumer_ends_after_its_topic_went_away)
{
    fixture f = start();
    group_watcher watcher = {0};
    CHECK_EQ(rd_kafka_mock_topic_create(f.mock, "gone", 4, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    wr_consumer *consumer = consume(&f, "g", "gone", &watcher);
    await_owned(consumer, &watcher, 4);
    rd_kafka_mock_topic_set_error(f.mock, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    await_owned(consumer, &watcher, 0);
    wr_consumer_free(consumer);
    stop(&f);
}

TEST(a_consumer_ends_while_its_topic_is_away_and_assigned_by_hand)
{
    fixture f = start();
    weir_failure failure = {0};
    wr_consumer *consumer;
    CHECK_EQ(rd_kafka_mock_topic_create(f.mock, "gone", 2, 1), RD_KAFKA_RESP_ERR_NO_ERROR);
    wr_producer *producer;
    CHECK_OK(wr_producer_new(f.client, NULL, &producer, &failure));
    send_numbers(producer, "gone", 0, 3);
    delivery_tally tally = {.last = 0, .ordered = true};
    await_deliveries(producer, &tally, 3);
    CHECK_OK(wr_consumer_new(f.client, &(wr_consumer_options){.from_beginning = true}, &consumer, &failure));
    const wr_assignment both[] = {{"gone", 0, 0}, {"gone", 1, 0}};
    CHECK_OK(wr_consumer_assign(consumer, both, 2, &failure));
    expect_numbers(consumer, 0, 3);
    rd_kafka_mock_topic_set_error(f.mock, "gone", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
    for (int i = 0; i < 15; i++) { /* time for librdkafka to hear of it */
        const wr_client_record *records;
        size_t read;
        weir_err err = wr_consumer_poll(consumer, 50, 100, &records, &read, &failure);
        CHECK(err == WEIR_OK || err == WEIR_E_UNREACHABLE);
    }
    stop_all(&f, producer, consumer);
}

/* Polls until the consumer knows what is asked for. */
static wr_reach await_reach(wr_consumer *consumer, bool reached, bool unreachable)
{
    wr_reach reach = {0};
    for (int tries = 0; tries < 200; tries++) {
        const wr_client_record *records;
        size_t read;
        weir_failure failure = {0};
        weir_err err = wr_consumer_poll(consumer, 50, 100, &records, &read, &failure);
        CHECK(err == WEIR_OK || err == WEIR_E_UNREACHABLE);
        wr_consumer_reach(consumer, &reach);
        if (reach.is_reached == reached && reach.is_unreachable == unreachable)
            break;
    }
    CHECK_EQ(reach.is_reached, reached);
    CHECK_EQ(reach.is_unreachable, unreachable);
    return reach;
}

TEST(a_lost_broker_is_known_with_host_and_cause_and_so_is_its_return)
{
    fixture f = start();
    weir_failure failure = {0};
    wr_consumer *consumer; /* of a service that only publishes: it has nothing to ask of a broker */
    CHECK_OK(wr_consumer_new(f.client, &(wr_consumer_options){0}, &consumer, &failure));
    await_reach(consumer, true, false);
    CHECK_OK(wr_client_reach(f.client, 5000, &failure));
    rd_kafka_mock_broker_set_down(f.mock, 1);
    wr_reach reach = await_reach(consumer, false, true);
    CHECK(strstr(reach.reason, "127.0.0.1:") == reach.reason);
    CHECK(strchr(reach.reason, '(') == NULL);
    rd_kafka_mock_broker_set_up(f.mock, 1);
    await_reach(consumer, true, false);
    wr_consumer_free(consumer);
    stop(&f);
}

/* One of many brokers is all that a consumer needs, whichever it is. */
TEST(a_cluster_of_many_brokers_is_reached_while_the_one_that_is_read_from_is)
{
    enum { BROKERS = 70 };
    fixture f = start_many(BROKERS);
    wr_consumer *consumer;
    wr_producer *producer;
    weir_failure failure = {0};
    rd_kafka_mock_topic_create(f.mock, "orders", 1, 1);
    rd_kafka_mock_partition_set_leader(f.mock, "orders", 0, BROKERS);
    CHECK_OK(wr_producer_new(f.client, NULL, &producer, NULL));
    delivery_tally tally = {.ordered = true};
    send_numbers(producer, "orders", 0, 3);
    await_deliveries(producer, &tally, 3);
    CHECK_OK(wr_consumer_new(f.client, &(wr_consumer_options){.from_beginning = true}, &consumer, &failure));
    CHECK_OK(wr_consumer_assign(consumer, &(wr_assignment){.topic = "orders"}, 1, &failure));
    expect_numbers(consumer, 0, 3);
    for (int broker = 1; broker < BROKERS; broker++)
        rd_kafka_mock_broker_set_down(f.mock, broker);
    for (int i = 0; i < 30; i++) { /* three seconds, in which the others are found to be gone */
        const wr_client_record *records;
        size_t count;
        wr_reach reach;
        CHECK_OK(wr_consumer_poll(consumer, 50, 100, &records, &count, &failure));
        wr_consumer_reach(consumer, &reach);
        CHECK(reach.is_reached && !reach.is_unreachable);
    }
    stop_all(&f, producer, consumer);
}

/* In a child, since threads are left behind: 0 when all is as it should be. */
static int leave_behind(void)
{
    fixture f = start();
    weir_failure failure = {0};
    wr_producer *producer;
    CHECK_OK(wr_producer_new(f.client, NULL, &producer, &failure));
    send_numbers(producer, "held", 0, 1);
    delivery_tally tally = {.last = 0, .ordered = true};
    await_deliveries(producer, &tally, 1);
    /* A handle does not end while somebody holds one of its brokers; a consumer of the same does, through its record. */
    wr_consumer *consumer;
    CHECK_OK(wr_consumer_new(f.client, &(wr_consumer_options){.from_beginning = true}, &consumer, &failure));
    CHECK_OK(wr_consumer_assign(consumer, &(wr_assignment){"held", 0, 0}, 1, &failure));
    rd_kafka_message_t *held = NULL;
    for (int tries = 0; tries < 100 && !held; tries++) /* a wake ends one */
        held = rd_kafka_consumer_poll(wr_kafka_of_consumer(consumer), 100);
    CHECK(held != NULL && !held->err);
    wr_producer_free(producer);
    wr_consumer_free(consumer);
    return wr_client_free(f.client) ? 1 : 0;
}

TEST(what_does_not_end_is_left_behind_and_said)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        wr_self_exit(leave_behind());
    int status;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(another_thread_wakes_a_poll_that_waits)
{
    fixture f = start();
    group_watcher watcher = {0};
    const wr_client_record *records;
    size_t count = 1;
    pthread_t thread;
    rd_kafka_mock_topic_create(f.mock, "quiet", 1, 1);
    wr_consumer *consumer = consume(&f, "g", "quiet", &watcher);
    for (int tries = 0; tries < 300 && !watcher.owned; tries++)
        CHECK_OK(wr_consumer_poll(consumer, 10, 50, &records, &count, NULL));
    CHECK_EQ(pthread_create(&thread, NULL, wake_later, consumer), 0);
    CHECK_OK(wr_consumer_poll(consumer, 10, 200000, &records, &count, NULL)); /* would outlast the test's own limit */
    CHECK_EQ(count, 0);
    pthread_join(thread, NULL);
    wr_consumer_free(consumer);
    stop(&f);
}

static void count_ready(void *user)
{
    atomic_fetch_add((atomic_int *)user, 1);
}

TEST(ready_is_called_when_deliveries_wait)
{
    fixture f = start();
    wr_producer *producer;
    delivery_tally tally = {.ordered = true};
    atomic_int ready = 0;
    CHECK_OK(wr_producer_new(f.client, NULL, &producer, NULL));
    wr_producer_on_ready(producer, count_ready, &ready);
    send_numbers(producer, "orders", 0, 5);
    await_deliveries(producer, &tally, 5);
    CHECK(atomic_load(&ready) >= 1);
    wr_producer_on_ready(producer, NULL, NULL);
    stop_all(&f, producer, NULL);
}

static void expect_broken(void *user, const wr_delivery *delivery)
{
    CHECK_EQ(delivery->err, WEIR_E_BROKEN);
    ++*(int *)user;
}

TEST(a_fatal_error_hands_everything_back_as_broken)
{
    fixture f = start();
    wr_producer *producer;
    int broken = 0;
    CHECK_OK(wr_producer_new(f.client, NULL, &producer, NULL));
    rd_kafka_mock_broker_set_down(f.mock, 1);
    send_numbers(producer, "orders", 0, 5);
    rd_kafka_t *kafka = wr_kafka_of_producer(producer);
    rd_kafka_test_fatal_error(kafka, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "for the test");
    for (int tries = 0; tries < 100 && broken < 5; tries++)
        wr_producer_poll(producer, 100, expect_broken, &broken);
    CHECK_EQ(broken, 5);
    CHECK_EQ(wr_producer_send(producer, &(wr_client_record){.topic = "orders", .partition = 0}, NULL), WEIR_E_BROKEN);
    stop_all(&f, producer, NULL);
}

TEST(a_record_that_the_broker_will_never_take_is_refused)
{
    fixture f = start();
    wr_producer *producer;
    delivery_tally tally = {.ordered = true};
    rd_kafka_mock_topic_create(f.mock, "orders", 1, 1);
    rd_kafka_mock_push_request_errors(f.mock, 0, 1, RD_KAFKA_RESP_ERR_INVALID_RECORD);
    CHECK_OK(wr_producer_new(f.client, NULL, &producer, NULL));
    send_numbers(producer, "orders", 0, 1);
    await_deliveries(producer, &tally, 1);
    CHECK_EQ(tally.good, 0);
    send_numbers(producer, "orders", 1, 2); /* and the next one is taken */
    await_deliveries(producer, &tally, 2);
    CHECK_EQ(tally.good, 1);
    stop_all(&f, producer, NULL);
}

TEST(describing_finds_topics_and_does_not_make_them)
{
    fixture f = start();
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_cluster_info info;
    weir_failure failure = {0};
    rd_kafka_mock_topic_create(f.mock, "b", 3, 1);
    rd_kafka_mock_topic_create(f.mock, "a", 1, 1);
    CHECK_OK(wr_admin_describe(f.client, NULL, true, 5000, arena, &info, &failure));
    CHECK_EQ(info.topic_count, 2);
    CHECK_STR(info.topics[0].name, "a");
    CHECK_EQ(info.topics[1].partition_count, 3);
    CHECK_EQ(info.topics[1].partitions[2].partition, 2);
    CHECK_EQ(info.topics[1].partitions[2].start_offset, 0);
    CHECK_EQ(info.topics[1].partitions[2].end_offset, 0);
    CHECK_EQ(info.broker_count, 1);
    CHECK_EQ(wr_admin_describe(f.client, "c", true, 5000, arena, &info, &failure), WEIR_E_NOT_FOUND);
    CHECK_EQ(wr_admin_describe(f.client, "c", true, 5000, arena, &info, &failure), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
    stop(&f);
}

TEST(offsets_are_found_at_both_ends)
{
    fixture f;
    weir_failure failure = {0};
    int64_t begin = 9, end = 9;
    wr_producer *producer = start_sent(&f, "orders", 7);
    CHECK_OK(wr_admin_offset_at(f.client, "orders", 0, -2, 5000, &begin, &failure));
    CHECK_OK(wr_admin_offset_at(f.client, "orders", 0, -1, 5000, &end, &failure));
    CHECK_EQ(begin, 0);
    CHECK_EQ(end, 7);
    stop_all(&f, producer, NULL);
}
