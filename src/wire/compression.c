/* The four codecs of record batches.
 *
 *     gzip     RFC 1952; several members in a row are read as one
 *     snappy   one raw block, or Java's framing: 82 "SNAPPY" 00, version:4, compatible:4, then blocks of length:4, block
 *     lz4      the LZ4 frame format; written with independent blocks of 64 KiB, the only ones that Java reads
 *     zstd     RFC 8878
 *
 * We write raw snappy blocks: librdkafka and Java's snappy library both read that form (the latter takes for raw what
 * does not begin with its magic). Decompression streams through a small window into the output and stops at the
 * ceiling, so a bomb costs no more than the ceiling. */
#include <wire/batch.h>

#include <assert.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <stdlib.h>
#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>
#include <zstd.h>

enum {
    CHUNK_SIZE = 16 * 1024,
    GZIP_WINDOW = 15 + 16, /* the largest window; 16 asks zlib for the gzip format */
    GZIP_MEMORY = 8,
    ZSTD_LEVEL = 3,
    ZSTD_WINDOW_LOG_MIN = 23, /* what levels up to 19 ask for, however little they compress */
    ZSTD_WINDOW_LOG_MAX = 27,
    SNAPPY_RATIO_MAX = 32, /* a copy of 64 bytes takes at least 3 */
};

static const uint8_t xerial_magic[8] = {0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
enum { XERIAL_HEADER_SIZE = 16, XERIAL_LENGTH_SIZE = 4 };

/* Where decompressed bytes go, and how many more may come. */
typedef struct sink {
    wr_buf *out;
    size_t left;
} sink;

static weir_err pour(sink *to, const uint8_t *bytes, size_t size)
{
    if (size > to->left)
        return WEIR_E_LIMIT;
    to->left -= size;
    wr_buf_append(to->out, bytes, size);
    return wr_buf_failed(to->out) ? WEIR_E_LIMIT : WEIR_OK;
}

/* ---- gzip */

static weir_err gzip_compress(weir_slice bytes, wr_buf *out)
{
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return WEIR_E_MEMORY;
    size_t start = out->size;
    size_t room = deflateBound(&stream, bytes.size);
    uint8_t *at = wr_buf_extend(out, room);
    weir_err err = WEIR_E_LIMIT;
    if (at) {
        stream.next_in = bytes.data;
        stream.avail_in = (uInt)bytes.size;
        stream.next_out = at;
        stream.avail_out = (uInt)room;
        int result = deflate(&stream, Z_FINISH);
        assert(result == Z_STREAM_END); /* the bound is a bound */
        out->size = start + room - stream.avail_out;
        err = WEIR_OK;
    }
    deflateEnd(&stream);
    return err;
}

static weir_err gzip_decompress(weir_slice bytes, sink *to)
{
    uint8_t chunk[CHUNK_SIZE];
    z_stream stream = {0};
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return WEIR_E_MEMORY;
    stream.next_in = bytes.data;
    stream.avail_in = (uInt)bytes.size;

    weir_err err = WEIR_OK;
    for (bool ended = false; err == WEIR_OK && !(ended && stream.avail_in == 0);) {
        if (ended)
            inflateReset(&stream); /* the next member */
        stream.next_out = chunk;
        stream.avail_out = CHUNK_SIZE;
        int result = inflate(&stream, Z_NO_FLUSH);
        ended = result == Z_STREAM_END;
        if (result == Z_MEM_ERROR)
            err = WEIR_E_MEMORY;
        else if (result != Z_OK && !ended) /* no progress (Z_BUF_ERROR) means that the input ends early */
            err = WEIR_E_FORMAT;
        else
            err = pour(to, chunk, CHUNK_SIZE - stream.avail_out);
    }
    inflateEnd(&stream);
    return err;
}

/* ---- snappy */

static weir_err snappy_compress_block(weir_slice bytes, wr_buf *out)
{
    size_t start = out->size;
    size_t size = snappy_max_compressed_length(bytes.size);
    uint8_t *at = wr_buf_extend(out, size);
    if (!at)
        return WEIR_E_LIMIT;
    snappy_status status = snappy_compress((const char *)bytes.data, bytes.size, (char *)at, &size);
    assert(status == SNAPPY_OK);
    out->size = start + size;
    return WEIR_OK;
}

static weir_err snappy_decompress_block(weir_slice bytes, sink *to)
{
    size_t size = 0;
    if (snappy_uncompressed_length((const char *)bytes.data, bytes.size, &size) != SNAPPY_OK)
        return WEIR_E_FORMAT;
    if (size > bytes.size * SNAPPY_RATIO_MAX)
        return WEIR_E_FORMAT; /* claims more than its bytes could say */
    if (size > to->left)
        return WEIR_E_LIMIT;
    size_t start = to->out->size;
    uint8_t *at = wr_buf_extend(to->out, size);
    if (!at)
        return WEIR_E_LIMIT;
    if (snappy_uncompress((const char *)bytes.data, bytes.size, (char *)at, &size) != SNAPPY_OK)
        return WEIR_E_FORMAT;
    assert(to->out->size == start + size);
    to->left -= size;
    return WEIR_OK;
}

static weir_err snappy_decompress(weir_slice bytes, sink *to)
{
    if (bytes.size < sizeof(xerial_magic) || memcmp(bytes.data, xerial_magic, sizeof(xerial_magic)) != 0)
        return snappy_decompress_block(bytes, to);

    wr_cursor cursor = wr_cursor_of(bytes);
    wr_cursor_take(&cursor, XERIAL_HEADER_SIZE);
    weir_err err = cursor.failed ? WEIR_E_FORMAT : WEIR_OK;
    while (err == WEIR_OK && wr_cursor_left(&cursor) > 0) {
        int32_t size = wr_cursor_i32(&cursor);
        weir_slice block = wr_cursor_take(&cursor, size < 0 ? SIZE_MAX : (size_t)size);
        err = cursor.failed ? WEIR_E_FORMAT : snappy_decompress_block(block, to);
    }
    return err;
}

/* ---- lz4 */

static weir_err lz4_compress(weir_slice bytes, wr_buf *out)
{
    LZ4F_preferences_t preferences = {
        .frameInfo = {.blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent},
    };
    size_t start = out->size;
    size_t room = LZ4F_compressFrameBound(bytes.size, &preferences);
    uint8_t *at = wr_buf_extend(out, room);
    if (!at)
        return WEIR_E_LIMIT;
    size_t size = LZ4F_compressFrame(at, room, bytes.data, bytes.size, &preferences);
    out->size = start;
    if (LZ4F_isError(size))
        return WEIR_E_MEMORY; /* the room is enough, so nothing else can fail */
    out->size = start + size;
    return WEIR_OK;
}

static weir_err lz4_decompress(weir_slice bytes, sink *to)
{
    uint8_t chunk[CHUNK_SIZE];
    LZ4F_dctx *context = NULL;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
        return WEIR_E_MEMORY;

    weir_err err = WEIR_OK;
    for (size_t at = 0, more = 1; err == WEIR_OK && !(more == 0 && at == bytes.size);) {
        size_t taken = bytes.size - at, made = CHUNK_SIZE;
        more = LZ4F_decompress(context, chunk, &made, bytes.data + at, &taken, NULL);
        at += taken;
        if (LZ4F_isError(more) || (taken == 0 && made == 0))
            err = WEIR_E_FORMAT;
        else
            err = pour(to, chunk, made);
    }
    LZ4F_freeDecompressionContext(context);
    return err;
}

/* ---- zstd */

static weir_err zstd_compress(weir_slice bytes, wr_buf *out)
{
    size_t start = out->size;
    size_t room = ZSTD_compressBound(bytes.size);
    uint8_t *at = wr_buf_extend(out, room);
    if (!at)
        return WEIR_E_LIMIT;
    size_t size = ZSTD_compress(at, room, bytes.data, bytes.size, ZSTD_LEVEL);
    out->size = start;
    if (ZSTD_isError(size))
        return WEIR_E_MEMORY; /* the room is enough, so nothing else can fail */
    out->size = start + size;
    return WEIR_OK;
}

/* A frame names the window that its decoder must keep; a window beyond the ceiling is not granted. */
static int zstd_window_log(size_t limit_size)
{
    int window = ZSTD_WINDOW_LOG_MIN;
    while (window < ZSTD_WINDOW_LOG_MAX && ((size_t)1 << window) < limit_size)
        window++;
    return window;
}

static weir_err zstd_decompress(weir_slice bytes, sink *to)
{
    uint8_t chunk[CHUNK_SIZE];
    ZSTD_DCtx *context = ZSTD_createDCtx();
    if (!context)
        return WEIR_E_MEMORY;

    weir_err err = WEIR_OK;
    ZSTD_inBuffer from = {bytes.data, bytes.size, 0};
    if (ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, zstd_window_log(to->left))))
        err = WEIR_E_UNSUPPORTED;
    for (size_t more = 1; err == WEIR_OK && !(more == 0 && from.pos == from.size);) {
        ZSTD_outBuffer made = {chunk, CHUNK_SIZE, 0};
        size_t before = from.pos;
        more = ZSTD_decompressStream(context, &made, &from);
        if (ZSTD_isError(more) || (made.pos == 0 && from.pos == before))
            err = WEIR_E_FORMAT;
        else
            err = pour(to, chunk, made.pos);
    }
    ZSTD_freeDCtx(context);
    return err;
}

/* ---- the door */

weir_err wr_compress(wr_compression kind, weir_slice bytes, wr_buf *out)
{
    if (bytes.size > INT32_MAX || wr_buf_failed(out))
        return WEIR_E_LIMIT;
    switch (kind) {
    case WR_COMPRESSION_NONE:
        wr_buf_slice(out, bytes);
        return wr_buf_failed(out) ? WEIR_E_LIMIT : WEIR_OK;
    case WR_COMPRESSION_GZIP:
        return gzip_compress(bytes, out);
    case WR_COMPRESSION_SNAPPY:
        return snappy_compress_block(bytes, out);
    case WR_COMPRESSION_LZ4:
        return lz4_compress(bytes, out);
    case WR_COMPRESSION_ZSTD:
        return zstd_compress(bytes, out);
    }
    return WEIR_E_FORMAT;
}

static weir_err decompress(wr_compression kind, weir_slice bytes, sink *to)
{
    switch (kind) {
    case WR_COMPRESSION_NONE:
        return pour(to, bytes.data, bytes.size);
    case WR_COMPRESSION_GZIP:
        return gzip_decompress(bytes, to);
    case WR_COMPRESSION_SNAPPY:
        return snappy_decompress(bytes, to);
    case WR_COMPRESSION_LZ4:
        return lz4_decompress(bytes, to);
    case WR_COMPRESSION_ZSTD:
        return zstd_decompress(bytes, to);
    }
    return WEIR_E_FORMAT;
}

weir_err wr_decompress(wr_compression kind, weir_slice bytes, size_t limit_size, wr_buf *out)
{
    if (bytes.size > INT32_MAX || wr_buf_failed(out))
        return WEIR_E_LIMIT;
    sink to = {out, limit_size};
    size_t start = out->size;
    weir_err err = decompress(kind, bytes, &to);
    if (err != WEIR_OK && !wr_buf_failed(out))
        out->size = start;
    return err;
}
