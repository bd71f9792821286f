/* Hexadecimal digits, two a byte, the high half first. Digits are printed in lower case and read in either. */
#ifndef WR_HEX_H
#define WR_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a digit is worth, or -1 for what is no hex digit. */
static inline int wr_hex_value(int digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* The byte that two digits are, or -1. The second is not looked at when the first is no digit, so the end of a C string is
 * never passed. */
int wr_hex_byte(const void *digits);
/* 2 * `size` digits, without a NUL. */
void wr_hex_print(const uint8_t *bytes, size_t size, char *ret_digits);
/* `size` bytes of 2 * `size` digits. False for what is no digit, and then `ret_bytes` holds the bytes before it. */
bool wr_hex_parse(const char *digits, size_t size, uint8_t *ret_bytes);

#endif
