/* Records that outlive the batch they were read or made in, in memory and as stored. */
#include "core_int.h"

#include <stdlib.h>

static size_t size_of(const wr_client_header *headers, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += strlen(headers[i].name) + 1 + headers[i].value.size;
    return size;
}

static weir_slice copy(uint8_t **at, weir_slice bytes)
{
    if (!bytes.data)
        return bytes;
    uint8_t *to = *at;
    if (bytes.size)
        memcpy(to, bytes.data, bytes.size);
    *at += bytes.size;
    return (weir_slice){to, bytes.size};
}

static const char *copy_text(uint8_t **at, const char *text)
{
    size_t size = strlen(text) + 1;
    char *to = memcpy(*at, text, size);
    *at += size;
    return to;
}

kept_record *wr_kept_record_new(const wr_client_record *record, const wr_client_header *extra, size_t extra_count)
{
    size_t count = record->header_count + extra_count;
    size_t size = sizeof(kept_record) + count * sizeof(wr_client_header) + strlen(record->topic) + 1 +
                  record->key.size + record->value.size + size_of(record->headers, record->header_count) +
                  size_of(extra, extra_count);
    kept_record *kept = malloc(size);
    if (!kept)
        return NULL;
    uint8_t *at = (uint8_t *)&kept->headers[count];
    kept->link = (wr_link){0};
    kept->sequence = 0;
    kept->created_ms = 0;
    kept->is_in_doubt = kept->is_held = kept->was_refused = false;
    kept->record = *record;
    kept->record.topic = copy_text(&at, record->topic);
    kept->record.key = copy(&at, record->key);
    kept->record.value = copy(&at, record->value);
    for (size_t i = 0; i < count; i++) {
        const wr_client_header *from =
            i < record->header_count ? &record->headers[i] : &extra[i - record->header_count];
        kept->headers[i] = (wr_client_header){copy_text(&at, from->name), copy(&at, from->value)};
    }
    kept->record.headers = kept->headers;
    kept->record.header_count = count;
    return kept;
}

enum { LONG_NAME = 0xffff }; /* the size follows in four bytes */

weir_slice wr_headers_encode(const wr_client_header *headers, size_t count, wr_buf *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(headers[i].name);
        wr_buf_i16(out, (int16_t)(size <= INT16_MAX ? size : LONG_NAME));
        if (size > INT16_MAX)
            wr_buf_i32(out, (int32_t)size);
        wr_buf_append(out, headers[i].name, size);
        wr_buf_i32(out, headers[i].value.data ? (int32_t)headers[i].value.size : -1);
        if (headers[i].value.data)
            wr_buf_slice(out, headers[i].value);
        if (size > INT32_MAX || headers[i].value.size > INT32_MAX)
            out->failed = true;
    }
    return wr_buf_view(out);
}

weir_err wr_headers_decode(weir_slice blob, weir_arena *arena, wr_client_header **ret_headers, size_t *ret_count)
{
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++) {
        wr_client_header *headers = pass ? weir_arena_array(arena, count + 1, sizeof *headers) : NULL;
        if (pass && !headers)
            return WEIR_E_MEMORY;
        wr_cursor cursor = wr_cursor_of(blob);
        size_t at = 0;
        for (; wr_cursor_left(&cursor) > 0 && !cursor.failed; at++) {
            uint32_t name_size = (uint16_t)wr_cursor_i16(&cursor);
            if (name_size == LONG_NAME)
                name_size = (uint32_t)wr_cursor_i32(&cursor);
            weir_slice name = wr_cursor_take(&cursor, name_size);
            int32_t size = wr_cursor_i32(&cursor);
            weir_slice value = size < 0 ? (weir_slice){0} : wr_cursor_take(&cursor, (size_t)size);
            if (!pass || cursor.failed)
                continue;
            headers[at].name = weir_arena_dup_text(arena, name);
            headers[at].value = value;
            if (!headers[at].name)
                return WEIR_E_MEMORY;
        }
        if (cursor.failed)
            return WEIR_E_CORRUPT;
        if (pass)
            *ret_headers = headers;
        count = at;
    }
    *ret_count = count;
    return WEIR_OK;
}
