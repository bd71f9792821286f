/* What an operator sees of timers and takes back, beside a service that runs. */
#include "timers_admin.h"
#include "timers_testing.h"

typedef struct shown {
    char id[40], kind[20], type[40], line[40], reason[40];
    int64_t due_ms;
    int attempts;
} shown;

typedef struct seen {
    shown items[8];
    int count;
} seen;

static void keep(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text ? text : "-");
}

static void see(void *user, const wr_timer_item *item)
{
    seen *all = user;
    CHECK(all->count < 8);
    shown *one = &all->items[all->count++];
    keep(one->id, sizeof one->id, item->id);
    keep(one->kind, sizeof one->kind, item->kind);
    keep(one->type, sizeof one->type, item->type);
    keep(one->line, sizeof one->line, item->line);
    keep(one->reason, sizeof one->reason, item->reason);
    one->due_ms = item->due_ms;
    one->attempts = item->attempts;
}

static weir_status on_due(weir_tx *tx, const weir_event *event, void *user);

static const weir_handler handlers[] = {{.type = "thing.due", .run = on_due, .retry = {.max = 9, .base_ms = HOUR_MS}},
                                        {0}};
static const weir_schedule schedules[] = {{.name = "yearly", .cron = "@yearly", .type = "thing.due"}, {0}};

/* A second connection, as the command line has. */
static wr_store *beside(const fixture *f, unsigned flags)
{
    char url[400];
    wr_store *store;
    snprintf(url, sizeof url, "%s%s", f->database, fixture_is_on_server() ? "&options=-c%20lock_timeout%3D20ms" : "");
    CHECK_OK(wr_store_open(url, flags, &store, NULL));
    return store;
}

static seen list(const fixture *f, int64_t count_max)
{
    seen all = {0};
    wr_store *store = beside(f, WR_STORE_READ_ONLY);
    CHECK_OK(wr_timers_each(store, count_max, see, &all, NULL));
    wr_store_close(store);
    return all;
}

static weir_err cancel(const fixture *f, const char *id)
{
    wr_store *store = beside(f, 0);
    weir_err err = wr_timers_cancel(store, id, NULL);
    wr_store_close(store);
    return err;
}

static weir_status on_due(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    if (strcmp(event->subject, "locked") == 0)
        CHECK_EQ(cancel(f, "locked"), WEIR_E_AGAIN);
    weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES (?1, 1, ?2)", WEIR_TEXT(event->id),
              WEIR_TEXT(event->subject));
    return strcmp(event->subject, "again") == 0 ? weir_retry(tx, "not yet") : weir_tx_status(tx);
}

static void set(fixture *f, const char *id, int64_t after_ms)
{
    CHECK_EQ(set_after(f, id, after_ms, 1), WEIR_DONE);
}

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    service->handlers = handlers;
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

TEST(timers_are_listed_in_the_order_of_due_times_by_the_wall_clock)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    service.schedules = schedules;
    fixture_rejoin(&f);
    int64_t start_ms = wall_ms(&f);
    set(&f, "third", 3 * HOUR_MS);
    plan event = {.timer = {.id = "second", .at_ms = start_ms + 2 * HOUR_MS}, .key = "second", .n = 1, .call = EMIT};
    CHECK_EQ(in_tx(&f, carry_out, &event), WEIR_DONE);
    set(&f, "never", INT64_MAX);
    set(&f, "again", 0);
    fixture_turns(&f, 2);
    seen all = list(&f, 100);
    CHECK_EQ(all.count, 5);
    CHECK_STR(all.items[0].id, "again");
    CHECK_EQ(all.items[0].attempts, 1);
    CHECK_STR(all.items[0].reason, "not yet");
    CHECK_STR(all.items[1].id, "second");
    CHECK_STR(all.items[1].kind, "event");
    CHECK_STR(all.items[1].type, "thing.due");
    CHECK_EQ(all.items[1].due_ms, start_ms + 2 * HOUR_MS);
    CHECK_STR(all.items[2].id, "third");
    CHECK_STR(all.items[2].kind, "timer");
    CHECK(all.items[2].due_ms >= start_ms + 3 * HOUR_MS && all.items[2].due_ms <= start_ms + 3 * HOUR_MS + 10);
    CHECK_STR(all.items[3].id, "yearly");
    CHECK_STR(all.items[3].kind, "schedule");
    CHECK_STR(all.items[3].line, "@yearly");
    CHECK_STR(all.items[4].id, "never");
    CHECK_EQ(all.items[4].due_ms, INT64_MAX);
    CHECK_EQ(list(&f, 2).count, 2);

    jump(&f, YEAR_MS); /* what waits for a time since now is due later by the wall clock, as much as that was set */
    fixture_turns(&f, 1);
    all = list(&f, 100);
    bool is_found = false;
    for (int i = 0; i < all.count; i++)
        if (strcmp(all.items[i].id, "third") == 0) {
            is_found = true;
            int64_t off_ms = all.items[i].due_ms - (start_ms + YEAR_MS + 3 * HOUR_MS);
            CHECK(off_ms >= 0 && off_ms <= 10);
        }
    CHECK(is_found);
    fixture_end(&f);
}

TEST(one_timer_is_shown_whole)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    service.schedules = schedules;
    fixture_rejoin(&f);
    set(&f, "a", HOUR_MS);
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_store *store = beside(&f, WR_STORE_READ_ONLY);
    wr_timer_item item;
    CHECK_OK(wr_timers_find(store, "a", false, arena, &item, NULL));
    wr_store_rollback(store);
    CHECK_STR(item.id, "a");
    CHECK(item.record.topic == NULL);
    CHECK(weir_slice_equal(item.record.key, WEIR_SLICE("a")));
    CHECK(weir_slice_equal(item.record.value, WEIR_SLICE("{\"n\":1}")));
    CHECK(item.record.header_count > 3);
    CHECK_OK(wr_timers_find(store, "yearly", true, arena, &item, NULL));
    CHECK_STR(item.line, "@yearly");
    weir_failure failure = {0};
    CHECK_EQ(wr_timers_find(store, "yearly", false, arena, &item, &failure), WEIR_E_NOT_FOUND);
    CHECK_STR(failure.sentence, "there is no timer 'yearly'");
    wr_store_close(store);
    weir_arena_free(arena);
    fixture_end(&f);
}

TEST(a_timer_that_somebody_cancels_beside_the_running_service_does_not_come_and_is_counted)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    service.schedules = schedules;
    fixture_rejoin(&f);
    set(&f, "a", HOUR_MS);
    set(&f, "b", HOUR_MS);
    CHECK_OK(cancel(&f, "a"));
    CHECK_EQ(cancel(&f, "a"), WEIR_E_NOT_FOUND);
    CHECK_EQ(cancel(&f, "yearly"), WEIR_E_NOT_FOUND);
    set(&f, "c", 2 * HOUR_MS);
    CHECK_EQ((int)metric(&f, "weir_timers"), 3);
    CHECK_OK(cancel(&f, "b"));
    CHECK(wait_for_effects(&f, 1, 3 * HOUR_MS) >= 2 * HOUR_MS - 10);
    fixture_turns(&f, 2);
    CHECK_EQ(COUNT(&f, "effects WHERE key = 'c'"), 1);
    CHECK_EQ((int)metric(&f, "weir_timers"), 1);
    fixture_restart(&f);
    CHECK_EQ((int)metric(&f, "weir_timers"), 1);
    fixture_end(&f);
}

TEST(a_timer_whose_turn_has_come_cannot_be_cancelled_any_more)
{
    fixture f;
    weir_service service;
    if (!fixture_is_on_server())
        return; /* there is one writer at a time */
    begin(&f, &service);
    set(&f, "locked", 0);
    fixture_turns(&f, 3);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    CHECK_EQ(cancel(&f, "locked"), WEIR_E_NOT_FOUND);
    CHECK_EQ((int)metric(&f, "weir_timers"), 0);
    fixture_end(&f);
}

TEST(a_database_without_timers_says_what_to_do)
{
    char url[300];
    snprintf(url, sizeof url, "%s", fixture_is_on_server() ? test_url_postgres() : test_url_sqlite());
    wr_store *store;
    weir_failure failure = {0};
    CHECK_OK(wr_store_open(url, 0, &store, NULL));
    CHECK_OK(wr_store_migrate_own(store, 7, NULL));
    CHECK_EQ(wr_timers_each(store, 1, see, NULL, &failure), WEIR_E_UNSUPPORTED);
    CHECK(strstr(failure.sentence, "start its service once"));
    CHECK_EQ(wr_timers_cancel(store, "a", NULL), WEIR_E_UNSUPPORTED);
    wr_store_close(store);
}
