/* Borrowed bytes, and the arena that owns what a request, a batch or a transaction needs. */
#ifndef WEIR_BYTES_H
#define WEIR_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <weir/error.h>

WEIR_BEGIN_C

/* A view of bytes that somebody else owns. data NULL means absent (Kafka's null), which is not the same as empty. This
 * struct keeps its size for as long as the library keeps its SONAME. */
typedef struct weir_slice {
    const uint8_t *data;
    size_t size;
} weir_slice;

static inline weir_slice weir_slice_make(const void *data, size_t size)
{
    weir_slice slice;
    slice.data = (const uint8_t *)data;
    slice.size = size;
    return slice;
}

/* A string literal without its NUL. In C it may initialise static storage. */
#ifdef __cplusplus
#define WEIR_SLICE(literal) weir_slice_make((literal), sizeof(literal) - 1)
#else
#define WEIR_SLICE(literal) ((weir_slice){(const uint8_t *)(literal), sizeof(literal) - 1})
#endif

/* A text without its NUL; absent for NULL. Borrows the text. */
static inline weir_slice weir_slice_of(const char *text)
{
    return weir_slice_make(text, text ? strlen(text) : 0);
}

/* The same bytes. Absent equals empty here. */
static inline bool weir_slice_equal(weir_slice a, weir_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* An arena hands out memory that lives until it is reset or freed. Every arena is born with a limit in bytes; past it,
 * and when memory is out, the calls return NULL (weir_arena_dup: data NULL) and change nothing. One thread at a time
 * uses an arena. */
typedef struct weir_arena weir_arena;

WEIR_API weir_arena *weir_arena_new(size_t limit_size); /* the caller frees it; NULL when memory is out */
WEIR_API void weir_arena_free(weir_arena *arena);       /* accepts NULL */
WEIR_API void weir_arena_reset(weir_arena *arena);      /* all that was handed out is gone; keeps one block for reuse */
WEIR_API void *weir_arena_alloc(weir_arena *arena, size_t size);                    /* zeroed, aligned for any type */
WEIR_API void *weir_arena_array(weir_arena *arena, size_t count, size_t item_size); /* zeroed; checks overflow */
WEIR_API char *weir_arena_dup_text(weir_arena *arena, weir_slice bytes);            /* with a terminating NUL */
WEIR_API weir_slice weir_arena_dup(weir_arena *arena, weir_slice bytes);
WEIR_API char *weir_arena_printf(weir_arena *arena, const char *format, ...) WEIR_PRINTF(2, 3);
WEIR_API size_t weir_arena_used(const weir_arena *arena); /* bytes handed out since the last reset */

WEIR_END_C

#endif
