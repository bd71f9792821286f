/* Blocks of producer ids, taken from the file one at a time (producer_ids.h). */
#include "producer_ids.h"

#include "properties.h"
#include "topic_files.h"

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 1000, FILE_SIZE_MAX = 4096 };

struct wr_producer_ids {
    wr_io *io;
    const char *directory;
    int64_t next, end; /* of the block; equal: none left */
};

weir_err wr_producer_ids_new(wr_io *io, const char *directory, wr_producer_ids **ret_ids)
{
    wr_producer_ids *ids = calloc(1, sizeof *ids);
    if (!ids)
        return WEIR_E_MEMORY;
    ids->io = io;
    ids->directory = directory;
    *ret_ids = ids;
    return WEIR_OK;
}

void wr_producer_ids_free(wr_producer_ids *ids)
{
    free(ids);
}

static weir_err read_next(const wr_producer_ids *ids, const char *path, int64_t *ret_next)
{
    weir_arena *arena = weir_arena_new(FILE_SIZE_MAX * 2);
    if (!arena)
        return WEIR_E_MEMORY;
    weir_slice text;
    char value[32];
    int64_t next = 0;
    weir_err err = wr_path_read(ids->io, path, FILE_SIZE_MAX, arena, &text);
    if (err == WEIR_OK) {
        char *end = value;
        if (wr_properties_get(text, "next", value, sizeof value))
            next = strtoll(value, &end, 10);
        if (!wr_properties_hold(text) || end == value || *end != '\0' || next < 0 || next > INT64_MAX - BLOCK_SIZE)
            err = WEIR_E_CORRUPT;
    } else if (err == WEIR_E_NOT_FOUND) {
        err = WEIR_OK;
    }
    weir_arena_free(arena);
    if (err == WEIR_OK)
        *ret_next = next;
    return err;
}

static weir_err take_block(wr_producer_ids *ids)
{
    char path[WR_PATH_SIZE], text[64];
    snprintf(path, sizeof path, "%s/producer_ids.properties", ids->directory);
    int64_t next;
    weir_err err = read_next(ids, path, &next);
    if (err != WEIR_OK)
        return err;
    snprintf(text, sizeof text, "next=%lld\n", (long long)next + BLOCK_SIZE);
    err = wr_properties_write(ids->io, path, weir_slice_of(text));
    if (err != WEIR_OK)
        return err;
    ids->next = next;
    ids->end = next + BLOCK_SIZE;
    return WEIR_OK;
}

weir_err wr_producer_ids_next(wr_producer_ids *ids, int64_t *ret_id)
{
    weir_err err = ids->next == ids->end ? take_block(ids) : WEIR_OK;
    if (err == WEIR_OK)
        *ret_id = ids->next++;
    return err;
}
