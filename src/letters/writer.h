/* Writing marks and events, and waiting until they are on the broker's disk. */
#ifndef WR_LETTERS_WRITER_H
#define WR_LETTERS_WRITER_H

#include <letters/marks.h>
#include <letters/scan.h>

enum {
    WR_WRITTEN_SIZE_MAX = (16 << 20) + (1 << 20), /* a dead letter, and what is said of it */
    WR_DELIVERY_MAX_MS = 10000,                   /* then nobody has answered, however long the rest may take */
};

/* ---- letters of one topic, gathered for marks of one kind */
typedef struct wr_place_in {
    int32_t partition;
    int64_t offset;
} wr_place_in;

/* Begins zeroed. */
typedef struct wr_pending {
    wr_place_in *items;
    size_t count, capacity;
} wr_pending;
void wr_pending_fini(wr_pending *pending);
WEIR_MUST_CHECK weir_err wr_pending_add(wr_pending *pending, int32_t partition, int64_t offset);

/* ---- the writer */
typedef struct wr_writer wr_writer;

/* What became of a record. */
typedef struct wr_written {
    bool is_done;
    weir_err err;   /* WEIR_OK: it is on the disk */
    bool is_unsent; /* it is not, for certain; with another error nobody knows */
    int32_t partition;
    int64_t offset;
    char reason[160];
} wr_written;

WEIR_MUST_CHECK weir_err wr_writer_new(const wr_scan *scan, wr_writer **ret_writer, weir_failure *failure);
void wr_writer_free(wr_writer *writer); /* what is under way is dropped; accepts NULL */
/* *ret_written is filled here or by wr_writer_wait, and must live until then. */
void wr_writer_send(wr_writer *writer, const wr_client_record *record, wr_written *ret_written);
/* The marks that say `mark` of what was gathered, in as many records as they need; then nothing is gathered any more. The
 * next wr_writer_wait says whether they were written. */
WEIR_MUST_CHECK weir_err wr_writer_mark(wr_writer *writer, const wr_mark *mark, const char *topic, wr_pending *of,
                                        weir_failure *failure);
/* Behind the last mark of the partition; 0: none was written there. */
int64_t wr_writer_marks_end(const wr_writer *writer, int32_t partition);
/* Until all that was sent is done. An error is one of marks, or nobody has answered. */
WEIR_MUST_CHECK weir_err wr_writer_wait(wr_writer *writer, weir_failure *failure);

#endif
