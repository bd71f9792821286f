/* Hash map from bytes, or from a 64-bit number, to a pointer. Keys are copied; values belong to the caller. Born with
 * the largest count it may hold. Iteration is in no order, and nothing but wr_map_remove of the current entry may
 * change the map during it. Seeded, so that keys from the network cannot be chosen to collide. */
#ifndef WR_MAP_H
#define WR_MAP_H

#include <weir/bytes.h>

typedef struct wr_map wr_map;

wr_map *wr_map_new(size_t limit_count, uint64_t seed); /* NULL: memory */
void wr_map_free(wr_map *map);                         /* accepts NULL; values are the caller's */
size_t wr_map_count(const wr_map *map);
void *wr_map_find(const wr_map *map, weir_slice key); /* NULL if absent */
void *wr_map_find_text(const wr_map *map, const char *key);
/* Errors: WEIR_E_EXISTS, WEIR_E_LIMIT, WEIR_E_MEMORY, WEIR_E_USAGE for a NULL value. */
WEIR_MUST_CHECK weir_err wr_map_add(wr_map *map, weir_slice key, void *value);
WEIR_MUST_CHECK weir_err wr_map_add_text(wr_map *map, const char *key, void *value);
void *wr_map_remove(wr_map *map, weir_slice key); /* the value that was there, or NULL */
void *wr_map_remove_text(wr_map *map, const char *key);

/* The same with numbers as keys (stored as 8 bytes). */
void *wr_map_find_i64(const wr_map *map, int64_t key);
WEIR_MUST_CHECK weir_err wr_map_add_i64(wr_map *map, int64_t key, void *value);
void *wr_map_remove_i64(wr_map *map, int64_t key);

/* for (size_t at = 0; (value = wr_map_next(map, &at, &key));) …   key may be NULL; it borrows from the map. */
void *wr_map_next(const wr_map *map, size_t *at, weir_slice *ret_key);

#endif
