/* Settings of librdkafka: ours, the user's, and which may override which. */
#include "kafka_int.h"
#include "servers.h"

#include <base/utf8.h>

#include <stdlib.h>

enum { SETTINGS_SIZE_MAX = 1024 * 1024, SETTING_COUNT_MAX = 256 };

const wr_config_key wr_client_config[] = {
    {.key = "bootstrap.servers",
     .kind = WR_CONFIG_TEXT,
     .fallback = "127.0.0.1:9092",
     .help = "Kafka brokers to begin with, host:port, separated by commas"},
    {.key = "client.id",
     .kind = WR_CONFIG_TEXT,
     .fallback = "weir",
     .help = "name of this program in the broker's eyes"},
    {.key = "security.protocol",
     .kind = WR_CONFIG_CHOICE,
     .fallback = "plaintext",
     .choices = "plaintext|ssl|sasl_plaintext|sasl_ssl",
     .help = "how to talk to the brokers"},
    {.key = "security.ssl.ca", .kind = WR_CONFIG_TEXT, .help = "file of the certificate authority, PEM"},
    {.key = "security.ssl.certificate", .kind = WR_CONFIG_TEXT, .help = "file of the client's certificate, PEM"},
    {.key = "security.ssl.key", .kind = WR_CONFIG_TEXT, .help = "file of the client's private key, PEM"},
    {.key = "security.sasl.mechanism", .kind = WR_CONFIG_TEXT, .help = "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
    {.key = "security.sasl.username", .kind = WR_CONFIG_TEXT, .help = "user name for SASL"},
    {.key = "security.sasl.password", .kind = WR_CONFIG_TEXT, .secret = true, .help = "password for SASL"},
    {.key = "kafka.*",
     .kind = WR_CONFIG_TEXT,
     .apply_prefix_any = true,
     .help = "any setting of librdkafka, for example kafka.fetch.min.bytes"},
    {0},
};

/* Our key, librdkafka's name. */
static const wr_kafka_setting names[] = {
    {"bootstrap.servers", "bootstrap.servers"},
    {"client.id", "client.id"},
    {"security.protocol", "security.protocol"},
    {"security.ssl.ca", "ssl.ca.location"},
    {"security.ssl.certificate", "ssl.certificate.location"},
    {"security.ssl.key", "ssl.key.location"},
    {"security.sasl.mechanism", "sasl.mechanism"},
    {"security.sasl.username", "sasl.username"},
    {"security.sasl.password", "sasl.password"},
    {0},
};

/* For low latency, and for noticing within a quarter of a second that a broker is back. */
static const wr_kafka_setting common[] = {
    {"socket.nagle.disable", "true"},
    {"reconnect.backoff.ms", "20"},
    {"reconnect.backoff.max.ms", "200"},
    {"retry.backoff.ms", "50"},
    {"topic.metadata.refresh.fast.interval.ms", "100"},
    {"statistics.interval.ms", "0"},
    {"log.connection.close", "false"},
    {0},
};

/* ---- errors */

weir_err wr_kafka_err(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return WEIR_OK;
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
        return WEIR_E_BROKEN;
    case RD_KAFKA_RESP_ERR__QUEUE_FULL:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__STATE:
        return WEIR_E_AGAIN;
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
        return WEIR_E_TIMEOUT;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
        return WEIR_E_UNREACHABLE;
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND:
        return WEIR_E_NOT_FOUND;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return WEIR_E_EXISTS;
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
        return WEIR_E_RANGE;
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
        return WEIR_E_UNSUPPORTED;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return WEIR_E_DENIED;
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
        return WEIR_E_FENCED;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return WEIR_E_LIMIT;
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return WEIR_E_USAGE;
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return WEIR_E_CORRUPT;
    default:
        return WEIR_E_REFUSED;
    }
}

/* A name that somebody chose may be longer than the sentence: the reason behind it must be seen. */
enum { WHAT_SHOWN_MAX = 80 };

weir_err wr_kafka_fail(weir_failure *failure, rd_kafka_resp_err_t code, const char *what, const char *text)
{
    weir_err err = wr_kafka_err(code);
    size_t size = strlen(what), shown = size < WHAT_SHOWN_MAX ? size : WHAT_SHOWN_MAX;
    while (shown < size && shown > 0 && wr_utf8_continues((uint8_t)what[shown]))
        shown--;
    weir_fail(failure, err, "%.*s%s: %s", (int)shown, what, shown < size ? "…" : "",
              text && *text ? text : rd_kafka_err2str(code));
    if (failure) {
        failure->retriable = err == WEIR_E_AGAIN || err == WEIR_E_TIMEOUT || err == WEIR_E_UNREACHABLE;
        failure->fatal = err == WEIR_E_BROKEN;
    }
    return err;
}

/* ---- librdkafka's own words */

static void on_log(const rd_kafka_t *kafka, int level, const char *facility, const char *text)
{
    wr_kafka_handle *handle = rd_kafka_opaque(kafka);
    if (!handle || strcmp(facility, "CONFWARN") == 0)
        return; /* a setting of the user's for the other role */
    /* A connection that fails is told with every attempt; whoever waits for the broker says so once. */
    bool connection = strcmp(facility, "FAIL") == 0;
    if (connection)
        wr_kafka_reach_failed(handle, text);
    const wr_trace *trace = atomic_load(&handle->trace);
    wr_level ours = connection ? WR_DEBUG : level <= 2 ? WR_ERROR : level <= 4 ? WR_WARN : WR_DEBUG;
    wr_trace_log(trace, ours, text, WR_TEXT("librdkafka", facility));
}

/* So that librdkafka does not print them: connections are watched (kafka_reach.c), and fatal errors are asked for where
 * they matter. */
static void on_error(rd_kafka_t *kafka, int code, const char *text, void *opaque)
{
    (void)kafka, (void)code, (void)text, (void)opaque;
}

/* ---- settings */

static weir_err apply(rd_kafka_conf_t *conf, const wr_kafka_setting *settings, size_t count, weir_failure *failure)
{
    char text[160];
    for (size_t i = 0; i < count && settings[i].name; i++)
        if (settings[i].value &&
            rd_kafka_conf_set(conf, settings[i].name, settings[i].value, text, sizeof(text)) != RD_KAFKA_CONF_OK)
            return weir_fail(failure, WEIR_E_FORMAT, "kafka.%s: %s", settings[i].name, text);
    return WEIR_OK;
}

weir_err wr_kafka_conf_new(const wr_kafka_client *client, const wr_kafka_setting *role, const wr_kafka_setting *fixed,
                           wr_kafka_handle *handle, rd_kafka_conf_t **ret_conf, weir_failure *failure)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    weir_err err = apply(conf, common, SIZE_MAX, failure);
    if (err == WEIR_OK && role)
        err = apply(conf, role, SIZE_MAX, failure);
    if (err == WEIR_OK)
        err = apply(conf, client->settings, client->setting_count, failure);
    if (err == WEIR_OK && fixed)
        err = apply(conf, fixed, SIZE_MAX, failure);
    if (err != WEIR_OK) {
        rd_kafka_conf_destroy(conf);
        return err;
    }
    if (handle && !wr_kafka_reach_watch(handle, conf)) {
        rd_kafka_conf_destroy(conf);
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a client");
    }
    rd_kafka_conf_set_opaque(conf, handle);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    *ret_conf = conf;
    return WEIR_OK;
}

static bool is_servers(const char *name)
{
    return strcmp(name, "bootstrap.servers") == 0 || strcmp(name, "metadata.broker.list") == 0;
}

const char *wr_kafka_plain_servers(const wr_kafka_client *client)
{
    const char *servers = NULL, *protocol = "plaintext";
    for (size_t i = 0; i < client->setting_count; i++) { /* the last one counts, as for librdkafka */
        if (strcmp(client->settings[i].name, "security.protocol") == 0)
            protocol = client->settings[i].value;
        if (is_servers(client->settings[i].name))
            servers = client->settings[i].value;
    }
    return strcasecmp(protocol, "plaintext") == 0 ? servers : NULL;
}

/* What rd_kafka_new finds wrong, without servers, so that it connects to nobody. It takes conf only when it succeeds. Where
 * it fails behind the interceptors (a certificate that cannot be read, a mechanism of SASL that is not there) it has freed
 * their lists, which its copy of conf shares with conf, and rd_kafka_conf_destroy would free them again. A duplicate has
 * no interceptors: so it is tried with one, and conf is not touched by what is wrong. */
static weir_err try_settings(rd_kafka_type_t type, const rd_kafka_conf_t *conf, weir_failure *failure)
{
    char text[160];
    rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
    rd_kafka_conf_set(copy, "bootstrap.servers", NULL, text, sizeof(text));
    rd_kafka_conf_set_opaque(copy, NULL);
    rd_kafka_conf_set_log_cb(copy, NULL); /* that there are no servers, for one */
    rd_kafka_t *kafka = rd_kafka_new(type, copy, text, sizeof(text));
    if (!kafka) {
        rd_kafka_conf_destroy(copy);
        return weir_fail(failure, WEIR_E_USAGE, "Kafka's client does not start with these settings: %s", text);
    }
    rd_kafka_destroy(kafka);
    return WEIR_OK;
}

weir_err wr_kafka_start(rd_kafka_type_t type, rd_kafka_conf_t *conf, const wr_kafka_handle *handle,
                        rd_kafka_t **ret_kafka, weir_failure *failure)
{
    char text[160];
    weir_err err = try_settings(type, conf, failure);
    if (err != WEIR_OK) {
        rd_kafka_conf_destroy(conf);
        return err;
    }
    rd_kafka_t *kafka = rd_kafka_new(type, conf, text, sizeof(text));
    if (!kafka) { /* what has changed since, or no thread: conf is left where it is, see try_settings */
        if (!handle->is_begun)
            rd_kafka_conf_destroy(conf);
        return weir_fail(failure, WEIR_E_USAGE, "Kafka's client does not start with these settings: %s", text);
    }
    *ret_kafka = kafka;
    return WEIR_OK;
}

weir_err wr_kafka_try(rd_kafka_type_t type, rd_kafka_conf_t *conf, weir_failure *failure)
{
    weir_err err = try_settings(type, conf, failure);
    rd_kafka_conf_destroy(conf);
    return err;
}

static weir_err keep(wr_kafka_client *client, const char *name, const char *value, weir_failure *failure)
{
    weir_err err = is_servers(name) ? wr_servers_check(name, value, failure) : WEIR_OK;
    if (err != WEIR_OK)
        return err;
    if (client->setting_count == SETTING_COUNT_MAX)
        return weir_fail(failure, WEIR_E_LIMIT, "more than %d settings of librdkafka", SETTING_COUNT_MAX);
    wr_kafka_setting setting = {weir_arena_dup_text(client->arena, weir_slice_of(name)),
                                weir_arena_dup_text(client->arena, weir_slice_of(value))};
    if (!setting.name || !setting.value)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the settings of librdkafka");
    client->settings[client->setting_count++] = setting;
    return WEIR_OK;
}

static weir_err keep_all(wr_kafka_client *client, const wr_config *config, weir_failure *failure)
{
    const char *name, *value;
    for (size_t i = 0; names[i].name; i++) {
        value = wr_config_text(config, names[i].name);
        weir_err err = value ? keep(client, names[i].value, value, failure) : WEIR_OK;
        if (err != WEIR_OK)
            return err;
    }
    for (size_t at = 0; wr_config_next(config, "kafka.", &at, &name, &value);) {
        if (strncmp(name, "kafka.", 6) == 0)
            name += 6;
        weir_err err = keep(client, name, value, failure);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static weir_err client_check(wr_client *door, const char *group, weir_failure *failure)
{
    weir_err err = wr_kafka_producer_check((wr_kafka_client *)door, failure);
    return err == WEIR_OK && group ? wr_kafka_consumer_check((wr_kafka_client *)door, group, failure) : err;
}

static bool client_free(wr_client *door)
{
    wr_kafka_client *client = (wr_kafka_client *)door;
    if (client->admin) {
        wr_kafka_handle *handle = rd_kafka_opaque(client->admin);
        if (wr_kafka_end(client->admin, 0)) {
            wr_kafka_handle_fini(handle);
            free(handle);
        }
    }
    bool all_ended = atomic_load(&client->left_behind) == 0;
    weir_arena_free(client->arena);
    free(client);
    return all_ended;
}

static const wr_client_ops ops = {
    .client_free = client_free,
    .check = client_check,
    .reach = wr_kafka_reach_cluster,
    .producer_new = wr_kafka_producer_new,
    .consumer_new = wr_kafka_consumer_new,
    .describe = wr_kafka_describe,
    .create_topic = wr_kafka_create_topic,
    .delete_topic = wr_kafka_delete_topic,
    .topic_config = wr_kafka_topic_config,
    .broker_config = wr_kafka_broker_config,
    .set_topic_config = wr_kafka_set_topic_config,
    .add_partitions = wr_kafka_add_partitions,
    .set_group_offsets = wr_kafka_set_group_offsets,
    .delete_group = wr_kafka_delete_group,
    .offset_at = wr_kafka_offset_at,
    .groups = wr_kafka_groups,
    .group = wr_kafka_group,
};

weir_err wr_client_new(const wr_config *config, const wr_trace *trace, wr_client **ret_client, weir_failure *failure)
{
    rd_kafka_conf_t *conf;
    weir_err err = WEIR_E_MEMORY;
    wr_kafka_client *client = calloc(1, sizeof(*client));
    if (!client)
        return weir_fail(failure, err, "no memory for a client");
    client->door.ops = &ops;
    client->trace = trace;
    client->arena = weir_arena_new(SETTINGS_SIZE_MAX);
    client->settings =
        client->arena ? weir_arena_array(client->arena, SETTING_COUNT_MAX, sizeof(wr_kafka_setting)) : NULL;
    if (!client->settings) {
        weir_fail(failure, err, "no memory for a client");
        goto fail;
    }
    err = keep_all(client, config, failure);
    if (err != WEIR_OK)
        goto fail;
    err = wr_kafka_conf_new(client, NULL, NULL, NULL, &conf, failure); /* a bad setting is said now */
    if (err != WEIR_OK)
        goto fail;
    rd_kafka_conf_destroy(conf);
    *ret_client = &client->door;
    return WEIR_OK;
fail:
    client_free(&client->door);
    return err;
}
