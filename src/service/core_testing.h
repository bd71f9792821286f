/* For this room's tests: a service that tallies, on a simulated cluster, a virtual clock and a real database.
 *
 * "tally" consumes `in` and produces `out`. Its handler of thing.happened writes the event's id and number into
 * `effects` and emits thing.counted; the subject is the key. What else it does stands in `plan`, by number. */
#ifndef WR_CORE_TESTING_H
#define WR_CORE_TESTING_H

#include "test.h"

#include <event/event.h>
#include <event/kafka.h>
#include <service/core.h>
#include <testing/client/sim.h>
#include <testing/io/sim.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct fixture {
    wr_sim *machine;
    wr_sim_cluster *cluster;
    wr_client *client;
    char database[300];
    int retries_left[64];        /* by number: how often to ask for a retry first */
    bool rejects[64], fatal[64]; /* by number */
    wr_core_options options;
    wr_core *core;
    weir_failure failure;
    int crash_at, crash_calls; /* the crash_at-th call of the hook says crash; -1 never */
    int64_t waited_ms;         /* longest wait that a poll asked for */
} fixture;

typedef struct thing {
    int64_t n;
} thing;

static const weir_json_field thing_fields[] = {{"n", WEIR_JSON_INT, offsetof(thing, n), .required = true}, {0}};

static weir_status on_happened(weir_tx *tx, const weir_event *event, void *user)
{
    fixture *f = user;
    thing it;
    if (weir_decode(tx, event, thing_fields, &it) != WEIR_DONE)
        return weir_tx_status(tx);
    weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES (?1, ?2, ?3)", WEIR_TEXT(event->id), WEIR_INT(it.n),
              WEIR_TEXT(event->subject));
    weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = event->subject, .data = event->data});
    if (f->retries_left[it.n % 64] > 0) {
        f->retries_left[it.n % 64]--;
        return weir_retry(tx, "not yet");
    }
    if (f->rejects[it.n % 64])
        return weir_reject(tx, "number %d is bad", (int)it.n);
    return f->fatal[it.n % 64] ? WEIR_FATAL : weir_tx_status(tx);
}

static weir_status on_counted(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    return weir_exec(tx, "INSERT INTO effects (id, n, key) VALUES (?1, ?2, ?3)", WEIR_TEXT(event->id), WEIR_INT(0),
                     WEIR_TEXT(event->subject));
}

static const char *const tally_migrations[] = {
    "CREATE TABLE effects (at INTEGER PRIMARY KEY, id TEXT, n INTEGER, key TEXT)", NULL};
static const weir_handler tally_handlers[] = {
    {.type = "thing.happened", .run = on_happened, .retry = {.max = 4, .base_ms = 100}},
    {.type = "thing.tried", .version = 3, .run = on_happened},
    {0}};
static const weir_handler audit_handlers[] = {{.type = "thing.counted", .run = on_counted}, {0}};

static int64_t fixture_now_ms(void *clock)
{
    fixture *f = clock;
    return wr_now_ms(wr_sim_io(f->machine));
}

static void fixture_wait(void *user, int timeout_ms)
{
    fixture *f = user;
    if (timeout_ms > f->waited_ms)
        f->waited_ms = timeout_ms;
    wr_sim_advance_ms(f->machine, timeout_ms < 0 ? 60000 : timeout_ms);
}

static bool fixture_crash(void *user, const char *where)
{
    fixture *f = user;
    (void)where;
    return f->crash_calls++ == f->crash_at;
}

static inline void fixture_start(fixture *f)
{
    CHECK_OK(wr_core_new(&f->options, &f->core, &f->failure));
}

/* A new file name in the one directory of this program. */
static inline void fixture_database(fixture *f)
{
    static const char *directory;
    static int count;
    if (!directory)
        directory = test_directory();
    snprintf(f->database, sizeof f->database, "%s/%d.db", directory, count++);
}

static inline void fixture_begin(fixture *f, weir_service *service)
{
    memset(f, 0, sizeof *f);
    f->crash_at = -1;
    f->machine = wr_sim_new(7);
    f->cluster = wr_sim_cluster_new(&(wr_sim_options){
        .seed = 1, .auto_create = 2, .now_ms = fixture_now_ms, .clock = f, .wait = fixture_wait, .wait_user = f});
    f->client = wr_sim_client_new(f->cluster);
    fixture_database(f);
    *service = (weir_service){.name = "tally",
                              .consumes = "in",
                              .produces = "out",
                              .migrations = tally_migrations,
                              .handlers = tally_handlers,
                              .user = f};
    f->options = (wr_core_options){.service = service,
                                   .database = f->database,
                                   .store_flags = WR_STORE_NOT_DURABLE,
                                   .client = f->client,
                                   .io = wr_sim_io(f->machine),
                                   .crash = fixture_crash,
                                   .crash_user = f};
    fixture_start(f);
}

static inline void fixture_restart(fixture *f)
{
    wr_core_free(f->core);
    f->core = NULL;
    fixture_start(f);
}

/* Restarts with the options as they are now, and has the partitions back at once. */
static inline void fixture_rejoin(fixture *f)
{
    fixture_restart(f);
    wr_sim_rebalance(f->cluster, "tally");
}

static inline void fixture_end(fixture *f)
{
    wr_core_free(f->core);
    wr_client_free(f->client);
    wr_sim_cluster_free(f->cluster);
    wr_sim_free(f->machine);
}

static inline void fixture_turns(fixture *f, int count)
{
    for (int i = 0; i < count; i++)
        CHECK_OK(wr_core_turn(f->core, 0, &f->failure));
}

/* Append an event to `in`, as a producer that is not weir. */
static inline void fixture_happen(fixture *f, const char *key, int n)
{
    char id[32], data[32];
    snprintf(id, sizeof id, "id-%d", n);
    snprintf(data, sizeof data, "{\"n\":%d}", n);
    weir_event event = {.id = id,
                        .source = "elsewhere",
                        .type = "thing.happened",
                        .subject = key,
                        .datacontenttype = "application/json",
                        .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                        .data = weir_slice_of(data)};
    weir_arena *arena = weir_arena_new(1 << 20);
    wr_event_record encoded;
    CHECK_OK(wr_event_encode_kafka(&event, NULL, 0, arena, &encoded, NULL));
    wr_client_record record = {.topic = "in",
                               .partition = -1,
                               .key = encoded.key,
                               .value = encoded.value,
                               .headers = encoded.headers,
                               .header_count = encoded.header_count};
    CHECK_OK(wr_sim_append(f->cluster, &record));
    weir_arena_free(arena);
}

static inline int64_t fixture_number(const char *database, const char *sql)
{
    wr_store *store;
    wr_statement *statement;
    CHECK_OK(wr_store_open(database, WR_STORE_READ_ONLY, &store, NULL));
    CHECK_OK(wr_store_prepare(store, sql, NULL, &statement, NULL));
    CHECK_OK(wr_statement_next(statement, NULL));
    int64_t n = wr_statement_int(statement, 0);
    wr_statement_done(statement);
    wr_store_close(store);
    return n;
}

static inline void fixture_exec(const char *database, const char *sql)
{
    wr_store *store;
    CHECK_OK(wr_store_open(database, WR_STORE_NOT_DURABLE, &store, NULL));
    CHECK_OK(wr_store_script(store, sql, NULL));
    wr_store_close(store);
}

#define COUNT(f, sql) fixture_number((f)->database, "SELECT count(*) FROM " sql)

/* The text of a header of a record in the cluster; "" when absent. */
static inline const char *fixture_header(fixture *f, const char *topic, int32_t partition, int64_t offset,
                                         const char *name)
{
    static char text[4][300];
    static int turn;
    const wr_client_record *record = wr_sim_record(f->cluster, topic, partition, offset);
    CHECK(record != NULL);
    const wr_client_header *header = wr_event_header_find(record->headers, record->header_count, name);
    char *to = text[turn++ % 4];
    snprintf(to, sizeof text[0], "%.*s", header ? (int)header->value.size : 0,
             header ? (const char *)header->value.data : "");
    return to;
}

/* Everything on `topic`, record by record: calls each(user, partition, offset). */
static inline int fixture_each(fixture *f, const char *topic, void (*each)(fixture *f, int32_t, int64_t, void *),
                               void *user)
{
    int count = 0;
    for (int32_t p = 0; p < 2; p++)
        for (int64_t o = 0; o < wr_sim_end(f->cluster, topic, p); o++, count++)
            each(f, p, o, user);
    return count;
}

#endif
