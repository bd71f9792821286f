/* The Online Retail format: one order line a row of a CSV file (csv.h),
 *
 *     InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
 *
 * without a header in this order; with a header in any order, among others, and also under the names of its second
 * edition (Invoice, Price, Customer ID). Prices have a point or a comma. A row without its invoice number or article,
 * or with another number of columns, or with numbers that are none, is malformed: the first is told with its line.
 *
 * Lines of an invoice stand together, or nearly (one invoice of the set is interrupted by others), so an invoice stays
 * open while lines of the four that began after it are read. An invoice whose number starts with C is a cancellation,
 * its quantities are negative; A is bookkeeping. Articles have codes of five digits and up to two letters, or start
 * with DCGS or PADS; other codes are fees, discounts and vouchers. */
#ifndef WR_RETAIL_H
#define WR_RETAIL_H

#include <demo/invoice.h>
#include <io/io.h>

WEIR_MUST_CHECK weir_err wr_retail_open(wr_io *io, const char *path, wr_invoices **ret_invoices, weir_failure *failure);

/* ---- for tests */
/* "2.55" and "2,55" → 255, "-0.5" → -50. False: not a number, or a fraction of a penny that is not zero is cut (0.001 →
 * 0). */
bool wr_retail_pence(const char *text, int64_t *ret_pence);

#endif
