/* The inside of a log: its segments and what the files of this room share. */
#ifndef WR_LOG_INT_H
#define WR_LOG_INT_H

#include "checkpoint_int.h"
#include "head_int.h"
#include "index_int.h"
#include "log.h"
#include "producers_int.h"

enum {
    WR_LOG_PATH_MAX = 1024,
    WR_LOG_OPEN_SEALED_MAX = 2,          /* sealed segments of one log whose files stay open between reads */
    WR_LOG_CHECKPOINT_SIZE = 64 << 20,   /* of the active segment: at most this much is read again after a crash */
    WR_LOG_DECOMPRESSED_MAX = 128 << 20, /* of one batch, when somebody looks inside */
};

/* One file of batches with its two indexes. The last segment of a log is the active one; the others are sealed.
 *
 *    open ──append──▶ open, dirty ──sync──▶ open        active: indexes in memory
 *      │ roll                                            sealed: indexes loaded for a look-up, dropped with the file
 *      ▼
 *    sealed, dirty, index files open ──sync──▶ sealed ◀──▶ closed (opened again by the next read) */
typedef struct wr_segment {
    wr_log *log;
    int64_t base_offset, end_offset;
    int64_t size;
    int64_t first_time; /* greatest timestamp of the first batch, for segment.ms; -1: none or not known */
    int64_t max_time, max_time_offset;
    int64_t unindexed_size; /* bytes since the last index entry */
    wr_file *file;          /* NULL: closed */
    wr_index index, times;
    bool indexed;                           /* index and times are complete in memory */
    bool dirty;                             /* has bytes that no begun sync covers; its file must stay open */
    bool in_ticket;                         /* a sync of its file is under way */
    bool used;                              /* since the last wr_log_retain */
    wr_file *index_file, *times_file;       /* open from the moment they are written until they are synced */
    bool index_dirty;                       /* they hold something that no begun sync covers */
    bool index_in_ticket;                   /* a sync of them is under way */
    wr_mark mark;                           /* known to be on the disk */
    wr_mark next_mark, ticket_mark;         /* as the index files were last written; as the sync under way covers */
    int64_t verified_from, verified_to;     /* positions between which this process knows the CRCs to hold */
    int64_t cursor_offset, cursor_position; /* where the last read ended, and where that is; -1: none */
} wr_segment;

/* A file waiting for its removal. */
typedef struct wr_doomed {
    int64_t base_offset;
    int64_t due_ms;
} wr_doomed;

struct wr_log {
    wr_io *io;
    char *directory;
    wr_log_config config;
    wr_segment **segments; /* ascending; at least one when open */
    size_t segment_count, segment_capacity;
    wr_segment *open_sealed[WR_LOG_OPEN_SEALED_MAX];
    size_t open_sealed_next;
    int64_t start_offset, synced_offset;
    int64_t size;
    bool broken;
    weir_err cause; /* of the first failure */
    bool ticket_open;
    wr_epochs epochs;
    int32_t filed_epoch; /* the newest in leader-epoch-checkpoint; -1: none */
    wr_producers *producers;
    wr_file *synced_file; /* weir.synced; NULL: closed */
    bool synced_used;     /* since the last wr_log_retain */
    bool snapshot_pending, snapshot_in_ticket;
    wr_file *snapshot_file; /* of the pending snapshot; NULL when it has no producers, and so no file */
    int64_t snapshot_offset, snapshot_count;   /* of the pending snapshot */
    int64_t producers_offset, producers_count; /* of the snapshot in the checkpoint; -1: none */
    wr_doomed *doomed;
    size_t doomed_count, doomed_capacity;
};

/* ---- names.c */
weir_err wr_log_path(const wr_log *log, int64_t base_offset, const char *suffix, char ret_path[WR_LOG_PATH_MAX]);
weir_err wr_log_path_named(const wr_log *log, const char *name, char ret_path[WR_LOG_PATH_MAX]);
/* "00000000000000000042.log" → 42 and the suffix, with its dot. False for other names. */
bool wr_log_name_read(const char *name, int64_t *ret_offset, const char **ret_suffix);

/* ---- segment.c */
wr_segment *wr_segment_new(wr_log *log, int64_t base_offset); /* NULL: memory. Touches no file */
void wr_segment_free(wr_segment *segment);                    /* accepts NULL; closes its files */
static inline wr_segment *wr_log_active(const wr_log *log)
{
    return log->segments[log->segment_count - 1];
}
/* Its file, opened if need be; of the sealed ones only a few stay open. */
WEIR_MUST_CHECK weir_err wr_segment_open(wr_segment *segment, wr_file **ret_file);
void wr_segment_close(wr_segment *segment); /* unless a sync still needs the files: then nothing */
WEIR_MUST_CHECK weir_err wr_segment_reserve(wr_segment *segment);
/* A batch with this head now ends the segment: sizes, times and indexes. Needs wr_segment_reserve. */
void wr_segment_add(wr_segment *segment, const wr_head *head);
/* Load or make again its indexes. */
WEIR_MUST_CHECK weir_err wr_segment_index(wr_segment *segment);
/* Write what the index files lack, not synced (index_dirty); afterwards next_mark describes the segment as it is.
 * `last` also gives the time index the segment's greatest time, as Kafka does at roll and close. */
WEIR_MUST_CHECK weir_err wr_segment_store_index(wr_segment *segment, bool last);
/* The batch that holds the offset: where it begins, and its base offset. */
WEIR_MUST_CHECK weir_err wr_segment_find(wr_segment *segment, int64_t offset, int64_t *ret_position,
                                         int64_t *ret_base_offset);
WEIR_MUST_CHECK weir_err wr_segment_read(wr_segment *segment, int64_t offset, int64_t limit_offset, size_t max_size,
                                         bool min_one, wr_buf *out);

/* ---- walk.c: batch by batch over a segment's file */
typedef struct wr_walk {
    wr_segment *segment;
    int64_t position, end; /* of the next batch; where to stop */
    int64_t offset;        /* that the next batch must begin with; -1: any */
    bool check_crc;
    bool learn_epochs; /* a log without a checkpoint: its batches say which leader epochs there were */
    uint8_t *buffer;   /* the caller's */
    size_t buffer_size;
    int64_t buffered_at;
    size_t buffered_size;
    const char *reason; /* why the last batch does not hold */
} wr_walk;

/* The next batch's head; position and offset move behind it. WEIR_E_RANGE at the end; WEIR_E_CORRUPT for a batch that
 * does not hold (then `reason` says why, and nothing moves); I/O errors. */
WEIR_MUST_CHECK weir_err wr_walk_next(wr_walk *walk, wr_head *ret_head);

/* ---- log.c */
wr_log *wr_log_new(wr_io *io, const char *directory, const wr_log_config *config); /* NULL: memory */
weir_err wr_log_break(wr_log *log, weir_err err);                                  /* marks it broken, returns err */
WEIR_MUST_CHECK weir_err wr_log_add_segment(wr_log *log, wr_segment *segment);     /* takes it on success */
size_t wr_log_segment_at(const wr_log *log, int64_t offset); /* the one that holds, or will hold, the offset */

/* ---- append.c */
WEIR_MUST_CHECK weir_err wr_log_start_segment(wr_log *log); /* makes the file of the next active segment, durably */

/* ---- flush.c */
/* The checkpoint as things are now, but for the start offset and the first segments, which are about to go. Breaks the
 * log when it cannot be written. */
WEIR_MUST_CHECK weir_err wr_log_write_checkpoint(wr_log *log, int64_t start_offset, size_t first_segment);
WEIR_MUST_CHECK weir_err wr_log_write_synced(wr_log *log);
/* Write a snapshot of the producers at the end offset, if there are any; the next ticket syncs it and the checkpoint
 * then names it. */
WEIR_MUST_CHECK weir_err wr_log_write_snapshot(wr_log *log);

/* ---- retention.c */
weir_err wr_log_remove_file(const wr_log *log, const char *name); /* fine when it does not exist */

#endif
