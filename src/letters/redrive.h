/* Putting dead letters back for the one group that failed on each, and dropping them.
 *
 *   open letters ─ chosen ─► "sending" ─► the events, key by key in order ─► "redriven"
 *                            (a mark)     (GROUP.redrive)                    (a mark)
 *
 * A run is cut into batches, and each goes these three steps. One that is killed leaves letters that are marked as being
 * sent. The next run looks behind where the target ended when that was written: what it finds there is marked as redriven,
 * the rest is open again. So nothing is lost, and nothing is put back twice but what a request of the killed process
 * brought to the broker after that look; a service of weir knows that by weir-redrive-id (service/redriven.c).
 *
 * Order: letters are put back in the order in which they lie in their partition; one key has one event under way at a time,
 * so that none overtakes another of its key, whatever the broker refuses; the first refusal ends the run.
 *
 * Two runs at once: after "sending" is written a run reads in the log which of its letters it has, and leaves the others
 * (marks.h). A run that finds letters being sent waits for QUIET_MS, and gives up when there are newer ones then;
 * one that sends begins nothing more of a batch after HOLD_MS, and announces the rest anew. A process that stands still in
 * between for longer than that is not seen; then only the id tells. */
#ifndef WR_REDRIVE_H
#define WR_REDRIVE_H

#include <letters/book.h>
#include <letters/where.h>

/* Why a letter is left. */
typedef enum wr_left {
    WR_LEFT_NOT_CHOSEN, /* the clause does not hold */
    WR_LEFT_HANDLED,    /* redriven or dropped already */
    WR_LEFT_IN_DOUBT,   /* a run that was killed may have put it back, and its topic does not tell any more */
    WR_LEFT_TOO_OFTEN,  /* it came back redrives_max times already */
    WR_LEFT_NO_GROUP,   /* it does not say whose it is, or where it stood first */
    WR_LEFT_NO_TOPIC,   /* the group has no topic for it: it is no service of weir, or one that was never started */
    WR_LEFT_COMPACTED,  /* the topic keeps the last of each key alone, and this would be it */
    WR_LEFT_BODY,       /* its value is in the service's database: weir outbox requeue */
    WR_LEFT_TOO_LARGE,
    WR_LEFT_OTHER_RUN,
    WR_LEFT_COUNT,
} wr_left;
const char *wr_left_text(wr_left why);

enum { WR_REDRIVE_TARGETS_MAX = 1000, WR_REDRIVES_MAX = 3, WR_REDRIVE_BATCH_MAX = 500 };

typedef struct wr_redrive_options {
    wr_scan scan;
    wr_book_part part;
    const wr_where *where; /* NULL: all */
    bool for_everyone;     /* not only for the group that failed: by default to where each stood first */
    const char *topic; /* NULL: GROUP.redrive, which that group alone reads; or, for everyone, where each stood first */
    int64_t rate;      /* letters a second; 0: as fast as they go */
    int64_t limit;     /* letters; 0: all */
    int64_t redrives_max; /* 0: WR_REDRIVES_MAX */
    bool force;           /* more often, and into compacted topics */
    bool again;           /* what was redriven or dropped, and what is in doubt */
    bool dry_run;
    size_t batch_max; /* 0: WR_REDRIVE_BATCH_MAX */
    /* Waits; true when somebody wants the run to stop. Never NULL, unless it is a dry run without rate. */
    bool (*wait)(void *user, int64_t ms);
    void (*tell)(void *user, const char *sentence); /* what takes its time; NULL: nobody listens */
    void *user;
    /* Tests: called between the steps; true ends the run there, as a SIGKILL would. */
    bool (*crash)(void *user, const char *where);
} wr_redrive_options;

typedef struct wr_redrive_count {
    char topic[WR_TOPIC_NAME_SIZE];
    int64_t count;
} wr_redrive_count;

typedef struct wr_redrive_result {
    int64_t chosen, sent; /* a dry run sends none */
    int64_t found;        /* of a run that was killed: put back already */
    int64_t left[WR_LEFT_COUNT];
    char example[WR_LEFT_COUNT][300]; /* the name of the first of them */
    char missing[WR_TOPIC_NAME_SIZE]; /* the topic that the first WR_LEFT_NO_TOPIC has not */
    int64_t overtaken;                /* chosen ones, in front of which an open letter of their key is left */
    wr_redrive_count targets[WR_REDRIVE_TARGETS_MAX];
    size_t target_count;
} wr_redrive_result;

/* *ret_result is filled also on failure, with what was done before. Errors: WEIR_E_AGAIN another run is at it;
 * WEIR_E_CLOSED stopped; WEIR_E_UNSUPPORTED marks of a later weir, unless `force`; those of a book, of marks and of the
 * target. */
WEIR_MUST_CHECK weir_err wr_redrive_run(const wr_redrive_options *options, const char *topic,
                                        wr_redrive_result *ret_result, weir_failure *failure);

/* Marks the chosen ones that are open, or in doubt, as dropped, for that reason. Errors and result as above; a limit
 * holds. */
WEIR_MUST_CHECK weir_err wr_drop_run(const wr_redrive_options *options, const char *topic, const char *reason,
                                     wr_redrive_result *ret_result, weir_failure *failure);

#endif
