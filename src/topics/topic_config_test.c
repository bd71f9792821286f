#include "topic_config.h"

#include "test.h"

TEST(a_topics_value_is_checked_and_stays_when_the_new_one_is_not)
{
    wr_topic_config *config = wr_topic_config_new();
    weir_failure failure = {0};
    weir_slice name = WEIR_SLICE("retention.ms");
    CHECK_OK(wr_topic_config_set(config, name, WEIR_SLICE("1000"), &failure));
    static const char *const bad[] = {"", " 1", "1 ", "1h", "-2", "99999999999999999999", "1\n2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_EQ(wr_topic_config_set(config, name, weir_slice_of(bad[i]), &failure), WEIR_E_FORMAT);
    CHECK_STR(wr_topic_config_get(config, wr_topic_key_find(name)), "1000");
    CHECK_EQ(wr_topic_config_set(config, WEIR_SLICE("cleanup.policy"), WEIR_SLICE("comp"), &failure), WEIR_E_FORMAT);
    CHECK_EQ(wr_topic_config_set(config, WEIR_SLICE("cleanup.policy"), WEIR_SLICE("delete|compact"), &failure),
             WEIR_E_FORMAT);
    CHECK_EQ(wr_topic_config_set(config, WEIR_SLICE("preallocate"), WEIR_SLICE("yes"), &failure), WEIR_E_FORMAT);
    CHECK_EQ(wr_topic_config_set(config, WEIR_SLICE("retention"), WEIR_SLICE("1"), &failure), WEIR_E_NOT_FOUND);
    CHECK_OK(wr_topic_config_set(config, name, (weir_slice){0}, &failure));
    CHECK(wr_topic_config_get(config, wr_topic_key_find(name)) == NULL);
    wr_topic_config_free(config);
}
