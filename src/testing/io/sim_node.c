/* What a simulated file or directory holds, twice: as the cache shows it and as the disk has it, with the changes that
 * lie between in order.
 *
 *   durable --- change --- change --- change ---> live
 *
 * A cut walks the changes from durable towards live, keeping an image of the cache of that moment, and for each change
 * draws which of its sectors had been written back: those are copied whole from the image. */
#include "sim_int.h"

#include <assert.h>
#include <stdlib.h>

/* ---- bytes */
void sim_bytes_resize(sim_bytes *bytes, size_t size)
{
    bytes->data = sim_grow(bytes->data, &bytes->capacity, size, 1);
    if (size > bytes->size)
        memset(bytes->data + bytes->size, 0, size - bytes->size);
    bytes->size = size;
}

void sim_bytes_copy(sim_bytes *to, const sim_bytes *from)
{
    to->data = sim_grow(to->data, &to->capacity, from->size, 1);
    if (from->size)
        memcpy(to->data, from->data, from->size);
    to->size = from->size;
}

static void bytes_put(sim_bytes *bytes, size_t at, const uint8_t *data, size_t size)
{
    if (size == 0)
        return;
    if (at + size > bytes->size)
        sim_bytes_resize(bytes, at + size);
    memcpy(bytes->data + at, data, size);
}

/* ---- names */
static size_t names_at(const sim_names *names, const char *name, size_t size, bool *ret_found)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const char *other = names->items[middle].name;
        int order = strncmp(other, name, size);
        if (order == 0 && other[size] != '\0')
            order = 1;
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_found = false;
    return low;
}

sim_node *sim_names_find(const sim_names *names, const char *name, size_t size)
{
    bool found;
    size_t at = names_at(names, name, size, &found);
    return found ? names->items[at].node : NULL;
}

void sim_names_set(sim_names *names, const char *name, sim_node *node)
{
    bool found;
    size_t size = strlen(name), at = names_at(names, name, size, &found);
    sim_node *old = found ? names->items[at].node : NULL;
    if (node)
        sim_node_ref(node);
    if (found && node) {
        names->items[at].node = node;
    } else if (found) {
        free(names->items[at].name);
        names->count--;
        memmove(names->items + at, names->items + at + 1, (names->count - at) * sizeof *names->items);
    } else if (node) {
        names->items = sim_grow(names->items, &names->capacity, names->count + 1, sizeof *names->items);
        memmove(names->items + at + 1, names->items + at, (names->count - at) * sizeof *names->items);
        names->items[at] = (sim_entry){sim_dup_text(name, size), node};
        names->count++;
    }
    sim_node_unref(old);
}

static void names_clear(sim_names *names)
{
    sim_names old = *names;
    *names = (sim_names){0};
    for (size_t i = 0; i < old.count; i++) {
        free(old.items[i].name);
        sim_node_unref(old.items[i].node);
    }
    free(old.items);
}

/* ---- nodes */
sim_node *sim_node_new(wr_sim *sim, bool is_dir)
{
    sim_node *node = sim_alloc(sizeof *node);
    node->id = sim->next_node_id++;
    node->ref_count = 1;
    node->is_dir = is_dir;
    node->changes_end = &node->changes;
    wr_list_append(&sim->nodes, &node->link);
    return node;
}

sim_node *sim_node_ref(sim_node *node)
{
    node->ref_count++;
    return node;
}

static void changes_clear(sim_node *node)
{
    for (sim_change *change = node->changes, *next; change; change = next) {
        next = change->next;
        free(change);
    }
    node->changes = NULL;
    node->changes_end = &node->changes;
}

void sim_node_unref(sim_node *node)
{
    if (!node || --node->ref_count > 0)
        return;
    wr_link_remove(&node->link);
    changes_clear(node);
    names_clear(&node->live_names);
    names_clear(&node->durable_names);
    free(node->live.data);
    free(node->durable.data);
    free(node);
}

static sim_change *change_add(sim_node *node, uint64_t sequence, size_t at, const void *bytes, size_t size)
{
    sim_change *change = sim_alloc(sizeof *change + size);
    change->sequence = sequence;
    change->at = at;
    change->size = size;
    if (size)
        memcpy(change->bytes, bytes, size);
    *node->changes_end = change;
    node->changes_end = &change->next;
    return change;
}

static void change_apply(sim_bytes *bytes, const sim_change *change)
{
    if (change->truncate)
        sim_bytes_resize(bytes, change->at);
    else
        bytes_put(bytes, change->at, change->bytes, change->size);
}

void sim_node_write(wr_sim *sim, sim_node *node, size_t at, const void *bytes, size_t size)
{
    if (size > 0)
        change_apply(&node->live, change_add(node, sim->next_sequence++, at, bytes, size));
}

void sim_node_truncate(wr_sim *sim, sim_node *node, size_t size)
{
    if (size == node->live.size)
        return;
    sim_change *change = change_add(node, sim->next_sequence++, size, NULL, 0);
    change->truncate = true;
    change_apply(&node->live, change);
}

void sim_node_sync(sim_node *node)
{
    while (node->changes) {
        sim_change *change = node->changes;
        change_apply(&node->durable, change);
        node->changes = change->next;
        free(change);
    }
    node->changes_end = &node->changes;
}

/* ---- what a cut leaves */

/* Some sectors of a write had been written back, each as the cache had it then. */
static void sectors_survive(sim_chance *chance, sim_bytes *disk, const sim_bytes *cache, const sim_change *change)
{
    size_t end = change->at + change->size;
    for (size_t at = change->at - change->at % SIM_SECTOR_SIZE; at < end; at += SIM_SECTOR_SIZE) {
        size_t size = cache->size - at < SIM_SECTOR_SIZE ? cache->size - at : SIM_SECTOR_SIZE;
        if (sim_percent(chance, 50))
            bytes_put(disk, at, cache->data + at, size);
    }
    if (end > disk->size && sim_percent(chance, 25))
        sim_bytes_resize(disk, end); /* the size without the bytes */
}

static void whole_survives(sim_bytes *disk, const sim_bytes *cache, const sim_change *change)
{
    size_t begin = change->at - change->at % SIM_SECTOR_SIZE;
    size_t end = change->at + change->size + SIM_SECTOR_SIZE - 1;
    end -= end % SIM_SECTOR_SIZE;
    if (end > cache->size)
        end = cache->size;
    bytes_put(disk, begin, cache->data + begin, end - begin);
}

/* Moves `durable` to what the disk may hold when only some of the changes reached it. */
static void changes_resolve(sim_chance *chance, sim_node *node)
{
    static const unsigned survival[] = {0, 25, 50, 75, 100};
    unsigned percent = survival[sim_below(chance, sizeof survival / sizeof *survival)];
    if (percent == 100)
        sim_node_sync(node);
    if (percent > 0 && node->changes) {
        sim_bytes cache = {0};
        sim_bytes_copy(&cache, &node->durable);
        for (const sim_change *change = node->changes; change; change = change->next) {
            change_apply(&cache, change);
            bool torn = sim_percent(chance, 25), survives = sim_percent(chance, percent);
            if (change->truncate && survives)
                sim_bytes_resize(&node->durable, change->at);
            else if (!change->truncate && torn)
                sectors_survive(chance, &node->durable, &cache, change);
            else if (!change->truncate && survives)
                whole_survives(&node->durable, &cache, change);
        }
        free(cache.data);
    }
    changes_clear(node);
}

void sim_node_forget(wr_sim *sim, sim_node *node)
{
    changes_resolve(&sim->disk_chance, node);
    if (sim_percent(&sim->disk_chance, 50)) /* the pages were dropped and are read again */
        sim_bytes_copy(&node->live, &node->durable);
}

/* ---- names that are not durable yet */
static void renaming_free(sim_renaming *renaming)
{
    wr_link_remove(&renaming->link);
    sim_node_unref(renaming->dir);
    sim_node_unref(renaming->node);
    sim_node_unref(renaming->from_dir);
    free(renaming->name);
    free(renaming->from_name);
    free(renaming);
}

static sim_renaming *renaming_add(wr_sim *sim, sim_node *dir, const char *name, sim_node *node, sim_node *from_dir,
                                  const char *from_name)
{
    sim_renaming *renaming = sim_alloc(sizeof *renaming);
    renaming->dir = sim_node_ref(dir);
    renaming->name = sim_dup_text(name, strlen(name));
    renaming->node = node ? sim_node_ref(node) : NULL;
    if (from_dir) {
        renaming->from_dir = sim_node_ref(from_dir);
        renaming->from_name = sim_dup_text(from_name, strlen(from_name));
    }
    wr_list_append(&sim->renamings, &renaming->link);
    return renaming;
}

void sim_rename(wr_sim *sim, sim_node *dir, const char *name, sim_node *node, sim_node *from_dir, const char *from_name)
{
    sim_renaming *renaming = renaming_add(sim, dir, name, node, from_dir, from_name);
    sim_names_set(&dir->live_names, name, node);
    if (from_dir)
        sim_names_set(&renaming->from_dir->live_names, from_name, NULL);
}

/* The source goes only while it is still what was renamed: an earlier half may not have survived. */
static void renaming_survives(const sim_renaming *renaming)
{
    sim_names_set(&renaming->dir->durable_names, renaming->name, renaming->node);
    if (renaming->from_dir && sim_names_find(&renaming->from_dir->durable_names, renaming->from_name,
                                             strlen(renaming->from_name)) == renaming->node)
        sim_names_set(&renaming->from_dir->durable_names, renaming->from_name, NULL);
}

void sim_dir_sync(wr_sim *sim, sim_node *dir)
{
    for (wr_link *at = wr_list_first(&sim->renamings), *next; at; at = next) {
        next = wr_list_next(&sim->renamings, at);
        sim_renaming *renaming = WR_LIST_ITEM(at, sim_renaming, link);
        if (renaming->dir != dir && renaming->from_dir != dir)
            continue;
        renaming_survives(renaming);
        renaming_free(renaming);
    }
}

static void renamings_resolve(wr_sim *sim)
{
    static const unsigned survival[] = {0, 25, 50, 75, 100};
    unsigned percent = survival[sim_below(&sim->disk_chance, sizeof survival / sizeof *survival)];
    bool in_order = sim_percent(&sim->disk_chance, 50);
    uint64_t count = 0;
    for (wr_link *at = wr_list_first(&sim->renamings); at; at = wr_list_next(&sim->renamings, at))
        count++;
    uint64_t kept = sim_below(&sim->disk_chance, count + 1);
    for (wr_link *at = wr_list_first(&sim->renamings), *next; at; at = next) {
        next = wr_list_next(&sim->renamings, at);
        sim_renaming *renaming = WR_LIST_ITEM(at, sim_renaming, link);
        if (in_order ? kept > 0 : sim_percent(&sim->disk_chance, percent))
            renaming_survives(renaming);
        if (kept > 0)
            kept--;
        renaming_free(renaming);
    }
}

/* ---- the whole disk */
static void names_copy(sim_names *to, const sim_names *from)
{
    for (size_t i = 0; i < from->count; i++)
        sim_names_set(to, from->items[i].name, from->items[i].node);
}

/* A list of all nodes, each with a reference more, so that none goes while names change. */
static sim_node **nodes_hold(const wr_sim *sim, size_t *ret_count)
{
    size_t count = 0;
    for (wr_link *at = wr_list_first(&sim->nodes); at; at = wr_list_next(&sim->nodes, at))
        count++;
    sim_node **nodes = sim_alloc(count * sizeof *nodes);
    size_t i = 0;
    for (wr_link *at = wr_list_first(&sim->nodes); at; at = wr_list_next(&sim->nodes, at))
        nodes[i++] = sim_node_ref(WR_LIST_ITEM(at, sim_node, link));
    *ret_count = count;
    return nodes;
}

void sim_disk_cut(wr_sim *sim)
{
    renamings_resolve(sim);
    size_t count;
    sim_node **nodes = nodes_hold(sim, &count);
    for (size_t i = 0; i < count; i++) {
        sim_node *node = nodes[i];
        changes_resolve(&sim->disk_chance, node);
        sim_bytes_copy(&node->live, &node->durable);
        if (node->is_dir) {
            names_clear(&node->live_names);
            names_copy(&node->live_names, &node->durable_names);
        }
    }
    for (size_t i = 0; i < count; i++)
        sim_node_unref(nodes[i]);
    free(nodes);
}

static void names_clone(sim_names *to, const sim_names *from)
{
    for (size_t i = 0; i < from->count; i++)
        sim_names_set(to, from->items[i].name, from->items[i].node->copy);
}

void sim_disk_copy(wr_sim *to, const wr_sim *from)
{
    to->next_sequence = from->next_sequence;
    size_t count;
    sim_node **nodes = nodes_hold(from, &count);
    for (size_t i = 0; i < count; i++) {
        const sim_node *node = nodes[i];
        sim_node *copy = nodes[i]->copy = sim_node_new(to, node->is_dir);
        sim_bytes_copy(&copy->live, &node->live);
        sim_bytes_copy(&copy->durable, &node->durable);
        copy->written_ms = node->written_ms;
        for (const sim_change *change = node->changes; change; change = change->next)
            change_add(copy, change->sequence, change->at, change->bytes, change->size)->truncate = change->truncate;
    }
    for (size_t i = 0; i < count; i++) {
        names_clone(&nodes[i]->copy->live_names, &nodes[i]->live_names);
        names_clone(&nodes[i]->copy->durable_names, &nodes[i]->durable_names);
    }
    for (wr_link *at = wr_list_first(&from->renamings); at; at = wr_list_next(&from->renamings, at)) {
        const sim_renaming *renaming = WR_LIST_ITEM(at, sim_renaming, link);
        renaming_add(to, renaming->dir->copy, renaming->name, renaming->node ? renaming->node->copy : NULL,
                     renaming->from_dir ? renaming->from_dir->copy : NULL, renaming->from_name);
    }
    to->root = sim_node_ref(from->root->copy);
    for (size_t i = 0; i < count; i++) {
        sim_node_unref(nodes[i]->copy); /* names hold the rest; what only open files held goes */
        nodes[i]->copy = NULL;
        sim_node_unref(nodes[i]);
    }
    free(nodes);
}

void sim_disk_fini(wr_sim *sim)
{
    while (!wr_list_empty(&sim->renamings))
        renaming_free(WR_LIST_ITEM(wr_list_first(&sim->renamings), sim_renaming, link));
    sim_node_unref(sim->root);
    assert(wr_list_empty(&sim->nodes)); /* a file is still open */
}
