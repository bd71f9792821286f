/* The simulator's seed, faults, digest and clock. See sim.h. */
#include "sim_int.h"

#include <base/hash.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    WALL_START_MS_HIGH = 1767225600, /* 2026-01-01T00:00:00Z, in seconds */
    STEP_READ_SIZE_MAX = 8 << 20,    /* of one callback, before it counts as blocking */
};

/* ---- memory */
void *sim_alloc(size_t size)
{
    void *memory = calloc(1, size ? size : 1);
    if (!memory)
        abort();
    return memory;
}

void *sim_grow(void *items, size_t *capacity, size_t count, size_t item_size)
{
    if (count <= *capacity)
        return items;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    if (wanted < count)
        wanted = count;
    items = reallocarray(items, wanted, item_size);
    if (!items)
        abort();
    *capacity = wanted;
    return items;
}

char *sim_dup_text(const char *text, size_t size)
{
    char *copy = sim_alloc(size + 1);
    memcpy(copy, text, size);
    return copy;
}

/* ---- chance */
uint64_t sim_next(sim_chance *chance)
{
    uint64_t z = chance->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

uint64_t sim_below(sim_chance *chance, uint64_t limit)
{
    return limit ? sim_next(chance) % limit : 0;
}

static void seed(wr_sim *sim, uint64_t value)
{
    sim_chance chance = {value};
    sim->disk_chance.state = sim_next(&chance);
    sim->order_chance.state = sim_next(&chance);
    sim->net_chance.state = sim_next(&chance);
    sim->user_chance.state = sim_next(&chance);
    sim->digest = sim_next(&chance);
}

/* ---- life */
static wr_sim *sim_new_empty(uint64_t seed_value)
{
    wr_sim *sim = sim_alloc(sizeof *sim);
    *sim = (wr_sim){
        .base.ops = &sim_disk_ops,
        .cut_at = UINT64_MAX,
        .kill_at = UINT64_MAX,
        .fail_write.at = UINT64_MAX,
        .fail_read.at = UINT64_MAX,
        .capacity_size = -1,
        .open_count_max = SIZE_MAX,
        .mono_us = 1000000,
        .wall_ahead_us = (int64_t)WALL_START_MS_HIGH * 1000000,
        .net = {.delay_us_max = 500, .partial_percent = 30, .pipe_size = 65536},
        .next_port = 40000,
    };
    wr_list_init(&sim->nodes);
    wr_list_init(&sim->renamings);
    wr_list_init(&sim->loops);
    seed(sim, seed_value);
    return sim;
}

wr_sim *wr_sim_new(uint64_t seed_value)
{
    wr_sim *sim = sim_new_empty(seed_value);
    sim->root = sim_node_new(sim, true);
    return sim;
}

wr_sim *wr_sim_fork(const wr_sim *sim, uint64_t seed_value)
{
    wr_sim *copy = sim_new_empty(seed_value);
    copy->capacity_size = sim->capacity_size;
    copy->mono_us = sim->mono_us;
    copy->wall_ahead_us = sim->wall_ahead_us;
    copy->net = sim->net;
    copy->next_port = sim->next_port;
    sim_disk_copy(copy, sim);
    return copy;
}

void wr_sim_free(wr_sim *sim)
{
    if (!sim)
        return;
    assert(wr_list_empty(&sim->loops));
    sim_disk_fini(sim);
    free(sim->picks);
    free(sim);
}

wr_io *wr_sim_io(wr_sim *sim)
{
    return &sim->base;
}

/* ---- digest */
void sim_note(wr_sim *sim, const char *what, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t numbers[] = {a, b, c, (uint64_t)sim->mono_us};
    sim->digest = wr_hash64(numbers, sizeof numbers, wr_hash64(what, strlen(what), sim->digest));
}

uint64_t wr_sim_digest(const wr_sim *sim)
{
    return sim->digest;
}

/* ---- faults */
sim_fate sim_begin_write(wr_sim *sim, const char *what, const char *name, uint64_t node_id, uint64_t at, uint64_t size)
{
    if (sim->end != SIM_LIGHT)
        return SIM_REFUSE;
    sim_note(sim, what, node_id, at, size);
    if (strcmp(what, "write") != 0)
        sim_blocks(sim, what, name);
    uint64_t number = sim->write_count++;
    if (number == sim->cut_at) {
        wr_sim_cut(sim);
        return SIM_LAST;
    }
    if (number == sim->kill_at) {
        wr_sim_kill(sim);
        return SIM_HALF;
    }
    if (number != sim->fail_write.at)
        return SIM_GO;
    sim->failed_call = what;
    return SIM_FAIL;
}

bool sim_happens(wr_sim *sim, sim_fate fate)
{
    return fate == SIM_GO || fate == SIM_LAST || (fate == SIM_HALF && sim_percent(&sim->disk_chance, 50));
}

size_t sim_prefix(wr_sim *sim, sim_fate fate, size_t size)
{
    if (fate == SIM_GO || fate == SIM_LAST)
        return size;
    if (fate == SIM_REFUSE)
        return 0;
    switch (sim_below(&sim->disk_chance, 3)) {
    case 0:
        return 0;
    case 1:
        return sim_below(&sim->disk_chance, size);
    default:
        return fate == SIM_HALF ? size : sim_below(&sim->disk_chance, size);
    }
}

weir_err sim_end_write(wr_sim *sim, sim_fate fate)
{
    if (fate == SIM_GO)
        return WEIR_OK;
    return sim_fail(fate == SIM_FAIL ? sim->fail_write.os_error : EIO);
}

weir_err sim_begin_read(wr_sim *sim)
{
    if (sim->end != SIM_LIGHT)
        return sim_fail(EIO);
    return sim->read_count++ == sim->fail_read.at ? sim_fail(sim->fail_read.os_error) : WEIR_OK;
}

static bool is_allowed(const wr_sim *sim, const char *what, const char *name)
{
    size_t size = strlen(name);
    for (const wr_sim_call *at = sim->allowed; at && at->call; at++) {
        size_t end_size = strlen(at->name_end);
        if (strcmp(what, at->call) == 0 && size >= end_size && strcmp(name + size - end_size, at->name_end) == 0)
            return true;
    }
    return false;
}

void sim_blocks(wr_sim *sim, const char *what, const char *name)
{
    if (sim->caller != SIM_BY_LOOP)
        return;
    sim->blocking_count++;
    if (!sim->forbids_blocking || is_allowed(sim, what, name))
        return;
    fprintf(stderr, "simulator: a callback of the loop makes a call that may block: %s of \"%s\"\n", what, name);
    abort();
}

void sim_count_read(wr_sim *sim, size_t size)
{
    uint64_t before = sim->step_read_size;
    sim->step_read_size += size;
    if (before <= STEP_READ_SIZE_MAX && sim->step_read_size > STEP_READ_SIZE_MAX)
        sim_blocks(sim, "reading more than 8 MiB", "");
}

uint64_t wr_sim_blocking_count(const wr_sim *sim)
{
    return sim->blocking_count;
}

void wr_sim_forbid_blocking(wr_sim *sim, const wr_sim_call *allowed)
{
    sim->forbids_blocking = true;
    sim->allowed = allowed;
}

void wr_sim_permit_blocking(wr_sim *sim)
{
    sim->forbids_blocking = false;
}

uint64_t wr_sim_write_count(const wr_sim *sim)
{
    return sim->write_count;
}

uint64_t wr_sim_read_count(const wr_sim *sim)
{
    return sim->read_count;
}

void wr_sim_cut_at(wr_sim *sim, uint64_t n)
{
    sim->cut_at = n;
}

void wr_sim_kill_at(wr_sim *sim, uint64_t n)
{
    sim->kill_at = n;
}

static void go_dark(wr_sim *sim, sim_end end)
{
    if (sim->end == SIM_CUT)
        return;
    sim_note(sim, end == SIM_CUT ? "cut" : "kill", sim->write_count, 0, 0);
    sim->end = end;
    sim_net_reset_all(sim);
}

void wr_sim_cut(wr_sim *sim)
{
    go_dark(sim, SIM_CUT);
}

void wr_sim_kill(wr_sim *sim)
{
    go_dark(sim, SIM_KILLED);
}

bool wr_sim_dark(const wr_sim *sim)
{
    return sim->end != SIM_LIGHT;
}

void wr_sim_restart(wr_sim *sim)
{
    if (sim->end == SIM_LIGHT)
        wr_sim_kill(sim);
    if (sim->end == SIM_CUT)
        sim_disk_cut(sim);
    for (wr_link *at = wr_list_first(&sim->nodes); at; at = wr_list_next(&sim->nodes, at))
        WR_LIST_ITEM(at, sim_node, link)->locked_by = NULL;
    sim->end = SIM_LIGHT;
    sim->life++;
    sim->write_count = sim->read_count = 0;
    sim->cut_at = sim->kill_at = sim->fail_write.at = sim->fail_read.at = UINT64_MAX;
    sim_note(sim, "restart", sim->life, 0, 0);
}

void wr_sim_fail_at(wr_sim *sim, uint64_t n, int os_error)
{
    sim->fail_write = (sim_fault){n, os_error};
}

void wr_sim_fail_read_at(wr_sim *sim, uint64_t n, int os_error)
{
    sim->fail_read = (sim_fault){n, os_error};
}

const char *wr_sim_failed_call(const wr_sim *sim)
{
    return sim->failed_call;
}

void wr_sim_set_open_max(wr_sim *sim, size_t count)
{
    sim->open_count_max = count;
}

size_t wr_sim_open_count(const wr_sim *sim)
{
    return sim->open_count;
}

void wr_sim_set_capacity(wr_sim *sim, int64_t capacity_size)
{
    sim->capacity_size = capacity_size;
}

void wr_sim_set_net(wr_sim *sim, const wr_sim_net *net)
{
    assert(net->pipe_size > 0 && net->delay_us_max >= 0);
    sim->net = *net;
}

/* ---- time */
void wr_sim_advance_ms(wr_sim *sim, int64_t ms)
{
    assert(ms >= 0);
    sim->mono_us += ms * 1000;
}

void wr_sim_set_wall_ms(wr_sim *sim, int64_t now_ms)
{
    sim->wall_ahead_us = now_ms * 1000 - sim->mono_us;
}
