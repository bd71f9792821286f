/* An operator looks at keys that wait, has one tried at once, and rejects an event. */
#include "core_int.h"
#include "core_testing.h"
#include "parked_admin.h"

static const weir_handler handlers[] = {
    {.type = "thing.happened", .run = on_happened, .retry = {.max = 50, .base_ms = 3600000, .max_ms = 3600000}}, {0}};

/* Events 1 and 2 of the key 'a', 3 of 'b' and 4 without a key wait for an hour. */
static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    service->handlers = handlers;
    fixture_restart(f);
    wr_sim_rebalance(f->cluster, "tally");
    for (int n = 1; n <= 4; n++)
        f->retries_left[n] = 1;
    fixture_happen(f, "a", 1);
    fixture_turns(f, 2);
    fixture_happen(f, "a", 2);
    fixture_turns(f, 2);
    fixture_happen(f, "b", 3);
    fixture_turns(f, 2);
    f->retries_left[2] = 0; /* it only waits behind the first */
    CHECK_EQ(COUNT(f, "weir_parked"), 3);
}

static wr_store *open_store(fixture *f)
{
    wr_store *store;
    CHECK_OK(wr_store_open(f->database, WR_STORE_NOT_DURABLE, &store, NULL));
    return store;
}

static void list(void *user, const wr_parked_item *item)
{
    char *text = user;
    const char *next = item->due_ms < 0   ? (item->due_ms == WR_PARKED_REJECT ? "reject" : "retry")
                       : item->due_ms > 0 ? "later"
                                          : "due";
    snprintf(text + strlen(text), 600 - strlen(text), "%lld %s %.*s %lld %lld %s '%s'\n", (long long)item->number,
             item->topic, (int)item->key.size, (const char *)item->key.data, (long long)item->events,
             (long long)item->attempts, next, item->reason ? item->reason : "");
}

static void check_listed(fixture *f, bool each_event, const char *wanted)
{
    char text[600] = "";
    wr_store *store = open_store(f);
    CHECK_OK(wr_parked_each(store, each_event, list, text, NULL));
    wr_store_close(store);
    CHECK_STR(text, wanted);
}

static void wish(fixture *f, int64_t number, int what)
{
    wr_store *store = open_store(f);
    CHECK_OK(wr_parked_wish(store, number, what, NULL));
    wr_store_close(store);
}

static void turns(fixture *f, int count)
{
    for (int i = 0; i < count; i++)
        CHECK_OK(wr_core_turn(f->core, 1000, &f->failure));
}

TEST(keys_and_events_that_wait_are_listed_and_shown_whole)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    check_listed(&f, false, "1 in a 2 1 later 'not yet'\n3 in b 1 1 later 'not yet'\n");
    check_listed(&f, true, "1 in a 1 1 later 'not yet'\n2 in a 1 0 due 'behind another'\n3 in b 1 1 later 'not yet'\n");
    wr_store *store = open_store(&f);
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_client_record record;
    const char *reason;
    CHECK_OK(wr_parked_find(store, 2, arena, &record, &reason, NULL));
    CHECK_STR(record.topic, "in");
    CHECK_STR(reason, "behind another");
    CHECK(weir_slice_equal(record.value, WEIR_SLICE("{\"n\":2}")));
    CHECK(wr_event_header_find(record.headers, record.header_count, "ce_id"));
    CHECK_EQ(wr_parked_find(store, 77, arena, &record, &reason, NULL), WEIR_E_NOT_FOUND);
    CHECK_EQ(wr_parked_wish(store, 2, WR_PARKED_RETRY, NULL), WEIR_E_NOT_FOUND); /* not the first of its key */
    CHECK_EQ(wr_parked_wish(store, 77, WR_PARKED_REJECT, NULL), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
    wr_store_close(store);
    fixture_end(&f);
}

TEST(a_key_is_tried_at_once_when_an_operator_asks_for_it_and_no_other_is)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    wish(&f, 1, WR_PARKED_RETRY);
    check_listed(&f, false, "1 in a 2 1 retry 'not yet'\n3 in b 1 1 later 'not yet'\n");
    turns(&f, 3);
    check_listed(&f, false, "3 in b 1 1 later 'not yet'\n");
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'a'"), 2);
    f.retries_left[3] = 1;
    wish(&f, 3, WR_PARKED_RETRY);
    turns(&f, 3);
    check_listed(&f, false, "3 in b 1 2 later 'not yet'\n"); /* and waits again */
    fixture_end(&f);
}

TEST(an_event_that_an_operator_rejects_is_a_dead_letter_and_its_key_goes_on)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    wish(&f, 1, WR_PARKED_REJECT);
    turns(&f, 4);
    check_listed(&f, false, "3 in b 1 1 later 'not yet'\n");
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'a' AND n = 1"), 0);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'a' AND n = 2"), 1);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    CHECK_EQ(atomic_load(&f.core->numbers.dead_letters), 1);
    fixture_end(&f);
}

TEST(wishes_of_a_time_when_nobody_ran_are_fulfilled_at_the_start)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    wr_core_free(f.core);
    f.core = NULL;
    int64_t count = 0;
    wr_store *store = open_store(&f);
    CHECK_OK(wr_parked_wish(store, 1, WR_PARKED_REJECT, NULL));
    CHECK_OK(wr_parked_retry_all(store, &count, NULL));
    CHECK_EQ(count, 1); /* what is to be rejected stays so */
    wr_store_close(store);
    fixture_start(&f);
    turns(&f, 4);
    check_listed(&f, false, "");
    CHECK_EQ(COUNT(&f, "effects"), 2);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
    fixture_end(&f);
}

TEST(a_service_in_which_nothing_waits_does_not_look_for_wishes)
{
    fixture f;
    weir_service service;
    fixture_begin(&f, &service);
    fixture_turns(&f, 2);
    f.waited_ms = 0;
    CHECK_OK(wr_core_turn(f.core, 60000, &f.failure));
    CHECK_EQ(f.waited_ms, 60000);
    CHECK_EQ(wr_parked_due_ms(f.core), INT64_MAX);
    fixture_end(&f);
}
