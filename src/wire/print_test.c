#include <test.h>
#include <wire/produce.h>

TEST(a_message_prints_as_one_line)
{
    wr_produce_request_partition partition = {.index = 2, .records = WEIR_SLICE("12345")};
    wr_produce_request_topic topic = {
        .name = WEIR_SLICE("a\"\n"), .partition_data = &partition, .partition_data_count = 1};
    wr_produce_request request = {.acks = -1, .timeout_ms = 30, .topic_data = &topic, .topic_data_count = 1};
    wr_buf out;
    wr_buf_init(&out, 2000);
    wr_message_print(&wr_produce_request_message, 3, &request, &out);
    CHECK_STR(wr_buf_cstr(&out), "ProduceRequest version 3 {transactional_id: null, acks: -1, timeout_ms: 30, "
                                 "topic_data: [{name: \"a\\\"\\x0a\", partition_data: [{index: 2, records: "
                                 "<5 bytes>}]}]}");
    wr_buf_fini(&out);
}
