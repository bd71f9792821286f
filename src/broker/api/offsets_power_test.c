/* Power cuts, kills and failing disks at every write of a group's life, its log's rewriting among them. */
#include "offsets_testing.h"

#include <errno.h>

enum { COMMITS = 24, PARTITIONS = 3, IN_FLIGHT = 2, NOTE_SIZE = 3000, RETRY_MAX = 100 };

static const char *const settings[] = {"offsets.topic.segment.bytes=16384", NULL};

typedef struct promises {
    int64_t sent[PARTITIONS], acked[PARTITIONS]; /* -1: none */
} promises;

static const promises nothing = {{-1, -1, -1}, {-1, -1, -1}};

static void send_large_commit(wr_rig_client *client, int64_t offset)
{
    static const uint8_t note[NOTE_SIZE] = {'n'};
    wr_offset_commit_request_partition one = {.partition_index = (int32_t)(offset % PARTITIONS),
                                              .committed_offset = offset,
                                              .committed_leader_epoch = -1,
                                              .committed_metadata = {note, sizeof note}};
    wr_offset_commit_request_topic topic = {.name = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_offset_commit_request in = commit_of_tool("g", &topic);
    wr_rig_send(client, WR_API_OFFSET_COMMIT, 8, &in);
}

/* Answers the error; -2: none came. */
static int16_t hear_commit(wr_rig_client *client)
{
    const wr_offset_commit_response *out = wr_rig_receive(client, WR_API_OFFSET_COMMIT, 8, 1000);
    return out ? out->topics[0].partitions[0].error_code : -2;
}

/* From several connections, so that commits share a sync and a rewriting. */
static void commit_until_dark(wr_rig *rig, int64_t from, promises *story)
{
    wr_rig_client *clients[IN_FLIGHT];
    for (int i = 0; i < IN_FLIGHT; i++)
        clients[i] = wr_rig_connect(rig);
    for (int64_t next = from; next < from + COMMITS && !wr_sim_dark(rig->sim); next += IN_FLIGHT) {
        for (int64_t i = next; i < next + IN_FLIGHT; i++) {
            story->sent[i % PARTITIONS] = i;
            send_large_commit(clients[i % IN_FLIGHT], i);
        }
        for (int64_t i = next; i < next + IN_FLIGHT; i++)
            if (hear_commit(clients[i % IN_FLIGHT]) == WR_KAFKA_NONE)
                story->acked[i % PARTITIONS] = i;
    }
}

static int64_t committed_in(wr_rig *rig, wr_rig_client *client, int32_t partition)
{
    for (int i = 0; i < RETRY_MAX; i++) {
        int16_t error;
        int64_t offset = fetch_committed(client, 7, "g", "orders", partition, &error);
        if (error != WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS) {
            CHECK_EQ(error, WR_KAFKA_NONE);
            return offset;
        }
        wr_rig_run_ms(rig, 1);
    }
    return -2;
}

static void check_promises(wr_rig *rig, const promises *story)
{
    wr_rig_client *client = wr_rig_connect(rig);
    for (int32_t i = 0; i < PARTITIONS; i++) {
        int64_t offset = committed_in(rig, client, i);
        CHECK(offset >= story->acked[i]);
        CHECK(offset <= story->sent[i]);
    }
}

typedef enum fault { CUT, KILL, FAIL } fault;

/* Runs the scenario with the fault at write n; false when it ended before. */
static bool run_story(uint64_t n, fault fault)
{
    wr_rig *rig = wr_rig_new(test_seed() + 3000 + n, settings);
    wr_rig_create(wr_rig_connect(rig), "orders", PARTITIONS);
    promises story = nothing;
    uint64_t at = wr_sim_write_count(rig->sim) + n;
    if (fault == CUT)
        wr_sim_cut_at(rig->sim, at);
    else if (fault == KILL)
        wr_sim_kill_at(rig->sim, at);
    else
        wr_sim_fail_at(rig->sim, at, EIO);
    commit_until_dark(rig, 0, &story);
    bool reached = fault == FAIL ? wr_sim_write_count(rig->sim) > at : wr_sim_dark(rig->sim);
    wr_sim_fail_at(rig->sim, UINT64_MAX, EIO);
    if (wr_sim_dark(rig->sim))
        wr_rig_drop(rig);
    else
        wr_rig_cut(rig);
    check_starts(rig);
    check_promises(rig, &story);

    /* And it goes on from there. */
    commit_until_dark(rig, COMMITS, &story);
    for (int32_t i = 0; i < PARTITIONS; i++)
        CHECK_EQ(story.acked[i], story.sent[i]);
    wr_rig_cut(rig);
    check_starts(rig);
    check_promises(rig, &story);
    if (!reached) /* the log was rewritten, so its beginning is gone */
        CHECK_EQ(wr_rig_fetch(wr_rig_connect(rig), "__consumer_offsets", 0, 0, NULL, NULL),
                 WR_KAFKA_OFFSET_OUT_OF_RANGE);
    wr_rig_free(rig);
    return reached;
}

TEST(a_committed_offset_survives_a_power_cut_at_any_write)
{
    uint64_t n = 0;
    while (run_story(n, CUT))
        n++;
    CHECK(n > COMMITS);
}

TEST(a_committed_offset_survives_a_kill_at_any_write)
{
    uint64_t n = 0;
    while (run_story(n, KILL))
        n++;
    CHECK(n > COMMITS);
}

TEST(a_committed_offset_survives_a_failing_disk)
{
    uint64_t n = 0;
    while (run_story(n, FAIL))
        n++;
    CHECK(n > COMMITS);
}
