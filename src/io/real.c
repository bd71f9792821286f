/* The real implementation of files, names, clock and chance: Linux.
 *
 * Every call is repeated after EINTR and after a short read or write. Locks are flock locks, which belong to the open
 * file description: two opens of one file exclude each other even within a process, and a crash frees them. */
#include "io_int.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef struct real_file {
    wr_file base;
    int fd;
    bool streams; /* a pipe, a terminal: bytes come in their order, and positions mean nothing */
} real_file;

static int fd_of(const wr_file *file)
{
    return ((const real_file *)(const void *)file)->fd;
}

static weir_err failed(void)
{
    return wr_err_of_errno(errno);
}

/* ---- files */
static weir_err real_open(wr_io *io, const char *path, unsigned flags, wr_file **ret_file)
{
    int mode = flags & WR_FILE_WRITE ? O_RDWR : O_RDONLY;
    if (flags & WR_FILE_CREATE)
        mode |= O_CREAT;
    if (flags & WR_FILE_EXCLUSIVE)
        mode |= O_EXCL;
    real_file *file = malloc(sizeof *file);
    if (!file)
        return WEIR_E_MEMORY;

    int fd;
    do
        fd = open(path, mode | O_CLOEXEC, 0640);
    while (fd < 0 && errno == EINTR);
    struct stat info;
    int refused = fd < 0 ? errno : fstat(fd, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
    if (refused) {
        if (fd >= 0)
            close(fd);
        free(file);
        errno = refused;
        return failed();
    }
    *file = (real_file){.base.ops = io->ops, .fd = fd, .streams = lseek(fd, 0, SEEK_CUR) < 0};
    *ret_file = &file->base;
    return WEIR_OK;
}

static void real_close(wr_file *file)
{
    close(fd_of(file)); /* on Linux the descriptor is gone even after EINTR */
    free(file);
}

static weir_err real_read(wr_file *file, int64_t at, void *ret_bytes, size_t size, size_t *ret_size)
{
    size_t done = 0;
    bool streams = ((const real_file *)(const void *)file)->streams;
    while (done < size) {
        char *to = (char *)ret_bytes + done;
        ssize_t got =
            streams ? read(fd_of(file), to, size - done) : pread(fd_of(file), to, size - done, at + (int64_t)done);
        if (got == 0)
            break;
        if (got > 0)
            done += (size_t)got;
        else if (errno != EINTR)
            return failed();
    }
    *ret_size = done;
    return WEIR_OK;
}

static weir_err real_write(wr_file *file, int64_t at, const void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t put = pwrite(fd_of(file), (const char *)bytes + done, size - done, at + (int64_t)done);
        if (put >= 0)
            done += (size_t)put;
        else if (errno != EINTR)
            return failed();
    }
    return WEIR_OK;
}

static weir_err real_sync(wr_file *file)
{
    int status;
    do
        status = fdatasync(fd_of(file));
    while (status != 0 && errno == EINTR);
    return status == 0 ? WEIR_OK : failed();
}

static weir_err real_truncate(wr_file *file, int64_t size)
{
    int status;
    do
        status = ftruncate(fd_of(file), size);
    while (status != 0 && errno == EINTR);
    return status == 0 ? WEIR_OK : failed();
}

static weir_err real_size(wr_file *file, int64_t *ret_size)
{
    struct stat info;
    if (fstat(fd_of(file), &info) != 0)
        return failed();
    *ret_size = info.st_size;
    return WEIR_OK;
}

static weir_err real_written_ms(wr_file *file, int64_t *ret_ms)
{
    struct stat info;
    if (fstat(fd_of(file), &info) != 0)
        return failed();
    *ret_ms = (int64_t)info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1000000;
    return WEIR_OK;
}

static void real_reserve(wr_file *file, int64_t size)
{
    int saved = errno; /* a hint: file systems without it are fine */
    if (size > 0)
        (void)!fallocate(fd_of(file), FALLOC_FL_KEEP_SIZE, 0, size);
    errno = saved;
}

static weir_err real_lock(wr_file *file)
{
    int status;
    do
        status = flock(fd_of(file), LOCK_EX | LOCK_NB);
    while (status != 0 && errno == EINTR);
    if (status == 0)
        return WEIR_OK;
    return errno == EWOULDBLOCK ? WEIR_E_AGAIN : failed();
}

static int real_descriptor(const wr_file *file)
{
    return fd_of(file);
}

/* ---- directories and names */
static weir_err real_make(wr_io *io, const char *path)
{
    (void)io;
    return mkdir(path, 0750) == 0 ? WEIR_OK : failed();
}

static weir_err real_dir_sync(wr_io *io, const char *path)
{
    (void)io;
    int fd;
    do
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return failed();
    int status;
    do
        status = fsync(fd);
    while (status != 0 && errno == EINTR);
    weir_err err = status == 0 ? WEIR_OK : failed();
    close(fd);
    return err;
}

static int not_dots(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Some file systems do not tell in the entry. */
static bool entry_is_dir(const char *path, const struct dirent *entry)
{
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    char whole[WR_PATH_SIZE_MAX];
    struct stat info;
    int size = snprintf(whole, sizeof whole, "%s/%s", path, entry->d_name);
    return size > 0 && (size_t)size < sizeof whole && lstat(whole, &info) == 0 && S_ISDIR(info.st_mode);
}

static weir_err real_list(wr_io *io, const char *path, weir_err (*each)(void *user, const char *name, bool is_dir),
                          void *user)
{
    (void)io;
    struct dirent **entries;
    int count = scandir(path, &entries, not_dots, by_bytes);
    if (count < 0)
        return failed();
    weir_err err = WEIR_OK;
    for (int i = 0; i < count; i++) {
        if (err == WEIR_OK)
            err = each(user, entries[i]->d_name, entry_is_dir(path, entries[i]));
        free(entries[i]);
    }
    free(entries);
    return err;
}

static weir_err real_rename(wr_io *io, const char *from, const char *to)
{
    (void)io;
    return rename(from, to) == 0 ? WEIR_OK : failed();
}

static weir_err real_remove(wr_io *io, const char *path)
{
    (void)io;
    return remove(path) == 0 ? WEIR_OK : failed();
}

static wr_path_kind real_kind(wr_io *io, const char *path)
{
    (void)io;
    struct stat info;
    if (stat(path, &info) != 0)
        return WR_PATH_ABSENT;
    return S_ISDIR(info.st_mode) ? WR_PATH_DIR : WR_PATH_FILE;
}

/* ---- clock and chance */
static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    int status = clock_gettime(clock, &now);
    assert(status == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t real_now_ms(wr_io *io)
{
    (void)io;
    return clock_ns(CLOCK_REALTIME) / 1000000;
}

static int64_t real_mono_us(wr_io *io)
{
    (void)io;
    return clock_ns(CLOCK_MONOTONIC) / 1000;
}

int64_t wr_mono_now_ms(void)
{
    return clock_ns(CLOCK_MONOTONIC) / 1000000;
}

static void real_random(wr_io *io, void *ret_bytes, size_t size)
{
    (void)io;
    for (size_t done = 0; done < size;) {
        ssize_t got = getrandom((char *)ret_bytes + done, size - done, 0);
        assert(got > 0 || errno == EINTR); /* it has no other way to fail */
        if (got > 0)
            done += (size_t)got;
    }
}

static void real_free(wr_io *io)
{
    free(io);
}

static const wr_io_ops real_ops = {
    .free = real_free,
    .file_open = real_open,
    .file_close = real_close,
    .file_read = real_read,
    .file_write = real_write,
    .file_sync = real_sync,
    .file_truncate = real_truncate,
    .file_size = real_size,
    .file_written_ms = real_written_ms,
    .file_reserve = real_reserve,
    .file_lock = real_lock,
    .file_descriptor = real_descriptor,
    .dir_make = real_make,
    .dir_sync = real_dir_sync,
    .dir_list = real_list,
    .path_rename = real_rename,
    .path_remove = real_remove,
    .path_kind = real_kind,
    .now_ms = real_now_ms,
    .mono_us = real_mono_us,
    .random = real_random,
    .loop_new = wr_real_loop_new,
};

weir_err wr_io_real_new(wr_io **ret_io)
{
    wr_io *io = malloc(sizeof *io);
    if (!io)
        return WEIR_E_MEMORY;
    io->ops = &real_ops;
    *ret_io = io;
    return WEIR_OK;
}
