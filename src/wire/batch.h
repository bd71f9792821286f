/* Record batch, magic 2.
 *
 *     0 base offset:8   8 batch length:4 (of what follows it)   12 partition leader epoch:4   16 magic:1
 *    17 crc32c:4 (from 21 to the end)   21 attributes:2   23 last offset delta:4   27 base timestamp:8
 *    35 max timestamp:8   43 producer id:8   51 producer epoch:2   53 base sequence:4   57 record count:4   61 records
 *
 * attributes: bits 0-2 compression, 3 timestamp type (1 log append), 4 transactional, 5 control, 6 has delete horizon.
 * Base offset and leader epoch lie outside the CRC, so the broker patches them without touching the payload. */
#ifndef WR_BATCH_H
#define WR_BATCH_H

#include <base/buf.h>

enum { WR_BATCH_HEADER_SIZE = 61, WR_BATCH_LENGTH_END = 12, WR_BATCH_MAGIC = 2, WR_RECORD_HEADERS_MAX = 1024 };

typedef enum wr_compression {
    WR_COMPRESSION_NONE,
    WR_COMPRESSION_GZIP,
    WR_COMPRESSION_SNAPPY, /* raw block, or Java's framed form (xerial) when read */
    WR_COMPRESSION_LZ4,    /* frame format */
    WR_COMPRESSION_ZSTD,
} wr_compression;

enum {
    WR_BATCH_COMPRESSION = 0x07,
    WR_BATCH_LOG_APPEND_TIME = 0x08,
    WR_BATCH_TRANSACTIONAL = 0x10,
    WR_BATCH_CONTROL = 0x20,
};

typedef struct wr_batch {
    int64_t base_offset;
    int32_t length; /* of the bytes after this field */
    int32_t leader_epoch;
    int8_t magic;
    uint32_t crc;
    int16_t attributes;
    int32_t last_offset_delta;
    int64_t base_timestamp;
    int64_t max_timestamp;
    int64_t producer_id; /* -1: none */
    int16_t producer_epoch;
    int32_t base_sequence;
    int32_t record_count;
    weir_slice bytes;   /* the whole batch, WR_BATCH_LENGTH_END + length bytes */
    weir_slice records; /* after the header, possibly compressed */
} wr_batch;

/* Read one batch at the start of bytes. Checks lengths and magic, not the CRC.
 * WEIR_E_AGAIN: bytes end before the batch does (and *ret_size, if asked, says how many are needed: 12 or the whole).
 * WEIR_E_FORMAT: cannot be a batch. WEIR_E_UNSUPPORTED: magic 0 or 1. */
WEIR_MUST_CHECK weir_err wr_batch_read(weir_slice bytes, wr_batch *ret_batch, size_t *ret_size);
bool wr_batch_crc_holds(const wr_batch *batch);
/* All that a broker checks before it appends: CRC, record count against last offset delta, and the records themselves,
 * decompressed (at most limit_size) if need be: lengths, at most WR_RECORD_HEADERS_MAX headers each, offset deltas from
 * 0 in steps of 1, end exactly at the end. So nothing enters a log that stops its readers. WEIR_E_CORRUPT for the CRC;
 * WEIR_E_LIMIT past limit_size; WEIR_E_UNSUPPORTED for a window of zstd beyond it; WEIR_E_MEMORY; else WEIR_E_FORMAT.
 *
 * batch->max_timestamp becomes the greatest time of the records, -1 if all are negative. Some clients leave the header's
 * empty, and looking for a time and deleting what is old go by it. */
WEIR_MUST_CHECK weir_err wr_batch_check(wr_batch *batch, size_t limit_size, weir_failure *failure);
/* Patch in place; `bytes` starts at the batch. Timestamps change the CRC, offset and epoch do not. */
void wr_batch_patch_offset(uint8_t *bytes, int64_t base_offset, int32_t leader_epoch);
void wr_batch_patch_append_time(uint8_t *bytes, size_t size, int64_t timestamp_ms);
/* The records keep their own times, whatever the attributes said; the greatest of them is this one. */
void wr_batch_patch_create_time(uint8_t *bytes, size_t size, int64_t max_timestamp_ms);

/* ---- records of a batch */
typedef struct wr_header {
    weir_slice name;
    weir_slice value;
} wr_header;

typedef struct wr_record {
    int64_t offset;
    int64_t timestamp_ms;
    weir_slice key;   /* data NULL: null */
    weir_slice value; /* data NULL: null */
    const wr_header *headers;
    size_t header_count;
} wr_record;

typedef struct wr_records {
    wr_batch batch;
    wr_cursor cursor;
    weir_arena *arena;
    int32_t index;
} wr_records;

/* Walk the records, decompressing into the arena first if needed (at most limit_size bytes: a bomb is WEIR_E_LIMIT).
 * next: WEIR_OK; WEIR_E_RANGE after the last; WEIR_E_FORMAT; WEIR_E_LIMIT when the arena cannot hold the headers.
 * Slices borrow from the batch or the arena. Offsets need not be gapless: compaction leaves holes, and empty batches.
 */
WEIR_MUST_CHECK weir_err wr_records_open(const wr_batch *batch, weir_arena *arena, size_t limit_size,
                                         wr_records *ret_records);
WEIR_MUST_CHECK weir_err wr_records_next(wr_records *records, wr_record *ret_record);

/* Build one batch. */
typedef struct wr_batch_builder {
    wr_buf body;
    int64_t base_timestamp, max_timestamp;
    int32_t record_count;
    int16_t attributes;
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t base_sequence;
} wr_batch_builder;

void wr_batch_builder_init(wr_batch_builder *builder, size_t limit_size); /* then set the producer fields if any */
void wr_batch_builder_fini(wr_batch_builder *builder);
void wr_batch_builder_add(wr_batch_builder *builder, const wr_record *record); /* its offset is ignored */
WEIR_MUST_CHECK weir_err wr_batch_builder_finish(wr_batch_builder *builder, int64_t base_offset,
                                                 wr_compression compression, wr_buf *out);

/* ---- compression. decompress: at most limit_size bytes come out, else WEIR_E_LIMIT; bad input WEIR_E_FORMAT. */
WEIR_MUST_CHECK weir_err wr_compress(wr_compression kind, weir_slice bytes, wr_buf *out);
WEIR_MUST_CHECK weir_err wr_decompress(wr_compression kind, weir_slice bytes, size_t limit_size, wr_buf *out);

#endif
