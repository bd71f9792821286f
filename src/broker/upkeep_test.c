/* Records are deleted while others are appended and synced, on threads of the real loop and on the simulated one. */
#include "broker.h"

#include <topics/topics.h>

#include <testing/io/sim.h>
#include <wire/batch.h>

#include "test.h"

#include <stdio.h>

enum { APPENDS = 120, PRODUCER = 7 };

typedef struct bench {
    wr_io *io;
    wr_sim *sim; /* NULL: the real one */
    wr_loop *loop;
    wr_config *keys;
    wr_topics *topics;
    wr_round_end round_end;
    char root[256];
    wr_partition *partition;
    wr_durable_wait durable;
    wr_trim_wait trim;
    int appended, trimmed;
    int64_t start; /* as told */
    bool trimming, deletes;
    weir_err err; /* of what ended last */
} bench;

static void settle(void *user)
{
    bench *on = user;
    do
        wr_topics_settle(on->topics);
    while (wr_topics_unsettled(on->topics));
}

static void ignore_deleted(void *user, weir_slice topic)
{
    (void)user, (void)topic;
}

static void open_topics(bench *on)
{
    static const wr_config_key *const tables[] = {wr_broker_keys, NULL};
    weir_failure failure = {0};
    if (!on->keys) {
        on->keys = wr_config_new(tables, "WEIR");
        CHECK_OK(wr_config_set(on->keys, "log.segment.bytes", "16384", "test", &failure));
        CHECK_OK(wr_config_set(on->keys, "log.segment.delete.delay.ms", "0", "test", &failure));
        CHECK_OK(wr_config_set(on->keys, "log.retention.ms", "-1", "test", &failure));
    }
    wr_topics_config config = {.keys = on->keys,
                               .data_directory = on->root,
                               .flush = WR_FLUSH_ACKS,
                               .partition_count_max = 10,
                               .retention_check_ms = 1,
                               .log = wr_log_config_default};
    config.log.segment_size = 16384;
    config.log.file_delete_delay_ms = 0;
    config.log.retention_ms = -1;
    wr_topics_host host = {.loop = on->loop, .deleted = ignore_deleted, .user = on};
    weir_err err = wr_topics_open(&host, &config, false, &on->topics, &failure);
    CHECK_STR(failure.sentence, "");
    CHECK_OK(err);
    wr_loop_at_round_end(on->loop, &on->round_end, settle, on);
}

static void bench_open(bench *on, uint64_t seed)
{
    *on = (bench){.sim = seed ? wr_sim_new(seed) : NULL};
    if (on->sim)
        on->io = wr_sim_io(on->sim);
    else
        CHECK_OK(wr_io_real_new(&on->io));
    snprintf(on->root, sizeof on->root, "%s/t", on->sim ? "data" : test_directory());
    CHECK_OK(wr_dir_create(on->io, on->root));
    CHECK_OK(wr_loop_new(on->io, &on->loop));
    open_topics(on);
}

static void on_closed(void *user, weir_err err)
{
    bench *on = user;
    CHECK_OK(err);
    wr_loop_stop(on->loop);
}

static void close_topics(bench *on)
{
    wr_round_end_remove(&on->round_end);
    CHECK_OK(wr_topics_close(on->topics, on_closed, on));
    CHECK_OK(wr_loop_run(on->loop));
}

static void bench_close(bench *on)
{
    close_topics(on);
    wr_config_free(on->keys);
    wr_loop_free(on->loop);
    CHECK_OK(wr_path_remove_tree(on->io, on->root));
    wr_io_free(on->io);
    wr_sim_free(on->sim);
}

static wr_partition_appended append(bench *on, int nth)
{
    wr_buf bytes;
    wr_batch_builder builder;
    wr_partition_appended at;
    static const uint8_t value[3000];
    wr_buf_init(&bytes, 8192);
    wr_batch_builder_init(&builder, 8192);
    builder.producer_id = PRODUCER;
    builder.producer_epoch = 0;
    builder.base_sequence = nth;
    wr_batch_builder_add(&builder, &(wr_record){.value = {value, sizeof value}});
    CHECK_OK(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &bytes));
    CHECK_OK(wr_partition_append(on->partition, bytes.data, bytes.size, &at));
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&bytes);
    return at;
}

static void go_on(bench *on);

static void on_trimmed(void *user, weir_err err)
{
    bench *on = user;
    on->err = err;
    on->trimming = false;
    if (on->deletes) {
        CHECK_EQ(err, WEIR_E_NOT_FOUND);
        return;
    }
    CHECK_OK(err);
    on->start = wr_partition_start_offset(on->partition);
    CHECK(on->start >= on->trim.offset);
    on->trimmed++;
    go_on(on);
}

static void trim_to(bench *on, int64_t offset)
{
    weir_err err = wr_partition_trim(on->partition, &on->trim, offset, offset, on_trimmed, on);
    on->trimming = err == WEIR_E_AGAIN;
    CHECK(err == WEIR_OK || on->trimming);
}

static void on_durable(void *user, weir_err err)
{
    CHECK_OK(err);
    go_on(user);
}

/* One append after the other, and one deletion after the other beside them. */
static void go_on(bench *on)
{
    if (!on->trimming && wr_partition_start_offset(on->partition) < APPENDS - 4)
        trim_to(on, wr_partition_high_watermark(on->partition) - on->appended % 3);
    while (on->appended < APPENDS && !wr_link_linked(&on->durable.link)) {
        wr_partition_appended at = append(on, on->appended++);
        weir_err err = wr_partition_await(on->partition, &on->durable, at.last_offset + 1, on_durable, on);
        CHECK(err == WEIR_OK || err == WEIR_E_AGAIN);
    }
}

static void stop_when_idle(void *user)
{
    bench *on = user;
    settle(on);
    if (on->appended == APPENDS && !on->trimming && !wr_link_linked(&on->durable.link) && wr_topics_idle(on->topics))
        wr_loop_stop(on->loop);
}

static void created(void *user, weir_err err, wr_topic *topic)
{
    bench *on = user;
    CHECK_OK(err);
    on->partition = wr_topic_partition(topic, 0);
    wr_loop_stop(on->loop);
}

static void make_topic(bench *on)
{
    CHECK_OK(wr_topics_create(on->topics, WEIR_SLICE("orders"), 1, NULL, created, on));
    settle(on);
    CHECK_OK(wr_loop_run(on->loop));
}

static void appends_and_deletions(uint64_t seed)
{
    bench on;
    bench_open(&on, seed);
    make_topic(&on);
    if (on.sim)
        CHECK_EQ(wr_sim_blocking_count(on.sim), 0);
    wr_round_end_remove(&on.round_end);
    wr_loop_at_round_end(on.loop, &on.round_end, stop_when_idle, &on);
    go_on(&on);
    settle(&on);
    CHECK_OK(wr_loop_run(on.loop));
    CHECK(on.trimmed > 1);
    CHECK_EQ(wr_partition_high_watermark(on.partition), APPENDS);
    CHECK(on.start > APPENDS / 2);
    for (int i = APPENDS - 5; i < APPENDS; i++)
        CHECK_EQ(append(&on, i).base_offset, i);

    close_topics(&on); /* and after the next start */
    on.round_end = (wr_round_end){0};
    open_topics(&on);
    on.partition = wr_topic_partition(wr_topics_find(on.topics, WEIR_SLICE("orders")), 0);
    CHECK_EQ(wr_partition_start_offset(on.partition), on.start);
    CHECK_EQ(wr_partition_end_offset(on.partition), APPENDS);
    for (int i = APPENDS - 5; i < APPENDS; i++)
        CHECK_EQ(append(&on, i).base_offset, i);
    bench_close(&on);
}

TEST(records_are_deleted_on_the_real_loop_while_others_are_appended)
{
    appends_and_deletions(0);
}

TEST(records_are_deleted_on_the_simulated_loop_while_others_are_appended)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        appends_and_deletions(test_seed() + seed);
}

/* ---- a topic that goes meanwhile */

static void on_deleted(void *user, weir_err err, wr_topic *topic)
{
    bench *on = user;
    CHECK_OK(err);
    CHECK(!topic);
    wr_loop_stop(on->loop);
}

static void deletion_of_both(uint64_t seed)
{
    bench on;
    bench_open(&on, seed);
    make_topic(&on);
    for (int i = 0; i < 30; i++) {
        (void)append(&on, i);
        if (i % 7 == 6)
            settle(&on);
    }
    trim_to(&on, 20);
    settle(&on);
    on.deletes = true;
    CHECK_OK(wr_topics_delete(on.topics, WEIR_SLICE("orders"), on_deleted, &on));
    CHECK_OK(wr_loop_run(on.loop));
    CHECK(!on.trimming);
    CHECK_EQ(on.err, WEIR_E_NOT_FOUND);
    char path[300];
    snprintf(path, sizeof path, "%s/orders-0", on.root);
    CHECK(!wr_path_exists(on.io, path));
    make_topic(&on);
    CHECK_EQ(wr_partition_end_offset(on.partition), 0);
    bench_close(&on);
}

TEST(a_topic_is_deleted_on_the_real_loop_while_its_records_are)
{
    deletion_of_both(0);
}

TEST(a_topic_is_deleted_on_the_simulated_loop_while_its_records_are)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        deletion_of_both(test_seed() + seed);
}
