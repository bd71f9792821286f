/* A naive model of a log, and a driver that does random things to both. What the model knows to be promised must be
 * there after any crash; what is there must be what was once appended. */
#ifndef WR_MODEL_TESTING_H
#define WR_MODEL_TESTING_H

#include "log_testing.h"

#include <base/hash.h>

enum { MODEL_BATCHES = 4096, MODEL_PRODUCERS = 3, MODEL_NONE = MODEL_PRODUCERS - 1 };

typedef struct model_batch {
    batch_plan plan;
    int64_t base_offset, last_offset;
    int producer;
} model_batch;

typedef struct model {
    model_batch batches[MODEL_BATCHES];
    int count;
    int64_t synced;                  /* the greatest synced offset ever seen */
    int64_t start_seen, start_tried; /* likewise of the start; and asked for */
    int32_t next_sequence[MODEL_PRODUCERS];
    bool sequence_known[MODEL_PRODUCERS];
    uint64_t random;
    wr_log_config config;
    bool keeps_up; /* upkeep follows most appends; else rolls have to wait for it */
    bool heals;    /* a failed append leaves nothing behind: the process lives on */
    wr_io *io;
    wr_log *log;
} model;

static const char model_directory[] = "data/t-0";

static inline uint64_t model_random(model *m, uint64_t below)
{
    m->random += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = m->random;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static inline void model_init(model *m, uint64_t seed, wr_io *io)
{
    memset(m, 0, sizeof *m);
    m->random = seed;
    m->keeps_up = seed % 4 != 0;
    m->config = small_config();
    m->config.file_delete_delay_ms = 0;
    m->io = io;
}

static inline int64_t model_end(const model *m)
{
    return m->count ? m->batches[m->count - 1].last_offset + 1 : 0;
}

static inline void model_look(model *m)
{
    int64_t synced = wr_log_synced_offset(m->log), start = wr_log_start_offset(m->log);
    m->synced = synced > m->synced ? synced : m->synced;
    assert_true(start >= m->start_seen);
    m->start_seen = start;
    m->start_tried = start > m->start_tried ? start : m->start_tried;
}

static inline weir_err model_append(model *m)
{
    if (m->count == MODEL_BATCHES)
        return WEIR_OK;
    model_batch *batch = &m->batches[m->count];
    int producer = (int)model_random(m, MODEL_PRODUCERS);
    batch->producer = producer;
    batch->plan = (batch_plan){.record_count = 1 + (int)model_random(m, 3),
                               .value_size = 1 + model_random(m, 150),
                               .time_ms = 1000 + (int64_t)model_random(m, 1000),
                               .producer = producer != MODEL_NONE,
                               .producer_id = 100 + producer,
                               .sequence = m->next_sequence[producer],
                               .compression = (wr_compression)model_random(m, 2),
                               .fill = (uint8_t)(1 + model_random(m, 250))};
    batch->base_offset = wr_log_end_offset(m->log);
    batch->last_offset = batch->base_offset + batch->plan.record_count - 1;
    m->count++; /* from here on it may be in the log, whatever the answer */
    wr_appended appended;
    weir_err err = put(m->log, &batch->plan, &appended);
    if (m->keeps_up && model_random(m, 3) > 0)
        keep_up(m->log);
    if (err != WEIR_OK) {
        m->count -= m->heals && !wr_log_broken(m->log);
        return err;
    }
    assert_false(appended.duplicate);
    assert_int_equal(appended.base_offset, batch->base_offset);
    assert_int_equal(appended.last_offset, batch->last_offset);
    m->next_sequence[producer] += batch->plan.record_count;
    return WEIR_OK;
}

/* The nth last batch of a producer, or NULL. */
static inline const model_batch *model_last(const model *m, int producer, int nth)
{
    for (int i = m->count; i-- > 0;)
        if (m->batches[i].producer == producer && nth-- == 0)
            return &m->batches[i];
    return NULL;
}

/* Sends again what the log must still know, also of what was deleted, and after a crash. */
static inline void model_send_again(model *m, int producer, int nth)
{
    const model_batch *batch = model_last(m, producer, nth);
    if (!batch)
        return;
    wr_appended appended;
    int64_t end = wr_log_end_offset(m->log);
    CHECK_OK(put(m->log, &batch->plan, &appended));
    CHECK(appended.duplicate);
    CHECK_EQ(appended.base_offset, batch->base_offset);
    CHECK_EQ(appended.last_offset, batch->last_offset);
    CHECK_EQ(wr_log_end_offset(m->log), end);
}

static inline weir_err model_ticket(model *m)
{
    wr_log_ticket ticket;
    wr_log_sync_begin(m->log, &ticket);
    weir_err appended = WEIR_OK, err = WEIR_OK;
    for (size_t i = 0; i < ticket.file_count && err == WEIR_OK; i++) {
        if (appended == WEIR_OK)
            appended = model_append(m);
        err = wr_file_sync(ticket.files[i]);
    }
    if (err == WEIR_OK && ticket.file_count > 0 && model_random(m, 8) == 0)
        wr_log_sync_cancel(m->log);
    else
        wr_log_sync_end(m->log, &ticket, err);
    if (wr_log_broken(m->log))
        assert_true(wr_log_synced_offset(m->log) <= model_end(m));
    return err != WEIR_OK ? err : appended != WEIR_OK ? appended : wr_log_broken(m->log) ? WEIR_E_BROKEN : WEIR_OK;
}

static inline weir_err model_roll(model *m)
{
    weir_err err = wr_log_roll(m->log);
    return err == WEIR_E_AGAIN ? WEIR_OK : err;
}

/* What retention does now and then, and a reader. Files that nobody used are closed. */
static inline weir_err model_look_on(model *m)
{
    int64_t next_ms, synced = wr_log_synced_offset(m->log);
    m->start_tried = synced > m->start_tried ? synced : m->start_tried;
    return wr_log_look(m->log, wr_now_ms(m->io), &next_ms);
}

typedef struct model_choice {
    uint64_t left; /* index files to be passed over */
    char path[128];
} model_choice;

static inline weir_err model_choose_index(void *user, const char *name, bool is_dir)
{
    model_choice *choice = user;
    const char *dot = strchr(name, '.');
    if (is_dir || !dot || (strcmp(dot, ".index") != 0 && strcmp(dot, ".timeindex") != 0) || choice->left-- > 0)
        return WEIR_OK;
    snprintf(choice->path, sizeof choice->path, "%s/%s", model_directory, name);
    return WEIR_E_CLOSED;
}

/* Somebody removes an index file: it is made again from the segment. */
static inline weir_err model_lose_index(model *m)
{
    model_choice choice = {.left = model_random(m, 12)};
    weir_err err = wr_dir_list(m->io, model_directory, model_choose_index, &choice);
    return err == WEIR_E_CLOSED ? wr_path_remove(m->io, choice.path) : err;
}

/* Upkeep, with everything else going on while it is open. */
static inline weir_err model_upkeep(model *m)
{
    int64_t start = wr_log_start_offset(m->log), synced = wr_log_synced_offset(m->log);
    int64_t to = start + (int64_t)model_random(m, (uint64_t)(synced - start) / 2 + 1);
    m->start_tried = to > m->start_tried ? to : m->start_tried;
    CHECK_OK(wr_log_ask_start(m->log, to));
    if (!wr_log_upkeep_due(m->log))
        return WEIR_OK;
    wr_log_upkeep *upkeep;
    CHECK_OK(wr_log_upkeep_begin(m->log, &upkeep));
    CHECK(!wr_log_upkeep_due(m->log));
    weir_err err = WEIR_OK, ran = WEIR_E_CLOSED;
    for (int i = 0; i < 4 && err == WEIR_OK; i++) {
        if (i == 2)
            ran = wr_log_upkeep_run(upkeep);
        CHECK_EQ(wr_log_start_offset(m->log), start); /* readers see no change before the end */
        uint64_t dice = model_random(m, 6);
        err = dice == 1   ? model_ticket(m)
              : dice == 2 ? model_roll(m)
              : dice == 3 ? model_append(m)
              : dice == 4 ? model_look_on(m)
              : dice == 5 ? model_lose_index(m)
                          : WEIR_OK;
    }
    weir_err ended = wr_log_upkeep_end(upkeep, ran);
    CHECK_EQ(ended, ran);
    CHECK(ran != WEIR_OK || wr_log_start_offset(m->log) >= start);
    return err != WEIR_OK ? err : wr_log_broken(m->log) ? WEIR_E_BROKEN : ran;
}

/* Every batch of the log is the one of the model at that offset. */
static inline void model_compare(model *m, size_t step_size)
{
    int64_t start = wr_log_start_offset(m->log), end = wr_log_end_offset(m->log);
    assert_true(end <= model_end(m));
    int at = 0;
    while (at < m->count && m->batches[at].last_offset < start)
        at++;
    wr_buf buf, expected;
    wr_buf_init(&buf, 1 << 20);
    wr_buf_init(&expected, 1 << 20);
    for (int64_t offset = start; offset < end;) {
        wr_buf_clear(&buf);
        CHECK_OK(wr_log_read(m->log, offset, end, step_size, true, &buf));
        CHECK(buf.size > 0);
        for (size_t done = 0; done < buf.size; at++) {
            CHECK(at < m->count);
            wr_buf_clear(&expected);
            make_batch(&m->batches[at].plan, &expected);
            wr_batch_patch_offset(expected.data, m->batches[at].base_offset, 0);
            CHECK(expected.size <= buf.size - done);
            CHECK_BYTES(buf.data + done, expected.data, expected.size);
            done += expected.size;
            offset = m->batches[at].last_offset + 1;
        }
    }
    wr_buf_fini(&buf);
    wr_buf_fini(&expected);
}

static inline weir_err model_find_time(model *m, int64_t time_ms)
{
    int64_t start = wr_log_start_offset(m->log), end = wr_log_end_offset(m->log), expected = -1;
    for (int i = 0; i < m->count && expected < 0; i++)
        for (int k = 0; k < m->batches[i].plan.record_count && expected < 0; k++) {
            int64_t offset = m->batches[i].base_offset + k;
            if (offset >= start && offset < end && m->batches[i].plan.time_ms + k >= time_ms)
                expected = offset;
        }
    int64_t offset, found_ms;
    weir_err err = wr_log_find_time(m->log, time_ms, INT64_MAX, &offset, &found_ms);
    if (err != WEIR_OK)
        return err;
    CHECK_EQ(offset, expected);
    CHECK((offset < 0 && found_ms == -1) || found_ms >= time_ms);
    return WEIR_OK;
}

/* One random thing. An error is one of the disk. */
static inline weir_err model_step(model *m)
{
    uint64_t dice = model_random(m, 100);
    weir_err err = WEIR_OK;
    int64_t next_ms;
    if (wr_log_broken(m->log)) /* by an upkeep that followed an append */
        return WEIR_E_BROKEN;
    if (dice < 60) {
        err = model_append(m);
    } else if (dice < 63) {
        err = wr_log_sync(m->log);
    } else if (dice < 65) {
        err = model_look_on(m);
    } else if (dice < 66) {
        err = model_lose_index(m);
    } else if (dice < 70) {
        err = model_upkeep(m);
    } else if (dice < 76) {
        err = model_ticket(m);
    } else if (dice < 80) {
        err = model_roll(m);
    } else if (dice < 85) {
        int64_t start = wr_log_start_offset(m->log), synced = wr_log_synced_offset(m->log);
        int64_t to = start + (int64_t)model_random(m, (uint64_t)(synced - start) / 2 + 1);
        m->start_tried = to > m->start_tried ? to : m->start_tried;
        err = wr_log_trim(m->log, to);
    } else if (dice < 90) {
        m->config.retention_size = 1500 + (int64_t)model_random(m, 4000);
        wr_log_configure(m->log, &m->config);
        m->start_tried = wr_log_synced_offset(m->log) > m->start_tried ? wr_log_synced_offset(m->log) : m->start_tried;
        err = wr_log_retain(m->log, wr_now_ms(m->io), &next_ms);
    } else {
        wr_log *log = m->log;
        m->log = NULL;
        if (dice < 95)
            err = wr_log_close(log);
        else
            wr_log_abandon(log); /* as kill -9: the page cache survives */
        if (err == WEIR_OK)
            err = wr_log_open(m->io, model_directory, &m->config, dice < 95, &m->log, NULL);
    }
    if (m->log)
        model_look(m);
    return err;
}

static inline weir_err model_open(model *m)
{
    weir_err err = wr_log_open(m->io, model_directory, &m->config, false, &m->log, NULL);
    if (err == WEIR_OK)
        model_look(m);
    return err;
}

static inline void model_crash(model *m)
{
    wr_log_abandon(m->log);
    m->log = NULL;
}

/* The model forgets what the log does not have. */
static inline void model_forget(model *m)
{
    while (m->count > 0 && m->batches[m->count - 1].last_offset >= wr_log_end_offset(m->log))
        m->count--;
    for (int p = 0; p < MODEL_PRODUCERS; p++) {
        const model_batch *last = model_last(m, p, 0);
        m->next_sequence[p] = last ? last->plan.sequence + last->plan.record_count : 0;
    }
}

/* After a crash: opens the log and checks that it kept every promise. The model then continues from what is there. */
static inline void model_check(model *m)
{
    m->log = open_ok(m->io, model_directory, &m->config);
    int64_t start = wr_log_start_offset(m->log), end = wr_log_end_offset(m->log);
    CHECK(end >= m->synced);
    CHECK(end <= model_end(m));
    CHECK(start >= m->start_seen);
    CHECK(start <= m->start_tried);
    CHECK_EQ(wr_log_synced_offset(m->log), end);
    model_look(m);
    model_forget(m);
    CHECK_EQ(model_end(m), end);
    model_compare(m, 1 + model_random(m, 3000));
    for (int p = 0; p < MODEL_NONE; p++)
        for (int nth = 0; nth < 5; nth++)
            model_send_again(m, p, nth);
    CHECK_OK(model_find_time(m, 1000 + (int64_t)model_random(m, 1100)));
}

#endif
