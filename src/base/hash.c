/* Hashes.
 *
 *   murmur2   32 bits, seed 0x9747b28c, over little-endian words of 4 bytes, as Kafka's Java client has it: what it gives
 *             decides into which partition a key goes, so it may never change
 *   hash64    XXH3 with a seed, for tables in memory
 *   hash128   XXH3 of 128 bits, no seed, over each part's size (8 bytes, big-endian) and bytes; in canonical order, and
 *             stored, so it may never change
 *
 * CRC-32C is in crc32c.c. */
#include "base/hash.h"

#include <base/buf.h>

#define XXH_STATIC_LINKING_ONLY /* a state without the heap */
#include <xxhash.h>

enum { MURMUR2_SHIFT = 24 };

static const uint32_t murmur2_factor = 0x5bd1e995;
static const uint32_t murmur2_seed = 0x9747b28c;

static uint32_t murmur2_tail(uint32_t hash, const uint8_t *tail, size_t size)
{
    if (size == 0)
        return hash;
    for (size_t i = 0; i < size; i++)
        hash ^= (uint32_t)tail[i] << (8 * i);
    return hash * murmur2_factor;
}

uint32_t wr_murmur2(const void *data, size_t size)
{
    const uint8_t *at = data;
    uint32_t hash = murmur2_seed ^ (uint32_t)size;
    size_t left = size;
    for (; left >= 4; left -= 4, at += 4) {
        uint32_t word;
        memcpy(&word, at, sizeof word);
        word *= murmur2_factor;
        word ^= word >> MURMUR2_SHIFT;
        word *= murmur2_factor;
        hash = hash * murmur2_factor ^ word;
    }
    hash = murmur2_tail(hash, at, left);
    hash ^= hash >> 13;
    hash *= murmur2_factor;
    return hash ^ (hash >> 15);
}

uint64_t wr_hash64(const void *data, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, size, seed);
}

void wr_hash128(const weir_slice *parts, size_t count, uint8_t ret_hash[16])
{
    XXH3_state_t state;
    XXH128_canonical_t canonical;
    XXH3_128bits_reset(&state);
    for (size_t i = 0; i < count; i++) {
        uint8_t size[8];
        wr_put_i64(size, (int64_t)parts[i].size);
        XXH3_128bits_update(&state, size, sizeof size);
        if (parts[i].size)
            XXH3_128bits_update(&state, parts[i].data, parts[i].size);
    }
    XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(&state));
    memcpy(ret_hash, canonical.digest, sizeof canonical.digest);
}
