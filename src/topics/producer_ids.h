/* Producer ids: never given twice, not even across a power cut.
 *
 * <data>/producer_ids.properties holds `next=<id>`, the first id that no block has covered. A block is taken by writing
 * the file, durably, before its first id is given; a crash wastes the rest of the block. */
#ifndef WR_PRODUCER_IDS_H
#define WR_PRODUCER_IDS_H

#include <io/io.h>

typedef struct wr_producer_ids wr_producer_ids;

/* `directory` is borrowed. */
WEIR_MUST_CHECK weir_err wr_producer_ids_new(wr_io *io, const char *directory, wr_producer_ids **ret_ids);
void wr_producer_ids_free(wr_producer_ids *ids); /* accepts NULL */
/* Errors: WEIR_E_CORRUPT when the file is not readable as such; WEIR_E_IO, WEIR_E_FULL, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_producer_ids_next(wr_producer_ids *ids, int64_t *ret_id);

#endif
