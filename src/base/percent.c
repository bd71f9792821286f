/* Percent escapes; percent.h says what they are. */
#include "base/percent.h"

#include "base/hex.h"

int wr_percent_byte(const void *text, size_t size)
{
    const uint8_t *at = text;
    return size >= WR_PERCENT_SIZE && at[0] == '%' ? wr_hex_byte(at + 1) : -1;
}

void wr_percent_print(uint8_t byte, char ret_escape[WR_PERCENT_SIZE])
{
    ret_escape[0] = '%';
    ret_escape[1] = "0123456789ABCDEF"[byte >> 4];
    ret_escape[2] = "0123456789ABCDEF"[byte & 15];
}
