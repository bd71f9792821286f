/* The contract of io.h, checked on both implementations. */
#include "both_testing.h"

#include <stdlib.h>

static const char *under(const world *w, const char *name)
{
    static char path[4][512];
    static unsigned next;
    char *text = path[next++ % 4];
    snprintf(text, sizeof path[0], "%s/%s", w->root, name);
    return text;
}

static void file_with(world *w, const char *name, const char *text)
{
    wr_file *file;
    CHECK_OK(wr_file_open(w->io, under(w, name), WR_FILE_WRITE | WR_FILE_CREATE, &file));
    CHECK_OK(wr_file_write(file, 0, text, strlen(text)));
    wr_file_close(file);
}

static void check_file(world *w, const char *name, const char *text)
{
    weir_arena *arena = weir_arena_new(1 << 20);
    weir_slice bytes;
    CHECK_OK(wr_path_read(w->io, under(w, name), 1 << 16, arena, &bytes));
    CHECK(weir_slice_equal(bytes, weir_slice_of(text)));
    weir_arena_free(arena);
}

TEST_BOTH(what_was_written_is_read_and_less_only_at_the_end)
{
    wr_file *file;
    CHECK_OK(wr_file_open(w->io, under(w, "a"), WR_FILE_WRITE | WR_FILE_CREATE, &file));
    CHECK_OK(wr_file_write(file, 3, "hello", 5));
    char bytes[16];
    size_t size;
    CHECK_OK(wr_file_read(file, 0, bytes, sizeof bytes, &size));
    CHECK_EQ(size, 8);
    CHECK_BYTES(bytes, "\0\0\0hello", 8);
    CHECK_OK(wr_file_read(file, 4, bytes, 2, &size));
    CHECK_EQ(size, 2);
    CHECK_BYTES(bytes, "el", 2);
    CHECK_OK(wr_file_read(file, 8, bytes, sizeof bytes, &size));
    CHECK_EQ(size, 0);
    CHECK_OK(wr_file_read(file, 1000, bytes, sizeof bytes, &size));
    CHECK_EQ(size, 0);
    CHECK_OK(wr_file_write(file, 0, NULL, 0));
    CHECK_OK(wr_file_sync(file));
    wr_file_close(file);
    wr_file_close(NULL);
}

TEST_BOTH(truncation_shortens_and_extends_with_zeros)
{
    wr_file *file;
    CHECK_OK(wr_file_open(w->io, under(w, "a"), WR_FILE_WRITE | WR_FILE_CREATE, &file));
    CHECK_OK(wr_file_write(file, 0, "hello", 5));
    CHECK_OK(wr_file_truncate(file, 2));
    CHECK_OK(wr_file_truncate(file, 4));
    int64_t size = -1;
    CHECK_OK(wr_file_size(file, &size));
    CHECK_EQ(size, 4);
    char bytes[8];
    size_t got;
    CHECK_OK(wr_file_read(file, 0, bytes, sizeof bytes, &got));
    CHECK_EQ(got, 4);
    CHECK_BYTES(bytes, "he\0\0", 4);
    wr_file_close(file);
}

TEST_BOTH(reserving_does_not_change_the_length)
{
    wr_file *file;
    CHECK_OK(wr_file_open(w->io, under(w, "a"), WR_FILE_WRITE | WR_FILE_CREATE, &file));
    wr_file_reserve(file, 65536);
    int64_t size = -1;
    CHECK_OK(wr_file_size(file, &size));
    CHECK_EQ(size, 0);
    wr_file_close(file);
}

TEST_BOTH(opening_says_what_is_wrong)
{
    wr_file *file = NULL;
    CHECK_EQ(wr_file_open(w->io, under(w, "absent"), WR_FILE_READ, &file), WEIR_E_NOT_FOUND);
    CHECK_EQ(wr_file_open(w->io, under(w, "no/dir"), WR_FILE_WRITE | WR_FILE_CREATE, &file), WEIR_E_NOT_FOUND);
    CHECK_EQ(wr_file_open(w->io, w->root, WR_FILE_READ, &file), WEIR_E_IO);
    file_with(w, "there", "x");
    CHECK_EQ(wr_file_open(w->io, under(w, "there"), WR_FILE_WRITE | WR_FILE_CREATE | WR_FILE_EXCLUSIVE, &file),
             WEIR_E_EXISTS);
    CHECK_EQ(wr_file_open(w->io, under(w, "there/below"), WR_FILE_READ, &file), WEIR_E_IO);
    CHECK(file == NULL);
    CHECK_OK(wr_file_open(w->io, under(w, "there"), WR_FILE_READ, &file));
    CHECK_EQ(wr_file_write(file, 0, "y", 1), WEIR_E_IO);
    wr_file_close(file);
    check_file(w, "there", "x");
}

TEST_BOTH(a_removed_file_lives_until_it_is_closed)
{
    file_with(w, "a", "hello");
    wr_file *file;
    CHECK_OK(wr_file_open(w->io, under(w, "a"), WR_FILE_READ, &file));
    CHECK_OK(wr_path_remove(w->io, under(w, "a")));
    CHECK(!wr_path_exists(w->io, under(w, "a")));
    char bytes[8];
    size_t size;
    CHECK_OK(wr_file_read(file, 0, bytes, sizeof bytes, &size));
    CHECK_EQ(size, 5);
    wr_file_close(file);
    CHECK_EQ(wr_path_remove(w->io, under(w, "a")), WEIR_E_NOT_FOUND);
}

TEST_BOTH(a_lock_excludes_other_opens_until_it_is_closed)
{
    wr_file *first, *second;
    CHECK_OK(wr_file_open(w->io, under(w, ".lock"), WR_FILE_WRITE | WR_FILE_CREATE, &first));
    CHECK_OK(wr_file_open(w->io, under(w, ".lock"), WR_FILE_WRITE, &second));
    CHECK_OK(wr_file_lock(first));
    CHECK_OK(wr_file_lock(first));
    CHECK_EQ(wr_file_lock(second), WEIR_E_AGAIN);
    wr_file_close(first);
    CHECK_OK(wr_file_lock(second));
    wr_file_close(second);
}

typedef struct names {
    char text[256];
    int count, stop_at;
} names;

static weir_err note_name(void *user, const char *name, bool is_dir)
{
    names *n = user;
    if (n->stop_at && n->count == n->stop_at)
        return WEIR_E_RANGE;
    n->count++;
    size_t size = strlen(n->text);
    snprintf(n->text + size, sizeof n->text - size, "%s%s ", name, is_dir ? "/" : "");
    return WEIR_OK;
}

TEST_BOTH(a_directory_is_listed_in_name_order_and_the_callback_can_stop_it)
{
    CHECK_OK(wr_dir_create(w->io, under(w, "d/b")));
    CHECK_OK(wr_dir_create(w->io, under(w, "d/b")));
    CHECK_OK(wr_dir_create(w->io, under(w, "d//x/y/z")));
    file_with(w, "d/c", "");
    file_with(w, "d/a", "");
    file_with(w, "d/B", "");
    file_with(w, "d/aa", "");
    names n = {0};
    CHECK_OK(wr_dir_list(w->io, under(w, "d"), note_name, &n));
    CHECK_STR(n.text, "B a aa b/ c x/ ");
    names stopped = {.stop_at = 2};
    CHECK_EQ(wr_dir_list(w->io, under(w, "d"), note_name, &stopped), WEIR_E_RANGE);
    CHECK_STR(stopped.text, "B a ");
    CHECK_EQ(wr_dir_list(w->io, under(w, "absent"), note_name, &n), WEIR_E_NOT_FOUND);
    CHECK_EQ(wr_dir_list(w->io, under(w, "d/a"), note_name, &n), WEIR_E_IO);
    CHECK_EQ(wr_dir_create(w->io, under(w, "d/a")), WEIR_E_EXISTS);
    CHECK_OK(wr_dir_sync(w->io, under(w, "d")));
    CHECK_EQ(wr_dir_sync(w->io, under(w, "absent")), WEIR_E_NOT_FOUND);
}

TEST_BOTH(renaming_replaces_and_moves)
{
    file_with(w, "a", "new");
    file_with(w, "b", "old");
    CHECK_OK(wr_path_rename(w->io, under(w, "a"), under(w, "b")));
    check_file(w, "b", "new");
    CHECK(!wr_path_exists(w->io, under(w, "a")));
    CHECK_OK(wr_dir_create(w->io, under(w, "d")));
    CHECK_OK(wr_path_rename(w->io, under(w, "b"), under(w, "d/c")));
    check_file(w, "d/c", "new");
    CHECK_OK(wr_path_rename(w->io, under(w, "d"), under(w, "e")));
    check_file(w, "e/c", "new");
    CHECK_EQ(wr_path_rename(w->io, under(w, "absent"), under(w, "b")), WEIR_E_NOT_FOUND);
    file_with(w, "f", "");
    CHECK_EQ(wr_path_rename(w->io, under(w, "f"), under(w, "e")), WEIR_E_IO);
}

TEST_BOTH(a_tree_is_removed_with_everything_in_it)
{
    CHECK_OK(wr_dir_create(w->io, under(w, "t/a/b")));
    file_with(w, "t/a/b/c", "x");
    file_with(w, "t/d", "y");
    CHECK_EQ(wr_path_remove(w->io, under(w, "t")), WEIR_E_IO);
    CHECK_OK(wr_path_remove_tree(w->io, under(w, "t")));
    CHECK(!wr_path_exists(w->io, under(w, "t")));
    CHECK_EQ(wr_path_remove_tree(w->io, under(w, "t")), WEIR_E_NOT_FOUND);
    file_with(w, "plain", "");
    CHECK_OK(wr_path_remove_tree(w->io, under(w, "plain")));
}

TEST_BOTH(whole_files_are_written_and_read_within_a_limit)
{
    CHECK_OK(wr_path_write(w->io, under(w, "whole"), weir_slice_of("one")));
    CHECK_OK(wr_path_write(w->io, under(w, "whole"), weir_slice_of("three")));
    check_file(w, "whole", "three");
    CHECK(!wr_path_exists(w->io, under(w, "whole.tmp")));
    weir_arena *arena = weir_arena_new(1 << 16);
    weir_slice bytes = {0};
    CHECK_EQ(wr_path_read(w->io, under(w, "whole"), 4, arena, &bytes), WEIR_E_LIMIT);
    CHECK(bytes.data == NULL);
    CHECK_OK(wr_path_read(w->io, under(w, "whole"), 5, arena, &bytes));
    CHECK_OK(wr_path_write(w->io, under(w, "empty"), WEIR_SLICE("")));
    CHECK_OK(wr_path_read(w->io, under(w, "empty"), 0, arena, &bytes));
    CHECK(bytes.data != NULL && bytes.size == 0);
    weir_arena_free(arena);
}

TEST_BOTH(too_long_paths_are_refused)
{
    char path[8192];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK_EQ(wr_dir_create(w->io, path), WEIR_E_LIMIT);
    CHECK_EQ(wr_path_write(w->io, path, WEIR_SLICE("x")), WEIR_E_LIMIT);
    CHECK_EQ(wr_path_remove_tree(w->io, path), WEIR_E_LIMIT);
    wr_file *file = NULL;
    path[300] = '\0';
    CHECK_EQ(wr_file_open(w->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file), WEIR_E_IO);
}

TEST_BOTH(the_clock_does_not_go_back_and_chance_differs)
{
    int64_t before = wr_mono_us(w->io);
    CHECK(wr_now_ms(w->io) > 1600000000000);
    CHECK(wr_mono_us(w->io) >= before);
    uint8_t zeros[37] = {0}, bytes[37] = {0};
    wr_random(w->io, bytes, sizeof bytes);
    CHECK(memcmp(bytes, zeros, sizeof bytes) != 0);
    CHECK(wr_random_u64(w->io) != wr_random_u64(w->io));
}
