/* What an operator sees of keys that wait, and decides about them: `weir parked`. On the database of a service that runs
 * or has stopped; a running one acts on it within a second or two, the others when they start.
 *
 * A wish is a due_ms below zero of a head, the first event of its key; events behind it have their turn after it. */
#ifndef WR_PARKED_ADMIN_H
#define WR_PARKED_ADMIN_H

#include <client/client.h>
#include <store/store.h>

enum { WR_PARKED_RETRY = -1, WR_PARKED_REJECT = -2 };

typedef struct wr_parked_item {
    int64_t number; /* of its row */
    const char *topic;
    weir_slice key;     /* data NULL: an event without a key, which waits alone */
    int64_t events;     /* that wait with this key; 1 of a single event */
    int64_t attempts;   /* of the first; 0: it waits behind another */
    int64_t due_ms;     /* until the next attempt, as of the service's last transaction; below 0 a wish */
    const char *reason; /* why it waits */
    int64_t parked_ms;  /* wall clock */
    int32_t partition;  /* of a single event; else -1 */
    int64_t offset;
} wr_parked_item;

/* Key by key, or event by event, oldest first. Texts live until `each` returns. WEIR_E_UNSUPPORTED: the database was last
 * used by a version of weir that did not know of this. */
WEIR_MUST_CHECK weir_err wr_parked_each(wr_store *store, bool each_event,
                                        void (*each)(void *user, const wr_parked_item *item), void *user,
                                        weir_failure *failure);
/* One event whole, in the arena. WEIR_E_NOT_FOUND. */
WEIR_MUST_CHECK weir_err wr_parked_find(wr_store *store, int64_t number, weir_arena *arena,
                                        wr_client_record *ret_record, const char **ret_reason, weir_failure *failure);
/* WEIR_E_NOT_FOUND: there is no such event, or it is not the first of its key. */
WEIR_MUST_CHECK weir_err wr_parked_wish(wr_store *store, int64_t number, int wish, weir_failure *failure);
/* Every key is tried at once; how many. */
WEIR_MUST_CHECK weir_err wr_parked_retry_all(wr_store *store, int64_t *ret_count, weir_failure *failure);

#endif
