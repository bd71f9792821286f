/* Which numbers of one sender's outbox were handled in one partition: a floor below which everything counts as handled,
 * and the numbers above it that were.
 *
 *     … 3 4 5 6 7 8 9 …          floor 5: the sender sends nothing again that is below it
 *     ░ ░ ░ ▒   ▒   ▒            6, 8 … above it were handled; 5, 7 were not, and are new when they come
 *
 * Numbers come in rising order but for what a sender repeats, and for what a broker refused and took later; so a new one
 * mostly goes to the end. Past HANDLED_MAX the lowest number becomes the floor. What may still come below the highest was
 * under way together with it, or is held back by its sender for half of that at most (publisher.c): of one partition five
 * batches of 1 MB are under way, and a record with an outbox's headers has more than 150 bytes, so some 33,000.
 *
 * Stored, the numbers are one blob: for each, its distance from the one before (the first: from the floor), as an
 * unsigned variable-length number (LEB128). */
#include "core_int.h"

#include <base/array.h>
#include <stdlib.h>

/* Where the number is, or would be, among the items. */
static size_t place_of(const handled *handled, int64_t number)
{
    size_t low = handled->first, high = handled->end;
    if (low == high || number > handled->items[high - 1])
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (handled->items[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool wr_handled_has(const handled *handled, int64_t number)
{
    if (number < handled->floor)
        return true;
    size_t at = place_of(handled, number);
    return at < handled->end && handled->items[at] == number;
}

int64_t wr_handled_highest(const handled *handled)
{
    return handled->first < handled->end ? handled->items[handled->end - 1] : handled->floor - 1;
}

size_t wr_handled_count(const handled *handled)
{
    return handled->end - handled->first;
}

void wr_handled_raise(handled *handled, int64_t floor)
{
    if (floor <= handled->floor)
        return;
    handled->floor = floor;
    handled->first = place_of(handled, floor);
    while (handled->first < handled->end && handled->items[handled->first] == handled->floor) {
        handled->floor++; /* what comes right behind needs no item; INT64_MAX is nobody's number */
        handled->first++;
    }
}

/* Moves the items to the front when that makes room enough, so that each is moved once in a while only. */
static weir_err make_room(handled *handled)
{
    if (handled->end < handled->capacity)
        return WEIR_OK;
    if (handled->first > handled->capacity / 4) {
        handled->end -= handled->first;
        memmove(handled->items, handled->items + handled->first, handled->end * sizeof *handled->items);
        handled->first = 0;
        return WEIR_OK;
    }
    return WR_ARRAY_RESERVE(handled->items, handled->capacity, handled->end + 1, (size_t)2 * HANDLED_MAX);
}

weir_err wr_handled_add(handled *handled, int64_t number)
{
    if (wr_handled_has(handled, number))
        return WEIR_OK;
    if (number == handled->floor) {
        wr_handled_raise(handled, number + 1);
        return WEIR_OK;
    }
    if (wr_handled_count(handled) == HANDLED_MAX)
        wr_handled_raise(handled, handled->items[handled->first] + 1);
    if (number < handled->floor)
        return WEIR_OK;
    weir_err err = make_room(handled);
    if (err != WEIR_OK)
        return err;
    size_t at = place_of(handled, number);
    memmove(handled->items + at + 1, handled->items + at, (handled->end - at) * sizeof *handled->items);
    handled->items[at] = number;
    handled->end++;
    return WEIR_OK;
}

void wr_handled_cut(handled *handled, int64_t highest)
{
    handled->end = place_of(handled, highest + 1);
    if (handled->floor > highest + 1)
        handled->floor = highest + 1;
}

void wr_handled_fini(handled *handled)
{
    free(handled->items);
    *handled = (struct handled){0};
}

void wr_handled_encode(const handled *handled, wr_buf *out)
{
    int64_t before = handled->floor;
    for (size_t i = handled->first; i < handled->end; i++) {
        wr_buf_uvarint(out, (uint64_t)(handled->items[i] - before));
        before = handled->items[i];
    }
}

weir_err wr_handled_decode(weir_slice blob, int64_t floor, handled *ret_handled)
{
    handled read = {.floor = floor};
    wr_cursor cursor = wr_cursor_of(blob);
    int64_t before = floor;
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && wr_cursor_left(&cursor) > 0) {
        uint64_t distance = wr_cursor_uvarint(&cursor);
        if (cursor.failed || distance == 0 || distance >= (uint64_t)(INT64_MAX - before)) {
            err = WEIR_E_CORRUPT;
            break;
        }
        before += (int64_t)distance;
        err = WR_ARRAY_RESERVE(read.items, read.capacity, read.end + 1, HANDLED_MAX);
        if (err == WEIR_OK)
            read.items[read.end++] = before;
    }
    if (err != WEIR_OK) {
        wr_handled_fini(&read);
        return err == WEIR_E_LIMIT ? WEIR_E_CORRUPT : err;
    }
    *ret_handled = read;
    return WEIR_OK;
}
