/* One flipped bit in a log that was closed well: what of it is read, and what is said. */
#include "model_testing.h"

#include <testing/io/sim.h>

#include <stdlib.h>

enum { BATCHES = 14 };

typedef struct sample {
    wr_sim *sim;
    wr_log_config config;
    int64_t ends[BATCHES]; /* offset behind each batch */
} sample;

static batch_plan plan_of(int i)
{
    return (batch_plan){
        .record_count = 1 + i % 3, .value_size = 40, .time_ms = 1000 + 10 * i, .fill = (uint8_t)(i + 1)};
}

/* Two segments, closed. */
static sample make_sample(int64_t index_interval)
{
    sample s = {.sim = wr_sim_new(5), .config = small_config()};
    s.config.segment_size = 1200;
    s.config.index_interval_size = index_interval;
    wr_log *log = open_ok(wr_sim_io(s.sim), "data/t-0", &s.config);
    for (int i = 0; i < BATCHES; i++) {
        batch_plan plan = plan_of(i);
        put_ok(log, &plan);
        s.ends[i] = wr_log_end_offset(log);
    }
    CHECK_OK(wr_log_close(log));
    return s;
}

static int64_t base_of(const sample *s, int batch)
{
    return batch ? s->ends[batch - 1] : 0;
}

static int batch_at(const sample *s, int64_t offset)
{
    int at = 0;
    while (s->ends[at] <= offset)
        at++;
    return at;
}

/* A reader as a consumer is one: goes on behind what it was told is damaged. Returns the batch that was (-1: none). */
static int read_around(const sample *s, wr_log *log, size_t step_size)
{
    int damaged = -1;
    wr_buf buf, expected;
    wr_buf_init(&buf, 1 << 16);
    wr_buf_init(&expected, 1 << 16);
    for (int64_t offset = 0; offset < wr_log_end_offset(log);) {
        wr_buf_clear(&buf);
        weir_err err = wr_log_read(log, offset, INT64_MAX, step_size, true, &buf);
        if (err == WEIR_E_CORRUPT) {
            CHECK_EQ(damaged, -1); /* one bit is one batch */
            CHECK_EQ(buf.size, 0);
            damaged = batch_at(s, offset);
            const wr_log_damage *damage = wr_log_damage_of(log, 0);
            CHECK(damage != NULL);
            CHECK_EQ(damage->offset, offset);
            CHECK_EQ(damage->next_offset, s->ends[damaged]);
            CHECK(damage->reason[0] && strstr(damage->file, ".log"));
            CHECK(!wr_log_damage_of(log, 1));
            offset = damage->next_offset;
            continue;
        }
        CHECK_OK(err);
        CHECK(buf.size > 0);
        for (size_t done = 0; done < buf.size; done += expected.size) {
            int at = batch_at(s, offset);
            batch_plan plan = plan_of(at);
            wr_buf_clear(&expected);
            make_batch(&plan, &expected);
            wr_batch_patch_offset(expected.data, base_of(s, at), 0);
            CHECK(expected.size <= buf.size - done);
            CHECK_BYTES(buf.data + done, expected.data, expected.size);
            offset = s->ends[at];
        }
    }
    wr_buf_fini(&buf);
    wr_buf_fini(&expected);
    return damaged;
}

/* Every batch by its own, last first: nothing was read before. */
static void read_backwards(const sample *s, wr_log *log, int damaged)
{
    wr_buf buf;
    wr_buf_init(&buf, 1 << 16);
    for (int i = BATCHES - 1; i >= 0; i--) {
        wr_buf_clear(&buf);
        CHECK_EQ(wr_log_read(log, s->ends[i] - 1, INT64_MAX, 1, true, &buf), i == damaged ? WEIR_E_CORRUPT : WEIR_OK);
    }
    wr_buf_fini(&buf);
}

static void flip_every_byte(int64_t index_interval)
{
    sample s = make_sample(index_interval);
    static const char *const files[] = {"data/t-0/00000000000000000000.log", NULL};
    wr_file *file;
    int64_t size;
    CHECK_OK(wr_file_open(wr_sim_io(s.sim), files[0], WR_FILE_READ, &file));
    CHECK_OK(wr_file_size(file, &size));
    wr_file_close(file);
    int found = 0;
    for (int64_t at = 0; at < size; at++) {
        wr_sim *copy = wr_sim_fork(s.sim, (uint64_t)at);
        CHECK_OK(wr_sim_flip_bit(copy, files[0], at, (int)(at % 8)));
        wr_log *log = open_ok(wr_sim_io(copy), "data/t-0", &s.config);
        int damaged = read_around(&s, log, at % 2 ? 1 : 100000);
        CHECK(damaged >= 0);
        found += damaged >= 0;
        CHECK(wr_log_take_damage(log) != NULL);
        CHECK(wr_log_take_damage(log) == NULL);
        put_ok(log, &(batch_plan){0}); /* it is written as ever */
        wr_log_abandon(log);
        log = open_ok(wr_sim_io(copy), "data/t-0", &s.config);
        read_backwards(&s, log, damaged);
        wr_log_abandon(log);
        wr_sim_free(copy);
    }
    CHECK_EQ(found, size);
    wr_sim_free(s.sim);
}

TEST(one_flipped_bit_costs_one_batch_and_is_said)
{
    flip_every_byte(100);
}

TEST(the_same_without_an_index)
{
    flip_every_byte(1 << 20);
}

TEST(the_same_with_lost_index_files)
{
    sample s = make_sample(100);
    CHECK_OK(wr_path_remove(wr_sim_io(s.sim), "data/t-0/00000000000000000000.index"));
    CHECK_OK(wr_path_remove(wr_sim_io(s.sim), "data/t-0/00000000000000000000.timeindex"));
    for (int64_t at = 0; at < 900; at += 7) {
        wr_sim *copy = wr_sim_fork(s.sim, (uint64_t)at);
        CHECK_OK(wr_sim_flip_bit(copy, "data/t-0/00000000000000000000.log", at, (int)(at % 8)));
        wr_log *log = open_ok(wr_sim_io(copy), "data/t-0", &s.config);
        CHECK(read_around(&s, log, 1) >= 0);
        wr_log_abandon(log);
        wr_sim_free(copy);
    }
    wr_sim_free(s.sim);
}

TEST(a_whole_damaged_sector_costs_the_batches_in_it)
{
    sample s = make_sample(100);
    const char *path = "data/t-0/00000000000000000000.log";
    for (int64_t at = 0; at < 512; at += 3)
        CHECK_OK(wr_sim_flip_bit(s.sim, path, at, 3));
    wr_log *log = open_ok(wr_sim_io(s.sim), "data/t-0", &s.config);
    wr_buf buf;
    wr_buf_init(&buf, 1 << 16);
    CHECK_EQ(wr_log_read(log, 0, INT64_MAX, 1 << 16, true, &buf), WEIR_E_CORRUPT);
    const wr_log_damage *damage = wr_log_damage_of(log, 0);
    CHECK_EQ(damage->position, 0);
    CHECK_EQ(damage->offset, 0);
    CHECK(damage->next_offset > 3 && damage->next_offset < 12);
    CHECK_OK(wr_log_read(log, damage->next_offset, INT64_MAX, 1 << 16, true, &buf));
    CHECK_EQ(wr_log_read(log, damage->next_offset - 1, INT64_MAX, 1 << 16, true, &buf), WEIR_E_CORRUPT);
    wr_buf_fini(&buf);
    wr_log_abandon(log);
    wr_sim_free(s.sim);
}

TEST(damage_to_the_end_of_a_segment_leads_on_to_the_next)
{
    sample s = make_sample(100);
    wr_log *log = open_ok(wr_sim_io(s.sim), "data/t-0", &s.config);
    int64_t size = 0;
    wr_file *file;
    CHECK_OK(wr_file_open(wr_sim_io(s.sim), "data/t-0/00000000000000000000.log", WR_FILE_READ, &file));
    CHECK_OK(wr_file_size(file, &size));
    wr_file_close(file);
    for (int64_t at = size - 30; at < size; at++)
        CHECK_OK(wr_sim_flip_bit(s.sim, "data/t-0/00000000000000000000.log", at, 1));
    wr_buf buf;
    wr_buf_init(&buf, 1 << 16);
    for (int64_t offset = 0; wr_log_damage_of(log, 0) == NULL; offset++)
        (void)!wr_log_read(log, offset, INT64_MAX, 1, true, &buf);
    int64_t next = wr_log_damage_of(log, 0)->next_offset;
    CHECK(next < wr_log_end_offset(log));
    wr_buf_clear(&buf);
    CHECK_OK(wr_log_read(log, next, INT64_MAX, 1, true, &buf));
    wr_buf_fini(&buf);
    wr_log_abandon(log);
    wr_sim_free(s.sim);
}
