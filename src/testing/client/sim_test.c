#include "sim.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct fixture {
    wr_sim_cluster *cluster;
    wr_client *client;
    wr_producer *producer;
    /* deliveries */
    size_t good, bad;
    weir_err last_err;
    int64_t last_offset;
    int ready;
    /* assignments of the consumer made last */
    int assigned, revoked, lost;
    size_t owned;
    int64_t start;
} fixture;

static fixture *start(wr_sim_options options)
{
    fixture *f = calloc(1, sizeof(*f));
    f->cluster = wr_sim_cluster_new(&options);
    f->client = wr_sim_client_new(f->cluster);
    f->start = -1001;
    CHECK_OK(wr_producer_new(f->client, NULL, &f->producer, NULL));
    return f;
}

static void stop(fixture *f)
{
    wr_producer_free(f->producer);
    wr_client_free(f->client);
    wr_sim_cluster_free(f->cluster);
    free(f);
}

static void on_delivery(void *user, const wr_delivery *delivery)
{
    fixture *f = user;
    f->good += delivery->err == WEIR_OK;
    f->bad += delivery->err != WEIR_OK;
    f->last_err = delivery->err;
    f->last_offset = delivery->offset;
}

static void on_ready(void *user)
{
    ((fixture *)user)->ready++;
}

static void on_assigned(void *user, wr_assignment *assignments, size_t count)
{
    fixture *f = user;
    f->assigned++;
    f->owned = count;
    for (size_t i = 0; i < count; i++)
        assignments[i].start_offset = f->start;
}

static void on_revoked(void *user, const wr_assignment *assignments, size_t count, bool lost)
{
    fixture *f = user;
    (void)assignments, (void)count;
    f->revoked++;
    f->lost += lost;
    f->owned = 0;
}

static void send_text(fixture *f, const char *topic, const char *key, const char *value)
{
    wr_client_header header = {"h", weir_slice_of(value)};
    CHECK_OK(wr_producer_send(f->producer,
                              &(wr_client_record){.topic = topic,
                                                  .partition = -1,
                                                  .key = weir_slice_of(key),
                                                  .value = weir_slice_of(value),
                                                  .headers = &header,
                                                  .header_count = 1},
                              f));
}

static void poll_producer(fixture *f)
{
    wr_producer_poll(f->producer, 0, on_delivery, f);
}

static wr_consumer *consume(fixture *f, const char *topic)
{
    wr_consumer *consumer;
    CHECK_OK(wr_consumer_new(
        f->client,
        &(wr_consumer_options){
            .group = "g", .from_beginning = true, .assigned = on_assigned, .revoked = on_revoked, .user = f},
        &consumer, NULL));
    CHECK_OK(wr_consumer_subscribe(consumer, &topic, 1, NULL));
    return consumer;
}

static size_t read_count(wr_consumer *consumer)
{
    const wr_client_record *records;
    size_t count;
    CHECK_OK(wr_consumer_poll(consumer, 100, 0, &records, &count, NULL));
    return count;
}

TEST(what_is_produced_is_consumed_with_key_and_headers)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    const wr_client_record *records;
    size_t count;
    send_text(f, "t", "k", "one");
    CHECK_EQ(wr_sim_count(f->cluster, "t"), 0); /* queued only */
    poll_producer(f);
    CHECK_EQ(f->good, 1);
    wr_consumer *consumer = consume(f, "t");
    CHECK_OK(wr_consumer_poll(consumer, 100, 0, &records, &count, NULL));
    CHECK_EQ(count, 1);
    CHECK(weir_slice_equal(records[0].key, WEIR_SLICE("k")));
    CHECK(weir_slice_equal(records[0].value, WEIR_SLICE("one")));
    CHECK(weir_slice_equal(records[0].headers[0].value, WEIR_SLICE("one")));
    CHECK_STR(records[0].headers[0].name, "h");
    wr_consumer_free(consumer);
    stop(f);
}

TEST(records_that_are_taken_over_outlive_later_polls_and_their_topic)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    const wr_client_record *records;
    size_t count;
    wr_consumer *consumer = consume(f, "t");
    send_text(f, "t", "k", "one");
    poll_producer(f);
    CHECK_OK(wr_consumer_poll(consumer, 100, 0, &records, &count, NULL));
    wr_polled *polled = wr_consumer_take(consumer);
    send_text(f, "t", "k", "two");
    poll_producer(f);
    CHECK_EQ(read_count(consumer), 1);
    CHECK_OK(wr_sim_topic_remake(f->cluster, "t"));
    CHECK_EQ(read_count(consumer), 0);
    records = wr_polled_records(polled, &count);
    CHECK_EQ(count, 1);
    CHECK_STR(records[0].topic, "t");
    CHECK(weir_slice_equal(records[0].value, WEIR_SLICE("one")));
    CHECK_STR(records[0].headers[0].name, "h");
    wr_polled_free(polled);
    polled = wr_consumer_take(consumer); /* nothing was polled */
    wr_polled_records(polled, &count);
    CHECK_EQ(count, 0);
    wr_polled_free(polled);
    wr_consumer_free(consumer);
    stop(f);
}

TEST(a_crash_between_publish_and_acknowledgement_leaves_the_record_published)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    wr_sim_hold_acks(f->cluster, true);
    send_text(f, "t", "k", "one");
    poll_producer(f);
    CHECK_EQ(wr_sim_count(f->cluster, "t"), 1);
    CHECK_EQ(f->good, 0);
    CHECK_EQ(wr_producer_pending(f->producer), 1);
    wr_producer_free(f->producer);
    wr_sim_hold_acks(f->cluster, false);
    CHECK_OK(wr_producer_new(f->client, NULL, &f->producer, NULL));
    send_text(f, "t", "k", "one"); /* as an outbox does at its next start */
    poll_producer(f);
    CHECK_EQ(wr_sim_count(f->cluster, "t"), 2);
    stop(f);
}

TEST(held_acks_are_released_one_by_one_in_order)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    wr_sim_hold_acks(f->cluster, true);
    for (int i = 0; i < 3; i++)
        send_text(f, "t", "k", "v");
    poll_producer(f);
    wr_sim_release_acks(f->cluster, 2);
    poll_producer(f);
    CHECK_EQ(f->good, 2);
    CHECK_EQ(f->last_offset, 1);
    wr_sim_hold_acks(f->cluster, false);
    poll_producer(f);
    CHECK_EQ(f->good, 3);
    stop(f);
}

TEST(nothing_moves_while_the_broker_is_down)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    const wr_client_record *records;
    size_t count;
    weir_failure failure = {0};
    wr_consumer *consumer = consume(f, "t");
    wr_sim_down(f->cluster, true);
    send_text(f, "t", "k", "v");
    poll_producer(f);
    CHECK_EQ(f->good + f->bad, 0);
    CHECK_EQ(wr_consumer_poll(consumer, 10, 0, &records, &count, &failure), WEIR_E_UNREACHABLE);
    CHECK_OK(wr_consumer_poll(consumer, 10, 0, &records, &count, &failure)); /* said once */
    CHECK_EQ(count, 0);
    CHECK_EQ(wr_consumer_commit(consumer, &(wr_assignment){"t", 0, 0}, 1, true), WEIR_E_UNREACHABLE);
    wr_sim_down(f->cluster, false);
    poll_producer(f);
    CHECK_EQ(f->good, 1);
    CHECK_EQ(read_count(consumer), 1);
    wr_consumer_free(consumer);
    stop(f);
}

TEST(a_refused_record_is_not_appended_and_the_next_one_is)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    wr_sim_refuse(f->cluster, "t", 1);
    send_text(f, "t", "k", "poison");
    send_text(f, "t", "k", "fine");
    poll_producer(f);
    CHECK_EQ(f->bad, 1);
    CHECK_EQ(f->good, 1);
    CHECK_EQ(wr_sim_count(f->cluster, "t"), 1);
    CHECK(weir_slice_equal(wr_sim_record(f->cluster, "t", 0, 0)->value, WEIR_SLICE("fine")));
    stop(f);
}

TEST(a_fenced_producer_hands_everything_back_and_a_new_one_works)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    wr_sim_hold_acks(f->cluster, true);
    send_text(f, "t", "k", "one");
    send_text(f, "t", "k", "two");
    wr_sim_break_producers(f->cluster);
    poll_producer(f);
    CHECK_EQ(f->bad, 2);
    CHECK_EQ(f->last_err, WEIR_E_BROKEN);
    CHECK_EQ(wr_producer_send(f->producer, &(wr_client_record){.topic = "t"}, NULL), WEIR_E_BROKEN);
    wr_producer_free(f->producer);
    wr_sim_hold_acks(f->cluster, false);
    CHECK_OK(wr_producer_new(f->client, NULL, &f->producer, NULL));
    send_text(f, "t", "k", "one");
    poll_producer(f);
    CHECK_EQ(f->good, 1);
    stop(f);
}

TEST(ready_is_called_once_per_poll)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    wr_producer_on_ready(f->producer, on_ready, f);
    send_text(f, "t", "k", "one");
    send_text(f, "t", "k", "two");
    CHECK_EQ(f->ready, 1);
    poll_producer(f);
    wr_sim_down(f->cluster, true);
    send_text(f, "t", "k", "three");
    CHECK_EQ(f->ready, 1);
    wr_sim_down(f->cluster, false);
    CHECK_EQ(f->ready, 2);
    stop(f);
}

TEST(a_rebalance_reads_again_what_was_not_committed)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    for (int i = 0; i < 10; i++)
        send_text(f, "t", "k", "v");
    poll_producer(f);
    wr_consumer *consumer = consume(f, "t");
    CHECK_EQ(read_count(consumer), 10);
    CHECK_OK(wr_consumer_commit(consumer, &(wr_assignment){"t", 0, 4}, 1, false));
    CHECK_EQ(wr_sim_committed(f->cluster, "g", "t", 0), 4);
    wr_sim_rebalance(f->cluster, "g");
    CHECK_EQ(read_count(consumer), 6);
    CHECK_EQ(f->revoked, 1);
    CHECK_EQ(f->assigned, 2);
    f->start = 9; /* the service's own position wins over the group's */
    wr_sim_rebalance(f->cluster, "g");
    CHECK_EQ(read_count(consumer), 1);
    wr_consumer_free(consumer);
    CHECK_EQ(f->revoked, 3);
    stop(f);
}

TEST(no_member_owns_what_another_has_not_given_back)
{
    fixture *f = start((wr_sim_options){.auto_create = 4});
    wr_consumer *a = consume(f, "t");
    read_count(a);
    CHECK_EQ(f->owned, 4);
    wr_consumer *b = consume(f, "t");
    f->assigned = 0;
    read_count(b);
    CHECK_EQ(f->assigned, 0); /* a has not polled */
    read_count(a);
    CHECK_EQ(f->assigned, 1);
    CHECK_EQ(f->owned, 2);
    read_count(b);
    CHECK_EQ(f->assigned, 2);
    CHECK_EQ(f->owned, 2);
    wr_consumer_free(a);
    read_count(b);
    CHECK_EQ(f->owned, 4);
    wr_consumer_free(b);
    stop(f);
}

TEST(a_member_that_stalled_loses_its_partitions_and_may_not_commit)
{
    fixture *f = start((wr_sim_options){.auto_create = 2});
    wr_consumer *a = consume(f, "t"), *b;
    read_count(a);
    wr_sim_expire(f->cluster, a);
    b = consume(f, "t");
    read_count(b);
    CHECK_EQ(f->owned, 2);
    CHECK_EQ(wr_consumer_commit(a, &(wr_assignment){"t", 0, 1}, 1, true), WEIR_E_FENCED);
    CHECK_EQ(f->lost, 0);
    read_count(a);
    CHECK_EQ(f->lost, 1);
    wr_consumer_free(a);
    wr_consumer_free(b);
    stop(f);
}

TEST(a_topic_that_appears_later_is_picked_up)
{
    fixture *f = start((wr_sim_options){0});
    wr_consumer *consumer = consume(f, "later");
    CHECK_EQ(read_count(consumer), 0);
    CHECK_OK(wr_sim_topic_add(f->cluster, "later", 1));
    CHECK_OK(wr_sim_append(f->cluster, &(wr_client_record){.topic = "later", .partition = -1}));
    CHECK_EQ(read_count(consumer), 1);
    wr_consumer_free(consumer);
    stop(f);
}

TEST(a_paused_partition_is_silent_and_a_seek_reads_again)
{
    fixture *f = start((wr_sim_options){.auto_create = 1});
    for (int i = 0; i < 3; i++)
        send_text(f, "t", "k", "v");
    poll_producer(f);
    wr_consumer *consumer = consume(f, "t");
    CHECK_EQ(read_count(consumer), 3);
    CHECK_OK(wr_consumer_seek(consumer, "t", 0, 1));
    CHECK_OK(wr_consumer_pause(consumer, "t", 0, true));
    CHECK_EQ(read_count(consumer), 0);
    CHECK_OK(wr_consumer_pause(consumer, "t", 0, false));
    CHECK_EQ(read_count(consumer), 2);
    wr_consumer_free(consumer);
    stop(f);
}

/* With jitter, polls move what they like, yet everything arrives once and in order; and the same seed does the same. */
static uint64_t run_with_jitter(uint64_t seed)
{
    fixture *f = start((wr_sim_options){.seed = seed, .auto_create = 3, .jitter = true});
    wr_consumer *consumer = consume(f, "t");
    int64_t next[3] = {0};
    uint64_t print = seed;
    size_t total = 0;
    for (int i = 0; i < 100; i++) {
        char key[24];
        snprintf(key, sizeof(key), "k%d", i);
        send_text(f, "t", key, "v");
    }
    for (int tries = 0; tries < 10000 && (total < 100 || f->good < 100); tries++) {
        const wr_client_record *records;
        size_t count;
        poll_producer(f);
        CHECK_OK(wr_consumer_poll(consumer, 7, 0, &records, &count, NULL));
        for (size_t i = 0; i < count; i++)
            CHECK_EQ(records[i].offset, next[records[i].partition]++);
        total += count;
        print = print * 31 + count + f->good;
    }
    CHECK_EQ(total, 100);
    wr_consumer_free(consumer);
    stop(f);
    return print;
}

TEST(the_same_seed_gives_the_same_run)
{
    bool differ = false;
    for (uint64_t seed = test_seed() + 0; seed < test_seed() + 20; seed++) {
        uint64_t print = run_with_jitter(seed);
        CHECK_EQ(print, run_with_jitter(seed));
        differ = differ || print - seed != run_with_jitter(seed + 1) - seed - 1;
    }
    CHECK(differ);
}

TEST(admin_sees_topics_offsets_and_groups)
{
    fixture *f = start((wr_sim_options){0});
    weir_arena *arena = weir_arena_new(1 << 20);
    weir_failure failure = {0};
    wr_cluster_info info;
    const wr_group_info *groups;
    const wr_config_info *configs;
    wr_group_info group;
    size_t count;
    int64_t offset;
    weir_attribute config = {"retention.ms", "1000"};
    CHECK_OK(wr_admin_create_topic(f->client, "t", 2, 1, &config, 1, 100, &failure));
    CHECK_EQ(wr_admin_create_topic(f->client, "t", 2, 1, NULL, 0, 100, &failure), WEIR_E_EXISTS);
    CHECK_OK(wr_admin_topic_config(f->client, "t", 100, arena, &configs, &count, &failure));
    CHECK_EQ(count, 1);
    CHECK_STR(configs[0].value, "1000");
    CHECK_OK(wr_sim_append(f->cluster, &(wr_client_record){.topic = "t", .partition = 1, .timestamp_ms = 5}));
    CHECK_OK(wr_sim_append(f->cluster, &(wr_client_record){.topic = "t", .partition = 1, .timestamp_ms = 9}));
    CHECK_OK(wr_admin_offset_at(f->client, "t", 1, 6, 100, &offset, &failure));
    CHECK_EQ(offset, 1);
    CHECK_OK(wr_admin_offset_at(f->client, "t", 1, 10, 100, &offset, &failure));
    CHECK_EQ(offset, 2);
    CHECK_OK(wr_admin_describe(f->client, "t", true, 100, arena, &info, &failure));
    CHECK_EQ(info.topics[0].partitions[1].end_offset, 2);
    wr_consumer *consumer = consume(f, "t");
    CHECK_EQ(read_count(consumer), 2);
    CHECK_OK(wr_consumer_commit(consumer, &(wr_assignment){"t", 1, 1}, 1, true));
    CHECK_OK(wr_admin_groups(f->client, 100, arena, &groups, &count, &failure));
    CHECK_EQ(count, 1);
    CHECK_STR(groups[0].state, "Stable");
    CHECK_OK(wr_admin_group(f->client, "g", 100, arena, &group, &failure));
    CHECK_EQ(group.member_count, 1);
    CHECK_EQ(group.offsets[0].lag, 1);
    CHECK_EQ(wr_admin_group(f->client, "nobody", 100, arena, &group, &failure), WEIR_E_NOT_FOUND);
    wr_consumer_free(consumer);
    CHECK_OK(wr_admin_delete_topic(f->client, "t", 100, &failure));
    CHECK_EQ(wr_admin_describe(f->client, "t", true, 100, arena, &info, &failure), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
    stop(f);
}

TEST(admin_changes_topics_and_groups_that_nobody_is_in)
{
    fixture *f = start((wr_sim_options){0});
    weir_arena *arena = weir_arena_new(1 << 20);
    weir_failure failure = {0};
    const wr_config_info *configs;
    wr_cluster_info info;
    size_t count;
    weir_attribute first[] = {{"retention.ms", "1"}, {"segment.ms", "2"}};
    CHECK_OK(wr_admin_create_topic(f->client, "t", 2, 1, first, 1, 100, &failure));
    CHECK_OK(wr_admin_set_topic_config(f->client, "t", first, 2, true, 100, &failure));
    CHECK_OK(wr_admin_topic_config(f->client, "t", 100, arena, &configs, &count, &failure));
    CHECK_EQ(count, 1);
    CHECK_OK(wr_admin_set_topic_config(f->client, "t", first, 2, false, 100, &failure));
    CHECK_OK(wr_admin_topic_config(f->client, "t", 100, arena, &configs, &count, &failure));
    CHECK_EQ(count, 2);
    CHECK_EQ(wr_admin_add_partitions(f->client, "t", 2, false, 100, &failure), WEIR_E_REFUSED);
    CHECK_OK(wr_admin_add_partitions(f->client, "t", 3, true, 100, &failure));
    CHECK_OK(wr_admin_add_partitions(f->client, "t", 4, false, 100, &failure));
    CHECK_OK(wr_admin_describe(f->client, "t", true, 100, arena, &info, &failure));
    CHECK_EQ(info.topics[0].partition_count, 4);
    CHECK_EQ(wr_admin_set_topic_config(f->client, "none", first, 1, false, 100, &failure), WEIR_E_NOT_FOUND);

    wr_assignment position = {"t", 1, 0};
    wr_consumer *consumer = consume(f, "t");
    read_count(consumer);
    CHECK_EQ(wr_admin_set_group_offsets(f->client, "g", &position, 1, 100, &failure), WEIR_E_REFUSED);
    CHECK_EQ(wr_admin_delete_group(f->client, "g", 100, &failure), WEIR_E_REFUSED);
    wr_consumer_free(consumer);
    CHECK_OK(wr_admin_set_group_offsets(f->client, "g", &position, 1, 100, &failure));
    CHECK_EQ(wr_sim_committed(f->cluster, "g", "t", 1), 0);
    CHECK_OK(wr_admin_delete_group(f->client, "g", 100, &failure));
    CHECK_EQ(wr_admin_delete_group(f->client, "g", 100, &failure), WEIR_E_NOT_FOUND);
    CHECK_OK(wr_admin_broker_config(f->client, 0, 100, arena, &configs, &count, &failure));
    CHECK_EQ(wr_admin_broker_config(f->client, 1, 100, arena, &configs, &count, &failure), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
    stop(f);
}
