/* Inside of hash: the CRC for processors without the instruction, where the test can reach it on any processor. */
#ifndef WR_HASH_INT_H
#define WR_HASH_INT_H

#include "base/hash.h"

/* As wr_crc32c without the inversion at both ends. */
uint32_t crc32c_by_table(uint32_t crc, const uint8_t *at, size_t size);

#endif
