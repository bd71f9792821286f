/* Growing bytes with a ceiling, and big-endian numbers in and out of them.
 *
 * A wr_buf is born with the largest size it may reach. Appends past it, or past memory, mark it failed and do nothing
 * more; check wr_buf_failed once at the end. */
#ifndef WR_BUF_H
#define WR_BUF_H

#include <weir/bytes.h>

typedef struct wr_buf {
    uint8_t *data;
    size_t size;
    size_t capacity;
    size_t limit_size;
    bool failed;
} wr_buf;

void wr_buf_init(wr_buf *buf, size_t limit_size);
void wr_buf_fini(wr_buf *buf);
void wr_buf_clear(wr_buf *buf); /* empty and not failed; keeps its memory */
bool wr_buf_failed(const wr_buf *buf);
/* Room for `size` more bytes at the end, counted as appended; NULL on failure. Contents are undefined. */
uint8_t *wr_buf_extend(wr_buf *buf, size_t size);
void wr_buf_append(wr_buf *buf, const void *data, size_t size);
void wr_buf_slice(wr_buf *buf, weir_slice bytes);
void wr_buf_text(wr_buf *buf, const char *text);
void wr_buf_printf(wr_buf *buf, const char *format, ...) WEIR_PRINTF(2, 3);
void wr_buf_i8(wr_buf *buf, int8_t value);
void wr_buf_i16(wr_buf *buf, int16_t value);
void wr_buf_i32(wr_buf *buf, int32_t value);
void wr_buf_i64(wr_buf *buf, int64_t value);
void wr_buf_uvarint(wr_buf *buf, uint64_t value); /* LEB128, as Kafka's unsigned varint */
void wr_buf_varint(wr_buf *buf, int64_t value);   /* zig-zag, as in record batches */
weir_slice wr_buf_view(const wr_buf *buf);
const char *wr_buf_cstr(wr_buf *buf); /* NUL-terminated view (the NUL is not counted in size); "" when failed */

/* Big-endian loads and stores at any alignment. */
int16_t wr_get_i16(const uint8_t *at);
int32_t wr_get_i32(const uint8_t *at);
int64_t wr_get_i64(const uint8_t *at);
void wr_put_i16(uint8_t *at, int16_t value);
void wr_put_i32(uint8_t *at, int32_t value);
void wr_put_i64(uint8_t *at, int64_t value);

/* A cursor over borrowed bytes. A read past the end, or a varint that is too long, marks it failed and yields 0. */
typedef struct wr_cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
} wr_cursor;

wr_cursor wr_cursor_of(weir_slice bytes);
size_t wr_cursor_left(const wr_cursor *cursor);
int8_t wr_cursor_i8(wr_cursor *cursor);
int16_t wr_cursor_i16(wr_cursor *cursor);
int32_t wr_cursor_i32(wr_cursor *cursor);
int64_t wr_cursor_i64(wr_cursor *cursor);
uint64_t wr_cursor_uvarint(wr_cursor *cursor);   /* at most 10 bytes */
uint32_t wr_cursor_uvarint32(wr_cursor *cursor); /* at most 5 bytes */
int64_t wr_cursor_varint(wr_cursor *cursor);
weir_slice wr_cursor_take(wr_cursor *cursor, size_t size); /* data NULL on failure */

#endif
