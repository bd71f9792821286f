/* Memory runs out at any allocation of a start or of a topic's making: an error, nothing leaks, and what was refused is not
 * there. */
#include "api.h"

#include <broker/broker.h>

#include "allocation.h"
#include "test.h"

#include <stdio.h>

TEST(a_start_fails_cleanly_at_any_allocation_and_harms_nothing)
{
    static const wr_config_key *const tables[] = {wr_broker_keys, NULL};
    wr_io *io;
    wr_loop *loop;
    weir_failure failure = {0};
    CHECK_OK(wr_io_real_new(&io));
    CHECK_OK(wr_loop_new(io, &loop));
    wr_config *config = wr_config_new(tables, "WEIR");
    CHECK_OK(wr_config_set(config, "port", "0", "test", &failure));
    CHECK_OK(wr_config_set(config, "log.dirs", test_directory(), "test", &failure));
    size_t failed_count = 0;
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        wr_broker *broker = NULL;
        failure = (weir_failure){0};
        weir_err err = wr_broker_start(loop, io, config, NULL, wr_api_handlers(), &broker, &failure);
        bool failed = test_allocation_failed();
        CHECK(failed || err == WEIR_OK);
        if (err == WEIR_OK) {
            CHECK(wr_broker_port(broker) > 0);
            wr_broker_free(broker);
        } else {
            CHECK_EQ(err, WEIR_E_MEMORY);
            CHECK(failure.sentence[0] != '\0');
            failed_count++;
        }
        if (!failed)
            break;
    }
    CHECK(failed_count > 10);
    wr_config_free(config);
    wr_loop_free(loop);
    wr_io_free(io);
}

typedef struct making {
    wr_loop *loop;
    weir_err err;
} making;

static void made(void *user, weir_err err, wr_topic *topic)
{
    making *one = user;
    CHECK_EQ(topic != NULL, err == WEIR_OK);
    one->err = err;
    wr_loop_stop(one->loop);
}

TEST(a_topic_for_which_memory_is_out_leaves_nothing_on_the_disk)
{
    static const wr_config_key *const tables[] = {wr_broker_keys, NULL};
    wr_io *io;
    making one;
    wr_broker *broker;
    weir_failure failure = {0};
    const char *directory = test_directory();
    CHECK_OK(wr_io_real_new(&io));
    CHECK_OK(wr_loop_new(io, &one.loop));
    wr_config *config = wr_config_new(tables, "WEIR");
    CHECK_OK(wr_config_set(config, "port", "0", "test", &failure));
    CHECK_OK(wr_config_set(config, "log.dirs", directory, "test", &failure));
    CHECK_OK(wr_broker_start(one.loop, io, config, NULL, wr_api_handlers(), &broker, &failure));
    int failed_count = 0;
    bool failed = true;
    for (size_t nth = 1; failed; nth++) {
        char name[32], path[256];
        snprintf(name, sizeof name, "orders-%zu", nth);
        wr_topic_config *settings = wr_topic_config_new();
        test_fail_allocation(nth);
        one.err = wr_topics_create(broker->topics, weir_slice_of(name), 2, settings, made, &one);
        bool taken = one.err == WEIR_OK;
        wr_topics_settle(broker->topics); /* as at the end of a round */
        if (taken)
            CHECK_OK(wr_loop_run(one.loop));
        failed = test_allocation_failed();
        if (!taken)
            wr_topic_config_free(settings);
        CHECK(failed || one.err == WEIR_OK);
        failed_count += one.err != WEIR_OK;
        CHECK_EQ(wr_topics_find(broker->topics, weir_slice_of(name)) != NULL, one.err == WEIR_OK);
        for (int i = 0; i < 2; i++) {
            snprintf(path, sizeof path, "%s/%s-%d", directory, name, i);
            CHECK_EQ(wr_path_exists(io, path), one.err == WEIR_OK);
        }
    }
    CHECK(failed_count > 5);
    wr_broker_free(broker);
    wr_config_free(config);
    wr_loop_free(one.loop);
    wr_io_free(io);
}
