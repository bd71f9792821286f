/* Events that were put back for the group: who handles them, where they stand, and what becomes of repetitions. */
#include "core_testing.h"

#include <event/letter.h>

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    f->options.redrive_topic = "tally.redrive";
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

/* As weir dlq redrive would. */
static void put_back(fixture *f, const char *topic, const char *key, int n, const char *id, const char *group)
{
    char event_id[32], data[32];
    snprintf(event_id, sizeof event_id, "id-%d", n);
    snprintf(data, sizeof data, "{\"n\":%d}", n);
    const wr_client_header headers[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                        {"ce_id", weir_slice_of(event_id)},
                                        {"ce_source", WEIR_SLICE("elsewhere")},
                                        {"ce_type", WEIR_SLICE("thing.happened")},
                                        {"ce_subject", weir_slice_of(key)},
                                        {"weir-dlq-original-topic", WEIR_SLICE("in")},
                                        {"weir-dlq-original-partition", WEIR_SLICE("1")},
                                        {"weir-dlq-original-offset", WEIR_SLICE("77")},
                                        {"weir-dlq-original-timestamp", WEIR_SLICE("1600000000000")},
                                        {"weir-redrive-id", weir_slice_of(id)},
                                        {"weir-redrive-group", weir_slice_of(group)},
                                        {"weir-redrive-count", WEIR_SLICE("1")},
                                        {"weir-redrive-at", WEIR_SLICE("2026-01-31T12:00:00Z")}};
    CHECK_OK(wr_sim_append(f->cluster, &(wr_client_record){.topic = topic,
                                                           .partition = -1,
                                                           .key = weir_slice_of(key),
                                                           .value = weir_slice_of(data),
                                                           .headers = headers,
                                                           .header_count = sizeof headers / sizeof *headers}));
}

TEST(an_event_that_was_rejected_is_handled_when_it_is_put_back)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.rejects[3] = true;
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 4);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    CHECK_EQ(COUNT(&f, "effects"), 0);
    f.rejects[3] = false;
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1", "tally");
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects WHERE id = 'id-3'"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    fixture_end(&f);
}

TEST(an_event_that_is_put_back_twice_is_handled_once)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1", "tally");
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1", "tally");
    fixture_turns(&f, 4);
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1", "tally");
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1/again", "tally"); /* somebody wants it */
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    fixture_end(&f);
}

TEST(a_repetition_is_known_after_a_crash_at_any_step)
{
    for (int crash_at = 0; crash_at < 8; crash_at++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        f.crash_calls = 0;
        f.crash_at = crash_at;
        for (int n = 0; n < 3; n++)
            put_back(&f, "tally.redrive", "a", n, n == 2 ? "x/0@0/1" : n ? "x/0@1/1" : "x/0@0/1", "tally");
        for (int i = 0; i < 4; i++)
            if (wr_core_turn(f.core, 0, &f.failure) != WEIR_OK)
                break;
        f.crash_at = -1;
        fixture_rejoin(&f);
        fixture_turns(&f, 6);
        CHECK_EQ(COUNT(&f, "effects"), 2);
        fixture_end(&f);
    }
}

TEST(an_event_that_is_put_back_for_another_group_is_passed_over)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    put_back(&f, "in", "a", 3, "tally.dlq/0@0/1", "audit");
    put_back(&f, "in", "b", 4, "tally.dlq/0@1/1", "tally");
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 4"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 0);
    wr_buf metrics;
    wr_buf_init(&metrics, 1 << 20);
    wr_core_metrics(f.core, &metrics);
    CHECK(strstr(wr_buf_cstr(&metrics), "weir_inbox_for_others_total{service=\"tally\"} 1\n"));
    CHECK(strstr(wr_buf_cstr(&metrics), "weir_inbox_redriven_total{service=\"tally\"} 1\n"));
    wr_buf_fini(&metrics);
    fixture_end(&f);
}

static weir_event last;
static char last_topic[32];

static weir_status on_seen(weir_tx *tx, const weir_event *event, void *user)
{
    (void)tx, (void)user;
    last = *event;
    snprintf(last_topic, sizeof last_topic, "%s", event->topic);
    return WEIR_DONE;
}

TEST(handlers_see_an_event_where_it_stood_first)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_seen}, {0}};
    fixture f;
    weir_service service;
    begin(&f, &service);
    service.handlers = handlers;
    f.options.topic_prefix = NULL;
    fixture_rejoin(&f);
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1", "tally");
    fixture_turns(&f, 4);
    CHECK_STR(last_topic, "in");
    CHECK_EQ(last.partition, 1);
    CHECK_EQ(last.offset, 77);
    CHECK_EQ(last.timestamp_ms, 1600000000000);
    fixture_end(&f);
}

TEST(an_event_that_is_put_back_waits_behind_what_waits_of_its_key)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.retries_left[1] = 2;
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_parked"), 1);
    put_back(&f, "tally.redrive", "a", 2, "tally.dlq/0@0/1", "tally");
    put_back(&f, "tally.redrive", "b", 3, "tally.dlq/0@1/1", "tally");
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_parked"), 2);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'b'"), 1);
    for (int i = 0; i < 20; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_parked"), 0);
    CHECK_EQ(fixture_number(f.database, "SELECT n FROM effects WHERE key = 'a' ORDER BY at LIMIT 1"), 1);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'a'"), 2);
    fixture_end(&f);
}

TEST(later_events_of_a_key_wait_behind_one_that_was_put_back_and_waits)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.retries_left[1] = 2;
    put_back(&f, "tally.redrive", "a", 1, "tally.dlq/0@0/1", "tally");
    fixture_turns(&f, 3);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_parked"), 2);
    fixture_restart(&f);
    for (int i = 0; i < 20; i++)
        CHECK_OK(wr_core_turn(f.core, -1, &f.failure));
    CHECK_EQ(fixture_number(f.database, "SELECT n FROM effects ORDER BY at LIMIT 1"), 1);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    fixture_end(&f);
}

static int64_t where_the_letter_is(fixture *f, int32_t *ret_partition)
{
    *ret_partition = wr_sim_end(f->cluster, "tally.dlq", 0) ? 0 : 1;
    return wr_sim_end(f->cluster, "tally.dlq", *ret_partition) - 1;
}

TEST(an_event_that_fails_again_keeps_its_first_original_and_its_count)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.rejects[3] = true;
    put_back(&f, "tally.redrive", "a", 3, "tally.dlq/0@0/1", "tally");
    fixture_turns(&f, 4);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    int32_t p;
    int64_t o = where_the_letter_is(&f, &p);
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-original-topic"), "in");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-original-offset"), "77");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-redrive-count"), "1");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-redrive-id"), "");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-redrive-group"), "");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-reason"), "rejected");
    fixture_end(&f);
}

TEST(a_dead_letter_has_springs_headers_when_they_are_wanted)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.spring_letters = true;
    fixture_rejoin(&f);
    f.rejects[3] = true;
    fixture_happen(&f, "a", 3);
    fixture_turns(&f, 4);
    int32_t p;
    int64_t o = where_the_letter_is(&f, &p);
    const wr_client_record *letter = wr_sim_record(f.cluster, "tally.dlq", p, o);
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "kafka_dlt-original-topic"), "in");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "kafka_dlt-original-consumer-group"), "tally");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "kafka_dlt-exception-message"), "number 3 is bad");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "kafka_dlt-exception-fqcn"), "weir.Rejected");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-reason"), "rejected");
    const wr_client_header *partition =
        wr_event_header_find(letter->headers, letter->header_count, "kafka_dlt-original-partition");
    CHECK_EQ(partition->value.size, 4);
    char digits[16];
    snprintf(digits, sizeof digits, "%d", (int)wr_get_i32(partition->value.data));
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-original-partition"), digits);
    fixture_end(&f);
}

/* What Spring said of an earlier failure goes, where it stood first stays. */
TEST(a_dead_letter_of_springs_that_fails_here_keeps_springs_original)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.spring_letters = true;
    fixture_rejoin(&f);
    const wr_client_header headers[] = {{"kafka_dlt-original-topic", WEIR_SLICE("first")},
                                        {"kafka_dlt-exception-message", WEIR_SLICE("the one before")}};
    CHECK_OK(wr_sim_append(
        f.cluster,
        &(wr_client_record){
            .topic = "in", .partition = 0, .value = WEIR_SLICE("junk"), .headers = headers, .header_count = 2}));
    fixture_turns(&f, 4);
    int32_t p;
    int64_t o = where_the_letter_is(&f, &p);
    const wr_client_record *letter = wr_sim_record(f.cluster, "tally.dlq", p, o);
    int originals = 0, messages = 0;
    for (size_t i = 0; i < letter->header_count; i++) {
        originals += strcmp(letter->headers[i].name, "kafka_dlt-original-topic") == 0;
        messages += strcmp(letter->headers[i].name, "kafka_dlt-exception-message") == 0;
    }
    CHECK_EQ(originals, 1);
    CHECK_EQ(messages, 1);
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "kafka_dlt-original-topic"), "first");
    CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-original-topic"), "in");
    fixture_end(&f);
}

/* Anybody may write such a header; it stopped a service that writes Spring's. */
TEST(an_original_that_says_nothing_is_replaced_by_one_that_does)
{
    for (int spring = 0; spring < 2; spring++) {
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        f.options.spring_letters = spring;
        fixture_rejoin(&f);
        const wr_client_header headers[] = {{"weir-dlq-original-topic", {0}}, {"kafka_dlt-original-topic", {0}}};
        CHECK_OK(wr_sim_append(
            f.cluster,
            &(wr_client_record){
                .topic = "in", .partition = 0, .value = WEIR_SLICE("junk"), .headers = headers, .header_count = 2}));
        fixture_turns(&f, 4);
        CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
        int32_t p;
        int64_t o = where_the_letter_is(&f, &p);
        CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-original-topic"), "in");
        CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "weir-dlq-original-offset"), "0");
        CHECK_STR(fixture_header(&f, "tally.dlq", p, o, "kafka_dlt-original-topic"), spring ? "in" : "");
        fixture_end(&f);
    }
}

TEST(an_event_that_is_put_back_for_everybody_is_handled)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    put_back(&f, "in", "a", 3, "audit.dlq/0@0/1", NULL);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects WHERE n = 3"), 1);
    fixture_end(&f);
}
