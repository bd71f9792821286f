/* The outbox as a table: what gets into it, its numbers, what an earlier release has left in it, and its limit. */
#include "core_int.h"
#include "outbox_testing.h"

#include <time.h>

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
    CHECK_EQ(fixture_turns_until_failure(&f), WEIR_E_USAGE);
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
    fixture_turns_ms(&f, 6, 100);
    char numbers[OUT_TEXT_SIZE];
    CHECK_EQ(list_out(&f, numbers), 4);
    /* 2 was under way and keeps its number, 1 and 4 get new ones in their order */
    CHECK(is_before(numbers, 2, 1));
    CHECK(is_before(numbers, 1, 4));
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
    fixture_turns_ms(&f, 5, 100);
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

TEST(a_drain_while_rows_of_an_earlier_life_are_read_deletes_those_that_were_published)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_happen(&f, "a", 0);
    wr_sim_hold_appends(f.cluster, true);
    fixture_turns(&f, 3);
    fill_outbox(&f, 2, 2500);
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
