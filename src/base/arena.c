/* Arena: a chain of blocks, filled from the front and given back all at once.
 *
 *   arena ──> block (current) ──> block ──> block
 *             [ head | used …… | free ]
 *
 * Blocks double from 4 KiB to 64 KiB; what does not fit a block of that size gets one of its own behind the current
 * one, so that the rest of the current block is not wasted. A reset keeps one block of at most 64 KiB: a connection
 * that once saw a large frame does not hold on to it. Under AddressSanitizer, memory that is not handed out is
 * poisoned, so that a use after reset is caught. */
#include <weir/bytes.h>

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum { ALIGNMENT = _Alignof(max_align_t), BLOCK_SIZE_MIN = 4096, BLOCK_SIZE_MAX = 64 * 1024 };

typedef struct block {
    struct block *next;
    size_t capacity;
    size_t used;
    max_align_t data[];
} block;

struct weir_arena {
    block *current;
    size_t limit_size;
    size_t used;
};

weir_arena *weir_arena_new(size_t limit_size)
{
    weir_arena *arena = calloc(1, sizeof *arena);
    if (arena)
        arena->limit_size = limit_size;
    return arena;
}

static void blocks_free(block *chain)
{
    while (chain) {
        block *next = chain->next;
        ASAN_UNPOISON_MEMORY_REGION(chain->data, chain->capacity);
        free(chain);
        chain = next;
    }
}

void weir_arena_free(weir_arena *arena)
{
    if (!arena)
        return;
    blocks_free(arena->current);
    free(arena);
}

void weir_arena_reset(weir_arena *arena)
{
    block **best = NULL;
    for (block **at = &arena->current; *at; at = &(*at)->next)
        if ((*at)->capacity <= BLOCK_SIZE_MAX && (!best || (*at)->capacity > (*best)->capacity))
            best = at;

    block *kept = best ? *best : NULL;
    if (kept) {
        *best = kept->next;
        kept->next = NULL;
        kept->used = 0;
        ASAN_POISON_MEMORY_REGION(kept->data, kept->capacity);
    }
    blocks_free(arena->current);
    arena->current = kept;
    arena->used = 0;
}

static block *block_new(size_t capacity)
{
    block *made = malloc(sizeof *made + capacity);
    if (!made)
        return NULL;
    *made = (block){.capacity = capacity};
    ASAN_POISON_MEMORY_REGION(made->data, capacity);
    return made;
}

/* A block with room for `size`: the current one, a new current one, or one of its own. */
static block *block_for(weir_arena *arena, size_t size)
{
    block *current = arena->current;
    if (current && current->capacity - current->used >= size)
        return current;

    bool own = size > BLOCK_SIZE_MAX / 4;
    size_t capacity = BLOCK_SIZE_MIN;
    if (own)
        capacity = size;
    else if (current && current->capacity < BLOCK_SIZE_MAX)
        capacity = current->capacity * 2;
    else if (current)
        capacity = BLOCK_SIZE_MAX;
    while (capacity < size)
        capacity *= 2;

    block *made = block_new(capacity);
    if (!made)
        return NULL;
    if (own && current) {
        made->next = current->next;
        current->next = made;
    } else {
        made->next = current;
        arena->current = made;
    }
    return made;
}

void *weir_arena_alloc(weir_arena *arena, size_t size)
{
    if (size > arena->limit_size - arena->used)
        return NULL;
    size_t room = size ? (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1) : ALIGNMENT;
    if (room < size || room > arena->limit_size - arena->used)
        return NULL;

    block *from = block_for(arena, room);
    if (!from)
        return NULL;
    void *memory = (uint8_t *)from->data + from->used;
    from->used += room;
    arena->used += room;
    assert(from->used <= from->capacity);
    ASAN_UNPOISON_MEMORY_REGION(memory, size);
    return memset(memory, 0, size);
}

void *weir_arena_array(weir_arena *arena, size_t count, size_t item_size)
{
    size_t size;
    return __builtin_mul_overflow(count, item_size, &size) ? NULL : weir_arena_alloc(arena, size);
}

char *weir_arena_dup_text(weir_arena *arena, weir_slice bytes)
{
    if (bytes.size == SIZE_MAX)
        return NULL;
    char *text = weir_arena_alloc(arena, bytes.size + 1);
    if (text && bytes.size)
        memcpy(text, bytes.data, bytes.size);
    return text;
}

weir_slice weir_arena_dup(weir_arena *arena, weir_slice bytes)
{
    if (!bytes.data)
        return (weir_slice){0};
    uint8_t *copy = weir_arena_alloc(arena, bytes.size);
    if (!copy)
        return (weir_slice){0};
    if (bytes.size)
        memcpy(copy, bytes.data, bytes.size);
    return (weir_slice){copy, bytes.size};
}

char *weir_arena_printf(weir_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    char *text = size < 0 ? NULL : weir_arena_alloc(arena, (size_t)size + 1);
    if (text)
        vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

size_t weir_arena_used(const weir_arena *arena)
{
    return arena->used;
}
