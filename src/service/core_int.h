/* Between the files of this room. */
#ifndef WR_CORE_INT_H
#define WR_CORE_INT_H

#include <base/map.h>
#include <base/time.h>
#include <base/uuid.h>
#include <event/event.h>
#include <event/letter.h>
#include <event/trace_context.h>
#include <service/core.h>
#include <service/pipeline_int.h>
#include <service/timers_int.h>

#include <pthread.h>
#include <stdatomic.h>

enum {
    TOPIC_COUNT_MAX = 32,
    TOPIC_SIZE_MAX = 250, /* Kafka's own limit is 249 */
    POSITION_COUNT_MAX = 1000000,
    QUEUE_COUNT_MAX = 2000000, /* more than parked.max and batch.max together may be */
    REFUSED_KEY_MAX = 100000,
    HEADER_BLOB_SIZE_MAX = 64 << 20,
    BUCKET_COUNT = 12,
    REASON_SIZE = 240,
    ARENA_SIZE_MAX = 256 * 1024 * 1024,
    READER_COUNT_MAX = 8,
};

typedef atomic_uint_fast64_t counter;

static inline void count_up(counter *of, uint64_t by)
{
    atomic_fetch_add_explicit(of, by, memory_order_relaxed);
}

/* ---- numbers for /metrics: written by the core's thread, read by any */
typedef struct handler_numbers {
    counter done, ignored, retried, rejected;
    counter buckets[BUCKET_COUNT + 1]; /* of durations; the last is +Inf */
    counter total_us;
} handler_numbers;

typedef struct numbers {
    counter events, duplicates, unknown_types, undecodable, below_position, remade, dropped_attributes;
    counter batches, batch_events, commit_us, commands, replayed;
    counter published, acknowledged, refused, republished, set_aside, inserted;
    counter redriven, for_others; /* events that were put back for this group, and for another one */
    counter dead_letters, parked_total, parked_exhausted, breakers_opened, died;
    counter timers_fired;
    atomic_int_fast64_t timers, inserts_bad, outbox_rows, outbox_refused, outbox_aside, outbox_oldest_ms, parked_events,
        parked_keys, partitions;
    handler_numbers *handlers; /* as service->handlers */
    size_t handler_count;
} numbers;

/* ---- a record that outlives its batch: one block of memory, with its link */
typedef struct kept_record {
    wr_link link;
    int64_t sequence; /* outbox */
    int64_t created_ms;
    bool is_in_doubt; /* outbox: an attempt to send it was not answered, and the broker may have it */
    bool is_held;     /* outbox: it was held back for a refusal in doubt, see held.c */
    bool was_refused; /* outbox: itself, and not only one before it; of a row that is held */
    wr_client_record record;
    wr_client_header headers[];
} kept_record;
/* record.topic, key, value, headers are copied; `extra` headers follow them. NULL: memory. */
kept_record *wr_kept_record_new(const wr_client_record *record, const wr_client_header *extra, size_t extra_count);
/* Headers as stored: each is name size (2, up to 32767; else 0xffff and 4 more bytes), name, value size (4, -1 for null),
 * value, big-endian. */
weir_slice wr_headers_encode(const wr_client_header *headers, size_t count, wr_buf *out);
WEIR_MUST_CHECK weir_err wr_headers_decode(weir_slice blob, weir_arena *arena, wr_client_header **ret_headers,
                                           size_t *ret_count);

/* ---- lag.c: what /metrics says of a partition. Written by the core's thread, read by any */
typedef struct shown_lag {
    atomic_bool is_owned;
    atomic_int_fast64_t next;         /* the committed position; below 0: nothing read yet */
    atomic_int_fast64_t pending_ms;   /* timestamp of the oldest record in the batch under way; 0: none is */
    atomic_int_fast64_t last_ms;      /* of the last record handled; 0: none yet */
    atomic_int_fast64_t caught_up_ms; /* when all was last seen to be handled; 0: never */
} shown_lag;

struct position;
/* A partition that is ours for the first time; it lives as long as the core. */
WEIR_MUST_CHECK weir_err wr_lag_add(wr_core *core, struct position *position);
void wr_lag_begin(struct position *position, int64_t timestamp_ms); /* the first record of a batch */
void wr_lag_update(wr_core *core);                                  /* after a turn */
void wr_lag_fini(wr_core *core);
void wr_lag_metrics(wr_core *core, wr_buf *out); /* any thread */

/* ---- inbox */
typedef struct position_wanted { /* by the database side */
    int64_t reading;             /* records that came by another reading of the partition are not handled */
    int64_t from;                /* offset at which it begins, if it does not begin with an assignment */
    bool is_paused;
} position_wanted;

typedef struct position_reader { /* as the consumer has it */
    int64_t reading;
    int64_t told; /* what the group knows; -1: nothing */
    bool is_owned, is_paused;
} position_reader;

typedef struct position {
    char topic[TOPIC_SIZE_MAX];
    int32_t partition;
    int64_t next;                  /* offset to read next; -1001: nothing read yet */
    int64_t epoch;                 /* of our ownership */
    atomic_int_fast64_t committed; /* `next` as of the last commit: what the group may be told */
    bool is_owned, is_changed, is_checked;
    struct read_record *read; /* since it was last known which topic it is: remade.c */
    size_t read_count, read_capacity, replay_at;
    int64_t replay_end; /* up to here a new topic may have been read; 0: there is nothing to read again */
    bool is_held;       /* records from held_offset on were read and are to be given back: a breaker is open */
    int64_t held_offset;
    int64_t last_ms; /* timestamp of the last record handled; 0: none yet */
    shown_lag shown;
    position_wanted wanted; /* under core->lock, which the database side needs for writing alone */
    position_reader reader; /* the Kafka side's */
} position;

typedef struct inbox {
    wr_map *positions;     /* topic NUL partition -> position */
    position *last;        /* records come in runs of one partition */
    struct position **all; /* as they came; under core->lock, which others take to read them */
    size_t count, capacity;
    int64_t pruned_at_ms;
    bool has_held;
} inbox;

WEIR_MUST_CHECK weir_err wr_inbox_load(wr_core *core, weir_failure *failure);
void wr_inbox_fini(wr_core *core);
position *wr_inbox_find(wr_core *core, const char *topic, int32_t partition); /* either side; NULL: none */
/* Between two batches. A failure is kept for the turn under way. */
void wr_inbox_taken(wr_core *core, wr_assignment *assignments, size_t count);
void wr_inbox_given_up(wr_core *core, const wr_assignment *assignments, size_t count);
/* ---- topics that are made anew: remade.c. Within a transaction: */
WEIR_MUST_CHECK weir_err wr_remade_check(wr_core *core, struct position *position, const wr_topic_id *stored,
                                         const wr_topic_id *id, weir_failure *failure);
/* Keeps the record as read, or says whether it was read already of a topic that is read from the start. */
bool wr_remade_was_read(wr_core *core, struct position *position, int64_t offset, const char *id, int64_t sequence);
void wr_remade_forget(struct position *position);
void wr_inbox_identified(wr_core *core, const char *topic, const wr_topic_id *id);
/* Within the transaction, before the first record: whether the partitions are still ours. */
WEIR_MUST_CHECK weir_err wr_inbox_begin(wr_core *core, weir_failure *failure);
/* Whether the record is ours to handle, of the current reading of its partition. */
bool wr_inbox_is_ours(const chunk_item *item);
/* Remembers (source, id) for seen.window; false: it is there. */
WEIR_MUST_CHECK weir_err wr_inbox_see(wr_core *core, const char *source, const char *id, bool *ret_is_new,
                                      weir_failure *failure);
void wr_inbox_admit(wr_core *core, position *position,
                    const wr_client_record *record); /* the position moves behind it */
/* false: the sender's outbox has sent it before. */
WEIR_MUST_CHECK weir_err wr_inbox_is_new(wr_core *core, const wr_client_record *record, const weir_event *event,
                                         bool *ret_is_new, weir_failure *failure);
/* Records that are not to be handled now: their partitions are read again from them, once they are given back. */
void wr_inbox_hold(wr_core *core, position *position, const wr_client_record *record);
void wr_inbox_give_back(wr_core *core);
void wr_inbox_read_from(wr_core *core, position *position, int64_t offset); /* another reading begins there */
void wr_inbox_pause(wr_core *core); /* which partitions are read: those of no open breaker, and none when is_paused */
void wr_inbox_committed(wr_core *core);
WEIR_MUST_CHECK weir_err wr_inbox_write(wr_core *core, weir_failure *failure);

/* ---- numbers of an outbox that were handled: handled.c */
enum { HANDLED_MAX = 131072 }; /* numbers above the floor */
typedef struct handled {
    int64_t floor;  /* everything below was handled, or never comes */
    int64_t *items; /* above it, rising: from `first` up to `end` */
    size_t first, end, capacity;
} handled;

bool wr_handled_has(const handled *handled, int64_t number);
int64_t wr_handled_highest(const handled *handled);
size_t wr_handled_count(const handled *handled); /* of items */
/* Numbers are below INT64_MAX. WEIR_E_MEMORY: as it was. */
WEIR_MUST_CHECK weir_err wr_handled_add(handled *handled, int64_t number);
void wr_handled_raise(handled *handled, int64_t floor);
void wr_handled_cut(handled *handled, int64_t highest); /* what lies above was not handled */
void wr_handled_fini(handled *handled);
void wr_handled_encode(const handled *handled, wr_buf *out); /* the items */
WEIR_MUST_CHECK weir_err wr_handled_decode(weir_slice blob, int64_t floor, handled *ret_handled);

/* ---- senders */
typedef struct sender {
    handled handled;
    int64_t certain, middle; /* the highest number, as of the last look but one and the last one that found the topics
                                known */
    int64_t looks;           /* when these were set */
    bool is_changed;
    char id[WR_UUID_TEXT_SIZE];
    char topic[TOPIC_SIZE_MAX];
    int32_t partition;
} sender;

typedef struct senders {
    wr_map *cached;           /* id topic partition -> sender */
    size_t item_count;        /* numbers that all of them have room for */
    size_t room_at, items_at; /* with so many senders, or numbers, the next sender makes room first */
    sender *last;
    wr_buf above;     /* a sender's numbers as they are stored */
    sender **changed; /* to be written with this batch */
    size_t changed_count, changed_capacity;
    int64_t pruned_at_ms;
} senders;

WEIR_MUST_CHECK weir_err wr_senders_load(wr_core *core, weir_failure *failure);
void wr_senders_fini(wr_core *core);
/* What a record says of its sender's outbox. */
typedef struct outbox_number {
    char id[WR_UUID_TEXT_SIZE];
    int64_t sequence;
    int64_t floor; /* below which the outbox sends nothing again; -1: it does not say */
} outbox_number;
/* Within a transaction: whether the sender's outbox has sent it for the first time. */
WEIR_MUST_CHECK weir_err wr_senders_is_new(wr_core *core, const outbox_number *number, const wr_client_record *record,
                                           bool was_read, bool *ret_is_new, weir_failure *failure);
/* The partition's topic is another: numbers that were handled when that may have been so already count no more. */
WEIR_MUST_CHECK weir_err wr_senders_go_back(wr_core *core, const char *topic, int32_t partition, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_senders_write(wr_core *core, weir_failure *failure);

/* ---- events that kill the process */
typedef struct attempted {
    int64_t offset;
    int32_t partition;
    int attempts;
    char topic[TOPIC_SIZE_MAX];
} attempted;

typedef struct attempts {
    wr_file *file; /* NULL: not asked for, or it cannot be written */
    bool is_marked;
    weir_arena *rows;
    attempted *items; /* by an earlier life */
    size_t count;
} attempts;

WEIR_MUST_CHECK weir_err wr_attempts_load(wr_core *core, weir_failure *failure);
void wr_attempts_fini(wr_core *core);
/* parked_id: its row of weir_parked; 0 when it is handled as it was read. */
void wr_attempt_begin(wr_core *core, const wr_client_record *record, int64_t parked_id);
void wr_attempt_end(wr_core *core, weir_err err); /* of the batch, and how it ended */
/* How often the process died while it handled this record, not counting what is in weir_parked. */
WEIR_MUST_CHECK weir_err wr_attempts_forget(wr_core *core, const char *topic, int32_t partition, weir_failure *failure);
int wr_attempts_of(const wr_core *core, const wr_client_record *record);

/* ---- the clock by which everything waits: milliseconds that never jump, see clock.c */
int64_t wr_clock_ms(const wr_core *core);
WEIR_MUST_CHECK weir_err wr_clock_load(wr_core *core, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_clock_write(wr_core *core, weir_failure *failure); /* within a transaction */

/* ---- outbox */
typedef enum outbox_state { /* as stored: outbox_table.c */
                            OUTBOX_TO_PUBLISH = 0,
                            OUTBOX_REFUSED = 1,
                            OUTBOX_BEHIND = 2,
                            OUTBOX_TO_SET_ASIDE = 3,
} outbox_state;

typedef struct outbox_mark { /* a state that the next transaction writes */
    wr_link link;
    int64_t sequence, sent_to;
    int64_t refusal; /* number of the refusal, see publisher.c */
    outbox_state state;
    char reason[160];
} outbox_mark;

typedef struct outbox { /* the database's side of it */
    char id[WR_UUID_TEXT_SIZE];
    int64_t next_sequence;   /* the one after the last committed or emitted */
    int64_t stored_sequence; /* as in the database */
    wr_list fresh;           /* emitted in this transaction */
    size_t fresh_count;
    size_t refused_count; /* rows that stay in the table: refused, or behind a refused one */
    size_t aside_count;   /* records in weir_set_aside */
    wr_list marks;        /* outbox_mark: not written yet */
    wr_list too_large;    /* dead letters that the next transaction sets aside */
    int64_t marked_to;    /* number of the last refusal that is written */
    int64_t retry_due_ms; /* when refused rows are tried again; 0: there are none */
    int64_t first_own;    /* the first number of this life: rows below may have been published by an earlier one */
    size_t held_count;    /* rows that the publisher holds back */
    int64_t loaded_to;    /* rows up to here were given to the publisher or are gone */
    bool is_loading;      /* more rows lie in the table */
    bool is_in_doubt;     /* written by a transaction of which is not known whether it was committed */
    wr_list written_marks, written_too_large; /* by the transaction under way */
    bool others_wait;                         /* the publisher has rows that it has not sent */
    int64_t done_below;                       /* no row below waits to be published or acknowledged */
    int64_t deleted_below;                    /* rows below are gone from the table */
    int64_t floor;                            /* as committed: no number below is sent again */
    char floor_text[24];
    int64_t delete_due_ms; /* 0: nothing to delete */
} outbox;

void wr_outbox_init(wr_core *core);
WEIR_MUST_CHECK weir_err wr_outbox_load(wr_core *core, weir_failure *failure);
void wr_outbox_fini(wr_core *core);
/* Errors: WEIR_E_USAGE a bad name of a topic, WEIR_E_LIMIT larger than size_max with all that Kafka adds. */
WEIR_MUST_CHECK weir_err wr_outbox_append(wr_core *core, const wr_client_record *record, size_t size_max,
                                          weir_failure *failure);
size_t wr_outbox_size(const wr_client_record *record);   /* of a batch that holds nothing else */
void wr_outbox_undo(wr_core *core, int64_t to_sequence); /* forget what was appended at and after it */
WEIR_MUST_CHECK weir_err wr_outbox_write(wr_core *core, weir_failure *failure); /* deletions and marks, before commit */
/* A transaction for that alone, the last of this core; nothing when an earlier commit is in doubt. */
WEIR_MUST_CHECK weir_err wr_outbox_write_last(wr_core *core, weir_failure *failure);
void wr_outbox_rolled_back(wr_core *core);
void wr_outbox_committed(wr_core *core);
void wr_outbox_take_results(wr_core *core); /* the publisher's */
WEIR_MUST_CHECK weir_err wr_outbox_load_due(wr_core *core, weir_failure *failure);
bool wr_outbox_wants_write(const wr_core *core, bool is_idle);
int64_t wr_outbox_due_ms(const wr_core *core); /* when it has something to do; INT64_MAX: it waits for others */

/* Between outbox.c and outbox_table.c. */
void wr_outbox_raise_floor(outbox *outbox, int64_t floor); /* what makes it so is committed */
kept_record *wr_outbox_row_new(wr_core *core, int64_t sequence, const wr_client_record *record);
void wr_outbox_retry_later(wr_core *core);
bool wr_outbox_has_marks(const wr_core *core);
WEIR_MUST_CHECK weir_err wr_outbox_table_retry(wr_core *core, int64_t *ret_count, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_table_number(wr_core *core, weir_failure *failure);
/* Rows in the state OUTBOX_TO_SET_ASIDE become records of weir_set_aside. */
WEIR_MUST_CHECK weir_err wr_outbox_table_set_aside(wr_core *core, weir_failure *failure);
/* Numbers of held rows that an operator wants set aside, ascending; the caller frees them. */
WEIR_MUST_CHECK weir_err wr_outbox_table_skipped(wr_core *core, int64_t **ret_sequences, size_t *ret_count,
                                                 weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_table_mark(wr_core *core, const outbox_mark *mark, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_table_insert(wr_core *core, const kept_record *row, const wr_client_record *record,
                                                weir_slice headers, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_table_delete(wr_core *core, int64_t from, int64_t below, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_table_load_more(wr_core *core, weir_failure *failure);
/* Keep a record in weir_set_aside instead of publishing it; within a transaction. */
WEIR_MUST_CHECK weir_err wr_outbox_set_aside(wr_core *core, const wr_client_record *record, const char *reason,
                                             int64_t *ret_id, weir_failure *failure);

/* ---- rows that other programs insert: outbox_inserts.c */
typedef struct inserted_bad {
    int64_t number;
    char reason[REASON_SIZE];
} inserted_bad;

typedef struct inserts {
    int64_t due_ms;        /* when a core that has nothing else to do looks for them */
    int64_t delay_ms;      /* between the last two looks */
    int64_t counted_at_ms; /* when the bad ones were counted */
    bool has_more;         /* than one transaction takes: nothing else is done before those up to `last` are taken */
    int64_t last;          /* number of the last row that was there then */
    size_t command_count;  /* how many commands were put back then */
    inserted_bad *bad;
    size_t bad_count, bad_capacity;
    int64_t *taken; /* numbers, of one statement */
    size_t taken_count;
    int logged;
} inserts;

WEIR_MUST_CHECK weir_err wr_inserts_load(wr_core *core, weir_failure *failure);
void wr_inserts_fini(wr_core *core);
int64_t wr_inserts_due_ms(const wr_core *core); /* INT64_MAX: never */
/* Whether a transaction for them is worth it; false when it is not time yet. */
WEIR_MUST_CHECK weir_err wr_inserts_look(wr_core *core, bool *ret_any, weir_failure *failure);
/* At the beginning of a transaction: they become rows of the outbox. */
WEIR_MUST_CHECK weir_err wr_inserts_take(wr_core *core, bool has_commands, weir_failure *failure);

/* ---- parked keys */
typedef struct parked_queue {
    int64_t due_ms;
    int64_t count;
    size_t size;
    uint8_t name[];
} parked_queue;

typedef struct parked {
    wr_map *queues; /* by topic and key */
    int64_t event_count;
    int64_t next_due_ms; /* INT64_MAX: none */
    int64_t look_due_ms; /* when an operator's wishes are looked for */
} parked;

WEIR_MUST_CHECK weir_err wr_parked_load(wr_core *core, weir_failure *failure);
void wr_parked_fini(wr_core *core);
/* Once a second, outside of a transaction: what an operator wants done with heads of queues (parked_admin.c). */
WEIR_MUST_CHECK weir_err wr_parked_look(wr_core *core, weir_failure *failure);
int64_t wr_parked_due_ms(const wr_core *core); /* of the next head or look; INT64_MAX: nothing is parked */
bool wr_parked_holds(wr_core *core, const wr_client_record *record);
/* Behind its key's queue; attempts 0 for one that only waits. */
WEIR_MUST_CHECK weir_err wr_parked_add(wr_core *core, const wr_client_record *record, int attempts, int64_t due_ms,
                                       const char *reason, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_parked_run_due(wr_core *core, weir_failure *failure);

/* ---- events that were put back for this group: redriven.c */
/* Texts are in the arena of the event at hand. */
WEIR_MUST_CHECK weir_err wr_redriven_find(wr_core *core, const wr_client_record *record, bool *ret_is_one,
                                          wr_redriven *ret_redriven, weir_failure *failure);
bool wr_redriven_is_for_others(wr_core *core, const wr_redriven *redriven); /* and counts it */
WEIR_MUST_CHECK weir_err wr_redriven_is_new(wr_core *core, const wr_redriven *redriven, bool *ret_is_new,
                                            weir_failure *failure);
void wr_redriven_place(const wr_redriven *redriven, weir_event *event); /* where it stood first, but for its topic */
weir_slice wr_redriven_home(const wr_client_record *record);            /* the topic with whose keys it waits */

/* ---- dead letters */
WEIR_MUST_CHECK weir_err wr_dead_letter(wr_core *core, const wr_client_record *record, const char *reason,
                                        const char *error, const char *handler, int attempts, weir_failure *failure);
/* Whether this is a letter that has its body yet. */
bool wr_dead_letter_may_be_set_aside(const wr_core *core, const wr_client_record *record);
/* Keep a whole letter in the database and publish a short one in its place; within a transaction. */
WEIR_MUST_CHECK weir_err wr_dead_letter_set_aside(wr_core *core, const wr_client_record *letter, weir_failure *failure);

/* ---- breakers: see breaker.c */
typedef enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_TRYING } breaker_state;
typedef struct breaker breaker;
typedef struct breakers {
    breaker *items; /* a row a topic: one a handler, and one for what reaches none */
    size_t last_topic;
    int open_count;
} breakers;
WEIR_MUST_CHECK weir_err wr_breakers_init(wr_core *core);
void wr_breakers_fini(wr_core *core);
/* Whether the record's topic is not to be handled now. */
bool wr_breaker_holds(wr_core *core, const char *topic);
/* An event has ended: as a dead letter, or otherwise. handler NULL: it reached none. */
void wr_breaker_count(wr_core *core, const wr_client_record *record, const weir_handler *handler, bool was_rejected);
int64_t wr_breaker_due_ms(const wr_core *core); /* INT64_MAX: none is open */
void wr_breakers_try(wr_core *core);
/* Any thread: whether one is open; and ,"paused":["topic"] for /readyz when one is. */
bool wr_breakers_any_open(const wr_core *core);
void wr_breakers_print(const wr_core *core, wr_buf *out);

/* ---- a transaction as handlers see it */
struct weir_rows {
    weir_tx *tx;
    wr_statement *statement; /* NULL: ended */
    wr_link link;
};

struct weir_tx {
    wr_core *core;
    wr_store *store;
    weir_arena *arena;
    bool is_read_only;
    weir_status status;
    weir_err err;            /* behind a WEIR_FATAL */
    bool is_wrong;           /* a WEIR_FATAL that is the program's fault: wrong SQL, an event without a type, … */
    bool is_database_reason; /* the reason is the database's words: for the log and dead letters, not for clients */
    char reason[REASON_SIZE];
    const wr_client_record *record; /* the event's, and the event; NULL in a route */
    const weir_event *event;
    const char *what;      /* in a route: "POST /orders/{id}" */
    const char *origin_id; /* the event or request that is handled */
    const char *correlationid, *causationid, *tracestate;
    char traceparent[WR_TRACEPARENT_SIZE];
    uint32_t emit_count;
    int64_t now_ms;
    char now_text[WR_TIME_TEXT_SIZE];
    int64_t changes;
    wr_list rows; /* open queries */
    weir_rows none;
};

void wr_tx_init(weir_tx *tx, wr_core *core, wr_store *store, weir_arena *arena);
void wr_tx_trace(weir_tx *tx, const char *traceparent);
void wr_tx_end(weir_tx *tx); /* ends open queries */
/* Ends open queries; the status that counts, after the handler has returned one. */
weir_status wr_tx_settle(weir_tx *tx, weir_status returned);
/* What was done since the savepoint is kept. A foreign key that it leaves open makes *status WEIR_REJECT instead. */
WEIR_MUST_CHECK weir_err wr_tx_keep(weir_tx *tx, weir_status *status, weir_failure *failure);
weir_status wr_tx_fail(weir_tx *tx, weir_status status, const char *format, ...) WEIR_PRINTF(3, 4);
/* The same for a call that failed with `err`: whose fault it is decides about the status. */
weir_status wr_tx_call_failed(weir_tx *tx, weir_err err, const weir_failure *failure);
/* A line for a request that ended with `status`, as far as its answer does not say what happened. */
void wr_tx_log_failure(const weir_tx *tx, weir_status status, const char *what);
/* The reason as those outside may read it: without the database's words. */
const char *wr_tx_reason_outside(const weir_tx *tx);

/* What a handler or a command did: how far to go back in memory, as the store does to its savepoint. */
typedef struct undo_mark {
    int64_t sequence, timer_change;
} undo_mark;
undo_mark wr_undo_mark(const wr_core *core);
WEIR_MUST_CHECK weir_err wr_undo_to(wr_core *core, undo_mark mark, weir_failure *failure);

/* ---- handling one record */
typedef enum outcome { OUTCOME_OVER, OUTCOME_RETRY } outcome;
typedef struct handling {
    outcome outcome;
    bool is_unknown_type; /* no handler of any version has it */
    const weir_handler *handler;
    int attempts; /* with this one */
    char reason[REASON_SIZE];
} handling;
/* Decode, unless the event was decoded ahead (else NULL), find the handler, run it in a savepoint; rejects are
 * dead-lettered here. `attempts` is how often it was tried before. An error ends the batch. */
WEIR_MUST_CHECK weir_err wr_handle(wr_core *core, const wr_client_record *record, const weir_event *ahead, int attempts,
                                   bool check_known, handling *ret_handling, weir_failure *failure);
/* NULL: none. *ret_is_known: there is one of some version. */
const weir_handler *wr_handler_find(const wr_core *core, const weir_event *event, bool *ret_is_known);
int64_t wr_retry_delay_ms(wr_core *core, const weir_retry_policy *policy, int attempts);
int wr_retry_max(const weir_retry_policy *policy);
int64_t wr_retry_max_ms(const weir_retry_policy *policy); /* its longest delay */
int64_t wr_bucket_us(int bucket);                         /* upper bounds of the duration histogram */

/* ---- the core */
struct wr_core {
    wr_core_options options;
    const weir_service *service;
    const char *name, *prefix;
    char group[TOPIC_SIZE_MAX], dead_letter_topic[TOPIC_SIZE_MAX];
    char database_shown[300]; /* without a password */
    int64_t ping_due_ms; /* when a core that has nothing to do asks whether its server is there; INT64_MAX: never */
    const char *topics[TOPIC_COUNT_MAX + 1]; /* what the service consumes; and what is put back for it */
    char *topics_text;
    size_t topic_count;
    wr_io *io;
    const wr_trace *trace;
    wr_store *store;
    reader reader;
    publisher publisher;
    handoff handoff;
    weir_arena *arena;    /* of the event at hand */
    size_t send_size_max; /* what our producer takes */
    struct {
        int64_t base_ms, written_ms;
    } clock;
    inbox inbox;
    senders senders;
    attempts attempts;
    int64_t looks;    /* of the consumer's, before the poll that brought the record at hand */
    int attempts_max; /* of the handler that has most */
    outbox outbox;
    inserts inserts;
    int64_t answers_pruned_at_ms; /* idempotency.c */
    parked parked;
    timers timers;
    breakers breakers;
    numbers numbers;
    wr_list batch;       /* chunk: what is handled */
    bool is_paused;      /* nothing is read: the outbox or the parked table is too long */
    bool is_broken;      /* a turn failed */
    weir_err assign_err; /* of a change of partitions */
    weir_failure assign_failure;
    atomic_bool is_assigned, is_draining, is_unreachable, is_behind;
    atomic_bool is_threaded; /* the Kafka side has a thread */
    pthread_t client_thread;

    pthread_mutex_t lock;                          /* the queue of commands, the readers, the handoff */
    char unreachable_reason[WR_REACH_REASON_SIZE]; /* under lock */
    wr_list commands;
    size_t command_count;
    wr_store *readers[READER_COUNT_MAX];
    size_t reader_count;
};

bool wr_core_crash(wr_core *core, const char *where);
/* One transaction for core->batch, which has `count` records, and all else that is due. */
WEIR_MUST_CHECK weir_err wr_batch_run(wr_core *core, size_t count, bool *ret_did, weir_failure *failure);
/* Tell all that wait to come again: for a while no transaction can be begun. */
void wr_batch_refuse_commands(wr_core *core);
WEIR_MUST_CHECK weir_err wr_meta_get(wr_store *store, const char *key, char *ret_text, size_t size, bool *ret_found,
                                     weir_failure *failure);
/* Errors: WEIR_E_CORRUPT when what stands there is no number. */
WEIR_MUST_CHECK weir_err wr_meta_get_number(wr_core *core, const char *key, int64_t *ret_number, bool *ret_found,
                                            weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_meta_set(wr_store *store, const char *key, const char *text, weir_failure *failure);
/* Add to a number, which is 0 while there is none and never less. */
WEIR_MUST_CHECK weir_err wr_meta_add(wr_store *store, const char *key, int64_t by, int64_t *ret_number,
                                     weir_failure *failure);
/* For tools. WEIR_E_UNSUPPORTED: this is no service's database, or its tables are of an earlier version than that. */
WEIR_MUST_CHECK weir_err wr_meta_check_version(wr_store *store, int version_min, weir_failure *failure);

#endif
