#include <test.h>
#include <testing/wire/sample.h>
#include <wire/group_records.h>
#include <wire/produce.h>

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

static void reads_a_longer_one(const wr_message *message, int16_t version, uint64_t seed, weir_arena *arena,
                               wr_buf *out)
{
    void *sample = wr_sample_new(message, version, seed, arena);
    CHECK_OK(wr_message_encode(message, version, sample, out));
    wr_buf_append(out, "\xff\xff\xff", 3);
    void *decoded = weir_arena_array(arena, 1, message->size);
    if (wr_message_decode(message, version, wr_buf_view(out), arena, decoded, NULL) != WEIR_OK ||
        !wr_sample_equal(message->fields, sample, decoded))
        fail_with(message, version, seed, "bytes after the last field change what is read");
}

TEST(bytes_after_the_last_field_are_ignored)
{
    for_every_message_and_version(3, reads_a_longer_one);
}

/* Whatever bytes come: no crash, and memory in proportion. */
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
