/* Prepared statements, kept by their owner and their text, and what their parameters become.
 *
 * The server says which type each parameter has; a value is sent as that. Texts and blobs go as they are (binary), numbers
 * in digits: so ?1 may be a WEIR_INT for any column that reads digits, and a WEIR_TEXT for any type that PostgreSQL reads
 * from text (a date, a uuid, jsonb, numeric). Of a BLOB the bytes are taken where bytea or text is wanted.
 *
 * An answer is in memory as a whole, so a statement is free for the next use while its rows are read. When a cache is full
 * the statement that was used least recently goes; the server is told so when no transaction is open. */
#include "postgres_int.h"
#include "postgres_text.h"

#include <base/array.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARAMETER_COUNT_MAX = 1000, NUMBER_SIZE = 32, NAME_SIZE = 24 };

typedef struct pg_prepared {
    wr_link used;
    char name[NAME_SIZE];
    int parameter_count, column_count;
    Oid *types;
    char text[];
} pg_prepared;

static void drop(pg_prepared *prepared)
{
    wr_link_remove(&prepared->used);
    free(prepared->types);
    free(prepared);
}

weir_err wr_pg_statements_init(pg_store *store)
{
    bool has_all = true;
    for (int owner = 0; owner < WR_OWNER_COUNT; owner++) {
        wr_list_init(&store->statements[owner].used);
        store->statements[owner].by_text = wr_map_new(PG_STATEMENT_COUNT_MAX, 0);
        has_all &= store->statements[owner].by_text != NULL;
    }
    return has_all ? WEIR_OK : WEIR_E_MEMORY;
}

void wr_pg_statements_forget(pg_store *store)
{
    for (int owner = 0; owner < WR_OWNER_COUNT; owner++) {
        pg_statements *of_owner = &store->statements[owner];
        while (!wr_list_empty(&of_owner->used)) {
            pg_prepared *prepared = WR_LIST_ITEM(wr_list_first(&of_owner->used), pg_prepared, used);
            wr_map_remove_text(of_owner->by_text, prepared->text);
            drop(prepared);
        }
    }
}

void wr_pg_statements_fini(pg_store *store)
{
    for (int owner = 0; owner < WR_OWNER_COUNT; owner++)
        if (!store->statements[owner].by_text)
            return; /* never begun */
    wr_pg_statements_forget(store);
    for (int owner = 0; owner < WR_OWNER_COUNT; owner++)
        wr_map_free(store->statements[owner].by_text);
}

/* ---- preparing */

/* The server forgets it now, or, when a transaction has failed meanwhile, with the connection. */
static weir_err evict(pg_store *store, pg_statements *of_owner, weir_failure *failure)
{
    pg_prepared *oldest = WR_LIST_ITEM(wr_list_first(&of_owner->used), pg_prepared, used);
    char sql[NAME_SIZE + 20];
    snprintf(sql, sizeof sql, "DEALLOCATE \"%s\"", oldest->name);
    wr_map_remove_text(of_owner->by_text, oldest->text);
    drop(oldest);
    return wr_pg_send_text(store, sql, NULL, failure);
}

static weir_err describe(pg_store *store, pg_prepared *prepared, weir_failure *failure)
{
    PGresult *described = NULL;
    if (!PQsendDescribePrepared(store->conn, prepared->name))
        return wr_pg_lose(store, PQerrorMessage(store->conn), failure);
    store->expects[store->unanswered++] = false;
    char doing[100];
    snprintf(doing, sizeof doing, "%.90s", prepared->text);
    weir_err err = wr_pg_answers(store, doing, &described, failure);
    if (err != WEIR_OK)
        return err;
    prepared->parameter_count = PQnparams(described);
    prepared->column_count = PQnfields(described);
    prepared->types = calloc((size_t)prepared->parameter_count + 1, sizeof *prepared->types);
    for (int i = 0; prepared->types && i < prepared->parameter_count; i++)
        prepared->types[i] = PQparamtype(described, i);
    PQclear(described);
    return prepared->types ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for a statement");
}

static weir_err parse(pg_store *store, pg_prepared *prepared, weir_failure *failure)
{
    wr_buf sql;
    wr_buf_init(&sql, 2 * PG_SQL_SIZE_MAX);
    wr_pg_translate(weir_slice_of(prepared->text), &sql);
    const char *text = wr_buf_cstr(&sql);
    PGresult *parsed = NULL;
    char doing[100];
    snprintf(doing, sizeof doing, "%.90s", prepared->text);
    weir_err err = wr_buf_failed(&sql) ? weir_fail(failure, WEIR_E_MEMORY, "no memory for a statement")
                                       : wr_pg_send_prepare(store, prepared->name, text, failure);
    if (err == WEIR_OK)
        err = wr_pg_answers(store, doing, &parsed, failure);
    PQclear(parsed);
    wr_buf_fini(&sql);
    return err == WEIR_OK ? describe(store, prepared, failure) : err;
}

static weir_err make(pg_store *store, wr_sql_owner owner, const char *sql, pg_prepared **ret_prepared,
                     weir_failure *failure)
{
    pg_statements *of_owner = &store->statements[owner];
    size_t size = strlen(sql);
    if (size >= PG_SQL_SIZE_MAX)
        return weir_fail(failure, WEIR_E_USAGE, "a SQL statement of %zu bytes; at most %d", size, PG_SQL_SIZE_MAX);
    weir_err err = wr_pg_guard_check(owner, weir_slice_of(sql), failure);
    if (err == WEIR_OK && wr_map_count(of_owner->by_text) == PG_STATEMENT_COUNT_MAX)
        err = evict(store, of_owner, failure);
    if (err != WEIR_OK)
        return err;
    pg_prepared *prepared = calloc(1, sizeof *prepared + size + 1);
    if (!prepared)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for a statement");
    memcpy(prepared->text, sql, size + 1);
    snprintf(prepared->name, sizeof prepared->name, "w%lld", (long long)++store->prepared_count);
    err = parse(store, prepared, failure);
    if (err == WEIR_OK) {
        err = wr_map_add_text(of_owner->by_text, prepared->text, prepared);
        if (err != WEIR_OK)
            weir_fail(failure, err, "no memory for a statement");
    }
    if (err != WEIR_OK) {
        drop(prepared);
        return err;
    }
    wr_list_append(&of_owner->used, &prepared->used);
    *ret_prepared = prepared;
    return WEIR_OK;
}

static weir_err take(pg_store *store, wr_sql_owner owner, const char *sql, pg_prepared **ret_prepared,
                     weir_failure *failure)
{
    if (!sql)
        return weir_fail(failure, WEIR_E_USAGE, "a SQL statement is wanted, not NULL");
    weir_err err = wr_pg_check(store, failure);
    if (err != WEIR_OK)
        return err;
    if (store->has_failed)
        return weir_fail(failure, WEIR_E_BROKEN, "database: an earlier statement of the transaction has failed");
    pg_prepared *prepared = wr_map_find_text(store->statements[owner].by_text, sql);
    if (!prepared) {
        err = wr_pg_guard_check(owner, weir_slice_of(sql), failure); /* before the transaction is begun for it */
        if (err == WEIR_OK)
            err = wr_pg_send_due(store, failure);
        return err == WEIR_OK ? make(store, owner, sql, ret_prepared, failure) : err;
    }
    wr_link_remove(&prepared->used);
    wr_list_append(&store->statements[owner].used, &prepared->used);
    *ret_prepared = prepared;
    return wr_pg_send_due(store, failure);
}

/* ---- parameters */

typedef struct bound {
    pg_parameters parameters;
    const char *values[PARAMETER_COUNT_MAX];
    int sizes[PARAMETER_COUNT_MAX], formats[PARAMETER_COUNT_MAX];
    char numbers[PARAMETER_COUNT_MAX][NUMBER_SIZE];
    char *copies[PARAMETER_COUNT_MAX]; /* of texts that are to be read by the server, which end with a NUL */
} bound;

static bool is_text_type(Oid type)
{
    return type == PG_TEXT || type == PG_VARCHAR || type == PG_BPCHAR || type == PG_NAME || type == PG_JSON ||
           type == PG_UNKNOWN || type == PG_BYTEA;
}

static weir_err bind_bytes(bound *bound, int at, weir_slice bytes, Oid type, weir_failure *failure)
{
    if (bytes.size > INT32_MAX / 2)
        return weir_fail(failure, WEIR_E_REFUSED, "a value of %zu bytes is too long", bytes.size);
    bound->values[at] = bytes.data ? (const char *)bytes.data : "";
    bound->sizes[at] = (int)bytes.size;
    bound->formats[at] = 1;
    if (is_text_type(type))
        return WEIR_OK;
    if (memchr(bound->values[at], 0, bytes.size))
        return weir_fail(failure, WEIR_E_REFUSED, "parameter %d is no text that PostgreSQL could read a value from",
                         at + 1);
    bound->copies[at] = strndup(bound->values[at], bytes.size);
    bound->values[at] = bound->copies[at];
    bound->formats[at] = 0;
    return bound->copies[at] ? WEIR_OK : weir_fail(failure, WEIR_E_MEMORY, "no memory for a parameter");
}

static weir_err bind_one(bound *bound, int at, const weir_value *value, Oid type, weir_failure *failure)
{
    char *number = bound->numbers[at];
    bound->values[at] = NULL;
    bound->sizes[at] = bound->formats[at] = 0;
    bound->copies[at] = NULL;
    switch (value->kind) {
    case WEIR_VALUE_INT:
        snprintf(number, NUMBER_SIZE, "%lld", (long long)value->integer);
        break;
    case WEIR_VALUE_REAL:
        snprintf(number, NUMBER_SIZE, "%.17g", value->real);
        break;
    case WEIR_VALUE_BLOB:
        if (!value->bytes.data)
            return WEIR_OK;
        return bind_bytes(bound, at, value->bytes, type, failure);
    case WEIR_VALUE_TEXT:
        return bind_bytes(bound, at, value->bytes, type, failure);
    case WEIR_VALUE_NULL:
    case WEIR_VALUE_END:
        return WEIR_OK;
    }
    if (type == PG_BYTEA) /* its digits, as with SQLite */
        return bind_bytes(bound, at, weir_slice_of(number), type, failure);
    bound->values[at] = number;
    return WEIR_OK;
}

/* *ret_bound is the caller's to free. */
static weir_err bind(const pg_prepared *prepared, const weir_value *values, bound **ret_bound, weir_failure *failure)
{
    int count = 0;
    while (values && values[count].kind != WEIR_VALUE_END && count <= PARAMETER_COUNT_MAX)
        count++;
    if (count != prepared->parameter_count)
        return weir_fail(failure, WEIR_E_FORMAT, "%d parameters are wanted: %.120s", prepared->parameter_count,
                         prepared->text);
    if (count > PARAMETER_COUNT_MAX)
        return weir_fail(failure, WEIR_E_FORMAT, "more than %d parameters: %.120s", PARAMETER_COUNT_MAX,
                         prepared->text);
    bound *bound = malloc(sizeof *bound);
    if (!bound)
        return weir_fail(failure, WEIR_E_MEMORY, "no memory for parameters");
    weir_err err = WEIR_OK;
    int done = 0;
    for (; done < count && err == WEIR_OK; done++)
        err = bind_one(bound, done, &values[done], prepared->types[done], failure);
    bound->parameters = (pg_parameters){done, bound->values, bound->sizes, bound->formats};
    *ret_bound = bound;
    return err;
}

static void unbind(bound *bound)
{
    for (int i = 0; bound && i < bound->parameters.count; i++)
        free(bound->copies[i]);
    free(bound);
}

static weir_err send(pg_store *store, const pg_prepared *prepared, const weir_value *values, weir_failure *failure)
{
    if (prepared->parameter_count == 0 && (!values || values[0].kind == WEIR_VALUE_END))
        return wr_pg_send(store, prepared->name, NULL, failure);
    bound *bound = NULL;
    weir_err err = bind(prepared, values, &bound, failure);
    if (err == WEIR_OK)
        err = wr_pg_send(store, prepared->name, &bound->parameters, failure);
    unbind(bound);
    return err;
}

/* ---- running */

/* What it changed; a SELECT and a definition leave the number as it was. */
static void count_changes(pg_store *store, PGresult *result)
{
    static const char *const tags[] = {"INSERT ", "UPDATE ", "DELETE ", "MERGE "};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (strncmp(PQcmdStatus(result), tags[i], strlen(tags[i])) == 0)
            store->changes = strtoll(PQcmdTuples(result), NULL, 10);
}

/* A statement of a service's has run: is the transaction still there? The guard lets none through that could end it; this
 * is for one that it does not know. */
static weir_err check_transaction(pg_store *store, weir_failure *failure)
{
    if (!store->is_in_transaction || PQtransactionStatus(store->conn) == PQTRANS_INTRANS)
        return WEIR_OK;
    return weir_fail(failure, wr_pg_break(store, WEIR_E_BROKEN, "database: a statement has ended the transaction"),
                     "%s", store->broken.sentence);
}

static weir_err run(pg_store *store, wr_sql_owner owner, const pg_prepared *prepared, const weir_value *values,
                    PGresult **ret_result, weir_failure *failure)
{
    PGresult *result = NULL;
    char doing[100];
    snprintf(doing, sizeof doing, "%.90s", prepared->text);
    weir_err err = send(store, prepared, values, failure);
    if (err == WEIR_OK)
        err = wr_pg_answers(store, doing, &result, failure);
    if (err != WEIR_OK)
        return err;
    count_changes(store, result);
    if (owner != WR_OWNER_WEIR)
        err = check_transaction(store, failure);
    if (err == WEIR_OK)
        *ret_result = result;
    else
        PQclear(result);
    return err;
}

weir_err wr_pg_exec(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                    weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    pg_prepared *prepared;
    PGresult *result = NULL;
    weir_err err = take(store, owner, sql, &prepared, failure);
    if (err == WEIR_OK)
        err = run(store, owner, prepared, values, &result, failure);
    PQclear(result);
    return err;
}

weir_err wr_pg_later(wr_store *door, const char *sql, const weir_value *values, bool must_change, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    pg_prepared *prepared;
    weir_err err = take(store, WR_OWNER_WEIR, sql, &prepared, failure);
    if (err == WEIR_OK)
        err = send(store, prepared, values, failure);
    if (err == WEIR_OK && must_change)
        wr_pg_expect_change(store);
    return err;
}

weir_err wr_pg_query(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                     wr_statement **ret_statement, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    pg_prepared *prepared;
    PGresult *result = NULL;
    weir_err err = take(store, owner, sql, &prepared, failure);
    if (err == WEIR_OK && owner == WR_OWNER_SERVICE && prepared->column_count == 0)
        err = store->flags & WR_STORE_READ_ONLY
                  ? weir_fail(failure, WEIR_E_DENIED, "a query cannot write: %.120s", sql)
                  : weir_fail(failure, WEIR_E_USAGE, "this statement returns no rows to read: %.120s", sql);
    if (err == WEIR_OK)
        err = run(store, owner, prepared, values, &result, failure);
    return err == WEIR_OK ? wr_pg_rows_new(store, result, ret_statement, failure) : err;
}

static weir_err run_text(pg_store *store, wr_sql_owner owner, weir_slice statement, weir_failure *failure)
{
    wr_buf sql;
    PGresult *result = NULL;
    char doing[100];
    weir_err err = wr_pg_guard_check(owner, statement, failure);
    if (err != WEIR_OK)
        return err;
    snprintf(doing, sizeof doing, "%.*s", (int)(statement.size < 90 ? statement.size : 90), statement.data);
    wr_buf_init(&sql, PG_SQL_SIZE_MAX);
    wr_buf_slice(&sql, statement);
    const char *text = wr_buf_cstr(&sql);
    err = wr_buf_failed(&sql) ? weir_fail(failure, WEIR_E_LIMIT, "a statement of a script is too long: %s", doing)
                              : wr_pg_send_due(store, failure);
    if (err == WEIR_OK)
        err = wr_pg_send_text(store, text, NULL, failure);
    if (err == WEIR_OK)
        err = wr_pg_answers(store, doing, &result, failure);
    wr_buf_fini(&sql);
    PQclear(result);
    return err == WEIR_OK && owner != WR_OWNER_WEIR ? check_transaction(store, failure) : err;
}

weir_err wr_pg_script(wr_store *door, wr_sql_owner owner, const char *sql, weir_failure *failure)
{
    pg_store *store = (pg_store *)door;
    weir_slice script = weir_slice_of(sql), statement;
    weir_err err = wr_pg_check(store, failure);
    for (size_t at = 0; err == WEIR_OK && wr_pg_statement(script, &at, &statement);)
        err = run_text(store, owner, statement, failure);
    return err;
}
