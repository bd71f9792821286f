/* The hand-written exchange against the tables of the wire room, which Apache Kafka's clients agree with. */
#include "test.h"
#include "topic_ids.h"

#include <wire/metadata.h>

#include <stdlib.h>

enum { VERSION = 10 };

static const wr_api *metadata(void)
{
    const wr_api *api = wr_api_find(3);
    CHECK(api != NULL);
    return api;
}

TEST(the_request_is_metadata_of_version_10_and_makes_no_topic)
{
    char long_name[250];
    memset(long_name, 'x', sizeof long_name);
    long_name[249] = '\0';
    const char *const topics[] = {"orders", long_name};
    wr_buf out;
    wr_buf_init(&out, 1 << 20);
    wr_topic_ids_encode(7, topics, 2, &out);
    CHECK_EQ(out.data[0] << 24 | out.data[1] << 16 | out.data[2] << 8 | out.data[3], (int)out.size - 4);
    wr_request_header header;
    weir_slice body;
    CHECK_OK(wr_request_header_decode((weir_slice){out.data + 4, out.size - 4}, &header, &body));
    CHECK_EQ(header.api_key, 3);
    CHECK_EQ(header.api_version, VERSION);
    CHECK_EQ(header.correlation_id, 7);
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_metadata_request request;
    CHECK_OK(wr_message_decode(metadata()->request, VERSION, body, arena, &request, NULL));
    CHECK_EQ(request.topic_count, 2);
    CHECK_EQ(request.topics[0].name.size, 6);
    CHECK_EQ(memcmp(request.topics[0].name.data, "orders", 6), 0);
    CHECK_EQ(request.topics[1].name.size, 249);
    CHECK(!request.allow_auto_topic_creation);
    /* byte for byte: nothing is left over, nothing is missing */
    wr_buf again;
    wr_buf_init(&again, 1 << 20);
    CHECK_OK(wr_request_encode(metadata(), VERSION, 7, "weir-topic-ids", &request, &again));
    CHECK_EQ(again.size, out.size);
    CHECK_EQ(memcmp(again.data, out.data, out.size), 0);
    wr_buf_fini(&again);
    weir_arena_free(arena);
    wr_buf_fini(&out);
}

/* An answer with all there may be in it. The caller frees. */
static wr_buf make_answer(void)
{
    int32_t nodes[] = {1, 2, 300};
    wr_metadata_response_partition partitions[2];
    for (int i = 0; i < 2; i++)
        partitions[i] = (wr_metadata_response_partition){.partition_index = i,
                                                         .leader_id = 1,
                                                         .replica_nodes = nodes,
                                                         .replica_node_count = 3,
                                                         .isr_nodes = nodes,
                                                         .isr_node_count = 2,
                                                         .offline_replicas = nodes,
                                                         .offline_replica_count = i};
    wr_metadata_response_topic topics[] = {
        {.name = weir_slice_of("orders"), .topic_id = {{1, 2, 3}}, .partitions = partitions, .partition_count = 2},
        {.name = weir_slice_of("gone"), .error_code = 3, .topic_id = {{9}}},
    };
    wr_metadata_response_broker brokers[] = {
        {.node_id = 1, .host = weir_slice_of("a"), .port = 9092},
        {.node_id = 2, .host = weir_slice_of("b.example.com"), .port = 9093, .rack = weir_slice_of("north")}};
    wr_metadata_response response = {.brokers = brokers,
                                     .broker_count = 2,
                                     .cluster_id = weir_slice_of("cluster"),
                                     .controller_id = 1,
                                     .topics = topics,
                                     .topic_count = 2};
    wr_buf out;
    wr_buf_init(&out, 1 << 20);
    CHECK_OK(wr_response_encode(metadata(), VERSION, 7, &response, &out));
    return out;
}

static const char *const asked[] = {"gone", "never", "orders"};

TEST(ids_are_found_by_name_and_what_is_not_there_has_none)
{
    wr_buf answer = make_answer();
    wr_topic_id ids[3];
    memset(ids, 0xee, sizeof ids);
    CHECK_OK(wr_topic_ids_decode((weir_slice){answer.data + 4, answer.size - 4}, 7, asked, 3, ids));
    const wr_topic_id none = {0}, orders = {{1, 2, 3}};
    CHECK_EQ(memcmp(&ids[0], &none, sizeof none), 0);
    CHECK_EQ(memcmp(&ids[1], &none, sizeof none), 0);
    CHECK_EQ(memcmp(&ids[2], &orders, sizeof orders), 0);
    CHECK_EQ(wr_topic_ids_decode((weir_slice){answer.data + 4, answer.size - 4}, 8, asked, 3, ids), WEIR_E_FORMAT);
    wr_buf_fini(&answer);
}

TEST(an_answer_that_is_cut_or_garbled_is_none_or_is_read_within_its_bytes)
{
    wr_buf answer = make_answer();
    wr_topic_id ids[3] = {0};
    for (size_t size = 0; size < answer.size - 4; size++) {
        uint8_t *cut = malloc(size + 1); /* its end is where the sanitizer looks */
        memcpy(cut, answer.data + 4, size);
        CHECK_EQ(wr_topic_ids_decode((weir_slice){cut, size}, 7, asked, 3, ids), WEIR_E_FORMAT);
        free(cut);
    }
    for (size_t at = 4; at < answer.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            uint8_t *garbled = malloc(answer.size - 4);
            memcpy(garbled, answer.data + 4, answer.size - 4);
            garbled[at - 4] ^= (uint8_t)(1 << bit);
            weir_err err = wr_topic_ids_decode((weir_slice){garbled, answer.size - 4}, 7, asked, 3, ids);
            CHECK(err == WEIR_OK || err == WEIR_E_FORMAT);
            free(garbled);
        }
    wr_buf_fini(&answer);
}
