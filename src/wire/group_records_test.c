#include <test.h>
#include <wire/group_records.h>

enum { ARENA_SIZE = 1 << 20, BUF_SIZE = 1 << 16 };

static void check_bytes(wr_buf *out, const char *expected, size_t size)
{
    CHECK_EQ(out->size, size);
    CHECK_BYTES(out->data, expected, size);
    wr_buf_clear(out);
}
#define CHECK_WRITTEN(out, literal) check_bytes((out), (literal), sizeof(literal) - 1)

TEST(keys_are_written_as_kafka_writes_them_and_read_back)
{
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    wr_group_key key = {WR_GROUP_KEY_OFFSET, WEIR_SLICE("g1"), WEIR_SLICE("orders"), 3}, back;
    CHECK_OK(wr_group_key_encode(&key, &out));
    CHECK_OK(wr_group_key_decode(wr_buf_view(&out), &back, NULL));
    CHECK_EQ(back.kind, WR_GROUP_KEY_OFFSET);
    CHECK(weir_slice_equal(back.group, key.group));
    CHECK(weir_slice_equal(back.topic, key.topic));
    CHECK_EQ(back.partition, 3);
    CHECK_WRITTEN(&out, "\0\1\0\2g1\0\6orders\0\0\0\3");

    key = (wr_group_key){.kind = WR_GROUP_KEY_GROUP, .group = WEIR_SLICE("g1")};
    CHECK_OK(wr_group_key_encode(&key, &out));
    CHECK_OK(wr_group_key_decode(wr_buf_view(&out), &back, NULL));
    CHECK_EQ(back.kind, WR_GROUP_KEY_GROUP);
    CHECK(weir_slice_equal(back.group, key.group));
    CHECK_WRITTEN(&out, "\0\2\0\2g1");
    wr_buf_fini(&out);
}

TEST(offset_values_are_written_in_version_3_and_read_in_all)
{
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    wr_offset_value value = {
        .offset = 7, .leader_epoch = -1, .metadata = WEIR_SLICE("m"), .commit_timestamp = 9, .expire_timestamp = -1};
    wr_offset_value back;
    CHECK_OK(wr_offset_value_encode(&value, &out));
    CHECK_WRITTEN(&out, "\0\3\0\0\0\0\0\0\0\7\xff\xff\xff\xff\0\1m\0\0\0\0\0\0\0\x09");

    CHECK_OK(wr_offset_value_decode(WEIR_SLICE("\0\0\0\0\0\0\0\0\0\7\0\1m\0\0\0\0\0\0\0\x09"), &back, NULL));
    CHECK_EQ(back.offset, 7);
    CHECK_EQ(back.leader_epoch, -1);
    CHECK_EQ(back.expire_timestamp, -1);
    CHECK_OK(wr_offset_value_decode(WEIR_SLICE("\0\1\0\0\0\0\0\0\0\7\0\1m\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x0b"), &back,
                                    NULL));
    CHECK_EQ(back.expire_timestamp, 11);
    CHECK_OK(wr_offset_value_decode(WEIR_SLICE("\0\4\0\0\0\0\0\0\0\7\0\0\0\2\2m\0\0\0\0\0\0\0\x09\1\0\x10"
                                               "0123456789abcdef"),
                                    &back, NULL));
    CHECK_EQ(back.leader_epoch, 2);
    CHECK_BYTES(back.topic_id.bytes, "0123456789abcdef", 16);
    wr_buf_fini(&out);
}

TEST(an_offset_with_a_time_of_its_own_to_expire_keeps_it)
{
    wr_buf buf;
    wr_buf_init(&buf, 1 << 10);
    const wr_offset_value written = {.offset = 7,
                                     .leader_epoch = 2,
                                     .metadata = WEIR_SLICE("m"),
                                     .commit_timestamp = 1000,
                                     .expire_timestamp = 4000};
    CHECK_OK(wr_offset_value_encode(&written, &buf));
    CHECK_EQ(wr_get_i16(buf.data), 1);
    wr_offset_value value = {0};
    CHECK_OK(wr_offset_value_decode(wr_buf_view(&buf), &value, NULL));
    CHECK_EQ(value.offset, 7);
    CHECK_EQ(value.leader_epoch, -1);
    CHECK_EQ(value.commit_timestamp, 1000);
    CHECK_EQ(value.expire_timestamp, 4000);
    wr_buf_fini(&buf);
}

TEST(group_values_come_back_with_their_members)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_buf out;
    wr_buf_init(&out, BUF_SIZE);
    wr_group_value_member member = {.member_id = WEIR_SLICE("m-1"),
                                    .client_id = WEIR_SLICE("c"),
                                    .client_host = WEIR_SLICE("/127.0.0.1"),
                                    .rebalance_timeout = 300000,
                                    .session_timeout = 45000,
                                    .subscription = WEIR_SLICE("sub"),
                                    .assignment = WEIR_SLICE("")};
    wr_group_value value = {.protocol_type = WEIR_SLICE("consumer"),
                            .generation = 4,
                            .protocol = WEIR_SLICE("range"),
                            .leader = WEIR_SLICE("m-1"),
                            .current_state_timestamp = 1700000000000,
                            .members = &member,
                            .member_count = 1};
    wr_group_value back;
    CHECK_OK(wr_group_value_encode(&value, &out));
    CHECK_OK(wr_group_value_decode(wr_buf_view(&out), arena, &back, NULL));
    CHECK_EQ(back.generation, 4);
    CHECK_EQ(back.current_state_timestamp, 1700000000000);
    CHECK_EQ(back.member_count, 1);
    CHECK(weir_slice_equal(back.members[0].client_host, member.client_host));
    CHECK(back.members[0].group_instance_id.data == NULL);
    CHECK_EQ(back.members[0].session_timeout, 45000);
    CHECK(back.members[0].assignment.data && back.members[0].assignment.size == 0);
    wr_buf_fini(&out);
    weir_arena_free(arena);
}

TEST(kinds_of_later_kafkas_are_unsupported_and_rubbish_is_a_format_error)
{
    wr_group_key key;
    wr_offset_value value;
    CHECK_EQ(wr_group_key_decode(WEIR_SLICE("\0\3\0\2g1"), &key, NULL), WEIR_E_UNSUPPORTED);
    CHECK_EQ(wr_group_key_decode(WEIR_SLICE("\xff\xff\0\2g1"), &key, NULL), WEIR_E_UNSUPPORTED);
    CHECK_EQ(wr_group_key_decode(WEIR_SLICE("\0\2\0\3g1"), &key, NULL), WEIR_E_FORMAT);
    CHECK_EQ(wr_group_key_decode(WEIR_SLICE("\0"), &key, NULL), WEIR_E_FORMAT);
    CHECK_EQ(wr_group_key_decode((weir_slice){0}, &key, NULL), WEIR_E_FORMAT);
    CHECK_EQ(wr_offset_value_decode(WEIR_SLICE("\0\5"), &value, NULL), WEIR_E_UNSUPPORTED);
    CHECK_EQ(wr_offset_value_decode(WEIR_SLICE("\0\3"), &value, NULL), WEIR_E_FORMAT);
}

TEST(a_record_that_does_not_fit_appends_nothing)
{
    wr_buf out;
    wr_buf_init(&out, 10);
    wr_group_key key = {WR_GROUP_KEY_OFFSET, WEIR_SLICE("g1"), WEIR_SLICE("orders"), 3};
    CHECK_EQ(wr_group_key_encode(&key, &out), WEIR_E_LIMIT);
    wr_buf_clear(&out);
    key = (wr_group_key){.kind = WR_GROUP_KEY_GROUP}; /* a group without a name */
    CHECK_EQ(wr_group_key_encode(&key, &out), WEIR_E_USAGE);
    CHECK_EQ(out.size, 0);
    wr_buf_fini(&out);
}
