#include "event.h"
#include "http.h"
#include "kafka.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_SIZE = 1 << 20 };

#define HEADER(name, text)                                                                                             \
    {                                                                                                                  \
        name,                                                                                                          \
        {                                                                                                              \
            (const uint8_t *)(text), sizeof(text) - 1                                                                  \
        }                                                                                                              \
    }
#define HOP    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
#define ORIGIN "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01"

static const weir_event minimal = {.id = "i", .source = "/s", .type = "t"};

static void check_text(const char *actual, const char *expected)
{
    if (!expected)
        CHECK(actual == NULL);
    else
        CHECK_STR(actual, expected);
}

static void check_same(const weir_event *a, const weir_event *b)
{
    check_text(a->id, b->id);
    check_text(a->source, b->source);
    check_text(a->type, b->type);
    check_text(a->subject, b->subject);
    check_text(a->time, b->time);
    check_text(a->dataschema, b->dataschema);
    check_text(a->correlationid, b->correlationid);
    check_text(a->causationid, b->causationid);
    check_text(a->traceparent, b->traceparent);
    check_text(a->tracestate, b->tracestate);
    CHECK_EQ(a->version ? a->version : 1, b->version ? b->version : 1);
    CHECK_EQ(a->extension_count, b->extension_count);
    for (size_t i = 0; i < a->extension_count; i++) {
        CHECK_STR(a->extensions[i].name, b->extensions[i].name);
        CHECK_STR(a->extensions[i].value, b->extensions[i].value);
    }
    CHECK_EQ(a->data.data == NULL, b->data.data == NULL);
    CHECK(weir_slice_equal(a->data, b->data));
}

static const weir_attribute extensions[] = {{"comexampleextension1", "value"}, {"tenant", "\xc3\xbc 100%"}};
static const weir_event full = {.id = "1234-1234-1234",
                                .source = "/mycontext/subcontext",
                                .type = "com.example.someevent",
                                .subject = "o-17",
                                .time = "2018-04-05T03:56:24Z",
                                .datacontenttype = "application/json; charset=utf-8",
                                .dataschema = "https://example.com/s.json",
                                .version = 3,
                                .correlationid = "c",
                                .causationid = "d",
                                .traceparent = HOP,
                                .tracestate = "a=b",
                                .extensions = extensions,
                                .extension_count = 2,
                                .data = {(const uint8_t *)"{\"a\":1}", 7}};

TEST(the_binding_s_binary_example_is_read)
{
    static const wr_event_header headers[] = {
        HEADER("ce_specversion", "1.0"),
        HEADER("ce_type", "com.example.someevent"),
        HEADER("ce_source", "/mycontext/subcontext"),
        HEADER("ce_id", "1234-1234-1234"),
        HEADER("ce_time", "2018-04-05T03:56:24Z"),
        HEADER("content-type", "application/avro"),
        HEADER("other", "x"),
    };
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_event_record record = {WEIR_SLICE("mykey"), WEIR_SLICE("\x01\x02"), headers, 7};
    weir_event event;
    CHECK_OK(wr_event_decode_kafka(&record, arena, &event, NULL));
    CHECK_STR(event.type, "com.example.someevent");
    CHECK_STR(event.id, "1234-1234-1234");
    CHECK_STR(event.datacontenttype, "application/avro");
    CHECK_STR(event.key, "mykey");
    CHECK_EQ(event.version, 1);
    CHECK_EQ(event.extension_count, 0);
    CHECK(event.data.data == record.value.data && event.data.size == 2);
    weir_arena_free(arena);
}

TEST(the_binding_s_structured_example_is_read)
{
    static const wr_event_header headers[] = {HEADER("content-type", "application/cloudevents+json; charset=UTF-8")};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_event_record record = {.key = WEIR_SLICE("mykey"), .headers = headers, .header_count = 1};
    record.value = WEIR_SLICE(
        "{\"specversion\":\"1.0\",\"type\":\"com.example.someevent\",\"source\":\"/mycontext/subcontext\","
        "\"id\":\"1234-1234-1234\",\"time\":\"2018-04-05T03:56:24Z\",\"datacontenttype\":\"application/xml\","
        "\"count\":5,\"flag\":true,\"gone\":null,\"data\":\"<x>\\u00fc</x>\"}");
    weir_event event;
    CHECK_OK(wr_event_decode_kafka(&record, arena, &event, NULL));
    CHECK_STR(event.datacontenttype, "application/xml");
    CHECK(weir_slice_equal(event.data, WEIR_SLICE("<x>\xc3\xbc</x>")));
    CHECK_EQ(event.extension_count, 2);
    CHECK_STR(event.extensions[0].value, "5");
    CHECK_STR(event.extensions[1].value, "true");
    weir_arena_free(arena);
}

TEST(binary_mode_is_written_header_by_header)
{
    static const char *const expected[][2] = {
        {"ce_specversion", "1.0"},
        {"ce_id", "1234-1234-1234"},
        {"ce_source", "/mycontext/subcontext"},
        {"ce_type", "com.example.someevent"},
        {"ce_subject", "o-17"},
        {"ce_time", "2018-04-05T03:56:24Z"},
        {"content-type", "application/json; charset=utf-8"},
        {"ce_dataschema", "https://example.com/s.json"},
        {"ce_correlationid", "c"},
        {"ce_causationid", "d"},
        {"traceparent", HOP},
        {"tracestate", "a=b"},
        {"ce_dataversion", "3"},
        {"ce_comexampleextension1", "value"},
        {"ce_tenant", "\xc3\xbc 100%"},
        {"weir-outbox-id", "9"},
    };
    static const wr_event_header extra[] = {HEADER("weir-outbox-id", "9")};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_event_record record;
    CHECK_OK(wr_event_encode_kafka(&full, extra, 1, arena, &record, NULL));
    CHECK_EQ(record.header_count, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < record.header_count; i++) {
        CHECK_STR(record.headers[i].name, expected[i][0]);
        CHECK(weir_slice_equal(record.headers[i].value, weir_slice_of(expected[i][1])));
    }
    CHECK(weir_slice_equal(record.key, WEIR_SLICE("o-17")));
    CHECK(record.value.data == full.data.data);
    CHECK(wr_event_header_find(record.headers, record.header_count, "weir-outbox-id") != NULL);
    CHECK(wr_event_header_find(record.headers, record.header_count, "Weir-outbox-id") == NULL);
    weir_arena_free(arena);
}

TEST(every_form_gives_back_what_went_in)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_event variants[4] = {full, minimal, full, full}, back;
    variants[2].datacontenttype = "text/plain";
    variants[2].data = WEIR_SLICE("line\n\"two\"");
    variants[3].datacontenttype = "application/octet-stream";
    variants[3].data = WEIR_SLICE("\x00\xff\x80"
                                  "abcd");
    for (size_t i = 0; i < 4; i++) {
        wr_event_record record;
        wr_event_message message;
        wr_buf json;
        CHECK_OK(wr_event_encode_kafka(&variants[i], NULL, 0, arena, &record, NULL));
        CHECK_OK(wr_event_decode_kafka(&record, arena, &back, NULL));
        check_same(&back, &variants[i]);
        CHECK(back.key == NULL);
        CHECK_OK(wr_event_encode_http(&variants[i], arena, &message, NULL));
        CHECK_OK(wr_event_decode_http(&message, arena, &back, NULL));
        check_same(&back, &variants[i]);
        wr_buf_init(&json, 1 << 16);
        CHECK_OK(wr_event_print_json(&variants[i], &json, NULL));
        CHECK_OK(wr_event_parse_json(wr_buf_view(&json), arena, &back, NULL));
        check_same(&back, &variants[i]);
        wr_buf_fini(&json);
    }
    weir_arena_free(arena);
}

TEST(an_event_without_data_is_a_null_value_and_a_key_wins_over_the_subject)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_event event = minimal, back;
    wr_event_record record;
    CHECK_OK(wr_event_encode_kafka(&event, NULL, 0, arena, &record, NULL));
    CHECK(record.value.data == NULL && record.key.data == NULL);
    CHECK(wr_event_header_find(record.headers, record.header_count, "content-type") == NULL);
    event.subject = "s";
    event.key = "k";
    event.data = WEIR_SLICE("");
    CHECK_OK(wr_event_encode_kafka(&event, NULL, 0, arena, &record, NULL));
    CHECK(weir_slice_equal(record.key, WEIR_SLICE("k")));
    CHECK(record.value.data != NULL && record.value.size == 0);
    CHECK(weir_slice_equal(wr_event_header_find(record.headers, record.header_count, "content-type")->value,
                           WEIR_SLICE("application/json")));
    CHECK_OK(wr_event_decode_kafka(&record, arena, &back, NULL));
    CHECK_STR(back.key, "k");
    weir_arena_free(arena);
}

TEST(the_hop_s_context_wins_and_the_origin_stays)
{
    static const wr_event_header headers[] = {HEADER("ce_specversion", "1.0"),  HEADER("ce_id", "i"),
                                              HEADER("ce_source", "s"),         HEADER("ce_type", "t"),
                                              HEADER("ce_traceparent", ORIGIN), HEADER("traceparent", HOP)};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_event_record record = {.headers = headers, .header_count = 6}, again;
    weir_event event;
    CHECK_OK(wr_event_decode_kafka(&record, arena, &event, NULL));
    CHECK_STR(event.traceparent, HOP);
    CHECK_EQ(event.extension_count, 1);
    CHECK_STR(event.extensions[0].value, ORIGIN);
    CHECK_OK(wr_event_encode_kafka(&event, NULL, 0, arena, &again, NULL));
    CHECK(weir_slice_equal(wr_event_header_find(again.headers, again.header_count, "ce_traceparent")->value,
                           WEIR_SLICE(ORIGIN)));
    CHECK(weir_slice_equal(wr_event_header_find(again.headers, again.header_count, "traceparent")->value,
                           WEIR_SLICE(HOP)));
    record.header_count = 5;
    CHECK_OK(wr_event_decode_kafka(&record, arena, &event, NULL));
    CHECK_STR(event.traceparent, ORIGIN);
    CHECK_EQ(event.extension_count, 0);
    weir_arena_free(arena);
}

TEST(a_bad_record_is_refused_with_the_attribute_s_name)
{
    static const struct {
        wr_event_header header;
        weir_err err;
        const char *sentence;
    } cases[] = {
        {HEADER("ce_specversion", "0.3"), WEIR_E_UNSUPPORTED, "specversion"},
        {HEADER("ce_id", ""), WEIR_E_FORMAT, "attribute id is empty"},
        {HEADER("ce_id", "a\x01"), WEIR_E_FORMAT, "attribute id is not text"},
        {HEADER("ce_id", "a\0b"), WEIR_E_FORMAT, "NUL"},
        {HEADER("ce_type", "\xff"), WEIR_E_FORMAT, "attribute type is not text"},
        {HEADER("ce_type", "\xef\xbf\xbf"), WEIR_E_FORMAT, "attribute type is not text"},
        {HEADER("ce_source", ""), WEIR_E_FORMAT, "attribute source is empty"},
    };
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_event event;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wr_event_header headers[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "i"), HEADER("ce_source", "s"),
                                     HEADER("ce_type", "t")};
        wr_event_record record = {.headers = headers, .header_count = 4};
        weir_failure failure = {0};
        for (size_t j = 0; j < 4; j++)
            if (strcmp(headers[j].name, cases[i].header.name) == 0)
                headers[j] = cases[i].header;
        CHECK_EQ(wr_event_decode_kafka(&record, arena, &event, &failure), cases[i].err);
        CHECK(strstr(failure.sentence, cases[i].sentence));
    }
    wr_event_header batch = HEADER("content-type", "application/cloudevents-batch+json");
    CHECK_EQ(wr_event_decode_kafka(&(wr_event_record){.headers = &batch, .header_count = 1}, arena, &event, NULL),
             WEIR_E_UNSUPPORTED);
    CHECK_EQ(wr_event_decode_kafka(&(wr_event_record){.value = WEIR_SLICE("{}")}, arena, &event, NULL), WEIR_E_FORMAT);
    weir_arena_free(arena);
}

TEST(a_foreign_attribute_that_cannot_be_read_is_left_out_and_costs_no_event)
{
    static char long_text[WR_EVENT_ATTRIBUTE_MAX + 2];
    memset(long_text, 'x', sizeof(long_text) - 1);
    static const struct {
        wr_event_header header;
        const char *sentence; /* NULL: it is read */
    } cases[] = {
        {HEADER("ce_dataversion", "1.0"), NULL},
        {HEADER("ce_dataversion", "latest"), "attribute dataversion is not a number from 1"},
        {HEADER("ce_dataversion", "-1"), "attribute dataversion"},
        {HEADER("ce_dataversion", "99999999999999999999"), "attribute dataversion"},
        {HEADER("ce_dataversion", ""), "attribute dataversion"},
        {HEADER("ce_tracestate", ""), "attribute tracestate is not a trace state"},
        {HEADER("ce_traceparent", "zz"), "attribute traceparent is not a trace context"},
        {HEADER("ce_traceparent", HOP "\x01"), "attribute traceparent is not text"},
        {HEADER("traceparent", "zz\x01"), "attribute traceparent is not a trace context"},
        {HEADER("ce_time", "yesterday"), "attribute time is not a time"},
        {HEADER("ce_subject", ""), "attribute subject is empty"},
        {HEADER("ce_subject", "a\0b"), "attribute subject has a NUL in it"},
        {HEADER("ce_subject", "\xff"), "attribute subject is not text"},
        {HEADER("ce_dataschema", "<>"), "attribute dataschema is not a URI"},
        {HEADER("content-type", "json"), "attribute datacontenttype is not a media type"},
        {HEADER("ce_correlationid", "\x7f"), "attribute correlationid is not text"},
        {HEADER("ce_mine", "\x02"), "attribute mine is not text"},
        {{"ce_mine", {(const uint8_t *)long_text, sizeof(long_text) - 1}}, "attribute mine is longer"},
        {HEADER("ce_My-Own", "x"), "attribute with a foreign name"},
        {HEADER("ce_", "x"), "attribute with a foreign name"},
        {HEADER("ce_id", "again"), "attribute id comes twice"},
        {HEADER("ce_specversion", "0.3"), "attribute specversion comes twice"},
        {{"ce_mine", {0}}, NULL},
    };
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wr_event_header headers[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "i"), HEADER("ce_source", "a b"),
                                     HEADER("ce_type", "t"), cases[i].header};
        wr_event_record record = {.headers = headers, .header_count = 5};
        weir_event event;
        wr_event_loss loss = {0};
        CHECK_OK(wr_event_decode_kafka_loss(&record, arena, &event, &loss, NULL));
        CHECK_STR(event.id, "i");
        CHECK_STR(event.source, "a b");
        CHECK_EQ(event.version, 1);
        CHECK_EQ(loss.count, cases[i].sentence != NULL);
        CHECK(strncmp(loss.first, cases[i].sentence ? cases[i].sentence : "", strlen(loss.first)) == 0 ||
              strstr(loss.first, cases[i].sentence));
    }
    weir_arena_free(arena);
}

TEST(the_first_part_of_a_version_is_the_version)
{
    wr_event_header headers[] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "i"), HEADER("ce_source", "s"),
                                 HEADER("ce_type", "t"), HEADER("ce_dataversion", "3.1.4")};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_event event;
    CHECK_OK(wr_event_decode_kafka(&(wr_event_record){.headers = headers, .header_count = 5}, arena, &event, NULL));
    CHECK_EQ(event.version, 3);
    weir_arena_free(arena);
}

TEST(a_structured_event_loses_no_more_than_what_cannot_be_read)
{
    static const char json[] =
        "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\",\"data_base64\":null,"
        "\"list\":[1],\"object\":{\"a\":1},\"camelCase\":\"x\",\"nul\":\"a\\u0000b\",\"empty\":\"\","
        "\"time\":\"noon\",\"dataversion\":\"1.0\",\"gone\":null,\"yes\":true,\"data\":{\"n\":1}}";
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_event_header type = HEADER("content-type", "application/cloudevents+json");
    wr_event_record record = {.value = weir_slice_of(json), .headers = &type, .header_count = 1};
    weir_event event;
    wr_event_loss loss = {0};
    CHECK_OK(wr_event_decode_kafka_loss(&record, arena, &event, &loss, NULL));
    CHECK_EQ(loss.count, 5); /* list, object, camelCase, nul, time */
    CHECK_EQ(event.extension_count, 2);
    CHECK_STR(event.extensions[1].name, "yes");
    CHECK(weir_slice_equal(event.data, WEIR_SLICE("{\"n\":1}")));
    CHECK(!event.time);
    weir_arena_free(arena);
}

TEST(extensions_past_the_limit_are_left_out)
{
    enum { COUNT = WR_EVENT_EXTENSION_MAX + 5 };
    wr_event_header headers[4 + COUNT] = {HEADER("ce_specversion", "1.0"), HEADER("ce_id", "i"),
                                          HEADER("ce_source", "s"), HEADER("ce_type", "t")};
    char names[COUNT][20];
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "ce_x%d", i);
        headers[4 + i] = (wr_event_header){names[i], WEIR_SLICE("v")};
    }
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_event event;
    wr_event_loss loss = {0};
    wr_event_record record = {.headers = headers, .header_count = 4 + COUNT};
    CHECK_OK(wr_event_decode_kafka_loss(&record, arena, &event, &loss, NULL));
    CHECK_EQ(event.extension_count, WR_EVENT_EXTENSION_MAX);
    CHECK_EQ(loss.count, 5);
    weir_arena_free(arena);
}

TEST(names_of_topics_are_judged_as_kafka_does)
{
    char name[251];
    memset(name, 'n', 250);
    name[249] = 0;
    CHECK(wr_topic_name_valid(name));
    name[249] = 'n';
    name[250] = 0;
    CHECK(!wr_topic_name_valid(name));
    static const char *const good[] = {"a", "...", "A-b_c.9", "-"};
    static const char *const bad[] = {"", ".", "..", "a b", "a/b", "caf\xc3\xa9", "a\n", "a,b"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CHECK(wr_topic_name_valid(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CHECK(!wr_topic_name_valid(bad[i]));
    CHECK(!wr_topic_name_valid(NULL));
}

TEST(an_illegal_event_is_not_written)
{
    static const weir_attribute bad_names[] = {
        {"Upper", "x"}, {"with_underscore", "x"},       {"id", "x"}, {"data", "x"},
        {"", "x"},      {"abcdefghijklmnopqrstu", "x"}, {"ok", NULL}};
    weir_failure failure = {0};
    weir_event event = {.id = "i", .source = "/s"};
    CHECK_EQ(wr_event_check(&event, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "type"));
    for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
        event = minimal;
        event.extensions = &bad_names[i];
        event.extension_count = 1;
        CHECK_EQ(wr_event_check(&event, &failure), WEIR_E_FORMAT);
    }
    event = minimal;
    event.time = "yesterday";
    CHECK_EQ(wr_event_check(&event, &failure), WEIR_E_FORMAT);
    event = minimal;
    event.datacontenttype = "text/plain\r\nX-Evil: 1";
    CHECK_EQ(wr_event_check(&event, &failure), WEIR_E_FORMAT);
    CHECK_OK(wr_event_check(&minimal, &failure));
}

TEST(http_attributes_are_percent_encoded_as_the_binding_s_example)
{
    static const weir_attribute euro[] = {{"greeting", "Euro \xe2\x82\xac \xf0\x9f\x98\x80"}};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    weir_event event = minimal, back;
    wr_event_message message;
    event.extensions = euro;
    event.extension_count = 1;
    CHECK_OK(wr_event_encode_http(&event, arena, &message, NULL));
    CHECK_STR(message.headers[message.header_count - 1].name, "ce-greeting");
    CHECK_STR(message.headers[message.header_count - 1].value, "Euro%20%E2%82%AC%20%F0%9F%98%80");
    static const weir_attribute foreign[] = {
        {"CE-SpecVersion", "1.0"}, {"Ce-Id", "\"a%2\""}, {"ce-source", "/s"}, {"ce-type", "%74"}};
    CHECK_OK(wr_event_decode_http(&(wr_event_message){.headers = foreign, .header_count = 4}, arena, &back, NULL));
    CHECK_STR(back.id, "a%2");
    CHECK_STR(back.type, "t");
    weir_arena_free(arena);
}

TEST(derived_ids_are_the_same_for_the_same_and_differ_else)
{
    char a[WR_UUID_TEXT_SIZE], b[WR_UUID_TEXT_SIZE];
    wr_event_derive_id("order", "1", 0, a);
    wr_event_derive_id("order", "1", 0, b);
    CHECK_STR(a, b);
    CHECK(a[14] == '8');
    wr_event_derive_id("order", "1", 1, b);
    CHECK(strcmp(a, b) != 0);
    wr_event_derive_id("order1", "", 0, b);
    CHECK(strcmp(a, b) != 0);
}

TEST(media_types_of_json_are_known)
{
    CHECK(wr_event_is_json(NULL) && wr_event_is_json("application/json") && wr_event_is_json("Text/JSON;charset=x"));
    CHECK(wr_event_is_json("application/vnd.a+json ; b"));
    CHECK(!wr_event_is_json("application/xml") && !wr_event_is_json("json") && !wr_event_is_json("application/+jsonx"));
}
