/* The simulator itself: what survives a cut and what may not, faults, and that a seed decides everything. */
#include <io/io.h>
#include <testing/io/sim.h>

#include <errno.h>
#include <stdlib.h>

#include "test.h"

enum { SEED_COUNT = 300 };

static wr_file *open_new(wr_io *io, const char *path)
{
    wr_file *file = NULL;
    CHECK_OK(wr_file_open(io, path, WR_FILE_WRITE | WR_FILE_CREATE, &file));
    return file;
}

static size_t read_whole(wr_io *io, const char *path, uint8_t *bytes, size_t size)
{
    wr_file *file;
    CHECK_OK(wr_file_open(io, path, WR_FILE_READ, &file));
    size_t got;
    CHECK_OK(wr_file_read(file, 0, bytes, size, &got));
    wr_file_close(file);
    return got;
}

/* Names made durable, then a file with `synced` durable bytes and `unsynced` more in two writes; returns it open. */
static wr_file *file_with(wr_io *io, size_t synced, size_t unsynced)
{
    uint8_t bytes[8192];
    memset(bytes, 'S', sizeof bytes);
    wr_file *file = open_new(io, "/f");
    CHECK_OK(wr_dir_sync(io, "/"));
    CHECK_OK(wr_file_write(file, 0, bytes, synced));
    CHECK_OK(wr_file_sync(file));
    memset(bytes, 'u', sizeof bytes);
    CHECK_OK(wr_file_write(file, (int64_t)synced, bytes, unsynced / 2));
    CHECK_OK(wr_file_write(file, (int64_t)(synced + unsynced / 2), bytes, unsynced - unsynced / 2));
    return file;
}

TEST(what_was_synced_survives_every_cut_and_what_was_not_may_survive_in_sectors)
{
    int none = 0, all = 0, holes = 0, partial = 0;
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        wr_file *file = file_with(io, 1000, 4000);
        wr_sim_cut(sim);
        int64_t size;
        CHECK_EQ(wr_file_size(file, &size), WEIR_E_IO);
        CHECK_EQ(errno, EIO);
        wr_file_close(file);
        wr_sim_restart(sim);

        uint8_t bytes[8192];
        size_t got = read_whole(io, "/f", bytes, sizeof bytes);
        CHECK(got >= 1000 && got <= 5000);
        bool hole = false;
        for (size_t i = 0; i < got; i++) {
            CHECK(i < 1000 ? bytes[i] == 'S' : bytes[i] == 'u' || bytes[i] == 0);
            hole = hole || bytes[i] == 0;
        }
        /* a sector is written whole: within one, bytes of the same write are all there or all missing */
        for (size_t i = 1025; i < got && i < 3000; i++)
            CHECK(i % 512 == 0 || bytes[i] == bytes[i - 1]);
        none += got == 1000;
        all += got == 5000 && !hole;
        holes += hole;
        partial += got > 1000 && got < 5000;
        wr_sim_free(sim);
    }
    CHECK(none > 10 && all > 10 && holes > 10 && partial > 10);
}

TEST(a_sector_brings_the_earlier_writes_of_the_same_sector_along)
{
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        wr_file *file = open_new(io, "/f");
        CHECK_OK(wr_dir_sync(io, "/"));
        CHECK_OK(wr_file_write(file, 0, "aaaa", 4));
        CHECK_OK(wr_file_write(file, 4, "bbbb", 4));
        wr_file_close(file);
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        uint8_t bytes[8];
        size_t got = read_whole(io, "/f", bytes, sizeof bytes);
        if (got == 8 && bytes[4] == 'b')
            CHECK_BYTES(bytes, "aaaa", 4);
        wr_sim_free(sim);
    }
}

TEST(a_killed_process_loses_nothing_that_a_call_had_accepted)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        wr_file *file = file_with(io, 1000, 4000);
        wr_sim_kill(sim);
        CHECK(wr_sim_dark(sim));
        wr_file_close(file);
        wr_sim_restart(sim);
        CHECK(!wr_sim_dark(sim));
        uint8_t bytes[8192];
        CHECK_EQ(read_whole(io, "/f", bytes, sizeof bytes), 5000);
        wr_sim_free(sim);
    }
}

TEST(a_new_name_is_durable_only_after_a_sync_of_its_directory)
{
    int there = 0, gone = 0;
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        wr_file *file = open_new(io, "/a");
        CHECK_OK(wr_file_sync(file));
        wr_file_close(file);
        CHECK_OK(wr_dir_create(io, "/d"));
        CHECK_OK(wr_dir_sync(io, "/"));
        file = open_new(io, "/d/b");
        CHECK_OK(wr_file_write(file, 0, "x", 1));
        CHECK_OK(wr_file_sync(file));
        wr_file_close(file);
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        CHECK(wr_path_exists(io, "/a") && wr_path_exists(io, "/d"));
        bool survived = wr_path_exists(io, "/d/b");
        there += survived;
        gone += !survived;
        uint8_t bytes[4];
        if (survived)
            CHECK_EQ(read_whole(io, "/d/b", bytes, sizeof bytes), 1);
        wr_sim_free(sim);
    }
    CHECK(there > 10 && gone > 10);
}

TEST(parents_that_were_made_on_the_way_are_durable_and_the_last_after_a_sync)
{
    int there = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        CHECK_OK(wr_dir_create(io, "/a/b/c"));
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        CHECK(wr_path_exists(io, "/a/b"));
        there += wr_path_exists(io, "/a/b/c");
        wr_sim_free(sim);
    }
    CHECK(there > 5 && there < 95);
}

TEST(a_replacing_rename_leaves_the_old_or_the_new_file_never_none)
{
    int old = 0, new = 0, both = 0;
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        CHECK_OK(wr_path_write(io, "/f", WEIR_SLICE("old")));
        wr_file *file = open_new(io, "/f.tmp");
        CHECK_OK(wr_file_write(file, 0, "newer", 5));
        CHECK_OK(wr_file_sync(file));
        wr_file_close(file);
        CHECK_OK(wr_path_rename(io, "/f.tmp", "/f"));
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        uint8_t bytes[8];
        size_t got = read_whole(io, "/f", bytes, sizeof bytes);
        CHECK(got == 3 || got == 5);
        CHECK_BYTES(bytes, got == 3 ? "old" : "newer", got);
        old += got == 3;
        new += got == 5;
        both += got == 3 && wr_path_exists(io, "/f.tmp");
        wr_sim_free(sim);
    }
    CHECK(old > 10 && new > 10 && both > 10);
}

TEST(a_removal_may_come_undone_until_the_directory_is_synced)
{
    int undone = 0;
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        CHECK_OK(wr_path_write(io, "/a", WEIR_SLICE("a")));
        CHECK_OK(wr_path_write(io, "/b", WEIR_SLICE("b")));
        CHECK_OK(wr_path_remove(io, "/a"));
        CHECK_OK(wr_dir_sync(io, "/"));
        CHECK_OK(wr_path_remove(io, "/b"));
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        CHECK(!wr_path_exists(io, "/a"));
        undone += wr_path_exists(io, "/b");
        wr_sim_free(sim);
    }
    CHECK(undone > 10 && undone < SEED_COUNT - 10);
}

/* ---- a scenario that is cut everywhere */

/* Replaces /d/v by 1, 2, …; the last number that was said to be durable. */
static int write_numbers(wr_io *io, int count)
{
    int promised = 0;
    if (wr_dir_create(io, "/d") != WEIR_OK || wr_dir_sync(io, "/") != WEIR_OK)
        return 0;
    for (int i = 1; i <= count; i++) {
        uint8_t byte = (uint8_t)i;
        if (wr_path_write(io, "/d/v", (weir_slice){&byte, 1}) != WEIR_OK)
            break;
        promised = i;
    }
    return promised;
}

static void check_number(wr_io *io, int promised)
{
    uint8_t byte = 0;
    size_t got = wr_path_exists(io, "/d/v") ? read_whole(io, "/d/v", &byte, 1) : 0;
    CHECK(promised == 0 || got == 1);
    CHECK(byte == promised || byte == promised + 1);
}

TEST(a_file_that_is_written_whole_survives_a_cut_and_a_kill_at_every_call)
{
    for (int kill = 0; kill < 2; kill++)
        for (uint64_t n = 0;; n++) {
            bool dark = false;
            for (uint64_t seed = 0; seed < 10; seed++) {
                wr_sim *sim = wr_sim_new(seed);
                if (kill)
                    wr_sim_kill_at(sim, n);
                else
                    wr_sim_cut_at(sim, n);
                int promised = write_numbers(wr_sim_io(sim), 5);
                dark = wr_sim_dark(sim);
                CHECK(dark || promised == 5);
                wr_sim_restart(sim);
                check_number(wr_sim_io(sim), promised);
                wr_sim_free(sim);
            }
            if (!dark) {
                CHECK(n > 20);
                break;
            }
        }
}

TEST(a_file_that_is_written_whole_is_old_or_new_after_an_error_at_every_call)
{
    static const int errors[] = {EIO, ENOSPC};
    for (size_t e = 0; e < 2; e++)
        for (uint64_t n = 0;; n++) {
            wr_sim *sim = wr_sim_new(n);
            wr_sim_fail_at(sim, n, errors[e]);
            int promised = write_numbers(wr_sim_io(sim), 5);
            bool last = wr_sim_write_count(sim) <= n;
            CHECK(last == (promised == 5));
            wr_sim_cut(sim);
            wr_sim_restart(sim);
            check_number(wr_sim_io(sim), promised);
            wr_sim_free(sim);
            if (last)
                break;
        }
}

TEST(forks_of_one_moment_crash_in_different_ways_and_leave_the_original_alone)
{
    wr_sim *sim = wr_sim_new(1);
    wr_file *file = file_with(wr_sim_io(sim), 1000, 4000);
    CHECK_OK(wr_dir_create(wr_sim_io(sim), "/d/e"));
    CHECK_OK(wr_path_rename(wr_sim_io(sim), "/d/e", "/d/g"));
    int sizes[2] = {0};
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *fork = wr_sim_fork(sim, seed);
        wr_sim_cut(fork);
        wr_sim_restart(fork);
        uint8_t bytes[8192];
        size_t got = read_whole(wr_sim_io(fork), "/f", bytes, sizeof bytes);
        sizes[0] += got == 1000;
        sizes[1] += got == 5000;
        CHECK(wr_path_exists(wr_sim_io(fork), "/d"));
        wr_sim_free(fork);
    }
    CHECK(sizes[0] > 10 && sizes[1] > 10);
    int64_t size;
    CHECK_OK(wr_file_size(file, &size));
    CHECK_EQ(size, 5000);
    CHECK_OK(wr_file_sync(file));
    wr_file_close(file);
    wr_sim_free(sim);
}

/* ---- faults */
TEST(after_a_failed_sync_the_next_one_succeeds_and_what_was_dirty_may_be_lost)
{
    int lost = 0;
    for (uint64_t seed = 0; seed < SEED_COUNT; seed++) {
        wr_sim *sim = wr_sim_new(seed);
        wr_io *io = wr_sim_io(sim);
        wr_file *file = file_with(io, 1000, 4000);
        wr_sim_fail_at(sim, wr_sim_write_count(sim), EIO);
        CHECK_EQ(wr_file_sync(file), WEIR_E_IO);
        CHECK_OK(wr_file_sync(file)); /* the lie */
        wr_file_close(file);
        wr_sim_cut(sim);
        wr_sim_restart(sim);
        uint8_t bytes[8192];
        size_t got = read_whole(io, "/f", bytes, sizeof bytes);
        CHECK(got >= 1000);
        lost += got < 5000;
        wr_sim_free(sim);
    }
    CHECK(lost > 10);
}

TEST(a_full_disk_takes_what_fits_and_removing_makes_room)
{
    wr_sim *sim = wr_sim_new(3);
    wr_io *io = wr_sim_io(sim);
    wr_sim_set_capacity(sim, 1000);
    uint8_t bytes[2000] = {1};
    wr_file *file = open_new(io, "/a");
    CHECK_OK(wr_file_write(file, 0, bytes, 800));
    CHECK_EQ(wr_file_write(file, 800, bytes, 300), WEIR_E_FULL);
    CHECK_EQ(errno, ENOSPC);
    CHECK_OK(wr_file_write(file, 0, bytes, 800)); /* in place needs no room */
    wr_file_close(file);
    CHECK_OK(wr_path_remove(io, "/a"));
    CHECK_OK(wr_dir_sync(io, "/"));
    file = open_new(io, "/b");
    CHECK_OK(wr_file_write(file, 0, bytes, 1000));
    wr_file_close(file);
    wr_sim_free(sim);
}

TEST(a_failing_call_fails_once_and_reads_can_fail_too)
{
    wr_sim *sim = wr_sim_new(3);
    wr_io *io = wr_sim_io(sim);
    wr_file *file = open_new(io, "/a");
    wr_sim_fail_at(sim, wr_sim_write_count(sim), ENOSPC);
    CHECK_EQ(wr_file_write(file, 0, "abc", 3), WEIR_E_FULL);
    CHECK_OK(wr_file_write(file, 0, "abc", 3));
    wr_sim_fail_read_at(sim, wr_sim_read_count(sim), EIO);
    uint8_t byte;
    size_t got;
    CHECK_EQ(wr_file_read(file, 0, &byte, 1, &got), WEIR_E_IO);
    CHECK_OK(wr_file_read(file, 0, &byte, 1, &got));
    wr_file_close(file);
    wr_sim_free(sim);
}

TEST(a_flipped_bit_is_on_the_disk_and_in_the_cache)
{
    wr_sim *sim = wr_sim_new(3);
    wr_io *io = wr_sim_io(sim);
    CHECK_OK(wr_path_write(io, "/a", WEIR_SLICE("abc")));
    CHECK_OK(wr_sim_flip_bit(sim, "/a", 1, 0));
    CHECK_EQ(wr_sim_flip_bit(sim, "/a", 3, 0), WEIR_E_RANGE);
    CHECK_EQ(wr_sim_flip_bit(sim, "/b", 0, 0), WEIR_E_NOT_FOUND);
    uint8_t bytes[4];
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(read_whole(io, "/a", bytes, sizeof bytes), 3);
        CHECK_BYTES(bytes, "acc", 3);
        wr_sim_cut(sim);
        wr_sim_restart(sim);
    }
    wr_sim_free(sim);
}

TEST(files_and_locks_of_an_earlier_life_are_gone)
{
    wr_sim *sim = wr_sim_new(3);
    wr_io *io = wr_sim_io(sim);
    wr_file *old = open_new(io, "/a");
    CHECK_OK(wr_file_lock(old));
    wr_sim_restart(sim);
    CHECK_EQ(wr_file_write(old, 0, "x", 1), WEIR_E_IO);
    wr_file *new = open_new(io, "/a");
    CHECK_OK(wr_file_lock(new));
    wr_file_close(old);
    wr_file *third = open_new(io, "/a");
    CHECK_EQ(wr_file_lock(third), WEIR_E_AGAIN);
    wr_file_close(third);
    wr_file_close(new);
    wr_sim_free(sim);
}

TEST(time_moves_only_when_it_is_told_to)
{
    wr_sim *sim = wr_sim_new(3);
    wr_io *io = wr_sim_io(sim);
    int64_t mono_us = wr_mono_us(io), now_ms = wr_now_ms(io);
    CHECK_EQ(wr_mono_us(io), mono_us);
    wr_sim_advance_ms(sim, 250);
    CHECK_EQ(wr_mono_us(io), mono_us + 250000);
    CHECK_EQ(wr_now_ms(io), now_ms + 250);
    wr_sim_set_wall_ms(sim, 5);
    CHECK_EQ(wr_now_ms(io), 5);
    CHECK_EQ(wr_mono_us(io), mono_us + 250000);
    wr_sim_free(sim);
}

static uint64_t digest_of(uint64_t seed)
{
    wr_sim *sim = wr_sim_new(seed);
    wr_sim_cut_at(sim, 11);
    write_numbers(wr_sim_io(sim), 5);
    wr_sim_restart(sim);
    write_numbers(wr_sim_io(sim), 3);
    uint64_t digest = wr_sim_digest(sim) ^ wr_random_u64(wr_sim_io(sim));
    wr_sim_free(sim);
    return digest;
}

TEST(the_same_seed_gives_the_same_run_and_another_another)
{
    CHECK(digest_of(5) == digest_of(5));
    CHECK(digest_of(5) != digest_of(6));
}
