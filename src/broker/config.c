/* The table of settings, and what they mean: one function for each room that is told. */
#include "config.h"

#include <base/text.h>
#include <topics/data_dir.h>

#include <stdio.h>
#include <stdlib.h>

#define KEY_MS(name, text, low, high, help_text)                                                                       \
    {                                                                                                                  \
        .key = (name), .kind = WR_CONFIG_DURATION, .fallback = (text), .min = (low), .max = (high),                    \
        .help = (help_text)                                                                                            \
    }
#define KEY_SIZE(name, text, low, high, help_text)                                                                     \
    {                                                                                                                  \
        .key = (name), .kind = WR_CONFIG_SIZE, .fallback = (text), .min = (low), .max = (high), .help = (help_text)    \
    }
#define KEY_INT(name, text, low, high, help_text)                                                                      \
    {                                                                                                                  \
        .key = (name), .kind = WR_CONFIG_INT, .fallback = (text), .min = (low), .max = (high), .help = (help_text)     \
    }
#define KEY_BOOL(name, text, help_text)                                                                                \
    {                                                                                                                  \
        .key = (name), .kind = WR_CONFIG_BOOL, .fallback = (text), .help = (help_text)                                 \
    }
#define KEY_TEXT(name, text, help_text)                                                                                \
    {                                                                                                                  \
        .key = (name), .kind = WR_CONFIG_TEXT, .fallback = (text), .help = (help_text)                                 \
    }

const wr_config_key wr_broker_keys[] = {
    KEY_TEXT("listeners", "PLAINTEXT://127.0.0.1:9092",
             "address to listen on, host:port or PLAINTEXT://host:port; port 0 takes a free one"),
    {.key = "port",
     .kind = WR_CONFIG_INT,
     .max = 65535,
     .help = "port to listen on, instead of the one in listeners; 0 takes a free one"},
    KEY_TEXT(
        "advertised.listeners", "auto",
        "address that clients are told, host:port; auto: localhost for a loopback client, for another the address it "
        "reached"),
    KEY_BOOL("insecure", "false", "listen beyond loopback although there is no authentication"),
    {.key = "log.dirs",
     .kind = WR_CONFIG_TEXT,
     .fallback = "weir-data",
     .flag = "data",
     .help = "the data directory (one)"},
    KEY_BOOL("ephemeral", "false", "sync nothing and remove the data directory at the end: for tests"),
    {.key = "profile",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "standard",
     .choices = "standard|development",
     .help = "development: no initial rebalance delay, any replication factor is accepted"},
    KEY_INT("node.id", "1", 0, INT32_MAX, "id of this broker"),
    KEY_TEXT("cluster.id", NULL, "id of the cluster; made at the first start when not given"),

    {.key = "flush",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "acks",
     .choices = "acks|interval|none",
     .help =
         "acks: acks=all waits for the disk, and only what is on the disk is shown. interval, none: a power cut can "
         "take back acknowledged records"},
    KEY_MS("log.flush.interval.ms", "1000", 1, INT64_MAX, "with flush=interval: milliseconds between syncs"),

    KEY_BOOL("auto.create.topics.enable", "true", "make a topic when a client asks for its metadata"),
    KEY_INT("num.partitions", "1", 1, 100000, "partitions of a topic made without saying how many"),
    KEY_INT("default.replication.factor", "1", 1, 1, "replicas of a topic; there is one broker"),
    {.key = "accept.any.replication.factor",
     .kind = WR_CONFIG_BOOL,
     .help = "accept a replication factor above 1 as if it were 1; by default only in the development profile"},
    KEY_BOOL("delete.topic.enable", "true", "let clients delete topics"),
    KEY_INT("max.partitions", "10000", 1, 200000,
            "partitions of all topics together; at most 200,000, which Metadata can tell of in one answer"),

    KEY_SIZE("message.max.bytes", "1048588", 0, INT32_MAX, "largest record batch, in bytes"),
    KEY_TEXT("log.cleanup.policy", "delete", "what happens to old records: delete (compaction is not there yet)"),
    KEY_SIZE("log.segment.bytes", "1g", 1 << 14, INT32_MAX, "size in bytes at which a log starts a new segment"),
    KEY_INT("log.roll.hours", "168", 1, INT32_MAX, "age in hours at which a log starts a new segment"),
    {.key = "log.roll.ms",
     .kind = WR_CONFIG_DURATION,
     .min = 1,
     .max = INT64_MAX,
     .help = "the same in milliseconds; goes before log.roll.hours"},
    KEY_INT("log.retention.hours", "168", -1, INT32_MAX, "hours that records are kept; -1: no limit"),
    {.key = "log.retention.minutes",
     .kind = WR_CONFIG_INT,
     .min = -1,
     .max = INT32_MAX,
     .help = "the same in minutes; goes before log.retention.hours"},
    {.key = "log.retention.ms",
     .kind = WR_CONFIG_DURATION,
     .min = -1,
     .max = INT64_MAX,
     .help = "the same in milliseconds; goes before minutes and hours"},
    KEY_SIZE("log.retention.bytes", "-1", -1, INT64_MAX, "bytes that a partition keeps; -1: no limit"),
    KEY_MS("log.retention.check.interval.ms", "5m", 1, INT64_MAX,
           "milliseconds from an append to looking for old segments"),
    KEY_SIZE("log.index.interval.bytes", "4096", 0, INT32_MAX, "bytes of log between two index entries"),
    KEY_SIZE("log.index.size.max.bytes", "10m", 4, INT32_MAX, "largest index, in bytes"),
    KEY_MS("log.segment.delete.delay.ms", "60s", 0, INT64_MAX,
           "milliseconds from deleting a segment or topic to removing its files"),
    {.key = "log.message.timestamp.type",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "CreateTime",
     .choices = "CreateTime|LogAppendTime",
     .help = "whose clock stamps records"},
    KEY_MS("log.message.timestamp.before.max.ms", "9223372036854775807", 0, INT64_MAX,
           "milliseconds that a record's timestamp may lie in the past"),
    KEY_MS("log.message.timestamp.after.max.ms", "1h", 0, INT64_MAX,
           "milliseconds that a record's timestamp may lie in the future"),
    KEY_MS("producer.id.expiration.ms", "1d", 1, INT32_MAX,
           "milliseconds after which an idle producer's sequence is forgotten"),

    KEY_SIZE("socket.request.max.bytes", "100m", 1024, INT32_MAX, "largest request, in bytes"),
    KEY_SIZE("fetch.max.bytes", "55m", 1024, 1 << 30, "largest answer to a fetch, in bytes"),
    KEY_INT("max.connections", "10000", 1, INT32_MAX, "connections at a time; further ones are closed"),
    KEY_MS("connections.max.idle.ms", "10m", 1, INT64_MAX, "milliseconds after which an idle connection is closed"),
    KEY_MS("request.arrival.max.ms", "30s", 1, INT32_MAX,
           "milliseconds in which a request that began must arrive, and an answer must move"),
    KEY_SIZE("queued.max.request.bytes", "256m", 1 << 20, (int64_t)1 << 40,
             "bytes of requests and answers in memory, of all connections; past it no more is read"),
    KEY_SIZE("connection.max.queued.bytes", "64m", 1 << 16, (int64_t)1 << 40, "the same of one connection"),

    KEY_MS("group.min.session.timeout.ms", "6s", 1, INT32_MAX,
           "least session timeout of a group member, in milliseconds"),
    KEY_MS("group.max.session.timeout.ms", "30m", 1, INT32_MAX,
           "largest session timeout of a group member, in milliseconds"),
    {.key = "group.initial.rebalance.delay.ms",
     .kind = WR_CONFIG_DURATION,
     .min = 0,
     .max = INT32_MAX,
     .help = "milliseconds that an empty group waits for more members; 3 s, in the development profile 0"},
    KEY_INT("group.max.size", "1000", 1, INT32_MAX, "members of a group"),
    KEY_INT("group.max.count", "10000", 1, INT32_MAX, "groups"),
    KEY_INT("offsets.retention.minutes", "10080", 1, INT32_MAX, "minutes that an empty group's offsets are kept"),
    KEY_MS("offsets.retention.check.interval.ms", "10m", 1, INT64_MAX,
           "milliseconds between looks for expired offsets"),
    KEY_SIZE("offset.metadata.max.bytes", "4096", 0, 1 << 20, "largest metadata beside a committed offset, in bytes"),
    KEY_SIZE("offsets.topic.segment.bytes", "16m", 1 << 14, INT32_MAX,
             "size in bytes at which __consumer_offsets is rewritten"),
    {0},
};

/* "host:port", "[::1]:port", with or without PLAINTEXT:// in front. */
static weir_err parse_listener(const char *key, const char *text, char ret_host[256], int *ret_port,
                               weir_failure *failure)
{
    const char *scheme_end = strstr(text, "://");
    const char *host = scheme_end ? scheme_end + 3 : text;
    if (scheme_end && strncmp(text, "PLAINTEXT://", 12) != 0)
        return weir_fail(failure, WEIR_E_FORMAT, "%s: only PLAINTEXT:// is spoken, not \"%s\"", key, text);
    if (strchr(text, ','))
        return weir_fail(failure, WEIR_E_FORMAT, "%s: one address, not a list: \"%s\"", key, text);

    const char *colon = strrchr(host, ':');
    int64_t port = 0;
    if (!colon || wr_number_parse(colon + 1, 0, 65535, &port) != WEIR_OK)
        return weir_fail(failure, WEIR_E_FORMAT, "%s: \"%s\" is not host:port with a port from 0 to 65535", key, text);

    size_t host_size = (size_t)(colon - host);
    if (host_size >= 2 && host[0] == '[' && host[host_size - 1] == ']') {
        host++;
        host_size -= 2;
    }
    if (host_size >= 256)
        return weir_fail(failure, WEIR_E_FORMAT, "%s: the host is too long", key);
    if (host_size == 0)
        snprintf(ret_host, 256, "0.0.0.0"); /* as in Kafka: every interface */
    else
        snprintf(ret_host, 256, "%.*s", (int)host_size, host);
    *ret_port = (int)port;
    return WEIR_OK;
}

/* Four decimal numbers of which the first is 127. What only looks alike, 127.example.org, is a name, and whoever answers
 * for that name says where it leads. */
static bool is_in_127(const char *host)
{
    int count = 0;
    const char *at = host;
    for (bool more = true; more; count++) {
        size_t size = strspn(at, "0123456789");
        if (size == 0 || size > 3 || strtol(at, NULL, 10) > 255)
            return false;
        at += size;
        more = *at == '.';
        at += more;
    }
    return *at == '\0' && count == 4 && strncmp(host, "127.", 4) == 0;
}

static bool host_is_loopback(const char *host)
{
    return is_in_127(host) || strcmp(host, "::1") == 0 || strcmp(host, "localhost") == 0;
}

static weir_err read_listeners(wr_broker_config *config, weir_failure *failure)
{
    const wr_config *keys = config->keys;
    wr_listener_config *one = &config->listeners[config->listener_count++];
    weir_err err = parse_listener("listeners", wr_config_text(keys, "listeners"), one->host, &one->port, failure);
    if (err != WEIR_OK)
        return err;
    if (wr_config_text(keys, "port"))
        one->port = (int)wr_config_int(keys, "port");
    if (!host_is_loopback(one->host) && !wr_config_bool(keys, "insecure"))
        return weir_fail(
            failure, WEIR_E_DENIED,
            "listeners: %s can be reached from other machines, and there is no authentication; set insecure "
            "if that is meant",
            one->host);

    const char *advertised = wr_config_text(keys, "advertised.listeners");
    if (strcmp(advertised, "auto") == 0) {
        snprintf(one->advertised_host, sizeof one->advertised_host, "auto");
        one->advertised_port = 0;
        return WEIR_OK;
    }
    err = parse_listener("advertised.listeners", advertised, one->advertised_host, &one->advertised_port, failure);
    if (err == WEIR_OK && (strcmp(one->advertised_host, "0.0.0.0") == 0 || strcmp(one->advertised_host, "::") == 0))
        err = weir_fail(failure, WEIR_E_FORMAT,
                        "advertised.listeners: nobody can connect to every address, \"%s\"; give one, or auto",
                        advertised);
    return err;
}

/* It is a value in meta.properties, which begins and ends at white space. */
static bool cluster_id_is_legal(const char *id)
{
    size_t size = 0;
    while (id[size] > ' ' && id[size] <= '~')
        size++;
    return size > 0 && size <= WR_CLUSTER_ID_MAX && !id[size];
}

static int64_t read_retention_ms(const wr_config *keys)
{
    if (wr_config_text(keys, "log.retention.ms"))
        return wr_config_int(keys, "log.retention.ms");
    int64_t minutes = wr_config_text(keys, "log.retention.minutes") ? wr_config_int(keys, "log.retention.minutes")
                                                                    : wr_config_int(keys, "log.retention.hours") * 60;
    return minutes < 0 ? -1 : minutes * 60000;
}

static void read_log(wr_broker_config *config)
{
    const wr_config *keys = config->keys;
    wr_log_config *log = &config->topics.log;
    *log = wr_log_config_default;
    log->segment_size = wr_config_int(keys, "log.segment.bytes");
    log->segment_ms = wr_config_text(keys, "log.roll.ms") ? wr_config_int(keys, "log.roll.ms")
                                                          : wr_config_int(keys, "log.roll.hours") * 3600000;
    log->retention_size = wr_config_int(keys, "log.retention.bytes");
    log->retention_ms = read_retention_ms(keys);
    log->index_interval_size = wr_config_int(keys, "log.index.interval.bytes");
    log->index_size_max = wr_config_int(keys, "log.index.size.max.bytes");
    log->message_size_max = wr_config_int(keys, "message.max.bytes");
    log->file_delete_delay_ms = wr_config_int(keys, "log.segment.delete.delay.ms");
    log->log_append_time = strcmp(wr_config_text(keys, "log.message.timestamp.type"), "LogAppendTime") == 0;
    log->timestamp_before_max_ms = wr_config_int(keys, "log.message.timestamp.before.max.ms");
    log->timestamp_after_max_ms = wr_config_int(keys, "log.message.timestamp.after.max.ms");
    log->producer_expiry_ms = wr_config_int(keys, "producer.id.expiration.ms");
    log->compact = strstr(wr_config_text(keys, "log.cleanup.policy"), "compact") != NULL;
}

static void read_topics(wr_broker_config *config, bool development)
{
    const wr_config *keys = config->keys;
    const char *flush = wr_config_text(keys, "flush");
    wr_topics_config *topics = &config->topics;
    topics->keys = keys;
    topics->flush = strcmp(flush, "acks") == 0   ? WR_FLUSH_ACKS
                    : strcmp(flush, "none") == 0 ? WR_FLUSH_NONE
                                                 : WR_FLUSH_INTERVAL;
    if (config->ephemeral)
        topics->flush = WR_FLUSH_NONE;
    topics->flush_interval_ms = wr_config_int(keys, "log.flush.interval.ms");
    topics->retention_check_ms = wr_config_int(keys, "log.retention.check.interval.ms");
    topics->partition_count_max = (int32_t)wr_config_int(keys, "max.partitions");
    topics->internal_segment_size = wr_config_int(keys, "offsets.topic.segment.bytes");
    config->auto_create_topics = wr_config_bool(keys, "auto.create.topics.enable");
    config->partition_count = (int32_t)wr_config_int(keys, "num.partitions");
    config->replication_factor = (int16_t)wr_config_int(keys, "default.replication.factor");
    config->any_replication_factor = wr_config_text(keys, "accept.any.replication.factor")
                                         ? wr_config_bool(keys, "accept.any.replication.factor")
                                         : development;
    config->delete_topics = wr_config_bool(keys, "delete.topic.enable");
}

static void read_server(wr_broker_config *config)
{
    const wr_config *keys = config->keys;
    config->fetch_size_max = wr_config_int(keys, "fetch.max.bytes");
    config->server = (wr_server_config){
        .request_size_max = wr_config_int(keys, "socket.request.max.bytes"),
        .answer_size_max = config->fetch_size_max,
        .connection_count_max = (int32_t)wr_config_int(keys, "max.connections"),
        .connection_idle_ms = wr_config_int(keys, "connections.max.idle.ms"),
        .frame_deadline_ms = wr_config_int(keys, "request.arrival.max.ms"),
        .memory_max = wr_config_int(keys, "queued.max.request.bytes"),
        .connection_memory_max = wr_config_int(keys, "connection.max.queued.bytes"),
    };
}

static void read_groups(wr_broker_config *config, bool development)
{
    const wr_config *keys = config->keys;
    config->offset_metadata_max = (int32_t)wr_config_int(keys, "offset.metadata.max.bytes");
    config->groups = (wr_groups_config){
        .session_min_ms = wr_config_int(keys, "group.min.session.timeout.ms"),
        .session_max_ms = wr_config_int(keys, "group.max.session.timeout.ms"),
        .initial_delay_ms = wr_config_text(keys, "group.initial.rebalance.delay.ms")
                                ? wr_config_int(keys, "group.initial.rebalance.delay.ms")
                                : (development ? 0 : 3000),
        .member_count_max = (int32_t)wr_config_int(keys, "group.max.size"),
        .group_count_max = (int32_t)wr_config_int(keys, "group.max.count"),
        .offsets_retention_ms = wr_config_int(keys, "offsets.retention.minutes") * 60000,
        .offsets_check_ms = wr_config_int(keys, "offsets.retention.check.interval.ms"),
    };
}

weir_err wr_broker_config_read(const wr_config *keys, wr_broker_config *ret_config, weir_failure *failure)
{
    wr_broker_config config = {.keys = keys};
    weir_err err = read_listeners(&config, failure);
    if (err != WEIR_OK)
        return err;
    config.topics.data_directory = wr_config_text(keys, "log.dirs");
    if (config.topics.data_directory[0] == '\0' || strchr(config.topics.data_directory, ','))
        return weir_fail(failure, WEIR_E_FORMAT, "log.dirs: one directory, not \"%s\"", config.topics.data_directory);
    config.ephemeral = wr_config_bool(keys, "ephemeral");
    config.node_id = (int32_t)wr_config_int(keys, "node.id");
    config.cluster_id = wr_config_text(keys, "cluster.id");
    if (config.cluster_id && !cluster_id_is_legal(config.cluster_id))
        return weir_fail(failure, WEIR_E_FORMAT,
                         "cluster.id: 1 to %d printable characters without spaces, not \"%.60s\"", WR_CLUSTER_ID_MAX,
                         config.cluster_id);

    const char *policy = wr_config_text(keys, "log.cleanup.policy");
    if (strcmp(policy, "delete") != 0)
        return weir_fail(failure, WEIR_E_FORMAT,
                         "log.cleanup.policy: delete, not \"%s\"; this broker cannot compact topics yet", policy);

    bool development = strcmp(wr_config_text(keys, "profile"), "development") == 0;
    read_log(&config);
    read_topics(&config, development);
    read_server(&config);
    read_groups(&config, development);
    if (config.groups.session_min_ms > config.groups.session_max_ms)
        return weir_fail(failure, WEIR_E_FORMAT, "group.min.session.timeout.ms is above group.max.session.timeout.ms");
    *ret_config = config;
    return WEIR_OK;
}
