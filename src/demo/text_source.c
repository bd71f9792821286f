/* Two buffers one behind the other: `input` holds bytes of the file, `bytes` what they unpack to (the same, where nothing is
 * packed). Text is taken from `bytes`, as it is or, from UTF-16, one character at a time. */
#include <demo/text_source.h>

#include <base/utf8.h>

#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

enum { INPUT_SIZE = 1 << 16, BYTES_SIZE = 1 << 16, XZ_MEMORY_MAX = 128 << 20 };

typedef enum encoding { AS_IT_IS, UTF16_LE, UTF16_BE } encoding;

struct wr_text_source {
    wr_file *file;
    int64_t at;
    bool compressed, input_ended, bytes_ended;
    encoding encoding;
    lzma_stream xz;
    uint8_t input[INPUT_SIZE]; /* of the file */
    size_t input_at, input_end;
    uint8_t bytes[BYTES_SIZE]; /* unpacked */
    size_t bytes_at, bytes_end;
};

/* ---- the file's bytes */
static weir_err fill_input(wr_text_source *self, weir_failure *failure)
{
    if (self->input_at < self->input_end || self->input_ended)
        return WEIR_OK;
    weir_err err = wr_file_read(self->file, self->at, self->input, INPUT_SIZE, &self->input_end);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "the orders cannot be read: %s", strerror(errno));
    self->input_at = 0;
    self->at += (int64_t)self->input_end;
    self->input_ended = self->input_end == 0;
    return WEIR_OK;
}

static weir_err unpack(wr_text_source *self, weir_failure *failure)
{
    self->xz.next_in = self->input + self->input_at;
    self->xz.avail_in = self->input_end - self->input_at;
    self->xz.next_out = self->bytes + self->bytes_end;
    self->xz.avail_out = BYTES_SIZE - self->bytes_end;
    lzma_ret ret = lzma_code(&self->xz, self->input_ended ? LZMA_FINISH : LZMA_RUN);
    self->input_at = self->input_end - self->xz.avail_in;
    self->bytes_end = BYTES_SIZE - self->xz.avail_out;
    self->bytes_ended = ret == LZMA_STREAM_END;
    if (ret != LZMA_OK && ret != LZMA_STREAM_END)
        return weir_fail(failure, WEIR_E_FORMAT, "the orders are no whole .xz file (broken near byte %lld)",
                         (long long)(self->at - (int64_t)self->xz.avail_in));
    return WEIR_OK;
}

static void take_plain(wr_text_source *self)
{
    size_t size = self->input_end - self->input_at, room = BYTES_SIZE - self->bytes_end;
    size = size < room ? size : room;
    memcpy(self->bytes + self->bytes_end, self->input + self->input_at, size);
    self->input_at += size;
    self->bytes_end += size;
    self->bytes_ended = self->input_ended;
}

/* At least `wanted` bytes, unless the end is nearer. */
static weir_err fill_bytes(wr_text_source *self, size_t wanted, weir_failure *failure)
{
    if (self->bytes_at > 0 && self->bytes_end - self->bytes_at < wanted) {
        memmove(self->bytes, self->bytes + self->bytes_at, self->bytes_end - self->bytes_at);
        self->bytes_end -= self->bytes_at;
        self->bytes_at = 0;
    }
    while (self->bytes_end - self->bytes_at < wanted && !self->bytes_ended) {
        weir_err err = fill_input(self, failure);
        if (err == WEIR_OK && self->compressed)
            err = unpack(self, failure);
        else if (err == WEIR_OK)
            take_plain(self);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

/* ---- characters */
static uint32_t unit_at(const wr_text_source *self, size_t at)
{
    uint32_t first = self->bytes[at], second = self->bytes[at + 1];
    return self->encoding == UTF16_LE ? first | second << 8 : first << 8 | second;
}

/* One character of two or four bytes; half a pair, or half a unit at the end, is U+FFFD. */
static weir_err take_utf16(wr_text_source *self, uint32_t *ret_character, weir_failure *failure)
{
    weir_err err = fill_bytes(self, 4, failure);
    if (err != WEIR_OK)
        return err;
    size_t left = self->bytes_end - self->bytes_at;
    uint32_t c = left < 2 ? 0xfffd : unit_at(self, self->bytes_at), low = 0;
    self->bytes_at += left < 2 ? left : 2;
    bool high = c >= 0xd800 && c < 0xdc00;
    if (high && left >= 4)
        low = unit_at(self, self->bytes_at);
    if (high && low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        self->bytes_at += 2;
    } else if (c >= 0xd800 && c < 0xe000) {
        c = 0xfffd;
    }
    *ret_character = c;
    return WEIR_OK;
}

static weir_err read_utf16(wr_text_source *self, char *ret_text, size_t size, size_t *ret_size, weir_failure *failure)
{
    size_t done = 0;
    while (size - done >= WR_UTF8_SIZE_MAX) {
        weir_err err = fill_bytes(self, 1, failure);
        uint32_t c = 0;
        if (err == WEIR_OK && self->bytes_at == self->bytes_end)
            break;
        if (err == WEIR_OK)
            err = take_utf16(self, &c, failure);
        if (err != WEIR_OK)
            return err;
        done += wr_utf8_put(c, ret_text + done);
    }
    *ret_size = done;
    return WEIR_OK;
}

weir_err wr_text_source_read(wr_text_source *self, char *ret_text, size_t size, size_t *ret_size, weir_failure *failure)
{
    if (self->encoding != AS_IT_IS)
        return read_utf16(self, ret_text, size, ret_size, failure);
    weir_err err = fill_bytes(self, 1, failure);
    if (err != WEIR_OK)
        return err;
    size_t there = self->bytes_end - self->bytes_at;
    size = there < size ? there : size;
    memcpy(ret_text, self->bytes + self->bytes_at, size);
    self->bytes_at += size;
    *ret_size = size;
    return WEIR_OK;
}

/* ---- what it is */
static bool starts(const uint8_t *bytes, size_t size, const char *with, size_t with_size)
{
    return size >= with_size && memcmp(bytes, with, with_size) == 0;
}

/* Every other byte of what begins the file is 0: texts of these languages in UTF-16. */
static bool alternates(const uint8_t *bytes, size_t size, size_t zero_at)
{
    enum { LOOK_SIZE = 16 };
    for (size_t i = 0; i < LOOK_SIZE; i++)
        if (size < LOOK_SIZE || (bytes[i] == 0) != (i % 2 == zero_at))
            return false;
    return true;
}

static weir_err detect_packing(wr_text_source *self, const char *path, weir_failure *failure)
{
    weir_err err = fill_input(self, failure);
    if (err != WEIR_OK)
        return err;
    size_t size = strlen(path);
    const uint8_t *input = self->input;
    if (starts(input, self->input_end, "\x1f\x8b", 2))
        return weir_fail(failure, WEIR_E_FORMAT, "%s is packed with gzip; unpack it, or pack it with xz", path);
    if (starts(input, self->input_end, "PK\x03\x04", 4))
        return weir_fail(failure, WEIR_E_FORMAT, "%s is a zip file, perhaps a spreadsheet (.xlsx); save it as CSV",
                         path);
    self->compressed = starts(input, self->input_end,
                              "\xfd"
                              "7zXZ\0",
                              6) ||
                       (size > 3 && strcmp(path + size - 3, ".xz") == 0);
    if (self->compressed && lzma_stream_decoder(&self->xz, XZ_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to unpack %s", path);
    return WEIR_OK;
}

static weir_err detect_encoding(wr_text_source *self, weir_failure *failure)
{
    weir_err err = fill_bytes(self, 16, failure);
    if (err != WEIR_OK)
        return err;
    const uint8_t *bytes = self->bytes;
    size_t size = self->bytes_end;
    if (starts(bytes, size, "\xef\xbb\xbf", 3)) {
        self->bytes_at = 3;
    } else if (starts(bytes, size, "\xff\xfe", 2) || starts(bytes, size, "\xfe\xff", 2)) {
        self->encoding = bytes[0] == 0xff ? UTF16_LE : UTF16_BE;
        self->bytes_at = 2;
    } else if (alternates(bytes, size, 1) || alternates(bytes, size, 0)) {
        self->encoding = bytes[0] == 0 ? UTF16_BE : UTF16_LE;
    }
    return WEIR_OK;
}

weir_err wr_text_source_open(wr_io *io, const char *path, wr_text_source **ret_source, weir_failure *failure)
{
    wr_text_source *self = calloc(1, sizeof *self);
    if (!self)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory to read %s", path);
    self->xz = (lzma_stream)LZMA_STREAM_INIT;
    weir_err err = wr_file_open(io, path, WR_FILE_READ, &self->file);
    if (err != WEIR_OK)
        weir_fail(failure, err, "the orders cannot be read: %s: %s", path, strerror(errno));
    if (err == WEIR_OK)
        err = detect_packing(self, path, failure);
    if (err == WEIR_OK)
        err = detect_encoding(self, failure);
    if (err != WEIR_OK) {
        wr_text_source_close(self);
        return err;
    }
    *ret_source = self;
    return WEIR_OK;
}

void wr_text_source_close(wr_text_source *self)
{
    if (!self)
        return;
    if (self->compressed)
        lzma_end(&self->xz);
    if (self->file)
        wr_file_close(self->file);
    free(self);
}
