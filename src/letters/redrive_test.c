/* Letters put back: which, as what, and that each is put back once, wherever a run is killed and whoever runs beside it. */
#include "letters_testing.h"

static const wr_where *clause(weir_arena *arena, const char *text)
{
    const wr_where *where = NULL;
    weir_failure failure = {0};
    if (wr_where_parse(text, 0, arena, &where, &failure) != WEIR_OK)
        fail_msg("%s", failure.sentence);
    return where;
}

TEST(a_letter_is_put_back_for_the_group_that_failed_on_it)
{
    desk d;
    desk_begin(&d);
    desk_letter(&d, "a", 1, "rejected", 0);
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 1);
    CHECK_EQ(wr_sim_count(d.cluster, "in"), 0);
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-redrive-group"), "tally");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-redrive-count"), "1");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-dlq-original-topic"), "in");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-dlq-original-offset"), "101");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "ce_id"), "id-1");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-dlq-reason"), "");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-outbox-sequence"), "");
    wr_redrive_id id;
    CHECK_OK(wr_redrive_id_parse(weir_slice_of(desk_header(&d, "tally.redrive", 0, "weir-redrive-id")), &id));
    CHECK_STR(id.letter.topic, "tally.dlq");
    CHECK_OK(desk_redrive(&d)); /* it is done */
    CHECK_EQ(d.result.sent, 0);
    CHECK_EQ(d.result.left[WR_LEFT_HANDLED], 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 1);
    desk_end(&d);
}

TEST(for_everyone_it_goes_where_it_stood_first_and_names_no_group)
{
    desk d;
    desk_begin(&d);
    desk_letter(&d, "a", 1, "rejected", 0);
    d.options.for_everyone = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 0);
    CHECK_EQ(desk_count(&d, "in", 1), 1);
    for (int32_t p = 0; p < 2; p++)
        for (int64_t o = 0; o < wr_sim_end(d.cluster, "in", p); o++) {
            const wr_client_record *record = wr_sim_record(d.cluster, "in", p, o);
            CHECK(!wr_event_header_find(record->headers, record->header_count, "weir-redrive-group"));
            CHECK(wr_event_header_find(record->headers, record->header_count, "weir-redrive-id"));
        }
    desk_end(&d);
}

TEST(a_topic_may_be_named_and_the_group_stays)
{
    desk d;
    desk_begin(&d);
    CHECK_OK(wr_sim_topic_add(d.cluster, "other", 1));
    desk_letter(&d, "a", 1, "rejected", 0);
    d.options.topic = "other";
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(desk_count(&d, "other", 1), 1);
    CHECK_STR(desk_header(&d, "other", 0, "weir-redrive-group"), "tally");
    desk_end(&d);
}

TEST(a_clause_and_a_limit_choose)
{
    desk d;
    desk_begin(&d);
    weir_arena *arena = weir_arena_new(1 << 20);
    for (int n = 0; n < 6; n++)
        desk_letter(&d, "a", n, n % 2 ? "rejected" : "exhausted", 0);
    d.options.where = clause(arena, "reason = rejected and /n >= 3");
    d.options.dry_run = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.chosen, 2);
    CHECK_EQ(d.result.left[WR_LEFT_NOT_CHOSEN], 4);
    CHECK_EQ(d.result.overtaken, 2); /* open ones of their key stay behind in front of them */
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 0);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.dlq"), 6);
    d.options.dry_run = false;
    d.options.limit = 1;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(desk_count(&d, "tally.redrive", 3), 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 1);
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(desk_count(&d, "tally.redrive", 5), 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 2);
    weir_arena_free(arena);
    desk_end(&d);
}

TEST(what_came_back_too_often_is_left)
{
    desk d;
    desk_begin(&d);
    for (int n = 0; n < 6; n++)
        desk_letter(&d, "a", n, "rejected", n);
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 3); /* put back 0, 1 and 2 times before */
    CHECK_EQ(d.result.left[WR_LEFT_TOO_OFTEN], 3);
    CHECK_STR(d.result.example[WR_LEFT_TOO_OFTEN] + strlen("tally.dlq/0"), "@3");
    d.options.redrives_max = 5;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 2);
    d.options.force = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 1);
    CHECK_STR(desk_header(&d, "tally.redrive", 5, "weir-redrive-count"), "6");
    desk_end(&d);
}

TEST(a_group_that_reads_no_topic_for_it_is_said)
{
    desk d;
    desk_begin(&d);
    const wr_client_header headers[] = {{"weir-dlq-reason", WEIR_SLICE("rejected")},
                                        {"weir-dlq-group", WEIR_SLICE("audit")}};
    const wr_client_header nobody[] = {{"weir-dlq-reason", WEIR_SLICE("rejected")}};
    CHECK_OK(
        wr_sim_append(d.cluster, &(wr_client_record){.topic = "tally.dlq", .headers = headers, .header_count = 2}));
    CHECK_OK(wr_sim_append(d.cluster, &(wr_client_record){.topic = "tally.dlq", .headers = nobody, .header_count = 1}));
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 0);
    CHECK_EQ(d.result.left[WR_LEFT_NO_TOPIC], 1);
    CHECK_EQ(d.result.left[WR_LEFT_NO_GROUP], 1);
    CHECK_STR(d.result.missing, "audit.redrive");
    desk_end(&d);
}

/* Keys a and b alternate, so that a wave has two. */
static void many(desk *d, int count)
{
    for (int n = 0; n < count; n++)
        desk_letter(d, n % 3 ? "a" : "b", n, "rejected", 0);
}

static void check_once_in_order(desk *d, int count)
{
    int last[2] = {-1, -1};
    for (int n = 0; n < count; n++)
        if (desk_count(d, "tally.redrive", n) != 1)
            fail_msg("event %d is there %d times (killed at %d)", n, desk_count(d, "tally.redrive", n), d->crash_at);
    for (int64_t o = 0; o < wr_sim_end(d->cluster, "tally.redrive", 0); o++) {
        int n = desk_number(wr_sim_record(d->cluster, "tally.redrive", 0, o));
        CHECK(n > last[n % 3 == 0]);
        last[n % 3 == 0] = n;
    }
}

TEST(a_run_that_is_killed_at_any_step_loses_and_doubles_nothing)
{
    int steps = 0;
    for (bool was_killed = true; was_killed; steps++) {
        desk d;
        desk_begin(&d);
        d.options.batch_max = 4;
        many(&d, 10);
        d.crash_at = steps;
        was_killed = desk_redrive(&d) == WEIR_E_BROKEN;
        d.crash_at = -1;
        CHECK_OK(desk_redrive(&d));
        CHECK_EQ(d.result.left[WR_LEFT_IN_DOUBT], 0);
        d.crash_at = steps;
        check_once_in_order(&d, 10);
        d.crash_at = -1;
        CHECK_OK(desk_redrive(&d));
        CHECK_EQ(d.result.sent + d.result.found, 0);
        CHECK_EQ(d.result.left[WR_LEFT_HANDLED], 10);
        desk_end(&d);
    }
    CHECK(steps > 15);
}

TEST(a_run_that_is_killed_twice_loses_and_doubles_nothing)
{
    for (int first = 0; first < 24; first += 2)
        for (int second = 0; second < 24; second++) {
            desk d;
            desk_begin(&d);
            d.options.batch_max = 4;
            many(&d, 10);
            d.crash_at = first;
            if (desk_redrive(&d) == WEIR_E_BROKEN) {
                d.crash_calls = 0;
                d.crash_at = second;
                weir_err err = desk_redrive(&d);
                CHECK(err == WEIR_OK || err == WEIR_E_BROKEN);
            }
            d.crash_at = -1;
            CHECK_OK(desk_redrive(&d));
            check_once_in_order(&d, 10);
            desk_end(&d);
        }
}

/* What the killed one had sent and not heard of is known only by looking. */
TEST(what_was_appended_and_not_acknowledged_is_found)
{
    desk d;
    desk_begin(&d);
    many(&d, 4);
    d.crash_at = 3; /* chosen, announced, sent, acknowledged */
    CHECK_EQ(desk_redrive(&d), WEIR_E_BROKEN);
    size_t sent = wr_sim_count(d.cluster, "tally.redrive");
    CHECK(sent > 0 && sent < 4);
    d.crash_at = -1;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.found, sent);
    CHECK_EQ(d.result.sent, 4 - sent);
    CHECK(strstr(d.told, "has not ended; waiting"));
    check_once_in_order(&d, 4);
    desk_end(&d);
}

/* Its clock may be behind. */
TEST(a_run_that_is_said_to_have_spoken_a_minute_ago_is_waited_for_and_one_of_yesterday_is_not)
{
    for (int is_yesterday = 0; is_yesterday < 2; is_yesterday++) {
        desk d;
        desk_begin(&d);
        many(&d, 4);
        d.crash_at = 1;
        CHECK_EQ(desk_redrive(&d), WEIR_E_BROKEN);
        d.crash_at = -1;
        d.waited_ms = 0;
        wr_sim_advance_ms(d.machine, is_yesterday ? 86400000 : 60000);
        CHECK_OK(desk_redrive(&d));
        CHECK_EQ(d.waited_ms, is_yesterday ? 0 : 15000);
        check_once_in_order(&d, 4);
        desk_end(&d);
    }
}

TEST(of_two_runs_at_once_one_puts_a_letter_back)
{
    desk d;
    desk_begin(&d);
    d.options.batch_max = 4;
    many(&d, 10);
    d.meet_at = "chosen";
    CHECK_OK(desk_redrive(&d));
    CHECK(d.meet_at == NULL);
    CHECK(d.result.left[WR_LEFT_OTHER_RUN] > 0);
    check_once_in_order(&d, 10);
    desk_end(&d);
}

/* The other one waits until it may take this one for dead, and does its work. */
TEST(a_run_that_stood_still_behind_its_announcement_sends_nothing)
{
    desk d;
    desk_begin(&d);
    d.options.batch_max = 4;
    many(&d, 10);
    d.meet_at = "announced";
    CHECK_EQ(desk_redrive(&d), WEIR_E_TIMEOUT);
    CHECK(d.meet_at == NULL);
    CHECK_EQ(d.result.sent, 0);
    check_once_in_order(&d, 10);
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.left[WR_LEFT_HANDLED], 10);
    check_once_in_order(&d, 10);
    desk_end(&d);
}

TEST(letters_of_a_killed_run_are_in_doubt_when_their_topic_does_not_tell_any_more)
{
    desk d;
    desk_begin(&d);
    many(&d, 4);
    desk_letter(&d, "warm-up", 50, "rejected", 0);
    d.crash_at = 4; /* some are on the disk */
    CHECK_EQ(desk_redrive(&d), WEIR_E_BROKEN);
    CHECK_OK(wr_sim_topic_remake(d.cluster, "tally.redrive"));
    /* The announcement says that the topic ended at 0, as it does again now; so let it have ended later. */
    d.crash_at = -1;
    CHECK_OK(desk_redrive(&d));
    check_once_in_order(&d, 4);
    d.crash_calls = 0;
    d.crash_at = 1;
    desk_letter(&d, "a", 7, "rejected", 0);
    CHECK_EQ(desk_redrive(&d), WEIR_E_BROKEN); /* announced behind five */
    CHECK_OK(wr_sim_topic_remake(d.cluster, "tally.redrive"));
    d.crash_at = -1;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.left[WR_LEFT_IN_DOUBT], 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 0);
    weir_arena *arena = weir_arena_new(1 << 20);
    d.options.where = clause(arena, "state = unfinished");
    d.options.again = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(desk_count(&d, "tally.redrive", 7), 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 1);
    wr_redrive_id id; /* the same as the first time: a service knows it, if it had it */
    CHECK_OK(wr_redrive_id_parse(weir_slice_of(desk_header(&d, "tally.redrive", 0, "weir-redrive-id")), &id));
    CHECK_STR(id.run, "");
    weir_arena_free(arena);
    desk_end(&d);
}

TEST(again_puts_back_once_more_under_another_id)
{
    desk d;
    desk_begin(&d);
    many(&d, 2);
    CHECK_OK(desk_redrive(&d));
    d.options.again = true;
    wr_sim_advance_ms(d.machine, 10);
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 2);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 4);
    char first[300];
    snprintf(first, sizeof first, "%s", desk_header(&d, "tally.redrive", 0, "weir-redrive-id"));
    CHECK(strstr(desk_header(&d, "tally.redrive", 2, "weir-redrive-id"), "/again-"));
    desk_end(&d);
}

TEST(a_refused_letter_ends_the_run_and_stays_open_and_so_do_those_behind_it)
{
    desk d;
    desk_begin(&d);
    many(&d, 6);
    wr_sim_refuse(d.cluster, "tally.redrive", 1);
    CHECK_EQ(desk_redrive(&d), WEIR_E_REFUSED);
    CHECK(strstr(d.failure.sentence, "could not be put back to tally.redrive"));
    d.options.dry_run = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.left[WR_LEFT_IN_DOUBT], 0);
    d.options.dry_run = false;
    CHECK_OK(desk_redrive(&d));
    check_once_in_order(&d, 6);
    desk_end(&d);
}

/* The broker had it, and its answer was lost: what is refused then may be there all the same. */
TEST(a_refusal_after_an_attempt_that_was_not_answered_is_looked_into)
{
    desk d;
    desk_begin(&d);
    many(&d, 3);
    wr_sim_refuse_after_append(d.cluster, "tally.redrive");
    CHECK_EQ(desk_redrive(&d), WEIR_E_REFUSED);
    CHECK_OK(desk_redrive(&d));
    check_once_in_order(&d, 3);
    desk_end(&d);
}

TEST(the_rate_is_kept_and_a_run_can_be_stopped_and_goes_on)
{
    desk d;
    desk_begin(&d);
    many(&d, 30);
    d.options.rate = 10;
    d.stop_after = 8;
    int64_t begun_us = wr_mono_us(wr_sim_io(d.machine));
    CHECK_EQ(desk_redrive(&d), WEIR_E_CLOSED);
    CHECK(d.result.sent > 0 && d.result.sent < 30);
    CHECK(wr_mono_us(wr_sim_io(d.machine)) - begun_us >= (d.result.sent - 1) * 100000);
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.found, 0); /* the stopped one has noted all */
    check_once_in_order(&d, 30);
    desk_end(&d);
}

TEST(letters_that_are_named_are_the_only_ones)
{
    desk d;
    desk_begin(&d);
    many(&d, 6);
    int32_t p = wr_sim_end(d.cluster, "tally.dlq", 0) > 1 ? 0 : 1;
    wr_letter_name name = {.topic = "tally.dlq", .partition = p, .offset = 1};
    d.options.part = (wr_book_part){&name, 1};
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 1);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.redrive"), 1);
    desk_end(&d);
}

TEST(what_was_dropped_is_left_until_somebody_wants_it_again)
{
    desk d;
    desk_begin(&d);
    weir_arena *arena = weir_arena_new(1 << 20);
    many(&d, 6);
    d.options.where = clause(arena, "/n < 2");
    CHECK_OK(wr_drop_run(&d.options, "tally.dlq", "a test", &d.result, &d.failure));
    CHECK_EQ(d.result.sent, 2);
    d.options.where = NULL;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 4);
    CHECK_EQ(d.result.left[WR_LEFT_HANDLED], 2);
    CHECK_EQ(desk_count(&d, "tally.redrive", 0), 0);
    d.options.where = clause(arena, "state = dropped");
    d.options.again = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 2);
    CHECK_EQ(desk_count(&d, "tally.redrive", 0), 1);
    weir_arena_free(arena);
    desk_end(&d);
}

TEST(an_unknown_mark_stops_a_run)
{
    desk d;
    desk_begin(&d);
    many(&d, 1);
    const wr_client_header headers[] = {{"weir-dlq-mark", WEIR_SLICE("archived")},
                                        {"weir-dlq-mark-offsets", WEIR_SLICE("0")}};
    CHECK_OK(
        wr_sim_append(d.cluster, &(wr_client_record){.topic = "tally.dlq", .headers = headers, .header_count = 2}));
    CHECK_EQ(desk_redrive(&d), WEIR_E_UNSUPPORTED);
    d.options.force = true;
    CHECK_OK(desk_redrive(&d));
    CHECK_EQ(d.result.sent, 1);
    desk_end(&d);
}

/* Anybody may write one who may write to the topic. */
TEST(a_mark_says_nothing_of_letters_behind_it)
{
    desk d;
    desk_begin(&d);
    const wr_client_header headers[] = {{"weir-dlq-mark", WEIR_SLICE("sending")},
                                        {"weir-dlq-mark-to", WEIR_SLICE("tally.redrive")},
                                        {"weir-dlq-mark-offsets", WEIR_SLICE("0-9223372036854775806")}};
    for (int32_t p = 0; p < 2; p++)
        CHECK_OK(wr_sim_append(
            d.cluster,
            &(wr_client_record){.topic = "tally.dlq", .partition = p, .headers = headers, .header_count = 3}));
    many(&d, 3);
    CHECK_OK(desk_redrive(&d));
    check_once_in_order(&d, 3);
    desk_end(&d);
}

/* ---- changes */

typedef struct editing {
    desk *d;
    wr_edit edit;
    weir_err err;
} editing;

static weir_err edit_it(void *user, const wr_letter_item *item, weir_failure *failure)
{
    editing *e = user;
    wr_buf value, changes;
    wr_buf_init(&value, 1 << 20);
    wr_buf_init(&changes, 1 << 20);
    e->err = wr_edit_value(&e->edit, item, &value, failure);
    if (e->err == WEIR_OK) {
        wr_edit_describe(item, wr_buf_view(&value), &changes);
        e->err =
            wr_edit_write(&e->d->options.scan, &e->edit, item, wr_buf_view(&value), wr_buf_cstr(&changes), failure);
    }
    wr_buf_fini(&value);
    wr_buf_fini(&changes);
    return WEIR_OK;
}

static weir_err edit_all(desk *d, wr_edit edit)
{
    editing e = {.d = d, .edit = edit};
    wr_book *book = NULL;
    CHECK_OK(wr_book_open(&d->options.scan, "tally.dlq", &book, &d->failure));
    CHECK_OK(wr_book_each(book, &(wr_book_part){0}, edit_it, &e, &d->failure));
    wr_book_close(book);
    return e.err;
}

TEST(a_changed_letter_is_put_back_changed_and_its_original_is_kept)
{
    desk d;
    desk_begin(&d);
    desk_letter(&d, "a", 1, "rejected", 0);
    const char *const places[] = {"/sku", "/more"};
    const weir_slice values[] = {WEIR_SLICE("\"B\""), WEIR_SLICE("[1]")};
    const wr_client_header sets[] = {{"ce_dataversion", WEIR_SLICE("2")}};
    CHECK_OK(
        edit_all(&d, (wr_edit){.places = places, .values = values, .place_count = 1, .sets = sets, .set_count = 1}));
    CHECK_OK(edit_all(&d, (wr_edit){.places = places + 1, .values = values + 1, .place_count = 1}));
    CHECK_OK(desk_redrive(&d));
    const wr_client_record *record = wr_sim_record(d.cluster, "tally.redrive", 0, 0);
    CHECK(weir_slice_equal(record->value, WEIR_SLICE("{\"n\":1,\"sku\":\"B\",\"more\":[1]}")));
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "ce_dataversion"), "2");
    CHECK_STR(desk_header(&d, "tally.redrive", 0, "weir-edit-original"), "{\"n\":1,\"sku\":\"A\"}");
    CHECK(strlen(desk_header(&d, "tally.redrive", 0, "weir-edit-at")) > 0);
    for (int32_t p = 0; p < 2; p++) /* the letter is as it was */
        if (wr_sim_end(d.cluster, "tally.dlq", p))
            CHECK(weir_slice_equal(wr_sim_record(d.cluster, "tally.dlq", p, 0)->value,
                                   WEIR_SLICE("{\"n\":1,\"sku\":\"A\"}")));
    desk_end(&d);
}

TEST(a_change_that_makes_no_json_of_json_is_refused)
{
    desk d;
    desk_begin(&d);
    desk_letter(&d, "a", 1, "rejected", 0);
    const char *const places[] = {"/lines/0/sku"};
    const weir_slice values[] = {WEIR_SLICE("1")};
    const weir_slice bad[] = {WEIR_SLICE("{")};
    CHECK_EQ(edit_all(&d, (wr_edit){.data = WEIR_SLICE("no json")}), WEIR_E_FORMAT);
    CHECK_EQ(edit_all(&d, (wr_edit){.places = places, .values = values, .place_count = 1}), WEIR_E_NOT_FOUND);
    CHECK_EQ(edit_all(&d, (wr_edit){.places = places, .values = bad, .place_count = 1}), WEIR_E_FORMAT);
    CHECK_EQ(wr_sim_count(d.cluster, "tally.dlq"), 1);
    CHECK_OK(edit_all(&d, (wr_edit){.data = WEIR_SLICE("no json"), .is_raw = true}));
    CHECK_OK(desk_redrive(&d));
    CHECK(weir_slice_equal(wr_sim_record(d.cluster, "tally.redrive", 0, 0)->value, WEIR_SLICE("no json")));
    desk_end(&d);
}

TEST(the_data_of_an_event_in_an_envelope_is_changed_within_it)
{
    desk d;
    desk_begin(&d);
    const wr_client_header headers[] = {{"content-type", WEIR_SLICE("application/cloudevents+json")},
                                        {"weir-dlq-reason", WEIR_SLICE("rejected")},
                                        {"weir-dlq-group", WEIR_SLICE("tally")}};
    CHECK_OK(wr_sim_append(
        d.cluster,
        &(wr_client_record){.topic = "tally.dlq",
                            .value = WEIR_SLICE("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\","
                                                "\"data\":{\"n\":1},\"subject\":\"x\"}"),
                            .headers = headers,
                            .header_count = 3}));
    const char *const places[] = {"/n"};
    const weir_slice values[] = {WEIR_SLICE("2")};
    CHECK_OK(edit_all(&d, (wr_edit){.places = places, .values = values, .place_count = 1}));
    CHECK_OK(desk_redrive(&d));
    CHECK(weir_slice_equal(wr_sim_record(d.cluster, "tally.redrive", 0, 0)->value,
                           WEIR_SLICE("{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":\"t\","
                                      "\"data\":{\"n\":2},\"subject\":\"x\"}")));
    desk_end(&d);
}
