#include <wire/alter_configs.h>
#include <wire/api_versions.h>
#include <wire/create_partitions.h>
#include <wire/create_topics.h>
#include <wire/delete_groups.h>
#include <wire/delete_records.h>
#include <wire/delete_topics.h>
#include <wire/describe_cluster.h>
#include <wire/describe_configs.h>
#include <wire/describe_groups.h>
#include <wire/describe_log_dirs.h>
#include <wire/describe_topic_partitions.h>
#include <wire/fetch.h>
#include <wire/find_coordinator.h>
#include <wire/heartbeat.h>
#include <wire/incremental_alter_configs.h>
#include <wire/init_producer_id.h>
#include <wire/join_group.h>
#include <wire/leave_group.h>
#include <wire/list_config_resources.h>
#include <wire/list_groups.h>
#include <wire/list_offsets.h>
#include <wire/message.h>
#include <wire/metadata.h>
#include <wire/offset_commit.h>
#include <wire/offset_delete.h>
#include <wire/offset_fetch.h>
#include <wire/offset_for_leader_epoch.h>
#include <wire/produce.h>
#include <wire/sasl_handshake.h>
#include <wire/sync_group.h>

/* A row: key, name, name of the files, least version that is advertised. */
#define API(id, text, file, least)                                                                                     \
    {                                                                                                                  \
        WR_API_##id, text, least, &wr_##file##_request_message, &wr_##file##_response_message                          \
    }

/* librdkafka up to 2.11 tests for compression by Produce version 0, which nobody sends any more; all others are
 * advertised as they are served. */
static const wr_api apis[] = {
    API(PRODUCE, "Produce", produce, 0),
    API(FETCH, "Fetch", fetch, 4),
    API(LIST_OFFSETS, "ListOffsets", list_offsets, 1),
    API(METADATA, "Metadata", metadata, 0),
    API(OFFSET_COMMIT, "OffsetCommit", offset_commit, 2),
    API(OFFSET_FETCH, "OffsetFetch", offset_fetch, 1),
    API(FIND_COORDINATOR, "FindCoordinator", find_coordinator, 0),
    API(JOIN_GROUP, "JoinGroup", join_group, 0),
    API(HEARTBEAT, "Heartbeat", heartbeat, 0),
    API(LEAVE_GROUP, "LeaveGroup", leave_group, 0),
    API(SYNC_GROUP, "SyncGroup", sync_group, 0),
    API(DESCRIBE_GROUPS, "DescribeGroups", describe_groups, 0),
    API(LIST_GROUPS, "ListGroups", list_groups, 0),
    API(SASL_HANDSHAKE, "SaslHandshake", sasl_handshake, 0),
    API(API_VERSIONS, "ApiVersions", api_versions, 0),
    API(CREATE_TOPICS, "CreateTopics", create_topics, 2),
    API(DELETE_TOPICS, "DeleteTopics", delete_topics, 1),
    API(DELETE_RECORDS, "DeleteRecords", delete_records, 0),
    API(INIT_PRODUCER_ID, "InitProducerId", init_producer_id, 0),
    API(OFFSET_FOR_LEADER_EPOCH, "OffsetForLeaderEpoch", offset_for_leader_epoch, 2),
    API(DESCRIBE_CONFIGS, "DescribeConfigs", describe_configs, 1),
    API(ALTER_CONFIGS, "AlterConfigs", alter_configs, 0),
    API(DESCRIBE_LOG_DIRS, "DescribeLogDirs", describe_log_dirs, 1),
    API(CREATE_PARTITIONS, "CreatePartitions", create_partitions, 0),
    API(DELETE_GROUPS, "DeleteGroups", delete_groups, 0),
    API(INCREMENTAL_ALTER_CONFIGS, "IncrementalAlterConfigs", incremental_alter_configs, 0),
    API(OFFSET_DELETE, "OffsetDelete", offset_delete, 0),
    API(DESCRIBE_CLUSTER, "DescribeCluster", describe_cluster, 0),
    API(LIST_CONFIG_RESOURCES, "ListConfigResources", list_config_resources, 0),
    API(DESCRIBE_TOPIC_PARTITIONS, "DescribeTopicPartitions", describe_topic_partitions, 0),
};
#undef API

const wr_api *wr_apis(size_t *ret_count)
{
    *ret_count = sizeof(apis) / sizeof(apis[0]);
    return apis;
}

const wr_api *wr_api_find(int16_t key)
{
    size_t low = 0, high = sizeof(apis) / sizeof(apis[0]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (apis[middle].key == key)
            return &apis[middle];
        if (apis[middle].key < key)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
