/* Power cuts, kills and failing disks at every write of a scenario, through the whole broker. */
#include <testing/broker/rig.h>

#include <wire/create_partitions.h>
#include <wire/delete_topics.h>
#include <wire/kafka.h>
#include <wire/metadata.h>

#include <errno.h>
#include <stdio.h>

#include "test.h"

enum { BATCHES = 12, RECORDS = 3, ROLLING_RECORDS = 120 /* so that the log rolls now and then */ };

typedef struct promises {
    int records;       /* of a batch */
    int64_t acked_end; /* below it everything was acknowledged with acks=all */
    int64_t shown_end; /* highest high watermark that a consumer was shown */
    int64_t sent_end;
} promises;

static int64_t high_watermark(wr_rig_client *client, const char *topic, int32_t partition)
{
    int64_t offset = -1;
    int16_t error = wr_rig_fetch(client, topic, partition, 0, NULL, &offset);
    return error == WR_KAFKA_NONE ? offset : -1;
}

static void delete_topic(wr_rig_client *client, const char *name)
{
    weir_slice names = weir_slice_of(name);
    wr_delete_topics_request in = {.topic_names = &names, .topic_name_count = 1};
    wr_rig_call(client, WR_API_DELETE_TOPICS, 4, &in);
}

/* Produces batches until it is dark, mixing acks=1 and acks=all, and looks like a consumer in between. */
static void produce_some(wr_rig *rig, promises *story, int from, int to)
{
    wr_rig_client *client = wr_rig_connect(rig);
    for (int i = from; i < to && !wr_sim_dark(rig->sim); i++) {
        weir_slice batch = wr_rig_batch(rig, "order", i * story->records, story->records, -1, 0, 0);
        int64_t offset = -1;
        story->sent_end += story->records;
        int16_t acks = i % 3 == 1 ? WR_ACKS_LEADER : WR_ACKS_ALL;
        if (wr_rig_produce(client, "orders", 0, acks, batch, &offset) != WR_KAFKA_NONE)
            break;
        CHECK_EQ(offset, i * story->records);
        if (acks == WR_ACKS_ALL)
            story->acked_end = offset + story->records;
        int64_t shown = high_watermark(client, "orders", 0);
        if (shown > story->shown_end)
            story->shown_end = shown;
    }
}

static void produce_until_dark(wr_rig *rig, promises *story)
{
    produce_some(rig, story, 0, BATCHES);
}

/* Every record that is there is the one that was sent at its offset. */
static void check_records(wr_rig *rig, wr_rig_client *client, int64_t end)
{
    weir_slice records = {0};
    int64_t offset = 0;
    for (;;) {
        if (records.size == 0) /* the next segment */
            CHECK_EQ(wr_rig_fetch(client, "orders", 0, offset, &records, NULL), WR_KAFKA_NONE);
        if (records.size == 0)
            break;
        wr_batch batch;
        size_t needed;
        wr_records walk;
        wr_record record;
        CHECK_OK(wr_batch_read(records, &batch, &needed));
        CHECK(wr_batch_crc_holds(&batch));
        CHECK_OK(wr_records_open(&batch, rig->arena, 1 << 20, &walk));
        for (; wr_records_next(&walk, &record) == WEIR_OK; offset++) {
            char expected[32];
            snprintf(expected, sizeof expected, "order %d", (int)offset);
            CHECK_EQ(record.offset, offset);
            CHECK(weir_slice_equal(record.value, weir_slice_of(expected)));
        }
        records.data += batch.bytes.size;
        records.size -= batch.bytes.size;
    }
    CHECK_EQ(offset, end);
}

/* Runs the scenario with a crash at write n; false when the scenario ended before it. */
static bool run_story(uint64_t n, bool kill_only, int records)
{
    wr_rig *rig = wr_rig_new(test_seed() + 1000 + n, (const char *const[]){"log.segment.bytes=16384", NULL});
    wr_rig_create(wr_rig_connect(rig), "orders", 1);
    promises story = {.records = records};
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    if (kill_only)
        wr_sim_kill_at(rig->sim, at);
    else
        wr_sim_cut_at(rig->sim, at);
    produce_until_dark(rig, &story);
    bool crashed = wr_sim_dark(rig->sim);
    if (crashed)
        wr_rig_drop(rig);
    else
        wr_rig_cut(rig);

    weir_err err = wr_rig_start(rig);
    CHECK_STR(rig->failure.sentence, "");
    CHECK_OK(err);
    wr_rig_client *client = wr_rig_connect(rig);
    int64_t end = high_watermark(client, "orders", 0);
    CHECK(end >= story.acked_end);
    CHECK(end >= story.shown_end);
    CHECK(end <= story.sent_end);
    check_records(rig, client, end);

    /* And it goes on from there. */
    int64_t offset = -1;
    weir_slice batch = wr_rig_batch(rig, "order", (int32_t)end, RECORDS, -1, 0, 0);
    CHECK_EQ(wr_rig_produce(client, "orders", 0, WR_ACKS_ALL, batch, &offset), WR_KAFKA_NONE);
    CHECK_EQ(offset, end);
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    CHECK_EQ(high_watermark(client, "orders", 0), end + RECORDS);
    wr_rig_free(rig);
    return crashed;
}

TEST(what_was_acknowledged_or_shown_survives_a_power_cut_at_any_write)
{
    uint64_t n = 0;
    while (run_story(n, false, RECORDS))
        n++;
    CHECK(n > BATCHES); /* it was cut somewhere */
    n = 0;
    while (run_story(n, false, ROLLING_RECORDS))
        n++;
    CHECK(n > BATCHES);
}

TEST(what_was_acknowledged_or_shown_survives_a_kill_at_any_write)
{
    uint64_t n = 0;
    while (run_story(n, true, RECORDS))
        n++;
    CHECK(n > BATCHES);
    n = 0;
    while (run_story(n, true, ROLLING_RECORDS))
        n++;
    CHECK(n > BATCHES);
}

/* A broker that goes on with what an earlier one left in order is killed at write n. The next one has too few descriptors to
 * open the partition, and is stopped in order; the one after it opens the partition, and what it shows is there after a power
 * cut. False when nothing was left to kill. */
static bool run_closed(int before, uint64_t n, int *ret_closed)
{
    wr_rig *rig = wr_rig_new(test_seed() + 3000 + n, (const char *const[]){"log.segment.bytes=16384", NULL});
    wr_rig_create(wr_rig_connect(rig), "orders", 1);
    promises story = {.records = ROLLING_RECORDS};
    produce_some(rig, &story, 0, before);
    CHECK_OK(wr_rig_stop(rig));
    CHECK_OK(wr_rig_start(rig));
    wr_sim_kill_at(rig->sim, wr_sim_write_count(rig->sim) + n);
    produce_some(rig, &story, before, before + 2);
    bool killed = wr_sim_dark(rig->sim);
    wr_rig_drop(rig);

    wr_sim_set_open_max(rig->sim, 2); /* the lock of the data directory, and one more */
    CHECK_OK(wr_rig_start(rig));
    *ret_closed += wr_rig_told(rig, "cannot be opened now") > 0;
    CHECK_OK(wr_rig_stop(rig));
    wr_sim_set_open_max(rig->sim, SIZE_MAX);
    CHECK_OK(wr_rig_start(rig));
    int64_t shown = high_watermark(wr_rig_connect(rig), "orders", 0);
    CHECK(shown >= story.acked_end && shown >= story.shown_end);
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    wr_rig_client *client = wr_rig_connect(rig);
    CHECK_EQ(high_watermark(client, "orders", 0), shown);
    check_records(rig, client, shown);
    wr_rig_free(rig);
    return killed;
}

TEST(what_is_shown_of_a_partition_that_the_last_start_could_not_open_survives_a_power_cut)
{
    int closed = 0;
    for (int before = 1; before < 7; before++)
        for (uint64_t n = 0; run_closed(before, n, &closed); n++)
            continue;
    CHECK(closed > 0);
}

/* ---- a disk that fails once */

static void run_failing(uint64_t n, bool *ret_failed)
{
    wr_rig *rig = wr_rig_new(test_seed() + 5000 + n, NULL);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_rig_create(client, "other", 1);
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    wr_sim_fail_at(rig->sim, at, EIO);
    promises story = {.records = RECORDS};
    produce_until_dark(rig, &story);
    *ret_failed = wr_sim_write_count(rig->sim) > at;
    wr_sim_fail_at(rig->sim, UINT64_MAX, EIO); /* whatever comes now does not fail */

    /* The other topic's log did not fail. */
    client = wr_rig_connect(rig);
    CHECK_EQ(wr_rig_produce(client, "other", 0, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 1, -1, 0, 0), NULL),
             WR_KAFKA_NONE);
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    int64_t end = high_watermark(client, "orders", 0);
    CHECK(end >= story.acked_end);
    CHECK(end >= story.shown_end);
    CHECK_EQ(high_watermark(client, "other", 0), 1);
    wr_rig_free(rig);
}

TEST(a_failed_write_or_sync_loses_nothing_acknowledged_and_spares_other_topics)
{
    bool failed = true;
    uint64_t n = 0;
    for (; failed; n++)
        run_failing(n, &failed);
    CHECK(n > BATCHES);
}

/* ---- topics */

static int32_t partition_count(wr_rig_client *client, const char *topic)
{
    wr_metadata_request_topic one = {.name = weir_slice_of(topic)};
    wr_metadata_request in = {.topics = &one, .topic_count = 1};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 9, &in);
    CHECK(out != NULL && out->topic_count == 1);
    if (out->topics[0].error_code == WR_KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        return 0;
    CHECK_EQ(out->topics[0].error_code, WR_KAFKA_NONE);
    for (int32_t i = 0; i < out->topics[0].partition_count; i++)
        CHECK_EQ(out->topics[0].partitions[i].error_code, WR_KAFKA_NONE); /* none is damaged */
    return out->topics[0].partition_count;
}

static int16_t grow(wr_rig_client *client, int32_t count)
{
    wr_create_partitions_request_topic more = {.name = WEIR_SLICE("orders"), .count = count, .assignment_count = -1};
    wr_create_partitions_request in = {.topics = &more, .topic_count = 1, .timeout_ms = 30000};
    const wr_create_partitions_response *out = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 1, &in);
    CHECK(out && out->result_count == 1);
    return out->results[0].error_code;
}

/* The failed write may be the one that has just put the new count in force. */
TEST(a_topic_whose_growth_failed_at_any_write_is_whole_after_the_next_start)
{
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        wr_rig *rig = wr_rig_new(test_seed() + 7000 + n, NULL);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 2);
        uint64_t at = wr_sim_write_count(rig->sim) + n;
        wr_sim_fail_at(rig->sim, at, EIO);
        int16_t error = grow(client, 4);
        failed = wr_sim_write_count(rig->sim) > at;
        wr_sim_fail_at(rig->sim, UINT64_MAX, EIO);
        CHECK_EQ(partition_count(client, "orders"), error == WR_KAFKA_NONE ? 4 : 2);
        wr_rig_kill(rig);
        CHECK_OK(wr_rig_start(rig));
        client = wr_rig_connect(rig);
        int32_t count = partition_count(client, "orders"); /* and none of them is damaged */
        CHECK(count == 4 || (error != WR_KAFKA_NONE && count == 2));
        CHECK_EQ(grow(client, 6), WR_KAFKA_NONE);
        wr_rig_free(rig);
    }
}

/* Creates, fills, grows, deletes and creates again; what is there after a crash is a whole step of that. */
static void live(wr_rig *rig, int *ret_step)
{
    wr_rig_client *client = wr_rig_connect(rig);
    wr_metadata_request_topic one = {.name = WEIR_SLICE("t")};
    wr_metadata_request in = {.topics = &one, .topic_count = 1, .allow_auto_topic_creation = true};
    const wr_metadata_response *out = wr_rig_call(client, WR_API_METADATA, 9, &in);
    if (!out || out->topics[0].error_code != WR_KAFKA_NONE)
        return;
    *ret_step = 1;
    for (int32_t i = 0; i < 3; i++)
        if (wr_rig_produce(client, "t", i, WR_ACKS_ALL, wr_rig_batch(rig, "x", 0, 2, -1, 0, 0), NULL) != WR_KAFKA_NONE)
            return;
    *ret_step = 2;
    wr_create_partitions_request_topic more = {.name = WEIR_SLICE("t"), .count = 5, .assignment_count = -1};
    wr_create_partitions_request grow = {.topics = &more, .topic_count = 1};
    const wr_create_partitions_response *grown = wr_rig_call(client, WR_API_CREATE_PARTITIONS, 1, &grow);
    if (!grown || grown->results[0].error_code != WR_KAFKA_NONE)
        return;
    *ret_step = 3;
    delete_topic(client, "t");
    if (wr_sim_dark(rig->sim))
        return;
    *ret_step = 4;
    out = wr_rig_call(client, WR_API_METADATA, 9, &in);
    if (!out || out->topics[0].error_code != WR_KAFKA_NONE)
        return;
    *ret_step = 5;
    wr_rig_run_ms(rig, 120000); /* the graves are emptied meanwhile */
    if (!wr_sim_dark(rig->sim))
        *ret_step = 6;
}

static bool run_life(uint64_t n)
{
    wr_rig *rig = wr_rig_new(test_seed() + 9000 + n, (const char *const[]){"num.partitions=3", NULL});
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    wr_sim_cut_at(rig->sim, at);
    int step = 0;
    live(rig, &step);
    bool crashed = wr_sim_dark(rig->sim);
    if (crashed)
        wr_rig_drop(rig);
    else
        wr_rig_cut(rig);
    weir_err err = wr_rig_start(rig);
    CHECK_STR(rig->failure.sentence, "");
    CHECK_OK(err);
    wr_rig_client *client = wr_rig_connect(rig);
    int32_t count = partition_count(client, "t");
    switch (step) {
    case 0:
    case 4:
        CHECK(count == 0 || count == 3);
        break;
    case 1:
        CHECK_EQ(count, 3);
        break;
    case 2:
        CHECK(count == 3 || count == 5);
        break;
    case 3:
        CHECK(count == 5 || count == 0);
        break;
    default:
        CHECK_EQ(count, 3);
        break;
    }
    for (int32_t i = 0; (step == 2 || step == 3) && count > 0 && i < 3; i++)
        CHECK_EQ(high_watermark(client, "t", i), 2);
    for (int32_t i = 0; step >= 5 && i < 3; i++)
        CHECK_EQ(high_watermark(client, "t", i), 0); /* nothing of the dead topic came back */

    /* Whatever was left over is not in the way. */
    if (count > 0)
        delete_topic(client, "t");
    wr_rig_create(client, "t", 4);
    CHECK_EQ(partition_count(client, "t"), 4);
    wr_rig_cut(rig);
    CHECK_OK(wr_rig_start(rig));
    client = wr_rig_connect(rig);
    CHECK_EQ(partition_count(client, "t"), 4);
    CHECK_EQ(high_watermark(client, "t", 3), 0);
    wr_rig_free(rig);
    return crashed;
}

TEST(a_topic_is_there_wholly_or_not_at_all_after_a_power_cut_at_any_write)
{
    uint64_t n = 0;
    while (run_life(n))
        n++;
    CHECK(n > 30);
}
