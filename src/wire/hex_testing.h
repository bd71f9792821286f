/* Bytes written as hex digits, for golden vectors. */
#ifndef WR_HEX_TESTING_H
#define WR_HEX_TESTING_H

#include <base/buf.h>

#include <assert.h>

static inline uint8_t hex_digit(char digit)
{
    const char *digits = "0123456789abcdef", *found = strchr(digits, digit);
    assert(digit && found);
    return (uint8_t)(found - digits);
}

static inline void hex_append(wr_buf *buf, const char *hex)
{
    for (; *hex; hex += 2)
        wr_buf_i8(buf, (int8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
}

#endif
