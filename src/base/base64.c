/* Base64: three bytes are four digits of six bits each, the high bits first; '=' stands for each digit that is missing from
 * the last four. */
#include "base/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void wr_base64_print(wr_buf *out, weir_slice bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = (uint32_t)bytes.data[i] << 16 | (left > 1 ? (uint32_t)bytes.data[i + 1] << 8 : 0) |
                        (left > 2 ? bytes.data[i + 2] : 0);
        char text[4] = {digits[bits >> 18], digits[bits >> 12 & 63], left > 1 ? digits[bits >> 6 & 63] : '=',
                        left > 2 ? digits[bits & 63] : '='};
        wr_buf_append(out, text, sizeof text);
    }
}

static int value_of(uint8_t digit)
{
    const char *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

bool wr_base64_parse(weir_slice text, uint8_t *ret_bytes, size_t *ret_size)
{
    size_t padding = 0, written = 0;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    if (text.size % 4)
        return false;
    for (size_t i = 0; i < text.size; i += 4) {
        uint32_t bits = 0;
        for (size_t j = i; j < i + 4; j++) {
            int value = j < text.size - padding ? value_of(text.data[j]) : 0;
            if (value < 0)
                return false;
            bits = bits << 6 | (uint32_t)value;
        }
        ret_bytes[written++] = (uint8_t)(bits >> 16);
        ret_bytes[written++] = (uint8_t)(bits >> 8);
        ret_bytes[written++] = (uint8_t)bits;
    }
    *ret_size = written - padding;
    return true;
}
