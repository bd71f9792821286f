/* What an operator sees of an outbox, and decides about it: `weir outbox`. On the database of a service that runs or
 * has stopped; a running one acts on it within a minute, the others when they start. */
#ifndef WR_OUTBOX_ADMIN_H
#define WR_OUTBOX_ADMIN_H

#include <client/client.h>
#include <store/store.h>

typedef struct wr_outbox_item {
    int64_t number;    /* its sequence, or its row of what is set aside, or of weir_outbox_inserts ("bad") */
    const char *state; /* "refused", "behind", "held", "to be set aside", "set aside", "to be published", "bad" */
    const char *topic;
    weir_slice key;
    const char *reason; /* NULL: none */
    int64_t created_ms; /* wall clock; 0: not known */
    int64_t size;       /* of the value */
} wr_outbox_item;

/* Everything that is not on its way, refused first, each part in its order. Texts live until `each` returns.
 * WEIR_E_UNSUPPORTED: the database was last used by a version of weir that did not know of this. */
WEIR_MUST_CHECK weir_err wr_outbox_each(wr_store *store, void (*each)(void *user, const wr_outbox_item *item),
                                        void *user, weir_failure *failure);

typedef struct wr_outbox_status {
    char id[40];         /* "": none was made yet */
    int64_t last_number; /* given so far */
    int64_t waiting;     /* to be published */
    int64_t oldest_ms;   /* wall clock at which the oldest of them was committed; 0: there is none */
    int64_t refused, behind, to_set_aside, set_aside;
    int64_t held;          /* refused and in doubt, or behind such a row: held.c */
    int64_t inserted, bad; /* rows of other programs: to be taken, and those that cannot be published */
} wr_outbox_status;
WEIR_MUST_CHECK weir_err wr_outbox_status_of(wr_store *store, wr_outbox_status *ret_status, weir_failure *failure);

typedef struct wr_outbox_lag {
    const char *topic;
    int64_t waiting, refused; /* refused, behind those, held, or to be set aside */
    int64_t oldest_ms;        /* wall clock */
} wr_outbox_lag;
/* Topic by topic, by name. */
WEIR_MUST_CHECK weir_err wr_outbox_each_topic(wr_store *store, void (*each)(void *user, const wr_outbox_lag *lag),
                                              void *user, weir_failure *failure);

typedef enum wr_outbox_place { WR_OUTBOX_ROWS, WR_OUTBOX_ASIDE, WR_OUTBOX_INSERTS } wr_outbox_place;
typedef struct wr_outbox_row {
    const char *state, *reason; /* as wr_outbox_item; and "to be published", "to be taken" */
    wr_client_record record;    /* as it would be published, but for what weir adds; offset is its number */
} wr_outbox_row;
/* One row whole, in the arena. WEIR_E_NOT_FOUND. */
WEIR_MUST_CHECK weir_err wr_outbox_find(wr_store *store, wr_outbox_place place, int64_t number, weir_arena *arena,
                                        wr_outbox_row *ret_row, weir_failure *failure);

/* WEIR_E_NOT_FOUND: there is no such row. */
WEIR_MUST_CHECK weir_err wr_outbox_skip(wr_store *store, int64_t sequence,
                                        weir_failure *failure); /* a refused row, or a held one */
WEIR_MUST_CHECK weir_err wr_outbox_requeue(wr_store *store, int64_t number, weir_failure *failure); /* one set aside */
WEIR_MUST_CHECK weir_err wr_outbox_remove(wr_store *store, int64_t number, weir_failure *failure);  /* one set aside */
/* The value of what is set aside, in the arena. */
WEIR_MUST_CHECK weir_err wr_outbox_value(wr_store *store, int64_t number, weir_arena *arena, weir_slice *ret_value,
                                         weir_failure *failure);
/* The same of a bad row that another program has inserted (outbox_inserts.c). */
WEIR_MUST_CHECK weir_err wr_outbox_inserts_requeue(wr_store *store, int64_t number, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_inserts_remove(wr_store *store, int64_t number, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_outbox_inserts_value(wr_store *store, int64_t number, weir_arena *arena,
                                                 weir_slice *ret_value, weir_failure *failure);

#endif
