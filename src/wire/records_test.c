#include <base/hash.h>
#include <test.h>
#include <wire/batch.h>

#include <stdlib.h>

enum { ARENA_SIZE = 1 << 20, BUF_SIZE = 1 << 20 };

/* A batch around these bytes of records, with a CRC that holds. */
typedef struct made_batch {
    wr_buf bytes;
    wr_batch batch;
} made_batch;

static void make(made_batch *made, weir_slice records, int32_t record_count, int16_t attributes)
{
    wr_buf *buf = &made->bytes;
    wr_buf_init(buf, BUF_SIZE);
    wr_buf_i64(buf, 0);
    wr_buf_i32(buf, (int32_t)(WR_BATCH_HEADER_SIZE - WR_BATCH_LENGTH_END + records.size));
    wr_buf_i32(buf, 0);
    wr_buf_i8(buf, WR_BATCH_MAGIC);
    wr_buf_i32(buf, 0);
    wr_buf_i16(buf, attributes);
    wr_buf_i32(buf, (int32_t)((uint32_t)record_count - 1));
    wr_buf_i64(buf, 1000);
    wr_buf_i64(buf, 2000);
    wr_buf_i64(buf, -1);
    wr_buf_i16(buf, -1);
    wr_buf_i32(buf, -1);
    wr_buf_i32(buf, record_count);
    wr_buf_slice(buf, records);
    wr_put_i32(buf->data + 17, (int32_t)wr_crc32c(0, buf->data + 21, buf->size - 21));
    CHECK_OK(wr_batch_read(wr_buf_view(buf), &made->batch, NULL));
}

static weir_err check(weir_slice records, int32_t record_count)
{
    made_batch made;
    make(&made, records, record_count, 0);
    weir_err err = wr_batch_check(&made.batch, BUF_SIZE, NULL);
    wr_buf_fini(&made.bytes);
    return err;
}

/* length 7, attributes, time delta 0, offset delta 0, null key, value "x", no headers */
#define RECORD   "\x0e\0\0\0\1\2x\0"
#define RECORD_1 "\x0e\0\0\2\1\2x\0" /* offset delta 1 */

TEST(whole_records_with_deltas_in_steps_of_one_are_accepted)
{
    CHECK_OK(check(WEIR_SLICE(RECORD), 1));
    CHECK_OK(check(WEIR_SLICE(RECORD RECORD_1), 2));
    CHECK_OK(check(WEIR_SLICE("\x0c\0\0\0\1\1\0"), 1));                  /* null value */
    CHECK_OK(check(WEIR_SLICE("\x14\0\0\0\1\1\4\0\1\0\1"), 1));          /* two headers, names empty */
    CHECK_OK(check(WEIR_SLICE("\x8e\x80\x80\x80\x00\0\0\0\1\2x\0"), 1)); /* a length of five bytes */
}

TEST(the_greatest_time_is_that_of_the_records_whatever_the_header_says)
{
    made_batch made; /* base 1000, header 2000 */
    make(&made,
         WEIR_SLICE("\x0e\0\x14\0\1\2x\0"
                    "\x0e\0\x06\2\1\2x\0"),
         2, 0); /* 1010, 1003 */
    CHECK_EQ(made.batch.max_timestamp, 2000);
    CHECK_OK(wr_batch_check(&made.batch, BUF_SIZE, NULL));
    CHECK_EQ(made.batch.max_timestamp, 1010);
    wr_batch_patch_create_time(made.bytes.data, made.bytes.size, 1010);
    CHECK_OK(wr_batch_read(wr_buf_view(&made.bytes), &made.batch, NULL));
    CHECK_EQ(made.batch.max_timestamp, 1010);
    CHECK(wr_batch_crc_holds(&made.batch));
    wr_buf_fini(&made.bytes);

    make(&made, WEIR_SLICE("\x10\0\xd1\x0f\0\1\2x\0"), 1, 0); /* 1001 before the base */
    CHECK_OK(wr_batch_check(&made.batch, BUF_SIZE, NULL));
    CHECK_EQ(made.batch.max_timestamp, -1);
    wr_buf_fini(&made.bytes);
}

TEST(record_counts_that_lie_are_format_errors)
{
    CHECK_EQ(check(WEIR_SLICE(RECORD RECORD_1), 1), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(RECORD RECORD_1), 3), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(RECORD), INT32_MAX), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(RECORD), 0), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(""), 0), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(RECORD), -1), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(RECORD), INT32_MIN), WEIR_E_FORMAT);
}

TEST(the_last_offset_delta_must_follow_from_the_count)
{
    made_batch made;
    make(&made, WEIR_SLICE(RECORD RECORD_1), 2, 0);
    made.batch.last_offset_delta = 7;
    CHECK_EQ(wr_batch_check(&made.batch, BUF_SIZE, NULL), WEIR_E_FORMAT);
    wr_buf_fini(&made.bytes);
}

TEST(offset_deltas_out_of_step_are_format_errors)
{
    CHECK_EQ(check(WEIR_SLICE(RECORD_1), 1), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE(RECORD RECORD), 2), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE("\x0e\0\0\1\1\2x\0"), 1), WEIR_E_FORMAT); /* -1 */
}

TEST(malformed_records_are_format_errors)
{
    static const weir_slice malformed[] = {
        WEIR_SLICE(""),
        WEIR_SLICE("\0"),                                  /* length 0 */
        WEIR_SLICE("\x0d\0\0\0\1\2x\0"),                   /* length -7 */
        WEIR_SLICE("\x10\0\0\0\1\2x\0"),                   /* one longer than there is */
        WEIR_SLICE("\x0c\0\0\0\1\2x\0"),                   /* one shorter */
        WEIR_SLICE("\x0e\0\0\0\1\4x\0"),                   /* value beyond the record */
        WEIR_SLICE("\x0e\0\0\0\3\2x\0"),                   /* key length -2 */
        WEIR_SLICE("\x0e\0\0\0\1\2x\1"),                   /* header count -1 */
        WEIR_SLICE("\x0e\0\0\0\1\2x\2"),                   /* a header that is not there */
        WEIR_SLICE("\x12\0\0\0\1\2x\2\1\1"),               /* a header without a name */
        WEIR_SLICE("\x10\0\0\0\1\1\xff\xff\x0f"),          /* a million headers */
        WEIR_SLICE("\x8e\x80\x80\x80\x80\0\0\0\0\1\2x\0"), /* a length of six bytes */
        WEIR_SLICE("\xff\xff\xff\xff\xff\0\0\0\1\2x\0"),   /* a length that has no end */
        WEIR_SLICE("\x8e\x80\x80\x80\x10\0\0\0\1\2x\0"),   /* a length of more than 32 bits */
        WEIR_SLICE(RECORD "\0"),                           /* a byte too many */
    };
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        CHECK_EQ(check(malformed[i], 1), WEIR_E_FORMAT);
}

TEST(time_deltas_take_up_to_ten_bytes)
{
    CHECK_OK(check(WEIR_SLICE("\x20\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\1\0\1\2x\0"), 1));
    CHECK_EQ(check(WEIR_SLICE("\x20\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\2\0\1\2x\0"), 1), WEIR_E_FORMAT);
    CHECK_EQ(check(WEIR_SLICE("\x22\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\0\0\1\2x\0"), 1), WEIR_E_FORMAT);
}

TEST(every_flipped_bit_behind_the_crc_is_corruption)
{
    made_batch made;
    make(&made, WEIR_SLICE(RECORD RECORD_1), 2, 0);
    for (size_t bit = 17 * 8; bit < made.bytes.size * 8; bit++) {
        made.bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        wr_batch batch;
        CHECK_OK(wr_batch_read(wr_buf_view(&made.bytes), &batch, NULL));
        CHECK(!wr_batch_crc_holds(&batch));
        CHECK_EQ(wr_batch_check(&batch, BUF_SIZE, NULL), WEIR_E_CORRUPT);
        made.bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    wr_buf_fini(&made.bytes);
}

TEST(unknown_compressions_are_format_errors)
{
    for (int16_t compression = 5; compression <= 7; compression++) {
        made_batch made;
        make(&made, WEIR_SLICE(RECORD), 1, compression);
        CHECK_EQ(wr_batch_check(&made.batch, BUF_SIZE, NULL), WEIR_E_FORMAT);
        wr_records records;
        weir_arena *arena = weir_arena_new(ARENA_SIZE);
        CHECK_EQ(wr_records_open(&made.batch, arena, 1000, &records), WEIR_E_FORMAT);
        weir_arena_free(arena);
        wr_buf_fini(&made.bytes);
    }
}

TEST(a_check_sees_through_the_compression)
{
    for (int compression = WR_COMPRESSION_GZIP; compression <= WR_COMPRESSION_ZSTD; compression++) {
        wr_buf packed;
        wr_buf_init(&packed, BUF_SIZE);
        CHECK_OK(wr_compress((wr_compression)compression, WEIR_SLICE(RECORD RECORD), &packed));
        made_batch made;
        make(&made, wr_buf_view(&packed), 2, (int16_t)compression);
        weir_failure failure = {0};
        CHECK_EQ(wr_batch_check(&made.batch, BUF_SIZE, &failure), WEIR_E_FORMAT);
        CHECK_STR(failure.sentence, "record 1 of 2 has offset delta 0");
        wr_buf_fini(&made.bytes);

        make(&made, WEIR_SLICE("this was never compressed"), 2, (int16_t)compression);
        CHECK_EQ(wr_batch_check(&made.batch, BUF_SIZE, &failure), WEIR_E_FORMAT);
        CHECK_STR(failure.sentence, "the records cannot be decompressed: format");
        wr_buf_fini(&made.bytes);
        wr_buf_fini(&packed);
    }
}

TEST(a_bomb_in_a_batch_is_a_limit_error)
{
    weir_slice zeroes = {calloc(1, 4 * BUF_SIZE), 4 * BUF_SIZE};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    for (int compression = WR_COMPRESSION_GZIP; compression <= WR_COMPRESSION_ZSTD; compression++) {
        wr_buf packed;
        wr_buf_init(&packed, 8 * BUF_SIZE);
        CHECK_OK(wr_compress((wr_compression)compression, zeroes, &packed));
        made_batch made;
        make(&made, wr_buf_view(&packed), 1, (int16_t)compression);
        wr_records records;
        CHECK_EQ(wr_records_open(&made.batch, arena, 1000, &records), WEIR_E_LIMIT);
        CHECK_EQ(wr_batch_check(&made.batch, 1000, NULL), WEIR_E_LIMIT);
        CHECK_EQ(weir_arena_used(arena), 0);
        wr_buf_fini(&made.bytes);
        wr_buf_fini(&packed);
    }
    weir_arena_free(arena);
    free((void *)(uintptr_t)zeroes.data);
}

/* ---- walking what is stored */

static weir_err walk(weir_slice bytes, int32_t record_count, int64_t *ret_sum)
{
    made_batch made;
    make(&made, bytes, record_count, 0);
    made.batch.base_offset = INT64_MAX;
    made.batch.base_timestamp = INT64_MAX;
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_records records;
    wr_record record;
    weir_err err = wr_records_open(&made.batch, arena, 1000, &records);
    int64_t sum = 0;
    while (err == WEIR_OK) {
        err = wr_records_next(&records, &record);
        if (err == WEIR_OK)
            sum += 1 + (record.offset != INT64_MAX);
    }
    *ret_sum = sum;
    weir_arena_free(arena);
    wr_buf_fini(&made.bytes);
    return err;
}

TEST(walking_ends_at_the_last_record_or_at_the_first_bad_one)
{
    int64_t sum = 0;
    CHECK_EQ(walk(WEIR_SLICE(RECORD RECORD_1), 2, &sum), WEIR_E_RANGE);
    CHECK_EQ(sum, 3);                                            /* the second offset wraps, and nothing breaks */
    CHECK_EQ(walk(WEIR_SLICE(RECORD_1), 1, &sum), WEIR_E_RANGE); /* compaction leaves gaps */
    CHECK_EQ(walk(WEIR_SLICE(""), 0, &sum), WEIR_E_RANGE);       /* and empty batches */
    CHECK_EQ(walk(WEIR_SLICE(RECORD), 2, &sum), WEIR_E_FORMAT);
    CHECK_EQ(sum, 1);
    CHECK_EQ(walk(WEIR_SLICE(RECORD RECORD_1), 1, &sum), WEIR_E_FORMAT);
    CHECK_EQ(walk(WEIR_SLICE(RECORD), -1, &sum), WEIR_E_FORMAT);
    CHECK_EQ(walk(WEIR_SLICE("\x0e\0\0\1\1\2x\0"), 1, &sum), WEIR_E_FORMAT); /* offset delta -1 */
}

TEST(headers_need_memory_within_the_arenas_limit)
{
    made_batch made;
    make(&made, WEIR_SLICE("\x14\0\0\0\1\1\4\0\1\0\1"), 1, 0);
    weir_arena *none = weir_arena_new(0);
    wr_records records;
    wr_record record;
    CHECK_OK(wr_records_open(&made.batch, none, 1000, &records));
    CHECK_EQ(wr_records_next(&records, &record), WEIR_E_LIMIT);
    weir_arena_free(none);
    wr_buf_fini(&made.bytes);
}
