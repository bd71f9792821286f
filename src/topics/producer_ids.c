/* Blocks of producer ids, taken from the file one at a time (producer_ids.h). */
#include "producer_ids.h"

#include "properties.h"
#include "topic_files.h"

#include <base/text.h>

#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_SIZE = 1000, FILE_SIZE_MAX = 4096 };

struct wr_producer_ids {
    wr_loop *loop;
    wr_io *io;
    const char *directory;
    const wr_trace *trace;
    bool is_failing;   /* and that was said */
    int64_t next, end; /* of the block; equal: none left */
    wr_list waits;     /* wr_producer_id_wait */
    bool taking;       /* a block, beside the loop */
    bool closing;
    int64_t taken; /* by the worker: where the new block begins */
    wr_work_order order;
};

weir_err wr_producer_ids_new(wr_loop *loop, const char *directory, const wr_trace *trace, wr_producer_ids **ret_ids)
{
    wr_producer_ids *ids = calloc(1, sizeof *ids);
    if (!ids)
        return WEIR_E_MEMORY;
    ids->loop = loop;
    ids->io = wr_loop_io(loop);
    wr_list_init(&ids->waits);
    ids->directory = directory;
    ids->trace = trace;
    *ret_ids = ids;
    return WEIR_OK;
}

void wr_producer_ids_free(wr_producer_ids *ids)
{
    if (!ids)
        return;
    ids->closing = true;
    wr_loop_work_cancel(ids->loop, &ids->order);
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
        if (!wr_properties_hold(text) || !wr_properties_get(text, "next", value, sizeof value) ||
            wr_number_parse(value, 0, INT64_MAX - BLOCK_SIZE, &next) != WEIR_OK)
            err = WEIR_E_CORRUPT;
    } else if (err == WEIR_E_NOT_FOUND) {
        err = WEIR_OK;
    }
    weir_arena_free(arena);
    if (err == WEIR_OK)
        *ret_next = next;
    return err;
}

/* On a worker. */
static weir_err take_block(void *user)
{
    wr_producer_ids *ids = user;
    char path[WR_PATH_SIZE], text[64];
    snprintf(path, sizeof path, "%s/producer_ids.properties", ids->directory);
    int64_t next;
    weir_err err = read_next(ids, path, &next);
    if (err != WEIR_OK)
        return err;
    snprintf(text, sizeof text, "next=%lld\n", (long long)next + BLOCK_SIZE);
    err = wr_properties_write(ids->io, path, weir_slice_of(text));
    if (err == WEIR_OK)
        ids->taken = next;
    return err;
}

static void block_taken(void *user, weir_err err);

static weir_err start_taking(wr_producer_ids *ids)
{
    weir_err err = wr_loop_work(ids->loop, &ids->order, take_block, block_taken, ids);
    ids->taking = err == WEIR_OK;
    return err;
}

static void tell(wr_producer_ids *ids, weir_err err)
{
    if (err != WEIR_OK && !ids->is_failing)
        wr_trace_log(
            ids->trace, WR_ERROR,
            err == WEIR_E_CORRUPT
                ? "producer_ids.properties is damaged: no idempotent producer can begin; set next= to a number "
                  "above every producer id that was ever given, in a file without the line of its checksum"
                : "no producer ids: producer_ids.properties cannot be read or written; it is tried again",
            WR_TEXT("directory", ids->directory), WR_TEXT("error", weir_err_name(err)));
    ids->is_failing = err != WEIR_OK;
}

static void block_taken(void *user, weir_err err)
{
    wr_producer_ids *ids = user;
    ids->taking = false;
    if (ids->closing)
        return;
    tell(ids, err);
    if (err == WEIR_OK) {
        ids->next = ids->taken;
        ids->end = ids->taken + BLOCK_SIZE;
    }
    for (wr_link *link; (link = wr_list_first(&ids->waits));) {
        if (err == WEIR_OK && ids->next == ids->end) {
            err = start_taking(ids); /* more wait than a block has */
            if (err == WEIR_OK)
                return;
        }
        wr_link_remove(link);
        wr_producer_id_wait *wait = WR_LIST_ITEM(link, wr_producer_id_wait, link);
        wait->done(wait->user, err, err == WEIR_OK ? ids->next++ : -1);
    }
}

weir_err wr_producer_ids_next(wr_producer_ids *ids, int64_t *ret_id, wr_producer_id_wait *wait,
                              void (*done)(void *user, weir_err err, int64_t id), void *user)
{
    if (ids->next < ids->end && !ids->taking) {
        *ret_id = ids->next++;
        return WEIR_OK;
    }
    weir_err err = ids->taking ? WEIR_OK : start_taking(ids);
    if (err != WEIR_OK)
        return err;
    wait->done = done;
    wait->user = user;
    wr_list_append(&ids->waits, &wait->link);
    return WEIR_E_AGAIN;
}
