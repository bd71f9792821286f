/* Sparse indexes of one segment: entries of fixed size, ascending in both columns, in Kafka's file formats.
 *
 *    .index       offset:4  position:4   last offset of a batch, relative to the segment's base; where the batch begins
 *    .timeindex   time:8    offset:4     greatest timestamp up to here; last offset of the first batch that has it
 *
 * In memory an index holds its file's bytes as they are. The active segment's index grows in memory and reaches its
 * file by upkeep, when the log makes a checkpoint, after a roll and at close: what lies past the last checkpoint is read
 * again after a crash anyway, so writing entries earlier would buy nothing. Files are never preallocated; they end with their last
 * entry. Kafka's files have no checksum. The checkpoint keeps size and CRC-32C of every index file instead, and an
 * index that does not match is made again from the segment: a wrong entry can never answer a look-up. */
#ifndef WR_INDEX_INT_H
#define WR_INDEX_INT_H

#include <io/io.h>

typedef struct wr_index {
    uint8_t *entries;
    size_t entry_size; /* WR_INDEX_ENTRY or WR_TIMES_ENTRY */
    size_t count, capacity;
    size_t filed_count; /* entries that are in the file */
    uint32_t filed_crc; /* of those */
} wr_index;

/* A copy of what the file lacks, which somebody else can write. */
typedef struct wr_index_rest {
    uint8_t *bytes;
    size_t size;
    int64_t position; /* where in the file they belong */
    uint32_t crc;     /* of what stands before; when they are written, of all */
} wr_index_rest;

enum { WR_INDEX_ENTRY = 8, WR_TIMES_ENTRY = 12 };

void wr_index_init(wr_index *index, size_t entry_size);
void wr_index_fini(wr_index *index); /* and empty again */
/* Room for one more entry, so that the next add cannot fail. */
WEIR_MUST_CHECK weir_err wr_index_reserve(wr_index *index);
void wr_index_add_position(wr_index *index, int32_t offset, int32_t position);
void wr_index_add_time(wr_index *index, int64_t time_ms, int32_t offset);

/* The number of entries whose first column is at most `key`; that of position (offset indexes) for the second. */
size_t wr_index_count_to(const wr_index *index, int64_t key);
size_t wr_index_count_to_position(const wr_index *index, int32_t position);
/* Columns of entry `at`: offset and position, or time and offset. */
int64_t wr_index_key(const wr_index *index, size_t at);
int32_t wr_index_value(const wr_index *index, size_t at);

/* Takes `size` bytes from the file. WEIR_E_CORRUPT when the file is shorter, or its CRC another. */
WEIR_MUST_CHECK weir_err wr_index_load(wr_index *index, wr_file *file, int64_t size, uint32_t crc);
/* The entries that the file lacks. Freed by wr_index_rest_fini. WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_index_take_rest(const wr_index *index, wr_index_rest *ret_rest);
void wr_index_rest_fini(wr_index_rest *rest);
/* Writes them, ends the file behind them, and syncs it. On any thread. After an error nobody knows what it holds. */
WEIR_MUST_CHECK weir_err wr_index_rest_write(wr_index_rest *rest, wr_file *file);
/* They are in the file; or, after an error, nothing is that can be relied upon. The index may have grown meanwhile. */
void wr_index_note_filed(wr_index *index, const wr_index_rest *rest, bool written);

#endif
