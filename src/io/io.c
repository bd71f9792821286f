/* Dispatch to the real or the simulated implementation, and the calls that are composed of others. */
#include "io_int.h"

#include <assert.h>
#include <stdio.h>

enum { FLAGS_ALL = WR_FILE_READ | WR_FILE_WRITE | WR_FILE_CREATE | WR_FILE_EXCLUSIVE };

void wr_io_free(wr_io *io)
{
    if (io)
        io->ops->free(io);
}

/* ---- files */
weir_err wr_file_open(wr_io *io, const char *path, unsigned flags, wr_file **ret_file)
{
    assert((flags & ~(unsigned)FLAGS_ALL) == 0 && (flags & (WR_FILE_READ | WR_FILE_WRITE)));
    assert(!(flags & WR_FILE_CREATE) || (flags & WR_FILE_WRITE));
    assert(!(flags & WR_FILE_EXCLUSIVE) || (flags & WR_FILE_CREATE));
    return io->ops->file_open(io, path, flags, ret_file);
}

void wr_file_close(wr_file *file)
{
    if (file)
        file->ops->file_close(file);
}

weir_err wr_file_read(wr_file *file, int64_t at, void *ret_bytes, size_t size, size_t *ret_size)
{
    assert(at >= 0);
    return file->ops->file_read(file, at, ret_bytes, size, ret_size);
}

weir_err wr_file_write(wr_file *file, int64_t at, const void *bytes, size_t size)
{
    assert(at >= 0);
    return file->ops->file_write(file, at, bytes, size);
}

weir_err wr_file_sync(wr_file *file)
{
    return file->ops->file_sync(file);
}

weir_err wr_file_truncate(wr_file *file, int64_t size)
{
    assert(size >= 0);
    return file->ops->file_truncate(file, size);
}

weir_err wr_file_size(wr_file *file, int64_t *ret_size)
{
    return file->ops->file_size(file, ret_size);
}

weir_err wr_file_written_ms(wr_file *file, int64_t *ret_ms)
{
    return file->ops->file_written_ms(file, ret_ms);
}

void wr_file_reserve(wr_file *file, int64_t size)
{
    file->ops->file_reserve(file, size);
}

weir_err wr_file_lock(wr_file *file)
{
    return file->ops->file_lock(file);
}

int wr_file_descriptor(const wr_file *file)
{
    return file->ops->file_descriptor(file);
}

/* ---- directories and names */

/* The directory part of path into ret_parent: "." without a slash. */
static weir_err parent_of(const char *path, char ret_parent[WR_PATH_SIZE_MAX])
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    while (size > 1 && path[size - 1] == '/')
        size--;
    if (size >= WR_PATH_SIZE_MAX)
        return WEIR_E_LIMIT;
    if (size == 0) {
        memcpy(ret_parent, ".", 2);
        return WEIR_OK;
    }
    memcpy(ret_parent, path, size);
    ret_parent[size] = '\0';
    return WEIR_OK;
}

static weir_err parent_sync(wr_io *io, const char *path)
{
    char parent[WR_PATH_SIZE_MAX];
    weir_err err = parent_of(path, parent);
    return err == WEIR_OK ? wr_dir_sync(io, parent) : err;
}

weir_err wr_dir_create(wr_io *io, const char *path)
{
    char part[WR_PATH_SIZE_MAX];
    size_t size = strlen(path);
    if (size >= sizeof part)
        return WEIR_E_LIMIT;
    memcpy(part, path, size + 1);

    /* Parents from the left; each one that had to be made is made durable, since nobody above knows of it. */
    for (size_t at = 1; at < size; at++) {
        if (part[at] != '/' || part[at - 1] == '/')
            continue;
        part[at] = '\0';
        weir_err err = WEIR_OK;
        if (io->ops->path_kind(io, part) == WR_PATH_ABSENT) {
            err = io->ops->dir_make(io, part);
            if (err == WEIR_OK)
                err = parent_sync(io, part);
        }
        if (err != WEIR_OK && err != WEIR_E_EXISTS)
            return err;
        part[at] = '/';
    }
    weir_err err = io->ops->dir_make(io, path);
    if (err == WEIR_E_EXISTS && io->ops->path_kind(io, path) != WR_PATH_FILE)
        return WEIR_OK;
    return err;
}

weir_err wr_dir_sync(wr_io *io, const char *path)
{
    return io->ops->dir_sync(io, path);
}

weir_err wr_dir_list(wr_io *io, const char *path, weir_err (*each)(void *user, const char *name, bool is_dir),
                     void *user)
{
    return io->ops->dir_list(io, path, each, user);
}

weir_err wr_path_rename(wr_io *io, const char *from, const char *to)
{
    return io->ops->path_rename(io, from, to);
}

weir_err wr_path_remove(wr_io *io, const char *path)
{
    return io->ops->path_remove(io, path);
}

bool wr_path_exists(wr_io *io, const char *path)
{
    return io->ops->path_kind(io, path) != WR_PATH_ABSENT;
}

bool wr_path_is_dir(wr_io *io, const char *path)
{
    return io->ops->path_kind(io, path) == WR_PATH_DIR;
}

/* One path buffer serves the whole walk down: each level appends its name and takes it off again. */
typedef struct removal {
    wr_io *io;
    size_t size;
    int depth;
    char path[WR_PATH_SIZE_MAX];
} removal;

static weir_err remove_entry(void *user, const char *name, bool is_dir)
{
    removal *walk = user;
    size_t parent_size = walk->size, name_size = strlen(name);
    if (parent_size + name_size + 2 > sizeof walk->path || walk->depth == WR_DIR_DEPTH_MAX)
        return WEIR_E_LIMIT;
    walk->path[parent_size] = '/';
    memcpy(walk->path + parent_size + 1, name, name_size + 1);
    walk->size += name_size + 1;
    walk->depth++;
    weir_err err = WEIR_OK;
    if (is_dir)
        err = walk->io->ops->dir_list(walk->io, walk->path, remove_entry, walk);
    if (err == WEIR_OK)
        err = walk->io->ops->path_remove(walk->io, walk->path);
    walk->depth--;
    walk->size = parent_size;
    walk->path[parent_size] = '\0';
    return err;
}

weir_err wr_path_remove_tree(wr_io *io, const char *path)
{
    removal walk = {.io = io, .size = strlen(path)};
    if (walk.size >= sizeof walk.path)
        return WEIR_E_LIMIT;
    memcpy(walk.path, path, walk.size + 1);
    if (io->ops->path_kind(io, path) == WR_PATH_DIR) {
        weir_err err = io->ops->dir_list(io, path, remove_entry, &walk);
        if (err != WEIR_OK)
            return err;
    }
    return io->ops->path_remove(io, path);
}

/* Reads to the end, whatever size the file claims: pipes and the kernel's own files claim none. */
static weir_err read_to_end(wr_file *file, int64_t claimed, size_t limit_size, weir_arena *arena, weir_slice *ret_bytes)
{
    enum { FIRST_SIZE = 4096 };
    size_t capacity = claimed > 0 ? (size_t)claimed + 1 : FIRST_SIZE, size = 0;
    uint8_t *bytes = NULL;
    for (;;) {
        if (capacity > limit_size)
            capacity = limit_size + 1; /* one byte more than may be there tells that it is too long */
        uint8_t *more = weir_arena_alloc(arena, capacity + 1);
        if (!more)
            return WEIR_E_MEMORY;
        if (size > 0)
            memcpy(more, bytes, size);
        bytes = more;
        size_t got;
        weir_err err = wr_file_read(file, (int64_t)size, bytes + size, capacity - size, &got);
        if (err != WEIR_OK)
            return err;
        size += got;
        if (size > limit_size)
            return WEIR_E_LIMIT;
        if (size < capacity)
            break;
        capacity *= 2;
    }
    *ret_bytes = (weir_slice){bytes, size};
    return WEIR_OK;
}

weir_err wr_path_read(wr_io *io, const char *path, size_t limit_size, weir_arena *arena, weir_slice *ret_bytes)
{
    wr_file *file;
    weir_err err = wr_file_open(io, path, WR_FILE_READ, &file);
    if (err != WEIR_OK)
        return err;
    int64_t size;
    err = wr_file_size(file, &size);
    if (err == WEIR_OK)
        err = (uint64_t)size > limit_size ? WEIR_E_LIMIT : read_to_end(file, size, limit_size, arena, ret_bytes);
    wr_file_close(file);
    return err;
}

weir_err wr_path_replace(wr_io *io, const char *path, weir_slice bytes, bool *ret_replaced)
{
    *ret_replaced = false;
    char temporary[WR_PATH_SIZE_MAX];
    int size = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    if (size < 0 || (size_t)size >= sizeof temporary)
        return WEIR_E_LIMIT;

    wr_file *file;
    weir_err err = wr_file_open(io, temporary, WR_FILE_WRITE | WR_FILE_CREATE, &file);
    if (err != WEIR_OK)
        return err;
    err = wr_file_truncate(file, 0); /* a crash may have left one */
    if (err == WEIR_OK)
        err = wr_file_write(file, 0, bytes.data, bytes.size);
    if (err == WEIR_OK)
        err = wr_file_sync(file);
    wr_file_close(file);
    if (err == WEIR_OK)
        err = wr_path_rename(io, temporary, path);
    *ret_replaced = err == WEIR_OK;
    if (err == WEIR_OK)
        return parent_sync(io, path);

    int os_error = errno;
    weir_err ignored = wr_path_remove(io, temporary); /* frees the space; the first error is the one that counts */
    (void)ignored;
    errno = os_error;
    return err;
}

weir_err wr_path_write(wr_io *io, const char *path, weir_slice bytes)
{
    bool replaced;
    return wr_path_replace(io, path, bytes, &replaced);
}

/* ---- clock and chance */
int64_t wr_now_ms(wr_io *io)
{
    return io->ops->now_ms(io);
}

int64_t wr_mono_us(wr_io *io)
{
    return io->ops->mono_us(io);
}

void wr_random(wr_io *io, void *ret_bytes, size_t size)
{
    io->ops->random(io, ret_bytes, size);
}

uint64_t wr_random_u64(wr_io *io)
{
    uint64_t value;
    io->ops->random(io, &value, sizeof value);
    return value;
}
