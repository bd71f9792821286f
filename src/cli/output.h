/* Rows as people and programs want them: -o table, wide, json, yaml, name.
 *
 *     wr_output out;
 *     wr_output_begin(&out, cli, columns);
 *     wr_output_row(&out, (const char *[]){"orders", "4"});      texts are copied
 *     return wr_output_end(&out);
 *
 * Tables have a header on a terminal and in a pipe alike; numbers are right-aligned. JSON is one array of objects,
 * numbers unquoted, NULL cells null. `name` prints the first column alone. */
#ifndef WR_OUTPUT_H
#define WR_OUTPUT_H

#include <cli/command.h>

enum { WR_COLUMNS_MAX = 16, WR_ROWS_MAX = 1000000 };

typedef struct wr_column {
    const char *title; /* "PARTITIONS"; NULL ends the list */
    const char *name;  /* "partitions" */
    bool number;
    bool wide; /* only with -o wide, json and yaml */
} wr_column;

/* In the order of the option's choices. */
typedef enum wr_form { WR_FORM_TABLE, WR_FORM_WIDE, WR_FORM_JSON, WR_FORM_YAML, WR_FORM_NAME } wr_form;

typedef struct wr_output {
    wr_cli *cli;
    const wr_column *columns;
    int column_count;
    wr_form form;
    const char ***rows;
    size_t row_count, row_capacity;
    bool incomplete; /* a row did not fit */
    int width;       /* of the terminal that a table is cut for, longest texts first; 0: none, nothing is cut */
    size_t height;   /* rows that a table may have, with its head and a line that says how many more; 0: any */
} wr_output;

wr_form wr_form_of(const wr_cli *cli); /* asked for with -o */
void wr_output_begin(wr_output *out, wr_cli *cli, const wr_column *columns);
void wr_output_row(wr_output *out, const char *const *cells);
const char *wr_cell(wr_cli *cli, int64_t number); /* as a cell's text */
/* At most 64 of them, what is not printable ASCII as '.'; NULL for none. */
const char *wr_cell_bytes(wr_cli *cli, weir_slice bytes);
/* Prints to stdout and frees. WR_EXIT_FAILED, said on stderr, if rows are missing. */
int wr_output_end(wr_output *out);
/* To stdout, for what is no rows: JSON as it is, or the same as YAML. */
void wr_output_object(wr_cli *cli, wr_form form, weir_slice json);
int wr_output_name(wr_cli *cli, const char *name); /* one line, for -o name of what is one thing */
/* The two halves of it. */
void wr_output_print(const wr_output *out, wr_buf *text);
void wr_output_free(wr_output *out);

#endif
