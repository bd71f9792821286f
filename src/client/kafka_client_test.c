/* Settings, and clusters that are not there: nobody is connected to. */
#include "kafka_int.h"
#include "test.h"

TEST(a_client_starts_no_thread_and_needs_no_broker)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    wr_config *config = wr_config_new(tables, "WEIR");
    wr_client *client;
    CHECK_OK(wr_client_new(config, NULL, &client, NULL));
    CHECK(((wr_kafka_client *)client)->admin == NULL);
    wr_client_free(client);
    wr_config_free(config);
}

TEST(a_setting_that_librdkafka_does_not_know_is_said_when_the_client_is_made)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    wr_config *config = wr_config_new(tables, "WEIR");
    wr_client *client = NULL;
    weir_failure failure = {0};
    CHECK_OK(wr_config_set(config, "kafka.no.such.setting", "1", "test", &failure));
    CHECK_EQ(wr_client_new(config, NULL, &client, &failure), WEIR_E_FORMAT);
    CHECK(strstr(failure.sentence, "no.such.setting"));
    CHECK(client == NULL);
    wr_config_free(config);
}

TEST(what_librdkafka_finds_wrong_when_it_starts_is_said_and_harms_nothing)
{
    static const char *const wrong[][2] = {
        {"security.ssl.ca", "/there/is/no/such/file"},
        {"security.ssl.certificate", "/there/is/no/such/file"},
        {"security.sasl.mechanism", "NO-SUCH"},
    };
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        wr_config *config = wr_config_new(tables, "WEIR");
        wr_client *client;
        wr_producer *producer = NULL;
        wr_consumer *consumer = NULL;
        weir_failure failure = {0};
        CHECK_OK(wr_config_set(config, "security.protocol", "sasl_ssl", "test", NULL));
        CHECK_OK(wr_config_set(config, wrong[i][0], wrong[i][1], "test", NULL));
        CHECK_OK(wr_client_new(config, NULL, &client, NULL));
        CHECK_EQ(wr_client_check(client, "group", &failure), WEIR_E_USAGE);
        CHECK(strstr(failure.sentence, "does not start with these settings: "));
        CHECK_EQ(wr_client_reach(client, 1000, &failure), WEIR_E_USAGE);
        CHECK(strstr(failure.sentence, "does not start with these settings: "));
        CHECK_EQ(wr_producer_new(client, NULL, &producer, NULL), WEIR_E_USAGE);
        CHECK_EQ(wr_consumer_new(client, &(wr_consumer_options){0}, &consumer, NULL), WEIR_E_USAGE);
        CHECK(wr_client_free(client));
        wr_config_free(config);
    }
}

TEST(settings_that_exclude_each_other_are_found_by_the_check_for_either_role)
{
    static const char *const wrong[][2] = {
        {"kafka.message.send.max.retries", "0"}, /* an idempotent producer wants some */
        {"kafka.max.poll.interval.ms", "1000"},  /* below session.timeout.ms */
    };
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    for (size_t i = 0; i <= sizeof(wrong) / sizeof(wrong[0]); i++) {
        bool is_wrong = i < sizeof(wrong) / sizeof(wrong[0]);
        wr_config *config = wr_config_new(tables, "WEIR");
        wr_client *client;
        weir_failure failure = {0};
        if (is_wrong)
            CHECK_OK(wr_config_set(config, wrong[i][0], wrong[i][1], "test", NULL));
        CHECK_OK(wr_client_new(config, NULL, &client, NULL));
        CHECK_EQ(wr_client_check(client, "group", &failure), is_wrong ? WEIR_E_USAGE : WEIR_OK);
        CHECK(wr_client_free(client));
        wr_config_free(config);
    }
}

TEST(brokers_that_cannot_be_are_said_when_the_client_is_made)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    static const char *const keys[] = {"bootstrap.servers", "kafka.bootstrap.servers", "kafka.metadata.broker.list"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        wr_config *config = wr_config_new(tables, "WEIR");
        wr_client *client = NULL;
        weir_failure failure = {0};
        CHECK_OK(wr_config_set(config, keys[i], "localhost:99999", "test", NULL));
        CHECK_EQ(wr_client_new(config, NULL, &client, &failure), WEIR_E_USAGE);
        CHECK(strstr(failure.sentence, "'localhost:99999' is not HOST:PORT"));
        CHECK(client == NULL);
        wr_config_free(config);
    }
}

static void expect_unreachable(const char *bootstrap, const char *cause)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    weir_failure failure = {0};
    wr_client *client;
    wr_config *config = wr_config_new(tables, "WEIR");
    CHECK_OK(wr_config_set(config, "bootstrap.servers", bootstrap, "test", &failure));
    CHECK_OK(wr_client_new(config, NULL, &client, &failure));
    CHECK_EQ(wr_client_reach(client, 1000, &failure), WEIR_E_UNREACHABLE);
    CHECK(strstr(failure.sentence, cause) != NULL);
    CHECK(strstr(failure.sentence, bootstrap) != NULL);
    CHECK(wr_client_free(client));
    wr_config_free(config);
}

TEST(who_refuses_and_who_has_no_such_name_is_said_with_host_and_cause)
{
    expect_unreachable("127.0.0.1:1", "Connection refused");
    expect_unreachable("no-such-host.invalid:9092", "resolve");
}

TEST(a_cluster_that_nobody_runs_is_unreachable)
{
    static const wr_config_key *const tables[] = {wr_client_config, NULL};
    wr_config *config = wr_config_new(tables, "WEIR");
    wr_client *client;
    weir_failure failure = {0};
    wr_cluster_info info;
    weir_arena *arena = weir_arena_new(1 << 20);
    CHECK_OK(wr_config_set(config, "bootstrap.servers", "127.0.0.1:1", "test", &failure));
    CHECK_OK(wr_client_new(config, NULL, &client, &failure));
    weir_err err = wr_admin_describe(client, NULL, false, 300, arena, &info, &failure);
    CHECK(err == WEIR_E_UNREACHABLE || err == WEIR_E_TIMEOUT);
    CHECK(failure.retriable);
    weir_arena_free(arena);
    wr_client_free(client);
    wr_config_free(config);
}
