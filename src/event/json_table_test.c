/* Tables of programs compiled against an earlier weir, whose rows ended before `required`. */
#include "json_int.h"

#include <allocation.h>
#include <test.h>

typedef struct old_field {
    const char *name;
    weir_json_kind kind;
    size_t offset;
    size_t count_offset;
    size_t item_size;
    const struct old_field *fields;
} old_field;

typedef struct node node;
struct node {
    int64_t n;
    node *below;
    size_t below_count;
};

/* Points to itself. */
static const old_field old_fields[] = {
    {"n", WEIR_JSON_INT, offsetof(node, n), 0, 0, NULL},
    {"below", WEIR_JSON_ARRAY, offsetof(node, below), offsetof(node, below_count), sizeof(node), old_fields},
    {0},
};
static const char text[] = "{\"n\":1,\"below\":[{\"n\":2,\"below\":[{\"n\":3,\"below\":[]}]}]}";

static weir_err decode(weir_arena *arena, size_t field_size, node *ret, weir_failure *failure)
{
    return weir_json_decode_sized(arena, (const weir_json_field *)old_fields, field_size, weir_slice_of(text), ret,
                                  failure);
}

TEST(shorter_rows_decode_and_encode_as_they_did)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    node top = {0};
    CHECK_OK(decode(arena, sizeof(old_field), &top, NULL));
    CHECK_EQ(top.below[0].below[0].n, 3);
    weir_slice json = weir_json_encode_sized(arena, (const weir_json_field *)old_fields, sizeof(old_field), &top);
    CHECK(weir_slice_equal(json, weir_slice_of(text)));
    weir_arena_free(arena);
}

TEST(longer_rows_are_those_of_a_later_weir)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    node top = {.n = 17};
    weir_failure failure = {0};
    CHECK_EQ(decode(arena, sizeof(weir_json_field) + 8, &top, &failure), WEIR_E_UNSUPPORTED);
    CHECK(strstr(failure.sentence, "later weir"));
    CHECK_EQ(top.n, 17);
    CHECK(weir_json_encode_sized(arena, (const weir_json_field *)old_fields, sizeof(weir_json_field) + 8, &top).data ==
          NULL);
    weir_arena_free(arena);
}

TEST(without_memory_for_the_copy_nothing_is_decoded)
{
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        weir_arena *arena = weir_arena_new(1 << 20);
        node top = {.n = 17};
        weir_err err = arena ? decode(arena, sizeof(old_field), &top, NULL) : WEIR_E_MEMORY;
        bool failed = test_allocation_failed();
        CHECK_EQ(err, failed ? WEIR_E_MEMORY : WEIR_OK);
        CHECK_EQ(top.n, failed ? 17 : 1);
        weir_arena_free(arena);
        if (!failed)
            break;
    }
}

TEST(tables_that_point_to_ever_more_tables_have_a_limit)
{
    static old_field many[66][2];
    weir_arena *arena = weir_arena_new(1 << 20);
    node top;
    for (size_t i = 0; i < 66; i++)
        many[i][0] = (old_field){"n", WEIR_JSON_OBJECT, 0, 0, 0, i + 1 < 66 ? many[i + 1] : NULL};
    const weir_json_field *first = (const weir_json_field *)many[0];
    CHECK_EQ(weir_json_decode_sized(arena, first, sizeof(old_field), weir_slice_of("{}"), &top, NULL), WEIR_E_LIMIT);
    weir_arena_free(arena);
}
