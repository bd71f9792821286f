/* Offset and time indexes: adding, looking up by binary search, loading and storing (index_int.h has the formats). */
#include "index_int.h"

#include <base/array.h>
#include <base/buf.h>
#include <base/hash.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRY_COUNT_MAX = INT32_MAX / WR_TIMES_ENTRY }; /* so that the size of the file can stand in a checkpoint */

void wr_index_init(wr_index *index, size_t entry_size)
{
    *index = (wr_index){.entry_size = entry_size};
}

void wr_index_fini(wr_index *index)
{
    free(index->entries);
    wr_index_init(index, index->entry_size);
}

static weir_err grow(wr_index *index, size_t count)
{
    return wr_array_reserve(&index->entries, &index->capacity, index->entry_size, count, ENTRY_COUNT_MAX);
}

weir_err wr_index_reserve(wr_index *index)
{
    return grow(index, index->count + 1);
}

static uint8_t *add(wr_index *index)
{
    assert(index->count < index->capacity);
    return index->entries + index->count++ * index->entry_size;
}

void wr_index_add_position(wr_index *index, int32_t offset, int32_t position)
{
    assert(index->entry_size == WR_INDEX_ENTRY);
    uint8_t *at = add(index);
    wr_put_i32(at, offset);
    wr_put_i32(at + 4, position);
}

void wr_index_add_time(wr_index *index, int64_t time_ms, int32_t offset)
{
    assert(index->entry_size == WR_TIMES_ENTRY);
    uint8_t *at = add(index);
    wr_put_i64(at, time_ms);
    wr_put_i32(at + 8, offset);
}

int64_t wr_index_key(const wr_index *index, size_t at)
{
    const uint8_t *entry = index->entries + at * index->entry_size;
    return index->entry_size == WR_INDEX_ENTRY ? wr_get_i32(entry) : wr_get_i64(entry);
}

int32_t wr_index_value(const wr_index *index, size_t at)
{
    return wr_get_i32(index->entries + (at + 1) * index->entry_size - 4);
}

size_t wr_index_count_to(const wr_index *index, int64_t key)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (wr_index_key(index, middle) <= key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t wr_index_count_to_position(const wr_index *index, int32_t position)
{
    size_t low = 0, high = index->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (wr_index_value(index, middle) <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

weir_err wr_index_load(wr_index *index, wr_file *file, int64_t size, uint32_t crc)
{
    int64_t file_size = 0;
    weir_err err = wr_file_size(file, &file_size);
    if (err != WEIR_OK)
        return err;
    if (size < 0 || file_size < size || (size_t)size % index->entry_size != 0)
        return WEIR_E_CORRUPT;
    index->count = index->filed_count = 0;
    err = grow(index, (size_t)size / index->entry_size);
    size_t got = 0;
    if (err == WEIR_OK && size > 0)
        err = wr_file_read(file, 0, index->entries, (size_t)size, &got);
    if (err != WEIR_OK)
        return err;
    if (got != (size_t)size || wr_crc32c(0, index->entries, got) != crc)
        return WEIR_E_CORRUPT;
    index->count = index->filed_count = got / index->entry_size;
    index->filed_crc = crc;
    return WEIR_OK;
}

weir_err wr_index_take_rest(const wr_index *index, wr_index_rest *ret_rest)
{
    size_t from = index->filed_count * index->entry_size, size = index->count * index->entry_size - from;
    uint8_t *bytes = malloc(size + 1);
    if (!bytes)
        return WEIR_E_MEMORY;
    if (size > 0)
        memcpy(bytes, index->entries + from, size);
    *ret_rest = (wr_index_rest){.bytes = bytes, .size = size, .position = (int64_t)from, .crc = index->filed_crc};
    return WEIR_OK;
}

void wr_index_rest_fini(wr_index_rest *rest)
{
    free(rest->bytes);
    *rest = (wr_index_rest){0};
}

weir_err wr_index_rest_write(wr_index_rest *rest, wr_file *file)
{
    int64_t file_size = 0, end = rest->position + (int64_t)rest->size;
    weir_err err = WEIR_OK;
    if (rest->size > 0)
        err = wr_file_write(file, rest->position, rest->bytes, rest->size);
    if (err == WEIR_OK)
        err = wr_file_size(file, &file_size);
    if (err == WEIR_OK && file_size > end) /* what an earlier process wrote behind it */
        err = wr_file_truncate(file, end);
    if (err == WEIR_OK)
        err = wr_file_sync(file);
    if (err == WEIR_OK)
        rest->crc = wr_crc32c(rest->crc, rest->bytes, rest->size);
    return err;
}

void wr_index_note_filed(wr_index *index, const wr_index_rest *rest, bool written)
{
    index->filed_count = written ? ((size_t)rest->position + rest->size) / index->entry_size : 0;
    index->filed_crc = written ? rest->crc : 0;
    assert(index->filed_count <= index->count);
}
