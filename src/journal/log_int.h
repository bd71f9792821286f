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
    WR_LOG_REMOVE_AGAIN_MS = 60 * 1000,  /* after a file could not be removed */
};

/* One file of batches with its two indexes. The last segment of a log is the active one; the others are sealed.
 *
 *    open ──append──▶ open, dirty ──sync──▶ open        active: indexes in memory
 *      │ roll                                            sealed: indexes in memory until upkeep has filed them, then only
 *      ▼                                                         from a look-up until the file is closed
 *    sealed, dirty ──sync──▶ sealed ◀──▶ closed (opened again by the next read)
 *      │ nothing_promised
 *      └──▶ sealed, dirty, closed (opened again by the next read or sync)
 *
 * Only upkeep writes index files (filing.c). `filed` says what they hold; `mark` follows it when the batches that they
 * describe are on the disk, too, and is what the checkpoint says of the segment. */
typedef struct wr_segment {
    wr_log *log;
    int64_t base_offset, end_offset;
    int64_t size;
    int64_t first_time; /* greatest timestamp of the first batch, for segment.ms; -1: none or not known */
    int64_t max_time, max_time_offset;
    int64_t unindexed_size; /* bytes since the last index entry */
    wr_file *file;          /* NULL: closed */
    wr_index index, times;
    bool indexed;       /* index and times are complete in memory */
    int64_t written_ms; /* wall clock of the last write; after an open, the file's; 0: never */
    int64_t started_ms; /* wall clock when this process made or opened it */
    bool torn;      /* behind its end there may be bytes of a write that failed: upkeep cuts them off, and until it has
                           nothing is written */
    bool dirty;     /* has bytes that no begun sync covers, or was cut since */
    bool in_ticket; /* a sync of its file is under way */
    bool used;      /* since the last wr_log_look */
    wr_mark filed;  /* size 0: nothing that can be relied upon */
    wr_mark mark;
    int64_t verified_from, verified_to;     /* positions between which this process knows the CRCs to hold */
    int64_t cursor_offset, cursor_position; /* where the last read ended, and where that is; -1: none */
} wr_segment;

/* The files of a deleted segment, waiting for their removal. */
typedef struct wr_removal {
    int64_t base_offset;
    int64_t due_us; /* monotonic */
    bool renamed;   /* or that was tried */
    bool due, removed;
} wr_removal;

/* What the producers had written up to an offset, as bytes of a snapshot file. */
typedef struct wr_snapshot {
    int64_t offset; /* -1: there is none */
    size_t count;   /* producers; without any there is no file */
    wr_buf bytes;
} wr_snapshot;

/* Where the file of the next segment is (next.c). */
typedef enum wr_next_state {
    WR_NEXT_NONE,
    WR_NEXT_READY,   /* made, and empty */
    WR_NEXT_UNNAMED, /* it is the active segment's, under its first name still */
} wr_next_state;

typedef struct wr_known_damage {
    wr_log_damage told;
    int64_t base_offset;   /* of its segment */
    int64_t next_position; /* of the next whole batch; the segment's size when there is none */
} wr_known_damage;

struct wr_log {
    wr_io *io;
    char *directory;
    wr_log_config config;
    wr_segment **segments; /* ascending; at least one when open */
    size_t segment_count, segment_capacity;
    wr_segment *open_sealed[WR_LOG_OPEN_SEALED_MAX];
    size_t open_sealed_next;
    int64_t start_offset, synced_offset;
    int64_t
        durable_offset; /* what lies below was synced. synced_offset stays behind it while the active segment's name is
                               not on the disk */
    int64_t size;
    wr_log_state state, told_state;
    wr_log_cause failure; /* of the call that failed last, whatever came of it */
    wr_log_cause cause;   /* of the last change to full or broken */
    wr_log_cause unfiled; /* why index files could not be written; err is WEIR_OK when they were */
    bool unfiled_told;
    int64_t retry_us;     /* full: appends before this moment fail without trying. Monotonic */
    int64_t filing_us;    /* index files could not be written: not tried before this moment */
    int64_t pressing_us;  /* likewise what appends or readers wait for */
    bool epoch_owed;      /* the newest leader epoch is not in the checkpoint: no batch may be written */
    bool checkpoint_owed; /* the last one could not be written */
    bool filing_owed;     /* sealed segments have indexes that no file holds */
    bool marks_owed;      /* something was filed before its batches were synced */
    bool finishing;       /* nothing is appended any more, and the active segment's indexes are to be filed */
    wr_next_state next;
    bool next_wanted;        /* a roll waits for it */
    int64_t next_us;         /* it could not be made: not tried before this moment */
    wr_log_cause next_cause; /* and why; err is WEIR_OK when it was made */
    weir_err ticket_err;     /* why the last ticket is short */
    bool ticket_open;
    wr_known_damage *damages; /* WR_LOG_DAMAGE_MAX, or NULL while there are none */
    size_t damage_count, damage_told;
    wr_epochs epochs;
    int32_t filed_epoch; /* the newest in leader-epoch-checkpoint; -1: none */
    wr_producers *producers;
    wr_file *synced_file;                      /* weir.synced; NULL: closed */
    bool synced_used;                          /* since the last wr_log_look */
    wr_snapshot snapshot;                      /* taken, and not in the checkpoint yet */
    int64_t producers_offset, producers_count; /* of the snapshot that the checkpoint on the disk names; -1: none */
    int64_t kept_snapshot;                     /* that a checkpoint names which may be on the disk instead; -1: none */
    int64_t asked_start;                       /* where upkeep is to let the log begin */
    wr_removal *removals;                      /* while upkeep is open they are its own */
    size_t removal_count, removal_capacity;
    int64_t removal_due_us; /* when the first of them is worth upkeep; INT64_MAX: there are none */
    bool upkeep_open;
};

/* ---- names.c */
weir_err wr_log_path(const wr_log *log, int64_t base_offset, const char *suffix, char ret_path[WR_LOG_PATH_MAX]);
weir_err wr_log_path_named(const wr_log *log, const char *name, char ret_path[WR_LOG_PATH_MAX]);
/* "00000000000000000042.log" → 42 and the suffix, with its dot. False for other names. */
bool wr_log_name_read(const char *name, int64_t *ret_offset, const char **ret_suffix);

/* ---- segment.c, read.c */
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
/* No batch follows: gives the time index the segment's greatest time, as Kafka does at roll and close, and has its indexes
 * filed. Needs indexes and wr_segment_reserve. */
void wr_segment_seal(wr_segment *segment);
/* Its indexes are in memory, and index files are to be written before they may leave it. */
bool wr_segment_owes_files(const wr_segment *segment);
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
    int64_t limit_offset;  /* no batch reaches beyond it; 0: the segment's end */
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

/* ---- damage.c */
/* The bytes of the segment at `position`, where the batch with `offset` must stand, are none. Remembers it and moves the
 * walk to the next whole batch, or to its end. Errors: of reading, and WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_log_note_damage(wr_segment *segment, int64_t position, int64_t offset, const char *reason,
                                            wr_walk *walk);

/* True if damage is known at the walk's position: moves behind it. */
bool wr_log_skip_damage(wr_segment *segment, wr_walk *walk);

/* ---- log.c */
wr_log *wr_log_new(wr_io *io, const char *directory, const wr_log_config *config); /* NULL: memory */
typedef enum wr_log_event {
    WR_LOG_READS_AGAIN, /* opening: something was not checkpointed */
    WR_LOG_OPENED,
    WR_LOG_REFUSED, /* a call failed, and what the files hold is known */
    WR_LOG_WROTE,
    WR_LOG_LOST, /* a sync failed: it is not known */
    WR_LOG_EVENT_COUNT,
} wr_log_event;
void wr_log_step(wr_log *log, wr_log_event event);
/* Remember which call failed, with errno; err is returned. Changes no state. */
weir_err wr_log_failed(wr_log *log, weir_err err, const char *call, const char *file);
weir_err wr_log_failed_at(wr_log *log, weir_err err, const char *call, int64_t base_offset, const char *suffix);
/* An append or a roll came to nothing: full, if the disk was the cause (else nothing). Returns err. */
weir_err wr_log_refuse(wr_log *log, weir_err err);
/* Whatever was remembered last cannot be taken back: broken. Returns err. */
weir_err wr_log_break(wr_log *log, weir_err err);
/* Out of descriptors, which says nothing about the disk. Looks at errno. */
bool wr_log_lacks_descriptors(weir_err err);
WEIR_MUST_CHECK weir_err wr_log_add_segment(wr_log *log, wr_segment *segment); /* takes it on success */
size_t wr_log_segment_at(const wr_log *log, int64_t offset); /* the one that holds, or will hold, the offset */

/* ---- append.c */
/* False: it has as many segments as it may. */
bool wr_log_has_room(const wr_log *log);
/* As wr_log_roll, but a refusal changes no state. */
WEIR_MUST_CHECK weir_err wr_log_try_roll(wr_log *log);
/* The log goes on in this file, which is empty; it is taken on success. */
WEIR_MUST_CHECK weir_err wr_log_start_segment(wr_log *log, wr_file *file);

/* ---- next.c: the file of the next segment */
#define WR_NEXT_NAME "weir.next"
/* What of it an upkeep does; filled by begin, worked off by run, which touches files only, and applied by end. */
typedef struct wr_next_work {
    bool makes, made;
    int64_t names, mends; /* bases of the segment that gets its name, and of the one that is cut; -1: none */
    int64_t mended_size;
    bool named, mended;
    bool unknown; /* a sync failed: the log is broken */
    wr_log_cause failed;
} wr_next_work;
/* Appends, readers or a roll wait for upkeep. */
bool wr_next_pressing(const wr_log *log);
bool wr_next_presses_now(const wr_log *log); /* and it was not tried in vain just now */
bool wr_next_due(const wr_log *log);
void wr_next_begin(wr_log *log, wr_next_work *ret_work);
WEIR_MUST_CHECK weir_err wr_next_run(const wr_log *log, wr_next_work *work); /* of naming and cutting; on any thread */
void wr_next_end(wr_log *log, const wr_next_work *work);
/* The file, opened. WEIR_E_AGAIN: there is none yet, and upkeep knows now that it is wanted. */
WEIR_MUST_CHECK weir_err wr_next_open(wr_log *log, wr_file **ret_file);
static inline bool wr_segment_is_unnamed(const wr_segment *segment)
{
    return segment->log->next == WR_NEXT_UNNAMED && segment == wr_log_active(segment->log);
}

/* ---- filing.c: index files */
enum { WR_FILING_MAX = 8 };
typedef struct wr_filing_work {
    struct {
        int64_t base_offset;
        wr_mark mark; /* what the files are to hold */
        wr_index_rest index, times;
        bool filed;
    } items[WR_FILING_MAX];
    size_t count;
    bool leaves; /* there are more */
    wr_log_cause failed;
} wr_filing_work;
bool wr_filing_due(const wr_log *log);
WEIR_MUST_CHECK weir_err wr_filing_begin(wr_log *log,
                                         wr_filing_work *ret_work); /* WEIR_E_MEMORY, and nothing is begun */
void wr_filing_run(const wr_log *log, wr_filing_work *work);        /* on any thread */
void wr_filing_end(wr_log *log, wr_filing_work *work);              /* and frees what it holds */
/* What is filed and synced may be in the checkpoint. */
void wr_log_advance_marks(wr_log *log);

/* ---- flush.c */
int64_t wr_log_checkpoint_step(const wr_log *log); /* how much the active segment grows between two checkpoints */
WEIR_MUST_CHECK weir_err wr_log_write_synced(wr_log *log);
/* Something became durable, or its name: synced_offset moves as far as it may. */
void wr_log_advance_synced(wr_log *log);

/* ---- upkeep.c */
/* Remember what the producers have written so far, for the next checkpoint that may name it. After an error (memory) the
 * one before stays: the next open reads more then. */
weir_err wr_log_take_snapshot(wr_log *log);
/* What the checkpoint names does not cover all that goes when the log begins at asked_start. */
bool wr_log_lacks_snapshot(const wr_log *log);
/* All upkeep that is due, here and now. The first error; after one that leaves the checkpoint unknown, the log is broken. */
WEIR_MUST_CHECK weir_err wr_log_keep_up(wr_log *log);

/* ---- retention.c */
weir_err wr_log_remove_file(const wr_log *log, const char *name); /* fine when it does not exist */
WEIR_MUST_CHECK weir_err wr_log_reserve_removals(wr_log *log, size_t count);
/* Takes the segments below the start offset out of the log, but for those whose files a sync uses. */
void wr_log_drop_segments(wr_log *log);

#endif
