/* The only system calls: files, clock, random, processes. Sockets and the event loop are in loop.h.
 *
 * A wr_io is a table of operations that is handed in. wr_io_real (real.c) calls the kernel; wr_sim (testing/io/sim.h) is a disk, a
 * clock and a network in memory, driven by a seed, whose power can be cut at any write. Everything above is written
 * against this header alone, so every test of the journal or the broker can run on either.
 *
 * Thread-safety: a wr_io may be used by any thread; a wr_file by one thread at a time, except that wr_file_sync may
 * run beside wr_file_write. */
#ifndef WR_IO_H
#define WR_IO_H

#include <weir/bytes.h>

typedef struct wr_io wr_io;
typedef struct wr_file wr_file;

/* ---- files */
enum {
    WR_FILE_READ = 1,
    WR_FILE_WRITE = 2,     /* implies read */
    WR_FILE_CREATE = 4,    /* with WRITE: made when absent. Durable only after wr_dir_sync of its directory */
    WR_FILE_EXCLUSIVE = 8, /* with CREATE: WEIR_E_EXISTS when present */
};

/* Errors of all calls: WEIR_E_IO with errno, WEIR_E_FULL, WEIR_E_NOT_FOUND, WEIR_E_EXISTS, WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_file_open(wr_io *io, const char *path, unsigned flags, wr_file **ret_file);
void wr_file_close(wr_file *file); /* accepts NULL */
/* Reads up to size bytes; less only at the end of the file. */
WEIR_MUST_CHECK weir_err wr_file_read(wr_file *file, int64_t at, void *ret_bytes, size_t size, size_t *ret_size);
/* Writes all or fails; after a failure any prefix may have been written. */
WEIR_MUST_CHECK weir_err wr_file_write(wr_file *file, int64_t at, const void *bytes, size_t size);
/* Data and size are on the disk when it returns (fdatasync). After a failure trust nothing: do not retry. */
WEIR_MUST_CHECK weir_err wr_file_sync(wr_file *file);
WEIR_MUST_CHECK weir_err wr_file_truncate(wr_file *file, int64_t size);
WEIR_MUST_CHECK weir_err wr_file_size(wr_file *file, int64_t *ret_size);
/* When the file was written last, by the wall clock of that time. */
WEIR_MUST_CHECK weir_err wr_file_written_ms(wr_file *file, int64_t *ret_ms);
/* Reserve disk space up to size without changing the file's length; a hint, may do nothing. */
void wr_file_reserve(wr_file *file, int64_t size);
/* An exclusive lock on the file until it is closed or the process ends. WEIR_E_AGAIN when another process has it. */
WEIR_MUST_CHECK weir_err wr_file_lock(wr_file *file);
/* The descriptor, for sendfile; -1 in the simulator. */
int wr_file_descriptor(const wr_file *file);

/* ---- directories and names */
/* With parents; fine when it exists. Parents that had to be made are durable, itself only after a sync of its parent.
 */
WEIR_MUST_CHECK weir_err wr_dir_create(wr_io *io, const char *path);
WEIR_MUST_CHECK weir_err wr_dir_sync(wr_io *io, const char *path); /* names made, renamed and removed are durable */
/* Calls `each` for every entry but . and .., in name order, until it fails. `each` may remove what it is told. */
WEIR_MUST_CHECK weir_err wr_dir_list(wr_io *io, const char *path,
                                     weir_err (*each)(void *user, const char *name, bool is_dir), void *user);
WEIR_MUST_CHECK weir_err wr_path_rename(wr_io *io, const char *from, const char *to); /* replaces */
WEIR_MUST_CHECK weir_err wr_path_remove(wr_io *io, const char *path);                 /* a file or an empty directory */
WEIR_MUST_CHECK weir_err wr_path_remove_tree(wr_io *io, const char *path);
bool wr_path_exists(wr_io *io, const char *path);
bool wr_path_is_dir(wr_io *io, const char *path); /* or a link to one */
/* Whole small files. read: to the end, pipes too, at most limit_size, into the arena. write: to path.tmp, sync, rename,
 * sync the directory. */
WEIR_MUST_CHECK weir_err wr_path_read(wr_io *io, const char *path, size_t limit_size, weir_arena *arena,
                                      weir_slice *ret_bytes);
WEIR_MUST_CHECK weir_err wr_path_write(wr_io *io, const char *path, weir_slice bytes);
/* The same, and *ret_replaced, which is set in any case: false, the old content is there; true with an error, the new
 * one is, and whether it survives a power cut is not known. */
WEIR_MUST_CHECK weir_err wr_path_replace(wr_io *io, const char *path, weir_slice bytes, bool *ret_replaced);

/* ---- clock and chance */
int64_t wr_now_ms(wr_io *io);  /* wall clock, Unix epoch */
int64_t wr_mono_us(wr_io *io); /* monotonic */
void wr_random(wr_io *io, void *ret_bytes, size_t size);
uint64_t wr_random_u64(wr_io *io);

/* ---- the real one */
WEIR_MUST_CHECK weir_err wr_io_real_new(wr_io **ret_io);
void wr_io_free(wr_io *io); /* either; every file must be closed */

#endif
