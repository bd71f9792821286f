#include <test.h>
#include <testing/wire/sample.h>
#include <wire/api_versions.h>
#include <wire/metadata.h>
#include <wire/produce.h>

enum { ARENA_SIZE = 1 << 22, FRAME_SIZE = 1 << 20 };

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
