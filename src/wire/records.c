/* The records of a batch, each:
 *
 *     length:varint (of what follows), attributes:1, timestamp delta:varlong, offset delta:varint,
 *     key length:varint (-1 null), key, value length:varint (-1 null), value,
 *     header count:varint, then for each: name length:varint, name, value length:varint (-1 null), value
 *
 * Varints are zig-zag. Those of 32 bits take at most 5 bytes: a longer one would be refused by every consumer. Every
 * produced byte passes through here, so the short varint is read in line. */
#include <wire/batch.h>

#include <assert.h>

typedef struct reader {
    const uint8_t *at;
    const uint8_t *end;
} reader;

/* A record with its headers still encoded. */
typedef struct raw_record {
    int64_t timestamp_delta;
    int32_t offset_delta;
    weir_slice key, value;
    int32_t header_count;
    reader headers;
} raw_record;

static bool take_long_varint(reader *in, unsigned bit_count, uint64_t *ret_bits)
{
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < bit_count && in->at < in->end; shift += 7) {
        uint8_t byte = *in->at++;
        if (bit_count - shift < 7 && byte >> (bit_count - shift))
            return false;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *ret_bits = bits;
            return true;
        }
    }
    return false;
}

/* Lengths, deltas and counts are nearly always of one to three bytes: no loop for these. */
static inline bool take_bits(reader *in, unsigned bit_count, uint64_t *ret_bits)
{
    const uint8_t *at = in->at;
    if (at < in->end && at[0] < 0x80) {
        *ret_bits = at[0];
        in->at = at + 1;
        return true;
    }
    if (in->end - at < 3)
        return take_long_varint(in, bit_count, ret_bits);
    if (at[1] < 0x80) {
        *ret_bits = (uint64_t)at[1] << 7 | (at[0] & 0x7f);
        in->at = at + 2;
        return true;
    }
    if (at[2] < 0x80) {
        *ret_bits = (uint64_t)at[2] << 14 | (uint64_t)(at[1] & 0x7f) << 7 | (at[0] & 0x7f);
        in->at = at + 3;
        return true;
    }
    return take_long_varint(in, bit_count, ret_bits);
}

static inline bool take_i64(reader *in, int64_t *ret_value)
{
    uint64_t bits = 0;
    if (!take_bits(in, 64, &bits))
        return false;
    *ret_value = (int64_t)((bits >> 1) ^ (0 - (bits & 1)));
    return true;
}

static inline bool take_i32(reader *in, int32_t *ret_value)
{
    uint64_t bits = 0;
    if (!take_bits(in, 32, &bits))
        return false;
    *ret_value = (int32_t)(uint32_t)((bits >> 1) ^ (0 - (bits & 1)));
    return true;
}

static inline bool take_bytes(reader *in, bool nullable, weir_slice *ret_bytes)
{
    int32_t size = 0;
    if (!take_i32(in, &size) || size < (nullable ? -1 : 0))
        return false;
    if (size < 0) {
        *ret_bytes = (weir_slice){0};
        return true;
    }
    if (size > in->end - in->at)
        return false;
    *ret_bytes = (weir_slice){in->at, (size_t)size};
    in->at += size;
    return true;
}

/* Takes one whole record off, headers checked but not collected. */
static bool take_record(reader *in, raw_record *ret_record)
{
    int32_t size = 0;
    if (!take_i32(in, &size) || size < 1 || size > in->end - in->at)
        return false;
    reader body = {in->at + 1, in->at + size}; /* past the attributes */
    in->at += size;
    if (!take_i64(&body, &ret_record->timestamp_delta) || !take_i32(&body, &ret_record->offset_delta) ||
        !take_bytes(&body, true, &ret_record->key) || !take_bytes(&body, true, &ret_record->value) ||
        !take_i32(&body, &ret_record->header_count))
        return false;
    if (ret_record->header_count < 0 || ret_record->header_count > WR_RECORD_HEADERS_MAX)
        return false;
    ret_record->headers = body;
    for (int32_t i = 0; i < ret_record->header_count; i++) {
        weir_slice skipped;
        if (!take_bytes(&body, false, &skipped) || !take_bytes(&body, true, &skipped))
            return false;
    }
    return body.at == body.end;
}

/* ---- checking what a client sent */

/* Offsets and times of a batch may be anything: sums wrap instead of overflowing. */
static int64_t sum(int64_t base, int64_t delta)
{
    return (int64_t)((uint64_t)base + (uint64_t)delta);
}

static weir_err check_records(wr_batch *batch, weir_slice bytes, weir_failure *failure)
{
    reader in = {bytes.data, bytes.data + bytes.size};
    int64_t max_timestamp = -1;
    for (int32_t i = 0; i < batch->record_count; i++) {
        raw_record record;
        if (!take_record(&in, &record))
            return weir_fail(failure, WEIR_E_FORMAT, "record %d of %d is malformed", i, batch->record_count);
        if (record.offset_delta != i)
            return weir_fail(failure, WEIR_E_FORMAT, "record %d of %d has offset delta %d", i, batch->record_count,
                             record.offset_delta);
        int64_t timestamp = sum(batch->base_timestamp, record.timestamp_delta);
        max_timestamp = timestamp > max_timestamp ? timestamp : max_timestamp;
    }
    if (in.at != in.end)
        return weir_fail(failure, WEIR_E_FORMAT, "%zu bytes left over after the last of %d records",
                         (size_t)(in.end - in.at), batch->record_count);
    batch->max_timestamp = max_timestamp;
    return WEIR_OK;
}

static weir_err check_compressed(wr_batch *batch, size_t limit_size, weir_failure *failure)
{
    wr_buf plain;
    wr_buf_init(&plain, limit_size);
    weir_err err =
        wr_decompress((wr_compression)(batch->attributes & WR_BATCH_COMPRESSION), batch->records, limit_size, &plain);
    if (err == WEIR_OK)
        err = check_records(batch, wr_buf_view(&plain), failure);
    else
        weir_fail(failure, err, "the records cannot be decompressed: %s", weir_err_name(err));
    wr_buf_fini(&plain);
    return err;
}

weir_err wr_batch_check(wr_batch *batch, size_t limit_size, weir_failure *failure)
{
    if (!wr_batch_crc_holds(batch))
        return weir_fail(failure, WEIR_E_CORRUPT, "the batch's CRC does not hold");
    if (batch->record_count < 1 || batch->last_offset_delta != batch->record_count - 1)
        return weir_fail(failure, WEIR_E_FORMAT, "%d records do not reach to offset delta %d", batch->record_count,
                         batch->last_offset_delta);
    int compression = batch->attributes & WR_BATCH_COMPRESSION;
    if (compression > WR_COMPRESSION_ZSTD)
        return weir_fail(failure, WEIR_E_FORMAT, "unknown compression %d", compression);
    if (compression == WR_COMPRESSION_NONE)
        return check_records(batch, batch->records, failure);
    return check_compressed(batch, limit_size, failure);
}

/* ---- walking */

static weir_err decompress(const wr_batch *batch, weir_arena *arena, size_t limit_size, weir_slice *ret_bytes)
{
    wr_buf plain;
    wr_buf_init(&plain, limit_size);
    weir_err err =
        wr_decompress((wr_compression)(batch->attributes & WR_BATCH_COMPRESSION), batch->records, limit_size, &plain);
    if (err == WEIR_OK) {
        weir_slice bytes = weir_arena_dup(arena, wr_buf_view(&plain));
        if (bytes.data)
            *ret_bytes = bytes;
        else
            err = WEIR_E_LIMIT;
    }
    wr_buf_fini(&plain);
    return err;
}

weir_err wr_records_open(const wr_batch *batch, weir_arena *arena, size_t limit_size, wr_records *ret_records)
{
    weir_slice bytes = batch->records;
    if (batch->record_count < 0)
        return WEIR_E_FORMAT;
    if (batch->attributes & WR_BATCH_COMPRESSION) {
        weir_err err = decompress(batch, arena, limit_size, &bytes);
        if (err != WEIR_OK)
            return err;
    }
    *ret_records = (wr_records){.batch = *batch, .cursor = wr_cursor_of(bytes), .arena = arena};
    return WEIR_OK;
}

static weir_err collect_headers(raw_record *raw, weir_arena *arena, const wr_header **ret_headers)
{
    if (raw->header_count == 0) {
        *ret_headers = NULL;
        return WEIR_OK;
    }
    wr_header *headers = weir_arena_array(arena, (size_t)raw->header_count, sizeof(*headers));
    if (!headers)
        return WEIR_E_LIMIT;
    for (int32_t i = 0; i < raw->header_count; i++) {
        bool taken =
            take_bytes(&raw->headers, false, &headers[i].name) && take_bytes(&raw->headers, true, &headers[i].value);
        assert(taken); /* take_record has been here */
    }
    *ret_headers = headers;
    return WEIR_OK;
}

weir_err wr_records_next(wr_records *records, wr_record *ret_record)
{
    const wr_batch *batch = &records->batch;
    reader in = {records->cursor.at, records->cursor.end};
    if (records->index == batch->record_count)
        return in.at == in.end ? WEIR_E_RANGE : WEIR_E_FORMAT;

    raw_record raw;
    if (!take_record(&in, &raw) || raw.offset_delta < 0)
        return WEIR_E_FORMAT;
    const wr_header *headers = NULL;
    weir_err err = collect_headers(&raw, records->arena, &headers);
    if (err != WEIR_OK)
        return err;

    records->cursor.at = in.at;
    records->index++;
    *ret_record = (wr_record){
        .offset = sum(batch->base_offset, raw.offset_delta),
        .timestamp_ms = batch->attributes & WR_BATCH_LOG_APPEND_TIME ? batch->max_timestamp
                                                                     : sum(batch->base_timestamp, raw.timestamp_delta),
        .key = raw.key,
        .value = raw.value,
        .headers = headers,
        .header_count = (size_t)raw.header_count,
    };
    return WEIR_OK;
}
