/* What this broker serves: one row a request, with the rights that it needs. */
#include "api.h"

#define TOPIC(operation)                                                                                               \
    {                                                                                                                  \
        WR_ACL_##operation, WR_ACL_TOPIC                                                                               \
    }
#define GROUP(operation)                                                                                               \
    {                                                                                                                  \
        WR_ACL_##operation, WR_ACL_GROUP                                                                               \
    }
#define CLUSTER(operation)                                                                                             \
    {                                                                                                                  \
        WR_ACL_##operation, WR_ACL_CLUSTER                                                                             \
    }
#define TRANSACTIONAL_ID(operation)                                                                                    \
    {                                                                                                                  \
        WR_ACL_##operation, WR_ACL_TRANSACTIONAL_ID                                                                    \
    }

static const wr_handler handlers[] = {
    {.api_key = WR_API_PRODUCE, .run = wr_api_produce, .pipelined = true, .in_place = true, .rights = {TOPIC(WRITE)}},
    {.api_key = WR_API_FETCH, .run = wr_api_fetch, .rights = {TOPIC(READ)}},
    {.api_key = WR_API_LIST_OFFSETS, .run = wr_api_list_offsets, .rights = {TOPIC(DESCRIBE)}},
    {.api_key = WR_API_METADATA, .run = wr_api_metadata, .rights = {TOPIC(DESCRIBE), CLUSTER(CREATE)}},
    {.api_key = WR_API_OFFSET_COMMIT, .run = wr_api_offset_commit, .rights = {GROUP(READ), TOPIC(READ)}},
    {.api_key = WR_API_OFFSET_FETCH, .run = wr_api_offset_fetch, .rights = {GROUP(DESCRIBE), TOPIC(DESCRIBE)}},
    {.api_key = WR_API_FIND_COORDINATOR,
     .run = wr_api_find_coordinator,
     .rights = {GROUP(DESCRIBE), TRANSACTIONAL_ID(DESCRIBE)}},
    {.api_key = WR_API_JOIN_GROUP, .run = wr_api_join_group, .rights = {GROUP(READ)}},
    {.api_key = WR_API_HEARTBEAT, .run = wr_api_heartbeat, .rights = {GROUP(READ)}},
    {.api_key = WR_API_LEAVE_GROUP, .run = wr_api_leave_group, .rights = {GROUP(READ)}},
    {.api_key = WR_API_SYNC_GROUP, .run = wr_api_sync_group, .rights = {GROUP(READ)}},
    {.api_key = WR_API_DESCRIBE_GROUPS, .run = wr_api_describe_groups, .rights = {GROUP(DESCRIBE)}},
    {.api_key = WR_API_LIST_GROUPS, .run = wr_api_list_groups, .rights = {CLUSTER(DESCRIBE), GROUP(DESCRIBE)}},
    {.api_key = WR_API_SASL_HANDSHAKE, .run = wr_api_sasl_handshake, .before_login = true},
    {.api_key = WR_API_API_VERSIONS, .run = wr_api_api_versions, .before_login = true},
    {.api_key = WR_API_CREATE_TOPICS, .run = wr_api_create_topics, .rights = {CLUSTER(CREATE), TOPIC(CREATE)}},
    {.api_key = WR_API_DELETE_TOPICS, .run = wr_api_delete_topics, .rights = {TOPIC(DELETE)}},
    {.api_key = WR_API_DELETE_RECORDS, .run = wr_api_delete_records, .rights = {TOPIC(DELETE)}},
    {.api_key = WR_API_INIT_PRODUCER_ID,
     .run = wr_api_init_producer_id,
     .rights = {CLUSTER(IDEMPOTENT_WRITE), TRANSACTIONAL_ID(WRITE)}},
    {.api_key = WR_API_OFFSET_FOR_LEADER_EPOCH, .run = wr_api_offset_for_leader_epoch, .rights = {TOPIC(DESCRIBE)}},
    {.api_key = WR_API_DESCRIBE_CONFIGS,
     .run = wr_api_describe_configs,
     .rights = {TOPIC(DESCRIBE_CONFIGS), CLUSTER(DESCRIBE_CONFIGS)}},
    {.api_key = WR_API_ALTER_CONFIGS,
     .run = wr_api_alter_configs,
     .rights = {TOPIC(ALTER_CONFIGS), CLUSTER(ALTER_CONFIGS)}},
    {.api_key = WR_API_DESCRIBE_LOG_DIRS, .run = wr_api_describe_log_dirs, .rights = {CLUSTER(DESCRIBE)}},
    {.api_key = WR_API_CREATE_PARTITIONS, .run = wr_api_create_partitions, .rights = {TOPIC(ALTER)}},
    {.api_key = WR_API_DELETE_GROUPS, .run = wr_api_delete_groups, .rights = {GROUP(DELETE)}},
    {.api_key = WR_API_INCREMENTAL_ALTER_CONFIGS,
     .run = wr_api_incremental_alter_configs,
     .rights = {TOPIC(ALTER_CONFIGS), CLUSTER(ALTER_CONFIGS)}},
    {.api_key = WR_API_OFFSET_DELETE, .run = wr_api_offset_delete, .rights = {GROUP(DELETE), TOPIC(READ)}},
    {.api_key = WR_API_DESCRIBE_CLUSTER,
     .run = wr_api_describe_cluster}, /* whoever is logged in may know where brokers are */
    {.api_key = WR_API_LIST_CONFIG_RESOURCES,
     .run = wr_api_list_config_resources,
     .rights = {CLUSTER(DESCRIBE_CONFIGS)}},
    {.api_key = WR_API_DESCRIBE_TOPIC_PARTITIONS, .run = wr_api_describe_topic_partitions, .rights = {TOPIC(DESCRIBE)}},
    {0},
};

const wr_handler *wr_api_handlers(void)
{
    return handlers;
}
