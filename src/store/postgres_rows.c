/* The rows of a query, all in memory since its answer came, and what their values are here.
 *
 *   boolean               a number, 0 or 1           bytea            a blob
 *   integers, oid         a number                   anything else    text, as PostgreSQL prints it
 *   real, double          a real
 *   numeric               a number if it is whole and fits (what sum() makes of bigint), else a real; its text is exact
 *
 * As with SQLite any column may be asked for as anything: a text that begins with a number is that number, and so on. */
#include "postgres_int.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct cell { /* of a bytea column, decoded */
    uint8_t *bytes;
    size_t size;
} cell;

typedef struct pg_rows {
    wr_statement door; /* first */
    PGresult *result;
    int row, count, column_count;
    cell cells[];
} pg_rows;

static const pg_rows *rows_of(const wr_statement *door)
{
    return (const pg_rows *)door;
}

weir_err wr_pg_rows_new(pg_store *store, PGresult *result, wr_statement **ret_rows, weir_failure *failure)
{
    int column_count = PQnfields(result);
    pg_rows *rows = calloc(1, sizeof *rows + (size_t)column_count * sizeof *rows->cells);
    if (!rows) {
        PQclear(result);
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for the rows of a query");
    }
    rows->door.store = &store->door;
    rows->result = result;
    rows->row = -1;
    rows->count = PQntuples(result);
    rows->column_count = column_count;
    *ret_rows = &rows->door;
    return WEIR_OK;
}

static void forget_cells(pg_rows *rows)
{
    for (int i = 0; i < rows->column_count; i++) {
        free(rows->cells[i].bytes);
        rows->cells[i] = (cell){0};
    }
}

static int digit_of(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* PostgreSQL prints bytea as \x and two digits a byte. */
static weir_err decode(pg_rows *rows, int column)
{
    if (PQftype(rows->result, column) != PG_BYTEA || PQgetisnull(rows->result, rows->row, column))
        return WEIR_OK;
    const char *hex = PQgetvalue(rows->result, rows->row, column) + 2;
    size_t size = ((size_t)PQgetlength(rows->result, rows->row, column) - 2) / 2;
    uint8_t *bytes = malloc(size + 1);
    if (!bytes)
        return WEIR_E_MEMORY;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(digit_of(hex[2 * i]) << 4 | digit_of(hex[2 * i + 1]));
    bytes[size] = 0;
    rows->cells[column] = (cell){bytes, size};
    return WEIR_OK;
}

weir_err wr_pg_next_row(wr_statement *door, weir_failure *failure)
{
    pg_rows *rows = (pg_rows *)door;
    weir_err err = wr_pg_check((pg_store *)door->store, failure); /* the transaction may have been lost meanwhile */
    if (err != WEIR_OK)
        return err;
    forget_cells(rows);
    if (rows->row + 1 >= rows->count) {
        rows->row = rows->count;
        return WEIR_E_RANGE;
    }
    rows->row++;
    for (int i = 0; i < rows->column_count && err == WEIR_OK; i++)
        err = decode(rows, i);
    return err == WEIR_OK ? err : weir_fail(failure, err, "no memory for a row");
}

void wr_pg_done(wr_statement *door)
{
    pg_rows *rows = (pg_rows *)door;
    forget_cells(rows);
    PQclear(rows->result);
    free(rows);
}

int wr_pg_columns(const wr_statement *door)
{
    return rows_of(door)->column_count;
}

const char *wr_pg_name(const wr_statement *door, int column)
{
    return PQfname(rows_of(door)->result, column);
}

static bool is_null(const pg_rows *rows, int column)
{
    return rows->row < 0 || rows->row >= rows->count || PQgetisnull(rows->result, rows->row, column);
}

static const char *value_of(const pg_rows *rows, int column)
{
    return PQgetvalue(rows->result, rows->row, column);
}

static bool is_whole(const char *text)
{
    char *end;
    errno = 0;
    (void)strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == 0;
}

weir_value_kind wr_pg_kind_of(const wr_statement *door, int column)
{
    const pg_rows *rows = rows_of(door);
    if (is_null(rows, column))
        return WEIR_VALUE_NULL;
    switch (PQftype(rows->result, column)) {
    case PG_BOOL:
    case PG_INT2:
    case PG_INT4:
    case PG_INT8:
    case PG_OID:
        return WEIR_VALUE_INT;
    case PG_FLOAT4:
    case PG_FLOAT8:
        return WEIR_VALUE_REAL;
    case PG_NUMERIC:
        return is_whole(value_of(rows, column)) ? WEIR_VALUE_INT : WEIR_VALUE_REAL;
    case PG_BYTEA:
        return WEIR_VALUE_BLOB;
    default:
        return WEIR_VALUE_TEXT;
    }
}

const char *wr_pg_text(const wr_statement *door, int column)
{
    const pg_rows *rows = rows_of(door);
    if (is_null(rows, column))
        return NULL;
    if (PQftype(rows->result, column) == PG_BOOL)
        return value_of(rows, column)[0] == 't' ? "1" : "0";
    if (PQftype(rows->result, column) == PG_BYTEA)
        return (const char *)rows->cells[column].bytes;
    return value_of(rows, column);
}

double wr_pg_real(const wr_statement *door, int column)
{
    const char *text = wr_pg_text(door, column);
    return text ? strtod(text, NULL) : 0;
}

/* Past the largest number comes the largest, as with SQLite. */
int64_t wr_pg_integer(const wr_statement *door, int column)
{
    const char *text = wr_pg_text(door, column);
    if (!text)
        return 0;
    if (is_whole(text) || wr_pg_kind_of(door, column) == WEIR_VALUE_INT)
        return strtoll(text, NULL, 10);
    double real = strtod(text, NULL);
    if (isnan(real))
        return 0;
    return real >= 9223372036854775807.0 ? INT64_MAX : real <= -9223372036854775808.0 ? INT64_MIN : (int64_t)real;
}

weir_slice wr_pg_blob(const wr_statement *door, int column)
{
    const pg_rows *rows = rows_of(door);
    const char *text = wr_pg_text(door, column);
    if (!text)
        return (weir_slice){0};
    if (PQftype(rows->result, column) == PG_BYTEA)
        return (weir_slice){rows->cells[column].bytes, rows->cells[column].size};
    return weir_slice_of(text);
}
