/* Where a service's settings come from: three tables (weir's keys for services, the service's own, the client's), read
 * from flags, environment and file by base/config.h. Every number has a largest value, and its help says the unit. */
#include "settings.h"

#include <client/client.h>
#include <event/kafka.h>
#include <http/http.h>
#include <store/store.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONFIG_FILE_SIZE_MAX = 1024 * 1024, HTTP_TIMEOUT_MAX_MS = 24 * 3600 * 1000 };

static const wr_config_key service_keys[] = {
    {.key = "config", .kind = WR_CONFIG_TEXT, .help = "YAML file with any of these settings"},
    {.key = "name",
     .kind = WR_CONFIG_TEXT,
     .help = "name of this instance's database, events' source and dead letters"},
    {.key = "group", .kind = WR_CONFIG_TEXT, .help = "consumer group; the name unless given"},
    {.key = "data.dir", .kind = WR_CONFIG_TEXT, .help = "directory of the database NAME.db, and of locks"},
    {.key = "database",
     .kind = WR_CONFIG_TEXT,
     .fallback = "",
     .help = "postgres://HOST/DATABASE to keep the state on a PostgreSQL server, in the schema NAME unless it says "
             "another"},
    {.key = "instance",
     .kind = WR_CONFIG_TEXT,
     .fallback = "",
     .help = "name of this process among several on one server"},
    {.key = "durable",
     .kind = WR_CONFIG_BOOL,
     .fallback = "true",
     .help = "sync each commit to the disk; without it a power cut may lose what was committed"},
    {.key = "http.host", .kind = WR_CONFIG_TEXT, .fallback = "127.0.0.1", .help = "address to serve HTTP on"},
    {.key = "http.port",
     .kind = WR_CONFIG_INT,
     .fallback = "8080",
     .min = 0,
     .max = 65535,
     .help = "port for routes, /livez, /readyz and /metrics; 0 takes a free one"},
    {.key = "http.threads",
     .kind = WR_CONFIG_INT,
     .fallback = "2",
     .min = 1,
     .max = 64,
     .help = "threads that run queries; reading, writing and health have one of their own"},
    {.key = "http.connections.max",
     .kind = WR_CONFIG_INT,
     .fallback = "10000",
     .min = 1,
     .max = 1000000,
     .help = "connections at a time; one more closes the one that has been idle longest"},
    {.key = "http.requests.max",
     .kind = WR_CONFIG_INT,
     .fallback = "1000",
     .min = 1,
     .max = 1000000,
     .help = "requests being worked on; one more is answered 503 (health and metrics never are)"},
    {.key = "http.memory.max",
     .kind = WR_CONFIG_SIZE,
     .fallback = "256MiB",
     .min = 65536,
     .max = (int64_t)1 << 40,
     .help = "bytes of requests held at a time; past it 503"},
    {.key = "http.head.max",
     .kind = WR_CONFIG_SIZE,
     .fallback = "16KiB",
     .min = 256,
     .max = 16 * 1024 * 1024,
     .help = "largest request line with its headers, bytes; past it 431 or 414"},
    {.key = "http.body.max",
     .kind = WR_CONFIG_SIZE,
     .fallback = "1MiB",
     .min = 1,
     .max = 1024 * 1024 * 1024,
     .help = "largest request body, bytes; past it 413"},
    {.key = "http.head.timeout",
     .kind = WR_CONFIG_DURATION,
     .fallback = "10s",
     .min = 1,
     .max = HTTP_TIMEOUT_MAX_MS,
     .help = "how long request line and headers may take from their first byte on; then 408"},
    {.key = "http.body.timeout",
     .kind = WR_CONFIG_DURATION,
     .fallback = "30s",
     .min = 1,
     .max = HTTP_TIMEOUT_MAX_MS,
     .help = "how long a body may take from the end of the headers on; then 408"},
    {.key = "http.answer.timeout",
     .kind = WR_CONFIG_DURATION,
     .fallback = "30s",
     .min = 1,
     .max = HTTP_TIMEOUT_MAX_MS,
     .help = "how long a client may take to read an answer; then it is cut off"},
    {.key = "http.idle.timeout",
     .kind = WR_CONFIG_DURATION,
     .fallback = "60s",
     .min = 1,
     .max = HTTP_TIMEOUT_MAX_MS,
     .help = "how long a connection may stay without a request"},
    {.key = "http.forward.timeout",
     .kind = WR_CONFIG_DURATION,
     .fallback = "5s",
     .min = 1,
     .max = HTTP_TIMEOUT_MAX_MS,
     .help = "how long another service may take for a request passed on to it; then 504"},
    {.key = "http.forward.max",
     .kind = WR_CONFIG_INT,
     .fallback = "16",
     .min = 1,
     .max = 10000,
     .help = "requests passed on to one other service at a time; one more is answered 503"},
    {.key = "topic.prefix",
     .kind = WR_CONFIG_TEXT,
     .fallback = "",
     .help = "put before every topic and group, to share a cluster"},
    {.key = "topic.partitions",
     .kind = WR_CONFIG_INT,
     .fallback = "4",
     .min = 0,
     .max = 10000,
     .help = "partitions of topics that are missing at the start; 0 makes none"},
    {.key = "topic.replication",
     .kind = WR_CONFIG_INT,
     .fallback = "-1",
     .min = -1,
     .max = 100,
     .help = "replicas of those topics; -1 is the broker's default"},
    {.key = "batch.max",
     .kind = WR_CONFIG_INT,
     .fallback = "500",
     .min = 1,
     .max = 100000,
     .help = "most events in one transaction"},
    {.key = "outbox.max",
     .kind = WR_CONFIG_INT,
     .fallback = "50000",
     .min = 1,
     .max = 10000000,
     .help = "unpublished events beyond which nothing more is read or accepted"},
    {.key = "outbox.poll",
     .kind = WR_CONFIG_DURATION,
     .fallback = "500ms",
     .min = 0,
     .max = 3600 * 1000,
     .help = "longest wait of an idle service between two looks for rows that other programs inserted; 0 never looks"},
    {.key = "outbox.topic",
     .kind = WR_CONFIG_TEXT,
     .fallback = "",
     .help =
         "topic of inserted rows that name none, with ${aggregatetype} in it; what the service produces unless given"},
    {.key = "parked.max",
     .kind = WR_CONFIG_INT,
     .fallback = "100000",
     .min = 1,
     .max = 1000000,
     .help = "parked events beyond which nothing more is read or accepted"},
    {.key = "message.size.max",
     .kind = WR_CONFIG_SIZE,
     .fallback = "1000000",
     .min = 1,
     .max = 1000000000, /* the most that librdkafka's message.max.bytes may be */
     .help = "largest event to emit, bytes"},
    {.key = "breaker.rejections",
     .kind = WR_CONFIG_INT,
     .fallback = "50",
     .min = 0,
     .max = 1000000,
     .help = "dead letters of one handler among breaker.window events that pause their topic; 0 never"},
    {.key = "breaker.window",
     .kind = WR_CONFIG_INT,
     .fallback = "100",
     .min = 1,
     .max = 1000000,
     .help = "events of one handler and topic among which breaker.rejections are counted"},
    {.key = "breaker.pause",
     .kind = WR_CONFIG_DURATION,
     .fallback = "30s",
     .min = 1,
     .max = (int64_t)7 * 24 * 3600 * 1000,
     .help = "how long such a topic is not read, before one event of it is tried"},
    {.key = "dead.letter.headers",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "weir",
     .choices = "weir|spring",
     .help = "spring: dead letters also have the headers by which tools for Spring's dead letter topics know them"},
    {.key = "redrive",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "auto",
     .choices = "auto|on|off",
     .help = "read the topic GROUP.redrive, into which weir dlq redrive puts events back; auto: unless "
             "topic.partitions is 0"},
    {.key = "seen.window",
     .kind = WR_CONFIG_DURATION,
     .fallback = "7d",
     .min = 1,
     .max = (int64_t)3650 * 24 * 3600 * 1000,
     .help = "how long ids of events without outbox headers are remembered, to see repetitions"},
    {.key = "idempotency.window",
     .kind = WR_CONFIG_DURATION,
     .fallback = "1d",
     .min = 1,
     .max = (int64_t)3650 * 24 * 3600 * 1000,
     .help = "how long the answer to a command with an Idempotency-Key is kept, and given again"},
    {.key = "producer.linger",
     .kind = WR_CONFIG_DURATION,
     .fallback = "1ms",
     .max = 900000,
     .help = "how long an event waits for others to share a request"},
    {.key = "producer.compression",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "lz4",
     .choices = "none|gzip|snappy|lz4|zstd",
     .help = "compression of what is published"},
    {.key = "drain.timeout",
     .kind = WR_CONFIG_DURATION,
     .fallback = "8s",
     .max = 3600 * 1000,
     .help = "how long to go on publishing after SIGTERM"},
    {.key = "log.level",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "info",
     .choices = "debug|info|warn|error",
     .help = "least important lines to write"},
    {.key = "log.format",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "auto",
     .choices = "auto|logfmt|json",
     .help = "auto is logfmt on a terminal and JSON lines elsewhere"},
    {.key = "ready.fd",
     .kind = WR_CONFIG_INT,
     .fallback = "-1",
     .min = -1,
     .max = 1000,
     .help = "descriptor to write one JSON line with the address to, once ready"},
    {0},
};

bool wr_settings_is_same(const char *a, const char *b)
{
    for (; *a && *b; a++, b++)
        if (*a != *b && !(strchr("._-", *a) && strchr("._-", *b)))
            return false;
    return *a == *b;
}

const wr_config_key *wr_settings_find_known(const char *key)
{
    const wr_config_key *const tables[] = {service_keys, wr_client_config};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const wr_config_key *row = tables[i]; row->key; row++)
            if (wr_settings_is_same(row->key, key) || (row->flag && wr_settings_is_same(row->flag, key)))
                return row;
    return NULL;
}

static wr_config_key *rows_of(const weir_setting *settings)
{
    size_t count = 0;
    while (settings && settings[count].key && count < WR_SETTING_COUNT_MAX)
        count++;
    wr_config_key *rows = calloc(count + 1, sizeof *rows);
    for (size_t i = 0; rows && i < count; i++)
        rows[i] = (wr_config_key){.key = settings[i].key,
                                  .kind = WR_CONFIG_TEXT,
                                  .fallback = settings[i].fallback,
                                  .help = settings[i].help ? settings[i].help : ""};
    return rows;
}

/* Services that are started side by side must not meet: each has a port and a directory of its own. */
static wr_config_key *known_rows(wr_settings *settings, const weir_service *service)
{
    enum { ROW_COUNT = sizeof service_keys / sizeof *service_keys };
    wr_config_key *rows = calloc(ROW_COUNT, sizeof *rows);
    if (!rows)
        return NULL;
    memcpy(rows, service_keys, sizeof service_keys);
    snprintf(settings->directory, sizeof settings->directory, "%.*s-data", 100, service->name ? service->name : "weir");
    snprintf(settings->port, sizeof settings->port, "%d", service->http_port);
    for (wr_config_key *row = rows; row->key; row++) {
        if (strcmp(row->key, "data.dir") == 0)
            row->fallback = settings->directory;
        if (strcmp(row->key, "http.port") == 0 && service->http_port > 0 && service->http_port <= 65535)
            row->fallback = settings->port;
    }
    return rows;
}

static weir_err read_file(wr_settings *settings, wr_io *io, weir_failure *failure)
{
    const char *path = wr_config_text(settings->config, "config");
    if (!path)
        return WEIR_OK;
    weir_arena *arena = weir_arena_new(CONFIG_FILE_SIZE_MAX + 65536);
    weir_slice yaml;
    weir_err err = arena ? wr_path_read(io, path, CONFIG_FILE_SIZE_MAX, arena, &yaml) : WEIR_E_MEMORY;
    if (err == WEIR_OK)
        err = wr_config_read_yaml(settings->config, yaml, path, failure);
    else if (err == WEIR_E_LIMIT)
        weir_fail(failure, err, "configuration file %s: larger than %d bytes", path, CONFIG_FILE_SIZE_MAX);
    else
        weir_fail(failure, err, "configuration file %s: %s", path, strerror(errno));
    weir_arena_free(arena);
    return err;
}

/* What the tables do not know is still in argv: say so, with the nearest key that they do know. */
static weir_err refuse_rest(wr_settings *settings, int argc, char **argv, weir_failure *failure)
{
    for (int i = 1; i < argc; i++) {
        const char *given = argv[i];
        if (strcmp(given, "-h") == 0 || strcmp(given, "--help") == 0) {
            settings->wants_help = true;
        } else if (strcmp(given, "--version") == 0) {
            settings->wants_version = true;
        } else if (strncmp(given, "--", 2) == 0 && given[2]) {
            char key[100];
            size_t size = strcspn(given + 2, "=");
            if (size >= sizeof key)
                size = sizeof key - 1;
            for (size_t at = 0; at < size; at++)
                key[at] = given[2 + at] == '-' ? '.' : given[2 + at];
            key[size] = 0;
            char origin[110];
            snprintf(origin, sizeof origin, "flag --%.*s", (int)size, given + 2);
            weir_err err = wr_config_set(settings->config, key, "", origin, failure);
            return err == WEIR_OK ? weir_fail(failure, WEIR_E_FORMAT, "%s needs a value", given) : err;
        } else {
            return weir_fail(failure, WEIR_E_FORMAT, "%s: this program takes flags only; see --help", given);
        }
    }
    return WEIR_OK;
}

weir_err wr_settings_read(wr_settings *settings, const weir_service *service, int argc, char **argv,
                          char *const *environment, wr_io *io, weir_failure *failure)
{
    *settings = (wr_settings){.own = rows_of(service->settings)};
    settings->known = known_rows(settings, service);
    settings->tables[0] = settings->known;
    settings->tables[1] = settings->own;
    settings->tables[2] = wr_client_config;
    settings->config = settings->own && settings->known ? wr_config_new(settings->tables, "WEIR") : NULL;
    weir_err err = settings->config ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for the configuration");
    if (err == WEIR_OK)
        err = wr_config_read_flags(settings->config, &argc, argv, failure);
    if (err == WEIR_OK)
        err = refuse_rest(settings, argc, argv, failure);
    if (err == WEIR_OK)
        err = wr_config_read_environment(settings->config, environment, failure);
    if (err == WEIR_OK)
        err = read_file(settings, io, failure);
    return err;
}

/* `list` as weir_service.consumes; with the prefix before each of its topics, and `suffix` behind it. */
static weir_err check_topics(const char *prefix, const char *list, const char *suffix, weir_failure *failure)
{
    for (const char *at = list ? list : ""; *at;) {
        char topic[600];
        size_t size = strcspn(at, ", ");
        int written = snprintf(topic, sizeof topic, "%s%.*s%s", prefix, (int)size, at, suffix);
        if (size && (written < 0 || (size_t)written >= sizeof topic || !wr_topic_name_valid(topic)))
            return weir_fail(
                failure, WEIR_E_USAGE,
                "topic.prefix '%.40s' makes '%.60s', which is not the name of a topic: " WR_TOPIC_NAME_RULE, prefix,
                topic);
        at += size + (at[size] != 0);
    }
    return WEIR_OK;
}

weir_err wr_settings_check(const wr_settings *settings, const weir_service *service, weir_failure *failure)
{
    const wr_config *config = settings->config;
    const char *prefix = wr_config_text(config, "topic.prefix"), *name = wr_config_text(config, "name");
    prefix = prefix ? prefix : "";
    weir_err err = check_topics(prefix, service->consumes, "", failure);
    if (err == WEIR_OK)
        err = check_topics(prefix, service->produces, "", failure);
    if (err == WEIR_OK)
        err = check_topics(prefix, name && *name ? name : service->name, ".dlq", failure);
    const char *database = wr_config_text(config, "database");
    if (err == WEIR_OK && database && *database && !wr_store_is_server(database))
        err = weir_fail(failure, WEIR_E_USAGE,
                        "database: a server's URL, postgres://HOST/DATABASE; a file lies in data.dir and has the name");
    for (const weir_route *route = service->routes; route && route->path && err == WEIR_OK; route++) {
        const char *url = route->forward ? wr_config_find(config, route->forward) : NULL;
        weir_failure wrong = {0};
        if (url && *url && wr_http_base_url_check(url, &wrong) != WEIR_OK)
            err = weir_fail(failure, WEIR_E_USAGE, "setting %s: %.180s", route->forward, wrong.sentence);
    }
    return err;
}

void wr_settings_help(const wr_settings *settings, const weir_service *service, wr_buf *out)
{
    wr_buf_printf(out, "%s: %s\n\n", service->name, service->about ? service->about : "a service built with weir");
    if (service->consumes)
        wr_buf_printf(out, "  consumes  %s\n", service->consumes);
    if (service->produces)
        wr_buf_printf(out, "  produces  %s\n", service->produces);
    wr_buf_text(out, "\nEach setting is a flag, an environment variable WEIR_..., or a key of the --config file.\n\n");
    if (settings->own[0].key) {
        wr_config_help(settings->own, NULL, out);
        wr_buf_text(out, "\n");
    }
    wr_config_help(settings->known, NULL, out);
    wr_buf_text(out, "\n");
    wr_config_help(wr_client_config, NULL, out);
}

void wr_settings_fini(wr_settings *settings)
{
    wr_config_free(settings->config);
    free(settings->known);
    free(settings->own);
}
