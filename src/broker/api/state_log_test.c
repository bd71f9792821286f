/* A state log of the broker: what waits for its topic, and its rewriting while it is written. */
#include <testing/broker/rig.h>

#include <topics/state_log.h>

#include <stdio.h>

#include "test.h"

enum { KEYS = 1500, VALUE_SIZE = 1000, OPS = 40, LARGE_SIZE = 1000 * 1000 };

typedef struct counted_op {
    wr_state_op op;
    int told;
    weir_err err;
    int *acked, number; /* where it is noted when it is durable; or NULL */
} counted_op;

static void told(wr_state_op *op, weir_err err)
{
    counted_op *one = (counted_op *)(void *)op;
    one->told++;
    one->err = err;
    if (one->acked && err == WEIR_OK)
        *one->acked = one->number;
}

static void put(wr_state_log *log, counted_op *one, int key, int number, size_t size, weir_err fails_with)
{
    static uint8_t value[LARGE_SIZE];
    char name[32];
    snprintf(name, sizeof name, "key-%d", key);
    memcpy(value, &number, sizeof number);
    *one = (counted_op){0};
    wr_state_log_begin(log);
    wr_state_log_put(log, weir_slice_of(name), number < 0 ? (weir_slice){0} : (weir_slice){value, size});
    if (fails_with != WEIR_OK)
        wr_state_log_fail(log, fails_with);
    wr_state_log_commit(log, &one->op, told);
}

static wr_state_log *open_log(wr_rig *rig)
{
    wr_state_log *log;
    CHECK_OK(wr_state_log_new(rig->loop, &rig->trace, rig->broker->topics, "__state", &log));
    return log;
}

TEST(writes_that_wait_for_their_topic_are_held_up_to_a_limit_and_the_rest_is_asked_to_come_again)
{
    wr_rig *rig = wr_rig_new(1, NULL);
    wr_state_log *log = open_log(rig);
    static counted_op ops[OPS];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < OPS; i++)
            put(log, &ops[i], i, i, LARGE_SIZE, WEIR_OK);
        wr_topics_settle(rig->broker->topics); /* as at the end of a round */
        wr_rig_run_ms(rig, 1000);
        int held = 0, refused = 0;
        for (int i = 0; i < OPS; i++) {
            CHECK_EQ(ops[i].told, 1);
            held += ops[i].err == WEIR_OK;
            refused += ops[i].err == WEIR_E_AGAIN;
        }
        CHECK_EQ(held, round == 0 ? 16 : OPS); /* 16 MiB; then the topic is there */
        CHECK_EQ(held + refused, OPS);
    }
    wr_state_log_free(log);
    wr_rig_free(rig);
}

/* ---- rewriting */

typedef struct model {
    int sent[KEYS], acked[KEYS]; /* the number of the last write; -1: none, or a tombstone */
    int found[KEYS];
} model;

static weir_err look(void *user, weir_slice key, weir_slice value)
{
    model *m = user;
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)key.size, (const char *)key.data);
    int at = -1, number = -1;
    CHECK_EQ(sscanf(text, "key-%d", &at), 1);
    CHECK(at >= 0 && at < KEYS);
    if (value.data)
        memcpy(&number, value.data, sizeof number);
    m->found[at] = number;
    return WEIR_OK;
}

static void read_all(wr_state_log *log, model *m)
{
    for (int i = 0; i < KEYS; i++)
        m->found[i] = -1;
    for (int64_t offset = wr_state_log_start(log); offset < wr_state_log_end(log);)
        CHECK_OK(wr_state_log_read(log, &offset, 1 << 20, look, m, NULL));
}

/* Writes keys in any order without waiting: a rewrite's pieces come in between. One write in 16 is a tombstone, and
 * one comes to nothing, if so asked. */
static void write_some(wr_rig *rig, wr_state_log *log, model *m, uint64_t *chance, int count, bool fails)
{
    static counted_op ops[OPS];
    for (int i = 0; i < OPS; i++)
        ops[i] = (counted_op){.told = 1};
    for (int i = 0; i < count; i++) {
        *chance = *chance * 6364136223846793005U + 1442695040888963407U;
        int key = (int)((*chance >> 33) % KEYS), number = (*chance >> 20) % 16 == 0 ? -1 : i;
        bool comes_to_nothing = fails && (*chance >> 20) % 16 == 1;
        counted_op *one = &ops[i % OPS];
        while (!one->told)
            wr_sim_step(rig->sim);
        put(log, one, key, number, VALUE_SIZE, comes_to_nothing ? WEIR_E_LIMIT : WEIR_OK);
        m->sent[key] = comes_to_nothing ? m->sent[key] : number;
        one->acked = &m->acked[key];
        one->number = number;
        wr_topics_settle(rig->broker->topics);
        for (uint64_t steps = (*chance >> 40) % 3; steps > 0; steps--)
            wr_sim_step(rig->sim);
    }
    for (int i = 0; i < OPS; i++)
        while (!ops[i].told)
            wr_sim_step(rig->sim);
}

static void run_rewrites(uint64_t seed, bool fails)
{
    static model m;
    wr_rig *rig = wr_rig_new(seed, (const char *const[]){"offsets.topic.segment.bytes=1048576", NULL});
    wr_state_log *log = open_log(rig);
    uint64_t chance = seed;
    for (int i = 0; i < KEYS; i++)
        m.sent[i] = m.acked[i] = -1;
    write_some(rig, log, &m, &chance, 4000, fails);
    if (!fails)
        CHECK(wr_state_log_start(log) > 0); /* it was rewritten */
    for (int round = 0; round < 2; round++) {
        read_all(log, &m);
        for (int i = 0; i < KEYS; i++) {
            CHECK_EQ(m.found[i], m.sent[i]);
            CHECK_EQ(m.acked[i], m.sent[i]);
        }
        wr_state_log_free(log);
        wr_rig_kill(rig);
        CHECK_OK(wr_rig_start(rig));
        log = open_log(rig);
    }
    wr_state_log_free(log);
    wr_rig_free(rig);
}

TEST(a_rewrite_keeps_the_last_record_of_every_key_that_is_written_meanwhile)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        run_rewrites(seed, false);
}

TEST(a_rewrite_during_which_writes_come_to_nothing_loses_no_record)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        run_rewrites(seed, true);
}
