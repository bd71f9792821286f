/* What a log knows to be on the disk, in two small files of its directory.
 *
 * weir.checkpoint: text, replaced as a whole (written beside, synced, renamed, directory synced)
 *
 *     weir log 1
 *     start <start offset>
 *     producers <offset of the snapshot, or -1> <number of producers in it>
 *     epoch <leader epoch> <first offset>                              a line each, ascending
 *     segment <base> <end offset> <size> <max time> <its offset> <index size> <index crc> <timeindex size> <its crc>
 *     crc32c <of all bytes above, 8 hex digits>
 *
 * A segment's line says: these bytes of its files were synced before this line was written. All lines but the last are
 * of sealed segments, and complete. The end offset of the last line is the recovery point: what lies behind it is read,
 * batch by batch, at open. The file is written when a sealed segment has been synced, in the active one after every so
 * many bytes, at a trim, at a new leader epoch, and at close; a log that never had any of those has none.
 *
 * weir.synced: 16 bytes, overwritten in place after every successful sync and not synced itself
 *
 *     "weir"   offset:8   crc32c:4 (of the 12 bytes before)
 *
 * It is written after a sync, so what it says is true whenever it can be read: everything below offset was on the disk.
 * After a kill it is exact, after a power cut some seconds old.
 *
 * One place a log: the log can be opened, moved, tested and lost alone, and writing it costs nothing for ten thousand
 * others. (Kafka keeps one recovery-point and one log-start file for a whole data directory, without checksums.) */
#ifndef WR_CHECKPOINT_INT_H
#define WR_CHECKPOINT_INT_H

#include <base/buf.h>
#include <io/io.h>

#define WR_CHECKPOINT_NAME "weir.checkpoint"
#define WR_SYNCED_NAME     "weir.synced"
#define WR_EPOCHS_NAME     "leader-epoch-checkpoint"

enum { WR_SEGMENTS_MAX = 65536, WR_EPOCHS_MAX = 256, WR_CHECKPOINT_SIZE_MAX = 16 << 20 };

/* The part of a segment that is known to be on the disk. */
typedef struct wr_mark {
    int64_t end_offset, size;
    int64_t max_time, max_time_offset; /* -1 when no batch has a timestamp; the offset is its batch's last */
    int64_t index_size, times_size;
    uint32_t index_crc, times_crc;
} wr_mark;

typedef struct wr_epoch {
    int32_t epoch;
    int64_t first_offset;
} wr_epoch;

/* Leader epochs, ascending in both columns. They lie outside a batch's CRC, so batches are checked against these. */
typedef struct wr_epochs {
    wr_epoch *items; /* WR_EPOCHS_MAX, or NULL while `first` alone is enough */
    wr_epoch first;
    size_t count;
} wr_epochs;

typedef struct wr_checkpoint_segment {
    int64_t base_offset;
    wr_mark mark;
} wr_checkpoint_segment;

typedef struct wr_checkpoint {
    int64_t start_offset;
    int64_t producers_offset, producers_count;
    wr_checkpoint_segment *segments;
    size_t segment_count;
} wr_checkpoint;

void wr_checkpoint_encode(const wr_checkpoint *checkpoint, const wr_epochs *epochs, wr_buf *out);
/* WEIR_E_CORRUPT unless every byte is as it was written. Adds to empty epochs; segments live in the arena. */
WEIR_MUST_CHECK weir_err wr_checkpoint_decode(weir_slice bytes, weir_arena *arena, wr_epochs *epochs,
                                              wr_checkpoint *ret_checkpoint);

enum { WR_SYNCED_SIZE = 16 };
void wr_synced_encode(int64_t offset, uint8_t ret_bytes[WR_SYNCED_SIZE]);
bool wr_synced_decode(const uint8_t bytes[WR_SYNCED_SIZE], int64_t *ret_offset);

/* The newest epoch is at the end; past WR_EPOCHS_MAX the oldest goes. WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_epochs_add(wr_epochs *epochs, int32_t epoch, int64_t first_offset);
void wr_epochs_fini(wr_epochs *epochs);
/* Forgets epochs that begin behind the end of the log: their batches were torn off. True if there were any. */
bool wr_epochs_truncate(wr_epochs *epochs, int64_t end_offset);
int32_t wr_epochs_last(const wr_epochs *epochs); /* -1: none */
/* False when a batch at `offset` cannot have been written in this epoch. Offsets before the first one known: true. */
bool wr_epochs_match(const wr_epochs *epochs, int64_t offset, int32_t epoch);
/* Kafka's leader-epoch-checkpoint: "0\n<count>\n" and a line "<epoch> <first offset>\n" each. Written for Kafka's
 * tools. */
void wr_epochs_encode(const wr_epochs *epochs, wr_buf *out);

#endif
