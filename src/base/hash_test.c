#include "hash_int.h"

#include <stdlib.h>

#include "test.h"

static uint32_t crc_bit_by_bit(const uint8_t *data, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78 : 0);
    }
    return ~crc;
}

/* RFC 3720, appendix B.4. */
TEST(crc32c_has_the_values_that_iscsi_publishes)
{
    uint8_t bytes[32];
    memset(bytes, 0, sizeof bytes);
    CHECK_EQ(wr_crc32c(0, bytes, 32), 0x8A9136AA);
    memset(bytes, 0xFF, sizeof bytes);
    CHECK_EQ(wr_crc32c(0, bytes, 32), 0x62A8AB43);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)i;
    CHECK_EQ(wr_crc32c(0, bytes, 32), 0x46DD794E);
    for (int i = 0; i < 32; i++)
        bytes[i] = (uint8_t)(31 - i);
    CHECK_EQ(wr_crc32c(0, bytes, 32), 0x113FDB5C);
    CHECK_EQ(wr_crc32c(0, "123456789", 9), 0xE3069283);
    CHECK_EQ(wr_crc32c(0, "", 0), 0);
}

/* Sizes around every boundary of the parts, at every alignment. */
TEST(crc32c_agrees_with_the_definition_at_every_size_and_alignment)
{
    enum { SIZE = 3 * 2048 * 2 + 3 * 128 * 2 + 64 };
    uint8_t *bytes = malloc(SIZE);
    uint64_t chance = 3;
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)test_random(&chance);
    for (size_t size = 0; size < 900; size++) {
        CHECK_EQ(wr_crc32c(0, bytes + size % 8, size), crc_bit_by_bit(bytes + size % 8, size));
        CHECK_EQ(~crc32c_by_table(UINT32_MAX, bytes, size), crc_bit_by_bit(bytes, size));
    }
    static const size_t around[] = {3 * 2048, 3 * 2048 + 3 * 128, 2 * 3 * 2048, SIZE - 16};
    for (size_t i = 0; i < sizeof around / sizeof *around; i++)
        for (size_t size = around[i] - 9; size <= around[i] + 9; size++)
            CHECK_EQ(wr_crc32c(0, bytes + size % 7, size), crc_bit_by_bit(bytes + size % 7, size));
    free(bytes);
}

TEST(crc32c_can_be_continued_at_any_cut)
{
    uint8_t bytes[1000];
    uint64_t chance = 4;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_random(&chance);
    uint32_t whole = wr_crc32c(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++)
        CHECK_EQ(wr_crc32c(wr_crc32c(0, bytes, cut), bytes + cut, sizeof bytes - cut), whole);
}

/* The vectors of Kafka's own test of its Java partitioner (UtilsTest.testMurmur2). */
TEST(murmur2_has_the_values_of_kafkas_java_client)
{
    static const struct {
        const char *text;
        int32_t hash;
    } vectors[] = {
        {"21", -973932308},
        {"foobar", -790332482},
        {"a-little-bit-long-string", -985981536},
        {"a-little-bit-longer-string", -1486304829},
        {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
        {"abc", 479470107},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        CHECK_EQ((int32_t)wr_murmur2(vectors[i].text, strlen(vectors[i].text)), vectors[i].hash);
}

TEST(hash64_depends_on_the_seed)
{
    CHECK(wr_hash64("a", 1, 1) == wr_hash64("a", 1, 1));
    CHECK(wr_hash64("a", 1, 1) != wr_hash64("a", 1, 2));
    CHECK(wr_hash64("a", 1, 1) != wr_hash64("b", 1, 1));
}

TEST(hash128_never_changes_and_tells_parts_apart)
{
    const weir_slice parts[] = {WEIR_SLICE("POST"), WEIR_SLICE("/orders"), WEIR_SLICE("{}")};
    const weir_slice moved[] = {WEIR_SLICE("POST/"), WEIR_SLICE("orders"), WEIR_SLICE("{}")};
    uint8_t hash[16], other[16];
    wr_hash128(parts, 3, hash);
    static const uint8_t known[16] = {0xcc, 0xa7, 0x1a, 0x33, 0x56, 0xaf, 0x59, 0xd9,
                                      0x50, 0xa4, 0x9d, 0xc3, 0xab, 0xfc, 0x99, 0xc0};
    assert_memory_equal(hash, known, sizeof hash);
    wr_hash128(moved, 3, other);
    CHECK(memcmp(hash, other, sizeof hash) != 0);
    wr_hash128(parts, 2, other);
    CHECK(memcmp(hash, other, sizeof hash) != 0);
    wr_hash128((weir_slice[]){parts[0], parts[1], {0}}, 3, other);
    CHECK(memcmp(hash, other, sizeof hash) != 0);
}
