/* Between choosing letters (redrive.c), sending them (redrive_send.c) and clearing up after a killed run
 * (redrive_settle.c). */
#ifndef WR_REDRIVE_INT_H
#define WR_REDRIVE_INT_H

#include <base/map.h>
#include <letters/redrive.h>
#include <letters/writer.h>

enum {
    HOLD_MS = 3000,
    QUIET_MS = HOLD_MS + WR_DELIVERY_MAX_MS + 2000,
    LONG_AGO_MS = 3600 * 1000,
    LETTERS_SIZE_MAX = 16 << 20, /* of a batch: beyond it the batch is sent */
    ARENA_MAX = 256 << 20,
    KEYS_MAX = 1000000,
};

/* A topic, and what stands behind the ids of what is put back there: marks say both. */
typedef struct target {
    char topic[WR_TOPIC_NAME_SIZE], run[WR_RUN_SIZE];
    bool exists, is_compacted, is_looked_at;
    size_t size_max; /* of a batch with one record */
    wr_mark_end *ends;
    size_t end_count;
    size_t in_result;    /* its place there */
    wr_pending redriven; /* of the batch before: not marked yet */
    wr_pending chosen;   /* of this one */
} target;

typedef struct sent_letter {
    int32_t partition; /* of the dead letter topic */
    int64_t offset;
    target *target;
    wr_client_record record;
    uint64_t key;         /* hash; 0: it has none */
    const char *doubt_by; /* whose process may have sent it; NULL: nobody's */
    wr_written written;
} sent_letter;

typedef struct run {
    const wr_redrive_options *options;
    wr_book *book;
    wr_redrive_result *result;
    wr_writer *writer;
    weir_arena *letters; /* of the batch */
    weir_arena *scratch; /* of the letter at hand */
    weir_arena *targets_memory;
    wr_map *targets;   /* by both */
    wr_map *left_keys; /* hashes of keys of which an open letter was left */
    sent_letter *batch;
    size_t batch_count, batch_max;
    char again[WR_RUN_SIZE];
    char by[WR_BY_SIZE];
    int64_t due_us; /* when the next letter may be sent */
} run;

WEIR_MUST_CHECK weir_err wr_redrive_target_get(run *run, const char *topic, const char *id_end, target **ret_target,
                                               weir_failure *failure);
/* The batch, and the marks around it. */
WEIR_MUST_CHECK weir_err wr_redrive_flush(run *run, weir_failure *failure);
/* The marks that are left. */
WEIR_MUST_CHECK weir_err wr_redrive_finish(run *run, weir_failure *failure);
/* What has become of the letters that a killed run was sending. Opens the book anew when it has waited. */
WEIR_MUST_CHECK weir_err wr_redrive_settle(run *run, weir_failure *failure);

bool wr_redrive_crash(const run *run, const char *where);
WEIR_MUST_CHECK weir_err wr_redrive_crashed(weir_failure *failure);

#endif
