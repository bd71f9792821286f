/* A chunked body, as RFC 9112 section 7.1 has it.
 *
 *     size in hex [white space] [; extension] CRLF, so many bytes, CRLF     any number of times
 *     0 [; extension] CRLF, trailers, CRLF
 *
 * Extensions and trailers are skipped; both are short. Every line must end with CR LF. */
#include "server_int.h"

#include <base/hex.h>

enum { DIGIT_COUNT_MAX = 15, LINE_SIZE_MAX = 256, TRAILER_SIZE_MAX = 8 * 1024 };

enum {
    SIZE = 0,
    SIZE_SPACE,
    EXTENSION,
    SIZE_END,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER,
    TRAILER_LF,
    LAST_LF,
};

/* A byte of a line that is skipped: its end leads on. */
static bool skip(wr_http_chunks *chunks, uint8_t byte, int state_at_cr, size_t *size, size_t size_max)
{
    if (byte == '\r')
        chunks->state = state_at_cr;
    else if ((byte < ' ' && byte != '\t') || byte == 127)
        return false;
    return ++*size <= size_max;
}

static bool take_size(wr_http_chunks *chunks, uint8_t byte)
{
    int digit = wr_hex_value(byte);
    if (digit >= 0) {
        chunks->left = chunks->left * 16 + (uint64_t)digit;
        return ++chunks->digit_count <= DIGIT_COUNT_MAX;
    }
    if (chunks->digit_count == 0 || (byte != '\r' && byte != ';' && byte != ' ' && byte != '\t'))
        return false;
    chunks->state = byte == '\r' ? SIZE_END : byte == ';' ? EXTENSION : SIZE_SPACE;
    return true;
}

/* Everything but data. */
static bool take_byte(wr_http_chunks *chunks, uint8_t byte)
{
    switch (chunks->state) {
    case SIZE:
        return take_size(chunks, byte);
    case SIZE_SPACE: /* "1 0" is not 1: somebody in front of us might read 10 */
        if (byte == ';')
            chunks->state = EXTENSION;
        else if (byte != '\r' && byte != ' ' && byte != '\t')
            return false;
        return skip(chunks, byte, SIZE_END, &chunks->line_size, LINE_SIZE_MAX);
    case EXTENSION:
        return skip(chunks, byte, SIZE_END, &chunks->line_size, LINE_SIZE_MAX);
    case SIZE_END:
        chunks->state = chunks->left ? DATA : TRAILER_START;
        return byte == '\n';
    case DATA_CR:
        chunks->state = DATA_LF;
        return byte == '\r';
    case DATA_LF:
        chunks->state = SIZE;
        chunks->digit_count = chunks->line_size = 0;
        return byte == '\n';
    case TRAILER_START:
        chunks->state = byte == '\r' ? LAST_LF : TRAILER;
        return byte == '\r' || skip(chunks, byte, TRAILER_LF, &chunks->trailer_size, TRAILER_SIZE_MAX);
    case TRAILER:
        return skip(chunks, byte, TRAILER_LF, &chunks->trailer_size, TRAILER_SIZE_MAX);
    case TRAILER_LF:
        chunks->state = TRAILER_START;
        return byte == '\n';
    default: /* LAST_LF */
        chunks->is_over = true;
        return byte == '\n';
    }
}

size_t wr_http_chunks_take(wr_http_chunks *chunks, weir_slice bytes, wr_buf *out, wr_http_fault *ret_fault)
{
    size_t at = 0;
    while (at < bytes.size && !chunks->is_over) {
        if (chunks->state != DATA) {
            if (!take_byte(chunks, bytes.data[at++])) {
                *ret_fault = (wr_http_fault){400, "the chunks of the body cannot be read"};
                return at;
            }
            if (chunks->state == DATA && chunks->left > out->limit_size - out->size) {
                *ret_fault = (wr_http_fault){413, "the body is too large"};
                return at;
            }
            continue;
        }
        size_t size = bytes.size - at < chunks->left ? bytes.size - at : (size_t)chunks->left;
        wr_buf_append(out, bytes.data + at, size);
        if (wr_buf_failed(out)) {
            *ret_fault = (wr_http_fault){503, "out of memory"};
            return at;
        }
        at += size;
        chunks->left -= size;
        if (chunks->left == 0)
            chunks->state = DATA_CR;
    }
    return at;
}
