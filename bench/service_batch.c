/* Events per second through a service's core, on one thread and with a second one for the Kafka side: real SQLite with
 * fsync, and the simulated cluster, so that only the service side is measured, or a real one, whose client has its own
 * threads and whose broker takes part of the machine. Each event: inbox check, one UPSERT of state, one event emitted
 * through the outbox. The end is when all that was emitted is acknowledged.
 *
 *     service_batch DATABASE_DIRECTORY [EVENTS [BOOTSTRAP_SERVERS]]      prints one line a batch size
 *     service_batch postgres://HOST/DATABASE [EVENTS [BOOTSTRAP_SERVERS]]  the same on a server, a schema a line, which stays
 *
 * Beside the rate stands the time that the thread which handles and commits was on a processor, an event: that does not
 * hang on what else the machine does. */
#include <event/kafka.h>
#include <io/io.h>
#include <service/core.h>
#include <testing/client/sim.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int handled; /* by the one thread that handles; a batch that ends is counted whole, since none is retried */

static weir_status on_event(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    handled++;
    weir_exec(tx, "INSERT INTO tally (key, n) VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET n = tally.n + 1",
              WEIR_TEXT(event->subject));
    return weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = event->subject, .data = event->data});
}

static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_event}, {0}};
static const char *const migrations[] = {"CREATE TABLE tally (key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
                                         NULL};
static const char *const postgres_migrations[] = {"CREATE TABLE tally (key TEXT PRIMARY KEY, n BIGINT NOT NULL)", NULL};
static const weir_service service = {.name = "tally",
                                     .consumes = "in",
                                     .produces = "out",
                                     .migrations = migrations,
                                     .postgres_migrations = postgres_migrations,
                                     .handlers = handlers};

static void must(weir_err err, const weir_failure *failure)
{
    if (err == WEIR_OK)
        return;
    fprintf(stderr, "%s: %s\n", weir_err_name(err), failure->sentence);
    exit(1);
}

typedef struct cluster {
    wr_sim_cluster *sim; /* NULL: a real one */
    wr_client *client;
    wr_producer *producer; /* of a real one */
    char prefix[40];
} cluster;

static void ignore(void *user, const wr_delivery *delivery)
{
    (void)user;
    if (delivery->err != WEIR_OK) {
        fprintf(stderr, "filling: %s\n", delivery->reason);
        exit(1);
    }
}

static void put(cluster *cluster, const wr_client_record *record)
{
    weir_failure failure = {0};
    if (cluster->sim) {
        must(wr_sim_append(cluster->sim, record), &failure);
        return;
    }
    weir_err err;
    while ((err = wr_producer_send(cluster->producer, record, NULL)) == WEIR_E_AGAIN)
        wr_producer_poll(cluster->producer, 10, ignore, NULL);
    must(err, &failure);
}

static void fill(cluster *cluster, int count)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    char id[40], key[40], number[24], floor[24], topic[60];
    weir_failure failure = {0};
    snprintf(topic, sizeof topic, "%sin", cluster->prefix);
    for (int i = 0; i < count; i++) {
        weir_arena_reset(arena);
        snprintf(id, sizeof id, "0190-%08d-happened", i);
        snprintf(key, sizeof key, "key-%d", i * 7919 % 1000);
        snprintf(number, sizeof number, "%d", i + 1);
        snprintf(floor, sizeof floor, "%d", i > 1500 ? i - 1500 : 1); /* three batches of 500 behind */
        weir_event event = {
            .id = id,
            .source = "bench",
            .type = "thing.happened",
            .subject = key,
            .data = WEIR_SLICE("{\"sku\":\"85123A\",\"quantity\":6,\"price_pence\":255,\"total_pence\":1530}")};
        const wr_event_header extra[] = {{"weir-outbox-id", WEIR_SLICE("2b1c7a50-0000-4000-8000-000000000001")},
                                         {"weir-outbox-sequence", weir_slice_of(number)},
                                         {"weir-outbox-floor", weir_slice_of(floor)}};
        wr_event_record encoded;
        must(wr_event_encode_kafka(&event, extra, 3, arena, &encoded, &failure), &failure);
        put(cluster, &(wr_client_record){.topic = topic,
                                         .partition = -1,
                                         .key = encoded.key,
                                         .value = encoded.value,
                                         .headers = encoded.headers,
                                         .header_count = encoded.header_count});
    }
    while (cluster->producer && wr_producer_pending(cluster->producer))
        wr_producer_poll(cluster->producer, 100, ignore, NULL);
    weir_arena_free(arena);
}

static void open_cluster(cluster *cluster, wr_io *io, const char *servers, int count)
{
    weir_failure failure = {0};
    if (!servers) {
        cluster->sim = wr_sim_cluster_new(&(wr_sim_options){.seed = 1, .auto_create = 4});
        cluster->client = wr_sim_shared_client_new(cluster->sim);
        fill(cluster, count);
        return;
    }
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    wr_config *config = wr_config_new(tables, "WEIR");
    must(wr_config_set(config, "bootstrap.servers", servers, "bench", &failure), &failure);
    must(wr_client_new(config, NULL, &cluster->client, &failure), &failure);
    wr_config_free(config);
    snprintf(cluster->prefix, sizeof cluster->prefix, "bench-%llx.", (unsigned long long)wr_random_u64(io));
    static const char *const topics[] = {"in", "out", "tally.dlq"};
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        char topic[60];
        snprintf(topic, sizeof topic, "%s%s", cluster->prefix, topics[i]);
        must(wr_admin_create_topic(cluster->client, topic, 4, 1, NULL, 0, 10000, &failure), &failure);
    }
    must(wr_producer_new(cluster->client, NULL, &cluster->producer, &failure), &failure);
    fill(cluster, count);
    wr_producer_free(cluster->producer);
    cluster->producer = NULL;
}

static double own_us(void)
{
    struct timespec at;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static void run(wr_io *io, const char *directory, size_t batch_max, int count, unsigned flags, bool is_threaded,
                const char *servers)
{
    char database[600];
    weir_failure failure = {0};
    unsigned long long run_id = wr_random_u64(io);
    if (wr_store_is_server(directory))
        snprintf(database, sizeof database, "%s%sschema=bench%llx", directory, strchr(directory, '?') ? "&" : "?",
                 run_id);
    else
        snprintf(database, sizeof database, "%s/bench-%zu-%u-%llx.db", directory, batch_max, flags, run_id);
    cluster cluster = {0};
    open_cluster(&cluster, io, servers, count);
    wr_core *core;
    must(wr_core_new(&(wr_core_options){.service = &service,
                                        .database = database,
                                        .store_flags = flags,
                                        .topic_prefix = cluster.prefix,
                                        .client = cluster.client,
                                        .io = io,
                                        .batch_max = batch_max},
                     &core, &failure),
         &failure);
    if (is_threaded)
        must(wr_core_start(core, &failure), &failure);
    handled = 0;
    double own_start_us = 0;
    int64_t start_us = 0; /* with the first batch: a real group takes its time to form */
    while (handled < count || wr_core_outbox_count(core)) {
        must(wr_core_turn(core, 100, &failure), &failure);
        if (!start_us && handled) {
            start_us = wr_mono_us(io);
            own_start_us = own_us();
            count -= handled;
            handled = 0;
        }
    }
    double seconds = (double)(wr_mono_us(io) - start_us) / 1e6;
    printf("batch %5zu  %-12s %-11s %9.0f events/s %6.1f us\n", batch_max, flags ? "not durable" : "durable",
           is_threaded ? "two threads" : "one thread", count / seconds, (own_us() - own_start_us) / count);
    fflush(stdout);
    wr_core_free(core);
    wr_client_free(cluster.client);
    wr_sim_cluster_free(cluster.sim);
    if (!wr_store_is_server(directory))
        remove(database);
}

int main(int argc, char **argv)
{
    wr_io *io;
    if (argc < 2 || wr_io_real_new(&io) != WEIR_OK)
        return 2;
    int count = argc > 2 ? atoi(argv[2]) : 50000;
    const char *servers = argc > 3 ? argv[3] : NULL;
    static const size_t batches[] = {1, 10, 100, 500, 2000};
    for (size_t i = 0; i < 2 * sizeof batches / sizeof *batches; i++)
        run(io, argv[1], batches[i / 2], batches[i / 2] < 10 ? count / 10 : count, 0, i % 2, servers);
    for (int i = 0; i < 2; i++)
        run(io, argv[1], 500, count, WR_STORE_NOT_DURABLE, i, servers);
    wr_io_free(io);
    return 0;
}
