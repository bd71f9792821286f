/* A partition: its log, who waits for its data to be durable, and who watches it for new data.
 *
 *   start ............ high watermark ............ end
 *     readable by consumers    appended, not shown yet (flush=acks: not yet on the disk)
 */
#ifndef WR_PARTITION_H
#define WR_PARTITION_H

#include <broker/broker.h>

typedef struct wr_topic wr_topic;

typedef struct wr_partition {
    wr_topic *topic;
    int32_t index;
    wr_log *log; /* NULL: damaged or failed to open; answers KAFKA_STORAGE_ERROR */

    /* ---- private to partition.c and flusher.c */
    wr_broker *broker;
    wr_list durable_waits; /* by offset */
    wr_list watchers;
    wr_link stirred_link;
    wr_link dirty_link;
    wr_log_ticket ticket;
    bool syncing;
    bool dirty_again;
    bool orphaned;
} wr_partition;

enum { WR_LEADER_EPOCH = 0 }; /* one node: nobody else ever led */

int64_t wr_partition_start_offset(const wr_partition *partition);
int64_t wr_partition_high_watermark(const wr_partition *partition);
int64_t wr_partition_end_offset(const wr_partition *partition);

/* wr_log_append, and then: the flusher knows, watchers wake at settling. The batch must have passed wr_batch_check.
 * Errors: as wr_log_append; WEIR_E_BROKEN without a log. */
WEIR_MUST_CHECK weir_err wr_partition_append(wr_partition *partition, uint8_t *bytes, size_t size,
                                             wr_appended *ret_appended);

/* Wait until everything below `offset` is durable (as durable as the flush setting promises). Caller's storage, zeroed.
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
