#include "index_int.h"

#include <testing/io/sim.h>

#include "allocation.h"
#include "test.h"

static void fill(wr_index *index, int count)
{
    for (int i = 0; i < count; i++) {
        CHECK_OK(wr_index_reserve(index));
        if (index->entry_size == WR_INDEX_ENTRY)
            wr_index_add_position(index, 10 * i, 100 * i);
        else
            wr_index_add_time(index, 1000 + 10 * i, i);
    }
}

TEST(a_lookup_counts_entries_up_to_the_key)
{
    wr_index index;
    wr_index_init(&index, WR_INDEX_ENTRY);
    CHECK_EQ(wr_index_count_to(&index, 5), 0);
    fill(&index, 100);
    CHECK_EQ(wr_index_count_to(&index, -1), 0);
    CHECK_EQ(wr_index_count_to(&index, 0), 1);
    CHECK_EQ(wr_index_count_to(&index, 9), 1);
    CHECK_EQ(wr_index_count_to(&index, 10), 2);
    CHECK_EQ(wr_index_count_to(&index, INT64_MAX), 100);
    CHECK_EQ(wr_index_count_to_position(&index, 99), 1);
    CHECK_EQ(wr_index_count_to_position(&index, 100), 2);
    CHECK_EQ(wr_index_key(&index, 7), 70);
    CHECK_EQ(wr_index_value(&index, 7), 700);
    wr_index_fini(&index);
}

TEST(a_time_index_has_wide_keys)
{
    wr_index index;
    wr_index_init(&index, WR_TIMES_ENTRY);
    fill(&index, 3);
    CHECK_EQ(wr_index_key(&index, 2), 1020);
    CHECK_EQ(wr_index_value(&index, 2), 2);
    CHECK_EQ(wr_index_count_to(&index, 1019), 2);
    wr_index_fini(&index);
}

TEST(what_is_stored_in_steps_is_loaded_whole_and_a_longer_file_is_cut)
{
    wr_sim *sim = wr_sim_new(1);
    wr_io *io = wr_sim_io(sim);
    wr_file *file;
    CHECK_OK(wr_file_open(io, "index", WR_FILE_WRITE | WR_FILE_CREATE, &file));
    uint8_t junk[4096] = {1};
    CHECK_OK(wr_file_write(file, 0, junk, sizeof junk));
    wr_index index, loaded;
    wr_index_init(&index, WR_INDEX_ENTRY);
    wr_index_init(&loaded, WR_INDEX_ENTRY);
    int64_t size;
    for (int i = 0; i < 5; i++) {
        fill(&index, 7);
        wr_index_rest rest;
        CHECK_OK(wr_index_take_rest(&index, &rest));
        fill(&index, 2); /* grows while it is written */
        CHECK_OK(wr_index_rest_write(&rest, file));
        wr_index_note_filed(&index, &rest, true);
        wr_index_rest_fini(&rest);
        CHECK_OK(wr_file_size(file, &size));
        CHECK_EQ(size, 8 * (7 * (i + 1) + 2 * i));
        CHECK_OK(wr_index_load(&loaded, file, size, index.filed_crc));
        CHECK_EQ(loaded.count, index.count - 2);
        CHECK_BYTES(loaded.entries, index.entries, (size_t)size);
    }
    CHECK_EQ(wr_index_load(&loaded, file, size, index.filed_crc + 1), WEIR_E_CORRUPT);
    CHECK_EQ(wr_index_load(&loaded, file, size + 8, index.filed_crc), WEIR_E_CORRUPT);
    CHECK_EQ(wr_index_load(&loaded, file, size - 1, index.filed_crc), WEIR_E_CORRUPT);
    wr_index_fini(&index);
    wr_index_fini(&loaded);
    wr_file_close(file);
    wr_sim_free(sim);
}

TEST(an_index_without_memory_stays_as_it_was)
{
    wr_index index;
    wr_index_init(&index, WR_INDEX_ENTRY);
    fill(&index, 16);
    test_fail_allocation(1);
    CHECK_EQ(wr_index_reserve(&index), WEIR_E_MEMORY);
    CHECK(test_allocation_failed());
    CHECK_EQ(index.count, 16);
    CHECK_EQ(wr_index_key(&index, 15), 150);
    wr_index_fini(&index);
}
