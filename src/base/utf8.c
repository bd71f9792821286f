/* UTF-8.
 *
 *     0xxxxxxx                               up to 0x7f
 *     110xxxxx 10xxxxxx                      up to 0x7ff
 *     1110xxxx 10xxxxxx 10xxxxxx             up to 0xffff, without the surrogates 0xd800 to 0xdfff
 *     11110xxx 10xxxxxx 10xxxxxx 10xxxxxx    up to 0x10ffff */
#include "base/utf8.h"

/* Table 3-7 of the Unicode standard: what the second byte may be depends on the first. */
size_t wr_utf8_size(const uint8_t *at, size_t left)
{
    if (left == 0 || at[0] < 0x80)
        return left > 0;
    uint8_t lead = at[0];
    size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (lead < 0xc2 || lead > 0xf4 || left < size || at[1] < low || at[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if (!wr_utf8_continues(at[i]))
            return 0;
    return size;
}

bool wr_utf8_valid(weir_slice text)
{
    const uint8_t *at = text.data, *end = at + text.size;
    for (size_t size; at < end; at += size) {
        size = *at < 0x80 ? 1 : wr_utf8_size(at, (size_t)(end - at));
        if (size == 0)
            return false;
    }
    return true;
}

uint32_t wr_utf8_next(const uint8_t **at)
{
    uint32_t lead = *(*at)++;
    int more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    uint32_t character = more ? lead & (0x3fU >> more) : lead;
    while (more--)
        character = character << 6 | (*(*at)++ & 0x3f);
    return character;
}

size_t wr_utf8_put(uint32_t character, void *ret_bytes)
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    uint8_t *bytes = ret_bytes;
    size_t size = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, character >>= 6)
        bytes[i] = (uint8_t)(0x80 | (character & 0x3f));
    bytes[0] = (uint8_t)(leads[size] | character);
    return size;
}
