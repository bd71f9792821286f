/* A partition: its log, who waits for its data to be durable, and who watches it for new data.
 *
 *   start ............ high watermark ............ end
 *     readable by consumers    appended, not shown yet (flush=acks: not yet on the disk)
 *
 * A damaged partition (its log could not be opened) is there, but closed: offsets and size are 0 and calls answer
 * WEIR_E_BROKEN. A broken one failed to sync: it is read, and accepts nothing more. One that could not be written because
 * there was no room, no descriptor or an error of the disk is tried again by later appends. */
#ifndef WR_PARTITION_H
#define WR_PARTITION_H

#include <base/buf.h>
#include <base/list.h>
#include <weir/bytes.h>

typedef struct wr_topic wr_topic; /* topic.h */
typedef struct wr_partition wr_partition;

enum { WR_LEADER_EPOCH = 0 }; /* one node: nobody else ever led */

int32_t wr_partition_index(const wr_partition *partition);
bool wr_partition_closed(const wr_partition *partition); /* damaged */
bool wr_partition_broken(const wr_partition *partition); /* or damaged */
bool wr_partition_waits(const wr_partition *partition);  /* closed for a reason that passes: opened again later */
int64_t wr_partition_start_offset(const wr_partition *partition);
int64_t wr_partition_high_watermark(const wr_partition *partition);
int64_t wr_partition_end_offset(const wr_partition *partition);
int64_t wr_partition_size(const wr_partition *partition); /* bytes in its segments */

/* ---- writing and reading */

typedef struct wr_partition_appended {
    int64_t base_offset, last_offset;
    int64_t append_time_ms; /* -1 with create time */
} wr_partition_appended;

/* Append one batch that has passed wr_batch_check; `bytes` is patched in place. The flusher knows, and watchers wake at
 * settling. A producer's retry answers the offsets of the first time. Errors: WEIR_E_LIMIT too large; WEIR_E_RANGE the
 * producer's sequence has a gap; WEIR_E_FENCED its epoch is old; WEIR_E_FORMAT a timestamp; WEIR_E_BROKEN, and those of
 * the disk. */
WEIR_MUST_CHECK weir_err wr_partition_append(wr_partition *partition, uint8_t *bytes, size_t size,
                                             wr_partition_appended *ret_appended);
bool wr_partition_needs_keys(const wr_partition *partition); /* compacted: every record must have one */
int64_t wr_partition_batch_size_max(const wr_partition *partition);

/* Whole batches from the one that holds `offset`, below `limit_offset`, at most size_max bytes, but the first one
 * whatever its size if min_one; appended to out. WEIR_E_RANGE outside start..end. At the end: WEIR_OK and nothing.
 * WEIR_E_CORRUPT: the batch that held the offset is damaged, which is logged; other batches are read as ever. */
WEIR_MUST_CHECK weir_err wr_partition_read(wr_partition *partition, int64_t offset, int64_t limit_offset,
                                           size_t size_max, bool min_one, wr_buf *out);
/* Of the records below the high watermark the first with a timestamp at or after time_ms; and the first with the
 * greatest timestamp. *ret_offset -1: none. */
WEIR_MUST_CHECK weir_err wr_partition_find_time(wr_partition *partition, int64_t time_ms, int64_t *ret_offset,
                                                int64_t *ret_time_ms);
WEIR_MUST_CHECK weir_err wr_partition_find_max_time(wr_partition *partition, int64_t *ret_offset, int64_t *ret_time_ms);

/* ---- shortening
 * trim: show nothing below `offset` any more, durably, as soon as everything below durable_offset (at least `offset`) is on
 * the disk, whatever the flush setting promises. Caller's storage. Answers WEIR_OK: it begins there already, or later, and
 * done is not called. WEIR_E_AGAIN: done will be called, once, by the loop, with WEIR_OK, WEIR_E_BROKEN when the log broke,
 * WEIR_E_NOT_FOUND when the topic was deleted, or an error of the disk, after which nothing is deleted. WEIR_E_RANGE behind
 * the end; WEIR_E_BROKEN.
 * roll: what follows starts a new segment, so that all before it can be trimmed away. WEIR_E_AGAIN: a moment later it can. */
typedef struct wr_trim_wait {
    wr_link link;
    int64_t offset, durable_offset;
    bool asked; /* the log was */
    void (*done)(void *user, weir_err err);
    void *user;
} wr_trim_wait;
WEIR_MUST_CHECK weir_err wr_partition_trim(wr_partition *partition, wr_trim_wait *wait, int64_t offset,
                                           int64_t durable_offset, void (*done)(void *user, weir_err err), void *user);
void wr_trim_wait_cancel(wr_trim_wait *wait); /* fine when not waiting; what was asked for may still be deleted */
WEIR_MUST_CHECK weir_err wr_partition_roll(wr_partition *partition);

/* ---- waiting
 * Wait until everything below `offset` is durable (as durable as the flush setting promises). Caller's storage, zeroed.
 * Answers WEIR_OK: it is already, and done is not called. WEIR_E_AGAIN: done will be called, once, by the loop, with
 * WEIR_OK, or WEIR_E_BROKEN when the log broke, or WEIR_E_NOT_FOUND when the topic was deleted. WEIR_E_BROKEN. */
typedef struct wr_durable_wait {
    wr_link link;
    int64_t offset;
    void (*done)(void *user, weir_err err);
    void *user;
} wr_durable_wait;
WEIR_MUST_CHECK weir_err wr_partition_await(wr_partition *partition, wr_durable_wait *wait, int64_t offset,
                                            void (*done)(void *user, weir_err err), void *user);
void wr_durable_wait_cancel(wr_durable_wait *wait); /* fine when not waiting */

/* Be woken, once, at a settling after the high watermark, the end or the start moved, the log broke or the topic was
 * deleted. The watcher is off the list when wake is called. Caller's storage, zeroed. */
typedef struct wr_watcher {
    wr_link link;
    void (*wake)(void *user);
    void *user;
} wr_watcher;
void wr_partition_watch(wr_partition *partition, wr_watcher *watcher, void (*wake)(void *user), void *user);
void wr_watcher_cancel(wr_watcher *watcher);

#endif
