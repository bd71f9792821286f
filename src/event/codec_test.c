#include "codec.h"
#include "test.h"

#include <stddef.h>

typedef struct thing {
    int64_t n;
} thing;

static const weir_json_field fields[] = {{"n", WEIR_JSON_INT, offsetof(thing, n), .required = true}, {0}};

TEST(a_codec_is_found_by_content_type_and_reads_what_it_writes)
{
    static const char *const types[] = {NULL, "application/json", "application/vnd.x+json; charset=utf-8", "text/json",
                                        "application/octet-stream"};
    weir_arena *arena = weir_arena_new(1 << 16);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        const wr_codec *codec = wr_codec_of(types[i]);
        thing in = {(int64_t)i + 7}, out = {0};
        weir_slice data = codec->encode(arena, fields, sizeof(fields[0]), &in);
        CHECK_STR(codec->name, "JSON");
        CHECK_OK(codec->decode(arena, fields, sizeof(fields[0]), data, &out, NULL));
        CHECK_EQ(out.n, in.n);
    }
    weir_arena_free(arena);
}

TEST(what_the_default_writes_is_read_by_the_codec_of_its_type)
{
    CHECK(wr_codec_of(wr_codec_default()->content_type) == wr_codec_default());
}

TEST(data_of_another_format_fails_with_a_sentence_and_leaves_the_struct_alone)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    weir_failure failure = {0};
    thing out = {3};
    const wr_codec *codec = wr_codec_of("text/plain");
    CHECK_EQ(codec->decode(arena, fields, sizeof(fields[0]), WEIR_SLICE("hello"), &out, &failure), WEIR_E_FORMAT);
    CHECK(failure.sentence[0]);
    CHECK_EQ(out.n, 3);
    weir_arena_free(arena);
}
