/* Between the files that are PostgreSQL's. */
#ifndef WR_POSTGRES_INT_H
#define WR_POSTGRES_INT_H

#include "dialect_int.h"

#include <base/list.h>
#include <base/map.h>

#include <libpq-fe.h>

enum {
    PG_STATEMENT_COUNT_MAX = 256,
    PG_SQL_SIZE_MAX = 1024 * 1024,
    PG_SCHEMA_SIZE = 64, /* of an identifier, with its NUL */
    PG_UNANSWERED_MAX = 200,
};

/* Prepared statements of one owner, by their text as the owner wrote it. */
typedef struct pg_statements {
    wr_map *by_text; /* -> pg_prepared */
    wr_list used;    /* least recently used first */
} pg_statements;

typedef struct pg_store {
    wr_store door; /* first */
    PGconn *conn;
    char *url; /* without what is ours; for a reader's next connection */
    char schema[PG_SCHEMA_SIZE];
    unsigned flags;
    int timeout_ms; /* for one answer: a little more than the server gives a statement */
    int usual_timeout_ms;
    pg_statements statements[WR_OWNER_COUNT];
    int64_t prepared_count; /* names of prepared statements are numbers */
    int64_t changes;
    bool has_deferred; /* a constraint of the schema is checked at the commit only */
    bool is_in_transaction, is_begin_unsent;
    bool has_failed; /* a statement since the last savepoint: the server takes nothing until it is undone */
    int savepoints_unsent;
    size_t unanswered;               /* statements that were sent and whose results nobody has read */
    bool expects[PG_UNANSWERED_MAX]; /* which of those have to change exactly one row */
    weir_failure broken;             /* of the transaction, or of the connection; err is WEIR_OK while all is well */
    bool is_lost;                    /* the connection */
} pg_store;

/* ---- postgres_wire.c: what goes over the connection */
/* Send a statement that stands prepared under `name`, or a text; its results are read with the next wr_pg_answers. */
typedef struct pg_parameters {
    int count;
    const char *const *values;
    const int *sizes, *formats;
} pg_parameters;
WEIR_MUST_CHECK weir_err wr_pg_send(pg_store *store, const char *name, const pg_parameters *parameters,
                                    weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_pg_send_text(pg_store *store, const char *sql, const pg_parameters *parameters,
                                         weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_pg_send_prepare(pg_store *store, const char *name, const char *sql, weir_failure *failure);
/* The last that was sent has to change exactly one row. */
void wr_pg_expect_change(pg_store *store);
/* Read the results of all that was sent, waiting for the server. The last one is the caller's (NULL: not wanted); an
 * error in it is `own`'s, as `doing` did it. An error in an earlier one breaks the transaction. */
WEIR_MUST_CHECK weir_err wr_pg_answers(pg_store *store, const char *doing, PGresult **ret_last, weir_failure *failure);
/* The transaction takes nothing more. */
weir_err wr_pg_break(pg_store *store, weir_err err, const char *sentence);
weir_err wr_pg_lose(pg_store *store, const char *sentence, weir_failure *failure);
/* WEIR_OK while statements may run. */
WEIR_MUST_CHECK weir_err wr_pg_check(pg_store *store, weir_failure *failure);
/* Send BEGIN and SAVEPOINT as far as they are due. */
WEIR_MUST_CHECK weir_err wr_pg_send_due(pg_store *store, weir_failure *failure);
WEIR_MUST_CHECK weir_err wr_pg_connect(const char *url, const char *schema, PGconn **ret_conn, weir_failure *failure);

/* ---- postgres_error.c */
weir_err wr_pg_err_of(const char *sqlstate);
weir_err wr_pg_failed(const PGresult *result, const char *doing, weir_failure *failure);

/* ---- postgres_guard.c: whether a statement of a service's may be sent at all */
WEIR_MUST_CHECK weir_err wr_pg_guard_check(wr_sql_owner owner, weir_slice sql, weir_failure *failure);

/* ---- postgres_statement.c */
WEIR_MUST_CHECK weir_err wr_pg_statements_init(pg_store *store);
void wr_pg_statements_forget(pg_store *store); /* the server has forgotten them */
void wr_pg_statements_fini(pg_store *store);
weir_err wr_pg_script(wr_store *door, wr_sql_owner owner, const char *sql, weir_failure *failure);
weir_err wr_pg_exec(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                    weir_failure *failure);
weir_err wr_pg_later(wr_store *door, const char *sql, const weir_value *values, bool must_change,
                     weir_failure *failure);
weir_err wr_pg_query(wr_store *door, wr_sql_owner owner, const char *sql, const weir_value *values,
                     wr_statement **ret_statement, weir_failure *failure);

/* ---- postgres_rows.c */
/* Takes the result over, also when it fails. */
WEIR_MUST_CHECK weir_err wr_pg_rows_new(pg_store *store, PGresult *result, wr_statement **ret_rows,
                                        weir_failure *failure);
weir_err wr_pg_next_row(wr_statement *door, weir_failure *failure);
void wr_pg_done(wr_statement *door);
int wr_pg_columns(const wr_statement *door);
const char *wr_pg_name(const wr_statement *door, int column);
weir_value_kind wr_pg_kind_of(const wr_statement *door, int column);
int64_t wr_pg_integer(const wr_statement *door, int column);
double wr_pg_real(const wr_statement *door, int column);
const char *wr_pg_text(const wr_statement *door, int column);
weir_slice wr_pg_blob(const wr_statement *door, int column);

/* ---- types that are treated apart, by their fixed oids in pg_type */
enum {
    PG_BOOL = 16,
    PG_BYTEA = 17,
    PG_CHAR = 18,
    PG_NAME = 19,
    PG_INT8 = 20,
    PG_INT2 = 21,
    PG_INT4 = 23,
    PG_TEXT = 25,
    PG_OID = 26,
    PG_JSON = 114,
    PG_FLOAT4 = 700,
    PG_FLOAT8 = 701,
    PG_UNKNOWN = 705,
    PG_BPCHAR = 1042,
    PG_VARCHAR = 1043,
    PG_NUMERIC = 1700,
};

/* postgres_sql.c */
extern const char *const wr_postgres_sql[WR_SQL_COUNT];
extern const char *const wr_postgres_tables[];
extern const char wr_postgres_books[];
extern const char wr_postgres_inserts[];

#endif
