/* The two sides of a service and what passes between them; included by core_int.h. The walk is told in pipeline.c.
 *
 * Members say whose they are: `reader` and `publisher` are the Kafka side's alone, `handoff` is what both reach, under
 * core->lock; all other members of a core are the database side's. */
#ifndef WR_PIPELINE_INT_H
#define WR_PIPELINE_INT_H

#include <base/list.h>
#include <base/map.h>
#include <client/client.h>
#include <event/kafka.h>

#include <pthread.h>
#include <stdatomic.h>

enum { READ_SIZE_MAX = 16 << 20 }; /* bytes that are read and wait to be handled, beyond which no poll begins */

struct wr_core;
struct position;

/* What one poll has brought: from the reader to the handlers, and back to be freed. */
typedef struct chunk_item {
    struct position *position; /* NULL: it is nobody's */
    int64_t reading;           /* see position.wanted */
    const weir_event *event;   /* decoded ahead, in the chunk's arena; NULL: it is not */
} chunk_item;

typedef struct chunk {
    wr_link link;
    wr_polled *polled;
    const wr_client_record *records;
    size_t count, size; /* bytes */
    int64_t looks;      /* of the consumer's, before the poll: a later one will say which topic this was */
    weir_arena *arena;
    chunk_item items[];
} chunk;

typedef struct reader { /* reader.c */
    wr_consumer *consumer;
    struct position *last;        /* records come in runs of one partition */
    int64_t looks;                /* before the poll under way */
    int64_t told_at_ms;           /* when the group was told positions */
    int64_t unreachable_since_us; /* monotonic */
} reader;

typedef struct publisher { /* publisher.c */
    wr_producer *producer;
    wr_list waiting, sent; /* committed rows, in order of sequence but for those that were held back */
    size_t waiting_count, sent_count;
    wr_list held;             /* rows that were refused and are in doubt, and what follows them of their keys */
    wr_map *held_keys;        /* topic NUL key: of these */
    size_t held_count;        /* rows that were held back and are not over: in any list */
    int64_t held_low;         /* no number of theirs is below */
    int64_t held_due_ms;      /* when they are sent again */
    int64_t taken_to;         /* the highest number that was taken over */
    int64_t sent_to;          /* the highest number handed to a producer, as far as is known */
    wr_map *refused_keys;     /* topic NUL key -> refused_key */
    bool all_keys_wait;       /* more keys were refused than can be told apart */
    int64_t all_keys_sent_to; /* as refused_key.sent_to, for all of them */
    int64_t all_keys_refusal; /* as refused_key.refusal */
    int64_t refusals;         /* rows refused so far: each has a number */
    int refusals_logged;
    bool is_broken;       /* the producer must be made anew */
    int64_t renew_due_ms; /* not before; 0 once something was acknowledged */
    int64_t renew_delay_ms;
    bool is_one_by_one; /* the next producer sends every record in a batch of its own */
    bool producer_is_one_by_one;
    bool is_out_of_memory;
    wr_list marks, too_large; /* to be handed over */
    bool retries_now;
    size_t acknowledged; /* rows, since the last handing over */
} publisher;

typedef struct handoff {
    /* from the reader: read, to be handled; never more than batch.max records */
    wr_list chunks;
    size_t read_count, read_size;
    size_t put_back_count; /* chunks in front that a batch has given back unhandled */
    wr_list spent;         /* and back */
    bool may_read;
    bool has_wishes; /* a position's `wanted` is another than the reader has it */
    /* to the publisher */
    wr_list rows;      /* committed, in order of sequence */
    int64_t forget_to; /* refusals up to this number are over */
    int64_t *skipped;  /* held rows that an operator wants set aside: their numbers, ascending */
    size_t skipped_count;
    /* from the publisher: what the next transaction writes */
    wr_list marks, too_large;
    int64_t done_below;   /* no row below waits to be published or acknowledged */
    size_t acknowledged;  /* rows, since they were taken */
    size_t waiting_count; /* rows that the publisher has and has not sent */
    size_t held_count;    /* as publisher.held_count */
    bool retries_now;
    /* the Kafka side asks the database side to run something, and waits */
    void (*ask)(struct wr_core *core, void *what);
    void *ask_what;
    bool is_asking, asks_are_refused;
    /* threads */
    weir_err client_err; /* why the Kafka side has ended */
    weir_failure client_failure;
    bool is_stopping, is_last_word_due, has_ended;
    bool main_is_woken, client_is_woken;
    pthread_cond_t main_changed, client_changed;
} handoff;

/* ---- pipeline.c */
WEIR_MUST_CHECK weir_err wr_pipeline_init(struct wr_core *core);
void wr_pipeline_fini(struct wr_core *core);
/* Stop the Kafka side's thread; `tell`: the group is told the positions as its last word. Does nothing without one. */
void wr_pipeline_stop(struct wr_core *core, bool tell);
/* Run it on the database side, between two batches, and wait for that. False: it was not run, the core is ending. */
bool wr_pipeline_ask(struct wr_core *core, void (*run)(struct wr_core *core, void *what), void *what);
void wr_pipeline_refuse_asks(struct wr_core *core); /* from now on: the core is ending */
/* The database side waits until there is something to do, and runs what it is asked. An error: the other side's. */
WEIR_MUST_CHECK weir_err wr_pipeline_wait(struct wr_core *core, int timeout_ms, weir_failure *failure);
void wr_pipeline_wake_client(struct wr_core *core); /* any thread */
void wr_pipeline_wake_main(struct wr_core *core);   /* any thread */
/* What was read becomes core->batch, or only what was put back; how many records. */
size_t wr_pipeline_take(struct wr_core *core, bool only_put_back);
void wr_pipeline_put_back(struct wr_core *core); /* core->batch was not handled: the next take has it again, in front */
void wr_pipeline_give_back(struct wr_core *core); /* core->batch is done with */
void wr_pipeline_may_read(struct wr_core *core, bool may_read);

/* ---- reader.c; on the Kafka side unless it says otherwise */
WEIR_MUST_CHECK weir_err wr_reader_apply(struct wr_core *core, weir_failure *failure);
/* Waits up to timeout_ms for the first record. *ret_did: there was room, and a poll. */
WEIR_MUST_CHECK weir_err wr_reader_poll(struct wr_core *core, int timeout_ms, bool *ret_did, weir_failure *failure);
void wr_reader_tell_group(struct wr_core *core, bool now);
int wr_reader_wait_ms(struct wr_core *core, int timeout_ms); /* until it has something to tell */
void wr_reader_drop(wr_list *chunks);
void wr_reader_assigned(void *user, wr_assignment *assignments, size_t count);
void wr_reader_revoked(void *user, const wr_assignment *assignments, size_t count, bool lost);
void wr_reader_identified(void *user, const char *topic, const wr_topic_id *id);

/* ---- publisher.c; on the Kafka side unless it says otherwise */
void wr_publisher_init(struct wr_core *core);
WEIR_MUST_CHECK weir_err wr_publisher_start(struct wr_core *core, weir_failure *failure);
void wr_publisher_fini(struct wr_core *core);
WEIR_MUST_CHECK weir_err wr_publisher_run(struct wr_core *core, weir_failure *failure);
void wr_publisher_wait(struct wr_core *core, int timeout_ms);   /* for acknowledgements */
int wr_publisher_wait_ms(struct wr_core *core, int timeout_ms); /* until it has something to do that nobody tells */
/* The database side: rows that are committed, in order and behind all that were given before. */
void wr_publisher_give(struct wr_core *core, wr_list *rows, size_t count);

#endif
