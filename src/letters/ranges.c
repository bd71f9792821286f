/* States by offset, as ranges (ranges.h). Marks come behind what they are about and mostly in its order, so what is set
 * is mostly set at the end. */
#include "ranges.h"

#include <base/array.h>

#include <stdlib.h>

void wr_ranges_fini(wr_ranges *ranges)
{
    free(ranges->items);
    *ranges = (wr_ranges){0};
}

/* The first range that ends at the offset or behind it. */
static size_t find(const wr_ranges *ranges, int64_t offset)
{
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->items[middle].last < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool joins(const wr_range *left, const wr_range *right)
{
    return left->last + 1 == right->first && left->state == right->state && left->tag == right->tag;
}

weir_err wr_ranges_set(wr_ranges *ranges, wr_range range)
{
    wr_range made[3];
    size_t made_count = 0, from = find(ranges, range.first), to = from;
    while (to < ranges->count && ranges->items[to].first <= range.last)
        to++;
    if (from < to && ranges->items[from].first < range.first) {
        made[made_count] = ranges->items[from];
        made[made_count++].last = range.first - 1;
    } else if (from > 0 && joins(&ranges->items[from - 1], &range)) {
        from--;
        range.first = ranges->items[from].first;
    }
    made[made_count++] = range;
    if (to > 0 && ranges->items[to - 1].last > range.last && ranges->items[to - 1].first <= range.last) {
        made[made_count] = ranges->items[to - 1];
        made[made_count++].first = range.last + 1;
    }
    size_t count = ranges->count - (to - from) + made_count;
    weir_err err = WR_ARRAY_RESERVE(ranges->items, ranges->capacity, count, WR_RANGES_MAX);
    if (err != WEIR_OK)
        return err;
    memmove(ranges->items + from + made_count, ranges->items + to, (ranges->count - to) * sizeof *ranges->items);
    memcpy(ranges->items + from, made, made_count * sizeof *made);
    ranges->count = count;
    return WEIR_OK;
}

wr_range wr_ranges_at(const wr_ranges *ranges, int64_t offset)
{
    size_t at = find(ranges, offset);
    if (at < ranges->count && ranges->items[at].first <= offset)
        return ranges->items[at];
    return (wr_range){.first = offset, .last = offset, .state = WR_LETTER_OPEN};
}
