/* Checksums and hashes. */
#ifndef WR_HASH_H
#define WR_HASH_H

#include <weir/bytes.h>

/* CRC-32C (Castagnoli), as in record batches. Continue with the previous result; start with 0. Uses the processor's
 * instruction where there is one. */
uint32_t wr_crc32c(uint32_t crc, const void *data, size_t size);

/* murmur2 as Kafka's Java default partitioner uses it; partition = (murmur2 & 0x7fffffff) % count. */
uint32_t wr_murmur2(const void *data, size_t size);

/* A fast seeded 64-bit hash (xxHash) for tables in memory; not for storage. */
uint64_t wr_hash64(const void *data, size_t size, uint64_t seed);

/* Of all parts, each with its size: 128 bits (XXH3, big-endian), for storage; they tell mistakes apart, not malice. */
void wr_hash128(const weir_slice *parts, size_t count, uint8_t ret_hash[16]);

#endif
