#include <wire/batch.h>

#include <base/hash.h>

#include <assert.h>

/* Where the fields lie; batch.h has the picture. */
enum {
    AT_BASE_OFFSET = 0,
    AT_LENGTH = 8,
    AT_LEADER_EPOCH = 12,
    AT_MAGIC = 16,
    AT_CRC = 17,
    AT_ATTRIBUTES = 21,
    AT_LAST_OFFSET_DELTA = 23,
    AT_BASE_TIMESTAMP = 27,
    AT_MAX_TIMESTAMP = 35,
    AT_PRODUCER_ID = 43,
    AT_PRODUCER_EPOCH = 51,
    AT_BASE_SEQUENCE = 53,
    AT_RECORD_COUNT = 57,
};

/* Where the two older formats, and all to come, have their magic byte. */
enum { LENGTH_TO_MAGIC = AT_MAGIC + 1 - WR_BATCH_LENGTH_END };

static weir_err need(size_t size, size_t *ret_size)
{
    if (ret_size)
        *ret_size = size;
    return WEIR_E_AGAIN;
}

weir_err wr_batch_read(weir_slice bytes, wr_batch *ret_batch, size_t *ret_size)
{
    if (bytes.size < WR_BATCH_LENGTH_END)
        return need(WR_BATCH_LENGTH_END, ret_size);
    const uint8_t *at = bytes.data;
    int32_t length = wr_get_i32(at + AT_LENGTH);
    if (length < LENGTH_TO_MAGIC)
        return WEIR_E_FORMAT;
    if (bytes.size > AT_MAGIC && at[AT_MAGIC] != WR_BATCH_MAGIC)
        return at[AT_MAGIC] < WR_BATCH_MAGIC ? WEIR_E_UNSUPPORTED : WEIR_E_FORMAT;
    size_t size = WR_BATCH_LENGTH_END + (size_t)length;
    if (bytes.size > AT_MAGIC && size < WR_BATCH_HEADER_SIZE)
        return WEIR_E_FORMAT;
    if (bytes.size < size)
        return need(size, ret_size);

    *ret_batch = (wr_batch){
        .base_offset = wr_get_i64(at + AT_BASE_OFFSET),
        .length = length,
        .leader_epoch = wr_get_i32(at + AT_LEADER_EPOCH),
        .magic = (int8_t)at[AT_MAGIC],
        .crc = (uint32_t)wr_get_i32(at + AT_CRC),
        .attributes = wr_get_i16(at + AT_ATTRIBUTES),
        .last_offset_delta = wr_get_i32(at + AT_LAST_OFFSET_DELTA),
        .base_timestamp = wr_get_i64(at + AT_BASE_TIMESTAMP),
        .max_timestamp = wr_get_i64(at + AT_MAX_TIMESTAMP),
        .producer_id = wr_get_i64(at + AT_PRODUCER_ID),
        .producer_epoch = wr_get_i16(at + AT_PRODUCER_EPOCH),
        .base_sequence = wr_get_i32(at + AT_BASE_SEQUENCE),
        .record_count = wr_get_i32(at + AT_RECORD_COUNT),
        .bytes = {at, size},
        .records = {at + WR_BATCH_HEADER_SIZE, size - WR_BATCH_HEADER_SIZE},
    };
    return WEIR_OK;
}

static uint32_t crc_of(const uint8_t *bytes, size_t size)
{
    return wr_crc32c(0, bytes + AT_ATTRIBUTES, size - AT_ATTRIBUTES);
}

bool wr_batch_crc_holds(const wr_batch *batch)
{
    return crc_of(batch->bytes.data, batch->bytes.size) == batch->crc;
}

void wr_batch_patch_offset(uint8_t *bytes, int64_t base_offset, int32_t leader_epoch)
{
    wr_put_i64(bytes + AT_BASE_OFFSET, base_offset);
    wr_put_i32(bytes + AT_LEADER_EPOCH, leader_epoch);
}

void wr_batch_patch_create_time(uint8_t *bytes, size_t size, int64_t timestamp_ms)
{
    assert(size >= WR_BATCH_HEADER_SIZE);
    int16_t attributes = wr_get_i16(bytes + AT_ATTRIBUTES);
    if (!(attributes & WR_BATCH_LOG_APPEND_TIME) && wr_get_i64(bytes + AT_MAX_TIMESTAMP) == timestamp_ms)
        return;
    wr_put_i16(bytes + AT_ATTRIBUTES, (int16_t)(attributes & ~WR_BATCH_LOG_APPEND_TIME));
    wr_put_i64(bytes + AT_MAX_TIMESTAMP, timestamp_ms);
    wr_put_i32(bytes + AT_CRC, (int32_t)crc_of(bytes, size));
}

void wr_batch_patch_append_time(uint8_t *bytes, size_t size, int64_t timestamp_ms)
{
    assert(size >= WR_BATCH_HEADER_SIZE);
    wr_put_i16(bytes + AT_ATTRIBUTES, (int16_t)(wr_get_i16(bytes + AT_ATTRIBUTES) | WR_BATCH_LOG_APPEND_TIME));
    wr_put_i64(bytes + AT_MAX_TIMESTAMP, timestamp_ms);
    wr_put_i32(bytes + AT_CRC, (int32_t)crc_of(bytes, size));
}

/* ---- building */

void wr_batch_builder_init(wr_batch_builder *builder, size_t limit_size)
{
    *builder = (wr_batch_builder){.producer_id = -1, .producer_epoch = -1, .base_sequence = -1};
    wr_buf_init(&builder->body, limit_size);
}

void wr_batch_builder_fini(wr_batch_builder *builder)
{
    wr_buf_fini(&builder->body);
}

static size_t varint_size(int64_t value)
{
    uint64_t bits = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    size_t size = 1;
    while (bits >>= 7)
        size++;
    return size;
}

/* Length and bytes; -1 is null. */
static size_t bytes_size(weir_slice bytes)
{
    return bytes.data ? varint_size((int64_t)bytes.size) + bytes.size : 1;
}

static void put_bytes(wr_buf *body, weir_slice bytes)
{
    wr_buf_varint(body, bytes.data ? (int64_t)bytes.size : -1);
    wr_buf_slice(body, bytes);
}

/* A header's name is never null. */
static weir_slice name_of(const wr_header *header)
{
    return header->name.data ? header->name : WEIR_SLICE("");
}

void wr_batch_builder_add(wr_batch_builder *builder, const wr_record *record)
{
    wr_buf *body = &builder->body;
    if (record->header_count > WR_RECORD_HEADERS_MAX || builder->record_count == INT32_MAX) {
        body->failed = true;
        return;
    }
    if (builder->record_count == 0)
        builder->base_timestamp = builder->max_timestamp = record->timestamp_ms;
    if (record->timestamp_ms > builder->max_timestamp)
        builder->max_timestamp = record->timestamp_ms;
    int64_t time_delta = (int64_t)((uint64_t)record->timestamp_ms - (uint64_t)builder->base_timestamp);
    int64_t offset_delta = builder->record_count++;

    size_t size = 1 + varint_size(time_delta) + varint_size(offset_delta) + bytes_size(record->key) +
                  bytes_size(record->value) + varint_size((int64_t)record->header_count);
    for (size_t i = 0; i < record->header_count; i++)
        size += bytes_size(name_of(&record->headers[i])) + bytes_size(record->headers[i].value);
    wr_buf_varint(body, (int64_t)size);
    wr_buf_i8(body, 0); /* attributes: none are defined */
    wr_buf_varint(body, time_delta);
    wr_buf_varint(body, offset_delta);
    put_bytes(body, record->key);
    put_bytes(body, record->value);
    wr_buf_varint(body, (int64_t)record->header_count);
    for (size_t i = 0; i < record->header_count; i++) {
        put_bytes(body, name_of(&record->headers[i]));
        put_bytes(body, record->headers[i].value);
    }
}

static void put_header(const wr_batch_builder *builder, int64_t base_offset, wr_compression compression, uint8_t *at)
{
    wr_put_i64(at + AT_BASE_OFFSET, base_offset);
    wr_put_i32(at + AT_LEADER_EPOCH, -1);
    at[AT_MAGIC] = WR_BATCH_MAGIC;
    wr_put_i16(at + AT_ATTRIBUTES, (int16_t)((builder->attributes & ~WR_BATCH_COMPRESSION) | (int)compression));
    wr_put_i32(at + AT_LAST_OFFSET_DELTA, builder->record_count - 1);
    wr_put_i64(at + AT_BASE_TIMESTAMP, builder->base_timestamp);
    wr_put_i64(at + AT_MAX_TIMESTAMP, builder->max_timestamp);
    wr_put_i64(at + AT_PRODUCER_ID, builder->producer_id);
    wr_put_i16(at + AT_PRODUCER_EPOCH, builder->producer_epoch);
    wr_put_i32(at + AT_BASE_SEQUENCE, builder->base_sequence);
    wr_put_i32(at + AT_RECORD_COUNT, builder->record_count);
}

weir_err wr_batch_builder_finish(wr_batch_builder *builder, int64_t base_offset, wr_compression compression,
                                 wr_buf *out)
{
    if (builder->record_count == 0)
        return WEIR_E_USAGE;
    if (wr_buf_failed(&builder->body))
        return WEIR_E_LIMIT;

    size_t start = out->size;
    weir_err err = WEIR_E_LIMIT;
    if (!wr_buf_extend(out, WR_BATCH_HEADER_SIZE))
        return err;
    err = wr_compress(compression, wr_buf_view(&builder->body), out);
    size_t size = out->size - start;
    if (err == WEIR_OK && size > INT32_MAX)
        err = WEIR_E_LIMIT;
    if (err != WEIR_OK) {
        if (!wr_buf_failed(out))
            out->size = start;
        return err;
    }
    uint8_t *at = out->data + start;
    put_header(builder, base_offset, compression, at);
    wr_put_i32(at + AT_LENGTH, (int32_t)(size - WR_BATCH_LENGTH_END));
    wr_put_i32(at + AT_CRC, (int32_t)crc_of(at, size));
    return WEIR_OK;
}
