/* Damage: bytes of a segment that were once a batch and are none any more.
 *
 * Of each place the log keeps where it begins, which offsets cannot be read there, and where the next whole batch stands:
 * readers are told CORRUPT for the offsets between, and everything else is served. The next whole batch is looked for
 * byte by byte, for a head that can be one, with an offset behind the damage, the leader epoch of that offset and a CRC
 * that holds; within SEARCH_SIZE_MAX bytes, or where the index says that a batch begins. If there is none, the rest of the
 * segment cannot be read, and the next one begins with the offset where this one ended.
 *
 * Nothing is repaired: the bytes may be wanted by somebody with better tools, and cutting them out would turn damage into
 * silence. */
#include "log_int.h"

#include <base/hash.h>

#include <stdlib.h>

enum { SEARCH_SIZE_MAX = 16 << 20, WINDOW_SIZE = 64 << 10 };

const wr_log_damage *wr_log_damage_of(const wr_log *log, size_t at)
{
    return at < log->damage_count ? &log->damages[at].told : NULL;
}

const wr_log_damage *wr_log_take_damage(wr_log *log)
{
    return log->damage_told < log->damage_count ? &log->damages[log->damage_told++].told : NULL;
}

/* Where the segment's offsets end. */
static int64_t limit_of(const wr_walk *walk)
{
    return walk->limit_offset ? walk->limit_offset : walk->segment->end_offset;
}

/* The whole batch at the position, if there is one with an offset of at least `from`. */
static weir_err holds(wr_walk *walk, int64_t position, int64_t from, wr_head *ret_head)
{
    walk->position = position;
    walk->offset = -1;
    bool check_crc = walk->check_crc;
    walk->check_crc = true;
    weir_err err = wr_walk_next(walk, ret_head);
    walk->check_crc = check_crc;
    if (err == WEIR_E_RANGE)
        return WEIR_E_CORRUPT;
    if (err == WEIR_OK && (ret_head->base_offset < from || ret_head->last_offset >= limit_of(walk)))
        return WEIR_E_CORRUPT;
    return err;
}

/* Looks at every byte of the window; *position moves behind what was looked at. */
static weir_err search_window(wr_walk *walk, const uint8_t *bytes, size_t size, int64_t from, int64_t *position,
                              wr_head *ret_head)
{
    for (size_t at = 0; at + WR_BATCH_HEADER_SIZE <= size; at++) {
        wr_head head;
        if (!wr_head_read(bytes + at, &head) || head.base_offset < from || head.last_offset >= limit_of(walk) ||
            head.size > walk->end - *position - (int64_t)at)
            continue;
        weir_err err = holds(walk, *position + (int64_t)at, from, ret_head);
        if (err != WEIR_E_CORRUPT) {
            *position += (int64_t)at;
            return err;
        }
    }
    *position += (int64_t)(size - WR_BATCH_HEADER_SIZE + 1);
    return WEIR_E_CORRUPT;
}

/* From *position on; CORRUPT: there is none. */
static weir_err search(wr_walk *walk, int64_t from, int64_t *position, wr_head *ret_head)
{
    wr_file *file;
    weir_err err = wr_segment_open(walk->segment, &file);
    if (err != WEIR_OK)
        return err;
    uint8_t *window = malloc(WINDOW_SIZE);
    if (!window)
        return WEIR_E_MEMORY;
    int64_t limit = *position + SEARCH_SIZE_MAX;
    err = WEIR_E_CORRUPT;
    while (err == WEIR_E_CORRUPT && walk->end - *position >= WR_BATCH_HEADER_SIZE && *position < limit) {
        size_t got = 0;
        int64_t left = walk->end - *position;
        err = wr_file_read(file, *position, window, left < WINDOW_SIZE ? (size_t)left : WINDOW_SIZE, &got);
        if (err == WEIR_OK && got < WR_BATCH_HEADER_SIZE)
            break; /* the file is shorter than it was */
        if (err == WEIR_OK)
            err = search_window(walk, window, got, from, position, ret_head);
    }
    free(window);
    return err == WEIR_OK && *position >= walk->end ? WEIR_E_CORRUPT : err;
}

/* Batches that the index knows behind the position. */
static weir_err search_index(wr_walk *walk, int64_t from, int64_t *position, wr_head *ret_head)
{
    const wr_index *index = &walk->segment->index;
    weir_err err = WEIR_E_CORRUPT;
    size_t at = wr_index_count_to_position(index, (int32_t)*position);
    for (; walk->segment->indexed && at < index->count && err == WEIR_E_CORRUPT; at++) {
        *position = wr_index_value(index, at);
        err = holds(walk, *position, from, ret_head);
    }
    return err;
}

static weir_err find_next(wr_walk *walk, int64_t position, int64_t offset, int64_t *ret_position, int64_t *ret_offset)
{
    wr_head head = {0};
    int64_t at = position + 1;
    *ret_position = walk->end;
    *ret_offset = limit_of(walk);
    weir_err err = search(walk, offset, &at, &head);
    if (err == WEIR_E_CORRUPT)
        err = search_index(walk, offset, &at, &head);
    if (err == WEIR_E_CORRUPT)
        return WEIR_OK;
    if (err == WEIR_OK) {
        *ret_position = at;
        *ret_offset = head.base_offset;
    }
    return err;
}

static wr_known_damage *known(wr_log *log, const wr_segment *segment, int64_t position)
{
    for (size_t i = 0; i < log->damage_count; i++)
        if (log->damages[i].base_offset == segment->base_offset && log->damages[i].told.position == position)
            return &log->damages[i];
    return NULL;
}

static void move_behind(wr_walk *walk, const wr_known_damage *damage)
{
    walk->position = damage->next_position;
    walk->offset = damage->told.next_offset;
    walk->buffered_size = 0;
}

bool wr_log_skip_damage(wr_segment *segment, wr_walk *walk)
{
    const wr_known_damage *damage = known(segment->log, segment, walk->position);
    if (damage)
        move_behind(walk, damage);
    return damage != NULL;
}

weir_err wr_log_note_damage(wr_segment *segment, int64_t position, int64_t offset, const char *reason, wr_walk *walk)
{
    wr_log *log = segment->log;
    wr_known_damage *damage = known(log, segment, position), made;
    if (!log->damages)
        log->damages = calloc(WR_LOG_DAMAGE_MAX, sizeof *log->damages);
    if (!log->damages)
        return WEIR_E_MEMORY;
    if (!damage) {
        made = (wr_known_damage){.base_offset = segment->base_offset,
                                 .told = {.position = position, .offset = offset, .reason = reason}};
        weir_err err = find_next(walk, position, offset, &made.next_position, &made.told.next_offset);
        if (err != WEIR_OK)
            return err;
        (void)wr_log_failed_at(log, WEIR_E_CORRUPT, "read", segment->base_offset, ".log");
        memcpy(made.told.file, log->failure.file, sizeof made.told.file);
        damage = &made;
        if (log->damage_count < WR_LOG_DAMAGE_MAX)
            log->damages[log->damage_count++] = made;
    }
    move_behind(walk, damage);
    return WEIR_OK;
}
