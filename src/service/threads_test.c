/* A service with both its threads: the test's own runs the database side, the core's the Kafka side, and a third one is
 * the world, which writes, rebalances and breaks things. Real clocks, real threads; what is checked holds in every order
 * in which they come. */
#include "core_int.h"
#include "core_testing.h"

#include <sched.h>

enum { EVENT_COUNT = 400, PATIENCE_MS = 120000 };

typedef struct world {
    fixture f;
    weir_service service;
    wr_io *io;
    pthread_t thread;
    void (*act)(struct world *world, int step); /* before each event is written; with the cluster's lock held */
    int event_count;
    uint64_t random;
    atomic_int crash_calls, crash_at;
    int64_t deadline_us;
} world;

static bool crash_now(void *user, const char *where)
{
    world *world = user;
    (void)where;
    return atomic_fetch_add(&world->crash_calls, 1) == atomic_load(&world->crash_at);
}

static void start_core(world *world)
{
    fixture_start(&world->f);
    CHECK_OK(wr_core_start(world->f.core, &world->f.failure));
}

static void restart_core(world *world)
{
    wr_core_free(world->f.core);
    world->f.core = NULL;
    start_core(world);
}

/* Everything but the threads. */
static void world_begin(world *world, size_t batch_max)
{
    fixture *f = &world->f;
    memset(world, 0, sizeof *world);
    CHECK_OK(wr_io_real_new(&world->io));
    atomic_store(&world->crash_at, -1);
    world->event_count = EVENT_COUNT;
    world->random = 1;
    world->deadline_us = wr_mono_us(world->io) + (int64_t)PATIENCE_MS * 1000;
    f->cluster = wr_sim_cluster_new(&(wr_sim_options){.seed = 1, .auto_create = 2, .jitter = true});
    f->client = wr_sim_shared_client_new(f->cluster);
    fixture_database(f);
    world->service = (weir_service){.name = "tally",
                                    .consumes = "in",
                                    .produces = "out",
                                    .migrations = tally_migrations(),
                                    .handlers = tally_handlers,
                                    .user = f};
    f->options = (wr_core_options){.service = &world->service,
                                   .database = f->database,
                                   .store_flags = WR_STORE_NOT_DURABLE,
                                   .client = f->client,
                                   .io = world->io,
                                   .batch_max = batch_max,
                                   .crash = crash_now,
                                   .crash_user = world};
}

static void world_end(world *world)
{
    wr_core_free(world->f.core);
    wr_client_free(world->f.client);
    wr_sim_cluster_free(world->f.cluster);
    wr_io_free(world->io);
}

static void write_event(world *world, int n)
{
    char key[8];
    snprintf(key, sizeof key, "k%d", n % 7);
    fixture_happen(&world->f, key, n);
}

static void *world_main(void *user)
{
    world *world = user;
    for (int i = 0; i < world->event_count; i++) {
        wr_sim_lock(world->f.cluster);
        if (world->act)
            world->act(world, i);
        write_event(world, i);
        wr_sim_unlock(world->f.cluster);
        if (i % 16 == 0)
            sched_yield();
    }
    return NULL;
}

static bool in_time(const world *world)
{
    return wr_mono_us(world->io) < world->deadline_us;
}

/* Turns until all is handled and nothing is left in the outbox; a core that ends is followed by another. */
static void run_to_the_end(world *world)
{
    fixture *f = &world->f;
    start_core(world);
    CHECK(pthread_create(&world->thread, NULL, world_main, world) == 0);
    while (in_time(world)) {
        if (wr_core_turn(f->core, 20, &f->failure) != WEIR_OK)
            restart_core(world);
        else if (COUNT(f, "effects") == world->event_count && COUNT(f, "weir_outbox") == 0)
            break;
    }
    CHECK(pthread_join(world->thread, NULL) == 0);
    if (!in_time(world))
        fail_msg("%d of %d handled, %d in the outbox", (int)COUNT(f, "effects"), world->event_count,
                 (int)COUNT(f, "weir_outbox"));
}

static void check_order(const char *database, int count)
{
    CHECK_EQ(fixture_number(database, "SELECT count(*) FROM effects"), count);
    CHECK_EQ(fixture_number(database, "SELECT count(DISTINCT id) FROM effects"), count);
    CHECK_EQ(fixture_number(database, "SELECT count(*) FROM effects x JOIN effects y ON x.key = y.key AND x.at < y.at"
                                      " WHERE x.n > y.n"),
             0);
}

/* A second service, on one thread, that consumes `out`: it sees each once and in order, however often it was sent. */
static weir_status on_counted_number(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    thing it;
    if (weir_decode(tx, event, thing_fields, &it) != WEIR_DONE)
        return weir_tx_status(tx);
    return weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES (?1, ?2, ?3)", WEIR_TEXT(event->id), WEIR_INT(it.n),
                     WEIR_TEXT(event->subject));
}

static void check_audit(world *world)
{
    static const weir_handler handlers[] = {{.type = "thing.counted", .run = on_counted_number}, {0}};
    fixture audit = world->f;
    weir_service service = {.name = "audit", .consumes = "out", .migrations = tally_migrations(), .handlers = handlers};
    fixture_database(&audit);
    audit.options.service = &service;
    audit.options.database = audit.database;
    audit.options.crash = NULL;
    audit.core = NULL;
    fixture_start(&audit);
    while (in_time(world) && COUNT(&audit, "effects") < world->event_count)
        CHECK_OK(wr_core_turn(audit.core, 0, &audit.failure));
    fixture_turns(&audit, 5);
    check_order(audit.database, world->event_count);
    wr_core_free(audit.core);
}

TEST(both_threads_handle_and_publish_everything_once_and_in_order)
{
    static const size_t batches[] = {1, 7, 500};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        world world;
        world_begin(&world, batches[i]);
        run_to_the_end(&world);
        check_order(world.f.database, EVENT_COUNT);
        CHECK_EQ(wr_sim_count(world.f.cluster, "out"), EVENT_COUNT);
        CHECK_OK(wr_core_drain(world.f.core, 5000, &world.f.failure));
        int64_t told = 0;
        for (int32_t p = 0; p < 2; p++)
            told += wr_sim_committed(world.f.cluster, "tally", "in", p);
        CHECK_EQ(told, EVENT_COUNT); /* the last word */
        check_audit(&world);
        world_end(&world);
    }
}

static uint64_t random_below(world *world, uint64_t below)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (world->random >> 33) % below;
}

static void rebalance(world *world, int step)
{
    (void)step;
    if (random_below(world, 10) == 0)
        wr_sim_rebalance(world->f.cluster, "tally");
}

TEST(rebalances_while_batches_are_under_way_skip_and_double_nothing)
{
    world world;
    world_begin(&world, 5);
    world.act = rebalance;
    run_to_the_end(&world);
    check_order(world.f.database, EVENT_COUNT);
    wr_buf text;
    wr_buf_init(&text, 1 << 20);
    wr_core_metrics(world.f.core, &text);
    CHECK(strstr(wr_buf_cstr(&text), "weir_inbox_below_position_total{service=\"tally\"} 0\n"));
    CHECK(strstr(wr_buf_cstr(&text), "weir_inbox_duplicates_total{service=\"tally\"} 0\n"));
    wr_buf_fini(&text);
    check_audit(&world);
    world_end(&world);
}

/* Everything that can happen to a cluster. It is whole again at the end. */
static void misfortune(world *world, int step)
{
    wr_sim_cluster *cluster = world->f.cluster;
    if (step == world->event_count - 1) {
        wr_sim_down(cluster, false);
        wr_sim_hold_acks(cluster, false);
        wr_sim_hold_appends(cluster, false);
        return;
    }
    switch (random_below(world, 40)) {
    case 0:
        wr_sim_rebalance(cluster, "tally");
        break;
    case 1:
        wr_sim_break_producers(cluster);
        break;
    case 2:
        wr_sim_down(cluster, random_below(world, 2));
        break;
    case 3:
        wr_sim_hold_acks(cluster, random_below(world, 2));
        break;
    case 4:
        wr_sim_hold_appends(cluster, random_below(world, 2));
        break;
    default:
        break;
    }
}

TEST(a_crash_at_any_step_of_either_thread_neither_loses_nor_doubles_an_effect)
{
    for (int at = 0; at < 60; at += 3) {
        world world;
        world_begin(&world, 9);
        world.event_count = 60;
        world.random = (uint64_t)at;
        world.act = misfortune;
        atomic_store(&world.crash_at, at);
        run_to_the_end(&world);
        check_order(world.f.database, world.event_count);
        check_audit(&world);
        world_end(&world);
    }
}

static size_t read_and_waiting(world *world)
{
    wr_core *core = world->f.core;
    pthread_mutex_lock(&core->lock);
    size_t count = core->handoff.read_count;
    pthread_mutex_unlock(&core->lock);
    return count;
}

TEST(a_stop_with_full_queues_ends_in_time_and_the_next_start_goes_on)
{
    world world;
    world_begin(&world, 10);
    fixture *f = &world.f;
    wr_sim_hold_acks(f->cluster, true); /* the outbox does not get empty either */
    start_core(&world);
    while (in_time(&world) && !atomic_load(&f->core->is_assigned))
        CHECK_OK(wr_core_turn(f->core, 20, &f->failure));
    wr_sim_lock(f->cluster);
    for (int i = 0; i < EVENT_COUNT; i++)
        write_event(&world, i);
    wr_sim_unlock(f->cluster);
    while (in_time(&world) && COUNT(f, "effects") < 20)
        CHECK_OK(wr_core_turn(f->core, 20, &f->failure));
    while (in_time(&world) && read_and_waiting(&world) < 10)
        sched_yield();
    CHECK_EQ(read_and_waiting(&world), 10); /* no more than one batch, however much there is */
    int64_t handled = COUNT(f, "effects"), start_us = wr_mono_us(world.io);
    CHECK_OK(wr_core_drain(f->core, 100, &f->failure));
    CHECK(wr_mono_us(world.io) - start_us < 20000000);
    CHECK_EQ(COUNT(f, "effects"), handled); /* what was only read is left to the next start */
    CHECK_EQ(COUNT(f, "weir_outbox"), handled);
    wr_sim_hold_acks(f->cluster, false);
    restart_core(&world);
    while (in_time(&world) && (COUNT(f, "effects") < EVENT_COUNT || COUNT(f, "weir_outbox")))
        CHECK_OK(wr_core_turn(f->core, 20, &f->failure));
    check_order(f->database, EVENT_COUNT);
    check_audit(&world);
    world_end(&world);
}

TEST(a_handler_that_stops_the_service_stops_both_threads_and_nothing_of_its_batch_is_told)
{
    world world;
    world_begin(&world, 500);
    fixture *f = &world.f;
    start_core(&world);
    while (in_time(&world) && !atomic_load(&f->core->is_assigned))
        CHECK_OK(wr_core_turn(f->core, 20, &f->failure));
    f->fatal[3] = true;
    wr_sim_lock(f->cluster);
    for (int i = 0; i < 8; i++)
        fixture_happen(f, "a", i);
    wr_sim_unlock(f->cluster);
    weir_err err = WEIR_OK;
    while (in_time(&world) && err == WEIR_OK)
        err = wr_core_turn(f->core, 20, &f->failure);
    CHECK(err != WEIR_OK && strstr(f->failure.sentence, "thing.happened"));
    int64_t handled = COUNT(f, "effects"); /* with jitter the first ones may have been a batch of their own */
    CHECK(handled <= 3);
    wr_core_settle(f->core, 20000);
    CHECK_EQ(COUNT(f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_count(f->cluster, "out"), handled);
    wr_core_free(f->core);
    f->core = NULL;
    int64_t told = wr_sim_committed(f->cluster, "tally", "in", 0) + wr_sim_committed(f->cluster, "tally", "in", 1);
    CHECK(told <= handled);
    world_end(&world);
}

/* Commands come from a fourth thread while events flow. */
typedef struct order {
    wr_core_command command; /* first */
    atomic_int *done_count;
} order;

static weir_status run_order(wr_core_command *command, weir_tx *tx)
{
    (void)command;
    return weir_emit(tx, &(weir_event){.type = "thing.ordered", .subject = "order"});
}

static void order_done(wr_core_command *command, weir_status status, const char *reason)
{
    (void)reason;
    CHECK_EQ(status, WEIR_DONE);
    atomic_fetch_add(((order *)command)->done_count, 1);
}

typedef struct customer {
    wr_core *core;
    order orders[50];
} customer;

static void *customer_main(void *user)
{
    customer *customer = user;
    for (int i = 0; i < 50; i++)
        CHECK_OK(wr_core_submit(customer->core, &customer->orders[i].command));
    return NULL;
}

static void answer_commands_while_events_flow(int inserted)
{
    world world;
    char sql[300];
    world_begin(&world, 20);
    fixture *f = &world.f;
    f->options.insert_poll_ms = inserted ? 20 : 0;
    start_core(&world);
    snprintf(sql, sizeof sql,
             "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO weir_outbox_inserts (type, payload) SELECT 'thing.counted', '{\"n\":0}' FROM n",
             inserted);
    while (in_time(&world) && !atomic_load(&f->core->is_assigned))
        CHECK_OK(wr_core_turn(f->core, 20, &f->failure));
    atomic_int done_count = 0;
    weir_arena *arena = weir_arena_new(1 << 20);
    customer customer = {.core = f->core};
    for (int i = 0; i < 50; i++)
        customer.orders[i] =
            (order){.command = {.run = run_order, .done = order_done, .arena = arena}, .done_count = &done_count};
    pthread_t thread;
    CHECK(pthread_create(&world.thread, NULL, world_main, &world) == 0);
    CHECK(pthread_create(&thread, NULL, customer_main, &customer) == 0);
    if (inserted)
        fixture_exec(f->database, sql);
    while (in_time(&world) && (atomic_load(&done_count) < 50 || COUNT(f, "effects") < EVENT_COUNT))
        CHECK_OK(wr_core_turn(f->core, 20, &f->failure));
    CHECK(pthread_join(thread, NULL) == 0 && pthread_join(world.thread, NULL) == 0);
    CHECK_EQ(atomic_load(&done_count), 50);
    CHECK_OK(wr_core_drain(f->core, 5000, &f->failure));
    CHECK_EQ(COUNT(f, "weir_outbox"), 0);
    CHECK_EQ(wr_sim_count(f->cluster, "out"), EVENT_COUNT + 50 + inserted);
    check_order(f->database, EVENT_COUNT);
    weir_arena_free(arena);
    world_end(&world);
}

TEST(commands_are_answered_while_events_flow)
{
    answer_commands_while_events_flow(0);
}

TEST(commands_are_answered_while_events_flow_and_more_rows_are_inserted_than_one_transaction_takes)
{
    answer_commands_while_events_flow(10001);
}

/* ---- timers: what is due wakes a turn that would wait */

static weir_status on_happened_and_later(weir_tx *tx, const weir_event *event, void *user)
{
    weir_after(tx,
               &(weir_timer){.after_ms = 1, .event = &(weir_event){.type = "thing.late", .subject = event->subject}});
    return on_happened(tx, event, user);
}

static const weir_handler later_handlers[] = {
    {.type = "thing.happened", .run = on_happened_and_later}, {.type = "thing.late", .run = on_counted}, {0}};

TEST(timers_come_once_while_the_other_thread_reads_and_cores_end)
{
    world world;
    world_begin(&world, 20);
    world.service.handlers = later_handlers;
    fixture *f = &world.f;
    start_core(&world);
    CHECK(pthread_create(&world.thread, NULL, world_main, &world) == 0);
    for (int turn = 1; in_time(&world); turn++) {
        CHECK_OK(wr_core_turn(f->core, 1000, &f->failure));
        if (turn % 10 == 0 && turn <= 100)
            restart_core(&world);
        if (COUNT(f, "effects") == 2 * EVENT_COUNT && COUNT(f, "weir_timers") == 0 && COUNT(f, "weir_outbox") == 0)
            break;
    }
    CHECK(pthread_join(world.thread, NULL) == 0);
    CHECK(in_time(&world));
    CHECK_EQ(fixture_number(f->database, "SELECT count(DISTINCT id) FROM effects"), 2 * EVENT_COUNT);
    world_end(&world);
}
