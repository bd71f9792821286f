/* The records of __consumer_offsets. Input: a byte that says what follows (0 key, 1 offset, 2 group), then its bytes.
 */
#include <wire/group_records.h>

#include "fuzz.h"

static const wr_message *const messages[] = {
    &wr_offset_key_message,
    &wr_group_key_message,
    &wr_offset_value_message,
    &wr_group_value_message,
};
static const int8_t kinds[] = {0, 0, 1, 2};

static void write_seeds(const char *directory)
{
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        for (int16_t version = messages[i]->min_version; version <= messages[i]->max_version; version++)
            for (int seed = 0; seed < FUZZ_SEEDS_PER_VERSION; seed++) {
                wr_buf out;
                wr_buf_init(&out, FUZZ_OUT_SIZE);
                wr_buf_i8(&out, kinds[i]);
                wr_buf_i16(&out, version);
                void *sample = wr_sample_new(messages[i], version, (uint64_t)seed, arena);
                if (wr_message_encode(messages[i], version, sample, &out) != WEIR_OK)
                    abort();
                fuzz_write_seed(directory, messages[i]->name, version, seed, wr_buf_view(&out));
                wr_buf_fini(&out);
                weir_arena_reset(arena);
            }
    weir_arena_free(arena);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    fuzz_fill_corpus(*argc, *argv, write_seeds);
    return 0;
}

/* What is read is written again, in the versions that we write, and reads again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    weir_slice bytes = {data + 1, size - 1};
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    wr_buf out;
    wr_buf_init(&out, FUZZ_OUT_SIZE);
    wr_group_key key;
    wr_offset_value offset;
    wr_group_value group;
    if (data[0] == 0 && wr_group_key_decode(bytes, &key, NULL) == WEIR_OK) {
        FUZZ_REQUIRE(wr_group_key_encode(&key, &out) == WEIR_OK);
        FUZZ_REQUIRE(wr_group_key_decode(wr_buf_view(&out), &key, NULL) == WEIR_OK);
    }
    if (data[0] == 1 && wr_offset_value_decode(bytes, &offset, NULL) == WEIR_OK) {
        FUZZ_REQUIRE(wr_offset_value_encode(&offset, &out) == WEIR_OK);
        FUZZ_REQUIRE(wr_offset_value_decode(wr_buf_view(&out), &offset, NULL) == WEIR_OK);
    }
    if (data[0] == 2 && wr_group_value_decode(bytes, arena, &group, NULL) == WEIR_OK) {
        FUZZ_REQUIRE(wr_group_value_encode(&group, &out) == WEIR_OK);
        FUZZ_REQUIRE(wr_group_value_decode(wr_buf_view(&out), arena, &group, NULL) == WEIR_OK);
    }
    wr_buf_fini(&out);
    weir_arena_free(arena);
    return 0;
}
