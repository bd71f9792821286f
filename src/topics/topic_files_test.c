#include "topic_files.h"

#include <stdio.h>
#include <stdlib.h>

#include "test.h"

static weir_err count_topic(void *user, const char *name, const wr_uuid *id, int32_t partition_count,
                            wr_topic_config *config)
{
    (void)name, (void)id;
    *(int32_t *)user += partition_count;
    wr_topic_config_free(config);
    return WEIR_OK;
}

/* With 20,000 topics, when each of them went through all directories, this took twenty times the processor time. */
TEST(many_topics_are_found_and_what_none_of_them_claims_is_cleared_away)
{
    enum { COUNT = 2000 };
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_topic_files files = {.io = io, .directory = test_directory()};
    char path[4200], text[200];
    for (int i = 0; i < COUNT; i++) {
        wr_uuid id = {{(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1}};
        char id_text[WR_UUID_BASE64_SIZE];
        wr_uuid_print_base64(&id, id_text);
        for (int partition = 0; partition < (i % 100 ? 1 : 3); partition++) {
            snprintf(path, sizeof path, "%s/topic-%05d-%d", files.directory, i, partition);
            CHECK_OK(wr_dir_create(io, path));
        }
        wr_file *file;
        snprintf(path, sizeof path, "%s/topic-%05d-0/topic.properties", files.directory, i);
        snprintf(text, sizeof text, "topic.id=%s\npartitions=%d\n", id_text, i % 100 ? 1 : 2);
        CHECK_OK(wr_file_open(io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file));
        CHECK_OK(wr_file_write(file, 0, text, strlen(text)));
        wr_file_close(file);
    }
    int32_t found = 0;
    weir_failure failure = {0};
    CHECK_OK(wr_topic_files_scan(&files, count_topic, &found, &failure));
    CHECK_EQ(found, COUNT + COUNT / 100);
    snprintf(path, sizeof path, "%s/topic-00100-1", files.directory);
    CHECK(wr_path_exists(io, path));
    snprintf(path, sizeof path, "%s/topic-00100-2", files.directory);
    CHECK(!wr_path_exists(io, path)); /* the third was never finished */
    CHECK_OK(wr_path_remove_tree(io, files.directory));
    wr_io_free(io);
}

TEST(a_damaged_number_of_partitions_is_said_with_its_file_and_never_taken_for_another)
{
    static const char *const wrong[] = {"5x", "0", "-1", "", "0x5", "5 5", "10000001", "99999999999999999999"};
    wr_io *io;
    CHECK_OK(wr_io_real_new(&io));
    wr_topic_files files = {.io = io, .directory = test_directory()};
    char path[4200], text[200], id_text[WR_UUID_BASE64_SIZE];
    wr_uuid id = {{1, 2, 3, 4}};
    wr_uuid_print_base64(&id, id_text);
    for (int p = 0; p < 6; p++) {
        snprintf(path, sizeof path, "%s/orders-%d", files.directory, p);
        CHECK_OK(wr_dir_create(io, path));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wr_file *file;
        snprintf(path, sizeof path, "%s/orders-0/topic.properties", files.directory);
        snprintf(text, sizeof text, "topic.id=%s\npartitions=%s\n", id_text, wrong[i]);
        CHECK_OK(wr_file_open(io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file));
        CHECK_OK(wr_file_truncate(file, 0));
        CHECK_OK(wr_file_write(file, 0, text, strlen(text)));
        wr_file_close(file);
        int32_t found = 0;
        weir_failure failure = {0};
        CHECK_EQ(wr_topic_files_scan(&files, count_topic, &found, &failure), WEIR_E_CORRUPT);
        CHECK_EQ(found, 0);
        CHECK(strstr(failure.sentence, path) && strstr(failure.sentence, "partitions="));
        CHECK(strstr(failure.sentence, "restore"));
        snprintf(path, sizeof path, "%s/orders-5", files.directory);
        CHECK(wr_path_exists(io, path)); /* read as fewer partitions, the last ones were cleared away */
    }
    CHECK_OK(wr_path_remove_tree(io, files.directory));
    wr_io_free(io);
}
