/* The services' databases, read beside them: has everything come to rest, what happened, and does it add up? */
#ifndef WR_BOOKS_H
#define WR_BOOKS_H

#include <client/client.h>
#include <demo/marketplace.h>
#include <io/io.h>

typedef struct wr_books wr_books;

/* All eight databases below `directory`, attached to one connection. WEIR_E_NOT_FOUND while one is not there yet. */
WEIR_MUST_CHECK weir_err wr_books_open(const char *directory, wr_books **ret_books, weir_failure *failure);
void wr_books_close(wr_books *books); /* accepts NULL */

/* ---- rest */
typedef struct wr_rest {
    int64_t order_count;      /* that the order service knows */
    int64_t open_order_count; /* placed, not ended */
    int64_t outbox_count;     /* events committed and not yet acknowledged, of all services */
    int64_t parked_count;
    int64_t behind_count; /* records published and not yet consumed, over all services and topics */
    int64_t moved;        /* grows whenever anything moves: to notice a stall */
} wr_rest;

/* Where things stand. `client` is asked for the ends of the topics; topic names have the prefix (may be NULL). At rest:
 * no open orders, nothing in the outboxes, nothing parked, nothing behind. */
WEIR_MUST_CHECK weir_err wr_books_rest(wr_books *books, wr_client *client, const char *topic_prefix, wr_rest *ret_rest,
                                       weir_failure *failure);

/* ---- figures */
enum { WR_CAUSES_MAX = 16 };

typedef struct wr_cause {
    char name[32];
    int64_t count;
} wr_cause;

typedef struct wr_figures {
    int64_t completed_count, cancelled_count, returned_line_orders;
    wr_cause causes[WR_CAUSES_MAX]; /* of cancelled orders */
    int cause_count;
    int64_t revenue_pence;
    int64_t latency_p50_ms, latency_p99_ms, latency_max_ms; /* accepted by the gateway to ended */
    int64_t event_count, command_count, dead_letter_count;  /* records in the topics */
} wr_figures;

WEIR_MUST_CHECK weir_err wr_books_figures(wr_books *books, wr_client *client, const char *topic_prefix,
                                          wr_figures *ret_figures, weir_failure *failure);

/* ---- invariants */
typedef struct wr_finding {
    const char *name;     /* "money" */
    const char *sentence; /* what must hold */
    int64_t violations;   /* 0: it holds */
} wr_finding;

enum { WR_FINDINGS_MAX = 24 };

/* Check every invariant; accepted_count is how many orders the gateway accepted. The topic `orders` is read from its
 * beginning and folded, so that the read models are compared with the events themselves. */
WEIR_MUST_CHECK weir_err wr_books_check(wr_books *books, wr_client *client, const char *topic_prefix,
                                        int64_t accepted_count, wr_finding ret_findings[WR_FINDINGS_MAX],
                                        int *ret_count, weir_failure *failure);

#endif
