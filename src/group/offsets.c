/* Topics in a map, their partitions in a sorted array; names and metadata are copied (offsets.h). */
#include "offsets.h"

#include <base/array.h>
#include <stdlib.h>

enum { TOPIC_COUNT_MAX = 1 << 20 };

static void metadata_free(weir_slice owned)
{
    free((void *)(uintptr_t)owned.data);
}

void wr_offset_topic_free(wr_offset_topic *topic)
{
    for (size_t i = 0; i < topic->count; i++)
        metadata_free(topic->items[i].metadata);
    free(topic->items);
    free(topic);
}

void wr_offsets_fini(wr_offsets *offsets)
{
    wr_offset_topic *topic;
    for (size_t at = 0; offsets->topics && (topic = wr_map_next(offsets->topics, &at, NULL));)
        wr_offset_topic_free(topic);
    wr_map_free(offsets->topics);
    *offsets = (wr_offsets){0};
}

static size_t position(const wr_offset_topic *topic, int32_t partition)
{
    size_t low = 0, high = topic->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (topic->items[middle].partition < partition)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static wr_offset *item_of(const wr_offset_topic *topic, int32_t partition)
{
    size_t at = topic ? position(topic, partition) : 0;
    return topic && at < topic->count && topic->items[at].partition == partition ? &topic->items[at] : NULL;
}

static wr_offset_topic *topic_of(const wr_offsets *offsets, weir_slice name)
{
    return offsets->topics ? wr_map_find(offsets->topics, name) : NULL;
}

const wr_offset *wr_offsets_find(const wr_offsets *offsets, weir_slice topic, int32_t partition)
{
    return item_of(topic_of(offsets, topic), partition);
}

const wr_offset_topic *wr_offsets_next_topic(const wr_offsets *offsets, size_t *at)
{
    return offsets->topics ? wr_map_next(offsets->topics, at, NULL) : NULL;
}

size_t wr_offsets_topic_count(const wr_offsets *offsets)
{
    return offsets->topics ? wr_map_count(offsets->topics) : 0;
}

static weir_err make_topic(wr_offsets *offsets, weir_slice name, wr_offset_topic **ret_topic)
{
    if (!offsets->topics)
        offsets->topics = wr_map_new(TOPIC_COUNT_MAX, (uintptr_t)offsets);
    wr_offset_topic *topic = offsets->topics ? calloc(1, sizeof *topic + name.size) : NULL;
    if (!topic)
        return WEIR_E_MEMORY;
    memcpy(topic + 1, name.data, name.size);
    topic->name = (weir_slice){(const uint8_t *)(topic + 1), name.size};
    weir_err err = wr_map_add(offsets->topics, name, topic);
    if (err != WEIR_OK) {
        free(topic);
        return err;
    }
    offsets->memory_size += sizeof *topic + name.size;
    *ret_topic = topic;
    return WEIR_OK;
}

wr_offset_topic *wr_offsets_take_topic(wr_offsets *offsets, weir_slice name)
{
    wr_offset_topic *topic = topic_of(offsets, name);
    if (!topic)
        return NULL;
    wr_map_remove(offsets->topics, name);
    offsets->count -= topic->count;
    offsets->memory_size -= sizeof *topic + topic->name.size + topic->count * sizeof *topic->items;
    for (size_t i = 0; i < topic->count; i++)
        offsets->memory_size -= topic->items[i].metadata.size;
    return topic;
}

static void drop_if_empty(wr_offsets *offsets, wr_offset_topic *topic)
{
    if (topic->count > 0)
        return;
    wr_offset_topic_free(wr_offsets_take_topic(offsets, topic->name));
}

static weir_err make_item(wr_offsets *offsets, wr_offset_topic *topic, int32_t partition, wr_offset **ret_item)
{
    weir_err err = WR_ARRAY_RESERVE(topic->items, topic->capacity, topic->count + 1, INT32_MAX);
    if (err != WEIR_OK)
        return err;
    size_t at = position(topic, partition);
    memmove(&topic->items[at + 1], &topic->items[at], (topic->count - at) * sizeof *topic->items);
    topic->items[at] = (wr_offset){.partition = partition};
    topic->count++;
    offsets->count++;
    offsets->memory_size += sizeof(wr_offset);
    *ret_item = &topic->items[at];
    return WEIR_OK;
}

weir_err wr_offsets_put(wr_offsets *offsets, weir_slice topic_name, const wr_offset *value)
{
    uint8_t *metadata = NULL;
    if (value->metadata.size > 0) {
        metadata = malloc(value->metadata.size);
        if (!metadata)
            return WEIR_E_MEMORY;
        memcpy(metadata, value->metadata.data, value->metadata.size);
    }
    wr_offset_topic *topic = topic_of(offsets, topic_name);
    weir_err err = topic ? WEIR_OK : make_topic(offsets, topic_name, &topic);
    if (err != WEIR_OK)
        goto fail;
    wr_offset *item = item_of(topic, value->partition);
    if (!item)
        err = make_item(offsets, topic, value->partition, &item);
    if (err != WEIR_OK) {
        drop_if_empty(offsets, topic);
        goto fail;
    }
    offsets->memory_size += value->metadata.size - item->metadata.size;
    metadata_free(item->metadata);
    *item = *value;
    item->metadata = (weir_slice){metadata, value->metadata.size};
    return WEIR_OK;
fail:
    free(metadata);
    return err;
}

void wr_offset_topic_drop(wr_offset_topic *topic, size_t at)
{
    wr_offset *item = &topic->items[at];
    metadata_free(item->metadata);
    memmove(item, item + 1, (topic->count - at - 1) * sizeof *item);
    topic->count--;
}

bool wr_offsets_remove(wr_offsets *offsets, weir_slice topic_name, int32_t partition)
{
    wr_offset_topic *topic = topic_of(offsets, topic_name);
    wr_offset *item = item_of(topic, partition);
    if (!item)
        return false;
    offsets->memory_size -= sizeof *item + item->metadata.size;
    wr_offset_topic_drop(topic, (size_t)(item - topic->items));
    offsets->count--;
    drop_if_empty(offsets, topic);
    return true;
}
