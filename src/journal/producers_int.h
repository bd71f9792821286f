/* What a partition remembers of its idempotent producers, so that a retry is told from a new batch.
 *
 * Of every producer id: its epoch, and the last 5 batches (sequence range and offsets), because a client has at most 5
 * requests in flight. A batch is
 *
 *   a duplicate     its epoch and sequence range are those of a remembered batch: answered with the first offsets
 *   fenced          its epoch is older than the one remembered
 *   out of order    not the sequence after the last one (INT_MAX is followed by 0); or of a new epoch and not 0
 *   taken           else; any sequence where nothing is remembered
 *
 * Ids unused for the expiry time are forgotten; past WR_PRODUCERS_MAX the one unused for longest is.
 *
 * A snapshot is Kafka's file <offset>.snapshot: the state before the batch at that offset. Big-endian:
 *
 *   version:2 = 1   crc32c:4 (of all that follows)   count:4
 *   count times: producer id:8  epoch:2  last sequence:4  last offset:8  offset delta:4  time:8
 *                coordinator epoch:4 = -1  first offset of the open transaction:8 = -1
 *   then weir's own, which Kafka does not read: count times, in the same order:
 *                n:1, n times (oldest first): last sequence:4  last offset:8  offset delta:4
 *
 * Kafka's part holds only the last batch, so that after its restart a retry of the one before is refused; weir's part
 * keeps all. `time` is when the producer was last heard (Kafka: the batch's timestamp, which a client may invent). */
#ifndef WR_PRODUCERS_INT_H
#define WR_PRODUCERS_INT_H

#include "head_int.h"

#include <base/buf.h>

typedef struct wr_producers wr_producers;

enum { WR_PRODUCER_BATCHES = 5, WR_PRODUCERS_MAX = 65536 };

wr_producers *wr_producers_new(void); /* NULL: memory. Small while empty */
void wr_producers_free(wr_producers *producers);
size_t wr_producers_count(const wr_producers *producers);

/* Judge a batch that is to be appended: WEIR_OK (and *ret_duplicate_offset its first base offset, or -1),
 * WEIR_E_FENCED, WEIR_E_RANGE out of order, WEIR_E_FORMAT a producer id without a sequence. */
WEIR_MUST_CHECK weir_err wr_producers_check(const wr_producers *producers, const wr_head *head,
                                            int64_t *ret_duplicate_offset);
/* Room for the producer, so that the next wr_producers_add of it cannot fail. */
WEIR_MUST_CHECK weir_err wr_producers_reserve(wr_producers *producers, int64_t producer_id);
/* Remember a batch that is in the log; a batch without a producer is ignored. */
void wr_producers_add(wr_producers *producers, const wr_head *head, int64_t now_ms);
void wr_producers_expire(wr_producers *producers, int64_t heard_before_ms);

void wr_producers_encode(const wr_producers *producers, wr_buf *out);
/* Fills an empty state. WEIR_E_CORRUPT, WEIR_E_MEMORY: then it is of no use. */
WEIR_MUST_CHECK weir_err wr_producers_decode(wr_producers *producers, weir_slice bytes);

#endif
