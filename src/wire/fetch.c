#include <wire/fetch.h>
#include <wire/message_int.h>

/* clang-format off */

/* ---- request */

#define AT(member) WR_AT(wr_fetch_request_replica_state, member)
static const wr_field request_replica_state_fields[] = {
    {AT(replica_id),    WR_INT32, 15, DEFAULT(-1)},
    {AT(replica_epoch), WR_INT64, 15, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items request_replica_states = ITEMS(wr_fetch_request_replica_state, request_replica_state_fields);

#define AT(member) WR_AT(wr_fetch_request_partition, member)
static const wr_field request_partition_fields[] = {
    {AT(partition),            WR_INT32, 0},
    {AT(current_leader_epoch), WR_INT32, 9,  DEFAULT(-1)},
    {AT(fetch_offset),         WR_INT64, 0},
    {AT(last_fetched_epoch),   WR_INT32, 12, DEFAULT(-1)},
    {AT(log_start_offset),     WR_INT64, 5,  DEFAULT(-1)},
    {AT(partition_max_bytes),  WR_INT32, 0},
    {AT(replica_directory_id), WR_UUID,  17, TAG(0)},
    {AT(high_watermark),       WR_INT64, 18, TAG(1), DEFAULT(INT64_MAX)},
    {0},
};
#undef AT
static const wr_items request_partitions = ITEMS(wr_fetch_request_partition, request_partition_fields);

#define AT(member) WR_AT(wr_fetch_request_topic, member)
static const wr_field request_topic_fields[] = {
    {AT(topic),      WR_STRING, 0, 12},
    {AT(topic_id),   WR_UUID,   13},
    {AT(partitions), WR_ARRAY,  0, .items = &request_partitions},
    {0},
};
#undef AT
static const wr_items request_topics = ITEMS(wr_fetch_request_topic, request_topic_fields);

#define AT(member) WR_AT(wr_fetch_request_forgotten_topic, member)
static const wr_field request_forgotten_topic_fields[] = {
    {AT(topic),      WR_STRING, 7, 12},
    {AT(topic_id),   WR_UUID,   13},
    {AT(partitions), WR_ARRAY,  7, .items = &wr_int32_items},
    {0},
};
#undef AT
static const wr_items request_forgotten_topics =
    ITEMS(wr_fetch_request_forgotten_topic, request_forgotten_topic_fields);

#define AT(member) WR_AT(wr_fetch_request, member)
static const wr_field request_fields[] = {
    {AT(cluster_id),            WR_STRING, 12,    NULLABLE(12), TAG(0), NULL_DEFAULT},
    {AT(replica_id),            WR_INT32,  0, 14, DEFAULT(-1)},
    {AT(replica_state),         WR_STRUCT, 15,    TAG(1), .items = &request_replica_states},
    {AT(max_wait_ms),           WR_INT32,  0},
    {AT(min_bytes),             WR_INT32,  0},
    {AT(max_bytes),             WR_INT32,  3,     DEFAULT(INT32_MAX)},
    {AT(isolation_level),       WR_INT8,   4},
    {AT(session_id),            WR_INT32,  7},
    {AT(session_epoch),         WR_INT32,  7,     DEFAULT(-1)},
    {AT(topics),                WR_ARRAY,  0,     .items = &request_topics},
    {AT(forgotten_topics_data), WR_ARRAY,  7,     .items = &request_forgotten_topics},
    {AT(rack_id),               WR_STRING, 11},
    {0},
};
#undef AT

const wr_message wr_fetch_request_message = {
    .name = "FetchRequest",
    .api_key = WR_API_FETCH,
    .min_version = 4,
    .max_version = 18,
    .flexible_version = 12,
    .size = sizeof(wr_fetch_request),
    .fields = request_fields,
};

/* ---- response */

#define AT(member) WR_AT(wr_fetch_response_epoch_end_offset, member)
static const wr_field response_epoch_end_offset_fields[] = {
    {AT(epoch),      WR_INT32, 12, DEFAULT(-1)},
    {AT(end_offset), WR_INT64, 12, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_epoch_end_offsets =
    ITEMS(wr_fetch_response_epoch_end_offset, response_epoch_end_offset_fields);

#define AT(member) WR_AT(wr_fetch_response_leader, member)
static const wr_field response_leader_fields[] = {
    {AT(leader_id),    WR_INT32, 12, DEFAULT(-1)},
    {AT(leader_epoch), WR_INT32, 12, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_leaders = ITEMS(wr_fetch_response_leader, response_leader_fields);

#define AT(member) WR_AT(wr_fetch_response_snapshot_id, member)
static const wr_field response_snapshot_id_fields[] = {
    {AT(end_offset), WR_INT64, 0, DEFAULT(-1)},
    {AT(epoch),      WR_INT32, 0, DEFAULT(-1)},
    {0},
};
#undef AT
static const wr_items response_snapshot_ids = ITEMS(wr_fetch_response_snapshot_id, response_snapshot_id_fields);

#define AT(member) WR_AT(wr_fetch_response_aborted_transaction, member)
static const wr_field response_aborted_transaction_fields[] = {
    {AT(producer_id),  WR_INT64, 4},
    {AT(first_offset), WR_INT64, 4},
    {0},
};
#undef AT
static const wr_items response_aborted_transactions =
    ITEMS(wr_fetch_response_aborted_transaction, response_aborted_transaction_fields);

#define AT(member) WR_AT(wr_fetch_response_partition, member)
static const wr_field response_partition_fields[] = {
    {AT(partition_index),        WR_INT32,   0},
    {AT(error_code),             WR_INT16,   0},
    {AT(high_watermark),         WR_INT64,   0},
    {AT(last_stable_offset),     WR_INT64,   4,  DEFAULT(-1)},
    {AT(log_start_offset),       WR_INT64,   5,  DEFAULT(-1)},
    {AT(diverging_epoch),        WR_STRUCT,  12, TAG(0), .items = &response_epoch_end_offsets},
    {AT(current_leader),         WR_STRUCT,  12, TAG(1), .items = &response_leaders},
    {AT(snapshot_id),            WR_STRUCT,  12, TAG(2), .items = &response_snapshot_ids},
    {AT(aborted_transactions),   WR_ARRAY,   4,  NULLABLE(4), .items = &response_aborted_transactions},
    {AT(preferred_read_replica), WR_INT32,   11, DEFAULT(-1)},
    {AT(records),                WR_RECORDS, 0,  NULLABLE(0)},
    {0},
};
#undef AT
static const wr_items response_partitions = ITEMS(wr_fetch_response_partition, response_partition_fields);

#define AT(member) WR_AT(wr_fetch_response_topic, member)
static const wr_field response_topic_fields[] = {
    {AT(topic),      WR_STRING, 0, 12},
    {AT(topic_id),   WR_UUID,   13},
    {AT(partitions), WR_ARRAY,  0, .items = &response_partitions},
    {0},
};
#undef AT
static const wr_items response_topics = ITEMS(wr_fetch_response_topic, response_topic_fields);

#define AT(member) WR_AT(wr_fetch_response_node_endpoint, member)
static const wr_field response_node_endpoint_fields[] = {
    {AT(node_id), WR_INT32,  16},
    {AT(host),    WR_STRING, 16},
    {AT(port),    WR_INT32,  16},
    {AT(rack),    WR_STRING, 16, NULLABLE(16), NULL_DEFAULT},
    {0},
};
#undef AT
static const wr_items response_node_endpoints = ITEMS(wr_fetch_response_node_endpoint, response_node_endpoint_fields);

#define AT(member) WR_AT(wr_fetch_response, member)
static const wr_field response_fields[] = {
    {AT(throttle_time_ms), WR_INT32, 1},
    {AT(error_code),       WR_INT16, 7},
    {AT(session_id),       WR_INT32, 7},
    {AT(responses),        WR_ARRAY, 0,  .items = &response_topics},
    {AT(node_endpoints),   WR_ARRAY, 16, TAG(0), .items = &response_node_endpoints},
    {0},
};
#undef AT

const wr_message wr_fetch_response_message = {
    .name = "FetchResponse",
    .api_key = WR_API_FETCH,
    .min_version = 4,
    .max_version = 18,
    .flexible_version = 12,
    .size = sizeof(wr_fetch_response),
    .fields = response_fields,
};
