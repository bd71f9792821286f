#include "base/buf.h"

#include "allocation.h"
#include "base/hex.h"
#include "test.h"

static const int64_t edges[] = {0,         1,         -1,        63,          64,        -64,
                                -65,       127,       128,       255,         256,       16383,
                                16384,     INT16_MAX, INT16_MIN, INT32_MAX,   INT32_MIN, (int64_t)UINT32_MAX,
                                INT64_MAX, INT64_MIN, 1LL << 62, -(1LL << 62)};
enum { EDGE_COUNT = sizeof edges / sizeof *edges };

static wr_cursor cursor_of_hex(const char *hex, uint8_t *bytes)
{
    size_t size = strlen(hex) / 2;
    CHECK(wr_hex_parse(hex, size, bytes));
    return wr_cursor_of((weir_slice){bytes, size});
}

TEST(numbers_come_back_as_they_went_in)
{
    for (int i = 0; i < EDGE_COUNT; i++) {
        wr_buf buf;
        wr_buf_init(&buf, 1000);
        wr_buf_i8(&buf, (int8_t)edges[i]);
        wr_buf_i16(&buf, (int16_t)edges[i]);
        wr_buf_i32(&buf, (int32_t)edges[i]);
        wr_buf_i64(&buf, edges[i]);
        wr_buf_varint(&buf, edges[i]);
        wr_buf_uvarint(&buf, (uint64_t)edges[i]);
        wr_buf_uvarint(&buf, (uint32_t)edges[i]);
        CHECK(!wr_buf_failed(&buf));

        wr_cursor cursor = wr_cursor_of(wr_buf_view(&buf));
        CHECK_EQ(wr_cursor_i8(&cursor), (int8_t)edges[i]);
        CHECK_EQ(wr_cursor_i16(&cursor), (int16_t)edges[i]);
        CHECK_EQ(wr_cursor_i32(&cursor), (int32_t)edges[i]);
        CHECK(wr_cursor_i64(&cursor) == edges[i]);
        CHECK(wr_cursor_varint(&cursor) == edges[i]);
        CHECK(wr_cursor_uvarint(&cursor) == (uint64_t)edges[i]);
        CHECK_EQ(wr_cursor_uvarint32(&cursor), (uint32_t)edges[i]);
        CHECK_EQ(wr_cursor_left(&cursor), 0);
        CHECK(!cursor.failed);
        wr_buf_fini(&buf);
    }
}

TEST(varints_of_any_length_come_back_as_they_went_in)
{
    uint64_t chance = 1;
    wr_buf buf;
    wr_buf_init(&buf, 100);
    for (int i = 0; i < 20000; i++) {
        int64_t value = (int64_t)(test_random(&chance) >> (test_random(&chance) % 64));
        value = i % 2 ? value : -value;
        wr_buf_clear(&buf);
        wr_buf_varint(&buf, value);
        wr_cursor cursor = wr_cursor_of(wr_buf_view(&buf));
        CHECK(wr_cursor_varint(&cursor) == value);
        CHECK(!cursor.failed && wr_cursor_left(&cursor) == 0);
    }
    wr_buf_fini(&buf);
}

TEST(numbers_are_big_endian_and_varints_have_kafkas_bytes)
{
    wr_buf buf;
    wr_buf_init(&buf, 100);
    wr_buf_i16(&buf, 0x0102);
    wr_buf_i32(&buf, 0x03040506);
    wr_buf_i64(&buf, 0x0708090a0b0c0d0e);
    wr_buf_uvarint(&buf, 300);
    wr_buf_varint(&buf, -1);
    wr_buf_varint(&buf, 150);
    CHECK_EQ(buf.size, 14 + 2 + 1 + 2);
    CHECK_BYTES(buf.data, "\1\2\3\4\5\6\7\x8\x9\xa\xb\xc\xd\xe\xac\2\1\xac\2", buf.size);
    wr_buf_fini(&buf);
}

TEST(a_varint_that_is_too_long_or_too_large_is_refused)
{
    static const struct {
        const char *hex;
        bool fits_32, fits_64;
    } cases[] = {
        {"ffffffff0f", true, true},
        {"ffffffff1f", false, true},           /* 33 bits */
        {"808080808000", false, true},         /* five bytes were enough */
        {"ffffffffffffffffff01", false, true}, /* the largest */
        {"ffffffffffffffffff02", false, false},
        {"80808080808080808080", false, false}, /* no end within ten bytes */
        {"8080808080808080808000", false, false},
        {"80", false, false}, /* cut */
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[16];
        wr_cursor cursor = cursor_of_hex(cases[i].hex, bytes);
        wr_cursor_uvarint32(&cursor);
        CHECK_EQ(!cursor.failed, cases[i].fits_32);
        cursor = cursor_of_hex(cases[i].hex, bytes);
        wr_cursor_uvarint(&cursor);
        CHECK_EQ(!cursor.failed, cases[i].fits_64);
    }
}

TEST(a_cursor_never_reads_past_its_end_and_stays_failed)
{
    uint8_t bytes[7] = {1, 2, 3, 4, 5, 6, 7};
    wr_cursor cursor = wr_cursor_of((weir_slice){bytes, sizeof bytes});
    CHECK(wr_cursor_take(&cursor, 0).data != NULL);
    CHECK_EQ(wr_cursor_i32(&cursor), 0x01020304);
    CHECK_EQ(wr_cursor_i32(&cursor), 0);
    CHECK(cursor.failed);
    CHECK_EQ(wr_cursor_left(&cursor), 0);
    CHECK_EQ(wr_cursor_i8(&cursor), 0);
    CHECK(wr_cursor_take(&cursor, 0).data == NULL);

    cursor = wr_cursor_of((weir_slice){bytes, sizeof bytes});
    CHECK(wr_cursor_take(&cursor, SIZE_MAX).data == NULL);
    cursor = wr_cursor_of((weir_slice){0});
    CHECK_EQ(wr_cursor_i64(&cursor), 0);
    CHECK(cursor.failed);
}

TEST(a_buffer_stops_at_its_limit_and_says_so_until_cleared)
{
    wr_buf buf;
    wr_buf_init(&buf, 10);
    wr_buf_text(&buf, "12345678");
    wr_buf_i16(&buf, 1);
    CHECK(!wr_buf_failed(&buf));
    wr_buf_i8(&buf, 1);
    CHECK(wr_buf_failed(&buf));
    CHECK_EQ(buf.size, 10);
    CHECK(wr_buf_extend(&buf, 0) == NULL);
    CHECK_STR(wr_buf_cstr(&buf), "");
    wr_buf_clear(&buf);
    CHECK(!wr_buf_failed(&buf) && buf.size == 0);
    CHECK(wr_buf_extend(&buf, SIZE_MAX) == NULL);
    wr_buf_fini(&buf);
}

TEST(a_full_buffer_still_has_room_for_the_terminating_nul)
{
    wr_buf buf;
    wr_buf_init(&buf, 4);
    CHECK_STR(wr_buf_cstr(&buf), "");
    wr_buf_text(&buf, "four");
    CHECK_STR(wr_buf_cstr(&buf), "four");
    CHECK_EQ(buf.size, 4);
    wr_buf_text(&buf, "!");
    CHECK(wr_buf_failed(&buf));
    wr_buf_fini(&buf);
}

TEST(printf_takes_text_longer_than_its_own_buffer)
{
    char thousand[1001];
    memset(thousand, 'x', 1000);
    thousand[1000] = 0;
    wr_buf buf;
    wr_buf_init(&buf, 1100);
    wr_buf_printf(&buf, "%d%s", 7, thousand);
    CHECK_EQ(buf.size, 1001);
    CHECK_EQ(wr_buf_cstr(&buf)[0], '7');
    CHECK_EQ(wr_buf_cstr(&buf)[1000], 'x');
    wr_buf_printf(&buf, "%s", thousand);
    CHECK(wr_buf_failed(&buf));
    CHECK_EQ(buf.size, 1001);
    wr_buf_fini(&buf);
}

TEST(an_empty_buffer_is_empty_bytes_and_not_absent_ones)
{
    wr_buf buf;
    wr_buf_init(&buf, 4);
    CHECK(wr_buf_view(&buf).data != NULL);
    wr_buf_slice(&buf, (weir_slice){0});
    CHECK_EQ(wr_buf_view(&buf).size, 0);
    CHECK(!wr_buf_failed(&buf));
    wr_buf_fini(&buf);
}

TEST(a_buffer_out_of_memory_keeps_what_it_had)
{
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        wr_buf buf;
        wr_buf_init(&buf, 1000);
        int appended = 0;
        while (appended < 100 && !wr_buf_failed(&buf)) {
            wr_buf_i64(&buf, appended);
            appended += !wr_buf_failed(&buf);
        }
        bool out_of_memory = test_allocation_failed();
        CHECK_EQ(wr_buf_failed(&buf), out_of_memory);
        CHECK_EQ(buf.size, 8 * (size_t)appended);
        for (int i = 0; i < appended; i++)
            CHECK(wr_get_i64(buf.data + 8 * i) == i);
        wr_buf_fini(&buf);
        if (!out_of_memory)
            break;
    }
}
