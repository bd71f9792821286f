/* Writing and reading weir.checkpoint and weir.synced, byte for byte as checkpoint_int.h describes them, and the list of
 * leader epochs that the checkpoint carries. */
#include "checkpoint_int.h"

#include <base/hash.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { CRC_LINE_SIZE = 16 }; /* "crc32c 00000000\n" */

static const char first_line[] = "weir log 1";

static const wr_epoch *items_of(const wr_epochs *epochs)
{
    return epochs->items ? epochs->items : &epochs->first;
}

void wr_checkpoint_encode(const wr_checkpoint *checkpoint, const wr_epochs *epochs, wr_buf *out)
{
    size_t begin = out->size;
    wr_buf_printf(out, "%s\nstart %" PRId64 "\nproducers %" PRId64 " %" PRId64 "\n", first_line,
                  checkpoint->start_offset, checkpoint->producers_offset, checkpoint->producers_count);
    for (size_t i = 0; i < epochs->count; i++)
        wr_buf_printf(out, "epoch %" PRId32 " %" PRId64 "\n", items_of(epochs)[i].epoch,
                      items_of(epochs)[i].first_offset);
    for (size_t i = 0; i < checkpoint->segment_count; i++) {
        const wr_mark *mark = &checkpoint->segments[i].mark;
        wr_buf_printf(out,
                      "segment %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %08" PRIx32
                      " %" PRId64 " %08" PRIx32 "\n",
                      checkpoint->segments[i].base_offset, mark->end_offset, mark->size, mark->max_time,
                      mark->max_time_offset, mark->index_size, mark->index_crc, mark->times_size, mark->times_crc);
    }
    if (!wr_buf_failed(out))
        wr_buf_printf(out, "crc32c %08" PRIx32 "\n", wr_crc32c(0, out->data + begin, out->size - begin));
}

/* Splits the next line off *text; NULL at the end. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (!end)
        return NULL;
    *end = '\0';
    *text = end + 1;
    return line;
}

static size_t lines_that_begin(const char *text, const char *word)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        count++;
    return count;
}

/* NOLINTBEGIN(cert-err34-c): sscanf does not tell of overflow, but only what we printed has the right CRC */
static bool decode_segment(const char *line, wr_checkpoint *checkpoint)
{
    wr_checkpoint_segment *segment = &checkpoint->segments[checkpoint->segment_count];
    wr_mark *mark = &segment->mark;
    if (sscanf(line,
               "segment %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNx32 " %" SCNd64
               " %" SCNx32,
               &segment->base_offset, &mark->end_offset, &mark->size, &mark->max_time, &mark->max_time_offset,
               &mark->index_size, &mark->index_crc, &mark->times_size, &mark->times_crc) != 9)
        return false;
    bool follows = checkpoint->segment_count == 0 || segment[-1].mark.end_offset == segment->base_offset;
    bool holds = segment->base_offset >= 0 && mark->end_offset >= segment->base_offset && mark->size >= 0 &&
                 mark->size <= INT32_MAX && mark->index_size >= 0 && mark->times_size >= 0 &&
                 mark->index_size <= INT32_MAX && mark->times_size <= INT32_MAX;
    checkpoint->segment_count++;
    return follows && holds;
}

static weir_err decode_lines(char *text, weir_arena *arena, wr_epochs *epochs, wr_checkpoint *checkpoint)
{
    size_t segment_count = lines_that_begin(text, "\nsegment "), found = 0;
    checkpoint->segments = weir_arena_array(arena, segment_count ? segment_count : 1, sizeof *checkpoint->segments);
    if (!checkpoint->segments)
        return WEIR_E_MEMORY;
    char *line = next_line(&text);
    if (!line || strcmp(line, first_line) != 0)
        return WEIR_E_CORRUPT;
    while ((line = next_line(&text))) {
        wr_epoch epoch;
        if (sscanf(line, "epoch %" SCNd32 " %" SCNd64, &epoch.epoch, &epoch.first_offset) == 2) {
            weir_err err = wr_epochs_add(epochs, epoch.epoch, epoch.first_offset);
            if (err != WEIR_OK)
                return err;
        } else if (strncmp(line, "segment ", 8) == 0) {
            if (!decode_segment(line, checkpoint))
                return WEIR_E_CORRUPT;
        } else if (sscanf(line, "start %" SCNd64, &checkpoint->start_offset) == 1) {
            found |= 1;
        } else if (sscanf(line, "producers %" SCNd64 " %" SCNd64, &checkpoint->producers_offset,
                          &checkpoint->producers_count) == 2) {
            found |= 2;
        } else {
            return WEIR_E_CORRUPT;
        }
    }
    return found == 3 && checkpoint->start_offset >= 0 ? WEIR_OK : WEIR_E_CORRUPT;
}
/* NOLINTEND(cert-err34-c) */

weir_err wr_checkpoint_decode(weir_slice bytes, weir_arena *arena, wr_epochs *epochs, wr_checkpoint *ret_checkpoint)
{
    if (bytes.size < CRC_LINE_SIZE || memchr(bytes.data, 0, bytes.size))
        return WEIR_E_CORRUPT;
    bytes.size -= CRC_LINE_SIZE;
    char crc_line[CRC_LINE_SIZE + 1];
    snprintf(crc_line, sizeof crc_line, "crc32c %08" PRIx32 "\n", wr_crc32c(0, bytes.data, bytes.size));
    if (memcmp(bytes.data + bytes.size, crc_line, CRC_LINE_SIZE) != 0)
        return WEIR_E_CORRUPT;
    char *text = weir_arena_dup_text(arena, bytes);
    if (!text)
        return WEIR_E_MEMORY;
    wr_checkpoint checkpoint = {0};
    weir_err err = decode_lines(text, arena, epochs, &checkpoint);
    if (err == WEIR_OK)
        *ret_checkpoint = checkpoint;
    return err;
}

void wr_synced_encode(int64_t offset, uint8_t ret_bytes[WR_SYNCED_SIZE])
{
    memcpy(ret_bytes, "weir", 4);
    wr_put_i64(ret_bytes + 4, offset);
    wr_put_i32(ret_bytes + 12, (int32_t)wr_crc32c(0, ret_bytes, 12));
}

bool wr_synced_decode(const uint8_t bytes[WR_SYNCED_SIZE], int64_t *ret_offset)
{
    int64_t offset = wr_get_i64(bytes + 4);
    if (memcmp(bytes, "weir", 4) != 0 || (uint32_t)wr_get_i32(bytes + 12) != wr_crc32c(0, bytes, 12) || offset < 0)
        return false;
    *ret_offset = offset;
    return true;
}

/* ---- leader epochs */

weir_err wr_epochs_add(wr_epochs *epochs, int32_t epoch, int64_t first_offset)
{
    if (epochs->count == 0) {
        epochs->first = (wr_epoch){epoch, first_offset};
        epochs->count = 1;
        return WEIR_OK;
    }
    if (!epochs->items) {
        epochs->items = calloc(WR_EPOCHS_MAX, sizeof *epochs->items);
        if (!epochs->items)
            return WEIR_E_MEMORY;
        epochs->items[0] = epochs->first;
    }
    if (epochs->items[epochs->count - 1].first_offset == first_offset) /* nothing was written in that one */
        epochs->count--;
    if (epochs->count == WR_EPOCHS_MAX)
        memmove(epochs->items, epochs->items + 1, --epochs->count * sizeof *epochs->items);
    epochs->items[epochs->count++] = (wr_epoch){epoch, first_offset};
    return WEIR_OK;
}

void wr_epochs_fini(wr_epochs *epochs)
{
    free(epochs->items);
    *epochs = (wr_epochs){0};
}

bool wr_epochs_truncate(wr_epochs *epochs, int64_t end_offset)
{
    size_t count = epochs->count;
    while (epochs->count > 0 && items_of(epochs)[epochs->count - 1].first_offset > end_offset)
        epochs->count--;
    return epochs->count < count;
}

int32_t wr_epochs_last(const wr_epochs *epochs)
{
    return epochs->count ? items_of(epochs)[epochs->count - 1].epoch : -1;
}

bool wr_epochs_match(const wr_epochs *epochs, int64_t offset, int32_t epoch)
{
    const wr_epoch *items = items_of(epochs);
    for (size_t i = epochs->count; i-- > 0;)
        if (items[i].first_offset <= offset)
            return items[i].epoch == epoch;
    return true;
}

void wr_epochs_encode(const wr_epochs *epochs, wr_buf *out)
{
    wr_buf_printf(out, "0\n%zu\n", epochs->count);
    for (size_t i = 0; i < epochs->count; i++)
        wr_buf_printf(out, "%" PRId32 " %" PRId64 "\n", items_of(epochs)[i].epoch, items_of(epochs)[i].first_offset);
}
