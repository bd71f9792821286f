/* Opening and closing the data directory (data_dir.h names its files). */
#include "data_dir.h"

#include "properties.h"
#include "topic_files.h"

#include <base/text.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIRECTORY_SIZE_MAX = 3000, FILE_SIZE_MAX = 64 * 1024 };

struct wr_data_dir {
    wr_io *io;
    wr_data_dir_config config;
    char cluster_id[WR_CLUSTER_ID_MAX + 1];
    wr_file *lock;
};

static const char *path_of(const wr_data_dir *dir, const char *file, char ret_path[WR_PATH_SIZE])
{
    snprintf(ret_path, WR_PATH_SIZE, "%s/%s", dir->config.directory, file);
    return ret_path;
}

static weir_err count_entry(void *user, const char *name, bool is_dir)
{
    (void)is_dir;
    if (strcmp(name, ".lock") != 0)
        ++*(size_t *)user;
    return WEIR_OK;
}

static weir_err check_empty(const wr_data_dir *dir, weir_failure *failure)
{
    size_t count = 0;
    weir_err err = wr_dir_list(dir->io, dir->config.directory, count_entry, &count);
    if (err != WEIR_OK)
        return weir_fail(failure, err, "cannot read the data directory %s", dir->config.directory);
    if (count > 0)
        return weir_fail(failure, WEIR_E_REFUSED,
                         "%s is not empty, and an ephemeral data directory is removed at the end: give another one",
                         dir->config.directory);
    return WEIR_OK;
}

static weir_err write_meta(wr_data_dir *dir, weir_failure *failure)
{
    char path[WR_PATH_SIZE], text[512];
    if (dir->config.cluster_id) {
        snprintf(dir->cluster_id, sizeof dir->cluster_id, "%s", dir->config.cluster_id);
    } else {
        uint8_t random[16];
        wr_random(dir->io, random, sizeof random);
        wr_uuid id = wr_uuid_v4(random);
        wr_uuid_print_base64(&id, dir->cluster_id);
    }
    snprintf(text, sizeof text, "version=1\ncluster.id=%s\nnode.id=%d\n", dir->cluster_id, dir->config.node_id);
    weir_err err = wr_properties_write(dir->io, path_of(dir, "meta.properties", path), weir_slice_of(text));
    return err == WEIR_OK ? err : weir_fail(failure, err, "cannot write %s", path);
}

/* With the system's reason, at once behind the call that failed. */
static weir_err cannot(const char *what, const char *path, weir_err err, weir_failure *failure)
{
    int os_error = errno;
    if (err == WEIR_E_IO && (os_error == EACCES || os_error == EPERM))
        err = WEIR_E_DENIED;
    weir_fail(failure, err, "cannot %s %s: %s", what, path, os_error ? strerrordesc_np(os_error) : weir_err_name(err));
    if (failure)
        failure->os_error = os_error;
    return err;
}

static weir_err damaged_properties(const char *path, weir_failure *failure)
{
    return weir_fail(
        failure, WEIR_E_CORRUPT,
        "%s is not what was written: its crc32c does not fit; restore it, or correct it and remove that line", path);
}

/* The file may say of which node it is. */
static weir_err check_node(const wr_data_dir *dir, const char *path, weir_slice text, weir_failure *failure)
{
    char value[FILE_SIZE_MAX];
    int64_t node;
    if (!wr_properties_get(text, "node.id", value, sizeof value))
        return WEIR_OK;
    if (wr_number_parse(value, 0, INT32_MAX, &node) != WEIR_OK)
        return weir_fail(failure, WEIR_E_CORRUPT,
                         "%s has node.id=%.40s, which is no number; restore the file, or correct that line", path,
                         value);
    if (node != dir->config.node_id)
        return weir_fail(failure, WEIR_E_FORMAT, "%s is of node %s, not %d", path, value, dir->config.node_id);
    return WEIR_OK;
}

static weir_err read_meta(wr_data_dir *dir, weir_failure *failure)
{
    char path[WR_PATH_SIZE];
    path_of(dir, "meta.properties", path);
    weir_arena *arena = weir_arena_new(FILE_SIZE_MAX * 2);
    if (!arena)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    weir_slice text;
    weir_err err = wr_path_read(dir->io, path, FILE_SIZE_MAX, arena, &text);
    if (err == WEIR_E_NOT_FOUND) {
        err = write_meta(dir, failure);
    } else if (err != WEIR_OK) {
        err = cannot("read", path, err, failure);
    } else if (!wr_properties_hold(text)) {
        err = damaged_properties(path, failure);
    } else if (!wr_properties_get(text, "cluster.id", dir->cluster_id, sizeof dir->cluster_id)) {
        err = weir_fail(failure, WEIR_E_CORRUPT, "%s has no cluster.id", path);
    } else if (dir->config.cluster_id && strcmp(dir->config.cluster_id, dir->cluster_id) != 0) {
        err = weir_fail(failure, WEIR_E_FORMAT, "%s is of cluster %s, not %s", path, dir->cluster_id,
                        dir->config.cluster_id);
    } else {
        err = check_node(dir, path, text, failure);
    }
    weir_arena_free(arena);
    return err;
}

/* Whatever happens from here on, this start is not the end of a clean stop. And the names in the directory become
 * durable: a process that was killed may have left meta.properties without that. */
static weir_err take_clean_mark(const wr_data_dir *dir, bool *ret_clean, weir_failure *failure)
{
    char path[WR_PATH_SIZE];
    path_of(dir, ".kafka_cleanshutdown", path);
    bool clean = wr_path_exists(dir->io, path);
    weir_err err = clean ? wr_path_remove(dir->io, path) : WEIR_OK;
    if (err != WEIR_OK)
        return cannot("remove", path, err, failure);
    err = wr_dir_sync(dir->io, dir->config.directory);
    if (err != WEIR_OK)
        return cannot("sync", dir->config.directory, err, failure);
    *ret_clean = clean;
    return WEIR_OK;
}

static weir_err take_lock(wr_data_dir *dir, weir_failure *failure)
{
    char path[WR_PATH_SIZE];
    path_of(dir, ".lock", path);
    weir_err err = wr_file_open(dir->io, path, WR_FILE_WRITE | WR_FILE_CREATE, &dir->lock);
    if (err != WEIR_OK)
        return cannot("open", path, err, failure);
    err = wr_file_lock(dir->lock);
    if (err == WEIR_E_AGAIN)
        return weir_fail(failure, err, "the data directory %s is in use by another broker", dir->config.directory);
    return err == WEIR_OK ? err : cannot("lock", path, err, failure);
}

/* Bytes of the path up to the deepest of its parents that is there; 0: none of what the path names is. */
static size_t existing_parent(const wr_data_dir *dir)
{
    char path[WR_PATH_SIZE];
    snprintf(path, sizeof path, "%s", dir->config.directory);
    size_t size = strlen(path);
    while (size > 0 && !wr_path_exists(dir->io, path)) {
        while (size > 0 && path[size - 1] != '/')
            size--;
        while (size > 1 && path[size - 1] == '/')
            size--;
        path[size] = '\0';
    }
    return size;
}

/* Makes every name in the path durable. Parents above the first `existing` bytes that this process may not read were not
 * made by one like it. */
static weir_err sync_names(const wr_data_dir *dir, size_t existing)
{
    char path[WR_PATH_SIZE];
    const char *directory = dir->config.directory;
    weir_err err = WEIR_OK;
    for (size_t end = 0; err == WEIR_OK && directory[end];) {
        snprintf(path, sizeof path, "%.*s", (int)end, directory);
        err = wr_dir_sync(dir->io, end > 0 ? path : directory[0] == '/' ? "/" : ".");
        if (err != WEIR_OK && end < existing && errno == EACCES)
            err = WEIR_OK;
        while (directory[end] == '/')
            end++;
        while (directory[end] && directory[end] != '/')
            end++;
    }
    return err;
}

/* Makes the directory, and its name and those of its parents durable: a directory that the next power cut takes back
 * would take every topic with it. Without meta.properties, some of what is there may have been made by a process that was
 * killed before it came to that. */
static weir_err make_directory(const wr_data_dir *dir)
{
    char path[WR_PATH_SIZE];
    if (wr_path_exists(dir->io, path_of(dir, "meta.properties", path)))
        return WEIR_OK;
    size_t existing = existing_parent(dir);
    weir_err err = WEIR_OK;
    if (!wr_path_exists(dir->io, dir->config.directory))
        err = wr_dir_create(dir->io, dir->config.directory);
    return err == WEIR_OK ? sync_names(dir, existing) : err;
}

weir_err wr_data_dir_open(wr_io *io, const wr_data_dir_config *config, wr_data_dir **ret_dir, bool *ret_clean,
                          weir_failure *failure)
{
    const char *directory = config->directory;
    if (strlen(directory) > DIRECTORY_SIZE_MAX)
        return weir_fail(failure, WEIR_E_FORMAT, "log.dirs: the path is longer than %d bytes", DIRECTORY_SIZE_MAX);
    wr_data_dir *dir = calloc(1, sizeof *dir);
    if (!dir)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    dir->io = io;
    dir->config = *config;
    bool clean = false;
    weir_err err = make_directory(dir);
    if (err != WEIR_OK)
        err = cannot("make the data directory", directory, err, failure);
    if (err == WEIR_OK)
        err = take_lock(dir, failure);
    if (err == WEIR_OK && dir->config.ephemeral)
        err = check_empty(dir, failure);
    if (err == WEIR_OK)
        err = read_meta(dir, failure);
    if (err == WEIR_OK)
        err = take_clean_mark(dir, &clean, failure);
    if (err != WEIR_OK) {
        wr_file_close(dir->lock);
        free(dir);
        return err;
    }
    *ret_dir = dir;
    *ret_clean = clean;
    return WEIR_OK;
}

const char *wr_data_dir_cluster_id(const wr_data_dir *dir)
{
    return dir->cluster_id;
}

weir_err wr_data_dir_close(wr_data_dir *dir, bool clean)
{
    if (!dir)
        return WEIR_OK;
    char path[WR_PATH_SIZE];
    weir_err err = WEIR_OK;
    if (dir->config.ephemeral)
        err = wr_path_remove_tree(dir->io, dir->config.directory);
    else if (clean)
        err = wr_path_write(dir->io, path_of(dir, ".kafka_cleanshutdown", path),
                            WEIR_SLICE("{\"version\":0,\"brokerEpoch\":-1}"));
    wr_file_close(dir->lock);
    free(dir);
    return err;
}
