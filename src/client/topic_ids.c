/* Metadata (api key 3) in version 10, the first with ids of topics (Apache Kafka 2.8). Integers are big-endian; u is an
 * unsigned varint, 7 bits a byte, the lowest first, the high bit for "more follows". A compact string is u size + 1 and
 * bytes, 0 for null; a compact array is u count + 1 and items; tags are u count and as many of u tag, u size, bytes.
 *
 *   request   size i32 | key i16 = 3 | version i16 = 10 | correlation i32 | client id: size i16, bytes | tags
 *             topics, compact array: id 16 bytes of 0 | name compact string | tags
 *             allow creation bool = 0 | two more bools = 0 | tags
 *   answer    size i32 | correlation i32 | tags | throttle i32
 *             brokers, compact array: id i32 | host | port i32 | rack | tags
 *             cluster id | controller i32
 *             topics, compact array: error i16 | name | id 16 bytes | internal bool
 *                  partitions, compact array: error i16 | index i32 | leader i32 | epoch i32
 *                       three compact arrays of i32 | tags
 *                  operations i32 | tags
 *             operations i32 | tags */
#include "topic_ids.h"

#include <string.h>

enum { API_METADATA = 3, VERSION = 10, ID_SIZE = 16, ITEM_COUNT_MAX = 1 << 20 };

/* ---- request */

static void put_unsigned(wr_buf *out, uint32_t value)
{
    for (; value >= 0x80; value >>= 7)
        wr_buf_i8(out, (int8_t)(value | 0x80));
    wr_buf_i8(out, (int8_t)value);
}

void wr_topic_ids_encode(int32_t correlation_id, const char *const *topics, size_t count, wr_buf *out)
{
    static const uint8_t no_id[ID_SIZE];
    static const char client[] = "weir-topic-ids";
    size_t size = 2 + 2 + 4 + 2 + strlen(client) + 1 + 3 + 1;
    for (uint32_t left = (uint32_t)count + 1; left; left >>= 7)
        size++;
    for (size_t i = 0; i < count; i++) {
        size += ID_SIZE + strlen(topics[i]) + 1;
        for (uint32_t left = (uint32_t)strlen(topics[i]) + 1; left; left >>= 7)
            size++;
    }
    wr_buf_i32(out, (int32_t)size);
    wr_buf_i16(out, API_METADATA);
    wr_buf_i16(out, VERSION);
    wr_buf_i32(out, correlation_id);
    wr_buf_i16(out, (int16_t)strlen(client));
    wr_buf_text(out, client);
    put_unsigned(out, 0);
    put_unsigned(out, (uint32_t)count + 1);
    for (size_t i = 0; i < count; i++) {
        wr_buf_append(out, no_id, ID_SIZE);
        put_unsigned(out, (uint32_t)strlen(topics[i]) + 1);
        wr_buf_text(out, topics[i]);
        put_unsigned(out, 0);
    }
    for (int i = 0; i < 3; i++)
        wr_buf_i8(out, 0);
    put_unsigned(out, 0);
}

/* ---- answer: after a fault nothing more is read, and every number is 0 */

typedef struct cursor {
    const uint8_t *at;
    size_t left;
    bool has_failed;
} cursor;

static const uint8_t *take(cursor *in, size_t size)
{
    if (in->has_failed || size > in->left) {
        in->has_failed = true;
        return NULL;
    }
    const uint8_t *bytes = in->at;
    in->at += size;
    in->left -= size;
    return bytes;
}

static uint32_t take_number(cursor *in, size_t size)
{
    const uint8_t *bytes = take(in, size);
    uint32_t value = 0;
    for (size_t i = 0; bytes && i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint32_t take_unsigned(cursor *in)
{
    uint32_t value = 0;
    for (int shift = 0; shift < 35; shift += 7) {
        const uint8_t *byte = take(in, 1);
        if (!byte)
            return 0;
        value |= (uint32_t)(*byte & 0x7f) << shift;
        if (!(*byte & 0x80))
            return value;
    }
    in->has_failed = true;
    return 0;
}

static weir_slice take_string(cursor *in)
{
    uint32_t size = take_unsigned(in);
    if (size == 0)
        return (weir_slice){0};
    const uint8_t *bytes = take(in, size - 1);
    return (weir_slice){bytes, bytes ? size - 1 : 0};
}

static uint32_t take_count(cursor *in)
{
    uint32_t count = take_unsigned(in);
    if (count > ITEM_COUNT_MAX)
        in->has_failed = true;
    return in->has_failed || count == 0 ? 0 : count - 1;
}

static void skip_tags(cursor *in)
{
    for (uint32_t count = take_unsigned(in); count && !in->has_failed; count--) {
        take_unsigned(in);
        take(in, take_unsigned(in));
    }
}

static void skip_partitions(cursor *in)
{
    for (uint32_t count = take_count(in); count && !in->has_failed; count--) {
        take(in, 2 + 4 + 4 + 4);
        for (int i = 0; i < 3; i++)
            take(in, (size_t)4 * take_count(in));
        skip_tags(in);
    }
}

static void read_topic(cursor *in, const char *const *topics, size_t count, wr_topic_id *ids)
{
    uint32_t error = take_number(in, 2);
    weir_slice name = take_string(in);
    const uint8_t *id = take(in, ID_SIZE);
    take(in, 1);
    skip_partitions(in);
    take(in, 4);
    skip_tags(in);
    bool is_told = !in->has_failed && !error && name.data && id;
    for (size_t i = 0; i < count && is_told; i++)
        if (strlen(topics[i]) == name.size && memcmp(topics[i], name.data, name.size) == 0)
            memcpy(ids[i].bytes, id, ID_SIZE);
}

weir_err wr_topic_ids_decode(weir_slice answer, int32_t correlation_id, const char *const *topics, size_t count,
                             wr_topic_id *ret_ids)
{
    cursor in = {answer.data, answer.size, count > WR_TOPIC_IDS_MAX};
    wr_topic_id ids[WR_TOPIC_IDS_MAX] = {0};
    if (take_number(&in, 4) != (uint32_t)correlation_id)
        return WEIR_E_FORMAT;
    skip_tags(&in);
    take(&in, 4);
    for (uint32_t brokers = take_count(&in); brokers && !in.has_failed; brokers--) {
        take(&in, 4);
        take_string(&in);
        take(&in, 4);
        take_string(&in);
        skip_tags(&in);
    }
    take_string(&in);
    take(&in, 4);
    for (uint32_t found = take_count(&in); found && !in.has_failed; found--)
        read_topic(&in, topics, count, ids);
    take(&in, 4);
    skip_tags(&in);
    if (in.has_failed || in.left)
        return WEIR_E_FORMAT;
    memcpy(ret_ids, ids, count * sizeof(ids[0]));
    return WEIR_OK;
}
