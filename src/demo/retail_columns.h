/* Which column of a row means what. Without a header they stand in the order below. A header may have them in any order, among
 * others, under the names of either edition of the data set; letters alone count, in either case: "Customer ID" is
 * customerid. A first row in which half of the names are found is a header, and then must have all that are required. */
#ifndef WR_RETAIL_COLUMNS_H
#define WR_RETAIL_COLUMNS_H

#include <demo/csv.h>

typedef enum wr_retail_column {
    WR_RETAIL_INVOICE,
    WR_RETAIL_SKU,
    WR_RETAIL_DESCRIPTION,
    WR_RETAIL_QUANTITY,
    WR_RETAIL_DATE,
    WR_RETAIL_PRICE,
    WR_RETAIL_CUSTOMER,
    WR_RETAIL_COUNTRY,
    WR_RETAIL_COLUMN_COUNT,
} wr_retail_column;

enum { WR_RETAIL_REQUIRED_COUNT = 6 };

typedef struct wr_retail_columns {
    int width;                         /* how many columns a row has */
    int place[WR_RETAIL_COLUMN_COUNT]; /* of each in a row; -1: not there */
} wr_retail_columns;

void wr_retail_columns_init(wr_retail_columns *columns); /* as without a header */
/* Looks at the first row. WEIR_E_FORMAT: a header that lacks a column. */
WEIR_MUST_CHECK weir_err wr_retail_columns_read(wr_retail_columns *columns, const wr_csv_row *row, bool *ret_header,
                                                weir_failure *failure);

#endif
