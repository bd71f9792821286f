/* The simulated disk's calls: paths, open files, and the faults of sim.h. */
#include "sim_int.h"

#include <assert.h>
#include <stdlib.h>

typedef struct sim_file {
    wr_file base;
    wr_sim *sim;
    sim_node *node;
    bool writes;
    uint64_t life;
    char name[256]; /* that it was opened by */
} sim_file;

static sim_file *file_of(wr_file *file)
{
    return (sim_file *)(void *)((char *)file - offsetof(sim_file, base));
}

/* ---- paths: every one starts at the root */
typedef struct sim_place {
    sim_node *parent;
    sim_node *node; /* NULL: absent */
    char name[256]; /* empty for the root */
} sim_place;

static weir_err place_find(wr_sim *sim, const char *path, sim_place *ret_place)
{
    sim_place place = {.node = sim->root};
    for (const char *at = path; *at;) {
        size_t size = strcspn(at, "/");
        if (size > 0 && !(size == 1 && at[0] == '.')) {
            if (size >= sizeof place.name)
                return sim_fail(ENAMETOOLONG);
            if (size == 2 && at[0] == '.' && at[1] == '.')
                return sim_fail(EINVAL);
            if (!place.node)
                return sim_fail(ENOENT);
            if (!place.node->is_dir)
                return sim_fail(ENOTDIR);
            place.parent = place.node;
            memcpy(place.name, at, size);
            place.name[size] = '\0';
            place.node = sim_names_find(&place.parent->live_names, place.name, size);
        }
        at += size;
        at += *at == '/';
    }
    *ret_place = place;
    return WEIR_OK;
}

/* ---- files */
static weir_err node_create(wr_sim *sim, const sim_place *place, bool is_dir)
{
    if (!place->parent)
        return sim_fail(EEXIST); /* the root */
    sim_fate fate =
        sim_begin_write(sim, is_dir ? "mkdir" : "create", place->name, place->parent->id, sim->next_node_id, 0);
    if (sim_happens(sim, fate)) {
        sim_node *node = sim_node_new(sim, is_dir);
        sim_rename(sim, place->parent, place->name, node, NULL, NULL);
        sim_node_unref(node);
    }
    return sim_end_write(sim, fate);
}

static weir_err disk_open(wr_io *io, const char *path, unsigned flags, wr_file **ret_file)
{
    wr_sim *sim = sim_of(io);
    if (sim->end != SIM_LIGHT)
        return sim_fail(EIO);
    sim_place place;
    weir_err err = place_find(sim, path, &place);
    if (err != WEIR_OK)
        return err;
    if (place.node && (flags & WR_FILE_EXCLUSIVE))
        return sim_fail(EEXIST);
    if (!place.node && !(flags & WR_FILE_CREATE))
        return sim_fail(ENOENT);
    if (place.node && place.node->is_dir)
        return sim_fail(EISDIR);
    if (sim->open_count >= sim->open_count_max)
        return sim_fail(EMFILE);

    if (place.node) {
        err = sim_begin_read(sim);
    } else {
        err = node_create(sim, &place, false);
        place.node = err == WEIR_OK ? sim_names_find(&place.parent->live_names, place.name, strlen(place.name)) : NULL;
    }
    if (err != WEIR_OK)
        return err;
    sim_file *file = sim_alloc(sizeof *file);
    *file = (sim_file){
        .base.ops = io->ops,
        .sim = sim,
        .node = sim_node_ref(place.node),
        .writes = (flags & WR_FILE_WRITE) != 0,
        .life = sim->life,
    };
    memcpy(file->name, place.name, sizeof file->name);
    sim->open_count++;
    *ret_file = &file->base;
    return WEIR_OK;
}

static void disk_close(wr_file *base)
{
    sim_file *file = file_of(base);
    if (file->node->locked_by == file)
        file->node->locked_by = NULL;
    sim_node_unref(file->node);
    file->sim->open_count--;
    free(file);
}

static weir_err file_check(const sim_file *file, bool writes)
{
    if (file->life != file->sim->life)
        return sim_fail(EIO);
    return writes && !file->writes ? sim_fail(EBADF) : WEIR_OK;
}

static weir_err disk_read(wr_file *base, int64_t at, void *ret_bytes, size_t size, size_t *ret_size)
{
    sim_file *file = file_of(base);
    weir_err err = file_check(file, false);
    if (err == WEIR_OK)
        err = sim_begin_read(file->sim);
    if (err != WEIR_OK)
        return err;
    const sim_bytes *bytes = &file->node->live;
    size_t left = (uint64_t)at < bytes->size ? bytes->size - (size_t)at : 0;
    if (size > left)
        size = left;
    sim_count_read(file->sim, size);
    if (size)
        memcpy(ret_bytes, bytes->data + at, size);
    *ret_size = size;
    return WEIR_OK;
}

/* What may still be written at `at` before the disk is full. */
static size_t room_at(const wr_sim *sim, const sim_node *node, size_t at, size_t size)
{
    if (sim->capacity_size < 0 || at + size <= node->live.size)
        return size;
    uint64_t used = 0;
    for (wr_link *link = wr_list_first(&sim->nodes); link; link = wr_list_next(&sim->nodes, link))
        used += WR_LIST_ITEM(link, sim_node, link)->live.size;
    uint64_t left = used < (uint64_t)sim->capacity_size ? (uint64_t)sim->capacity_size - used : 0;
    uint64_t end = node->live.size + left;
    return end <= at ? 0 : end - at < size ? (size_t)(end - at) : size;
}

static weir_err disk_write(wr_file *base, int64_t at, const void *bytes, size_t size)
{
    sim_file *file = file_of(base);
    wr_sim *sim = file->sim;
    weir_err err = file_check(file, true);
    if (err != WEIR_OK)
        return err;
    if (at + (int64_t)size > SIM_FILE_SIZE_MAX)
        return sim_fail(EFBIG);
    sim_fate fate = sim_begin_write(sim, "write", file->name, file->node->id, (uint64_t)at, size);
    size_t done = sim_prefix(sim, fate, size), room = room_at(sim, file->node, (size_t)at, size);
    sim_node_write(sim, file->node, (size_t)at, bytes, done < room ? done : room);
    file->node->written_ms = wr_now_ms(&sim->base);
    if (fate == SIM_GO && room < size)
        return sim_fail(ENOSPC);
    return sim_end_write(sim, fate);
}

static weir_err disk_sync(wr_file *base)
{
    sim_file *file = file_of(base);
    weir_err err = file_check(file, false);
    if (err != WEIR_OK)
        return err;
    sim_fate fate = sim_begin_write(file->sim, "sync", file->name, file->node->id, 0, 0);
    if (fate == SIM_FAIL)
        sim_node_forget(file->sim, file->node);
    else if (fate != SIM_LAST && sim_happens(file->sim, fate))
        sim_node_sync(file->node);
    return sim_end_write(file->sim, fate);
}

static weir_err disk_truncate(wr_file *base, int64_t size)
{
    sim_file *file = file_of(base);
    weir_err err = file_check(file, true);
    if (err != WEIR_OK)
        return err;
    if (size > SIM_FILE_SIZE_MAX)
        return sim_fail(EFBIG);
    sim_fate fate = sim_begin_write(file->sim, "truncate", file->name, file->node->id, (uint64_t)size, 0);
    if (sim_happens(file->sim, fate))
        sim_node_truncate(file->sim, file->node, (size_t)size);
    return sim_end_write(file->sim, fate);
}

static weir_err disk_size(wr_file *base, int64_t *ret_size)
{
    sim_file *file = file_of(base);
    weir_err err = file_check(file, false);
    if (err == WEIR_OK)
        err = sim_begin_read(file->sim);
    if (err == WEIR_OK)
        *ret_size = (int64_t)file->node->live.size;
    return err;
}

static weir_err disk_written_ms(wr_file *base, int64_t *ret_ms)
{
    sim_file *file = file_of(base);
    weir_err err = file_check(file, false);
    if (err == WEIR_OK && file->sim->end != SIM_LIGHT)
        err = sim_fail(EIO);
    if (err == WEIR_OK)
        *ret_ms = file->node->written_ms;
    return err;
}

static void disk_reserve(wr_file *file, int64_t size)
{
    (void)file, (void)size;
}

static weir_err disk_lock(wr_file *base)
{
    sim_file *file = file_of(base);
    weir_err err = file_check(file, false);
    if (err == WEIR_OK)
        err = sim_begin_read(file->sim);
    if (err != WEIR_OK)
        return err;
    if (file->node->locked_by && file->node->locked_by != file)
        return WEIR_E_AGAIN;
    file->node->locked_by = file;
    return WEIR_OK;
}

static int disk_descriptor(const wr_file *file)
{
    (void)file;
    return -1;
}

/* ---- names */
static weir_err disk_make(wr_io *io, const char *path)
{
    wr_sim *sim = sim_of(io);
    if (sim->end != SIM_LIGHT)
        return sim_fail(EIO);
    sim_place place;
    weir_err err = place_find(sim, path, &place);
    if (err != WEIR_OK)
        return err;
    return place.node ? sim_fail(EEXIST) : node_create(sim, &place, true);
}

static weir_err find_dir(wr_sim *sim, const char *path, sim_place *ret_place)
{
    weir_err err = place_find(sim, path, ret_place);
    if (err != WEIR_OK)
        return err;
    if (!ret_place->node)
        return sim_fail(ENOENT);
    return ret_place->node->is_dir ? WEIR_OK : sim_fail(ENOTDIR);
}

static weir_err disk_dir_sync(wr_io *io, const char *path)
{
    wr_sim *sim = sim_of(io);
    if (sim->end != SIM_LIGHT)
        return sim_fail(EIO);
    sim_place place;
    weir_err err = find_dir(sim, path, &place);
    if (err == WEIR_OK && sim->open_count >= sim->open_count_max)
        err = sim_fail(EMFILE);
    if (err != WEIR_OK)
        return err;
    sim_fate fate = sim_begin_write(sim, "dir sync", place.name, place.node->id, 0, 0);
    if (fate != SIM_LAST && sim_happens(sim, fate))
        sim_dir_sync(sim, place.node);
    return sim_end_write(sim, fate);
}

static weir_err disk_list(wr_io *io, const char *path, weir_err (*each)(void *user, const char *name, bool is_dir),
                          void *user)
{
    wr_sim *sim = sim_of(io);
    weir_err err = sim_begin_read(sim);
    sim_place place;
    if (err == WEIR_OK)
        err = find_dir(sim, path, &place);
    if (err != WEIR_OK)
        return err;
    sim_blocks(sim, "list", place.name);

    const sim_node *dir = place.node;
    size_t count = dir->live_names.count;
    sim_entry *entries = sim_alloc(count * sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        const sim_entry *entry = &dir->live_names.items[i];
        entries[i] = (sim_entry){sim_dup_text(entry->name, strlen(entry->name)), sim_node_ref(entry->node)};
    }
    for (size_t i = 0; i < count; i++) {
        if (err == WEIR_OK)
            err = each(user, entries[i].name, entries[i].node->is_dir);
        free(entries[i].name);
        sim_node_unref(entries[i].node);
    }
    free(entries);
    return err;
}

static int rename_refusal(const sim_place *from, const sim_place *to)
{
    if (!from->node || !from->parent || !to->parent)
        return from->node ? EBUSY : ENOENT;
    if (from->node->is_dir && from->parent != to->parent)
        return EXDEV; /* not simulated: a cut in the middle could tie directories into a ring */
    if (to->node && to->node->is_dir && !from->node->is_dir)
        return EISDIR;
    if (to->node && !to->node->is_dir && from->node->is_dir)
        return ENOTDIR;
    if (to->node && to->node->is_dir && to->node->live_names.count > 0)
        return ENOTEMPTY;
    return 0;
}

static weir_err disk_rename(wr_io *io, const char *from_path, const char *to_path)
{
    wr_sim *sim = sim_of(io);
    if (sim->end != SIM_LIGHT)
        return sim_fail(EIO);
    sim_place from, to;
    weir_err err = place_find(sim, from_path, &from);
    if (err == WEIR_OK)
        err = place_find(sim, to_path, &to);
    if (err != WEIR_OK)
        return err;
    if (from.node && from.node == to.node)
        return WEIR_OK;
    int refusal = rename_refusal(&from, &to);
    if (refusal)
        return sim_fail(refusal);
    sim_fate fate = sim_begin_write(sim, "rename", from.name, from.node->id, from.parent->id, to.parent->id);
    if (sim_happens(sim, fate))
        sim_rename(sim, to.parent, to.name, from.node, from.parent, from.name);
    return sim_end_write(sim, fate);
}

static weir_err disk_remove(wr_io *io, const char *path)
{
    wr_sim *sim = sim_of(io);
    if (sim->end != SIM_LIGHT)
        return sim_fail(EIO);
    sim_place place;
    weir_err err = place_find(sim, path, &place);
    if (err != WEIR_OK)
        return err;
    if (!place.node)
        return sim_fail(ENOENT);
    if (!place.parent)
        return sim_fail(EBUSY);
    if (place.node->live_names.count > 0)
        return sim_fail(ENOTEMPTY);
    sim_fate fate = sim_begin_write(sim, "remove", place.name, place.node->id, place.parent->id, 0);
    if (sim_happens(sim, fate))
        sim_rename(sim, place.parent, place.name, NULL, NULL, NULL);
    return sim_end_write(sim, fate);
}

static wr_path_kind disk_kind(wr_io *io, const char *path)
{
    wr_sim *sim = sim_of(io);
    sim_place place;
    if (sim->end != SIM_LIGHT || place_find(sim, path, &place) != WEIR_OK || !place.node)
        return WR_PATH_ABSENT;
    return place.node->is_dir ? WR_PATH_DIR : WR_PATH_FILE;
}

weir_err wr_sim_flip_bit(wr_sim *sim, const char *path, int64_t at, int bit)
{
    assert(at >= 0 && bit >= 0 && bit < 8);
    sim_place place;
    weir_err err = place_find(sim, path, &place);
    if (err != WEIR_OK)
        return err;
    if (!place.node)
        return WEIR_E_NOT_FOUND;
    if ((uint64_t)at >= place.node->live.size)
        return WEIR_E_RANGE;
    sim_note(sim, "flip", place.node->id, (uint64_t)at, (uint64_t)bit);
    sim_node_sync(place.node);
    place.node->live.data[at] ^= (uint8_t)(1u << bit);
    place.node->durable.data[at] ^= (uint8_t)(1u << bit);
    return WEIR_OK;
}

/* ---- clock and chance */
static int64_t disk_now_ms(wr_io *io)
{
    return (sim_of(io)->mono_us + sim_of(io)->wall_ahead_us) / 1000;
}

static int64_t disk_mono_us(wr_io *io)
{
    return sim_of(io)->mono_us;
}

static void disk_random(wr_io *io, void *ret_bytes, size_t size)
{
    uint8_t *at = ret_bytes;
    while (size > 0) {
        uint64_t word = sim_next(&sim_of(io)->user_chance);
        size_t part = size < sizeof word ? size : sizeof word;
        memcpy(at, &word, part);
        at += part;
        size -= part;
    }
}

static void disk_free(wr_io *io)
{
    (void)io; /* wr_sim_free does it */
}

const wr_io_ops sim_disk_ops = {
    .free = disk_free,
    .file_open = disk_open,
    .file_close = disk_close,
    .file_read = disk_read,
    .file_write = disk_write,
    .file_sync = disk_sync,
    .file_truncate = disk_truncate,
    .file_size = disk_size,
    .file_written_ms = disk_written_ms,
    .file_reserve = disk_reserve,
    .file_lock = disk_lock,
    .file_descriptor = disk_descriptor,
    .dir_make = disk_make,
    .dir_sync = disk_dir_sync,
    .dir_list = disk_list,
    .path_rename = disk_rename,
    .path_remove = disk_remove,
    .path_kind = disk_kind,
    .now_ms = disk_now_ms,
    .mono_us = disk_mono_us,
    .random = disk_random,
    .loop_new = sim_loop_new,
};
