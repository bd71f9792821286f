/* Rows of separated values: RFC 4180, and what other programs make of it.
 *
 *     file   := row *( end row ) [ end ]          end is \n, \r\n or \r
 *     row    := column *( separator column )      , ; tab or |: of the first row that has enough columns, the one
 *                                                 that makes most of it
 *     column := plain | '"' *( any byte but '"', or '""' ) '"'
 *
 * A quote opens a column only where the column begins; within quotes line ends and separators are text. A quote that is
 * never closed, within ROW_SIZE_MAX bytes, costs one line: the row ends with its line, and says so. Rows without a
 * character are passed over. Rows that are no UTF-8 are read as Windows-1252 (of which Latin-1 is a part). */
#ifndef WR_CSV_H
#define WR_CSV_H

#include <io/io.h>

enum { WR_CSV_COLUMNS_MAX = 64, WR_CSV_ROW_SIZE_MAX = 1 << 16 };

typedef struct wr_csv wr_csv;

typedef struct wr_csv_row {
    int64_t line;                      /* of the file, from 1: where the row begins */
    char *columns[WR_CSV_COLUMNS_MAX]; /* unquoted; valid until the next row */
    int column_count;
    const char *problem; /* why it cannot be read; NULL: it can */
    bool recoded;        /* was no UTF-8 */
} wr_csv_row;

/* column_count: how many columns a row has at least, to know the separator by. */
WEIR_MUST_CHECK weir_err wr_csv_open(wr_io *io, const char *path, int column_count, wr_csv **ret_csv,
                                     weir_failure *failure);
/* WEIR_E_RANGE after the last row; WEIR_E_LIMIT for a line that never ends. */
WEIR_MUST_CHECK weir_err wr_csv_next(wr_csv *csv, wr_csv_row *ret_row, weir_failure *failure);
char wr_csv_separator(const wr_csv *csv); /* 0: not known yet */
void wr_csv_close(wr_csv *csv);           /* accepts NULL */

/* For tests and for here: one row into columns, unquoted in place. The number of columns; 0: more than there may be, or
 * a quote that is not closed or closes within a column. */
int wr_csv_split(char *row, char separator, char *ret_columns[WR_CSV_COLUMNS_MAX]);

#endif
