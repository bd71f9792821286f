/* Texts of HTTP: percent escapes, which must be two hex digits and must not hide a NUL, and tokens (RFC 9110, 5.6.2).
 */
#include "server_int.h"

#include <base/percent.h>

/* The byte at *i, which moves behind it; -1: an escape is broken or hides a NUL. */
static int unescape_one(weir_slice text, size_t *i)
{
    int byte = text.data[*i];
    if (byte == '%') {
        byte = wr_percent_byte(text.data + *i, text.size - *i);
        *i += WR_PERCENT_SIZE - 1;
    }
    (*i)++;
    return byte == 0 ? -1 : byte;
}

const char *wr_http_unescape(weir_arena *arena, weir_slice text, bool is_query)
{
    char *out = weir_arena_alloc(arena, text.size + 1);
    if (!out)
        return NULL;
    size_t size = 0;
    for (size_t i = 0; i < text.size;) {
        bool is_space = is_query && text.data[i] == '+';
        int byte = unescape_one(text, &i);
        if (byte < 0)
            return NULL;
        out[size++] = is_space ? ' ' : (char)byte;
    }
    return out;
}

const char *wr_http_unescape_segments(weir_arena *arena, weir_slice path, size_t *ret_size)
{
    char *out = weir_arena_alloc(arena, path.size + 1);
    if (!out)
        return NULL;
    size_t size = 0;
    for (size_t i = 1; i < path.size;) { /* the slash that begins the path ends no segment */
        bool is_end = path.data[i] == '/';
        int byte = unescape_one(path, &i);
        if (byte < 0)
            return NULL;
        out[size++] = is_end ? 0 : (char)byte;
    }
    out[size++] = 0;
    *ret_size = size;
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
