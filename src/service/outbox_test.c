/* What the outbox holds is published, or is set aside where somebody can see it. */
#include "core_int.h"
#include "core_testing.h"
#include "outbox_admin.h"

#include <time.h>

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

static void check_health(fixture *f, const char *wanted)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    CHECK(wr_core_health(f->core, &text));
    CHECK(strstr(wr_buf_cstr(&text), wanted));
    wr_buf_fini(&text);
}

static void check_metric(fixture *f, const char *line)
{
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_core_metrics(f->core, &text);
    CHECK(strstr(wr_buf_cstr(&text), line));
    wr_buf_fini(&text);
}

/* A second service that consumes `out`: how many events it saw, each once. */
static int64_t audited(fixture *f)
{
    fixture audit = *f;
    weir_service service = {
        .name = "audit", .consumes = "out", .migrations = tally_migrations(), .handlers = audit_handlers};
    fixture_database(&audit);
    audit.options.service = &service;
    audit.options.database = audit.database;
    audit.core = NULL;
    fixture_start(&audit);
    fixture_turns(&audit, 20);
    int64_t count = COUNT(&audit, "effects");
    CHECK_EQ(COUNT(&audit, "(SELECT DISTINCT id FROM effects) AS d"), count);
    wr_core_free(audit.core);
    return count;
}

/* ---- as an operator */

static void list_item(void *user, const wr_outbox_item *item)
{
    char *text = user;
    snprintf(text + strlen(text), 300 - strlen(text), "%s %.*s, ", item->state, (int)item->key.size,
             (const char *)item->key.data);
}

static wr_store *as_operator(fixture *f)
{
    wr_store *store;
    CHECK_OK(wr_store_open(f->database, WR_STORE_NOT_DURABLE, &store, NULL));
    return store;
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

static void list_numbers(fixture *f, int32_t p, int64_t o, void *user)
{
    (void)p;
    char *text = user;
    const wr_client_record *record = wr_sim_record(f->cluster, "out", p, o);
    snprintf(text + strlen(text), 300 - strlen(text), "%.*s", (int)record->value.size,
             (const char *)record->value.data);
}

TEST(a_dead_letter_that_its_topic_takes_is_published_whole_however_large)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    append_junk(&f, "k", 3000000);
    for (int i = 0; i < 8; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
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
    for (int i = 0; i < 12; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 2);
    int64_t brief = strcmp(fixture_header(&f, "tally.dlq", 0, 0, "weir-dlq-body"), "set-aside") == 0 ? 0 : 1;
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-body"), "set-aside");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-body-size"), "2500");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-body-reference"), "tally/1");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-reason"), "undecodable");
    CHECK_STR(fixture_header(&f, "tally.dlq", 0, brief, "weir-dlq-original-topic"), "in");
    CHECK_EQ(COUNT(&f, "weir_set_aside WHERE length(value) = 2500 AND topic = 'tally.dlq'"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    check_health(&f, "\"degraded\":true");
    check_health(&f, "weir outbox");
    check_metric(&f, "weir_outbox_set_aside{service=\"tally\"} 1\n");

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
    for (int i = 0; i < 12; i++)
        CHECK_OK(wr_core_turn(f.core, 10000, &f.failure));
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 0);
    check_health(&f, "\"degraded\":false");
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
    for (int i = 0; i < 24; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 8);
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 0);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

static weir_status send_badly(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return weir_send(tx, "two words", &(weir_event){.type = "x", .subject = event->subject});
}

TEST(a_command_to_what_is_no_topic_never_reaches_the_outbox)
{
    static const weir_handler handlers[] = {{.type = "thing.happened", .run = send_badly}, {0}};
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    service.handlers = handlers;
    fixture_rejoin(&f);
    fixture_happen(&f, "a", 1);
    weir_err err = WEIR_OK;
    for (int i = 0; i < 4 && err == WEIR_OK; i++)
        err = wr_core_turn(f.core, 0, &f.failure);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE topic <> 'tally.dlq'"), 0);
    CHECK_EQ(wr_sim_end(f.cluster, "two words", 0), -1);
    fixture_end(&f);
}

TEST(a_service_whose_topics_have_no_names_does_not_start)
{
    static char long_name[251];
    memset(long_name, 'n', 250);
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    wr_core_free(f.core);
    const char *const wrong[] = {"a b/c", "..", "caf\xc3\xa9", long_name};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        service.produces = wrong[i];
        CHECK(wr_core_new(&f.options, &f.core, &f.failure) != WEIR_OK);
        service.produces = "out";
        f.options.name = i == 1 ? "a/b" : wrong[i];
        CHECK(wr_core_new(&f.options, &f.core, &f.failure) != WEIR_OK);
        f.options.name = NULL;
        service.consumes = wrong[i];
        CHECK(i == 0 || wr_core_new(&f.options, &f.core, &f.failure) != WEIR_OK); /* "a b/c" is a list */
        service.consumes = "in";
    }
    CHECK_OK(wr_core_new(&f.options, &f.core, &f.failure));
    fixture_end(&f);
}

TEST(a_refused_key_is_tried_again_after_a_minute_in_order_without_a_restart)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    fixture_happen(&f, "a", 2);
    fixture_happen(&f, "b", 3);
    fixture_turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1); /* b only */
    check_health(&f, "\"degraded\":true");
    check_health(&f, "\"refused\":2");
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    char numbers[300] = "";
    CHECK_EQ(fixture_each(&f, "out", list_numbers, numbers), 3);
    CHECK(strstr(numbers, "{\"n\":1}") < strstr(numbers, "{\"n\":2}"));
    fixture_happen(&f, "a", 4);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    check_health(&f, "\"degraded\":false");
    CHECK_EQ(audited(&f), 4);
    fixture_end(&f);
}

TEST(a_refused_event_that_is_skipped_is_set_aside_and_its_key_goes_on)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 3);
    check_items(&f, "refused a, behind a, ");
    decide(&f, wr_outbox_skip, 1);
    check_items(&f, "to be set aside a, behind a, ");
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    char numbers[300] = "";
    CHECK_EQ(fixture_each(&f, "out", list_numbers, numbers), 1);
    CHECK_STR(numbers, "{\"n\":2}");
    CHECK_EQ(COUNT(&f, "weir_set_aside"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    check_items(&f, "set aside a, ");
    decide(&f, wr_outbox_remove, 1);
    check_items(&f, "");
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    check_health(&f, "\"degraded\":false");
    fixture_end(&f);
}

TEST(a_row_that_was_under_way_behind_a_refused_one_keeps_its_number_when_the_producer_breaks)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 1);
    wr_sim_release_acks(f.cluster, 1); /* the refusal is heard; the other is appended, which nobody knows */
    fixture_turns(&f, 2);
    wr_sim_break_producers(f.cluster);
    fixture_turns(&f, 2);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 2);
    fixture_end(&f);
}

TEST(a_refusal_of_which_nobody_heard_before_the_process_ended_loses_no_effect)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 1); /* 1 is refused, 2 is appended behind it, and neither is heard */
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3); /* 2, 1, 2 */
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 2);
    fixture_end(&f);
}

/* Two rows of one key are sent and not acknowledged, and the first is refused when it is sent again. */
static void refuse_again(bool are_appended, bool by_another_producer)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_hold_acks(f.cluster, true);
    wr_sim_hold_appends(f.cluster, !are_appended);
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 1);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), are_appended ? 2 : 0);
    if (by_another_producer)
        wr_sim_break_producers(f.cluster);
    else
        fixture_restart(&f);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_appends(f.cluster, false);
    wr_sim_hold_acks(f.cluster, false);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    fixture_happen(&f, "a", 3); /* waits behind it */
    fixture_happen(&f, "b", 4);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    check_health(&f, "\"degraded\":true");
    check_health(&f, "\"refused\":2");
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE sequence = 1 AND state = 0"), 1);
    for (int i = 0; i < 8; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    check_health(&f, "\"degraded\":false");
    char numbers[300] = "";
    fixture_each(&f, "out", list_numbers, numbers);
    CHECK(strstr(numbers, "{\"n\":1}") < strstr(numbers, "{\"n\":3}"));
    CHECK_EQ(audited(&f), 4);
    fixture_end(&f);
}

TEST(a_row_that_may_be_published_and_is_refused_in_a_second_life_is_neither_lost_nor_doubled)
{
    refuse_again(true, false);
    refuse_again(false, false);
}

/* As when the answer to the first attempt is lost, and somebody lowers max.message.bytes before the second. */
TEST(a_row_that_is_refused_after_an_attempt_that_nobody_answered_is_neither_lost_nor_doubled)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse_after_append(f.cluster, "out");
    fixture_happen(&f, "a", 1);
    fixture_happen(&f, "a", 2);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE sequence = 1 AND state = 0"), 1);
    for (int i = 0; i < 8; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(audited(&f), 2);
    fixture_end(&f);
}

TEST(a_row_that_may_be_published_and_is_refused_to_another_producer_is_neither_lost_nor_doubled)
{
    refuse_again(true, true);
    refuse_again(false, true);
}

/* Refusals, broken producers, lost acknowledgements and ends of the process, as chance has it. */
static void live_through(uint64_t seed)
{
    enum { STEPS = 120 };
    fixture f;
    weir_service service;
    wr_sim *dice = wr_sim_new(seed);
    int n = 0;
    fixture_begin(&f, &service);
    f.options.batch_max = 3;
    fixture_rejoin(&f);
    for (int step = 0; step < STEPS; step++) {
        uint64_t draw = wr_random_u64(wr_sim_io(dice));
        int more = (int)(draw >> 32) % 3;
        switch (draw % 12) {
        case 0:
            wr_sim_refuse(f.cluster, "out", 1 + (size_t)more);
            break;
        case 1:
            wr_sim_break_producers(f.cluster);
            break;
        case 2:
            wr_sim_hold_acks(f.cluster, more > 0);
            break;
        case 3:
            wr_sim_hold_appends(f.cluster, more > 1);
            break;
        case 4:
            fixture_rejoin(&f);
            break;
        case 5:
            wr_sim_release_acks(f.cluster, (size_t)more);
            break;
        case 6:
            wr_sim_advance_ms(f.machine, 30000);
            break;
        default:
            for (int i = 0; i <= more; i++, n++)
                fixture_happen(&f, (const char *[]){"a", "b", "c"}[(draw >> (40 + i)) % 3], n);
        }
        CHECK_OK(wr_core_turn(f.core, 50, &f.failure));
    }
    wr_sim_refuse(f.cluster, "out", 0);
    wr_sim_hold_acks(f.cluster, false);
    wr_sim_hold_appends(f.cluster, false);
    for (int i = 0; i < 40; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    CHECK_EQ(COUNT(&f, "effects"), n);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    f.options.batch_max = 500;
    int64_t counted = audited(&f);
    if (counted != n)
        fail_msg("seed %llu: %lld effects of %d events", (unsigned long long)seed, (long long)counted, n);
    fixture_end(&f);
    wr_sim_free(dice);
}

TEST(no_effect_is_lost_or_doubled_by_refusals_and_ends_in_any_order)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        live_through(1000 * test_seed() + seed);
}

TEST(a_drain_does_not_wait_for_rows_that_are_held_back)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 1);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    wr_sim_refuse(f.cluster, "out", 1);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    int64_t start_ms = fixture_now_ms(&f);
    CHECK_OK(wr_core_drain(f.core, 8000, &f.failure));
    CHECK(fixture_now_ms(&f) - start_ms < 1000);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 0"), 1);
    fixture_end(&f);
}

TEST(a_row_in_doubt_that_is_refused_for_longer_than_readers_remember_gets_a_new_number)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    fixture_exec(
        f.database,
        fixture_is_on_server()
            ? "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
              " SELECT n, 'out', 'a'::bytea, '{}'::bytea, ''::bytea, 1 FROM generate_series(1, 2) AS n"
            : "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms) VALUES"
              " (1, 'out', CAST('a' AS BLOB), x'7b7d', x'', 1), (2, 'out', CAST('a' AS BLOB), x'7b7d', x'', 1)");
    fixture_exec(f.database, "INSERT INTO weir_meta (key, value) VALUES ('outbox.sequence', '70000')"
                             " ON CONFLICT (key) DO UPDATE SET value = excluded.value");
    wr_sim_refuse(f.cluster, "out", 2);
    fixture_rejoin(&f);
    for (int i = 0; i < 3; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 0"), 2);
    fixture_happen(&f, "b", 1);
    for (int i = 0; i < 3; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state <> 0"), 2);
    for (int i = 0; i < 8; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3);
    fixture_end(&f);
}

TEST(a_topic_that_grows_before_its_sender_ends_loses_no_effect)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_acks(f.cluster, true);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 1); /* refused, which nobody hears */
    CHECK_OK(wr_admin_add_partitions(f.client, "out", 4, false, 100, &f.failure));
    for (int i = 2; i < 20; i++) { /* some of them to the partition to which the first one goes now */
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        fixture_happen(&f, key, i);
    }
    fixture_turns(&f, 2);
    fixture_restart(&f);
    wr_sim_hold_acks(f.cluster, false);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(audited(&f), 19);
    fixture_end(&f);
}

static void check_floor(fixture *f, int32_t p, int64_t o, void *user)
{
    int64_t *greatest = user;
    int64_t sequence = strtoll(fixture_header(f, "out", p, o, "weir-outbox-sequence"), NULL, 10);
    int64_t floor = strtoll(fixture_header(f, "out", p, o, "weir-outbox-floor"), NULL, 10);
    CHECK(floor >= 1 && floor <= sequence);
    greatest[0] = sequence > greatest[0] ? sequence : greatest[0];
    greatest[1] = floor > greatest[1] ? floor : greatest[1];
}

TEST(every_record_says_below_which_number_its_outbox_sends_nothing_again)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.options.batch_max = 5;
    fixture_rejoin(&f);
    int n = 0;
    for (int life = 0; life < 3; life++) {
        for (int i = 0; i < 20; i++)
            fixture_happen(&f, i % 2 ? "a" : "b", n++);
        fixture_turns(&f, 10);
        for (int i = 0; i < 4; i++)
            fixture_happen(&f, "a", n++);
        wr_sim_hold_acks(f.cluster, true);
        fixture_turns(&f, 2);
        fixture_rejoin(&f);
        wr_sim_hold_acks(f.cluster, false);
        fixture_turns(&f, 10);
    }
    int64_t greatest[2] = {0, 0};
    CHECK(fixture_each(&f, "out", check_floor, greatest) >= n);
    CHECK_EQ(greatest[0], n);
    CHECK(greatest[1] > n - 20); /* it follows */
    CHECK_EQ(audited(&f), n);
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
    wr_buf text;
    wr_buf_init(&text, 4096);
    CHECK(!wr_core_health(f.core, &text));
    wr_buf_fini(&text);
    wr_sim_refuse(f.cluster, "out", 0);
    for (int i = 0; i < 40; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    CHECK_EQ(COUNT(&f, "effects"), 20);
    CHECK_EQ(audited(&f), 20);
    fixture_end(&f);
}

/* A database as the first release made it, with what `sql` puts into it. */
static void make_first_database(fixture *f, const char *sql)
{
    wr_core_free(f->core);
    f->core = NULL;
    fixture_database(f);
    f->options.database = f->database;
    wr_store *store;
    CHECK_OK(wr_store_open(f->database, WR_STORE_NOT_DURABLE, &store, NULL));
    CHECK_OK(wr_store_migrate_own(store, 1, NULL));
    CHECK_OK(wr_store_script(store, sql, NULL));
    wr_store_close(store);
}

TEST(the_outbox_of_the_first_release_is_published_in_order)
{
    if (fixture_is_on_server())
        return;
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    make_first_database(&f, "INSERT INTO weir_meta VALUES ('outbox.id', 'c0ffee00-0000-4000-8000-000000000001'),"
                            " ('outbox.sequence', '5');"
                            "INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms, frozen) VALUES"
                            " (1, 'out', CAST('a' AS BLOB), CAST('{\"n\":1}' AS BLOB), x'', 1, 'sent to 3'),"
                            " (2, 'out', CAST('a' AS BLOB), CAST('{\"n\":2}' AS BLOB), x'', 1, NULL),"
                            " (4, 'out', CAST('a' AS BLOB), CAST('{\"n\":4}' AS BLOB), x'', 1, NULL),"
                            " (5, 'out', CAST('b' AS BLOB), CAST('{\"n\":5}' AS BLOB), x'', 1, NULL);"
                            "INSERT INTO weir_inbox VALUES ('in', 0, 0, 3);"
                            "INSERT INTO weir_senders VALUES ('s', 'in', 0, 7)");
    fixture_start(&f);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    char numbers[300] = "";
    CHECK_EQ(fixture_each(&f, "out", list_numbers, numbers), 4);
    /* 2 was under way and keeps its number, 1 and 4 get new ones in their order */
    CHECK(strstr(numbers, "{\"n\":2}") < strstr(numbers, "{\"n\":1}"));
    CHECK(strstr(numbers, "{\"n\":1}") < strstr(numbers, "{\"n\":4}"));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    CHECK_EQ(COUNT(&f, "weir_senders WHERE highest = 7"), 1);
    CHECK_STR(wr_core_outbox_id(f.core), "c0ffee00-0000-4000-8000-000000000001");
    fixture_end(&f);
}

/* Half of the rows are refused, and had been handed over up to `sent_to`. Processor time, so that a busy machine does not
 * count. */
static void start_at_the_limit(int keys, int sent_to)
{
    if (fixture_is_on_server())
        return;
    enum { ROWS = 50000 };
    fixture f;
    weir_service service;
    char sql[700];
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)"
             " INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms, state, sent_to)"
             " SELECT i, 'out', CAST('k' || i %% %d AS BLOB), x'7b7d', x'', 1, i <= 25000, %d FROM n;"
             "INSERT INTO weir_meta VALUES ('outbox.sequence', '50000')"
             " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
             keys, sent_to);
    fixture_exec(f.database, sql);
    wr_sim_hold_appends(f.cluster, true);
    clock_t start = clock();
    fixture_restart(&f);
    for (int i = 0; i < 100 && wr_core_outbox_count(f.core) < ROWS; i++)
        CHECK_OK(wr_core_turn(f.core, 0, &f.failure));
    double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("  %d rows in %.2f s of processor time\n", ROWS, seconds);
    CHECK_EQ(wr_core_outbox_count(f.core), ROWS);
    CHECK(seconds < 20);
    wr_sim_hold_appends(f.cluster, false);
    for (int i = 0; i < 5; i++)
        CHECK_OK(wr_core_turn(f.core, 100, &f.failure));
    CHECK_EQ(wr_sim_count(f.cluster, "out"), ROWS);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

/* Quadratic, this took 66 s of a release build for 20,000 rows. */
TEST(an_outbox_at_its_limit_starts_in_time_that_grows_with_its_rows_alone)
{
    start_at_the_limit(1000, 25000);
}

/* Each row looked at all refused ones of its key. */
TEST(an_outbox_at_its_limit_whose_rows_have_one_key_starts_in_time_that_grows_with_its_rows_alone)
{
    start_at_the_limit(1, 50000);
}

/* ---- a core that fails, and is not dead */

static weir_err turns_until_failure(fixture *f)
{
    weir_err err = WEIR_OK;
    for (int i = 0; i < 8 && err == WEIR_OK; i++)
        err = wr_core_turn(f->core, 0, &f->failure);
    return err;
}

TEST(a_service_that_stops_at_the_same_event_again_and_again_publishes_what_came_before_once)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.fatal[1] = true;
    fixture_happen(&f, "a", 0);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 1); /* acknowledged, and not deleted yet */
    fixture_happen(&f, "a", 1);
    for (int life = 0; life < 4; life++) {
        CHECK(turns_until_failure(&f) != WEIR_OK);
        wr_core_settle(f.core, 8000);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
        fixture_rejoin(&f);
    }
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    f.fatal[1] = false;
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 2);
    CHECK_EQ(COUNT(&f, "effects"), 2);
    fixture_end(&f);
}

TEST(what_is_not_acknowledged_when_a_service_gives_up_stays_in_its_outbox)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    f.fatal[1] = true;
    fixture_happen(&f, "b", 0);
    fixture_turns(&f, 2);
    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "a", 2);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    CHECK(turns_until_failure(&f) != WEIR_OK);
    int64_t start_ms = fixture_now_ms(&f);
    wr_core_settle(f.core, 3000);
    CHECK(fixture_now_ms(&f) - start_ms >= 3000 && fixture_now_ms(&f) - start_ms <= 3100);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 1);
    wr_sim_hold_appends(f.cluster, false);
    f.fatal[1] = false;
    fixture_rejoin(&f);
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 3);
    fixture_end(&f);
}

TEST(a_row_that_is_refused_while_a_service_gives_up_stays_in_its_outbox)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    f.fatal[1] = true;
    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "a", 0);
    fixture_happen(&f, "b", 2);
    fixture_turns(&f, 2);
    fixture_happen(&f, "a", 1);
    CHECK(turns_until_failure(&f) != WEIR_OK);
    wr_sim_refuse(f.cluster, "out", 1);
    wr_sim_hold_appends(f.cluster, false);
    wr_core_settle(f.core, 3000);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox WHERE state = 1"), 1);
    fixture_end(&f);
}

/* The marks of refused rows go with a transaction that fails; to delete the rows around them would lose them. */
TEST(a_core_that_fails_at_any_step_and_settles_loses_no_row_whether_refused_or_not)
{
    int step = 0;
    for (bool has_failed = true; has_failed; step++) {
        fixture f;
        weir_service service;
        fixture_begin(&f, &service);
        f.options.batch_max = 2;
        fixture_restart(&f);
        for (int i = 0; i < 8; i++)
            fixture_happen(&f, i % 3 ? "a" : "b", i);
        wr_sim_refuse(f.cluster, "out", 1);
        f.crash_at = step;
        has_failed = false;
        for (int i = 0; i < 20; i++)
            if (wr_core_turn(f.core, 50, &f.failure) != WEIR_OK) {
                has_failed = true;
                wr_core_settle(f.core, 3000);
                fixture_restart(&f);
            }
        f.crash_at = -1;
        for (int i = 0; i < 8; i++)
            CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
        CHECK_EQ(COUNT(&f, "effects"), 8);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
        f.options.crash = NULL;
        CHECK_EQ(audited(&f), 8);
        fixture_end(&f);
    }
    CHECK(step > 8);
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
        for (int i = 0; i < 8; i++)
            CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
        CHECK_EQ(COUNT(&f, "effects"), 8);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
        f.options.crash = NULL;
        CHECK_EQ(audited(&f), 8);
        fixture_end(&f);
    }
    CHECK(step > 8);
}

TEST(a_drain_while_rows_of_an_earlier_life_are_read_deletes_those_that_were_published)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 0);
    wr_sim_hold_appends(f.cluster, true);
    fixture_turns(&f, 3);
    fixture_exec(f.database, "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)"
                             " INSERT INTO weir_outbox (sequence, topic, key, value, headers, created_ms)"
                             " SELECT i, topic, key, value, headers, created_ms FROM weir_outbox, n WHERE sequence = 1;"
                             "UPDATE weir_meta SET value = '2500' WHERE key = 'outbox.sequence'");
    f.options.outbox_max = 10;
    fixture_restart(&f);
    wr_sim_hold_appends(f.cluster, false);
    CHECK_OK(wr_core_turn(f.core, 0, &f.failure)); /* a thousand rows get into memory and out */
    wr_sim_hold_appends(f.cluster, true);
    CHECK_OK(wr_core_drain(f.core, 1000, &f.failure));
    int64_t published = wr_sim_count(f.cluster, "out");
    CHECK(published >= 1000 && published < 2500);
    CHECK_EQ(COUNT(&f, "weir_outbox"), 2500 - published);
    wr_sim_hold_appends(f.cluster, false);
    fixture_end(&f);
}
