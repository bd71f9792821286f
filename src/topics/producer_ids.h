/* Producer ids: never given twice, not even across a power cut.
 *
 * <data>/producer_ids.properties holds `next=<id>`, the first id that no block has covered. A block is taken by writing
 * the file, durably and beside the loop, before its first id is given; a crash wastes the rest of the block. Whoever asks
 * meanwhile waits. */
#ifndef WR_PRODUCER_IDS_H
#define WR_PRODUCER_IDS_H

#include <base/list.h>
#include <base/trace.h>
#include <io/loop.h>

typedef struct wr_producer_ids wr_producer_ids;

/* `directory` and `trace` are borrowed. A block that cannot be taken is said once, until one is taken again. */
WEIR_MUST_CHECK weir_err wr_producer_ids_new(wr_loop *loop, const char *directory, const wr_trace *trace,
                                             wr_producer_ids **ret_ids);
/* Accepts NULL. Waits for a block that is being taken; who waits for an id is not told. */
void wr_producer_ids_free(wr_producer_ids *ids);
/* Caller's storage, zeroed, until done. */
typedef struct wr_producer_id_wait {
    wr_link link;
    void (*done)(void *user, weir_err err, int64_t id);
    void *user;
} wr_producer_id_wait;

/* The next id; WEIR_E_AGAIN: done will be called, once, by the loop, with an id or an error.
 * Errors: WEIR_E_CORRUPT when the file is not readable as such; WEIR_E_IO, WEIR_E_FULL, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_producer_ids_next(wr_producer_ids *ids, int64_t *ret_id, wr_producer_id_wait *wait,
                                              void (*done)(void *user, weir_err err, int64_t id), void *user);

#endif
