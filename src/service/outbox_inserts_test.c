/* Rows that other programs insert into a service's database become events, each once and in order. */
#include "core_int.h"
#include "outbox_admin.h"
#include "outbox_testing.h"

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    f->options.insert_poll_ms = 500;
    fixture_rejoin(f);
    fixture_turns(f, 2);
}

static void insert(fixture *f, const char *columns, const char *values)
{
    char sql[12000];
    CHECK(snprintf(sql, sizeof sql, "INSERT INTO weir_outbox_inserts (%s) VALUES (%s)", columns, values) <
          (int)sizeof sql);
    fixture_exec(f->database, sql);
}

static void order(fixture *f, const char *key, int n)
{
    char values[200];
    snprintf(values, sizeof values, "'thing', '%s', 'thing.counted', '{\"n\":%d}'", key, n);
    insert(f, "aggregatetype, aggregateid, type, payload", values);
}

static void turns(fixture *f, int count)
{
    fixture_turns_ms(f, count, 1000);
}

static const wr_client_record *only_record(fixture *f, const char *topic, int32_t *ret_partition)
{
    CHECK_EQ(wr_sim_count(f->cluster, topic), 1);
    *ret_partition = wr_sim_end(f->cluster, topic, 0) ? 0 : 1;
    return wr_sim_record(f->cluster, topic, *ret_partition, 0);
}

TEST(one_insert_with_debeziums_columns_is_an_event_on_the_topic_of_the_service)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    order(&f, "a", 7);
    turns(&f, 3);
    int32_t p;
    const wr_client_record *record = only_record(&f, "out", &p);
    CHECK(weir_slice_equal(record->key, WEIR_SLICE("a")));
    CHECK(weir_slice_equal(record->value, WEIR_SLICE("{\"n\":7}")));
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_type"), "thing.counted");
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_subject"), "a");
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_source"), "tally");
    CHECK_STR(fixture_header(&f, "out", p, 0, "content-type"), "application/json");
    CHECK_STR(fixture_header(&f, "out", p, 0, "weir-outbox-sequence"), "1");
    char id[WR_UUID_TEXT_SIZE];
    wr_event_derive_id(wr_core_outbox_id(f.core), "1", 0, id);
    CHECK_STR(fixture_header(&f, "out", p, 0, "ce_id"), id);
    turns(&f, 3);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts") + COUNT(&f, "weir_outbox"), 0);
    fixture_end(&f);
}

#define ROW                                                                                                            \
    "'{\"tenant\":\"t1\",\"weight\":1.50,\"hot\":true,\"none\":null}', '/shop', 3, 'image/png', 'order', '17',"        \
    " 'order.placed', 'orders'"

/* Bytes are possible where a column takes any value, and only text on a server. */
TEST(every_column_reaches_the_record)
{
    const bool is_text = fixture_is_on_server();
    const weir_slice key = is_text ? WEIR_SLICE("k") : (weir_slice){(const uint8_t *)"\0\xff", 2};
    const weir_slice value = is_text ? WEIR_SLICE("whole") : (weir_slice){(const uint8_t *)"\0\x01\xff", 3};
    fixture f;
    weir_service service;
    begin(&f, &service);
    insert(&f, "headers, source, version, datacontenttype, aggregatetype, aggregateid, type, topic, id, payload, key",
           is_text ? ROW ", '00112233-4455-6677-8899-aabbccddeeff', 'whole', 'k'"
                   : ROW ", x'00112233445566778899aabbccddeeff', x'0001ff', x'00ff'");
    turns(&f, 3);
    int32_t p;
    const wr_client_record *record = only_record(&f, "orders", &p);
    CHECK(weir_slice_equal(record->key, key));
    CHECK(weir_slice_equal(record->value, value));
    const char *const wanted[][2] = {{"ce_id", "00112233-4455-6677-8899-aabbccddeeff"},
                                     {"ce_type", "order.placed"},
                                     {"ce_source", "/shop"},
                                     {"ce_subject", "17"},
                                     {"ce_dataversion", "3"},
                                     {"content-type", "image/png"},
                                     {"tenant", "t1"},
                                     {"weight", "1.50"},
                                     {"hot", "true"},
                                     {"none", ""}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        CHECK_STR(fixture_header(&f, "orders", p, 0, wanted[i][0]), wanted[i][1]);
    fixture_end(&f);
}

TEST(topics_follow_the_aggregate_where_the_settings_say_so)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.insert_topic = "outbox.event.${aggregatetype}";
    f.options.topic_prefix = "p.";
    fixture_rejoin(&f);
    order(&f, "a", 1);
    insert(&f, "aggregateid, type", "'a', 'thing.counted'"); /* no aggregate, no topic */
    insert(&f, "id, topic, type", "'mine', 'elsewhere', 'thing.gone'");
    turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "p.outbox.event.thing"), 1);
    int32_t p;
    const wr_client_record *record = only_record(&f, "p.elsewhere", &p);
    CHECK(!record->key.data && !record->value.data);
    CHECK_STR(fixture_header(&f, "p.elsewhere", p, 0, "ce_id"), "mine");
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts WHERE state = 1 AND reason LIKE '%neither topic nor aggregatetype%'"), 1);
    fixture_end(&f);
}

TEST(an_inserted_row_comes_before_what_is_emitted_after_it_and_behind_what_was_before)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 2);
    order(&f, "a", 2);
    order(&f, "a", 3);
    fixture_happen(&f, "a", 4);
    fixture_turns(&f, 2); /* no time passes: the batch has brought them along */
    char numbers[OUT_TEXT_SIZE];
    CHECK_EQ(list_out(&f, numbers), 4);
    CHECK_STR(numbers, "{\"n\":1} {\"n\":2} {\"n\":3} {\"n\":4} ");
    fixture_end(&f);
}

/* With one more value of so many zeros; below 0: of bytes, where a column takes them. */
static void insert_with(fixture *f, const char *columns, const char *values, int size)
{
    char all[11000];
    if (size < 0 && !fixture_is_on_server())
        snprintf(all, sizeof all, "%s, zeroblob(%d)", values, -size);
    else if (size)
        snprintf(all, sizeof all, "%s, '%0*d'", values, abs(size), 0);
    else
        snprintf(all, sizeof all, "%s", values);
    insert(f, columns, all);
}

static void list_bad(void *user, const wr_outbox_item *item)
{
    char *text = user;
    snprintf(text + strlen(text), 3000 - strlen(text), "%s %lld: %s\n", item->state, (long long)item->number,
             item->reason);
}

TEST(rows_that_cannot_be_published_are_set_aside_with_a_reason_and_hold_nothing_up)
{
    enum { MESSAGE_MAX = 2000 };
    const struct {
        const char *columns, *values;
        int size; /* of one more value */
        const char *reason;
    } bad[] = {
        {"aggregateid", "'a'", 0, "type"},
        {"type, topic", "'t', 'two words'", 0, "name of a topic"},
        {"type, headers", "'t', 'no json'", 0, "bad JSON"},
        {"type, headers", "'t', '[1]'", 0, "bad JSON"},
        {"type, headers", "'t', '{\"a\":{}}'", 0, "expected a text"},
        {"type, headers", "'t', '{\"ce_id\":\"x\"}'", 0, "s to write"},
        {"type, headers", "'t', '{\"weir-outbox-id\":\"x\"}'", 0, "s to write"},
        {"type, payload", "'t'", -(MESSAGE_MAX + 1), "2001 bytes is beyond message.size.max, 2000"},
        {"type, payload", "'t'", -(MESSAGE_MAX - 10), "beyond message.size.max"},
        {"type, version", "'t', -1", 0, "is no version"},
        {"type, topic", "'t'", 2000, "too long"},
        {"type, id", "'t', ''", 0, "id"},
        {"type, id", fixture_is_on_server() ? "'t', '\x01'" : "'t', x'ff'", 0, "id"},
        {"type, headers", "'t'", 10000, "headers are beyond"},
    };
    enum { BAD = sizeof bad / sizeof *bad };
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.message_size_max = MESSAGE_MAX;
    fixture_rejoin(&f);
    for (size_t i = 0; i < BAD; i++)
        insert_with(&f, bad[i].columns, bad[i].values, bad[i].size);
    order(&f, "a", 1);
    turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), BAD);
    for (size_t i = 0; i < BAD; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "SELECT count(*) FROM weir_outbox_inserts WHERE number = %zu AND state = 1 AND reason LIKE '%%%s%%'",
                 i + 1, bad[i].reason);
        if (fixture_number(f.database, sql) != 1)
            fail_msg("row %zu is not set aside for '%s'", i + 1, bad[i].reason);
    }
    fixture_check_health(&f, true, "14 rows that other programs inserted cannot be published");

    char items[3000] = "";
    wr_store *store = as_operator(&f);
    CHECK_OK(wr_outbox_each(store, list_bad, items, NULL));
    CHECK(strstr(items, "bad 3: bad JSON"));
    CHECK_OK(wr_store_exec(store, "UPDATE weir_outbox_inserts SET headers = '{}' WHERE number = 3", NULL, NULL));
    CHECK_OK(wr_outbox_inserts_requeue(store, 3, NULL));
    CHECK_EQ(wr_outbox_inserts_requeue(store, 3, NULL), WEIR_E_NOT_FOUND);
    CHECK_OK(wr_outbox_inserts_remove(store, 4, NULL));
    CHECK_EQ(wr_outbox_inserts_remove(store, 4, NULL), WEIR_E_NOT_FOUND);
    wr_store_close(store);
    turns(&f, 3);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 2);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), BAD - 2);
    wr_sim_advance_ms(f.machine, 1000);
    turns(&f, 2);
    CHECK_EQ(atomic_load(&f.core->numbers.inserts_bad), BAD - 2);
    fixture_restart(&f);
    CHECK_EQ(atomic_load(&f.core->numbers.inserts_bad), BAD - 2);
    fixture_end(&f);
}

static void list_topics(void *user, const wr_outbox_lag *lag)
{
    char *text = user;
    snprintf(text + strlen(text), 300 - strlen(text), "%s %lld+%lld, ", lag->topic, (long long)lag->waiting,
             (long long)lag->refused);
}

TEST(an_operator_sees_how_much_waits_and_each_row_whole)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    wr_sim_refuse(f.cluster, "out", 1);
    fixture_happen(&f, "a", 1);
    fixture_turns(&f, 3);
    wr_sim_hold_appends(f.cluster, true);
    fixture_happen(&f, "b", 2);
    fixture_turns(&f, 2);
    insert(&f, "type, topic, headers", "'t', 'x', 'no object'");
    turns(&f, 1);
    f.options.insert_poll_ms = 0;
    fixture_restart(&f);
    order(&f, "c", 3);

    wr_store *store;
    wr_outbox_status status;
    wr_outbox_row row;
    char topics[300] = "";
    weir_arena *arena = weir_arena_new(1 << 20);
    CHECK_OK(wr_store_open(f.database, WR_STORE_READ_ONLY, &store, NULL));
    CHECK_OK(wr_outbox_status_of(store, &status, NULL));
    CHECK_STR(status.id, wr_core_outbox_id(f.core));
    CHECK_EQ(status.last_number, 3); /* the refused one has a new number since the start */
    CHECK_EQ(status.waiting, 2);
    CHECK(status.oldest_ms > 0);
    CHECK_EQ(status.refused + status.behind + status.set_aside + status.to_set_aside, 0);
    CHECK_EQ(status.inserted, 1);
    CHECK_EQ(status.bad, 1);
    CHECK_OK(wr_outbox_each_topic(store, list_topics, topics, NULL));
    CHECK_STR(topics, "out 2+0, ");

    CHECK_OK(wr_outbox_find(store, WR_OUTBOX_ROWS, 3, arena, &row, NULL));
    CHECK_STR(row.state, "to be published");
    CHECK(weir_slice_equal(row.record.key, WEIR_SLICE("a")) &&
          weir_slice_equal(row.record.value, WEIR_SLICE("{\"n\":1}")));
    CHECK(wr_event_header_find(row.record.headers, row.record.header_count, "ce_id"));
    CHECK_OK(wr_outbox_find(store, WR_OUTBOX_INSERTS, 1, arena, &row, NULL));
    CHECK_STR(row.state, "bad");
    CHECK(strstr(row.reason, "bad JSON"));
    CHECK_STR(row.record.headers[0].name, "headers");
    CHECK_OK(wr_outbox_find(store, WR_OUTBOX_INSERTS, 2, arena, &row, NULL));
    CHECK_STR(row.state, "to be taken");
    CHECK(weir_slice_equal(row.record.key, WEIR_SLICE("c")) && !row.record.header_count);
    for (wr_outbox_place place = WR_OUTBOX_ROWS; place <= WR_OUTBOX_INSERTS; place++)
        CHECK_EQ(wr_outbox_find(store, place, 77, arena, &row, NULL), WEIR_E_NOT_FOUND);
    weir_arena_free(arena);
    wr_store_close(store);
    fixture_end(&f);
}

TEST(an_idle_service_looks_rarely_and_a_busy_one_often_and_never_more_rarely_than_it_is_told)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    turns(&f, 20);
    f.waited_ms = 0;
    int64_t start_ms = fixture_now_ms(&f);
    fixture_turns_ms(&f, 10, 60000);
    CHECK(f.waited_ms <= 500);
    CHECK(fixture_now_ms(&f) - start_ms >= 4000);
    order(&f, "a", 1);
    turns(&f, 2);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 1);
    f.waited_ms = 0;
    CHECK_OK(wr_core_turn(f.core, 60000, &f.failure));
    CHECK(f.waited_ms <= 50); /* somebody is at work */
    f.options.insert_poll_ms = 0;
    fixture_rejoin(&f);
    fixture_turns(&f, 3);
    order(&f, "a", 2);
    turns(&f, 5);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 1);
    fixture_end(&f);
}

TEST(more_rows_than_one_transaction_takes_are_published_before_what_is_read_meanwhile)
{
    enum { ROWS = 25000 };
    fixture f;
    weir_service service;
    begin(&f, &service);
    fixture_exec(f.database, "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)"
                             " INSERT INTO weir_outbox_inserts (aggregateid, type, payload)"
                             " SELECT 'a', CASE i WHEN 20000 THEN NULL ELSE 'thing.counted' END, '{\"n\":0}' FROM n");
    turns(&f, 1);
    fixture_happen(&f, "a", 1);
    turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), ROWS);
    int32_t p = wr_sim_end(f.cluster, "out", 0) ? 0 : 1;
    const wr_client_record *last = wr_sim_record(f.cluster, "out", p, ROWS - 1);
    CHECK(weir_slice_equal(last->value, WEIR_SLICE("{\"n\":1}")));
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 1);
    fixture_end(&f);
}

TEST(a_full_outbox_takes_no_rows_until_it_has_room)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.outbox_max = 5;
    fixture_rejoin(&f);
    wr_sim_hold_appends(f.cluster, true);
    for (int i = 0; i < 8; i++)
        order(&f, "a", i);
    turns(&f, 3);
    for (int i = 8; i < 12; i++)
        order(&f, "a", i);
    turns(&f, 5);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 4);
    wr_sim_hold_appends(f.cluster, false);
    turns(&f, 8);
    CHECK_EQ(COUNT(&f, "weir_outbox_inserts"), 0);
    CHECK_EQ(wr_sim_count(f.cluster, "out"), 12);
    fixture_end(&f);
}

TEST(a_process_that_ends_at_any_step_publishes_each_inserted_row_once_for_its_readers_and_in_order)
{
    int step = 0;
    for (bool has_ended = true; has_ended; step++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        f.options.batch_max = 2;
        fixture_rejoin(&f);
        f.crash_calls = 0;
        f.crash_at = step;
        has_ended = false;
        int n = 0;
        for (int i = 0; i < 24; i++) {
            if (i < 12)
                order(&f, "a", n++);
            if (i % 3 == 0 && i < 12)
                fixture_happen(&f, "a", 100 + i);
            wr_sim_hold_acks(f.cluster, i % 3 == step % 3);
            if (wr_core_turn(f.core, 50, &f.failure) == WEIR_OK)
                continue;
            has_ended = true;
            fixture_restart(&f);
        }
        f.crash_at = -1;
        wr_sim_hold_acks(f.cluster, false);
        turns(&f, 8);
        CHECK_EQ(COUNT(&f, "weir_outbox_inserts") + COUNT(&f, "weir_outbox"), 0);
        fixture audit;
        weir_service audit_service;
        audit_begin(&audit, &audit_service, &f);
        fixture_turns(&audit, 20);
        fixture_check_once(&audit, 12 + 4);
        char number[24], id[WR_UUID_TEXT_SIZE], sql[200];
        for (int64_t i = 1, before = 0, at; i <= 12; i++, before = at) { /* ids are made of the numbers */
            snprintf(number, sizeof number, "%" PRId64, i);
            wr_event_derive_id(wr_core_outbox_id(f.core), number, 0, id);
            snprintf(sql, sizeof sql, "SELECT at FROM effects WHERE id = '%s'", id);
            at = fixture_number(audit.database, sql);
            CHECK(at > before);
        }
        audit_end(&audit);
        fixture_end(&f);
    }
    CHECK(step > 8);
}
