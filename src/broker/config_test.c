#include "config.h"

#include <topics/topic_config.h>

#include <stdio.h>

#include "test.h"

static const wr_config_key *const tables[] = {wr_broker_keys, NULL};

static weir_err read_with(const char *key, const char *value, wr_broker_config *ret_config, wr_config **ret_keys)
{
    wr_config *keys = wr_config_new(tables, "WEIR");
    weir_failure failure = {0};
    CHECK(keys != NULL);
    if (key)
        CHECK_OK(wr_config_set(keys, key, value, "test", &failure));
    weir_err err = wr_broker_config_read(keys, ret_config, &failure);
    CHECK((err == WEIR_OK) == (failure.sentence[0] == '\0'));
    *ret_keys = keys;
    return err;
}

/* The error that one setting leads to; the configuration is dropped. */
static weir_err verdict(const char *key, const char *value)
{
    wr_broker_config config;
    wr_config *keys;
    weir_err err = read_with(key, value, &config, &keys);
    wr_config_free(keys);
    return err;
}

TEST(the_defaults_are_kafkas_and_safe)
{
    wr_broker_config config;
    wr_config *keys;
    CHECK_OK(read_with(NULL, NULL, &config, &keys));
    CHECK_EQ(config.listener_count, 1);
    CHECK_STR(config.listeners[0].host, "127.0.0.1");
    CHECK_EQ(config.listeners[0].port, 9092);
    CHECK_EQ(config.topics.flush, WR_FLUSH_ACKS);
    CHECK_EQ(config.topics.log.retention_ms, 7LL * 24 * 3600 * 1000);
    CHECK_EQ(config.topics.log.segment_size, 1 << 30);
    CHECK_EQ(config.topics.log.message_size_max, 1048588);
    CHECK_EQ(config.groups.initial_delay_ms, 3000);
    CHECK(!config.any_replication_factor);
    wr_config_free(keys);
}

TEST(the_development_profile_does_not_wait_and_takes_any_replication_factor)
{
    wr_broker_config config;
    wr_config *keys;
    CHECK_OK(read_with("profile", "development", &config, &keys));
    CHECK_EQ(config.groups.initial_delay_ms, 0);
    CHECK(config.any_replication_factor);
    wr_config_free(keys);
}

TEST(listeners_are_one_plain_address)
{
    wr_broker_config config;
    wr_config *keys;
    CHECK_OK(read_with("listeners", "PLAINTEXT://[::1]:0", &config, &keys));
    CHECK_STR(config.listeners[0].host, "::1");
    CHECK_EQ(config.listeners[0].port, 0);
    wr_config_free(keys);
    CHECK_EQ(verdict("listeners", "SSL://127.0.0.1:9092"), WEIR_E_FORMAT);
    CHECK_EQ(verdict("listeners", "127.0.0.1"), WEIR_E_FORMAT);
    CHECK_EQ(verdict("listeners", "127.0.0.1:99999"), WEIR_E_FORMAT);
    CHECK_EQ(verdict("listeners", "127.0.0.1:1,127.0.0.1:2"), WEIR_E_FORMAT);
    CHECK_EQ(verdict("listeners", "0.0.0.0:9092"), WEIR_E_DENIED); /* reachable from outside, without a login */
    CHECK_EQ(verdict("listeners", ":9092"), WEIR_E_DENIED);
    CHECK_EQ(verdict("advertised.listeners", "nonsense"), WEIR_E_FORMAT);
    static const char *const nowhere[] = {":9092", "0.0.0.0:9092", "PLAINTEXT://[::]:9092"};
    for (size_t i = 0; i < sizeof nowhere / sizeof nowhere[0]; i++)
        CHECK_EQ(verdict("advertised.listeners", nowhere[i]), WEIR_E_FORMAT);
    CHECK_EQ(verdict("log.dirs", "a,b"), WEIR_E_FORMAT);
    CHECK_EQ(verdict("log.cleanup.policy", "keep"), WEIR_E_FORMAT);
    CHECK_EQ(verdict("group.max.session.timeout.ms", "1s"), WEIR_E_FORMAT);
}

TEST(the_finer_unit_of_retention_goes_first)
{
    wr_broker_config config;
    wr_config *keys;
    CHECK_OK(read_with("log.retention.minutes", "5", &config, &keys));
    CHECK_EQ(config.topics.log.retention_ms, 300000);
    wr_config_free(keys);
    CHECK_OK(read_with("log.retention.ms", "-1", &config, &keys));
    CHECK_EQ(config.topics.log.retention_ms, -1);
    wr_config_free(keys);
    CHECK_OK(read_with("log.retention.hours", "-1", &config, &keys));
    CHECK_EQ(config.topics.log.retention_ms, -1);
    wr_config_free(keys);
}

TEST(topic_keys_are_in_order_and_their_defaults_are_legal)
{
    wr_topic_config *config = wr_topic_config_new();
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++) {
        CHECK(key == wr_topic_keys || strcmp(key[-1].name, key->name) < 0);
        CHECK_OK(wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(key->fallback), NULL));
        CHECK_STR(wr_topic_config_get(config, key), key->fallback);
        if (!key->broker_key)
            continue;
        bool found = false;
        for (const wr_config_key *other = wr_broker_keys; other->key; other++)
            found = found || strcmp(other->key, key->broker_key) == 0;
        CHECK(found);
    }
    wr_topic_config_free(config);
}

TEST(a_compacted_topic_is_not_shortened_by_time_or_size)
{
    wr_broker_config broker;
    wr_config *keys;
    wr_log_config log;
    CHECK_OK(read_with(NULL, NULL, &broker, &keys));
    wr_topic_config *config = wr_topic_config_new();
    CHECK_OK(wr_topic_config_set(config, WEIR_SLICE("cleanup.policy"), WEIR_SLICE("compact"), NULL));
    CHECK_OK(wr_topic_config_set(config, WEIR_SLICE("segment.bytes"), WEIR_SLICE("65536"), NULL));
    wr_topic_config_log(config, &broker.topics, false, &log);
    CHECK(log.compact);
    CHECK_EQ(log.retention_ms, -1);
    CHECK_EQ(log.segment_size, 65536);
    wr_topic_config_log(NULL, &broker.topics, false, &log);
    CHECK(!log.compact);
    CHECK_EQ(log.retention_ms, broker.topics.log.retention_ms);
    wr_topic_config_free(config);
    wr_config_free(keys);
}

/* ---- every limit at its limit */

static bool is_number(const wr_config_key *row)
{
    return row->kind == WR_CONFIG_INT || row->kind == WR_CONFIG_DURATION || row->kind == WR_CONFIG_SIZE;
}

static void check_bound(const wr_config_key *row, int64_t bound, bool above)
{
    char at[32], past[32];
    snprintf(at, sizeof at, "%lld", (long long)bound);
    if (above && bound == INT64_MAX)
        snprintf(past, sizeof past, "9223372036854775808");
    else
        snprintf(past, sizeof past, "%lld", (long long)(above ? bound + 1 : bound - 1));
    wr_config *keys = wr_config_new(tables, "WEIR");
    weir_failure failure = {0};
    CHECK_EQ(wr_config_set(keys, row->key, past, "test", &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, row->key) != NULL);
    CHECK_OK(wr_config_set(keys, row->key, at, "test", &failure));
    CHECK(wr_config_int(keys, row->key) == bound);
    wr_config_free(keys);
}

TEST(every_number_has_bounds_that_are_taken_and_past_which_it_is_refused)
{
    int count = 0;
    for (const wr_config_key *row = wr_broker_keys; row->key; row++)
        if (is_number(row)) {
            count++;
            CHECK(row->min != 0 || row->max != 0); /* both 0 would mean unchecked */
            CHECK(row->max >= row->min);
            check_bound(row, row->max, true);
            check_bound(row, row->min, false);
        }
    CHECK(count > 25);
}

TEST(every_number_of_a_topic_has_bounds_that_are_taken_and_past_which_it_is_refused)
{
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++) {
        if (key->type != WR_CONFIG_TYPE_LONG && key->type != WR_CONFIG_TYPE_INT)
            continue;
        CHECK(key->max > key->min);
        wr_topic_config *config = wr_topic_config_new();
        char text[32];
        weir_failure failure = {0};
        snprintf(text, sizeof text, "%lld", (long long)key->max);
        CHECK_OK(wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(text), &failure));
        snprintf(text, sizeof text, "%lld", (long long)key->min);
        CHECK_OK(wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(text), &failure));
        snprintf(text, sizeof text, "%lld", (long long)key->min - 1);
        CHECK_EQ(wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(text), &failure), WEIR_E_FORMAT);
        if (key->max < INT64_MAX)
            snprintf(text, sizeof text, "%lld", (long long)key->max + 1);
        else
            snprintf(text, sizeof text, "9223372036854775808");
        CHECK_EQ(wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(text), &failure), WEIR_E_FORMAT);
        wr_topic_config_free(config);
    }
}

TEST(a_cluster_id_has_up_to_255_printable_characters)
{
    char id[257];
    memset(id, 'c', sizeof id);
    id[255] = '\0';
    CHECK_EQ(verdict("cluster.id", id), WEIR_OK);
    id[255] = 'c';
    id[256] = '\0';
    CHECK_EQ(verdict("cluster.id", id), WEIR_E_FORMAT);
    CHECK_EQ(verdict("cluster.id", "production:eu-1"), WEIR_OK);
    static const char *const bad[] = {"", " a", "a b", "a\n", "\xc3\xa9"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(verdict("cluster.id", bad[i]), WEIR_E_FORMAT);
}
