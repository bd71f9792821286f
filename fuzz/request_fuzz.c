/* A frame from a client, without its length: header, then the body of whatever API it names. */
#include "fuzz.h"

static void write_seeds(const char *directory)
{
    size_t count = 0;
    const wr_api *apis = wr_apis(&count);
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    for (size_t i = 0; i < count; i++)
        for (int16_t version = apis[i].request->min_version; version <= apis[i].request->max_version; version++)
            for (int seed = 0; seed < FUZZ_SEEDS_PER_VERSION; seed++) {
                wr_buf out;
                wr_buf_init(&out, FUZZ_OUT_SIZE);
                void *sample = wr_sample_new(apis[i].request, version, (uint64_t)seed, arena);
                if (wr_request_encode(&apis[i], version, seed, "fuzz", sample, &out) != WEIR_OK)
                    abort();
                fuzz_write_seed(directory, apis[i].name, version, seed, (weir_slice){out.data + 4, out.size - 4});
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
    wr_request_header header = {0};
    weir_slice body = {0};
    weir_err err = wr_request_header_decode((weir_slice){data, size}, &header, &body);
    FUZZ_REQUIRE(err == WEIR_OK || err == WEIR_E_FORMAT || err == WEIR_E_UNSUPPORTED);
    if (err != WEIR_OK)
        return 0;
    FUZZ_REQUIRE(body.data >= data && body.data + body.size == data + size);
    fuzz_message(wr_api_find(header.api_key)->request, header.api_version, body);
    return 0;
}
