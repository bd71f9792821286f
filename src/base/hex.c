/* Hexadecimal digits; hex.h says in which form. */
#include "base/hex.h"

int wr_hex_byte(const void *digits)
{
    const uint8_t *at = digits;
    int high = wr_hex_value(at[0]);
    int low = high < 0 ? -1 : wr_hex_value(at[1]);
    return low < 0 ? -1 : high << 4 | low;
}

void wr_hex_print(const uint8_t *bytes, size_t size, char *ret_digits)
{
    for (size_t i = 0; i < size; i++) {
        ret_digits[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        ret_digits[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
}

bool wr_hex_parse(const char *digits, size_t size, uint8_t *ret_bytes)
{
    for (size_t i = 0; i < size; i++) {
        int byte = wr_hex_byte(digits + 2 * i);
        if (byte < 0)
            return false;
        ret_bytes[i] = (uint8_t)byte;
    }
    return true;
}
