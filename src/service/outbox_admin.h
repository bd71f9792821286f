/* What an operator sees of an outbox, and decides about it: `weir outbox`. On the database of a service that runs or
 * has stopped; a running one acts on it within a minute, the others when they start. */
#ifndef WR_OUTBOX_ADMIN_H
#define WR_OUTBOX_ADMIN_H

#include <store/store.h>

typedef struct wr_outbox_item {
    int64_t number;    /* its sequence, or its row of what is set aside */
    const char *state; /* "refused", "behind", "to be set aside", "set aside", "to be published" */
    const char *topic;
    weir_slice key;
    const char *reason; /* NULL: none */
    int64_t created_ms; /* wall clock */
    int64_t size;       /* of the value */
} wr_outbox_item;

/* Everything that is not on its way, refused first, each part in its order. Texts live until `each` returns.
 * WEIR_E_UNSUPPORTED: the database was last used by a version of weir that did not know of this. */
WEIR_MUST_CHECK weir_err wr_outbox_each(wr_store *store, void (*each)(void *user, const wr_outbox_item *item),
                                        void *user, weir_failure *failure);

/* WEIR_E_NOT_FOUND: there is no such row. */
WEIR_MUST_CHECK weir_err wr_outbox_skip(wr_store *store, int64_t sequence, weir_failure *failure);  /* a refused row */
WEIR_MUST_CHECK weir_err wr_outbox_requeue(wr_store *store, int64_t number, weir_failure *failure); /* one set aside */
WEIR_MUST_CHECK weir_err wr_outbox_remove(wr_store *store, int64_t number, weir_failure *failure);  /* one set aside */
/* The value of what is set aside, in the arena. */
WEIR_MUST_CHECK weir_err wr_outbox_value(wr_store *store, int64_t number, weir_arena *arena, weir_slice *ret_value,
                                         weir_failure *failure);

#endif
