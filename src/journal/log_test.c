#include "log_testing.h"

#include <testing/io/sim.h>

#include <errno.h>

typedef struct table {
    wr_sim *sim;
    wr_io *io;
    wr_log_config config;
    wr_log *log;
} table;

static table begin(uint64_t seed)
{
    table made = {.sim = wr_sim_new(seed), .config = small_config()};
    made.io = wr_sim_io(made.sim);
    made.log = open_ok(made.io, "data/t-0", &made.config);
    return made;
}

static void reopen(table *b)
{
    CHECK_OK(wr_log_close(b->log));
    b->log = open_ok(b->io, "data/t-0", &b->config);
}

static void end(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_free(b->sim);
}

TEST(a_new_log_is_empty_and_durable)
{
    table b = begin(1);
    CHECK_EQ(wr_log_start_offset(b.log), 0);
    CHECK_EQ(wr_log_end_offset(b.log), 0);
    CHECK_EQ(wr_log_synced_offset(b.log), 0);
    wr_buf buf;
    wr_buf_init(&buf, 1000);
    CHECK_OK(wr_log_read(b.log, 0, INT64_MAX, 1000, true, &buf));
    CHECK_EQ(buf.size, 0);
    CHECK_EQ(wr_log_read(b.log, 1, INT64_MAX, 1000, true, &buf), WEIR_E_RANGE);
    wr_buf_fini(&buf);
    wr_sim_cut(b.sim);
    wr_log_abandon(b.log);
    wr_sim_restart(b.sim);
    CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000000.log"));
    b.log = open_ok(b.io, "data/t-0", &b.config);
    end(&b);
}

TEST(batches_come_back_whole_over_rolls_and_restarts)
{
    table b = begin(1);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(put_ok(b.log, &(batch_plan){.record_count = 2, .time_ms = i, .fill = (uint8_t)i}), 2 * i);
    CHECK_EQ(wr_log_end_offset(b.log), 200);
    CHECK_EQ(wr_log_synced_offset(b.log), 0);
    for (size_t step = 1; step < 3000; step += 130)
        CHECK_EQ(read_ok(b.log, step), 100);
    int64_t size = wr_log_size(b.log);
    reopen(&b);
    CHECK_EQ(wr_log_size(b.log), size);
    CHECK_EQ(wr_log_synced_offset(b.log), 200);
    CHECK_EQ(read_ok(b.log, 1000), 100);
    CHECK_EQ(put_ok(b.log, &(batch_plan){0}), 200);
    CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000000.index"));
    CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000000.timeindex"));
    end(&b);
}

TEST(a_read_gives_the_batch_that_holds_the_offset_and_ends_below_the_limit)
{
    table b = begin(1);
    for (int i = 0; i < 30; i++)
        put_ok(b.log, &(batch_plan){.record_count = 5});
    for (int64_t offset = 0; offset < 150; offset++)
        for (int64_t limit = offset; limit <= 150; limit += 7) {
            wr_buf buf;
            wr_buf_init(&buf, 1 << 20);
            CHECK_OK(wr_log_read(b.log, offset, limit, 400, true, &buf));
            wr_batch batch;
            size_t done = 0;
            int64_t next = offset / 5 * 5;
            for (; done < buf.size; done += batch.bytes.size, next += 5) {
                CHECK_OK(wr_batch_read((weir_slice){buf.data + done, buf.size - done}, &batch, NULL));
                CHECK_EQ(batch.base_offset, next);
                CHECK(next + 5 <= limit);
            }
            CHECK((buf.size > 0) == (offset / 5 * 5 + 5 <= limit));
            wr_buf_fini(&buf);
        }
    end(&b);
}

TEST(the_first_batch_is_given_over_the_size_only_when_asked)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){.value_size = 300});
    put_ok(b.log, &(batch_plan){.value_size = 300});
    wr_buf buf;
    wr_buf_init(&buf, 1 << 20);
    CHECK_OK(wr_log_read(b.log, 0, 2, 100, false, &buf));
    CHECK_EQ(buf.size, 0);
    CHECK_OK(wr_log_read(b.log, 0, 2, 20, false, &buf));
    CHECK_EQ(buf.size, 0);
    CHECK_OK(wr_log_read(b.log, 0, 2, 20, true, &buf));
    CHECK(buf.size > 300 && buf.size < 500);
    size_t one = buf.size;
    CHECK_OK(wr_log_read(b.log, 1, 2, 0, true, &buf)); /* appends */
    CHECK_EQ(buf.size, 2 * one);
    wr_buf_fini(&buf);
    end(&b);
}

TEST(a_batch_too_large_is_refused)
{
    table b = begin(1);
    wr_appended appended;
    CHECK_EQ(put(b.log, &(batch_plan){.value_size = 1000}, &appended), WEIR_E_LIMIT); /* segment */
    b.config.message_size_max = 200;
    wr_log_configure(b.log, &b.config);
    CHECK_EQ(put(b.log, &(batch_plan){.value_size = 200}, &appended), WEIR_E_LIMIT);
    CHECK_EQ(wr_log_end_offset(b.log), 0);
    end(&b);
}

TEST(timestamps_outside_the_window_and_missing_keys_are_refused)
{
    table b = begin(1);
    int64_t now_ms = wr_now_ms(b.io);
    b.config.timestamp_after_max_ms = 1000;
    b.config.timestamp_before_max_ms = 5000;
    b.config.compact = true;
    wr_log_configure(b.log, &b.config);
    wr_appended appended;
    CHECK_EQ(put(b.log, &(batch_plan){.time_ms = now_ms + 1001}, &appended), WEIR_E_FORMAT);
    CHECK_EQ(put(b.log, &(batch_plan){.time_ms = now_ms - 5001}, &appended), WEIR_E_FORMAT);
    CHECK_EQ(put(b.log, &(batch_plan){.time_ms = now_ms, .without_key = true}, &appended), WEIR_E_FORMAT);
    CHECK_OK(put(b.log, &(batch_plan){.time_ms = now_ms, .compression = WR_COMPRESSION_LZ4}, &appended));
    CHECK_EQ(appended.append_time_ms, -1);
    end(&b);
}

TEST(log_append_time_is_the_brokers_and_the_crc_holds)
{
    table b = begin(1);
    b.config.log_append_time = true;
    wr_log_configure(b.log, &b.config);
    wr_appended appended;
    CHECK_OK(put(b.log, &(batch_plan){.time_ms = 5}, &appended));
    CHECK_EQ(appended.append_time_ms, wr_now_ms(b.io));
    CHECK_EQ(read_ok(b.log, 1000), 1);
    end(&b);
}

TEST(a_duplicate_gets_the_first_answer_also_after_a_restart)
{
    table b = begin(1);
    batch_plan plan = {.producer = true, .producer_id = 9, .record_count = 3};
    for (int i = 0; i < 5; i++, plan.sequence += 3)
        put_ok(b.log, &plan);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 5; i++) {
            wr_appended appended;
            plan.sequence = 3 * i;
            CHECK_OK(put(b.log, &plan, &appended));
            CHECK(appended.duplicate);
            CHECK_EQ(appended.base_offset, 3 * i);
            CHECK_EQ(appended.last_offset, 3 * i + 2);
        }
        CHECK_EQ(wr_log_end_offset(b.log), 15);
        if (round == 0) {
            reopen(&b);
        } else {
            CHECK_OK(wr_log_sync(b.log));
            wr_log_abandon(b.log); /* as if killed */
            b.log = open_ok(b.io, "data/t-0", &b.config);
        }
    }
    wr_appended appended;
    plan.sequence = 16;
    CHECK_EQ(put(b.log, &plan, &appended), WEIR_E_RANGE);
    end(&b);
}

TEST(a_segment_rolls_by_size_by_time_and_when_its_index_is_full)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){.time_ms = 1000});
    b.config.segment_ms = 500;
    wr_log_configure(b.log, &b.config);
    put_ok(b.log, &(batch_plan){.time_ms = 1500});
    CHECK(!wr_path_exists(b.io, "data/t-0/00000000000000000001.log"));
    put_ok(b.log, &(batch_plan){.time_ms = 1501});
    CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000002.log"));
    reopen(&b);
    put_ok(b.log, &(batch_plan){.time_ms = 2002}); /* the first timestamp is known after a restart too */
    put_ok(b.log, &(batch_plan){.time_ms = 2002}); /* but there was no file to go on in */
    CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000004.log"));

    b.config = small_config();
    b.config.segment_size = 1 << 20;
    b.config.index_interval_size = 0;
    b.config.index_size_max = 12 * 4;
    wr_log_configure(b.log, &b.config);
    for (int i = 0; i < 6; i++)
        put_ok(b.log, &(batch_plan){.time_ms = 2003 + i});
    CHECK(wr_path_exists(b.io, "data/t-0/00000000000000000008.log") ||
          wr_path_exists(b.io, "data/t-0/00000000000000000009.log"));
    CHECK_EQ(read_ok(b.log, 1000), 11);
    end(&b);
}

TEST(a_ticket_covers_what_was_appended_before_it_began)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){0});
    put_ok(b.log, &(batch_plan){0});
    wr_log_ticket ticket;
    wr_log_sync_begin(b.log, &ticket);
    CHECK_EQ(ticket.offset, 2);
    CHECK(ticket.file_count >= 1 && ticket.file_count <= 8);
    put_ok(b.log, &(batch_plan){0});
    CHECK_OK(wr_log_ticket_sync(&ticket));
    CHECK_EQ(wr_log_synced_offset(b.log), 0);
    wr_log_sync_end(b.log, &ticket, WEIR_OK);
    CHECK_EQ(wr_log_synced_offset(b.log), 2);
    CHECK_OK(wr_log_sync(b.log));
    CHECK_EQ(wr_log_synced_offset(b.log), 3);
    wr_log_sync_begin(b.log, &ticket);
    CHECK_EQ(ticket.file_count, 0);
    wr_log_sync_end(b.log, &ticket, WEIR_OK);
    end(&b);
}

TEST(rolls_during_a_ticket_are_covered_by_the_next_ones)
{
    table b = begin(1);
    wr_log_ticket ticket;
    put_ok(b.log, &(batch_plan){0});
    wr_log_sync_begin(b.log, &ticket);
    for (int i = 0; i < 100; i++)
        put_ok(b.log, &(batch_plan){0});
    CHECK_OK(wr_log_ticket_sync(&ticket));
    wr_log_sync_end(b.log, &ticket, WEIR_OK);
    CHECK_EQ(wr_log_synced_offset(b.log), 1);
    CHECK_OK(wr_log_sync(b.log));
    CHECK_EQ(wr_log_synced_offset(b.log), 101);
    CHECK_EQ(read_ok(b.log, 1000), 101);
    wr_sim_cut(b.sim);
    wr_log_abandon(b.log);
    wr_sim_restart(b.sim);
    b.log = open_ok(b.io, "data/t-0", &b.config);
    CHECK_EQ(wr_log_end_offset(b.log), 101);
    CHECK_EQ(read_ok(b.log, 1000), 101);
    end(&b);
}

TEST(after_a_failed_sync_the_log_takes_nothing_more)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){0});
    wr_log_ticket ticket;
    wr_log_sync_begin(b.log, &ticket);
    wr_log_sync_end(b.log, &ticket, WEIR_E_IO);
    CHECK(wr_log_broken(b.log));
    wr_appended appended;
    CHECK_EQ(put(b.log, &(batch_plan){0}, &appended), WEIR_E_BROKEN);
    CHECK_EQ(wr_log_sync(b.log), WEIR_E_BROKEN);
    CHECK_EQ(wr_log_roll(b.log), WEIR_E_BROKEN);
    CHECK_EQ(wr_log_trim(b.log, 0), WEIR_E_BROKEN);
    CHECK_EQ(wr_log_synced_offset(b.log), 0);
    CHECK_EQ(read_ok(b.log, 1000), 1); /* what is there can be read */
    CHECK_EQ(wr_log_close(b.log), WEIR_E_BROKEN);
    b.log = open_ok(b.io, "data/t-0", &b.config);
    end(&b);
}

TEST(a_sync_that_fails_names_the_file)
{
    static const char *const files[] = {"00000000000000000000.log", "00000000000000000002.log"};
    for (uint64_t n = 0; n < sizeof files / sizeof *files; n++) {
        table b = begin(1);
        put_ok(b.log, &(batch_plan){0});
        put_ok(b.log, &(batch_plan){0});
        roll_ok(b.log);
        put_ok(b.log, &(batch_plan){0});
        wr_log_ticket ticket;
        wr_log_sync_begin(b.log, &ticket);
        CHECK_EQ(ticket.file_count, 2);
        wr_sim_fail_at(b.sim, wr_sim_write_count(b.sim) + n, EIO);
        weir_err err = wr_log_ticket_sync(&ticket);
        CHECK_EQ(err, WEIR_E_IO);
        wr_log_sync_end(b.log, &ticket, err);
        CHECK(wr_log_broken(b.log));
        CHECK_STR(wr_log_cause_of(b.log)->call, "sync");
        CHECK_EQ(wr_log_cause_of(b.log)->os_error, EIO);
        CHECK_STR(wr_log_cause_of(b.log)->file, files[n]);
        end(&b);
    }
}

TEST(a_new_leader_epoch_is_known_before_its_first_batch)
{
    table b = begin(1);
    put_ok(b.log, &(batch_plan){0});
    wr_buf buf;
    wr_buf_init(&buf, 1 << 16);
    make_batch(&(batch_plan){0}, &buf);
    wr_appended appended;
    for (int i = 0; i < 2; i++)
        CHECK_EQ(wr_log_append(b.log, buf.data, buf.size, 3, &appended), WEIR_E_AGAIN);
    CHECK_EQ(wr_log_end_offset(b.log), 1);
    wr_log_upkeep *upkeep;
    CHECK_OK(wr_log_upkeep_begin(b.log, &upkeep));
    CHECK_EQ(wr_log_append(b.log, buf.data, buf.size, 4, &appended),
             WEIR_E_AGAIN); /* newer still: this one comes too late */
    CHECK_OK(wr_log_upkeep_end(upkeep, wr_log_upkeep_run(upkeep)));
    CHECK_EQ(wr_log_append(b.log, buf.data, buf.size, 4, &appended), WEIR_E_AGAIN);
    keep_up(b.log);
    CHECK_OK(wr_log_append(b.log, buf.data, buf.size, 4, &appended));
    CHECK_EQ(wr_log_append(b.log, buf.data, buf.size, 3, &appended), WEIR_E_USAGE);
    CHECK_EQ(wr_log_append(b.log, buf.data, buf.size, -1, &appended), WEIR_E_USAGE);
    CHECK_OK(wr_log_sync(b.log));
    wr_sim_cut(b.sim);
    wr_log_abandon(b.log);
    wr_sim_restart(b.sim);
    b.log = open_ok(b.io, "data/t-0", &b.config);
    CHECK_EQ(wr_log_end_offset(b.log), 2);
    CHECK_OK(wr_log_append(b.log, buf.data, buf.size, 4, &appended));
    wr_buf_fini(&buf);
    end(&b);
}
