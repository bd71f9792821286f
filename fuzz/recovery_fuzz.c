/* Opening a damaged log. The input is a list of edits, 5 bytes each, to a small log with three segments:
 *
 *     file:1   operation:1   position:2 (big-endian, modulo the file's size)   value:1
 *
 * Whatever the edits, opening must answer; and a log that opens must be whole: its batches follow each other and their
 * CRCs hold, or reading says corrupt; it takes an append, closes, and opens again with the same end. */
#include <journal/log.h>

#include <base/hash.h>
#include <testing/io/sim.h>

#include <stdio.h>
#include <stdlib.h>

enum { FILES_MAX = 32, EDIT_SIZE = 5, EDITS_MAX = 64, FILE_SIZE_MAX = 1 << 16 };

static const char directory[] = "data/t-0";

typedef struct names {
    char text[FILES_MAX][64];
    size_t count;
} names;

static void must_at(bool holds, int line)
{
    if (holds)
        return;
    fprintf(stderr, "recovery_fuzz.c:%d does not hold\n", line);
    abort();
}
#define must(holds) must_at((holds), __LINE__)

static wr_log_config config_of(void)
{
    wr_log_config config = wr_log_config_default;
    config.segment_size = 700;
    config.index_interval_size = 100;
    return config;
}

static weir_err append(wr_log *log, int64_t producer_id, int32_t sequence)
{
    wr_buf buf;
    wr_buf_init(&buf, 1 << 16);
    wr_batch_builder builder;
    wr_batch_builder_init(&builder, 1 << 16);
    builder.producer_id = producer_id;
    builder.producer_epoch = producer_id < 0 ? -1 : 0;
    builder.base_sequence = sequence;
    wr_batch_builder_add(&builder, &(wr_record){.timestamp_ms = 1000 + sequence, .key = WEIR_SLICE("key")});
    must(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &buf) == WEIR_OK);
    wr_appended appended;
    weir_err err = wr_log_append(log, buf.data, buf.size, 0, &appended);
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&buf);
    return err;
}

static wr_sim *make_log(bool clean)
{
    wr_sim *sim = wr_sim_new(1);
    wr_log_config config = config_of();
    wr_log *log;
    must(wr_log_open(wr_sim_io(sim), directory, &config, true, &log, NULL) == WEIR_OK);
    for (int i = 0; i < 20; i++)
        must(append(log, i % 2, i / 2) == WEIR_OK);
    must(wr_log_sync(log) == WEIR_OK);
    must(wr_log_trim(log, 2) == WEIR_OK);
    if (clean)
        must(wr_log_close(log) == WEIR_OK);
    else
        wr_log_abandon(log);
    return sim;
}

static weir_err add_name(void *user, const char *name, bool is_dir)
{
    names *list = user;
    if (!is_dir && list->count < FILES_MAX)
        snprintf(list->text[list->count++], sizeof list->text[0], "%s", name);
    return WEIR_OK;
}

/* Makes every batch's CRC right again, so that edits reach what lies behind that check. */
static void mend(uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at + WR_BATCH_HEADER_SIZE <= size;) {
        int64_t whole = (int64_t)wr_get_i32(bytes + at + 8) + WR_BATCH_LENGTH_END;
        if (whole < WR_BATCH_HEADER_SIZE || whole > (int64_t)(size - at))
            return;
        wr_put_i32(bytes + at + 17, (int32_t)wr_crc32c(0, bytes + at + 21, (size_t)whole - 21));
        at += (size_t)whole;
    }
}

static void edit(wr_io *io, const names *list, const uint8_t *how)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, list->text[how[0] % list->count]);
    wr_file *file;
    if (wr_file_open(io, path, WR_FILE_WRITE, &file) != WEIR_OK)
        return;
    static uint8_t bytes[FILE_SIZE_MAX];
    size_t size = 0, at = (size_t)how[2] << 8 | how[3];
    must(wr_file_read(file, 0, bytes, sizeof bytes, &size) == WEIR_OK);
    at = size ? at % size : 0;
    weir_err err = WEIR_OK;
    switch (how[1] % 5) {
    case 0:
        err = wr_file_write(file, (int64_t)at, how + 4, 1);
        break;
    case 1:
        err = wr_file_truncate(file, (int64_t)at);
        break;
    case 2: /* a stretch of it once more at the end */
        if (size + (size - at) < sizeof bytes)
            err = wr_file_write(file, (int64_t)size, bytes + at, size - at);
        break;
    case 3:
        mend(bytes, size);
        if (size > 0)
            err = wr_file_write(file, 0, bytes, size);
        break;
    default:
        err = wr_path_remove(io, path);
        break;
    }
    must(err == WEIR_OK || err == WEIR_E_NOT_FOUND);
    wr_file_close(file);
}

static bool read_all(wr_log *log)
{
    wr_buf buf;
    wr_buf_init(&buf, 1 << 20);
    int64_t at = wr_log_start_offset(log), end = wr_log_end_offset(log);
    weir_err err = WEIR_OK;
    while (at < end) {
        wr_buf_clear(&buf);
        err = wr_log_read(log, at, end, 300, true, &buf);
        if (err != WEIR_OK)
            break;
        must(buf.size > 0);
        bool first = true;
        for (size_t done = 0; done < buf.size; first = false) {
            wr_batch batch;
            must(wr_batch_read((weir_slice){buf.data + done, buf.size - done}, &batch, NULL) == WEIR_OK);
            must(wr_batch_crc_holds(&batch));
            must(first ? batch.base_offset <= at : batch.base_offset == at);
            at = batch.base_offset + batch.last_offset_delta + 1;
            done += batch.bytes.size;
        }
    }
    must(err == WEIR_OK || err == WEIR_E_CORRUPT);
    wr_buf_fini(&buf);
    return err == WEIR_OK;
}

static void use(wr_io *io, bool clean)
{
    wr_log_config config = config_of();
    wr_log *log;
    weir_failure failure = {0};
    weir_err err = wr_log_open(io, directory, &config, clean, &log, &failure);
    if (err != WEIR_OK) {
        must(err == WEIR_E_CORRUPT && failure.err == err && failure.sentence[0]);
        return;
    }
    bool whole = read_all(log);
    int64_t offset, time_ms;
    err = wr_log_find_time(log, 1005, INT64_MAX, &offset, &time_ms);
    must(!whole || err != WEIR_E_IO);
    err = append(log, -1, -1);
    must(!whole || err == WEIR_OK || err == WEIR_E_USAGE || err == WEIR_E_FORMAT);
    int64_t end = wr_log_end_offset(log);
    err = wr_log_close(log);
    if (err != WEIR_OK || !whole)
        return;
    must(wr_log_open(io, directory, &config, true, &log, NULL) == WEIR_OK);
    must(wr_log_end_offset(log) == end);
    must(read_all(log));
    wr_log_abandon(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static wr_sim *bases[2]; /* made once: the fuzzer calls this a million times */
    if (size < 1 || size > 1 + EDIT_SIZE * EDITS_MAX)
        return 0;
    bool clean = data[0] & 1;
    if (!bases[clean])
        bases[clean] = make_log(clean);
    wr_sim *sim = wr_sim_fork(bases[clean], 1);
    wr_io *io = wr_sim_io(sim);
    names list = {.count = 0};
    must(wr_dir_list(io, directory, add_name, &list) == WEIR_OK);
    for (size_t at = 1; at + EDIT_SIZE <= size; at += EDIT_SIZE)
        edit(io, &list, data + at);
    use(io, clean);
    wr_sim_free(sim);
    return 0;
}
