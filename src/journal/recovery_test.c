#include "log_testing.h"

#include <testing/io/sim.h>

static const char log_path[] = "data/t-0/00000000000000000000.log";

/* One segment with ten batches, all synced but the last `unsynced`. */
static wr_sim *begin(const wr_log_config *config, int unsynced)
{
    wr_sim *sim = wr_sim_new(1);
    wr_log *log = open_ok(wr_sim_io(sim), "data/t-0", config);
    for (int i = 0; i < 10; i++) {
        put_ok(log, &(batch_plan){.time_ms = i});
        if (i == 9 - unsynced)
            CHECK_OK(wr_log_sync(log));
    }
    wr_log_abandon(log);
    return sim;
}

static wr_log_config large_config(void)
{
    wr_log_config config = small_config();
    config.segment_size = 1 << 20;
    return config;
}

static int64_t size_of(wr_io *io, const char *path)
{
    wr_file *file;
    int64_t size;
    CHECK_OK(wr_file_open(io, path, WR_FILE_READ, &file));
    CHECK_OK(wr_file_size(file, &size));
    wr_file_close(file);
    return size;
}

TEST(half_a_batch_at_the_end_is_cut_off)
{
    wr_log_config config = large_config();
    wr_sim *sim = begin(&config, 0);
    wr_io *io = wr_sim_io(sim);
    int64_t size = size_of(io, log_path);
    wr_file *file;
    uint8_t half[70] = {0};
    CHECK_OK(wr_file_open(io, log_path, WR_FILE_WRITE, &file));
    CHECK_OK(wr_file_write(file, size, half, sizeof half));
    wr_file_close(file);
    wr_log *log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(wr_log_end_offset(log), 10);
    CHECK_EQ(size_of(io, log_path), size);
    CHECK_EQ(read_ok(log, 100), 10);
    CHECK_EQ(put_ok(log, &(batch_plan){0}), 10);
    CHECK_OK(wr_log_close(log));
    wr_sim_free(sim);
}

TEST(damage_to_an_unsynced_batch_cuts_and_to_a_synced_one_is_said)
{
    wr_log_config config = large_config();
    for (int at = 0; at < 10; at++) {
        wr_sim *sim = begin(&config, 3);
        wr_io *io = wr_sim_io(sim);
        int64_t batch_size = size_of(io, log_path) / 10;
        CHECK_OK(wr_sim_flip_bit(sim, log_path, at * batch_size + 65, 0));
        wr_log *log = NULL;
        weir_failure failure = {0};
        weir_err err = wr_log_open(io, "data/t-0", &config, false, &log, &failure);
        if (at < 7) {
            CHECK_EQ(err, WEIR_E_CORRUPT);
            CHECK(strstr(failure.sentence, "00000000000000000000.log at ") != NULL);
            CHECK(log == NULL);
        } else {
            CHECK_OK(err);
            CHECK_EQ(wr_log_end_offset(log), at);
            CHECK_OK(wr_log_close(log));
        }
        wr_sim_free(sim);
    }
}

TEST(a_log_that_kafka_wrote_is_read_whole)
{
    wr_log_config config = small_config();
    wr_sim *sim = begin(&config, 0);
    wr_io *io = wr_sim_io(sim);
    CHECK_OK(wr_path_remove(io, "data/t-0/weir.synced"));
    if (wr_path_exists(io, "data/t-0/weir.checkpoint"))
        CHECK_OK(wr_path_remove(io, "data/t-0/weir.checkpoint"));
    wr_log *log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(wr_log_end_offset(log), 10);
    CHECK_EQ(read_ok(log, 300), 10);
    CHECK_OK(wr_log_close(log));
    log = open_ok(io, "data/t-0", &config);
    CHECK_EQ(put_ok(log, &(batch_plan){0}), 10);
    CHECK_OK(wr_log_close(log));
    wr_sim_free(sim);
}

TEST(after_a_clean_stop_no_batch_is_read)
{
    wr_log_config config = large_config();
    wr_sim *sim = begin(&config, 0);
    wr_io *io = wr_sim_io(sim);
    CHECK_OK(wr_log_close(open_ok(io, "data/t-0", &config)));
    CHECK_OK(wr_sim_flip_bit(sim, log_path, 65, 0)); /* would be seen */
    uint64_t writes = wr_sim_write_count(sim);
    wr_log *log;
    CHECK_OK(wr_log_open(io, "data/t-0", &config, true, &log, NULL));
    CHECK_EQ(wr_sim_write_count(sim), writes);
    wr_buf buf;
    wr_buf_init(&buf, 1 << 16);
    CHECK_EQ(wr_log_read(log, 0, 10, 100, true, &buf), WEIR_E_CORRUPT); /* and is, by who reads it */
    CHECK_EQ(buf.size, 0);
    wr_buf_fini(&buf);
    wr_log_abandon(log);
    wr_sim_free(sim);
}

TEST(segments_that_were_never_synced_are_opened_with_few_descriptors)
{
    for (int append = 0; append < 2; append++) {
        wr_log_config config = small_config();
        wr_sim *sim = wr_sim_new(1);
        wr_io *io = wr_sim_io(sim);
        wr_log *log = open_ok(io, "data/t-0", &config);
        CHECK_OK(wr_log_sync(log));
        config.segment_size = 300;
        wr_log_configure(log, &config);
        for (int i = 0; i < 100; i++)
            put_ok(log, &(batch_plan){.value_size = 60, .time_ms = i});
        if (!append)
            roll_ok(log); /* the last segment is empty */
        wr_log_abandon(log);
        wr_sim_set_open_max(sim, 5);
        log = open_ok(io, "data/t-0", &config);
        CHECK_EQ(wr_log_synced_offset(log), 100);
        CHECK_EQ(read_ok(log, 1000), 100);
        wr_log_abandon(log);
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        log = open_ok(io, "data/t-0", &config);
        CHECK_EQ(wr_log_end_offset(log), 100);
        CHECK_EQ(read_ok(log, 1000), 100);
        wr_log_abandon(log);
        wr_sim_free(sim);
    }
}
