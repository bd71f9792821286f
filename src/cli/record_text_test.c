#include "test.h"

#include <cli/consume_int.h>

static const wr_client_header headers[] = {{"ce_type", {(const uint8_t *)"order.placed", 12}}};

static wr_client_record record_of(const char *key, const char *value)
{
    return (wr_client_record){.topic = "orders",
                              .partition = 3,
                              .offset = 42,
                              .timestamp_ms = 1000,
                              .key = weir_slice_of(key),
                              .value = weir_slice_of(value),
                              .headers = headers,
                              .header_count = 1};
}

static const char *print(wr_record_form form, wr_client_record record)
{
    static char text[4096];
    wr_buf out;
    wr_buf_init(&out, sizeof text);
    wr_record_print(&form, &record, &out);
    CHECK(!wr_buf_failed(&out) && out.size < sizeof text);
    memcpy(text, wr_buf_cstr(&out), out.size + 1);
    wr_buf_fini(&out);
    return text;
}

TEST(json_lines_embed_json_values_and_quote_the_rest)
{
    wr_record_form json = {.kind = WR_RECORD_JSON};
    CHECK_STR(
        print(json, record_of("k", "{\"a\": [1, 2]}")),
        "{\"topic\":\"orders\",\"partition\":3,\"offset\":42,\"timestamp\":1000,\"key\":\"k\",\"value\":{\"a\":[1,2]},"
        "\"headers\":[{\"name\":\"ce_type\",\"value\":\"order.placed\"}]}\n");
    CHECK(strstr(print(json, record_of(NULL, "{broken")), "\"key\":null,\"value\":\"{broken\""));
    CHECK(strstr(print(json, record_of("k", NULL)), "\"value\":null"));
    CHECK(strstr(print(json, record_of("k", "17")), "\"value\":\"17\""));
    CHECK(strstr(print(json, record_of("k", "\xff\xfe")), "\"value_base64\":\"//4=\""));
}

TEST(patterns_work_as_in_kcat)
{
    wr_record_form pattern = {.kind = WR_RECORD_PATTERN, .pattern = "%t[%p]@%o %k=%v %h %T %% \\t|\\n"};
    CHECK_STR(print(pattern, record_of("k", "v")), "orders[3]@42 k=v ce_type=order.placed 1000 % \t|\n");
    pattern.pattern = "%K %S %h{ce_type}|%h{none}|\\d\\\\";
    CHECK_STR(print(pattern, record_of(NULL, "value")), "-1 5 order.placed||\\d\\");
}

TEST(control_characters_do_not_reach_a_terminal)
{
    wr_record_form pretty = {.kind = WR_RECORD_PRETTY};
    const char *text = print(pretty, record_of("k", "\x1b[2Jgone"));
    CHECK(!strchr(text, '\x1b'));
    CHECK(strstr(text, "\\x1b[2Jgone"));
    wr_client_record record = record_of("k", "\xc2\x9b"
                                             "2J\xc3\xa4");
    wr_client_header header = {"\x1b]0;title\x07", WEIR_SLICE("\x7f")};
    record.headers = &header;
    text = print(pretty, record);
    CHECK(!strchr(text, '\x1b') && !strchr(text, '\x07') && !strchr(text, '\x7f') && !strchr(text, '\x9b'));
    CHECK(strstr(text, "\\xc2\\x9b2J\xc3\xa4"));
}

TEST(filters_look_at_keys_headers_and_attributes)
{
    wr_client_record record = record_of("k", "v");
    CHECK(wr_filter_passes(&(wr_filter){.key = "k"}, &record));
    CHECK(!wr_filter_passes(&(wr_filter){.key = "other"}, &record));
    CHECK(wr_filter_passes(&(wr_filter){.header = "type", .value = "order.placed"}, &record));
    CHECK(wr_filter_passes(&(wr_filter){.header = "ce_type", .value = "order.placed"}, &record));
    CHECK(!wr_filter_passes(&(wr_filter){.header = "type", .value = "order.ended"}, &record));
    CHECK(!wr_filter_passes(&(wr_filter){.header = "absent", .value = ""}, &record));
}

TEST(every_form_says_which_record_it_is)
{
    CHECK_STR(print((wr_record_form){.kind = WR_RECORD_NAME}, record_of("k", "v")), "orders/3@42\n");
    CHECK_STR(print((wr_record_form){.kind = WR_RECORD_YAML}, record_of("k", "{\"a\": [1]}")),
              "- topic: \"orders\"\n  partition: 3\n  offset: 42\n  timestamp: 1000\n  key: \"k\"\n"
              "  value:\n    a:\n      - 1\n  headers:\n    - name: \"ce_type\"\n      value: \"order.placed\"\n");
}
