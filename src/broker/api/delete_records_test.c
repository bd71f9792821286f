/* Records are deleted, by DeleteRecords and by retention, beside the loop: everybody else is served meanwhile, what was
 * answered is durable, and a producer whose batch was deleted is still known. */
#include <wire/delete_records.h>
#include <wire/delete_topics.h>
#include <wire/kafka.h>

#include <errno.h>
#include <stdio.h>

#include "test.h"
#include <testing/broker/rig.h>

enum { SEEDS = 20, BATCH_RECORDS = 28, WIDE = 110, PRODUCER = 7 };

static const char *const few_segments[] = {"log.segment.bytes=16384", "log.segment.delete.delay.ms=50",
                                           "log.retention.check.interval.ms=20", NULL};

/* Batches of about 7 KB, so that a segment holds two; the nth is always the same. */
static weir_slice nth_batch(wr_rig *rig, int nth)
{
    char text[WIDE + 1];
    memset(text, 'x', WIDE);
    text[WIDE] = '\0';
    return wr_rig_batch(rig, text, nth * BATCH_RECORDS, BATCH_RECORDS, PRODUCER, 0, nth * BATCH_RECORDS);
}

static int16_t put(wr_rig *rig, wr_rig_client *client, int nth, int64_t *ret_offset)
{
    return wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, nth_batch(rig, nth), ret_offset);
}

static void put_all(wr_rig *rig, wr_rig_client *client, int count)
{
    for (int i = 0; i < count; i++)
        CHECK_EQ(put(rig, client, i, NULL), WR_KAFKA_NONE);
}

static void ask(wr_rig_client *client, int64_t offset)
{
    wr_delete_records_request_partition one = {.offset = offset};
    wr_delete_records_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_delete_records_request in = {.topics = &topic, .topic_count = 1, .timeout_ms = 30000};
    wr_rig_send(client, WR_API_DELETE_RECORDS, 2, &in);
}

/* The error, or -2 when no answer came. */
static int16_t answer(wr_rig_client *client, int64_t *ret_start)
{
    const wr_delete_records_response *out = wr_rig_receive(client, WR_API_DELETE_RECORDS, 2, 60000);
    if (!out)
        return -2;
    CHECK(out->topic_count == 1 && out->topics[0].partition_count == 1);
    *ret_start = out->topics[0].partitions[0].low_watermark;
    return out->topics[0].partitions[0].error_code;
}

static wr_partition *partition_of(wr_rig *rig)
{
    wr_topic *topic = wr_topics_find(rig->broker->topics, WEIR_SLICE("orders"));
    return topic ? wr_topic_partition(topic, 0) : NULL;
}

typedef struct name_count {
    const char *word;
    int count;
} name_count;

static weir_err count_name(void *user, const char *name, bool is_dir)
{
    name_count *names = user;
    names->count += !is_dir && strstr(name, names->word);
    return WEIR_OK;
}

static int file_count(wr_rig *rig, const char *word)
{
    char path[256];
    name_count names = {.word = word};
    snprintf(path, sizeof path, "%s/orders-0", rig->broker->config.topics.data_directory);
    CHECK_OK(wr_dir_list(wr_sim_io(rig->sim), path, count_name, &names));
    return names.count;
}

TEST(a_roll_makes_no_call_on_the_loop_that_may_block)
{
    enum { BATCHES = 60 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, (const char *const[]){"log.segment.bytes=131072", NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        uint64_t before = wr_sim_blocking_count(rig->sim);
        for (int i = 0; i < BATCHES; i++) {
            CHECK_EQ(put(rig, client, i, NULL), WR_KAFKA_NONE);
            wr_rig_run_ms(rig, 10);
        }
        int rolls = file_count(rig, ".log") - 1;
        CHECK(rolls > 1);
        CHECK_EQ(wr_sim_blocking_count(rig->sim) - before, 0);
        wr_rig_free(rig);
    }
}

TEST(deleting_records_makes_no_call_on_the_loop_that_may_block)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, few_segments);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        put_all(rig, client, 7);
        wr_rig_run_ms(rig, 100);
        for (int64_t to = 1; to <= 7 * BATCH_RECORDS;
             to += BATCH_RECORDS + 5) { /* within segments, at their ends, and of many at once */
            int64_t start = -1;
            ask(client, to);
            CHECK_EQ(answer(client, &start), WR_KAFKA_NONE);
            CHECK_EQ(start, to);
        }
        wr_rig_run_ms(rig, 1000); /* and what is left of them is removed */
        CHECK_EQ(file_count(rig, ".deleted"), 0);
        CHECK_EQ(file_count(rig, "00000000000000000000.log"), 0);
        wr_rig_free(rig);
    }
}

TEST(retention_by_size_makes_no_call_on_the_loop_that_may_block)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, (const char *const[]){"log.segment.bytes=16384", "log.retention.bytes=20000",
                                                             "log.segment.delete.delay.ms=50",
                                                             "log.retention.check.interval.ms=1000", NULL});
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        put_all(rig, client, 8);
        CHECK_EQ(wr_partition_start_offset(partition_of(rig)), 0);
        wr_rig_run_ms(rig, 3000);
        int64_t start = wr_partition_start_offset(partition_of(rig));
        CHECK_EQ(start, 4 * BATCH_RECORDS);
        CHECK_EQ(file_count(rig, ".log"), 2);
        CHECK_EQ(file_count(rig, ".deleted"), 0);
        CHECK_EQ(wr_rig_fetch(client, "orders", 0, start, NULL, NULL), WR_KAFKA_NONE);
        wr_rig_free(rig);
    }
}

TEST(who_produces_and_fetches_is_served_while_records_are_deleted)
{
    int before = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, few_segments);
        wr_rig_client *deleter = wr_rig_connect(rig), *other = wr_rig_connect(rig);
        wr_rig_create(other, "orders", 1);
        put_all(rig, other, 5);
        ask(deleter, 4 * BATCH_RECORDS + 1);
        for (int i = 5; i < 9; i++) {
            int64_t offset;
            CHECK_EQ(put(rig, other, i, &offset), WR_KAFKA_NONE);
            CHECK_EQ(offset, i * BATCH_RECORDS);
            before += wr_partition_start_offset(partition_of(rig)) == 0;
            CHECK_EQ(wr_rig_fetch(other, "orders", 0, 4 * BATCH_RECORDS + 1, NULL, NULL), WR_KAFKA_NONE);
        }
        int64_t start = -1;
        CHECK_EQ(answer(deleter, &start), WR_KAFKA_NONE);
        CHECK_EQ(start, 4 * BATCH_RECORDS + 1);
        wr_rig_free(rig);
    }
    CHECK(before > 0); /* some were really served meanwhile */
}

TEST(deletions_that_come_together_are_all_answered_when_theirs_is_done)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, few_segments);
        wr_rig_client *clients[4] = {wr_rig_connect(rig), wr_rig_connect(rig), wr_rig_connect(rig),
                                     wr_rig_connect(rig)};
        wr_rig_create(clients[0], "orders", 1);
        put_all(rig, clients[0], 6);
        for (int i = 0; i < 4; i++)
            ask(clients[i], 40 * (i + 1));
        for (int i = 0; i < 4; i++) {
            int64_t start = -1;
            CHECK_EQ(answer(clients[i], &start), WR_KAFKA_NONE);
            CHECK(start >= 40 * (i + 1));
        }
        CHECK_EQ(wr_partition_start_offset(partition_of(rig)), 160);
        wr_rig_free(rig);
    }
}

TEST(whatever_the_flush_setting_is_records_are_deleted_when_they_are_on_the_disk)
{
    static const char *const settings[][3] = {{"flush=none", NULL},
                                              {"flush=interval", "log.flush.interval.ms=3600000", NULL}};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, settings[seed % 2]);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        put_all(rig, client, 4);
        int64_t start = -1;
        ask(client, -1);
        CHECK_EQ(answer(client, &start), WR_KAFKA_NONE);
        CHECK_EQ(start, 4 * BATCH_RECORDS);
        wr_rig_cut(rig);
        CHECK_OK(wr_rig_start(rig));
        CHECK_EQ(wr_partition_start_offset(partition_of(rig)), 4 * BATCH_RECORDS);
        CHECK_EQ(wr_partition_end_offset(partition_of(rig)), 4 * BATCH_RECORDS);
        wr_rig_free(rig);
    }
}

TEST(a_topic_that_is_deleted_while_its_records_are_is_gone_and_the_next_of_its_name_is_whole)
{
    for (uint64_t seed = 1; seed <= 3 * SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, few_segments);
        wr_rig_client *deleter = wr_rig_connect(rig), *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        put_all(rig, client, 6);
        ask(deleter, 5 * BATCH_RECORDS);
        wr_sim_step(rig->sim);
        for (uint64_t i = 0; i < seed; i++)
            wr_sim_step(rig->sim);
        weir_slice name = WEIR_SLICE("orders");
        wr_delete_topics_request in = {.topic_names = &name, .topic_name_count = 1, .timeout_ms = 30000};
        const wr_delete_topics_response *out = wr_rig_call(client, WR_API_DELETE_TOPICS, 5, &in);
        CHECK(out && out->response_count == 1 && out->responses[0].error_code == WR_KAFKA_NONE);
        int64_t start = -1;
        int16_t error = answer(deleter, &start);
        CHECK(error == WR_KAFKA_NONE || error == WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
        wr_rig_create(client, "orders", 1);
        CHECK_EQ(put(rig, client, 0, NULL), WR_KAFKA_NONE);
        wr_rig_run_ms(rig, 1000);
        wr_rig_cut(rig);
        CHECK_OK(wr_rig_start(rig));
        CHECK_EQ(wr_partition_start_offset(partition_of(rig)), 0);
        CHECK_EQ(wr_partition_end_offset(partition_of(rig)), BATCH_RECORDS);
        wr_rig_free(rig);
    }
}

TEST(a_stop_waits_for_the_deletion_that_is_under_way_and_an_end_without_one_forgets_it)
{
    for (uint64_t seed = 1; seed <= 3 * SEEDS; seed++) {
        wr_rig *rig = wr_rig_new(seed, few_segments);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        put_all(rig, client, 6);
        for (int round = 0; round < 2; round++) {
            ask(client, 50 * (round + 1));
            for (uint64_t i = 0; i < seed; i++)
                wr_sim_step(rig->sim);
            if (round == 0)
                CHECK_OK(wr_rig_stop(rig));
            else
                wr_rig_kill(rig); /* as a second signal does */
            CHECK_OK(wr_rig_start(rig));
            int64_t start = wr_partition_start_offset(partition_of(rig));
            CHECK(start == 0 || start == 50 || start == 100);
            CHECK_EQ(wr_partition_end_offset(partition_of(rig)), 6 * BATCH_RECORDS);
            client = wr_rig_connect(rig);
        }
        wr_rig_free(rig);
    }
}

/* ---- crashes and faults */

typedef struct story {
    int acked;     /* batches */
    int64_t start; /* as answered */
} story;

/* Batches and deletions in turn, until something fails. */
static void live(wr_rig *rig, story *told)
{
    wr_rig_client *client = wr_rig_connect(rig);
    for (int i = 0; i < 8; i++) {
        if (put(rig, client, i, NULL) != WR_KAFKA_NONE)
            return;
        told->acked = i + 1;
        int64_t start = 0;
        if (i % 3 != 2)
            continue;
        ask(client, i * BATCH_RECORDS + i % 2);
        if (answer(client, &start) != WR_KAFKA_NONE)
            return;
        told->start = start;
    }
    wr_rig_run_ms(rig, 200);
}

/* Everything that was answered holds, and the last five batches of the producer are known, deleted or not. */
static void check_story(wr_rig *rig, const story *told)
{
    CHECK(wr_partition_start_offset(partition_of(rig)) >= told->start);
    CHECK(wr_partition_end_offset(partition_of(rig)) >= told->acked * BATCH_RECORDS);
    wr_rig_client *client = wr_rig_connect(rig);
    int64_t end = wr_partition_end_offset(partition_of(rig)), offset;
    int count = (int)(end / BATCH_RECORDS);
    for (int i = count > 5 ? count - 5 : 0; i < count; i++) {
        CHECK_EQ(put(rig, client, i, &offset), WR_KAFKA_NONE);
        CHECK_EQ(offset, i * BATCH_RECORDS);
    }
    CHECK_EQ(put(rig, client, count, &offset), WR_KAFKA_NONE);
    CHECK_EQ(offset, end);
}

static bool crash_at(uint64_t n, bool kill)
{
    wr_rig *rig = wr_rig_new(test_seed() + 100 + n, few_segments);
    wr_rig_create(wr_rig_connect(rig), "orders", 1);
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    if (kill)
        wr_sim_kill_at(rig->sim, at);
    else
        wr_sim_cut_at(rig->sim, at);
    story told = {0};
    live(rig, &told);
    bool crashed = wr_sim_dark(rig->sim);
    if (crashed)
        wr_rig_drop(rig);
    else
        wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    check_story(rig, &told);
    wr_rig_free(rig);
    return crashed;
}

TEST(a_deletion_that_was_answered_holds_and_its_producer_is_known_after_a_crash_at_any_write)
{
    for (int kill = 0; kill < 2; kill++) {
        uint64_t n = 0;
        while (crash_at(n, kill == 1))
            n++;
        CHECK(n > 60);
    }
}

static bool fail_at(uint64_t n, int os_error)
{
    wr_rig *rig = wr_rig_new(test_seed() + 900 + n, few_segments);
    wr_rig_create(wr_rig_connect(rig), "orders", 1);
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    wr_sim_fail_at(rig->sim, at, os_error);
    story told = {0};
    live(rig, &told);
    bool failed = wr_sim_write_count(rig->sim) > at;
    wr_sim_fail_at(rig->sim, UINT64_MAX, os_error);
    if (!wr_partition_broken(partition_of(rig))) { /* what was refused goes well when it is asked for again */
        int64_t start, end = wr_partition_high_watermark(partition_of(rig));
        wr_rig_run_ms(rig, 1100);
        ask(wr_rig_connect(rig), end);
        wr_rig_run_ms(rig, 100);
        start = wr_partition_start_offset(partition_of(rig));
        CHECK_EQ(start, end);
        told.start = start;
    }
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    check_story(rig, &told);
    wr_rig_free(rig);
    return failed;
}

TEST(a_disk_that_fails_at_any_call_of_a_deletion_loses_nothing_that_was_answered)
{
    for (uint64_t n = 0; fail_at(n, EIO); n++)
        continue;
    for (uint64_t n = 0; fail_at(n, ENOSPC); n++)
        continue;
}

TEST(records_that_cannot_be_synced_for_lack_of_descriptors_are_deleted_when_there_are_some)
{
    wr_rig *rig = wr_rig_new(3, (const char *const[]){"flush=none", "log.segment.bytes=16384", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    put_all(rig, client, 7);
    wr_sim_set_open_max(rig->sim, wr_sim_open_count(rig->sim));
    int64_t start = -1;
    ask(client, -1);
    CHECK_EQ(answer(client, &start), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(wr_partition_start_offset(partition_of(rig)), 0);
    CHECK(!wr_partition_broken(partition_of(rig)));
    wr_sim_set_open_max(rig->sim, SIZE_MAX);
    ask(client, -1);
    CHECK_EQ(answer(client, &start), WR_KAFKA_NONE);
    CHECK_EQ(start, 7 * BATCH_RECORDS);
    wr_rig_free(rig);
}

TEST(upkeep_that_fails_is_said_once_a_minute_and_goes_well_when_the_disk_does)
{
    wr_rig *rig = wr_rig_new(3, (const char *const[]){"log.retention.check.interval.ms=20", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    put_all(rig, client, 3);
    wr_sim_set_open_max(rig->sim, wr_sim_open_count(rig->sim));
    int64_t start = -1;
    ask(client, 1);
    CHECK_EQ(answer(client, &start), WR_KAFKA_KAFKA_STORAGE_ERROR);
    CHECK_EQ(wr_partition_start_offset(partition_of(rig)), 0);
    for (int i = 3; i < 23; i++)
        CHECK_EQ(put(rig, client, i, NULL), WR_KAFKA_NONE);
    CHECK_EQ(wr_rig_told(rig, "cannot write a log's checkpoint"), 1);
    wr_rig_run_ms(rig, 61000);
    CHECK_EQ(wr_rig_told(rig, "cannot write a log's checkpoint"), 2);
    wr_sim_set_open_max(rig->sim, SIZE_MAX);
    wr_rig_run_ms(rig, 61000);
    CHECK_EQ(wr_rig_told(rig, "cannot write a log's checkpoint"), 2);
    CHECK_EQ(file_count(rig, "weir.checkpoint"), 1);
    ask(client, 1);
    CHECK_EQ(answer(client, &start), WR_KAFKA_NONE);
    CHECK_EQ(start, 1);
    wr_rig_free(rig);
}
