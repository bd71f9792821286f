#include <test.h>
#include <wire/batch.h>
#include <wire/hex_testing.h>

#include <stdlib.h>

enum { BUF_SIZE = 1 << 24 };

static uint32_t next_random(uint32_t *state)
{
    return *state = *state * 1664525u + 1013904223u;
}

/* Half noise, half repetition, so that every codec has something to do. */
static void fill(wr_buf *buf, size_t size)
{
    uint32_t state = (uint32_t)size;
    while (buf->size < size) {
        uint32_t pick = next_random(&state);
        for (uint32_t i = 0; i < pick >> 26 && buf->size < size; i++)
            wr_buf_i8(buf, (int8_t)(pick & 1 ? next_random(&state) >> 24 : 'a'));
    }
}

TEST(what_is_compressed_decompresses_to_itself)
{
    static const size_t sizes[] = {0, 1, 10, 1000, 16384, 65535, 65536, 65537, 1000000};
    for (int kind = WR_COMPRESSION_NONE; kind <= WR_COMPRESSION_ZSTD; kind++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            wr_buf plain, packed, back;
            wr_buf_init(&plain, BUF_SIZE);
            wr_buf_init(&packed, BUF_SIZE);
            wr_buf_init(&back, BUF_SIZE);
            fill(&plain, sizes[i]);
            CHECK_OK(wr_compress((wr_compression)kind, wr_buf_view(&plain), &packed));
            CHECK_OK(wr_decompress((wr_compression)kind, wr_buf_view(&packed), sizes[i], &back));
            CHECK(weir_slice_equal(wr_buf_view(&plain), wr_buf_view(&back)));
            wr_buf_fini(&plain);
            wr_buf_fini(&packed);
            wr_buf_fini(&back);
        }
}

TEST(a_byte_more_than_the_ceiling_is_a_limit_error_and_leaves_nothing)
{
    for (int kind = WR_COMPRESSION_NONE; kind <= WR_COMPRESSION_ZSTD; kind++) {
        wr_buf plain, packed, back;
        wr_buf_init(&plain, BUF_SIZE);
        wr_buf_init(&packed, BUF_SIZE);
        wr_buf_init(&back, BUF_SIZE);
        fill(&plain, 100000);
        CHECK_OK(wr_compress((wr_compression)kind, wr_buf_view(&plain), &packed));
        wr_buf_text(&back, "before");
        CHECK_EQ(wr_decompress((wr_compression)kind, wr_buf_view(&packed), 99999, &back), WEIR_E_LIMIT);
        CHECK_STR(wr_buf_cstr(&back), "before");
        CHECK_EQ(wr_decompress((wr_compression)kind, wr_buf_view(&packed), 0, &back), WEIR_E_LIMIT);
        wr_buf_fini(&plain);
        wr_buf_fini(&packed);
        wr_buf_fini(&back);
    }
}

TEST(a_bomb_costs_no_more_than_the_ceiling)
{
    enum { BOMB_SIZE = 10 * 1000 * 1000, CEILING = 100 * 1000 };
    weir_slice zeroes = {calloc(1, BOMB_SIZE), BOMB_SIZE};
    for (int kind = WR_COMPRESSION_GZIP; kind <= WR_COMPRESSION_ZSTD; kind++) {
        wr_buf packed, back;
        wr_buf_init(&packed, BUF_SIZE);
        wr_buf_init(&back, BUF_SIZE);
        CHECK_OK(wr_compress((wr_compression)kind, zeroes, &packed));
        CHECK(packed.size < BOMB_SIZE / 20);
        CHECK_EQ(wr_decompress((wr_compression)kind, wr_buf_view(&packed), CEILING, &back), WEIR_E_LIMIT);
        CHECK(back.capacity <= 2 * CEILING);
        wr_buf_fini(&packed);
        wr_buf_fini(&back);
    }
    free((void *)(uintptr_t)zeroes.data);
}

TEST(every_prefix_is_a_format_error)
{
    wr_buf plain;
    wr_buf_init(&plain, BUF_SIZE);
    fill(&plain, 2000);
    for (int kind = WR_COMPRESSION_GZIP; kind <= WR_COMPRESSION_ZSTD; kind++) {
        wr_buf packed, back;
        wr_buf_init(&packed, BUF_SIZE);
        wr_buf_init(&back, BUF_SIZE);
        CHECK_OK(wr_compress((wr_compression)kind, wr_buf_view(&plain), &packed));
        for (size_t size = 0; size < packed.size; size++) {
            uint8_t *cut = malloc(size + 1);
            memcpy(cut, packed.data, size);
            CHECK_EQ(wr_decompress((wr_compression)kind, (weir_slice){cut, size}, BUF_SIZE, &back), WEIR_E_FORMAT);
            CHECK_EQ(back.size, 0);
            free(cut);
        }
        wr_buf_fini(&packed);
        wr_buf_fini(&back);
    }
    wr_buf_fini(&plain);
}

TEST(damage_is_survived)
{
    uint32_t state = 1;
    wr_buf plain;
    wr_buf_init(&plain, BUF_SIZE);
    fill(&plain, 3000);
    for (int kind = WR_COMPRESSION_GZIP; kind <= WR_COMPRESSION_ZSTD; kind++) {
        wr_buf packed, back;
        wr_buf_init(&packed, BUF_SIZE);
        wr_buf_init(&back, BUF_SIZE);
        CHECK_OK(wr_compress((wr_compression)kind, wr_buf_view(&plain), &packed));
        for (int i = 0; i < 2000; i++) {
            uint8_t *copy = malloc(packed.size);
            memcpy(copy, packed.data, packed.size);
            copy[next_random(&state) % packed.size] ^= (uint8_t)(next_random(&state) >> 24);
            weir_err err = wr_decompress((wr_compression)kind, (weir_slice){copy, packed.size}, 10000, &back);
            CHECK(err == WEIR_OK || err == WEIR_E_FORMAT || err == WEIR_E_LIMIT);
            wr_buf_clear(&back);
            free(copy);
        }
        wr_buf_fini(&packed);
        wr_buf_fini(&back);
    }
    wr_buf_fini(&plain);
}

TEST(two_frames_in_a_row_read_as_one_where_the_format_allows_it)
{
    static const wr_compression kinds[] = {WR_COMPRESSION_GZIP, WR_COMPRESSION_LZ4, WR_COMPRESSION_ZSTD};
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        wr_buf packed, back;
        wr_buf_init(&packed, BUF_SIZE);
        wr_buf_init(&back, BUF_SIZE);
        CHECK_OK(wr_compress(kinds[i], WEIR_SLICE("one"), &packed));
        CHECK_OK(wr_compress(kinds[i], WEIR_SLICE("two"), &packed));
        CHECK_OK(wr_decompress(kinds[i], wr_buf_view(&packed), BUF_SIZE, &back));
        CHECK_STR(wr_buf_cstr(&back), "onetwo");
        wr_buf_fini(&packed);
        wr_buf_fini(&back);
    }
}

/* ---- snappy's two forms */

static weir_err unsnap(weir_slice bytes, wr_buf *out)
{
    return wr_decompress(WR_COMPRESSION_SNAPPY, bytes, 1000, out);
}

#define XERIAL "\x82SNAPPY\0\0\0\0\1\0\0\0\1"

TEST(snappy_reads_javas_framing)
{
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    CHECK_OK(unsnap(WEIR_SLICE(XERIAL "\0\0\0\5\3\x08"
                                      "abc"
                                      "\0\0\0\4\2\x04"
                                      "de"),
                    &out));
    CHECK_STR(wr_buf_cstr(&out), "abcde");
    wr_buf_clear(&out);
    CHECK_OK(unsnap(WEIR_SLICE(XERIAL), &out)); /* no blocks, no bytes */
    CHECK_EQ(out.size, 0);
    wr_buf_fini(&out);
}

TEST(snappy_framing_that_lies_is_a_format_error)
{
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    CHECK_EQ(unsnap(WEIR_SLICE("\x82SNAPPY\0\0\0"), &out), WEIR_E_FORMAT);
    CHECK_EQ(unsnap(WEIR_SLICE(XERIAL "\0\0"), &out), WEIR_E_FORMAT);
    CHECK_EQ(unsnap(WEIR_SLICE(XERIAL "\xff\xff\xff\xff\3\x08"
                                      "abc"),
                    &out),
             WEIR_E_FORMAT);
    CHECK_EQ(unsnap(WEIR_SLICE(XERIAL "\x7f\xff\xff\xff\3\x08"
                                      "abc"),
                    &out),
             WEIR_E_FORMAT);
    CHECK_EQ(unsnap(WEIR_SLICE(XERIAL "\0\0\0\0"), &out), WEIR_E_FORMAT);
    CHECK_EQ(out.size, 0);
    wr_buf_fini(&out);
}

TEST(a_snappy_block_cannot_claim_more_than_its_bytes_could_say)
{
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    CHECK_EQ(wr_decompress(WR_COMPRESSION_SNAPPY,
                           WEIR_SLICE("\xff\xff\xff\x7f\x08"
                                      "abc"),
                           SIZE_MAX, &out),
             WEIR_E_FORMAT);
    CHECK_EQ(out.capacity, 0);
    wr_buf_fini(&out);
}

/* A zstd frame header that asks for a window of 2 GiB - 1 and then has nothing much. */
TEST(a_zstd_window_is_not_granted_beyond_what_is_sane)
{
    wr_buf bytes, out;
    wr_buf_init(&bytes, 100);
    wr_buf_init(&out, BUF_SIZE);
    hex_append(&bytes, "28b52ffd00af010000");
    CHECK_EQ(wr_decompress(WR_COMPRESSION_ZSTD, wr_buf_view(&bytes), 1000, &out), WEIR_E_FORMAT);
    wr_buf_fini(&bytes);
    wr_buf_fini(&out);
}
