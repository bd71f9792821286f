/* SQL within a transaction: statements of the service's authors, and the rows that they return.
 *
 * A query stands in the transaction's list from weir_query until its last row, weir_rows_end, or the end of the
 * handler; then its statement goes back to the store. A weir_rows without a statement has ended, or never began because
 * something had failed: it has no rows, and its columns are 0 and NULL. */
#include "core_int.h"

weir_status weir_exec_values(weir_tx *tx, const char *sql, const weir_value *values)
{
    if (tx->status != WEIR_DONE)
        return tx->status;
    weir_failure failure = {0};
    weir_err err = wr_store_service_exec(tx->store, sql, values, &failure);
    if (err != WEIR_OK)
        return wr_tx_call_failed(tx, err, &failure);
    tx->changes = wr_store_changes(tx->store);
    return WEIR_DONE;
}

int64_t weir_changes(weir_tx *tx)
{
    return tx->changes;
}

weir_rows *weir_query_values(weir_tx *tx, const char *sql, const weir_value *values)
{
    if (tx->status != WEIR_DONE)
        return &tx->none;
    weir_rows *rows = weir_arena_alloc(tx->arena, sizeof *rows);
    if (!rows) {
        tx->err = WEIR_E_MEMORY;
        wr_tx_fail(tx, WEIR_FATAL, "no memory for a query");
        return &tx->none;
    }
    rows->tx = tx;
    weir_failure failure = {0};
    weir_err err = wr_store_service_query(tx->store, sql, values, &rows->statement, &failure);
    if (err != WEIR_OK)
        wr_tx_call_failed(tx, err, &failure);
    else
        wr_list_append(&tx->rows, &rows->link);
    return rows;
}

bool weir_rows_next(weir_rows *rows)
{
    if (!rows->statement)
        return false;
    weir_failure failure = {0};
    weir_err err = rows->tx->status == WEIR_DONE ? wr_statement_next(rows->statement, &failure) : WEIR_E_RANGE;
    if (err == WEIR_OK)
        return true;
    if (err != WEIR_E_RANGE)
        wr_tx_call_failed(rows->tx, err, &failure);
    weir_rows_end(rows);
    return false;
}

void weir_rows_end(weir_rows *rows)
{
    wr_link_remove(&rows->link);
    wr_statement_done(rows->statement);
    rows->statement = NULL;
}

/* Whether there is such a column of a row to read. A number that the statement has not is a mistake, and said. */
static bool has_column(weir_rows *rows, int column)
{
    if (!rows->statement)
        return false;
    if (column >= 0 && column < wr_statement_columns(rows->statement))
        return true;
    wr_tx_wrong(rows->tx, "column %d of a query that has %d", column, wr_statement_columns(rows->statement));
    return false;
}

int64_t weir_rows_int(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_int(rows->statement, column) : 0;
}

double weir_rows_real(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_real(rows->statement, column) : 0;
}

const char *weir_rows_text(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_text(rows->statement, column) : NULL;
}

weir_slice weir_rows_blob(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_blob(rows->statement, column) : (weir_slice){0};
}

bool weir_rows_is_null(weir_rows *rows, int column)
{
    return weir_rows_kind(rows, column) == WEIR_VALUE_NULL;
}

weir_value_kind weir_rows_kind(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_kind(rows->statement, column) : WEIR_VALUE_NULL;
}

int weir_rows_column_count(weir_rows *rows)
{
    return rows->statement ? wr_statement_columns(rows->statement) : 0;
}

const char *weir_rows_name(weir_rows *rows, int column)
{
    return has_column(rows, column) ? wr_statement_name(rows->statement, column) : NULL;
}

int weir_rows_column(weir_rows *rows, const char *name)
{
    for (int i = 0; i < weir_rows_column_count(rows); i++)
        if (strcmp(wr_statement_name(rows->statement, i), name) == 0)
            return i;
    if (rows->statement)
        wr_tx_wrong(rows->tx, "a query has no column %.60s", name);
    return -1;
}
