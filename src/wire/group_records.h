/* The records of __consumer_offsets, in Kafka's own formats, so that Kafka's tools can read what weir wrote.
 *
 *   key    version:2 then   0, 1: group, topic, partition:4          (whose value is an offset)
 *                           2:    group                              (whose value is the group's generation)
 *   value  version:2 then the fields of wr_offset_value (0 to 4) or wr_group_value (0 to 4)
 *
 * A key with a null value is a tombstone: forget it. Later Kafkas write further kinds of keys (3 and up, for the newer
 * group protocols); they read as WEIR_E_UNSUPPORTED and are to be skipped. We write key versions 1 and 2 and value
 * version 3, which every Kafka since 2.1 reads. */
#ifndef WR_GROUP_RECORDS_H
#define WR_GROUP_RECORDS_H

#include <wire/message.h>

typedef enum wr_group_key_kind {
    WR_GROUP_KEY_OFFSET, /* (group, topic, partition), with a wr_offset_value */
    WR_GROUP_KEY_GROUP,  /* (group), with a wr_group_value */
} wr_group_key_kind;

typedef struct wr_group_key {
    wr_group_key_kind kind;
    weir_slice group;
    weir_slice topic;  /* offsets only */
    int32_t partition; /* offsets only */
} wr_group_key;

typedef struct wr_offset_value {
    int64_t offset;
    int32_t leader_epoch; /* from version 3, default -1 */
    weir_slice metadata;
    int64_t commit_timestamp;
    int64_t expire_timestamp; /* version 1, default -1 */
    wr_uuid topic_id;         /* from version 4, tag 0 */
} wr_offset_value;

typedef struct wr_group_value_member {
    weir_slice member_id;
    weir_slice group_instance_id; /* from version 3, may be null */
    weir_slice client_id;
    weir_slice client_host;
    int32_t rebalance_timeout; /* from version 1 */
    int32_t session_timeout;
    weir_slice subscription;
    weir_slice assignment;
} wr_group_value_member;

typedef struct wr_group_value {
    weir_slice protocol_type;
    int32_t generation;
    weir_slice protocol;             /* may be null */
    weir_slice leader;               /* may be null */
    int64_t current_state_timestamp; /* from version 2, default -1 */
    wr_group_value_member *members;
    int32_t member_count;
} wr_group_value;

extern const wr_message wr_offset_key_message;
extern const wr_message wr_offset_value_message;
extern const wr_message wr_group_key_message;
extern const wr_message wr_group_value_message;

/* Decoded texts borrow from the bytes, members live in the arena. Errors: those of wr_message_decode;
 * WEIR_E_UNSUPPORTED for kinds and versions that we do not know. */
WEIR_MUST_CHECK weir_err wr_group_key_decode(weir_slice key, wr_group_key *ret_key, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_offset_value_decode(weir_slice value, wr_offset_value *ret_value, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_group_value_decode(weir_slice value, weir_arena *arena, wr_group_value *ret_value,
                                               weir_failure *failure);

WEIR_MUST_CHECK weir_err wr_group_key_encode(const wr_group_key *key, wr_buf *out);
WEIR_MUST_CHECK weir_err wr_offset_value_encode(const wr_offset_value *value, wr_buf *out);
WEIR_MUST_CHECK weir_err wr_group_value_encode(const wr_group_value *value, wr_buf *out);

#endif
