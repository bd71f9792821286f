/* Messages made up from their tables, for the tests and the fuzzers' seed corpus: what a version can say, said at
 * random from a seed, and a comparison of two messages. */
#ifndef WR_SAMPLE_H
#define WR_SAMPLE_H

#include <wire/message_int.h>

#include <assert.h>

typedef struct wr_sampler {
    uint64_t state;
    int16_t version;
    weir_arena *arena;
} wr_sampler;

/* splitmix64 */
static inline uint64_t wr_sample_bits(wr_sampler *sampler)
{
    uint64_t bits = sampler->state += 0x9e3779b97f4a7c15u;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
    return bits ^ (bits >> 31);
}

static inline uint64_t wr_sample_below(wr_sampler *sampler, uint64_t end)
{
    return wr_sample_bits(sampler) % end;
}

static inline int64_t wr_sample_number(wr_sampler *sampler)
{
    static const int64_t edges[] = {0,         1,         -1,        127,       -128,     INT16_MAX,
                                    INT16_MIN, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN};
    uint64_t pick = wr_sample_below(sampler, 2 * sizeof(edges) / sizeof(edges[0]));
    return pick < sizeof(edges) / sizeof(edges[0]) ? edges[pick] : (int64_t)wr_sample_bits(sampler);
}

static inline weir_slice wr_sample_bytes(wr_sampler *sampler, bool text)
{
    static const size_t edges[] = {0, 126, 127, 128, 300};
    uint64_t pick = wr_sample_below(sampler, 20);
    size_t size = pick < 5 ? edges[pick] : wr_sample_below(sampler, 12);
    uint8_t *data = weir_arena_array(sampler->arena, size + 1, 1);
    assert(data);
    for (size_t i = 0; i < size; i++)
        data[i] = (uint8_t)(text ? 'a' + wr_sample_below(sampler, 26) : wr_sample_bits(sampler));
    return (weir_slice){data, size};
}

static inline void wr_sample_fields(wr_sampler *sampler, const wr_field *fields, void *into);

static inline void wr_sample_value(wr_sampler *sampler, wr_kind kind, const wr_items *items, void *into)
{
    switch (kind) {
    case WR_BOOL:
        *(bool *)into = wr_sample_below(sampler, 2);
        break;
    case WR_INT8:
        *(int8_t *)into = (int8_t)wr_sample_number(sampler);
        break;
    case WR_INT16:
    case WR_UINT16:
        *(int16_t *)into = (int16_t)wr_sample_number(sampler);
        break;
    case WR_INT32:
        *(int32_t *)into = (int32_t)wr_sample_number(sampler);
        break;
    case WR_INT64:
        *(int64_t *)into = wr_sample_number(sampler);
        break;
    case WR_FLOAT64:
        *(double *)into = (double)wr_sample_number(sampler);
        break;
    case WR_UUID:
        for (size_t i = 0; i < sizeof(wr_uuid); i++)
            ((wr_uuid *)into)->bytes[i] = (uint8_t)wr_sample_bits(sampler);
        break;
    case WR_STRING:
    case WR_BYTES:
    case WR_RECORDS:
        *(weir_slice *)into = wr_sample_bytes(sampler, kind == WR_STRING);
        break;
    case WR_ARRAY: {
        wr_array array = {.count = (int32_t)wr_sample_below(sampler, 4)};
        array.items = weir_arena_array(sampler->arena, (size_t)array.count + 1, items->size);
        assert(array.items);
        for (int32_t i = 0; i < array.count; i++) {
            void *item = (uint8_t *)array.items + (size_t)i * items->size;
            if (items->kind == WR_STRUCT)
                wr_sample_fields(sampler, items->fields, item);
            else
                wr_sample_value(sampler, items->kind, NULL, item);
        }
        wr_array_set(into, array);
        break;
    }
    case WR_STRUCT: {
        void *inner = weir_arena_array(sampler->arena, 1, items->size);
        assert(inner);
        wr_sample_fields(sampler, items->fields, inner);
        *(void **)into = inner;
        break;
    }
    case WR_END:
        assert(!"a row without a kind");
    }
}

/* What may be null is so now and then; what the version lacks, and some of what is tagged, has its default. */
static inline void wr_sample_fields(wr_sampler *sampler, const wr_field *fields, void *into)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++) {
        void *at = wr_field_in(field, into);
        wr_field_reset(field, into);
        if (!wr_field_exists(field, sampler->version) || (field->tag && wr_sample_below(sampler, 3) == 0))
            continue;
        if (!wr_field_nullable(field, sampler->version) || wr_sample_below(sampler, 4) > 0)
            wr_sample_value(sampler, field->kind, field->items, at);
        else if (field->kind == WR_ARRAY)
            wr_array_set(at, (wr_array){.count = -1});
        else if (field->kind == WR_STRUCT)
            *(void **)at = NULL;
        else
            *(weir_slice *)at = (weir_slice){0};
    }
}

/* A new message in the arena, the same for the same seed. */
static inline void *wr_sample_new(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena)
{
    wr_sampler sampler = {.state = seed, .version = version, .arena = arena};
    void *sample = weir_arena_array(arena, 1, message->size);
    assert(sample);
    wr_sample_fields(&sampler, message->fields, sample);
    return sample;
}

/* ---- comparing */

static inline bool wr_sample_equal(const wr_field *fields, const void *a, const void *b);

static inline bool wr_sample_value_equal(wr_kind kind, const wr_items *items, const void *a, const void *b)
{
    switch (kind) {
    case WR_STRING:
    case WR_BYTES:
    case WR_RECORDS: {
        const weir_slice *left = a, *right = b;
        return !left->data == !right->data && weir_slice_equal(*left, *right);
    }
    case WR_ARRAY: {
        wr_array left = wr_array_of(a), right = wr_array_of(b);
        bool equal = left.count == right.count;
        for (int32_t i = 0; equal && i < left.count; i++) {
            size_t offset = (size_t)i * items->size;
            const uint8_t *left_item = (const uint8_t *)left.items + offset;
            const uint8_t *right_item = (const uint8_t *)right.items + offset;
            equal = items->kind == WR_STRUCT ? wr_sample_equal(items->fields, left_item, right_item)
                                             : wr_sample_value_equal(items->kind, NULL, left_item, right_item);
        }
        return equal;
    }
    case WR_STRUCT: {
        const void *left = *(const void *const *)a, *right = *(const void *const *)b;
        return !left == !right && (!left || wr_sample_equal(items->fields, left, right));
    }
    case WR_BOOL:
    case WR_INT8:
        return memcmp(a, b, 1) == 0;
    case WR_INT16:
    case WR_UINT16:
        return memcmp(a, b, 2) == 0;
    case WR_INT32:
        return memcmp(a, b, 4) == 0;
    case WR_INT64:
    case WR_FLOAT64:
        return memcmp(a, b, 8) == 0;
    case WR_UUID:
        return memcmp(a, b, sizeof(wr_uuid)) == 0;
    case WR_END:
        break;
    }
    return false;
}

static inline bool wr_sample_equal(const wr_field *fields, const void *a, const void *b)
{
    for (const wr_field *field = fields; field->kind != WR_END; field++)
        if (!wr_sample_value_equal(field->kind, field->items, wr_field_of(field, a), wr_field_of(field, b)))
            return false;
    return true;
}

#endif
