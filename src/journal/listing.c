/* What the directory of a log holds when it is opened.
 *
 *   read         the names; how far the log was promised (weir.synced); the checkpoint
 *   weir.next    gets the name of the segment that it holds, or goes (below)
 *   segments     that lie wholly below the start offset go: a deletion was under way
 *   leftovers    that no state of the log needs go: *.deleted, the checkpoint's *.tmp, snapshots that it does not name,
 *                index files without their segment
 *
 * What is in the segments is looked at by recovery.c. Whatever was renamed or removed here is to be made durable before the
 * log is opened to anyone: `changed` says so. */
#include "listing_int.h"

#include <inttypes.h>

static weir_err add_name(void *user, const char *name, bool is_dir)
{
    wr_listing *listing = user;
    if (is_dir)
        return WEIR_OK;
    if (listing->name_count == listing->name_capacity) {
        size_t capacity = listing->name_capacity ? listing->name_capacity * 2 : 16;
        const char **names = weir_arena_array(listing->arena, capacity, sizeof *names);
        if (!names)
            return WEIR_E_MEMORY;
        if (listing->name_count > 0)
            memcpy(names, listing->names, listing->name_count * sizeof *names);
        listing->names = names;
        listing->name_capacity = capacity;
    }
    char *copy = weir_arena_dup_text(listing->arena, weir_slice_of(name));
    if (!copy)
        return WEIR_E_MEMORY;
    listing->names[listing->name_count++] = copy;
    return WEIR_OK;
}

static weir_err read_synced(wr_listing *listing)
{
    char path[WR_LOG_PATH_MAX];
    wr_file *file;
    weir_err err = wr_log_path_named(listing->log, WR_SYNCED_NAME, path);
    if (err == WEIR_OK)
        err = wr_file_open(listing->log->io, path, WR_FILE_READ, &file);
    if (err == WEIR_E_NOT_FOUND)
        return WEIR_OK;
    if (err != WEIR_OK)
        return err;
    listing->has_synced = true;
    uint8_t bytes[WR_SYNCED_SIZE];
    size_t got = 0;
    int64_t offset;
    err = wr_file_read(file, 0, bytes, sizeof bytes, &got);
    wr_file_close(file);
    if (err == WEIR_OK && got == sizeof bytes && wr_synced_decode(bytes, &offset) && offset > listing->promised)
        listing->promised = offset;
    return err;
}

static weir_err read_checkpoint(wr_listing *listing)
{
    char path[WR_LOG_PATH_MAX];
    weir_slice bytes;
    weir_err err = wr_log_path_named(listing->log, WR_CHECKPOINT_NAME, path);
    if (err == WEIR_OK)
        err = wr_path_read(listing->log->io, path, WR_CHECKPOINT_SIZE_MAX, listing->arena, &bytes);
    if (err == WEIR_E_NOT_FOUND)
        return WEIR_OK;
    if (err == WEIR_OK)
        err = wr_checkpoint_decode(bytes, listing->arena, &listing->log->epochs, &listing->checkpoint);
    if (err == WEIR_E_CORRUPT || err == WEIR_E_LIMIT)
        return weir_fail(listing->failure, WEIR_E_CORRUPT,
                         "%s does not hold what was written: the start of the log is unknown; remove it to have every "
                         "batch read again (deleted records may come back)",
                         path);
    if (err != WEIR_OK)
        return err;
    listing->has_checkpoint = true;
    const wr_checkpoint *checkpoint = &listing->checkpoint;
    if (checkpoint->start_offset > listing->promised)
        listing->promised = checkpoint->start_offset;
    if (checkpoint->segment_count > 0) {
        int64_t end = checkpoint->segments[checkpoint->segment_count - 1].mark.end_offset;
        listing->promised = end > listing->promised ? end : listing->promised;
    }
    return WEIR_OK;
}

/* Where the first is that is not below; `count` if all are. */
static size_t first_from(const int64_t *bases, size_t count, int64_t base_offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (bases[middle] < base_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool wr_listing_has(const wr_listing *listing, int64_t base_offset)
{
    size_t at = first_from(listing->bases, listing->base_count, base_offset);
    return at < listing->base_count && listing->bases[at] == base_offset;
}

const wr_checkpoint_segment *wr_listing_line_of(const wr_listing *listing, int64_t base_offset)
{
    const wr_checkpoint *checkpoint = &listing->checkpoint;
    size_t low = 0, high = checkpoint->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (checkpoint->segments[middle].base_offset < base_offset)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < checkpoint->segment_count && checkpoint->segments[low].base_offset == base_offset;
    return found ? &checkpoint->segments[low] : NULL;
}

static weir_err remove_file(wr_listing *listing, const char *name)
{
    listing->changed = true;
    return wr_log_remove_file(listing->log, name);
}

weir_err wr_listing_remove_segment(wr_listing *listing, int64_t base_offset)
{
    static const char *const suffixes[] = {".log", ".index", ".timeindex"};
    weir_err err = WEIR_OK;
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0] && err == WEIR_OK; i++) {
        char *name = weir_arena_printf(listing->arena, "%020" PRId64 "%s", base_offset, suffixes[i]);
        err = name ? remove_file(listing, name) : WEIR_E_MEMORY;
    }
    return err;
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* A file that no state of the log needs. */
static bool is_leftover(const wr_listing *listing, const char *name)
{
    int64_t offset;
    const char *suffix;
    if (strcmp(name, WR_CHECKPOINT_NAME ".tmp") == 0)
        return true;
    if (!wr_log_name_read(name, &offset, &suffix))
        return false;
    if (strcmp(suffix, ".snapshot") == 0)
        return offset != listing->checkpoint.producers_offset;
    if (strcmp(suffix, ".index") == 0 || strcmp(suffix, ".timeindex") == 0)
        return !wr_listing_has(listing, offset);
    return ends_with(suffix, ".deleted");
}

/* A roll went on in weir.next, and the process or the power ended before it got its name: its first batch tells which. Else
 * it is empty, or what was written to it did not reach the disk, or it has its name already: removed, and never used again,
 * since the disk may know it by both; unless the last stop was clean. */
static weir_err adopt_next(wr_listing *listing)
{
    wr_log *log = listing->log;
    char path[WR_LOG_PATH_MAX], named[WR_LOG_PATH_MAX];
    uint8_t bytes[WR_BATCH_HEADER_SIZE];
    size_t got = 0;
    wr_file *file;
    wr_head head;
    weir_err err = wr_log_path_named(log, WR_NEXT_NAME, path);
    if (err == WEIR_OK)
        err = wr_file_open(log->io, path, WR_FILE_READ, &file);
    if (err != WEIR_OK)
        return err == WEIR_E_NOT_FOUND ? WEIR_OK : err;
    err = wr_file_read(file, 0, bytes, sizeof bytes, &got);
    wr_file_close(file);
    if (err != WEIR_OK)
        return err;
    if (got == 0 && listing->clean) {
        log->next = WR_NEXT_READY;
        return WEIR_OK;
    }
    bool begins = got == sizeof bytes && wr_head_read(bytes, &head);
    if (!begins || (listing->base_count > 0 && head.base_offset <= listing->bases[listing->base_count - 1]))
        return remove_file(listing, WR_NEXT_NAME);
    err = wr_log_path(log, head.base_offset, ".log", named);
    if (err == WEIR_OK)
        err = wr_path_rename(log->io, path, named);
    if (err != WEIR_OK)
        return err;
    listing->changed = true;
    listing->bases[listing->base_count++] = head.base_offset;
    return WEIR_OK;
}

/* Finds the segments, and removes those wholly below the start offset and other leftovers. */
static weir_err take_stock(wr_listing *listing)
{
    weir_err err = WEIR_OK;
    listing->bases = weir_arena_array(listing->arena, listing->name_count + 1, sizeof *listing->bases);
    if (!listing->bases)
        return WEIR_E_MEMORY;
    for (size_t i = 0; i < listing->name_count; i++) {
        const char *suffix;
        if (wr_log_name_read(listing->names[i], &listing->bases[listing->base_count], &suffix) &&
            strcmp(suffix, ".log") == 0)
            listing->base_count++;
    }
    err = adopt_next(listing);
    if (err != WEIR_OK)
        return err;
    if (!listing->has_checkpoint)
        listing->checkpoint =
            (wr_checkpoint){.start_offset = listing->base_count ? listing->bases[0] : 0, .producers_offset = -1};
    while (listing->base_count > 1 && listing->bases[1] <= listing->checkpoint.start_offset && err == WEIR_OK) {
        err = wr_listing_remove_segment(listing, listing->bases[0]);
        listing->bases++;
        listing->base_count--;
    }
    for (size_t i = 0; i < listing->name_count && err == WEIR_OK; i++)
        if (is_leftover(listing, listing->names[i]))
            err = remove_file(listing, listing->names[i]);
    return err;
}

weir_err wr_listing_read(wr_listing *listing)
{
    weir_err err = wr_dir_list(listing->log->io, listing->log->directory, add_name, listing);
    if (err == WEIR_OK)
        err = read_synced(listing);
    if (err == WEIR_OK)
        err = read_checkpoint(listing);
    return err == WEIR_OK ? take_stock(listing) : err;
}
