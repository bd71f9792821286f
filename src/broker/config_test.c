#include "config.h"

#include <testing/base/limits.h>
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
    static const char *const no_ports[] = {"99999", "65536", "-1", "+9092", " 9092", "9092 ", "0x10", "", "x"};
    for (size_t i = 0; i < sizeof no_ports / sizeof *no_ports; i++) {
        char address[64];
        snprintf(address, sizeof address, "127.0.0.1:%s", no_ports[i]);
        CHECK_EQ(verdict("listeners", address), WEIR_E_FORMAT);
        CHECK_EQ(verdict("advertised.listeners", address), WEIR_E_FORMAT);
    }
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

TEST(only_addresses_and_localhost_count_as_loopback)
{
    static const char *const here[] = {"127.0.0.1:9092", "127.255.255.254:0", "[::1]:9092", "localhost:9092"};
    static const char *const elsewhere[] = {
        "127.example.org:9092",
        "127.0.0.1.example.org:9092",
        "127.0.0.256:9092",
        "127.0.0:9092",
        "127.0.0.1.1:9092",
        "127.0.0.1.:9092",
        "127.:9092",
        "127.0..1:9092",
        "127.0.0. 1:1",
        "127.0.0.0001:9092",
        "1.127.0.0:9092",
        "localhost.example.org:9092",
    };
    for (size_t i = 0; i < sizeof here / sizeof *here; i++)
        CHECK_EQ(verdict("listeners", here[i]), WEIR_OK);
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        CHECK_EQ(verdict("listeners", elsewhere[i]), WEIR_E_DENIED);
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

TEST(every_setting_takes_what_its_row_allows_and_refuses_the_rest_with_key_value_and_range)
{
    limits_walk walk = {.tables = tables};
    limits_try(&walk, wr_broker_keys);
    CHECK_STR(walk.fault.sentence, "");
    CHECK(walk.count > 40);
}

static void refuse_topic_value(wr_topic_config *config, const wr_topic_key *key, const char *text)
{
    weir_failure failure = {0};
    char before[64] = "";
    const char *kept = wr_topic_config_get(config, key);
    snprintf(before, sizeof before, "%s", kept ? kept : "");
    if (wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(text), &failure) != WEIR_E_FORMAT)
        fail_msg("%s takes '%s'", key->name, text);
    limits_fault fault = {0};
    limits_check_says(&fault, failure.sentence, key->name);
    limits_check_says(&fault, failure.sentence, text);
    limits_check_range(&fault, failure.sentence, key->min, key->max);
    CHECK_STR(fault.sentence, "");
    CHECK_STR(wr_topic_config_get(config, key), before);
}

TEST(every_number_of_a_topic_has_bounds_that_are_taken_and_past_which_it_is_refused)
{
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++) {
        if (key->type != WR_CONFIG_TYPE_LONG && key->type != WR_CONFIG_TYPE_INT)
            continue;
        CHECK(key->max > key->min);
        wr_topic_config *config = wr_topic_config_new();
        const int64_t bounds[] = {key->max, key->min};
        char text[32];
        for (int i = 0; i < 2; i++) {
            snprintf(text, sizeof text, "%lld", (long long)bounds[i]);
            CHECK_OK(wr_topic_config_set(config, weir_slice_of(key->name), weir_slice_of(text), NULL));
            CHECK_STR(wr_topic_config_get(config, key), text);
        }
        snprintf(text, sizeof text, "%lld", (long long)key->min - 1);
        refuse_topic_value(config, key, text);
        snprintf(text, sizeof text, "%lld", key->max < INT64_MAX ? (long long)key->max + 1 : INT64_MIN);
        refuse_topic_value(config, key, text);
        for (int i = 0; limits_no_number[i]; i++)
            refuse_topic_value(config, key, limits_no_number[i]);
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
