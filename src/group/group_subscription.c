/* What a consumer subscribes to, from the metadata it joins with. The group itself never looks inside; only two things
 * need it: which offsets are in use (OffsetDelete, expiry), and whether a static member came back with other topics.
 *
 *     ConsumerProtocolSubscription   version:2  topics: count:4 (length:2 text)*  …what later versions add
 */
#include "group_int.h"

#include <base/buf.h>

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

static bool names_all_of(weir_slice metadata, weir_slice other)
{
    wr_cursor cursor;
    int32_t left;
    if (!open_topics(other, &cursor, &left))
        return false;
    for (weir_slice name; next_topic(&cursor, &left, &name);)
        if (!wr_subscription_names(metadata, name))
            return false;
    return !cursor.failed;
}

bool wr_subscription_same_topics(weir_slice a, weir_slice b)
{
    return weir_slice_equal(a, b) || (names_all_of(a, b) && names_all_of(b, a));
}
