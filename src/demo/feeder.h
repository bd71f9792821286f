/* Posts invoices to the gateway: sales as orders, cancellations to the orders they cancel.
 *
 * Runs on a thread of its own, so that a gateway that is down for a while holds up nothing else. Every request carries
 * ids that make it idempotent, so whatever did not get a clear answer (no connection, a time-out, 5xx) is sent again
 * until it does. A cancellation is sent only after its order was accepted. */
#ifndef WR_FEEDER_H
#define WR_FEEDER_H

#include <demo/invoice.h>
#include <io/io.h>

typedef struct wr_feeder wr_feeder;

typedef struct wr_feeder_options {
    wr_io *io;
    const char *gateway_url;
    wr_invoices *invoices; /* used by the feeder's thread alone until wr_feeder_stop */
    double rate;           /* invoices a second; 0: as fast as they go */
    int64_t invoice_count; /* most to read; -1: all */
    int connection_count;
} wr_feeder_options;

typedef struct wr_feeder_progress {
    wr_account account;
    int64_t pending_count; /* sent or to be sent again, not answered */
    int64_t retry_count;   /* requests sent again, so far */
    bool ended;            /* all was read and answered, or the feeder failed */
    weir_failure failure;  /* err set: why it failed */
    char last_order[24];   /* id of the latest accepted order */
    char last_customer[24];
    char last_refusal[200]; /* what the gateway said when it refused a request; "" never */
} wr_feeder_progress;

WEIR_MUST_CHECK weir_err wr_feeder_start(const wr_feeder_options *options, wr_feeder **ret_feeder,
                                         weir_failure *failure);
void wr_feeder_progress_read(wr_feeder *feeder, wr_feeder_progress *ret_progress); /* any thread */
/* Reads no more invoices; what was sent is still seen through. */
void wr_feeder_finish(wr_feeder *feeder);
/* Drops what is not answered, joins the thread, frees. Accepts NULL. */
void wr_feeder_stop(wr_feeder *feeder);

#endif
