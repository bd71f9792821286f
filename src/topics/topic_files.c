/* Making, deleting and finding the directories of topics (topic_files.h says which, and in which order). */
#include "topic_files.h"

#include "properties.h"
#include "topic.h"

#include <assert.h>
#include <base/array.h>
#include <base/map.h>
#include <base/text.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FILE_SIZE_MAX = 1 << 20,
    PARTITION_COUNT_MAX = 10000000,
    DELETED_NAME_MAX = 200,
    ID_SIZE = WR_UUID_BASE64_SIZE - 1,
    SCAN_SIZE_MAX = 256 << 20,
    DIRECTORY_COUNT_MAX = 1 << 24
};
static const char deleted_suffix[] = "-delete";

void wr_topic_path(const wr_topic_files *files, const char *topic, int32_t partition, char ret_path[WR_PATH_SIZE])
{
    int size = snprintf(ret_path, WR_PATH_SIZE, "%s/%s-%d", files->directory, topic, partition);
    assert(size > 0 && size < WR_PATH_SIZE); /* both parts are limited where they come in */
}

/* A long name is cut: a file name has 255 bytes. The id tells topics apart. */
static void deleted_path(const wr_topic_files *files, const char *topic, const wr_uuid *id, int32_t partition,
                         char ret_path[WR_PATH_SIZE])
{
    char text[WR_UUID_BASE64_SIZE];
    wr_uuid_print_base64(id, text);
    int size = snprintf(ret_path, WR_PATH_SIZE, "%s/%.*s-%d.%s%s", files->directory, DELETED_NAME_MAX, topic, partition,
                        text, deleted_suffix);
    assert(size > 0 && size < WR_PATH_SIZE);
}

static void file_path(const char *directory, const char *file, char ret_path[WR_PATH_SIZE])
{
    int size = snprintf(ret_path, WR_PATH_SIZE, "%s/%s", directory, file);
    assert(size > 0 && size < WR_PATH_SIZE);
}

/* ---- making */

weir_err wr_topic_files_make(const wr_topic_files *files, const char *topic, const wr_uuid *id, int32_t partition)
{
    char directory[WR_PATH_SIZE], path[WR_PATH_SIZE];
    wr_topic_path(files, topic, partition, directory);
    if (wr_path_exists(files->io, directory))
        return WEIR_E_EXISTS; /* a directory that was left alone: never take it over */
    weir_err err = wr_dir_create(files->io, directory);
    if (err != WEIR_OK)
        return err;

    char id_text[WR_UUID_BASE64_SIZE], text[64];
    wr_uuid_print_base64(id, id_text);
    snprintf(text, sizeof text, "version: 0\ntopic_id: %s\n", id_text);
    file_path(directory, "partition.metadata", path);
    wr_file *file;
    err = wr_file_open(files->io, path, WR_FILE_WRITE | WR_FILE_CREATE | WR_FILE_EXCLUSIVE, &file);
    if (err != WEIR_OK)
        return err;
    err = wr_file_write(file, 0, text, strlen(text));
    if (err == WEIR_OK)
        err = wr_file_sync(file);
    wr_file_close(file);
    return err;
}

void wr_topic_files_unmake(const wr_topic_files *files, const char *topic, int32_t partition)
{
    char path[WR_PATH_SIZE];
    wr_topic_path(files, topic, partition, path);
    weir_err err = wr_path_remove_tree(files->io, path);
    (void)err; /* what stays is without records, and the next start removes it */
}

weir_err wr_topic_files_sync(const wr_topic_files *files)
{
    return wr_dir_sync(files->io, files->directory);
}

weir_err wr_topic_files_write(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                              int32_t partition_count, const wr_topic_config *config, bool *ret_replaced)
{
    *ret_replaced = false;
    wr_buf text;
    wr_buf_init(&text, FILE_SIZE_MAX);
    char id_text[WR_UUID_BASE64_SIZE];
    wr_uuid_print_base64(id, id_text);
    wr_buf_printf(&text, "topic.id=%s\npartitions=%d\n", id_text, partition_count);
    for (const wr_topic_key *key = wr_topic_keys; key->name; key++) {
        const char *value = wr_topic_config_get(config, key);
        if (value)
            wr_buf_printf(&text, "%s=%s\n", key->name, value);
    }

    char directory[WR_PATH_SIZE], path[WR_PATH_SIZE];
    wr_topic_path(files, topic, 0, directory);
    file_path(directory, "topic.properties", path);
    weir_err err =
        wr_buf_failed(&text) ? WEIR_E_MEMORY : wr_properties_replace(files->io, path, wr_buf_view(&text), ret_replaced);
    wr_buf_fini(&text);
    return err;
}

/* ---- deleting */

weir_err wr_topic_files_rename(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                               int32_t partition_count)
{
    char from[WR_PATH_SIZE], to[WR_PATH_SIZE];
    for (int32_t i = 0; i < partition_count; i++) {
        wr_topic_path(files, topic, i, from);
        deleted_path(files, topic, id, i, to);
        weir_err err = wr_path_rename(files->io, from, to);
        if (err == WEIR_E_NOT_FOUND && i > 0)
            continue; /* a damaged topic */
        if (err != WEIR_OK)
            return err;
        if (i == 0 && partition_count > 1) {
            err = wr_topic_files_sync(files);
            if (err != WEIR_OK)
                return err;
        }
    }
    return wr_topic_files_sync(files);
}

weir_err wr_topic_files_remove(const wr_topic_files *files, const char *topic, const wr_uuid *id,
                               int32_t partition_count)
{
    char path[WR_PATH_SIZE];
    for (int32_t i = partition_count - 1; i >= 0; i--) {
        if (i == 0 && partition_count > 1) {
            weir_err err = wr_topic_files_sync(files);
            if (err != WEIR_OK)
                return err;
        }
        deleted_path(files, topic, id, i, path);
        weir_err err = wr_path_remove_tree(files->io, path);
        if (err != WEIR_OK && err != WEIR_E_NOT_FOUND)
            return err;
    }
    return WEIR_OK;
}

/* ---- scanning */

typedef struct partition_dir {
    const char *name; /* of the directory */
    weir_slice topic;
    int32_t partition;
    bool deleted;
    wr_uuid id; /* of a deleted one, from its name */
    bool done;
} partition_dir;

typedef struct data_scan {
    const wr_topic_files *files;
    weir_arena *arena;
    partition_dir *entries;
    size_t count, capacity;
    weir_failure *failure;
} data_scan;

/* "<topic>-<partition>": the partition without leading zeros. */
static bool parse_partition(weir_slice name, weir_slice *ret_topic, int32_t *ret_partition)
{
    size_t at = name.size;
    while (at > 0 && name.data[at - 1] >= '0' && name.data[at - 1] <= '9')
        at--;
    size_t digits = name.size - at;
    if (digits == 0 || digits > 7 || at < 2 || name.data[at - 1] != '-' || (digits > 1 && name.data[at] == '0'))
        return false;
    int32_t partition = 0;
    for (size_t i = at; i < name.size; i++)
        partition = partition * 10 + (name.data[i] - '0');
    weir_slice topic = {name.data, at - 1};
    if (!wr_topic_name_legal(topic))
        return false;
    *ret_topic = topic;
    *ret_partition = partition;
    return true;
}

static bool parse_name(const char *name, partition_dir *ret_entry)
{
    partition_dir made = {.name = name};
    weir_slice rest = weir_slice_of(name);
    size_t tail = 1 + ID_SIZE + sizeof deleted_suffix - 1;
    if (rest.size > tail && strcmp(name + rest.size - (sizeof deleted_suffix - 1), deleted_suffix) == 0) {
        rest.size -= tail;
        char id[WR_UUID_BASE64_SIZE] = {0};
        memcpy(id, name + rest.size + 1, ID_SIZE);
        made.deleted = name[rest.size] == '.' && wr_uuid_parse(id, &made.id) == WEIR_OK;
        if (!made.deleted)
            return false;
    }
    if (!parse_partition(rest, &made.topic, &made.partition))
        return false;
    *ret_entry = made;
    return true;
}

static weir_err each_entry(void *user, const char *name, bool is_dir)
{
    data_scan *scan = user;
    if (!is_dir)
        return WEIR_OK;
    partition_dir made;
    const char *kept = weir_arena_dup_text(scan->arena, weir_slice_of(name));
    if (!kept)
        return WEIR_E_MEMORY;
    if (!parse_name(kept, &made)) {
        wr_trace_log(scan->files->trace, WR_WARN, "left alone: not a directory of a partition",
                     WR_TEXT("directory", name));
        return WEIR_OK;
    }
    weir_err err = WR_ARRAY_RESERVE(scan->entries, scan->capacity, scan->count + 1, DIRECTORY_COUNT_MAX);
    if (err == WEIR_OK)
        scan->entries[scan->count++] = made;
    return err;
}

static bool has_id(const data_scan *scan, const char *directory, const wr_uuid *id)
{
    char path[WR_PATH_SIZE], value[64];
    file_path(directory, "partition.metadata", path);
    weir_slice text;
    wr_uuid found;
    if (wr_path_read(scan->files->io, path, FILE_SIZE_MAX, scan->arena, &text) != WEIR_OK)
        return false;
    return wr_properties_get(text, "topic_id", value, sizeof value) && wr_uuid_parse(value, &found) == WEIR_OK &&
           wr_uuid_equal(&found, id);
}

static weir_err remove_directory(data_scan *scan, partition_dir *entry)
{
    char path[WR_PATH_SIZE];
    file_path(scan->files->directory, entry->name, path);
    entry->done = true;
    weir_err err = wr_path_remove_tree(scan->files->io, path);
    if (err != WEIR_OK && err != WEIR_E_NOT_FOUND)
        return weir_fail(scan->failure, err, "cannot remove what is left of a deleted topic: %s", path);
    return WEIR_OK;
}

/* Partition 0 of a deleted topic was renamed, and others of the same topic may not have been. */
static weir_err remove_of_topic(data_scan *scan, const partition_dir *first)
{
    char path[WR_PATH_SIZE];
    for (size_t i = 0; i < scan->count; i++) {
        partition_dir *other = &scan->entries[i];
        if (other->deleted || other->done || other->topic.size < first->topic.size ||
            memcmp(other->topic.data, first->topic.data, first->topic.size) != 0)
            continue;
        file_path(scan->files->directory, other->name, path);
        if (!has_id(scan, path, &first->id))
            continue;
        weir_err err = remove_directory(scan, other);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

static weir_err clear_deleted(data_scan *scan)
{
    bool any = false;
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < scan->count && err == WEIR_OK; i++)
        if (scan->entries[i].deleted && scan->entries[i].partition == 0) {
            err = remove_of_topic(scan, &scan->entries[i]);
            any = true;
        }
    for (size_t i = 0; i < scan->count && err == WEIR_OK; i++)
        if (scan->entries[i].deleted && scan->entries[i].partition != 0)
            err = remove_directory(scan, &scan->entries[i]);
    if (any && err == WEIR_OK)
        err = wr_topic_files_sync(scan->files);
    for (size_t i = 0; i < scan->count && err == WEIR_OK; i++)
        if (scan->entries[i].deleted && !scan->entries[i].done)
            err = remove_directory(scan, &scan->entries[i]);
    return err;
}

static weir_err read_topic(data_scan *scan, const char *path, weir_slice text, wr_topic_found *found, void *user,
                           const char *name, int32_t *ret_partition_count)
{
    char value[64];
    wr_uuid id;
    int64_t count = 0;
    if (!wr_properties_hold(text))
        return weir_fail(
            scan->failure, WEIR_E_CORRUPT,
            "%s is not what was written: its crc32c does not fit; restore it, or correct it and remove that line",
            path);
    if (!wr_properties_get(text, "topic.id", value, sizeof value) || wr_uuid_parse(value, &id) != WEIR_OK)
        return weir_fail(scan->failure, WEIR_E_CORRUPT, "%s has no topic.id", path);
    if (!wr_properties_get(text, "partitions", value, sizeof value))
        return weir_fail(scan->failure, WEIR_E_CORRUPT, "%s does not say how many partitions there are", path);
    if (wr_number_parse(value, 1, PARTITION_COUNT_MAX, &count) != WEIR_OK)
        return weir_fail(
            scan->failure, WEIR_E_CORRUPT,
            "%s has partitions=%s, which is no number from 1 to %d; restore the file, or correct that line", path,
            value, PARTITION_COUNT_MAX);

    wr_topic_config *config = wr_topic_config_new();
    if (!config)
        return weir_fail(scan->failure, WEIR_E_MEMORY, "out of memory");
    weir_slice key, set;
    for (size_t at = 0; wr_properties_next(text, &at, &key, &set);) {
        if (weir_slice_equal(key, WEIR_SLICE("topic.id")) || weir_slice_equal(key, WEIR_SLICE("partitions")))
            continue;
        weir_failure failure = {0};
        if (wr_topic_config_set(config, key, set, &failure) != WEIR_OK)
            wr_trace_log(scan->files->trace, WR_WARN, "topic setting ignored", WR_TEXT("file", path),
                         WR_TEXT("cause", failure.sentence));
    }
    *ret_partition_count = (int32_t)count;
    weir_err err = found(user, name, &id, (int32_t)count, config);
    if (err != WEIR_OK) {
        wr_topic_config_free(config);
        return weir_fail(scan->failure, err, "cannot open topic %s", name);
    }
    return WEIR_OK;
}

/* `counts`: the topics that were read, and as a pointer how many partitions each has. */
static weir_err read_all(data_scan *scan, wr_topic_found *found, void *user, wr_map *counts)
{
    char directory[WR_PATH_SIZE], path[WR_PATH_SIZE];
    for (size_t i = 0; i < scan->count; i++) {
        partition_dir *first = &scan->entries[i];
        if (first->done || first->partition != 0)
            continue;
        file_path(scan->files->directory, first->name, directory);
        file_path(directory, "topic.properties", path);
        weir_slice text;
        weir_err err = wr_path_read(scan->files->io, path, FILE_SIZE_MAX, scan->arena, &text);
        if (err == WEIR_E_NOT_FOUND)
            continue;
        if (err != WEIR_OK)
            return weir_fail(scan->failure, err, "cannot read %s", path);

        int32_t partition_count = 0;
        const char *name = weir_arena_dup_text(scan->arena, first->topic);
        err = name ? read_topic(scan, path, text, found, user, name, &partition_count) : WEIR_E_MEMORY;
        if (err != WEIR_OK)
            return err;
        err = wr_map_add(counts, first->topic, (void *)(uintptr_t)partition_count);
        if (err != WEIR_OK)
            return weir_fail(scan->failure, err, "no memory for topic %s", name);
    }
    return WEIR_OK;
}

static weir_err read_topics(data_scan *scan, wr_topic_found *found, void *user)
{
    wr_map *counts = wr_map_new(DIRECTORY_COUNT_MAX, wr_random_u64(scan->files->io));
    weir_err err = counts ? read_all(scan, found, user, counts)
                          : weir_fail(scan->failure, WEIR_E_MEMORY, "no memory for the topics");
    for (size_t i = 0; err == WEIR_OK && i < scan->count; i++) {
        partition_dir *entry = &scan->entries[i];
        if (!entry->done && entry->partition < (int32_t)(uintptr_t)wr_map_find(counts, entry->topic))
            entry->done = true;
    }
    wr_map_free(counts);
    return err;
}

/* ---- what no topic claims */

typedef struct dir_look {
    const data_scan *scan;
    const char *directory;
    bool foreign; /* holds records, or files that a partition does not have */
} dir_look;

static weir_err look_at_file(void *user, const char *name, bool is_dir)
{
    dir_look *look = user;
    static const char *const known[] = {"partition.metadata", "leader-epoch-checkpoint", "topic.properties"};
    static const char *const suffixes[] = {".log",      ".index", ".timeindex", ".txnindex",
                                           ".snapshot", ".tmp",   ".checkpoint"};
    bool ours = strncmp(name, "weir.", 5) == 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        ours = ours || strcmp(name, known[i]) == 0;
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof suffixes / sizeof suffixes[0]; i++)
        ours = ours || strcmp(dot, suffixes[i]) == 0;
    if (is_dir || !ours) {
        look->foreign = true;
        return WEIR_OK;
    }
    if (!dot || (strcmp(dot, ".log") != 0 && strcmp(name, "weir.next") != 0))
        return WEIR_OK;

    char path[WR_PATH_SIZE];
    file_path(look->directory, name, path);
    wr_file *file;
    int64_t size = -1;
    weir_err err = wr_file_open(look->scan->files->io, path, WR_FILE_READ, &file);
    if (err != WEIR_OK)
        return err;
    err = wr_file_size(file, &size);
    wr_file_close(file);
    look->foreign = look->foreign || size != 0;
    return err;
}

/* Directories of a topic that was never finished have no records. */
static weir_err clear_unclaimed(data_scan *scan)
{
    char directory[WR_PATH_SIZE];
    for (size_t i = 0; i < scan->count; i++) {
        if (scan->entries[i].done)
            continue;
        file_path(scan->files->directory, scan->entries[i].name, directory);
        dir_look look = {.scan = scan, .directory = directory};
        weir_err err = wr_dir_list(scan->files->io, directory, look_at_file, &look);
        if (err != WEIR_OK)
            return weir_fail(scan->failure, err, "cannot read %s", directory);
        if (look.foreign) {
            wr_trace_log(scan->files->trace, WR_WARN, "left alone: records that belong to no topic",
                         WR_TEXT("directory", scan->entries[i].name));
            continue;
        }
        err = remove_directory(scan, &scan->entries[i]);
        if (err != WEIR_OK)
            return err;
    }
    return WEIR_OK;
}

weir_err wr_topic_files_scan(const wr_topic_files *files, wr_topic_found *found, void *user, weir_failure *failure)
{
    data_scan scan = {.files = files, .arena = weir_arena_new(SCAN_SIZE_MAX), .failure = failure};
    if (!scan.arena)
        return weir_fail(failure, WEIR_E_MEMORY, "out of memory");
    weir_err err = wr_dir_list(files->io, files->directory, each_entry, &scan);
    if (err != WEIR_OK)
        err = weir_fail(failure, err, "cannot read the data directory %s", files->directory);
    if (err == WEIR_OK)
        err = clear_deleted(&scan);
    if (err == WEIR_OK)
        err = read_topics(&scan, found, user);
    if (err == WEIR_OK)
        err = clear_unclaimed(&scan);
    free(scan.entries);
    weir_arena_free(scan.arena);
    return err;
}
