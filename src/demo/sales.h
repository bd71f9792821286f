/* What was sold, so that a cancellation finds its order.
 *
 * A cancellation invoice does not name the order it cancels. Each of its lines is laid to the customer's latest order
 * that still holds at least that many pieces of the article at that price, else at any price; a line that no order
 * explains is refused. One cancellation invoice may so touch several orders. */
#ifndef WR_SALES_H
#define WR_SALES_H

#include <demo/invoice.h>

typedef struct wr_sales wr_sales;

wr_sales *wr_sales_new(void); /* NULL: memory */
void wr_sales_free(wr_sales *sales);
WEIR_MUST_CHECK weir_err wr_sales_add(wr_sales *sales, const wr_invoice *order);

typedef struct wr_cancellation {
    const char *order_id; /* borrowed from the sales */
    wr_invoice_line *lines;
    size_t line_count;
} wr_cancellation;

/* Lays the lines to orders and takes them out of the sales; one cancellation an order, in the arena. Lines that stay
 * are counted as refused. */
WEIR_MUST_CHECK weir_err wr_sales_cancel(wr_sales *sales, const wr_invoice *invoice, weir_arena *arena,
                                         wr_account *account, wr_cancellation **ret_cancellations, size_t *ret_count);

#endif
