/* The committed offsets of one group: (topic, partition) to a position. In memory only; group_log.h keeps them.
 *
 *     topics   name ──▶ [ partition 0 | partition 3 | … ]   sorted by partition
 */
#ifndef WR_OFFSETS_H
#define WR_OFFSETS_H

#include <base/list.h>
#include <base/map.h>

typedef struct wr_offset {
    int32_t partition;
    int32_t leader_epoch; /* -1: unknown */
    int64_t offset;
    int64_t commit_ms; /* wall clock */
    int64_t expire_ms; /* -1: by the group's rules */
    weir_slice metadata;
} wr_offset;

typedef struct wr_offset_topic {
    weir_slice name;
    wr_offset *items;
    size_t count, capacity;
    wr_link link; /* for who has taken it out of the offsets, as is the next */
    uint64_t ticket;
} wr_offset_topic;

typedef struct wr_offsets {
    wr_map *topics;
    size_t count;
    size_t memory_size;
} wr_offsets;

/* Zeroed is empty; nothing is allocated before the first put. */
void wr_offsets_fini(wr_offsets *offsets);
const wr_offset *wr_offsets_find(const wr_offsets *offsets, weir_slice topic, int32_t partition); /* NULL: none */
/* Copies. Errors: WEIR_E_MEMORY, WEIR_E_LIMIT. */
WEIR_MUST_CHECK weir_err wr_offsets_put(wr_offsets *offsets, weir_slice topic, const wr_offset *value);
bool wr_offsets_remove(wr_offsets *offsets, weir_slice topic, int32_t partition); /* was there one? */
/* for (size_t at = 0; (topic = wr_offsets_next_topic(offsets, &at));) The current topic may be removed meanwhile, down
 * to its last partition; others may not. */
const wr_offset_topic *wr_offsets_next_topic(const wr_offsets *offsets, size_t *at);
size_t wr_offsets_topic_count(const wr_offsets *offsets);

/* Takes the topic out with all that was committed to it; the caller frees it. Needs no memory. NULL: there is none. */
wr_offset_topic *wr_offsets_take_topic(wr_offsets *offsets, weir_slice name);
void wr_offset_topic_drop(wr_offset_topic *topic, size_t at); /* one of its items */
void wr_offset_topic_free(wr_offset_topic *topic);

#endif
