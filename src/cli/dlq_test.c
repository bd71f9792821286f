#include "test.h"

#include <cli/dlq.h>

TEST(dead_letter_topics_are_known_by_their_names)
{
    static const char *const are[] = {"inventory.dlq", "orders-dlt", "orders.DLT", "a.b.dead", "x-DLQ"};
    static const char *const are_not[] = {"orders", ".dlq", "dlq", "orders.dlq.backup", "ordersdlt", "dead", ""};
    for (size_t i = 0; i < sizeof are / sizeof *are; i++)
        if (!wr_dlq_topic_is(are[i]))
            fail_msg("%s is one", are[i]);
    for (size_t i = 0; i < sizeof are_not / sizeof *are_not; i++)
        if (wr_dlq_topic_is(are_not[i]))
            fail_msg("%s is none", are_not[i]);
}

/* Headers hold any bytes; what is printed is JSON all the same. */
TEST(a_letter_of_any_bytes_is_printed_as_json)
{
    const wr_client_header headers[] = {{"x", WEIR_SLICE("\xff\0\x01")}};
    const wr_letter_item item = {.record = {.topic = "t.dlq",
                                            .partition = 1,
                                            .offset = 7,
                                            .value = WEIR_SLICE("\xff\xfe"),
                                            .headers = headers,
                                            .header_count = 1},
                                 .letter = {.error = "caf\xe9 \"quoted\"\n", .attempts = -1, .failed_ms = -1},
                                 .is_edited = true,
                                 .original = WEIR_SLICE("{\"n\":1}"),
                                 .run = "",
                                 .by = ""};
    wr_buf out;
    wr_buf_init(&out, 1 << 16);
    CHECK(wr_dlq_print(&item, &out));
    const char *text = wr_buf_cstr(&out);
    CHECK(strstr(text, "{\"letter\":\"t.dlq/1@7\",\"state\":\"open\"") == text);
    CHECK(strstr(text, "\"error\":\"caf. \\\"quoted\\\"\\n\""));
    CHECK(strstr(text, "\"value_base64\":\"//4=\""));
    CHECK(strstr(text, "\"original\":{\"topic\":\"t.dlq\""));
    CHECK(strstr(text, "\"reason\":null"));
    CHECK(strstr(text, "}}\n"));
    wr_buf_fini(&out);
}
