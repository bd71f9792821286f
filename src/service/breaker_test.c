#include "core_testing.h"

/* A service with two handlers for the topic `in`: thing.happened rejects what the fixture says, other.thing nothing. */
static weir_status on_other(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return weir_exec(tx, "INSERT INTO effects (id, n) VALUES (?1, -1)", WEIR_TEXT(event->id));
}

static const weir_handler handlers[] = {
    {.type = "thing.happened", .run = on_happened}, {.type = "other.thing", .run = on_other}, {0}};

static void begin(fixture *f, weir_service *service)
{
    fixture_begin(f, service);
    service->handlers = handlers;
    service->consumes = "in,aside";
    f->options.breaker_rejections = 3;
    f->options.breaker_window = 10;
    f->options.breaker_pause_ms = 5000;
    f->options.batch_max = 100;
    fixture_restart(f);
}

static void send(fixture *f, const char *topic, const char *type, int n)
{
    char id[32], data[32];
    snprintf(id, sizeof id, "%s-%d", type, n);
    snprintf(data, sizeof data, "{\"n\":%d}", n);
    const wr_client_header headers[] = {{"ce_specversion", WEIR_SLICE("1.0")},
                                        {"ce_id", weir_slice_of(id)},
                                        {"ce_source", WEIR_SLICE("elsewhere")},
                                        {"ce_type", weir_slice_of(type)},
                                        {"content-type", WEIR_SLICE("application/json")}};
    wr_client_record record = {.topic = topic,
                               .partition = 0,
                               .value = weir_slice_of(data),
                               .headers = headers,
                               .header_count = sizeof headers / sizeof *headers};
    CHECK_OK(wr_sim_append(f->cluster, &record));
}

static const char *health(fixture *f)
{
    static char text[2000];
    wr_buf out;
    wr_buf_init(&out, sizeof text);
    (void)wr_core_health(f->core, &out);
    snprintf(text, sizeof text, "%.*s", (int)out.size, (const char *)out.data);
    wr_buf_fini(&out);
    return text;
}

TEST(a_handler_that_rejects_everything_empties_no_topic)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int i = 0; i < 64; i++)
        f.rejects[i] = true;
    for (int i = 0; i < 40; i++)
        send(&f, "in", "thing.happened", i);
    fixture_turns(&f, 5);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 3);
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE topic = 'in' AND next_offset = 3"), 1);
    CHECK(strstr(health(&f), "\"paused\":[\"in\"]") && strstr(health(&f), "\"degraded\":true"));

    send(&f, "aside", "other.thing", 1); /* other topics go on */
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);

    wr_sim_advance_ms(f.machine, 5000); /* one is tried, and decides */
    fixture_turns(&f, 5);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 4);
    wr_sim_advance_ms(f.machine, 4999);
    fixture_turns(&f, 5);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 4);

    for (int i = 0; i < 64; i++) /* mended, in the same process: say, a row that was missing is there now */
        f.rejects[i] = false;
    wr_sim_advance_ms(f.machine, 1);
    fixture_turns(&f, 8);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 4);
    CHECK_EQ(COUNT(&f, "effects WHERE n >= 0"), 36);
    CHECK_EQ(COUNT(&f, "(SELECT DISTINCT id FROM effects WHERE n >= 0) AS d"), 36);
    CHECK(!strstr(health(&f), "paused"));
    fixture_end(&f);
}

TEST(rejections_now_and_then_pause_nothing)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int i = 0; i < 60; i++) {
        f.rejects[i % 64] = i % 5 == 0; /* two in ten */
        send(&f, "in", "thing.happened", i);
    }
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 12);
    CHECK_EQ(COUNT(&f, "effects"), 48);
    fixture_end(&f);
}

TEST(a_handlers_rejections_are_told_from_anothers_success)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int i = 0; i < 64; i++)
        f.rejects[i] = true;
    for (int i = 0; i < 50; i++)
        send(&f, "in", i % 10 == 0 ? "thing.happened" : "other.thing", i);
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 3); /* the third, at offset 20 */
    CHECK_EQ(COUNT(&f, "weir_inbox WHERE topic = 'in' AND next_offset = 21"), 1);
    fixture_end(&f);
}

TEST(a_topic_of_something_else_is_not_emptied_into_the_dead_letters)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int i = 0; i < 30; i++)
        CHECK_OK(wr_sim_append(
            f.cluster, &(wr_client_record){.topic = "in", .partition = 0, .value = WEIR_SLICE("\x00\x00 not ours")}));
    fixture_turns(&f, 5);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 3);
    fixture_end(&f);
}

TEST(what_was_held_is_still_held_after_a_rebalance_and_read_after_a_restart)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int i = 0; i < 64; i++)
        f.rejects[i] = true;
    for (int i = 0; i < 20; i++)
        send(&f, "in", "thing.happened", i);
    fixture_turns(&f, 5);
    wr_sim_rebalance(f.cluster, "tally");
    fixture_turns(&f, 5);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 3);
    for (int i = 0; i < 64; i++)
        f.rejects[i] = false;
    fixture_restart(&f);
    fixture_turns(&f, 6);
    CHECK_EQ(COUNT(&f, "effects"), 17);
    fixture_end(&f);
}

TEST(attempts_that_are_used_up_count_as_rejections)
{
    fixture f;
    weir_service service;
    static const weir_handler impatient[] = {{.type = "thing.happened", .run = on_happened, .retry = {.max = 1}}, {0}};
    begin(&f, &service);
    service.handlers = impatient;
    fixture_restart(&f);
    for (int i = 0; i < 64; i++)
        f.retries_left[i] = 100;
    for (int i = 0; i < 20; i++)
        send(&f, "in", "thing.happened", i);
    fixture_turns(&f, 6);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 3);
    fixture_end(&f);
}

TEST(a_topic_that_is_deleted_while_it_is_paused_ends_nothing)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    for (int i = 0; i < 3; i++) {
        f.rejects[i] = true;
        send(&f, "in", "thing.happened", i);
    }
    fixture_turns(&f, 5);
    CHECK(strstr(health(&f), "\"paused\":[\"in\"]"));
    CHECK_OK(wr_admin_delete_topic(f.client, "in", 1000, NULL));
    wr_sim_advance_ms(f.machine, 5001);
    fixture_turns(&f, 2);
    send(&f, "aside", "other.thing", 1);
    fixture_turns(&f, 4);
    CHECK_EQ(COUNT(&f, "effects"), 1);
    fixture_end(&f);
}

TEST(a_breaker_may_be_off)
{
    fixture f;
    weir_service service;
    begin(&f, &service);
    f.options.breaker_rejections = -1;
    fixture_restart(&f);
    for (int i = 0; i < 64; i++)
        f.rejects[i] = true;
    for (int i = 0; i < 40; i++)
        send(&f, "in", "thing.happened", i);
    fixture_turns(&f, 5);
    CHECK_EQ(wr_sim_count(f.cluster, "tally.dlq"), 40);
    fixture_end(&f);
}
