/* Faults that are not crashes: calls that fail, bits that flip, files that end early, memory that runs out. */
#include "model_testing.h"

#include <testing/io/sim.h>

#include "allocation.h"

#include <errno.h>
#include <stdlib.h>

enum { STEPS = 60 };

/* ---- the nth call fails */

/* False when the scenario ended before the nth call. */
static bool fail_at(uint64_t seed, uint64_t n, int os_error, bool reading)
{
    wr_sim *sim = wr_sim_new(seed * 1000003 + n);
    model *m = malloc(sizeof *m);
    model_init(m, seed, wr_sim_io(sim));
    if (reading)
        wr_sim_fail_read_at(sim, n, os_error);
    else
        wr_sim_fail_at(sim, n, os_error);
    weir_err err = model_open(m);
    for (int i = 0; i < STEPS && err == WEIR_OK; i++)
        err = model_step(m);
    bool failed = err != WEIR_OK;
    wr_sim_fail_at(sim, UINT64_MAX, os_error);
    wr_sim_fail_read_at(sim, UINT64_MAX, os_error);
    if (failed && !reading && m->log && wr_log_broken(m->log)) { /* and stays so, though the disk is well again */
        wr_appended appended;
        CHECK_EQ(put(m->log, &(batch_plan){0}, &appended), WEIR_E_BROKEN);
        CHECK_EQ(wr_log_sync(m->log), WEIR_E_BROKEN);
        wr_log_ticket ticket;
        wr_log_sync_begin(m->log, &ticket);
        CHECK_EQ(ticket.file_count, 0);
        CHECK_EQ(wr_log_close(m->log), WEIR_E_BROKEN);
        m->log = NULL;
    }
    model_crash(m);
    model_check(m); /* in the same boot: what is shown now must survive the power cut that follows */
    model_crash(m);
    wr_sim_cut(sim);
    wr_sim_restart(sim);
    model_check(m);
    model_crash(m);
    free(m);
    wr_sim_free(sim);
    return failed;
}

TEST(a_log_whose_nth_write_or_sync_fails_stays_broken_and_keeps_its_promises)
{
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 6; seed++) {
        for (uint64_t n = 0; n < 400 && (fail_at(seed, n, EIO, false) || n < 200); n++)
            continue;
        for (uint64_t n = 0; n < 400 && (fail_at(seed, n, ENOSPC, false) || n < 200); n++)
            continue;
    }
}

TEST(a_failed_read_loses_nothing)
{
    for (uint64_t seed = test_seed() + 1; seed <= test_seed() + 4; seed++)
        for (uint64_t n = 0; n < 300 && (fail_at(seed, n, EIO, true) || n < 100); n++)
            continue;
}

/* ---- damage */

typedef struct sample {
    wr_sim *sim;
    model *model;
    bool clean;
} sample;

/* Two sealed segments and an active one, idempotent producers, a start offset within the first. */
static sample make_sample(uint64_t seed, bool clean)
{
    sample made = {.sim = wr_sim_new(seed), .model = malloc(sizeof(model)), .clean = clean};
    model *m = made.model;
    model_init(m, seed, wr_sim_io(made.sim));
    m->config.segment_size = 600;
    CHECK_OK(model_open(m));
    for (int i = 0; i < 12; i++)
        CHECK_OK(model_append(m));
    CHECK_OK(wr_log_sync(m->log));
    CHECK_OK(wr_log_trim(m->log, 1));
    CHECK_OK(model_append(m));
    CHECK_OK(wr_log_sync(m->log));
    m->start_tried = 1;
    model_look(m);
    if (clean)
        CHECK_OK(wr_log_close(m->log));
    else
        wr_log_abandon(m->log);
    m->log = NULL;
    return made;
}

static void end_sample(sample *sample)
{
    free(sample->model);
    wr_sim_free(sample->sim);
}

/* Opens a damaged copy. Fine: an error that says so; or exactly the data there was. Never other data, never less. */
static void check_damaged(const sample *sample, wr_sim *sim, const char *name, int64_t at)
{
    model *m = malloc(sizeof *m);
    *m = *sample->model;
    m->io = wr_sim_io(sim);
    weir_failure failure = {0};
    weir_err err = wr_log_open(m->io, model_directory, &m->config, sample->clean, &m->log, &failure);
    if (err != WEIR_OK) {
        CHECK_EQ(err, WEIR_E_CORRUPT);
        CHECK_EQ(failure.err, WEIR_E_CORRUPT);
        CHECK(failure.sentence[0]);
        free(m);
        return;
    }
    if (wr_log_end_offset(m->log) != model_end(m) || wr_log_start_offset(m->log) != 1)
        print_message("%s at %d\n", name, (int)at);
    CHECK_EQ(wr_log_end_offset(m->log), model_end(m));
    CHECK_EQ(wr_log_start_offset(m->log), 1);
    bool whole = true;
    for (int i = 0; i < m->count; i++) {
        wr_buf buf, expected;
        wr_buf_init(&buf, 1 << 16);
        wr_buf_init(&expected, 1 << 16);
        int64_t from = m->batches[i].last_offset;
        if (from < 1)
            from = 1;
        err = wr_log_read(m->log, from, INT64_MAX, 1, true, &buf);
        make_batch(&m->batches[i].plan, &expected);
        wr_batch_patch_offset(expected.data, m->batches[i].base_offset, 0);
        if (m->batches[i].last_offset >= 1) {
            if (err == WEIR_OK && !weir_slice_equal(wr_buf_view(&buf), wr_buf_view(&expected)))
                print_message("%s at %d: batch %d is wrong\n", name, (int)at, i);
            whole &= err == WEIR_OK;
            CHECK(err == WEIR_OK || err == WEIR_E_CORRUPT);
            CHECK(err != WEIR_OK || weir_slice_equal(wr_buf_view(&buf), wr_buf_view(&expected)));
        }
        wr_buf_fini(&buf);
        wr_buf_fini(&expected);
    }
    if (whole) {
        for (int64_t time_ms = 990; time_ms < 2010 && err == WEIR_OK; time_ms += 17)
            err = model_find_time(m, time_ms);
        CHECK(err == WEIR_OK || err == WEIR_E_CORRUPT); /* it may pass by what was deleted */
        for (int p = 0; p < MODEL_NONE; p++)
            for (int nth = 0; nth < 5; nth++)
                model_send_again(m, p, nth);
    }
    keep_up(m->log);
    model_crash(m);
    free(m);
}

typedef struct file_list {
    char names[64][64];
    int count;
} file_list;

static weir_err list_name(void *user, const char *name, bool is_dir)
{
    file_list *list = user;
    if (!is_dir && list->count < 64)
        snprintf(list->names[list->count++], sizeof list->names[0], "%s", name);
    return WEIR_OK;
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

static void flip_everything(bool clean)
{
    sample sample = make_sample(3, clean);
    file_list list = {.count = 0};
    CHECK_OK(wr_dir_list(wr_sim_io(sample.sim), model_directory, list_name, &list));
    CHECK(list.count >= (clean ? 11 : 8));
    for (int f = 0; f < list.count; f++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", model_directory, list.names[f]);
        int64_t size = size_of(wr_sim_io(sample.sim), path);
        for (int64_t at = 0; at < size; at++) {
            wr_sim *copy = wr_sim_fork(sample.sim, (uint64_t)at);
            CHECK_OK(wr_sim_flip_bit(copy, path, at, (int)(at % 8)));
            check_damaged(&sample, copy, list.names[f], at);
            wr_sim_free(copy);
        }
    }
    end_sample(&sample);
}

TEST(a_flipped_bit_in_any_byte_is_noticed_or_harmless_after_a_clean_stop)
{
    flip_everything(true);
}

TEST(a_flipped_bit_in_any_byte_is_noticed_or_harmless_after_a_kill)
{
    flip_everything(false);
}

static void truncate_everything(bool clean)
{
    sample sample = make_sample(3, clean);
    file_list list = {.count = 0};
    CHECK_OK(wr_dir_list(wr_sim_io(sample.sim), model_directory, list_name, &list));
    for (int f = 0; f < list.count; f++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", model_directory, list.names[f]);
        int64_t size = size_of(wr_sim_io(sample.sim), path);
        for (int64_t at = 0; at < size; at++) {
            wr_sim *copy = wr_sim_fork(sample.sim, (uint64_t)at);
            wr_file *file;
            CHECK_OK(wr_file_open(wr_sim_io(copy), path, WR_FILE_WRITE, &file));
            CHECK_OK(wr_file_truncate(file, at));
            wr_file_close(file);
            check_damaged(&sample, copy, list.names[f], at);
            wr_sim_free(copy);
        }
    }
    end_sample(&sample);
}

TEST(a_file_cut_at_any_length_is_noticed_or_harmless_after_a_clean_stop)
{
    truncate_everything(true);
}

TEST(a_file_cut_at_any_length_is_noticed_or_harmless_after_a_kill)
{
    truncate_everything(false);
}

TEST(a_missing_segment_is_noticed_and_missing_indexes_are_made_again)
{
    sample sample = make_sample(3, true);
    file_list list = {.count = 0};
    CHECK_OK(wr_dir_list(wr_sim_io(sample.sim), model_directory, list_name, &list));
    for (int f = 0; f < list.count; f++) {
        if (strcmp(list.names[f], "weir.checkpoint") == 0)
            continue; /* without it the log is a young one: a deleted file is not damage that can be seen */
        char path[128];
        snprintf(path, sizeof path, "%s/%s", model_directory, list.names[f]);
        wr_sim *copy = wr_sim_fork(sample.sim, (uint64_t)f);
        CHECK_OK(wr_path_remove(wr_sim_io(copy), path));
        check_damaged(&sample, copy, list.names[f], 0);
        bool is_index = strstr(list.names[f], "index") != NULL;
        CHECK(!is_index || wr_path_exists(wr_sim_io(copy), path) ||
              strstr(list.names[f], "00000000000000000000") == NULL);
        wr_sim_free(copy);
    }
    end_sample(&sample);
}

/* ---- memory */

/* The simulator ends the program when memory is out, so this runs on the real disk. */
static weir_err scenario(wr_io *io, const char *directory, const wr_log_config *config, weir_slice *batches, int count)
{
    wr_log *log;
    weir_err err = wr_log_open(io, directory, config, false, &log, NULL);
    if (err != WEIR_OK)
        return err;
    for (int i = 0; i < count && err == WEIR_OK; i++) {
        wr_appended appended;
        uint8_t bytes[256];
        CHECK(batches[i].size <= sizeof bytes);
        memcpy(bytes, batches[i].data, batches[i].size);
        err = wr_log_append(log, bytes, batches[i].size, 0, &appended);
        if (err == WEIR_OK && i % 3 == 2)
            err = wr_log_sync(log);
    }
    int64_t next_ms, offset, time_ms;
    if (err == WEIR_OK)
        err = wr_log_retain(log, 0, &next_ms);
    if (err == WEIR_OK)
        err = wr_log_find_time(log, 1005, INT64_MAX, &offset, &time_ms);
    weir_err closed = wr_log_close(log);
    return err != WEIR_OK ? err : closed;
}

TEST(a_log_without_memory_says_so_and_loses_nothing)
{
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_log_config config = small_config();
    config.segment_size = 400;
    config.retention_size = 900;
    weir_slice batches[12];
    wr_buf bufs[12];
    for (int i = 0; i < 12; i++) {
        wr_buf_init(&bufs[i], 256);
        make_batch(&(batch_plan){.time_ms = 1000 + i, .producer = true, .producer_id = 7 + i % 2, .sequence = i / 2},
                   &bufs[i]);
        batches[i] = wr_buf_view(&bufs[i]);
    }
    const char *root = test_directory();
    for (size_t nth = 1;; nth++) {
        char directory[256];
        snprintf(directory, sizeof directory, "%s/t-%zu", root, nth);
        test_fail_allocation(nth);
        weir_err err = scenario(io, directory, &config, batches, 12);
        bool failed = test_allocation_failed();
        if (!failed)
            CHECK_OK(err);
        else
            CHECK(err == WEIR_OK || err == WEIR_E_MEMORY || err == WEIR_E_BROKEN);
        wr_log *log = open_ok(io, directory, &config);
        read_ok(log, 300);
        CHECK_OK(wr_log_close(log));
        CHECK_OK(wr_path_remove_tree(io, directory));
        if (!failed)
            break;
    }
    for (int i = 0; i < 12; i++)
        wr_buf_fini(&bufs[i]);
    wr_io_free(io);
}
