/* Whose the data directory is, is read to the letter. */
#include "data_dir.h"

#include <stdio.h>

#include "test.h"

static void write_meta(wr_io *io, const char *path, const char *node)
{
    char text[200];
    wr_file *file;
    snprintf(text, sizeof text, "version=1\ncluster.id=abcdefghijklmnopqrstuv\nnode.id=%s\n", node);
    CHECK_OK(wr_file_open(io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file));
    CHECK_OK(wr_file_truncate(file, 0));
    CHECK_OK(wr_file_write(file, 0, text, strlen(text)));
    wr_file_close(file);
}

TEST(a_damaged_node_id_is_said_with_its_file_and_never_taken_for_another)
{
    static const char *const wrong[] = {"7x", "7 7", "", "x", "-1", "4294967303", "99999999999999999999999999"};
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_data_dir_config config = {.directory = test_directory(), .node_id = 7};
    wr_data_dir *dir;
    bool clean;
    char path[4200];
    snprintf(path, sizeof path, "%s/meta.properties", config.directory);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_failure failure = {0};
        write_meta(io, path, wrong[i]);
        CHECK_EQ(wr_data_dir_open(io, &config, &dir, &clean, &failure), WEIR_E_CORRUPT);
        CHECK(strstr(failure.sentence, path));
        CHECK(strstr(failure.sentence, "node.id="));
        CHECK(strstr(failure.sentence, "restore"));
    }
    write_meta(io, path, "8");
    CHECK_EQ(wr_data_dir_open(io, &config, &dir, &clean, NULL), WEIR_E_FORMAT);
    write_meta(io, path, "7");
    CHECK_OK(wr_data_dir_open(io, &config, &dir, &clean, NULL));
    CHECK_OK(wr_data_dir_close(dir, true));
    CHECK_OK(wr_path_remove_tree(io, config.directory));
    wr_io_free(io);
}
