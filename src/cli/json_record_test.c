#include "test.h"

#include <cli/json_record.h>

static bool same(weir_slice a, weir_slice b)
{
    return !a.data == !b.data && a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static weir_err read_line(weir_arena *arena, const char *text, wr_client_record *ret_record, weir_failure *failure)
{
    return wr_json_record_read(arena, weir_slice_of(text), ret_record, failure);
}

/* Printed and read back, a record has the same key, value, headers and timestamp. */
static void check_round_trip(const wr_client_record *record)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_json_record_print(record, &text);
    CHECK(!wr_buf_failed(&text));
    CHECK_EQ(text.data[text.size - 1], '\n');
    wr_client_record back;
    weir_failure failure = {0};
    if (wr_json_record_read(arena, (weir_slice){text.data, text.size - 1}, &back, &failure) != WEIR_OK)
        fail_msg("%s: %s", wr_buf_cstr(&text), failure.sentence);
    CHECK(same(back.key, record->key));
    CHECK(same(back.value, record->value));
    CHECK_EQ(back.timestamp_ms, record->timestamp_ms);
    CHECK_EQ(back.header_count, record->header_count);
    for (size_t i = 0; i < back.header_count; i++) {
        CHECK_STR(back.headers[i].name, record->headers[i].name);
        CHECK(same(back.headers[i].value, record->headers[i].value));
    }
    wr_buf_fini(&text);
    weir_arena_free(arena);
}

TEST(whatever_was_in_a_record_comes_back)
{
    static const weir_slice samples[] = {
        {NULL, 0},
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"text", 4},
        {(const uint8_t *)"\"quoted\"\n\t\\", 11},
        {(const uint8_t *)"17", 2},
        {(const uint8_t *)"null", 4},
        {(const uint8_t *)"{\"a\":1.50,\"b\":[]}", 17},
        {(const uint8_t *)"[1,2]", 5},
        {(const uint8_t *)"{\"broken\":", 10},
        {(const uint8_t *)" {\"a\":1}", 8},
        {(const uint8_t *)"gr\xc3\xb6\xc3\x9f"
                          "er",
         7},
        {(const uint8_t *)"\xff", 1},
        {(const uint8_t *)"\xff\xfe", 2},
        {(const uint8_t *)"\xff\xfe\x00", 3},
        {(const uint8_t *)"a\0b", 3},
        {(const uint8_t *)"\x01\x1f\x7f", 3},
    };
    enum { COUNT = sizeof samples / sizeof *samples };
    for (int i = 0; i < COUNT; i++) {
        wr_client_header headers[] = {{"plain", samples[i]}, {"not \xff utf-8", samples[COUNT - 1 - i]}};
        wr_client_record record = {.topic = "t",
                                   .timestamp_ms = 1767225600000 + i,
                                   .key = samples[(i + 5) % COUNT],
                                   .value = samples[i],
                                   .headers = headers,
                                   .header_count = (size_t)i % 3};
        check_round_trip(&record);
    }
}

TEST(bytes_come_back_for_every_length_and_value)
{
    uint64_t seed = 1;
    uint8_t bytes[70];
    for (size_t size = 1; size < sizeof bytes; size++) {
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)test_random(&seed);
        check_round_trip(
            &(wr_client_record){.topic = "t", .timestamp_ms = 1, .key = {bytes, size}, .value = {bytes, size}});
    }
}

TEST(a_line_written_by_hand_says_only_what_it_wants)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_client_record record;
    weir_failure failure = {0};
    CHECK_OK(read_line(arena, " {\"value\": 17, \"topic\": \"t\", \"offset\": 3} ", &record, &failure));
    CHECK(same(record.value, weir_slice_of("17")) && !record.key.data && record.header_count == 0);
    CHECK_OK(read_line(arena, "{\"key\":\"k\",\"value\":null}", &record, &failure));
    CHECK(!record.value.data); /* a tombstone */
    CHECK_OK(read_line(arena, "{\"value\":true}", &record, &failure));
    CHECK(same(record.value, weir_slice_of("true")));
    weir_arena_free(arena);
}

TEST(what_is_no_record_is_refused_and_changes_nothing)
{
    static const char *const wrong[] = {
        "",
        "{",
        "[]",
        "\"text\"",
        "{\"key\":1}",
        "{\"timestamp\":\"now\"}",
        "{\"value_base64\":\"abc\"}",
        "{\"value_base64\":\"ab!=\"}",
        "{\"value_base64\":\"a=bc\"}",
        "{\"key_base64\":\"====\"}",
        "{\"headers\":[{\"value\":\"x\"}]}",
        "{\"headers\":{\"a\":1}}",
        "{\"value\":1} trailing",
        "{}",
        "{\"nope\":1}",
        "{\"key\":\"k\"}",
        "{\"value\":1,\"vaule\":2}",
        "{\"value\":1,\"value\":2}",
        "{\"value\":1,\"value_base64\":\"QQ==\"}",
        "{\"value\":{\"a\":[\"}\\\"{\"]},\"header\":[]}",
        "{\"value\":\"a\\u0000b\"}",
    };
    weir_arena *arena = weir_arena_new(1 << 16);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wr_client_record record = {.offset = 42};
        weir_failure failure = {0};
        if (read_line(arena, wrong[i], &record, &failure) != WEIR_E_FORMAT)
            fail_msg("%s was taken", wrong[i]);
        CHECK(failure.sentence[0]);
        CHECK_EQ(record.offset, 42);
    }
    weir_arena_free(arena);
}

TEST(a_member_that_a_record_does_not_have_is_named_with_what_may_be_meant)
{
    static const struct {
        const char *line, *said, *meant;
    } lines[] = {
        {"{\"nope\":1}", "nope", "key"},
        {"{\"value\":1,\"vaule\":2}", "vaule", "\"value\""},
        {"{\"payload\":\"x\"}", "payload", "\"value\""},
        {"{\"key\":\"k\"}", "value", "null"},
    };
    weir_arena *arena = weir_arena_new(1 << 16);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        wr_client_record record;
        weir_failure failure = {0};
        CHECK_EQ(read_line(arena, lines[i].line, &record, &failure), WEIR_E_FORMAT);
        CHECK(strstr(failure.sentence, lines[i].said));
        CHECK(strstr(failure.sentence, lines[i].meant));
    }
    weir_arena_free(arena);
}
