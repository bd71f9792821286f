#include "api.h"

static const wr_handler handlers[] = {
    {.api_key = WR_API_PRODUCE, .run = wr_api_produce, .pipelined = true, .in_place = true},
    {.api_key = WR_API_FETCH, .run = wr_api_fetch},
    {.api_key = WR_API_LIST_OFFSETS, .run = wr_api_list_offsets},
    {.api_key = WR_API_METADATA, .run = wr_api_metadata},
    {.api_key = WR_API_OFFSET_COMMIT, .run = wr_api_offset_commit},
    {.api_key = WR_API_OFFSET_FETCH, .run = wr_api_offset_fetch},
    {.api_key = WR_API_FIND_COORDINATOR, .run = wr_api_find_coordinator},
    {.api_key = WR_API_JOIN_GROUP, .run = wr_api_join_group},
    {.api_key = WR_API_HEARTBEAT, .run = wr_api_heartbeat},
    {.api_key = WR_API_LEAVE_GROUP, .run = wr_api_leave_group},
    {.api_key = WR_API_SYNC_GROUP, .run = wr_api_sync_group},
    {.api_key = WR_API_DESCRIBE_GROUPS, .run = wr_api_describe_groups},
    {.api_key = WR_API_LIST_GROUPS, .run = wr_api_list_groups},
    {.api_key = WR_API_SASL_HANDSHAKE, .run = wr_api_sasl_handshake},
    {.api_key = WR_API_API_VERSIONS, .run = wr_api_api_versions},
    {.api_key = WR_API_CREATE_TOPICS, .run = wr_api_create_topics},
    {.api_key = WR_API_DELETE_TOPICS, .run = wr_api_delete_topics},
    {.api_key = WR_API_DELETE_RECORDS, .run = wr_api_delete_records},
    {.api_key = WR_API_INIT_PRODUCER_ID, .run = wr_api_init_producer_id},
    {.api_key = WR_API_OFFSET_FOR_LEADER_EPOCH, .run = wr_api_offset_for_leader_epoch},
    {.api_key = WR_API_DESCRIBE_CONFIGS, .run = wr_api_describe_configs},
    {.api_key = WR_API_ALTER_CONFIGS, .run = wr_api_alter_configs},
    {.api_key = WR_API_DESCRIBE_LOG_DIRS, .run = wr_api_describe_log_dirs},
    {.api_key = WR_API_CREATE_PARTITIONS, .run = wr_api_create_partitions},
    {.api_key = WR_API_DELETE_GROUPS, .run = wr_api_delete_groups},
    {.api_key = WR_API_INCREMENTAL_ALTER_CONFIGS, .run = wr_api_incremental_alter_configs},
    {.api_key = WR_API_OFFSET_DELETE, .run = wr_api_offset_delete},
    {.api_key = WR_API_DESCRIBE_CLUSTER, .run = wr_api_describe_cluster},
    {.api_key = WR_API_LIST_CONFIG_RESOURCES, .run = wr_api_list_config_resources},
    {.api_key = WR_API_DESCRIBE_TOPIC_PARTITIONS, .run = wr_api_describe_topic_partitions},
    {0},
};

const wr_handler *wr_api_handlers(void)
{
    return handlers;
}
