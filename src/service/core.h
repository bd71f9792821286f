/* The heart of a service without its process: the consume loop, the unit of work, inbox, outbox, parked keys.
 *
 * Client, clock and chance are handed in, so that tests drive it step by step on the simulated cluster and a virtual
 * clock; weir_main (service.c) adds configuration, HTTP, signals and the broker's address.
 *
 *        ┌──────────────── wr_core_turn ────────────────┐
 *     poll records, commands → one transaction → commit → answer commands → publish → acknowledged rows are forgotten
 *
 * Any failure of a transaction as a whole (a full disk, a handler's WEIR_FATAL) ends the core: it is crash-only, and
 * what was not committed is read again by the next one. One thread owns a core, and calls turns; with wr_core_start a
 * second one, of the core's own, does what of a turn is Kafka's. wr_core_submit, wr_core_wake, wr_core_health and
 * wr_core_metrics may be called by others. */
#ifndef WR_CORE_H
#define WR_CORE_H

#include <base/buf.h>
#include <base/list.h>
#include <base/trace.h>
#include <client/client.h>
#include <io/io.h>
#include <store/store.h>
#include <weir/service.h>

typedef struct wr_core wr_core;

enum { WR_DEAD_LETTER_SIZE_MAX = 16 << 20 }; /* the producer takes that, and topics made for dead letters */

typedef struct wr_core_options {
    const weir_service *service; /* borrowed for life, as all texts here */
    const char *name;            /* event source and dead letter topic; NULL: service->name */
    const char *group;           /* NULL: name; the prefix is put before it */
    const char *topic_prefix;    /* NULL: none */
    const char *database;        /* see wr_store_open */
    unsigned store_flags;
    int64_t ping_ms; /* how often an idle core asks a database's server whether it is there; 0: 1 s, -1: never */
    wr_client *client;
    const wr_trace *trace;
    wr_io *io;                /* clock and chance */
    const wr_config *config;  /* weir_tx_setting; NULL: fallbacks of service->settings */
    size_t batch_max;         /* events in one transaction; 0: 500 */
    size_t outbox_max;        /* unpublished rows beyond which nothing more is read; 0: 50,000 */
    size_t parked_max;        /* parked events beyond which nothing more is read; 0: 100,000 */
    size_t senders_max;       /* rows of other services' outboxes that are remembered; 0: 1,000,000 */
    const char *attempt_path; /* file that tells the next start which event was at hand; NULL: none, see attempt.c */
    size_t message_size_max;  /* of an emitted event; 0: 1,000,000 */
    int64_t insert_poll_ms;   /* how often an idle core looks for rows that other programs inserted; 0: never */
    const char *insert_topic; /* of those without one; NULL: what the service produces, see outbox_inserts.c */
    int64_t answer_window_ms; /* how long answers to commands with an Idempotency-Key are kept; 0: 1 day */
    int64_t seen_window_ms;   /* how long ids of producers without outbox headers are remembered; 0: 7 days */
    int64_t
        breaker_rejections; /* of breaker_window events that ended, by one handler: the topic pauses; 0: 50, -1: never */
    int64_t breaker_window;    /* 0: 100 */
    int64_t breaker_pause_ms;  /* 0: 30 s */
    const char *redrive_topic; /* into which events are put back for this group; NULL: none is read */
    bool spring_letters;       /* dead letters have Spring's headers, too */
    int linger_ms;             /* of the producer */
    const char *compression;   /* of the producer; NULL: its default */
    /* Tests: called at "handled" (before the commit), "committed" (before publishing), "published" (handed to the
     * producer) and "acknowledged" (before rows are deleted); true ends the turn there, as a crash would. */
    bool (*crash)(void *user, const char *where);
    void *crash_user;
} wr_core_options;

WEIR_MUST_CHECK weir_err wr_core_new(const wr_core_options *options, wr_core **ret_core, weir_failure *failure);
/* Give the side that talks to Kafka a thread of its own: see pipeline.c. Then `crash` is called on both threads. */
WEIR_MUST_CHECK weir_err wr_core_start(wr_core *core, weir_failure *failure);
void wr_core_free(wr_core *core); /* drops what is under way, as a crash would; accepts NULL */

/* One round, waiting up to timeout_ms (-1: as long as it takes) for something to do. An error ends the core. */
WEIR_MUST_CHECK weir_err wr_core_turn(wr_core *core, int timeout_ms, weir_failure *failure);
/* Stop reading, publish what is in the outbox for up to timeout_ms, tell the group the positions. */
WEIR_MUST_CHECK weir_err wr_core_drain(wr_core *core, int timeout_ms, weir_failure *failure);
/* After a turn or a drain that failed: wait up to timeout_ms for the acknowledgements of what is under way and delete what
 * was acknowledged, so that the next start does not publish it again. The failed batch stays undone, and the group hears
 * nothing. Does nothing to a core that has not failed. */
void wr_core_settle(wr_core *core, int timeout_ms);
void wr_core_wake(wr_core *core); /* any thread: end the wait of a turn */

/* A command: work that somebody outside waits for, run in the transaction beside the events of the same batch. */
typedef struct wr_core_command {
    wr_link link;
    weir_status (*run)(struct wr_core_command *command, weir_tx *tx);
    /* After the commit, on the core's thread; status as run returned it, or WEIR_FATAL when nothing was committed, or
     * when that is in doubt. Anything but WEIR_DONE: nothing of this command was committed. */
    void (*done)(struct wr_core_command *command, weir_status status, const char *reason);
    const char *id;          /* of the request; NULL: made. Ids of emitted events derive from it */
    const char *traceparent; /* NULL: a new trace begins */
    weir_arena *arena;       /* the transaction's; must live until done returns */
    char reason[240];        /* the core's */
    weir_status status;
    const char *what; /* for the log: "POST /orders/{id}"; NULL: "command" */
    bool is_wrong;    /* WEIR_FATAL, and only this command: a mistake of the program, which the log has */
    bool in_doubt;    /* the commit itself failed: what a disk said no to may be on it all the same */
} wr_core_command;
/* Any thread. WEIR_E_LIMIT: too many wait. WEIR_E_CLOSED: draining. Else `done` is called exactly once. */
WEIR_MUST_CHECK weir_err wr_core_submit(wr_core *core, wr_core_command *command);

/* Run a read-only function on a read connection, on the calling thread. `what` as of a command. WEIR_FATAL: the log
 * says why, and the reason is for nobody outside. */
weir_status wr_core_query(wr_core *core, const char *what, weir_status (*run)(void *user, weir_tx *tx), void *user,
                          weir_arena *arena, char ret_reason[240]);
/* A mistake of the program found while it ran: fails the transaction with WEIR_FATAL, like weir_exec with wrong SQL. */
weir_status wr_tx_wrong(weir_tx *tx, const char *format, ...) WEIR_PRINTF(2, 3);

/* One JSON object, see health.c; true when the service should get traffic. */
bool wr_core_health(wr_core *core, wr_buf *out);
void wr_core_metrics(wr_core *core, wr_buf *out); /* Prometheus text */
const char *wr_core_outbox_id(const wr_core *core);
size_t wr_core_outbox_count(const wr_core *core); /* rows not acknowledged yet */

#endif
