#include <cli/own_config.h>

#include <stdio.h>

#include "test.h"

static const wr_config_info shown[] = {
    {.name = "cleanup.policy", .value = "delete", .source = "default", .is_default = true},
    {.name = "retention.ms", .value = "60000", .source = "topic"},
    {.name = "segment.ms", .value = "70000", .source = "topic"},
    {.name = "segment.bytes", .value = "1000000", .source = "broker"},
};

static const char *value_of(const wr_own_config *own, const char *name)
{
    for (size_t i = 0; i < own->count; i++)
        if (strcmp(own->values[i].name, name) == 0)
            return own->values[i].value;
    return "none";
}

TEST(what_is_not_named_stays_as_it_is_and_what_is_the_brokers_is_not_sent)
{
    wr_own_config own;
    CHECK_OK(wr_own_config_read(shown, 4, &own, NULL));
    CHECK_EQ(own.count, 2);
    CHECK(wr_own_config_set(&own, "retention.ms", "90000"));
    CHECK(!wr_own_config_set(&own, "segment.ms", "70000"));
    CHECK(wr_own_config_set(&own, "max.message.bytes", "5000"));
    CHECK_EQ(own.count, 3);
    CHECK_STR(value_of(&own, "retention.ms"), "90000");
    CHECK_STR(value_of(&own, "segment.ms"), "70000");
    CHECK_STR(value_of(&own, "max.message.bytes"), "5000");
    CHECK(wr_own_config_unset(&own, "segment.ms"));
    CHECK(!wr_own_config_unset(&own, "segment.bytes"));
    CHECK_STR(value_of(&own, "segment.ms"), "none");
    CHECK_OK(wr_own_config_check(&own, NULL));
}

TEST(a_value_that_the_broker_does_not_show_must_be_named_or_nothing_is_changed)
{
    const wr_config_info secret[] = {shown[1],
                                     {.name = "some.password", .value = "", .source = "topic", .sensitive = true}};
    wr_own_config own;
    weir_failure failure = {0};
    CHECK_OK(wr_own_config_read(secret, 2, &own, NULL));
    CHECK(wr_own_config_set(&own, "retention.ms", "90000"));
    CHECK_EQ(wr_own_config_check(&own, &failure), WEIR_E_REFUSED);
    CHECK(strstr(failure.sentence, "some.password"));
    wr_own_config named = own;
    CHECK(wr_own_config_set(&named, "some.password", "x"));
    CHECK_OK(wr_own_config_check(&named, NULL));
    CHECK(wr_own_config_unset(&own, "some.password"));
    CHECK_OK(wr_own_config_check(&own, NULL));
}

TEST(a_broker_that_does_not_say_whose_a_value_is_is_refused)
{
    const wr_config_info vague[] = {{.name = "retention.ms", .value = "60000", .source = "unknown"}};
    wr_own_config own;
    weir_failure failure = {0};
    CHECK_EQ(wr_own_config_read(vague, 1, &own, &failure), WEIR_E_UNSUPPORTED);
    CHECK(strstr(failure.sentence, "retention.ms"));
}

TEST(there_are_so_many_keys_and_one_more_is_refused)
{
    static char names[WR_OWN_CONFIG_MAX + 1][16];
    static wr_config_info many[WR_OWN_CONFIG_MAX + 1];
    for (size_t i = 0; i <= WR_OWN_CONFIG_MAX; i++) {
        snprintf(names[i], sizeof names[i], "key.%zu", i);
        many[i] = (wr_config_info){.name = names[i], .value = "1", .source = "topic"};
    }
    wr_own_config own;
    CHECK_EQ(wr_own_config_read(many, WR_OWN_CONFIG_MAX + 1, &own, NULL), WEIR_E_LIMIT);
    CHECK_OK(wr_own_config_read(many, WR_OWN_CONFIG_MAX, &own, NULL));
    CHECK(!wr_own_config_set(&own, "one.more", "1"));
    CHECK_EQ(own.count, WR_OWN_CONFIG_MAX);
}

TEST(two_readings_are_the_same_in_any_order_and_differ_by_a_value_a_key_or_one_that_is_hidden)
{
    const wr_config_info turned[] = {shown[2], shown[1]};
    const wr_config_info hidden[] = {shown[1], {.name = "segment.ms", .source = "topic", .sensitive = true}};
    wr_own_config a, b;
    CHECK_OK(wr_own_config_read(shown, 4, &a, NULL));
    CHECK_OK(wr_own_config_read(turned, 2, &b, NULL));
    CHECK(wr_own_config_equal(&a, &b));
    CHECK(wr_own_config_set(&b, "segment.ms", "1"));
    CHECK(!wr_own_config_equal(&a, &b));
    CHECK(wr_own_config_unset(&b, "segment.ms"));
    CHECK(!wr_own_config_equal(&a, &b) && !wr_own_config_equal(&b, &a));
    CHECK_OK(wr_own_config_read(hidden, 2, &b, NULL));
    CHECK(!wr_own_config_equal(&a, &b) && !wr_own_config_equal(&b, &a) && wr_own_config_equal(&b, &b));
}
