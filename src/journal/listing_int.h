/* What the directory of a log holds when it is opened (listing.c). */
#ifndef WR_LISTING_INT_H
#define WR_LISTING_INT_H

#include "log_int.h"

typedef struct wr_listing {
    wr_log *log; /* given, like the next three */
    weir_failure *failure;
    weir_arena *arena;
    bool clean;         /* the last stop was */
    const char **names; /* ascending */
    size_t name_count, name_capacity;
    int64_t *bases; /* of the .log files that count, ascending */
    size_t base_count;
    wr_checkpoint checkpoint;
    bool has_checkpoint, has_synced;
    int64_t promised; /* below it a sync had succeeded */
    bool changed;     /* files were renamed or removed: their names are not durable yet */
} wr_listing;

/* Reads it, and puts it in order. WEIR_E_CORRUPT when the checkpoint is damaged. */
WEIR_MUST_CHECK weir_err wr_listing_read(wr_listing *listing);
bool wr_listing_has(const wr_listing *listing, int64_t base_offset); /* a segment */
/* The checkpoint's line of that segment, or NULL. */
const wr_checkpoint_segment *wr_listing_line_of(const wr_listing *listing, int64_t base_offset);
WEIR_MUST_CHECK weir_err wr_listing_remove_segment(wr_listing *listing, int64_t base_offset);

#endif
