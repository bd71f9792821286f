/* Finding and reading batches of one segment, around damage if there is some.
 *
 *    index entry ─walk─▶ batch ▶ batch ▶ [ damaged ] ┄search┄▶ batch ▶ …
 *
 * A look-up begins at the nearest index entry and walks from head to head. Where the next head cannot be one, or names
 * another offset than must follow, the bytes are damaged: the damage is noted (damage.c) with the first whole batch
 * behind it, and the walk goes on there. A read gives what is whole up to the first batch that does not hold, and only
 * one that begins there fails. What has been read once by this process is not checked again. */
#include "log_int.h"

#include <base/hash.h>

#include <assert.h>

enum { FIND_BUFFER = 4096 };

/* The entry holds the last offset of the batch it points at, which tells whether that batch's base offset is right; the
 * batches after it follow without gaps. */
static void begin_walk(wr_segment *segment, int64_t offset, wr_walk *walk, int64_t *ret_last_offset)
{
    *ret_last_offset = -1;
    size_t count = wr_index_count_to(&segment->index, offset - segment->base_offset);
    if (count == 0)
        return;
    walk->position = wr_index_value(&segment->index, count - 1);
    walk->offset = -1;
    *ret_last_offset = segment->base_offset + wr_index_key(&segment->index, count - 1);
}

/* From the index entry to the batch that holds the offset. Heads are believed, until one does not follow: then every
 * batch on the way is checked (walk->check_crc), since it may be an earlier one that led astray. */
static weir_err walk_to(wr_walk *walk, int64_t offset, int64_t last_offset, wr_head *ret_head)
{
    wr_segment *segment = walk->segment;
    int64_t from_offset = segment->base_offset;
    while (walk->position < walk->end) {
        if (wr_log_skip_damage(segment, walk)) {
            last_offset = -1;
            if (walk->offset > offset)
                return WEIR_E_CORRUPT;
            continue;
        }
        int64_t position = walk->position;
        weir_err err = wr_walk_next(walk, ret_head);
        bool other = err == WEIR_OK && last_offset >= 0 && ret_head->last_offset != last_offset;
        if (other)
            walk->reason = "the batch has another offset than its index says";
        if ((other || err == WEIR_E_CORRUPT) && !walk->check_crc)
            return WEIR_E_AGAIN;
        if (other || err == WEIR_E_CORRUPT) {
            err = wr_log_note_damage(segment, position, walk->offset < 0 || other ? from_offset : walk->offset,
                                     walk->reason, walk);
            walk->position = position; /* known now: the next round skips it */
        } else if (err == WEIR_OK && ret_head->last_offset >= offset) {
            return WEIR_OK;
        } else if (err == WEIR_OK) {
            last_offset = -1;
            from_offset = ret_head->last_offset + 1;
        }
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_E_CORRUPT;
}

static weir_err find_by_index(wr_segment *segment, int64_t offset, int64_t *ret_position, int64_t *ret_base_offset)
{
    weir_err err = wr_segment_index(segment);
    if (err != WEIR_OK)
        return err;
    uint8_t buffer[FIND_BUFFER];
    err = WEIR_E_AGAIN;
    for (int check = 0; check <= 1 && err == WEIR_E_AGAIN; check++) {
        wr_walk walk = {.segment = segment,
                        .end = segment->size,
                        .offset = segment->base_offset,
                        .check_crc = check == 1,
                        .buffer = buffer,
                        .buffer_size = sizeof buffer};
        int64_t last_offset;
        wr_head head;
        begin_walk(segment, offset, &walk, &last_offset);
        err = walk_to(&walk, offset, last_offset, &head);
        if (err == WEIR_OK) {
            *ret_position = walk.position - head.size;
            *ret_base_offset = head.base_offset;
        }
    }
    return err;
}

weir_err wr_segment_find(wr_segment *segment, int64_t offset, int64_t *ret_position, int64_t *ret_base_offset)
{
    assert(offset >= segment->base_offset && offset < segment->end_offset);
    if (offset != segment->cursor_offset && offset != segment->base_offset)
        return find_by_index(segment, offset, ret_position, ret_base_offset);
    *ret_position = offset == segment->base_offset ? 0 : segment->cursor_position;
    *ret_base_offset = offset;
    return WEIR_OK;
}

static weir_err fetch(wr_segment *segment, int64_t position, size_t size, wr_buf *out)
{
    wr_file *file;
    weir_err err = wr_segment_open(segment, &file);
    if (err != WEIR_OK)
        return err;
    size_t got = 0;
    uint8_t *bytes = wr_buf_extend(out, size);
    if (!bytes)
        return WEIR_E_MEMORY;
    err = wr_file_read(file, position, bytes, size, &got);
    if (err == WEIR_OK && got < size)
        err = WEIR_E_CORRUPT;
    return err;
}

static void note_verified(wr_segment *segment, int64_t from, int64_t to)
{
    if (from <= segment->verified_to && to >= segment->verified_from) {
        segment->verified_from = from < segment->verified_from ? from : segment->verified_from;
        segment->verified_to = to > segment->verified_to ? to : segment->verified_to;
    } else if (to - from > segment->verified_to - segment->verified_from) {
        segment->verified_from = from;
        segment->verified_to = to;
    }
}

static bool batch_holds(const wr_segment *segment, const wr_head *head, const uint8_t *bytes)
{
    return wr_crc32c(0, bytes + WR_BATCH_CRC_BEGIN, (size_t)head->size - WR_BATCH_CRC_BEGIN) == head->crc &&
           wr_epochs_match(&segment->log->epochs, head->base_offset, head->leader_epoch);
}

/* Where whole batches below the limit end in bytes that were read at `position`, and which offset follows (-1: not
 * known). What this process has not yet seen whole is checked on the way; of the rest, the index says where to begin.
 * Answers why the batch there does not hold, or NULL. */
static const char *cut(const wr_segment *segment, int64_t position, const uint8_t *bytes, size_t size,
                       int64_t limit_offset, size_t *ret_size, int64_t *ret_next_offset)
{
    bool verify = position < segment->verified_from || position + (int64_t)size > segment->verified_to;
    size_t at = 0;
    int64_t next = *ret_next_offset;
    if (!verify && limit_offset >= segment->end_offset && position + (int64_t)size == segment->size) {
        *ret_size = size;
        *ret_next_offset = segment->end_offset;
        return NULL;
    }
    const char *reason = NULL;
    if (!verify && segment->indexed) {
        size_t inside = wr_index_count_to_position(&segment->index, (int32_t)(position + (int64_t)size));
        size_t below = wr_index_count_to(&segment->index, limit_offset - 1 - segment->base_offset);
        size_t count = inside < below ? inside : below;
        if (count > 0 && wr_index_value(&segment->index, count - 1) > position) {
            at = (size_t)(wr_index_value(&segment->index, count - 1) - position);
            next = -1;
        }
    }
    while (at + WR_BATCH_HEADER_SIZE <= size) {
        wr_head head;
        if (!wr_head_read(bytes + at, &head) || head.size > segment->size - position - (int64_t)at)
            reason = "this is not the head of a batch";
        else if ((next >= 0 && head.base_offset != next) || head.last_offset >= segment->end_offset)
            reason = "the batch has another offset than must follow";
        if (reason)
            break;
        next = head.base_offset;
        if (head.size > (int64_t)(size - at))
            break;
        if (verify && !batch_holds(segment, &head, bytes + at)) {
            reason = "the CRC does not hold"; /* before anything else is believed */
            break;
        }
        if (head.last_offset >= limit_offset)
            break;
        at += (size_t)head.size;
        next = head.last_offset + 1;
    }
    *ret_size = at;
    *ret_next_offset = next;
    return reason;
}

/* Makes the read long enough for the first batch, if it is to be given whatever its size. */
static weir_err fetch_first(wr_segment *segment, int64_t position, size_t begin, wr_buf *out)
{
    wr_head first;
    if (!wr_head_read(out->data + begin, &first) || first.size > segment->size - position)
        return WEIR_OK; /* cut will say so */
    size_t have = out->size - begin;
    if (first.size <= (int64_t)have)
        return WEIR_OK;
    return fetch(segment, position + (int64_t)have, (size_t)first.size - have, out);
}

/* The read met a batch that does not hold. WEIR_E_AGAIN: now that this is known, the offset asked for lies behind it. */
static weir_err read_damage(wr_segment *segment, int64_t position, int64_t base_offset, int64_t offset,
                            const char *reason)
{
    uint8_t buffer[FIND_BUFFER];
    wr_walk walk = {.segment = segment, .end = segment->size, .buffer = buffer, .buffer_size = sizeof buffer};
    weir_err err = wr_log_note_damage(segment, position, base_offset, reason, &walk);
    if (err != WEIR_OK)
        return err;
    return walk.offset <= offset && walk.offset > base_offset ? WEIR_E_AGAIN : WEIR_E_CORRUPT;
}

static weir_err read_once(wr_segment *segment, int64_t offset, int64_t limit_offset, size_t max_size, bool min_one,
                          wr_buf *out)
{
    int64_t position, next_offset;
    weir_err err = wr_segment_find(segment, offset, &position, &next_offset);
    if (err != WEIR_OK)
        return err;
    int64_t base_offset = next_offset;
    if (segment->size - position < WR_BATCH_HEADER_SIZE)
        return read_damage(segment, position, base_offset, offset, "the head of a batch is cut off");
    size_t left = (size_t)(segment->size - position), size = max_size < left ? max_size : left, whole = 0;
    if (size < WR_BATCH_HEADER_SIZE && !min_one)
        return WEIR_OK;
    if (size < WR_BATCH_HEADER_SIZE)
        size = WR_BATCH_HEADER_SIZE;
    size_t begin = out->size;
    const char *reason = NULL;
    err = fetch(segment, position, size, out);
    if (err == WEIR_OK && min_one)
        err = fetch_first(segment, position, begin, out);
    if (err == WEIR_E_CORRUPT)
        err = read_damage(segment, position, base_offset, offset, "the file is shorter than it was");
    if (err == WEIR_OK)
        reason = cut(segment, position, out->data + begin, out->size - begin, limit_offset, &whole, &next_offset);
    if (!wr_buf_failed(out))
        out->size = begin + (err == WEIR_OK ? whole : 0);
    if (err != WEIR_OK)
        return err;
    if (whole == 0)
        return reason ? read_damage(segment, position, base_offset, offset, reason) : WEIR_OK;
    note_verified(segment, position, position + (int64_t)whole);
    if (next_offset >= 0) {
        segment->cursor_offset = next_offset;
        segment->cursor_position = position + (int64_t)whole;
    }
    return WEIR_OK;
}

weir_err wr_segment_read(wr_segment *segment, int64_t offset, int64_t limit_offset, size_t max_size, bool min_one,
                         wr_buf *out)
{
    weir_err err = WEIR_E_AGAIN;
    for (int tries = 0; tries <= WR_LOG_DAMAGE_MAX && err == WEIR_E_AGAIN; tries++)
        err = read_once(segment, offset, limit_offset, max_size, min_one, out);
    return err == WEIR_E_AGAIN ? WEIR_E_CORRUPT : err;
}
