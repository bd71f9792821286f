/* The durable log of one partition: segments, indexes, producer state, retention.
 *
 * Directory: <topic>-<partition>/ with Kafka's files: <base>.log, .index, .timeindex, .snapshot,
 * leader-epoch-checkpoint, partition.metadata. One thread calls everything here; only the fsync itself runs elsewhere
 * (wr_log_sync_begin).
 *
 *   start_offset        synced_offset (= high watermark with flush=acks)         end_offset
 *   |---- readable by consumers ----|---- appended, not yet on the disk ----|
 *
 * A write that is refused (no room, no descriptor, an error of the disk) makes the log full: the append fails, nothing
 * has changed, and an append some time later tries again. Only after a failed fsync, when nobody can know what the disk
 * holds, is it broken: it accepts no more appends and says WEIR_E_BROKEN until it is opened anew. log.c has the table. */
#ifndef WR_LOG_H
#define WR_LOG_H

#include <io/io.h>
#include <wire/batch.h>

typedef struct wr_log wr_log;

enum { WR_LOG_CAUSE_FILE_SIZE = 64 };

typedef struct wr_log_config {
    int64_t segment_size;        /* segment.bytes */
    int64_t segment_ms;          /* segment.ms */
    int64_t retention_size;      /* retention.bytes; -1: no limit */
    int64_t retention_ms;        /* retention.ms; -1: no limit */
    int64_t index_interval_size; /* index.interval.bytes */
    int64_t index_size_max;      /* segment.index.bytes */
    size_t segment_count_max;    /* no setting: what a checkpoint can name, and less in tests */
    int64_t
        segment_overrun_max; /* no setting: how far a segment may grow past its size while upkeep makes the next file */
    int64_t message_size_max;     /* max.message.bytes */
    int64_t file_delete_delay_ms; /* file.delete.delay.ms */
    bool log_append_time;         /* message.timestamp.type */
    int64_t timestamp_before_max_ms, timestamp_after_max_ms;
    int64_t producer_expiry_ms; /* producer.id.expiration.ms */
    bool compact;               /* cleanup.policy has compact: records need keys */
    bool nothing_promised; /* flush=none: nobody syncs before the log is closed. Files are closed without a sync, and
                                   retention may delete what was never synced */
} wr_log_config;

extern const wr_log_config wr_log_config_default; /* Kafka's defaults */

/* Open or create. Recovers: reads forward from the recovery point, checks every CRC, truncates at the first bad batch,
 * rebuilds indexes and producer state, and syncs what it kept before it returns, so that nothing is shown that the next
 * power cut could take back. `clean` says that the last stop was clean: then the directory needs no sync, and one that is
 * there has a durable name, or its maker sees to that. What is read again follows from the log's own checkpoint; after a clean stop it is nothing.
 * Errors: WEIR_E_IO/FULL/MEMORY; WEIR_E_CORRUPT if what lies below the recovery point does not hold (damage, not a
 * torn write): the failure names file and position, and the partition stays closed. */
WEIR_MUST_CHECK weir_err wr_log_open(wr_io *io, const char *directory, const wr_log_config *config, bool clean,
                                     wr_log **ret_log, weir_failure *failure);
/* Syncs, writes a producer snapshot and the recovery point; on failure wr_log_cause_of says why. Next it is closed. */
WEIR_MUST_CHECK weir_err wr_log_finish(wr_log *log);
/* The same, and closes. The log is freed whatever the answer. */
weir_err wr_log_close(wr_log *log);
void wr_log_abandon(wr_log *log); /* frees without writing anything: a crash in tests, a deleted topic */

typedef struct wr_appended {
    int64_t base_offset, last_offset;
    int64_t append_time_ms; /* -1 with create time */
    bool duplicate;         /* an idempotent producer's retry: offsets are those of the first time */
} wr_appended;

/* Append one batch that wr_batch_check has passed. leader_epoch is at least 0 and never goes back (WEIR_E_USAGE); a new
 * one is made durable first, by upkeep, and until that is done the append is WEIR_E_AGAIN. `bytes` is patched in place (offset, epoch, append time). After any error nothing has
 * changed. WEIR_E_IO, WEIR_E_FULL: the log is full (or broken; the disk's room is used up, or the log has as many segments
 * as it may); the same append may succeed WR_LOG_RETRY_MS later, when upkeep has been done, and until then it fails at once.
 * Errors that answer Kafka's codes: WEIR_E_LIMIT too large; WEIR_E_RANGE producer sequence
 * out of order; WEIR_E_FENCED producer epoch is old; WEIR_E_FORMAT bad timestamp or a missing key; WEIR_E_BROKEN. */
WEIR_MUST_CHECK weir_err wr_log_append(wr_log *log, uint8_t *bytes, size_t size, int32_t leader_epoch,
                                       wr_appended *ret_appended);

/* Whole batches from the one that contains `offset`, below `limit_offset`, at most max_size bytes; the first batch is
 * given whatever its size if min_one. Appends to out. WEIR_E_RANGE outside start..end. At the end: OK and nothing.
 * WEIR_E_CORRUPT: the batch that held the offset is damaged (wr_log_damage_of); what lies before and behind it is read as
 * ever. */
WEIR_MUST_CHECK weir_err wr_log_read(wr_log *log, int64_t offset, int64_t limit_offset, size_t max_size, bool min_one,
                                     wr_buf *out);

/* Records that were there and cannot be read any more. Found by reading; a log remembers WR_LOG_DAMAGE_MAX places. */
enum { WR_LOG_DAMAGE_MAX = 16 };
typedef struct wr_log_damage {
    char file[WR_LOG_CAUSE_FILE_SIZE]; /* within the log's directory */
    int64_t position;                  /* of the first byte that is not what was written, or of its batch */
    int64_t offset, next_offset; /* the records between cannot be read; from next_offset on they can, if not the end */
    const char *reason;
} wr_log_damage;
const wr_log_damage *wr_log_damage_of(const wr_log *log, size_t at); /* NULL: there are no more */
/* The next place that somebody should be told of, once; NULL: none. Borrowed from the log. */
const wr_log_damage *wr_log_take_damage(wr_log *log);

int64_t wr_log_start_offset(const wr_log *log);
int64_t wr_log_end_offset(const wr_log *log);
int64_t wr_log_synced_offset(const wr_log *log);
int64_t wr_log_size(const wr_log *log); /* bytes in segments */

/* ---- its state */
typedef enum wr_log_state {
    WR_LOG_OPENING,
    WR_LOG_RECOVERING, /* what lies past the recovery point is being read */
    WR_LOG_OPEN,
    WR_LOG_UNPROMISED, /* open, and nothing_promised */
    WR_LOG_FULL,       /* open, but a write was refused: appends fail, and are tried again now and then */
    WR_LOG_BROKEN,     /* a sync failed: what the disk holds is not known */
} wr_log_state;

enum { WR_LOG_RETRY_MS = 1000 };

/* Why a log is full or broken. */
typedef struct wr_log_cause {
    weir_err err;
    int os_error;                      /* errno, or 0 */
    const char *call;                  /* "write", "sync", "create", … */
    char file[WR_LOG_CAUSE_FILE_SIZE]; /* within the log's directory; "." is the directory itself */
    const char *reason; /* what was the matter and what to do, if it was not the system's word; or NULL */
} wr_log_cause;

wr_log_state wr_log_state_of(const wr_log *log);
static inline bool wr_log_broken(const wr_log *log)
{
    return wr_log_state_of(log) == WR_LOG_BROKEN;
}
/* Of the last refusal or failure; err is WEIR_OK when there was none. */
const wr_log_cause *wr_log_cause_of(const wr_log *log);
/* True when the log has become full, open again or broken since it was last asked: somebody should be told, once. */
bool wr_log_take_change(wr_log *log);
/* Likewise when index files cannot be written any more, or can be again. That stops nothing, but they stay in memory and
 * checkpoints stand still until they are. Why; err is WEIR_OK when they can be. */
bool wr_log_take_unfiled(wr_log *log);
const wr_log_cause *wr_log_unfiled_of(const wr_log *log);
const char *wr_log_directory(const wr_log *log);
const wr_log_config *wr_log_config_of(const wr_log *log);
void wr_log_configure(wr_log *log, const wr_log_config *config);

/* The first record with a timestamp at or after time_ms (below limit_offset): *ret_offset -1 if none. Looks inside
 * batches, compressed ones too. max: the first record with the greatest timestamp below limit_offset, which ends a batch
 * (ListOffsets -3). */
WEIR_MUST_CHECK weir_err wr_log_find_time(wr_log *log, int64_t time_ms, int64_t limit_offset, int64_t *ret_offset,
                                          int64_t *ret_time_ms);
WEIR_MUST_CHECK weir_err wr_log_find_max_time(wr_log *log, int64_t limit_offset, int64_t *ret_offset,
                                              int64_t *ret_time_ms);

/* ---- flushing: begin says which files must be synced to cover everything appended so far (in never
 * more than 8 files), the caller syncs them on any thread, end moves synced_offset to the ticket or breaks the log. Files named
 * stay open until end. One ticket at a time. */
typedef struct wr_log_ticket {
    int64_t offset;
    wr_file *files[8];
    size_t file_count;     /* 0: nothing to do */
    const wr_file *failed; /* whose sync was the first to fail; NULL: none was */
} wr_log_ticket;
void wr_log_sync_begin(wr_log *log, wr_log_ticket *ret_ticket);
/* Syncs what it names. On any thread, while everything else may be called. */
WEIR_MUST_CHECK weir_err wr_log_ticket_sync(wr_log_ticket *ticket);
void wr_log_sync_end(wr_log *log, const wr_log_ticket *ticket, weir_err err);
/* Instead of sync_end: no file of the ticket was synced or tried to be, because nobody was there to do it. All is as
 * before sync_begin. */
void wr_log_sync_cancel(wr_log *log);
/* Something was appended that no sync has covered. (synced_offset may stay behind for another reason: that a new segment
 * waits for upkeep to give its file a name.) */
bool wr_log_sync_due(const wr_log *log);
WEIR_MUST_CHECK weir_err
wr_log_sync(wr_log *log); /* both, and upkeep, here and now. WEIR_E_AGAIN: upkeep is open already */

/* ---- deleting
 * Retention deletes whole segments from the front: by time, their largest timestamp, or when they were written last if
 * they have none; then by size. Only what consumers can see: never above synced_offset, unless nothing_promised.
 * DeleteRecords raises the start offset. Both only ask: upkeep does it, and the start offset moves at its end.
 *
 * look: ask for what retention deletes at now_ms, close files that nobody used since the last look, forget producers.
 * ret_next_ms: when it is worth looking again (by the wall clock), -1: not before something changes.
 * ask_start: WEIR_E_RANGE above synced_offset. */
WEIR_MUST_CHECK weir_err wr_log_look(wr_log *log, int64_t now_ms, int64_t *ret_next_ms);
WEIR_MUST_CHECK weir_err wr_log_ask_start(wr_log *log, int64_t start_offset);
int64_t wr_log_asked_start(const wr_log *log); /* the start offset, when nothing is asked for */

/* ---- upkeep: checkpoints, index files, the start offset, making, naming and removing files. begin decides what is to be done; the caller runs it on any
 * thread, while everything else may be called; end applies it, with what run answered, and frees it. One at a time, and
 * none may be open when the log is closed or its directory moves. begin is called only when some is due: ask after every
 * call that changes the log. Of a deletion that waits for a snapshot of the producers none is due before the next sync.
 * After an error of the disk the log is as it was, and what was asked for is withdrawn; or, if the checkpoint is not known
 * to be on the disk, it is broken. */
typedef struct wr_log_upkeep wr_log_upkeep;
bool wr_log_upkeep_due(const wr_log *log);
/* Until there was one appends are refused, synced_offset stays, or a roll is put off, while the segment grows past its size.
 * now: and it was not tried in vain within WR_LOG_RETRY_MS. */
bool wr_log_upkeep_pressing(const wr_log *log);
bool wr_log_upkeep_presses_now(const wr_log *log);
WEIR_MUST_CHECK weir_err wr_log_upkeep_begin(wr_log *log, wr_log_upkeep **ret_upkeep); /* WEIR_E_MEMORY */
WEIR_MUST_CHECK weir_err wr_log_upkeep_run(wr_log_upkeep *upkeep);
weir_err wr_log_upkeep_end(wr_log_upkeep *upkeep, weir_err err); /* returns err */

/* Both with all upkeep that is due, here and now. trim is WEIR_E_AGAIN when a sync that is under way is in the way. */
WEIR_MUST_CHECK weir_err wr_log_retain(wr_log *log, int64_t now_ms, int64_t *ret_next_ms);
WEIR_MUST_CHECK weir_err wr_log_trim(wr_log *log, int64_t start_offset);
/* Start a new segment now (so that everything before it can be trimmed away). WEIR_E_AGAIN: when the next upkeep has ended,
 * it can be. */
WEIR_MUST_CHECK weir_err wr_log_roll(wr_log *log);

#endif
