/* Rows that are refused and in doubt: an operator sees them, and may set one aside. */
#include "core_int.h"
#include "core_testing.h"
#include "outbox_admin.h"

/* Rows 1 and 2 of the key 'a' were sent and are in doubt; 1 is refused and held. Row 3 is of the key 'b'. */
static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    fixture_turns(f, 2);
    wr_sim_hold_acks(f->cluster, true);
    wr_sim_hold_appends(f->cluster, true);
    fixture_happen(f, "a", 1);
    fixture_turns(f, 1);
    wr_sim_break_producers(f->cluster);
    wr_sim_refuse(f->cluster, "out", 1);
    wr_sim_hold_appends(f->cluster, false);
    wr_sim_hold_acks(f->cluster, false);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f->core, 100, &f->failure));
    fixture_happen(f, "a", 2); /* waits behind it */
    fixture_happen(f, "b", 3);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f->core, 100, &f->failure));
    CHECK_EQ(wr_sim_count(f->cluster, "out"), 1);
}

static wr_store *open_store(fixture *f)
{
    wr_store *store;
    CHECK_OK(wr_store_open(f->database, WR_STORE_NOT_DURABLE, &store, NULL));
    return store;
}

static void list(void *user, const wr_outbox_item *item)
{
    char *text = user;
    snprintf(text + strlen(text), 600 - strlen(text), "%lld %s %.*s '%s'\n", (long long)item->number, item->state,
             (int)item->key.size, (const char *)item->key.data, item->reason ? item->reason : "");
}

static void check_listed(fixture *f, const char *wanted)
{
    char text[600] = "";
    wr_store *store = open_store(f);
    CHECK_OK(wr_outbox_each(store, list, text, NULL));
    wr_store_close(store);
    CHECK_STR(text, wanted);
}

static void skip_one(fixture *f, int64_t sequence)
{
    wr_store *store = open_store(f);
    CHECK_OK(wr_outbox_skip(store, sequence, NULL));
    wr_store_close(store);
}

static void list_lag(void *user, const wr_outbox_lag *lag)
{
    char *text = user;
    snprintf(text + strlen(text), 600 - strlen(text), "%s %lld+%lld", lag->topic, (long long)lag->waiting,
             (long long)lag->refused);
}

static void list_values(fixture *f, int32_t p, int64_t o, void *user)
{
    char *text = user;
    const wr_client_record *record = wr_sim_record(f->cluster, "out", p, o);
    if (weir_slice_equal(record->key, WEIR_SLICE("a")))
        snprintf(text + strlen(text), 600 - strlen(text), "%.*s", (int)record->value.size,
                 (const char *)record->value.data);
}

TEST(an_operator_sees_which_rows_are_held_and_why)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    check_listed(&f, "1 held a 'simulated: refused'\n2 held a 'behind another'\n");
    wr_store *store = open_store(&f);
    wr_outbox_status status;
    wr_outbox_row row;
    char topics[600] = "";
    weir_arena *arena = weir_arena_new(1 << 20);
    CHECK_OK(wr_outbox_status_of(store, &status, NULL));
    CHECK_EQ(status.held, 2);
    CHECK_EQ(status.refused + status.behind, 0);
    CHECK_EQ(status.waiting, 1); /* 3 is published, and stays in the table while one before it may be */
    CHECK_OK(wr_outbox_each_topic(store, list_lag, topics, NULL));
    CHECK_STR(topics, "out 1+2");
    CHECK_OK(wr_outbox_find(store, WR_OUTBOX_ROWS, 1, arena, &row, NULL));
    CHECK_STR(row.state, "held");
    CHECK_STR(row.reason, "simulated: refused");
    CHECK_EQ(wr_outbox_skip(store, 3, NULL), WEIR_E_NOT_FOUND); /* published */
    CHECK(atomic_load(&f.core->numbers.outbox_oldest_ms) > 0);
    weir_arena_free(arena);
    wr_store_close(store);
    for (int i = 0; i < 8; i++)
        CHECK_OK(wr_core_turn(f.core, 20000, &f.failure));
    check_listed(&f, "");
    fixture_end(&f);
}

TEST(a_held_row_that_an_operator_skips_is_set_aside_within_a_minute_and_its_key_flows)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    skip_one(&f, 1);
    check_listed(&f, "1 to be set aside a 'simulated: refused'\n2 held a 'behind another'\n");
    int64_t start_ms = fixture_now_ms(&f);
    wr_sim_refuse(f.cluster, "out", 1); /* should it be tried once more before that */
    while (wr_sim_count(f.cluster, "out") < 2 && fixture_now_ms(&f) - start_ms < 130000)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    CHECK(fixture_now_ms(&f) - start_ms < 65000);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    check_listed(&f, "1 set aside a 'simulated: refused'\n");
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_happen(&f, "a", 4);
    for (int i = 0; i < 4; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    char values[600] = "";
    fixture_each(&f, "out", list_values, values);
    CHECK_STR(values, "{\"n\":2}{\"n\":4}");
    wr_store *store = open_store(&f);
    CHECK_OK(wr_outbox_requeue(store, 1, NULL));
    wr_store_close(store);
    for (int i = 0; i < 80; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    values[0] = 0;
    fixture_each(&f, "out", list_values, values);
    CHECK_STR(values, "{\"n\":2}{\"n\":4}{\"n\":1}");
    check_listed(&f, "");
    fixture_end(&f);
}

TEST(a_held_row_that_was_skipped_before_the_process_ended_is_set_aside_at_the_start)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    skip_one(&f, 1);
    fixture_restart(&f);
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    check_listed(&f, "1 set aside a 'simulated: refused'\n");
    char values[600] = "";
    fixture_each(&f, "out", list_values, values);
    CHECK_STR(values, "{\"n\":2}");
    CHECK_STR(fixture_header(&f, "out", wr_sim_end(f.cluster, "out", 0) ? 0 : 1, 0, "weir-outbox-id"),
              wr_core_outbox_id(f.core));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

TEST(what_was_held_in_an_earlier_life_is_no_longer_listed_once_it_is_published)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    fixture_restart(&f);
    check_listed(&f, "");
    for (int i = 0; i < 6; i++)
        CHECK_OK(wr_core_turn(f.core, 1000, &f.failure));
    CHECK_EQ(COUNT(&f, "weir_outbox"), 0);
    char values[600] = "";
    fixture_each(&f, "out", list_values, values);
    CHECK_STR(values, "{\"n\":1}{\"n\":2}");
    fixture_end(&f);
}
