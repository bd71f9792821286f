#include "letter.h"
#include "test.h"

#include <base/buf.h>
#include <stdio.h>

#define H(name, text)                                                                                                  \
    {                                                                                                                  \
        name, WEIR_SLICE(text)                                                                                         \
    }

static wr_letter read_letter(weir_arena *arena, const wr_event_header *headers, size_t count)
{
    wr_letter letter;
    CHECK_OK(wr_letter_read(headers, count, arena, &letter));
    return letter;
}

TEST(a_letter_of_weirs_is_read)
{
    static const wr_event_header headers[] = {
        H("ce_type", "order.placed"),
        H("weir-dlq-original-topic", "orders"),
        H("weir-dlq-original-partition", "3"),
        H("weir-dlq-original-offset", "1234"),
        H("weir-dlq-original-timestamp", "1700000000000"),
        H("weir-dlq-reason", "rejected"),
        H("weir-dlq-error", "no such article"),
        H("weir-dlq-handler", "order.placed/1"),
        H("weir-dlq-group", "inventory"),
        H("weir-dlq-attempts", "4"),
        H("weir-dlq-failed-at", "2026-01-31T12:00:00.000Z"),
        H("weir-redrive-count", "2"),
    };
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_letter letter = read_letter(arena, headers, sizeof headers / sizeof *headers);
    CHECK_EQ(letter.kind, WR_LETTER_WEIR);
    CHECK_STR(letter.reason, "rejected");
    CHECK_STR(letter.error, "no such article");
    CHECK_STR(letter.handler, "order.placed/1");
    CHECK_STR(letter.group, "inventory");
    CHECK_STR(letter.topic, "orders");
    CHECK_EQ(letter.attempts, 4);
    CHECK_EQ(letter.failed_ms, 1769860800000);
    CHECK_EQ(letter.partition, 3);
    CHECK_EQ(letter.offset, 1234); /* four digits, and no number of four bytes */
    CHECK_EQ(letter.timestamp_ms, 1700000000000);
    CHECK_EQ(letter.redrives, 2);
    CHECK(letter.body == NULL);
    weir_arena_free(arena);
}

TEST(a_letter_of_springs_has_binary_numbers_and_its_first_original)
{
    static const wr_event_header headers[] = {
        H("kafka_dlt-original-topic", "orders"),
        H("kafka_dlt-original-topic", "orders-retry"),
        H("kafka_dlt-original-partition", "\0\0\0\x07"),
        H("kafka_dlt-original-offset", "\0\0\0\0\0\x01\0\0"),
        H("kafka_dlt-original-offset", "\0\0\0\0\0\0\0\x01"),
        H("kafka_dlt-original-timestamp", "\0\0\x01\x8b\xcf\xe5\x68\0"),
        H("kafka_dlt-original-consumer-group", "billing"),
        H("kafka_dlt-exception-fqcn", "org.springframework.kafka.listener.ListenerExecutionFailedException"),
        H("kafka_dlt-exception-cause-fqcn", "java.lang.IllegalStateException"),
        H("kafka_dlt-exception-message", "first"),
        H("kafka_dlt-exception-message", "last"),
    };
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_letter letter = read_letter(arena, headers, sizeof headers / sizeof *headers);
    CHECK_EQ(letter.kind, WR_LETTER_SPRING);
    CHECK_STR(letter.topic, "orders");
    CHECK_EQ(letter.partition, 7);
    CHECK_EQ(letter.offset, 65536);
    CHECK_EQ(letter.timestamp_ms, 1700000000000);
    CHECK_STR(letter.group, "billing");
    CHECK_STR(letter.reason, "java.lang.IllegalStateException");
    CHECK_STR(letter.error, "last");
    CHECK(letter.handler == NULL);
    CHECK_EQ(letter.attempts, -1);
    CHECK_EQ(letter.failed_ms, -1);
    weir_arena_free(arena);
}

TEST(digits_where_spring_writes_bytes_are_digits)
{
    static const wr_event_header headers[] = {H("kafka_dlt-original-topic", "t"),
                                              H("kafka_dlt-original-partition", "1234"),
                                              H("kafka_dlt-original-offset", "12345678"),
                                              H("kafka_dlt-original-timestamp", "\xff\xff\xff\xff\xff\xff\xff\xff")};
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_letter letter = read_letter(arena, headers, 4);
    CHECK_EQ(letter.kind, WR_LETTER_SPRING);
    CHECK_EQ(letter.partition, 1234);
    CHECK_EQ(letter.offset, 12345678);
    CHECK_EQ(letter.timestamp_ms, -1);
    weir_arena_free(arena);
}

TEST(a_letter_of_connects_is_read)
{
    static const wr_event_header headers[] = {
        H("__connect.errors.topic", "orders"),
        H("__connect.errors.partition", "1"),
        H("__connect.errors.offset", "42"),
        H("__connect.errors.connector.name", "s3"),
        H("__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException"),
        H("__connect.errors.exception.message", "no schema"),
    };
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_letter letter = read_letter(arena, headers, sizeof headers / sizeof *headers);
    CHECK_EQ(letter.kind, WR_LETTER_CONNECT);
    CHECK_STR(letter.group, "connect-s3");
    CHECK_STR(letter.handler, "s3");
    CHECK_STR(letter.topic, "orders");
    CHECK_EQ(letter.offset, 42);
    weir_arena_free(arena);
}

TEST(where_weir_says_that_an_event_stood_first_counts_before_all_others)
{
    static const wr_event_header headers[] = {
        H("weir-dlq-original-topic", "orders"), H("weir-dlq-original-offset", "5"),
        H("kafka_dlt-original-topic", "inventory.redrive"), H("kafka_dlt-exception-message", "again"),
        H("kafka_dlt-exception-fqcn", "E")};
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_letter letter = read_letter(arena, headers, 5);
    CHECK_EQ(letter.kind, WR_LETTER_SPRING);
    CHECK_STR(letter.topic, "orders");
    CHECK_EQ(letter.offset, 5);
    CHECK_STR(letter.error, "again");
    weir_arena_free(arena);
}

TEST(a_record_that_is_no_letter_is_none)
{
    static const wr_event_header headers[] = {H("ce_type", "order.placed"), {"weir-dlq-reason", {0}}};
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_letter letter = read_letter(arena, headers, 2);
    CHECK_EQ(letter.kind, WR_LETTER_UNKNOWN);
    CHECK(!letter.reason && !letter.topic && !letter.group);
    CHECK_EQ(letter.redrives, 0);
    weir_arena_free(arena);
}

TEST(what_is_written_for_spring_is_read_back)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_event_header headers[WR_SPRING_HEADERS];
    size_t count = 0;
    const wr_letter written = {.reason = "unknown-version",
                               .error = "no handler",
                               .group = "g",
                               .topic = "orders",
                               .partition = 2147483647,
                               .offset = INT64_MAX,
                               .timestamp_ms = 1700000000000};
    CHECK_OK(wr_letter_write_spring(&written, arena, headers, &count));
    for (size_t i = 0; i < count; i++)
        if (strcmp(headers[i].name, "kafka_dlt-original-partition") == 0)
            CHECK_EQ(headers[i].value.size, 4);
        else if (strcmp(headers[i].name, "kafka_dlt-original-offset") == 0)
            CHECK_EQ(headers[i].value.size, 8);
    wr_letter letter = read_letter(arena, headers, count);
    CHECK_EQ(letter.kind, WR_LETTER_SPRING);
    CHECK_STR(letter.reason, "weir.UnknownVersion");
    CHECK_STR(letter.error, "no handler");
    CHECK_STR(letter.group, "g");
    CHECK_EQ(letter.partition, 2147483647);
    CHECK_EQ(letter.offset, INT64_MAX);
    CHECK_EQ(letter.timestamp_ms, 1700000000000);
    weir_arena_free(arena);
}

TEST(headers_are_told_apart_by_what_they_are_about)
{
    CHECK_EQ(wr_letter_part_of("weir-dlq-reason"), WR_LETTER_FAILURE);
    CHECK_EQ(wr_letter_part_of("weir-dlq-original-topic"), WR_LETTER_ORIGINAL);
    CHECK_EQ(wr_letter_part_of("kafka_dlt-exception-stacktrace"), WR_LETTER_FAILURE);
    CHECK_EQ(wr_letter_part_of("kafka_dlt-original-offset"), WR_LETTER_ORIGINAL);
    CHECK_EQ(wr_letter_part_of("weir-outbox-sequence"), WR_LETTER_SENDER);
    CHECK_EQ(wr_letter_part_of("weir-redrive-count"), WR_LETTER_REDRIVE);
    CHECK_EQ(wr_letter_part_of("ce_type"), WR_LETTER_OTHER);
    CHECK_EQ(wr_letter_part_of("traceparent"), WR_LETTER_OTHER);
}

TEST(a_record_that_was_put_back_says_so)
{
    static const wr_event_header headers[] = {
        H("weir-redrive-id", "i.dlq/0@17/1700000000000"), H("weir-redrive-group", "inventory"),
        H("weir-dlq-original-topic", "orders"), H("weir-dlq-original-partition", "3"),
        H("weir-dlq-original-offset", "9")};
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_redriven redriven;
    CHECK(wr_redriven_is(headers, 5));
    CHECK_OK(wr_redriven_read(headers, 5, arena, &redriven));
    CHECK_STR(redriven.id, "i.dlq/0@17/1700000000000");
    CHECK(weir_slice_equal(redriven.group, WEIR_SLICE("inventory")));
    CHECK_STR(redriven.topic, "orders");
    CHECK_EQ(redriven.offset, 9);
    CHECK_EQ(redriven.timestamp_ms, -1);
    CHECK(!wr_redriven_is(headers + 1, 4));
    CHECK_EQ(wr_redriven_read(headers + 1, 4, arena, &redriven), WEIR_E_NOT_FOUND);
    CHECK_OK(wr_redriven_read(headers, 1, arena, &redriven));
    CHECK(redriven.group.data == NULL); /* for all */
    CHECK(redriven.topic == NULL);
    static const wr_event_header zero[] = {H("weir-redrive-id", "a\0b"), H("weir-redrive-group", "g")};
    CHECK_EQ(wr_redriven_read(zero, 2, arena, &redriven), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
}

/* One that is for another group must not become one for all. */
TEST(without_memory_a_record_that_was_put_back_is_not_taken_for_another)
{
    static const wr_event_header headers[] = {H("weir-redrive-id", "i.dlq/0@17/1700000000000"),
                                              H("weir-redrive-group", "inventory"),
                                              H("weir-dlq-original-topic", "orders")};
    weir_arena *arena = weir_arena_new(8);
    wr_redriven redriven;
    CHECK_EQ(wr_redriven_read(headers, 3, arena, &redriven), WEIR_E_MEMORY);
    weir_arena_free(arena);
}

TEST(what_is_no_topics_name_is_no_place_where_an_event_stood)
{
    char longest[WR_TOPIC_NAME_SIZE];
    memset(longest, 'a', sizeof longest);
    const struct {
        weir_slice topic;
        bool is_one;
    } cases[] = {{WEIR_SLICE("orders"), true},
                 {WEIR_SLICE(""), false},
                 {WEIR_SLICE("a\0b"), false},
                 {WEIR_SLICE("a b"), false},
                 {{0}, false},
                 {weir_slice_make(longest, sizeof longest - 1), true},
                 {weir_slice_make(longest, sizeof longest), false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const wr_event_header header = {"weir-dlq-original-topic", cases[i].topic};
        CHECK_EQ(wr_redriven_topic(&header, 1).data != NULL, cases[i].is_one);
    }
}

TEST(a_group_has_a_topic_of_its_own_where_its_name_makes_one)
{
    char topic[WR_TOPIC_NAME_SIZE], name[300];
    CHECK(wr_redrive_topic_of("inventory", topic));
    CHECK_STR(topic, "inventory.redrive");
    CHECK(!wr_redrive_topic_of("a group", topic));
    CHECK_STR(topic, "inventory.redrive");
    memset(name, 'x', sizeof name);
    name[241] = 0;
    CHECK(wr_redrive_topic_of(name, topic)); /* 249 in all */
    CHECK_EQ(strlen(topic), 249);
    name[241] = 'x';
    name[242] = 0;
    CHECK(!wr_redrive_topic_of(name, topic));
}
