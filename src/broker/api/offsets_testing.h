/* For this room's tests: offsets that clients commit and read back, and a broker that comes back. */
#ifndef WR_OFFSETS_TESTING_H
#define WR_OFFSETS_TESTING_H

#include <testing/broker/rig.h>

#include <wire/kafka.h>
#include <wire/offset_commit.h>
#include <wire/offset_fetch.h>

#include "test.h"

/* What a tool commits, which is no member of the group: of one topic, for as long as the broker keeps offsets. */
static inline wr_offset_commit_request commit_of_tool(const char *group, wr_offset_commit_request_topic *topic)
{
    return (wr_offset_commit_request){.group_id = weir_slice_of(group),
                                      .generation_id_or_member_epoch = -1,
                                      .member_id = WEIR_SLICE(""),
                                      .retention_time_ms = -1,
                                      .topics = topic,
                                      .topic_count = 1};
}

/* The error of its last partition. */
static inline int16_t error_of_commit(const wr_offset_commit_response *out)
{
    CHECK(out && out->topic_count == 1 && out->topics[0].partition_count > 0);
    return out->topics[0].partitions[out->topics[0].partition_count - 1].error_code;
}

static inline int16_t call_commit(wr_rig_client *client, const wr_offset_commit_request *in)
{
    return error_of_commit(wr_rig_call(client, WR_API_OFFSET_COMMIT, 8, in));
}

/* Of the topic's partition 0; the answer is for receive_commit. */
static inline void send_commit(wr_rig_client *client, const char *group, const char *topic, int64_t offset)
{
    wr_offset_commit_request_partition one = {.committed_offset = offset, .committed_leader_epoch = -1};
    wr_offset_commit_request_topic named = {.name = weir_slice_of(topic), .partitions = &one, .partition_count = 1};
    wr_offset_commit_request in = commit_of_tool(group, &named);
    wr_rig_send(client, WR_API_OFFSET_COMMIT, 8, &in);
}

static inline int16_t receive_commit(wr_rig_client *client)
{
    enum { MOST_MS = 60000 };
    return error_of_commit(wr_rig_receive(client, WR_API_OFFSET_COMMIT, 8, MOST_MS));
}

static inline int16_t commit(wr_rig_client *client, const char *group, const char *topic, int64_t offset)
{
    send_commit(client, group, topic, offset);
    return receive_commit(client);
}

/* Of partition 0 of orders, as a member of "g". */
static inline int16_t commit_as_member(wr_rig_client *client, const char *id, int32_t generation, int64_t offset,
                                       weir_slice note)
{
    wr_offset_commit_request_partition one = {
        .committed_offset = offset, .committed_leader_epoch = -1, .committed_metadata = note};
    wr_offset_commit_request_topic named = {.name = WEIR_SLICE("orders"), .partitions = &one, .partition_count = 1};
    wr_offset_commit_request in = commit_of_tool("g", &named);
    in.generation_id_or_member_epoch = generation;
    in.member_id = weir_slice_of(id);
    return call_commit(client, &in);
}

/* Of one partition of a topic; -1: none is committed. ret_error: the group's, with which there is no answer for a topic. */
static inline int64_t fetch_committed(wr_rig_client *client, int16_t version, const char *group, const char *topic,
                                      int32_t partition, int16_t *ret_error)
{
    wr_offset_fetch_request_topic named = {
        .name = weir_slice_of(topic), .partition_indexes = &partition, .partition_index_count = 1};
    wr_offset_fetch_request in = {.group_id = weir_slice_of(group), .topics = &named, .topic_count = 1};
    const wr_offset_fetch_response *out = wr_rig_call(client, WR_API_OFFSET_FETCH, version, &in);
    CHECK(out != NULL);
    *ret_error = out->error_code;
    if (out->error_code != WR_KAFKA_NONE)
        return -1;
    CHECK(out->topic_count == 1 && out->topics[0].partition_count == 1);
    return out->topics[0].partitions[0].committed_offset;
}

static inline int64_t committed(wr_rig_client *client, const char *group, const char *topic)
{
    int16_t error;
    int64_t offset = fetch_committed(client, 7, group, topic, 0, &error);
    CHECK_EQ(error, WR_KAFKA_NONE);
    return offset;
}

/* After a stop, a kill or a power cut. */
static inline void check_starts(wr_rig *rig)
{
    weir_err err = wr_rig_start(rig);
    CHECK_STR(rig->failure.sentence, "");
    CHECK_OK(err);
}

static inline wr_rig_client *start_again(wr_rig *rig)
{
    check_starts(rig);
    return wr_rig_connect(rig);
}

#endif
