/* Kafka's numbers: error codes, API keys, and the special values of the protocol's fields.
 *
 * A Kafka error code is an answer to a client, not a failure of ours; it travels as an int16_t. Facts: Kafka's protocol
 * guide, 4.2. */
#ifndef WR_KAFKA_H
#define WR_KAFKA_H

#include <stdbool.h>
#include <stdint.h>

/* X(code, name, whether the client may send the same request again) */
#define WR_KAFKA_ERRORS(X)                                                                                             \
    X(-1, UNKNOWN_SERVER_ERROR, false)                                                                                 \
    X(0, NONE, false)                                                                                                  \
    X(1, OFFSET_OUT_OF_RANGE, false)                                                                                   \
    X(2, CORRUPT_MESSAGE, true)                                                                                        \
    X(3, UNKNOWN_TOPIC_OR_PARTITION, true)                                                                             \
    X(4, INVALID_FETCH_SIZE, false)                                                                                    \
    X(5, LEADER_NOT_AVAILABLE, true)                                                                                   \
    X(6, NOT_LEADER_OR_FOLLOWER, true)                                                                                 \
    X(7, REQUEST_TIMED_OUT, true)                                                                                      \
    X(8, BROKER_NOT_AVAILABLE, false)                                                                                  \
    X(9, REPLICA_NOT_AVAILABLE, true)                                                                                  \
    X(10, MESSAGE_TOO_LARGE, false)                                                                                    \
    X(11, STALE_CONTROLLER_EPOCH, false)                                                                               \
    X(12, OFFSET_METADATA_TOO_LARGE, false)                                                                            \
    X(13, NETWORK_EXCEPTION, true)                                                                                     \
    X(14, COORDINATOR_LOAD_IN_PROGRESS, true)                                                                          \
    X(15, COORDINATOR_NOT_AVAILABLE, true)                                                                             \
    X(16, NOT_COORDINATOR, true)                                                                                       \
    X(17, INVALID_TOPIC_EXCEPTION, false)                                                                              \
    X(18, RECORD_LIST_TOO_LARGE, false)                                                                                \
    X(19, NOT_ENOUGH_REPLICAS, true)                                                                                   \
    X(20, NOT_ENOUGH_REPLICAS_AFTER_APPEND, true)                                                                      \
    X(21, INVALID_REQUIRED_ACKS, false)                                                                                \
    X(22, ILLEGAL_GENERATION, false)                                                                                   \
    X(23, INCONSISTENT_GROUP_PROTOCOL, false)                                                                          \
    X(24, INVALID_GROUP_ID, false)                                                                                     \
    X(25, UNKNOWN_MEMBER_ID, false)                                                                                    \
    X(26, INVALID_SESSION_TIMEOUT, false)                                                                              \
    X(27, REBALANCE_IN_PROGRESS, false)                                                                                \
    X(28, INVALID_COMMIT_OFFSET_SIZE, false)                                                                           \
    X(29, TOPIC_AUTHORIZATION_FAILED, false)                                                                           \
    X(30, GROUP_AUTHORIZATION_FAILED, false)                                                                           \
    X(31, CLUSTER_AUTHORIZATION_FAILED, false)                                                                         \
    X(32, INVALID_TIMESTAMP, false)                                                                                    \
    X(33, UNSUPPORTED_SASL_MECHANISM, false)                                                                           \
    X(34, ILLEGAL_SASL_STATE, false)                                                                                   \
    X(35, UNSUPPORTED_VERSION, false)                                                                                  \
    X(36, TOPIC_ALREADY_EXISTS, false)                                                                                 \
    X(37, INVALID_PARTITIONS, false)                                                                                   \
    X(38, INVALID_REPLICATION_FACTOR, false)                                                                           \
    X(39, INVALID_REPLICA_ASSIGNMENT, false)                                                                           \
    X(40, INVALID_CONFIG, false)                                                                                       \
    X(41, NOT_CONTROLLER, true)                                                                                        \
    X(42, INVALID_REQUEST, false)                                                                                      \
    X(43, UNSUPPORTED_FOR_MESSAGE_FORMAT, false)                                                                       \
    X(44, POLICY_VIOLATION, false)                                                                                     \
    X(45, OUT_OF_ORDER_SEQUENCE_NUMBER, false)                                                                         \
    X(46, DUPLICATE_SEQUENCE_NUMBER, false)                                                                            \
    X(47, INVALID_PRODUCER_EPOCH, false)                                                                               \
    X(48, INVALID_TXN_STATE, false)                                                                                    \
    X(49, INVALID_PRODUCER_ID_MAPPING, false)                                                                          \
    X(50, INVALID_TRANSACTION_TIMEOUT, false)                                                                          \
    X(51, CONCURRENT_TRANSACTIONS, true)                                                                               \
    X(52, TRANSACTION_COORDINATOR_FENCED, false)                                                                       \
    X(53, TRANSACTIONAL_ID_AUTHORIZATION_FAILED, false)                                                                \
    X(54, SECURITY_DISABLED, false)                                                                                    \
    X(55, OPERATION_NOT_ATTEMPTED, false)                                                                              \
    X(56, KAFKA_STORAGE_ERROR, true)                                                                                   \
    X(57, LOG_DIR_NOT_FOUND, false)                                                                                    \
    X(58, SASL_AUTHENTICATION_FAILED, false)                                                                           \
    X(59, UNKNOWN_PRODUCER_ID, false)                                                                                  \
    X(60, REASSIGNMENT_IN_PROGRESS, false)                                                                             \
    X(61, DELEGATION_TOKEN_AUTH_DISABLED, false)                                                                       \
    X(62, DELEGATION_TOKEN_NOT_FOUND, false)                                                                           \
    X(63, DELEGATION_TOKEN_OWNER_MISMATCH, false)                                                                      \
    X(64, DELEGATION_TOKEN_REQUEST_NOT_ALLOWED, false)                                                                 \
    X(65, DELEGATION_TOKEN_AUTHORIZATION_FAILED, false)                                                                \
    X(66, DELEGATION_TOKEN_EXPIRED, false)                                                                             \
    X(67, INVALID_PRINCIPAL_TYPE, false)                                                                               \
    X(68, NON_EMPTY_GROUP, false)                                                                                      \
    X(69, GROUP_ID_NOT_FOUND, false)                                                                                   \
    X(70, FETCH_SESSION_ID_NOT_FOUND, true)                                                                            \
    X(71, INVALID_FETCH_SESSION_EPOCH, true)                                                                           \
    X(72, LISTENER_NOT_FOUND, true)                                                                                    \
    X(73, TOPIC_DELETION_DISABLED, false)                                                                              \
    X(74, FENCED_LEADER_EPOCH, true)                                                                                   \
    X(75, UNKNOWN_LEADER_EPOCH, true)                                                                                  \
    X(76, UNSUPPORTED_COMPRESSION_TYPE, false)                                                                         \
    X(77, STALE_BROKER_EPOCH, false)                                                                                   \
    X(78, OFFSET_NOT_AVAILABLE, true)                                                                                  \
    X(79, MEMBER_ID_REQUIRED, false)                                                                                   \
    X(80, PREFERRED_LEADER_NOT_AVAILABLE, true)                                                                        \
    X(81, GROUP_MAX_SIZE_REACHED, false)                                                                               \
    X(82, FENCED_INSTANCE_ID, false)                                                                                   \
    X(83, ELIGIBLE_LEADERS_NOT_AVAILABLE, true)                                                                        \
    X(84, ELECTION_NOT_NEEDED, true)                                                                                   \
    X(85, NO_REASSIGNMENT_IN_PROGRESS, false)                                                                          \
    X(86, GROUP_SUBSCRIBED_TO_TOPIC, false)                                                                            \
    X(87, INVALID_RECORD, false)                                                                                       \
    X(88, UNSTABLE_OFFSET_COMMIT, true)                                                                                \
    X(89, THROTTLING_QUOTA_EXCEEDED, true)                                                                             \
    X(90, PRODUCER_FENCED, false)                                                                                      \
    X(91, RESOURCE_NOT_FOUND, false)                                                                                   \
    X(92, DUPLICATE_RESOURCE, false)                                                                                   \
    X(93, UNACCEPTABLE_CREDENTIAL, false)                                                                              \
    X(94, INCONSISTENT_VOTER_SET, false)                                                                               \
    X(95, INVALID_UPDATE_VERSION, false)                                                                               \
    X(96, FEATURE_UPDATE_FAILED, false)                                                                                \
    X(97, PRINCIPAL_DESERIALIZATION_FAILURE, false)                                                                    \
    X(98, SNAPSHOT_NOT_FOUND, false)                                                                                   \
    X(99, POSITION_OUT_OF_RANGE, false)                                                                                \
    X(100, UNKNOWN_TOPIC_ID, true)                                                                                     \
    X(101, DUPLICATE_BROKER_REGISTRATION, false)                                                                       \
    X(102, BROKER_ID_NOT_REGISTERED, false)                                                                            \
    X(103, INCONSISTENT_TOPIC_ID, true)                                                                                \
    X(104, INCONSISTENT_CLUSTER_ID, false)                                                                             \
    X(105, TRANSACTIONAL_ID_NOT_FOUND, false)                                                                          \
    X(106, FETCH_SESSION_TOPIC_ID_ERROR, true)                                                                         \
    X(107, INELIGIBLE_REPLICA, false)                                                                                  \
    X(108, NEW_LEADER_ELECTED, false)                                                                                  \
    X(109, OFFSET_MOVED_TO_TIERED_STORAGE, false)                                                                      \
    X(110, FENCED_MEMBER_EPOCH, false)                                                                                 \
    X(111, UNRELEASED_INSTANCE_ID, false)                                                                              \
    X(112, UNSUPPORTED_ASSIGNOR, false)                                                                                \
    X(113, STALE_MEMBER_EPOCH, false)                                                                                  \
    X(114, MISMATCHED_ENDPOINT_TYPE, false)                                                                            \
    X(115, UNSUPPORTED_ENDPOINT_TYPE, false)                                                                           \
    X(116, UNKNOWN_CONTROLLER_ID, false)                                                                               \
    X(117, UNKNOWN_SUBSCRIPTION_ID, false)                                                                             \
    X(118, TELEMETRY_TOO_LARGE, false)                                                                                 \
    X(119, INVALID_REGISTRATION, false)                                                                                \
    X(120, TRANSACTION_ABORTABLE, false)                                                                               \
    X(121, INVALID_RECORD_STATE, false)                                                                                \
    X(122, SHARE_SESSION_NOT_FOUND, true)                                                                              \
    X(123, INVALID_SHARE_SESSION_EPOCH, true)                                                                          \
    X(124, FENCED_STATE_EPOCH, false)                                                                                  \
    X(125, INVALID_VOTER_KEY, false)                                                                                   \
    X(126, DUPLICATE_VOTER, false)                                                                                     \
    X(127, VOTER_NOT_FOUND, false)                                                                                     \
    X(128, INVALID_REGULAR_EXPRESSION, false)                                                                          \
    X(129, REBOOTSTRAP_REQUIRED, false)                                                                                \
    X(130, STREAMS_INVALID_TOPOLOGY, false)                                                                            \
    X(131, STREAMS_INVALID_TOPOLOGY_EPOCH, false)                                                                      \
    X(132, STREAMS_TOPOLOGY_FENCED, false)                                                                             \
    X(133, SHARE_SESSION_LIMIT_REACHED, true)

typedef enum wr_kafka_error {
#define WR_KAFKA_ERROR(code, name, retriable) WR_KAFKA_##name = (code),
    WR_KAFKA_ERRORS(WR_KAFKA_ERROR)
#undef WR_KAFKA_ERROR
} wr_kafka_error;

/* "UNKNOWN_MEMBER_ID"; "UNKNOWN_ERROR" for codes that are not in the table. */
const char *wr_kafka_error_name(int16_t code);
bool wr_kafka_error_retriable(int16_t code);

/* X(key, NAME, Name) */
#define WR_API_KEYS(X)                                                                                                 \
    X(0, PRODUCE, Produce)                                                                                             \
    X(1, FETCH, Fetch)                                                                                                 \
    X(2, LIST_OFFSETS, ListOffsets)                                                                                    \
    X(3, METADATA, Metadata)                                                                                           \
    X(8, OFFSET_COMMIT, OffsetCommit)                                                                                  \
    X(9, OFFSET_FETCH, OffsetFetch)                                                                                    \
    X(10, FIND_COORDINATOR, FindCoordinator)                                                                           \
    X(11, JOIN_GROUP, JoinGroup)                                                                                       \
    X(12, HEARTBEAT, Heartbeat)                                                                                        \
    X(13, LEAVE_GROUP, LeaveGroup)                                                                                     \
    X(14, SYNC_GROUP, SyncGroup)                                                                                       \
    X(15, DESCRIBE_GROUPS, DescribeGroups)                                                                             \
    X(16, LIST_GROUPS, ListGroups)                                                                                     \
    X(17, SASL_HANDSHAKE, SaslHandshake)                                                                               \
    X(18, API_VERSIONS, ApiVersions)                                                                                   \
    X(19, CREATE_TOPICS, CreateTopics)                                                                                 \
    X(20, DELETE_TOPICS, DeleteTopics)                                                                                 \
    X(21, DELETE_RECORDS, DeleteRecords)                                                                               \
    X(22, INIT_PRODUCER_ID, InitProducerId)                                                                            \
    X(23, OFFSET_FOR_LEADER_EPOCH, OffsetForLeaderEpoch)                                                               \
    X(24, ADD_PARTITIONS_TO_TXN, AddPartitionsToTxn)                                                                   \
    X(25, ADD_OFFSETS_TO_TXN, AddOffsetsToTxn)                                                                         \
    X(26, END_TXN, EndTxn)                                                                                             \
    X(28, TXN_OFFSET_COMMIT, TxnOffsetCommit)                                                                          \
    X(29, DESCRIBE_ACLS, DescribeAcls)                                                                                 \
    X(30, CREATE_ACLS, CreateAcls)                                                                                     \
    X(31, DELETE_ACLS, DeleteAcls)                                                                                     \
    X(32, DESCRIBE_CONFIGS, DescribeConfigs)                                                                           \
    X(33, ALTER_CONFIGS, AlterConfigs)                                                                                 \
    X(34, ALTER_REPLICA_LOG_DIRS, AlterReplicaLogDirs)                                                                 \
    X(35, DESCRIBE_LOG_DIRS, DescribeLogDirs)                                                                          \
    X(36, SASL_AUTHENTICATE, SaslAuthenticate)                                                                         \
    X(37, CREATE_PARTITIONS, CreatePartitions)                                                                         \
    X(38, CREATE_DELEGATION_TOKEN, CreateDelegationToken)                                                              \
    X(39, RENEW_DELEGATION_TOKEN, RenewDelegationToken)                                                                \
    X(40, EXPIRE_DELEGATION_TOKEN, ExpireDelegationToken)                                                              \
    X(41, DESCRIBE_DELEGATION_TOKEN, DescribeDelegationToken)                                                          \
    X(42, DELETE_GROUPS, DeleteGroups)                                                                                 \
    X(43, ELECT_LEADERS, ElectLeaders)                                                                                 \
    X(44, INCREMENTAL_ALTER_CONFIGS, IncrementalAlterConfigs)                                                          \
    X(45, ALTER_PARTITION_REASSIGNMENTS, AlterPartitionReassignments)                                                  \
    X(46, LIST_PARTITION_REASSIGNMENTS, ListPartitionReassignments)                                                    \
    X(47, OFFSET_DELETE, OffsetDelete)                                                                                 \
    X(48, DESCRIBE_CLIENT_QUOTAS, DescribeClientQuotas)                                                                \
    X(49, ALTER_CLIENT_QUOTAS, AlterClientQuotas)                                                                      \
    X(50, DESCRIBE_USER_SCRAM_CREDENTIALS, DescribeUserScramCredentials)                                               \
    X(51, ALTER_USER_SCRAM_CREDENTIALS, AlterUserScramCredentials)                                                     \
    X(59, FETCH_SNAPSHOT, FetchSnapshot)                                                                               \
    X(60, DESCRIBE_CLUSTER, DescribeCluster)                                                                           \
    X(61, DESCRIBE_PRODUCERS, DescribeProducers)                                                                       \
    X(64, UNREGISTER_BROKER, UnregisterBroker)                                                                         \
    X(65, DESCRIBE_TRANSACTIONS, DescribeTransactions)                                                                 \
    X(66, LIST_TRANSACTIONS, ListTransactions)                                                                         \
    X(68, CONSUMER_GROUP_HEARTBEAT, ConsumerGroupHeartbeat)                                                            \
    X(69, CONSUMER_GROUP_DESCRIBE, ConsumerGroupDescribe)                                                              \
    X(70, CONTROLLER_REGISTRATION, ControllerRegistration)                                                             \
    X(71, GET_TELEMETRY_SUBSCRIPTIONS, GetTelemetrySubscriptions)                                                      \
    X(72, PUSH_TELEMETRY, PushTelemetry)                                                                               \
    X(73, ASSIGN_REPLICAS_TO_DIRS, AssignReplicasToDirs)                                                               \
    X(74, LIST_CONFIG_RESOURCES, ListConfigResources)                                                                  \
    X(75, DESCRIBE_TOPIC_PARTITIONS, DescribeTopicPartitions)                                                          \
    X(76, SHARE_GROUP_HEARTBEAT, ShareGroupHeartbeat)                                                                  \
    X(77, SHARE_GROUP_DESCRIBE, ShareGroupDescribe)                                                                    \
    X(78, SHARE_FETCH, ShareFetch)                                                                                     \
    X(79, SHARE_ACKNOWLEDGE, ShareAcknowledge)                                                                         \
    X(80, ADD_RAFT_VOTER, AddRaftVoter)                                                                                \
    X(81, REMOVE_RAFT_VOTER, RemoveRaftVoter)                                                                          \
    X(82, UPDATE_RAFT_VOTER, UpdateRaftVoter)                                                                          \
    X(88, STREAMS_GROUP_HEARTBEAT, StreamsGroupHeartbeat)                                                              \
    X(89, STREAMS_GROUP_DESCRIBE, StreamsGroupDescribe)                                                                \
    X(90, DESCRIBE_SHARE_GROUP_OFFSETS, DescribeShareGroupOffsets)                                                     \
    X(91, ALTER_SHARE_GROUP_OFFSETS, AlterShareGroupOffsets)                                                           \
    X(92, DELETE_SHARE_GROUP_OFFSETS, DeleteShareGroupOffsets)

/* What clients may ask; requests between brokers and controllers are not listed. */
typedef enum wr_api_key {
#define WR_API_KEY(key, name, text) WR_API_##name = (key),
    WR_API_KEYS(WR_API_KEY)
#undef WR_API_KEY
} wr_api_key;

/* "ListOffsets"; "Unknown" for keys that are not in the table. Knows more than wr_api_find serves. */
const char *wr_api_key_name(int16_t key);

/* ListOffsets: times that mean something else (the last two are of tiered storage). */
enum {
    WR_TIME_LATEST = -1,
    WR_TIME_EARLIEST = -2,
    WR_TIME_MAX = -3, /* the record with the highest timestamp */
    WR_TIME_EARLIEST_LOCAL = -4,
    WR_TIME_LATEST_TIERED = -5,
};

enum {
    WR_ACKS_ALL = -1,
    WR_ACKS_NONE = 0,
    WR_ACKS_LEADER = 1,
};

enum {
    WR_READ_UNCOMMITTED = 0,
    WR_READ_COMMITTED = 1,
};

/* "No such thing" in ids, epochs and sequences. */
enum {
    WR_NO_OFFSET = -1,
    WR_NO_TIMESTAMP = -1,
    WR_NO_LEADER_EPOCH = -1,
    WR_NO_PRODUCER_ID = -1,
    WR_NO_PRODUCER_EPOCH = -1,
    WR_NO_SEQUENCE = -1,
    WR_NO_GENERATION = -1,
};

/* FindCoordinator: key_type. */
enum {
    WR_COORDINATOR_GROUP = 0,
    WR_COORDINATOR_TRANSACTION = 1,
    WR_COORDINATOR_SHARE = 2,
};

/* Fetch: session_epoch besides the numbers from 1 (KIP-227). */
enum {
    WR_FETCH_SESSION_FINAL = -1, /* close the session, or no session at all */
    WR_FETCH_SESSION_INITIAL = 0,
};

/* DescribeConfigs, AlterConfigs and the like: resource_type. */
enum {
    WR_RESOURCE_TOPIC = 2,
    WR_RESOURCE_BROKER = 4,
    WR_RESOURCE_BROKER_LOGGER = 8,
    WR_RESOURCE_CLIENT_METRICS = 16,
    WR_RESOURCE_GROUP = 32,
};

/* Access control: what is done (AclOperation), to what (ResourceType of the ACL requests). */
enum {
    WR_ACL_READ = 3,
    WR_ACL_WRITE = 4,
    WR_ACL_CREATE = 5,
    WR_ACL_DELETE = 6,
    WR_ACL_ALTER = 7,
    WR_ACL_DESCRIBE = 8,
    WR_ACL_DESCRIBE_CONFIGS = 10,
    WR_ACL_ALTER_CONFIGS = 11,
    WR_ACL_IDEMPOTENT_WRITE = 12,
};
enum {
    WR_ACL_TOPIC = 2,
    WR_ACL_GROUP = 3,
    WR_ACL_CLUSTER = 4,
    WR_ACL_TRANSACTIONAL_ID = 5,
};

/* DescribeConfigs: config_source and source of a synonym. */
enum {
    WR_CONFIG_SOURCE_UNKNOWN = 0,
    WR_CONFIG_SOURCE_TOPIC = 1,
    WR_CONFIG_SOURCE_DYNAMIC_BROKER = 2,
    WR_CONFIG_SOURCE_DYNAMIC_DEFAULT_BROKER = 3,
    WR_CONFIG_SOURCE_STATIC_BROKER = 4,
    WR_CONFIG_SOURCE_DEFAULT = 5,
};

/* DescribeConfigs: config_type. */
enum {
    WR_CONFIG_TYPE_UNKNOWN = 0,
    WR_CONFIG_TYPE_BOOLEAN = 1,
    WR_CONFIG_TYPE_STRING = 2,
    WR_CONFIG_TYPE_INT = 3,
    WR_CONFIG_TYPE_SHORT = 4,
    WR_CONFIG_TYPE_LONG = 5,
    WR_CONFIG_TYPE_DOUBLE = 6,
    WR_CONFIG_TYPE_LIST = 7,
    WR_CONFIG_TYPE_CLASS = 8,
    WR_CONFIG_TYPE_PASSWORD = 9,
};

/* IncrementalAlterConfigs: config_operation. */
enum {
    WR_CONFIG_SET = 0,
    WR_CONFIG_DELETE = 1,
    WR_CONFIG_APPEND = 2,
    WR_CONFIG_SUBTRACT = 3,
};

/* *_authorized_operations that were not asked for. */
#define WR_OPERATIONS_OMITTED INT32_MIN

#define WR_OFFSETS_TOPIC "__consumer_offsets"

enum {
    WR_TOPIC_NAME_MAX = 249, /* bytes of [a-zA-Z0-9._-], and neither "." nor ".." */
};

#endif
