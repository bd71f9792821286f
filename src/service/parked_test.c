/* Events that wait, from one life of the service to the next, and beside what else holds events up. */
#include "core_testing.h"

static weir_status on_thing(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    weir_exec(tx, "INSERT INTO effects (id, key) VALUES (?1, ?2)", WEIR_TEXT(event->id), WEIR_TEXT(event->topic));
    if (f->retries_left[0] > 0) {
        f->retries_left[0]--;
        return weir_retry(tx, "not yet");
    }
    return f->rejects[0] ? weir_reject(tx, "all of them") : weir_tx_status(tx);
}

static const weir_handler handlers[] = {
    {.type = "thing.happened", .run = on_thing, .retry = {.max = 4, .base_ms = 100}}, {0}};

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    service->handlers = handlers;
    fixture_restart(f);
    wr_sim_rebalance(f->cluster, "tally");
}

static void turns(fixture *f, int count, int timeout_ms)
{
    for (int i = 0; i < count; i++)
        CHECK_OK(wr_core_turn(f->core, timeout_ms, &f->failure));
}

TEST(an_event_that_was_parked_under_another_prefix_is_handled_with_its_topic)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.retries_left[0] = 1;
    fixture_happen(&f, "a", 1);
    turns(&f, 3, 0);
    CHECK_EQ(COUNT(&f, "weir_parked"), 1);
    f.options.topic_prefix = "a-prefix-longer-than-the-topic-was.";
    fixture_restart(&f);
    turns(&f, 5, 100);
    CHECK_EQ(COUNT(&f, "weir_parked"), 0);
    CHECK_EQ(COUNT(&f, "effects WHERE id = 'id-1' AND key = 'in'"), 1);
    fixture_end(&f);
}

/* A hundred events wait behind one; then the handler rejects all that it is given. */
TEST(a_queue_behind_a_parked_event_is_not_emptied_into_the_dead_letters)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.breaker_rejections = 3;
    f.options.breaker_window = 10;
    f.options.breaker_pause_ms = 5000;
    fixture_restart(&f);
    f.retries_left[0] = 1;
    for (int i = 0; i < 100; i++)
        fixture_happen(&f, "a", i);
    turns(&f, 3, 0);
    CHECK_EQ(COUNT(&f, "weir_parked"), 100);
    f.rejects[0] = true;
    turns(&f, 20, 100);
    CHECK_EQ(COUNT(&f, "weir_parked"), 97);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 3);

    /* after each pause one of them is tried */
    turns(&f, 51, 100);
    CHECK_EQ(COUNT(&f, "weir_parked"), 96);

    /* and when it is taken, all are */
    f.rejects[0] = false;
    turns(&f, 60, 100);
    CHECK_EQ(COUNT(&f, "weir_parked"), 0);
    CHECK_EQ(COUNT(&f, "effects"), 96);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 4);
    fixture_end(&f);
}

/* As some other producer may write it. */
static void append_with_long_header(fixture *f, size_t size, const char *id)
{
    char *name = malloc(size + 1);
    CHECK(name != NULL);
    memset(name, 'x', size);
    name[size] = 0;
    const wr_client_header headers[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                        {"ce_id", weir_slice_of(id)},
                                        {"ce_source", WEIR_SLICE("elsewhere")},
                                        {"ce_type", WEIR_SLICE("thing.happened")},
                                        {name, WEIR_SLICE("long")},
                                        {"empty", WEIR_SLICE("")},
                                        {"null", {0}}};
    wr_client_record record = {.topic = "in",
                               .partition = 0,
                               .key = weir_slice_of(id),
                               .headers = headers,
                               .header_count = sizeof headers / sizeof *headers};
    CHECK_OK(wr_sim_append(f->cluster, &record));
    free(name);
}

TEST(headers_with_names_of_any_length_are_kept_while_their_event_waits_and_in_its_dead_letter)
{
    const size_t sizes[] = {32766, 32767, 32768, 40000, 65534, 65535, 65536, 70000, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fixture f;
        weir_service service;
        begin(&f, &service);
        f.retries_left[0] = 1;
        f.rejects[0] = true;
        append_with_long_header(&f, sizes[i], "id-1");
        turns(&f, 2, 0);
        CHECK_EQ(COUNT(&f, "weir_parked"), 1);
        fixture_restart(&f); /* what is read of it comes from the table */
        wr_sim_hold_appends(f.cluster, true);
        turns(&f, 5, 100);
        CHECK_EQ(COUNT(&f, "weir_parked"), 0);
        CHECK_EQ(COUNT(&f, "weir_outbox"), 1);
        fixture_restart(&f);
        wr_sim_hold_appends(f.cluster, false);
        turns(&f, 5, 100);
        CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 1);
        int32_t p = wr_sim_end(f.cluster, "tally.dlq", 0) ? 0 : 1;
        const wr_client_record *letter = wr_sim_record(f.cluster, "tally.dlq", p, 0);
        CHECK_EQ(strlen(letter->headers[4].name), sizes[i]);
        CHECK(weir_slice_equal(letter->headers[4].value, WEIR_SLICE("long")));
        CHECK_STR(letter->headers[5].name, "empty");
        CHECK(letter->headers[5].value.data && letter->headers[5].value.size == 0);
        CHECK_STR(letter->headers[6].name, "null");
        CHECK(!letter->headers[6].value.data);
        fixture_end(&f);
    }
}

TEST(even_the_shortest_delay_is_one)
{
    static const weir_handler hasty[] = {
        {.type = "thing.happened", .run = on_thing, .retry = {.max = 10, .base_ms = 1, .max_ms = 1}}, {0}};
    fixture f;
    weir_service service;
    begin(&f, &service);
    service.handlers = hasty;
    fixture_restart(&f);
    f.retries_left[0] = 5;
    fixture_happen(&f, "a", 1);
    turns(&f, 50, 0); /* no time passes */
    CHECK_EQ(f.retries_left[0], 4);
    turns(&f, 20, -1);
    CHECK_EQ(f.retries_left[0], 0);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    fixture_end(&f);
}
