/* What has become of the letters of one partition: a state for each offset, kept as ranges. What was never said is
 * WR_LETTER_OPEN. */
#ifndef WR_RANGES_H
#define WR_RANGES_H

#include <letters/letters.h>

enum { WR_RANGES_MAX = 1000000 };

typedef struct wr_range {
    int64_t first, last;
    wr_letter_state state;
    uint32_t tag; /* whoever set it says what it means */
} wr_range;

/* Begins zeroed. */
typedef struct wr_ranges {
    wr_range *items; /* rising, apart from each other */
    size_t count, capacity;
} wr_ranges;

void wr_ranges_fini(wr_ranges *ranges);
/* From now on these have that state. WEIR_E_LIMIT, WEIR_E_MEMORY: as it was. */
WEIR_MUST_CHECK weir_err wr_ranges_set(wr_ranges *ranges, wr_range range);
/* The range in which the offset lies, cut to itself where it is open. */
wr_range wr_ranges_at(const wr_ranges *ranges, int64_t offset);

#endif
