/* Buffers, cursors, and the numbers in them; buf.h says what fails how.
 *
 *     i8 … i64    big-endian, two's complement
 *     uvarint     seven bits a byte, the low ones first; the high bit of a byte says that another one follows. At most ten
 *                 bytes, or five for 32 bits; the last may not hold bits that the number has no room for
 *     varint      zig-zag: 0, -1, 1, -2, … as the uvarints 0, 1, 2, 3, …
 *
 * A buffer doubles from 64 bytes up to its limit. One that has failed stays failed until it is cleared, so that who writes
 * looks once, at the end; a cursor that ran past its end likewise answers zeroes. */
#include "base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 64, VARINT_SIZE_MAX = 10, VARINT32_SIZE_MAX = 5 };

void wr_buf_init(wr_buf *buf, size_t limit_size)
{
    *buf = (wr_buf){.limit_size = limit_size};
}

void wr_buf_fini(wr_buf *buf)
{
    free(buf->data);
    *buf = (wr_buf){.limit_size = buf->limit_size};
}

void wr_buf_clear(wr_buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}

bool wr_buf_failed(const wr_buf *buf)
{
    return buf->failed;
}

/* Makes capacity at least `needed`, doubling so that many small appends stay cheap, but never far past the limit. */
static bool reserve(wr_buf *buf, size_t needed)
{
    if (needed <= buf->capacity)
        return true;
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity = capacity > SIZE_MAX / 2 ? needed : capacity * 2;
    if (capacity > buf->limit_size && needed <= buf->limit_size)
        capacity = buf->limit_size;

    uint8_t *data = realloc(buf->data, capacity);
    if (!data)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

uint8_t *wr_buf_extend(wr_buf *buf, size_t size)
{
    if (buf->failed)
        return NULL;
    assert(buf->size <= buf->limit_size);
    if (size > buf->limit_size - buf->size || !reserve(buf, size ? buf->size + size : 1)) {
        buf->failed = true;
        return NULL;
    }
    uint8_t *room = buf->data + buf->size;
    buf->size += size;
    return room;
}

void wr_buf_append(wr_buf *buf, const void *data, size_t size)
{
    uint8_t *room = size ? wr_buf_extend(buf, size) : NULL;
    if (room)
        memcpy(room, data, size);
}

void wr_buf_slice(wr_buf *buf, weir_slice bytes)
{
    wr_buf_append(buf, bytes.data, bytes.size);
}

void wr_buf_text(wr_buf *buf, const char *text)
{
    wr_buf_append(buf, text, strlen(text));
}

void wr_buf_printf(wr_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char few[256];
    int size = vsnprintf(few, sizeof few, format, args);
    if (size < 0) {
        buf->failed = true;
    } else if ((size_t)size < sizeof few) {
        wr_buf_append(buf, few, (size_t)size);
    } else {
        /* vsnprintf writes a NUL behind the text, which the text itself may have no room for: it is taken back. */
        size_t start = buf->size;
        if (wr_buf_extend(buf, (size_t)size)) {
            if (reserve(buf, buf->size + 1))
                vsnprintf((char *)buf->data + start, (size_t)size + 1, format, again);
            else
                buf->failed = true;
        }
    }
    va_end(again);
    va_end(args);
}

void wr_buf_i8(wr_buf *buf, int8_t value)
{
    wr_buf_append(buf, &value, 1);
}

void wr_buf_i16(wr_buf *buf, int16_t value)
{
    uint8_t *at = wr_buf_extend(buf, 2);
    if (at)
        wr_put_i16(at, value);
}

void wr_buf_i32(wr_buf *buf, int32_t value)
{
    uint8_t *at = wr_buf_extend(buf, 4);
    if (at)
        wr_put_i32(at, value);
}

void wr_buf_i64(wr_buf *buf, int64_t value)
{
    uint8_t *at = wr_buf_extend(buf, 8);
    if (at)
        wr_put_i64(at, value);
}

void wr_buf_uvarint(wr_buf *buf, uint64_t value)
{
    uint8_t bytes[VARINT_SIZE_MAX];
    size_t size = 0;
    for (; value >= 0x80; value >>= 7)
        bytes[size++] = (uint8_t)(value | 0x80);
    bytes[size++] = (uint8_t)value;
    wr_buf_append(buf, bytes, size);
}

void wr_buf_varint(wr_buf *buf, int64_t value)
{
    wr_buf_uvarint(buf, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

weir_slice wr_buf_view(const wr_buf *buf)
{
    /* An empty buffer is empty bytes, not absent ones. */
    return (weir_slice){buf->data ? buf->data : (const uint8_t *)"", buf->size};
}

const char *wr_buf_cstr(wr_buf *buf)
{
    if (buf->failed || !reserve(buf, buf->size + 1))
        return "";
    buf->data[buf->size] = 0;
    return (const char *)buf->data;
}

int16_t wr_get_i16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return (int16_t)__builtin_bswap16(value);
}

int32_t wr_get_i32(const uint8_t *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return (int32_t)__builtin_bswap32(value);
}

int64_t wr_get_i64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return (int64_t)__builtin_bswap64(value);
}

void wr_put_i16(uint8_t *at, int16_t value)
{
    uint16_t swapped = __builtin_bswap16((uint16_t)value);
    memcpy(at, &swapped, sizeof swapped);
}

void wr_put_i32(uint8_t *at, int32_t value)
{
    uint32_t swapped = __builtin_bswap32((uint32_t)value);
    memcpy(at, &swapped, sizeof swapped);
}

void wr_put_i64(uint8_t *at, int64_t value)
{
    uint64_t swapped = __builtin_bswap64((uint64_t)value);
    memcpy(at, &swapped, sizeof swapped);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the loads and stores above swap");

wr_cursor wr_cursor_of(weir_slice bytes)
{
    const uint8_t *at = bytes.data ? bytes.data : (const uint8_t *)"";
    return (wr_cursor){.at = at, .end = bytes.data ? at + bytes.size : at};
}

size_t wr_cursor_left(const wr_cursor *cursor)
{
    return cursor->failed ? 0 : (size_t)(cursor->end - cursor->at);
}

weir_slice wr_cursor_take(wr_cursor *cursor, size_t size)
{
    if (cursor->failed || size > (size_t)(cursor->end - cursor->at)) {
        cursor->failed = true;
        return (weir_slice){0};
    }
    weir_slice taken = {cursor->at, size};
    cursor->at += size;
    return taken;
}

int8_t wr_cursor_i8(wr_cursor *cursor)
{
    weir_slice taken = wr_cursor_take(cursor, 1);
    return taken.data ? (int8_t)taken.data[0] : 0;
}

int16_t wr_cursor_i16(wr_cursor *cursor)
{
    weir_slice taken = wr_cursor_take(cursor, 2);
    return taken.data ? wr_get_i16(taken.data) : 0;
}

int32_t wr_cursor_i32(wr_cursor *cursor)
{
    weir_slice taken = wr_cursor_take(cursor, 4);
    return taken.data ? wr_get_i32(taken.data) : 0;
}

int64_t wr_cursor_i64(wr_cursor *cursor)
{
    weir_slice taken = wr_cursor_take(cursor, 8);
    return taken.data ? wr_get_i64(taken.data) : 0;
}

/* `bit_count` is the width of the number: the last byte may hold only the bits that are left of it. */
static uint64_t uvarint(wr_cursor *cursor, unsigned bit_count)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bit_count; shift += 7) {
        if (cursor->failed || cursor->at == cursor->end)
            break;
        uint8_t byte = *cursor->at++;
        if (bit_count - shift < 7 && byte >> (bit_count - shift))
            break;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    cursor->failed = true;
    return 0;
}

uint64_t wr_cursor_uvarint(wr_cursor *cursor)
{
    return uvarint(cursor, 64);
}

uint32_t wr_cursor_uvarint32(wr_cursor *cursor)
{
    return (uint32_t)uvarint(cursor, 32);
}

int64_t wr_cursor_varint(wr_cursor *cursor)
{
    uint64_t value = uvarint(cursor, 64);
    return (int64_t)((value >> 1) ^ (0 - (value & 1)));
}
