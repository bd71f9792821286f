/* Marks: what has become of letters, written behind them into their own partition. Each is an event (CloudEvents, binary
 * mode), so that a service that reads the topic passes it over as one of an unknown type; the rest stands in headers:
 *
 *   ce_type                 weir.deadletter.sending, .redriven, .edited, .dropped, .reopened
 *   weir-dlq-mark           the same word
 *   weir-dlq-mark-offsets   of which letters of this partition: "17-40,42"
 *   weir-dlq-mark-to        sending, redriven: the topic
 *   weir-dlq-mark-ends      sending: where that topic ended: "0:1043,1:77" by partition. What is sent lies behind
 *   weir-dlq-mark-run       sending, redriven: what is put behind the letters' ids; not there: nothing
 *   weir-dlq-mark-by        sending: an id of the process; reopened: of the one that was sending
 *   weir-dlq-mark-reason    dropped: why; edited: what was changed
 *   weir-dlq-set-NAME       edited: a header of the event that has this value from now on
 *   value                   edited: the value from now on, if `weir-dlq-mark-value` is there; else null
 *
 * "sending" is written before, "redriven" after letters are put back, so whoever finds the first without the second looks
 * behind those ends for what was sent. "reopened" says of some that they were not sent after all.
 *
 * Read in order, the last mark of a letter counts, but two that change nothing unless it is in the state that they are
 * for: so of two processes that began at the same time the log says which has a letter, and both read there who has it.
 *
 *   sending    of letters that are open; with a run also of those that were redriven or dropped
 *   reopened   of letters that are being sent by that process
 *
 * An edit holds all that was changed so far. The key is null. A topic that is compacted takes no records without a key, and loses letters anyway. */
#ifndef WR_MARKS_H
#define WR_MARKS_H

#include <letters/ranges.h>

typedef enum wr_mark_kind {
    WR_MARK_SENDING,
    WR_MARK_REDRIVEN,
    WR_MARK_EDITED,
    WR_MARK_DROPPED,
    WR_MARK_REOPENED,
} wr_mark_kind;

enum { WR_MARK_RANGES_MAX = 1000, WR_MARK_ENDS_MAX = 10000, WR_MARK_SETS_MAX = 40, WR_RUN_SIZE = 24, WR_BY_SIZE = 40 };

typedef struct wr_mark_end {
    int32_t partition;
    int64_t offset;
} wr_mark_end;

typedef struct wr_mark {
    wr_mark_kind kind;
    wr_range *ranges; /* first and last */
    size_t range_count;
    const char *to; /* NULL: none */
    wr_mark_end *ends;
    size_t end_count;
    const char *run; /* "": none */
    const char *by;  /* "": none */
    const char *reason;
    bool has_value; /* edited */
    weir_slice value;
    wr_client_header *sets; /* edited */
    size_t set_count;
    int64_t at_ms; /* reading: the record's timestamp */
} wr_mark;

bool wr_mark_is(const wr_client_record *record);
/* The record that says it, for that partition, in the arena. `id` is the event's. WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_mark_write(const wr_mark *mark, const char *topic, int32_t partition, const char *id,
                                       int64_t now_ms, weir_arena *arena, wr_client_record *ret_record);
/* Texts are in the arena, the value borrows from the record. WEIR_E_FORMAT: it is one that is not understood (of a later
 * weir, or broken); WEIR_E_MEMORY. */
WEIR_MUST_CHECK weir_err wr_mark_read(const wr_client_record *record, weir_arena *arena, wr_mark *ret_mark);

/* The id of the letter when it is put back: "TOPIC/PARTITION@OFFSET/TIMESTAMP[/RUN]". NULL: memory. */
const char *wr_redrive_id_print(weir_arena *arena, const char *topic, int32_t partition, int64_t offset,
                                int64_t timestamp_ms, const char *run);
typedef struct wr_redrive_id {
    wr_letter_name letter;
    int64_t timestamp_ms;
    char run[WR_RUN_SIZE];
} wr_redrive_id;
WEIR_MUST_CHECK weir_err wr_redrive_id_parse(weir_slice id, wr_redrive_id *ret_id); /* WEIR_E_FORMAT */

#endif
