/* What a consumer subscribes to, from the metadata it joins with. The group itself never looks inside; only two things
 * need it: which offsets are in use (OffsetDelete, expiry), and whether a static member came back with other topics.
 *
 *     ConsumerProtocolSubscription   version:2  topics: count:4 (length:2 text)*  …what later versions add
 */
#include "group_int.h"

#include <base/buf.h>

#include <stdlib.h>
#include <string.h>

/* The next topic; false at the end or when the bytes do not hold one. */
static bool next_topic(wr_cursor *cursor, int32_t *left, weir_slice *ret_topic)
{
    if (*left <= 0)
        return false;
    (*left)--;
    int16_t size = wr_cursor_i16(cursor);
    if (cursor->failed || size < 0)
        return false;
    *ret_topic = wr_cursor_take(cursor, (size_t)size);
    return !cursor->failed;
}

static bool open_topics(weir_slice metadata, wr_cursor *ret_cursor, int32_t *ret_count)
{
    *ret_cursor = wr_cursor_of(metadata);
    int16_t version = wr_cursor_i16(ret_cursor);
    *ret_count = wr_cursor_i32(ret_cursor);
    return !ret_cursor->failed && version >= 0 && *ret_count >= 0;
}

bool wr_subscription_names(weir_slice metadata, weir_slice topic)
{
    wr_cursor cursor;
    int32_t left;
    if (!open_topics(metadata, &cursor, &left))
        return false;
    for (weir_slice name; next_topic(&cursor, &left, &name);)
        if (weir_slice_equal(name, topic))
            return true;
    return false;
}

/* ---- two subscriptions compared */

typedef struct name_set {
    weir_slice *names; /* sorted, each once; borrowed from the metadata */
    size_t count;
} name_set;

static int compare_names(const void *a, const void *b)
{
    const weir_slice *x = a, *y = b;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    return x->size ? memcmp(x->data, y->data, x->size) : 0;
}

/* False: the bytes cannot be read, or no memory. */
static bool collect_names(weir_slice metadata, name_set *ret_set)
{
    wr_cursor cursor;
    int32_t left;
    *ret_set = (name_set){0};
    if (!open_topics(metadata, &cursor, &left) || (size_t)left > wr_cursor_left(&cursor) / sizeof(int16_t))
        return false;
    size_t count = 0, kept = 0;
    ret_set->names = malloc(((size_t)left + 1) * sizeof *ret_set->names);
    while (ret_set->names && next_topic(&cursor, &left, &ret_set->names[count]))
        count++;
    if (!ret_set->names || left > 0 || cursor.failed)
        return false;
    qsort(ret_set->names, count, sizeof *ret_set->names, compare_names);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare_names(&ret_set->names[i], &ret_set->names[kept - 1]) != 0)
            ret_set->names[kept++] = ret_set->names[i];
    ret_set->count = kept;
    return true;
}

/* Without memory they count as different, which costs a rebalance. */
bool wr_subscription_same_topics(weir_slice a, weir_slice b)
{
    if (weir_slice_equal(a, b))
        return true;
    name_set x = {0}, y = {0};
    bool same = collect_names(a, &x) && collect_names(b, &y) && x.count == y.count;
    for (size_t i = 0; same && i < x.count; i++)
        same = compare_names(&x.names[i], &y.names[i]) == 0;
    free(x.names);
    free(y.names);
    return same;
}
