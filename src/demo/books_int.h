/* What books.c and checks.c share. */
#ifndef WR_BOOKS_INT_H
#define WR_BOOKS_INT_H

#include <demo/books.h>
#include <store/store.h>

/* libweir's own tables in a service's database. */
#define WR_OUTBOX_TABLE    "weir_outbox"
#define WR_PARKED_TABLE    "weir_parked"
#define WR_POSITION_TABLE  "weir_inbox"
#define WR_POSITION_COLUMN "next_offset"

/* The latency that a share of the orders does not exceed. */
#define WR_LATENCY_SQL(share)                                                                                          \
    "SELECT coalesce((SELECT ended_at_ms - accepted_at_ms FROM order_db.orders WHERE ended_at_ms IS NOT NULL"          \
    "  ORDER BY 1 LIMIT 1 OFFSET (SELECT max(0, cast(count(*) * " share " AS INTEGER) - 1) FROM order_db.orders"       \
    "  WHERE ended_at_ms IS NOT NULL)), 0)"

struct wr_books {
    wr_store *store;
    weir_arena *arena; /* of one call */
};

/* The one number that a query answers. */
WEIR_MUST_CHECK weir_err wr_books_number(wr_books *books, const char *sql, const weir_value *values,
                                         int64_t *ret_number, weir_failure *failure);
const char *wr_books_topic(wr_books *books, const char *topic_prefix, const char *topic); /* until the next call */

#endif
