/* What the fuzz targets share. A target whose first corpus directory is empty fills it: one file per message and
 * version, made from the tables, so that the seeds are never older than they are. */
#ifndef WEIR_FUZZ_H
#define WEIR_FUZZ_H

#include <testing/wire/sample.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

/* Arena and output of a target: far above what a libFuzzer input can ask for, so that a limit error is a finding. */
enum { FUZZ_ARENA_SIZE = 64 * 1024 * 1024, FUZZ_OUT_SIZE = 16 * 1024 * 1024, FUZZ_SEEDS_PER_VERSION = 3 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Says what went wrong in a way that libFuzzer keeps the input. */
#define FUZZ_REQUIRE(condition)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: required: %s\n", __FILE__, __LINE__, #condition);                                  \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static inline bool fuzz_directory_is_empty(const char *path)
{
    DIR *directory = opendir(path);
    int count = 0;
    while (directory && readdir(directory) && count <= 2)
        count++; /* "." and ".." are always there */
    if (directory)
        closedir(directory);
    return count == 2;
}

/* Flags begin with a dash; the first other argument is where libFuzzer keeps what it finds. */
static inline void fuzz_fill_corpus(int argc, char **argv, void (*write_seeds)(const char *directory))
{
    int i = 1;
    while (i < argc && argv[i][0] == '-')
        i++;
    if (i < argc && fuzz_directory_is_empty(argv[i]))
        write_seeds(argv[i]);
}

static inline void fuzz_write_seed(const char *directory, const char *name, int version, int number, weir_slice bytes)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s-%d-%d", directory, name, version, number);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes.data, 1, bytes.size, file) != bytes.size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* Decode; what decodes must encode, and decode again to the same. */
static inline void fuzz_message(const wr_message *message, int16_t version, weir_slice body)
{
    weir_arena *arena = weir_arena_new(FUZZ_ARENA_SIZE);
    void *first = weir_arena_array(arena, 1, message->size), *second = weir_arena_array(arena, 1, message->size);
    size_t before = weir_arena_used(arena);
    weir_failure failure = {0};
    weir_err err = wr_message_decode(message, version, body, arena, first, &failure);
    FUZZ_REQUIRE(err == WEIR_OK || err == WEIR_E_FORMAT);
    FUZZ_REQUIRE(err == WEIR_OK || failure.sentence[0]);
    FUZZ_REQUIRE(weir_arena_used(arena) - before <= 64 * body.size);
    if (err == WEIR_OK) {
        wr_buf out;
        wr_buf_init(&out, FUZZ_OUT_SIZE);
        FUZZ_REQUIRE(wr_message_encode(message, version, first, &out) == WEIR_OK);
        FUZZ_REQUIRE(wr_message_decode(message, version, wr_buf_view(&out), arena, second, NULL) == WEIR_OK);
        FUZZ_REQUIRE(wr_sample_equal(message->fields, first, second));
        wr_buf_clear(&out);
        wr_message_print(message, version, first, &out);
        FUZZ_REQUIRE(!wr_buf_failed(&out));
        wr_buf_fini(&out);
    }
    weir_arena_free(arena);
}

#endif
