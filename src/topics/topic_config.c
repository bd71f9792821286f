/* The table of topic settings, values as they were set, and what is in force for a log. */
#include "topic_config.h"

#include <base/text.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define LONG    WR_CONFIG_TYPE_LONG
#define INT     WR_CONFIG_TYPE_INT
#define STRING  WR_CONFIG_TYPE_STRING
#define DOUBLE  WR_CONFIG_TYPE_DOUBLE
#define BOOLEAN WR_CONFIG_TYPE_BOOLEAN
#define LIST    WR_CONFIG_TYPE_LIST

const wr_topic_key wr_topic_keys[] = {
    {"cleanup.policy", LIST, "delete", "log.cleanup.policy", 0, 0, "delete|compact|compact,delete|delete,compact",
     "delete: old segments are removed; compact: records need keys, and the last of every key is kept",
     "log.cleanup.policy"},
    {"compression.gzip.level", INT, "-1", NULL, -1, 9, NULL, "taken and ignored: see compression.type",
     "compression.gzip.level"},
    {"compression.lz4.level", INT, "9", NULL, 1, 17, NULL, "taken and ignored: see compression.type",
     "compression.lz4.level"},
    {"compression.type", STRING, "producer", NULL, 0, 0, "producer|uncompressed|gzip|snappy|lz4|zstd",
     "batches are stored as their producer compressed them, whatever is said here", "compression.type"},
    {"compression.zstd.level", INT, "3", NULL, -131072, 22, NULL, "taken and ignored: see compression.type",
     "compression.zstd.level"},
    {"delete.retention.ms", LONG, "86400000", NULL, 0, INT64_MAX, NULL, "milliseconds that tombstones are kept",
     "log.cleaner.delete.retention.ms"},
    {"file.delete.delay.ms", LONG, "60000", "log.segment.delete.delay.ms", 0, INT64_MAX, NULL,
     "milliseconds from deleting a segment to removing its files", "log.segment.delete.delay.ms"},
    {"flush.messages", LONG, "9223372036854775807", NULL, 1, INT64_MAX, NULL,
     "taken and ignored: see the broker's flush", "log.flush.interval.messages"},
    {"flush.ms", LONG, "9223372036854775807", NULL, 0, INT64_MAX, NULL, "taken and ignored: see the broker's flush"},
    {"follower.replication.throttled.replicas", LIST, "", NULL, 0, 0, NULL, "taken and ignored: there is one replica"},
    {"index.interval.bytes", INT, "4096", "log.index.interval.bytes", 0, INT32_MAX, NULL,
     "bytes of log between two index entries", "log.index.interval.bytes"},
    {"leader.replication.throttled.replicas", LIST, "", NULL, 0, 0, NULL, "taken and ignored: there is one replica"},
    {"local.retention.bytes", LONG, "-2", NULL, -2, INT64_MAX, NULL, "taken and ignored: there is no remote storage",
     "log.local.retention.bytes"},
    {"local.retention.ms", LONG, "-2", NULL, -2, INT64_MAX, NULL, "taken and ignored: there is no remote storage",
     "log.local.retention.ms"},
    {"max.compaction.lag.ms", LONG, "9223372036854775807", NULL, 1, INT64_MAX, NULL,
     "milliseconds until a record must be compacted", "log.cleaner.max.compaction.lag.ms"},
    {"max.message.bytes", INT, "1048588", "message.max.bytes", 0, INT32_MAX, NULL, "largest record batch, in bytes",
     "message.max.bytes"},
    {"message.timestamp.after.max.ms", LONG, "3600000", "log.message.timestamp.after.max.ms", 0, INT64_MAX, NULL,
     "milliseconds that a record's timestamp may lie in the future", "log.message.timestamp.after.max.ms"},
    {"message.timestamp.before.max.ms", LONG, "9223372036854775807", "log.message.timestamp.before.max.ms", 0,
     INT64_MAX, NULL, "milliseconds that a record's timestamp may lie in the past",
     "log.message.timestamp.before.max.ms"},
    {"message.timestamp.type", STRING, "CreateTime", "log.message.timestamp.type", 0, 0, "CreateTime|LogAppendTime",
     "whose clock stamps records", "log.message.timestamp.type"},
    {"min.cleanable.dirty.ratio", DOUBLE, "0.5", NULL, 0, 1, NULL,
     "share of a log that must be new before it is compacted", "log.cleaner.min.cleanable.ratio"},
    {"min.compaction.lag.ms", LONG, "0", NULL, 0, INT64_MAX, NULL,
     "milliseconds that a record is spared from compaction", "log.cleaner.min.compaction.lag.ms"},
    {"min.insync.replicas", INT, "1", NULL, 1, INT32_MAX, NULL, "taken and ignored: there is one replica",
     "min.insync.replicas"},
    {"preallocate", BOOLEAN, "false", NULL, 0, 0, NULL, "taken and ignored", "log.preallocate"},
    {"remote.log.copy.disable", BOOLEAN, "false", NULL, 0, 0, "false", "there is no remote storage"},
    {"remote.log.delete.on.disable", BOOLEAN, "false", NULL, 0, 0, "false", "there is no remote storage"},
    {"remote.storage.enable", BOOLEAN, "false", NULL, 0, 0, "false", "there is no remote storage"},
    {"retention.bytes", LONG, "-1", "log.retention.bytes", -1, INT64_MAX, NULL,
     "bytes that a partition keeps; -1: no limit", "log.retention.bytes"},
    {"retention.ms", LONG, "604800000", "log.retention.ms", -1, INT64_MAX, NULL,
     "milliseconds that records are kept; -1: no limit"},
    {"segment.bytes", INT, "1073741824", "log.segment.bytes", 1 << 14, INT32_MAX, NULL,
     "size in bytes at which a log starts a new segment", "log.segment.bytes"},
    {"segment.index.bytes", INT, "10485760", "log.index.size.max.bytes", 4, INT32_MAX, NULL, "largest index, in bytes",
     "log.index.size.max.bytes"},
    {"segment.jitter.ms", LONG, "0", NULL, 0, INT64_MAX, NULL, "taken and ignored"},
    {"segment.ms", LONG, "604800000", "log.roll.ms", 1, INT64_MAX, NULL,
     "age in ms at which a log starts a new segment"},
    {"unclean.leader.election.enable", BOOLEAN, "false", NULL, 0, 0, NULL, "taken and ignored: there is one replica",
     "unclean.leader.election.enable"},
    {0},
};

enum { KEY_COUNT = sizeof wr_topic_keys / sizeof wr_topic_keys[0] - 1, VALUE_SIZE_MAX = 4096 };

struct wr_topic_config {
    char *values[KEY_COUNT];
};

const wr_topic_key *wr_topic_key_find(weir_slice name)
{
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++)
        if (weir_slice_equal(name, weir_slice_of(key->name)))
            return key;
    return NULL;
}

wr_topic_config *wr_topic_config_new(void)
{
    return calloc(1, sizeof(wr_topic_config));
}

void wr_topic_config_free(wr_topic_config *config)
{
    for (size_t i = 0; config && i < KEY_COUNT; i++)
        free(config->values[i]);
    free(config);
}

wr_topic_config *wr_topic_config_dup(const wr_topic_config *config)
{
    wr_topic_config *copy = wr_topic_config_new();
    for (size_t i = 0; copy && config && i < KEY_COUNT; i++) {
        copy->values[i] = config->values[i] ? strdup(config->values[i]) : NULL;
        if (config->values[i] && !copy->values[i]) {
            wr_topic_config_free(copy);
            return NULL;
        }
    }
    return copy;
}

static bool number_fits(const wr_topic_key *key, const char *text)
{
    int64_t number;
    if (key->type != DOUBLE)
        return wr_number_parse(text, key->min, key->max, &number) == WEIR_OK;
    char *end = NULL;
    double fraction = strtod(text, &end);
    return text[0] && text[strspn(text, "0123456789.eE+-")] == '\0' && *end == '\0' && fraction >= (double)key->min &&
           fraction <= (double)key->max;
}

static weir_err check_value(const wr_topic_key *key, const char *text, weir_failure *failure)
{
    if (key->choices) {
        if (wr_text_is_choice(text, key->choices))
            return WEIR_OK;
        return weir_fail(failure, WEIR_E_FORMAT, "Invalid value %s for configuration %s: must be one of %s", text,
                         key->name, key->choices);
    }
    if (key->type == BOOLEAN && strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
        return weir_fail(failure, WEIR_E_FORMAT, "Invalid value %s for configuration %s: must be true or false", text,
                         key->name);
    bool number = key->type == INT || key->type == LONG || key->type == DOUBLE;
    if (number && !number_fits(key, text))
        return weir_fail(failure, WEIR_E_FORMAT,
                         "Invalid value %s for configuration %s: must be a number from %lld to %lld", text, key->name,
                         (long long)key->min, (long long)key->max);
    return WEIR_OK;
}

weir_err wr_topic_config_set(wr_topic_config *config, weir_slice name, weir_slice value, weir_failure *failure)
{
    const wr_topic_key *key = wr_topic_key_find(name);
    if (!key)
        return weir_fail(failure, WEIR_E_NOT_FOUND, "Unknown topic config name: %.*s",
                         (int)(name.size < 100 ? name.size : 100), (const char *)name.data);
    char *text = NULL;
    if (value.data) {
        if (value.size > VALUE_SIZE_MAX || memchr(value.data, '\0', value.size) || memchr(value.data, '\n', value.size))
            return weir_fail(failure, WEIR_E_FORMAT, "Invalid value for configuration %s: not a line of text",
                             key->name);
        text = strndup((const char *)value.data, value.size);
        if (!text)
            return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
        weir_err err = check_value(key, text, failure);
        if (err != WEIR_OK) {
            free(text);
            return err;
        }
    }
    char **slot = &config->values[key - wr_topic_keys];
    free(*slot);
    *slot = text;
    return WEIR_OK;
}

weir_err wr_topic_config_check(const wr_topic_config *config, weir_failure *failure)
{
    const char *policy = wr_topic_config_get(config, wr_topic_key_find(WEIR_SLICE("cleanup.policy")));
    if (policy && strstr(policy, "compact"))
        return weir_fail(failure, WEIR_E_UNSUPPORTED,
                         "cleanup.policy=%s: this broker cannot compact topics yet; use cleanup.policy=delete with "
                         "retention.ms=-1 to keep everything",
                         policy);
    return WEIR_OK;
}

const char *wr_topic_config_get(const wr_topic_config *config, const wr_topic_key *key)
{
    assert(key >= wr_topic_keys && key < wr_topic_keys + KEY_COUNT);
    return config ? config->values[key - wr_topic_keys] : NULL;
}

/* ---- what is in force */

static const char *own(const wr_topic_config *config, const char *name)
{
    return wr_topic_config_get(config, wr_topic_key_find(weir_slice_of(name)));
}

static void own_number(const wr_topic_config *config, const char *name, int64_t *number)
{
    const wr_topic_key *key = wr_topic_key_find(weir_slice_of(name));
    const char *text = wr_topic_config_get(config, key);
    weir_err err = text ? wr_number_parse(text, key->min, key->max, number) : WEIR_OK;
    assert(err == WEIR_OK); /* it was checked when it was set */
}

/* What is set for clients' records does not hold for the broker's own: these have to be written as they are, and copied
 * again however old they are. */
static void make_internal(wr_log_config *log)
{
    log->message_size_max = WR_INTERNAL_BATCH_SIZE_MAX;
    if (log->segment_size < WR_INTERNAL_BATCH_SIZE_MAX)
        log->segment_size = WR_INTERNAL_BATCH_SIZE_MAX;
    if (log->index_size_max < wr_log_config_default.index_size_max)
        log->index_size_max = wr_log_config_default.index_size_max;
    log->timestamp_before_max_ms = log->timestamp_after_max_ms = INT64_MAX;
    log->log_append_time = false;
    log->retention_ms = log->retention_size = -1;
}

void wr_topic_config_log(const wr_topic_config *config, const wr_topics_config *inherited, bool internal,
                         wr_log_config *ret_log)
{
    wr_log_config log = inherited->log;
    own_number(config, "segment.bytes", &log.segment_size);
    own_number(config, "segment.ms", &log.segment_ms);
    own_number(config, "retention.bytes", &log.retention_size);
    own_number(config, "retention.ms", &log.retention_ms);
    own_number(config, "index.interval.bytes", &log.index_interval_size);
    own_number(config, "segment.index.bytes", &log.index_size_max);
    own_number(config, "max.message.bytes", &log.message_size_max);
    own_number(config, "file.delete.delay.ms", &log.file_delete_delay_ms);
    own_number(config, "message.timestamp.before.max.ms", &log.timestamp_before_max_ms);
    own_number(config, "message.timestamp.after.max.ms", &log.timestamp_after_max_ms);
    const char *type = own(config, "message.timestamp.type");
    if (type)
        log.log_append_time = strcmp(type, "LogAppendTime") == 0;

    const char *policy = own(config, "cleanup.policy");
    if (!policy)
        policy = wr_config_text(inherited->keys, "log.cleanup.policy");
    log.compact = strstr(policy, "compact") != NULL;
    if (!strstr(policy, "delete"))
        log.retention_ms = log.retention_size = -1;
    log.nothing_promised = inherited->flush == WR_FLUSH_NONE;
    if (internal)
        make_internal(&log);
    *ret_log = log;
}

/* The broker's value as Kafka prints it: plain numbers. */
static const char *broker_value(const wr_topic_key *key, const wr_topics_config *inherited, char ret_text[32])
{
    if (key->type == INT || key->type == LONG) {
        int64_t number;
        if (strcmp(key->name, "retention.ms") == 0)
            number = inherited->log.retention_ms;
        else if (strcmp(key->name, "segment.ms") == 0)
            number = inherited->log.segment_ms;
        else
            number = wr_config_int(inherited->keys, key->broker_key);
        snprintf(ret_text, 32, "%lld", (long long)number);
        return ret_text;
    }
    return wr_config_text(inherited->keys, key->broker_key);
}

const char *wr_topic_config_effective(const wr_topic_config *config, const wr_topic_key *key,
                                      const wr_topics_config *inherited, char ret_text[32])
{
    const char *value = wr_topic_config_get(config, key);
    if (value)
        return value;
    return key->broker_key ? broker_value(key, inherited, ret_text) : key->fallback;
}
