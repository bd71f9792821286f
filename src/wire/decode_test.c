#include <test.h>
#include <wire/api_versions.h>
#include <wire/describe_topic_partitions.h>
#include <wire/metadata.h>

#include <stdlib.h>

enum { ARENA_SIZE = 1 << 22, FRAME_SIZE = 1 << 20 };

/* ---- lies */

static weir_err decode_metadata(int16_t version, weir_slice body, weir_failure *failure)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_metadata_request request = {0};
    weir_err err = wr_message_decode(&wr_metadata_request_message, version, body, arena, &request, failure);
    CHECK(weir_arena_used(arena) <= 1024);
    weir_arena_free(arena);
    return err;
}

TEST(an_array_cannot_claim_more_items_than_the_bytes_could_hold)
{
    weir_failure failure = {0};
    CHECK_EQ(decode_metadata(0, WEIR_SLICE("\x7f\xff\xff\xff\0\0\0\0"), &failure), WEIR_E_FORMAT);
    CHECK_STR(failure.sentence, "MetadataRequest version 0: more items than the message has bytes for at topics[0]");
    CHECK_EQ(decode_metadata(0, WEIR_SLICE("\0\0\0\5\0\0\0\0\0\0\0\0"), NULL), WEIR_E_FORMAT);
    CHECK_EQ(decode_metadata(9, WEIR_SLICE("\xff\xff\xff\xff\x0f\0\0\0\0"), NULL), WEIR_E_FORMAT);
    CHECK_EQ(decode_metadata(0, WEIR_SLICE("\0\0\0\1\0\0"), NULL), WEIR_OK);
}

TEST(negative_lengths_and_counts_are_format_errors)
{
    CHECK_EQ(decode_metadata(1, WEIR_SLICE("\xff\xff\xff\xfe"), NULL), WEIR_E_FORMAT);
    CHECK_EQ(decode_metadata(1, WEIR_SLICE("\x80\0\0\0"), NULL), WEIR_E_FORMAT);
    CHECK_EQ(decode_metadata(1, WEIR_SLICE("\0\0\0\1\xff\xfe"), NULL), WEIR_E_FORMAT);
    CHECK_EQ(decode_metadata(1, WEIR_SLICE("\0\0\0\1\x80\0"), NULL), WEIR_E_FORMAT);
}

TEST(null_is_refused_where_the_version_has_none)
{
    weir_failure failure = {0};
    CHECK_EQ(decode_metadata(0, WEIR_SLICE("\xff\xff\xff\xff"), &failure), WEIR_E_FORMAT);
    CHECK_STR(failure.sentence, "MetadataRequest version 0: null where no null may be at topics[0]");
    CHECK_EQ(decode_metadata(1, WEIR_SLICE("\xff\xff\xff\xff"), NULL), WEIR_OK);
    CHECK_EQ(decode_metadata(1, WEIR_SLICE("\0\0\0\1\xff\xff"), &failure), WEIR_E_FORMAT);
    CHECK_STR(failure.sentence, "MetadataRequest version 1: null where no null may be at topics[0].name");
    CHECK_EQ(decode_metadata(9, WEIR_SLICE("\0\0\0\0\0"), NULL), WEIR_OK);
    CHECK_EQ(decode_metadata(9, WEIR_SLICE("\2\0\0\0\0\0\0"), NULL), WEIR_E_FORMAT);
}

TEST(a_varint_of_more_than_five_bytes_is_a_format_error)
{
    CHECK_EQ(decode_metadata(9, WEIR_SLICE("\x81\x80\x80\x80\x00\0\0\0\0"), NULL), WEIR_OK);
    CHECK_EQ(decode_metadata(9, WEIR_SLICE("\x81\x80\x80\x80\x80\x00\0\0\0\0"), NULL), WEIR_E_FORMAT);
    CHECK_EQ(decode_metadata(9, WEIR_SLICE("\x81\x80\x80\x80\x10\0\0\0\0"), NULL), WEIR_E_FORMAT);
}

TEST(a_compact_text_is_no_longer_than_a_plain_one_may_be)
{
    for (size_t size = INT16_MAX; size <= INT16_MAX + 1; size++) {
        wr_buf body;
        wr_buf_init(&body, FRAME_SIZE);
        wr_buf_uvarint(&body, 1 + 1); /* one topic */
        wr_buf_uvarint(&body, size + 1);
        memset(wr_buf_extend(&body, size), 'a', size);
        wr_buf_append(&body, "\0\0\0\0\0", 5);
        CHECK_EQ(decode_metadata(9, wr_buf_view(&body), NULL), size > INT16_MAX ? WEIR_E_FORMAT : WEIR_OK);
        wr_buf_fini(&body);
    }
    char *long_name = calloc(1, INT16_MAX + 1);
    wr_metadata_request_topic topic = {.name = {(uint8_t *)long_name, INT16_MAX + 1}};
    wr_metadata_request request = {.topics = &topic, .topic_count = 1};
    wr_buf out;
    wr_buf_init(&out, FRAME_SIZE);
    CHECK_EQ(wr_message_encode(&wr_metadata_request_message, 9, &request, &out), WEIR_E_LIMIT);
    CHECK_EQ(wr_message_encode(&wr_metadata_request_message, 1, &request, &out), WEIR_E_LIMIT);
    CHECK(!wr_buf_failed(&out) && out.size == 0);
    wr_buf_fini(&out);
    free(long_name);
}

/* ---- tagged fields: ApiVersionsRequest 3 is two compact texts and its tags */

static weir_err decode_tags(weir_slice tags)
{
    wr_buf body;
    wr_buf_init(&body, 200);
    wr_buf_append(&body, "\2a\2b", 4);
    wr_buf_slice(&body, tags);
    wr_api_versions_request request = {0};
    weir_err err = wr_message_decode(&wr_api_versions_request_message, 3, wr_buf_view(&body), NULL, &request, NULL);
    wr_buf_fini(&body);
    return err;
}

TEST(unknown_tags_are_skipped)
{
    CHECK_EQ(decode_tags(WEIR_SLICE("\0")), WEIR_OK);
    CHECK_EQ(decode_tags(WEIR_SLICE("\1\5\0")), WEIR_OK);
    CHECK_EQ(decode_tags(WEIR_SLICE("\2\5\3abc\x80\1\1x")), WEIR_OK);
}

TEST(tags_that_lie_are_format_errors)
{
    CHECK_EQ(decode_tags(WEIR_SLICE("\1\5\3ab")), WEIR_E_FORMAT);             /* size beyond the end */
    CHECK_EQ(decode_tags(WEIR_SLICE("\2\5\0")), WEIR_E_FORMAT);               /* fewer than counted */
    CHECK_EQ(decode_tags(WEIR_SLICE("\xff\xff\xff\xff\x0f")), WEIR_E_FORMAT); /* four billion */
    CHECK_EQ(decode_tags(WEIR_SLICE("\2\5\0\5\0")), WEIR_E_FORMAT);           /* the same twice */
    CHECK_EQ(decode_tags(WEIR_SLICE("\2\5\0\4\0")), WEIR_E_FORMAT);           /* out of order */
    CHECK_EQ(decode_tags(WEIR_SLICE("\1\5\xff\xff\xff\xff\x0f")), WEIR_E_FORMAT);
}

TEST(a_known_tag_must_fill_its_size)
{
    /* ApiVersionsResponse 3: error, no keys, throttle, then tag 1, an int64 */
    static const char *const right = "\0\0\1\0\0\0\0\1\1\x08\0\0\0\0\0\0\0\7";
    static const char *const longer = "\0\0\1\0\0\0\0\1\1\x09\0\0\0\0\0\0\0\7\0";
    static const char *const shorter = "\0\0\1\0\0\0\0\1\1\x07\0\0\0\0\0\0\0";
    wr_api_versions_response response = {0};
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    CHECK_OK(wr_message_decode(&wr_api_versions_response_message, 3, (weir_slice){(const uint8_t *)right, 18}, arena,
                               &response, NULL));
    CHECK_EQ(response.finalized_features_epoch, 7);
    CHECK_EQ(wr_message_decode(&wr_api_versions_response_message, 3, (weir_slice){(const uint8_t *)longer, 19}, arena,
                               &response, NULL),
             WEIR_E_FORMAT);
    CHECK_EQ(wr_message_decode(&wr_api_versions_response_message, 3, (weir_slice){(const uint8_t *)shorter, 17}, arena,
                               &response, NULL),
             WEIR_E_FORMAT);
    weir_arena_free(arena);
}

TEST(tags_at_their_default_are_not_sent)
{
    wr_api_versions_response response;
    wr_message_init(&wr_api_versions_response_message, &response);
    CHECK_EQ(response.finalized_features_epoch, -1);
    wr_buf out;
    wr_buf_init(&out, 100);
    CHECK_OK(wr_message_encode(&wr_api_versions_response_message, 3, &response, &out));
    CHECK_EQ(out.size, 8);
    CHECK_BYTES(out.data, "\0\0\1\0\0\0\0\0", 8);
    wr_buf_fini(&out);
}

/* ---- defaults and nulls */

TEST(fields_that_a_version_lacks_have_their_default)
{
    wr_metadata_request request;
    memset(&request, 0x55, sizeof(request));
    CHECK_OK(wr_message_decode(&wr_metadata_request_message, 0, WEIR_SLICE("\0\0\0\0"), NULL, &request, NULL));
    CHECK(request.allow_auto_topic_creation);
    CHECK(!request.include_topic_authorized_operations);
    CHECK_EQ(request.topic_count, 0);
}

TEST(null_where_the_version_has_none_is_a_usage_error_and_appends_nothing)
{
    wr_metadata_request request = {.topic_count = -1};
    wr_buf out;
    wr_buf_init(&out, 100);
    wr_buf_text(&out, "before");
    CHECK_EQ(wr_message_encode(&wr_metadata_request_message, 0, &request, &out), WEIR_E_USAGE);
    wr_metadata_request_topic nameless = {0};
    request = (wr_metadata_request){.topics = &nameless, .topic_count = 1};
    CHECK_EQ(wr_message_encode(&wr_metadata_request_message, 9, &request, &out), WEIR_E_USAGE);
    CHECK_STR(wr_buf_cstr(&out), "before");
    CHECK_OK(wr_message_encode(&wr_metadata_request_message, 10, &request, &out));
    wr_buf_fini(&out);
}

TEST(an_optional_struct_is_null_or_follows)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_describe_topic_partitions_request request = {0};
    const wr_message *message = &wr_describe_topic_partitions_request_message;
    CHECK_OK(wr_message_decode(message, 0, WEIR_SLICE("\1\0\0\7\xd0\xff\0"), arena, &request, NULL));
    CHECK(request.cursor == NULL);
    CHECK_OK(wr_message_decode(message, 0, WEIR_SLICE("\1\0\0\7\xd0\1\2t\0\0\0\3\0\0"), arena, &request, NULL));
    CHECK_EQ(request.cursor->partition_index, 3);
    CHECK_EQ(request.cursor->topic_name.data[0], 't');
    weir_arena_free(arena);
}
