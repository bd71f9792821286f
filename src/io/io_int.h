/* What an implementation of io provides. io.c checks arguments, dispatches, and builds the composed calls (whole small
 * files, trees, directories with parents) from these. */
#ifndef WR_IO_INT_H
#define WR_IO_INT_H

#include <io/io.h>
#include <io/loop.h>

#include <errno.h>

enum { WR_PATH_SIZE_MAX = 4096, WR_DIR_DEPTH_MAX = 16 };

typedef enum wr_path_kind { WR_PATH_ABSENT, WR_PATH_FILE, WR_PATH_DIR } wr_path_kind;

typedef struct wr_io_ops {
    void (*free)(wr_io *io);

    weir_err (*file_open)(wr_io *io, const char *path, unsigned flags, wr_file **ret_file);
    void (*file_close)(wr_file *file);
    weir_err (*file_read)(wr_file *file, int64_t at, void *ret_bytes, size_t size, size_t *ret_size);
    weir_err (*file_write)(wr_file *file, int64_t at, const void *bytes, size_t size);
    weir_err (*file_sync)(wr_file *file);
    weir_err (*file_truncate)(wr_file *file, int64_t size);
    weir_err (*file_size)(wr_file *file, int64_t *ret_size);
    weir_err (*file_written_ms)(wr_file *file, int64_t *ret_ms);
    void (*file_reserve)(wr_file *file, int64_t size);
    weir_err (*file_lock)(wr_file *file);
    int (*file_descriptor)(const wr_file *file);

    weir_err (*dir_make)(wr_io *io, const char *path); /* one level; WEIR_E_EXISTS */
    weir_err (*dir_sync)(wr_io *io, const char *path);
    /* Reads the whole directory before the first call of `each`, which may therefore remove what it is told. */
    weir_err (*dir_list)(wr_io *io, const char *path, weir_err (*each)(void *user, const char *name, bool is_dir),
                         void *user);
    weir_err (*path_rename)(wr_io *io, const char *from, const char *to);
    weir_err (*path_remove)(wr_io *io, const char *path);
    wr_path_kind (*path_kind)(wr_io *io, const char *path); /* of what a symbolic link points to */

    int64_t (*now_ms)(wr_io *io);
    int64_t (*mono_us)(wr_io *io);
    void (*random)(wr_io *io, void *ret_bytes, size_t size);

    weir_err (*loop_new)(wr_io *io, wr_loop **ret_loop);
} wr_io_ops;

struct wr_io {
    const wr_io_ops *ops;
};

struct wr_file {
    const wr_io_ops *ops;
};

/* The weir_err that stands for an errno. */
static inline weir_err wr_err_of_errno(int os_error)
{
    switch (os_error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* RLIMIT_FSIZE, or the file system's largest file */
        return WEIR_E_FULL;
    case ENOENT:
        return WEIR_E_NOT_FOUND;
    case EEXIST:
        return WEIR_E_EXISTS;
    case ENOMEM:
        return WEIR_E_MEMORY;
    default:
        return WEIR_E_IO;
    }
}

/* For system calls that do not say const although they mean it, and for finding the whole of a const part. */
static inline void *wr_unconst(const void *pointer)
{
    union {
        const void *in;
        void *out;
    } both = {.in = pointer};
    return both.out;
}

/* The machine's monotonic clock, for what has no simulated twin. */
int64_t wr_mono_now_ms(void);
weir_err wr_real_loop_new(wr_io *io, wr_loop **ret_loop);

#endif
