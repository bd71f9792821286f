/* A log of many small segments, of which the tests of deleting have some deleted. */
#ifndef WR_DELETION_TESTING_H
#define WR_DELETION_TESTING_H

#include "log_testing.h"

#include <testing/io/sim.h>

typedef struct table {
    wr_sim *sim;
    wr_io *io;
    wr_log_config config;
    wr_log *log;
    int64_t used_size;
} table;

/* Ten segments of one batch each, offsets 0..9, times 1000, 2000, … */
static inline table begin(void)
{
    table made = {.sim = wr_sim_new(1), .config = small_config()};
    made.io = wr_sim_io(made.sim);
    made.config.segment_size = 150;
    made.config.file_delete_delay_ms = 5000;
    made.log = open_ok(made.io, "data/t-0", &made.config);
    for (int i = 0; i < 10; i++)
        put_ok(made.log, &(batch_plan){.value_size = 60, .time_ms = 1000 * (i + 1)});
    return made;
}

static inline void configure(table *b, int64_t retention_ms, int64_t retention_size)
{
    b->config.retention_ms = retention_ms;
    b->config.retention_size = retention_size;
    wr_log_configure(b->log, &b->config);
}

static inline void reopen(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_cut(b->sim);
    wr_sim_restart(b->sim);
    b->log = open_ok(b->io, "data/t-0", &b->config);
}

static inline void end(table *b)
{
    wr_log_abandon(b->log);
    wr_sim_free(b->sim);
}

static inline bool exists(table *b, int offset, const char *suffix)
{
    char path[128];
    snprintf(path, sizeof path, "data/t-0/%020d%s", offset, suffix);
    return wr_path_exists(b->io, path);
}

static inline int64_t retain(table *b, int64_t now_ms)
{
    int64_t next_ms = -2;
    CHECK_OK(wr_log_retain(b->log, now_ms, &next_ms));
    return next_ms;
}

/* Ten batches more, at offsets 10..19, of two producers in turn. No checkpoint is due at this segment size. */
static inline void put_of_producers(table *b, int from, int to)
{
    b->config.segment_size = 100000;
    configure(b, -1, -1);
    for (int i = from; i < to; i++)
        put_ok(b->log, &(batch_plan){.value_size = 60,
                                     .time_ms = 1000 * (i + 1),
                                     .producer = true,
                                     .producer_id = 5 + i % 2,
                                     .sequence = (i - 10) / 2});
}

static inline void kill_and_open(table *b)
{
    wr_log_abandon(b->log);
    b->log = open_ok(b->io, "data/t-0", &b->config);
}

/* Sends the batch at this offset again. */
static inline void check_known(table *b, int offset)
{
    wr_appended appended;
    int64_t end_offset = wr_log_end_offset(b->log);
    CHECK_OK(put(b->log,
                 &(batch_plan){.value_size = 60,
                               .time_ms = 1000 * (offset + 1),
                               .producer = true,
                               .producer_id = 5 + offset % 2,
                               .sequence = (offset - 10) / 2},
                 &appended));
    CHECK(appended.duplicate);
    CHECK_EQ(appended.base_offset, offset);
    CHECK_EQ(wr_log_end_offset(b->log), end_offset);
}

static inline void check_all_known(table *b)
{
    for (int i = 10; i < 20; i++)
        check_known(b, i);
}

#endif
