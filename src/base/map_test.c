#include "base/map.h"

#include <stdio.h>

#include "allocation.h"
#include "test.h"

static void *value_of(size_t number)
{
    return (void *)(uintptr_t)(number + 1);
}

TEST(a_map_agrees_with_a_naive_model_over_a_long_random_walk)
{
    enum { KEYS = 300, STEPS = 60000 };
    void *model[KEYS] = {0};
    size_t count = 0;
    uint64_t chance = 42;
    wr_map *map = wr_map_new(KEYS, 7);
    for (int step = 0; step < STEPS; step++) {
        size_t number = test_random(&chance) % KEYS;
        char key[64]; /* from empty over inline to long ones */
        int size =
            number == 0 ? 0 : snprintf(key, sizeof key, "%.*s%zu", (int)(number % 20), "aaaaaaaaaaaaaaaaaaaa", number);
        weir_slice slice = {(const uint8_t *)key, (size_t)size};
        /* Phases of growing and of shrinking, so that holes, compaction and emptiness are all visited. */
        bool adds = test_random(&chance) % 100 < (step / 3000 % 2 ? 20U : 80U);
        if (adds) {
            weir_err err = wr_map_add(map, slice, value_of(number));
            CHECK_EQ(err, model[number] ? WEIR_E_EXISTS : WEIR_OK);
            count += err == WEIR_OK;
            model[number] = value_of(number);
        } else {
            CHECK(wr_map_remove(map, slice) == model[number]);
            count -= model[number] != NULL;
            model[number] = NULL;
        }
        CHECK(wr_map_find(map, slice) == model[number]);
        CHECK_EQ(wr_map_count(map), count);
        if (step % 500)
            continue;
        size_t seen = 0;
        void *value;
        for (size_t at = 0; (value = wr_map_next(map, &at, NULL)); seen++)
            CHECK(model[(uintptr_t)value - 1] == value);
        CHECK_EQ(seen, count);
    }
    wr_map_free(map);
}

TEST(removing_the_current_entry_while_walking_visits_every_entry_once)
{
    wr_map *map = wr_map_new(1000, 1);
    for (int64_t i = 0; i < 1000; i++)
        CHECK_OK(wr_map_add_i64(map, i, value_of((size_t)i)));
    bool seen[1000] = {false};
    void *value;
    weir_slice key;
    for (size_t at = 0; (value = wr_map_next(map, &at, &key));) {
        size_t number = (uintptr_t)value - 1;
        CHECK_EQ(key.size, 8);
        CHECK(!seen[number]);
        seen[number] = true;
        if (number % 3)
            CHECK(wr_map_remove_i64(map, (int64_t)number) == value);
    }
    for (int64_t i = 0; i < 1000; i++) {
        CHECK(seen[i]);
        CHECK_EQ(wr_map_find_i64(map, i) != NULL, i % 3 == 0);
    }
    CHECK_EQ(wr_map_count(map), 334);
    wr_map_free(map);
}

TEST(a_map_keeps_to_its_limit_and_takes_again_after_a_removal)
{
    wr_map *map = wr_map_new(2, 1);
    CHECK_OK(wr_map_add_text(map, "a", value_of(1)));
    CHECK_OK(wr_map_add_text(map, "b", value_of(2)));
    CHECK_EQ(wr_map_add_text(map, "a", value_of(1)), WEIR_E_EXISTS);
    CHECK_EQ(wr_map_add_text(map, "c", value_of(3)), WEIR_E_LIMIT);
    CHECK(wr_map_remove_text(map, "a") == value_of(1));
    CHECK_OK(wr_map_add_text(map, "c", value_of(3)));
    CHECK_EQ(wr_map_add_text(map, "d", NULL), WEIR_E_USAGE);
    wr_map_free(map);
}

TEST(keys_are_copied_and_compared_whole)
{
    wr_map *map = wr_map_new(10, 1);
    char key[] = "a key longer than eight bytes";
    CHECK_OK(wr_map_add_text(map, key, value_of(1)));
    key[0] = 'b';
    CHECK(wr_map_find_text(map, "a key longer than eight bytes") == value_of(1));
    CHECK(wr_map_find_text(map, key) == NULL);
    CHECK(wr_map_find(map, (weir_slice){(const uint8_t *)"a key", 5}) == NULL);
    CHECK_OK(wr_map_add(map, (weir_slice){(const uint8_t *)"x\0y", 3}, value_of(2)));
    CHECK(wr_map_find(map, (weir_slice){(const uint8_t *)"x\0z", 3}) == NULL);
    CHECK(wr_map_find_text(map, "x") == NULL);
    wr_map_free(map);
}

TEST(an_empty_map_finds_removes_and_walks_nothing)
{
    wr_map *map = wr_map_new(10, 1);
    size_t at = 0;
    CHECK(wr_map_find_text(map, "a") == NULL);
    CHECK(wr_map_remove_text(map, "a") == NULL);
    CHECK(wr_map_next(map, &at, NULL) == NULL);
    wr_map_free(map);
    wr_map_free(NULL);
}

TEST(a_map_out_of_memory_is_as_it_was_before_the_call)
{
    for (size_t nth = 1; test_fail_allocation(nth); nth++) {
        wr_map *map = wr_map_new(100, 1);
        size_t count = 0;
        weir_err err = WEIR_OK;
        while (map && count < 50 && err == WEIR_OK) {
            char key[64];
            snprintf(key, sizeof key, "a long key with number %zu", count);
            err = wr_map_add_text(map, key, value_of(count));
            count += err == WEIR_OK;
        }
        bool out_of_memory = test_allocation_failed();
        CHECK_EQ(out_of_memory, !map || err == WEIR_E_MEMORY);
        for (size_t i = 0; i < count; i++) {
            char key[64];
            snprintf(key, sizeof key, "a long key with number %zu", i);
            CHECK(wr_map_find_text(map, key) == value_of(i));
        }
        if (map) {
            CHECK_EQ(wr_map_count(map), count);
            CHECK_OK(wr_map_add_text(map, "the next one goes through", value_of(count)));
        }
        wr_map_free(map);
        if (!out_of_memory)
            break;
    }
}
