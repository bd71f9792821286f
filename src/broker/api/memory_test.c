/* Memory runs out at any allocation of a start: an error with a sentence, nothing leaks, and the next start works. */
#include "api.h"

#include <broker/broker.h>

#include "allocation.h"
#include "test.h"

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
