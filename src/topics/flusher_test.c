#include "flusher.h"

#include "partition_int.h"
#include "topic.h"

#include <testing/io/sim.h>
#include <wire/batch.h>

#include "allocation.h"
#include "test.h"

/* One partition on the simulator, with a flusher of its own. */
typedef struct bench {
    wr_sim *sim;
    wr_loop *loop;
    wr_flusher *flusher;
    wr_topic topic;
    wr_partition partition;
    wr_partition_host host;
    wr_round_end round_end;
} bench;

static void appended(void *user, wr_partition *partition)
{
    bench *on = user;
    wr_flusher_mark(on->flusher, partition);
}

static void ignored(void *user, wr_partition *partition)
{
    (void)user, (void)partition;
}

static void kick(void *user)
{
    wr_flusher_kick(user);
}

static void open_bench(bench *on)
{
    static char name[] = "orders";
    *on = (bench){.sim = wr_sim_new(7), .topic = {.name = name}};
    wr_topics_config config = {.flush = WR_FLUSH_ACKS, .log = wr_log_config_default};
    wr_io *io = wr_sim_io(on->sim);
    wr_log *log = NULL;
    CHECK_OK(wr_loop_new(io, &on->loop));
    CHECK_OK(wr_flusher_new(on->loop, NULL, &config, &on->flusher));
    CHECK_OK(wr_dir_create(io, "data/orders-0"));
    CHECK_OK(wr_log_open(io, "data/orders-0", &config.log, true, &log, NULL));
    on->host = (wr_partition_host){.appended = appended, .keep_up = ignored, .told = ignored, .user = on};
    wr_list_init(&on->host.changed);
    wr_partition_init(&on->partition, &on->host, &on->topic, 0, log);
    wr_loop_at_round_end(on->loop, &on->round_end, kick, on->flusher);
}

static void close_bench(bench *on)
{
    wr_round_end_remove(&on->round_end);
    wr_flusher_free(on->flusher);
    CHECK_OK(wr_log_close(on->partition.log));
    wr_loop_free(on->loop);
    wr_sim_free(on->sim);
}

static void append(bench *on)
{
    wr_buf bytes;
    wr_batch_builder builder;
    wr_partition_appended at;
    wr_buf_init(&bytes, 4096);
    wr_batch_builder_init(&builder, 4096);
    wr_batch_builder_add(&builder, &(wr_record){.value = WEIR_SLICE("tea")});
    CHECK_OK(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &bytes));
    CHECK_OK(wr_partition_append(&on->partition, bytes.data, bytes.size, &at));
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&bytes);
}

TEST(a_sync_that_cannot_be_started_breaks_nothing_and_is_tried_again)
{
    int failed_count = 0;
    for (size_t nth = 1;; nth++) {
        bench on;
        open_bench(&on);
        append(&on);
        test_fail_allocation(nth);
        wr_flusher_kick(on.flusher);
        bool failed = test_allocation_failed();
        failed_count += failed;
        CHECK(!wr_partition_broken(&on.partition));
        wr_sim_run_ms(on.sim, 2000, 1000);
        CHECK_EQ(wr_partition_high_watermark(&on.partition), 1);
        append(&on);
        wr_flusher_kick(on.flusher);
        wr_sim_run_ms(on.sim, 2000, 1000);
        CHECK_EQ(wr_partition_high_watermark(&on.partition), 2);
        close_bench(&on);
        if (!failed)
            break;
    }
    CHECK(failed_count > 0);
}
