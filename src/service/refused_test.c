/* What the cluster does not take: it is tried again with what waits behind it, or is set aside where somebody can see it. */
#include "outbox_admin.h"
#include "outbox_testing.h"

/* A record on `in` that is no event, `size` bytes long. */
static void append_junk(fixture *f, const char *key, size_t size)
{
    char *junk = malloc(size);
    memset(junk, 'x', size);
    CHECK_OK(wr_sim_append(
        f->cluster, &(wr_client_record){
                        .topic = "in", .partition = -1, .key = weir_slice_of(key), .value = {(uint8_t *)junk, size}}));
    free(junk);
}

static void make_letters_topic(fixture *f, const char *size_max)
{
    const weir_attribute config = {"max.message.bytes", size_max};
    CHECK_OK(wr_admin_create_topic(f->client, "tally.dlq", 1, 1, &config, 1, 1000, NULL));
}

/* ---- as an operator */

static void list_item(void *user, const wr_outbox_item *item)
{
    char *text = user;
    snprintf(text + strlen(text), 300 - strlen(text), "%s %.*s, ", item->state, (int)item->key.size,
             (const char *)item->key.data);
}

static void check_items(fixture *f, const char *wanted)
{
    char items[300] = "";
    wr_store *store = as_operator(f);
    CHECK_OK(wr_outbox_each(store, list_item, items, NULL));
    CHECK_STR(items, wanted);
    wr_store_close(store);
}

static void decide(fixture *f, weir_err (*change)(wr_store *, int64_t, weir_failure *), int64_t number)
{
    wr_store *store = as_operator(f);
    CHECK_EQ(change(store, 77, NULL), WEIR_E_NOT_FOUND);
    CHECK_OK(change(store, number, NULL));
    wr_store_close(store);
}

TEST(a_dead_letter_that_its_topic_takes_is_published_whole_however_large)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    append_junk(&f, "k", 3000000);
    fixture_turns_ms(&f, 8, 100);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 0);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

TEST(a_dead_letter_larger_than_its_topic_takes_is_set_aside_and_a_short_one_is_published)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    make_letters_topic(&f, "2000");
    append_junk(&f, "k", 2500);
    append_junk(&f, "k", 10);
    fixture_turns_ms(&f, 12, 100);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 2);
    int64_t brief = strcmp(fixture_header(&f, "tally.dlq", 0, 0, "weir-dlq-body"), "set-aside") == 0 ? 0 : 1;
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-body"), "set-aside");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-body-size"), "2500");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-body-reference"), "tally/1");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-reason"), "undecodable");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-original-topic"), "in");
    CHECK_EQ(COUNT(&f, "weir_set_aside WHERE length(value) = 2500 AND topic = 'tally.dlq'"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_check_health(&f, true, "\"degraded\":true");
    fixture_check_health(&f, true, "weir outbox");
    fixture_check_metric(&f, "weir_outbox_set_aside{service=\"tally\"} 1\n");

    /* The limit is raised, and the whole letter is asked for: it comes, and nothing is set aside any more. */
    check_items(&f, "set aside k, ");
    wr_store *store = as_operator(&f);
    weir_arena *arena = weir_arena_new(1 << 20);
    weir_slice value;
    CHECK_OK(wr_outbox_value(store, 1, arena, &value, NULL));
    CHECK_EQ(value.size, 2500);
    CHECK_EQ(wr_outbox_value(store, 2, arena, &value, NULL), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
    wr_store_close(store);
    decide(&f, wr_outbox_requeue, 1);
    check_items(&f, "to be published k, ");
    CHECK_OK(wr_admin_delete_topic(f.client, "tally.dlq", 1000, NULL));
    fixture_turns_ms(&f, 12, 10000);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 0);
    fixture_check_health(&f, true, "\"degraded\":false");
    fixture_end(&f);
}

TEST(a_dead_letter_larger_than_the_producer_takes_is_set_aside)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    append_junk(&f, "k", WR_DEAD_LETTER_SIZE_MAX);
    fixture_turns(&f, 4);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    CHECK_EQ(COUNT(&f, "weir_set_aside WHERE length(value) = 16777216"), 1);
    fixture_end(&f);
}

TEST(what_fits_alone_is_published_alone_when_its_batch_is_too_large)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    make_letters_topic(&f, "1500");
    for (int i = 0; i < 8; i++)
        append_junk(&f, i % 2 ? "a" : "b", 500);
    fixture_turns_ms(&f, 24, 100);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 8);
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 0);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

/* Event 1 of the key "a" has been refused. */
static void begin_refused(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    fixture_turns(f, 2);
    wr_sim_refuse(f->cluster, "out", 1);
    fixture_happen(f, "a", 1);
    fixture_turns(f, 3);
}

TEST(a_refused_row_freezes_its_key_and_the_next_start_sends_it_in_order)
{
    fixture f;
    weir_service service;
    begin_refused(&f, &service);
    fixture_happen(&f, "a", 2);
    fixture_happen(&f, "b", 3);
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1); /* b only */
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state <> 0"), 2);
    fixture_check_health(&f, true, "\"refused\":2");
    fixture_check_metric(&f, "weir_outbox_refused{service=\"tally\"} 2");

    fixture_restart(&f);
    fixture_turns_ms(&f, 6, 100);
    char numbers[OUT_TEXT_SIZE];
    CHECK_EQ(list_out(&f, numbers), 3);
    CHECK(is_before(numbers, 1, 2));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

TEST(a_refused_key_is_tried_again_after_a_minute_in_order_without_a_restart)
{
    fixture f;
    weir_service service;
    begin_refused(&f, &service);
    fixture_happen(&f, "a", 2);
    fixture_happen(&f, "b", 3);
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1); /* b only */
    fixture_check_health(&f, true, "\"degraded\":true");
    fixture_check_health(&f, true, "\"refused\":2");
    fixture_turns_ms(&f, 6, 20000);
    char numbers[OUT_TEXT_SIZE];
    CHECK_EQ(list_out(&f, numbers), 3);
    CHECK(is_before(numbers, 1, 2));
    fixture_happen(&f, "a", 4);
    fixture_turns_ms(&f, 6, 100);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_check_health(&f, true, "\"degraded\":false");
    CHECK_EQ(audited(&f), 4);
    fixture_end(&f);
}

TEST(a_refused_event_that_is_skipped_is_set_aside_and_its_key_goes_on)
{
    fixture f;
    weir_service service;
    begin_refused(&f, &service);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 3);
    check_items(&f, "refused a, behind a, ");
    decide(&f, wr_outbox_skip, 1);
    check_items(&f, "to be set aside a, behind a, ");
    fixture_turns_ms(&f, 6, 20000);
    char numbers[OUT_TEXT_SIZE];
    CHECK_EQ(list_out(&f, numbers), 1);
    CHECK_STR(numbers, "{\"n\":2} ");
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    check_items(&f, "set aside a, ");
    decide(&f, wr_outbox_remove, 1);
    check_items(&f, "");
    fixture_turns_ms(&f, 6, 20000);
    fixture_check_health(&f, true, "\"degraded\":false");
    fixture_end(&f);
}

TEST(refused_events_count_towards_the_limit_of_the_outbox)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.outbox_max = 5;
    f.options.batch_max = 2;
    fixture_rejoin(&f);
    wr_sim_refuse(f.cluster, "out", 1000);
    for (int i = 0; i < 20; i++)
        fixture_happen(&f, i % 2 ? "a" : "b", i);
    fixture_turns(&f, 20);
    CHECK(COUNT(&f, "effects") >= 5 && COUNT(&f, "effects") <= 7);
    fixture_check_health(&f, false, "too much is unpublished or parked");
    wr_sim_refuse(f.cluster, "out", 0);
    fixture_turns_ms(&f, 40, 20000);
    CHECK_EQ(COUNT(&f, "effects"), 20);
    CHECK_EQ(audited(&f), 20);
    fixture_end(&f);
}

TEST(a_process_that_ends_at_any_step_while_rows_are_refused_loses_and_doubles_no_effect)
{
    int step = 0;
    for (bool has_ended = true; has_ended; step++) {
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        f.options.batch_max = 2;
        fixture_rejoin(&f);
        for (int i = 0; i < 8; i++)
            fixture_happen(&f, i % 3 ? "a" : "b", i);
        wr_sim_refuse(f.cluster, "out", 2);
        int again = 3;
        f.crash_at = step;
        has_ended = false;
        for (int i = 0; i < 20; i++) {
            wr_sim_hold_acks(f.cluster, i % 3 == step % 3);
            if (wr_core_turn(f.core, 50, &f.failure) == WEIR_OK)
                continue;
            has_ended = true;
            wr_sim_refuse(f.cluster, "out", again ? 1 : 0);
            if (again-- > 0)
                f.crash_at = f.crash_calls + step % 4; /* and once more, soon */
            fixture_restart(&f);
        }
        wr_sim_refuse(f.cluster, "out", 0);
        f.crash_at = -1;
        wr_sim_hold_acks(f.cluster, false);
        fixture_turns_ms(&f, 8, 20000);
        CHECK_EQ(COUNT(&f, "effects"), 8);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
        CHECK_EQ(audited(&f), 8);
        fixture_end(&f);
    }
    CHECK(step > 8);
}
