/* The broker's configuration: Kafka's names for Kafka's things, one row a key, and the values resolved.
 *
 * wr_broker_keys are the rows of the process (base/config.h parses, prints and documents them; DescribeConfigs answers
 * from them). Topics have their own table: wr_topic_keys, whose fallbacks are the broker's values. */
#ifndef WR_BROKER_CONFIG_H
#define WR_BROKER_CONFIG_H

#include <base/config.h>
#include <journal/log.h>

extern const wr_config_key wr_broker_keys[];

/* When an appended batch becomes visible, and when an acks=all answer leaves. */
typedef enum wr_flush {
    WR_FLUSH_ACKS,     /* acks=all waits for the disk; consumers see what is on the disk */
    WR_FLUSH_INTERVAL, /* synced every flush_interval_ms; a power cut may take back what was seen */
    WR_FLUSH_NONE,     /* the kernel decides */
} wr_flush;

/* Texts borrow from the wr_config. */
typedef struct wr_broker_config {
    const wr_config *keys; /* where every value came from */

    char host[256];            /* from listeners */
    int port;                  /* 0: a free one */
    char advertised_host[256]; /* "auto": a loopback peer is told "localhost", another the address it reached */
    int advertised_port;       /* 0: the port listened on */
    const char *data_directory;
    bool ephemeral; /* the data directory is removed at the end, nothing is synced */
    int32_t node_id;
    const char *cluster_id; /* NULL: made at the first start */

    wr_flush flush;
    int64_t flush_interval_ms;
    wr_log_config log; /* what topics inherit */
    int64_t retention_check_ms;

    bool auto_create_topics;
    int32_t partition_count; /* num.partitions */
    int16_t replication_factor;
    bool any_replication_factor; /* accept factors above 1 as if they were 1 */
    bool delete_topics;
    int32_t partition_count_max; /* of all topics together */

    int64_t request_size_max; /* socket.request.max.bytes */
    int64_t fetch_size_max;   /* fetch.max.bytes */
    int32_t connection_count_max;
    int64_t connection_idle_ms;    /* connections.max.idle.ms */
    int64_t frame_deadline_ms;     /* a frame that began must have arrived by then */
    int64_t memory_max;            /* queued.max.request.bytes: frames and answers of all connections */
    int64_t connection_memory_max; /* of one connection: past it, it is not read until answers have left */

    int64_t group_min_session_ms, group_max_session_ms;
    int64_t group_initial_delay_ms; /* group.initial.rebalance.delay.ms */
    int32_t group_size_max;
    int32_t group_count_max;
    int64_t offsets_retention_ms;
    int64_t offsets_check_ms;
    int32_t offset_metadata_max;  /* offset.metadata.max.bytes */
    int64_t offsets_segment_size; /* offsets.topic.segment.bytes */
} wr_broker_config;

/* Resolve and cross-check. `keys` must hold wr_broker_keys and outlive the result. WEIR_E_FORMAT with a sentence. */
WEIR_MUST_CHECK weir_err wr_broker_config_read(const wr_config *keys, wr_broker_config *ret_config,
                                               weir_failure *failure);

#endif
