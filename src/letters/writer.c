/* One idempotent producer, whose deliveries come back by their cookies: a wr_written of the caller's, or none for a
 * mark, of which only the first failure is kept. */
#include "writer.h"

#include <base/array.h>
#include <base/uuid.h>

#include <stdio.h>
#include <stdlib.h>

enum { POLL_MS = 100, MARGIN_MS = 5000, PENDING_MAX = 1000000, MARK_SIZE_MAX = 64 << 20, PARTITIONS_MAX = 1000000 };

struct wr_writer {
    wr_scan scan;
    wr_producer *producer;
    weir_arena *arena;  /* of a mark that is made */
    weir_failure marks; /* of the first one that failed */
    int64_t *ends;      /* of marks, by partition */
    size_t end_count;
};

/* ---- gathering */

void wr_pending_fini(wr_pending *pending)
{
    free(pending->items);
    *pending = (wr_pending){0};
}

weir_err wr_pending_add(wr_pending *pending, int32_t partition, int64_t offset)
{
    weir_err err = WR_ARRAY_RESERVE(pending->items, pending->capacity, pending->count + 1, PENDING_MAX);
    if (err == WEIR_OK)
        pending->items[pending->count++] = (wr_place_in){partition, offset};
    return err;
}

static int by_place(const void *a, const void *b)
{
    const wr_place_in *left = a, *right = b;
    int order = (left->partition > right->partition) - (left->partition < right->partition);
    return order ? order : (left->offset > right->offset) - (left->offset < right->offset);
}

/* ---- the writer */

static int delivery_ms(const wr_scan *scan)
{
    return scan->timeout_ms < WR_DELIVERY_MAX_MS ? scan->timeout_ms : WR_DELIVERY_MAX_MS;
}

weir_err wr_writer_new(const wr_scan *scan, wr_writer **ret_writer, weir_failure *failure)
{
    wr_writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a writer");
    writer->scan = *scan;
    writer->arena = weir_arena_new(MARK_SIZE_MAX);
    wr_producer_options options = {
        .delivery_timeout_ms = delivery_ms(scan), .size_max = WR_WRITTEN_SIZE_MAX, .keyless_together = true};
    weir_err err = writer->arena ? wr_producer_new(scan->client, &options, &writer->producer, failure)
                                 : weir_fail(failure, WEIR_E_MEMORY, "no memory for a writer");
    if (err != WEIR_OK)
        wr_writer_free(writer);
    else
        *ret_writer = writer;
    return err;
}

void wr_writer_free(wr_writer *writer)
{
    if (!writer)
        return;
    wr_producer_free(writer->producer);
    weir_arena_free(writer->arena);
    free(writer->ends);
    free(writer);
}

static void on_delivery(void *user, const wr_delivery *delivery)
{
    wr_writer *writer = user;
    wr_written *written = delivery->cookie;
    if (written) {
        *written = (wr_written){.is_done = true,
                                .err = delivery->err,
                                .is_unsent = (delivery->err == WEIR_E_REFUSED || delivery->err == WEIR_E_LIMIT) &&
                                             !delivery->may_be_written,
                                .partition = delivery->partition,
                                .offset = delivery->offset};
        snprintf(written->reason, sizeof written->reason, "%s", delivery->reason);
    } else if (delivery->err == WEIR_OK) {
        if ((size_t)delivery->partition < writer->end_count && writer->ends[delivery->partition] <= delivery->offset)
            writer->ends[delivery->partition] = delivery->offset + 1;
    } else if (writer->marks.err == WEIR_OK) {
        weir_fail(&writer->marks, delivery->err, "what was done could not be noted: %.150s",
                  delivery->reason[0] ? delivery->reason : weir_err_name(delivery->err));
    }
}

/* A queue that is full empties while it is polled. */
static weir_err send(wr_writer *writer, const wr_client_record *record, void *cookie)
{
    weir_err err = WEIR_E_AGAIN;
    int64_t begun_us = wr_mono_us(writer->scan.io);
    while (err == WEIR_E_AGAIN) {
        err = wr_producer_send(writer->producer, record, cookie);
        if (err != WEIR_E_AGAIN)
            break;
        wr_producer_poll(writer->producer, POLL_MS, on_delivery, writer);
        if (wr_mono_us(writer->scan.io) - begun_us > (int64_t)(delivery_ms(&writer->scan) + MARGIN_MS) * 1000)
            err = WEIR_E_TIMEOUT;
    }
    return err;
}

void wr_writer_send(wr_writer *writer, const wr_client_record *record, wr_written *ret_written)
{
    *ret_written = (wr_written){0};
    weir_err err = send(writer, record, ret_written);
    if (err == WEIR_OK)
        return;
    *ret_written = (wr_written){.is_done = true, .err = err, .is_unsent = true, .offset = -1};
    snprintf(ret_written->reason, sizeof ret_written->reason, "%s", weir_err_name(err));
}

/* The letters from *at on that one mark can name, of one partition. */
static size_t fill_ranges(const wr_pending *of, size_t at, wr_range ranges[WR_MARK_RANGES_MAX], size_t *ret_next)
{
    size_t count = 0;
    int32_t partition = of->items[at].partition;
    for (; at < of->count && of->items[at].partition == partition; at++) {
        int64_t offset = of->items[at].offset;
        if (count && ranges[count - 1].last + 1 >= offset)
            ranges[count - 1].last = offset;
        else if (count == WR_MARK_RANGES_MAX)
            break;
        else
            ranges[count++] = (wr_range){.first = offset, .last = offset};
    }
    *ret_next = at;
    return count;
}

static weir_err make_room(wr_writer *writer, int32_t partition)
{
    size_t before = writer->end_count, capacity = before;
    if ((size_t)partition < before)
        return WEIR_OK;
    weir_err err = WR_ARRAY_RESERVE(writer->ends, capacity, (size_t)partition + 1, PARTITIONS_MAX);
    if (err != WEIR_OK)
        return err;
    memset(writer->ends + before, 0, (capacity - before) * sizeof *writer->ends);
    writer->end_count = capacity;
    return WEIR_OK;
}

int64_t wr_writer_marks_end(const wr_writer *writer, int32_t partition)
{
    return (size_t)partition < writer->end_count ? writer->ends[partition] : 0;
}

static weir_err send_mark(wr_writer *writer, const wr_mark *mark, const char *topic, int32_t partition,
                          weir_failure *failure)
{
    char id[WR_UUID_TEXT_SIZE];
    uint8_t random[10];
    int64_t now_ms = wr_now_ms(writer->scan.io);
    wr_random(writer->scan.io, random, sizeof random);
    wr_uuid uuid = wr_uuid_v7(now_ms, random);
    wr_uuid_print(&uuid, id);
    wr_client_record record;
    weir_arena_reset(writer->arena);
    weir_err err = wr_mark_write(mark, topic, partition, id, now_ms, writer->arena, &record);
    if (err == WEIR_OK)
        err = make_room(writer, partition);
    if (err == WEIR_OK)
        err = send(writer, &record, NULL);
    return err == WEIR_OK
               ? err
               : weir_fail(failure, err, "what was done could not be noted in %.100s: %s", topic, weir_err_name(err));
}

weir_err wr_writer_mark(wr_writer *writer, const wr_mark *mark, const char *topic, wr_pending *of,
                        weir_failure *failure)
{
    wr_range *ranges = malloc(WR_MARK_RANGES_MAX * sizeof *ranges);
    weir_err err = ranges ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for marks");
    if (of->count)
        qsort(of->items, of->count, sizeof *of->items, by_place);
    for (size_t at = 0; at < of->count && err == WEIR_OK;) {
        wr_mark one = *mark;
        int32_t partition = of->items[at].partition;
        one.ranges = ranges;
        one.range_count = fill_ranges(of, at, ranges, &at);
        err = send_mark(writer, &one, topic, partition, failure);
    }
    free(ranges);
    of->count = 0;
    return err;
}

weir_err wr_writer_wait(wr_writer *writer, weir_failure *failure)
{
    int64_t begun_us = wr_mono_us(writer->scan.io);
    weir_err err = WEIR_OK;
    while (err == WEIR_OK && wr_producer_pending(writer->producer)) {
        wr_producer_poll(writer->producer, POLL_MS, on_delivery, writer);
        int64_t waited_us = wr_mono_us(writer->scan.io) - begun_us;
        if (waited_us > (int64_t)(delivery_ms(&writer->scan) + MARGIN_MS) * 1000)
            err = weir_fail(failure, WEIR_E_TIMEOUT, "no answer in %d s to what was written",
                            (delivery_ms(&writer->scan) + MARGIN_MS) / 1000);
    }
    if (err == WEIR_OK && writer->marks.err != WEIR_OK) {
        err = writer->marks.err;
        if (failure)
            *failure = writer->marks;
        writer->marks = (weir_failure){0};
    }
    return err;
}
