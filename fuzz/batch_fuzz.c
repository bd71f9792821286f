/* Record batches: read, checked, decompressed and walked; once as they come, and once with length, magic and CRC put
 * right, because no mutation gets past a CRC. */
#include <base/hash.h>
#include <wire/batch.h>

#include "fuzz.h"

enum { DECOMPRESSED_SIZE_MAX = 1024 * 1024, AT_LENGTH = 8, AT_MAGIC = 16, AT_CRC = 17, AT_ATTRIBUTES = 21 };

static void write_seeds(const char *directory)
{
    static const char *const names[] = {"none", "gzip", "snappy", "lz4", "zstd"};
    for (int compression = WR_COMPRESSION_NONE; compression <= WR_COMPRESSION_ZSTD; compression++)
        for (int count = 1; count <= 64; count *= 4) {
            const wr_header headers[] = {{WEIR_SLICE("name"), WEIR_SLICE("value")}, {WEIR_SLICE("null"), {0}}};
            wr_batch_builder builder;
            wr_buf out;
            wr_batch_builder_init(&builder, FUZZ_OUT_SIZE);
            wr_buf_init(&out, FUZZ_OUT_SIZE);
            for (int i = 0; i < count; i++)
                wr_batch_builder_add(&builder,
                                     &(wr_record){.timestamp_ms = 1700000000000 + i * i - 5,
                                                  .key = i % 3 ? WEIR_SLICE("key") : (weir_slice){0},
                                                  .value = i % 5 ? WEIR_SLICE("value value") : (weir_slice){0},
                                                  .headers = headers,
                                                  .header_count = (size_t)i % 3});
            if (wr_batch_builder_finish(&builder, count, (wr_compression)compression, &out) != WEIR_OK)
                abort();
            fuzz_write_seed(directory, names[compression], WR_BATCH_MAGIC, count, wr_buf_view(&out));
            wr_batch_builder_fini(&builder);
            wr_buf_fini(&out);
        }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_fill_corpus(*argc, *argv, write_seeds);
    return 0;
}

static void walk(const wr_batch *batch, weir_arena *arena, bool checked)
{
    wr_records records;
    wr_record record;
    weir_err err = wr_records_open(batch, arena, DECOMPRESSED_SIZE_MAX, &records);
    int32_t count = 0;
    size_t payload_size = 0;
    while (err == WEIR_OK) {
        err = wr_records_next(&records, &record);
        if (err == WEIR_OK) {
            count++;
            payload_size += record.key.size + record.value.size;
        }
    }
    FUZZ_REQUIRE(!checked || err == WEIR_E_RANGE || err == WEIR_E_LIMIT);
    FUZZ_REQUIRE(err != WEIR_E_RANGE || count == batch->record_count);
    FUZZ_REQUIRE(payload_size <= DECOMPRESSED_SIZE_MAX + batch->bytes.size);
}

static void run(weir_slice bytes)
{
    wr_batch batch;
    if (wr_batch_read(bytes, &batch, NULL) != WEIR_OK)
        return;
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    weir_failure failure = {0};
    weir_err err = wr_batch_check(&batch, DECOMPRESSED_SIZE_MAX, &failure);
    FUZZ_REQUIRE(err == WEIR_OK || failure.sentence[0]);
    walk(&batch, arena, err == WEIR_OK);
    weir_arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    run((weir_slice){data, size});
    if (size < WR_BATCH_HEADER_SIZE)
        return 0;
    uint8_t *fixed = malloc(size);
    FUZZ_REQUIRE(fixed);
    memcpy(fixed, data, size);
    wr_put_i32(fixed + AT_LENGTH, (int32_t)(size - WR_BATCH_LENGTH_END));
    fixed[AT_MAGIC] = WR_BATCH_MAGIC;
    wr_put_i32(fixed + AT_CRC, (int32_t)wr_crc32c(0, fixed + AT_ATTRIBUTES, size - AT_ATTRIBUTES));
    run((weir_slice){fixed, size});
    free(fixed);
    return 0;
}
