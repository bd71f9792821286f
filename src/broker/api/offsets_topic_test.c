/* What becomes of committed offsets when their topic is deleted: they go with it, at whatever moment, and only with it. */
#include "offsets_testing.h"

#include <group/groups.h>
#include <topics/topics.h>
#include <wire/delete_topics.h>

#include <errno.h>

#include "allocation.h"

enum { MINUTE_MS = 60000 };

static const char *const settings[] = {"offsets.retention.minutes=1", "offsets.retention.check.interval.ms=1s", NULL};

static void send_delete(wr_rig_client *client, const char *topic)
{
    weir_slice name = weir_slice_of(topic);
    wr_delete_topics_request in = {.topic_names = &name, .topic_name_count = 1, .timeout_ms = 1000};
    wr_rig_send(client, WR_API_DELETE_TOPICS, 4, &in);
}

TEST(a_topic_that_is_deleted_and_made_anew_has_no_offsets)
{
    wr_rig *rig = wr_rig_new(5, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_rig_create(client, "payments", 1);
    CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "tool", "payments", 8), WR_KAFKA_NONE);
    send_delete(client, "orders");
    CHECK(wr_rig_receive(client, WR_API_DELETE_TOPICS, 4, 1000) != NULL);
    wr_rig_create(client, "orders", 1);
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    wr_rig_kill(rig);
    client = start_again(rig);
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    CHECK_EQ(committed(client, "tool", "payments"), 8);
    wr_rig_free(rig);
}

/* The deletion is told by hand, since the simulator's disk is done with a commit sooner than with a topic. */
TEST(a_commit_under_way_is_not_of_the_topic_that_takes_the_name_of_its_own)
{
    wr_rig *rig = wr_rig_new(6, settings);
    const wr_group *group;
    wr_rig_client *client = wr_rig_connect(rig), *second = wr_rig_connect(rig), *other = wr_rig_connect(rig);
    wr_rig_create(other, "orders", 1);
    send_commit(client, "tool", "orders", 9);
    send_commit(second, "another", "orders", 9);
    while (wr_groups_count(rig->broker->groups) < 2)
        wr_sim_step(rig->sim);
    for (size_t at = 0; (group = wr_groups_next(rig->broker->groups, &at));)
        CHECK_EQ(wr_groups_offsets(group)->count, 0); /* none is done */
    wr_groups_topic_deleted(rig->broker->groups, WEIR_SLICE("orders"));
    wr_topics_settle(rig->broker->topics);
    CHECK_EQ(commit(other, "another", "orders", 3), WR_KAFKA_NONE);
    CHECK_EQ(receive_commit(client), WR_KAFKA_NONE);
    CHECK_EQ(receive_commit(second), WR_KAFKA_NONE);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(committed(client, "tool", "orders"), -1);
        CHECK_EQ(committed(client, "another", "orders"), 3);
        wr_rig_kill(rig);
        client = start_again(rig);
    }
    wr_rig_free(rig);
}

/* Both are under way together, and any write of theirs may fail: with the deletion the topic comes back, or does not. */
TEST(a_commit_during_its_topics_deletion_is_kept_with_the_topic_and_goes_with_it)
{
    int back = 0, gone = 0;
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        wr_rig *rig = wr_rig_new(700, settings);
        wr_rig_client *client = wr_rig_connect(rig), *other = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
        uint64_t at = wr_sim_write_count(rig->sim) + n;
        wr_sim_fail_at(rig->sim, at, EIO);
        send_commit(client, "tool", "orders", 9);
        send_delete(other, "orders");
        bool kept = receive_commit(client) == WR_KAFKA_NONE;
        CHECK(wr_rig_receive(other, WR_API_DELETE_TOPICS, 4, MINUTE_MS) != NULL);
        bool deleted = wr_rig_told(rig, "topic cannot be deleted") == 0;
        if (deleted)
            CHECK_EQ(committed(client, "tool", "orders"), -1);
        failed = wr_sim_write_count(rig->sim) > at;
        wr_sim_fail_at(rig->sim, UINT64_MAX, EIO);
        wr_rig_run_ms(rig, 1000);
        wr_rig_cut(rig);
        client = start_again(rig);
        if (wr_topics_find(rig->broker->topics, WEIR_SLICE("orders"))) {
            int64_t offset = committed(client, "tool", "orders");
            CHECK(offset == 9 || (offset == 7 && !kept)); /* what was refused may be in the log all the same */
            back++;
        } else {
            wr_rig_create(client, "orders", 1);
            CHECK_EQ(committed(client, "tool", "orders"), -1);
            gone++;
        }
        wr_rig_free(rig);
    }
    CHECK(back > 0 && gone > 0);
}

/* The topic's end and that of its offsets are two writes: what the first took with it, the next start looks for. */
TEST(a_power_cut_at_any_write_of_a_topics_deletion_leaves_no_offset_without_its_topic)
{
    int cuts = 0, gone = 0;
    for (uint64_t n = 0;; n++, cuts++) {
        wr_rig *rig = wr_rig_new(50 + n, settings);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
        wr_sim_cut_at(rig->sim, wr_sim_write_count(rig->sim) + n);
        send_delete(client, "orders");
        wr_rig_run_ms(rig, 100);
        if (!wr_sim_dark(rig->sim)) {
            wr_rig_free(rig);
            break;
        }
        wr_rig_drop(rig);
        client = start_again(rig);
        if (wr_topics_find(rig->broker->topics, WEIR_SLICE("orders"))) {
            CHECK_EQ(committed(client, "tool", "orders"), 7);
        } else {
            gone++;
            CHECK_EQ(committed(client, "tool", "orders"), -1);
            wr_rig_create(client, "orders", 1);
            CHECK_EQ(committed(client, "tool", "orders"), -1);
        }
        wr_rig_free(rig);
    }
    CHECK(cuts > 3 && gone > 0);
}

/* What the topic of that name has is the broker's word at once; what the log says of the old one goes as soon as it can. */
TEST(a_topic_made_anew_has_no_offsets_although_the_disk_did_not_take_the_end_of_the_old_ones)
{
    int refused = 0;
    bool failed = true;
    for (uint64_t n = 0; failed; n++) {
        wr_rig *rig = wr_rig_new(800, settings);
        wr_rig_client *client = wr_rig_connect(rig);
        wr_rig_create(client, "orders", 1);
        CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
        uint64_t at = wr_sim_write_count(rig->sim) + n;
        wr_sim_fail_at(rig->sim, at, ENOSPC);
        send_delete(client, "orders");
        CHECK(wr_rig_receive(client, WR_API_DELETE_TOPICS, 4, MINUTE_MS) != NULL);
        wr_rig_run_ms(rig, 50);
        failed = wr_sim_write_count(rig->sim) > at;
        wr_sim_fail_at(rig->sim, UINT64_MAX, ENOSPC);
        refused += wr_rig_told(rig, "offsets of a deleted topic are gone") > 0;
        if (wr_rig_told(rig, "topic cannot be deleted") == 0) {
            wr_rig_create(client, "orders", 1);
            CHECK_EQ(committed(client, "tool", "orders"), -1);
            wr_rig_run_ms(rig, 3000);
            wr_rig_cut(rig);
            client = start_again(rig);
            CHECK_EQ(committed(client, "tool", "orders"), -1);
        }
        wr_rig_free(rig);
    }
    CHECK(refused > 0);
}

/* The old offsets' end is written late, and must not be that of what was committed to the new topic meanwhile. */
TEST(what_is_committed_to_a_topic_made_anew_stays_when_the_end_of_the_old_offsets_comes_late)
{
    wr_rig *rig = wr_rig_new(801, settings);
    wr_rig_client *client = wr_rig_connect(rig), *other = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 2);
    CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "another", "orders", 8), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "third", "orders", 9), WR_KAFKA_NONE);
    test_fail_allocation(1);
    wr_groups_topic_deleted(rig->broker->groups, WEIR_SLICE("orders")); /* made anew at once */
    CHECK(test_allocation_failed());
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    CHECK_EQ(commit(client, "tool", "orders", 3), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 900);
    send_commit(other, "another", "orders", 4); /* under way when it is tried again, or not */
    wr_rig_run_ms(rig, 3000);
    CHECK_EQ(receive_commit(other), WR_KAFKA_NONE);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(committed(client, "tool", "orders"), 3);
        CHECK_EQ(committed(client, "another", "orders"), 4);
        CHECK_EQ(committed(client, "third", "orders"), -1);
        wr_rig_cut(rig);
        client = start_again(rig);
    }
    wr_rig_free(rig);
}

/* Requests do not tell of topics that are gone. */
static bool remembers(wr_groups *groups, const char *topic)
{
    const wr_group *readers = wr_groups_find(groups, WEIR_SLICE("readers"));
    return readers && wr_offsets_find(wr_groups_offsets(readers), weir_slice_of(topic), 0) != NULL;
}

TEST(without_memory_offsets_go_with_their_own_topic_and_not_with_one_that_may_come_back)
{
    wr_rig *rig = wr_rig_new(802, (const char *const[]){"offsets.retention.check.interval.ms=1s", NULL});
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_rig_create(client, "ghost", 1);
    CHECK_EQ(commit(client, "readers", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "readers", "ghost", 5), WR_KAFKA_NONE);
    wr_sim_fail_at(rig->sim, wr_sim_write_count(rig->sim), EIO);
    send_delete(client, "ghost");
    CHECK(wr_rig_receive(client, WR_API_DELETE_TOPICS, 4, MINUTE_MS) != NULL);
    CHECK_EQ(wr_rig_told(rig, "topic cannot be deleted"), 1);
    test_fail_allocation(1);
    wr_groups_topic_deleted(rig->broker->groups, WEIR_SLICE("orders"));
    CHECK(test_allocation_failed());
    CHECK(!remembers(rig->broker->groups, "orders"));
    wr_rig_run_ms(rig, 3000);
    CHECK(!remembers(rig->broker->groups, "orders"));
    CHECK(remembers(rig->broker->groups, "ghost"));
    wr_rig_cut(rig);
    client = start_again(rig);
    CHECK_EQ(committed(client, "readers", "orders"), -1);
    CHECK_EQ(committed(client, "readers", "ghost"), 5);
    wr_rig_free(rig);
}

TEST(without_memory_a_commit_under_way_goes_with_its_topic_all_the_same)
{
    wr_rig *rig = wr_rig_new(803, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    send_commit(client, "tool", "orders", 9);
    while (wr_groups_count(rig->broker->groups) < 1)
        wr_sim_step(rig->sim);
    test_fail_allocation(1);
    wr_groups_topic_deleted(rig->broker->groups, WEIR_SLICE("orders")); /* made anew at once */
    CHECK(test_allocation_failed());
    CHECK_EQ(receive_commit(client), WR_KAFKA_NONE);
    wr_rig_run_ms(rig, 3000);
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(committed(client, "tool", "orders"), -1);
        wr_rig_cut(rig);
        client = start_again(rig);
    }
    wr_rig_free(rig);
}

TEST(a_topic_that_is_deleted_and_made_anew_while_groups_are_loaded_has_no_offsets)
{
    wr_rig *rig = wr_rig_new(804, settings);
    wr_rig_client *client = wr_rig_connect(rig);
    wr_rig_create(client, "orders", 1);
    wr_rig_create(client, "payments", 1);
    CHECK_EQ(commit(client, "tool", "orders", 7), WR_KAFKA_NONE);
    CHECK_EQ(commit(client, "tool", "payments", 8), WR_KAFKA_NONE);
    CHECK_OK(wr_rig_stop(rig));
    int tried = 0;
    for (uint64_t n = 0; tried == 0 && n < 100; n++) {
        wr_sim_fail_read_at(rig->sim, wr_sim_read_count(rig->sim) + n, EIO);
        weir_err err = wr_rig_start(rig);
        wr_sim_fail_read_at(rig->sim, UINT64_MAX, EIO);
        if (err == WEIR_OK && wr_groups_ready(rig->broker->groups) == WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS) {
            client = wr_rig_connect(rig);
            send_delete(client, "orders");
            CHECK(wr_rig_receive(client, WR_API_DELETE_TOPICS, 4, 900) != NULL);
            wr_rig_create(client, "orders", 1);
            CHECK_EQ(wr_groups_ready(rig->broker->groups), WR_KAFKA_COORDINATOR_LOAD_IN_PROGRESS);
            for (int i = 0; i < 120 && wr_groups_ready(rig->broker->groups) != WR_KAFKA_NONE; i++)
                wr_rig_run_ms(rig, 500);
            CHECK_EQ(committed(client, "tool", "orders"), -1);
            wr_rig_run_ms(rig, 100);
            tried++;
        }
        wr_rig_cut(rig);
        client = NULL;
    }
    CHECK_EQ(tried, 1);
    client = start_again(rig);
    CHECK_EQ(committed(client, "tool", "orders"), -1);
    CHECK_EQ(committed(client, "tool", "payments"), 8);
    wr_rig_free(rig);
}
