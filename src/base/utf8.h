/* UTF-8, as table 3-7 of the Unicode standard defines it. */
#ifndef WR_UTF8_H
#define WR_UTF8_H

#include <weir/bytes.h>

#include <stdbool.h>

enum { WR_UTF8_SIZE_MAX = 4 }; /* bytes of a character */

/* Bytes of the well-formed character that begins at `at`, where `left` bytes are; 0: there is none. */
size_t wr_utf8_size(const uint8_t *at, size_t left);
/* Whether bytes are well-formed UTF-8 (no surrogates, no overlong forms). */
bool wr_utf8_valid(weir_slice text);
/* Whether a byte can only be the second or later one of a character. */
static inline bool wr_utf8_continues(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}
/* The character at *at, in text that is known to be well-formed; *at moves behind it. */
uint32_t wr_utf8_next(const uint8_t **at);
/* Write a character, at most 0x10ffff; returns how many bytes, at most WR_UTF8_SIZE_MAX. Whether it is a surrogate is not
 * looked at. */
size_t wr_utf8_put(uint32_t character, void *ret_bytes);

#endif
