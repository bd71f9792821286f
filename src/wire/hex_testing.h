/* Bytes written as hex digits, for golden vectors. */
#ifndef WR_HEX_TESTING_H
#define WR_HEX_TESTING_H

#include <base/buf.h>
#include <base/hex.h>

#include <assert.h>

static inline void hex_append(wr_buf *buf, const char *hex)
{
    for (; *hex; hex += 2) {
        int byte = wr_hex_byte(hex);
        assert(byte >= 0);
        wr_buf_i8(buf, (int8_t)byte);
    }
}

#endif
