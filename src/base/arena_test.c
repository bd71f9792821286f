#include <weir/bytes.h>

#include "allocation.h"
#include "test.h"

TEST(what_an_arena_hands_out_is_zeroed_aligned_and_apart)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    uint64_t chance = 8;
    for (int round = 0; round < 3; round++) {
        uint8_t *given[200];
        size_t sizes[200];
        for (int i = 0; i < 200; i++) {
            sizes[i] = test_random(&chance) % (i % 10 ? 300 : 20000);
            given[i] = weir_arena_alloc(arena, sizes[i]);
            CHECK(given[i] != NULL);
            CHECK_EQ((uintptr_t)given[i] % _Alignof(max_align_t), 0);
            for (size_t k = 0; k < sizes[i]; k++)
                CHECK_EQ(given[i][k], 0);
            memset(given[i], i, sizes[i]);
        }
        for (int i = 0; i < 200; i++)
            for (size_t k = 0; k < sizes[i]; k++)
                CHECK_EQ(given[i][k], (uint8_t)i);
        weir_arena_reset(arena);
        CHECK_EQ(weir_arena_used(arena), 0);
    }
    weir_arena_free(arena);
}

TEST(an_arena_keeps_to_its_limit_and_has_it_back_after_a_reset)
{
    weir_arena *arena = weir_arena_new(1024);
    CHECK(weir_arena_alloc(arena, 1025) == NULL);
    CHECK(weir_arena_alloc(arena, SIZE_MAX) == NULL);
    CHECK(weir_arena_alloc(arena, SIZE_MAX - 3) == NULL);
    CHECK_EQ(weir_arena_used(arena), 0);
    CHECK(weir_arena_alloc(arena, 512) != NULL);
    CHECK(weir_arena_alloc(arena, 512) != NULL);
    CHECK(weir_arena_alloc(arena, 1) == NULL);
    CHECK(weir_arena_alloc(arena, 0) == NULL);
    CHECK_EQ(weir_arena_used(arena), 1024);
    weir_arena_reset(arena);
    CHECK(weir_arena_alloc(arena, 1024) != NULL);
    weir_arena_free(arena);
    weir_arena_free(NULL);
}

TEST(an_array_whose_size_overflows_is_refused)
{
    weir_arena *arena = weir_arena_new(SIZE_MAX);
    CHECK(weir_arena_array(arena, SIZE_MAX / 8 + 2, 8) == NULL);
    CHECK(weir_arena_array(arena, 3, 8) != NULL);
    weir_arena_free(arena);
}

TEST(copies_keep_absent_and_empty_apart)
{
    weir_arena *arena = weir_arena_new(4096);
    CHECK(weir_arena_dup(arena, (weir_slice){0}).data == NULL);
    weir_slice empty = weir_arena_dup(arena, WEIR_SLICE(""));
    CHECK(empty.data != NULL && empty.size == 0);
    weir_slice text = WEIR_SLICE("some text");
    weir_slice copy = weir_arena_dup(arena, text);
    CHECK(copy.data != text.data && weir_slice_equal(copy, text));
    CHECK_STR(weir_arena_dup_text(arena, text), "some text");
    CHECK_STR(weir_arena_dup_text(arena, (weir_slice){0}), "");
    CHECK_STR(weir_arena_printf(arena, "%s-%d", "orders", 3), "orders-3");
    weir_arena_free(arena);
}

TEST(an_arena_out_of_memory_says_null_and_goes_on_later)
{
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        weir_arena *arena = weir_arena_new(1 << 20);
        bool refused = !arena;
        for (int i = 0; arena && i < 30; i++)
            refused |= !weir_arena_alloc(arena, i % 7 == 6 ? 40000 : 1000);
        bool out_of_memory = test_allocation_failed();
        CHECK_EQ(refused, out_of_memory);
        CHECK(!arena || weir_arena_alloc(arena, 100000));
        weir_arena_free(arena);
        if (!out_of_memory)
            break;
    }
}
