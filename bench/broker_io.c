/* What a broker takes and gives through weir's own client: records per second written with acks=all, the time from one
 * record to its acknowledgement when nothing else is under way, and records per second read back.
 *
 *     broker_io BOOTSTRAP_SERVERS [RECORDS [SIZE [BROKER_PID]]]      prints one line
 *
 * With the broker's process id the CPU time that it used is printed beside. The client fills one processor, so on two
 * cores the rates are the client's more often than the broker's; the CPU time tells them apart. */
#include <client/client.h>
#include <io/io.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SIZE_MAX_BYTES = 1 << 20, SINGLES = 500, WAIT_MS = 10000, ADMIN_MS = 30000 };

typedef struct bench {
    wr_io *io;
    wr_client *client;
    char topic[60];
    int acknowledged;
} bench;

static void must(weir_err err, const weir_failure *failure)
{
    if (err == WEIR_OK)
        return;
    fprintf(stderr, "%s: %s\n", weir_err_name(err), failure->sentence);
    exit(1);
}

static void on_delivery(void *user, const wr_delivery *delivery)
{
    bench *bench = user;
    if (delivery->err != WEIR_OK) {
        fprintf(stderr, "not taken: %s\n", delivery->reason);
        exit(1);
    }
    bench->acknowledged++;
}

static void connect_to(bench *bench, const char *servers)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    weir_failure failure = {0};
    wr_config *config = wr_config_new(tables, "WEIR");
    must(wr_config_set(config, "bootstrap.servers", servers, "bench", &failure), &failure);
    must(wr_client_new(config, NULL, &bench->client, &failure), &failure);
    wr_config_free(config);
    snprintf(bench->topic, sizeof bench->topic, "bench-%llx", (unsigned long long)wr_random_u64(bench->io));
    must(wr_admin_create_topic(bench->client, bench->topic, 1, 1, NULL, 0, ADMIN_MS, &failure), &failure);
}

/* Seconds until `count` records are acknowledged, each sent as soon as the queue takes it. */
static double write_all(bench *bench, wr_producer *producer, const wr_client_record *record, int count)
{
    weir_failure failure = {0};
    bench->acknowledged = 0;
    int64_t start_us = wr_mono_us(bench->io);
    for (int i = 0; i < count; i++) {
        weir_err err;
        while ((err = wr_producer_send(producer, record, NULL)) == WEIR_E_AGAIN)
            wr_producer_poll(producer, 10, on_delivery, bench);
        must(err, &failure);
        if (i % 1000 == 0)
            wr_producer_poll(producer, 0, on_delivery, bench);
    }
    while (bench->acknowledged < count)
        wr_producer_poll(producer, 100, on_delivery, bench);
    return (double)(wr_mono_us(bench->io) - start_us) / 1e6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Reads the topic from its start; seconds for `count` records, from the first to the last. */
static double read_all(bench *bench, int count)
{
    weir_failure failure = {0};
    wr_consumer *consumer;
    must(wr_consumer_new(bench->client, &(wr_consumer_options){0}, &consumer, &failure), &failure);
    wr_assignment all = {.topic = bench->topic, .partition = 0, .start_offset = 0};
    must(wr_consumer_assign(consumer, &all, 1, &failure), &failure);
    int64_t start_us = 0, end_us = wr_mono_us(bench->io) + (int64_t)WAIT_MS * 1000;
    for (int seen = 0; seen < count;) {
        const wr_client_record *records;
        size_t got;
        must(wr_consumer_poll(consumer, 10000, 1000, &records, &got, &failure), &failure);
        if (!got && wr_mono_us(bench->io) > end_us)
            must(WEIR_E_TIMEOUT, &(weir_failure){.sentence = "the records do not come back"});
        if (got && !start_us)
            start_us = wr_mono_us(bench->io);
        seen += (int)got;
    }
    double seconds = (double)(wr_mono_us(bench->io) - start_us) / 1e6;
    wr_consumer_free(consumer);
    return seconds;
}

static double cpu_seconds(const char *pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", pid ? pid : "self");
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file)) {
        fprintf(stderr, "no process %s\n", pid);
        exit(1);
    }
    fclose(file);
    const char *at = strrchr(line, ')');
    unsigned long long user = 0, kernel = 0;
    if (!at || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &kernel) != 2)
        exit(1);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
    bench bench = {0};
    if (argc < 2 || wr_io_real_new(&bench.io) != WEIR_OK)
        return 2;
    int count = argc > 2 ? atoi(argv[2]) : 1000000, size = argc > 3 ? atoi(argv[3]) : 100;
    const char *pid = argc > 4 ? argv[4] : NULL;
    if (count < 1 || size < 1 || size > SIZE_MAX_BYTES)
        return 2;
    connect_to(&bench, argv[1]);
    double before = pid ? cpu_seconds(pid) : 0;
    weir_failure failure = {0};
    wr_producer *producer;
    must(wr_producer_new(bench.client, &(wr_producer_options){.compression = "none", .size_max = 2 << 20}, &producer,
                         &failure),
         &failure);
    char *value = calloc(1, (size_t)size);
    if (!value)
        return 1;
    wr_client_record record = {.topic = bench.topic, .partition = 0, .value = weir_slice_make(value, (size_t)size)};
    double singles[SINGLES];
    for (int i = 0; i < SINGLES; i++)
        singles[i] = write_all(&bench, producer, &record, 1);
    qsort(singles, SINGLES, sizeof *singles, by_size);
    double written = write_all(&bench, producer, &record, count), read = read_all(&bench, count);
    printf("%d records of %d bytes: written %.0f/s, one alone p50 %.2f p99 %.2f ms, read %.0f/s", count, size,
           count / written, singles[SINGLES / 2] * 1e3, singles[SINGLES * 99 / 100] * 1e3, count / read);
    if (pid)
        printf(", broker's CPU %.2f s", cpu_seconds(pid) - before);
    printf("\n");
    free(value);
    wr_producer_free(producer);
    wr_client_free(bench.client);
    wr_io_free(bench.io);
    return 0;
}
