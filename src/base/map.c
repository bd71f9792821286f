/* Hash map: entries in the order they were added, and an open-addressed index of their positions.
 *
 *   index    [ 0 | 3 | 0 | 1 | 2 | 0 | … ]      position + 1, 0 is free; a power of two, at most half full
 *   entries  [ a | b | (hole) | d ]             a removed entry leaves a hole until the next compaction
 *
 * Removing an entry closes its gap in the index (linear probing with backward shift, no tombstones) and never moves
 * another entry, which is what makes removal during iteration safe. Keys of up to 8 bytes live in the entry. */
#include "base/map.h"

#include "base/hash.h"

#include <assert.h>
#include <stdlib.h>

enum { FIRST_CAPACITY = 8, INLINE_KEY_SIZE = 8 };

typedef struct entry {
    void *value; /* NULL: a hole */
    uint64_t hash;
    size_t key_size;
    union {
        uint8_t few[INLINE_KEY_SIZE];
        uint8_t *many;
    } key;
} entry;

struct wr_map {
    entry *entries;
    uint32_t *index;
    size_t entry_capacity; /* the index has twice as many slots */
    size_t used;           /* entries and holes */
    size_t count;
    size_t limit_count;
    uint64_t seed;
};

wr_map *wr_map_new(size_t limit_count, uint64_t seed)
{
    wr_map *map = calloc(1, sizeof *map);
    if (map) {
        map->limit_count = limit_count < UINT32_MAX / 4 ? limit_count : UINT32_MAX / 4;
        map->seed = seed;
    }
    return map;
}

static const uint8_t *entry_key(const entry *each)
{
    return each->key_size <= INLINE_KEY_SIZE ? each->key.few : each->key.many;
}

static void entry_drop(entry *each)
{
    if (each->value && each->key_size > INLINE_KEY_SIZE)
        free(each->key.many);
    *each = (entry){0};
}

void wr_map_free(wr_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->used; i++)
        entry_drop(&map->entries[i]);
    free(map->entries);
    free(map->index);
    free(map);
}

size_t wr_map_count(const wr_map *map)
{
    return map->count;
}

static size_t index_mask(const wr_map *map)
{
    return map->entry_capacity * 2 - 1;
}

static uint64_t key_hash(const wr_map *map, weir_slice key)
{
    return wr_hash64(key.size ? key.data : (const uint8_t *)"", key.size, map->seed);
}

/* The slot that holds `key`, or the free slot where its search ended. The map has an index. */
static size_t find_slot(const wr_map *map, weir_slice key, uint64_t hash)
{
    size_t mask = index_mask(map);
    size_t slot = hash & mask;
    for (; map->index[slot]; slot = (slot + 1) & mask) {
        const entry *each = &map->entries[map->index[slot] - 1];
        if (each->hash == hash && weir_slice_equal((weir_slice){entry_key(each), each->key_size}, key))
            break;
    }
    return slot;
}

void *wr_map_find(const wr_map *map, weir_slice key)
{
    if (map->count == 0)
        return NULL;
    uint32_t position = map->index[find_slot(map, key, key_hash(map, key))];
    return position ? map->entries[position - 1].value : NULL;
}

/* Closes the holes and files every entry again. */
static void compact(wr_map *map)
{
    size_t mask = index_mask(map);
    memset(map->index, 0, (mask + 1) * sizeof *map->index);
    size_t kept = 0;
    for (size_t i = 0; i < map->used; i++) {
        if (!map->entries[i].value)
            continue;
        map->entries[kept] = map->entries[i];
        size_t slot = map->entries[kept].hash & mask;
        while (map->index[slot])
            slot = (slot + 1) & mask;
        map->index[slot] = (uint32_t)++kept;
    }
    assert(kept == map->count);
    map->used = kept;
}

/* Room for one more entry: by closing holes where a quarter are holes, else by doubling. */
static bool make_room(wr_map *map)
{
    if (map->used < map->entry_capacity)
        return true;
    if (map->count < map->entry_capacity - map->entry_capacity / 4) {
        compact(map);
        return true;
    }

    size_t capacity = map->entry_capacity ? map->entry_capacity * 2 : FIRST_CAPACITY;
    entry *entries = realloc(map->entries, capacity * sizeof *entries);
    if (!entries)
        return false;
    map->entries = entries; /* larger than entry_capacity says until the index is there too */
    uint32_t *index = malloc(capacity * 2 * sizeof *index);
    if (!index)
        return false;
    free(map->index);
    map->index = index;
    map->entry_capacity = capacity;
    compact(map);
    return true;
}

weir_err wr_map_add(wr_map *map, weir_slice key, void *value)
{
    if (!value)
        return WEIR_E_USAGE;
    uint64_t hash = key_hash(map, key);
    if (map->count && map->index[find_slot(map, key, hash)])
        return WEIR_E_EXISTS;
    if (map->count >= map->limit_count)
        return WEIR_E_LIMIT;
    if (!make_room(map))
        return WEIR_E_MEMORY;

    entry made = {.value = value, .hash = hash, .key_size = key.size};
    if (key.size > INLINE_KEY_SIZE) {
        made.key.many = malloc(key.size);
        if (!made.key.many)
            return WEIR_E_MEMORY;
        memcpy(made.key.many, key.data, key.size);
    } else if (key.size) {
        memcpy(made.key.few, key.data, key.size);
    }
    size_t slot = find_slot(map, key, hash);
    map->entries[map->used++] = made;
    map->index[slot] = (uint32_t)map->used;
    map->count++;
    return WEIR_OK;
}

/* Frees a slot and moves later ones of the same run back, so that no search ends too early. */
static void close_gap(wr_map *map, size_t gap)
{
    size_t mask = index_mask(map);
    for (size_t slot = (gap + 1) & mask; map->index[slot]; slot = (slot + 1) & mask) {
        size_t home = map->entries[map->index[slot] - 1].hash & mask;
        if (((slot - home) & mask) >= ((slot - gap) & mask)) {
            map->index[gap] = map->index[slot];
            gap = slot;
        }
    }
    map->index[gap] = 0;
}

void *wr_map_remove(wr_map *map, weir_slice key)
{
    if (map->count == 0)
        return NULL;
    size_t slot = find_slot(map, key, key_hash(map, key));
    if (!map->index[slot])
        return NULL;

    entry *found = &map->entries[map->index[slot] - 1];
    void *value = found->value;
    close_gap(map, slot);
    entry_drop(found);
    map->count--;
    while (map->used && !map->entries[map->used - 1].value)
        map->used--;
    return value;
}

void *wr_map_find_text(const wr_map *map, const char *key)
{
    return wr_map_find(map, weir_slice_of(key));
}

weir_err wr_map_add_text(wr_map *map, const char *key, void *value)
{
    return wr_map_add(map, weir_slice_of(key), value);
}

void *wr_map_remove_text(wr_map *map, const char *key)
{
    return wr_map_remove(map, weir_slice_of(key));
}

static weir_slice number_key(const int64_t *key)
{
    return (weir_slice){(const uint8_t *)key, sizeof *key};
}

void *wr_map_find_i64(const wr_map *map, int64_t key)
{
    return wr_map_find(map, number_key(&key));
}

weir_err wr_map_add_i64(wr_map *map, int64_t key, void *value)
{
    return wr_map_add(map, number_key(&key), value);
}

void *wr_map_remove_i64(wr_map *map, int64_t key)
{
    return wr_map_remove(map, number_key(&key));
}

void *wr_map_next(const wr_map *map, size_t *at, weir_slice *ret_key)
{
    while (*at < map->used) {
        const entry *each = &map->entries[(*at)++];
        if (!each->value)
            continue;
        if (ret_key)
            *ret_key = (weir_slice){entry_key(each), each->key_size};
        return each->value;
    }
    return NULL;
}
