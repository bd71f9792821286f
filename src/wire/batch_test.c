#include <test.h>
#include <wire/batch.h>
#include <wire/hex_testing.h>

#include <stdlib.h>

enum { ARENA_SIZE = 1 << 20, BUF_SIZE = 1 << 20 };

/* ---- what Kafka's Java client writes: base offset 1042, leader epoch 5, producer 77 epoch 3 sequence 9, three
 * records: (1700000000000, "k1", "hello hello hello hello hello", headers h=v and n=null), (+5, null, "world"),
 * (-3, "k3", null). Index: the compression's number. */
static const char *const java_batches[] = {
    /* none */
    "0000000000000412000000730000000502e4f370a30000000000020000018bcfe568000000018bcfe5680500000000000000"
    "4d0003000000090000000358000000046b313a68656c6c6f2068656c6c6f2068656c6c6f2068656c6c6f2068656c6c6f0402"
    "680276026e0116000a02010a776f726c640010000504046b330100",
    /* gzip */
    "0000000000000412000000720000000502d4c0c68a0001000000020000018bcfe568000000018bcfe5680500000000000000"
    "4d000300000009000000031f8b08000000000000ff8b60606060c936b4ca48cdc9c957c041b23065309531e5318a31703131"
    "7295e717e5a4300830b0b2b0641b33320000e4ca5c4142000000",
    /* snappy */
    "0000000000000412000000760000000502e4e9da710002000000020000018bcfe568000000018bcfe5680500000000000000"
    "4d0003000000090000000382534e4150505900000000010000000100000031423458000000046b313a68656c6c6f205a0600"
    "700402680276026e0116000a02010a776f726c640010000504046b330100",
    /* lz4 */
    "0000000000000412000000710000000502180e4c2d0003000000020000018bcfe568000000018bcfe5680500000000000000"
    "4d0003000000090000000304224d1860408231000000ef58000000046b313a68656c6c6f20060004f00e0402680276026e01"
    "16000a02010a776f726c640010000504046b33010000000000",
    /* zstd */
    "00000000000004120000006f00000005026e20e9400004000000020000018bcfe568000000018bcfe5680500000000000000"
    "4d0003000000090000000328b52ffd0058940100b40258000000046b313a68656c6c6f200402680276026e0116000a02010a"
    "776f726c640010000504046b3301000100a98b12010000",
};

static void read_java_batch(int compression, wr_buf *bytes, wr_batch *ret_batch)
{
    wr_buf_init(bytes, BUF_SIZE);
    hex_append(bytes, java_batches[compression]);
    CHECK_OK(wr_batch_read(wr_buf_view(bytes), ret_batch, NULL));
}

static void check_java_records(const wr_batch *batch, int64_t base_offset, int64_t append_time)
{
    static const struct {
        int64_t timestamp;
        const char *key, *value;
        size_t header_count;
    } expected[] = {
        {1700000000000, "k1", "hello hello hello hello hello", 2},
        {1700000000005, NULL, "world", 0},
        {1699999999997, "k3", NULL, 0},
    };
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_records records;
    wr_record record;
    CHECK_OK(wr_records_open(batch, arena, 1000, &records));
    for (int i = 0; i < 3; i++) {
        CHECK_OK(wr_records_next(&records, &record));
        CHECK_EQ(record.offset, base_offset + i);
        CHECK_EQ(record.timestamp_ms, append_time ? append_time : expected[i].timestamp);
        CHECK_EQ(record.key.data == NULL, expected[i].key == NULL);
        CHECK(weir_slice_equal(record.key, weir_slice_of(expected[i].key)));
        CHECK_EQ(record.value.data == NULL, expected[i].value == NULL);
        CHECK(weir_slice_equal(record.value, weir_slice_of(expected[i].value)));
        CHECK_EQ(record.header_count, expected[i].header_count);
        if (record.header_count) {
            CHECK(weir_slice_equal(record.headers[0].name, WEIR_SLICE("h")));
            CHECK(weir_slice_equal(record.headers[0].value, WEIR_SLICE("v")));
            CHECK(weir_slice_equal(record.headers[1].name, WEIR_SLICE("n")));
            CHECK(record.headers[1].value.data == NULL);
        }
    }
    CHECK_EQ(wr_records_next(&records, &record), WEIR_E_RANGE);
    CHECK_EQ(wr_records_next(&records, &record), WEIR_E_RANGE);
    weir_arena_free(arena);
}

TEST(batches_of_the_java_client_read_in_every_compression)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    for (int compression = WR_COMPRESSION_NONE; compression <= WR_COMPRESSION_ZSTD; compression++) {
        wr_buf bytes;
        wr_batch batch;
        read_java_batch(compression, &bytes, &batch);
        CHECK_EQ(batch.base_offset, 1042);
        CHECK_EQ(batch.leader_epoch, 5);
        CHECK_EQ(batch.magic, 2);
        CHECK_EQ(batch.attributes, compression);
        CHECK_EQ(batch.last_offset_delta, 2);
        CHECK_EQ(batch.base_timestamp, 1700000000000);
        CHECK_EQ(batch.max_timestamp, 1700000000005);
        CHECK_EQ(batch.producer_id, 77);
        CHECK_EQ(batch.producer_epoch, 3);
        CHECK_EQ(batch.base_sequence, 9);
        CHECK_EQ(batch.record_count, 3);
        CHECK_EQ(batch.bytes.size, bytes.size);
        CHECK(wr_batch_crc_holds(&batch));
        CHECK_OK(wr_batch_check(&batch, BUF_SIZE, NULL));
        check_java_records(&batch, 1042, 0);
        wr_buf_fini(&bytes);
    }
    weir_arena_free(arena);
}

static void add_java_records(wr_batch_builder *builder)
{
    const wr_header headers[] = {{WEIR_SLICE("h"), WEIR_SLICE("v")}, {WEIR_SLICE("n"), {0}}};
    wr_batch_builder_add(builder, &(wr_record){.timestamp_ms = 1700000000000,
                                               .key = WEIR_SLICE("k1"),
                                               .value = WEIR_SLICE("hello hello hello hello hello"),
                                               .headers = headers,
                                               .header_count = 2});
    wr_batch_builder_add(builder, &(wr_record){.timestamp_ms = 1700000000005, .value = WEIR_SLICE("world")});
    wr_batch_builder_add(builder, &(wr_record){.timestamp_ms = 1699999999997, .key = WEIR_SLICE("k3")});
    builder->producer_id = 77;
    builder->producer_epoch = 3;
    builder->base_sequence = 9;
}

TEST(the_builder_writes_what_the_java_client_writes)
{
    wr_batch_builder builder;
    wr_buf out, expected;
    wr_batch batch;
    wr_batch_builder_init(&builder, BUF_SIZE);
    wr_buf_init(&out, BUF_SIZE);
    add_java_records(&builder);
    CHECK_OK(wr_batch_builder_finish(&builder, 1042, WR_COMPRESSION_NONE, &out));
    wr_batch_patch_offset(out.data, 1042, 5);
    read_java_batch(WR_COMPRESSION_NONE, &expected, &batch);
    CHECK(weir_slice_equal(wr_buf_view(&out), wr_buf_view(&expected)));
    wr_buf_fini(&expected);
    wr_buf_fini(&out);
    wr_batch_builder_fini(&builder);
}

TEST(what_the_builder_writes_checks_and_reads_in_every_compression)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    for (int compression = WR_COMPRESSION_NONE; compression <= WR_COMPRESSION_ZSTD; compression++) {
        wr_batch_builder builder;
        wr_buf out;
        wr_batch batch;
        wr_batch_builder_init(&builder, BUF_SIZE);
        wr_buf_init(&out, BUF_SIZE);
        add_java_records(&builder);
        wr_buf_text(&out, "before");
        CHECK_OK(wr_batch_builder_finish(&builder, 7, (wr_compression)compression, &out));
        CHECK_OK(wr_batch_read((weir_slice){out.data + 6, out.size - 6}, &batch, NULL));
        CHECK_EQ(batch.bytes.size, out.size - 6);
        CHECK_OK(wr_batch_check(&batch, BUF_SIZE, NULL));
        check_java_records(&batch, 7, 0);
        wr_buf_fini(&out);
        wr_batch_builder_fini(&builder);
    }
    weir_arena_free(arena);
}

TEST(a_builder_without_records_or_past_its_limit_makes_no_batch)
{
    wr_batch_builder builder;
    wr_buf out;
    wr_batch_builder_init(&builder, 20);
    wr_buf_init(&out, BUF_SIZE);
    CHECK_EQ(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &out), WEIR_E_USAGE);
    wr_batch_builder_add(&builder, &(wr_record){.value = WEIR_SLICE("longer than twenty bytes")});
    CHECK_EQ(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &out), WEIR_E_LIMIT);
    CHECK_EQ(out.size, 0);
    wr_batch_builder_fini(&builder);

    wr_batch_builder_init(&builder, BUF_SIZE);
    wr_header *headers = calloc(WR_RECORD_HEADERS_MAX + 1, sizeof(*headers));
    wr_record record = {.headers = headers, .header_count = WR_RECORD_HEADERS_MAX};
    wr_batch_builder_add(&builder, &record);
    CHECK_OK(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &out));
    record.header_count++;
    wr_batch_builder_add(&builder, &record);
    CHECK_EQ(wr_batch_builder_finish(&builder, 0, WR_COMPRESSION_NONE, &out), WEIR_E_LIMIT);
    free(headers);
    wr_batch_builder_fini(&builder);
    wr_buf_fini(&out);
}

TEST(a_batch_that_does_not_fit_leaves_the_output_as_it_was)
{
    for (int compression = WR_COMPRESSION_NONE; compression <= WR_COMPRESSION_ZSTD; compression++) {
        wr_batch_builder builder;
        wr_batch_builder_init(&builder, BUF_SIZE);
        add_java_records(&builder);
        for (size_t limit = 0; limit < 100; limit++) {
            wr_buf out;
            wr_buf_init(&out, limit);
            CHECK_EQ(wr_batch_builder_finish(&builder, 0, (wr_compression)compression, &out), WEIR_E_LIMIT);
            wr_buf_fini(&out);
        }
        wr_batch_builder_fini(&builder);
    }
}

/* ---- reading */

TEST(a_batch_that_is_cut_short_says_how_many_bytes_it_needs)
{
    wr_buf bytes;
    wr_batch batch;
    read_java_batch(WR_COMPRESSION_NONE, &bytes, &batch);
    for (size_t size = 0; size < bytes.size; size++) {
        uint8_t *cut = malloc(size + 1);
        memcpy(cut, bytes.data, size);
        size_t needed = 0;
        CHECK_EQ(wr_batch_read((weir_slice){cut, size}, &batch, &needed), WEIR_E_AGAIN);
        CHECK_EQ(needed, size < WR_BATCH_LENGTH_END ? WR_BATCH_LENGTH_END : bytes.size);
        free(cut);
    }
    CHECK_EQ(wr_batch_read((weir_slice){0}, &batch, NULL), WEIR_E_AGAIN);
    wr_buf_fini(&bytes);
}

static weir_err read_changed(size_t at, uint8_t value)
{
    wr_buf bytes;
    wr_batch batch;
    read_java_batch(WR_COMPRESSION_NONE, &bytes, &batch);
    bytes.data[at] = value;
    weir_err err = wr_batch_read(wr_buf_view(&bytes), &batch, NULL);
    wr_buf_fini(&bytes);
    return err;
}

TEST(the_length_and_the_magic_must_make_a_batch)
{
    CHECK_EQ(read_changed(8, 0xff), WEIR_E_FORMAT); /* negative */
    CHECK_EQ(read_changed(8, 0x7f), WEIR_E_AGAIN);  /* two gigabytes */
    CHECK_EQ(read_changed(11, 48), WEIR_E_FORMAT);  /* shorter than a header */
    CHECK_EQ(read_changed(11, 0), WEIR_E_FORMAT);
    CHECK_EQ(read_changed(16, 0), WEIR_E_UNSUPPORTED);
    CHECK_EQ(read_changed(16, 1), WEIR_E_UNSUPPORTED);
    CHECK_EQ(read_changed(16, 3), WEIR_E_FORMAT);
    CHECK_EQ(read_changed(16, 0xff), WEIR_E_FORMAT);
}

TEST(two_batches_in_a_row_are_read_one_by_one)
{
    wr_buf bytes;
    wr_batch batch;
    read_java_batch(WR_COMPRESSION_NONE, &bytes, &batch);
    size_t size = bytes.size;
    hex_append(&bytes, java_batches[WR_COMPRESSION_GZIP]);
    CHECK_OK(wr_batch_read(wr_buf_view(&bytes), &batch, NULL));
    CHECK_EQ(batch.bytes.size, size);
    CHECK_OK(wr_batch_read((weir_slice){bytes.data + size, bytes.size - size}, &batch, NULL));
    CHECK_EQ(batch.attributes, WR_COMPRESSION_GZIP);
    wr_buf_fini(&bytes);
}

/* ---- patching */

TEST(offset_and_epoch_are_patched_without_a_new_crc)
{
    wr_buf bytes;
    wr_batch batch;
    read_java_batch(WR_COMPRESSION_NONE, &bytes, &batch);
    uint32_t crc = batch.crc;
    wr_batch_patch_offset(bytes.data, 123456789012, 42);
    CHECK_OK(wr_batch_read(wr_buf_view(&bytes), &batch, NULL));
    CHECK_EQ(batch.leader_epoch, 42);
    CHECK_EQ(batch.crc, crc);
    CHECK(wr_batch_crc_holds(&batch));
    check_java_records(&batch, 123456789012, 0);
    wr_buf_fini(&bytes);
}

TEST(append_time_replaces_the_records_times_under_a_new_crc)
{
    wr_buf bytes;
    wr_batch batch;
    read_java_batch(WR_COMPRESSION_NONE, &bytes, &batch);
    wr_batch_patch_append_time(bytes.data, bytes.size, 1800000000000);
    CHECK_OK(wr_batch_read(wr_buf_view(&bytes), &batch, NULL));
    CHECK_EQ(batch.attributes, WR_BATCH_LOG_APPEND_TIME);
    CHECK(wr_batch_crc_holds(&batch));
    check_java_records(&batch, 1042, 1800000000000);
    wr_buf_fini(&bytes);
}

TEST(create_time_gives_the_records_their_own_times_again)
{
    wr_buf bytes;
    wr_batch batch;
    read_java_batch(WR_COMPRESSION_NONE, &bytes, &batch);
    int64_t max_timestamp = batch.max_timestamp;
    wr_batch_patch_append_time(bytes.data, bytes.size, 1800000000000);
    wr_batch_patch_create_time(bytes.data, bytes.size, max_timestamp);
    CHECK_OK(wr_batch_read(wr_buf_view(&bytes), &batch, NULL));
    CHECK_EQ(batch.attributes, 0);
    CHECK_EQ(batch.max_timestamp, max_timestamp);
    CHECK(wr_batch_crc_holds(&batch));
    check_java_records(&batch, 1042, 0);
    wr_buf_fini(&bytes);
}
