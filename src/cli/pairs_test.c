#include "test.h"

#include <cli/pairs.h>

enum { PAIRS_MAX = 4 };

static weir_err parse(weir_arena *arena, const char *text, wr_client_header *pairs, size_t *count)
{
    return wr_pairs_parse(arena, weir_slice_of(text), pairs, PAIRS_MAX, count, NULL);
}

TEST(pairs_are_parted_by_commas_that_are_not_escaped)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_client_header pairs[PAIRS_MAX];
    size_t count = 9;
    CHECK_OK(parse(arena, "", pairs, &count));
    CHECK_EQ(count, 0);
    CHECK_OK(parse(arena, "a=1,b=x\\,y,c=,d=p=q\\z", pairs, &count));
    CHECK_EQ(count, 4);
    CHECK_STR(pairs[1].name, "b");
    CHECK(weir_slice_equal(pairs[1].value, WEIR_SLICE("x,y")));
    CHECK(pairs[2].value.data && pairs[2].value.size == 0);
    CHECK(weir_slice_equal(pairs[3].value, WEIR_SLICE("p=q\\z")));
    weir_arena_free(arena);
}

TEST(what_is_no_pair_is_refused_and_so_is_one_too_many)
{
    static const char *const wrong[] = {"a", "=1", "a=1,,b=2", "a,b=1", ",a=1", "a=1,b=2,c=3,d=4,e=5"};
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_client_header pairs[PAIRS_MAX];
    size_t count = 42;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (parse(arena, wrong[i], pairs, &count) != WEIR_E_FORMAT)
            fail_msg("%s was taken", wrong[i]);
    CHECK_EQ(count, 42);
    weir_arena_free(arena);
}

TEST(what_is_printed_is_read_back_byte_for_byte)
{
    weir_arena *arena = weir_arena_new(1 << 16);
    wr_client_header given[] = {{"plain", WEIR_SLICE("text")},
                                {"commas", WEIR_SLICE(",\\,\\\\,")},
                                {"bytes", {(const uint8_t *)"\0\xff\t=", 4}},
                                {"last", WEIR_SLICE("ends in a backslash\\")}};
    wr_client_header read[PAIRS_MAX];
    size_t count = 0;
    wr_buf text;
    wr_buf_init(&text, 1 << 16);
    wr_pairs_print(given, 4, &text);
    CHECK_OK(wr_pairs_parse(arena, wr_buf_view(&text), read, PAIRS_MAX, &count, NULL));
    CHECK_EQ(count, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_STR(read[i].name, given[i].name);
        CHECK(weir_slice_equal(read[i].value, given[i].value));
    }
    wr_buf_fini(&text);
    weir_arena_free(arena);
}
