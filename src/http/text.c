/* Texts of HTTP: percent escapes, which must be two hex digits and must not hide a NUL, and tokens (RFC 9110, 5.6.2).
 */
#include "server_int.h"

#include <base/percent.h>

const char *wr_http_unescape(weir_arena *arena, weir_slice text, bool is_query)
{
    char *out = weir_arena_alloc(arena, text.size + 1);
    if (!out)
        return NULL;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int byte = text.data[i];
        if (byte == '%') {
            byte = wr_percent_byte(text.data + i, text.size - i);
            if (byte < 0)
                return NULL;
            i += WR_PERCENT_SIZE - 1;
        } else if (byte == '+' && is_query) {
            byte = ' ';
        }
        if (byte == 0)
            return NULL;
        out[size++] = (char)byte;
    }
    return out;
}

bool wr_http_token_valid(const char *text)
{
    if (!*text)
        return false;
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte <= ' ' || byte >= 127 || strchr("\"(),/:;<=>?@[\\]{}", byte))
            return false;
    }
    return true;
}
