/* What the rest of the broker does to a partition. */
#ifndef WR_PARTITION_INT_H
#define WR_PARTITION_INT_H

#include <broker/partition.h>

/* log may be NULL. The caller keeps the partition's memory until wr_partition_fini. */
void wr_partition_init(wr_partition *partition, wr_broker *broker, wr_topic *topic, int32_t index, wr_log *log);
/* What watchers wait for has changed: wake them at settling. */
void wr_partition_stir(wr_partition *partition);
/* Called by settling: wake every watcher. */
void wr_partition_settle(wr_partition *partition);
/* Called after a sync: release waits that are durable now, or all of them with the log's error. */
void wr_partition_synced(wr_partition *partition);
/* The topic is gone: release waits with WEIR_E_NOT_FOUND and wake watchers, now. */
void wr_partition_orphan(wr_partition *partition);

#endif
