/* The fixed head of a record batch, read without the rest of the batch.
 *
 * The journal walks files by heads: at every batch it needs 61 bytes and not the payload, which wr_batch_read would
 * want to have in memory. The layout stands in wire/batch.h. */
#ifndef WR_HEAD_INT_H
#define WR_HEAD_INT_H

#include <wire/batch.h>

typedef struct wr_head {
    int64_t base_offset, last_offset;
    int64_t size; /* of the whole batch */
    int32_t leader_epoch;
    uint32_t crc;
    int16_t attributes;
    int64_t max_timestamp;
    int64_t producer_id; /* -1: none */
    int16_t producer_epoch;
    int32_t base_sequence, last_offset_delta;
} wr_head;

enum { WR_BATCH_CRC_BEGIN = 21 }; /* the CRC covers the bytes from here to the end of the batch */

/* Reads the WR_BATCH_HEADER_SIZE bytes at `at`. False when no batch can begin so: another magic, a length too small for
 * a head, offsets that are negative or overflow. */
bool wr_head_read(const uint8_t *at, wr_head *ret_head);

#endif
