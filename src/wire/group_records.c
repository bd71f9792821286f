#include <wire/group_records.h>
#include <wire/message_int.h>

enum {
    VERSION_SIZE = 2,
    OFFSET_KEY_VERSION = 1,
    GROUP_KEY_VERSION = 2,
    VALUE_VERSION = 3,
    VALUE_VERSION_WITH_EXPIRY = 1, /* the only one that has it; it has no leader epoch */
};

/* clang-format off */

/* ---- keys: all land in wr_group_key */

#define AT(member) WR_AT(wr_group_key, member)
static const wr_field offset_key_fields[] = {
    {AT(group),     WR_STRING, 0},
    {AT(topic),     WR_STRING, 0},
    {AT(partition), WR_INT32,  0},
    {0},
};

static const wr_field group_key_fields[] = {
    {AT(group), WR_STRING, 2},
    {0},
};
#undef AT

const wr_message wr_offset_key_message = {
    .name = "OffsetCommitKey",
    .api_key = -1,
    .min_version = 0,
    .max_version = 1,
    .flexible_version = WR_VERSION_NEVER,
    .size = sizeof(wr_group_key),
    .fields = offset_key_fields,
};

const wr_message wr_group_key_message = {
    .name = "GroupMetadataKey",
    .api_key = -1,
    .min_version = 2,
    .max_version = 2,
    .flexible_version = WR_VERSION_NEVER,
    .size = sizeof(wr_group_key),
    .fields = group_key_fields,
};

/* ---- values */

#define AT(member) WR_AT(wr_offset_value, member)
static const wr_field offset_value_fields[] = {
    {AT(offset),           WR_INT64,  0},
    {AT(leader_epoch),     WR_INT32,  3, DEFAULT(-1)},
    {AT(metadata),         WR_STRING, 0},
    {AT(commit_timestamp), WR_INT64,  0},
    {AT(expire_timestamp), WR_INT64,  1, 1, DEFAULT(-1)},
    {AT(topic_id),         WR_UUID,   4, TAG(0)},
    {0},
};
#undef AT

const wr_message wr_offset_value_message = {
    .name = "OffsetCommitValue",
    .api_key = -1,
    .min_version = 0,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_offset_value),
    .fields = offset_value_fields,
};

#define AT(member) WR_AT(wr_group_value_member, member)
static const wr_field member_fields[] = {
    {AT(member_id),         WR_STRING, 0},
    {AT(group_instance_id), WR_STRING, 3, NULLABLE(3), NULL_DEFAULT},
    {AT(client_id),         WR_STRING, 0},
    {AT(client_host),       WR_STRING, 0},
    {AT(rebalance_timeout), WR_INT32,  1},
    {AT(session_timeout),   WR_INT32,  0},
    {AT(subscription),      WR_BYTES,  0},
    {AT(assignment),        WR_BYTES,  0},
    {0},
};
#undef AT
static const wr_items members = ITEMS(wr_group_value_member, member_fields);

#define AT(member) WR_AT(wr_group_value, member)
static const wr_field group_value_fields[] = {
    {AT(protocol_type),           WR_STRING, 0},
    {AT(generation),              WR_INT32,  0},
    {AT(protocol),                WR_STRING, 0, NULLABLE(0)},
    {AT(leader),                  WR_STRING, 0, NULLABLE(0)},
    {AT(current_state_timestamp), WR_INT64,  2, DEFAULT(-1)},
    {AT(members),                 WR_ARRAY,  0, .items = &members},
    {0},
};
#undef AT

const wr_message wr_group_value_message = {
    .name = "GroupMetadataValue",
    .api_key = -1,
    .min_version = 0,
    .max_version = 4,
    .flexible_version = 4,
    .size = sizeof(wr_group_value),
    .fields = group_value_fields,
};

/* clang-format on */

/* ---- the version in front */

static weir_err take_version(weir_slice *bytes, int16_t *ret_version, weir_failure *failure)
{
    if (!bytes->data || bytes->size < VERSION_SIZE)
        return weir_fail(failure, WEIR_E_FORMAT, "a record of the offsets topic of %zu bytes has no version",
                         bytes->size);
    *ret_version = wr_get_i16(bytes->data);
    *bytes = (weir_slice){bytes->data + VERSION_SIZE, bytes->size - VERSION_SIZE};
    return WEIR_OK;
}

static weir_err decode(const wr_message *message, weir_slice bytes, weir_arena *arena, void *ret_value,
                       weir_failure *failure)
{
    int16_t version = 0;
    weir_err err = take_version(&bytes, &version, failure);
    return err == WEIR_OK ? wr_message_decode(message, version, bytes, arena, ret_value, failure) : err;
}

static weir_err encode(const wr_message *message, int16_t version, const void *from, wr_buf *out)
{
    size_t start = out->size;
    wr_buf_i16(out, version);
    weir_err err = wr_message_encode(message, version, from, out);
    if (err != WEIR_OK && !wr_buf_failed(out))
        out->size = start;
    return err;
}

weir_err wr_group_key_decode(weir_slice bytes, wr_group_key *ret_key, weir_failure *failure)
{
    int16_t version = 0;
    weir_err err = take_version(&bytes, &version, failure);
    if (err != WEIR_OK)
        return err;
    bool offset = version <= wr_offset_key_message.max_version;
    wr_group_key key = {.kind = offset ? WR_GROUP_KEY_OFFSET : WR_GROUP_KEY_GROUP};
    err =
        wr_message_decode(offset ? &wr_offset_key_message : &wr_group_key_message, version, bytes, NULL, &key, failure);
    if (err == WEIR_OK)
        *ret_key = key;
    return err;
}

weir_err wr_offset_value_decode(weir_slice bytes, wr_offset_value *ret_value, weir_failure *failure)
{
    wr_offset_value value = {0};
    weir_err err = decode(&wr_offset_value_message, bytes, NULL, &value, failure);
    if (err == WEIR_OK)
        *ret_value = value;
    return err;
}

weir_err wr_group_value_decode(weir_slice bytes, weir_arena *arena, wr_group_value *ret_value, weir_failure *failure)
{
    wr_group_value value = {0};
    weir_err err = decode(&wr_group_value_message, bytes, arena, &value, failure);
    if (err == WEIR_OK)
        *ret_value = value;
    return err;
}

weir_err wr_group_key_encode(const wr_group_key *key, wr_buf *out)
{
    return key->kind == WR_GROUP_KEY_OFFSET ? encode(&wr_offset_key_message, OFFSET_KEY_VERSION, key, out)
                                            : encode(&wr_group_key_message, GROUP_KEY_VERSION, key, out);
}

weir_err wr_offset_value_encode(const wr_offset_value *value, wr_buf *out)
{
    if (value->expire_timestamp < 0)
        return encode(&wr_offset_value_message, VALUE_VERSION, value, out);
    wr_offset_value expiring = *value;
    expiring.leader_epoch = -1; /* OffsetCommit has a retention in versions 2 to 4, and an epoch from 6 on */
    return encode(&wr_offset_value_message, VALUE_VERSION_WITH_EXPIRY, &expiring, out);
}

weir_err wr_group_value_encode(const wr_group_value *value, wr_buf *out)
{
    return encode(&wr_group_value_message, VALUE_VERSION, value, out);
}
