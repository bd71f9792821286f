/* Borrowed bytes, and the arena that owns what a request, a batch or a transaction needs. */
#ifndef WEIR_BYTES_H
#define WEIR_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <weir/error.h>

/* A view of bytes that somebody else owns. data NULL means absent (Kafka's null), which is not the same as empty. */
typedef struct weir_slice {
    const uint8_t *data;
    size_t size;
} weir_slice;

#define WEIR_SLICE(literal) ((weir_slice){(const uint8_t *)(literal), sizeof(literal) - 1})

static inline weir_slice weir_slice_of(const char *text)
{
    return (weir_slice){(const uint8_t *)text, text ? strlen(text) : 0};
}

static inline bool weir_slice_equal(weir_slice a, weir_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* An arena hands out memory that lives until it is reset or freed. Every arena is born with a limit in bytes;
 * past it, and when memory is out, the calls return NULL. */
typedef struct weir_arena weir_arena;

WEIR_API weir_arena *weir_arena_new(size_t limit_size);
WEIR_API void weir_arena_free(weir_arena *arena);  /* accepts NULL */
WEIR_API void weir_arena_reset(weir_arena *arena); /* all that was handed out is gone; keeps one block for reuse */
WEIR_API void *weir_arena_alloc(weir_arena *arena, size_t size);                    /* zeroed, aligned for any type */
WEIR_API void *weir_arena_array(weir_arena *arena, size_t count, size_t item_size); /* zeroed; checks overflow */
WEIR_API char *weir_arena_dup_text(weir_arena *arena, weir_slice bytes);            /* with a terminating NUL */
WEIR_API weir_slice weir_arena_dup(weir_arena *arena, weir_slice bytes);
WEIR_API char *weir_arena_printf(weir_arena *arena, const char *format, ...) WEIR_PRINTF(2, 3);
WEIR_API size_t weir_arena_used(const weir_arena *arena); /* bytes handed out since the last reset */

#endif
