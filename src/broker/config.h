/* The broker's configuration: Kafka's names for Kafka's things, one row a key, and the values resolved.
 *
 * wr_broker_keys are the rows of the process (base/config.h parses, prints and documents them; DescribeConfigs answers
 * from them). Topics have their own table: wr_topic_keys, whose fallbacks are the broker's values. */
#ifndef WR_BROKER_CONFIG_H
#define WR_BROKER_CONFIG_H

#include <group/groups.h>
#include <server/server.h>
#include <topics/config.h>

extern const wr_config_key wr_broker_keys[];

/* An address to listen on, and what clients are told instead of it. */
typedef struct wr_listener_config {
    char host[256];
    int port;                  /* 0: a free one */
    char advertised_host[256]; /* "auto": a loopback peer is told "localhost", another the address it reached */
    int advertised_port;       /* 0: the port listened on */
} wr_listener_config;

/* Texts borrow from the wr_config. */
typedef struct wr_broker_config {
    const wr_config *keys; /* where every value came from */

    wr_listener_config listeners[WR_LISTENER_COUNT_MAX];
    int listener_count;
    bool ephemeral; /* the data directory is removed at the end, nothing is synced */
    int32_t node_id;
    const char *cluster_id; /* NULL: made at the first start */

    bool auto_create_topics;
    int32_t partition_count; /* num.partitions */
    int16_t replication_factor;
    bool any_replication_factor; /* accept factors above 1 as if they were 1 */
    bool delete_topics;
    int64_t fetch_size_max;      /* fetch.max.bytes */
    int32_t offset_metadata_max; /* offset.metadata.max.bytes */

    wr_topics_config topics;
    wr_server_config server;
    wr_groups_config groups;
} wr_broker_config;

/* Resolve and cross-check. `keys` must hold wr_broker_keys and outlive the result. WEIR_E_FORMAT with a sentence. */
WEIR_MUST_CHECK weir_err wr_broker_config_read(const wr_config *keys, wr_broker_config *ret_config,
                                               weir_failure *failure);

#endif
