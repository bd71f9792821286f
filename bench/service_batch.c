/* Events per second through a service's core: real SQLite with fsync, simulated cluster, so that only the service side
 * is measured. Each event: inbox check, one UPSERT of state, one event emitted through the outbox.
 *
 *     service_batch DATABASE_DIRECTORY [EVENTS]      prints one line a batch size, and the raw transaction beside it */
#include <event/kafka.h>
#include <io/io.h>
#include <service/core.h>
#include <testing/client/sim.h>

#include <stdio.h>
#include <stdlib.h>

static weir_status on_event(weir_tx *tx, const weir_event *event, void *user)
{
    (void)user;
    weir_exec(tx, "INSERT INTO tally (key, n) VALUES (?1, 1) ON CONFLICT (key) DO UPDATE SET n = n + 1",
              WEIR_TEXT(event->subject));
    return weir_emit(tx, &(weir_event){.type = "thing.counted", .subject = event->subject, .data = event->data});
}

static const weir_handler handlers[] = {{.type = "thing.happened", .run = on_event}, {0}};
static const char *const migrations[] = {"CREATE TABLE tally (key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
                                         NULL};
static const weir_service service = {
    .name = "tally", .consumes = "in", .produces = "out", .migrations = migrations, .handlers = handlers};

static void must(weir_err err, const weir_failure *failure)
{
    if (err == WEIR_OK)
        return;
    fprintf(stderr, "%s: %s\n", weir_err_name(err), failure->sentence);
    exit(1);
}

static void fill(wr_sim_cluster *cluster, int count)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    char id[40], key[40], number[24];
    weir_failure failure = {0};
    for (int i = 0; i < count; i++) {
        weir_arena_reset(arena);
        snprintf(id, sizeof id, "0190-%08d-happened", i);
        snprintf(key, sizeof key, "key-%d", i * 7919 % 1000);
        snprintf(number, sizeof number, "%d", i + 1);
        weir_event event = {
            .id = id,
            .source = "bench",
            .type = "thing.happened",
            .subject = key,
            .data = WEIR_SLICE("{\"sku\":\"85123A\",\"quantity\":6,\"price_pence\":255,\"total_pence\":1530}")};
        const wr_event_header extra[] = {{"weir-outbox-id", WEIR_SLICE("2b1c7a50-0000-4000-8000-000000000001")},
                                         {"weir-outbox-sequence", weir_slice_of(number)}};
        wr_event_record encoded;
        must(wr_event_encode_kafka(&event, extra, 2, arena, &encoded, &failure), &failure);
        wr_client_record record = {.topic = "in",
                                   .partition = -1,
                                   .key = encoded.key,
                                   .value = encoded.value,
                                   .headers = encoded.headers,
                                   .header_count = encoded.header_count};
        must(wr_sim_append(cluster, &record), &failure);
    }
    weir_arena_free(arena);
}

static void run(wr_io *io, const char *directory, size_t batch_max, int count, unsigned flags)
{
    char database[600];
    weir_failure failure = {0};
    snprintf(database, sizeof database, "%s/bench-%zu-%u-%llx.db", directory, batch_max, flags,
             (unsigned long long)wr_random_u64(io));
    wr_sim_cluster *cluster = wr_sim_cluster_new(&(wr_sim_options){.seed = 1, .auto_create = 4});
    wr_client *client = wr_sim_client_new(cluster);
    fill(cluster, count);
    wr_core *core;
    must(wr_core_new(&(wr_core_options){.service = &service,
                                        .database = database,
                                        .store_flags = flags,
                                        .client = client,
                                        .io = io,
                                        .batch_max = batch_max},
                     &core, &failure),
         &failure);
    int64_t start_us = wr_mono_us(io);
    while (wr_sim_count(cluster, "out") < (size_t)count)
        must(wr_core_turn(core, 0, &failure), &failure);
    double seconds = (double)(wr_mono_us(io) - start_us) / 1e6;
    printf("batch %5zu  %-12s %9.0f events/s\n", batch_max, flags ? "not durable" : "durable", count / seconds);
    wr_core_free(core);
    wr_client_free(client);
    wr_sim_cluster_free(cluster);
    remove(database);
}

int main(int argc, char **argv)
{
    wr_io *io;
    if (argc < 2 || wr_io_real_new(&io) != WEIR_OK)
        return 2;
    int count = argc > 2 ? atoi(argv[2]) : 50000;
    static const size_t batches[] = {1, 10, 100, 500, 2000};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
        run(io, argv[1], batches[i], batches[i] < 10 ? count / 10 : count, 0);
    run(io, argv[1], 500, count, WR_STORE_NOT_DURABLE);
    wr_io_free(io);
    return 0;
}
