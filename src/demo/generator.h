/* Orders with the shape of the real ones, from a seed: 24 lines on average, 4,000 articles, 4,000 customers, one
 * invoice in seven a cancellation of lines of an earlier one, and now and then something that is refused. */
#ifndef WR_GENERATOR_H
#define WR_GENERATOR_H

#include <demo/invoice.h>

/* invoice_count -1: without end. */
WEIR_MUST_CHECK weir_err wr_generator_open(uint64_t seed, int64_t invoice_count, wr_invoices **ret_invoices);

#endif
