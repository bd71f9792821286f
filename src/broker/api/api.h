/* One handler for every request that this broker serves; one file each. */
#ifndef WR_API_H
#define WR_API_H

#include <broker/broker.h>
#include <server/request.h>

/* For wr_server_start. Ends with run NULL. */
const wr_handler *wr_api_handlers(void);

weir_err wr_api_alter_configs(wr_request *request);
weir_err wr_api_api_versions(wr_request *request);
weir_err wr_api_create_partitions(wr_request *request);
weir_err wr_api_create_topics(wr_request *request);
weir_err wr_api_delete_groups(wr_request *request);
weir_err wr_api_delete_records(wr_request *request);
weir_err wr_api_delete_topics(wr_request *request);
weir_err wr_api_describe_cluster(wr_request *request);
weir_err wr_api_describe_configs(wr_request *request);
weir_err wr_api_describe_groups(wr_request *request);
weir_err wr_api_describe_log_dirs(wr_request *request);
weir_err wr_api_describe_topic_partitions(wr_request *request);
weir_err wr_api_fetch(wr_request *request);
weir_err wr_api_find_coordinator(wr_request *request);
weir_err wr_api_heartbeat(wr_request *request);
weir_err wr_api_incremental_alter_configs(wr_request *request);
weir_err wr_api_init_producer_id(wr_request *request);
weir_err wr_api_join_group(wr_request *request);
weir_err wr_api_leave_group(wr_request *request);
weir_err wr_api_list_config_resources(wr_request *request);
weir_err wr_api_list_groups(wr_request *request);
weir_err wr_api_list_offsets(wr_request *request);
weir_err wr_api_metadata(wr_request *request);
weir_err wr_api_offset_commit(wr_request *request);
weir_err wr_api_offset_delete(wr_request *request);
weir_err wr_api_offset_fetch(wr_request *request);
weir_err wr_api_offset_for_leader_epoch(wr_request *request);
weir_err wr_api_produce(wr_request *request);
weir_err wr_api_sasl_handshake(wr_request *request);
weir_err wr_api_sync_group(wr_request *request);

/* ---- what handlers share */

/* Requests of the broker's server carry it as their context. */
static inline wr_broker *wr_api_broker(const wr_request *request)
{
    return request->context;
}

/* Room for the items of a response: zeroed, never NULL-for-nothing. Counts below zero (null arrays) are none. */
#define WR_API_ITEMS(request, item_type, count)                                                                        \
    ((item_type *)weir_arena_array((request)->arena, (count) > 0 ? (size_t)(count) : 0, sizeof(item_type)))

/* May whoever asks do what this request does to that resource (WR_ACL_TOPIC, …)? The operation is that of the handler's
 * row. WR_KAFKA_NONE, or the code of the refusal. To be asked before anything is done, shown or looked for. */
int16_t wr_api_authorise(wr_request *request, int8_t resource, weir_slice name);
int16_t wr_api_authorise_cluster(wr_request *request);
/* The operations of `mask` (bits by WR_ACL_READ, …) that are allowed. */
int32_t wr_api_operations(wr_request *request, int8_t resource, weir_slice name, int32_t mask);

/* A request that waits for several things at once, each of which ends later, from the loop. Once one has begun, the
 * handler must not fail any more: what else goes wrong is an error in the answer. */
typedef struct wr_api_wait {
    wr_request *request;
    int32_t count; /* that have not ended */
} wr_api_wait;
void wr_api_wait_keep(wr_api_wait *wait); /* all have begun: the request is kept, if there are any */
void wr_api_wait_end(wr_api_wait *wait);  /* one has ended: after the last the request is answered */

/* Where this client reaches this broker. */
void wr_api_endpoint(wr_request *request, weir_slice *ret_host, int32_t *ret_port);
/* What can be done to a topic, a group and the cluster: Kafka's bit fields. */
enum {
    WR_TOPIC_OPERATIONS = 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 11,
    WR_GROUP_OPERATIONS = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11,
    WR_CLUSTER_OPERATIONS = 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12,
};
/* The error code for a failure below that has no meaning of its own. */
int16_t wr_api_storage_error(weir_err err);
const char *wr_api_storage_reason(weir_err err); /* what the client is told of it: never a path */
/* A text that lives as long as the request; "" when memory is out. Text is a sentence, cut at 511 bytes; copy is not. */
weir_slice wr_api_copy(wr_request *request, const char *text);
weir_slice wr_api_text(wr_request *request, const char *format, ...) WEIR_PRINTF(2, 3);
/* For each key: the place where it stands first. In n log n: keys come from the network. NULL: memory. */
const int32_t *wr_api_firsts(wr_request *request, const weir_slice *keys, int32_t count);
/* For each key: how often it is there, or 0 where it stood before already. Kafka answers what is asked for twice with
 * one row. NULL: memory. */
const int32_t *wr_api_repeats(wr_request *request, const weir_slice *keys, int32_t count);
/* WR_KAFKA_NONE, or why a client's idea of the leader epoch is not ours; -1 is no idea. */
int16_t wr_api_check_epoch(int32_t epoch);
/* Is the broker's setting more than the table's fallback? */
bool wr_api_config_given(const wr_broker *broker, const char *key);
/* The topic's settings as CreateTopics and DescribeConfigs show them: a source of kafka.h. */
int8_t wr_api_config_source(const wr_broker *broker, const wr_topic_config *config, const wr_topic_key *key);

#endif
