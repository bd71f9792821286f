#include <test.h>
#include <wire/api_versions.h>
#include <wire/describe_topic_partitions.h>
#include <wire/group_records.h>
#include <wire/metadata.h>
#include <wire/produce.h>
#include <wire/sample_int.h>

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_SIZE = 1 << 22, FRAME_SIZE = 1 << 20, SEED_COUNT = 40 };

/* ---- every message that has a table */

static const wr_message *const group_messages[] = {
    &wr_offset_key_message,
    &wr_offset_value_message,
    &wr_group_key_message,
    &wr_group_value_message,
};

static const wr_message *message_at(size_t index)
{
    size_t api_count = 0, group_count = sizeof(group_messages) / sizeof(group_messages[0]);
    const wr_api *apis = wr_apis(&api_count);
    if (index < 2 * api_count)
        return index % 2 ? apis[index / 2].response : apis[index / 2].request;
    index -= 2 * api_count;
    return index < group_count ? group_messages[index] : NULL;
}

typedef void (*visit)(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena, wr_buf *out);

static void for_every_message_and_version(int seed_count, visit run)
{
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    wr_buf out;
    wr_buf_init(&out, FRAME_SIZE);
    const wr_message *message;
    for (size_t i = 0; (message = message_at(i)); i++)
        for (int16_t version = message->min_version; version <= message->max_version; version++)
            for (int seed = 0; seed < seed_count; seed++) {
                weir_arena_reset(arena);
                wr_buf_clear(&out);
                run(message, version, (uint64_t)seed, arena, &out);
            }
    wr_buf_fini(&out);
    weir_arena_free(arena);
}

static void fail_with(const wr_message *message, int16_t version, uint64_t seed, const char *what)
{
    fail_msg("%s version %d seed %llu: %s", message->name, version, (unsigned long long)seed, what);
}

/* Exactly as many bytes on the heap, so that the sanitizer sees a read past the end. */
static uint8_t *exact_copy(weir_slice bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, size);
    return copy;
}

/* ---- properties of all tables */

static void check_fields(const wr_message *message, const wr_field *fields)
{
    int16_t last_tag = 0;
    for (const wr_field *field = fields; field->kind != WR_END; field++) {
        CHECK(field->name != NULL);
        CHECK(field->last == 0 || field->last >= field->first);
        CHECK((field->kind == WR_ARRAY || field->kind == WR_STRUCT) == (field->items != NULL));
        CHECK(field->kind != WR_STRUCT || field->tag || field->nullable);
        if (field->tag) {
            CHECK(field->tag > last_tag);
            CHECK(field->first >= message->flexible_version);
            last_tag = field->tag;
        }
        if (field->items && field->items->kind == WR_STRUCT)
            check_fields(message, field->items->fields);
    }
}

TEST(every_table_is_well_formed)
{
    const wr_message *message;
    for (size_t i = 0; (message = message_at(i)); i++) {
        CHECK(message->min_version <= message->max_version);
        CHECK(message->size > 0);
        check_fields(message, message->fields);
    }
}

TEST(apis_are_found_by_key_and_lie_in_order)
{
    size_t count = 0;
    const wr_api *apis = wr_apis(&count);
    for (size_t i = 0; i < count; i++) {
        CHECK(i == 0 || apis[i - 1].key < apis[i].key);
        CHECK(wr_api_find(apis[i].key) == &apis[i]);
        CHECK_EQ(apis[i].request->api_key, apis[i].key);
        CHECK_EQ(apis[i].response->api_key, apis[i].key);
        CHECK_EQ(apis[i].request->min_version, apis[i].response->min_version);
        CHECK_EQ(apis[i].request->max_version, apis[i].response->max_version);
        CHECK_EQ(apis[i].request->flexible_version, apis[i].response->flexible_version);
        CHECK(apis[i].min_advertised <= apis[i].request->min_version);
        CHECK_STR(wr_api_key_name(apis[i].key), apis[i].name);
    }
    CHECK(wr_api_find(-1) == NULL);
    CHECK(wr_api_find(4) == NULL);
    CHECK(wr_api_find(INT16_MAX) == NULL);
}

static void comes_back_equal(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena, wr_buf *out)
{
    void *sample = wr_sample_new(message, version, seed, arena);
    if (wr_message_encode(message, version, sample, out) != WEIR_OK)
        fail_with(message, version, seed, "does not encode");

    weir_failure failure = {0};
    void *decoded = weir_arena_array(arena, 1, message->size);
    uint8_t *bytes = exact_copy(wr_buf_view(out), out->size);
    if (wr_message_decode(message, version, (weir_slice){bytes, out->size}, arena, decoded, &failure) != WEIR_OK)
        fail_with(message, version, seed, failure.sentence);
    if (!wr_sample_equal(message->fields, sample, decoded))
        fail_with(message, version, seed, "comes back changed");
    free(bytes);
}

TEST(every_message_in_every_version_comes_back_as_it_was)
{
    for_every_message_and_version(SEED_COUNT, comes_back_equal);
}

static void rejects_every_prefix(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena,
                                 wr_buf *out)
{
    void *sample = wr_sample_new(message, version, seed, arena);
    CHECK_OK(wr_message_encode(message, version, sample, out));
    void *decoded = weir_arena_array(arena, 1, message->size);
    for (size_t size = 0; size < out->size; size++) {
        uint8_t *bytes = exact_copy(wr_buf_view(out), size);
        weir_failure failure = {0};
        if (wr_message_decode(message, version, (weir_slice){bytes, size}, arena, decoded, &failure) != WEIR_E_FORMAT)
            fail_with(message, version, seed, "a prefix decodes");
        CHECK_EQ(failure.err, WEIR_E_FORMAT);
        free(bytes);
    }
}

TEST(every_prefix_of_every_message_is_a_format_error)
{
    for_every_message_and_version(3, rejects_every_prefix);
}

static void rejects_a_longer_one(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena,
                                 wr_buf *out)
{
    void *sample = wr_sample_new(message, version, seed, arena);
    CHECK_OK(wr_message_encode(message, version, sample, out));
    wr_buf_i8(out, 0);
    void *decoded = weir_arena_array(arena, 1, message->size);
    if (wr_message_decode(message, version, wr_buf_view(out), arena, decoded, NULL) != WEIR_E_FORMAT)
        fail_with(message, version, seed, "a byte too many is accepted");
}

TEST(bytes_left_over_are_a_format_error)
{
    for_every_message_and_version(3, rejects_a_longer_one);
}

/* Whatever bytes come: no crash, and memory in proportion. The largest item takes 48 times its bytes on the wire. */
static void survives_damage(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena, wr_buf *out)
{
    void *sample = wr_sample_new(message, version, seed, arena);
    CHECK_OK(wr_message_encode(message, version, sample, out));
    wr_sampler chance = {.state = seed ^ 0x5eed};
    for (int i = 0; i < 20 && out->size > 0; i++) {
        uint8_t *bytes = exact_copy(wr_buf_view(out), out->size);
        for (uint64_t hits = 1 + wr_sample_below(&chance, 3); hits > 0; hits--)
            bytes[wr_sample_below(&chance, out->size)] = (uint8_t)wr_sample_bits(&chance);
        weir_arena_reset(arena);
        void *decoded = weir_arena_array(arena, 1, message->size);
        size_t before = weir_arena_used(arena);
        weir_err err = wr_message_decode(message, version, (weir_slice){bytes, out->size}, arena, decoded, NULL);
        CHECK(err == WEIR_OK || err == WEIR_E_FORMAT);
        CHECK(weir_arena_used(arena) - before <= 64 * out->size);
        free(bytes);
    }
}

TEST(damaged_messages_are_rejected_or_read_within_bounded_memory)
{
    for_every_message_and_version(10, survives_damage);
}

static void fails_at_every_limit(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena,
                                 wr_buf *out)
{
    void *sample = wr_sample_new(message, version, seed, arena);
    CHECK_OK(wr_message_encode(message, version, sample, out));
    for (size_t limit = 0; limit < out->size; limit += 1 + out->size / 16) {
        wr_buf small;
        wr_buf_init(&small, limit);
        CHECK_EQ(wr_message_encode(message, version, sample, &small), WEIR_E_LIMIT);
        wr_buf_fini(&small);
    }
    void *decoded = weir_arena_array(arena, 1, message->size);
    weir_arena *none = weir_arena_new(0);
    weir_err err = wr_message_decode(message, version, wr_buf_view(out), none, decoded, NULL);
    CHECK(err == WEIR_OK || err == WEIR_E_LIMIT);
    weir_arena_free(none);
}

TEST(running_out_of_room_is_an_error_in_both_directions)
{
    for_every_message_and_version(2, fails_at_every_limit);
}

TEST(versions_that_are_not_served_are_unsupported)
{
    weir_failure failure = {0};
    wr_produce_request request = {0};
    wr_buf out;
    wr_buf_init(&out, 100);
    CHECK_EQ(wr_message_decode(&wr_produce_request_message, 2, WEIR_SLICE(""), NULL, &request, &failure),
             WEIR_E_UNSUPPORTED);
    CHECK_STR(failure.sentence, "ProduceRequest version 2: versions 3 to 13 are served");
    CHECK_EQ(wr_message_decode(&wr_produce_request_message, 14, WEIR_SLICE(""), NULL, &request, NULL),
             WEIR_E_UNSUPPORTED);
    CHECK_EQ(wr_message_encode(&wr_produce_request_message, 14, &request, &out), WEIR_E_UNSUPPORTED);
    wr_buf_fini(&out);
}

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

/* ---- frames */

TEST(a_request_frame_is_length_header_and_body)
{
    const wr_api *api = wr_api_find(WR_API_API_VERSIONS);
    wr_api_versions_request request = {WEIR_SLICE("kafka"), WEIR_SLICE("1")};
    wr_buf out;
    wr_buf_init(&out, 200);
    CHECK_OK(wr_request_encode(api, 3, 7, "me", &request, &out));
    static const char expected[] = "\0\0\0\x16\0\x12\0\3\0\0\0\7\0\2me\0\6kafka\2"
                                   "1\0";
    CHECK_EQ(out.size, sizeof(expected) - 1);
    CHECK_BYTES(out.data, expected, out.size);

    wr_request_header header;
    weir_slice body;
    CHECK_OK(wr_request_header_decode((weir_slice){out.data + 4, out.size - 4}, &header, &body));
    CHECK_EQ(header.api_key, 18);
    CHECK_EQ(header.api_version, 3);
    CHECK_EQ(header.correlation_id, 7);
    CHECK(weir_slice_equal(header.client_id, WEIR_SLICE("me")));
    CHECK_EQ(body.size, 9);
    wr_buf_fini(&out);
}

TEST(every_request_frame_leads_back_to_its_body)
{
    size_t count = 0;
    const wr_api *apis = wr_apis(&count);
    weir_arena *arena = weir_arena_new(ARENA_SIZE);
    for (size_t i = 0; i < count; i++)
        for (int16_t version = apis[i].request->min_version; version <= apis[i].request->max_version; version++) {
            weir_arena_reset(arena);
            wr_buf out, bare;
            wr_buf_init(&out, FRAME_SIZE);
            wr_buf_init(&bare, FRAME_SIZE);
            void *sample = wr_sample_new(apis[i].request, version, 1, arena);
            CHECK_OK(wr_request_encode(&apis[i], version, 99, NULL, sample, &out));
            CHECK_OK(wr_message_encode(apis[i].request, version, sample, &bare));
            CHECK_EQ(wr_get_i32(out.data), out.size - 4);
            wr_request_header header;
            weir_slice body;
            CHECK_OK(wr_request_header_decode((weir_slice){out.data + 4, out.size - 4}, &header, &body));
            CHECK(header.client_id.data == NULL);
            CHECK(weir_slice_equal(body, wr_buf_view(&bare)));
            wr_buf_fini(&out);
            wr_buf_fini(&bare);
        }
    weir_arena_free(arena);
}

TEST(a_header_that_ends_early_is_a_format_error)
{
    static const uint8_t frame[] = {0, 18, 0, 3, 0, 0, 0, 7, 0, 2, 'm', 'e', 1, 9, 1, 'x'};
    wr_request_header header = {0};
    weir_slice body = {0};
    for (size_t size = 0; size < sizeof(frame); size++)
        CHECK_EQ(wr_request_header_decode((weir_slice){frame, size}, &header, &body), WEIR_E_FORMAT);
    CHECK_EQ(header.correlation_id, 0); /* untouched */
    CHECK_OK(wr_request_header_decode((weir_slice){frame, sizeof(frame)}, &header, &body));
    CHECK_EQ(body.size, 0);
    CHECK_EQ(wr_request_header_decode(WEIR_SLICE("\0\x12\0\3\0\0\0\7\xff\xfe\0"), &header, &body), WEIR_E_FORMAT);
}

TEST(unknown_apis_and_versions_still_say_whom_to_answer)
{
    static const char *const frames[] = {"\x7f\xff\0\0\0\0\0\x2a", "\0\x12\0\x63\0\0\0\x2a", "\0\0\0\2\0\0\0\x2a",
                                         "\0\0\xff\xff\0\0\0\x2a"};
    for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        wr_request_header header = {0};
        weir_slice body;
        CHECK_EQ(wr_request_header_decode((weir_slice){(const uint8_t *)frames[i], 8}, &header, &body),
                 WEIR_E_UNSUPPORTED);
        CHECK_EQ(header.correlation_id, 42);
    }
}

TEST(api_versions_is_answered_with_the_old_header_in_every_version)
{
    wr_api_versions_response response;
    wr_message_init(&wr_api_versions_response_message, &response);
    wr_buf out;
    wr_buf_init(&out, 200);
    CHECK_OK(wr_response_encode(wr_api_find(WR_API_API_VERSIONS), 3, 7, &response, &out));
    CHECK_BYTES(out.data, "\0\0\0\x0c\0\0\0\7\0\0\1", 11);
    CHECK_EQ(out.size, 4 + 4 + 8);

    wr_buf_clear(&out);
    wr_produce_response produced = {0};
    CHECK_OK(wr_response_encode(wr_api_find(WR_API_PRODUCE), 9, 7, &produced, &out));
    CHECK_BYTES(out.data, "\0\0\0\x0b\0\0\0\7\0\1\0\0\0\0\0", 15);
    wr_buf_fini(&out);
}

TEST(a_response_that_does_not_encode_leaves_nothing_behind)
{
    wr_metadata_response_topic nameless = {0};
    wr_metadata_response response = {.topics = &nameless, .topic_count = 1};
    wr_buf out;
    wr_buf_init(&out, 200);
    CHECK_EQ(wr_response_encode(wr_api_find(WR_API_METADATA), 1, 7, &response, &out), WEIR_E_USAGE);
    CHECK_EQ(out.size, 0);
    wr_buf_fini(&out);
}

/* ---- names and printing */

TEST(error_codes_have_names)
{
    CHECK_STR(wr_kafka_error_name(WR_KAFKA_NONE), "NONE");
    CHECK_STR(wr_kafka_error_name(-1), "UNKNOWN_SERVER_ERROR");
    CHECK_STR(wr_kafka_error_name(WR_KAFKA_KAFKA_STORAGE_ERROR), "KAFKA_STORAGE_ERROR");
    CHECK_STR(wr_kafka_error_name(12345), "UNKNOWN_ERROR");
    CHECK_EQ(WR_KAFKA_UNKNOWN_TOPIC_ID, 100);
    CHECK(wr_kafka_error_retriable(WR_KAFKA_NOT_COORDINATOR));
    CHECK(!wr_kafka_error_retriable(WR_KAFKA_UNKNOWN_MEMBER_ID));
    CHECK(!wr_kafka_error_retriable(12345));
    CHECK_STR(wr_api_key_name(WR_API_END_TXN), "EndTxn");
    CHECK_STR(wr_api_key_name(-7), "Unknown");
}

TEST(a_message_prints_as_one_line)
{
    wr_produce_request_partition partition = {.index = 2, .records = WEIR_SLICE("12345")};
    wr_produce_request_topic topic = {
        .name = WEIR_SLICE("a\"\n"), .partition_data = &partition, .partition_data_count = 1};
    wr_produce_request request = {.acks = -1, .timeout_ms = 30, .topic_data = &topic, .topic_data_count = 1};
    wr_buf out;
    wr_buf_init(&out, 2000);
    wr_message_print(&wr_produce_request_message, 3, &request, &out);
    CHECK_STR(wr_buf_cstr(&out), "ProduceRequest version 3 {transactional_id: null, acks: -1, timeout_ms: 30, "
                                 "topic_data: [{name: \"a\\\"\\x0a\", partition_data: [{index: 2, records: "
                                 "<5 bytes>}]}]}");
    wr_buf_fini(&out);
}

static void prints(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena, wr_buf *out)
{
    wr_message_print(message, version, wr_sample_new(message, version, seed, arena), out);
    if (wr_buf_failed(out) || strchr(wr_buf_cstr(out), '\n') || out->data[out->size - 1] != '}')
        fail_with(message, version, seed, "does not print as one line");
}

TEST(every_message_prints)
{
    for_every_message_and_version(5, prints);
}
