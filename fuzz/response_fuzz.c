/* What a broker answers. Input: api key:2, version:2, body of the response. */
#include "fuzz.h"

enum { PREFIX_SIZE = 4 };

static void write_seeds(const char *directory)
{
    size_t count = 0;
    const wr_api *apis = wr_apis(&count);
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    for (size_t i = 0; i < count; i++)
        for (int16_t version = apis[i].response->min_version; version <= apis[i].response->max_version; version++)
            for (int seed = 0; seed < FUZZ_SEEDS_PER_VERSION; seed++) {
                wr_buf out;
                wr_buf_init(&out, FUZZ_OUT_SIZE);
                wr_buf_i16(&out, apis[i].key);
                wr_buf_i16(&out, version);
                void *sample = wr_sample_new(apis[i].response, version, (uint64_t)seed, arena);
                if (wr_message_encode(apis[i].response, version, sample, &out) != WEIR_OK)
                    abort();
                fuzz_write_seed(directory, apis[i].name, version, seed, wr_buf_view(&out));
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < PREFIX_SIZE)
        return 0;
    const wr_api *api = wr_api_find(wr_get_i16(data));
    int16_t version = wr_get_i16(data + 2);
    if (api && version >= api->response->min_version && version <= api->response->max_version)
        fuzz_message(api->response, version, (weir_slice){data + PREFIX_SIZE, size - PREFIX_SIZE});
    return 0;
}
