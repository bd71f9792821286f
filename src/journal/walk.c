/* Walking a segment batch by batch: the one place that decides whether the bytes at a position are a batch of this log.
 *
 * A batch holds when its head can be one, it ends before the walk does, its base offset is the one after the batch
 * before (offsets have no gaps: nothing is compacted yet), its leader epoch is the one of that offset, and its CRC
 * fits. Base offset and epoch lie outside the CRC, which is why they are compared with what must stand there. */
#include "log_int.h"

#include <base/hash.h>

/* The bytes at `at`, `size` of them (at most the buffer), borrowed until the next call. */
static weir_err fill(wr_walk *walk, int64_t at, size_t size, const uint8_t **ret_bytes)
{
    bool held = at >= walk->buffered_at && at + (int64_t)size <= walk->buffered_at + (int64_t)walk->buffered_size;
    if (!held) {
        wr_file *file;
        weir_err err = wr_segment_open(walk->segment, &file);
        if (err != WEIR_OK)
            return err;
        int64_t left = walk->end - at;
        size_t want = left < (int64_t)walk->buffer_size ? (size_t)left : walk->buffer_size, got = 0;
        walk->buffered_size = 0;
        err = wr_file_read(file, at, walk->buffer, want, &got);
        if (err != WEIR_OK)
            return err;
        walk->buffered_at = at;
        walk->buffered_size = got;
        if (got < size) {
            walk->reason = "the file is shorter than it was";
            return WEIR_E_CORRUPT;
        }
    }
    *ret_bytes = walk->buffer + (at - walk->buffered_at);
    return WEIR_OK;
}

static weir_err check_crc(wr_walk *walk, const wr_head *head)
{
    uint32_t crc = 0;
    int64_t at = walk->position + WR_BATCH_CRC_BEGIN, end = walk->position + head->size;
    while (at < end) {
        size_t size = end - at < (int64_t)walk->buffer_size ? (size_t)(end - at) : walk->buffer_size;
        const uint8_t *bytes;
        weir_err err = fill(walk, at, size, &bytes);
        if (err != WEIR_OK)
            return err;
        crc = wr_crc32c(crc, bytes, size);
        at += (int64_t)size;
    }
    if (crc == head->crc)
        return WEIR_OK;
    walk->reason = "the CRC does not hold";
    return WEIR_E_CORRUPT;
}

static const char *what_is_wrong(const wr_walk *walk, const wr_head *head)
{
    if (head->size > walk->end - walk->position)
        return "the batch is cut off";
    if (walk->offset >= 0 && head->base_offset != walk->offset)
        return "the batch has another offset than must follow";
    const wr_epochs *epochs = &walk->segment->log->epochs;
    bool fits = walk->learn_epochs ? head->leader_epoch >= wr_epochs_last(epochs)
                                   : wr_epochs_match(epochs, head->base_offset, head->leader_epoch);
    if (!fits)
        return "the batch has another leader epoch than that offset";
    return NULL;
}

weir_err wr_walk_next(wr_walk *walk, wr_head *ret_head)
{
    if (walk->position >= walk->end)
        return WEIR_E_RANGE;
    walk->reason = "the head of a batch is cut off";
    if (walk->end - walk->position < WR_BATCH_HEADER_SIZE)
        return WEIR_E_CORRUPT;
    const uint8_t *bytes;
    weir_err err = fill(walk, walk->position, WR_BATCH_HEADER_SIZE, &bytes);
    if (err != WEIR_OK)
        return err;
    wr_head head;
    walk->reason = "this is not the head of a batch";
    if (!wr_head_read(bytes, &head))
        return WEIR_E_CORRUPT;
    walk->reason = what_is_wrong(walk, &head);
    if (walk->reason)
        return WEIR_E_CORRUPT;
    if (walk->check_crc) {
        err = check_crc(walk, &head);
        if (err != WEIR_OK)
            return err;
    }
    wr_epochs *epochs = &walk->segment->log->epochs;
    if (walk->learn_epochs && head.leader_epoch > wr_epochs_last(epochs)) {
        err = wr_epochs_add(epochs, head.leader_epoch, head.base_offset);
        if (err != WEIR_OK)
            return err;
    }
    walk->position += head.size;
    walk->offset = head.last_offset + 1;
    *ret_head = head;
    return WEIR_OK;
}
