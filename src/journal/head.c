/* Reading the head of a batch: where its fields are stands in wire/batch.h, what can be no batch in head_int.h. */
#include "head_int.h"

#include <base/buf.h>

bool wr_head_read(const uint8_t *at, wr_head *ret_head)
{
    int32_t length = wr_get_i32(at + 8);
    wr_head head = {
        .base_offset = wr_get_i64(at),
        .size = (int64_t)length + WR_BATCH_LENGTH_END,
        .leader_epoch = wr_get_i32(at + 12),
        .crc = (uint32_t)wr_get_i32(at + 17),
        .attributes = wr_get_i16(at + 21),
        .last_offset_delta = wr_get_i32(at + 23),
        .max_timestamp = wr_get_i64(at + 35),
        .producer_id = wr_get_i64(at + 43),
        .producer_epoch = wr_get_i16(at + 51),
        .base_sequence = wr_get_i32(at + 53),
    };
    if (head.size < WR_BATCH_HEADER_SIZE || (int8_t)at[16] != WR_BATCH_MAGIC || head.base_offset < 0 ||
        head.last_offset_delta < 0 || head.base_offset > INT64_MAX - 1 - head.last_offset_delta)
        return false;
    head.last_offset = head.base_offset + head.last_offset_delta;
    *ret_head = head;
    return true;
}
