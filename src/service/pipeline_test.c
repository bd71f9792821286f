/* What passes between the two sides of a service, with one of them ahead of the other. Threads: threads_test.c. */
#include "core_int.h"
#include "core_testing.h"

/* The Kafka side alone: what it reads waits to be handled. */
static void read_ahead(fixture *f)
{
    bool did;
    CHECK_OK(wr_reader_apply(f->core, &f->failure));
    CHECK_OK(wr_reader_poll(f->core, 0, &did, &f->failure));
    CHECK(did);
}

/* What is handled came once, and in the order of its offsets. */
static void check_once_and_in_order(fixture *f, int count)
{
    fixture_check_once(f, count);
    CHECK_EQ(fixture_number(f->database,
                            "SELECT count(*) FROM effects x JOIN effects y ON x.key = y.key AND x.at < y.at"
                            " WHERE x.n > y.n"),
             0);
    fixture_check_metric(f, "weir_inbox_below_position_total{service=\"tally\"} 0\n");
    fixture_check_metric(f, "weir_inbox_duplicates_total{service=\"tally\"} 0\n");
}

TEST(records_that_were_read_before_a_rebalance_are_read_again_and_handled_once)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    for (int i = 0; i < 6; i++)
        fixture_happen(&f, i % 2 ? "a" : "b", i);
    read_ahead(&f);
    CHECK_EQ(f.core->handoff.read_count, 6);
    wr_sim_rebalance(f.cluster, "tally");
    read_ahead(&f); /* given back and taken again, and what was not handled is read a second time */
    CHECK_EQ(f.core->handoff.read_count, 12);
    fixture_turns(&f, 3);
    check_once_and_in_order(&f, 6);
    fixture_end(&f);
}

TEST(records_of_a_partition_that_went_to_somebody_else_are_not_handled)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    for (int i = 0; i < 8; i++)
        fixture_happen_apart(&f, i);
    int64_t kept = wr_sim_end(f.cluster, "in", 0), gone = wr_sim_end(f.cluster, "in", 1);
    CHECK(kept > 0 && gone > 0);
    read_ahead(&f);
    CHECK_EQ(f.core->handoff.read_count, 8);

    wr_consumer *other;
    const char *topic = "in";
    const wr_client_record *records;
    size_t count;
    CHECK_OK(wr_consumer_new(f.client, &(wr_consumer_options){.group = "tally", .from_beginning = true}, &other, NULL));
    CHECK_OK(wr_consumer_subscribe(other, &topic, 1, NULL));
    read_ahead(&f); /* gives everything back */
    CHECK_OK(wr_consumer_poll(other, 1, 0, &records, &count, NULL));
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), kept);
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE next_offset >= 0"), 1);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 1), -1001);
    wr_consumer_free(other);
    fixture_turns(&f, 4);
    check_once_and_in_order(&f, 8);
    fixture_end(&f);
}

/* The batch that opens the breaker gives back what it has not handled; what had been read behind it must not become the
 * place where reading goes on. */
TEST(records_that_were_read_before_a_breaker_opened_are_read_again_behind_those_that_it_held)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.breaker_rejections = 2;
    f.options.breaker_pause_ms = 1000;
    fixture_rejoin(&f);
    fixture_turns(&f, 2);
    f.rejects[0] = f.rejects[1] = true;
    for (int i = 0; i < 5; i++)
        fixture_happen(&f, "a", i);
    read_ahead(&f);
    wr_pipeline_take(f.core, false);
    for (int i = 5; i < 9; i++)
        fixture_happen(&f, "a", i);
    read_ahead(&f);
    bool did;
    CHECK_OK(wr_batch_run(f.core, 5, &did, &f.failure)); /* two are rejected, three held */
    CHECK_EQ(COUNT(&f, "effects"), 0);
    CHECK_EQ(f.core->handoff.read_count, 4);
    fixture_turns_ms(&f, 20, 100);
    check_once_and_in_order(&f, 7);
    fixture_end(&f);
}

TEST(records_of_the_old_topic_that_are_still_to_be_handled_are_dropped_when_it_was_made_anew)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    for (int i = 0; i < 4; i++)
        fixture_happen(&f, "a", i);
    read_ahead(&f);
    CHECK_OK(wr_sim_topic_remake(f.cluster, "in"));
    for (int i = 10; i < 13; i++)
        fixture_happen(&f, "a", i);
    read_ahead(&f);
    fixture_turns(&f, 4);
    check_once_and_in_order(&f, 3);
    CHECK_EQ(COUNT(&f, "effects WHERE n >= 10"), 3);
    CHECK_EQ(fixture_number(f.database, "SELECT max(next_offset) FROM weir_inbox"), 3);
    fixture_end(&f);
}

TEST(no_more_is_read_ahead_than_one_batch_takes)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.batch_max = 4;
    fixture_rejoin(&f);
    fixture_turns(&f, 2);
    for (int i = 0; i < 3; i++)
        fixture_happen(&f, "a", i);
    read_ahead(&f);
    for (int i = 3; i < 9; i++)
        fixture_happen(&f, "a", i);
    read_ahead(&f);
    CHECK_EQ(f.core->handoff.read_count, 4);
    bool did = true;
    CHECK_OK(wr_reader_poll(f.core, 0, &did, &f.failure));
    CHECK(!did);
    fixture_turns(&f, 4);
    check_once_and_in_order(&f, 9);
    fixture_end(&f);
}

/* Between the transaction that takes refused rows back and the publisher's hearing of it. */
TEST(a_key_that_is_refused_while_earlier_refusals_are_taken_back_still_waits)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 1"), 1);

    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "b", 2); /* under way, and refused after the others were taken back */
    fixture_turns(&f, 1);
    wr_sim_advance_ms(f.machine, 61000);
    CHECK_OK(wr_outbox_load_due(f.core, &f.failure));
    CHECK_EQ(f.core->handoff.forget_to, 1);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_appends(f.cluster, false);
    wr_publisher_wait(f.core, 0);
    fixture_happen(&f, "b", 3);
    fixture_turns(&f, 4);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1); /* a */
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 1"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 2"), 1);
    fixture_turns_ms(&f, 8, 20000);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

TEST(the_group_is_told_nothing_of_a_batch_that_is_not_committed)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    read_ahead(&f);
    wr_reader_tell_group(f.core, true);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 0), -1001);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 1), -1001);
    fixture_turns(&f, 1);
    wr_reader_tell_group(f.core, true);
    CHECK_EQ(wr_sim_committed(f.cluster, "tally", "in", 0) + wr_sim_committed(f.cluster, "tally", "in", 1), 1 - 1001);
    fixture_end(&f);
}

static void append_raw(fixture *f, const wr_client_header *headers, size_t count, const char *value)
{
    CHECK_OK(wr_sim_append(
        f->cluster,
        &(wr_client_record){
            .topic = "in", .partition = 0, .value = weir_slice_of(value), .headers = headers, .header_count = count}));
}

/* The reader's work is what cannot go wrong; the rest is done, marked and told where records are handled. */
TEST(only_whole_events_whose_attributes_are_headers_are_decoded_ahead_and_all_end_as_they_should)
{
    const wr_client_header whole[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                      {"ce_id", WEIR_SLICE("whole")},
                                      {"ce_source", WEIR_SLICE("s")},
                                      {"ce_type", WEIR_SLICE("thing.happened")},
                                      {"ce_time", WEIR_SLICE("no time")}};
    const wr_client_header structured[] = {{"Content-Type", WEIR_SLICE("Application/CloudEvents+json; charset=utf-8")}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    append_raw(&f, whole, 4, "{\"n\":1}");
    append_raw(&f, whole, 5, "{\"n\":1}"); /* an attribute is lost */
    append_raw(&f, structured, 1,
               "{\"specversion\":\"1.0\",\"id\":\"json\",\"source\":\"s\",\"type\":\"thing.happened\","
               "\"data\":{\"n\":2}}");
    append_raw(&f, whole, 3, "no type");
    read_ahead(&f);
    const chunk *chunk = WR_LIST_ITEM(wr_list_first(&f.core->handoff.chunks), struct chunk, link);
    CHECK_EQ(chunk->count, 4);
    CHECK(chunk->items[0].event && !chunk->items[1].event && !chunk->items[2].event && !chunk->items[3].event);
    CHECK_STR(chunk->items[0].event->id, "whole");
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 2); /* the second one has the first one's id */
    CHECK_EQ(COUNT(&f, "effects WHERE id = 'json' AND n = 2"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    fixture_check_metric(&f, "weir_inbox_dropped_attributes_total{service=\"tally\"} 1\n");
    fixture_check_metric(&f, "weir_inbox_undecodable_total{service=\"tally\"} 1\n");
    fixture_end(&f);
}

TEST(records_that_came_before_an_error_of_the_kafka_side_are_handled_first_but_a_stop_does_not_wait_for_them)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    read_ahead(&f);
    handoff *handoff = &f.core->handoff;
    handoff->has_ended = true;
    handoff->client_err = WEIR_E_BROKEN;
    CHECK_OK(wr_pipeline_wait(f.core, 0, &f.failure));
    wr_pipeline_may_read(f.core, false); /* as when it stops: nobody takes what was read */
    CHECK_EQ(wr_pipeline_wait(f.core, 0, &f.failure), WEIR_E_BROKEN);
    wr_pipeline_may_read(f.core, true);
    CHECK_EQ(wr_pipeline_take(f.core, false), 1);
    CHECK_EQ(wr_pipeline_wait(f.core, 0, &f.failure), WEIR_E_BROKEN);
    fixture_end(&f);
}
