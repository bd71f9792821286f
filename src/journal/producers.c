/* Idempotent producers: judging and remembering their batches, and the snapshot file (producers_int.h has both). */
#include "producers_int.h"

#include <base/hash.h>
#include <base/list.h>
#include <base/map.h>

#include <assert.h>
#include <stdlib.h>

typedef struct remembered {
    int32_t last_sequence;
    int32_t offset_delta;
    int64_t last_offset;
} remembered;

typedef struct producer {
    wr_link link; /* in order of last_ms */
    int64_t id;
    int64_t last_ms;
    int16_t epoch; /* -1: nothing known yet */
    uint8_t count;
    remembered batches[WR_PRODUCER_BATCHES]; /* oldest first */
} producer;

struct wr_producers {
    wr_map *by_id; /* NULL while there is none */
    wr_list by_age;
    size_t count;
};

enum { SNAPSHOT_VERSION = 1, CRC_AT = 2, CRC_END = 6, ENTRY_SIZE = 46, EPOCH_NONE = -1 };

wr_producers *wr_producers_new(void)
{
    wr_producers *producers = calloc(1, sizeof *producers);
    if (producers)
        wr_list_init(&producers->by_age);
    return producers;
}

static void forget(wr_producers *producers, producer *gone)
{
    wr_link_remove(&gone->link);
    wr_map_remove_i64(producers->by_id, gone->id);
    producers->count--;
    free(gone);
}

static producer *oldest(const wr_producers *producers)
{
    wr_link *first = wr_list_first(&producers->by_age);
    return first ? WR_LIST_ITEM(first, producer, link) : NULL;
}

void wr_producers_free(wr_producers *producers)
{
    if (!producers)
        return;
    for (producer *gone; (gone = oldest(producers));)
        forget(producers, gone);
    wr_map_free(producers->by_id);
    free(producers);
}

size_t wr_producers_count(const wr_producers *producers)
{
    return producers->count;
}

static producer *find(const wr_producers *producers, int64_t id)
{
    return producers->by_id ? wr_map_find_i64(producers->by_id, id) : NULL;
}

/* Sequences run from 0 to INT32_MAX and begin again. */
static int32_t sequence_after(int32_t sequence, int32_t steps)
{
    return (int32_t)(((uint32_t)sequence + (uint32_t)steps) & INT32_MAX);
}

static bool in_sequence(const producer *known, const wr_head *head)
{
    if (known->epoch == EPOCH_NONE)
        return true;
    if (known->epoch != head->producer_epoch)
        return head->base_sequence == 0;
    if (known->count == 0) /* only a transaction marker was seen */
        return true;
    return head->base_sequence == sequence_after(known->batches[known->count - 1].last_sequence, 1);
}

weir_err wr_producers_check(const wr_producers *producers, const wr_head *head, int64_t *ret_duplicate_offset)
{
    *ret_duplicate_offset = -1;
    if (head->producer_id < 0)
        return WEIR_OK;
    bool control = head->attributes & WR_BATCH_CONTROL;
    if (head->producer_epoch < 0 || (!control && head->base_sequence < 0))
        return WEIR_E_FORMAT;
    const producer *known = find(producers, head->producer_id);
    if (!known)
        return WEIR_OK;
    if (head->producer_epoch < known->epoch)
        return WEIR_E_FENCED;
    if (control)
        return WEIR_OK;
    int32_t last_sequence = sequence_after(head->base_sequence, head->last_offset_delta);
    for (int i = 0; head->producer_epoch == known->epoch && i < known->count; i++) {
        const remembered *batch = &known->batches[i];
        if (batch->last_sequence == last_sequence && batch->offset_delta == head->last_offset_delta) {
            *ret_duplicate_offset = batch->last_offset - batch->offset_delta;
            return WEIR_OK;
        }
    }
    return in_sequence(known, head) ? WEIR_OK : WEIR_E_RANGE;
}

weir_err wr_producers_reserve(wr_producers *producers, int64_t producer_id)
{
    if (producer_id < 0 || find(producers, producer_id))
        return WEIR_OK;
    if (!producers->by_id) /* ids are given out by the broker, so no seed is needed against collisions */
        producers->by_id = wr_map_new(WR_PRODUCERS_MAX, 0);
    producer *made = calloc(1, sizeof *made);
    if (!producers->by_id || !made) {
        free(made);
        return WEIR_E_MEMORY;
    }
    if (producers->count == WR_PRODUCERS_MAX)
        forget(producers, oldest(producers));
    made->id = producer_id;
    made->epoch = EPOCH_NONE;
    weir_err err = wr_map_add_i64(producers->by_id, producer_id, made);
    if (err != WEIR_OK) {
        free(made);
        return err;
    }
    wr_list_append(&producers->by_age, &made->link);
    producers->count++;
    return WEIR_OK;
}

static void remember(producer *known, remembered batch)
{
    if (known->count == WR_PRODUCER_BATCHES)
        memmove(known->batches, known->batches + 1, --known->count * sizeof batch);
    known->batches[known->count++] = batch;
}

void wr_producers_add(wr_producers *producers, const wr_head *head, int64_t now_ms)
{
    if (head->producer_id < 0)
        return;
    producer *known = find(producers, head->producer_id);
    assert(known);
    if (known->epoch != head->producer_epoch) {
        known->epoch = head->producer_epoch;
        known->count = 0;
    }
    known->last_ms = now_ms;
    wr_link_remove(&known->link);
    wr_list_append(&producers->by_age, &known->link);
    if (!(head->attributes & WR_BATCH_CONTROL))
        remember(known, (remembered){.last_sequence = sequence_after(head->base_sequence, head->last_offset_delta),
                                     .offset_delta = head->last_offset_delta,
                                     .last_offset = head->last_offset});
}

void wr_producers_expire(wr_producers *producers, int64_t heard_before_ms)
{
    for (producer *first; (first = oldest(producers)) && first->last_ms < heard_before_ms;)
        forget(producers, first);
}

static void encode_entry(const producer *known, wr_buf *out)
{
    const remembered none = {.last_sequence = -1, .last_offset = -1};
    const remembered *last = known->count ? &known->batches[known->count - 1] : &none;
    wr_buf_i64(out, known->id);
    wr_buf_i16(out, known->epoch);
    wr_buf_i32(out, last->last_sequence);
    wr_buf_i64(out, last->last_offset);
    wr_buf_i32(out, last->offset_delta);
    wr_buf_i64(out, known->last_ms);
    wr_buf_i32(out, -1);
    wr_buf_i64(out, -1);
}

void wr_producers_encode(const wr_producers *producers, wr_buf *out)
{
    size_t begin = out->size;
    wr_buf_i16(out, SNAPSHOT_VERSION);
    wr_buf_i32(out, 0);
    wr_buf_i32(out, (int32_t)producers->count);
    const wr_list *list = &producers->by_age;
    for (wr_link *at = wr_list_first(list); at; at = wr_list_next(list, at))
        encode_entry(WR_LIST_ITEM(at, producer, link), out);
    for (wr_link *at = wr_list_first(list); at; at = wr_list_next(list, at)) {
        const producer *known = WR_LIST_ITEM(at, producer, link);
        wr_buf_i8(out, (int8_t)known->count);
        for (int i = 0; i < known->count; i++) {
            wr_buf_i32(out, known->batches[i].last_sequence);
            wr_buf_i64(out, known->batches[i].last_offset);
            wr_buf_i32(out, known->batches[i].offset_delta);
        }
    }
    if (wr_buf_failed(out))
        return;
    uint8_t *bytes = out->data + begin;
    wr_put_i32(bytes + CRC_AT, (int32_t)wr_crc32c(0, bytes + CRC_END, out->size - begin - CRC_END));
}

static bool plausible(const remembered *batch)
{
    return batch->last_sequence >= 0 && batch->offset_delta >= 0 && batch->last_offset >= batch->offset_delta;
}

static weir_err decode_entry(wr_producers *producers, wr_cursor *entries, wr_cursor *more)
{
    int64_t id = wr_cursor_i64(entries);
    int16_t epoch = wr_cursor_i16(entries);
    remembered last = {.last_sequence = wr_cursor_i32(entries)};
    last.last_offset = wr_cursor_i64(entries);
    last.offset_delta = wr_cursor_i32(entries);
    int64_t last_ms = wr_cursor_i64(entries);
    wr_cursor_take(entries, 12); /* transactions */
    if (entries->failed || id < 0 || find(producers, id))
        return WEIR_E_CORRUPT;
    weir_err err = wr_producers_reserve(producers, id);
    if (err != WEIR_OK)
        return err;
    producer *known = find(producers, id);
    known->epoch = epoch;
    known->last_ms = last_ms;
    if (wr_cursor_left(more) == 0) { /* a snapshot that Kafka wrote */
        if (plausible(&last))
            remember(known, last);
        return WEIR_OK;
    }
    uint8_t count = (uint8_t)wr_cursor_i8(more);
    if (count > WR_PRODUCER_BATCHES)
        return WEIR_E_CORRUPT;
    for (int i = 0; i < count; i++) {
        remembered batch = {.last_sequence = wr_cursor_i32(more)};
        batch.last_offset = wr_cursor_i64(more);
        batch.offset_delta = wr_cursor_i32(more);
        if (more->failed || !plausible(&batch))
            return WEIR_E_CORRUPT;
        remember(known, batch);
    }
    return WEIR_OK;
}

weir_err wr_producers_decode(wr_producers *producers, weir_slice bytes)
{
    assert(producers->count == 0);
    wr_cursor entries = wr_cursor_of(bytes);
    int16_t version = wr_cursor_i16(&entries);
    uint32_t crc = (uint32_t)wr_cursor_i32(&entries);
    int32_t count = wr_cursor_i32(&entries);
    if (entries.failed || version != SNAPSHOT_VERSION || count < 0 || count > WR_PRODUCERS_MAX ||
        wr_crc32c(0, bytes.data + CRC_END, bytes.size - CRC_END) != crc)
        return WEIR_E_CORRUPT;
    wr_cursor more = entries;
    wr_cursor_take(&more, (size_t)count * ENTRY_SIZE);
    if (more.failed)
        return WEIR_E_CORRUPT;
    weir_err err = WEIR_OK;
    for (int32_t i = 0; i < count && err == WEIR_OK; i++)
        err = decode_entry(producers, &entries, &more);
    return err;
}
